"""What LangGraph Server and Aegra do alike: one `langgraph.json`, on either."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from aegra_server import aegra, postgres
from browsing import opened
from endpoint import Endpoint, scripted_endpoint
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import APIStatusError
from langgraph_server import langgraph_dev
from server_client import ANNA, BOB, ROOT, SECRET, bearer, token

from guided_profile.graph.tasks import builtin_tasks

pytestmark = pytest.mark.live

Start = Callable[..., AbstractContextManager[str]]
GRAPH = "guided_profile"
ASKED = {"question": "Which pet do I have?"}
HISTORY = {
    "items": [
        {"text": "my cat Miso sleeps on my desk", "source": "chat"},
        {"text": "the bicycle commute took 20 minutes", "source": "chat"},
    ]
}
AUTH = {
    "GUIDED_PROFILE_AUTH": "jwt",
    "GUIDED_PROFILE_JWT_SECRET": SECRET,
    "GUIDED_PROFILE_RATE": "10000",
}
ASKS_BACK = """\
name: asks-back
description: Reply to a message, or ask.
kind: text
guiding_question: What does the history tell about this person's pets, family and home?
profile_instruction: Now write a short profile of this person.
response_instruction: "Someone asks this person: {question}"
sees: [personal_context, profile]
abstention:
  policy: ask
  phrases: [sorry]
  clarifying_question: Who lives with you?
"""


class Unsure(Endpoint):
    """Knows a dog's name only once it was told."""

    @property
    def answer(self) -> str:  # type: ignore[override]
        """Return the reply to the last prompt."""
        if "Who barks" in self.prompts[-1] and "Rex" not in self.prompts[-1]:
            return "Sorry, I cannot tell."
        return "Rex." if "Who barks" in self.prompts[-1] else "Miso, my cat."


@pytest.fixture(scope="module", params=["langgraph dev", "aegra"])
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """What starts a server on a data folder."""
    if request.param == "langgraph dev":
        yield langgraph_dev
        return
    with postgres() as database:
        yield partial(aegra, database=database)


