"""What may pass to Aegra's own API, without one; `test_aegra` tries a server."""

import json
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from guided_profile.apps.platforms import aegra_gate
from guided_profile.apps.platforms.aegra_gate import AegraGate
from guided_profile.apps.server.access.guard import CALLER
from guided_profile.apps.server.access.tokens import Caller
from guided_profile.apps.server_settings import DEFAULT_USER

OWNERS = {"annas": "anna", "bobs": "bob"}
RUN: dict[str, Any] = {"assistant_id": "guided_profile", "input": {"question": "Hi?"}}


class Behind:
    """Stands where Aegra does: keeps what reaches it, and answers as it is told."""

    def __init__(self) -> None:
        self.reached: list[tuple[str, Any]] = []
        self.answer: Response = JSONResponse({"status": "ok"})
        self.failure: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        self.reached.append((scope["path"], json.loads(body) if body else None))
        await self.answer(scope, receive, send)


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> Behind:
    aegra = Behind()

    async def owner_of(thread: str) -> str | None:
        return OWNERS.get(thread)

    async def failure_of(thread: str, run: str | None) -> str | None:
        return aegra.failure

    async def delete_thread(thread: str) -> None:
        aegra.reached.append(("deleted", thread))

    async def ended(thread: str, run: str) -> None:
        aegra.reached.append(("ended", run))

    monkeypatch.setattr(aegra_gate, "ended", ended)
    monkeypatch.setattr(aegra_gate, "owner_of", owner_of)
    monkeypatch.setattr(aegra_gate, "failure_of", failure_of)
    monkeypatch.setattr(aegra_gate, "delete_thread", delete_thread)
    return aegra


def asking(behind: Behind, caller: Caller | None) -> TestClient:
    gate = AegraGate(behind)

    async def known(scope: Scope, receive: Receive, send: Send) -> None:
        if caller is not None:
            scope[CALLER] = caller
        await gate(scope, receive, send)

    return TestClient(known)


@pytest.fixture
def bob(behind: Behind) -> TestClient:
    return asking(behind, Caller("bob"))


@pytest.mark.parametrize("way", ["runs", "runs/wait", "runs/stream", "runs/wait/"])
def test_every_run_is_the_callers(bob: TestClient, behind: Behind, way: str) -> None:
    for context in ({}, None, {"task": "dialogue"}, {"user_id": "bob"}):
        sent = RUN | {"context": context}
        assert bob.post(f"/threads/bobs/{way}", json=sent).status_code == 200
        assert behind.reached[-1][1]["context"] == (context or {}) | {"user_id": "bob"}
    behind.reached.clear()
    for status, forged in (
        (403, {"context": {"user_id": "anna"}}),
        (403, {"context": {"user_id": None}}),
        (403, {"webhook": "https://evil.example"}),
        (422, {"context": {"thread_id": "annas"}}),
        (422, {"context": {"__pregel_runtime": {}}}),
        (422, {"config": {"configurable": {"thread_id": "annas"}}}),
        (422, {"config": {"configurable": {"user_id": "bob"}}}),
        (422, {"checkpoint": {"thread_id": "annas"}}),
        (422, {"checkpoint": {"thread_id": None}}),
        (422, {"checkpoint": {"user_id": "anna"}}),
    ):
        for thread in ("bobs", "new"):
            refused = bob.post(f"/threads/{thread}/{way}", json=RUN | forged)
            assert refused.status_code == status, forged
            assert set(refused.json()) == {"error", "message"}
    assert behind.reached == []


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "PUT"])
@pytest.mark.parametrize("rest", ["", "/", "/state", "/history", "/runs", "/runs/1/join", "/new"])
def test_anothers_thread_is_not_there(
    bob: TestClient, behind: Behind, method: str, rest: str
) -> None:
    assert bob.request(method, f"/threads/annas{rest}", json={}).status_code == 404
    assert behind.reached == []
    admin = asking(behind, Caller("root", admin=True))
    assert admin.request(method, f"/threads/annas{rest}", json={}).status_code in (200, 422)


def test_a_checkpoint_is_the_threads_own(bob: TestClient, behind: Behind) -> None:
    for path in ("state", "history", "state/checkpoint"):
        for refused in ({"thread_id": "annas"}, {"thread_id": "annas", "checkpoint_id": "1"}):
            answer = bob.post(f"/threads/bobs/{path}", json={"checkpoint": refused})
            assert answer.status_code == 422
        own = {"checkpoint": {"thread_id": "bobs", "checkpoint_id": "1", "checkpoint_ns": ""}}
        assert bob.post(f"/threads/bobs/{path}", json=own).status_code == 200
        assert behind.reached[-1][1] == own


def test_a_thread_is_made_under_an_id_of_nobody_elses(bob: TestClient, behind: Behind) -> None:
    for name in ("thread_id", "threadId"):
        assert bob.post("/threads", json={name: "annas"}).status_code == 409
        assert bob.post("/threads", json={name: "bobs"}).status_code == 200
        assert bob.post("/threads", json={name: "new"}).status_code == 200
    assert len(behind.reached) == 4


