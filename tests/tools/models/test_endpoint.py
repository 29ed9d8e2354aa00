"""Endpoints that answer badly, slowly, or with what is no reply at all."""

import asyncio
import os
import time
import tracemalloc
from threading import Lock
from typing import Any, TypedDict

import faults
import openai._base_client as client
import pytest
from endpoint import Endpoint
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from langchain_openai.chat_models.base import OpenAIRefusalError
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel

from guided_profile.graph.errors import ModelError
from guided_profile.tools.models import transport
from guided_profile.tools.models.calls import complete, endpoint_model
from guided_profile.tools.models.letters import score_letters
from guided_profile.tools.models.sharing import SharedServer

PROMPT = [HumanMessage("which one?")]


def chat(timeout: float = 20) -> ChatOpenAI:
    url = os.environ["OPENAI_BASE_URL"]
    return endpoint_model("m", base_url=url, api_key=None, timeout=timeout)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "INITIAL_RETRY_DELAY", 0.001)


class Restarted(SharedServer):
    """This machine's own server, which died and begins at another port."""

    def __init__(self, url: str) -> None:
        self.url, self.begun = url, 0

    @property
    def lives(self) -> bool:
        return self.begun > 0

    @property
    def base_url(self) -> str:
        return self.url

    @property
    def api_key(self) -> str:
        return "its key"

    def find(self) -> None:
        self.begun += 1


async def test_this_machines_own_server_is_started_again_before_it_is_asked(
    endpoint: type[Endpoint],
) -> None:
    server = Restarted(os.environ["OPENAI_BASE_URL"])
    gone = "http://127.0.0.1:1/v1"
    model = endpoint_model("m", base_url=gone, api_key="old", at_once=1, server=server)
    for _ in range(2):
        assert (await complete(model, PROMPT, stage="x", max_tokens=8)).text
    assert [chunk async for chunk in model.astream(PROMPT)]
    assert server.begun == 1
    assert model.root_async_client.api_key == "its key"
    model.root_client.close()


async def test_a_call_during_which_it_died_is_made_once_more(endpoint: type[Endpoint]) -> None:
    class Dies(Restarted):
        asked = 0

        @property
        def lives(self) -> bool:
            self.asked += 1
            return self.asked == 1 or self.begun > 0

    server = Dies("http://127.0.0.1:1/v1")
    model = endpoint_model("m", base_url=server.url, api_key=None, at_once=1, server=server)
    live = os.environ["OPENAI_BASE_URL"]
    server.find = lambda: setattr(server, "url", live) or setattr(server, "begun", 1)  # type: ignore[method-assign,func-returns-value]
    assert (await complete(model, PROMPT, stage="x", max_tokens=8)).text
    server.url = "http://127.0.0.1:1/v1"  # it lives, and does not answer
    with pytest.raises(ModelError, match="cannot be reached"):
        await complete(model, PROMPT, stage="x", max_tokens=8)
    model.root_client.close()


def choice(**fields: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "hi"}
    return {"choices": [{"index": 0, "finish_reason": "stop", "message": message} | fields]}


def message(**fields: Any) -> dict[str, Any]:
    return choice(message=fields)


NO_REPLIES: dict[str, Any] = {
    "no choices": {"choices": []},
    "choices of numbers": {"choices": [1]},
    "choices that are a text": {"choices": "hi"},
    "choices that are a dictionary": {"choices": {"a": 1}},
    "no message": {"choices": [{"index": 0, "finish_reason": "stop"}]},
    "a message that is null": choice(message=None),
    "a message that is a text": choice(message="hi"),
    "a content that is a number": message(content=5),
    "a content that is a dictionary": message(content={"answer": "hi"}),
    "a content of numbers": message(content=[1, 2]),
    "Ollama's own schema": {"message": {"role": "assistant", "content": "hi"}, "done": True},
    "Anthropic's": {"role": "assistant", "content": [{"type": "text", "text": "hi"}]},
    "the one of responses": {"object": "response", "output": [{"type": "message"}]},
    "the one of old completions": {"choices": [{"text": "hi", "index": 0}]},
    "a list": [1, 2],
    "a text": "hi",
    "null": None,
    "bytes": b"\x00\xff no",
    "half a reply": b'{"choices": [',
    "nothing": b"",
    "lists in lists in lists": b"[" * 100_000,
}


