"""A real Aegra: what it leaves open by itself is closed, and what is deleted is gone."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aegra_server import aegra, postgres
from endpoint import Endpoint, scripted_endpoint
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from server_client import ANNA, BOB, ROOT, SECRET, bearer, token

from guided_profile.apps.platforms.langgraph_auth import label
from guided_profile.apps.server.access.keys import KeyFile

pytestmark = pytest.mark.live

GRAPH = "guided_profile"
ASKED = {"question": "Which pet do I have?"}
RUN: dict[str, Any] = {"assistant_id": GRAPH, "input": ASKED}
HISTORY = {
    "items": [
        {"text": "my cat Miso sleeps on my desk", "source": "chat"},
        {"text": "the bicycle commute took 20 minutes", "source": "chat"},
    ]
}
WAYS = ("runs", "runs/wait", "runs/stream")


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres() as address:
        yield address


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "keys.json"


@pytest.fixture(scope="module")
def url(database: str, keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    auth = {
        "GUIDED_PROFILE_AUTH": "jwt,keys",
        "GUIDED_PROFILE_JWT_SECRET": SECRET,
        "GUIDED_PROFILE_KEYS": str(keys),
        "GUIDED_PROFILE_RATE": "10000",
        "GUIDED_PROFILE_BODY_MB": "1",
    }
    data = tmp_path_factory.mktemp("data")
    with scripted_endpoint() as endpoint, aegra(data, database, **endpoint, **auth) as address:
        yield address


@pytest.fixture
def annas(url: str) -> str:
    """A thread of Anna's, with a run that tells of her cat."""
    _send("POST", f"{url}/v1/history", json=HISTORY).raise_for_status()
    thread = _thread(url, ANNA)
    out = _send("POST", f"{url}/threads/{thread}/runs/wait", json=RUN).raise_for_status()
    assert "Miso" in out.text
    return thread


@pytest.fixture
async def anna(url: str) -> AsyncIterator[LangGraphClient]:
    async with get_client(url=url, headers=ANNA) as client:
        yield client


def _send(
    method: str, path: str, headers: dict[str, str] | None = None, **more: Any
) -> httpx.Response:
    headers = ANNA if headers is None else headers
    return httpx.request(method, path, **{"timeout": 60, "headers": headers, **more})


def _thread(url: str, headers: dict[str, str]) -> str:
    made = _send("POST", f"{url}/threads", headers, json={}).raise_for_status()
    return str(made.json()["thread_id"])


FORGED: list[dict[str, Any]] = [
    {"context": {"user_id": "anna"}},
    {"context": {"user_id": "anna", "task": "dialogue"}},
    {"context": {"user_id": ["anna"]}},
    {"context": {"user_id": None}},
    {"context": {"user_id": "ANNA"}},
    {"context": {"thread_id": "ANNAS"}},
    {"context": {"langgraph_auth_user": {"identity": "anna"}}},
    {"config": {"configurable": {"user_id": "anna"}}},
    {"config": {"configurable": {"thread_id": "ANNAS"}}},
    {"config": {"configurable": {"langgraph_auth_user": {"identity": "anna"}}}},
    {"config": {"configurable": "x"}},
    {"checkpoint": {"thread_id": "ANNAS"}},
    {"checkpoint": {"user_id": "anna"}},
    {"webhook": "http://127.0.0.1:1/"},
]


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_names_another_user_or_thread_is_refused(
    url: str, annas: str, forged: dict[str, Any], way: str
) -> None:
    mine = _thread(url, BOB)
    body = json.loads(json.dumps(RUN | forged).replace("ANNAS", annas))
    answer = _send("POST", f"{url}/threads/{mine}/{way}", BOB, json=body)
    assert answer.status_code in (403, 422), answer.text
    assert "Miso" not in answer.text
    text = _send("POST", f"{url}/threads/{mine}/{way}", BOB, content=json.dumps(body))
    assert text.status_code in (403, 422)


