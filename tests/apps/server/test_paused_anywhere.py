"""Runs that wait for a reply, gone on with in another process; two graphs stand for two."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from langgraph.types import Command
from scripted import ScriptedChat
from shared_store import SharedStore

from guided_profile.apps.runs import events, thread_memory
from guided_profile.apps.server.access.problems import RefusedError
from guided_profile.apps.server.process.paused import MAX_SECONDS
from guided_profile.apps.server.process.paused_anywhere import PausedAnywhere
from guided_profile.graph.answers import AsksBack
from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.state import Question
from guided_profile.graph.tasks import ColdStart, builtin_tasks
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.user_data.erase import forget_user

ANNA = Context(user_id="anna", task="dialogue", max_retries=1)


class Process:
    """What a process holds, beside the store that it shares."""

    def __init__(self, history: HistoryStore, store: SharedStore, clock: Any = None) -> None:
        asking = builtin_tasks()["dialogue"].model_copy(
            update={"cold_start": ColdStart(items=3, questions=("Have you a pet?", "How old?"))}
        )
        chat = ScriptedChat(script=lambda prompt: "Green.")
        self.graph: Graph = build_graph(chat=chat, history=history, tasks=[asking])
        given = {} if clock is None else {"clock": clock}
        self.paused = PausedAnywhere(self.graph, store, store, **given)
        self._store = store

    async def ask(self) -> UUID:
        graph = self.graph.copy({"store": self._store, "checkpointer": thread_memory()})
        asked: Question = {"question": "Which color?", "options": []}
        return await self._run(graph, asked, uuid4().hex)

    async def reply(self, run_id: UUID, text: str) -> UUID:
        paused = await self.paused.take(run_id, "anna")
        again = await self._run(paused.graph, Command(resume=text), paused.thread)
        await self.paused.settle(run_id, paused, done=True)
        return again

    async def _run(self, graph: Graph, given: Question | Command[Any], thread: str) -> UUID:
        streamed = [event async for event in events(graph, given, ANNA, thread)]
        assert isinstance(streamed[-1], AsksBack), streamed[-1]
        run_id = uuid4()
        await self.paused.keep(run_id, graph, thread, ANNA)
        return run_id


@pytest.fixture
def store() -> SharedStore:
    return SharedStore()


async def test_a_reply_is_taken_by_another_process_and_only_once(
    history: HistoryStore, store: SharedStore
) -> None:
    asking, other = Process(history, store), Process(history, store)
    first = await asking.ask()
    with pytest.raises(RefusedError, match="nothing waits"):
        await other.paused.take(first, "bob")
    second = await other.reply(first, "A cat, Miso.")
    assert [item.text for item in history.list("anna")] == ["Have you a pet? A cat, Miso."]
    paused = await asking.paused.take(second, "anna")
    assert paused.context == ANNA
    with pytest.raises(RefusedError, match="a reply to this already"):
        await other.paused.take(second, "anna")
    await asking.paused.settle(second, paused, done=True)
    for run_id in (first, second):
        with pytest.raises(RefusedError, match="nothing waits"):
            await other.paused.take(run_id, "anna")
    assert not [kept async for kept in store.threads.alist(None)]


async def test_a_reply_that_came_to_nothing_may_be_given_again_anywhere(
    history: HistoryStore, store: SharedStore
) -> None:
    asking, other = Process(history, store), Process(history, store)
    run_id = await asking.ask()
    await asking.paused.take(run_id, "anna")
    store.locks.held.clear()  # as Postgres does when a process is killed
    paused = await other.paused.take(run_id, "anna")
    await other.paused.settle(run_id, paused, done=False)
    await asking.reply(run_id, "A cat, Miso.")
    assert [item.text for item in history.list("anna")] == ["Have you a pet? A cat, Miso."]


async def test_what_nobody_replies_to_is_let_go(history: HistoryStore, store: SharedStore) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    process = Process(history, store, lambda: now)
    run_id = await process.ask()
    now += timedelta(seconds=MAX_SECONDS + 1)
    with pytest.raises(RefusedError, match="nothing waits"):
        await process.paused.take(run_id, "anna")
    await process.paused.let_go()
    assert not [kept async for kept in store.threads.alist(None)]
    assert not await store.asearch(())


async def test_what_waits_goes_with_its_user(history: HistoryStore, store: SharedStore) -> None:
    await Process(history, store).ask()
    assert (await forget_user("anna", history=history, store=store)).threads == 1
    assert not [kept async for kept in store.threads.alist(None)]
    assert not await store.asearch(())
