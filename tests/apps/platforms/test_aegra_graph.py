"""The workflow as Aegra runs it, with Aegra's own word for who asks."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from asked import writes_profile
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from scripted import ScriptedChat

from guided_profile.apps.platforms.aegra_graph import AegraGraph
from guided_profile.apps.platforms.langgraph_auth import ADMIN
from guided_profile.graph.build import build_graph
from guided_profile.graph.errors import QuestionError
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.history.store import HistoryStore

auth_ctx = pytest.importorskip("aegra_api.core.auth_ctx", reason="Aegra is not installed")
THREAD: Any = {"configurable": {"thread_id": "1"}}
ASKED: Any = {"question": "Which pet do I have?"}


def says(prompt: str) -> str:
    return "This person has a cat named Miso." if writes_profile(prompt) else "Miso."


def as_aegra_runs_it(history: HistoryStore, script: Callable[[str], str] = says) -> AegraGraph:
    history.add("anna", [HistoryItem(text="my cat Miso"), HistoryItem(text="I ride a bicycle")])
    made = build_graph(
        chat=ScriptedChat(script=script), history=history, tasks=builtin_tasks().values()
    )
    return AegraGraph.of(made).copy({"store": InMemoryStore(), "checkpointer": InMemorySaver()})


async def ran(graph: AegraGraph, context: Any, who: str = "anna", *permissions: str) -> list[Any]:
    user = SimpleNamespace(identity=who, permissions=list(permissions))
    async with auth_ctx.with_auth_ctx(user, []):
        return [
            event
            async for event in graph.astream(
                ASKED, THREAD, context=context, stream_mode=["custom", "values", "messages"]
            )
        ]


async def test_results_are_json_data(history: HistoryStore) -> None:
    events = await ran(as_aegra_runs_it(history), {"user_id": "anna"})
    values = [event for mode, event in events if mode == "values"]
    assert "Miso" in json.dumps(values)
    assert values[-1]["answer"]["profile"]["created"].endswith("Z")
    assert next(event["stage"] for mode, event in events if mode == "custom") == "recall"


@pytest.mark.parametrize("context", [{"user_id": "anna"}, {"user_id": ["bob"]}, {}, None])
async def test_nobody_runs_as_another(history: HistoryStore, context: Any) -> None:
    graph = as_aegra_runs_it(history)
    with pytest.raises(QuestionError, match="user"):
        await ran(graph, context, "bob")
    with pytest.raises(QuestionError, match="user"):
        async for _ in graph.astream(ASKED, THREAD, context=context):
            pass  # outside a request


async def test_an_admin_runs_as_whom_they_name(history: HistoryStore) -> None:
    events = await ran(as_aegra_runs_it(history), {"user_id": "anna"}, "root", ADMIN)
    assert "Miso" in str(events[-1])


async def test_an_exceptions_text_is_not_shown(history: HistoryStore) -> None:
    def fails(prompt: str) -> str:
        raise ZeroDivisionError("Miso and /etc/secret")

    with pytest.raises(RuntimeError, match="tell the operator") as raised:
        await ran(as_aegra_runs_it(history, fails), {"user_id": "anna"})
    assert "Miso" not in str(raised.value)
    assert raised.value.__cause__ is None
    graph = as_aegra_runs_it(history)
    with pytest.raises(Exception, match="no-such-task"):
        await ran(graph, {"user_id": "anna", "task": "no-such-task"})
