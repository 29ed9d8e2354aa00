"""The entries of Google's My Activity, from JSON or a page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Reading, Refused
from guided_profile.tools.readers.google.google_page import entries_of_page
from guided_profile.tools.readers.json_lists import dicts_in, objects, text_in
from guided_profile.tools.readers.pieces import plain


@dataclass(frozen=True, slots=True)
class Activity:
    """An entry of My Activity."""

    where: Refused
    title: str
    words: str
    """All words of it: the page's too that stand before the link."""
    url: str
    by: str
    """Who made it: the channel."""
    product: str
    time: datetime | None
    is_ad: bool
    reply: str
    """What Gemini answered."""


def activities(
    file: ExportFile, reading: Reading, *, timed: bool = True
) -> Iterator[Activity | Refused]:
    """Yield the entries of a file; `timed` is `google_page.entries_of_page`'s."""
    with file.open() as opened:
        is_page = opened.read(200).lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<")
    if is_page:
        for page in entries_of_page(file, reading, timed=timed):
            yield page if isinstance(page, Refused) else Activity(**page)
        return
    for found in objects(file):
        yield found if isinstance(found, Refused) else _activity(*found)


def _activity(where: Refused, entry: dict[str, Any]) -> Activity | Refused:
    try:
        time = datetime.fromisoformat(text_in(entry.get("time")))
    except ValueError:
        time = None
    products = entry.get("products")
    product = products[0] if isinstance(products, list) and products else entry.get("header")
    makers = [text_in(by.get("name")) for by in dicts_in(entry.get("subtitles")) if by.get("url")]
    replies = [plain(text_in(part.get("html"))) for part in dicts_in(entry.get("safeHtmlItem"))]
    return Activity(
        where=where,
        title=text_in(entry.get("title")),
        words=text_in(entry.get("title")),
        url=text_in(entry.get("titleUrl")),
        by=next(iter(makers), ""),
        product=text_in(product),
        time=time,
        is_ad=bool(dicts_in(entry.get("details"))),
        reply="\n".join(filter(None, replies)),
    )
