"""What each part of the ranking is worth, on a small history written for it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest

from guided_profile.graph.context import Recall
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.search.bm25 import Words
from guided_profile.tools.search.ranking import LEAST_TOKENS, Candidates, rank, tokens_of, within

TOPICS = (
    ("pets", "kitten tomcat miso purrs animal"),
    ("travel", "airport flight trip abroad lisbon"),
    ("food", "ramen pizza baked dinner noodles"),
    ("work", "office boss meeting report deadline invoice"),
)


class TopicEmbedder:
    """Knows what texts are about, and puts names and numbers anywhere, as a small model does."""

    id = "topics"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        said = text.lower().split()
        about = [float(sum(word in words.split() for word in said)) for _, words in TOPICS]
        anywhere = np.random.default_rng(crc32(text.encode())).normal(scale=0.3, size=8)
        return [*about, *map(float, anywhere)]


JUNE = datetime(2025, 6, 1, tzinfo=UTC)
PARAPHRASE = "the tomcat purrs"
NUMBERED = "invoice 48213 came"
NAMED = "met Quillfeather at the station"
OTHERS = [
    *(f"meeting about the report number {n}" for n in range(8)),
    *(f"dinner was {what}" for what in ("ramen", "pizza", "noodles", "ramen again", "baked")),
    *(f"trip {n} began at the airport" for n in range(8)),
]


@pytest.fixture
def history(tmp_path: Path) -> Any:
    with HistoryStore.open(TopicEmbedder(), path=tmp_path / "history") as store:
        store.add(
            "anna",
            [HistoryItem(text=text) for text in (*OTHERS, PARAPHRASE, NUMBERED, NAMED)],
        )
        yield store


def best(history: HistoryStore, query: str, recall: Recall, limit: int = 3) -> list[str]:
    found = history.search("anna", query, limit=limit, recall=recall)
    return [hit.item.text for hit in found]


NEITHER_SPREAD_NOR_AGE: dict[str, Any] = {"most_alike": None, "half_life_days": None}
DENSE = Recall(bm25=False, **NEITHER_SPREAD_NOR_AGE)
WORDS = Recall(dense=False, **NEITHER_SPREAD_NOR_AGE)
FUSED = Recall(**NEITHER_SPREAD_NOR_AGE)


@pytest.mark.parametrize(
    ("query", "wanted", "by_meaning", "by_words"),
    [
        ("kitten", PARAPHRASE, True, False),
        ("48213", NUMBERED, False, True),
        ("quillfeather", NAMED, False, True),
    ],
)
def test_meaning_and_words_find_what_the_other_misses_and_together_both(
    history: HistoryStore, query: str, wanted: str, by_meaning: bool, by_words: bool
) -> None:
    assert (wanted in best(history, query, DENSE, 1)) == by_meaning
    assert (wanted in best(history, query, WORDS, 1)) == by_words
    assert wanted in best(history, query, FUSED, 1)


def test_an_item_that_both_find_comes_before_what_one_finds(history: HistoryStore) -> None:
    history.add("anna", [HistoryItem(text="the kitten is called Quillfeather")])
    assert best(history, "kitten quillfeather", FUSED, 1) == ["the kitten is called Quillfeather"]


def test_near_duplicates_do_not_crowd_out(history: HistoryStore) -> None:
    history.add("anna", [HistoryItem(text="ramen " * n) for n in range(10, 40)])
    query = "ramen"
    crowded = best(history, query, FUSED, 10)
    spread = best(history, query, Recall(most_alike=0.95), 10)
    assert [text.count("ramen") > 9 for text in crowded] == [True] * 10
    assert sum(text.count("ramen") > 9 for text in spread) == 2, "the best, and the newest"
    assert {"dinner was ramen", "dinner was pizza"} <= set(spread)
    everything = best(history, query, Recall(most_alike=0.95), 999)
    assert sorted(everything) == sorted(best(history, query, FUSED, 999)), "none is lost"


def test_recency_prefers_the_newer_of_equals_and_no_far_worse_match(tmp_path: Path) -> None:
    day = datetime(2025, 1, 1, tzinfo=UTC)
    ages = {"oldest": 400, "newest": 200, "middle": 300}
    others = [HistoryItem(text=f"airport {n}", time=day - timedelta(days=n)) for n in range(100)]
    with HistoryStore.open(TopicEmbedder(), path=tmp_path / "dated") as store:
        dated = [
            HistoryItem(id=id_, text="ramen", time=day - timedelta(days=age))
            for id_, age in ages.items()
        ]
        store.add("anna", [*dated, HistoryItem(id="undated", text="ramen"), *others])

        def ids(recall: Recall) -> list[str]:
            found = store.search("anna", "ramen", limit=4, recall=recall)
            return [hit.item.id for hit in found]

        assert ids(FUSED) == ["oldest", "newest", "middle", "undated"], "as they were added"
        aged = FUSED.model_copy(update={"half_life_days": 30.0})
        assert ids(aged) == ["newest", "middle", "oldest", "undated"]
        newest = DENSE.model_copy(update={"dense": False})
        assert ids(newest) == [item.id for item in others[:4]]


def test_a_history_without_times_is_ranked_as_if_age_did_not_matter() -> None:
    candidates = Candidates(Words.of(["ramen", "rice"]), np.array([np.nan, np.nan]), None)
    recall = Recall(dense=False, half_life_days=1, most_alike=None)
    assert rank("rice", None, candidates, recall, 2) == [1, 0]


@pytest.mark.parametrize("count", [1, 40, 700])
def test_equals_keep_their_order_however_many(count: int) -> None:
    vectors = np.tile(np.float32([[0.6, 0.8]]), (count, 1))
    candidates = Candidates(Words.of(["same"] * count), np.full(count, np.nan), vectors)
    near = np.ones(count)
    for recall in (Recall(), FUSED, WORDS, Recall(half_life_days=3)):
        assert rank("same", near if recall.dense else None, candidates, recall, count) == list(
            range(count)
        )


DOSES = ("I take 20 mg in the morning", "I take 10 mg in the morning", "I take tea in the morning")


@pytest.mark.parametrize(
    ("days", "own", "beside"),
    [
        ((1.0, 2.0, 3.0), None, True),
        ((2.0, 1.0, 3.0), None, False),
        ((np.nan, np.nan, np.nan), None, True),
        ((2.0, np.nan, 3.0), None, False),
        ((np.nan, 2.0, 3.0), None, True),
        ((1.0, 2.0, 3.0), (True, False, True), False),
        ((1.0, 2.0, 3.0), (False, False, True), True),
    ],
)
def test_the_newest_of_what_is_nearly_the_same_comes_right_after_the_best(
    days: tuple[float, ...], own: tuple[bool, ...] | None, beside: bool
) -> None:
    vectors = np.float32([[1.0, 0.0, 0.0], [0.97, 0.243, 0.0], [0.6, 0.0, 0.8]])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    by = None if own is None else np.array(own)
    candidates = Candidates(Words.of(DOSES), np.array(days), vectors, by)
    near = np.array([0.8, 0.7, 0.6])
    wanted = [0, 1, 2] if beside else [0, 2, 1]
    for limit in (1, 2, 3):
        assert rank("dose", near, candidates, Recall(bm25=False), limit) == wanted[:limit]


def test_an_item_that_is_asked_for_by_its_number_is_found_beside_newer_ones_like_it() -> None:
    texts = [f"Paid invoice {number}" for number in (48213, 51377, 60021)]
    random = np.random.default_rng(0)
    others = random.normal(size=(12, 64)).astype(np.float32)
    alike = np.tile(random.normal(size=64), (3, 1)) + 0.15 * random.normal(size=(3, 64))
    vectors = np.vstack([alike.astype(np.float32), others])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert (vectors[:3] @ vectors[:3].T).min() > 0.95
    words = Words.of([*texts, *(f"note {n}" for n in range(12))])
    candidates = Candidates(words, np.arange(15.0), vectors)
    near = np.array([0.5, 0.5, 0.5, *[0.1] * 12])
    assert rank("invoice 48213", near, candidates, Recall(), 10)[:2] == [0, 2]


def test_the_newest_of_three_with_and_without_a_time_is_the_one_of_the_latest_day() -> None:
    angles = np.arange(4) * 0.05
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    days = np.array([1.0, 5.0, np.nan, 2.0])
    candidates = Candidates(Words.of(["same"] * 4), days, vectors)
    assert rank("same", np.ones(4), candidates, Recall(), 4) == [0, 1, 2, 3]


def test_what_is_like_something_that_is_like_the_best_is_not_taken_for_it() -> None:
    """Each of a chain of items is nearly the same as the next, and the last is another thing."""
    angles = np.arange(8) * np.arccos(0.97)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    candidates = Candidates(Words.of(["x"] * 8), np.arange(8.0), vectors)
    ranked = rank("x", np.cos(angles), candidates, Recall(bm25=False), 2)
    assert ranked == [0, 1]
    assert (vectors[ranked] @ vectors[0]).min() >= 0.95


def test_many_that_are_nearly_the_same_do_not_hide_what_ranks_below_all_of_them() -> None:
    angles = [*np.linspace(0.0, 0.1, 900), np.pi / 2]
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    near = np.array([0.9] * 900 + [0.1])
    candidates = Candidates(Words.of(["x"] * 901), np.arange(901.0), vectors)
    assert rank("x", near, candidates, Recall(bm25=False), 3) == [0, 899, 900]


def test_a_shared_small_word_does_not_come_before_what_is_meant() -> None:
    texts = [*(f"filler {n}" for n in range(30)), "for the bus", "no shellfish, I swell up"]
    near = np.array([0.0] * 31 + [0.4])
    candidates = Candidates(Words.of(texts), np.full(32, np.nan), None)
    recall = FUSED.model_copy(update={"most_alike": None})
    assert rank("a starter for the dinner", near, candidates, recall, 1) == [31]


def test_age_takes_half_of_a_score_at_most() -> None:
    candidates = Candidates(Words.of(["a", "b", "c"]), np.array([0.0, 900.0, 900.0]), None)
    recall = Recall(half_life_days=1, bm25=False, most_alike=None)
    assert rank("x", np.array([0.9, 0.4, -0.1]), candidates, recall, 3) == [0, 1, 2]
    assert rank("x", np.array([0.9, 0.5, -0.1]), candidates, recall, 3) == [1, 0, 2]


def test_spreading_is_exact_over_many_tiles() -> None:
    random = np.random.default_rng(0)
    topics = random.normal(size=(150, 384)).astype(np.float32)
    vectors = np.repeat(topics, 5, axis=0)[random.permutation(750)]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    candidates = Candidates(Words.of(["x"] * 750), np.full(750, np.nan), vectors)
    rows = rank("x", vectors @ vectors[0], candidates, Recall(), 750)
    assert sorted(rows) == list(range(750))
    first = vectors[rows[:150]]
    assert (np.triu(first @ first.T, 1) < 0.95).all()


TEXTS = (
    "word " * 3,
    "x",
    "7 of 9, [x]",
    "lettersonly" * 8,
    "see https://a.example/?q=" + "y" * 90,
    "z\u200b" * 40,
    "three cross trees shore the shortest street " * 3,
    "r",
)


@pytest.mark.parametrize("budget", [1, 30, 47, 200, 10_000])
def test_the_budget_holds(budget: int) -> None:
    items = [HistoryItem(text=TEXTS[n % len(TEXTS)] * (1 + n % 7)) for n in range(50)]
    kept = within(items, budget)
    assert kept[0].id == items[0].id  # it is cut until it fits
    used = sum(map(tokens_of, kept))
    assert used <= max(budget, tokens_of(items[0]))
    left = [item for item in items if item not in kept]
    assert all(tokens_of(item) > budget - used for item in left), "all that fits is there"


@pytest.mark.parametrize("time", [None, JUNE])
@pytest.mark.parametrize("text", TEXTS)
def test_an_item_that_just_fits_is_there(text: str, time: datetime | None) -> None:
    items = [HistoryItem(text="short"), HistoryItem(text=text, source="s", time=time)]
    budget = sum(map(tokens_of, items))
    assert within(items, budget) == items
    assert within(items, budget - 1) == items[:1]


def test_a_long_item_does_not_keep_shorter_ones_out() -> None:
    short, long = HistoryItem(text="short"), HistoryItem(text="long " * 100)
    assert within([short, long, short], 40) == [short, short]
    (cut,) = within([long, short], 40)
    assert cut.id == long.id
    assert cut.text.count("long") > 20
    assert tokens_of(cut) <= 40
    assert within([], 40) == []
    assert tokens_of(HistoryItem(text="r", source="r")) == LEAST_TOKENS