@pytest.mark.parametrize("said", NO_REPLIES.values(), ids=NO_REPLIES)
async def test_what_is_no_reply_is_a_model_error(endpoint: type[Endpoint], said: Any) -> None:
    endpoint.fault = faults.sends(said)
    for asked in (
        complete(chat(), PROMPT, stage="x", max_tokens=5),
        score_letters(chat(), PROMPT, "AB", stage="x"),
    ):
        with pytest.raises(ModelError, match="not a reply of the OpenAI API") as failed:
            await asked
        assert "\n" not in str(failed.value)


NAN = float("nan")
ODD_FIGURES: dict[str, dict[str, Any]] = {
    "usage that is a text": {"usage": "lots"},
    "usage of texts": {"usage": {"prompt_tokens": "a", "completion_tokens": "b"}},
    "usage in a list": {"usage": {"prompt_tokens": 1, "prompt_tokens_details": [1]}},
    "logprobs in a list": {"logprobs": [1]},
    "logprobs that are a text": {"logprobs": {"content": "x"}},
    "logprobs of numbers": {"logprobs": {"content": [1]}},
    "a token without one": {"logprobs": {"content": [{"token": "A"}]}},
    "one that is a text": {"logprobs": {"content": [{"token": "A", "logprob": "x"}]}},
    "one that is no number": {"logprobs": {"content": [{"token": "A", "logprob": NAN}]}},
    "one above 0": {"logprobs": {"content": [{"token": "A", "logprob": 1000}]}},
    "other tokens without names": {
        "logprobs": {"content": [{"token": "A", "logprob": -1, "top_logprobs": [{"logprob": -1}]}]}
    },
    "a role of its own": {"message": {"role": "robot", "content": "hi"}},
    "no role": {"message": {"content": "hi"}},
}


@pytest.mark.parametrize("odd", ODD_FIGURES.values(), ids=ODD_FIGURES)
async def test_figures_that_are_none_are_left_out_and_the_words_count(
    endpoint: type[Endpoint], odd: dict[str, Any]
) -> None:
    reply = choice(**{key: odd[key] for key in odd if key != "usage"})
    endpoint.fault = faults.sends(reply | {"usage": odd.get("usage")})
    done = await complete(chat(), PROMPT, stage="x", max_tokens=5)
    assert (done.text, done.confidence) == ("hi", None)
    scores = await score_letters(chat(), PROMPT, "AB", stage="x")
    assert (scores.text, scores.letters) == ("hi", None)


async def test_what_no_file_takes_is_replaced(endpoint: type[Endpoint]) -> None:
    endpoint.fault = faults.says("a\0b\ud800c")
    assert (await complete(chat(), PROMPT, stage="x", max_tokens=5)).text == "a\ufffdb?c"


@pytest.mark.parametrize(
    "fault",
    [faults.status(429), faults.status(500), faults.status(503), faults.drops],
    ids=["429", "500", "503", "dropped"],
)
async def test_what_fails_is_tried_three_times_with_growing_waits(
    endpoint: type[Endpoint], fault: faults.Fault
) -> None:
    endpoint.fault = faults.times(2, fault)
    assert (await complete(chat(), PROMPT, stage="x", max_tokens=9)).text == endpoint.answer
    assert len(endpoint.prompts) == 3
    endpoint.fault = fault
    with pytest.raises(ModelError) as failed:
        await complete(chat(), PROMPT, stage="x", max_tokens=9)
    assert len(endpoint.prompts) == 6
    assert faults.SECRET not in str(failed.value)


def test_the_waits_are_those_that_the_documents_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert (client.INITIAL_RETRY_DELAY, client.MAX_RETRY_DELAY) == (0.5, 8.0)


async def test_the_wait_that_the_endpoint_names_is_kept(endpoint: type[Endpoint]) -> None:
    endpoint.fault = faults.times(1, faults.status(429, Retry_After="1"))
    began = time.monotonic()
    assert (await complete(chat(), PROMPT, stage="x", max_tokens=9)).text == endpoint.answer
    assert 1 <= time.monotonic() - began < 20


@pytest.mark.parametrize(
    "fault",
    [faults.hangs, faults.trickles, faults.status(429, Retry_After="90")],
    ids=["hangs", "trickles", "wants 90 seconds"],
)
async def test_a_call_is_over_at_its_deadline_whatever_the_endpoint_does(
    endpoint: type[Endpoint], fault: faults.Fault
) -> None:
    endpoint.fault = fault
    began = time.monotonic()
    with pytest.raises(ModelError, match="did not answer in time"):
        await complete(chat(timeout=0.5), PROMPT, stage="x", max_tokens=9)
    assert time.monotonic() - began < 10


