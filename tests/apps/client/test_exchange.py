"""What a client makes of an answer, and of what is none, without a server."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from guided_profile.client import (
    AsyncClient,
    Client,
    Reply,
    ServerAccessError,
    ServerError,
    ServerInputError,
    ServerMissingError,
    ServerUnavailableError,
    Stage,
)
from guided_profile.graph.errors import SettingsError

URL = "https://profiles.example"
RUN = "12345678-1234-5678-1234-567812345678"
ABSTAINED = {"kind": "abstained", "reason": "declined", "detail": "It cannot tell."}
ANSWER = {"answer": ABSTAINED, "items": {}, "run_id": RUN}


def client(answer: Callable[[httpx.Request], httpx.Response], **given: Any) -> Client:
    return Client(given.pop("url", URL), transport=httpx.MockTransport(answer), **given)


def saying(status: int = 200, body: Any = None, **headers: str) -> Client:
    return client(lambda request: httpx.Response(status, json=body, headers=headers))


def streaming(text: str) -> Client:
    return client(lambda request: httpx.Response(200, text=text))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "unauthorized", ServerAccessError),
        (403, "forbidden", ServerAccessError),
        (404, "no_profile", ServerMissingError),
        (409, "replied", ServerMissingError),
        (413, "too_large", ServerInputError),
        (422, "bad_input", ServerInputError),
        (429, "too_many_requests", ServerUnavailableError),
        (500, "internal", ServerUnavailableError),
        (503, "model_unavailable", ServerUnavailableError),
    ],
)
def test_a_refusal_is_an_error_of_its_kind_with_the_servers_words(
    status: int, code: str, kind: type[ServerError]
) -> None:
    refused = saying(status, {"error": code, "message": "do this."}, **{"Retry-After": "7"})
    with pytest.raises(ServerError, match=r"^do this\.$") as raised:
        refused.me()
    assert type(raised.value) is kind
    assert (raised.value.status, raised.value.code, raised.value.retry_after) == (status, code, 7.0)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>SECRET</html>"),
        httpx.Response(200, json={"users": "SECRET"}),
        httpx.Response(200),
        httpx.Response(302, headers={"Location": "/login?SECRET"}),
        httpx.Response(502, text="<html>SECRET</html>"),
        httpx.Response(502, json=["SECRET"]),
    ],
)
def test_what_no_such_server_answers_is_said_without_its_words(answer: httpx.Response) -> None:
    with pytest.raises(ServerUnavailableError, match="not what a Guided Profile server") as raised:
        client(lambda request: answer).me()
    assert "SECRET" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_what_a_newer_server_tells_besides_is_left_aside() -> None:
    newer = {**ANSWER, "answer": {**ABSTAINED, "mood": "good"}, "more": 1}
    assert saying(body=newer).ask("What?") == saying(body=ANSWER).ask("What?")


def test_a_server_that_is_not_reached_or_says_nothing_is_told_apart() -> None:
    def unreached(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no", request=request)

    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no", request=request)

    for ask in (Client.me, lambda server: list(server.stream("What?"))):
        with pytest.raises(ServerUnavailableError, match="is not reached"):
            ask(client(unreached))
        with pytest.raises(ServerUnavailableError, match=r"said nothing for 3 s"):
            ask(client(silent, seconds=3))


async def test_so_it_is_for_asyncio(silent: str) -> None:
    async with AsyncClient(silent, seconds=0.1) as server:
        with pytest.raises(ServerUnavailableError, match=r"said nothing for 0\.1 s"):
            await server.me()
        with pytest.raises(ServerUnavailableError, match=r"said nothing for 0\.1 s"):
            async for _ in server.stream("What?"):
                pass


def event(name: str, data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def test_a_stream_gives_its_stages_and_then_the_answer() -> None:
    text = event("stage", {"stage": "digest", "part": 2, "of": 3}) + event("news", {"a": 1})
    stage, reply = streaming(text + event("answer", ANSWER)).stream("What?")
    assert isinstance(stage, Stage)
    assert (stage.stage, stage.model_extra) == ("digest", {"part": 2, "of": 3})
    assert isinstance(reply, Reply)


def test_a_stream_that_fails_ends_or_is_none_is_no_answer() -> None:
    stage = event("stage", {"stage": "recall"})
    busy = event("error", {"error": "model_unavailable", "message": "try again in a moment."})
    wrong = event("error", {"error": "bad_input", "message": "mend it."})
    for text, kind, words in (
        (stage + busy, ServerUnavailableError, "try again in a moment."),
        (stage + wrong, ServerInputError, "mend it."),
        (stage, ServerUnavailableError, "ended before it answered"),
        ("<html>", ServerUnavailableError, "ended before it answered"),
        (event("answer", {"answer": 5}), ServerUnavailableError, "not what a Guided Profile"),
        (event("stage", 5), ServerUnavailableError, "not what a Guided Profile"),
        (event("error", 5), ServerUnavailableError, "not what a Guided Profile"),
    ):
        with pytest.raises(kind, match=words):
            list(streaming(text).stream("What?"))


@pytest.mark.parametrize(
    "url", [None, "", "profiles.example", "ftp://a", "http://", "http://a:b@c"]
)
def test_an_address_that_is_none_is_refused(
    url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GUIDED_PROFILE_URL", raising=False)
    with pytest.raises(SettingsError, match="needs the server's address"):
        Client(url)


def test_address_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUIDED_PROFILE_URL", f"{URL}/below/")
    monkeypatch.setenv("GUIDED_PROFILE_API_KEY", "gp_one")
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"status": "ok"}, headers={"Set-Cookie": "whose=anna"})

    for key in (None, "gp_two"):
        with client(answer, url=None, key=key) as server:
            server.of("anna & bob").ready()
            server.ready()
    assert str(sent[0].url) == f"{URL}/below/v1/ready?user=anna+%26+bob"
    keys = [request.headers["Authorization"] for request in sent]
    assert keys == ["Bearer gp_one"] * 2 + ["Bearer gp_two"] * 2
    assert not any("Cookie" in request.headers for request in sent)
    with pytest.raises(SettingsError, match="copy it again"):
        Client(key="gp_ä")


def test_no_proxy_is_asked_for_this_machine(no_proxy: pytest.MonkeyPatch) -> None:
    no_proxy.setenv("HTTP_PROXY", "http://proxy.example:1")
    for url in ("http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"):
        with Client(url) as server:
            assert not server._http._mounts
    with Client("http://elsewhere.example") as server:
        assert server._http._mounts
