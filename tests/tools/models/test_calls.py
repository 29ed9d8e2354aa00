import asyncio
import gc
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypedDict

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, StateGraph
from token_endpoint import TokenEndpoint

from guided_profile.graph.errors import ModelError
from guided_profile.tools.models.calls import complete, endpoint_model, model_id
from guided_profile.tools.models.letters import score_letters

PROMPT = [HumanMessage("SECRET: which one?")]


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    endpoint = TokenEndpoint()
    yield endpoint
    endpoint.close()


@pytest.fixture
def chat(endpoint: TokenEndpoint) -> ChatOpenAI:
    return endpoint_model("m", base_url=endpoint.url, api_key="k", timeout=10)


async def test_what_a_filter_kept_back_was_declined(
    endpoint: TokenEndpoint, chat: ChatOpenAI
) -> None:
    endpoint.finish_reason = "content_filter"
    done = await complete(chat, PROMPT, stage="respond", max_tokens=7)
    assert (done.finish_reason, done.cut_off) == ("refusal", True)


async def test_a_completion_carries_its_confidence_and_cost(
    endpoint: TokenEndpoint, chat: ChatOpenAI
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
    endpoint: TokenEndpoint, chat: ChatOpenAI
) -> None:
    await complete(chat, PROMPT, stage="x", max_tokens=7)
    assert endpoint.asked[0]["max_tokens"] == 7
    assert "max_completion_tokens" not in endpoint.asked[0]


def test_openai_itself_is_sent_the_new_name_of_the_limit() -> None:
    chat = endpoint_model("m", base_url=None, api_key="k")
    payload = chat._get_request_payload(PROMPT, max_tokens=7)  # no network to see it on
    assert payload["max_completion_tokens"] == 7
    assert "max_tokens" not in payload


async def test_a_reasoning_model_that_refuses_a_temperature_is_asked_without(
    endpoint: TokenEndpoint, chat: ChatOpenAI
) -> None:
    refusal = (400, {"error": {"message": "'temperature' does not support 0.0"}})
    endpoint.refuse = lambda asked: refusal if "temperature" in asked else None
    assert (await complete(chat, PROMPT, stage="x", max_tokens=2)).text == " A!"
    assert ["temperature" in asked for asked in endpoint.asked] == [True, False]


async def test_a_model_that_refuses_a_penalty_of_repetition_is_asked_without(
    endpoint: TokenEndpoint, chat: ChatOpenAI
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


async def test_nothing_is_lost_when_a_graph_streams_the_model(
    endpoint: TokenEndpoint, chat: ChatOpenAI
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
    assert not any(asked.get("stream") for asked in endpoint.asked)  # nobody is shown these
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


async def test_a_connection_is_kept_for_the_next_call(
    chat: ChatOpenAI, endpoint: TokenEndpoint
) -> None:
    for _ in range(5):
        assert (await complete(chat, PROMPT, stage="x", max_tokens=2)).text == " A!"
    assert endpoint.connections == 1


def test_the_connections_of_loops_that_ended_are_let_go_of(
    chat: ChatOpenAI, endpoint: TokenEndpoint
) -> None:
    loops = []

    async def once() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await complete(chat, PROMPT, stage="x", max_tokens=2)

    for _ in range(5):
        asyncio.run(once())
    gc.collect()
    assert [loop() for loop in loops] == [None] * 5  # with all that belonged to them


@pytest.mark.parametrize(
    ("status", "reply", "expected"),
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
        (200, {"error": {"message": "SECRET"}}, "refuses the request"),
        (200, {"error": {"message": "no such model here"}}, "says: .no such model here"),
        (200, b"<html>SECRET</html>", "not a reply"),
    ],
)
async def test_a_failure_is_one_line_that_says_what_to_do(
    endpoint: TokenEndpoint, monkeypatch: pytest.MonkeyPatch, status: int, reply: Any, expected: str
) -> None:
    chat = endpoint_model("the-model", base_url=endpoint.url, api_key="k")
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
    endpoint.refuse = lambda asked: (status, reply)
    with pytest.raises(ModelError, match=expected) as failed:
        await complete(chat, PROMPT, stage="x", max_tokens=2)
    assert "'the-model'" in str(failed.value)
    assert "SECRET" not in str(failed.value)
    assert "\n" not in str(failed.value)


async def test_an_endpoint_out_of_reach_is_a_model_error(endpoint: TokenEndpoint) -> None:
    closed = TokenEndpoint()
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


def test_a_model_that_is_let_go_of_closes_its_connections() -> None:
    chat = endpoint_model("m", base_url="http://127.0.0.1:9/v1", api_key="k", timeout=10)
    client = chat.root_client._client
    del chat
    gc.collect()
    assert client.is_closed
