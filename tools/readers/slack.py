"""Slack's export of a workspace: an archive or folder of a folder a channel, with a file a day."""

import html
import json
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guided_profile.tools.readers.archive import Part
from guided_profile.tools.readers.base import Reading, Refused, Skipped
from guided_profile.tools.readers.chats import App, Heard, Said, heard, loader
from guided_profile.tools.readers.json_files import BrokenJSON, elements
from guided_profile.tools.readers.times import since_1970

if TYPE_CHECKING:
    from langchain_core.chat_loaders import BaseChatLoader

SPOKEN = (None, "thread_broadcast", "me_message", "file_share")
"""The subtypes of a message that somebody wrote; others are notices, and bots'."""

_LINK = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")

Names = Mapping[str, tuple[str, ...]]


def slack(files: Iterable[Part], reading: Reading) -> App:
    """Return the app, with the export's files."""
    parts = list(files)
    names = _names(parts)

    def hear() -> Heard:
        for part in parts:
            if "/" in part.name:
                yield from heard(_messages(part, names))

    return App("slack", hear, _load)


def _names(parts: Iterable[Part]) -> Names:
    """Return what each member goes by: the shown name, the full name, the account's, the id."""
    known: dict[str, tuple[str, ...]] = {}
    for part in parts:
        if part.stem != "users.json":
            continue
        try:
            with part.open() as file:
                users = [user for user in elements(file) if isinstance(user, dict)]
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


def _messages(part: Part, names: Names) -> Heard:
    channel = part.name.split("/")[-2]
    number = 0
    try:
        with part.open() as file:
            for message in elements(file):
                number += 1
                where = Refused(number, unit="message", file=part.name)
                yield _message(message, channel, where, names)
    except BrokenJSON as error:
        yield Refused(number + 1, str(error), "message", part.name)


def _message(message: Any, channel: str, where: Refused, names: Names) -> Said | Refused | Skipped:
    if not isinstance(message, dict):
        return replace(where, reason="is not a JSON object")
    sender = message.get("user")
    if message.get("type") != "message" or message.get("subtype") not in SPOKEN or not sender:
        return Skipped()
    text = message.get("text", "")
    if not isinstance(text, str) or not isinstance(sender, str):
        return replace(where, reason="text: should be text")
    try:
        time = since_1970(message.get("ts", ""))
    except ValueError as error:
        return replace(where, reason=f"time: {error}")
    goes_by = names.get(sender, (sender,))
    return Said(where, goes_by, _plain(text, names), time, channel, sender)


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


def _load(said: Sequence[Said], folder: Path) -> "BaseChatLoader":
    path = folder / "slack.zip"
    messages = [{"user": str(number), "text": one.text} for number, one in enumerate(said)]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("channel/day.json", json.dumps(messages))
    return loader("SlackChatLoader", str(path))
