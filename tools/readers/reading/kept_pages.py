"""A page that somebody kept, in a browser or to read it later, as an item."""

import re
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from guided_profile.tools.readers.base import Kept, Reading, Refused, Skipped, item

_LONGEST_TITLE = 300


class Link(NamedTuple):
    """A page that somebody kept."""

    title: str
    url: str
    category: str
    time: datetime | str | None
    number: int = 0
    """Which of the file's links it is, from 1."""
    state: str = ""
    """What became of it, as the app says: `unread`, `archived`."""


def kept_page(
    link: Link, where: Refused, reading: Reading, source: str
) -> Kept | Refused | Skipped:
    """Return a page that somebody kept as an item: its title, and whose page it is."""
    try:
        address = urlsplit(link.url.strip())
        host = (address.hostname or "").removeprefix("www.")
    except ValueError:  # an address that is none
        host = ""
    if not host:
        return Skipped("links to no page")  # scripts, searches and folders of the browser
    title = " ".join(link.title.split())[:_LONGEST_TITLE]
    if not title or title == link.url:
        path = address.path.strip("/").rpartition("/")[2]
        title = re.sub(r"[-_]+|\.html?$", " ", path).strip()[:_LONGEST_TITLE]
    fields = {
        "text": (f"{title} ({host})" if title else host)
        + (f": {link.state}" if link.state else ""),
        "time": link.time,
        "category": link.category[:200] or None,
        "kind": "did",
        "source": reading.source or source,
    }
    return item(fields, where, reading)
