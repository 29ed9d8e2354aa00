"""LaMP 1 to 7, in LaMP's own format; LaMP-7 is the paper's text paraphrasing (section 4.2).

Salemi et al. 2023, lamp-benchmark.github.io/download: a file of questions (`dev_questions.json`:
a list of `id`, `input`, `profile`) and one of outputs (`dev_outputs.json`: `task`, and `golds`, a
list of `id`, `output`), of the user-based or the time-based split. The outputs of the test splits
are not published. LaMP is under CC BY-NC-SA 4.0, and what it is built on under its owners' terms:
sentiment140 (LaMP-7), MovieLens (2), Amazon reviews (3), Citation Network (1, 5), HuffPost (4);
LaMP-6 has to be filled in from the licensed Avocado collection by LaMP's own script.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.errors import DatasetError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.records import Place, lines

_log = logging.getLogger(__name__)
_TWEET = "Paraphrase the following tweet without any explanation before or after it:"
_CITED = re.compile(
    r"^(?P<question>.*?)\s*Just answer with \[1\] or \[2\].*?"
    r"\[1\]:\s*\"(?P<first>.*)\"\s*\[2\]:\s*\"(?P<second>.*)\"\s*$",
    re.DOTALL,
)
_NAMED = re.compile(
    r"^(?P<question>.*?)\s*Just answer with.*?(?:tags|categories):\s*\[(?P<names>.*?)\]\s*"
    r"(?P<rest>.*)$",
    re.DOTALL,
)
_SCORED = re.compile(
    r"^(?P<question>.*?)\s*just answer with 1, 2, 3, 4, or 5.*?(?P<rest>review:.*)$",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Task:
    """What one of LaMP's tasks is to us."""

    task: str
    text: tuple[str, ...]
    """The fields of a profile entry that make its text."""
    category: str | None = None
    """The field that says what the user made of it."""
    source: str = "posts"


_TASKS = {
    "1": _Task("preference", ("title", "abstract"), source="papers"),
    "2": _Task("preference", ("description", "title", "text"), "tag", source="tags"),
    "3": _Task("preference", ("text",), "score", source="reviews"),
    "4": _Task("title", ("title", "text"), source="articles"),
    "5": _Task("title", ("title", "abstract"), source="papers"),
    "6": _Task("title", ("title", "text"), source="mail"),
    "7": _Task("paraphrase", ("text",), source="tweets"),
}


def lamp(paths: Sequence[Path]) -> Iterator[Example]:
    """Read LaMP's questions with their outputs.

    1, 2 and 3 become choices, of the task `preference`: among the two references, the tags, and
    the scores 1 to 5. 4, 5 and 6 become texts of the task `title`, 7 of the task `paraphrase`. The
    words by which LaMP asks for a bare answer are left out, since our tasks say that themselves.

    Args:
        paths: The questions and the outputs of one split, in any order.

    Raises:
        DatasetError: A file is wrong or cut short, or a question has no output.
    """
    questions, outputs = _sorted_out(paths)
    number, golds = _golds(outputs)
    kind = _TASKS[number]
    for place, record in files.json_array(questions):
        id_ = place.text(record, "id")
        if id_ not in golds:
            raise place.error(
                f"the outputs have none for the id {id_!r}", "give the outputs of the same split"
            )
        question, options = _asked(number, place.text(record, "input"), place)
        if len(set(options)) < len(options):
            _log.warning("%s, entry %d offers the same twice; left out", place.path, place.number)
            continue
        yield files.example(
            place,
            id=f"lamp{number}-{id_}",
            user_id=f"lamp{number}-{record.get('user_id') or id_}",
            task=kind.task,
            question=question,
            options=options,
            reference=_reference(number, golds[id_], options, place),
            history=_history(kind, _profile(place, record), place),
            about={"lamp": number},
        )


def bare_tweet(question: str) -> str:
    """Return what LaMP-7 asks about, without the words it asks by."""
    return question.removeprefix(_TWEET).strip()


