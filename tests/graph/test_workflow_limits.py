"""What a person wants of every answer: an answer that goes against it goes back once."""

from typing import Any

import pytest
from scripted import ScriptedChat
from workflows import items, responses, script

from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.errors import ModelError
from guided_profile.graph.state import Answered
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.standards import limits

HISTORY = items("answers under six words please, I read on a tiny screen", "my cat is called Miso")
LIMIT = "This person wants answers under 6 words."
LONG, SHORT = "Your cat is called Miso, as you told me in spring.", "It is called Miso."


@pytest.fixture(autouse=True)
def _nothing_read() -> None:
    limits._readings.cache_clear()


def model(*replies: str, letter: str = "A", breaks: Any = 0.1) -> ScriptedChat:
    scripted = script(*replies)

    def said(prompt: str) -> str | dict[str, float]:
        if "Now write what this says" in prompt:
            return LIMIT
        if "set a limit on" in prompt:
            return {letter: 0.9, "H": 0.1} if letter != "H" else {"H": 1.0}
        if "What does that say of" in prompt:
            return {"B": 0.9, "E": 0.1}
        if "go against what they want" in prompt:
            yes = breaks(prompt) if callable(breaks) else breaks
            return {"Yes": yes, "No": 1 - yes}
        return scripted(prompt)

    return ScriptedChat(script=said, judges=lambda *_: 0.95, uses=lambda note: "A")


async def asked(history: HistoryStore, chat: ScriptedChat) -> Answered:
    history.add("anna", HISTORY)
    graph = build_graph(chat=chat, history=history)
    context = Context(user_id="anna", task="assistant")
    out = await graph.ainvoke({"question": "What is my cat called?"}, context=context)
    assert isinstance(out["answer"], Answered)
    return out["answer"]


async def test_an_answer_over_a_stated_limit_goes_back_once(history: HistoryStore) -> None:
    chat = model(LONG, SHORT)
    answer = await asked(history, chat)
    assert (answer.text, answer.missed) == (SHORT, ())
    again = responses(chat)[-1]
    assert LONG in again
    assert LIMIT in again.rpartition(LONG)[2]


async def test_the_first_answer_stays_where_the_second_keeps_no_more(history: HistoryStore) -> None:
    answer = await asked(history, model(LONG, LONG + " And so on."))
    assert (answer.text, answer.missed) == (LONG, (LIMIT,))


async def test_a_limit_that_cannot_be_counted_is_asked_about(history: HistoryStore) -> None:
    chat = model(LONG, SHORT, letter="H", breaks=lambda prompt: 0.95 if LONG in prompt else 0.1)
    answer = await asked(history, chat)
    assert (answer.text, answer.missed) == (SHORT, ())


async def test_an_answer_that_keeps_to_it_costs_one_call_more_at_most(
    history: HistoryStore,
) -> None:
    counted, judged = model(SHORT), model(SHORT, letter="H")
    for chat, more in ((counted, 0), (judged, 1)):
        limits._readings.cache_clear()
        history.delete_user("anna")
        await asked(history, chat)
        before = len(chat.prompts)
        answer = await asked(history, chat)
        reviewing = [p for p in chat.prompts[before:] if "go against what they want" in p]
        assert (len(reviewing), answer.missed) == (more, ())


async def test_a_check_that_fails_fails_no_answer(history: HistoryStore) -> None:
    def gone(prompt: str) -> float:
        raise ModelError("the endpoint is gone")

    answer = await asked(history, model(LONG, letter="H", breaks=gone))
    assert (answer.text, answer.missed) == (LONG, ())


async def test_what_is_missed_stays_known_where_the_second_check_fails(
    history: HistoryStore,
) -> None:
    def gone_then(prompt: str) -> float:
        if LONG not in prompt:
            raise ModelError("the endpoint is gone")
        return 0.95

    answer = await asked(history, model(LONG, SHORT, letter="H", breaks=gone_then))
    assert (answer.text, answer.missed) == (LONG, (LIMIT,))
