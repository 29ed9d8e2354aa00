"""What keeping a profile up with its history costs, as it ships."""

import pytest

from guided_profile.evals.benches.writes import Facts, spend
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.evidence.chat import ChatVerifier


async def test_an_item_costs_a_tenth_of_a_call_and_the_profile_mostly_stands() -> None:
    spent = await spend(Facts(), LexicalEmbedder(), items=600, every=20)
    assert spent.items == 600
    assert spent.questions == sum(spent.uses.values()) == 30
    assert 0 < spent.calls_per_item <= 0.1
    fresh = spent.making.input_tokens - spent.making.cached_tokens
    assert 0 < fresh / spent.items <= 90, "the rest has a beginning that was sent before"
    assert spent.uses["standing"] >= 15
    assert spent.saved.input_tokens > spent.making.input_tokens


@pytest.mark.parametrize(
    ("over", "weighs", "together", "most"),
    [(True, False, False, 0.3), (False, True, True, 0.07), (False, True, False, 0.8)],
)
async def test_what_the_other_models_cost(
    over: bool, weighs: bool, together: bool, most: float
) -> None:
    chat = Facts(over=over, weighs=weighs)
    verifier = ChatVerifier(chat, together=True) if together else None
    spent = await spend(chat, LexicalEmbedder(), items=300, every=20, verifier=verifier)
    assert most / 4 < spent.calls_per_item <= most
