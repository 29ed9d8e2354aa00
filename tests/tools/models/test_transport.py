"""How requests reach an endpoint: who sees them, what comes back, and what ends a connection."""

import asyncio
import gc
import json
import logging
import os
import sys
import weakref
from base64 import b64encode
from email.message import Message
from urllib.parse import urlsplit

import forked
import openai._base_client as client
import pytest
from endpoint import Endpoint
from faults import Fault
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI

from guided_profile.graph.errors import ModelError
from guided_profile.tools.models import transport
from guided_profile.tools.models.calls import complete, endpoint_model
from guided_profile.tools.models.errors import FAILURES, model_error
from guided_profile.tools.models.transport import MOST_HEADER_BYTES

PROMPT = [HumanMessage("which one?")]
REPLY = {"choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}]}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "INITIAL_RETRY_DELAY", 0.001)


def chat(host: str = "127.0.0.1", port: int | None = None) -> ChatOpenAI:
    """Return a model at the endpoint's port of a host, or at another port."""
    port = port or urlsplit(os.environ["OPENAI_BASE_URL"]).port
    return endpoint_model("m", base_url=f"http://{host}:{port}/v1", api_key=None, timeout=10)


async def reply_of(model: ChatOpenAI) -> str:
    return (await complete(model, PROMPT, stage="x", max_tokens=9)).text


def reply_at_once(model: ChatOpenAI) -> str:
    try:
        return model.invoke(PROMPT).text
    finally:
        model.root_client.close()


def with_headers(headers_sent: list[Message], **headers: str) -> Fault:
    """Answer with these headers, and keep those that were sent."""

    def fault(endpoint: Endpoint, asked: dict[str, object]) -> bool:
        headers_sent.append(endpoint.headers)
        endpoint.sends(200, REPLY, **headers)
        return True

    return fault


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-SECRET_9.2\r\n",
        b"\x15\x03\x01\x00\x02\x02FSECRET",
        b"HTTP/1.1 200 OK\r\nX-Policy: SECRET%s\r\n\r\n" % (b"a" * 2 * MOST_HEADER_BYTES),
        "HTTP/1.1 404 SECRET trouvé\r\nContent-Length: 2\r\n\r\n{}".encode("latin-1"),
    ],
    ids=["SSH", "TLS", "a header without end", "a reason in Latin-1"],
)
async def test_what_speaks_no_http_is_a_model_error_that_quotes_nothing(sent: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        model = chat(port=server.sockets[0].getsockname()[1])
        with pytest.raises(ModelError, match="cannot be reached, or broke off") as failed:
            await reply_of(model)
        with pytest.raises(FAILURES) as streamed:
            [_ async for _ in model.astream(PROMPT)]
    for error in (failed.value, model_error(streamed.value, "m")):  # type: ignore[arg-type]
        assert "broke off" in str(error)
        assert "SECRET" not in str(error)
        assert "\n" not in str(error)


async def test_a_long_header_is_read(endpoint: type[Endpoint]) -> None:
    endpoint.fault = with_headers([], X_Policy="a" * 50_000)
    assert await reply_of(chat()) == "hi"


@pytest.mark.parametrize("kind", ["text/plain; charset=utf-8", "text/html", None])
async def test_json_is_read_whatever_it_is_called(
    endpoint: type[Endpoint], kind: str | None
) -> None:
    def fault(endpoint: Endpoint, asked: dict[str, object]) -> bool:
        body = json.dumps(REPLY).encode()
        endpoint.send_response(200)
        if kind:
            endpoint.send_header("Content-Type", kind)
        endpoint.send_header("Content-Length", str(len(body)))
        endpoint.end_headers()
        endpoint.wfile.write(body)
        return True

    endpoint.fault = fault
    assert await reply_of(chat()) == "hi"
    assert reply_at_once(chat()) == "hi"


async def test_the_user_that_a_url_names_is_who_asks(endpoint: type[Endpoint]) -> None:
    headers_sent: list[Message] = []
    endpoint.fault = with_headers(headers_sent)
    assert await reply_of(chat("anna:p%40ss@127.0.0.1")) == "hi"
    assert reply_at_once(chat("anna:p%40ss@127.0.0.1")) == "hi"
    basic = "Basic " + b64encode(b"anna:p@ss").decode()
    assert [sent["Authorization"] for sent in headers_sent] == [basic, basic]
    assert "anna" not in headers_sent[0]["Host"]


async def test_a_cookie_of_one_reply_does_not_go_with_another_request(
    endpoint: type[Endpoint],
) -> None:
    headers_sent: list[Message] = []
    endpoint.fault = with_headers(headers_sent, Set_Cookie="who=anna; Path=/")
    model = chat("localhost")
    for _ in range(2):
        await reply_of(model)
        model.invoke(PROMPT)
    model.root_client.close()
    assert [sent.get("Cookie") for sent in headers_sent] == [None] * 4


@pytest.fixture
def proxy(endpoint: type[Endpoint], no_proxy: pytest.MonkeyPatch) -> type[Endpoint]:
    """The endpoint, which the environment names as the proxy: it answers for every host."""
    no_proxy.setenv("HTTP_PROXY", os.environ["OPENAI_BASE_URL"].removesuffix("/v1"))
    return endpoint


async def test_the_proxy_of_the_environment_is_used(proxy: type[Endpoint]) -> None:
    for model in (chat("api.example.test"), chat("192.0.2.1")):
        assert await reply_of(model) == proxy.answer
        assert reply_at_once(model) == proxy.answer
    assert len(proxy.prompts) == 4


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2", "[::1]"])
async def test_this_machine_is_reached_without_a_proxy(proxy: type[Endpoint], host: str) -> None:
    model = chat(host, port=9)  # where nothing listens, and the proxy would answer
    with pytest.raises(ModelError, match="cannot be reached"):
        await reply_of(model)
    with pytest.raises(FAILURES):
        reply_at_once(model)
    assert not proxy.prompts


async def test_a_socks_proxy_of_the_environment_is_used_but_not_for_this_machine(
    endpoint: type[Endpoint], no_proxy: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []
    opened: list[asyncio.StreamWriter] = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")  # no password
        *_, kind, length = await reader.readexactly(5)
        assert kind == 3  # a name
        asked.append(await reader.readexactly(length))
        await reader.readexactly(2)
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")  # connected
        port = urlsplit(os.environ["OPENAI_BASE_URL"]).port
        there, to = await asyncio.open_connection("127.0.0.1", port)
        opened.extend((writer, to))
        await asyncio.gather(_pass_on(reader, to), _pass_on(there, writer))

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        no_proxy.setenv("ALL_PROXY", f"socks5://127.0.0.1:{port}")
        for host in ("api.example.test", "127.0.0.1"):
            assert await reply_of(chat(host)) == endpoint.answer
            assert await asyncio.to_thread(reply_at_once, chat(host)) == endpoint.answer
        for writer in opened:
            writer.close()
            await writer.wait_closed()
    assert asked == 2 * [b"api.example.test"]


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65_536):
        writer.write(piece)


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # Python's own, of such a loop
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_loop_that_was_only_closed_is_let_go_of_by_the_next(
    endpoint: type[Endpoint], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    model, loops = chat(), []
    others = set(transport._open)  # a server of another test may be about to end
    for _ in range(4):
        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(reply_of(model)) == endpoint.answer
        loop.close()
        loops.append(weakref.ref(loop))
        del loop
        # nothing else shows that they are not piling up
        assert len(set(transport._open) - others) == 1
    asyncio.run(reply_of(model))
    gc.collect()
    assert [loop() for loop in loops] == [None] * 4
    assert not set(transport._open) - others
    assert not caplog.records


@pytest.mark.parametrize("end", ["loop.close()", "pass"])
def test_a_process_that_ends_before_its_loop_says_nothing_of_it(
    endpoint: type[Endpoint], end: str
) -> None:
    code = (
        "import asyncio, os\n"
        "from guided_profile.tools.models.calls import endpoint_model\n"
        "url = os.environ['OPENAI_BASE_URL']\n"
        "loop = asyncio.new_event_loop()\n"
        "model = endpoint_model('m', base_url=url, api_key=None)\n"
        f"print(loop.run_until_complete(model.ainvoke('which?')).text)\n{end}"
    )
    done = forked.run([sys.executable, "-c", code])
    assert (done.stdout, done.stderr) == (f"{endpoint.answer}\n", "")
