"""What messages of a plain-text chat begin with, known by its structure, whatever app wrote it.

In a chat, lines begin again and again with a time, with a short label that comes back, or with
both.
"""

import calendar
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from guided_profile.tools.readers.chats.roles import is_model, is_of_log, is_role, is_speaker_alone
from guided_profile.tools.readers.chats.whatsapp import HALF_DAY, MARKS

Form = Literal["after", "before", "after line", "before line", "below", "from", "label"]
"""Where the label of a message stands: after or before its time, with the words on the same line or
on the next ones; below the time; in a field `From`; or with no time."""

START = 160
"""Characters of a line that are looked at for a time and a label."""
LONGEST_LABEL = 40
MOST_WORDS = 6
"""Of a label."""
FEW = 4
"""Fewer labels than so many say nothing by not coming back."""

DATE = r"(\d{1,4})(?:[./-]\s?|년\s?|年)(\d{1,2})(?:[./-]\s?|월\s?|月)(\d{1,4})(?!\d)"
_CLOCK = re.compile(r"(?<![\d:])(\d\d?):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?(?!\d|:\d)")
_OTHER_CLOCK = re.compile(r"(?<![\d.])(\d\d?)(?:[.h時]|시\s?)(\d\d)(?:\.(\d\d))?(?!\d|\.\d)")
"""A clock with points or letters: only after a date, since prices look like it too."""
_TAIL = re.compile(
    rf"(?:\s{{0,3}}{HALF_DAY})?(?:\s{{0,3}}(?:UTC|GMT|Z\b|[+-]\d\d:?\d\d\b)){{0,2}}"
    rf"(?:[,،]?\s{{0,3}}{DATE})?",
    re.IGNORECASE,
)
"""What belongs to a time, behind its clock."""
_ASIDE = re.compile(r"^\s{0,3}\([^()]{0,60}\)\s*$")
"""Whether it was read."""
_AFTER = re.compile(r"[\])\s,.:|–—-]{1,6}(?:<([^<>\t]{1,60})>|([^:：\t]{1,60}?)\s{0,3}[:：\t])")
_BEFORE = re.compile(r"[\[<(*\s]{0,4}([^\W\d][^\d\[\]()<>:：,\t|]{0,50})(?:[^\w\s].*|\d.*)?")
_ENDED = re.compile(r"\s{0,3}[\]):\t–—-][\]):\s–—-]{0,5}")
"""Parts a time from the words, where the label stands before it."""
_HALF_BEFORE = re.compile(rf"(?<!\w){HALF_DAY}\s*$", re.IGNORECASE)
_DATED = re.compile(r"\W{0,3}(?:[^\W\d]{1,12}\W{1,3}){0,2}\d.*|\W*", re.DOTALL)
"""What stands before a clock at the beginning of a line, if it is a date or nothing."""
_LABEL = re.compile(r"([^\W_][^:：\t\n?!;,\"]{0,40})(?::(?=[\s*_]|[^\x00-\x7f]|$)|：)[*_]{0,3}")
_HEADING = re.compile(r"(?:#{1,6}\s|\*\*|__)\s?([^\W_][^:：\t\n?!;,\"*#]{0,40})(?:\*\*|__)?")
_DECORATION = re.compile(r"[#>*_\s•-]{0,8}(?:[^\w\s\x00-\x7f]{1,4}\s{0,2})?")
"""Marks of Markdown, and a picture of who speaks."""
_DATES_WORDS = {
    name.casefold()
    for names in (calendar.month_name, calendar.month_abbr, calendar.day_name, calendar.day_abbr)
    for name in names
}


@dataclass(frozen=True, slots=True)
class Head:
    """What a message begins with."""

    label: str
    """Who speaks; empty where it stands on the next line."""
    text: str
    """The words on the same line."""
    stamp: str = ""
    """The time as it is written, with ` | ` in place of its clock; empty: there is none."""
    clock: tuple[str | None, ...] = (None, None, None)
    """Its hour, minute and second."""
    dress: str = ""
    """For labels alone: the marks around it, and whether the words stand on the same line."""


def heads_of(line: str) -> dict[Form, Head]:
    """Return what a line may be the beginning of."""
    line = re.sub(f"^{MARKS}", "", line).strip()
    found = _timed(line, stamp) if (stamp := _stamp(line)) else {}
    if line.startswith("From: "):
        found["from"] = Head(line[6:].strip(), "")
    bare = line[len(match[0]) if (match := _DECORATION.match(line)) else 0 :]
    marks = re.sub(r"#+", "#", line[: len(line) - len(bare)]).strip()
    if label := _LABEL.match(bare):
        if _is_label(label[1]) and any(map(str.isalpha, label[1])):
            words = bare[label.end() :].strip()
            dress = f"{marks}|" if words else marks
            if not (words and marks.startswith("#")):  # a comment in a program
                found["label"] = Head(label[1].strip(" *_"), words, dress=dress)
    elif (heading := _HEADING.fullmatch(line)) and _is_label(heading[1]):
        found["label"] = Head(heading[1].strip(), "", dress=marks)
    elif len(line) <= LONGEST_LABEL and is_speaker_alone(line.casefold()):
        found["label"] = Head(line, "")
    return found


def shape_of(line: str) -> str | None:
    """Return how a line's time is written, whatever time it is; None: it begins with none."""
    line = re.sub(f"^{MARKS}", "", line).strip()
    stamp = _stamp(line)
    if stamp is None or not _DATED.fullmatch(stamp.before):
        return None
    return re.sub(r"[^\W\d]+", "a", re.sub(r"\d+", "0", line[: stamp.end]))


