import asyncio
import gc
import json
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import log
from typing import Any, TypedDict

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, StateGraph

from guided_profile.graph.errors import ModelError
from guided_profile.tools.models.calls import (
    ask_yes_no,
    complete,
    endpoint_model,
    model_id,
    score_letters,
)

PROMPT = [HumanMessage("SECRET: which one?")]
TOP = {" A": 0.5, "A": 0.2, "b": 0.1, "B": 0.1, "AB": 0.05, "A.": 0.05}
USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 2,
    "total_tokens": 22,
    "prompt_tokens_details": {"cached_tokens": 16},
}

Refusal = Callable[[dict[str, Any]], tuple[int, Any] | None]


class Endpoint:
    """A chat endpoint on loopback, which replies " A" and "!", streamed if that is asked for."""

    def __init__(self) -> None:
        self.logprobs = True
        """Whether it tells them to those who ask; else it ignores the wish."""
        self.empty = False
        self.finish_reason = "stop"
        self.refuse: Refusal = lambda asked: None
        self.asked: list[dict[str, Any]] = []
        self.connections = 0
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # so that connections could be kept

            def setup(self) -> None:
                endpoint.connections += 1
                super().setup()

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.asked.append(asked)
                refused = endpoint.refuse(asked)
                if refused:
                    status, said = refused
                    body = said if isinstance(said, bytes) else json.dumps(said).encode()
                    kind = "text/html" if isinstance(said, bytes) else "application/json"
                elif asked.get("stream"):
                    status, body, kind = 200, endpoint.stream(asked), "text/event-stream"
                else:
                    status, body, kind = 200, endpoint.whole(asked), "application/json"
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def told(self, asked: dict[str, Any], token: str, p: float) -> dict[str, Any] | None:
        if not self.logprobs or not asked.get("logprobs"):
            return None
        top = [{"token": t, "logprob": log(q)} for t, q in TOP.items()]
        return {"content": [{"token": token, "logprob": log(p), "top_logprobs": top}]}

    def tokens(self, asked: dict[str, Any]) -> list[tuple[str, float]]:
        return [] if self.empty else [(" A", 0.5), ("!", 0.125)][: asked["max_tokens"]]

    def whole(self, asked: dict[str, Any]) -> bytes:
        tokens = self.tokens(asked)
        told = [self.told(asked, *token) for token in tokens]
        content = [one["content"][0] for one in told if one]
        choice = {
            "index": 0,
            "finish_reason": self.finish_reason,
            "message": {"role": "assistant", "content": "".join(token for token, _ in tokens)},
            "logprobs": {"content": content} if content else None,
        }
        return json.dumps({"id": "1", "model": "m", "choices": [choice], "usage": USAGE}).encode()

    def stream(self, asked: dict[str, Any]) -> bytes:
        chunks: list[dict[str, Any]] = [
            {
                "index": 0,
                "delta": {"role": "assistant", "content": token},
                "logprobs": self.told(asked, token, p),
            }
            for token, p in self.tokens(asked)
        ]
        chunks.append({"index": 0, "delta": {}, "finish_reason": self.finish_reason})
        said = [{"id": "1", "model": "m", "choices": [chunk]} for chunk in chunks]
        said.append({"id": "1", "model": "m", "choices": [], "usage": USAGE})  # type: ignore[dict-item]
        return b"".join(f"data: {json.dumps(one)}\n\n".encode() for one in said) + b"data: [DONE]\n"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    one = Endpoint()
    yield one
    one.close()


@pytest.fixture
def chat(endpoint: Endpoint) -> ChatOpenAI:
    return endpoint_model("m", base_url=endpoint.url, api_key="k", timeout=10)