@pytest.mark.parametrize("way", WAYS)
def test_a_run_is_the_tokens_users(url: str, annas: str, way: str) -> None:
    for context in ({}, {"user_id": "bob"}, {"task": "dialogue"}, None):
        mine = _thread(url, BOB)
        body = RUN | {"context": context}
        _send("POST", f"{url}/threads/{mine}/{way}", BOB, json=body).raise_for_status()
        (run,) = _send("GET", f"{url}/threads/{mine}/runs", BOB).json()
        _send("GET", f"{url}/threads/{mine}/runs/{run['run_id']}/join", BOB)
        values = _send("GET", f"{url}/threads/{mine}/state", BOB).json()["values"]
        assert values["user_id"] == "bob"
        assert values["answer"]["reason"] == "no_history"


@pytest.mark.parametrize("way", WAYS)
def test_a_run_in_anothers_thread_is_refused(url: str, annas: str, way: str) -> None:
    for more in ({}, {"if_not_exists": "create"}, {"checkpoint": {"thread_id": annas}}):
        answer = _send("POST", f"{url}/threads/{annas}/{way}", BOB, json=RUN | more)
        assert answer.status_code == 404
    assert len(_send("GET", f"{url}/threads/{annas}/runs").json()) == 1


def test_no_way_leads_into_anothers_thread(url: str, annas: str) -> None:
    (run,) = _send("GET", f"{url}/threads/{annas}/runs").json()
    state = _send("GET", f"{url}/threads/{annas}/state").json()
    checkpoint = {"thread_id": annas, **{k: state["checkpoint"][k] for k in ("checkpoint_id",)}}
    mine = _thread(url, BOB)
    _send("POST", f"{url}/threads/{mine}/runs/wait", BOB, json=RUN).raise_for_status()
    one, all_ = f"{annas}/runs/{run['run_id']}", {"limit": 100}
    for method, path, body in (
        ("GET", annas, None),
        ("PATCH", annas, {"metadata": {"owner": "bob"}}),
        ("DELETE", annas, None),
        ("DELETE", f"{annas}/", None),
        ("GET", f"{annas}/state", None),
        ("POST", f"{annas}/state", {"values": {"question": "x"}}),
        ("GET", f"{annas}/state/{checkpoint['checkpoint_id']}", None),
        ("POST", f"{annas}/state/checkpoint", {"checkpoint": checkpoint}),
        ("GET", f"{annas}/history", None),
        ("POST", f"{annas}/history", all_),
        ("POST", f"{annas}/copy", {}),
        ("GET", f"{annas}/runs", None),
        ("GET", one, None),
        ("DELETE", one, None),
        ("PATCH", one, {"run_id": run["run_id"], "status": "interrupted"}),
        ("GET", f"{one}/join", None),
        ("GET", f"{one}/stream", None),
        ("POST", f"{one}/cancel", None),
        ("GET", f"{mine}/runs/{run['run_id']}", None),
        ("POST", f"{mine}/history", all_ | {"checkpoint": checkpoint}),
        ("POST", f"{mine}/history", all_ | {"checkpoint": {"thread_id": annas}}),
        ("POST", f"{mine}/state", {"checkpoint": checkpoint, "values": {"question": "x"}}),
        ("POST", f"{mine}/state/checkpoint", {"checkpoint": checkpoint}),
    ):
        answer = _send(method, f"{url}/threads/{path}", BOB, json=body)
        assert answer.status_code in (403, 404, 405, 422), (method, path, answer.text)
        assert "Miso" not in answer.text
    after = _send("GET", f"{url}/threads/{annas}/state").json()
    assert after["checkpoint"] == state["checkpoint"]
    for body in ({"thread_id": annas}, {"threadId": annas}, {"thread_id": "x", "threadId": annas}):
        for more in ({}, {"if_exists": "do_nothing"}, {"metadata": {"owner": "anna"}}):
            taken = _send("POST", f"{url}/threads", BOB, json=body | more)
            assert taken.status_code == 409


async def test_a_checkpoint_of_ones_own_may_be_named(anna: LangGraphClient, annas: str) -> None:
    state = await anna.threads.get_state(annas)
    again = await anna.threads.get_state(annas, checkpoint=state["checkpoint"])
    assert again["values"] == state["values"]
    before = state["parent_checkpoint"]
    assert before is not None
    await anna.threads.update_state(annas, {"question": "x"}, checkpoint=before)
    assert len(await anna.threads.get_history(annas, limit=100)) > 2


