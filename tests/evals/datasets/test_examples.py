"""What an example must be."""

from typing import Any

import pytest
from pydantic import ValidationError

from guided_profile.evals.datasets.examples import Example

CHOICE: dict[str, Any] = {
    "id": "1",
    "user_id": "ada",
    "task": "preference",
    "question": "Which?",
    "options": ("tea", "rum"),
    "reference": "tea",
}


def test_a_choice_has_options_and_a_text_has_none() -> None:
    assert Example(**CHOICE).kind == "choice"
    assert Example(**CHOICE | {"options": ()}).kind == "text"
    assert Example(**CHOICE | {"answerable": False, "reference": ""}).kind == "choice"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reference": ""}, "answerable to false"),
        ({"reference": "gin"}, "none of the options"),
        ({"options": ("tea",)}, "two or more"),
        ({"options": ("tea", "tea")}, "two or more"),
    ],
)
def test_an_example_that_cannot_be_scored_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Example(**CHOICE | change)