def _sorted_out(paths: Sequence[Path]) -> tuple[Path, Path]:
    """Tell questions, which are a list, from outputs, which are an object."""
    if len(paths) != 2:
        raise DatasetError(
            f"{len(paths)} files were given; give two: …_questions.json and …_outputs.json."
        )
    lists = []
    for path in paths:
        first = next(lines(path), (1, ""))[1].lstrip()[:1]
        if first not in ("[", "{"):
            raise Place(path, 1).error("it is no JSON list or object", "give LaMP's own file")
        lists.append(first == "[")
    if sorted(lists) != [False, True]:
        raise DatasetError("the files are not one of questions and one of outputs; give both.")
    return (paths[0], paths[1]) if lists[0] else (paths[1], paths[0])


def _golds(path: Path) -> tuple[str, dict[str, str]]:
    """Return the number of the task, and the outputs by id."""
    place = Place(path, 1)
    read = files.json_file(path)
    named = re.match(r"LaMP[_-]?([1-7])", str(read.get("task")), re.IGNORECASE)
    if not named:
        raise place.error(f"the task {read.get('task')!r} is none of LaMP_1 to LaMP_7")
    golds = {}
    for count, gold in enumerate(place.field(read, "golds", list), start=1):
        entry = Place(path, count, "gold")
        if not isinstance(gold, dict):
            raise entry.error("it is no JSON object")
        golds[entry.text(gold, "id")] = entry.text(gold, "output")
    return named[1], golds


def _asked(number: str, said: str, place: Place) -> tuple[str, tuple[str, ...]]:
    """Return the question, and the options if it is a choice."""
    pattern = {"1": _CITED, "2": _NAMED, "3": _SCORED}.get(number)
    if pattern is None:
        return (bare_tweet(said) if number == "7" else said), ()
    found = pattern.match(said)
    if not found:
        raise place.error(f"its 'input' is not worded as in LaMP-{number}", "give LaMP's own file")
    if number == "1":
        return found["question"], (found["first"], found["second"])
    question = f"{found['question']} {found['rest']}".strip()
    if number == "3":
        return question, tuple("12345")
    return question, tuple(name.strip() for name in found["names"].split(","))


def _reference(number: str, gold: str, options: tuple[str, ...], place: Place) -> str:
    if number != "1":
        return gold
    if gold not in ("[1]", "[2]"):
        raise place.error("its output is neither [1] nor [2]")
    return options[gold == "[2]"]


def _profile(place: Place, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return files.objects(place, place.field(record, "profile", list), "profile")


def _history(kind: _Task, profile: list[dict[str, Any]], place: Place) -> tuple[HistoryItem, ...]:
    items = [_item(kind, entry, place) for entry in profile]
    found = [item for item in items if item is not None]
    # the time-based splits have dates; a sort keeps the order of those that have none
    return tuple(sorted(found, key=lambda item: item.time.timestamp() if item.time else 0.0))


def _item(kind: _Task, entry: Mapping[str, Any], place: Place) -> HistoryItem | None:
    """Return an entry of a profile as an item, or None if it holds no words."""
    parts = [str(entry.get(name) or "").strip() for name in kind.text]
    text = "\n".join(part for part in parts if part)
    if not text:
        return None
    category = entry.get(kind.category) if kind.category else None
    if kind.category == "tag":
        category = category or entry.get("category")
    return place.item(
        text,
        id=str(entry.get("id") or ""),
        source=kind.source,
        category=None if category is None else str(category)[:200],
        time=_date(entry.get("date")),
    )


def _date(date: object) -> str | None:
    """Return a date as pydantic reads it; LaMP-1 and 5 have years alone."""
    if date is None or date == "":
        return None
    found = re.match(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?\b", str(date))
    if not found:
        return str(date)
    year, month, day = found.groups(default="1")
    return f"{year}-{int(month):02}-{int(day):02}"