@pytest.fixture(scope="module")
def url(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("data")
    (data / "tasks").mkdir()
    (data / "tasks" / "asks-back.yaml").write_text(ASKS_BACK)
    with scripted_endpoint(Unsure) as endpoint, start(data, **endpoint, **AUTH) as address:
        yield address


@pytest.fixture
async def anna(url: str) -> AsyncIterator[LangGraphClient]:
    _send("POST", f"{url}/v1/history", json=HISTORY, headers=ANNA).raise_for_status()
    async with get_client(url=url, headers=ANNA) as client:
        yield client


@pytest.fixture
async def bob(url: str) -> AsyncIterator[LangGraphClient]:
    async with get_client(url=url, headers=BOB) as client:
        yield client


def _send(method: str, path: str, **more: Any) -> httpx.Response:
    return httpx.request(method, path, **{"timeout": 60, **more})


async def _streamed(
    client: LangGraphClient, thread: str, **run: Any
) -> tuple[list[str], dict[str, Any]]:
    """Run in a thread; return the stages and the last values."""
    stages: list[str] = []
    values: dict[str, Any] = {}
    async for event in client.runs.stream(thread, GRAPH, stream_mode=["custom", "values"], **run):
        assert event.event != "error", event.data
        if event.event == "custom":
            stages.append(event.data["stage"])
        elif event.event == "values":
            values = event.data
    return stages, values


async def test_a_thread_streams_the_stages_and_the_answer(anna: LangGraphClient, url: str) -> None:
    _send("DELETE", f"{url}/v1/profile", headers=ANNA).raise_for_status()
    thread = (await anna.threads.create())["thread_id"]
    stages, values = await _streamed(anna, thread, input=ASKED)
    assert stages == ["recall", "digest", "profile", "verify", "respond"]
    assert values["answer"]["kind"] == "answered"
    assert values["answer"]["text"] == "Miso, my cat."
    assert "Miso" in str(values["answer"]["profile"]["sentences"])
    stages, values = await _streamed(anna, thread, input=ASKED)
    assert stages == ["recall", "respond"]
    assert values["answer"]["profile_use"] == "standing"
    kept = (await anna.threads.get_state(thread))["values"]
    assert [one["content"] for one in kept["messages"]][1::2] == ["Miso, my cat."] * 2
    run = await anna.runs.create(thread, GRAPH, input=ASKED)
    await anna.runs.join(thread, run["run_id"])
    assert (await anna.runs.get(thread, run["run_id"]))["status"] == "success"


async def test_each_builtin_task_has_an_assistant_of_its_own(anna: LangGraphClient) -> None:
    tasks = builtin_tasks()
    found = await anna.assistants.search(limit=100)
    ids = {one["graph_id"]: one["assistant_id"] for one in found}
    assert set(ids) == {GRAPH, *tasks}
    for name, task in tasks.items():
        properties = (await anna.assistants.get_schemas(ids[name]))["context_schema"]["properties"]
        assert properties["task"]["default"] == name
        assert all(one["description"] for one in properties.values())
        options = {"options": ["a cat toy", "a bicycle"]} if task.kind == "choice" else {}
        out = await anna.runs.wait(None, name, input=ASKED | options)
        assert out["answer"]["kind"] == "answered", (name, out)
        assert (out["answer"]["profile"]["task"] if "profile" in task.sees else name) == name
    out = await anna.runs.wait(None, "dialogue", input=ASKED, context={"task": "assistant"})
    assert out["answer"]["profile"]["task"] == "assistant"


async def test_an_admin_makes_an_assistant_for_a_task_of_ones_own(
    anna: LangGraphClient, url: str
) -> None:
    async with get_client(url=url, headers=ROOT) as root:
        made = await root.assistants.create(GRAPH, name="asks", context={"task": "asks-back"})
        out = await anna.runs.wait(None, made["assistant_id"], input=ASKED)
        await root.assistants.delete(made["assistant_id"])
    assert out["answer"]["profile"]["task"] == "asks-back"


async def test_a_clarifying_question_is_asked_and_answered(anna: LangGraphClient, url: str) -> None:
    thread = (await anna.threads.create())["thread_id"]
    context = {"task": "asks-back"}
    _, values = await _streamed(
        anna, thread, input={"question": "Who barks at night?"}, context=context
    )
    (asked,) = values["__interrupt__"]
    assert asked["value"]["clarify"] == "Who lives with you?"
    assert asked["value"]["about"] == "Who barks at night?"
    assert asked["value"]["action_requests"][0]["description"] == "Who lives with you?"
    assert (await anna.threads.get(thread))["status"] == "interrupted"
    out = await anna.runs.wait(
        thread, GRAPH, command={"resume": "My dog Rex lives with me."}, context=context
    )
    assert out["answer"]["text"] == "Rex."
    kept = _send("GET", f"{url}/v1/history?source=clarification", headers=ANNA).json()
    assert [one["text"] for one in kept["items"]] == ["My dog Rex lives with me."]


async def test_a_context_in_the_input_and_a_reply_as_a_message_do_as_well(url: str) -> None:
    dora = bearer(token("dora"))  # nobody else's reply is in her history
    _send("POST", f"{url}/v1/history", json=HISTORY, headers=dora).raise_for_status()
    async with get_client(url=url, headers=dora) as client:
        thread = (await client.threads.create())["thread_id"]
        context = {"task": "asks-back"}
        for said, answer in (
            ("Who barks at night?", "Who lives with you?"),
            ("My dog Rex lives with me.", "Rex."),
        ):
            given = {"messages": [{"type": "human", "content": said}], "context": context}
            _, values = await _streamed(client, thread, input=given)
            assert values["messages"][-1]["content"] == answer
        for wrong in ({"user_id": "bob"}, {"guiding_question": "Who?"}, {"colour": "red"}, "bob"):
            with pytest.raises(APIStatusError, match=r"user|admin|may have|send an object"):
                await client.runs.create(thread, GRAPH, input={**given, "context": wrong})


async def test_a_profile_and_a_thread_survive_a_restart(start: Start, tmp_path: Path) -> None:
    cleo = bearer(token("cleo"))
    with scripted_endpoint() as endpoint:
        with start(tmp_path, **endpoint, **AUTH) as url:
            _send("POST", f"{url}/v1/history", json=HISTORY, headers=cleo).raise_for_status()
            async with get_client(url=url, headers=cleo) as client:
                thread = (await client.threads.create())["thread_id"]
                await _streamed(client, thread, input=ASKED)
            pin = {"do": "pin", "text": "I sail."}
            _send("PATCH", f"{url}/v1/profile", json=pin, headers=cleo).raise_for_status()
            before = _send("GET", f"{url}/v1/profile", headers=cleo).raise_for_status().json()
        with start(tmp_path, **endpoint, **AUTH) as url:
            after = _send("GET", f"{url}/v1/profile", headers=cleo).raise_for_status().json()
            async with get_client(url=url, headers=cleo) as client:
                kept = (await client.threads.get_state(thread))["values"]
                _, values = await _streamed(client, thread, input=ASKED)
    assert after == before
    assert after["profile"]["sentences"][0]["text"] == "I sail."
    assert "Miso" in str(after["profile"]["sentences"])
    assert kept["messages"][-1]["content"] == "Miso, my cat."
    assert values["answer"]["profile_use"] == "standing"
    assert len(values["messages"]) == 4


async def test_threads_store_items_and_profiles_are_their_owners(
    anna: LangGraphClient, bob: LangGraphClient, url: str
) -> None:
    thread = (await anna.threads.create())["thread_id"]
    await _streamed(anna, thread, input=ASKED)
    await anna.store.put_item(["notes"], "a", {"text": "Miso"})
    assert (await anna.store.get_item(["notes"], "a"))["value"]["text"] == "Miso"
    for name, refused in {
        "get": bob.threads.get(thread),
        "state": bob.threads.get_state(thread),
        "history": bob.threads.get_history(thread),
        "change": bob.threads.update(thread, metadata={"a": "b"}),
        "delete": bob.threads.delete(thread),
        "wait": bob.runs.wait(thread, GRAPH, input=ASKED),
        "create": bob.runs.create(thread, GRAPH, input=ASKED),
        "list": bob.runs.list(thread),
    }.items():
        with pytest.raises((APIStatusError, httpx.HTTPStatusError)) as error:
            await refused
        assert error.value.response.status_code in (403, 404), name
        assert "Miso" not in error.value.response.text
    profile = "guided_profile.profiles.anna.dialogue.standing"
    for namespace, key in (("users.anna.notes", "a"), ("notes", "a"), (profile, "guided")):
        found = _send("GET", f"{url}/store/items?namespace={namespace}&key={key}", headers=BOB)
        assert found.status_code == 404 or found.json() is None, found.text
    assert thread not in str(await bob.threads.search(limit=100))
    assert _send("GET", f"{url}/v1/profile", headers=BOB).status_code == 404
    assert _send("GET", f"{url}/v1/profile?user=anna", headers=BOB).status_code == 403
    assert (await anna.threads.get(thread))["status"] == "idle"


@pytest.mark.parametrize(
    "headers",
    [{}, bearer(token("anna", key="x" * 64)), bearer(token("anna", exp=1)), {"X-Api-Key": "x"}],
)
def test_a_forged_token_is_refused_everywhere(url: str, headers: dict[str, str]) -> None:
    for method, path in (
        ("POST", "/threads"),
        ("POST", "/threads/search"),
        ("POST", "/assistants/search"),
        ("POST", "/store/items/search"),
        ("GET", "/v1/history"),
        ("GET", "/v1/profile"),
        ("POST", "/v1/ask"),
        ("DELETE", "/v1/everything?confirm=everything"),
    ):
        assert _send(method, f"{url}{path}", headers=headers, json={}).status_code == 401, path


def test_the_routes_and_the_page_answer(url: str, anna: LangGraphClient) -> None:
    for path in ("/v1/health", "/v1/ready"):
        assert _send("GET", f"{url}{path}").json() == {"status": "ok"}
    page = _send("GET", f"{url}/")
    assert "<title>" in page.text
    assert page.headers["content-type"].startswith("text/html")
    assert _send("GET", f"{url}/v1/history", headers=ANNA).json()["total"] >= 2
    _send("POST", f"{url}/v1/profile", headers=ANNA).raise_for_status()
    shown = _send("GET", f"{url}/v1/profile", headers=ANNA).json()
    assert "Miso" in str(shown["profile"]["sentences"])
    reply = _send("POST", f"{url}/v1/ask", json=ASKED, headers=ANNA).json()
    assert reply["answer"]["text"] == "Miso, my cat."
    streamed = _send(
        "POST", f"{url}/v1/ask", json=ASKED, headers={**ANNA, "Accept": "text/event-stream"}
    )
    assert streamed.text.startswith('event: stage\ndata: {"stage": "recall"')
    assert _send("GET", f"{url}/v1/nothing", headers=ANNA).json()["error"] == "not_found"
    assert _send("GET", f"{url}/v1/me", headers=ANNA).json()["user_id"] == "anna"


async def test_the_page_shows_a_profile_and_answers(
    url: str, anna: LangGraphClient, browser: Any
) -> None:
    async with opened(browser, url) as page:
        await page.click("#sign-in")
        await page.fill("#token", token("anna"))
        await page.keyboard.press("Enter")
        await page.locator("#items").get_by_text("my cat Miso sleeps on my desk").wait_for()
        await page.select_option("#task", "dialogue")
        await page.click("#make")
        await page.locator("#sentences li").get_by_text("Miso").first.wait_for()
        await page.fill("#question", "What is my cat called?")
        await page.click("#ask button")
        await page.locator(".answer").nth(2).wait_for()
        assert "Miso, my cat." in await page.locator(".answer").first.inner_text()


async def test_a_run_that_fails_says_so(anna: LangGraphClient) -> None:
    thread = (await anna.threads.create())["thread_id"]
    with pytest.raises(Exception, match=r"no-such-task|TaskError") as failed:
        await anna.runs.wait(thread, GRAPH, input=ASKED, context={"task": "no-such-task"})
    assert "Traceback" not in str(failed.value)


async def test_deleting_everything_reaches_threads_and_store(
    anna: LangGraphClient, bob: LangGraphClient, url: str
) -> None:
    kept = (await bob.threads.create())["thread_id"]
    thread = (await anna.threads.create())["thread_id"]
    await _streamed(anna, thread, input=ASKED)
    await anna.store.put_item(["notes"], "a", {"text": "Miso"})
    path = f"{url}/v1/everything?confirm=everything"
    gone = _send("DELETE", path, headers=ANNA).raise_for_status().json()
    assert gone["threads"] >= 1
    assert gone["records"] >= 1
    assert await anna.threads.search() == []
    assert (await anna.store.search_items([]))["items"] == []
    assert _send("GET", f"{url}/v1/profile", headers=ANNA).status_code == 404
    assert _send("GET", f"{url}/v1/export", headers=ANNA).json()["profiles"] == []
    assert (await bob.threads.get(kept))["thread_id"] == kept