def test_a_deleted_thread_is_deleted_whole(bob: TestClient, behind: Behind) -> None:
    assert bob.delete("/threads/bobs").json() == {"status": "deleted"}
    assert bob.delete("/threads/none").status_code == 404
    assert behind.reached == [("deleted", "bobs")]


def test_a_route_that_is_not_known_is_not_there(bob: TestClient, behind: Behind) -> None:
    for path in (
        "/runs",
        "/runs/crons",
        "/runs/batch",
        "/mcp",
        "/admin",
        "/threadsx",
        "/threads/a%00b",
    ):
        assert bob.post(path, json=RUN).status_code == 404, path
    assert behind.reached == []
    for path in ("/threads", "/threads/search", "/assistants/search", "/store/items/search"):
        assert bob.post(path, json={}).status_code == 200, path
    nobody = asking(behind, None)  # what the guard leaves open to all
    assert nobody.get("/info").status_code == 200
    assert bob.get("/v1/history").status_code == 200


@pytest.mark.parametrize("way", ["wait", "stream"])
def test_a_run_without_a_thread_is_given_one(bob: TestClient, behind: Behind, way: str) -> None:
    assert bob.post(f"/runs/{way}", json=RUN).status_code == 200
    (path, sent), (word, thread) = behind.reached
    assert path == f"/threads/{thread}/runs/{way}"
    assert (word, sent["context"]) == ("deleted", {"user_id": "bob"})
    behind.reached.clear()
    assert bob.post(f"/runs/{way}", json=RUN | {"context": {"user_id": "anna"}}).status_code == 403
    assert [word for word, _ in behind.reached] == ["deleted"]


def test_what_cannot_be_read_is_refused(bob: TestClient, behind: Behind) -> None:
    for body in (b"{", b"[]", b"1", b"[" * 100_000, b"\xff\xfe"):
        assert bob.post("/threads/bobs/runs", content=body).status_code == 422
    assert behind.reached == []


def test_a_developer_names_whom_they_like(behind: Behind) -> None:
    developer = asking(behind, Caller("", admin=True))
    sent = RUN | {"context": {"user_id": "anna"}}
    assert developer.post("/threads/annas/runs/wait", json=sent).status_code == 200
    assert behind.reached == [("/threads/annas/runs/wait", sent)]


def test_an_exceptions_text_is_not_shown(bob: TestClient, behind: Behind) -> None:
    for status in (500, 503):
        behind.answer = PlainTextResponse("Failed: Miso and /etc/secret", status)
        answer = bob.get("/threads/bobs/state")
        assert answer.status_code == status
        assert answer.json()["error"] == "internal"
        assert "Miso" not in answer.text


def test_a_run_that_failed_does_not_look_like_one_without_result(
    bob: TestClient, behind: Behind
) -> None:
    behind.answer = JSONResponse({})
    behind.failure = "there is no task of that name"
    failed = {"__error__": {"error": "RunFailed", "message": behind.failure}}
    assert bob.post("/threads/bobs/runs/wait", json=RUN).json() == failed
    assert bob.get("/threads/bobs/runs/1/join").json() == failed
    assert ("ended", "1") in behind.reached
    assert bob.get("/threads/bobs/state").json() == {}
    behind.failure = None
    assert bob.post("/threads/bobs/runs/wait", json=RUN).json() == {}
    behind.answer, behind.failure = JSONResponse({"answer": 1}), "of another run"
    assert bob.post("/threads/bobs/runs/wait", json=RUN).json() == {"answer": 1}


def test_a_web_socket_is_not_there(behind: Behind) -> None:
    client = asking(behind, Caller("anna"))
    with pytest.raises(WebSocketDisconnect) as refused:
        client.websocket_connect("/threads/1/stream/events").__enter__()
    assert "no such thing" in refused.value.reason
    assert behind.reached == []


def test_a_context_in_the_input_is_the_runs_own_and_of_nobody_else(behind: Behind) -> None:
    brought = {**RUN, "input": {"messages": [], "context": {"task": "preference"}}}
    path = "/threads/bobs/runs/stream"
    assert asking(behind, Caller("bob")).post(path, json=brought).is_success
    _, reached = behind.reached[-1]
    assert reached["input"] == {"messages": []}
    assert reached["context"] == {"task": "preference", "user_id": "bob"}
    for wrong, status in (({"user_id": "anna"}, 403), ({"colour": "red"}, 422), ("bob", 422)):
        refused = {**RUN, "input": {"messages": [], "context": wrong}}
        assert asking(behind, Caller("bob")).post(path, json=refused).status_code == status


def test_where_nobody_is_asked_who_they_are_a_run_is_the_default_users(behind: Behind) -> None:
    open_to_all = asking(behind, Caller("", admin=True))
    for context, user in ((None, DEFAULT_USER), ({"user_id": "anna"}, "anna")):
        run = RUN | ({"context": context} if context else {})
        assert open_to_all.post("/threads/bobs/runs/stream", json=run).is_success
        assert behind.reached[-1][1]["context"] == {"user_id": user}
