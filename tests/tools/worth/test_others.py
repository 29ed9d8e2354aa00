"""The items of invented people that a person's own are put beside."""

from collections import Counter

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.worth.measure import OTHERS
from guided_profile.tools.worth.others import beside, languages, shipped


def test_the_shipped_items_are_whole_and_there_are_enough_in_each_language() -> None:
    counts = Counter((other.language, other.kind) for other in shipped())
    assert len({other.person for other in shipped()}) >= 40
    assert len(languages(shipped())) >= 8
    assert {kind for _, kind in counts} == {"did", "said"}
    assert min(counts.values()) > OTHERS
    assert all(other.text.strip() and other.source for other in shipped())


def test_those_beside_an_item_are_of_its_kind_source_and_language() -> None:
    item = HistoryItem(text="Gusseiserne Pfanne, 26 cm", source="purchases", category="Küche")
    texts = beside(item, "de", 3, shipped())
    found = [other for other in shipped() if other.text in texts]
    assert len(texts) == 3
    assert {(other.language, other.kind) for other in found} == {("de", "did")}
    assert beside(item, "de", 3, shipped()) == texts


def test_different_items_are_put_beside_different_ones() -> None:
    drawn = {
        beside(HistoryItem(text=f"Steel pan no. {n}", source="purchases"), "en", 3, shipped())
        for n in range(5)
    }
    assert len(drawn) > 1


def test_the_item_itself_never_stands_beside_it() -> None:
    other = shipped()[0]
    item = HistoryItem(text=other.text, source=other.source, category=other.category)
    assert other.text not in beside(item, other.language, 3, shipped())
