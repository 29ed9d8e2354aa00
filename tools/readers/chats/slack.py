"""Slack's export of a workspace: an archive or folder of a folder a channel, with a file a day."""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
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
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.json_files import BrokenJSON, elements
from guided_profile.tools.readers.times import since_1970

_WRITTEN = (None, "thread_broadcast", "me_message", "file_share")
"""The subtypes of a message that somebody wrote; others are notices, and bots'."""

_LINK = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")

Names = Mapping[str, tuple[str, ...]]


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    names = _names(files)
    days = [file for file in files if "/" in file.name or len(files) == 1]

    def messages() -> Messages:
        return each_file(days, lambda day: _messages(day, names))

    return chat_entries("slack", messages, reading)


def _names(files: Iterable[ExportFile]) -> Names:
    """Return what each member goes by: the shown name, the full name, the account's, the id."""
    known: dict[str, tuple[str, ...]] = {}
    for file in files:
        if file.stem != "users.json":
            continue
        try:
            with file.open() as opened:
                users = [user for user in elements(opened) if isinstance(user, dict)]
        except BrokenJSON:
            users = []  # members then go by their ids
        for user in users:
            profile = user.get("profile")
            profile = profile if isinstance(profile, dict) else {}
            names = (
                profile.get("display_name"),
                profile.get("real_name"),
                user.get("real_name"),
                user.get("name"),
                user.get("id"),
            )
            known[str(user.get("id"))] = tuple(
                dict.fromkeys(name for name in names if isinstance(name, str) and name)
            )
    return known


def _messages(day: ExportFile, names: Names) -> Messages:
    channel = day.name.split("/")[-2] if "/" in day.name else None
    number = 0
    try:
        with day.open() as opened:
            for message in elements(opened):
                number += 1
                where = Refused(number, unit="message", file=day.name)
                yield _message(message, channel, where, names)
    except BrokenJSON as error:
        yield Refused(number + 1, str(error), "message", day.name)


def _message(
    message: Any, channel: str | None, where: Refused, names: Names
) -> Message | Refused | Skipped:
    if not isinstance(message, dict):
        return replace(where, reason="is not a JSON object")
    sender = message.get("user")
    posted = message.get("subtype") in _WRITTEN and not message.get("bot_id")
    if message.get("type") != "message" or not posted or not sender:
        return Skipped()
    text = message.get("text", "")
    if not isinstance(text, str) or not isinstance(sender, str):
        return replace(where, reason="text: should be text")
    try:
        time = since_1970(message.get("ts", ""))
    except ValueError as error:
        return replace(where, reason=f"time: {error}")
    try:
        plain = _plain(text, names)
    except ValueError:  # a character's number of thousands of digits
        return replace(where, reason="text: holds a character that there is not")
    id_ = message.get("client_msg_id")  # it stays when the message is edited
    key = id_ if isinstance(id_, str) else None
    return Message(where, names.get(sender, (sender,)), plain, time, channel, sender, key)


def _plain(text: str, names: Names) -> str:
    """Write mentions, channels and links as people see them."""

    def shown(link: re.Match[str]) -> str:
        kind, target, label = link.groups()
        if kind == "@":
            return f"@{label or names.get(target, (target,))[0]}"
        if kind:
            return f"{'#' if kind == '#' else '@'}{label or target}"
        return f"{label} ({target})" if label and label != target else target

    return html.unescape(_LINK.sub(shown, text))


def _recognises(head: Head) -> bool:
    entries = head.json if isinstance(head.json, list) else []
    return any(isinstance(entry, dict) and entry.keys() >= _KEYS for entry in entries)


_KEYS = frozenset(("type", "ts"))
READER = Reader(
    format="slack",
    title="Slack export of a workspace",
    obtain="In Slack, as an owner of the workspace: Tools and settings, Workspace settings, "
    "Import/Export data; the zip as it is.",
    read=_read,
    recognises=_recognises,
    marks=re.compile(r"[^/]+/[^/]+\.json"),
    holds=(re.compile(r".*\.json"),),
    streamed=False,
)
