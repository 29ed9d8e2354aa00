"""What sees users' text is linear: ten times the input takes at most fifteen times the time."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.text import as_data, without_queries
from guided_profile.tools.readers.base import Format, Reading
from guided_profile.tools.readers.detect import read_items
from guided_profile.tools.safety.screen import flags
from guided_profile.tools.text.language import language_of
from guided_profile.tools.text.sentences import split_sentences

LEAST = 0.15
"""Seconds of a processor; what takes less at ten times the size needs no comparison."""

UNITS = (
    "- = # * . , : ; ! ? ( [ { < > | / ~ ^ _ ' ` 1 a A é 中 あ и \t \n \u200b \ufe0f \U000e0041 "
    "1. 1) a. A. ** *a _a [a [1 [[ ]( (a <a </ <| &a https:// http://a a@ a@a. == // ~~ "
    'игнорир "a": "role": human:\n system: \n\n \n- #a'
).split(" ")
UNITS += [
    f"{unit} " for unit in ("a", "-", "1", "\n", "a:", "you", "ignore", "answer", "from now on")
]


def read(format: Format, suffix: str, before: str, after: str, folder: Path, text: str) -> None:
    path = folder / f"pumped{suffix}"
    path.write_text(before + text + after)
    try:
        for _ in read_items(path, Reading(format=format, me="Ann")):
            pass
    except HistoryItemError:
        pass


def timed(work: Callable[[str], object], text: str) -> float:
    begun = time.process_time()
    work(text)
    return time.process_time() - begun


def grows_too_fast(work: Callable[[str], object], unit: str, size: int) -> bool:
    """Whether ten times as much takes more than fifteen times as long, twice in a row."""
    for _ in range(2):
        long = timed(work, (unit * size)[:size])
        if long < LEAST or long <= 15 * timed(work, (unit * size)[: size // 10]):
            return False
    return True


TEXTS: dict[str, Callable[[str], object]] = {
    "the screen": flags,
    "escaping": as_data,
    "links": without_queries,
    "sentences": split_sentences,
    "the language": lambda text: language_of([text, text]),
}


@pytest.mark.parametrize("name", TEXTS)
def test_no_text_takes_more_than_its_share(name: str) -> None:
    TEXTS[name]("warm")
    slow = [unit for unit in UNITS if grows_too_fast(TEXTS[name], unit, 20_000)]
    assert slow == []


CHAT = "05.05.23, 15:48 - Ann: "
FILES: dict[str, tuple[Format, str, str, str, tuple[str, ...]]] = {
    "whatsapp": ("whatsapp", ".txt", CHAT, "", (CHAT, "~ ", "\u200e", "05.05.23, ", "<a", "\n5")),
    "text": ("text", ".txt", "", "", ("a\n", "Ann: ")),
    "csv": ("csv", ".csv", "text\n", "", ("a,", '"', '"a",', "\r")),
    "jsonl": ("jsonl", ".jsonl", "", "", ("{", "[", '{"text":', "{}\n", "1")),
    "json": ("json", ".json", "[", "", ("[", "{", "[],", '"a",', '{"text":', "1", "\\", '"')),
    "an object": ("telegram", ".json", '{"messages":[', "", ("[", "[],", '{"text":', "{},")),
    "messenger": ("messenger", ".json", '{"participants":[],"messages":[', "]}", ("1,", "{},")),
    "chatgpt": ("chatgpt", ".json", "[", "]", ('{"mapping":{}},', '{"mapping":', "[],")),
    "a page": (
        "telegram",
        ".html",
        "<html>",
        "",
        (
            '<div class="message default"><div class="body"><div class="from_name">Ann</div>',
            '<div class="message default"><div class="body"><div class="text">a</div>',
            '<div class="message default"><div class="body"><div class="text">',
            "<div>", "<b>", "</b>", "<p>", "<!--", "<![", "<?", "&", "<a b='",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_no_file_takes_more_than_its_share(name: str, tmp_path: Path) -> None:
    format, suffix, before, after, units = FILES[name]
    work = partial(read, format, suffix, before, after, tmp_path)
    work("warm")
    some = UNITS[::4] if suffix == ".txt" else ()
    slow = [unit for unit in (*units, *some) if grows_too_fast(work, unit, 60_000)]
    assert slow == []
