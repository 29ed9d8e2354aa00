"""One question of histories of several lengths: what its answer takes, and ever more beside it.

Several examples share a person, so that a profile of a long history is made once for all of their
questions. A person's history holds, up to its length,

1. what the answers take: the items that the examples name as `evidence`, or all of an example's
   items where it names none; these are never cut;
2. what was replied to those, and the rest of the examples' own items;
3. neutral items: of all other examples, and of files that are given besides.

No text comes twice, and nothing that is near in meaning to one of the questions is put beside what
its answer takes. What a person says and what is replied to it stay together, the items of an
example stay in their order, and apart from that all is mixed by the seed. A shorter history is made
of the same draw, so that it is part of the longer ones. Where what the answers take does not fit
into a length, the questions are divided among as many histories as it takes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.rubrics import are_notes, known_of
from guided_profile.evals.datasets.sharing import (
    Nearness,
    grouped,
    names_evidence,
    needed_of,
    subjects,
)
from guided_profile.graph.errors import InputError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.embedders.base import Embedder

Items = tuple[HistoryItem, ...]
_AT_ONCE = 64
"""How many exchanges are embedded together."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A history, and what is asked of it."""

    id: str
    length: int
    examples: tuple[Example, ...]
    """Each with this history, and an id that names the length too."""

    @property
    def items(self) -> Items:
        """The history."""
        return self.examples[0].history


@dataclass(frozen=True, slots=True)
class Person:
    """What the histories of a person are made from, whatever their length."""

    id: str
    examples: Sequence[Example]
    needed: Sequence[Items]
    """What the answer of each example takes."""
    more: Items
    """What is put beside it, the first first."""
    places: dict[str, tuple[float, int]]
    """Where each item stands, by its id: where its exchange does, 0 to 1, and where in that."""


def shared_histories(
    examples: Sequence[Example],
    lengths: Sequence[int],
    *,
    sharing: int,
    others: Sequence[Example],
    embedder: Embedder,
    seed: int,
) -> list[Shared]:
    """Return the histories of every length, the shortest first, each with what is asked of it.

    Args:
        examples: What is asked.
        lengths: How many items a history has.
        sharing: How many examples share a person at most.
        others: Where neutral items come from; the examples themselves may be among them.
        embedder: Says what is near in meaning.
        seed: Of all that is drawn.

    Raises:
        InputError: What one answer takes does not fit into a length, or there are too few items
            for one.
    """
    if not examples:
        raise InputError("there are no examples; give some with --data.")
    most = max(examples, key=lambda example: len(needed_of(example)))
    if len(needed_of(most)) > min(lengths):
        raise InputError(
            f"the answer of the example {most.id!r} takes {len(needed_of(most))} items, which do "
            f"not fit into a history of {min(lengths)}; leave that length out, or name in each "
            "example's `evidence` the ids of the items that hold its answer."
        )
    nearness = Nearness(embedder)
    groups = grouped(examples, sharing, nearness, seed)
    pool = neutral({example.id: example for example in (*others, *examples)}.values(), examples)
    people = [
        _person(f"person-{number}", group, pool, max(lengths), nearness, seed)
        for number, group in enumerate(groups, 1)
    ]
    return [
        shared
        for length in sorted(set(lengths))
        for each in people
        for shared in _cut(each, length)
    ]


def neutral(others: Iterable[Example], asked: Sequence[Example]) -> list[Items]:
    """Return the exchanges that hold nothing a data set asks for, each once.

    Of an example that is asked and names no `evidence`, nothing is known to be neutral.
    """
    ids = {example.id for example in asked}
    usable = [example for example in others if names_evidence(example) or example.id not in ids]
    telling = {
        _plain(text)
        for example in usable
        for text in (
            *(
                () if are_notes(example) else known_of(example)
            ),  # or no plain history would be neutral
            *(item.text for item in needed_of(example) if names_evidence(example)),
        )
    }
    found: dict[str, Items] = {}
    for example in usable:
        for exchange in exchanges_of(example.history):
            if telling.isdisjoint(_plain(item.text) for item in exchange):
                found.setdefault(_plain(exchange[0].text), exchange)
    return list(found.values())


def exchanges_of(items: Sequence[HistoryItem]) -> list[Items]:
    """Cut a history before each item of the person's own."""
    cut: list[list[HistoryItem]] = []
    for item in items:
        if item.role == "user" or not cut:
            cut.append([])
        cut[-1].append(item)
    return [tuple(exchange) for exchange in cut]


