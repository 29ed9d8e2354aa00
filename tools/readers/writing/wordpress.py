"""WordPress' export (WXR): the posts and pages that the user wrote; comments are others'."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.records import LONGEST_TEXT
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Entry,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
    item,
    same_name,
)
from guided_profile.tools.readers.markdown_text import without_quotes
from guided_profile.tools.readers.markup import html_text
from guided_profile.tools.readers.writing.xml_parts import parts_of

_BLOCK = re.compile(r"\[/?\w[^\[\]\n]{0,500}\]")
"""A shortcode, which WordPress fills in."""


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    """Read the user's posts.

    Raises:
        HistoryItemError: Several people wrote posts, and `me` is none of them.
    """
    authors = Counter(
        _part(post, "creator") for file in files for _, post in parts_of(file, "item") if len(post)
    )
    authors.pop("", None)
    me = next((name for name in authors if reading.me and same_name(name, reading.me)), None)
    if me is None and (reading.me or len(authors) > 1):
        known = ", ".join(repr(name[:60]) for name, _ in authors.most_common(12))
        raise HistoryItemError(f"say with --me which of the authors is the user: {known}.")
    return each_file(files, lambda file: _posts(file, me, reading))


def _posts(file: ExportFile, me: str | None, reading: Reading) -> Iterator[Entry]:
    for where, post in parts_of(file, "item"):
        if where.reason:
            yield where
        elif _part(post, "post_type") not in ("post", "page"):
            yield Skipped("pictures, menus and other parts of the site")
        elif me is not None and _part(post, "creator") != me:
            yield Skipped("posts of others")
        elif _part(post, "status") == "trash":
            yield Skipped("deleted posts")
        else:
            yield _post(post, where, reading)


def _post(post: Element, where: Refused, reading: Reading) -> Entry:
    title = _part(post, "title")
    text = without_quotes(_BLOCK.sub("", html_text(_part(post, "encoded"))))
    if not text and not title:
        return Skipped("posts without words")
    category = next((part.text for part in post.iter("category") if part.text), None)
    time = _part(post, "post_date_gmt")
    fields = {
        "text": f"{title}: {text}".strip(": \n")[:LONGEST_TEXT],
        "time": None if time.startswith("0000") else time or _part(post, "pubDate") or None,
        "category": category[:200] if category else None,
        "kind": "said",
        "source": reading.source or "posts",
    }
    return item(fields, where, reading)


def _part(post: Element, name: str) -> str:
    """Return the text of a part, whatever version of the format its name belongs to."""
    for part in post:
        if part.tag.rpartition("}")[2] == name and (part.text or "").strip():
            return (part.text or "").strip()
    return ""


READER = Reader(
    format="wordpress",
    title="WordPress blog",
    obtain="In the dashboard of the blog: Tools, Export, All content.",
    recognises=lambda head: re.search(r"xmlns:wp=[\"']http://wordpress\.org/export/", head.text),
    read=_read,
)
