"""Labelled sentences about people, with the histories that they are held against.

Three forms are read: `profiles_labelled.jsonl`'s (a person a line), `dev.yaml`'s (people with
their sentences by label), and `near_misses.yaml`'s (cases of one sentence each).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from guided_profile.graph.errors import DatasetError
from guided_profile.graph.records import HistoryItem

Label = Literal["supported", "invented", "contradicted"]
LABELS: tuple[Label, ...] = ("supported", "invented", "contradicted")
AUTHORED = (
    "dev.yaml",
    "test.yaml",
    "near_misses.yaml",
    "people_en_de_es_fr_ru.jsonl",
    "people_ja_zh_ar_hi_pt.jsonl",
)
"""What comes with the package, all of it invented."""
HALVES = {"dev.yaml": "fit", "test.yaml": "report"}
"""The half that all of a file's people are of; in the other files each says its own."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence about a person, and whether the person's items support it."""

    text: str
    label: Label
    """`contradicted` includes what was true once; of a near miss, `invented` is all that is not
    supported."""
    gold: frozenset[str] = frozenset()
    """The items that support it, or contradict it, as far as they are labelled."""
    group: str = ""
    """What it is counted under: the set of its person, its language, or the kind of near miss."""


@dataclass(frozen=True, slots=True)
class Person:
    """A history, and sentences about whose it is."""

    key: str
    items: tuple[HistoryItem, ...]
    sentences: tuple[Labelled, ...]
    half: str = ""
    """`fit` or `report`, where a file has halves."""


def data(name: str) -> str:
    """Return the text of a file of data that comes with the benches."""
    return (files("guided_profile.evals.benches") / "data" / name).read_text("utf-8")


def authored(name: str) -> list[Person]:
    """Read one of the files that come with the package."""
    people = parse(data(name), name)
    half = HALVES.get(name, "")
    return [replace(person, half=half) for person in people] if half else people


def read(path: Path) -> list[Person]:
    """Read a file of labelled sentences.

    Raises:
        DatasetError: It cannot be read, or a line or entry of it is wrong; the message says which.
    """
    try:
        return parse(path.read_text("utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{str(path)!r} cannot be read: {error}.") from error


def parse(text: str, name: str) -> list[Person]:
    """Read labelled people from the text of a file.

    Raises:
        DatasetError: A line or an entry of it is wrong, or there is none.
    """
    found = []
    for place, entry in _entries(text, name):
        try:
            found.append(_person(entry, f"{place} of {name}"))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise DatasetError(
                f"{place} of {name!r} is no labelled person: {_reason(error)}. Give it `history` "
                "(items with `text`) and `sentences` (each with `text`, `label` and `evidence`)."
            ) from error
    if not found:
        raise DatasetError(f"{name!r} holds nobody; give it a person a line, or `people`.")
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return f"it has no {error.args[0]!r}" if isinstance(error, KeyError) else str(error)


def _entries(text: str, name: str) -> Iterator[tuple[str, Any]]:
    """Yield what stands for a person, with the words for its place in the file."""
    if not name.endswith((".yaml", ".yml")):
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                yield f"line {number}", _json(line, f"line {number} of {name!r}")
        return
    try:
        whole = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DatasetError(f"{name!r} is no YAML: {error}.") from error
    if isinstance(whole, dict):
        people = whole.get("people") or whole.get("cases") or [whole]
        yield from ((f"entry {n}", entry) for n, entry in enumerate(people, start=1))


def _json(line: str, place: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise DatasetError(f"{place} is no JSON: {error.msg} at {error.colno}.") from error


def _person(entry: Any, where: str) -> Person:
    if not isinstance(entry, Mapping):
        raise TypeError(f"it is {entry!r}")
    if "sentence" in entry:
        return _near_miss(entry, where)
    given = entry.get("history") or entry["items"]
    items = tuple(_item(item, str(n)) for n, item in enumerate(given))
    group = str(entry.get("set") or entry.get("lang") or "")
    sentences = list(_flat(entry, items, group)) if "sentences" in entry else list(_by_label(entry))
    key = str(entry.get("user_id") or entry.get("key") or where)
    return Person(key, items, tuple(sentences), str(entry.get("half", "")))


def _item(given: str | Mapping[str, Any], id_: str) -> HistoryItem:
    fields = {"text": given} if isinstance(given, str) else dict(given)
    known = {name: fields[name] for name in HistoryItem.model_fields if fields.get(name)}
    return HistoryItem.model_validate({"id": id_, **known})


def _flat(
    entry: Mapping[str, Any], items: tuple[HistoryItem, ...], group: str
) -> Iterator[Labelled]:
    for sentence in entry["sentences"]:
        if sentence["label"] not in LABELS:
            raise ValueError(f"the label is {sentence['label']!r}, none of {', '.join(LABELS)}")
        other = sentence.get("lang") and sentence["lang"] != entry.get("lang")
        places = sentence.get("evidence") or ()
        if not all(0 <= place < len(items) for place in places):
            raise IndexError(f"`evidence` is {places!r}, places from 0 on in {len(items)} items")
        gold = frozenset(items[place].id for place in places)
        yield Labelled(
            sentence["text"],
            sentence["label"],
            gold,
            f"{group}, in {sentence['lang']}" if other else group,
        )


def _by_label(entry: Mapping[str, Any]) -> Iterator[Labelled]:
    group = str(entry.get("lang") or "")
    for text, gold in entry["supported"]:
        yield Labelled(text, "supported", frozenset(map(str, gold)), group)
    for label in LABELS[1:]:
        yield from (Labelled(text, label, group=group) for text in entry.get(label, ()))


def _near_miss(entry: Mapping[str, Any], where: str) -> Person:
    items = tuple(_item(item, str(n)) for n, item in enumerate(entry["items"]))
    label: Label = "supported" if entry["supported"] else "invented"
    sentence = Labelled(entry["sentence"], label, group=str(entry.get("kind", "")))
    return Person(where, items, (sentence,), str(entry.get("half", "")))
