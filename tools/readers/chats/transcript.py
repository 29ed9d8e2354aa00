"""Chats as plain text, of whatever app or program: `turns` knows where their messages begin.

`21:41<TAB>Anna<TAB>Hi` (LINE), `[Anna] [오후 9:41] Hi` (KakaoTalk), `Anna 2025-01-02 21:41` with
the words below (WeChat), a time, a name and the words on lines of their own (iMessage), a field
`From: Anna` among others (Signal), `User: Hi`, `**ChatGPT said:**`. Which of the labels the user is
has to be said; that the user alone wrote such a file is said with `--format text`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache
from itertools import islice

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Entries, Reader, Reading, Refused, Skipped, each_file
from guided_profile.tools.readers.chat_messages import Message, Messages, chat_entries
from guided_profile.tools.readers.chats.exporters import own_words
from guided_profile.tools.readers.chats.speakers import speakers_of
from guided_profile.tools.readers.chats.turns import (
    DATE,
    Form,
    Head,
    form_of,
    heads_of,
    shape_of,
)
from guided_profile.tools.readers.chats.whatsapp import (
    AFTERNOON,
    MORNING,
    MOST_LINES,
    date_order,
    order_hint,
)
from guided_profile.tools.readers.lines import numbered_lines
from guided_profile.tools.readers.notices import without_notices
from guided_profile.tools.readers.times import moment

_HEAD = 2**16
_MOST_LINES_OF_HEAD = 1000
_ONLY_A_DATE = re.compile(rf"\W{{0,40}}(?:[^\W\d]{{1,12}}\W{{1,3}})?{DATE}\D{{0,40}}")
"""Stands between the days of a chat."""
_NUMBERS = re.compile(DATE)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DAY_FIRST = re.compile(
    r"(\d{1,2})[ .-]{1,2}([a-z]{3})[a-z]*[ .,-]{1,2}(\d{4}|\d\d)\b", re.IGNORECASE
)
_MONTH_FIRST = re.compile(r"\b([a-z]{3})[a-z]*[ .]{1,2}(\d{1,2}),? (\d{4})\b", re.IGNORECASE)
_HALF = re.compile(rf"(?<![^\W\d])(?:({AFTERNOON})|{MORNING})(?![^\W\d_])", re.IGNORECASE)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)\b(?!.*\d)")
_RULES = re.compile(r"(?:\n[ \t]*|^)(?:(?:\* ?){3,}|(?:- ?){3,}|(?:_ ?){3,})\s*\Z")
"""Between two messages, in Markdown."""
_FIELD = re.compile(r"([A-Z][\w-]{1,20}): (.*)")


def begins_chat(head: str) -> Form | None:
    """Return the form of the chat that a file's beginning is of; None: it is of none."""
    return form_of(_first_lines(head))


def _first_lines(head: str) -> list[str]:
    return [*islice((line for line in head.splitlines() if line.strip()), _MOST_LINES_OF_HEAD)]


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    return read_chats("chat", files, reading)


def read_chats(app: str, files: Sequence[ExportFile], reading: Reading) -> Entries:
    """Read chats as text that an app, or a program for it, has exported."""
    chat = cache(lambda file: _Chat(file, reading, app))

    def messages(file: ExportFile) -> Messages:
        yield from chat(file).messages()

    return chat_entries(app, lambda: each_file(files, messages), reading)


