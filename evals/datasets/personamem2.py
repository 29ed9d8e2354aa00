"""PersonaMem 2: which reply fits what a person let show without saying so?

Jiang et al. 2025 (arXiv 2512.06688), github.com/bowen-upenn/PersonaMem-v2, whose page does not say
on what terms: measure with it, pass nothing on. `benchmark.csv`, and the folder that its
`chat_history_32k_link`s (or 128k) begin in. A row has `persona_id`, `user_query`, `correct_answer`,
`incorrect_answers`, `preference`, `pref_type` (`ask_to_forget` among them), `who` the preference is
of, `updated`, `prev_pref`, `topic_preference` and `related_conversation_snippet`, the messages that
show it. What the system says of the persona is in no history. Random is right for .25.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.conversations import said, users
from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.errors import DatasetError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.records import Place, json_object

_log = logging.getLogger(__name__)


def personamem2(
    paths: Sequence[Path], *, size: Literal["32k", "128k"] = "32k", seed: int = 0
) -> Iterator[Example]:
    """Read PersonaMem 2's choices, one persona's history held at a time.

    Args:
        paths: The file of rows, and the folder that its links begin in.
        size: How long the histories are.
        seed: Of the options' order.

    Raises:
        DatasetError: A file is missing, wrong or cut short, or there is no such size.
    """
    if size not in ("32k", "128k"):
        raise DatasetError(f"there is no size {size!r}; choose 32k or 128k.")
    folders = [path for path in paths if path.is_dir()]
    rows = files.only([path for path in paths if not path.is_dir()], "benchmark.csv")
    folder = files.only(folders, "the folder that the links in benchmark.csv begin in")
    link = f"chat_history_{size}_link"
    linked = groupby(
        enumerate(files.csv_rows(rows)), lambda entry: entry[1][0].text(entry[1][1], link)
    )
    for name, some in linked:
        path = folder / name
        read = files.json_file(path)
        messages = read.get("chat_history") if isinstance(read, dict) else read
        items = tuple(said(Place(path, 1), messages))
        for number, (place, row) in some:
            if "incorrect_answers" in row:
                yield _example(place, row, items, number, seed)
            else:
                _log.warning("%s, line %d has no incorrect_answers; left out", rows, place.number)


def _example(
    place: Place, row: dict[str, str], items: tuple[HistoryItem, ...], number: int, seed: int
) -> Example:
    persona = f"personamem2-{place.text(row, 'persona_id')}"
    right = place.text(row, "correct_answer")
    wrong = files.texts(
        place, files.cell_value(place, row, "incorrect_answers"), "incorrect_answers"
    )
    snippet = "related_conversation_snippet"
    messages = files.cell_value(place, row, snippet) if snippet in row else []
    evidence = {item.text for item in said(place, messages, assistant=False)}
    query = json_object(place.text(row, "user_query"), place, python=True)
    return files.example(
        place,
        id=f"{persona}-{number}-{seed}",
        user_id=persona,
        task="preference",
        question=place.text(query, "content"),
        options=files.shuffled([right, *wrong], f"{seed}:{persona}-{number}"),
        reference=right,
        history=items,
        about=_about(place, row) | {"evidence": users(items, evidence)},
    )


def _about(place: Place, row: Mapping[str, str]) -> dict[str, Any]:
    """Return what is tested, and of whom the preference is."""
    kind, who = place.text(row, "pref_type"), place.text(row, "who")
    preference = place.text(row, "preference")
    about: dict[str, Any] = {"subtype": kind, "kind": "implicit", "preference": preference}
    if "topic_preference" in row:
        about["topic"] = row["topic_preference"]
    if kind == "ask_to_forget":
        return about | {"kind": "forget", "forgotten": preference}
    if who != "self":
        del about["preference"]
        return about | {"kind": "restraint-others", "of_somebody_else": preference}
    if row.get("updated") == "True":
        return about | {"kind": "change-of-mind", "before": row.get("prev_pref", "")}
    return about
