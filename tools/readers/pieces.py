"""Pieces of pages whose marks are fixed, found in time in proportion to the page."""

import html
import re
from collections.abc import Iterator

_BLOCK = re.compile(r"</?(?:p|li|ul|ol|h\d|div|tr|br|pre)\b[^<>]*>")
_TAG = re.compile(r"<[^<>]{1,5000}>")
_LINES = re.compile(r"\s*\n\s*")


def between(text: str, begins: re.Pattern[str], end: str) -> Iterator[str]:
    """Yield what stands behind each beginning, up to the next end."""
    position = 0
    while found := begins.search(text, position):
        position = text.find(end, found.end())
        if position < 0:
            return
        yield text[found.end() : position]


def first_between(text: str, begins: re.Pattern[str], end: str) -> str | None:
    """Return the first of those pieces; None: there is none."""
    return next(between(text, begins, end), None)


def plain(markup: str) -> str:
    """Return the words of a piece of HTML, with its lines."""
    text = _TAG.sub("", _BLOCK.sub("\n", markup)) if "<" in markup else markup
    text = html.unescape(text).replace("\u00a0", " ").replace("\u202f", " ").strip()
    return _LINES.sub("\n", text) if "\n" in text else text
