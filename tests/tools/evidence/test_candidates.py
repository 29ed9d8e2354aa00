from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.evidence.base import MOST_EVIDENCE, Claim
from guided_profile.tools.evidence.candidates import claims_of, strongest
from guided_profile.tools.search.ranking import tokens_of

ITEMS = [HistoryItem(id=f"{n:02}", text=f"day {n:02} of walking") for n in range(40)]
ROOM_FOR_EIGHT = 8 * tokens_of(ITEMS[0])


def like(rows: int, **near: Sequence[int]) -> NDArray[np.float64]:
    """Return likenesses of no account, but those of the places that are named by their row."""
    likeness = np.full((rows, len(ITEMS)), 0.1)
    for row, places in near.items():
        likeness[int(row.removeprefix("row")), list(places)] = 0.9
    return likeness


def ids(claim: Claim) -> list[int]:
    return [int(item.id) for item in claim.items]


def test_a_short_history_is_given_whole_with_every_sentence() -> None:
    found = claims_of(["a", "b"], ITEMS, like(2, row0=[3]), tokens=10_000, cited=[["07"], []])
    assert [claim.text for claim in found] == ["a", "b"]
    assert all(list(claim.items) == ITEMS for claim in found)
    assert found[0].nearness[3] == pytest.approx(0.9)
    assert found[1].nearness[3] == pytest.approx(0.1)
    assert (found[0].cited, found[1].cited) == ({"07"}, frozenset())


def test_of_a_long_history_the_sentences_share_what_is_cited_and_what_is_nearest() -> None:
    near = like(2, row0=[30, 5], row1=[12])
    found = claims_of(
        ["a", "b"], ITEMS, near, tokens=ROOM_FOR_EIGHT, cited=[["35"], ["02", "unknown"]]
    )
    assert ids(found[0]) == ids(found[1]), "so that the prompt's beginning is served from a cache"
    assert sum(map(tokens_of, found[0].items)) <= ROOM_FOR_EIGHT
    assert {35, 2, 30, 5, 12} <= set(ids(found[0]))
    assert ids(found[0]) == sorted(ids(found[0])), "in the order of time"
    assert found[0].nearness[ids(found[0]).index(30)] == pytest.approx(0.9)


def test_an_item_that_does_not_fit_keeps_no_shorter_ones_out() -> None:
    long = HistoryItem(id="99", text="word " * 2_000)
    likeness = np.append(like(1, row0=[4]), [[0.95]], axis=1)
    (found,) = claims_of(["a"], [*ITEMS, long], likeness, tokens=ROOM_FOR_EIGHT)
    assert 4 in ids(found)
    assert 99 not in ids(found)


def test_sentences_in_another_language_than_the_history_see_the_nearest_few_each() -> None:
    texts = ["Ich bin allergisch gegen Erdnüsse.", "Meine Katze schläft auf der Tastatur."]
    texts += ["Heute bin ich am Fluss gelaufen.", "Freitags gehe ich ins Kino.", "Ich lerne Geige."]
    items = [HistoryItem(id=f"{n:02}", text=text) for n, text in enumerate(texts)]
    sentences = ["This person is allergic to peanuts.", "This person is learning the violin."]
    near = np.array([[0.9, 0.1, 0.3, 0.1, 0.2], [0.1, 0.3, 0.2, 0.1, 0.9]])
    allergic, learning = claims_of(sentences, items, near, tokens=10_000)
    assert ids(allergic) == [0, 2, 4]
    assert ids(learning) == [1, 2, 4]
    in_german = ["Diese Person ist gegen Erdnüsse allergisch.", "Diese Person lernt Geige."]
    assert all(
        ids(claim) == [0, 1, 2, 3, 4] for claim in claims_of(in_german, items, near, tokens=999)
    )


def test_what_others_wrote_is_no_candidate() -> None:
    theirs = [HistoryItem(id="98", text="you own a yacht", role="other")]
    likeness = np.append(like(1), [[0.95]], axis=1)
    (found,) = claims_of(["a"], [*ITEMS, *theirs], likeness, tokens=10_000)
    assert list(found.items) == ITEMS
    (nothing,) = claims_of(["a"], theirs, likeness[:, -1:], tokens=10_000, cited=[["98"]])
    assert nothing == Claim("a", ())


def claim(*near: float, cited: Sequence[int] = ()) -> Claim:
    return Claim(
        "a",
        tuple(ITEMS[: len(near)]),
        nearness=near,
        cited=frozenset(ITEMS[n].id for n in cited),
    )


@pytest.mark.parametrize(
    ("of", "rests_on"),
    [
        (claim(0.2, 0.9, 0.5), ["01"]),
        (claim(0.8, 0.9, 0.7), ["01", "00"]),  # nearly as near as the nearest
        (claim(0.5, 0.6, cited=[0]), ["00"]),  # what its writer cites is a hint
        (claim(0.1, 0.6, cited=[0]), ["01"]),  # and no proof
        (claim(-0.1, -0.2), ["00"]),  # there is a nearest one always
        (claim(*[0.5] * 9), [f"{n:02}" for n in range(MOST_EVIDENCE)]),
        (claim(), []),
    ],
)
def test_a_sentence_rests_on_the_nearest_items(of: Claim, rests_on: list[str]) -> None:
    assert list(strongest(of)) == rests_on


def test_a_sentence_nearer_to_the_rule_than_to_any_item_may_be_the_rule() -> None:
    near = like(3, row0=[3])
    found = claims_of(["a", "b", "c"], ITEMS, near, tokens=10_000, to_rule=[0.8, 0.3, 0.05])
    assert [claim.echoes_rule for claim in found] == [False, True, False]
    assert not any(claim.echoes_rule for claim in claims_of(["a"], ITEMS, like(1), tokens=10_000))
