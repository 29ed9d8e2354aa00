"""What a graph streams of an answer: its words, once, under one id; nothing that was given up."""

from typing import Any

import pytest
from endpoint import Peculiar, peculiar_endpoint, refusing
from langchain_core.messages import AIMessage
from langgraph.store.memory import InMemoryStore

from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.calls import endpoint_model

ITEMS = [HistoryItem(text="my cat is called Miso"), HistoryItem(text="I go by bicycle")]


async def streamed(url: str, history: HistoryStore, task: str) -> tuple[list[list[str]], Any]:
    """Return the words of each message that is streamed, piece by piece, and the answer."""
    history.add("anna", ITEMS)
    chat = endpoint_model("m", base_url=url, api_key=None)
    graph = build_graph(chat=chat, history=history, store=InMemoryStore())
    said: dict[str, list[str]] = {}
    answer = shown = None
    async for mode, event in graph.astream(
        {"question": "What is my cat called?"},
        context=Context(user_id="anna", task=task),
        stream_mode=["messages", "values"],
    ):
        if mode == "messages" and isinstance(event[0], AIMessage):
            said.setdefault(event[0].id, []).append(event[0].text)
        elif mode == "values":
            answer, shown = event.get("answer"), (event.get("messages") or [None])[-1]
    assert isinstance(shown, AIMessage)
    assert list(said) == [shown.id], "and that is the id of the thread's message"
    return list(said.values()), answer


class Whole(Peculiar):
    """Answers a wish to stream with one reply."""

    def says(self, text: str | None, letters: dict[str, float] | None = None) -> None:
        self.received[-1].pop("stream", None)
        super().says(text, letters)


HABITS: dict[str, dict[str, Any]] = {
    "none": {},
    "no reason for the end": {"ends_streams": False},
    "refuses stream_options": {"rules": (refusing("stream_options", 400, "unknown argument"),)},
    "does not stream": {
        "rules": (
            lambda asked: (
                (400, {"error": {"message": "verify to stream"}}) if asked.get("stream") else None
            ),
        )
    },
    "no logprobs in streams": {
        "rules": (
            lambda asked: (
                (400, {"error": {"message": "logprobs with stream"}})
                if asked.get("stream") and asked.get("logprobs")
                else None
            ),
        )
    },
    "thinks": {"thoughts": "<think> This person hates dogs. </think>"},
    "thinks apart": {"thoughts": "This person hates dogs.", "thinks_in": "reasoning"},
    "thinks without a mark": {"thoughts": "This person hates dogs. </think>"},
    "leaves in the end": {"written": staticmethod("{}<|im_end|>".format)},
}


@pytest.mark.parametrize("habits", HABITS.values(), ids=HABITS)
@pytest.mark.parametrize("task", ["assistant", "dialogue"])
async def test_an_answer_comes_once_under_one_id(
    history: HistoryStore, habits: dict[str, Any], task: str
) -> None:
    with peculiar_endpoint(**habits) as (url, endpoint):
        said, answer = await streamed(url, history, task)
        assert ["".join(pieces) for pieces in said] == [endpoint.answer]
        assert (answer.kind, answer.text) == ("answered", endpoint.answer)
        asked = [request for request in endpoint.received if request.get("stream")]
        assert bool(asked) is (task == "assistant")  # of which the first reply is the answer


async def test_one_reply_to_a_wish_to_stream_is_an_answer(history: HistoryStore) -> None:
    with peculiar_endpoint(Whole) as (url, endpoint):
        said, answer = await streamed(url, history, "assistant")
        assert ["".join(pieces) for pieces in said] == [endpoint.answer]
        assert answer.text == endpoint.answer


async def test_the_words_of_an_answer_come_as_they_are_written(history: HistoryStore) -> None:
    with peculiar_endpoint() as (url, _):
        (pieces,), _ = await streamed(url, history, "assistant")
        assert len([piece for piece in pieces if piece]) > 3


class Second(Peculiar):
    """Has an answer when it is asked again."""

    def agrees(self, prompt: str) -> float:
        return 0.1 if "Reply: Who knows" in prompt else super().agrees(prompt)

    def answers(self, asked: dict[str, Any], prompt: str) -> None:
        self.answer = "Miso." if "Look again" in prompt else "Who knows?"
        super().answers(asked, prompt)


async def test_a_try_that_was_given_up_is_not_shown(history: HistoryStore) -> None:
    with peculiar_endpoint(Second) as (url, _):
        said, answer = await streamed(url, history, "dialogue")
        assert ["".join(pieces) for pieces in said] == ["Miso."]
        assert (answer.text, answer.tries) == ("Miso.", 1)
