"""What was done follows an answer's words, in each choice; every other byte of it stays."""

import json
from typing import Any

import pytest

from guided_profile.apps.proxy.adding import Adds, AddsToWhole, fixes_form
from guided_profile.apps.proxy.adding_stream import AddsToStream
from guided_profile.graph.records import MemoryAct

DONE = 'Done: "soup" é\nand more.'
ACTS = [MemoryAct(kind="show", said=DONE)]
CALL = {"index": 0, "id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def through(adds: Adds, whole: bytes, size: int = 7) -> bytes:
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    return b"".join(map(adds.piece, pieces)) + adds.end()


def chat(*messages: Any) -> bytes:
    choices = [
        {"index": n, "message": {"role": "assistant"} | message, "finish_reason": "stop"}
        for n, message in enumerate(messages)
    ]
    made = json.dumps({"id": "c1", "choices": choices, "usage": {"total_tokens": 7}}, indent=1)
    return made.replace('"id": "c1"', '"id" :"c1", "x": 1.50').encode()


def test_each_choice_gets_the_words_and_every_other_byte_stays() -> None:
    adds, plain = AddsToWhole(ACTS), chat({"content": "Yes"}, {"content": "No"})
    longer = through(adds, plain)
    added = json.dumps(f"\n\n{DONE}")[1:-1].encode()
    assert longer.count(added) == 2
    assert longer.replace(added, b"") == plain
    assert adds.added


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"content": None}, DONE),
        ({"content": "  "}, f"  {DONE}"),
        ({"content": "Well", "tool_calls": []}, f"Well\n\n{DONE}"),
        ({"content": "Well", "function_call": None}, f"Well\n\n{DONE}"),
    ],
)
def test_words_that_are_missing_or_blank_are_followed_too(message: Any, said: str) -> None:
    read = json.loads(through(AddsToWhole(ACTS), chat(message)))
    assert read["choices"][0]["message"]["content"] == said


@pytest.mark.parametrize(
    "whole",
    [
        chat({"content": None, "tool_calls": [CALL]}),
        chat({"content": "I look", "function_call": {"name": "f", "arguments": "{}"}}),
        b'{"choices": [{"message": {"content": "cut',
        b'{"choices": [{"message": {"content": 7}}]}',
        b'{"choices": [7, {"message": 8}], "output": [9]}',
        b'{"output": [{"type": "message", "content": [{"type": "output_text", "text": "a"}]},'
        b'{"type": "function_call"}]}',
        b"\xff\xfe",
        b"",
    ],
)
def test_what_is_not_the_last_answer_or_no_answer_stays_as_it_is(whole: bytes) -> None:
    adds = AddsToWhole(ACTS)
    assert through(adds, whole) == whole
    assert not adds.added


def chunk(index: int = 0, end: str | None = None, **delta: Any) -> bytes:
    choice = {"index": index, "delta": delta, "finish_reason": end}
    return (
        b"data: " + json.dumps({"id": "c1", "model": "m", "choices": [choice]}).encode() + b"\n\n"
    )


LAST = b"data: [DONE]\n\n"


def words(stream: bytes) -> dict[int, str]:
    said: dict[int, str] = {}
    for line in stream.splitlines():
        if line.startswith(b"data: {"):
            for choice in json.loads(line[6:])["choices"]:
                text = choice["delta"].get("content") or ""
                said[choice["index"]] = said.get(choice["index"], "") + text
    return said


@pytest.mark.parametrize("size", [1, 9, 10_000])
@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([chunk(content="Yes"), chunk(end="stop")], {0: f"Yes\n\n{DONE}"}),
        ([chunk(content="Y"), chunk(content="es", end="stop")], {0: f"Yes\n\n{DONE}"}),
        ([chunk(content="Yes")], {0: f"Yes\n\n{DONE}"}),  # without an end
        ([chunk(role="assistant"), chunk(end="length")], {0: DONE}),
        (
            [chunk(content="a"), chunk(1, content="b"), chunk(1, "stop"), chunk(0, "stop")],
            {0: f"a\n\n{DONE}", 1: f"b\n\n{DONE}"},
        ),
        ([chunk(content="I look"), chunk(tool_calls=[CALL]), chunk(end="tool_calls")], None),
        ([chunk(content="I look"), chunk(end="function_call")], None),
        ([chunk(content="I"), b'data: {"error": {"message": "no"}}\n\n'], None),
        ([b": wait\n\n", b"data: {cut\n\n"], None),
    ],
)
def test_a_stream_gets_the_words_before_each_choice_ends_and_nothing_else_changes(
    events: list[bytes], expected: dict[int, str] | None, size: int
) -> None:
    adds, plain = AddsToStream(ACTS, responses=False), b"".join([*events, LAST])
    longer = through(adds, plain, size)
    assert adds.added is (expected is not None)
    if expected is None:
        assert longer == plain
    else:
        assert words(longer) == expected
        assert longer.endswith(LAST)
        assert longer.count(b"data:") <= plain.count(b"data:") + len(expected)