async def test_a_completion_carries_its_confidence_and_cost(
    endpoint: Endpoint, chat: ChatOpenAI
) -> None:
    endpoint.finish_reason = "length"
    done = await complete(chat, PROMPT, stage="digest", max_tokens=7, temperature=0.5)
    assert (done.text, done.finish_reason) == (" A!", "length")
    assert done.confidence == pytest.approx((0.5 * 0.125) ** 0.5)
    assert done.call.stage == "digest"
    assert done.call.seconds > 0
    tokens = (done.call.input_tokens, done.call.output_tokens, done.call.cached_tokens)
    assert tokens == (20, 2, 16)
    [asked] = endpoint.asked
    assert (asked["temperature"], asked["logprobs"]) == (0.5, True)


async def test_the_limit_goes_by_the_name_that_every_endpoint_knows(
    endpoint: Endpoint, chat: ChatOpenAI
) -> None:
    await complete(chat, PROMPT, stage="x", max_tokens=7)
    assert endpoint.asked[0]["max_tokens"] == 7
    assert "max_completion_tokens" not in endpoint.asked[0]


def test_openai_itself_is_sent_the_new_name_of_the_limit() -> None:
    chat = endpoint_model("m", base_url=None, api_key="k")
    payload = chat._get_request_payload(PROMPT, max_tokens=7)  # no network to see it on
    assert payload["max_completion_tokens"] == 7
    assert "max_tokens" not in payload


async def test_letters_are_weighed_by_their_first_token(
    endpoint: Endpoint, chat: ChatOpenAI
) -> None:
    scores = await score_letters(chat, PROMPT, "ABC", stage="respond")
    assert scores.letters == pytest.approx({"A": 0.7, "B": 0.1, "C": 0.0})
    assert scores.text == " A"
    [asked] = endpoint.asked
    assert (asked["max_tokens"], asked["top_logprobs"], asked["temperature"]) == (1, 20, 0)


async def test_an_endpoint_that_ignores_logprobs_gives_a_text_and_is_not_asked_again(
    endpoint: Endpoint, chat: ChatOpenAI
) -> None:
    endpoint.logprobs = False
    assert (await complete(chat, PROMPT, stage="x", max_tokens=2)).confidence is None
    scores = await score_letters(chat, PROMPT, "AB", stage="x", max_tokens_without=9)
    assert (scores.letters, scores.text) == (None, " A!")
    assert scores.call.input_tokens == 40  # of both tries
    assert [asked["max_tokens"] for asked in endpoint.asked] == [2, 1, 9]
    again = await score_letters(chat, PROMPT, "AB", stage="x")
    assert again.call.input_tokens == 20
    assert "logprobs" not in endpoint.asked[-1]


@pytest.mark.parametrize("status", [400, 422])
async def test_an_endpoint_that_refuses_logprobs_is_asked_without_from_then_on(
    endpoint: Endpoint, chat: ChatOpenAI, status: int
) -> None:
    refusal = (status, {"error": {"message": "unknown field `logprobs`"}})
    endpoint.refuse = lambda asked: refusal if "logprobs" in asked else None
    done = await complete(chat, PROMPT, stage="x", max_tokens=2)
    assert (done.text, done.confidence) == (" A!", None)
    scores = await score_letters(chat, PROMPT, "AB", stage="x")
    assert (scores.letters, scores.text) == (None, " A!")
    assert ["logprobs" in asked for asked in endpoint.asked] == [True, False, False]
    assert not any("top_logprobs" in asked for asked in endpoint.asked)


async def test_a_reasoning_model_that_refuses_a_temperature_is_asked_without(
    endpoint: Endpoint, chat: ChatOpenAI
) -> None:
    refusal = (400, {"error": {"message": "'temperature' does not support 0.0"}})
    endpoint.refuse = lambda asked: refusal if "temperature" in asked else None
    assert (await complete(chat, PROMPT, stage="x", max_tokens=2)).text == " A!"
    assert ["temperature" in asked for asked in endpoint.asked] == [True, False]


