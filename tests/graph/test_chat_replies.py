"""What a chat's next message is after a question to the user: the reply to it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command
from workflows import ANNA, graph_of, responses

from guided_profile.graph.context import Context
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.task_rules import ColdStart
from guided_profile.graph.tasks import Task, builtin_tasks
from guided_profile.nodes.asking import keep
from guided_profile.tools.history.store import HistoryStore

CONTEXT = Context(user_id="anna")
THREAD: Any = {"configurable": {"thread_id": "1"}}
QUESTION = "What should I know about you?"


def asking(**more: Any) -> Task:
    builtin = builtin_tasks()["dialogue"]
    rule = {"policy": "ask", "clarifying_question": QUESTION}
    asks = builtin.abstention.model_copy(update=rule)
    return builtin.model_copy(update={"abstention": asks, **more})


def chat_of(history: HistoryStore, *replies: str, task: Task | None = None) -> tuple[Any, Any]:
    return graph_of(
        history,
        *replies,
        tasks=[task or asking()],
        checkpointer=InMemorySaver(),
        store=InMemoryStore(),
    )


def says(text: str) -> dict[str, Any]:
    return {"messages": [HumanMessage([{"type": "text", "text": text}])]}


def messages_of(out: Any) -> list[str]:
    return [message.text for message in out["messages"]]


def kept(history: HistoryStore, source: str) -> list[str]:
    return [item.text for item in history.list("anna") if item.source == source]


async def test_a_clarifying_question_is_a_message_and_the_next_one_its_reply(
    history: HistoryStore,
) -> None:
    history.add("anna", ANNA)
    graph, chat = chat_of(history, "Sorry, I can't tell.", "Green.")
    out = await graph.ainvoke(says("What color?"), THREAD, context=CONTEXT)
    assert messages_of(out) == ["What color?", QUESTION]
    assert isinstance(out["messages"][-1], AIMessage)
    made = len(chat.prompts)
    out = await graph.ainvoke(says("i like green"), THREAD, context=CONTEXT)
    assert out["answer"].text == "Green."
    assert messages_of(out) == ["What color?", QUESTION, "i like green", "Green."]
    assert "What color?" in responses(chat)[1], "the first question is what is answered"
    assert "i like green" in responses(chat)[1]
    assert kept(history, "clarification") == ["i like green"]
    assert made
    out = await graph.ainvoke(says("What size?"), THREAD, context=CONTEXT)
    assert "What size?" in responses(chat)[-1], "the message after that is a question again"
    assert kept(history, "clarification") == ["i like green"]


async def test_a_resumed_run_shows_the_reply_too(history: HistoryStore) -> None:
    history.add("anna", ANNA)
    graph, _ = chat_of(history, "Sorry, I can't tell.", "Green.")
    await graph.ainvoke(says("What color?"), THREAD, context=CONTEXT)
    form = {"decisions": [{"type": "edit", "edited_action": {"args": {"reply": "i like green"}}}]}
    out = await graph.ainvoke(Command(resume=form), THREAD, context=CONTEXT)
    assert messages_of(out) == ["What color?", QUESTION, "i like green", "Green."]
    assert len({message.id for message in out["messages"]}) == 4


@pytest.mark.parametrize(
    ("given", "context"),
    [
        ({"question": "i like green"}, CONTEXT),
        (says("i like green"), Context(user_id="ben")),
        (says("i like green"), Context(user_id="anna", task="assistant")),
    ],
)
async def test_what_is_no_reply_begins_anew(
    history: HistoryStore, given: Any, context: Context
) -> None:
    history.add("anna", ANNA)
    history.add("ben", ANNA)
    graph, chat = chat_of(history, "Sorry, I can't tell.", "Fine.")
    await graph.ainvoke(says("What color?"), THREAD, context=CONTEXT)
    out = await graph.ainvoke(given, THREAD, context=context)
    assert out["answer"].text == "Fine."
    assert "What color?" not in responses(chat)[-1]
    assert kept(history, "clarification") == []


async def test_a_reply_that_cannot_be_kept_is_asked_for_again(history: HistoryStore) -> None:
    history.add("anna", ANNA)
    graph, _ = chat_of(history, "Sorry.", "A cat.")
    await graph.ainvoke(says("Any pets?"), THREAD, context=CONTEXT)
    out = await graph.ainvoke(says("x" * 20_001), THREAD, context=CONTEXT)
    assert out["__interrupt__"]
    out = await graph.ainvoke(Command(resume="a cat"), THREAD, context=CONTEXT)
    assert out["answer"].text == "A cat."


async def test_a_new_user_is_asked_in_the_chat(history: HistoryStore) -> None:
    start = ColdStart(items=3, questions=("Any pets?", "How do you travel?"))
    graph, _ = chat_of(history, "Fine.", task=asking(cold_start=start))
    out = await graph.ainvoke(says("Hello?"), THREAD, context=CONTEXT)
    assert messages_of(out) == ["Hello?", "Any pets?"]
    out = await graph.ainvoke(says("A cat."), THREAD, context=CONTEXT)
    assert messages_of(out)[2:] == ["A cat.", "How do you travel?"]
    declined = {"decisions": [{"type": "reject", "message": "Not now."}]}
    out = await graph.ainvoke(Command(resume=declined), THREAD, context=CONTEXT)
    assert messages_of(out)[4:] == ["Not now.", "Fine."]
    assert kept(history, "welcome") == ["Any pets? A cat."]


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("source", ["welcome", "clarification"])
async def test_a_stage_that_was_killed_when_it_had_kept_the_reply_keeps_it_once(
    history: HistoryStore, monkeypatch: pytest.MonkeyPatch, typed: bool, source: str
) -> None:
    start = ColdStart(items=1, questions=("Any pets?",)) if source == "welcome" else ColdStart()
    if source == "clarification":
        history.add("anna", ANNA)
    replies = ["Fine."] if source == "welcome" else ["Sorry.", "Fine."]
    graph, _ = chat_of(history, *replies, task=asking(cold_start=start))
    await graph.ainvoke(says("Hello?"), THREAD, context=CONTEXT)
    add = HistoryStore.add

    def is_killed_after(store: HistoryStore, *given: Any) -> None:
        add(store, *given)
        monkeypatch.setattr(HistoryStore, "add", add)
        raise OSError("killed")

    monkeypatch.setattr(HistoryStore, "add", is_killed_after)
    reply: Any = says("A cat.") if typed else Command(resume="A cat.")
    with pytest.raises(OSError, match="killed"):
        await graph.ainvoke(reply, THREAD, context=CONTEXT)
    again = None if typed else Command(resume="A cat.")
    out = await graph.ainvoke(again, THREAD, context=CONTEXT)
    assert out["answer"].text == "Fine."
    assert len(kept(history, source)) == 1


async def test_a_reply_that_is_edited_is_kept_beside_the_first(history: HistoryStore) -> None:
    history.add("anna", ANNA)
    graph, _ = chat_of(history, "Sorry.", "A cat.", "A dog.")
    await graph.ainvoke(says("Any pets?"), THREAD, context=CONTEXT)
    before = await graph.aget_state(THREAD)
    await graph.ainvoke(says("a cat"), THREAD, context=CONTEXT)
    out = await graph.ainvoke(says("no, a dog"), before.config, context=CONTEXT)
    assert out["answer"].text == "A dog."
    assert kept(history, "clarification") == ["a cat", "no, a dog"]


def test_a_reply_that_another_run_has_just_kept_is_kept(
    history: HistoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (
        HistoryItem(id="clarify-1", text="a cat", time=datetime(2026, 1, day, tzinfo=UTC))
        for day in (1, 2)
    )
    get = HistoryStore.get

    def finds_nothing_yet(store: HistoryStore, *given: Any) -> Any:
        found = get(store, *given)
        monkeypatch.setattr(HistoryStore, "get", get)
        store.add("anna", [first])
        return found

    monkeypatch.setattr(HistoryStore, "get", finds_nothing_yet)
    keep(history, "anna", second)
    assert history.list("anna") == [first]


@pytest.mark.parametrize("foreign", ["m" * 201, "\ud800"])
async def test_a_message_of_the_host_after_the_question_changes_nothing(
    history: HistoryStore, foreign: str
) -> None:
    history.add("anna", ANNA)
    graph, _ = chat_of(history, "Sorry.", "A cat.")
    await graph.ainvoke(says("Any pets?"), THREAD, context=CONTEXT)
    reply = Command(resume="a cat", update={"messages": [AIMessage("hm", id=foreign)]})
    out = await graph.ainvoke(reply, THREAD, context=CONTEXT)
    assert out["answer"].text == "A cat."
    assert kept(history, "clarification") == ["a cat"]
