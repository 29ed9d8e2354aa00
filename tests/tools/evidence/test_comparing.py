"""Whether two sentences say the same."""

import numpy as np
import pytest
from verifiers import DRINKS, HAS, AtOnce, Verifier, finding

from guided_profile.graph.records import Call, Sentence
from guided_profile.tools.evidence.base import Judged
from guided_profile.tools.evidence.comparing import Comparison
from guided_profile.tools.history.store import HistoryStore


def comparison(verifier: Verifier, history: HistoryStore) -> Comparison:
    return Comparison(verifier, history, [])


class Comparing(Verifier):
    """Says how surely one sentence tells what another tells."""

    def __init__(self, yes: float) -> None:
        super().__init__(lambda claim: Judged("stated", 0.9))
        self.yes = yes
        self.asked: list[tuple[str, str]] = []

    async def same(self, statement: str, other: str) -> tuple[float, list[Call]]:
        self.asked.append((statement, other))
        return self.yes, [Call(stage="verify", seconds=1.0)]


TACTILE = Sentence(text="This person prefers tactile keyboard switches.", evidence=("a",))
LINEAR = "This person prefers linear keyboard switches."


@pytest.mark.parametrize(("yes", "allowed"), [(0.49, True), (0.5, False)])
async def test_what_tells_in_other_words_what_the_user_forbade_is_left_out(
    history: HistoryStore, yes: float, allowed: bool
) -> None:
    verifier = Comparing(yes)
    calls: list[Call] = []
    at_work = Comparison(verifier, history, calls)
    left = await at_work.without_forbidden([HAS, TACTILE], ["They sail.", LINEAR])
    assert left == ((HAS, TACTILE) if allowed else (HAS,))
    assert verifier.asked == [(LINEAR, TACTILE.text)], "only of what is alike"
    assert len(calls) == 1


async def test_a_verifier_that_cannot_compare_forbids_no_more_than_the_words(
    history: HistoryStore,
) -> None:
    at_work = comparison(finding("stated"), history)
    assert await at_work.without_forbidden([HAS, TACTILE], [LINEAR]) == (HAS, TACTILE)
    assert await at_work.without_forbidden([], [LINEAR]) == ()
    comparing = Comparing(0.9)
    assert await comparison(comparing, history).without_forbidden([HAS], []) == (HAS,)
    assert comparing.asked == []


async def test_whether_two_sentences_are_the_same_is_asked_where_their_words_differ(
    history: HistoryStore,
) -> None:
    for yes, same in ((0.2, False), (0.8, True)):
        verifier = Comparing(yes)
        calls: list[Call] = []
        at_work = Comparison(verifier, history, calls)
        verbatim = ("They like tea.", "they LIKE tea!")
        denied = ("They do not like tea.", "They like tea.")
        assert await at_work.same([verbatim]) == [True]
        assert verifier.asked == []
        assert await at_work.same([verbatim, denied]) == [True, same]
        assert verifier.asked == [("They like tea.", "They do not like tea.")]
        assert len(calls) == 1
    blunt = comparison(finding("stated"), history)
    fond = ("They like tea.", "They are fond of tea.")
    assert await blunt.same([("They like tea.", "They like TEA"), fond]) == [True, False]


async def test_likeness_is_on_the_scale_of_the_history(history: HistoryStore) -> None:
    at_work = comparison(finding("stated"), history)
    texts = [HAS.text, DRINKS.text]
    np.testing.assert_allclose(await at_work.likeness(texts), history.alike(texts))


async def test_pairs_are_compared_in_one_call_and_what_it_leaves_out_singly(
    history: HistoryStore,
) -> None:
    verifier = AtOnce()
    calls: list[Call] = []
    at_work = Comparison(verifier, history, calls)
    pairs = [("They ski.", "They go skiing."), ("They sew.", "They knit."), ("A b.", "They bake.")]
    verifier.same_said = [1.0, 0.0, None]
    assert await at_work.same(pairs) == [True, False, True]
    assert verifier.asked == [("A b.", "They bake.")]
    assert len(calls) == 2