async def test_a_model_that_refuses_a_penalty_of_repetition_is_asked_without(
    endpoint: Endpoint, chat: ChatOpenAI
) -> None:
    await complete(chat, PROMPT, stage="x", max_tokens=2)
    assert "frequency_penalty" not in endpoint.asked[0]
    refusal = (400, {"error": {"message": "Unsupported parameter: 'frequency_penalty'"}})
    endpoint.refuse = lambda asked: refusal if "frequency_penalty" in asked else None
    for _ in range(2):
        done = await complete(chat, PROMPT, stage="x", max_tokens=2, repetition=0.25)
        assert done.text == " A!"
    sent = [asked.get("frequency_penalty") for asked in endpoint.asked[1:]]
    assert sent == [0.25, None, None]


@pytest.mark.parametrize(
    ("top", "yes"),
    [
        ({"Yes": 0.3, " yes": 0.2, "YES": 0.1, "No": 0.1, "no": 0.1, "Nope": 0.2}, 0.75),
        ({"No": 0.9}, 0.0),
        ({"Perhaps": 0.9, "Not": 0.1}, None),
    ],
)
async def test_yes_is_weighed_against_no_however_they_are_spelled(
    chat: ChatOpenAI, monkeypatch: pytest.MonkeyPatch, top: dict[str, float], yes: float | None
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "TOP", top)
    said = await ask_yes_no(chat, PROMPT, stage="verify")
    assert said.yes == (None if yes is None else pytest.approx(yes))
    assert (said.text, said.call.stage) == (" A", "verify")


async def test_without_log_probabilities_yes_has_none_but_there_is_a_text(
    endpoint: Endpoint, chat: ChatOpenAI
) -> None:
    endpoint.logprobs = False
    said = await ask_yes_no(chat, PROMPT, stage="verify")
    assert (said.yes, said.text) == (None, " A!")


async def test_what_one_model_refuses_says_nothing_of_another(endpoint: Endpoint) -> None:
    endpoint.logprobs = False
    first = endpoint_model("m", base_url=endpoint.url, api_key=None)
    await score_letters(first, PROMPT, "AB", stage="x")
    endpoint.logprobs = True
    second = endpoint_model("m", base_url=endpoint.url, api_key=None)
    assert (await score_letters(second, PROMPT, "AB", stage="x")).letters


async def test_an_empty_reply_does_not_prove_that_there_are_no_logprobs(
    endpoint: Endpoint, chat: ChatOpenAI
) -> None:
    endpoint.empty = True
    assert (await score_letters(chat, PROMPT, "AB", stage="x")).letters is None
    endpoint.empty = False
    assert (await score_letters(chat, PROMPT, "AB", stage="x")).letters


async def test_nothing_is_lost_when_a_graph_streams_the_model(
    endpoint: Endpoint, chat: ChatOpenAI
) -> None:
    class Kept(TypedDict, total=False):
        kept: list[Any]

    async def node(state: Kept) -> Kept:
        done = await complete(chat, PROMPT, stage="x", max_tokens=2)
        return {"kept": [done, await score_letters(chat, PROMPT, "AB", stage="x")]}

    graph = StateGraph(Kept).add_node("n", node).add_edge(START, "n").add_edge("n", END).compile()
    kept: list[Any] = []
    async for mode, value in graph.astream({}, stream_mode=["messages", "values"]):
        if mode == "values" and isinstance(value, dict):
            kept = value.get("kept", kept)
    assert all(asked["stream"] for asked in endpoint.asked)
    done, scores = kept
    assert (done.text, done.finish_reason) == (" A!", "stop")
    assert done.confidence == pytest.approx((0.5 * 0.125) ** 0.5)
    assert (done.call.input_tokens, done.call.cached_tokens) == (20, 16)
    assert scores.letters == pytest.approx({"A": 0.7, "B": 0.1})


def test_one_model_serves_several_event_loops(chat: ChatOpenAI) -> None:
    async def several() -> None:
        calls = [complete(chat, PROMPT, stage="x", max_tokens=2) for _ in range(3)]
        assert [done.text for done in await asyncio.gather(*calls)] == [" A!"] * 3

    for _ in range(3):
        asyncio.run(several())
    with ThreadPoolExecutor() as threads:  # and at the same time
        list(threads.map(lambda _: asyncio.run(several()), range(4)))


