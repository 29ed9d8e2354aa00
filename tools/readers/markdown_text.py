"""Markdown as its writer's words: sections with their headings, without code and quotes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from guided_profile.tools.readers.markup import html_text

_WIKI_LINK = re.compile(r"(!?)\[\[([^\[\]|\n]*)(?:\|([^\[\]\n]*))?\]\]")
_REFERENCE = re.compile(r"!?\(\([0-9a-f-]{36}\)\)|\{\{[^{}\n]{0,1000}\}\}|\s\^[\w-]+(?=\s*$)", re.M)
"""Logseq's references and macros, and Obsidian's names of blocks."""
_ORG_BLOCK = re.compile(r"(?is)#\+BEGIN_(\w+).*?#\+END_\1")
_CALLOUT = re.compile(r"\[!(\w+)\][-+]?[ \t]*")
_OTHERS_CALLOUTS = ("quote", "cite")
LONGEST = 2000
"""Characters of a section, after which the next paragraph begins another item."""


@dataclass(frozen=True, slots=True)
class Section:
    """What stands below one heading, or a part of it."""

    line: int
    """Where it begins, from 1."""
    headings: tuple[str, ...]
    """Those that it is below, the widest first."""
    text: str


def sections(body: str) -> Iterator[Section]:
    """Yield the sections of a file without its front matter: its writer's words.

    Each paragraph is a line or more of them.
    """
    tokens = MarkdownIt("commonmark").enable("table").parse(_plain(body))
    headings: dict[int, str] = {}
    begun: int | None = None
    blocks: list[str] = []
    for token, words in _written(tokens):
        line = token.map[0] + 1 if token.map else 1
        level = int(token.tag[1]) if token.type == "heading" else 0
        if blocks and (level or sum(map(len, blocks)) + len(words) > LONGEST):
            yield Section(begun or line, tuple(headings.values()), "\n".join(blocks))
            blocks, begun = [], None
        if level:
            headings = {depth: text for depth, text in headings.items() if depth < level}
            headings[level] = " ".join(words.split())
        elif words:
            begun = begun or line
            blocks.append(words)
    if blocks:
        yield Section(begun or 1, tuple(headings.values()), "\n".join(blocks))


def without_quotes(text: str) -> str:
    """Return a text without the lines after `>`, which are somebody else's."""
    lines = [line for line in text.split("\n") if not line.startswith(">")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _plain(body: str) -> str:
    """Reduce what Obsidian and Logseq add to Markdown to its text; leave out their comments."""

    def shown(link: re.Match[str]) -> str:
        embeds, target, label = link.groups()
        return "" if embeds else (label or target.rpartition("#")[0] or target)

    parts = body.split("%%")
    if len(parts) % 2:  # each begun comment ends
        body = "".join(parts[::2])
    body = _ORG_BLOCK.sub("", body) if body.count("#+BEGIN_") < 1000 else body
    return _REFERENCE.sub("", _WIKI_LINK.sub(shown, body))


def _written(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    """Yield the headings and paragraphs that the writer wrote, each with its words."""
    depth = 0
    row: list[str] = []
    for before, token in pairwise([Token("begin", "", 0), *_unquoted(tokens)]):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            depth += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            depth -= 1
        elif token.type == "html_block":
            yield token, html_text(token.content)
        elif token.type == "tr_close":
            yield token, " | ".join(row)
            row = []
        elif before.type in ("th_open", "td_open"):
            row.append(_words(token))
        elif before.type == "heading_open":
            yield Token("heading", before.tag, 0, map=token.map), _words(token)
        elif token.type == "inline":
            words = _words(token)
            indent = "  " * (depth - 1) + "- " if depth else ""
            yield token, indent + words if words else ""


def _unquoted(tokens: list[Token]) -> Iterator[Token]:
    """Yield what is not quoted."""
    quoted = 0
    for index, token in enumerate(tokens):
        if token.type == "blockquote_open":
            quoted += bool(quoted) or not _is_own_callout(tokens[index : index + 3])
        elif token.type == "blockquote_close":
            quoted = max(0, quoted - 1)
        elif not quoted:
            yield token


def _is_own_callout(tokens: list[Token]) -> bool:
    """Whether a quote is one of Obsidian's boxes, which the writer wrote: `> [!tip] Salt`."""
    found = _CALLOUT.match(tokens[-1].content) if tokens else None
    return found is not None and found[1].lower() not in _OTHERS_CALLOUTS


def _words(inline: Token) -> str:
    """Return the words of a paragraph: links are their texts, pictures nothing."""
    words = []
    for child in inline.children or []:
        if child.type in ("text", "code_inline"):
            words.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            words.append("\n")
    text = re.sub(r"(?<=\S) {2,}", " ", "".join(words)).strip()
    return _CALLOUT.sub("", text, count=1)
