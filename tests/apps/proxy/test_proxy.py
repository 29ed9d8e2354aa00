"""The proxy as front ends see it: a real server, a real endpoint behind it, and OpenAI's client."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any, cast

import aiohttp
import httpx
import openai
import pytest
from proxied import Proxied, proxied

from guided_profile.apps.proxy.app import is_ours
from guided_profile.apps.proxy.upstream import returned
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore

SKILLET = HistoryItem(text="I cook everything in a cast iron skillet", source="chat")
QUESTION = "Which skillet should I cook with?"
UNTIDY = (
    b'{ "model":"m","temperature": 1.0e0, "logprobs":true, "n": 2,"stop":["\\u0041"],\n'
    b'"seed": 12345678901234567890, "x_new": {"a": [1.50, null]}, "tools": [{"type":"function",'
    b'"function":{"name":"f","parameters":{}}}], "messages": [{"role":"user","content":'
    b'[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}},'
    b'{"type":"text","text":"Which skillet should I cook with?"}]}]%s}'
)


@pytest.fixture
def proxy(history: HistoryStore) -> Iterator[Proxied]:
    history.add("anna", [SKILLET])
    with proxied(history) as served:
        yield served


def talk(*texts: str) -> list[dict[str, str]]:
    """Return a conversation: the user begins, and the assistant answers."""
    roles = ("user", "assistant")
    return [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]


def chat(proxy: Proxied, *texts: str, **more: Any) -> httpx.Response:
    headers = more.pop("headers", {})
    return proxy.post({"model": "m", "messages": talk(*texts), "user": "anna"} | more, **headers)


def test_an_answer_is_personal_and_what_is_said_is_remembered(proxy: Proxied) -> None:
    with proxy.client() as client:
        answer = client.chat.completions.create(model="m", messages=talk(QUESTION), user="anna")  # type: ignore[arg-type]
    assert answer.choices[0].message.content == proxy.upstream.says
    (sent,) = proxy.upstream.sent
    assert SKILLET.text in sent.last
    assert sent.last.endswith(QUESTION)
    assert sent.headers["authorization"] == "Bearer the client's own key"
    assert QUESTION in proxy.said_by("anna")


def test_a_stream_comes_as_it_is_made(proxy: Proxied) -> None:
    proxy.upstream.pause = 0.3
    with proxy.client() as client:
        stream = client.chat.completions.create(
            model="m",
            messages=talk(QUESTION),  # type: ignore[arg-type]
            user="anna",
            stream=True,
        )
        pieces = list(stream)
    assert "".join(p.choices[0].delta.content or "" for p in pieces).strip() == proxy.upstream.says
    assert SKILLET.text in proxy.upstream.sent[0].last
    assert QUESTION in proxy.said_by("anna")


def test_no_piece_of_a_stream_waits_for_the_next(proxy: Proxied) -> None:
    proxy.upstream.pause, proxy.upstream.pieces = 0.2, 8
    body = {"messages": talk(QUESTION), "user": "anna", "stream": True}
    with httpx.stream("POST", f"{proxy.url}/chat/completions", json=body, timeout=30) as answer:
        pieces = list(answer.iter_raw())
    assert len(pieces) == 11
    assert all(piece.count(b"data:") == 1 for piece in pieces)


def test_every_byte_passes_but_the_block(proxy: Proxied) -> None:
    body = UNTIDY % b""
    answer = proxy.post(body)
    assert proxy.upstream.sent[0].body == body
    assert answer.headers["x-guided-profile"] == "unpersonalised; why=no-user"
    named = UNTIDY % b',"user":"anna"'
    answer = proxy.post(named)
    sent = proxy.upstream.sent[1].body
    at = next(n for n, byte in enumerate(sent) if byte != named[n])
    added = len(sent) - len(named)
    assert sent[:at] + sent[at + added :] == named
    assert SKILLET.text in sent[at : at + added].decode()
    assert answer.content.endswith(b'"x_unknown": 1.5}')
    state = answer.headers["x-guided-profile"]
    assert state.startswith("personalised; user=user; sentences=0; items=1")
    assert answer.headers["x-guided-profile-items"] == proxy.companion.history.list("anna")[0].id
    assert SKILLET.text not in str(answer.headers)


def test_nobody_is_remembered_where_no_user_is_named(proxy: Proxied) -> None:
    before = proxy.said_by("anna")
    assert proxy.ask("I own a zeppelin", user=None).is_success
    assert proxy.said_by("anna") == before


def test_models_are_those_of_the_upstream(proxy: Proxied) -> None:
    with proxy.client() as client:
        assert [model.id for model in client.models.list()] == ["m"]
    assert proxy.upstream.sent[0].path == "/v1/models"


def test_responses_are_personal_too_and_go_on_by_the_id_of_the_one_before(proxy: Proxied) -> None:
    with proxy.client() as client:
        first = client.responses.create(model="m", input=QUESTION, safety_identifier="anna")
        assert first.output_text == proxy.upstream.says
        listed: Any = [{"role": "user", "content": [{"type": "input_text", "text": QUESTION}]}]
        client.responses.create(model="m", input=listed, user="anna", previous_response_id=first.id)
    earlier, later = (sent.json for sent in proxy.upstream.sent)
    assert SKILLET.text in earlier["input"]
    assert later["previous_response_id"] == first.id
    assert SKILLET.text in later["input"][0]["content"][0]["text"]
    assert later["input"][0]["content"][1]["text"] == QUESTION


@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_what_goes_wrong_at_the_upstream_is_passed_on_as_it_is(proxy: Proxied, status: int) -> None:
    said = b'{"error": {"message":  "no", "type": "x"}}'
    proxy.upstream.reply = status, said, {"Retry-After": "7", "Content-Type": "application/json"}
    answer = proxy.ask("I own a zeppelin")
    assert (answer.status_code, answer.content) == (status, said)
    assert answer.headers["retry-after"] == "7"
    assert "I own a zeppelin" not in proxy.said_by("anna")
    with proxy.client() as client, pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="m", messages=talk("hi"))  # type: ignore[arg-type]
    assert caught.value.status_code == status


def test_an_upstream_that_is_not_there_is_said(proxy: Proxied) -> None:
    proxy.parts.upstream.url = "http://127.0.0.1:9/v1"
    answer = proxy.ask("hi")
    assert answer.status_code == 502
    assert "GUIDED_PROFILE_UPSTREAM_URL" in answer.json()["error"]["message"]


def test_an_answer_that_breaks_off_is_handled(proxy: Proxied) -> None:
    proxy.upstream.breaks = True
    body = {"messages": talk(QUESTION), "user": "anna", "stream": True}
    with pytest.raises(httpx.RemoteProtocolError):
        proxy.post(body)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "said",
    [
        b'{"choices": 5}',
        b'{"output": true}',
        b'{"choices": [7, {"delta": 1, "index": {}}]}',
        b"[1]",
    ],
)
def test_an_answer_of_a_form_that_nobody_knows_passes_whole(
    proxy: Proxied, said: bytes, stream: bool
) -> None:
    kind = "text/event-stream" if stream else "application/json"
    body = b"data: " + said + b"\n\n" if stream else said
    proxy.upstream.reply = 200, body, {"Content-Type": kind}
    answer = proxy.ask("I own a zeppelin")
    assert (answer.status_code, answer.content) == (200, body)
    assert "I own a zeppelin" in proxy.said_by("anna")


def test_who_hangs_up_ends_the_call_of_the_upstream(proxy: Proxied) -> None:
    proxy.upstream.pause, proxy.upstream.pieces = 0.05, 2000
    body = {"messages": talk("I own a zeppelin"), "user": "anna", "stream": True}
    with httpx.stream("POST", f"{proxy.url}/chat/completions", json=body, timeout=30) as answer:
        next(answer.iter_raw())
    assert proxy.upstream.gone.wait(10)
    assert "I own a zeppelin" in proxy.said_by("anna")


def test_a_memory_that_fails_fails_no_chat(proxy: Proxied, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*args: Any, **options: Any) -> Any:
        raise OSError("the disk with anna's diary is full")

    for name in ("known", "heed", "remember"):
        monkeypatch.setattr(proxy.companion, name, failing)
    answer = proxy.ask(QUESTION)
    assert answer.is_success
    assert proxy.upstream.sent[0].last == QUESTION
    state = answer.headers["x-guided-profile"]
    assert state == "unpersonalised; why=OSError; user=user"


def test_a_memory_that_hangs_is_not_waited_for(
    history: HistoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxied(history, patience=0.3) as proxy:
        monkeypatch.setattr(proxy.companion, "known", lambda *given, **options: Future())
        first, second = (proxy.ask(QUESTION).headers["x-guided-profile"] for _ in range(2))
    assert "why=it-took-over-0-3-s" in first
    assert "why=not-looked-up" in second


def test_a_message_is_remembered_once_however_often_it_is_sent(proxy: Proxied) -> None:
    first, second = "I own a red bicycle", "I fly a zeppelin"
    chat(proxy, first)
    chat(proxy, first)  # regenerated
    chat(proxy, first, "Nice.", second)
    chat(proxy, first, "Nice.", second)
    proxy.said_by("anna")
    chat(proxy, "a word in between")
    chat(proxy, first, "Nice.", second)
    said = proxy.said_by("anna")
    assert [said.count(text) for text in (first, second)] == [1, 1]


def test_an_edited_message_takes_the_place_of_what_it_was_where_the_chat_is_named(
    proxy: Proxied,
) -> None:
    headers = {"X_OpenWebUI_Chat_Id": "1"}
    chat(proxy, "hi", "Hello.", "I own a red bicycle", headers=headers)
    chat(proxy, "hi", "Hello.", "I own a blue bicycle", headers=headers)
    said = proxy.said_by("anna")
    assert "I own a blue bicycle" in said
    assert "I own a red bicycle" not in said


def test_a_front_end_that_sends_the_newest_message_alone_loses_none(proxy: Proxied) -> None:
    texts = ["I own a red bicycle", "I fly a zeppelin"]
    for text in texts:
        chat(proxy, text, headers={"X_OpenWebUI_Chat_Id": "1"})
    assert set(texts) <= set(proxy.said_by("anna"))


@pytest.mark.parametrize("text", ["new", "null", "{{LIBRECHAT_BODY_CONVERSATIONID}}"])
def test_a_conversation_that_is_not_named_yet_is_not_taken_for_another(
    proxy: Proxied, text: str
) -> None:
    headers = {"X_OpenWebUI_Chat_Id": text}
    chat(proxy, "I own a red bicycle", headers=headers)
    chat(proxy, "I fly a zeppelin", headers=headers)  # of another conversation, not an edit
    body = {"model": "m", "input": "I sail", "user": "anna"}
    proxy.post(body | {"previous_response_id": text}, "/responses")
    proxy.post(body | {"input": "I ski", "previous_response_id": text}, "/responses")
    said = set(proxy.said_by("anna"))
    assert {"I own a red bicycle", "I fly a zeppelin", "I sail", "I ski"} <= said


@pytest.mark.parametrize("named", [{"conversation": "conv_1"}, {"conversation": {"id": "c1"}}, {}])
def test_no_message_of_responses_that_go_on_is_taken_for_an_edit(
    proxy: Proxied, named: dict[str, Any]
) -> None:
    texts = ["I own a red bicycle", "I fly a zeppelin", "I keep a parrot"]
    more: dict[str, Any] = named
    for text in texts:
        answer = proxy.post({"model": "m", "input": text, "user": "anna"} | more, "/responses")
        more = named or {"previous_response_id": answer.json()["id"]}
    assert set(texts) <= set(proxy.said_by("anna"))


def test_a_response_that_is_asked_for_again_in_other_words_is_an_edit(proxy: Proxied) -> None:
    for text in ("I own a red bicycle", "I own a blue bicycle"):
        after = {"user": "anna", "previous_response_id": "resp_77"}
        proxy.post({"model": "m", "input": text} | after, "/responses")
    said = proxy.said_by("anna")
    assert ["I own a red bicycle" in said, "I own a blue bicycle" in said] == [False, True]


def test_what_holds_no_word_is_no_item(proxy: Proxied) -> None:
    for text in ("👍", "?!", "…"):
        assert chat(proxy, text).is_success
    assert set(proxy.said_by("anna")) == {SKILLET.text}


def test_two_conversations_that_begin_alike_are_two(proxy: Proxied) -> None:
    chat(proxy, "hi", "Hello.", "I own a red bicycle")
    chat(proxy, "hi", "Hello.", "I fly a zeppelin")
    assert {"I own a red bicycle", "I fly a zeppelin"} <= set(proxy.said_by("anna"))


@pytest.mark.parametrize("stream", [False, True])
def test_a_title_is_asked_for_straight_and_is_not_remembered(proxy: Proxied, stream: bool) -> None:
    chat(proxy, QUESTION, stream=stream)
    asks = (
        f"### Task:\nA title!\n<chat>\nUSER: {QUESTION}\nASSISTANT: {proxy.upstream.says}\n</chat>"
    )
    answer = chat(proxy, asks)
    assert answer.headers["x-guided-profile"] == "unpersonalised; why=own-call; user=user"
    assert proxy.upstream.sent[1].last == asks
    assert asks not in proxy.said_by("anna")


def test_a_message_that_quotes_what_was_said_in_a_conversation_is_the_users(
    proxy: Proxied,
) -> None:
    chat(proxy, QUESTION)
    quote = f'I asked "{QUESTION}" and you said "{proxy.upstream.says}". What did you mean?'
    chat(proxy, QUESTION, proxy.upstream.says, quote)
    assert quote in proxy.said_by("anna")


def test_the_users_words_are_found_before_the_results_of_tools(proxy: Proxied) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        *talk(QUESTION),
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "sunny"},
    ]
    proxy.post({"messages": messages, "user": "anna"})
    sent = proxy.upstream.sent[0].json["messages"]
    assert SKILLET.text in sent[0]["content"]
    assert sent[1:] == messages[1:]
    assert proxy.said_by("anna").count(QUESTION) == 1


def test_what_is_no_request_is_for_the_upstream_to_say(proxy: Proxied) -> None:
    answer = proxy.post(b'{"messages": [')
    assert proxy.upstream.sent[0].body == b'{"messages": ['
    assert answer.headers["x-guided-profile"] == "unpersonalised; why=unreadable"


def test_other_paths_are_not_served(proxy: Proxied) -> None:
    answer = proxy.post({}, "/files")
    assert answer.status_code == 404
    assert "/v1/chat/completions" in answer.json()["error"]["message"]
    assert not proxy.upstream.sent


def test_what_is_for_us_alone_goes_no_further(proxy: Proxied) -> None:
    given = {
        "X_OpenWebUI_User_Email": "a@b.c",
        "X_OpenWebUI_Chat_Id": "1",
        "Cookie": "a=b",
        "X_Title": "my app",
        "OpenAI_Organization": "org",
    }
    proxy.ask("hi", **given)
    sent = proxy.upstream.sent[0].headers
    assert not {"x-openwebui-user-email", "x-openwebui-chat-id", "cookie"} & set(sent)
    assert (sent["x-title"], sent["openai-organization"]) == ("my app", "org")
    assert json.dumps(sent).count("host") == 1


def test_an_id_that_a_file_brought_along_ends_no_header(proxy: Proxied) -> None:
    wild = HistoryItem(id="1\r\nSet-Cookie: a=b", text="a skillet of iron is what I cook with")
    proxy.companion.history.add("bob", [wild])
    answer = proxy.ask(QUESTION, user="bob")
    assert "items=1" in answer.headers["x-guided-profile"]
    assert not {"set-cookie", "x-guided-profile-items"} & set(answer.headers)


@pytest.mark.parametrize(
    "path",
    ["/v1/models/../files", "/v1/models/%2e%2e/files", "/v1/models/a/../../files", "/v1/models/",
     "/v1/models/a%3Fb=c", "/v1/models/a%20b", "/v1/models/%23"],
)  # fmt: skip
def test_no_path_leads_past_the_models(proxy: Proxied, path: str) -> None:
    host, _, port = proxy.url.removesuffix("/v1").rpartition("//")[2].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        assert b" 404 " in line.recv(100)


@pytest.mark.parametrize("name", ["gpt-5.2", "org/model:free", "models/m@1"])
def test_a_model_is_asked_for_by_its_name(name: str) -> None:
    assert is_ours("GET", f"/v1/models/{name}")


def test_a_body_of_too_many_parts_is_passed_on_unread(proxy: Proxied) -> None:
    answer = chat(proxy, QUESTION, x_new=[[]] * 60_000)
    assert answer.headers["x-guided-profile"] == "unpersonalised; why=too-many-parts"
    assert SKILLET.text not in proxy.upstream.sent[0].last


def test_what_an_upstream_says_in_our_name_is_left_out() -> None:
    class Reply:
        raw_headers = ((b"X-Guided-Profile", b"personalised"), (b"X-Request-Id", b"7"))

    assert returned(cast("aiohttp.ClientResponse", Reply())) == [(b"x-request-id", b"7")]