async def test_a_connection_is_kept_for_the_next_call(chat: ChatOpenAI, endpoint: Endpoint) -> None:
    for _ in range(5):
        assert (await complete(chat, PROMPT, stage="x", max_tokens=2)).text == " A!"
    assert endpoint.connections == 1


def test_the_connections_of_loops_that_ended_are_let_go_of(
    chat: ChatOpenAI, endpoint: Endpoint
) -> None:
    loops = []

    async def once() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await complete(chat, PROMPT, stage="x", max_tokens=2)

    for _ in range(5):
        asyncio.run(once())
    gc.collect()
    assert [one() for one in loops] == [None] * 5  # with all that belonged to them


@pytest.mark.parametrize(
    ("status", "reply", "said"),
    [
        (401, {"error": {"message": "SECRET"}}, "OPENAI_API_KEY"),
        (403, {"error": {"message": "SECRET"}}, "does not let"),
        (404, {"error": {"message": "SECRET"}}, "OPENAI_BASE_URL"),
        (429, {"error": {"message": "SECRET"}}, "quota"),
        (500, {"error": {"message": "SECRET"}}, "failed after retries"),
        (400, {"error": {"message": "SECRET", "code": "odd"}}, "'odd'"),
        (400, {"error": {"message": "maximum context length is 9; SECRET"}}, "longer than its"),
        (400, {"error": {"message": "exceeds the available context size"}}, "longer than its"),
        (200, {"choices": None, "SECRET": 1}, "not a reply"),
        (200, {"SECRET": 1}, "not a reply"),
        (200, {"error": {"message": "SECRET"}}, "not a reply"),
        (200, b"<html>SECRET</html>", "not a reply"),
    ],
)
async def test_a_failure_is_one_line_that_says_what_to_do(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, status: int, reply: Any, said: str
) -> None:
    chat = endpoint_model("the-model", base_url=endpoint.url, api_key="k")
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
    endpoint.refuse = lambda asked: (status, reply)
    with pytest.raises(ModelError, match=said) as failed:
        await complete(chat, PROMPT, stage="x", max_tokens=2)
    assert "'the-model'" in str(failed.value)
    assert "SECRET" not in str(failed.value)
    assert "\n" not in str(failed.value)


async def test_an_endpoint_out_of_reach_is_a_model_error(endpoint: Endpoint) -> None:
    closed = Endpoint()
    closed.close()
    chat = endpoint_model("m", base_url=closed.url, api_key=None)
    with pytest.raises(ModelError, match="cannot be reached"):
        await score_letters(chat, PROMPT, "AB", stage="x")


class Plain(BaseChatModel):
    """A model of a client library that knows no log probabilities."""

    bug: bool = False

    @property
    def _llm_type(self) -> str:
        return "plain"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        if self.bug:
            raise KeyError("a bug")
        if "logprobs" in kwargs:
            raise TypeError("create() got an unexpected keyword argument 'logprobs'")
        blocks: list[str | dict[str, Any]] = [{"type": "text", "text": "A, "}, "surely"]
        message = AIMessage(blocks, response_metadata={"stop_reason": "max_tokens"})
        return ChatResult(generations=[ChatGeneration(message=message)])


async def test_a_client_library_without_logprobs_usage_or_plain_text_will_do() -> None:
    chat = Plain()
    done = await complete(chat, PROMPT, stage="x", max_tokens=2)
    assert (done.text, done.finish_reason) == ("A, surely", "length")
    assert (done.confidence, done.call.input_tokens) == (None, 0)
    assert (await score_letters(chat, PROMPT, "AB", stage="x")).text == "A, surely"


async def test_a_bug_is_not_dressed_as_the_endpoints_failure() -> None:
    with pytest.raises(KeyError, match="a bug"):
        await complete(Plain(bug=True), PROMPT, stage="x", max_tokens=2)


def test_a_model_is_named_for_fingerprints(chat: ChatOpenAI) -> None:
    assert model_id(chat) == "m"
    assert model_id(Plain()) == "plain"