def test_no_event_waits_for_the_next() -> None:
    adds = AddsToStream(ACTS, responses=False)
    assert adds.piece(chunk(content="Yes")) == chunk(content="Yes")
    first, last = adds.piece(chunk(end="stop")).split(b"\n\n", 1)
    assert DONE in json.loads(first[6:])["choices"][0]["delta"]["content"]
    assert last == chunk(end="stop")


def event(kind: str, number: int, **more: Any) -> bytes:
    data = json.dumps({"type": kind, "sequence_number": number} | more)
    return f"event: {kind}\ndata: {data}\n\n".encode()


def response(*after: Any) -> bytes:
    place = {"item_id": "m1", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": "Yes", "annotations": []}
    item = {"type": "message", "id": "m1", "role": "assistant", "content": [part]}
    made = {"id": "r1", "object": "response", "output": [item, *after]}
    others = [event("response.output_item.added", 6, item=other, output_index=1) for other in after]
    return b"".join(
        [
            event("response.output_item.added", 1, item=item | {"content": []}, output_index=0),
            event("response.output_text.delta", 2, delta="Yes", **place),
            event("response.output_text.done", 3, text="Yes", **place),
            event("response.content_part.done", 4, part=part, **place),
            event("response.output_item.done", 5, item=item, output_index=0),
            *others,
            event("response.completed", 7, response=made),
        ]
    )


@pytest.mark.parametrize("size", [1, 11, 10_000])
def test_a_streamed_response_gets_the_words_at_its_end_and_wherever_it_repeats_its_text(
    size: int,
) -> None:
    adds = AddsToStream(ACTS, responses=True)
    longer = through(adds, response(), size)
    assert adds.added
    read = [json.loads(line[6:]) for line in longer.splitlines() if line.startswith(b"data:")]
    assert longer.startswith(response()[: response().index(b"event: response.output_text.done")])
    numbers = [data["sequence_number"] for data in read]
    assert numbers == sorted(set(numbers))
    deltas = [data["delta"] for data in read if data["type"] == "response.output_text.delta"]
    expected = f"Yes\n\n{DONE}"
    assert "".join(deltas) == expected
    by_type = {data["type"]: data for data in read}
    assert by_type["response.output_text.done"]["text"] == expected
    assert by_type["response.content_part.done"]["part"]["text"] == expected
    assert by_type["response.output_item.done"]["item"]["content"][0]["text"] == expected
    made = by_type["response.completed"]["response"]["output"][0]
    assert made["content"][0]["text"] == expected
    assert [line for line in longer.splitlines() if line.startswith(b"event:")] == [
        b"event: " + data["type"].encode() for data in read
    ]


def test_a_streamed_response_that_calls_a_tool_after_its_words_stays_as_it_is() -> None:
    plain = response({"type": "function_call", "name": "f"})
    adds = AddsToStream(ACTS, responses=True)
    assert through(adds, plain) == plain
    assert not adds.added


@pytest.mark.parametrize(
    ("fields", "fixed"),
    [
        ({}, False),
        ({"response_format": None, "text": "x"}, False),
        ({"response_format": {"type": "text"}}, False),
        ({"response_format": {"type": "json_object"}}, True),
        ({"text": {"format": {"type": "json_schema"}}}, True),
        ({"text": {"format": {"type": "text"}, "verbosity": "low"}}, False),
    ],
)
def test_a_request_says_whether_its_answer_has_a_fixed_form(fields: Any, fixed: bool) -> None:
    assert fixes_form(fields) is fixed
