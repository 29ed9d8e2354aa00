"""Standing sentences held against newer items."""

from datetime import UTC, datetime

import pytest
from verifiers import CAT, COFFEE, DRINKS, HAS, TEA, AtOnce, KnowsEnded, Verifier, item, judge

from guided_profile.graph.records import Call, HistoryItem
from guided_profile.tools.evidence.base import Claim, Judged
from guided_profile.tools.evidence.ended import ended_by
from guided_profile.tools.evidence.judging import MOST_NEWS
from guided_profile.tools.history.store import HistoryStore


def denying(*evidence: str) -> Verifier:
    def says(claim: Claim) -> Judged:
        if claim.text == DRINKS.text:
            return Judged("contradicted", 0.1, evidence)
        return Judged("stated", 0.9, ("cat", "coffee"))

    return Verifier(says)


async def test_a_standing_sentence_that_the_news_contradict_is_over(history: HistoryStore) -> None:
    verifier = denying("coffee")
    at_work = judge(verifier, history, CAT, TEA, COFFEE)
    assert await ended_by(at_work, [HAS, DRINKS], [COFFEE]) == {1: COFFEE}
    for claim in verifier.claims:
        assert claim.items == (CAT, TEA, COFFEE), "what it rested on, and the news, by time"
    assert verifier.claims[1].cited == {"tea"}
    assert len(at_work.calls) == 2


async def test_what_it_rested_on_is_nearer_but_the_news_end_it(history: HistoryStore) -> None:
    at_work = judge(denying("tea"), history, CAT, TEA, COFFEE)
    assert await ended_by(at_work, [DRINKS], [COFFEE]) == {0: COFFEE}


async def test_news_about_something_else_end_nothing(history: HistoryStore) -> None:
    rain = item("rain", "wet socks again", 9)
    at_work = judge(denying("tea"), history, TEA, rain)
    assert await ended_by(at_work, [DRINKS], [rain]) == {}


async def test_an_older_item_that_comes_late_ends_nothing(history: HistoryStore) -> None:
    late = COFFEE.model_copy(update={"time": datetime(2024, 1, 1, tzinfo=UTC)})
    at_work = judge(denying("coffee"), history, TEA, late)
    assert await ended_by(at_work, [DRINKS], [late]) == {}


@pytest.mark.parametrize("undated", ["item", "sentence"])
async def test_without_times_what_is_new_is_later(history: HistoryStore, undated: str) -> None:
    news = item("coffee", COFFEE.text, None if undated == "item" else 1)
    since = TEA.time if undated == "item" else None
    at_work = judge(denying("coffee"), history, TEA, news)
    standing = DRINKS.model_copy(update={"since": since})
    assert await ended_by(at_work, [standing], [news]) == {0: news}


@pytest.mark.parametrize(("probability", "found"), [(0.6, {1: COFFEE}), (0.4, {})])
async def test_a_sentence_is_asked_about_beside_the_news_that_are_nearest_to_it(
    history: HistoryStore, probability: float, found: dict[int, HistoryItem]
) -> None:
    rain = item("rain", "wet socks again", 9)
    verifier = KnowsEnded(probability)
    at_work = judge(verifier, history, CAT, TEA, COFFEE, rain)
    assert await ended_by(at_work, [HAS, DRINKS], [COFFEE, rain]) == found
    assert verifier.asked == [(DRINKS.text, COFFEE.text)], "nothing is near to the cat"
    assert verifier.claims == []
    assert len(at_work.calls) == 1


async def test_the_second_nearest_item_may_be_what_ends_a_sentence(history: HistoryStore) -> None:
    class Reads(KnowsEnded):
        async def ended(self, text: str, item: HistoryItem) -> tuple[float, list[Call]]:
            self.asked.append((text, item.text))
            return (0.7 if "stopped" in item.text else 0.1), []

    words = item("words", "black tea in the morning, as every morning", 8)
    over = item("over", "stopped with black tea in the morning", 9)
    third = item("third", "a morning with tea", 9)
    verifier = Reads(0.0)
    at_work = judge(verifier, history, TEA, words, over, third)
    assert await ended_by(at_work, [DRINKS], [words, over, third]) == {0: over}
    assert len(verifier.asked) == MOST_NEWS


async def test_older_news_are_not_asked_about(history: HistoryStore) -> None:
    late = COFFEE.model_copy(update={"time": datetime(2024, 1, 1, tzinfo=UTC)})
    verifier = KnowsEnded(0.9)
    assert await ended_by(judge(verifier, history, TEA, late), [DRINKS], [late]) == {}
    assert verifier.asked == []


async def test_without_news_nothing_is_judged_again(history: HistoryStore) -> None:
    verifier = denying("coffee")
    at_work = judge(verifier, history, TEA)
    assert await ended_by(at_work, [DRINKS], []) == await ended_by(at_work, [], [TEA]) == {}
    assert verifier.claims == []


async def test_what_one_reply_leaves_out_is_asked_about_singly(history: HistoryStore) -> None:
    verifier = AtOnce(cat=Judged("unsupported", 0.15))
    at_work = judge(verifier, history, CAT, TEA, COFFEE)
    assert await ended_by(at_work, [HAS, DRINKS], [COFFEE]) == {1: COFFEE}
    assert verifier.asked == [(DRINKS.text, COFFEE.text)]
    assert len(at_work.calls) == 2


@pytest.mark.parametrize("evidence", [("coffee",), ("tea",), ()])
async def test_what_is_not_later_ends_nothing_in_one_reply_either(
    history: HistoryStore, evidence: tuple[str, ...]
) -> None:
    late = COFFEE.model_copy(update={"time": datetime(2024, 1, 1, tzinfo=UTC)})
    at_work = judge(AtOnce(tea=Judged("contradicted", 0.05, evidence)), history, TEA, late)
    assert await ended_by(at_work, [DRINKS], [late]) == {}
