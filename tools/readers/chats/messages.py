"""Messages as models' programs keep them: `role` and `content`, in JSON or JSON Lines.

OpenAI's `{"messages": [...]}`, a message on each line, `{"role": "user", "parts": [...]}` of
Gemini, `{"from": "human", "value": ...}`, logs whose lines hold a `message` each, and the exports
of Open WebUI and LibreChat.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    UNSAID,
    UNSAID_ROLES,
    Entries,
    Entry,
    Reader,
    Reading,
    Refused,
    Skipped,
    conversation_place,
    each_file,
    item,
)
from guided_profile.tools.readers.heads import Head, head_of
from guided_profile.tools.readers.json_lists import (
    dict_in,
    dicts_in,
    line_objects,
    objects,
    text_in,
)

_OWN = ("user", "human", "prompter")
_OTHERS = ("assistant", "ai", "model", "gpt", "chatgpt", "bot")
_WHO = ("role", "from", "sender", "author")
_WHAT = ("content", "value", "text", "parts", "message")
_WHEN = ("timestamp", "created_at", "create_time", "time", "date")
_LISTS = ("messages", "conversations", "conversation", "turns", "history", "contents")


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    yield from each_file(files, lambda file: _entries(file, reading))


def _entries(file: ExportFile, reading: Reading) -> Entries:
    for found in _objects(file):
        if isinstance(found, Refused):
            yield found
            continue
        where, entry = found
        turns = _turns(entry)
        if turns is None:
            yield _entry(entry, where, reading)
            continue
        place = conversation_place(file.name, where.line)
        for number, turn in enumerate(turns, start=1):
            yield _entry(turn, Refused(number, unit="message", file=place), reading)


def _objects(file: ExportFile) -> Iterator[tuple[Refused, dict[str, Any]] | Refused]:
    return line_objects(file) if head_of(file).records else objects(file, *_LISTS)


def _turns(entry: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the messages of a conversation; None: it is a message itself."""
    entry = entry["chat"] if isinstance(entry.get("chat"), dict) else entry
    return next((dicts_in(entry[key]) for key in _LISTS if isinstance(entry.get(key), list)), None)


def _entry(entry: Mapping[str, Any], where: Refused, reading: Reading) -> Entry:
    inner = dict_in(entry.get("message"))
    message = {**entry, **inner} if _role(inner) else entry
    role = _role(message)
    text = _text(next((message[key] for key in _WHAT if message.get(key)), ""))
    if not role and text:
        return replace(where, reason="names no role that models' chats have")
    if role in UNSAID_ROLES:
        return UNSAID
    if not text or entry.get("isMeta") is True:
        return Skipped()
    fields: dict[str, Any] = {
        "text": text,
        "time": next((message[key] for key in _WHEN if message.get(key)), None),
        "role": "user" if role in _OWN else "other",
        "source": reading.source or "chat",
        "kind": "said",
    }
    return item(fields, where, reading)


def _role(message: Mapping[str, Any]) -> str:
    if isinstance(message.get("isCreatedByUser"), bool):
        return "user" if message["isCreatedByUser"] else "assistant"
    for key in _WHO:
        found = message.get(key)
        name = text_in(found.get("role") if isinstance(found, dict) else found).casefold()
        if name in (*_OWN, *_OTHERS, *UNSAID_ROLES):
            return name
    return ""


def _text(content: Any) -> str:
    """Return what was said; pictures, tools and thoughts are parts of other types."""
    if isinstance(content, list):
        parts = [
            part if isinstance(part, str) else text_in(dict_in(part).get("text"))
            for part in content
            if isinstance(part, str) or str(dict_in(part).get("type", "text")).endswith("text")
        ]
        return "\n".join(part.strip() for part in parts if part.strip())
    return text_in(content)


def _recognises(head: Head) -> bool:
    found = head.json
    first = head.records or (dicts_in(found[:50]) if isinstance(found, list) else [dict_in(found)])
    turns = [turn for entry in first for turn in (_turns(entry) or [entry])]
    roles = [_role(dict_in(turn.get("message"))) or _role(turn) for turn in turns]
    spoken = any(not isinstance(turn.get("text", ""), str) or "text" not in turn for turn in turns)
    others = any(role in (*_OTHERS, *UNSAID_ROLES, "human") for role in roles)
    # `user` and a text are an item of this program too
    return bool(roles) and sum(map(bool, roles)) * 2 >= len(roles) and (others or spoken)


READER = Reader(
    format="messages",
    title="messages of a model's chat (role and content)",
    read=_read,
    recognises=_recognises,
)
