"""HaluMem: questions asked of a person's sessions as they grow, and some about what was never said.

Chen et al. 2025 (arXiv 2511.03506), github.com/MemTensor/HaluMem, CC BY-NC-ND 4.0, so nothing that
is built from it may be passed on. HaluMem-Medium or -Long from the owners' page: JSON Lines with a
person a line: `uuid`, and `sessions` with `start_time`, `dialogue` (messages), `memory_points`
(`memory_content`) and, after some, `questions` (`question`, `answer`, `evidence`, `difficulty`,
`question_type`). A question is asked where it stands: later sessions are not in its history.
`Memory Boundary` asks for what nobody said: to abstain is right. "Always abstain" is right for all
of those and none of the others.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.conversations import said, users
from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.records import Place

UNANSWERABLE = "Memory Boundary"
_TIME = "%b %d, %Y, %H:%M:%S"


def halumem(paths: Sequence[Path], *, assistant: bool = False) -> Iterator[Example]:
    """Read HaluMem's questions, person by person.

    An item's id is its session's number and its place in it; the evidence of a question is what
    the person said in the sessions that its memories came up in.

    Args:
        paths: The file of one version.
        assistant: Whether the assistant's turns are in the history too, with the role `other`.

    Raises:
        DatasetError: It is wrong or cut short.
    """
    path = files.only(paths, "HaluMem-Medium.jsonl or HaluMem-Long.jsonl")
    for place, record in files.json_lines(path):
        user = f"halumem-{place.text(record, 'uuid')}"
        history: list[HistoryItem] = []
        came_up: dict[str, list[str]] = {}
        for number, session in enumerate(_list(place, record, "sessions")):
            time = _time(place, session.get("start_time"))
            items = list(
                said(
                    place,
                    session.get("dialogue"),
                    session=str(number),
                    time=time,
                    assistant=assistant,
                )
            )
            history += items
            for point in _list(place, session, "memory_points"):
                came_up.setdefault(place.text(point, "memory_content"), []).extend(users(items))
            for count, asked in enumerate(_list(place, session, "questions")):
                yield _example(place, f"{user}-{number}-{count}", user, asked, history, came_up)


def _example(
    place: Place,
    id_: str,
    user: str,
    asked: Mapping[str, Any],
    history: Sequence[HistoryItem],
    came_up: Mapping[str, list[str]],
) -> Example:
    kind = place.text(asked, "question_type")
    answer = place.text(asked, "answer")
    memories = [place.text(point, "memory_content") for point in _list(place, asked, "evidence")]
    answerable = kind != UNANSWERABLE
    about: dict[str, Any] = {
        "kind": kind.lower().replace(" ", "-"),
        "memory": [{"content": text} for text in memories],
        "evidence": list(dict.fromkeys(id_ for text in memories for id_ in came_up.get(text, []))),
    }
    if asked.get("difficulty"):
        about["difficulty"] = asked["difficulty"]
    return files.example(
        place,
        id=id_,
        user_id=user,
        task="dialogue",
        question=place.text(asked, "question"),
        reference=answer if answerable else "",
        answerable=answerable,
        history=tuple(history),
        about=about if answerable else about | {"why": answer},
    )


def _list(place: Place, record: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return files.objects(place, record.get(name), name)


def _time(place: Place, named: object) -> datetime | None:
    if not named:
        return None
    try:
        return datetime.strptime(str(named), _TIME)
    except ValueError:
        raise place.error(f"{str(named)[:30]!r} is not like Dec 15, 2025, 06:11:23") from None
