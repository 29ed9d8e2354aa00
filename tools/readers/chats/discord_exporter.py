"""What DiscordChatExporter writes: everybody's messages, in JSON or as a table."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Refused, Skipped
from guided_profile.tools.readers.chat_messages import Message, Messages
from guided_profile.tools.readers.heads import head_of
from guided_profile.tools.readers.json_lists import dict_in, objects, text_in
from guided_profile.tools.readers.tables import rows
from guided_profile.tools.readers.times import read_time

TABLE = {"AuthorID", "Author", "Date", "Content"}
_WRITTEN = ("Default", "Reply")
"""The types of messages that somebody wrote; others are calls, pins and new members."""


def messages_of(file: ExportFile) -> Messages:
    """Yield the messages of a file in JSON, or of a table."""
    if set(head_of(file).columns) >= TABLE:
        for row in rows(file):
            yield row if isinstance(row, Refused) else _of_table(*row)
        return
    chat = head_of(file).json
    names = (dict_in(dict_in(chat).get(key)).get("name") for key in ("guild", "channel"))
    category = ", ".join(filter(None, map(text_in, names)))[:200] or None
    for found in objects(file, "messages"):
        yield found if isinstance(found, Refused) else _of_exporter(*found, category)


def _of_table(where: Refused, cells: Mapping[str, str]) -> Message | Refused | Skipped:
    try:
        time = read_time(cells.get("Date", ""), UTC)
    except ValueError:
        time = None
    name, id_ = cells.get("Author", ""), cells.get("AuthorID", "")
    return Message(where, (name,), cells.get("Content", ""), time, None, id_)


def _of_exporter(
    where: Refused, found: Mapping[str, Any], chat: str | None
) -> Message | Refused | Skipped:
    author = dict_in(found.get("author"))
    text, id_ = text_in(found.get("content")), text_in(author.get("id"))
    names = tuple(filter(None, (text_in(author.get("nickname")), text_in(author.get("name")))))
    if found.get("type") not in _WRITTEN or author.get("isBot") is True or not text or not names:
        return Skipped()
    try:
        time = read_time(text_in(found.get("timestamp")), UTC)
    except ValueError:
        time = None
    return Message(where, names, text, time, chat, id_, text_in(found.get("id")) or None)
