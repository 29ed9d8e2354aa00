"""How much a caller may send and how often, and what they get when something breaks."""

import json
from collections.abc import Iterator
from time import perf_counter

import pytest
from endpoint import Endpoint
from server_client import ANNA, BOB, ROOT, jwt_settings, served
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from guided_profile.apps.server.access.guard import Guard, RateLimit, route_path
from guided_profile.apps.server.access.problems import RefusedError, check_json_parts
from guided_profile.apps.server.access.tokens import Verifier
from guided_profile.apps.server.routes import ask as server_ask
from guided_profile.apps.server.routes import history as server_history
from guided_profile.apps.server.routes import profile as server_profile
from guided_profile.graph.errors import HistoryError, ModelError, SettingsError
from guided_profile.tools.history.store import HistoryStore

SECRET = "the wok that nobody may hear of"


def test_a_bucket_empties_and_fills_again_user_by_user() -> None:
    now = 0.0
    limit = RateLimit(60, lambda: now)
    assert [limit.wait("anna") for _ in range(60)] == [0] * 60
    assert limit.wait("anna") == pytest.approx(1)
    assert limit.wait("bob") == 0
    now = 0.5
    assert limit.wait("anna") == pytest.approx(0.5)
    now = 1.0
    assert limit.wait("anna") == 0
    assert limit.wait("anna") > 0
    now = 1000.0
    assert sum(limit.wait("anna") == 0 for _ in range(100)) == 60


def test_who_asks_too_often_is_told_when_to_come_back(endpoint: type[Endpoint]) -> None:
    with served(jwt_settings(rate=3)) as (client, _):
        answers = [client.get("/v1/history", headers=ANNA) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert answers[-1].json()["error"] == "too_many_requests"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
        assert client.get("/v1/history", headers=BOB).status_code == 200
        assert client.get("/v1/health").status_code == 200


@pytest.mark.parametrize(
    ("path", "root", "below"),
    [
        ("/v1/ask", "", "/v1/ask"),
        ("/app/v1/ask", "/app", "/v1/ask"),
        ("/app", "/app", ""),
        ("/application", "/app", "/application"),
        ("/v1/ask", "/app", "/v1/ask"),
    ],
)
def test_a_path_is_read_below_where_the_application_stands(
    path: str, root: str, below: str
) -> None:
    assert route_path({"path": path, "root_path": root}) == below


def test_a_mounted_application_is_guarded_as_one_at_the_root(endpoint: type[Endpoint]) -> None:
    with served(jwt_settings(rate=2)) as (client, _):
        outside = TestClient(Starlette(routes=[Mount("/below", client.app)]))
        assert outside.get("/below/v1/health").status_code == 200
        assert outside.get("/below/v1/history").status_code == 401
        assert outside.get("/below/internal/x", headers=ANNA).status_code == 403
        answers = [outside.get("/below/v1/history", headers=ANNA) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        behind = TestClient(client.app, root_path="/proxy")
        assert behind.get("/proxy/v1/history").status_code == 401
        assert behind.get("/proxy/v1/health").status_code == 200


def test_a_body_that_is_too_large_is_refused_whatever_it_declares(
    endpoint: type[Endpoint],
) -> None:
    def chunks(megabytes: int) -> Iterator[bytes]:
        yield b'{"items": [{"text": "'
        for _ in range(megabytes):
            yield b"x" * 1_000_000
        yield b'"}]}'

    with served(jwt_settings(body_megabytes=1)) as (client, parts):
        declared = client.post("/v1/history", content=b"x" * 1_000_001, headers=ANNA)
        streamed = client.post("/v1/history", content=chunks(3), headers=ANNA)
        uploaded = client.post(
            "/v1/history/file", files={"file": ("x.txt", b"x\n" * 600_000)}, headers=ANNA
        )
        lying = client.post(
            "/v1/history", content=chunks(3), headers=ANNA | {"Content-Length": "-1"}
        )
        for answer in (declared, streamed, uploaded, lying):
            assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
        assert parts.history.count("anna") == 0
        assert client.post("/v1/history", content=chunks(0), headers=ANNA).status_code == 422


def test_an_archive_that_inflates_beyond_measure_is_refused(endpoint: type[Endpoint]) -> None:
    import io
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.txt", b"a line of text\n" * 4_000_000)
    assert len(packed.getvalue()) < 1_000_000
    with served(jwt_settings()) as (client, _):
        sent = {"file": ("x.zip", packed.getvalue())}
        assert client.post("/v1/history/file", files=sent, headers=ANNA).status_code == 413


def test_a_web_socket_is_guarded_and_each_of_its_messages_counts() -> None:
    received: list[str] = []

    async def platform(scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        async for text in socket.iter_text():
            received.append(text)
            await socket.send_text("done")

    settings = jwt_settings(rate=4, body_megabytes=1)
    verifier = Verifier(settings)
    client = TestClient(Guard(platform, verifier=lambda: verifier, settings=lambda: settings))
    for headers, path, words in (
        ({}, "/threads/1/stream/events", "say who you are"),
        (ANNA, "/internal/x", "admin scope"),
    ):
        with pytest.raises(WebSocketDisconnect) as refused:
            client.websocket_connect(path, headers=headers).__enter__()
        assert words in refused.value.reason
    with client.websocket_connect("/threads/1/stream/events", headers=BOB) as socket:
        for text in ("1", "2", "3", "4", "5"):
            socket.send_text(text)
        assert [socket.receive_text() for _ in range(3)] == ["done"] * 3
        with pytest.raises(WebSocketDisconnect) as refused:
            socket.receive_text()
        assert "too many requests" in refused.value.reason
    assert received == ["1", "2", "3"]  # opening it was the first of four
    with client.websocket_connect("/threads/1/stream/events", headers=ROOT) as socket:
        socket.send_text("x" * 1_000_001)
        with pytest.raises(WebSocketDisconnect) as refused:
            socket.receive_text()
        assert "too large" in refused.value.reason


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (413, b'{"items": [], ' + b",".join(b'"k%d": 1' % n for n in range(60_000)) + b"}"),
        (413, b'{"items": ' + b"[" * 60_000),
        (413, b'{"items": [' + b"[]," * 60_000 + b"[]]}"),
        (422, b'{"items": ["' + b'\\"' * 600_000),
    ],
)
def test_a_body_of_very_many_parts_is_refused_before_it_is_read(
    endpoint: type[Endpoint], status: int, body: bytes
) -> None:
    with served() as (client, _):
        began = perf_counter()
        assert client.post("/v1/history", content=body, headers=ANNA).status_code == status
        assert perf_counter() - began < 5


def test_a_thousand_items_with_all_of_their_fields_are_taken() -> None:
    item = {"id": "1", "text": 'a "quoted", [odd] text', "source": "chat", "category": "c"}
    item |= {"time": "2026-01-01T00:00:00Z", "role": "user"}
    check_json_parts(json.dumps({"items": [item] * 1000}).encode())
    check_json_parts(json.dumps({"items": [{"text": ',"[{' * 100_000}]}).encode())
    with pytest.raises(RefusedError, match="too many fields"):
        check_json_parts(json.dumps({"items": [item] * 3000}).encode())


BREAKS = (
    ModelError(SECRET),
    HistoryError(SECRET),
    SettingsError(SECRET),
    ValueError(SECRET),
    RuntimeError(SECRET),
    KeyError(SECRET),
    OSError(SECRET),
    AssertionError(SECRET),
    UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, SECRET),
    ExceptionGroup(SECRET, [ValueError(SECRET)]),
)
REQUESTS = (
    ("GET", "/v1/history", None),
    ("POST", "/v1/history", {"items": [{"text": "x"}]}),
    ("DELETE", "/v1/history?id=x", None),
    ("GET", "/v1/export", None),
    ("POST", "/v1/ask", {"question": "Which pet do I have?"}),
    ("POST", "/v1/profile", None),
)


