"""Poisoned items against the real embedded model: with the defence, and without."""

from pathlib import Path

import pytest

from guided_profile.evals.benches.poison import Attack, measure, read_corpus

pytestmark = pytest.mark.live

CORPUS = read_corpus(Path(__file__).parents[1] / "data" / "poison.jsonl")


def chosen(*ids: str) -> list[Attack]:
    return [attack for attack in CORPUS if attack.id in ids]


async def test_an_order_that_the_bare_model_follows_is_not_followed() -> None:
    attacks = chosen("role_tags-1", "recommend-1")
    won = await measure(attacks, ("raw", "defended"))
    assert won.total("raw") == len(attacks)
    assert won.total("defended") == 0
