"""Questions about a deletion: asked late, in another conversation, to another process."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from host import Host, agent_of, ask, mark, said_by, writer
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from scripted import ScriptedChat

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.assistants.heeding import Heeding
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.requests.screen import Screen

pytestmark = pytest.mark.memory_requests
DOG = "my dog Bruno sleeps in the kitchen"
FORGET = "Please forget what I told you about my dog."
YES, NO, SOUP = "Yes, please.", "Rather not.", "What soup shall I cook?"


class Model:
    """Knows what is asked of the memory; some messages take it long."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slow = ""
        """What the message says that takes so long; empty: any."""

    def __call__(self, prompt: str) -> Any:
        if "its letter alone." in prompt:
            message = prompt.rpartition("Message: ")[2]
            time.sleep(self.seconds if self.slow in message else 0.0)
            return {"B" if FORGET in message else "A": 0.9}
        if "Did the user say that it shall?" in prompt:
            return {"Yes": 0.9} if f"replies: {YES}" in prompt else {"No": 0.9}
        if "want something answered, made or done?" in prompt:
            return {"Yes": 0.9} if SOUP in prompt else {"No": 0.9}
        if "what is to be forgotten" in prompt:
            return "my dog"
        if "Is it about this:" in prompt:
            return {"Yes": 0.9} if "Bruno" in prompt else {"No": 0.9}
        return {"No": 0.9} if "Yes or No" in prompt else writer(prompt)


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def companion(history: HistoryStore, model: Model) -> Iterator[Companion]:
    history.add("anna", [HistoryItem(text=DOG, source="chat")])
    with Companion(
        chat=ScriptedChat(script=model), history=history, store=InMemoryStore()
    ) as companion:
        yield companion


def kept(companion: Companion) -> list[str]:
    return [item.text for item in companion.history.list("anna", withdrawn=True)]


def test_a_question_that_comes_late_belongs_to_the_conversation_in_which_it_is_asked(
    companion: Companion, model: Model
) -> None:
    model.seconds = 2.5
    agent = agent_of(companion, Host(), checkpointer=InMemorySaver(), patience=1.5)
    assert mark(ask(agent, FORGET))["memory"] == []
    assert companion.flush(60)
    model.seconds = 0.0
    acts = mark(ask(agent, SOUP, thread="2"))["memory"]
    assert [act["outcome"] for act in acts] == ["asks"]
    assert mark(ask(agent, YES))["memory"] == []
    assert DOG in kept(companion)
    assert [act["kind"] for act in mark(ask(agent, YES, thread="2"))["memory"]] == ["confirm"]
    assert DOG not in kept(companion)


def test_a_yes_counts_in_whichever_process_it_is_heard(companion: Companion) -> None:
    first = Heeding(companion)
    judged = first.of("anna", "1", HumanMessage(FORGET))
    judged.result(60)
    with Companion(
        chat=companion.chat, history=companion.history, store=companion.store
    ) as another:
        early = Heeding(another).of("anna", "1", HumanMessage(YES, id="1")).result(60)
        assert early is None  # nobody was asked yet
        first.answered("anna", "1", first.acts_to_report("anna", judged))
        heeded = Heeding(another).of("anna", "1", HumanMessage(YES, id="2")).result(60)
    assert heeded is not None
    assert heeded.act.kind == "confirm"
    assert DOG not in kept(companion)


def test_a_yes_confirms_no_question_that_was_asked_before_the_last_message(
    companion: Companion,
) -> None:
    for message in (FORGET, FORGET):  # in two processes, which do not know of each other
        heeding = Heeding(companion)
        judged = heeding.of("anna", "1", HumanMessage(message))
        judged.result(60)
        heeding.answered("anna", "1", heeding.acts_to_report("anna", judged))
    assert Heeding(companion).of("anna", "1", HumanMessage(SOUP)).result(60) is not None
    assert Heeding(companion).of("anna", "1", HumanMessage(YES)).result(60) is None
    assert DOG in kept(companion)


def test_a_request_sees_what_was_said_before_it_and_is_still_being_judged(
    companion: Companion, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Screen, "asking", lambda screen, message: [message])
    said = "Bruno, that dog of mine, bit me."
    companion.history.delete("anna", [item.id for item in companion.history.list("anna")])
    model.seconds, model.slow = 1.0, said
    agent = agent_of(companion, Host(), checkpointer=InMemorySaver(), patience=0.4)
    ask(agent, said)
    ask(agent, FORGET)
    assert companion.flush(60)
    assert said in kept(companion)
    assert said_by(companion, "anna") == []  # it is withdrawn until they say yes
    assert [act["outcome"] for act in mark(ask(agent, SOUP))["memory"]] == ["asks"]


def test_what_answers_our_question_and_no_more_is_no_item(companion: Companion) -> None:
    agent = agent_of(companion, Host(), checkpointer=InMemorySaver())
    for reply, item in ((NO, False), (SOUP, True)):
        ask(agent, FORGET)
        answer = ask(agent, reply)
        assert "I deleted nothing" in answer["messages"][-1].text
        assert (reply in said_by(companion, "anna")) is item
