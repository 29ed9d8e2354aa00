"""WhatsApp's export of a chat: the text file, alone or in its archive or folder.

Phones write it in their own language's dates: `[11/8/21, 9:41:32 AM] Anna: Hi` (iPhone),
`05.05.23, 15:48 - Anna: Hi`, `7/19/22, 11:26 pm - Anna: Hi` (Android). They name no zone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from guided_profile.tools.history_chats import LINE_BREAK, App, Heard, Said, heard, loader
from guided_profile.tools.history_entries import Reading, Refused, Skipped
from guided_profile.tools.history_lines import numbered
from guided_profile.tools.history_parts import Part
from guided_profile.tools.history_times import NUMBERS, DateOrder, moment

if TYPE_CHECKING:
    from langchain_core.chat_loaders import BaseChatLoader

_MARKS = "[\u200e\u200f\u202a-\u202e\ufeff]*"
HEADER = re.compile(
    rf"{_MARKS}\[?{NUMBERS}(?<=\d\d|.m|m\.)(?:\]\s*|\s+[-–]\s+){_MARKS}", re.IGNORECASE
)
"""What a message begins with: its date and time, in seven groups."""
_SENDER = re.compile(rf"(?:~\s*)?{_MARKS}([^:\n]{{1,100}}?){_MARKS}:(?:\s|$)")
_EDITED = re.compile("\\s*\u200e?<This message was edited>\\s*$")
_NOTICE = re.compile(r"<[^<>\n]{3,60}>")
"""A message that is nothing but `<Media omitted>`, in any language."""

MOST_LINES = 20_000
"""Of a message; with more, it is too long for an item anyway."""
DATES = 2000
"""Of how many messages with dates that may be read in two ways the order is found out."""


def whatsapp(files: Iterable[Part], reading: Reading) -> App:
    """Return the app, with the export's text files."""
    texts = list(files)

    def hear() -> Heard:
        for part in texts:
            order = reading.dates or date_order(_numbers(part))
            yield from heard(_messages(part, order, reading))

    return App("whatsapp", hear, _load)


def _messages(part: Part, order: DateOrder, reading: Reading) -> Heard:
    begun: Said | Refused | Skipped | None = None
    more: list[str] = []
    last = 0
    for number, line in numbered(part):
        where = Refused(number, unit="line", file=part.name)
        header = None if isinstance(line, Refused) else HEADER.match(line)
        if header is None and not isinstance(line, Refused):
            if begun is None:
                yield replace(where, reason="begins with no date and time that WhatsApp writes")
            elif len(more) < MOST_LINES:
                more += [""] * (number > last + 1) + [line.rstrip("\r\n")]
            last = number
            continue
        if begun is not None:
            yield _ended(begun, more)
        begun, more, last = None, [], number
        if isinstance(line, Refused):
            yield replace(line, file=part.name)
        elif header is not None:
            begun = _begun(line, header, where, order, reading)
    if begun is not None:
        yield _ended(begun, more)


def _begun(
    line: str, header: re.Match[str], where: Refused, order: DateOrder, reading: Reading
) -> Said | Refused | Skipped:
    sender = _SENDER.match(line, header.end())
    if sender is None:
        return Skipped()  # somebody was added, or a number changed
    text = line[sender.end() :].rstrip("\r\n")
    if text.lstrip(" ").startswith("\u200e") or _NOTICE.fullmatch(text.strip()):
        return Skipped()  # the app's own words, in any language
    try:
        time = moment(header.groups(), order, reading.zone)
    except ValueError as error:
        return replace(where, reason=f"time: {error}")
    return Said(where, (sender[1].strip(),), text, time)


def _ended(begun: Said | Refused | Skipped, more: list[str]) -> Said | Refused | Skipped:
    if not isinstance(begun, Said):
        return begun
    text = _EDITED.sub("", "\n".join([begun.text, *more]).rstrip())
    return replace(begun, text=text)


def _numbers(part: Part) -> Iterator[tuple[str | None, ...]]:
    for _, line in numbered(part):
        header = None if isinstance(line, Refused) else HEADER.match(line)
        if header is not None:
            yield header.groups()


def date_order(dates: Iterable[tuple[str | None, ...]]) -> DateOrder:
    """Find out the order of a chat's dates.

    A number above 12 is a day. Where there is none, it is the order in which the messages, which
    stand in order of time, go back in time less often; at last, hours with AM and PM speak for
    the month first.
    """
    seen: list[tuple[int, int, int]] = []
    half_days = 0
    for numbers in dates:
        first, second, third = (int(part or 0) for part in numbers[:3])
        if len(numbers[0] or "") == 4:
            return "ymd"
        if first > 12:
            return "dmy"
        if second > 12:
            return "mdy"
        half_days += bool(numbers[6])
        if len(seen) < DATES:
            seen.append((first, second, third))
    days_first = [(year, month, day) for day, month, year in seen]
    months_first = [(year, month, day) for month, day, year in seen]
    back = _steps_back(days_first) - _steps_back(months_first)
    if back:
        return "mdy" if back > 0 else "dmy"
    return "mdy" if half_days else "dmy"


def _steps_back(dates: Sequence[tuple[int, int, int]]) -> int:
    return sum(after < before for before, after in pairwise(dates))


def _load(said: Sequence[Said], folder: Path) -> "BaseChatLoader":
    path = folder / "chat.txt"
    # the loader joins lines with spaces, and takes a line that looks like a header for one
    lines = (
        f"[01/01/2000, 00:00:00] {number}: {LINE_BREAK.join(one.text.splitlines()).strip()}\n"
        for number, one in enumerate(said)
    )
    path.write_text("".join(lines), encoding="utf-8")
    return loader("WhatsAppChatLoader", str(path))
