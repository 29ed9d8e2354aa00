"""A block is put before the user's words, and every other byte of a request stays as it is."""

import json

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from guided_profile.apps.proxy.request import read_chat, read_response

BLOCK = 'Known: "Miso"\n'
UNTIDY = (
    b' {"model" : "m", "temperature": 1.0e0, "seed": 12345678901234567890,\n "x": [1,{"y":null}],'
    b'"messages":[{"role":"system","content":"Be kind"}, {"content" : "caf\\u00e9 \xc3\xa9",'
    b' "role":"user"} ] , "messages_":"\\"content\\":", "n":2 }'
)


def test_only_the_block_is_added_and_it_stands_before_the_words() -> None:
    asked = read_chat(UNTIDY)
    assert asked is not None
    longer = asked.with_words_before(1, BLOCK)
    added = json.dumps(BLOCK)[1:-1].encode()
    assert longer.replace(added, b"", 1) == UNTIDY
    assert json.loads(longer)["messages"][1]["content"] == BLOCK + "café é"


@pytest.mark.parametrize(
    ("read", "name", "part"),
    [(read_chat, "messages", "text"), (read_response, "input", "input_text")],
)
def test_before_an_image_stands_a_part_of_its_own(read, name, part) -> None:  # type: ignore[no-untyped-def]
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    content = [image, {"type": part, "text": "What is this?"}]
    body = json.dumps({name: [{"role": "user", "content": content}]}).encode()
    asked = read(body)
    assert asked is not None
    assert asked.messages[0].text == "What is this?"
    after = json.loads(asked.with_words_before(0, BLOCK))[name][0]["content"]
    assert after == [{"type": part, "text": BLOCK}, *content]


def test_a_response_may_be_asked_for_with_words_alone() -> None:
    asked = read_response(b'{"input": "Hello", "previous_response_id": "resp_1"}')
    assert asked is not None
    assert asked.fields["previous_response_id"] == "resp_1"
    assert json.loads(asked.with_words_before(0, BLOCK))["input"] == BLOCK + "Hello"


def test_of_a_name_that_stands_twice_the_last_one_counts() -> None:
    body = (
        b'{"messages": [{"role": "user", "content": "old"}],'
        b' "messages": [{"content": "no", "role": "user", "content": "new"}]}'
    )
    asked = read_chat(body)
    assert asked is not None
    assert [message.text for message in asked.messages] == ["new"]
    longer = json.loads(asked.with_words_before(0, BLOCK))
    assert longer["messages"][0]["content"] == BLOCK + "new"


def test_who_said_what_is_read_and_tools_are_nobodys_words() -> None:
    messages = [
        {"role": "developer", "content": "Be kind"},
        {"role": "user", "content": "hi", "name": "anna"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "content": "sunny", "tool_call_id": "1"},
        "nonsense",
    ]
    asked = read_chat(json.dumps({"messages": messages}).encode())
    assert asked is not None
    kinds = [type(message) for message in asked.messages]
    assert kinds[1:3] == [HumanMessage, AIMessage]
    assert [message.text for message in asked.messages] == ["", "hi", "", "", ""]
    assert asked.messages[1].name == "anna"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"no",
        b'{"messages": [',
        b'{"messages" []}',
        b"{1: 2}",
        b"\xff\xfe",
        b'{"messages": ' + b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_cannot_be_read_is_nobodys(body: bytes) -> None:
    assert read_chat(body) is None
