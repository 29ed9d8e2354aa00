"""Messenger's export in JSON: `message_1.json` of a chat, or an archive or folder with many.

Facebook writes each byte of UTF-8 as a character of its own (`Ã©` for `é`); the export of encrypted
chats has other names for the same fields, and does not.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guided_profile.tools.readers.archive import Part
from guided_profile.tools.readers.base import Reading, Refused, Skipped
from guided_profile.tools.readers.chats import App, Heard, Said, heard, loader
from guided_profile.tools.readers.json_files import whole
from guided_profile.tools.readers.times import since_1970

if TYPE_CHECKING:
    from langchain_core.chat_loaders import BaseChatLoader


def messenger(files: Iterable[Part], reading: Reading) -> App:
    """Return the app, with the export's files."""
    parts = list(files)

    def hear() -> Heard:
        for part in parts:
            yield from heard(_messages(part))

    return App("messenger", hear, _load)


def _messages(part: Part) -> Heard:
    chat = whole(part)
    messages, title = chat.get("messages"), chat.get("title") or chat.get("threadName")
    if not isinstance(messages, list) or "participants" not in chat:
        return  # another file of the account's export
    name = _mended(title) if isinstance(title, str) and title else None
    for number, message in enumerate(messages, start=1):
        yield _message(message, name, Refused(number, unit="message", file=part.name))


def _message(message: Any, chat: str | None, where: Refused) -> Said | Refused | Skipped:
    if not isinstance(message, dict):
        return replace(where, reason="is not a JSON object")
    text = message.get("content", message.get("text"))
    if text is None:
        return Skipped()  # a picture, a call
    sender = message.get("sender_name", message.get("senderName"))
    if not isinstance(text, str) or not isinstance(sender, str):
        return replace(where, reason="content or sender_name: should be text")
    milliseconds = message.get("timestamp_ms", message.get("timestamp"))
    try:
        time = since_1970(float(milliseconds or "") / 1000)
    except (ValueError, TypeError):
        return replace(where, reason="time: is no count of milliseconds")
    return Said(where, (_mended(sender),), _mended(text), time, chat)


def _mended(text: str) -> str:
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _load(said: Sequence[Said], folder: Path) -> "BaseChatLoader":
    path = folder / "message_1.json"
    messages = [
        {"sender_name": str(number), "timestamp_ms": number, "content": one.text}
        for number, one in enumerate(said)
    ]
    path.write_text(json.dumps({"messages": messages}), encoding="ascii")
    return loader("SingleFileFacebookMessengerChatLoader", str(path))