async def test_the_time_of_a_call_runs_from_its_turn_where_an_endpoint_takes_one_at_a_time(
    endpoint: type[Endpoint],
) -> None:
    alone = Lock()

    def slowly(handler: Endpoint, asked: dict[str, Any]) -> bool:
        with alone:
            time.sleep(0.3)
        return False

    endpoint.fault = slowly
    url = os.environ["OPENAI_BASE_URL"]
    model = endpoint_model("m", base_url=url, api_key=None, timeout=1, at_once=1)
    calls = [complete(model, PROMPT, stage="x", max_tokens=9) for _ in range(6)]
    assert [done.text for done in await asyncio.gather(*calls)] == [endpoint.answer] * 6


async def test_a_reply_without_end_is_not_kept_in_memory(
    endpoint: type[Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MOST_REPLY_BYTES", 2_000_000)
    endpoint.fault = faults.endless
    tracemalloc.start()
    with pytest.raises(ModelError, match="does not end"):
        await complete(chat(), PROMPT, stage="x", max_tokens=9)
    assert tracemalloc.get_traced_memory()[1] < 40_000_000
    tracemalloc.stop()


async def test_an_endpoint_that_heeds_no_limit_is_cut_off(endpoint: type[Endpoint]) -> None:
    endpoint.fault = faults.says("and so on " * 5000)
    done = await complete(chat(), PROMPT, stage="x", max_tokens=10)
    assert (done.finish_reason, len(done.text)) == ("length", 200)


class Kept(TypedDict, total=False):
    kept: str


async def streamed() -> tuple[str, str]:
    """Return what a graph streams of a model's words, and what it has in the end."""

    async def node(state: Kept) -> Kept:
        done = await complete(chat(), PROMPT, stage="x", max_tokens=50, streamed=True)
        return {"kept": done.text}

    graph = StateGraph(Kept).add_node("n", node).add_edge(START, "n").add_edge("n", END).compile()
    words, kept = "", ""
    async for mode, value in graph.astream({}, stream_mode=["messages", "values"]):
        if mode == "messages":
            words += value[0].text  # type: ignore[union-attr]
        else:
            kept = value.get("kept", "")  # type: ignore[union-attr]
    return words, kept


async def test_a_stream_that_ends_is_an_answer(endpoint: type[Endpoint]) -> None:
    endpoint.fault = faults.streams("my ", "cat", faults.ENDS)
    assert await streamed() == ("my cat", "my cat")


@pytest.mark.filterwarnings("ignore:Pydantic serializer")  # of the client, before we see it
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (faults.streams("my ", "cat", cut=True), "broke off"),
        (faults.streams("my ", "cat"), "broke off"),
        (faults.streams(), "broke off|not a reply"),
        (faults.streams("my ", {"error": {"message": faults.SECRET}}), "refuses"),
        (faults.streams("my ", {"choices": [{"delta": 5}]}), "not a reply"),
        (faults.streams("my ", {"choices": 5}), "not a reply"),
    ],
    ids=["connection lost", "no end", "no word", "an error in it", "a wrong delta", "no choices"],
)
async def test_a_stream_that_breaks_off_is_no_answer(
    endpoint: type[Endpoint], fault: faults.Fault, said: str
) -> None:
    endpoint.fault = fault
    with pytest.raises(ModelError, match=said) as failed:
        await streamed()
    assert faults.SECRET not in str(failed.value)
    assert len(endpoint.prompts) == 1  # somebody may have read the words: no second try


class Pet(BaseModel):
    name: str


def part(text: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}}]}


@pytest.mark.filterwarnings("ignore:Pydantic serializer")  # of ChatOpenAI, about its own chunks
async def test_structured_output_is_the_object_that_was_asked_for(
    endpoint: type[Endpoint],
) -> None:
    model = chat()
    asked = model.with_structured_output(Pet)
    endpoint.fault = faults.says('{"name": "Miso"}')
    assert await asked.ainvoke("which?") == Pet(name="Miso")
    assert asked.invoke("which?") == Pet(name="Miso")
    endpoint.fault = faults.streams(
        *(
            {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"} | chunk
            for chunk in (part('{"name": '), part('"Miso"}'), faults.ENDS)
        )
    )
    assert [chunk async for chunk in asked.astream("which?")] == [Pet(name="Miso")]
    assert list(asked.stream("which?")) == [Pet(name="Miso")]
    endpoint.fault = faults.sends(message(content=None, refusal="I will not."))
    with pytest.raises(OpenAIRefusalError, match="I will not"):
        await asked.ainvoke("which?")
    model.root_client.close()
