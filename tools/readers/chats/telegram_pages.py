"""The HTML pages of Telegram Desktop's export."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta, timezone
from typing import TYPE_CHECKING

from guided_profile.graph.errors import SettingsError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Reading, Refused, Skipped
from guided_profile.tools.readers.chat_messages import Message, Messages
from guided_profile.tools.readers.times import NUMBERS, moment

if TYPE_CHECKING:
    from bs4 import Tag

_PAGE_TIME = re.compile(rf"{NUMBERS}(?: UTC([+-]\d\d):?(\d\d))?")
"""The time of a message in HTML: `20.08.2023 13:10:32 UTC+02:00`."""

_VIA_BOT = re.compile(r"\s{1,9}via\s{1,9}@")

_NO_TAG = re.compile(rb"<(?!/?[a-zA-Z][^<>]{0,8000}>)")
"""What opens a tag that does not end, or a comment: the parser would look for the end of each
through the rest of the page."""


def of_pages(file: ExportFile, reading: Reading) -> Messages:
    """Yield the messages of a page.

    Raises:
        SettingsError: What reads it is not installed.
    """
    try:
        from bs4 import BeautifulSoup
    except ImportError as error:
        raise SettingsError(
            "reading Telegram's pages needs beautifulsoup4; install it with "
            "`pip install 'guided-profile[chats]'`."
        ) from error
    markup = _NO_TAG.sub(b"&lt;", file.read())
    page = BeautifulSoup(markup, "html.parser", from_encoding="utf-8")
    header = page.select_one(".page_header")
    title = header.select_one(".text") if header else None
    chat = title.get_text().strip() if title else None
    sender = None
    for message in _outermost(page):
        where = Refused(message.sourceline or 0, unit="line", file=file.name)
        name = next(iter(message.select(":scope > .body > .from_name")), None)
        shown = _VIA_BOT.split(name.get_text().strip()) if name else [sender]
        sender = shown[0]  # it is named once in a row
        if len(shown) > 1:
            yield Skipped()  # a bot's words, which the sender picked
            continue
        yield _from_page(message, sender, chat or None, where, reading)


def _outermost(page: "Tag") -> Iterator["Tag"]:
    """Yield the messages of a page but those in others: there are none, and each is read whole."""
    waiting = [page]
    while waiting:
        tag = waiting.pop()
        if {"message", "default"} <= set(tag.get_attribute_list("class")):
            yield tag
        else:
            waiting += reversed(tag.find_all(True, recursive=False))


def _from_page(
    message: "Tag", sender: str | None, chat: str | None, where: Refused, reading: Reading
) -> Message | Refused | Skipped:
    text = message.select_one(":scope > .body > .text")
    if text is None:
        return Skipped()  # a picture, or somebody else's words, forwarded
    if sender is None:
        return replace(where, reason="names nobody who wrote it")
    for line_break in text.select("br"):
        line_break.replace_with("\n")
    date = message.select_one(".date.details")
    found = _PAGE_TIME.fullmatch(str(date.get("title", "")).strip()) if date else None
    if found is None:
        return replace(where, reason="time: is none that Telegram writes")
    try:
        *numbers, hours, minutes = found.groups()
        offset = timedelta(hours=int(hours or 0), minutes=int(f"{(hours or '+')[0]}{minutes or 0}"))
        time = moment(tuple(numbers), "dmy", timezone(offset) if hours else reading.zone)
    except ValueError as error:
        return replace(where, reason=f"time: {error}")
    return Message(where, (sender,), text.get_text().strip(), time, chat)
