from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from guided_profile.graph.records import Cost, Profile, Standing
from guided_profile.graph.task_rules import Freshness
from guided_profile.tools.profiles.freshness import plan

MADE = datetime(2025, 1, 1, tzinfo=UTC)


def standing(covered: int, revisions: int = 0) -> Standing:
    profile = Profile(
        task="t",
        sentences=(),
        guidance="",
        fingerprint="f",
        model="m",
        created=MADE,
        cost=Cost(),
    )
    ids = tuple(str(n) for n in range(covered))
    return Standing(profile=profile, covered=ids, made_with="now", revisions=revisions)


@pytest.mark.parametrize(
    ("kept", "given", "what"),
    [
        (None, {}, "build"),
        (standing(200), {}, "keep"),
        (standing(200), {"new": 99}, "keep"),
        (standing(200), {"new": 100}, "revise"),
        (standing(10), {"new": 9}, "keep"),
        (standing(10), {"new": 10}, "revise"),  # a young profile grows up quickly
        (standing(10), {"new": 11}, "build"),  # more is new than old
        (standing(200, revisions=20), {"new": 100}, "build"),
        (standing(200), {"gone": {"3"}}, "build"),
        (standing(200), {"made_with": "another prompt"}, "build"),
        (standing(200), {"now": MADE + timedelta(days=8)}, "keep"),  # old, but nothing is new
        (standing(200), {"now": MADE + timedelta(days=8), "new": 10}, "revise"),
        (standing(200), {"now": MADE + timedelta(days=8), "new": 9}, "keep"),
        (standing(200), {"now": MADE + timedelta(days=6), "new": 10}, "keep"),
        (standing(200), {"now": MADE - timedelta(days=900), "new": 10}, "revise"),  # the clock
        (standing(200), {"now": MADE - timedelta(days=900)}, "keep"),
    ],
)
def test_a_profile_is_kept_revised_or_built_anew(
    kept: Standing | None, given: dict[str, Any], what: str
) -> None:
    usual = {"new": 0, "gone": set(), "made_with": "now", "now": MADE}
    assert plan(kept, policy=Freshness(), **{**usual, **given}) == what


def test_a_task_may_build_always() -> None:
    policy = Freshness(new_items=1, rebuild_every=0)
    usual: dict[str, Any] = {"gone": set(), "made_with": "now", "now": MADE}
    assert plan(standing(10), new=1, policy=policy, **usual) == "build"
