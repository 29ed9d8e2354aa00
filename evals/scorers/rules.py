"""Whether a reply keeps to a row's rule, by its words; where they do not decide, a judge must."""

import re
from typing import Literal

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.scorers.result import Result

Kept = Literal["kept", "broken", "judge"]
"""`judge`: the words do not tell, and only a judge, or a person, could."""
QUOTED = 6
"""So many words of what was taken back, one after the other, are a quotation of it."""


def by_rule(example: Example, result: Result) -> Kept:
    """Hold a written reply against the row's own words.

    `must_name` has to be named, and before `must_not_choose`. `numbers`: all
    of them have to be there. `forgotten`: breaks if the reply quotes it; if it does not, it may
    still act on it, and only a judge can tell. All else is for a judge.
    """
    about, text = example.about, _plain(result.text)
    named, shunned = about.get("must_name"), about.get("must_not_choose")
    if named:
        at, other = text.find(_plain(named)), text.find(_plain(shunned)) if shunned else -1
        return "kept" if at >= 0 and not 0 <= other < at else "broken"
    if about.get("numbers"):
        there = re.findall(r"\d+(?:\.\d+)?", result.text.replace(",", ""))
        return (
            "kept"
            if {number.replace(",", "") for number in about["numbers"]} <= {*there}
            else "broken"
        )
    if about.get("forgotten"):
        return "broken" if _quotes(text, _plain(about["forgotten"])) else "judge"
    return "judge"


def _quotes(text: str, said: str) -> bool:
    words = said.split()
    runs = range(max(1, len(words) - QUOTED + 1))
    return any(" ".join(words[at : at + QUOTED]) in text for at in runs)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
