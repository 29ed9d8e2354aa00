"""Bookmarks: the HTML file that every browser exports, and Chrome's and Firefox's JSON.

Pocket's, Instapaper's and other services' HTML pages are written the same way.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Entries, Reader, Reading, Refused, each_file
from guided_profile.tools.readers.encodings import chunks_of
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.json_files import whole
from guided_profile.tools.readers.markup import Tag, streamed_tokens
from guided_profile.tools.readers.reading.kept_pages import Link, kept_page
from guided_profile.tools.readers.times import since_1970

_NETSCAPE = re.compile(r"(?i)<!DOCTYPE NETSCAPE-Bookmark-file-\d")
_LISTED = re.compile(r"""(?i)<a\b[^<>]*\btime_added\s*=""")
"""A link of Pocket's HTML."""
_SINCE_1601 = datetime(1601, 1, 1, tzinfo=UTC)


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    def entries(file: ExportFile) -> Entries:
        with file.open() as opened:
            begin = opened.read(100).removeprefix(b"\xef\xbb\xbf").lstrip()
        links = _of_json(whole(file)) if begin.startswith(b"{") else _of_html(file)
        for link in links:
            where = Refused(link.number, unit="item", file=file.name)
            if link.url:
                yield kept_page(link, where, reading, "bookmarks")
            else:
                yield replace(where, reason="the file is cut short here")

    return each_file(files, entries)


def _of_html(file: ExportFile) -> Iterator[Link]:
    """Yield the links of a page, each in the folder whose list it is in.

    The last one leads nowhere if the page is cut short.
    """
    folders: list[str] = []
    heading = ""
    link: dict[str, str] | None = None
    words = ""
    number = 0
    is_heading = own_bar = False
    for token in streamed_tokens(chunks_of(file)):
        if isinstance(token, str):
            words += token
        elif token.name in ("dl", "ul"):
            _nest(folders, heading, token)
            heading = ""
        elif token.name in ("h1", "h2", "h3"):
            if token.closes and is_heading:
                # the bar and the top are the browser's, not the user's
                heading = "" if own_bar or token.name == "h1" else " ".join(words.split())
            is_heading, words = not token.closes, ""
            own_bar = "toolbar_folder" in token.written.lower()
        elif token.name == "a" and not token.closes:
            link, words = token.attributes(), ""
        elif token.name == "a" and link is not None:
            number += 1
            yield _link(link, words, " / ".join(filter(None, folders)), number)
            link = None
    if folders or link is not None:  # its lists do not end
        yield Link("", "", "", None, number + 1)


def _nest(folders: list[str], heading: str, list_: Tag) -> None:
    if not list_.closes:
        folders.append(heading)
    elif folders:
        folders.pop()


def _link(found: dict[str, str], title: str, folder: str, number: int) -> Link:
    added = found.get("add_date") or found.get("time_added")
    time = None
    if added and added.isdecimal() and int(added) > 0:
        seconds = int(added)
        while seconds > 10**11:  # some write thousandths or millionths of a second
            seconds //= 1000
        time = since_1970(seconds)
    tags = found.get("tags", "").replace("|", ",").split(",")
    return Link(title, found.get("href") or "about:blank", folder or tags[0].strip(), time, number)


def _of_json(top: dict[str, Any]) -> Iterator[Link]:
    """Yield the links of Chrome's or Firefox's tree."""
    roots = top.get("roots")
    begin = list(roots.values()) if isinstance(roots, dict) else top.get("children")
    waiting: list[tuple[Any, str]] = []
    for root in begin if isinstance(begin, list) else []:
        children = root.get("children") if isinstance(root, dict) else None
        waiting += [(child, "") for child in (children if isinstance(children, list) else [])]
    waiting.reverse()
    number = 0
    while waiting:
        entry, folder = waiting.pop()
        if not isinstance(entry, dict):
            continue
        title = str(entry.get("name") or entry.get("title") or "")
        children = entry.get("children")
        if isinstance(children, list):
            inner = f"{folder} / {title}" if folder and title else folder or title
            waiting += [(child, inner) for child in reversed(children)]
        elif url := entry.get("url") or entry.get("uri"):
            number += 1
            yield Link(title, str(url), folder, _added(entry), number)


def _added(entry: dict[str, Any]) -> datetime | None:
    """Return when a bookmark was added: both count millionths of a second, from other years."""
    try:
        if "dateAdded" in entry:
            return since_1970(int(entry["dateAdded"]) / 10**6)
        return _SINCE_1601 + timedelta(microseconds=int(entry["date_added"]))
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def _recognises(head: Head) -> bool:
    if _NETSCAPE.match(head.text.lstrip("\ufeff \t\r\n")) or _LISTED.search(head.text):
        return True
    tree = head.json if isinstance(head.json, dict) else {}
    is_firefox = "children" in tree and "guid" in tree and "typeCode" in tree
    roots = tree.get("roots")
    return is_firefox or (isinstance(roots, dict) and "bookmark_bar" in roots)


READER = Reader(
    format="bookmarks",
    title="Bookmarks of a browser",
    obtain="In the bookmark manager of your browser: Export bookmarks, as an HTML file.",
    recognises=_recognises,
    read=_read,
)
