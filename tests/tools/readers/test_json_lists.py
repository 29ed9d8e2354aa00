"""Arrays in exports are found and streamed wherever they stand, and read up to a cut."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Refused
from guided_profile.tools.readers.json_lists import object_of, objects

ROWS = [{"n": number} for number in range(3)]


def file(text: str) -> ExportFile:
    data = text.encode()
    opened: Callable[[], Any] = lambda: io.BytesIO(data)  # noqa: E731
    return ExportFile("", len(data), opened)


def read(text: str, *keys: str) -> tuple[list[int], list[str]]:
    found = list(objects(file(text), *keys))
    numbers = [entry[1]["n"] for entry in found if not isinstance(entry, Refused)]
    return numbers, [entry.reason for entry in found if isinstance(entry, Refused)]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (json.dumps(ROWS), ()),
        ("\ufeff" + json.dumps(ROWS), ()),
        (f"window.YTD.tweets.part0 = {json.dumps(ROWS)}", ()),
        (json.dumps({"a": 1, "rows": ROWS}), ()),
        (json.dumps({"rows": ROWS, "others": [{"n": 9}]}), ("rows",)),
        (json.dumps({"text": '"rows": [{"n": 7}]', "rows": ROWS}), ("rows",)),
        (json.dumps({"rows": [], "more": ROWS}), ("rows", "more")),
    ],
)
def test_an_array_is_found(text: str, keys: tuple[str, ...]) -> None:
    assert read(text, *keys) == ([0, 1, 2], [])


@pytest.mark.parametrize("before", range(2**20 - 12, 2**20 + 2))
def test_a_key_across_two_chunks(before: int) -> None:
    text = json.dumps({"filling": "", "rows": ROWS})
    filled = text.replace('""', '"' + "x" * (before - text.index('"rows"')) + '"', 1)
    assert read(filled, "rows")[0] == [0, 1, 2]


@pytest.mark.parametrize("keys", [(), ("rows",), ("rows", "others")])
def test_what_is_cut_short_is_read_up_to_there(keys: tuple[str, ...]) -> None:
    numbers, reasons = read('{"rows": [{"n": 0}, {"n": 1}, {"n": 2, "text": "ha', *keys)
    assert numbers == [0, 1]
    assert len(reasons) == 1


def test_elements_that_are_no_objects_are_refused() -> None:
    assert read('[{"n": 1}, 7, {"n": 2}]') == ([1, 2], ["is not a JSON object"])


def test_of_nested_arrays_the_one_that_is_named_loses_its_last() -> None:
    text = '{"chats": [{"name": "Ana", "messages": [{"n": 0}, {"n": 1, "parts": [{"a": 1}, {"b'
    found, is_cut = object_of(file(text), "messages")
    assert is_cut
    assert found == {"chats": [{"name": "Ana", "messages": [{"n": 0}]}]}


def test_what_is_broken_before_its_end_is_refused() -> None:
    with pytest.raises(HistoryItemError, match="is not JSON"):
        object_of(file('{"a": nothing, "b": 1}'))
