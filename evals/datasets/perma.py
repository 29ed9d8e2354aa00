"""PERMA: which reply keeps to preferences that came out bit by bit, over many sessions and topics?

Liu et al. 2026 (arXiv 2603.23231), github.com/PolarisLiu1/PERMA, Apache 2.0; the files are those of
the owners' data page, laid out as their evaluation reads them:

- `tasks/userN/input_data_c.json` (`_n` with noise, `_s` in a person's own style; `_multi_` of
  several topics): `overall`, a list of `task_id`, `type`, `topic`, `context` (pairs of a session's
  messages and its date, as `2023-05-01 Morning`) and `affinity_links` (`value`, the messages of a
  session that shows what is preferred);
- `evaluation/userN/meta/overall/TASK_TYPE.json`: `question`, `options` (`A: …`, one a line),
  `gold_label`.

Type 1 is asked before anything relevant was said, and the owners show no memory for it: left out.
Of eight options, random is right for .125.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.conversations import said, users
from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.errors import DatasetError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.records import Place

Dialogues = Literal["c", "n", "s"]
"""Clean, with noise, or in the person's own style."""
KINDS = {"2": "preference", "3": "preference-later"}
"""By the owners' type: asked right after what it takes was said, or after much else."""

_OPTION = re.compile(r"^([A-Z]): ", re.MULTILINE)
_HOURS = {"morning": 6, "afternoon": 15, "evening": 19}
_log = logging.getLogger(__name__)


def perma(
    paths: Sequence[Path], *, dialogues: Dialogues = "c", multi: bool = False
) -> Iterator[Example]:
    """Read PERMA's choices, user by user.

    Args:
        paths: The folder that holds `tasks` and `evaluation`.
        dialogues: Which of the sessions' wordings.
        multi: Whether a question takes preferences of several topics.

    Raises:
        DatasetError: A file is missing or wrong.
    """
    folder = files.only(paths, "PERMA's folder data, with tasks and evaluation")
    name = f"input_data{'_multi' if multi else ''}_{dialogues}.json"
    found = sorted(folder.glob(f"tasks/user*/{name}"))
    if not found:
        raise DatasetError(f"{folder} has no tasks/user…/{name}; give PERMA's folder data.")
    early = 0
    for path in found:
        metas = folder / "evaluation" / path.parent.name / "meta" / "overall"
        read = files.json_file(path)
        asked = read.get("overall") if isinstance(read, dict) else None
        for number, entry in enumerate(asked if isinstance(asked, list) else [read], start=1):
            place = Place(path, number, "task")
            if not isinstance(entry, dict) or "task_id" not in entry:
                raise place.error("it is no task of PERMA's")
            kind = KINDS.get(place.text(entry, "type"))
            if kind is None:
                early += 1
                continue
            meta = metas / f"{place.text(entry, 'task_id')}_{entry['type']}.json"
            yield _example(place, entry, kind, meta, path.parent.name)
    if early:
        _log.warning("%d questions that are asked before anything was said are left out", early)


def _example(place: Place, task: Mapping[str, Any], kind: str, meta: Path, user: str) -> Example:
    where, asked = Place(meta, 1), files.json_file(meta)
    if not isinstance(asked, dict):
        raise where.error("it is no question of PERMA's")
    _, *parts = _OPTION.split(where.text(asked, "options"))
    options = {label: text.strip() for label, text in zip(parts[::2], parts[1::2], strict=True)}
    gold = where.text(asked, "gold_label")
    if gold not in options:
        raise where.error(f"the gold_label {gold!r} is none of the options {sorted(options)}")
    links = files.objects(place, task.get("affinity_links"), "affinity_links")
    linked = [link.get("value") for link in links]
    history: list[HistoryItem] = []
    evidence: list[str] = []
    for number, session in enumerate(place.field(task, "context", list)):
        if not isinstance(session, list) or len(session) < 2:
            raise place.error(f"session {number} is no pair of messages and date")
        time = _time(place, str(session[1]))
        items = list(said(place, session[0], session=str(number), time=time))
        history += items
        evidence += users(items) if session[0] in linked else []
    topic = task.get("topic") or ""
    return files.example(
        place,
        id=f"perma-{user}-{meta.stem}",
        user_id=f"perma-{user}",
        task="preference",
        question=where.text(asked, "question"),
        options=tuple(dict.fromkeys(options.values())),
        reference=options[gold],
        history=tuple(history),
        about={
            "kind": kind,
            "topic": ", ".join(map(str, topic)) if isinstance(topic, list) else str(topic),
            "evidence": evidence,
        },
    )


def _time(place: Place, named: str) -> datetime:
    day, _, part = named.strip().partition(" ")
    try:
        return datetime.strptime(day, "%Y-%m-%d") + timedelta(hours=_HOURS.get(part.lower(), 0))
    except ValueError:
        raise place.error(f"a date is {named[:30]!r}, not like 2023-05-01 Morning") from None
