"""WhatsApp's export of a chat: the text file, alone or in its archive or folder.

Phones write it in their own language's dates: `[11/8/21, 9:41:32 AM] Anna: Hi` (iPhone),
`05.05.23, 15:48 - Anna: Hi`, `2023/5/3 下午3:48 - Anna: Hi` (Android). They name no zone.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

from guided_profile.graph.errors import HistoryItemError
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
from guided_profile.tools.readers.chats.other_years import gregorian
from guided_profile.tools.readers.chats.roles import is_of_log, is_speaker_alone
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.lines import numbered_lines
from guided_profile.tools.readers.notices import without_notices
from guided_profile.tools.readers.times import TWO_WAYS, DateOrder, moment

MARKS = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]*+"
"""Possessive: a line of nothing else would take minutes."""
_SPACE = r"[\s_]"
MORNING = rf"a\.?{_SPACE}?m\b\.?|π\.?μ\.|öö|pg\b|ص|पूर्वाह्न|上午|凌晨|清晨|早上|午夜|午前|오전"
AFTERNOON = rf"p\.?{_SPACE}?m\b\.?|μ\.?μ\.|ös|ptg\b|م|अपराह्न|下午|中午|晚上|午後|오후"
HALF_DAY = rf"(?:{MORNING}|{AFTERNOON})(?![^\W\d_])"
_BETWEEN = rf"{MARKS}(?:[/-]|[.년月월年]{_SPACE}?){MARKS}"
_DAY = (
    rf"(?P<first>\d{{4}}|\d\d?){_BETWEEN}(?P<second>\d\d?){_BETWEEN}(?P<third>\d{{4}}|\d\d?)"
    rf"(?:[.일日]|{_SPACE}г\.)?"
)
_CLOCK = (
    rf"(?:(?P<before>{MORNING}|{AFTERNOON}){_SPACE}*)?"
    r"(?P<hour>\d\d?)[:.](?P<minute>\d\d)(?:[:.](?P<seconds>\d\d))?"
    rf"(?:{_SPACE}*(?P<after>{MORNING}|{AFTERNOON}))?(?:{_SPACE}ч\.)?"
)
_BEGIN, _END = (
    rf"{MARKS}(?P<bracket>\[)?{MARKS}",
    rf"{MARKS}(?(bracket)\]\s*|\s+[-–](?:\s+|\Z)){MARKS}",
)
HEADER = re.compile(
    rf"{_BEGIN}{_DAY}{MARKS}[,،]?{MARKS}{_SPACE}+{MARKS}(?:(?:klo|kl\.?|à){_SPACE})?{_CLOCK}{_END}",
    re.IGNORECASE,
)
"""What a message begins with: its date and its time of day, which no message lacks."""
_TIME_FIRST = re.compile(rf"{_BEGIN}{_CLOCK}{MARKS}[,،]?{_SPACE}+{_DAY}{_END}", re.IGNORECASE)
"""The same in Vietnamese."""
_SENDER = re.compile(rf"(?:~\s*)?{MARKS}([^:\n]{{1,100}}?){MARKS}:(?:\s|$)")
_PLAIN = re.compile(r"\W{0,3}[0-9]+/[0-9]+/[0-9]+[0-9,:.\s|-]*(?:[ap]m)?\W*", re.IGNORECASE)
_KOREAN = re.compile(r"\W{0,3}\d\d\. \d\d?\. \d\d?\.(?!\d)")
_AMERICAN = re.compile(r"\W{0,3}(?!0)[0-9]+/(?!0)[0-9]+/[0-9]+[0-9,:.\s|-]*[AP]M\W*")
MOST_LINES = 20_000
"""Of a message; with more, it is too long for an item anyway."""
DATES = 2000
"""Of how many messages the steps back in time are counted, if no date shows the order."""
YEARS = range(2008, 2100)
"""WhatsApp's, in UTC."""


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    @cache
    def order(file: ExportFile) -> DateOrder:
        return reading.dates or date_order(_numbers(file))

    def messages(file: ExportFile) -> Messages:
        yield from _messages(file, order(file), reading)

    return chat_entries("whatsapp", lambda: each_file(files, messages), reading)


def _messages(file: ExportFile, order: DateOrder, reading: Reading) -> Messages:
    begun: Message | Refused | Skipped | None = None
    more: list[str] = []
    last = 0
    for number, line, header in _lines(file):
        where = Refused(number, unit="line", file=file.name)
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
            yield replace(line, file=file.name)
        elif header is not None:
            begun = _begun(line, header, where, order, reading)
    if begun is not None:
        yield _ended(begun, more)


def _lines(file: ExportFile) -> Iterator[tuple[int, str | Refused, re.Match[str] | None]]:
    """Yield the lines, each with its header if it begins a message.

    An export has either brackets around all dates or around none, as its first header shows; what
    looks like a header of the other kind was quoted in a message.
    """
    brackets: bool | None = None
    for number, line in numbered_lines(file, any_encoding=True):
        header = None if isinstance(line, Refused) else header_of(line)
        if header is not None and brackets is None:
            brackets = header["bracket"] is not None
        if header is not None and (header["bracket"] is not None) != brackets:
            header = None
        yield number, line, header


