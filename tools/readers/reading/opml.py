"""OPML: the feeds and podcasts that somebody follows, or what they wrote in an outliner."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Reader,
    Reading,
    Refused,
    each_file,
    item,
)
from guided_profile.tools.readers.encodings import text_of
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.markup import Tag, html_text, tokens

_BEGINS = re.compile(r"(?i)\s*(?:<[?!][^<>]*>\s*){0,20}<opml\b")
_FEED = "xmlurl"
_DEEPEST = 10


class Outline(NamedTuple):
    """An entry of the file, and those that it is in."""

    attributes: dict[str, str]
    above: tuple[str, ...]
    has_others: bool

    @property
    def words(self) -> str:
        """What it says."""
        return _words(self.attributes)


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    return each_file(files, lambda file: _outlines(file, reading))


def _outlines(file: ExportFile, reading: Reading) -> Entries:
    """Read the feeds; of a file without any, each outline that has no others in it."""
    markup = text_of(file)
    are_feeds = re.search(r"(?i)\bxmlUrl\s*=", markup) is not None
    number = 0
    for outline in _each(markup):
        number += 1
        where = Refused(number, unit="item", file=file.name)
        if are_feeds and _FEED in outline.attributes:
            yield item(_feed(outline, reading), where, reading)
        elif not are_feeds and outline.words and not outline.has_others:
            yield item(_note(outline, reading), where, reading)
    if not re.search(r"(?i)</opml\s*>", markup[-1000:]):
        yield Refused(number + 1, "the file is cut short here", "item", file.name)


def _each(markup: str) -> Iterator[Outline]:
    """Yield the outlines as they end, so that it is known whether others are in them."""
    open_: list[dict[str, str]] = []
    last = 0  # how deep the one stood that ended last
    for token in tokens(markup):
        if not isinstance(token, Tag) or token.name != "outline":
            continue
        if not token.closes:
            open_.append(token.attributes())
            last = 0
        if open_ and (token.closes or token.written.rstrip().endswith("/")):
            depth = len(open_)
            attributes = open_.pop()
            yield Outline(attributes, tuple(map(_words, open_[:_DEEPEST])), last > depth)
            last = depth


def _words(attributes: dict[str, str]) -> str:
    return html_text(attributes.get("title") or attributes.get("text") or "")


def _feed(outline: Outline, reading: Reading) -> dict[str, object]:
    url = outline.attributes.get("htmlurl") or outline.attributes[_FEED]
    try:
        host = (urlsplit(url.strip()).hostname or "").removeprefix("www.")
    except ValueError:
        host = ""
    name = outline.words or host
    text = f"follows {name} ({host})" if host and host not in name else f"follows {name}"
    category = " / ".join(filter(None, outline.above))[:200] or None
    return {
        "text": text if name else "",
        "category": category,
        "kind": "did",
        "source": reading.source or "feeds",
    }


def _note(outline: Outline, reading: Reading) -> dict[str, object]:
    more = html_text(outline.attributes.get("_note", ""))
    text = ": ".join([*filter(None, outline.above[-1:]), outline.words])
    return {
        "text": f"{text}\n{more}".strip(),
        "category": (outline.above[0][:200] if outline.above else "") or None,
        "kind": "said",
        "source": reading.source or "notes",
    }


def _recognises(head: Head) -> bool:
    return _BEGINS.match(head.text) is not None


READER = Reader(
    format="opml",
    title="Feeds and podcasts (OPML)",
    obtain="In your feed reader or podcast app: Export subscriptions, as OPML.",
    recognises=_recognises,
    read=_read,
    streamed=False,
)
