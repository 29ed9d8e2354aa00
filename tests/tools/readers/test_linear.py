"""What lines and names are tried with takes time in proportion to their length."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from guided_profile.tools.readers.activity import bank
from guided_profile.tools.readers.activity.netflix import series
from guided_profile.tools.readers.base import same_name
from guided_profile.tools.readers.chats import exporters
from guided_profile.tools.readers.chats.transcript import begins_chat
from guided_profile.tools.readers.chats.turns import heads_of, shape_of
from guided_profile.tools.readers.chats.whatsapp import header_of
from guided_profile.tools.readers.columns import proposed
from guided_profile.tools.readers.encodings import encoding_of
from guided_profile.tools.readers.layouts import is_value, layout
from guided_profile.tools.readers.notices import (
    is_notice,
    is_of_messenger,
    template,
    without_notices,
)
from guided_profile.tools.readers.pieces import plain
from guided_profile.tools.readers.times import date_order, is_time

PIECES = ("-", "[", "< a ", " ", "1:1", "1-", "a: ", "\u200e", "*", "(", "年1", "Ann, ", "a\u0301")
TRIED: dict[str, Callable[[str], Any]] = {
    "heads": heads_of,
    "shape": shape_of,
    "notice": is_notice,
    "notices": without_notices,
    "messenger": lambda text: is_of_messenger(text, "Ann"),
    "template": template,
    "chat": lambda text: begins_chat(f"{text}\n{text}\n{text}"),
    "lines": lambda text: begins_chat(text.replace(" ", "\n")),
    "name": lambda text: same_name(text, f"{text}x"),
    "exporters": exporters.own_words,
    "exporters, lines": lambda text: exporters.own_words(text.replace(" ", "\n")),
    "plain": plain,
    "whatsapp": header_of,
    "table": lambda text: layout(f"a,b\n{text},1\n{text.replace(' ', chr(10))}", columns=1),
    "encoding": lambda text: encoding_of((text + "é").encode("cp1252", errors="replace")),
    "time": lambda text: [is_time(text), is_value(text), date_order([text])],
    "columns": lambda text: proposed(
        ("a", "b"), [{"a": text, "b": f"{text}{n}"} for n in range(9)]
    ),
    "amount": lambda text: bank.sign(text),
    "series": lambda text: series(text),
}


def seconds(tried: Callable[[str], Any], text: str) -> float:
    """Return the least of three times, of the processor: others may be using it too."""
    spent = []
    for _ in range(3):
        start = time.thread_time()
        tried(text)
        spent.append(time.thread_time() - start)
    return min(spent)


@pytest.mark.parametrize("name", TRIED)
def test_ten_times_as_much_takes_at_most_fifteen_times_as_long(name: str) -> None:
    for piece in PIECES:
        short, long = ((piece * size)[:size] for size in (10_000, 100_000))
        assert seconds(TRIED[name], long) <= 15 * seconds(TRIED[name], short) + 0.05, piece
