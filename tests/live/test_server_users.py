"""A real LangGraph Server that asks who one is: two users, and an admin, on its own API."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from endpoint import scripted_endpoint
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import APIStatusError
from langgraph_server import langgraph_dev
from server_client import ANNA, BOB, ROOT, SECRET, bearer, token

pytestmark = pytest.mark.live

GRAPH = "guided_profile"
Connect = Callable[[dict[str, str]], Awaitable[LangGraphClient]]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("data")
    auth = {
        "GUIDED_PROFILE_AUTH": "jwt",
        "GUIDED_PROFILE_JWT_SECRET": SECRET,
        "GUIDED_PROFILE_RATE": "10000",
    }
    with scripted_endpoint() as endpoint, langgraph_dev(data, **endpoint, **auth) as address:
        yield address


@pytest.fixture
async def connected(url: str) -> AsyncIterator[Connect]:
    """What opens clients, which are closed at the end."""
    async with AsyncExitStack() as opened:

        async def connect(headers: dict[str, str]) -> LangGraphClient:
            return await opened.enter_async_context(get_client(url=url, headers=headers))

        yield connect


@pytest.fixture
async def anna(url: str, connected: Connect) -> LangGraphClient:
    _send("POST", f"{url}/v1/history", json=HISTORY, headers=ANNA).raise_for_status()
    return await connected(ANNA)


@pytest.fixture
async def bob(connected: Connect) -> LangGraphClient:
    return await connected(BOB)


HISTORY = {
    "items": [
        {"text": "my cat Miso sleeps on my desk", "source": "chat"},
        {"text": "the bicycle commute took 20 minutes", "source": "chat"},
    ]
}
ASKED = {"question": "Which pet do I have?"}


async def _status(work: Any) -> int:
    """Return the status that a request is refused with; 200 if it is not."""
    try:
        await work
    except (APIStatusError, httpx.HTTPStatusError) as error:
        status, text = error.response.status_code, error.response.text
    else:
        return 200
    assert "Miso" not in text
    assert "Traceback" not in text
    return status


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".log"]


def _send(method: str, path: str, **more: Any) -> httpx.Response:
    return httpx.request(method, path, **{"timeout": 30, **more})


def test_langgraphs_own_api_wants_a_token(url: str) -> None:
    forged = bearer(token("anna", key="x" * 64))
    for headers in ({}, forged, {"x-auth-scheme": "langsmith"}, {"x-api-key": "x"}):
        for method, path in (
            ("POST", "/threads"),
            ("POST", "/threads/search"),
            ("POST", "/runs/wait"),
            ("POST", "/runs/stream"),
            ("POST", "/store/items/search"),
            ("POST", "/runs/crons/search"),
            ("POST", "/assistants/search"),
            ("GET", "/v1/history"),
            ("GET", "/v1/openapi.json"),
            ("GET", "//threads/search"),
            ("GET", "/noauth/threads"),
            ("POST", "/mcp"),
            ("POST", "/a2a/guided_profile"),
            ("POST", "/internal/truncate"),
            ("GET", "/internal/debug/thread/00000000-0000-0000-0000-000000000000"),
            ("GET", "/deploy"),
            ("POST", "/deploy"),
        ):
            status = httpx.request(method, f"{url}{path}", headers=headers, json={}).status_code
            assert status in (401, 404), (method, path, headers, status)


async def test_the_routes_for_debugging_are_for_admins_alone(
    anna: LangGraphClient, url: str
) -> None:
    thread = (await anna.threads.create())["thread_id"]
    for method, path in (
        ("GET", f"/internal/debug/thread/{thread}"),
        ("GET", f"/internal%2Fdebug/thread/{thread}"),
        ("POST", "/internal/truncate"),
        ("GET", "/deploy"),
        ("POST", "/deploy"),
    ):
        answer = _send(method, f"{url}{path}", headers=BOB, json={})
        assert answer.status_code == 403, (path, answer.text)
    raw = _send("GET", f"{url}/internal/debug/thread/{thread}", headers=ROOT)
    assert raw.json()["metadata"]["owner"] == "anna"


async def test_a_run_is_the_tokens_users(anna: LangGraphClient, bob: LangGraphClient) -> None:
    out = await anna.runs.wait(None, GRAPH, input=ASKED, context={"task": "dialogue"})
    assert "Miso" in str(out["answer"]["profile"]["sentences"])
    out = await bob.runs.wait(None, GRAPH, input=ASKED, context={"max_retries": 0})
    assert out["answer"]["reason"] == "no_history"
    own = {"user_id": "anna", "task": "dialogue"}
    out = await anna.runs.wait(None, GRAPH, input=ASKED, context=own)
    assert out["answer"]["kind"] == "answered"


@pytest.mark.parametrize(
    "forged",
    [
        {"context": {"user_id": "anna"}},
        {"context": {"user_id": "anna", "task": "dialogue"}},
        {"context": {"user_id": ["anna"]}},
        {"context": {"user_id": None}},
        {"context": {"user_id": "ANNA"}},
        {"config": {"configurable": {"user_id": "anna"}}},
        {"webhook": "http://127.0.0.1:1/"},
    ],
)
async def test_a_run_that_names_another_user_is_refused(
    anna: LangGraphClient, bob: LangGraphClient, forged: dict[str, Any]
) -> None:
    for run in (bob.runs.wait, bob.runs.create):
        assert await _status(run(None, GRAPH, input=ASKED, **forged)) in (403, 422)
    thread = await bob.threads.create()
    run = bob.runs.wait(thread["thread_id"], GRAPH, input=ASKED, **forged)
    assert await _status(run) in (403, 422)


async def test_what_only_looks_like_the_servers_own_word_is_no_help(
    anna: LangGraphClient, bob: LangGraphClient, url: str
) -> None:
    for name, value in {
        "langgraph_auth_user_id": "anna",
        "langgraph_auth_user": {"identity": "anna"},
        "langgraph_auth_permissions": ["admin", "open"],
        "__context_provided__": True,
    }.items():
        for place in ("context", "config"):
            given = {name: value}
            sent = {place: given if place == "context" else {"configurable": given}}
            body = {"assistant_id": GRAPH, "input": ASKED, **sent}
            answer = _send("POST", f"{url}/runs/wait", json=body, headers=BOB, timeout=30)
            assert "Miso" not in answer.text, (name, place)
    body = {"assistant_id": GRAPH, "input": ASKED, "metadata": {"owner": "anna"}}
    _send("POST", f"{url}/runs/wait", json=body, headers=BOB, timeout=30)
    made = await bob.threads.create(metadata={"owner": "anna"})
    assert made["metadata"]["owner"] == "bob"
    changed = await bob.threads.update(made["thread_id"], metadata={"owner": "anna"})
    assert changed["metadata"]["owner"] == "bob"
    for thread in await anna.threads.search(limit=100):
        assert thread["metadata"]["owner"] == "anna"


async def test_threads_and_their_runs_are_their_owners(
    anna: LangGraphClient, bob: LangGraphClient
) -> None:
    thread = (await anna.threads.create())["thread_id"]
    run = await anna.runs.create(thread, GRAPH, input=ASKED)
    await anna.runs.join(thread, run["run_id"])
    assert thread in [one["thread_id"] for one in await anna.threads.search(limit=100)]
    for metadata in (None, {"owner": "anna"}):
        listed = await bob.threads.search(metadata=metadata, limit=100)
        assert thread not in [one["thread_id"] for one in listed]
    for refused in (
        bob.threads.get(thread),
        bob.threads.get_state(thread),
        bob.threads.get_history(thread),
        bob.threads.update(thread, metadata={"owner": "bob"}),
        bob.threads.update_state(thread, {"question": "x"}),
        bob.threads.copy(thread),
        bob.threads.delete(thread),
        bob.runs.list(thread),
        bob.runs.get(thread, run["run_id"]),
        bob.runs.join(thread, run["run_id"]),
        bob.runs.cancel(thread, run["run_id"]),
        bob.runs.delete(thread, run["run_id"]),
        bob.runs.create(thread, GRAPH, input=ASKED),
        bob.runs.wait(thread, GRAPH, input=ASKED, if_not_exists="create"),
        bob.threads.create(thread_id=thread, if_exists="do_nothing"),
    ):
        assert await _status(refused) in (403, 404, 409), refused
    assert (await anna.threads.get(thread))["metadata"]["owner"] == "anna"


async def test_store_items_are_their_owners_and_profiles_are_not_among_them(
    anna: LangGraphClient, bob: LangGraphClient, url: str, connected: Connect
) -> None:
    await anna.store.put_item(["notes"], "a", {"text": "Miso"})
    found = await anna.store.search_items([])
    assert [one["value"] for one in found["items"]] == [{"text": "Miso"}]
    assert found["items"][0]["namespace"] == ["users", "anna", "notes"]
    assert (await anna.store.get_item(["users", "anna", "notes"], "a"))["value"]["text"] == "Miso"
    _send("POST", f"{url}/v1/profile", headers=ANNA, timeout=30).raise_for_status()
    sly = [await connected(bearer(token(name))) for name in SLY]
    for client in (bob, *sly):
        for namespace in (
            [],
            ["notes"],
            ["users"],
            ["users", "anna"],
            ["users", "anna", "notes"],
            ["guided_profile"],
            ["guided_profile", "profiles", "anna"],
            ["guided_profile", "profiles", "anna", "dialogue", "standing"],
            ["*"],
        ):
            answer = _send(
                "POST",
                f"{url}/store/items/search",
                json={"namespace_prefix": namespace, "limit": 100},
                headers=dict(client.http.client.headers),
            )
            assert "Miso" not in answer.text, namespace
            spaces = await client.store.list_namespaces(prefix=namespace, limit=100)
            assert "anna" not in str(spaces).replace("annabel", ""), namespace
        listed = await client.store.list_namespaces(limit=100)
        assert all(one[0] == "users" for one in listed["namespaces"])
        await client.store.put_item(["users", "anna", "notes"], "a", {"text": "forged"})
        await client.store.delete_item(["users", "anna", "notes"], "a")
    assert (await anna.store.get_item(["notes"], "a"))["value"]["text"] == "Miso"


SLY = ("ann", "annabel", "*", "users", "guided_profile", "an%", "ann_")


async def test_crons_are_their_owners_and_run_as_them(
    anna: LangGraphClient, bob: LangGraphClient, url: str
) -> None:
    made = await anna.crons.create(GRAPH, schedule="0 0 1 1 *", input=ASKED)
    mine = await anna.crons.search()
    assert len(mine) == 1
    assert "anna" in str(mine[0]["payload"])
    assert await bob.crons.search() == []
    assert await _status(bob.crons.delete(mine[0]["cron_id"])) in (200, 403, 404)
    assert len(await anna.crons.search()) == 1
    for forged in (
        {"context": {"user_id": "anna"}},
        {"config": {"configurable": {"user_id": "anna"}}},
        {"config": {"configurable": {"langgraph_auth_permissions": ["admin"]}}},
        {"config": {"configurable": {"langgraph_auth_user": {"identity": "anna"}}}},
        {"webhook": "http://127.0.0.1:1/"},
    ):
        body = {"assistant_id": GRAPH, "schedule": "* * * * *", "input": ASKED, **forged}
        answer = _send("POST", f"{url}/runs/crons", json=body, headers=BOB)
        if answer.is_success:  # the platform leaves its own words out
            assert "admin" not in answer.text, forged
            assert "anna" not in answer.text, forged
        else:
            assert answer.status_code in (403, 422), (forged, answer.text)
    assert made


async def test_a_cron_that_is_changed_keeps_its_context_and_its_user(
    anna: LangGraphClient, bob: LangGraphClient, connected: Connect
) -> None:
    context = {"task": "preference", "user_id": "anna"}
    made = await anna.crons.create(
        GRAPH, schedule="0 0 1 1 *", input=ASKED, context={"task": "preference"}
    )
    root = await connected(ROOT)

    async def kept() -> Any:
        (cron,) = [one for one in await anna.crons.search() if one["cron_id"] == made["cron_id"]]
        return cron["payload"]["context"]

    for client in (anna, root):
        await client.crons.update(made["cron_id"], input={"question": "Whose cat?"})
        assert await kept() == context
    await root.crons.update(made["cron_id"], context={"task": "dialogue"})
    assert await kept() == context | {"task": "dialogue"}
    assert await _status(bob.crons.update(made["cron_id"], context={"task": "a"})) == 404
    nobodys = "00000000-0000-0000-0000-000000000000"
    assert await _status(root.crons.update(nobodys, context={"task": "a"})) == 404
    await anna.crons.delete(made["cron_id"])


async def test_a_cron_runs_as_its_owner(anna: LangGraphClient) -> None:
    before = {one["thread_id"] for one in await anna.threads.search(limit=100)}
    made = await anna.crons.create(
        GRAPH, schedule="* * * * *", input=ASKED, on_run_completed="keep"
    )
    values: dict[str, Any] = {}
    for _ in range(80):
        await asyncio.sleep(1)
        threads = await anna.threads.search(limit=100)
        new = [one for one in threads if one["thread_id"] not in before]
        if new and (values := dict(new[0]["values"] or {})).get("answer"):
            break
    assert "Miso" in str(values["answer"]["profile"]["sentences"])
    assert values["user_id"] == "anna"
    assert made["payload"]["context"]["user_id"] == "anna"
    for cron in await anna.crons.search():
        await anna.crons.delete(cron["cron_id"])


async def test_assistants_are_changed_by_admins_alone(
    anna: LangGraphClient, bob: LangGraphClient, url: str, connected: Connect
) -> None:
    for forged in (None, {"user_id": "anna"}):
        assert await _status(bob.assistants.create(GRAPH, context=forged)) == 403
    (known,) = await bob.assistants.search(graph_id=GRAPH)
    for refused in (
        bob.assistants.update(known["assistant_id"], context={"user_id": "anna"}),
        bob.assistants.delete(known["assistant_id"]),
    ):
        assert await _status(refused) == 403
    root = await connected(ROOT)
    sly = await root.assistants.create(GRAPH, context={"user_id": "anna", "max_retries": 0})
    out = await bob.runs.wait(None, sly["assistant_id"], input=ASKED)
    assert out["answer"]["reason"] == "no_history"
    await root.assistants.delete(sly["assistant_id"])


async def test_an_admin_may_name_a_user(anna: LangGraphClient, connected: Connect) -> None:
    root = await connected(ROOT)
    out = await root.runs.wait(None, GRAPH, input=ASKED, context={"user_id": "anna"})
    assert "Miso" in str(out["answer"]["profile"]["sentences"])


async def test_the_graph_and_the_routes_share_history_and_profiles(
    anna: LangGraphClient, url: str
) -> None:
    await anna.runs.wait(None, GRAPH, input=ASKED)
    shown = _send("GET", f"{url}/v1/profile", headers=ANNA).json()
    assert "Miso" in str(shown["profile"]["sentences"])
    assert _send("GET", f"{url}/v1/profile", headers=BOB).status_code == 404
    pin = {"do": "pin", "text": "I sail."}
    _send("PATCH", f"{url}/v1/profile", json=pin, headers=ANNA).raise_for_status()
    out = await anna.runs.wait(None, GRAPH, input=ASKED)
    assert out["answer"]["profile"]["sentences"][0]["text"] == "I sail."
    figures = _send("GET", f"{url}/v1/metrics", headers=ROOT).text
    assert 'guided_profile_answers_total{kind="answered"' in figures


async def test_deleting_everything_reaches_threads_crons_and_store(
    anna: LangGraphClient, bob: LangGraphClient, url: str
) -> None:
    kept = (await bob.threads.create())["thread_id"]
    await anna.threads.create()
    await anna.store.put_item(["notes"], "a", {"text": "Miso"})
    path = f"{url}/v1/everything?confirm=everything"
    gone = _send("DELETE", path, headers=ANNA, timeout=30).raise_for_status().json()
    assert gone["threads"] >= 1
    assert await anna.threads.search() == []
    assert await anna.crons.search() == []
    assert (await anna.store.search_items([]))["items"] == []
    assert _send("GET", f"{url}/v1/export", headers=ANNA).json()["profiles"] == []
    assert (await bob.threads.get(kept))["thread_id"] == kept


async def test_deleting_everything_reaches_where_an_admin_ran_as_the_user(
    anna: LangGraphClient, connected: Connect, url: str
) -> None:
    root = await connected(ROOT)
    as_anna: Any = {"input": ASKED, "context": {"user_id": "anna"}}
    own = (await root.threads.create())["thread_id"]
    there = (await root.threads.create())["thread_id"]
    await root.runs.wait(there, GRAPH, **as_anna)
    await root.runs.wait(there, GRAPH, input=ASKED, context={"user_id": "bob"})  # no longer hers
    made = "00000000-0000-4000-8000-000000000001"
    await root.runs.wait(made, GRAPH, if_not_exists="create", **as_anna)
    await root.runs.wait(None, GRAPH, on_completion="keep", **as_anna)
    await root.crons.create(GRAPH, schedule="0 0 1 1 *", **as_anna)
    await root.runs.wait(own, GRAPH, input=ASKED, context={"user_id": "bob"})
    assert "Miso" in str(await root.threads.get_state(there))
    path = f"{url}/v1/everything?confirm=everything"
    _send("DELETE", path, headers=bearer(token("cleo"))).raise_for_status()
    before = len(await root.threads.search(limit=100))
    gone = _send("DELETE", path, headers=ANNA).raise_for_status().json()
    left = [one["thread_id"] for one in await root.threads.search(limit=100)]
    assert gone["threads"] == before - len(left) >= 3
    assert own in left
    for thread in left:
        assert "Miso" not in str(await root.threads.get_state(thread))
        assert "Miso" not in str(await root.threads.get_history(thread))
    assert "anna" not in str(await root.crons.search(limit=100))


def test_our_errors_have_our_shape_here_too(url: str) -> None:
    for method, path, headers, status in (
        ("GET", "/v1/history", {}, 401),
        ("GET", "/v1/nothing", ANNA, 404),
        ("PUT", "/v1/history", ANNA, 404),
        ("GET", "/v1/history?limit=0", ANNA, 422),
        ("GET", "/v1/history?user=bob", ANNA, 403),
    ):
        answer = httpx.request(method, f"{url}{path}", headers=headers)
        assert (answer.status_code, set(answer.json())) == (status, {"error", "message"}), path


async def test_without_auth_a_run_that_names_nobody_is_nobody_elses(tmp_path: Path) -> None:
    with (
        scripted_endpoint() as endpoint,
        langgraph_dev(tmp_path, **endpoint, GUIDED_PROFILE_AUTH="") as url,
    ):
        _send("POST", f"{url}/v1/history?user=anna", json=HISTORY).raise_for_status()
        assert _send("GET", f"{url}/v1/history").status_code == 422
        assert _send("GET", f"{url}/v1/history?user=anna", headers=PROXIED).status_code == 401
        assert _send("POST", f"{url}/threads/search", json={}, headers=PROXIED).status_code == 401
        elsewhere = {"Origin": "https://evil.example"}
        assert _send("GET", f"{url}/v1/history?user=anna", headers=elsewhere).status_code == 401
        assert _send("POST", f"{url}/threads/search", json={}, headers=elsewhere).status_code == 401
        async with get_client(url=url) as client:
            out = await client.runs.wait(None, GRAPH, input=ASKED, context={"user_id": "anna"})
            assert "Miso" in str(out["answer"]["profile"]["sentences"])
            out = await client.runs.wait(None, GRAPH, input=ASKED, context={})
            assert out["answer"]["reason"] == "no_history"  # the default user has none
            thread = (await client.threads.create())["thread_id"]
            await client.runs.wait(thread, GRAPH, input=ASKED, context={"user_id": "anna"})
            path = f"{url}/v1/everything?confirm=everything"
            assert _send("DELETE", f"{path}&user=ben").json()["threads"] == 0
            assert _send("DELETE", f"{path}&user=anna").json()["threads"] == 1
            assert await _status(client.threads.get(thread)) == 404


async def test_what_was_deleted_is_in_no_file_after_the_server_has_stopped(tmp_path: Path) -> None:
    secret = "Xanthippe Quartermain"
    asked = {"question": f"Does {secret} have pets?"}
    with (
        scripted_endpoint() as endpoint,
        langgraph_dev(tmp_path, **endpoint, GUIDED_PROFILE_AUTH="") as url,
    ):
        async with get_client(url=url) as client:
            for user, question in (("anna", asked), ("ben", ASKED)):
                path = f"{url}/v1/history?user={user}"
                _send("POST", path, json=HISTORY).raise_for_status()
                for thread in (None, (await client.threads.create())["thread_id"]):
                    context = {"user_id": user}
                    await client.runs.wait(thread, GRAPH, input=question, context=context)
            refused = (await client.threads.create())["thread_id"]
            wrong = asked | {"options": [secret]}
            with pytest.raises(Exception, match="QuestionError"):
                await client.runs.wait(refused, GRAPH, input=wrong, context={"user_id": "anna"})
            path = f"{url}/v1/everything?confirm=everything&user=anna"
            assert _send("DELETE", path).json()["threads"] == 2
            bens = await client.threads.get_state(thread)
            assert bens["values"]["text"] == ASKED["question"]
    files = _files(tmp_path)
    assert [path.name for path in files if secret.encode() in path.read_bytes()] == []
    assert any(ASKED["question"].encode() in path.read_bytes() for path in files)
    written = [path for path in files if path.suffix == ".pckl"]
    assert {path.stat().st_mode & 0o077 for path in written} == {0}


PROXIED = {"X-Forwarded-For": "203.0.113.7"}