def test_what_is_not_known_is_not_there(url: str) -> None:
    for method, path in (
        ("POST", "/runs"),
        ("POST", "/runs/crons"),
        ("POST", "/mcp"),
        ("GET", "/redoc"),
        ("GET", "/threads/%00"),
        ("POST", "/threads/x%00y/runs/wait"),
        ("GET", "//threads/search"),
    ):
        assert _send(method, f"{url}{path}", json=RUN).status_code == 404, path
    for body in (b"{", b"[]", b'"x"', b"[" * 100_000, b"\xff\xfe"):
        for path in ("threads", f"threads/{uuid4()}/runs/wait", "threads/search"):
            assert _send("POST", f"{url}/{path}", content=body).status_code == 422
    large = json.dumps(RUN | {"context": {"task": "x" * 1_100_000}}).encode()
    path = f"{url}/threads/{uuid4()}/runs/wait"
    assert _send("POST", path, content=large).status_code == 413
    chunked = (large[at : at + 50_000] for at in range(0, len(large), 50_000))
    assert _send("POST", path, content=chunked).status_code == 413
    assert _send("GET", f"{url}/health", {}).json()["status"] == "healthy"
    assert _send("GET", f"{url}/ready", {}).status_code == 401


async def test_store_items_are_their_owners(anna: LangGraphClient, annas: str, url: str) -> None:
    await anna.store.put_item(["notes"], "a", {"text": "Miso"})
    (found,) = (await anna.store.search_items([]))["items"]
    assert found["namespace"] == ["users", "anna", "notes"]
    for user in ("bob", "ann", "annabel", "*", "users", "guided_profile", "an%", "ann_", "a.n"):
        headers = bearer(token(user))
        for namespace in (
            [],
            ["notes"],
            ["users"],
            ["users", "anna"],
            ["users", "anna", "notes"],
            ["guided_profile", "profiles", "anna"],
            ["guided_profile", "profiles", "anna", "dialogue", "standing"],
            ["*"],
        ):
            name = ".".join(namespace)
            for method, path, body in (
                ("POST", "items/search", {"namespace_prefix": namespace, "limit": 100}),
                ("POST", "namespaces", {"prefix": namespace, "limit": 100}),
                ("GET", f"items?namespace={name}&key=a", None),
                ("GET", f"items?namespace={name}&key=guided", None),
                ("DELETE", f"items?namespace={name}&key=a", None),
                ("DELETE", "items", {"namespace": namespace, "key": "a"}),
                ("PUT", "items", {"namespace": namespace, "key": "a", "value": {"text": user}}),
            ):
                answer = _send(method, f"{url}/store/{path}", headers, json=body)
                assert "Miso" not in answer.text, (user, path, namespace)
                if path == "namespaces":
                    spaces = answer.raise_for_status().json()["namespaces"]
                    assert all(one[:2] == ["users", label(user)] for one in spaces), spaces
    assert (await anna.store.get_item(["notes"], "a"))["value"]["text"] == "Miso"
    profile = _send("GET", f"{url}/v1/profile").raise_for_status()
    assert "Miso" in profile.text


def test_assistants_are_changed_by_admins_alone(url: str) -> None:
    found = _send("POST", f"{url}/assistants/search", BOB, json={"graph_id": GRAPH}).json()
    (known,) = found
    one = f"{url}/assistants/{known['assistant_id']}"
    sly = {"graph_id": GRAPH, "context": {"user_id": "anna"}}
    assert _send("POST", f"{url}/assistants", BOB, json=sly).status_code == 403
    assert _send("PATCH", one, BOB, json={"context": {"user_id": "anna"}}).status_code == 403
    assert _send("DELETE", one, BOB).status_code == 403
    made = _send("POST", f"{url}/assistants", ROOT, json=sly).raise_for_status().json()
    mine = _thread(url, BOB)
    body = RUN | {"assistant_id": made["assistant_id"]}
    out = _send("POST", f"{url}/threads/{mine}/runs/wait", BOB, json=body).json()
    assert out["answer"]["reason"] == "no_history"


def test_an_admin_may_name_a_user_and_delete_a_thread(url: str, annas: str) -> None:
    thread = _thread(url, ROOT)
    run = RUN | {"context": {"user_id": "anna"}}
    out = _send("POST", f"{url}/threads/{thread}/runs/wait", ROOT, json=run).json()
    assert "Miso" in str(out["answer"]["profile"]["sentences"])
    assert _send("DELETE", f"{url}/threads/{annas}", ROOT).status_code == 200
    assert _send("GET", f"{url}/threads/{annas}").status_code == 404
    assert _send("DELETE", f"{url}/threads/{annas}", ROOT).status_code == 404