def _person(
    id_: str,
    group: Sequence[Example],
    pool: Sequence[Items],
    most: int,
    nearness: Nearness,
    seed: int,
) -> Person:
    """Draw what a person's histories are made from, enough for the longest."""
    chance = Random(f"{seed} {id_}")
    places: dict[str, tuple[float, int]] = {}

    def placed(exchange: Items, place: float) -> Items:
        own = tuple(HistoryItem(**item.model_dump(exclude={"id"})) for item in exchange)
        for number, item in enumerate(own):  # the ids of several examples may clash
            places.setdefault(item.id, (place, number))
        return own

    needed: list[Items] = []
    replies: list[Items] = []
    rest: list[Items] = []
    for example in group:
        tells = {item.id for item in needed_of(example)}
        exchanges = _joined(exchanges_of(example.history), tells)
        drawn = sorted(chance.random() for _ in exchanges)
        found: dict[HistoryItem, None] = {}
        for exchange, place in zip(exchanges, drawn, strict=True):
            own = placed(exchange, place)
            takes = [item for item, as_was in zip(own, exchange, strict=True) if as_was.id in tells]
            found |= dict.fromkeys(takes)
            left = tuple(item for item in own if item not in takes)
            (replies if takes else rest).append(left)
        needed.append(tuple(found))
    chance.shuffle(rest)
    foreign = [placed(exchange, chance.random()) for exchange in chance.sample(pool, len(pool))]
    taken = {_plain(item.text) for each in needed for item in each}
    asked = [text for example in group for text in subjects(example)]
    room = most - min(len(_all(needed, part)) for part in _parts(needed, most))
    more: list[HistoryItem] = []
    for exchange in (*replies, *_far([*rest, *foreign], asked, nearness)):
        if len(more) >= room:
            break
        for item in exchange:
            if _plain(item.text) not in taken:
                taken.add(_plain(item.text))
                more.append(item)
    if len(more) < room:
        raise InputError(
            f"there are only {most - room + len(more)} items for a history of {most}, without what "
            "is near in meaning to a question; give files with more of them with --neutral, or "
            "leave that length out."
        )
    return Person(id_, group, needed, tuple(more), places)


def _far(exchanges: Sequence[Items], asked: Sequence[str], nearness: Nearness) -> Iterator[Items]:
    """Yield the exchanges no item of which is near to what is asked."""
    for start in range(0, len(exchanges), _AT_ONCE):
        some = exchanges[start : start + _AT_ONCE]
        nearness.learn(item.text for exchange in some for item in exchange)
        for exchange in some:
            if not nearness.near([item.text for item in exchange], asked):
                yield exchange


def _joined(exchanges: Sequence[Items], tells: set[str]) -> list[Items]:
    """Return exchanges; neighbours that both hold what the answer needs become one."""
    joined: list[Items] = []
    before = False
    for exchange in exchanges:
        telling = any(item.id in tells for item in exchange)
        if before and telling:
            joined[-1] += exchange
        else:
            joined.append(exchange)
        before = telling
    return joined


def _all(needed: Sequence[Items], part: Iterable[int]) -> list[HistoryItem]:
    return list(dict.fromkeys(item for number in part for item in needed[number]))


def _parts(needed: Sequence[Items], length: int) -> list[range]:
    """Divide a person's examples evenly where what they need does not fit into one history."""
    count = len(needed)
    for parts in range(1, count + 1):
        ends = [count * place // parts for place in range(parts + 1)]
        cut = [range(start, end) for start, end in pairwise(ends)]
        if all(len(_all(needed, part)) <= length for part in cut):
            break
    return cut


def _cut(person: Person, length: int) -> Iterator[Shared]:
    """Yield a person's history of a length, or several where one does not hold what is needed."""
    parts = _parts(person.needed, length)
    for place, part in enumerate(parts, 1):
        id_ = person.id + (f"-{place}" if len(parts) > 1 else "") + f"@{length}"
        needed = _all(person.needed, part)
        items = _ordered([*needed, *person.more[: length - len(needed)]], person)
        asked = []
        for number in part:
            example, tells = person.examples[number], person.needed[number]
            changed = {
                "id": f"{example.id}@{length}",
                "history": items,
                "history_id": id_,
                "about": example.about | {"evidence": [item.id for item in tells]},
            }
            asked.append(example.model_copy(update=changed))
        yield Shared(id_, length, tuple(asked))


def _ordered(items: Iterable[HistoryItem], person: Person) -> Items:
    """Return items by time if all have one; if not, in the mixed order and without times."""
    mixed = sorted(items, key=lambda item: person.places[item.id])
    times = {item.id: item.time for item in mixed if item.time}
    if len(times) == len(mixed):
        return tuple(sorted(mixed, key=lambda item: times[item.id]))
    return tuple(item.model_copy(update={"time": None}) if item.time else item for item in mixed)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip("\"'“”")
