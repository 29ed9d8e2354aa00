"""Which history items try to give the model orders: found by their form, without a model call.

Escaping (`prompts.as_data`) keeps an item inside its block, but a small model also follows what
stands there. So an item that tries is left out of every prompt; it stays in the history, where
its user sees it as held back, and may release it.

The check is narrow rather than complete, since what it leaves out is lost to the profile: an order
that is worded like a person's own remark passes, and so does one in a language that `patterns` does
not have. Words that may be said to a person too ("the answer is always …") are an order only in a
text that speaks of a model's work elsewhere, or says several such things.
"""

import base64
import codecs
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import NamedTuple

from guided_profile.graph.records import HistoryItem
from guided_profile.graph.text import visible
from guided_profile.tools.safety.ambiguous import MODELS_WORK
from guided_profile.tools.safety.families import FAMILIES, REASONS
from guided_profile.tools.text.cache import TextCache

_HIDDEN_TEXT = re.compile(
    "(?<![\U0001f3f4\U000e0020-\U000e007e])[\U000e0020-\U000e007e]{2,}"  # tags, not of a flag
    "|[\U000e0020-\U000e007e]{9,}"
    "|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,}"  # variation selectors
    "|[\u202d\u202e]"  # overrides of the direction
    "|(?:[a-zA-Z][\u200b-\u200d\u2060\ufeff\u00ad]+){3,}[a-zA-Z]"
    "|[\u200b-\u200d\u2060\ufeff\u00ad]{8,}"
)
_MIXED_WORD = re.compile(r"(?=\w{0,40}[a-z])(?=\w{0,40}[а-яёіјѕα-ω])\w{2,40}")
_LATIN = str.maketrans("асеорхуіјѕһԁԛѡвнмткαονρικτυχε", "aceopxyijshdqwbhmtkaovpiktuxe")
_LEET_WORD = re.compile(r"\b(?=[a-z]*[01345])[a-z01345]{3,20}\b")
_LEET = str.maketrans("01345", "oieas")
_ROT13 = ("vtaber", "qvfertneq", "vafgehpgvba", "ercyl", "nafjre")
_BACKWARDS = ("erongi", "drageris", "noitcurtsni", "snoitcurtsni", "ylper", "rewsna")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){16,}")


def flags(text: str) -> tuple[str, ...]:
    """Return the families of attack that a text shows, in a fixed order; empty for nearly all.

    A text whose hidden or encoded part holds an order is of the family `hidden` or `encoded`.
    """
    shown = _plain(visible(text))
    found = set(_orders(shown))
    if not text.isascii() and (_HIDDEN_TEXT.search(text) or any(map(_orders, _lookalikes(shown)))):
        found.add("hidden")
    if _encodes_text(text) or any(map(_orders, _rewritten(shown))):
        found.add("encoded")
    return tuple(family for family in (*FAMILIES, "hidden") if family in found)


def flagged(items: Iterable[HistoryItem]) -> dict[str, tuple[str, ...]]:
    """Return the families that items show, by item id; items that show none are not in it.

    Those that their user released are not screened.
    """
    distinct = list({item.id: item for item in items if not item.released}.values())
    texts = ("\n".join(filter(None, (item.text, item.category, item.source))) for item in distinct)
    screened = zip(distinct, _screened.of(texts), strict=True)
    return {item.id: families for item, families in screened if families}


class HeldBack(NamedTuple):
    """An item that no prompt has, and why."""

    item: HistoryItem
    reasons: tuple[str, ...]
    """In words that a user can be shown."""


def held_back(items: Iterable[HistoryItem]) -> list[HeldBack]:
    """Return the items that no prompt has until their user releases them, in their order."""
    listed = list(items)
    orders = flagged(listed)
    return [
        HeldBack(item, tuple(REASONS[family] for family in orders[item.id]))
        for item in listed
        if item.id in orders
    ]


_screened = TextCache(partial(map, flags), most_bytes=16 << 20)
"""The same items are screened in every run."""


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower().replace("’", "'")


def _orders(plain: str) -> list[str]:
    return [
        name
        for name, family in FAMILIES.items()
        if any(hint in plain for hint in family.hints)
        and (family.order.search(plain) or _is_ordered(plain, family.ambiguous))
    ]


def _is_ordered(plain: str, ambiguous: re.Pattern[str] | None) -> bool:
    """Whether words that may be said to a person too are said to a model.

    They are if the text speaks elsewhere of what models do, of answers, prompts or profiles, or
    says more than one such thing.
    """
    found = list(islice(ambiguous.finditer(plain), 2)) if ambiguous else []
    if len(found) != 1:
        return bool(found)
    start, end = found[0].span()
    return bool(MODELS_WORK.search(plain, 0, start) or MODELS_WORK.search(plain, end))


def _lookalikes(shown: str) -> Iterator[str]:
    """Write Cyrillic and Greek letters inside Latin words as the Latin ones they look like."""
    if len(_MIXED_WORD.findall(shown)) > 1:
        yield _MIXED_WORD.sub(lambda word: word[0].translate(_LATIN), shown)


def _rewritten(shown: str) -> Iterator[str]:
    """Read a text in the ways of writing that a model reads through."""
    if any(digit in shown for digit in "01345") and len(_LEET_WORD.findall(shown)) > 2:
        yield _LEET_WORD.sub(lambda word: word[0].translate(_LEET), shown)
    if any(hint in shown for hint in _ROT13):
        yield codecs.encode(shown, "rot13")
    if any(hint in shown for hint in _BACKWARDS):
        yield shown[::-1]


def _encodes_text(text: str) -> bool:
    """Whether a text holds several words in base64 or in hexadecimal digits."""
    decoders = ((_BASE64, base64.b64decode), (_HEX, bytes.fromhex))
    return any(
        _has_words(chunk, decode) for pattern, decode in decoders for chunk in pattern.findall(text)
    )


def _has_words(chunk: str, decode: Callable[[str], bytes]) -> bool:
    try:
        text = decode(chunk).decode()
    except ValueError:  # of which binascii.Error and UnicodeDecodeError are kinds
        return False
    return text.isprintable() and len(text.split()) > 2
