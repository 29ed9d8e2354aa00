"""Texts of users and models: what a reader sees of them, and what of them a prompt may hold."""

import re

from guided_profile.graph.tokens import approximate_tokens

_MARKUP = re.compile(
    r"[<＜](?=[|｜/!a-zA-Z]|[^\s<>＜＞]{1,80}[>＞])"  # <|im_end|>, </s>, <0x0A>
    r"|(?<=[|｜])[>＞]"
    r"|\[(?=[|｜/]|\w{0,9}~|(?i:inst|sys)\]|\w{0,40}(?:[A-Z]{2}|_|[a-z]\d)\w{0,40}\])"
    r"|(?<=[|｜])\]|\](?=~)"  # [INST], [/THINK], [|user|], [gMASK], [control_8], ]~b]
    r"|\|(?=[A-Z_]{3,40}\|)|>(?=>[A-Z_]{3,40}<<)"  # |ENDOFTEXT|, >>ANSWER<<
)
"""What opens or closes a special token of any model's template: a bracket or bar that holds one
name, without spaces. In square brackets, a name that is written in capitals, or has a bar, slash,
underline or digit: `[notes]`, `[1]` and `[Anna]` are people's own."""
_ESCAPED = {"<": "&lt;", ">": "&gt;"}
_LINE_BREAK = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_JOINED = (
    "[\u00a9\u00ae\u200d\u203c-\u3299\ufe0f\U0001f000-\U0001faff"  # emoji
    "\u0600-\u109f\u1780-\u18af\ua840-\ua8ff\U00010a00-\U00011fff]"  # Arabic, Indic, Khmer, …
)
_SELECTOR = "[\ufe00-\ufe0f\U000e0100-\U000e01ef]"
_HIDDEN = re.compile(
    "("
    "\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f"  # a flag's tags stay
    f"|(?<={_JOINED})[\u200c\u200d](?![\u200b-\u200d])"  # and joiners where they join
    ")"
    "|[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
    f"|(?<={_SELECTOR}){_SELECTOR}"
)
_LINK = re.compile(
    r"\b(?:https?|ftp)://(?:[^\s/@]{1,200}@)?"
    r"([^\s?#()\[\]<>\"'{}]*)(?:[?#][^\s()\[\]<>\"'{}]*)?",
    re.IGNORECASE,
)


def visible(text: str) -> str:
    """Return what a reader sees of a text: no tag, zero-width, direction or control characters.

    What scripts and emoji need stays: joiners inside emoji sequences and in Arabic or Indic words,
    one variation selector, and the tags of a flag.
    """
    if text.isascii() and text.isprintable():  # nearly every text: nothing in it to look for
        return text
    return _HIDDEN.sub(lambda found: found[1] or "", _LINE_BREAK.sub("\n", text))


def encodable(text: str) -> str:
    """Return a text that files and databases take: half an emoji, which is no text, becomes `?`."""
    return text.encode("utf-8", "replace").decode("utf-8")


def without_queries(text: str) -> str:
    """Return a text whose links are no longer links: host and path, with nothing to fill in."""
    return text if "://" not in text else _LINK.sub(lambda found: found[1], text)


def as_data(text: str) -> str:
    """Escape text so that it can neither end its block nor forge a chat template's own tokens.

    Hidden characters go. Only brackets that could open or close markup are touched, so that `<3`
    and `[1]` stay as typed.
    """
    return _MARKUP.sub(lambda found: _ESCAPED.get(found[0], f"&#{ord(found[0])};"), visible(text))


_LONGEST_WORD = 40
"""In scripts that put no spaces between words, what follows a space is no one word."""


def shortened(text: str, tokens: int) -> str:
    """Return as much of a text's beginning as a token budget has room for, up to a whole word."""
    if approximate_tokens(text) <= tokens:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high) if approximate_tokens(text[:middle]) <= tokens else (low, middle - 1)
        )
    whole, _, word = text[:low].rpartition(" ")
    return whole.rstrip(" ,;") if whole and len(word) <= _LONGEST_WORD else text[:low]
