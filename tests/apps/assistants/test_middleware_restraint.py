"""What a host's model gets of the user, and what is held back."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from asked import BEARS, writes_profile
from host import OWN_PROMPT, Host, agent_of, ask, mark
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatResult
from langgraph.store.memory import InMemoryStore
from scripted import ScriptedChat

from guided_profile.apps.assistants.companion import Companion
from guided_profile.graph.context import Context
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore

NUTS = "This person is allergic to hazelnuts."
BREAD = "This person bakes rye bread."
DEBT = "This person has debts on a credit card."
USES = {NUTS: "A", BREAD: "B", DEBT: "C"}
PAST = ["hazelnuts: i am allergic", "baked rye bread again", "debts on the credit card grow"]


class SlowChat(ScriptedChat):
    """Answers whether notes bear only when it is let."""

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        if BEARS.search("\n".join(message.text for message in messages)):
            LET.wait(10)
        return super()._generate(messages, *args, **kwargs)


LET = threading.Event()


@pytest.fixture
def chat() -> ScriptedChat:
    LET.set()

    def says(prompt: str) -> str:
        return f"{NUTS} {BREAD} {DEBT}" if writes_profile(prompt) else "bread"

    return SlowChat(
        script=says,
        uses=USES.__getitem__,
        bears=lambda request, notes: 0.1 if request == "Thanks!" else 0.9,
    )


@pytest.fixture
def anna(history: HistoryStore, chat: ScriptedChat) -> Iterator[Companion]:
    with Companion(chat=chat, history=history, store=InMemoryStore()) as opened:
        history.add("anna", [HistoryItem(text=text, source="chat") for text in PAST])
        opened.refresh("anna").result(60)
        yield opened


def questions(chat: ScriptedChat) -> int:
    return sum(bool(BEARS.search(prompt)) for prompt in chat.prompts)


def test_what_is_private_is_held_back_and_the_answer_says_so(anna: Companion) -> None:
    host = Host()
    answer = ask(agent_of(anna, host), "Which flour for rye bread?")
    assert "debts" not in str(host.sent)
    assert NUTS in host.sent[0][1].text
    assert mark(answer)["used"] == [NUTS, BREAD]
    assert mark(answer)["held_back"] == [{"text": DEBT, "reason": "private"}]
    answer = ask(agent_of(anna, host), "How do I pay the debts on my credit card?", thread="2")
    assert DEBT in mark(answer)["used"]


def test_a_trivial_turn_gets_what_always_applies_and_recalls_nothing(
    anna: Companion,
) -> None:
    host = Host()
    answer = ask(agent_of(anna, host), "Thanks!")
    assert mark(answer)["used"] == [NUTS]
    assert mark(answer)["items"] == 0
    assert "<history>\n" not in host.sent[0][1].text


def test_a_model_that_is_late_leaves_it_to_nearness(anna: Companion, chat: ScriptedChat) -> None:
    LET.clear()
    answer = ask(agent_of(anna, Host(), patience=1.0), "Which flour for rye bread?")
    assert mark(answer)["used"] == [NUTS, BREAD]
    assert mark(answer)["failure"] == ""
    LET.set()
    assert anna.flush(60)


def test_a_turn_with_tool_calls_is_asked_about_once(anna: Companion, chat: ScriptedChat) -> None:
    call = {"name": "search_history", "args": {"query": "bread"}, "id": "1"}
    host = Host(says=[AIMessage("", tool_calls=[call])])
    ask(agent_of(anna, host), "Which flour for rye bread?")
    assert len(host.sent) == 2
    first, second = ([m for m in sent if isinstance(m, HumanMessage)][-1] for sent in host.sent)
    assert first.text == second.text
    assert first.text.endswith("Which flour for rye bread?")
    assert questions(chat) == 1


def test_what_was_said_long_ago_in_the_conversation_is_sent_again(anna: Companion) -> None:
    host = Host()
    said = [HumanMessage("I bake rye bread."), AIMessage("Nice.")]
    talk = [("user", "hm"), ("assistant", "Yes?")] * 5
    words = HumanMessage("Which flour for rye bread?")
    agent = agent_of(anna, host, remembers=False)
    late = agent.invoke({"messages": [*said, *talk, words]}, context=Context(user_id="anna"))
    assert BREAD in mark(late)["used"]
    soon = agent.invoke({"messages": [*said, words]}, context=Context(user_id="anna"))
    assert {"text": BREAD, "reason": "already_in_conversation"} in mark(soon)["held_back"]
    assert all(sent[0].text == OWN_PROMPT for sent in host.sent)
