"""What a person did on the web, by the address: addresses are the same in every language."""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple
from urllib.parse import SplitResult, parse_qs, urlsplit

Act = Literal["searches", "watched", "played", "visited"]
_QUERIES = ("q", "search_query", "query", "p", "wd", "text", "keyword")
"""The parameters by which search engines and shops are asked."""
_AT_ROOT = ("q", "query", "search_query", "wd")
"""Those that mean nothing else where the path is empty."""
_SEARCH = re.compile(r"search|results|(?:^|/)(?:s|maps|find)(?:[/.]|$)", re.IGNORECASE)
"""In the path of a page that shows what was searched for."""
ENOUGH = 6
"""Titles that have to begin or end alike before that is taken for the words of the app."""


class Found(NamedTuple):
    """What an address says that the person did."""

    act: Act
    words: str
    """What was searched for; empty: it is no search."""
    site: str
    """The site, without `www`."""


def found_at(url: str) -> Found | None:
    """Return what an address says that the person did; None: it is no page of the web."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    site = parts.hostname.removeprefix("www.")
    if site in ("youtube.com", "m.youtube.com", "youtu.be", "music.youtube.com"):
        if parts.path.startswith(("/watch", "/shorts/")) or site == "youtu.be":
            return Found("played" if site.startswith("music") else "watched", "", site)
        return Found("searches", words, site) if (words := _asked(parts)) else None
    if words := _asked(parts):
        return Found("searches", words, site)
    if site.startswith("google.") and parts.path.startswith("/maps/search/"):
        return Found("searches", parts.path.split("/")[3].replace("+", " "), site)
    return Found("visited", "", site)


def _asked(parts: SplitResult) -> str:
    """Return the words of a search; other pages have such parameters too."""
    names = _QUERIES if _SEARCH.search(parts.path) else _AT_ROOT if len(parts.path) < 2 else ()
    asked = parse_qs(parts.query) if names else {}
    return next((" ".join(asked[name][0].split()) for name in names if asked.get(name)), "")


class Alike:
    """The words that an app writes around titles, `Watched …` or `… angesehen`, in any language.

    They are found as what all titles begin and end with.
    """

    def __init__(self) -> None:
        self._titles: set[str] = set()
        self._before: str | None = None
        self._after: str | None = None

    def add(self, titles: Iterable[str]) -> None:
        """Look at titles."""
        for title in titles:
            if len(self._titles) < ENOUGH:
                self._titles.add(title)
            self._before = _alike(title, self._before)
            self._after = _alike(title[::-1], self._after)

    def without(self, title: str) -> str:
        """Return a title without the words that all have."""
        if len(self._titles) < ENOUGH or self._before is None or self._after is None:
            return title
        before = _whole_words(self._before)
        after = _whole_words(self._after, of_end=True)
        if title[:before] != self._before[:before] or title[::-1][:after] != self._after[:after]:
            return title
        return title[before : len(title) - after].strip() or title


def _alike(text: str, other: str | None) -> str:
    """Return what two texts begin with; the whole text if there is no other."""
    if other is None:
        return text
    ends = (
        n for n, (first, second) in enumerate(zip(text, other, strict=False)) if first != second
    )
    return text[: next(ends, min(len(text), len(other)))]


def _whole_words(alike: str, *, of_end: bool = False) -> int:
    """Return how many letters of what titles have alike are whole words.

    Chinese and Japanese part words by no space: there it is all that is alike.
    """
    space = max(alike.rfind(" "), alike.rfind("\u00a0"), alike.rfind("「"), alike.rfind("を"))
    if of_end and not alike.isascii() and all(ord(char) > 0x2E7F or char == " " for char in alike):
        return len(alike)
    return space + 1
