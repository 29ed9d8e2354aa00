"""HTML, and what is written like it, as tags and texts, and as the text that a person sees."""

import html
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_TOKEN = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*)([^<>]*)>|<[!?][^<>]*>|(<?[^<]+|<)")
"""A tag, a declaration, or a text: each is looked at once, whatever the file is."""
_ATTRIBUTE = re.compile(r"""([\w:.-]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
_UNSEEN = ("script", "style", "title", "template", "noscript")
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figure footer form"
    " h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section table td th tr ul".split()
)
_APART = frozenset("blockquote dl h1 h2 h3 h4 h5 h6 hr ol p pre table ul".split())
"""Of the blocks, those with a blank line around them."""
_LONGEST = 2**20
"""Characters of a tag or a comment that has no end."""
_SPACES = re.compile(r"[ \t\r\n\f]+")


class Tag(NamedTuple):
    """A tag that opens or closes an element."""

    name: str
    """In small letters."""
    closes: bool
    written: str
    """Its attributes as they are written."""

    def attributes(self) -> dict[str, str]:
        """Return its attributes, the names in small letters."""
        return {
            name.lower(): html.unescape(value.strip("\"'"))
            for name, value in _ATTRIBUTE.findall(self.written)
        }


def tokens(markup: str) -> Iterator[Tag | str]:
    """Yield the tags of a page and the texts between them, in order; comments are left out."""
    for found in _TOKEN.finditer(_without_comments(markup)):
        closes, name, attributes, text = found.groups()
        if name:
            yield Tag(name.lower(), bool(closes), attributes)
        elif text:
            yield html.unescape(text) if "&" in text else text


def streamed_tokens(chunks: Iterable[str]) -> Iterator[Tag | str]:
    """Yield what `tokens` does of a page that comes in pieces; a text may come in several."""
    rest = ""
    for chunk in chunks:
        rest += chunk
        comment = rest.rfind("<!--")
        closed = rest.find("-->", comment) if comment >= 0 else 0
        end = comment if closed < 0 else rest.rfind("<", closed)
        if end < 0 or len(rest) > _LONGEST:
            end = len(rest)
        yield from tokens(rest[:end])
        rest = rest[end:]
    yield from tokens(rest)


def _without_comments(markup: str) -> str:
    parts = []
    at = 0
    while (begin := markup.find("<!--", at)) >= 0:
        parts.append(markup[at:begin])
        end = markup.find("-->", begin)
        at = len(markup) if end < 0 else end + 3
    return "".join(parts) + markup[at:]


def html_text(markup: str) -> str:
    """Return what a person sees of a page: a line a block, quoted ones after `> `, as in mail."""
    page = _Page()
    unseen = ""
    for token in tokens(markup):
        if unseen:
            if isinstance(token, Tag) and token.closes and token.name == unseen:
                unseen = ""
        elif isinstance(token, str):
            page.write(token)
        elif token.name in _UNSEEN and not token.closes:
            unseen = token.name
        else:
            page.tag(token)
    return page.text()


class _Page:
    """A page that is being written down."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = 0
        self._as_written = False

    def tag(self, tag: Tag) -> None:
        if tag.name == "br":
            self._end()
        elif tag.name in ("td", "th") and not tag.closes and self._line:
            self._line.append(" ")
        elif tag.name in _BLOCKS and tag.name not in ("td", "th"):
            self._end(only_if_begun=True)
            self._quotes -= tag.name == "blockquote" and tag.closes and self._quotes > 0
            if tag.name in _APART and self._lines and self._lines[-1].strip("> "):
                self._lines.append("> " * self._quotes)
            self._quotes += tag.name == "blockquote" and not tag.closes
        if tag.name == "li" and not tag.closes:
            self._line = ["- "]
        elif tag.name == "pre":
            self._as_written = not tag.closes
        if not tag.closes and re.search(r"(?i)\b(?:class|id)=\S*signature", tag.written):
            self._end(only_if_begun=True)
            self._lines.append("> " * self._quotes + "-- ")  # what mail marks it with

    def write(self, text: str) -> None:
        if self._as_written:
            *whole, last = text.split("\n")
            for line in whole:
                self._line.append(line)
                self._end()
            self._line += [last] if last else []
        else:
            text = _SPACES.sub(" ", text)
            text = text.lstrip(" ") if self._line in ([], ["- "]) else text
            self._line += [text] if text else []

    def text(self) -> str:
        self._end(only_if_begun=True)
        return "\n".join(self._lines).strip()

    def _end(self, *, only_if_begun: bool = False) -> None:
        line = "".join(self._line)
        if line.strip() or not only_if_begun:
            self._lines.append("> " * self._quotes + line.rstrip())
        self._line = []
