"""Discord: the data package, with the user's own messages, and DiscordChatExporter's files.

The package has a folder a channel, with `channel.json` beside the messages, as JSON or, before
2024, as a table. DiscordChatExporter writes everybody's messages: JSON, a table, or text.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Entry,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
    item,
)
from guided_profile.tools.readers.chat_messages import chat_entries
from guided_profile.tools.readers.chats.discord_exporter import TABLE, messages_of
from guided_profile.tools.readers.chats.transcript import read_chats
from guided_profile.tools.readers.heads import Head, head_of
from guided_profile.tools.readers.json_files import whole
from guided_profile.tools.readers.json_lists import Found, dict_in, dicts_in, objects, text_in
from guided_profile.tools.readers.tables import rows

_OWN = {"ID", "Timestamp", "Contents"}
_TEXT = "=============================================================="


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    kinds: dict[str, list[ExportFile]] = {}
    channels: dict[str, ExportFile] = {}
    for file in files:
        kind = _kind(head_of(file))
        kinds.setdefault(kind, []).append(file)
        if kind == "channel":
            channels[file.name.rpartition("/")[0]] = file
    for file in kinds.get("own", []):
        channel = channels.get(file.name.rpartition("/")[0])
        yield from _own(file, _channel(channel), reading)
    exported = [*kinds.get("exporter", []), *kinds.get("table", [])]
    if exported:
        yield from chat_entries("discord", lambda: each_file(exported, messages_of), reading)
    if texts := kinds.get("text"):
        yield from read_chats("discord", texts, reading)


def _own(file: ExportFile, channel: str | None, reading: Reading) -> Entries:
    for found in each_file([file], _rows):
        yield found if isinstance(found, Refused) else _entry(found[1], channel, found[0], reading)


def _rows(file: ExportFile) -> Iterator[Found | Refused]:
    is_json = head_of(file).text.lstrip().startswith("[")
    yield from objects(file) if is_json else rows(file)


def _entry(
    found: Mapping[str, Any], channel: str | None, where: Refused, reading: Reading
) -> Entry:
    text = text_in(found.get("Contents"))
    if not text:
        return Skipped()
    time = text_in(found.get("Timestamp"))
    fields = {
        "text": text,
        "time": time if "+" in time or not time else f"{time}+00:00",  # it is UTC, and says not so
        "category": channel,
        "source": reading.source or "discord",
        "kind": "said",
    }
    if found.get("ID"):
        fields["id"] = f"discord:{found['ID']}"
    return item(fields, where, reading)


def _channel(file: ExportFile | None) -> str | None:
    if file is None:
        return None
    try:
        channel = whole(file)
    except HistoryItemError:
        return None
    names = (text_in(dict_in(channel.get("guild")).get("name")), text_in(channel.get("name")))
    return ", ".join(filter(None, names))[:200] or None


def _kind(head: Head) -> str:
    columns = set(head.columns)
    found = head.json
    if columns >= TABLE:
        return "table"
    first = dicts_in(found[:1]) if isinstance(found, list) else []
    if columns >= _OWN or any(message.keys() >= _OWN for message in first):
        return "own"
    if isinstance(found, dict):
        messages = dicts_in(found.get("messages"))
        if {"guild", "channel"} <= found.keys() and isinstance(found.get("messages"), list):
            return "exporter" if not messages or "author" in messages[0] else ""
        if {"id", "type"} <= found.keys() and found.keys() & {"guild", "recipients"}:
            return "channel"
    return "text" if head.text.startswith(f"{_TEXT}\nGuild: ".replace("\n", _end(head))) else ""


def _end(head: Head) -> str:
    return "\r\n" if "\r\n" in head.text[:200] else "\n"


READER = Reader(
    format="discord",
    title="Discord data package, or DiscordChatExporter",
    obtain="In Discord: Settings, Data & Privacy, Request all of my data; the zip that the mail "
    "links to, as it is.",
    read=_read,
    recognises=_kind,
)
