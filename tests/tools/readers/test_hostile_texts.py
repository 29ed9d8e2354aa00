"""Texts that are made to take long: each is read in about the time of any of its size.

What grows with the square of the size would take minutes here.
"""

import time
from collections.abc import Callable
from typing import Any

import pytest

from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.markdown_text import sections
from guided_profile.tools.readers.markup import html_text
from guided_profile.tools.readers.writing.mail_text import Endings, own_words, without_ending
from guided_profile.tools.readers.writing.markdown_notes import READER
from guided_profile.tools.readers.writing.memory_text import is_memory_text
from guided_profile.tools.readers.writing.note_files import note_of

SIZE = 200_000
PIECES = ("<", "<!--", "<a ", "<div>", "> ", "[[", "**", "- ", "a: ", "\n", "a@b.c 9:41:", "%%")


def _is_markdown(text: str) -> object:
    return READER.recognises(Head("x", len(text), text[: 2**16].encode()))


TRIED: dict[str, Callable[[str], Any]] = {
    "page": html_text,
    "mail": lambda text: own_words(text[: SIZE // 2], text[:50]),
    "endings": lambda text: without_ending(text, Endings([text] * 3)),
    "properties": note_of,
    "note": lambda text: [*sections(text[: SIZE // 20])],  # 50 KB of mere marks take a second
    "markdown": _is_markdown,
    "memories": is_memory_text,
}


@pytest.mark.parametrize("name", TRIED)
def test_a_hostile_text_is_read_in_time(name: str) -> None:
    for piece in PIECES:
        for text in ((piece * SIZE)[:SIZE], (f"{piece}\n" * SIZE)[:SIZE]):
            start = time.perf_counter()
            TRIED[name](text)
            assert time.perf_counter() - start < 20, piece
