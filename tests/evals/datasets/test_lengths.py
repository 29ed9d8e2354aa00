"""Histories of several lengths, which several examples share."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from zlib import crc32

import pytest

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.lengths import Shared, exchanges_of, shared_histories
from guided_profile.evals.datasets.sharing import Nearness, grouped
from guided_profile.graph.errors import InputError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.embedders.base import Embedder

THINGS = ("tea", "skiing", "opera", "rust", "cactus", "sauna")


class ByThing(Embedder):
    """Texts that name the same thing in a word of its own are alike, and no others."""

    id = "by-thing"
    dimension = 512

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> list[float]:
        words = text.replace("?", "").replace(",", "").split()
        named = [THINGS.index(word) for word in words if word in THINGS]
        place = named[0] if named else len(THINGS) + crc32(text.encode()) % 500
        return [float(at == place) for at in range(self.dimension)]


@dataclass(frozen=True)
class Subject:
    """An invented example's own words."""

    thing: str
    topic: str | None = None

    def example(self, small_talk: int = 6, **more: object) -> Example:
        talk = [
            item
            for n in range(small_talk)
            for item in (
                HistoryItem(id=f"{2 * n + 2}", text=f"{self.thing}zz{n} alpha{n}?", source="chat"),
                HistoryItem(id=f"{2 * n + 3}", text=f"{self.thing}yy{n} beta{n}.", role="other"),
            )
        ]
        tells = [
            HistoryItem(id="0", text=f"I cannot stand {self.thing}", source="chat"),
            HistoryItem(id="1", text=f"noted about {self.thing}", source="chat", role="other"),
        ]
        history = (*talk[: small_talk // 2 * 2], *tells, *talk[small_talk // 2 * 2 :])
        about = {"evidence": ["0"], "topic": self.topic or self.thing} | more
        return Example(
            id=self.thing,
            user_id=self.thing,
            task="preference",
            question=f"What shall I do about {self.thing}?",
            options=(f"more {self.thing}", "something else"),
            reference="something else",
            history=history,
            about=about,
        )


def mixed(examples: list[Example], lengths: list[int], **more: object) -> list[Shared]:
    settings: dict[str, object] = {"sharing": 3, "others": examples, "seed": 0} | more
    return shared_histories(examples, lengths, embedder=ByThing(), **settings)  # type: ignore[arg-type]


EXAMPLES = [Subject(thing).example() for thing in THINGS]


def test_every_length_is_filled_keeps_what_answers_take_and_is_part_of_the_longer() -> None:
    found = mixed(EXAMPLES, [30, 4, 10])
    assert [shared.length for shared in found] == [4, 4, 10, 10, 30, 30]
    longest = {shared.id.partition("@")[0]: shared for shared in found if shared.length == 30}
    for shared in found:
        assert len(shared.items) == len({item.text for item in shared.items}) == shared.length
        whole = [item.id for item in longest[shared.id.partition("@")[0]].items]
        assert [i for i in whole if i in {item.id for item in shared.items}] == [
            item.id for item in shared.items
        ]
        by_id = {item.id: item.text for item in shared.items}
        for example in shared.examples:
            thing = example.id.partition("@")[0]
            assert example.history == shared.items
            assert example.held_under == shared.id
            assert [by_id[id_] for id_ in example.about["evidence"]] == [f"I cannot stand {thing}"]
    assert Counter(e.id.partition("@")[0] for s in found for e in s.examples) == dict.fromkeys(
        THINGS, 3
    )


def test_what_is_said_and_replied_stays_together_and_an_example_in_its_order() -> None:
    (shared,) = (shared for shared in mixed(EXAMPLES[:3], [42]))
    texts = [item.text for item in shared.items]
    for place, text in enumerate(texts):
        if text.startswith("I cannot stand"):
            assert texts[place + 1] == f"noted about {text.rpartition(' ')[2]}"
    for thing in THINGS[:3]:
        own = [text for text in texts if text.startswith(thing)]
        assert own == [
            text
            for example in EXAMPLES
            for text in (item.text for item in example.history)
            if text.startswith(thing)
        ]
    assert texts != [item.text for example in EXAMPLES[:3] for item in example.history]


def test_the_same_seed_makes_the_same_histories_whatever_the_lengths() -> None:
    once, again = mixed(EXAMPLES, [10, 30]), mixed(EXAMPLES, [10])
    assert again == once[:2]
    assert mixed(EXAMPLES, [10], seed=1) != again


def test_examples_of_one_topic_or_near_in_meaning_do_not_share_a_person() -> None:
    near = Nearness(ByThing())
    apart = [Subject(thing).example() for thing in THINGS[:4]]
    assert len(grouped(apart, 4, near, 0)) == 1
    same_topic = [Subject(thing, topic="drinks").example() for thing in THINGS[:4]]
    assert len(grouped(same_topic, 4, near, 0)) == 4
    same = Subject("tea").example().model_copy(update={"id": "again", "about": {"evidence": ["0"]}})
    assert len(grouped([*apart, same], 5, near, 0)) == 2


def test_nothing_that_is_near_to_a_question_or_asked_of_others_is_put_beside_it() -> None:
    near = HistoryItem(text="What shall I do about tea, tell me?", source="chat")
    other = Subject("opera").example()
    stranger = Example(
        id="stranger",
        user_id="s",
        task="preference",
        question="?",
        reference="x",
        history=(near, *(HistoryItem(text=f"weather{n} cloud{n}") for n in range(12))),
        about={"evidence": []},
    )
    others = [stranger, other]
    (shared,) = mixed([Subject("tea").example(0)], [26], others=others)
    texts = {item.text for item in shared.items}
    assert near.text not in texts
    assert "I cannot stand opera" not in texts
    assert sum(text.startswith("weather") for text in texts) == 12
    with pytest.raises(InputError, match="only 26 items for a history of 27"):
        mixed([Subject("tea").example(0)], [27], others=others)


def test_what_comes_twice_is_put_in_once() -> None:
    twice = [
        example.model_copy(
            update={"history": (*example.history, HistoryItem(text=f" The same   {word}"))}
        )
        for example, word in zip(EXAMPLES[:2], ("again", "AGAIN"), strict=True)
    ]
    (shared,) = mixed(twice, [29])
    assert sum("the same" in item.text.lower() for item in shared.items) == 1
    with pytest.raises(InputError, match="only 29 items"):
        mixed(twice, [30])


def test_what_is_said_in_two_turns_stays_together() -> None:
    tea = Subject("tea").example()
    place = next(n for n, item in enumerate(tea.history) if item.id == "0")
    second = HistoryItem(id="second", text="and no tea at work either", source="chat")
    history = (*tea.history[: place + 2], second, *tea.history[place + 2 :])
    about = tea.about | {"evidence": ["0", "second"]}
    example = tea.model_copy(update={"history": history, "about": about})
    for seed in range(5):
        (shared,) = mixed([example, *EXAMPLES[1:3]], [40], seed=seed)
        texts = [item.text for item in shared.items]
        assert texts.index(second.text) == texts.index("I cannot stand tea") + 2


def test_where_what_is_needed_does_not_fit_the_questions_are_divided() -> None:
    found = mixed(EXAMPLES[:3], [2, 6])
    assert [(shared.id, len(shared.examples)) for shared in found] == [
        ("person-1-1@2", 1),
        ("person-1-2@2", 2),
        ("person-1@6", 3),
    ]


def test_what_cannot_be_made_is_refused() -> None:
    unnamed = Subject("tea").example().model_copy(update={"about": {}})
    with pytest.raises(InputError, match=r"'tea' takes 14 items, .* a history of 10; leave"):
        mixed([unnamed], [10, 30])
    with pytest.raises(
        InputError, match=r"only 14 items for a history of 30, .*; give files .*neutral"
    ):
        mixed([unnamed], [30])
    with pytest.raises(InputError, match="no examples"):
        mixed([], [10])


def test_times_count_where_all_items_have_one() -> None:
    def timed(example: Example, first: int) -> Example:
        dated = [
            item.model_copy(update={"time": datetime(2024, 1, 1 + n * 2 + first, tzinfo=UTC)})
            for n, item in enumerate(example.history)
        ]
        return example.model_copy(update={"history": tuple(dated)})

    both = [timed(example, n) for n, example in enumerate(EXAMPLES[:2])]
    (shared,) = mixed(both, [28])
    assert [item.time for item in shared.items] == sorted(item.time for item in shared.items)  # type: ignore[type-var]
    (shared,) = mixed([both[0], EXAMPLES[1]], [28])
    assert {item.time for item in shared.items} == {None}


def test_an_exchange_begins_with_the_person() -> None:
    items = EXAMPLES[0].history
    assert [len(exchange) for exchange in exchanges_of(items)] == [2] * 7
    assert [len(exchange) for exchange in exchanges_of(items[1:])] == [1] + [2] * 6


def test_histories_of_plain_texts_are_neutral_too() -> None:
    plain = [
        example.model_copy(
            update={
                "id": f"plain-{example.id}",
                "history": tuple(HistoryItem(text=f"{example.id} {n}") for n in range(9)),
                "about": {},
            }
        )
        for example in EXAMPLES[1:]
    ]
    (found,) = mixed([EXAMPLES[0]], [40], others=plain)
    assert sum(" " in item.text and item.text[-1].isdigit() for item in found.items) > 20
