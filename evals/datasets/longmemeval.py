"""LongMemEval: questions about what somebody told an assistant long ago, and some about nothing.

Wu et al. 2025, github.com/xiaowu0162/LongMemEval, MIT: `longmemeval_s.json` (about 40 sessions a
question), `longmemeval_m.json` (500) or `longmemeval_oracle.json` (only those that matter), each a
list of `question_id`, `question_type`, `question`, `answer`, `question_date`, `haystack_dates`,
`haystack_session_ids`, `haystack_sessions` (a turn with the answer has `has_answer`) and
`answer_session_ids`. A question whose id ends in `_abs` asks about what was never said: to abstain
is right.
"""

import logging
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.conversations import said
from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.records import Place

ASSISTANT = "single-session-assistant"
"""The type of questions about what the assistant said, which a user's own turns do not answer."""

_DATE = re.compile(r"(\d{4})/(\d\d)/(\d\d)(?: \(\w+\))?(?: (\d\d):(\d\d))?")
_log = logging.getLogger(__name__)


def longmemeval(paths: Sequence[Path], *, assistant: bool = False) -> Iterator[Example]:
    """Read LongMemEval's questions, each of a person of its own.

    The history is what the person said, with the date of the session. The questions about what
    the assistant said are left out then, since it holds no answer to them.

    Args:
        paths: One of the three files.
        assistant: Whether the assistant's turns are in the history too, with the role `other`.

    Raises:
        DatasetError: It is wrong or cut short.
    """
    path = files.only(paths, "longmemeval_s.json, longmemeval_m.json or longmemeval_oracle.json")
    left_out = 0
    for place, entry in files.json_array(path):
        id_ = place.text(entry, "question_id")
        kind = place.text(entry, "question_type")
        if kind == ASSISTANT and not assistant:
            left_out += 1
            continue
        answerable = not id_.endswith("_abs")
        answer = place.text(entry, "answer")
        history = tuple(_history(place, entry, assistant))
        yield files.example(
            place,
            id=f"longmemeval-{id_}",
            user_id=f"longmemeval-{id_}",
            task="dialogue",
            question=place.text(entry, "question"),
            reference=answer if answerable else "",
            answerable=answerable,
            history=history,
            about={
                "kind": kind,
                "asked": _time(place, place.text(entry, "question_date")).isoformat(),
                "sessions": place.field(entry, "answer_session_ids", list),
                "evidence": _evidence(entry, {item.id for item in history}),
            }
            | ({} if answerable else {"why": answer}),
        )
    if left_out:
        _log.warning("%d questions about the assistant's own words are left out", left_out)


def _history(place: Place, entry: Mapping[str, Any], assistant: bool) -> Iterator[HistoryItem]:
    """Yield the turns, the earliest session first; the oracle's are not sorted."""
    names = ("haystack_dates", "haystack_session_ids", "haystack_sessions")
    dates, ids, sessions = (place.field(entry, name, list) for name in names)
    if not len(dates) == len(ids) == len(sessions):
        raise place.error(f"{', '.join(names)} are not of one length")
    times = [_time(place, str(date)) for date in dates]
    for index in sorted(range(len(times)), key=times.__getitem__):
        name = _name(index, ids[index])
        yield from said(
            place, sessions[index], session=name, time=times[index], assistant=assistant
        )


def _name(index: int, id_: object) -> str:
    """Return what a session is called: one may stand in a haystack twice."""
    return f"{index}:{id_}"


def _evidence(entry: Mapping[str, Any], there: Collection[str]) -> list[str]:
    """Return the ids of the turns that hold the answer, of those that are there."""
    sessions = enumerate(
        zip(entry["haystack_session_ids"], entry["haystack_sessions"], strict=True)
    )
    telling = [
        f"{_name(index, id_)}:{number}"
        for index, (id_, turns) in sessions
        for number, turn in enumerate(turns)
        if turn.get("has_answer")
    ]
    return [id_ for id_ in telling if id_ in there]


def _time(place: Place, date: str) -> datetime:
    found = _DATE.fullmatch(date)
    if found:
        year, month, day, hour, minute = (int(part) for part in found.groups(default="0"))
        with suppress(ValueError):
            return datetime(year, month, day, hour, minute)
    raise place.error(f"a date is {date[:30]!r}, not like 2023/05/20 (Sat) 02:21")