def _rows_with(database: str, text: str) -> dict[str, int]:
    """Count the rows of every table that hold a text, as text or in bytes."""
    psycopg = pytest.importorskip("psycopg")
    found = {}
    with psycopg.connect(database) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        for (table,) in tables:
            rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
            count = sum(text in repr(row) for row in rows)
            if count:
                found[table] = count
    return found


def test_a_deleted_thread_is_gone_from_the_database(url: str, database: str) -> None:
    dora = bearer(token("dora"))
    thread = _thread(url, dora)
    asked = RUN | {"input": {"question": "Where is the unicorn?"}}
    _send("POST", f"{url}/threads/{thread}/runs/wait", dora, json=asked).raise_for_status()
    kept = _rows_with(database, "unicorn")
    assert {"runs", "run_events", "checkpoint_writes"} <= set(kept)
    assert _send("DELETE", f"{url}/threads/{thread}", dora).json() == {"status": "deleted"}
    assert _rows_with(database, "unicorn") == {}
    taken = _send("POST", f"{url}/threads", BOB, json={"thread_id": thread})
    assert taken.is_success
    for _ in range(2):
        state = _send("GET", f"{url}/threads/{thread}/state", BOB)
        assert "unicorn" not in state.text
        _send("POST", f"{url}/threads/{thread}/runs/wait", BOB, json=RUN).raise_for_status()


def test_deleting_a_user_empties_the_database_of_them(url: str, database: str) -> None:
    emil = bearer(token("emil"))
    items = [{"text": f"my unicorn ate {what}"} for what in ("hay", "oats")]
    _send("POST", f"{url}/v1/history", emil, json={"items": items}).raise_for_status()
    item = {"namespace": ["notes"], "key": "a", "value": {"text": "unicorn"}}
    _send("PUT", f"{url}/store/items", emil, json=item).raise_for_status()
    pin = {"do": "pin", "text": "I own a unicorn."}
    _send("POST", f"{url}/v1/profile", emil).raise_for_status()
    _send("PATCH", f"{url}/v1/profile", emil, json=pin).raise_for_status()
    asked = RUN | {"input": {"question": "What does my unicorn eat?"}}
    mine, admins = _thread(url, emil), _thread(url, ROOT)
    _send("POST", f"{url}/threads/{mine}/runs/wait", emil, json=asked).raise_for_status()
    of_emil = asked | {"context": {"user_id": "emil"}}
    _send("POST", f"{url}/threads/{admins}/runs/wait", ROOT, json=of_emil).raise_for_status()
    assert {"runs", "run_events", "checkpoint_writes", "store"} <= set(
        _rows_with(database, "unicorn")
    )
    near = {"items": [{"text": "I ride"}, {"text": "I swim"}]}
    for user in ("emi", "emil2", "emi_"):
        _send("POST", f"{url}/v1/history", bearer(token(user)), json=near).raise_for_status()
        _send("POST", f"{url}/v1/profile", bearer(token(user))).raise_for_status()
    path = f"{url}/v1/everything?confirm=everything"
    gone = _send("DELETE", path, emil).raise_for_status().json()
    assert gone["items"] == 2
    assert gone["threads"] == 2
    assert gone["records"] >= 3
    assert _rows_with(database, "unicorn") == {}
    assert _rows_with(database, "emil'") == {}
    for user in ("emi", "emil2", "emi_"):
        kept = _send("GET", f"{url}/v1/profile", bearer(token(user)))
        assert kept.status_code == 200, user


@pytest.mark.parametrize("way", ["wait", "stream"])
def test_a_run_without_a_thread_leaves_none(url: str, annas: str, database: str, way: str) -> None:
    asked = RUN | {"input": {"question": "Which unicorn do I have?"}, "stream_mode": ["values"]}
    answer = _send("POST", f"{url}/runs/{way}", json=asked).raise_for_status()
    assert "Miso, my cat." in answer.text
    for _ in range(50):  # it is deleted once the answer is sent
        if not (kept := _rows_with(database, "Which unicorn")):
            break
        time.sleep(0.1)
    assert kept == {}
    for forged in FORGED[:-1]:
        body = json.loads(json.dumps(RUN | forged).replace("ANNAS", annas))
        answer = _send("POST", f"{url}/runs/{way}", BOB, json=body)
        assert answer.status_code in (403, 422)
    failing = RUN | {"context": {"task": "no-such-task"}}
    assert "no-such-task" in _send("POST", f"{url}/runs/{way}", json=failing).text