def test_nothing_of_an_error_reaches_a_caller(
    added: type[Endpoint],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with served() as (client, _):
        for error in BREAKS:

            def breaks(*_: object, error: Exception = error, **__: object) -> None:
                raise error

            for name in ("add", "list", "delete", "get", "search", "vectors"):
                monkeypatch.setattr(HistoryStore, name, breaks)
            for method, path, body in REQUESTS:
                answer = client.request(method, path, json=body, headers=ANNA)
                said = (type(error).__name__, method, path, answer.text)
                assert answer.status_code in (500, 503), said
                assert set(answer.json()) == {"error", "message"}, said
                assert "wok" not in answer.text, said
                assert "Traceback" not in answer.text, said
            headers = ANNA | {"Accept": "text/event-stream"}
            streamed = client.post("/v1/ask", json=REQUESTS[4][2], headers=headers)
            assert "event: error" in streamed.text
            assert "wok" not in streamed.text
    assert "wok" not in caplog.text


def test_what_was_sent_is_not_said_back(endpoint: type[Endpoint]) -> None:
    with served() as (client, _):
        for path, sent in (
            ("/v1/history", {"items": [{"text": 5, "source": SECRET}]}),
            ("/v1/history", {"items": [{"text": SECRET, "time": SECRET}]}),
            ("/v1/history", {"items": [{"text": SECRET + "\0"}]}),
            ("/v1/history", {"items": SECRET}),
            ("/v1/history", {"items": [{"text": SECRET, "role": SECRET}]}),
            ("/v1/ask", {"question": [SECRET]}),
            ("/v1/ask", {"question": SECRET, "options": ["a"]}),
            ("/v1/ask", {"question": SECRET, "max_retries": SECRET}),
        ):
            answer = client.post(path, json=sent, headers=ANNA)
            assert answer.status_code == 422, (sent, answer.text)
            assert "wok" not in answer.text
        for broken in (f'{{"items": "{SECRET}', SECRET, "", "\ud800".encode("utf-8", "replace")):
            answer = client.post("/v1/history", content=broken, headers=ANNA)
            assert answer.status_code == 422, answer.text
            assert "wok" not in answer.text


def test_no_such_route_and_no_such_method(endpoint: type[Endpoint]) -> None:
    with served() as (client, _):
        missing = client.get("/v1/nothing", headers=ANNA)
        assert (missing.status_code, missing.json()["error"]) == (404, "not_found")
        wrong = client.put("/v1/history", headers=ANNA)
        assert (wrong.status_code, wrong.json()["error"]) == (405, "not_allowed")
        assert set(wrong.headers["allow"].split(", ")) == {"GET", "POST", "DELETE"}


def test_all_routes_report_errors_in_our_way() -> None:
    from guided_profile.apps.server.access.problems import SafeRoute

    for module in (server_ask, server_history, server_profile):
        assert all(isinstance(route, SafeRoute) for route in module.router.routes)
