"""BEAM: ten abilities of a memory, asked of chats of 100,000 to 10 million tokens.

Tavakoli et al. 2025 (arXiv 2510.27246), github.com/mohammadtavakoli78/BEAM, which states no terms:
measure with it, pass nothing on. `chats/SIZE/NUMBER/` holds `chat.json`, or `chat_trunecated.json`
(the owners' spelling), which goes before it: a list of batches with `turns`, lists of messages
(`id`, `role`, `content`, `time_anchor`); of 10M a list of such lists by plan. Beside it,
`probing_questions/probing_questions.json` holds the questions by ability, with `rubric` and
`source_chat_ids`. To abstain from everything is right for all of `abstention`, so read it beside
`update`. About 1 of 8 `contradiction`s is arguable.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.conversations import said
from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.errors import DatasetError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.records import Place

ABILITIES = {
    "abstention": ("abstention", "ideal_response"),
    "contradiction_resolution": ("contradiction", "ideal_answer"),
    "event_ordering": ("order", "answer"),
    "information_extraction": ("fact", "answer"),
    "instruction_following": ("instruction", "expected_compliance"),
    "knowledge_update": ("update", "answer"),
    "multi_session_reasoning": ("across-sessions", "answer"),
    "preference_following": ("preference", "expected_compliance"),
    "summarization": ("summary", "ideal_summary"),
    "temporal_reasoning": ("time", "answer"),
}
"""By the owners' word: our kind of row, and the field that holds what is right."""

_MARK = re.compile(r"\s*->->\s*[\d,\s]*$")
"""What the owners' pipeline left at the end of a user's message."""
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


def beam(paths: Sequence[Path], *, assistant: bool = False) -> Iterator[Example]:
    """Read BEAM's questions, the history of each the whole chat before it.

    Args:
        paths: Folders of chats, of any depth: `chats`, `chats/100K`, `chats/100K/1`.
        assistant: Whether the assistant's words are in the history too, with the role `other`.

    Raises:
        DatasetError: A file is missing, wrong or cut short.
    """
    found = sorted(
        (path for folder in paths for path in folder.glob("**/probing_questions.json")), key=str
    )
    if not found:
        raise DatasetError("there is no probing_questions.json; give BEAM's folder of chats.")
    for path in found:
        chat = path.parent.parent
        name = f"beam-{chat.parent.name}-{chat.name}"
        history = _history(chat, assistant)
        questions = files.json_file(path)
        if not isinstance(questions, dict):
            raise Place(path, 1).error("it is no object of questions by ability")
        for ability, asked in questions.items():
            if ability not in ABILITIES:
                raise Place(path, 1).error(f"{ability!r} is none of {sorted(ABILITIES)}")
            kind, answer = ABILITIES[ability]
            rows = files.objects(Place(path, 1), asked, ability)
            for number, entry in enumerate(rows):
                place = Place(path, number + 1, f"{ability} question")
                yield _example(place, entry, kind, answer, f"{name}-{kind}-{number}", name, history)


def _example(
    place: Place,
    asked: Mapping[str, Any],
    kind: str,
    answer: str,
    id_: str,
    user: str,
    history: tuple[HistoryItem, ...],
) -> Example:
    right = place.text(asked, answer)
    sources = asked.get("source_chat_ids") or []
    parts = list(sources.values()) if isinstance(sources, dict) else [sources]
    there = {item.id for item in history}
    about: dict[str, Any] = {
        "kind": kind,
        "difficulty": asked.get("difficulty"),
        "rubric": files.texts(place, asked.get("rubric"), "rubric"),
        "evidence": [source for source in map(str, _flat(parts)) if source in there],
    }
    if kind == "abstention":
        about["why"] = asked.get("why_unanswerable")
    if kind in ("instruction", "preference"):
        about["preference"] = place.text(asked, f"{kind}_being_tested")
        signs = "non_compliance_signs"
        about["violates"] = files.texts(place, asked.get(signs), signs)
    if kind == "update" and (figures := _FIGURE.findall(" ".join(about["rubric"]))):
        about["numbers"] = figures
    return files.example(
        place,
        id=id_,
        user_id=user,
        task="dialogue",
        question=place.text(asked, "question"),
        reference="" if kind == "abstention" else right,
        answerable=kind != "abstention",
        history=history,
        about={name: value for name, value in about.items() if value is not None},
    )


def _history(chat: Path, assistant: bool) -> tuple[HistoryItem, ...]:
    """Return the chat's messages, with the day that was named last; the ids are the owners'."""
    names = ("chat_trunecated.json", "chat.json")
    path = next((chat / name for name in names if (chat / name).exists()), chat / names[1])
    items: list[HistoryItem] = []
    time: datetime | None = None
    for place, element in files.json_array(path):
        for message in _messages(place, element):
            time = _day(place, message.get("time_anchor")) or time
            text = _MARK.sub("", str(message.get("content") or ""))
            here = said(place, [message | {"content": text}], time=time, assistant=assistant)
            items += (item.model_copy(update={"id": place.text(message, "id")}) for item in here)
    return tuple(items)


def _messages(place: Place, element: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the messages of a batch, or of the batches of a plan."""
    batches = [element] if "turns" in element else list(_flat([*element.values()]))
    for batch in batches:
        if not isinstance(batch, dict):
            raise place.error("it is no batch of turns, nor a plan of batches")
        for message in _flat(place.field(batch, "turns", list)):
            if not isinstance(message, dict):
                raise place.error("a message of 'turns' is no object")
            yield message


def _day(place: Place, named: object) -> datetime | None:
    if not named:
        return None
    try:
        return datetime.strptime(str(named), "%B-%d-%Y")
    except ValueError:
        raise place.error(f"a time_anchor is {str(named)[:30]!r}, not like March-15-2024") from None


def _flat(values: Any) -> Iterator[Any]:
    for value in values if isinstance(values, list) else [values]:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value
