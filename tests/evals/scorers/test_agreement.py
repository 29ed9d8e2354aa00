from pathlib import Path
from typing import Any

import pytest

from guided_profile.evals.scorers.agreement import Agreement, agreement_in, claim, keep
from guided_profile.evals.scorers.judge_pairs import Judged
from guided_profile.evals.scorers.rubric import RUBRIC
from guided_profile.evals.scorers.statistics import Estimate
from guided_profile.graph.errors import InputError


def measured(**more: Any) -> Agreement:
    kept: dict[str, Any] = {
        "judge": "big",
        "question": f"{RUBRIC.name} {RUBRIC.version}",
        "kappa": Estimate(0.8, 0.6, 0.95, 38),
        "decided": 38,
        "declined": 1,
        "turned": 1,
        "rightly_declined": 2,
        "undecidable": 3,
        "people": Estimate(0.9, 0.8, 1.0, 43),
        "blind": True,
    }
    return Agreement(**kept | more)


@pytest.mark.parametrize(
    ("more", "why_not"),
    [
        ({}, ""),
        ({"kappa": Estimate(0.6, 0.4, 0.8, 38)}, ""),
        ({"kappa": Estimate(0.59, 0.45, 0.8, 38)}, "less than 0.6"),
        ({"kappa": Estimate(0.7, 0.39, 0.9, 38)}, "may be less than 0.4"),
        ({"kappa": None, "decided": 0}, "decided on 0 of 2"),
        ({"decided": 10, "declined": 25}, "decided on 10 of 36"),
        ({"blind": False}, "not by two people who labelled blind"),
    ],
)
def test_what_a_judge_says_is_claimed_only_where_it_agrees_with_people(
    more: dict[str, Any], why_not: str
) -> None:
    found = measured(**more)
    assert (why_not in found.why_not) if why_not else not found.why_not
    assert claim(found).startswith("Not to be claimed" if why_not else "The judge agrees")
    judged = Judged("gpg", "dg", 9, 2, 1, 0.07, found)
    assert judged.figures()["claimed"] is not bool(why_not)
    assert claim(found) in str(judged)


def test_figures_stand_beside_the_claim() -> None:
    said = claim(measured())
    for part in (
        "0.80 [0.60, 0.95]",
        "declined 1",
        "contradicted itself on 1",
        "0.90 [0.80, 1.00]",
    ):
        assert part in said


def test_another_model_or_another_wording_is_another_judge(tmp_path: Path) -> None:
    keep(tmp_path, measured())
    keep(tmp_path, measured(judge="small", kappa=Estimate(0.1, -0.1, 0.3, 38)))
    found = agreement_in(tmp_path, "big", RUBRIC)
    assert found == measured()
    older = agreement_in(tmp_path, "big", type(RUBRIC)(RUBRIC.name, RUBRIC.version - 1, ""))
    assert older is None
    assert agreement_in(tmp_path, "huge", RUBRIC) is None


def test_a_damaged_record_is_no_agreement(tmp_path: Path) -> None:
    (tmp_path / "judge.json").write_text('{"rubric 2 by big": {"kappa": 1}}')
    with pytest.raises(InputError, match="check the judge again"):
        agreement_in(tmp_path, "big", RUBRIC)
