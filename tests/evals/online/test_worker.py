"""Scoring a project of a recording LangSmith on this machine."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from host import Host, agent_of, writer
from langgraph.store.memory import InMemoryStore
from langsmith import Client, tracing_context
from langsmith_endpoint import NOW, LangSmith, langsmith, project
from scripted import ScriptedChat
from workflows import ANNA, graph_of

from guided_profile.apps.assistants.companion import Companion
from guided_profile.evals.experiments.clients import close, remote_client
from guided_profile.evals.online import worker
from guided_profile.evals.online.worker import Done, score_project
from guided_profile.graph.context import Context
from guided_profile.graph.errors import ExperimentError, InputError, SettingsError
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.history.store import HistoryStore

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
ANSWER = {"kind": "answered", "text": "Miso.", "evidence": ["1"], "used": [], "confidence": 0.9}
SECRET = "the duke of Norfolk"


@pytest.fixture(params=["0.12.0", "0.17.2"])
def smith(request: pytest.FixtureRequest) -> Iterator[tuple[LangSmith, str]]:
    """Yield a server, before and after runs were read in another way."""
    with langsmith() as (kept, url):
        kept.version = request.param
        yield kept, url


@pytest.fixture
def client(smith: tuple[LangSmith, str]) -> Iterator[Client]:
    opened = remote_client("key", smith[1])
    yield opened
    close(opened, 10)


def traced(kept: LangSmith, *answers: dict[str, Any], **more: Any) -> list[str]:
    """Have runs of the workflow in the project `host`; return their ids."""
    kept.sessions.setdefault("host", project("host"))
    ids = [str(uuid4()) for _ in answers]
    for id_, answer in zip(ids, answers, strict=True):
        kept.runs[id_] = {
            "id": id_,
            "name": "guided_profile",
            "run_type": "chain",
            "start_time": NOW,
            "trace_id": id_,
            "session_name": "host",
            "inputs": {"question": f"Is it {SECRET}?"},
            "outputs": {"answer": answer},
            "extra": {"metadata": {}},
        } | more
    return ids


def doubtful() -> dict[str, Any]:
    return ANSWER | {"confidence": 0.2}


async def score(client: Client, **more: Any) -> Done:
    return await score_project(client, "host", since=SINCE, **more)


def scores_of(kept: LangSmith, run: str) -> dict[str, float]:
    return {entry["key"]: entry["score"] for entry in kept.feedback if entry["run_id"] == run}


async def test_runs_are_scored_and_the_doubtful_ones_go_to_people(
    smith: tuple[LangSmith, str], client: Client
) -> None:
    kept, _ = smith
    sure, doubted = traced(kept, ANSWER, doubtful())
    (other,) = traced(kept, {"kind": "neither"})
    done = await score(client, queue="to look at")
    assert scores_of(kept, sure) == {"abstained": 0, "abstention": 1, "restraint": 1, "doubt": 0}
    assert scores_of(kept, doubted) == {"abstained": 0, "restraint": 1, "doubt": 1}
    assert scores_of(kept, other) == {}
    assert kept.queued == [("to look at", doubted)]
    assert (len(done.scored), done.before, done.others, done.failed) == (2, 0, 1, 0)
    (session,) = kept.sessions.values()
    for entry in kept.feedback:
        assert entry["id"] == str(uuid5(UUID(entry["run_id"]), entry["key"]))
        assert entry["session_id"] == session["id"]
    assert SECRET not in str(kept.feedback)


async def test_a_run_is_scored_once(smith: tuple[LangSmith, str], client: Client) -> None:
    kept, _ = smith
    traced(kept, ANSWER, doubtful())
    await score(client, queue="to look at")
    once, queued, queues = list(kept.feedback), list(kept.queued), dict(kept.queues)
    (late,) = traced(kept, ANSWER)
    done = await score(client, queue="to look at")
    assert (len(done.scored), done.before) == (1, 2)
    assert kept.feedback[: len(once)] == once
    assert {entry["run_id"] for entry in kept.feedback[len(once) :]} == {late}
    assert (kept.queued, kept.queues) == (queued, queues)


async def test_one_that_was_interrupted_is_taken_up_again(
    smith: tuple[LangSmith, str], client: Client
) -> None:
    kept, _ = smith
    first, second = traced(kept, doubtful(), ANSWER)
    kept.refuses_feedback = first
    done = await score(client, queue="to look at")
    assert (len(done.scored), done.failed) == (1, 1)
    assert scores_of(kept, first) == {}
    assert scores_of(kept, second)
    kept.refuses_feedback = ""
    done = await score(client, queue="to look at")
    assert (len(done.scored), done.before, done.failed) == (1, 1, 0)
    assert Counter(entry["key"] for entry in kept.feedback)["doubt"] == 2
    assert {run for _, run in kept.queued} == {first}


async def test_without_a_queue_nothing_is_put_into_one(
    smith: tuple[LangSmith, str], client: Client
) -> None:
    kept, _ = smith
    (run,) = traced(kept, doubtful())
    done = await score(client)
    assert scores_of(kept, run)["doubt"] == 1
    assert not done.scored[0].queued
    assert (kept.queues, kept.queued) == ({}, [])


async def test_all_pages_are_read_and_old_and_failed_runs_are_not(
    smith: tuple[LangSmith, str], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, _ = smith
    kept.page = 5
    monkeypatch.setattr(worker, "AT_ONCE", 4)
    ids = traced(kept, *[ANSWER] * 13)
    traced(kept, ANSWER, error="ModelError")
    traced(kept, ANSWER, parent_run_id=ids[0])
    traced(kept, ANSWER, start_time="2025-12-31T00:00:00+00:00")
    done = await score(client)
    assert {str(entry.run) for entry in done.scored} == set(ids)
    more = traced(kept, *[ANSWER] * 3)
    done = await score(client, most=15)
    assert (done.before, len(done.scored)) == (13, 2)
    assert {str(entry.run) for entry in done.scored} <= set(more)


async def test_a_further_evaluator_that_cannot_tell_makes_a_run_doubtful(
    smith: tuple[LangSmith, str], client: Client
) -> None:
    kept, _ = smith
    first, second = traced(kept, ANSWER, ANSWER | {"text": "Cannot be told."})

    async def judged(*, inputs: Any, outputs: Any, **more: Any) -> dict[str, Any]:
        clear = outputs["answer"]["text"] == "Miso."
        return {"key": "judged", "score": 1.0 if clear else None, "comment": "the judge declined"}

    await score(client, queue="to look at", evaluators=[judged])
    assert scores_of(kept, first)["judged"] == 1
    assert scores_of(kept, first)["doubt"] == 0
    assert "judged" not in scores_of(kept, second)
    assert kept.queued == [("to look at", second)]
    (why,) = [
        entry["comment"]
        for entry in kept.feedback
        if entry["score"] == 1 and entry["key"] == "doubt"
    ]
    assert why == "judged: the judge declined"


async def test_what_goes_wrong_is_said_in_one_line(
    smith: tuple[LangSmith, str], client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    kept, _ = smith
    with pytest.raises(InputError, match="no project 'host'"):
        await score(client)
    traced(kept, *[ANSWER] * 12)
    kept.refuses_feedback = "all"
    with pytest.raises(ExperimentError, match="LangSmith refused with LangSmithError"):
        await score(client)
    assert kept.feedback == []
    assert SECRET not in caplog.text
    kept.refuses_feedback, kept.key = "", "another"
    with pytest.raises(SettingsError, match="refused the key"):
        await score(client)
    away = remote_client("key", "http://127.0.0.1:9")
    with pytest.raises(ExperimentError, match="could not be reached"):
        await score(away)
    close(away, 1)


async def test_the_workflow_and_the_middleware_are_read_as_they_are_traced(
    smith: tuple[LangSmith, str], client: Client, history: HistoryStore
) -> None:
    kept, _ = smith
    history.add("anna", ANNA)
    chat = ScriptedChat(script=writer)
    with tracing_context(enabled=True, client=client, project_name="host"):
        graph, _ = graph_of(history, "A cat named Miso.", tasks=[builtin_tasks()["dialogue"]])
        context = Context(user_id="anna")
        await graph.ainvoke({"question": "Which cat do I have?"}, context=context)
        with Companion(chat=chat, history=history, store=InMemoryStore()) as companion:
            companion.history.add("bo", [HistoryItem(text="I cook with a skillet", source="chat")])
            companion.refresh("bo").result(60)
            agent = agent_of(companion, Host())
            asked: Any = {"messages": [("user", "Which skillet should I buy?")]}
            await agent.ainvoke(asked, context=Context(user_id="bo"))
            companion.flush(60)
    client.flush()
    kept.sessions.setdefault("host", project("host"))
    done = await score(client, queue="to look at")
    roots = {id_: run["name"] for id_, run in kept.runs.items() if not run.get("parent_run_id")}
    scored = {roots[str(entry.run)]: dict(entry.found) for entry in done.scored}
    assert scored["guided_profile"]["abstained"][0] == 0
    assert "restraint" in scored["guided_profile"]
    (host,) = [found for name, found in scored.items() if name != "guided_profile"]
    assert host["restraint"][0] == 1
    assert "abstained" not in host
