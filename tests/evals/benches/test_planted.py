from collections import Counter

from scripted import ScriptedChat
from workflows import script

from guided_profile.evals.benches.planted import SIZES, Reached, history_of, measure, people, table
from guided_profile.tools.embedders.lexical import LexicalEmbedder


def test_every_fact_has_its_item_and_its_request() -> None:
    everybody, filler = people()
    assert len(everybody) == len(SIZES)
    for person, size in zip(everybody, SIZES, strict=True):
        items = history_of(person, filler[person["language"]], size)
        ids = Counter(item.id for item in items)
        assert len(items) == size == len(ids)
        assert items == history_of(person, filler[person["language"]], size), "drawn the same"
        for fact in person["facts"]:
            assert fact["ask"].strip()
            assert ids[fact["evidence"][0]] == 1


async def test_what_recall_brings_is_counted() -> None:
    (person, *_), _ = people()
    items = history_of(person, [{"text": "a plain bucket", "source": "purchases"}], 20)
    said = script("no matter")
    chat = ScriptedChat(script=said)
    found = await measure(person, items, chat, LexicalEmbedder())
    assert [fact.fact for fact in found] == [fact["fact"] for fact in person["facts"]]
    assert all(fact.by_recall for fact in found), "so short a history is recalled whole"
    assert not any(fact.in_profile for fact in found), "the scripted profile is of somebody else"


def test_either_way_counts_once() -> None:
    found = [Reached("limit", "a", True, True), Reached("limit", "b", False, False)]
    assert table(found).splitlines()[1].endswith(" 1 of 2 (50 % [9, 91])")