def header_of(line: str) -> re.Match[str] | None:
    """Return what a message begins with; None: the line begins none."""
    return HEADER.match(line) or _TIME_FIRST.match(line)


def _begun(
    line: str, header: re.Match[str], where: Refused, order: DateOrder, reading: Reading
) -> Message | Refused | Skipped:
    sender = _SENDER.match(line, header.end())
    if sender is None:
        return Skipped()  # somebody was added, or a number changed
    text = line[sender.end() :].rstrip("\r\n")
    try:
        time = moment((*gregorian(_digits(header)), _half(header)), order, reading.zone)
    except ValueError as error:
        return replace(where, reason=f"time: {error}")
    if time.year not in YEARS:
        return replace(where, reason="time: is of another calendar, or before there was WhatsApp")
    return Message(where, (sender[1].strip(),), text, time)


def _ended(begun: Message | Refused | Skipped, more: list[str]) -> Message | Refused | Skipped:
    if not isinstance(begun, Message):
        return begun
    text = without_notices("\n".join([begun.text, *more]))
    return replace(begun, text="\n".join(text.splitlines())) if text else Skipped()


def _numbers(file: ExportFile) -> Iterator[tuple[str | None, ...]]:
    for _, _, header in _lines(file):
        if header is not None:
            yield (*_digits(header), order_hint(header[0]))


def order_hint(written: str) -> str | None:
    """Return what the form of a date and its time says of its order, where the numbers do not.

    `mdy` for `3/4/25, 9:41 PM`, which only Americans write; `/` for `03/04/25, 21:41`, which many
    do; `ymd` for the Korean `25. 3. 4.`; None where the day is first: with points, or beside words
    of other languages.
    """
    plain = re.sub(MARKS, "", written).replace("\u202f", " ")
    if _KOREAN.match(plain):
        return "ymd"
    return "mdy" if _AMERICAN.fullmatch(plain) else "/" if _PLAIN.fullmatch(plain) else None


def _digits(header: re.Match[str]) -> tuple[str | None, ...]:
    return header.group("first", "second", "third", "hour", "minute", "seconds")


def _half(header: re.Match[str]) -> str | None:
    word = header["before"] or header["after"]
    if word is None:
        return None
    return "p" if re.fullmatch(AFTERNOON, word, re.IGNORECASE) else "a"


def date_order(dates: Iterable[tuple[str | None, ...]]) -> DateOrder:
    """Find out the order of a chat's dates.

    A number above 12 is a day, and most of the dates with one decide: a line of a message may look
    like a date of another order. Where there is none, it is the order in which the messages, which
    stand in order of time, go back in time less often; at last, what `order_hint` says.

    Args:
        dates: The three numbers of each, its hour, minute and second, and what `order_hint` says.

    Raises:
        HistoryItemError: Nothing decides.
    """
    votes: Counter[DateOrder] = Counter()
    first_dates: list[tuple[int, int, int]] = []
    years_first = years_last = 0
    hints = Counter[str | None]()
    for numbers in dates:
        first, second, third = (int(number or 0) for number in numbers[:3])
        if len(numbers[0] or "") == 4 or numbers[6] == "ymd":
            years_first += 1
            continue
        years_last += 1
        if first > 12 >= second:
            votes["dmy"] += 1
        elif second > 12 >= first:
            votes["mdy"] += 1
        hints[numbers[6]] += 1
        if len(first_dates) < DATES:
            first_dates.append((first, second, third))
    if years_first > years_last:
        return "ymd"
    if votes["dmy"] != votes["mdy"]:
        return "dmy" if votes["dmy"] > votes["mdy"] else "mdy"
    return _by_order_of_time(first_dates, hints.most_common(1)[0][0] if hints else None)


def _by_order_of_time(dates: Sequence[tuple[int, int, int]], hint: str | None) -> DateOrder:
    days_first = [(year, month, day) for day, month, year in dates]
    months_first = [(year, month, day) for month, day, year in dates]
    if back := _steps_back(days_first) - _steps_back(months_first):
        return "mdy" if back > 0 else "dmy"
    if hint == "/" and days_first != months_first:
        raise HistoryItemError(TWO_WAYS)
    return "mdy" if hint == "mdy" else "dmy"


def _steps_back(dates: Sequence[tuple[int, int, int]]) -> int:
    return sum(after < before for before, after in pairwise(dates))


def _recognises(head: Head) -> bool:
    """Whether it begins as a message does, and somebody is named behind one of the times."""
    if not header_of(head.text.lstrip()):
        return False
    headers = (header_of(line) for line in head.text.splitlines())
    senders = (_SENDER.match(header.string, header.end()) for header in headers if header)
    first = next((sender[1] for sender in senders if sender), None)
    # a program's log, or a chat with a model: WhatsApp calls nobody `User`
    return first is not None and not is_of_log(first) and not is_speaker_alone(first.casefold())


READER = Reader(
    format="whatsapp",
    title="WhatsApp chat",
    obtain="In the chat in WhatsApp: its menu, More, Export chat, without media; the zip or the "
    "text file.",
    read=_read,
    recognises=_recognises,
)
