"""Replies to what a run asked its user back, over the routes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from endpoint import Endpoint
from server_client import ANNA, BOB, served
from starlette.testclient import TestClient

from guided_profile.apps.server.access.problems import RefusedError
from guided_profile.apps.server.process.paused import MAX_RUNS, MAX_SECONDS, PausedRuns
from guided_profile.apps.server.process.resources import ServerResources
from guided_profile.apps.settings import read_settings
from guided_profile.graph.context import Context

ASKING = """
name: asking
version: 1
description: Answer, or ask.
kind: text
guiding_question: What pets are in the history above?
profile_instruction: List what is known about this person's pets.
response_instruction: "Someone asks: {question}"
sees: [profile]
abstention: {policy: ask, phrases: [sorry], clarifying_question: "Please tell me more."}
cold_start: {items: 3, questions: ["Have you a pet?", "How old is it?"]}
"""
Served = tuple[TestClient, ServerResources]


@pytest.fixture
def asking(endpoint: type[Endpoint]) -> Iterator[Served]:
    tasks = read_settings().data / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "asking.yaml").write_text(ASKING)
    with served() as there:
        yield there


def ask(client: TestClient, **more: Any) -> Any:
    body = {"question": "Which color?", "task": "asking"} | more
    return client.post("/v1/ask", json=body, headers=ANNA).raise_for_status().json()


def reply(client: TestClient, run_id: str, text: str, who: dict[str, str] = ANNA) -> Any:
    return client.post(f"/v1/ask/{run_id}/reply", json={"reply": text}, headers=who)


def test_a_reply_goes_on_with_the_run_and_is_kept(asking: Served, endpoint: type[Endpoint]) -> None:
    client, parts = asking
    texts = ["my cat Miso sleeps on my desk", "my cat Miso eats", "my cat Miso is grey"]
    items = [{"text": text, "source": "chat"} for text in texts]
    client.post("/v1/history", json={"items": items}, headers=ANNA).raise_for_status()
    endpoint.answer = "Sorry, I can't tell."
    first = ask(client)
    assert first["answer"] == {"kind": "asks_back", "text": "Please tell me more.", "memory": None}
    endpoint.answer = "Green."
    assert reply(client, first["run_id"], "I like green", BOB).status_code == 404
    again = reply(client, first["run_id"], " ").json()
    assert again["answer"] == first["answer"]
    second = reply(client, again["run_id"], "I like green").raise_for_status().json()
    assert (second["answer"]["kind"], second["answer"]["text"]) == ("answered", "Green.")
    assert "I like green" in [item.text for item in parts.history.list("anna")]
    for turn in (first, again, second):
        assert reply(client, turn["run_id"], "again").status_code == 404


def test_a_new_user_is_asked_one_question_after_the_other(asking: Served) -> None:
    client, parts = asking
    first = ask(client)
    assert first["answer"]["text"] == "Have you a pet?"
    second = reply(client, first["run_id"], "A cat, Miso.").json()
    assert second["answer"]["text"] == "How old is it?"
    assert second["run_id"] != first["run_id"]
    streamed = client.post(
        f"/v1/ask/{second['run_id']}/reply",
        json={"reply": ""},
        headers={**ANNA, "Accept": "text/event-stream"},
    ).text
    assert 'event: stage\ndata: {"stage": "recall"' in streamed
    assert '"text": "Please tell me more."' in streamed  # one item says nothing of the question
    assert [item.text for item in parts.history.list("anna")] == ["Have you a pet? A cat, Miso."]


async def test_what_nobody_replies_to_is_let_go(asking: Served) -> None:
    _, parts = asking
    now = 0.0
    waiting = PausedRuns(lambda: now)
    context = Context(user_id="anna")
    ids = [uuid4() for _ in range(MAX_RUNS + 1)]
    for id_ in ids:
        await waiting.keep(id_, parts.graph, "1", context)
    taken = await waiting.take(ids[-1], "anna")
    assert taken.thread == "1"
    await waiting.settle(ids[-1], taken, done=False)
    with pytest.raises(Exception, match="nothing waits"):
        await waiting.take(ids[0], "anna")
    now = MAX_SECONDS + 1
    with pytest.raises(Exception, match="nothing waits"):
        await waiting.take(ids[-1], "anna")


def test_of_two_replies_the_first_goes_on_and_the_second_is_told_so(
    asking: Served, endpoint: type[Endpoint]
) -> None:
    client, resources = asking
    first = ask(client)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(reply, client, first["run_id"], text) for text in ("A cat.", "A dog.")]
        answers = sorted((sent.result() for sent in both), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] in ([200, 409], [200, 404])
    assert answers[1].json()["error"] in ("replied", "not_found")
    assert len(resources.history.list("anna")) == 1


async def test_a_reply_that_came_to_nothing_may_be_given_again(asking: Served) -> None:
    _, resources = asking
    runs, run_id = PausedRuns(), uuid4()
    await runs.keep(run_id, resources.graph, "1", Context(user_id="anna"))
    taken = await runs.take(run_id, "anna")
    with pytest.raises(RefusedError, match="a reply to this already") as refused:
        await runs.take(run_id, "anna")
    assert refused.value.status == 409
    await runs.settle(run_id, taken, done=False)
    assert (await runs.take(run_id, "anna")).thread == "1"
    await runs.settle(run_id, taken, done=True)
    with pytest.raises(RefusedError, match="nothing waits"):
        await runs.take(run_id, "anna")


@pytest.mark.memory_requests
def test_what_is_to_be_forgotten_is_deleted_with_the_users_reply(
    asking: Served, endpoint: type[Endpoint]
) -> None:
    def forget(handler: Endpoint, asked: dict[str, Any]) -> bool:
        if "Answer with its letter alone." not in asked["messages"][0]["content"]:
            return False
        handler.says("B", {"B": 0.9})
        return True

    client, parts = asking
    item = {"id": "cat", "text": "my cat Miso sleeps on my desk", "source": "chat"}
    client.post("/v1/history", json={"items": [item]}, headers=ANNA).raise_for_status()
    endpoint.fault = forget
    first = ask(client, task="assistant", question="Please forget what I said about my cat.")
    assert first["answer"]["kind"] == "asks_back"
    assert "my cat Miso sleeps on my desk" in first["answer"]["text"]
    assert parts.history.get("anna", ["cat"])
    second = reply(client, first["run_id"], "Yes, delete it.").raise_for_status().json()
    assert (second["answer"]["kind"], second["answer"]["memory"]["kind"]) == ("answered", "confirm")
    assert parts.history.get("anna", ["cat"]) == []
