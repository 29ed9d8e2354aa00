"""What the writer of a mail wrote in it: without what is quoted, forwarded, or ends every mail.

Nothing here depends on the language: quotes and what introduces them, the headers above an older
mail and signatures are known by their form, and other endings because many mails have them.
"""

import re
from collections import Counter
from collections.abc import Sequence
from email.message import Message

from guided_profile.tools.readers.markup import html_text

_ADDRESS = r"[^\s<>@,;:]{1,64}@[^\s<>@,;:]{1,255}\.[^\s<>@,;:]{2,24}"
_TIME = r"(?:\d{1,2}[:.h]\d\d|\b\d{4}\b)"
_INTRODUCES = re.compile(rf"(?=.*{_ADDRESS})(?=.*{_TIME}).*[:：]\s*")
"""Somebody's address, a time and a colon: `On 14 May 2024 at 9:41, Ana <ana@example.org> wrote:`"""
_FIELD = re.compile(r"[*\s]*[^\W\d_][^:：<>@\n]{0,30}[*\s]*[:：][*\s]*(\S.*)")
"""A line like a mail's header, in whatever language: `Gesendet: Dienstag, 14. Mai 2024 09:41`."""
_RULE = re.compile(r"[\s*]*[-_=—]{5,}.*")
_SIGNATURE = re.compile(r"[-_]{2}\s?")
_LONGEST_INTRODUCTION = 3
_LAST_LINES = 8
_OFTEN = 3
"""In so many mails, and a tenth of them, the same last lines are no words of one of them."""


def shown_text(mail: Message) -> str:
    """Return the text that a mail shows, as it was typed or from its HTML."""
    found: dict[str, str] = {}
    waiting = [mail]
    while waiting:
        part = waiting.pop()
        kind = part.get_content_type()
        if part.is_multipart():
            if part is mail or kind.startswith("multipart/"):  # else somebody's mail, attached
                parts = part.get_payload()
                waiting += reversed([inner for inner in parts if isinstance(inner, Message)])
        elif kind.startswith("text/") and not _is_attached(part):
            found.setdefault(kind, _decoded(part))
    plain = found.get("text/plain", "")
    return plain if plain.strip() or "text/html" not in found else html_text(found["text/html"])


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _decoded(part: Message) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    try:
        text = data.decode(part.get_content_charset() or "utf-8", errors="replace")
    except LookupError:  # a charset that there is not
        text = data.decode("utf-8", errors="replace")
    if part.get_content_type() == "text/plain" and part.get_param("format") == "flowed":
        text = re.sub(r"(?m)(?<!^--) \r?\n(?!>)", " ", text)
    return text.replace("\0", "")


def own_words(text: str, subject: str = "") -> str:
    """Return what the writer of a mail wrote in it.

    Args:
        text: The mail's text, quoted lines after `>`.
        subject: Its subject; a forwarded mail, or one below the reply, has the same one.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    kept: list[str] = []
    broken = False
    quotes_from = 0  # the line below the last words that introduce a quote
    for index, line in enumerate(lines):
        if _SIGNATURE.fullmatch(line) or _begins_older(lines, index, subject):
            break
        if introduction := _introduces(lines, index):
            quotes_from = index + introduction
        after_quote = index > 0 and lines[index - 1].lstrip().startswith(">")
        if line.lstrip().startswith(">"):
            if not after_quote:
                _drop_introduction(kept)
            kept.append("")
            broken = False
        elif index >= quotes_from:
            # the end of a quoted line, which was too long for a line
            broken = quotes_from > 0 and bool(line.strip()) and (broken or after_quote)
            kept.append("" if broken else line)
    while kept and (not kept[-1].strip() or _RULE.fullmatch(kept[-1])):
        kept.pop()
    return re.sub(r"\n\s*\n\s*\n+", "\n\n", "\n".join(map(str.rstrip, kept))).strip()


def _drop_introduction(kept: list[str]) -> None:
    """Take away the lines that say whose words are quoted next."""
    last = len(kept)
    while last and not kept[last - 1].strip():
        last -= 1
    first = last
    while first and kept[first - 1].strip() and last - first < _LONGEST_INTRODUCTION:
        first -= 1
        words = " ".join(kept[first:last]).strip()
        if words.endswith((":", "：")) and re.search(rf"{_TIME}|{_ADDRESS}", words):
            del kept[first:]
            return
    if last and kept[last - 1].rstrip().endswith((":", "：")):
        del kept[last - 1 :]  # `Ana wrote:`


def _begins_older(lines: Sequence[str], index: int, subject: str) -> bool:
    """Whether an older mail begins here, which is not quoted line by line."""
    if not lines[index].strip():
        return False
    if introduction := _introduces(lines, index):
        below = (line.lstrip() for line in lines[index + introduction :])
        return not next(filter(None, below), "").startswith(">")
    values = []
    for line in lines[index : index + 7]:
        field = _FIELD.fullmatch(line)
        if not field:
            break
        values.append(field[1].strip())
    if len(values) < 3 or not any(re.search(_TIME, value) for value in values):
        return False
    title = _title(subject)
    addressed = any(re.search(_ADDRESS, value) for value in values)
    return addressed or (bool(title) and any(_title(value) == title for value in values))


def _introduces(lines: Sequence[str], index: int) -> int:
    """Return how many lines from here on say whose words come next."""
    if _INTRODUCES.fullmatch(lines[index]):
        return 1
    first, second = (lines[index].strip(), "".join(lines[index + 1 : index + 2]).strip())
    goes_on = bool(first) and not first.endswith((".", "!", "?", ">"))
    whole = goes_on and not _INTRODUCES.fullmatch(second)
    return 2 if whole and _INTRODUCES.fullmatch(f"{first} {second}") else 0


def _title(subject: str) -> str:
    """Return a subject without `Re:`, `AW:`, `Fwd:`, …, in small letters."""
    return re.sub(r"^(?:[^\W\d]{1,5}(?:\[\d+\])?\s?[:：]\s*)+", "", subject.strip()).casefold()


def without_ending(text: str, endings: "Endings") -> str:
    """Return a text without the last lines that many of a person's mails end with."""
    lines = text.split("\n")
    for count in range(min(_LAST_LINES, len(lines)), 0, -1):
        if endings.has("\n".join(lines[-count:])):
            return "\n".join(lines[:-count]).strip()
    return text


class Endings:
    """The last lines of a person's mails: `Sent from my phone`, a name, what the law asks for."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._mails = len(texts)
        self._times: Counter[str] = Counter()
        for text in texts:
            lines = text.split("\n")
            for count in range(1, min(_LAST_LINES, len(lines)) + 1):
                self._times["\n".join(lines[-count:])] += 1

    def has(self, ending: str) -> bool:
        """Whether these are the last lines of many mails."""
        times = self._times[ending]
        return times >= _OFTEN and times * 10 >= self._mails
