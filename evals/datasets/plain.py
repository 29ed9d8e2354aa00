"""A data set of one's own: plain JSON Lines or CSV, and how every data set is written out.

A line of JSONL is an example:

    {"user_id": "ada", "history": ["two sugars", {"text": "oat milk", "time": "2024-05-01"}],
     "query": "Which drink?", "options": ["tea", "rum"], "answer": "tea"}

`user_id`, `history` and `query` are needed, and `answer` too unless `answerable` is false. An item
of the history is a text, or an object with `text` and any of `category`, `time`, `source`, `role`
and `id`. `options` makes a choice of it; `id`, `task` and `about` may be given; further fields are
kept in `about`, those of `rubrics` among them. A CSV file has the same columns; its cells of
`history` and `options` hold either a JSON array or one text a line.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from guided_profile.evals.datasets import files, rubrics
from guided_profile.evals.datasets.examples import Example, Kind
from guided_profile.evals.datasets.lamp import bare_tweet
from guided_profile.evals.datasets.neutral import neutralised
from guided_profile.evals.datasets.sampling import chosen
from guided_profile.graph.errors import DatasetError
from guided_profile.tools.readers.base import FIELDS
from guided_profile.tools.readers.records import MEND, Place, history_item

_NEEDED = ("user_id", "history", "query")
_KNOWN = (*_NEEDED, "answer", "options", "id", "task", "answerable", "about")


def plain(
    paths: Sequence[Path],
    *,
    task: str | None = None,
    kind: Kind | None = None,
    neutral: Path | None = None,
    n: int | None = None,
    seed: int = 0,
) -> Iterator[Example]:
    """Read examples from JSONL or CSV files.

    Args:
        paths: The files, of `.csv`, or of JSON objects line by line; either may be gzipped.
        task: Of the examples that name none; None: `preference` for choices, else `dialogue`.
        kind: `choice` offers the answer among the replies that go against it (`violates`), where a
            line has them and no options.
        neutral: The file that `neutral.neutralise` wrote for these examples, whose texts
            then take the place of their questions.
        n: How many examples, drawn by the seed; None: all.
        seed: Of the draw.

    Raises:
        DatasetError: A file is wrong or cut short, or an id comes twice.
    """
    examples = chosen(_examples(paths, task, kind), n, seed)
    yield from neutralised(examples, neutral) if neutral else examples


def _examples(paths: Sequence[Path], task: str | None, kind: Kind | None) -> Iterator[Example]:
    ids: set[str] = set()
    for path in paths:
        is_csv = ".csv" in path.suffixes[-2:]
        for place, record in _csv_rows(path) if is_csv else files.json_lines(path, mend=MEND):
            example = _example(place, record, task, kind)
            if example.id in ids:
                raise place.error(f"the id {example.id!r} comes twice", "give each example its own")
            ids.add(example.id)
            yield example


def _example(
    place: Place, record: Mapping[str, Any], task: str | None, kind: Kind | None
) -> Example:
    missing = [name for name in _NEEDED if name not in record]
    if missing:
        raise place.error(f"the fields {missing} are missing", f"it needs {list(_NEEDED)}")
    about = record.get("about") or {}
    if not isinstance(about, dict):
        raise place.error("the field 'about' is no object", "make it one, or leave it out")
    about = about | {name: value for name, value in record.items() if name not in _KNOWN}
    known = {name: value for name, value in record.items() if name in _KNOWN}
    record = {name: value for name, value in about.items() if name not in _KNOWN} | known
    rubrics.check(place, record)
    id_ = str(record.get("id") or f"{place.path.name.split('.')[0]}-{place.number}")
    options = tuple(place.field(record, "options", list)) if record.get("options") else ()
    options = options or (rubrics.options_of(record, id_) if kind == "choice" else ())
    made_for = record.get("task") or task or ("preference" if options else "dialogue")
    answerable = record.get("answerable", True)
    question = place.text(record, "query")
    return files.example(
        place,
        id=id_,
        user_id=place.text(record, "user_id"),
        task=made_for,
        question=bare_tweet(question) if made_for == "paraphrase" else question,
        options=options,
        reference=place.text(record, "answer") if answerable is True else "",
        answerable=answerable,
        history=tuple(history_item(place, item) for item in place.field(record, "history", list)),
        about=about,
    )


def _csv_rows(path: Path) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield the rows of a CSV file as JSON would hold them, with the line that each ends on."""
    for place, cells in files.csv_rows(path, mend=MEND):
        yield place, {name: _cell(place, name, cell) for name, cell in cells.items()}


def _cell(place: Place, name: str, cell: str) -> Any:
    """Return what a cell holds: the lists and objects are JSON, or one text a line."""
    if name == "answerable":
        return cell.strip().lower() not in ("false", "no", "0")
    if name not in ("history", "options", "about"):
        return cell
    if not cell.lstrip().startswith(("[", "{")):
        return [line.strip() for line in cell.splitlines() if line.strip()]
    try:
        return json.loads(cell)
    except ValueError:
        raise place.error(f"the cell of {name!r} is no JSON", "mend it") from None


@contextmanager
def written(path: Path) -> Iterator["Writer"]:
    """Open a JSONL file to write examples to, which takes its name only once it is whole.

    Raises:
        DatasetError: It cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            yield Writer(file)
        part.replace(path)
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be written: {error.strerror}; choose another."
        ) from error
    finally:
        part.unlink(missing_ok=True)


class Writer:
    """Writes examples to an open file, in the format that `plain` reads."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, example: Example) -> None:
        """Write one example as a line."""
        record: dict[str, Any] = {
            "id": example.id,
            "user_id": example.user_id,
            "task": example.task,
            "query": example.question,
            "answer": example.reference,
            "history": [
                item.model_dump(mode="json", exclude_none=True, include=set(FIELDS))
                for item in example.history
            ],
        }
        if example.options:
            record["options"] = list(example.options)
        if not example.answerable:
            record["answerable"] = False
        further = {name: value for name, value in example.about.items() if name not in _KNOWN}
        record |= further
        if kept := {name: value for name, value in example.about.items() if name not in further}:
            record["about"] = kept
        self._file.write(json.dumps(record, ensure_ascii=False) + "\n")
