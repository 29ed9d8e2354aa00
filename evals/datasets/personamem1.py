"""PersonaMem 1: which reply fits what came out of a person in many talks with an assistant?

Jiang et al. 2025 (arXiv 2504.14225), github.com/bowen-upenn/PersonaMem, MIT by its owners' data
page: `questions_32k.csv` and `shared_contexts_32k.jsonl` (or 128k, 1M). A question has
`persona_id`, `question_id`, `question_type`, `topic`, `user_question_or_message`, `correct_answer`
(`(c)`), `all_options` (a list, each behind its letter), `shared_context_id` and
`end_index_in_shared_context`, where its history ends. A line of contexts is an object of one id and
its messages. What the system says of the persona is in no history. Random is right for .25.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.conversations import said
from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.records import Place

_LETTER = re.compile(r"^\(([a-z])\)\s*")
_DIGITS = 9
"""A number of more is no place in a conversation."""
_Row = tuple[Place, dict[str, str]]


def personamem1(paths: Sequence[Path]) -> Iterator[Example]:
    """Read PersonaMem's choices, in the order of the contexts, of which one is held at a time.

    Args:
        paths: The file of questions and that of contexts, of one length.

    Raises:
        DatasetError: A file is wrong or cut short, or a question's context is missing.
    """
    questions, contexts = _two(paths, "questions_32k.csv", "shared_contexts_32k.jsonl")
    asked: dict[str, list[_Row]] = {}
    for place, row in files.csv_rows(questions):
        asked.setdefault(place.text(row, "shared_context_id"), []).append((place, row))
    for where, record in files.json_lines(contexts):
        for name, messages in record.items():
            rows = asked.pop(name, [])
            items = tuple(said(where, messages)) if rows else ()
            yield from (_example(place, row, items) for place, row in rows)
    for rows in asked.values():
        raise rows[0][0].error(f"{contexts.name} has no such context", "give that of its length")


def _example(place: Place, row: dict[str, str], items: Sequence[HistoryItem]) -> Example:
    options: dict[str, str] = {}
    for option in files.texts(place, files.cell_value(place, row, "all_options"), "all_options"):
        letter = _LETTER.match(option)
        if not letter:
            raise place.error("an option of 'all_options' does not begin with its letter")
        options[letter[1]] = option[letter.end() :]
    right = place.text(row, "correct_answer").strip("() ")
    if right not in options:
        raise place.error(f"the correct_answer {right!r} is none of {sorted(options)}")
    end = place.text(row, "end_index_in_shared_context")
    if not end.isdecimal() or len(end) > _DIGITS:
        raise place.error("the end_index_in_shared_context is no number")
    return files.example(
        place,
        id=f"personamem1-{place.text(row, 'question_id')}",
        user_id=f"personamem1-{place.text(row, 'persona_id')}",
        task="preference",
        question=place.text(row, "user_question_or_message"),
        options=tuple(dict.fromkeys(options.values())),
        reference=options[right],
        history=tuple(item for item in items if int(item.id) < int(end)),
        about={"kind": place.text(row, "question_type").replace("_", "-")}
        | {name: row[name] for name in ("topic", "stereotypical") if name in row},
    )


def _two(paths: Sequence[Path], table: str, lines: str) -> tuple[Path, Path]:
    """Tell a CSV file from one of JSON Lines."""
    tables = [path for path in paths if ".csv" in path.suffixes]
    return files.only(tables, table), files.only(
        [path for path in paths if path not in tables], lines
    )
