from typing import Any

import pytest

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.scorers.result import Result
from guided_profile.evals.scorers.rules import by_rule

PICK = {"must_name": "QuietDesk", "must_not_choose": "LoudDesk"}
TAKEN_BACK = {"forgotten": "I avoid cars with screens as they distract my kids."}


@pytest.mark.parametrize(
    ("about", "reply", "kept"),
    [
        (PICK, "Take quietdesk; LoudDesk is quicker.", "kept"),
        (PICK, "Take LoudDesk, and not QuietDesk.", "broken"),
        (PICK, "Take either.", "broken"),
        ({"numbers": ["1450"]}, "It is $1,450 now.", "kept"),
        ({"numbers": ["450"]}, "It is 1450 now.", "broken"),
        (TAKEN_BACK, "Since you avoid cars with screens as they distract you: no.", "broken"),
        (TAKEN_BACK, "Many vans would do.", "judge"),
        ({"rubric": "It is kind."}, "You are right.", "judge"),
    ],
)
def test_words_tell_what_they_can(about: dict[str, Any], reply: str, kept: str) -> None:
    example = Example(
        id="1", user_id="u", task="dialogue", question="Which?", reference="x", about=about
    )
    result = Result(example="1", method="ours", kind="answered", text=reply)
    assert by_rule(example, result) == kept