def test_api_keys_say_who_asks(url: str, keys: Path, annas: str) -> None:
    _, annas_key = KeyFile(keys).add("anna", admin=False, now=datetime.now(UTC))
    _, bobs_key = KeyFile(keys).add("bob", admin=False, now=datetime.now(UTC))
    path = f"{url}/threads/{annas}"
    for name in ("X-Api-Key", "Authorization"):
        prefix = "Bearer " if name == "Authorization" else ""
        assert _send("GET", path, {name: prefix + annas_key}).status_code == 200
        assert _send("GET", path, {name: prefix + bobs_key}).status_code == 404
        assert _send("GET", path, {name: prefix + bobs_key[:-1] + "x"}).status_code == 401
    out = _send("POST", f"{path}/runs/wait", {"X-Api-Key": annas_key}, json=RUN)
    assert "Miso" in out.text


class Slow(Endpoint):
    """Takes its time."""

    def do_POST(self) -> None:
        time.sleep(0.5)
        super().do_POST()


class VerySlow(Endpoint):
    """Takes longer for an answer than Aegra waits for one."""

    @property
    def answer(self) -> str:  # type: ignore[override]
        """Return an answer in its own time."""
        if "Answer as this person" in self.prompts[-1]:
            time.sleep(32)
        return "Miso, my cat."


async def test_a_long_run_is_joined_and_a_cancelled_one_says_so(
    database: str, tmp_path: Path
) -> None:
    with (
        scripted_endpoint(VerySlow) as endpoint,
        aegra(tmp_path, database, **endpoint, GUIDED_PROFILE_AUTH="") as url,
    ):
        _send("POST", f"{url}/v1/history?user=gus", {}, json=HISTORY).raise_for_status()
        async with get_client(url=url, timeout=120) as client:
            runs = []
            for _ in range(2):
                thread = (await client.threads.create())["thread_id"]
                run = await client.runs.create(
                    thread, GRAPH, input=ASKED, context={"user_id": "gus"}
                )
                runs.append((thread, run["run_id"]))
            await client.runs.cancel(*runs[1])
            cancelled: Any = await client.runs.join(*runs[1])
            assert "cancelled" in cancelled["__error__"]["message"]
            out: Any = await client.runs.join(*runs[0])
            assert out["answer"]["text"] == "Miso, my cat."


async def test_without_auth_a_run_that_names_nobody_is_nobody_elses_and_only_this_machine_is_served(
    database: str, tmp_path: Path
) -> None:
    with (
        scripted_endpoint(Slow) as endpoint,
        aegra(tmp_path, database, **endpoint, GUIDED_PROFILE_AUTH="") as url,
    ):
        path = f"{url}/v1/history?user=finn"
        _send("POST", path, {}, json=HISTORY).raise_for_status()
        proxied = {"X-Forwarded-For": "203.0.113.7"}
        assert _send("POST", f"{url}/threads/search", proxied, json={}).status_code == 401
        for elsewhere in ({"Host": "a.example"}, {"Origin": "https://a.example"}):
            assert _send("POST", f"{url}/threads/search", elsewhere).status_code == 401
            assert _send("GET", path, elsewhere).status_code == 401
        async with get_client(url=url) as client:
            thread = (await client.threads.create())["thread_id"]
            out = await client.runs.wait(thread, GRAPH, input=ASKED, context={"user_id": "finn"})
            assert "Miso" in str(out["answer"]["profile"]["sentences"])
            for context in ({}, {"task": "dialogue"}):
                out = await client.runs.wait(None, GRAPH, input=ASKED, context=context)
                assert out["answer"]["reason"] == "no_history"  # the default user has none
            run = await client.runs.create(thread, GRAPH, input=ASKED, context={"user_id": "finn"})
            await client.threads.delete(thread)  # while it goes on
            assert _rows_with(database, run["run_id"]) == {}
        gone = _send("DELETE", f"{url}/v1/everything?confirm=everything&user=finn", {}).json()
        assert gone["items"] == 2