class _Stamp(NamedTuple):
    before: str
    """What stands before the clock, but for words like `오전`."""
    clock: tuple[str | None, ...]
    written: str
    end: int


def _stamp(line: str) -> _Stamp | None:
    start = line[:START]
    clock = _CLOCK.search(start)
    if clock is None and re.match(rf"\W{{0,3}}{DATE}", start):
        clock = next(iter([*_OTHER_CLOCK.finditer(start)][::-1]), None)
    if clock is None:
        return None
    if line[clock.end() :].lstrip().startswith("-->"):
        return None  # a span of time, as subtitles have
    tail = _TAIL.match(line, clock.end())
    before = _HALF_BEFORE.sub("", line[: clock.start()])
    end = tail.end() if tail else clock.end()
    written = f"{line[: clock.start()]} | {line[clock.end() : end]}"
    return _Stamp(before, clock.groups(), written, end)


def _timed(line: str, stamp: _Stamp) -> dict[Form, Head]:
    rest = line[stamp.end :]
    found: dict[Form, Head] = {}
    if _DATED.fullmatch(stamp.before):
        if after := _AFTER.match(rest):
            label = (after[1] or after[2]).strip(" *_")
            words = rest[after.end() :].lstrip("*_").strip()
            if not is_of_log(label):
                found["after"] = Head(label, words, stamp.written, stamp.clock)
        words = _ASIDE.sub("", rest).replace(" (pinned)", "").strip(" \t[]():–—-|,")
        if not words:
            found["below"] = Head("", "", stamp.written, stamp.clock)
        elif _is_label(words):
            found["after line"] = Head(words, "", stamp.written, stamp.clock)
    if (named := _BEFORE.fullmatch(stamp.before)) and _is_label(named[1]):
        ended = _ENDED.match(rest)
        words = rest[ended.end() if ended else 0 :].strip()
        if ended and words:
            found["before"] = Head(named[1].strip(" -–—"), words, stamp.written, stamp.clock)
        elif not words:
            found["before line"] = Head(named[1].strip(" -–—"), "", stamp.written, stamp.clock)
    return found


def _is_label(text: str) -> bool:
    if is_of_log(text):
        return False
    words = text.split()
    short = 0 < len(words) <= MOST_WORDS and len(text) <= LONGEST_LABEL
    return short and any(word.strip(".,").casefold() not in _DATES_WORDS for word in words)


def form_of(lines: Sequence[str]) -> Form | None:
    """Return the form of the chat that lines are of; None: they are of none.

    Args:
        lines: The first ones of a file, without the blank ones.
    """
    by_form: dict[Form, dict[int, Head]] = {}
    for number, line in enumerate(lines):
        for form, head in heads_of(line).items():
            by_form.setdefault(form, {})[number] = head
    timed = [form for form in by_form if form != "label" and _is_chat(form, by_form[form], lines)]
    if timed:
        # fields have times too; with as many heads, the form whose labels come back most
        return max(
            timed,
            key=lambda form: (form == "from", len(by_form[form]), -len(_labels(by_form[form]))),
        )
    return "label" if _is_labelled(by_form.get("label", {}), lines) else None


def is_spoken(heads: Collection[Head]) -> bool:
    """Whether what follows labels is more than a value, as settings have."""
    below = any(not head.text for head in heads)
    return below or any(len(head.text.split()) > 2 or not head.text.isascii() for head in heads)


def _labels(heads: Mapping[int, Head]) -> Counter[str]:
    return Counter(head.label.casefold() for head in heads.values())


def _is_chat(form: Form, heads: Mapping[int, Head], lines: Sequence[str]) -> bool:
    """Whether lines with a time, or a field `From`, begin messages."""
    if len(heads) < 2:
        return False
    gaps = [after - before for before, after in pairwise([*heads, len(lines)])]
    labels = _labels(heads)
    comes_back = 2 * len(labels) <= len(heads) + 1 or len(heads) < FEW
    if form == "after":
        return comes_back or len(heads) * 2 >= len(lines)
    if form == "before":
        return comes_back
    if form == "below":
        return min(gaps) >= 3 or (min(gaps) >= 2 and len(heads) >= FEW)
    return comes_back and sum(gap >= 2 for gap in gaps) * 2 > len(gaps)


def _is_labelled(heads: Mapping[int, Head], lines: Sequence[str]) -> bool:
    """Whether lines that begin with a label alone are a chat, and no notes.

    Notes have labels too. In a chat two of them come back, or every line has one.
    """
    labels = _labels(heads)
    roles = {label for label in labels if is_role(label)}
    coming_back = {label for label, count in labels.items() if count > 1}
    back = sum(labels[label] for label in coming_back)
    if len(roles) > 1 and min(heads) <= 2 and is_spoken(heads.values()):
        return True
    models = [head for head in heads.values() if is_model(head.label.casefold())]
    first = next(iter(heads.values()), None)
    asks = bool(models) and first is not None and first not in models and min(heads) <= 2
    if asks and first and first.dress == models[0].dress and not first.text:
        return True  # each stands on a line of its own, written as the other is
    if len(coming_back) > 1 and (back * 10 >= len(lines) or coming_back & roles):
        return True
    spoken = sum(bool(head.text) for head in heads.values())
    return len(labels) > 1 and spoken >= len(lines) - 1 and (back > 1 or len(heads) < FEW)
