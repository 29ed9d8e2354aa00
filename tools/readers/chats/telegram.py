"""Telegram Desktop's export: `result.json`, of one chat or of the whole account, or HTML pages."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
)
from guided_profile.tools.readers.chat_messages import Message, Messages, chat_entries
from guided_profile.tools.readers.chats.telegram_pages import of_pages
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.json_lists import CUT, dict_in, dicts_in, object_of
from guided_profile.tools.readers.times import since_1970, zoned


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    def messages() -> Messages:
        return each_file(files, lambda file: _messages(file, reading))

    return chat_entries("telegram", messages, reading)


def _messages(file: ExportFile, reading: Reading) -> Messages:
    is_json = file.stem.endswith(".json") or not file.read()[:100].lstrip().startswith(b"<")
    yield from _json(file, reading) if is_json else of_pages(file, reading)


def _json(file: ExportFile, reading: Reading) -> Messages:
    number = 0
    export, is_cut = object_of(file, "messages")
    own_id = None if reading.me else _own_id(export)
    for chat in _chats(export):
        messages = chat.get("messages") if isinstance(chat, dict) else None
        name = chat.get("name") if isinstance(chat, dict) else None
        name = name if isinstance(name, str) and name else None
        id_ = chat.get("id") if isinstance(chat, dict) else None
        for message in messages if isinstance(messages, list) else []:
            number += 1
            where = Refused(number, unit="message", file=file.name)
            read = _message(message, name, where, reading)
            if isinstance(read, Message):
                own = read.id == own_id if own_id else None
                read = replace(read, key=_key(id_, message), own=own)
            yield read
    if is_cut:
        yield Refused(number, CUT, "message", file.name)


def _own_id(export: Mapping[str, Any]) -> str | None:
    """Return the id of the export's user; None: it does not say.

    The whole account's names them. A chat of two goes by the other one's name: they are who is in
    it beside.
    """
    if account := dict_in(export.get("personal_information")).get("user_id"):
        return f"user{account}"
    found = set()
    for chat in _chats(export):
        if not isinstance(chat, dict) or chat.get("type") != "personal_chat":
            continue
        people = {
            str(message.get("from_id")): message.get("from")
            for message in dicts_in(chat.get("messages"))
            if message.get("from_id") and message.get("from")
        }
        others = [id_ for id_, name in people.items() if name != chat.get("name")]
        if len(people) == 2 and len(others) == 1:
            found.add(others[0])
    return found.pop() if len(found) == 1 else None


def _chats(export: Mapping[str, Any]) -> Iterator[Any]:
    yield export
    for name in ("chats", "left_chats"):
        listed = export.get(name)
        chats = listed.get("list") if isinstance(listed, dict) else None
        yield from chats if isinstance(chats, list) else []


def _message(
    message: Any, chat: str | None, where: Refused, reading: Reading
) -> Message | Refused | Skipped:
    if not isinstance(message, dict):
        return replace(where, reason="is not a JSON object")
    if message.get("type", "message") != "message":
        return Skipped()  # a call, a pinned message, somebody joined
    if "forwarded_from" in message or "forwarded_from_id" in message:
        return Skipped()  # somebody else's words; null where their account is deleted
    if message.get("via_bot"):
        return Skipped()  # a bot's words, which the sender picked
    text = _text(message.get("text", ""))
    if text is None:
        return replace(where, reason="text: should be text")
    sender, id_ = message.get("from"), message.get("from_id")
    name = sender if isinstance(sender, str) else "Deleted Account"
    try:
        time = _time(message, reading)
        return Message(where, (name,), text, time, chat, "" if id_ is None else str(id_))
    except ValueError as error:
        return replace(where, reason=f"time: {error}")


def _key(chat: Any, message: Mapping[str, Any]) -> str | None:
    """Return what stays the same of a message when it is edited: its chat, its id and its time."""
    number = message.get("id")
    if not isinstance(chat, int) or not isinstance(number, int):
        return None
    return f"{chat}:{number}:{message.get('date_unixtime', message.get('date'))}"


def _text(text: Any) -> str | None:
    """Join a text that was taken apart for its links and bold words; None if it is no text."""
    if isinstance(text, str):
        return text
    if not isinstance(text, list):
        return None
    pieces = [piece.get("text") if isinstance(piece, dict) else piece for piece in text]
    words = [piece for piece in pieces if isinstance(piece, str)]
    return "".join(words) if len(words) == len(pieces) else None


def _time(message: Mapping[str, Any], reading: Reading) -> datetime | None:
    if message.get("date_unixtime") is not None:
        return since_1970(message["date_unixtime"])
    if message.get("date") is None:
        return None
    # exports of before 2022 have the phone's time alone
    time = zoned(str(message["date"]), reading.zone, reading.dates)
    if not isinstance(time, datetime):
        raise ValueError("is no date and time that Telegram writes")
    return time


_PAGE = re.compile(r'class="(?:page_wrap|page_header|message default)\b')


def _recognises(head: Head) -> object:
    if not isinstance(head.json, dict):
        return _PAGE.search(head.text)
    chats = head.json.get("chats")
    messages = head.json.get("messages")
    if isinstance(chats, dict) and "list" in chats:
        return True
    if isinstance(messages, list) and messages:
        return isinstance(messages[0], dict) and not _KEYS.isdisjoint(messages[0])
    return head.json.keys() >= _OF_ACCOUNT or (messages == [] and "type" in head.json)


_KEYS = frozenset(("from", "from_id", "date_unixtime", "date", "actor"))
_OF_ACCOUNT = frozenset(("about", "personal_information", "contacts"))
"""What the export of an account begins with: its chats may stand far behind."""
READER = Reader(
    format="telegram",
    title="Telegram export",
    obtain="In Telegram Desktop: Settings, Advanced, Export Telegram data, best as "
    "machine-readable JSON; or of one chat, its menu, Export chat history.",
    read=_read,
    recognises=_recognises,
    marks=re.compile(r"result\.json|messages\.html"),
    holds=(re.compile(r"result\.json"), re.compile(r".*\.html")),
    streamed=False,
)