class _Chat:
    """A chat that is read line by line."""

    def __init__(self, file: ExportFile, reading: Reading, app: str) -> None:
        with file.open() as opened:
            lines = _first_lines(opened.read(_HEAD).decode("utf-8-sig", errors="replace"))
        form = form_of(lines)
        if form is None:
            raise HistoryItemError(
                f"{file.name or 'the file'!r} is no chat whose lines begin with times or names "
                "that come back; name its kind with --format, or `text` if the user alone wrote it."
            )
        self._file, self._form, self._zone = file, form, reading.zone
        self._by_exporter = app != "chat"
        self._speakers = speakers_of(form, lines)
        self._shapes: set[str | None] = set()
        self._order = reading.dates or date_order(self._dates())

    def _dates(self) -> Iterator[tuple[str | None, ...]]:
        for _, line in numbered_lines(self._file, any_encoding=True):
            if isinstance(line, Refused):
                continue
            if head := heads_of(line).get(self._form):
                self._shapes.add(shape_of(line))
            written = head.stamp if head else line if _ONLY_A_DATE.fullmatch(line.strip()) else ""
            if date := _NUMBERS.search(written):
                yield (*date.groups(), None, None, None, order_hint(written))

    def messages(self) -> Messages:
        """Yield what each message became, at its end."""
        begun: _Begun | None = None
        last = 0
        day = ""
        for number, line in numbered_lines(self._file, any_encoding=True):
            where = Refused(number, file=self._file.name)
            if isinstance(line, Refused):
                yield replace(line, file=self._file.name)
                continue
            line = line.rstrip("\r\n")
            head = heads_of(line).get(self._form)
            head = head if head and self._speakers.begins(head) else None
            is_notice = head is None and shape_of(line) in self._shapes - {None}
            if is_notice and begun and begun.awaits_words and number == last + 1:
                is_notice = False  # an earlier version of the words, with its time
            if head or is_notice:
                if begun:
                    yield self._ended(begun)
                begun = _Begun(where, head, day)
            elif self._form != "label" and _ONLY_A_DATE.fullmatch(line.strip()):
                day = line
            elif begun is None:
                yield Skipped("lines before the first message")
            else:
                begun.add(line, self._form, follows=number == last + 1)
            last = number
        if begun:
            yield self._ended(begun)

    def _ended(self, begun: "_Begun") -> Message | Refused | Skipped:
        text = _RULES.sub("", "\n".join(begun.lines))
        text = without_notices(own_words(text) if self._by_exporter else text.strip())
        if begun.head is None or not text:
            return Skipped()
        if not begun.label:
            return replace(begun.where, reason="names nobody who wrote it")
        own = self._speakers.own
        is_own = None if own is None else begun.label.casefold() == own
        return Message(begun.where, (begun.label,), text, self._time(begun), own=is_own)

    def _time(self, begun: "_Begun") -> datetime | None:
        """Return when it was sent; None where that is not said in a way that can be read."""
        if begun.head is None or begun.head.clock[0] is None:
            return None
        stamp = begun.head.stamp
        date = _date(stamp) or _date(begun.day)
        if date is None:
            return None
        half = _HALF.search(stamp)
        letter = None if half is None else "p" if half[1] else "a"
        try:
            return moment((*date, *begun.head.clock, letter), self._order, _zone(stamp, self._zone))
        except ValueError:
            return None


class _Begun:
    """A message, or a notice, whose lines are still read."""

    def __init__(self, where: Refused, head: Head | None, day: str) -> None:
        self.where, self.head, self.day = where, head, day
        self.label = head.label if head else ""
        self.lines = [head.text] if head and head.text else []
        self._in_fields = True

    @property
    def awaits_words(self) -> bool:
        """Whether its label stands below its time, and nothing yet below the label."""
        return bool(self.head and not self.head.label and self.label and not self.lines)

    def add(self, line: str, form: Form, *, follows: bool) -> None:
        """Add a line: it may name who wrote it, or be a field of the message."""
        if form == "below" and self.head and not self.label:
            self.label = line.strip()
            return
        field = _FIELD.fullmatch(line)
        self._in_fields = self._in_fields and form == "from" and follows and field is not None
        if self._in_fields and self.head and field:
            clock = heads_of(field[2]).get("below") if field[1] in ("Sent", "Date") else None
            self.head = replace(clock, label=self.label) if clock else self.head
        elif len(self.lines) < MOST_LINES:
            self.lines += [""] * (not follows and bool(self.lines)) + [line]


def _date(stamp: str) -> tuple[str, str, str] | None:
    """Return the three numbers of a date; one that names its month begins with its year."""
    if numbers := _NUMBERS.search(stamp):
        return numbers[1], numbers[2], numbers[3]
    if named := _DAY_FIRST.search(stamp):
        day, month, year = named.groups()
    elif named := _MONTH_FIRST.search(stamp):
        month, day, year = named.groups()
    else:
        return None
    if month.lower() not in _MONTHS:
        return None
    return year.rjust(4, "0").replace("00", "20", 1), str(_MONTHS.index(month.lower()) + 1), day


def _zone(stamp: str, zone: tzinfo) -> tzinfo:
    if offset := _OFFSET.search(stamp):
        sign, hours, minutes = offset.groups()
        past = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(past if sign == "+" else -past) if past < timedelta(days=1) else zone
    return zone


READER = Reader(
    format="chat",
    title="text of a chat",
    obtain="The text that a chat app exports, or that was copied from a chat: lines that begin "
    "with times, with names that come back, or with both.",
    read=_read,
    recognises=lambda head: begins_chat(head.text),
    endings=(".txt", ".md", ".text", ".log"),
)
