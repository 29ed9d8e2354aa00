"""What keeping a profile up with its history costs, as it ships."""

from guided_profile.evals.benches.writes import Facts, spend
from guided_profile.tools.embedders.lexical import LexicalEmbedder


async def test_an_item_costs_less_than_a_call_and_the_profile_mostly_stands() -> None:
    spent = await spend(Facts(), LexicalEmbedder(), items=600, every=20)
    assert spent.items == 600
    assert spent.questions == sum(spent.uses.values()) == 30
    assert 0 < spent.calls_per_item <= 0.6
    assert spent.uses["standing"] >= 15
    assert spent.saved.input_tokens > spent.making.input_tokens
