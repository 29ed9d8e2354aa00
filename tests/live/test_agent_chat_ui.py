"""Agent Chat UI in a browser, in front of `guided-profile serve --langgraph` as it stands."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from agent_chat_ui import agent_chat_ui
from endpoint import Peculiar, peculiar_endpoint
from langgraph_sdk import get_client
from langgraph_server import guided_profile_serve

from guided_profile.apps.server.access.keys import KeyFile
from guided_profile.apps.server_settings import DEFAULT_USER
from guided_profile.graph.context import PROMPTS
from guided_profile.graph.tasks import builtin_tasks

pytestmark = pytest.mark.live
GRAPH = "guided_profile"
HISTORY = {
    "items": [
        {"text": "my cat Miso sleeps on my desk", "source": "chat"},
        {"text": "the bicycle commute took 20 minutes", "source": "chat"},
    ]
}
ASKS_BACK = """\
name: asks-back
description: Reply to a message, or ask.
kind: text
guiding_question: What does this person tell about themselves? Note each in one short line.
profile_instruction: Now write what this says about this person.
response_instruction: "This person asks: {question}"
sees: [personal_context, profile]
abstention:
  policy: ask
  phrases: [sorry]
  clarifying_question: Who lives with you?
"""
WELCOMES = """\
name: welcomes
description: Reply to a message, and ask who is new.
kind: text
guiding_question: What does this person tell about themselves? Note each in one short line.
profile_instruction: Now write what this says about this person.
response_instruction: "This person asks: {question}"
abstention:
  policy: accept
cold_start:
  items: 5
  questions: ["Any pets?", "How do you travel?"]
"""
ANSWER = "Since Miso sleeps on your desk, put her bed there."
FORGET = "Please forget what I told you about my cat."


class Knows(Peculiar):
    """Streams; knows a dog's name only once it was told, and what is to be forgotten."""

    def answers(self, asked: dict[str, Any], prompt: str) -> None:
        if prompt.startswith("Message: "):
            letter = "B" if prompt.endswith(FORGET) else "A"
            self.says(letter, {letter: 0.9, "C": 0.05})
            return
        if prompt.startswith("Before: "):  # what is to be forgotten
            self.says("the cat")
            return
        barks = "This person asks: Who barks" in prompt
        knows = "Sorry, I cannot tell." if "Rex" not in prompt else "Rex barks at night."
        self.answer = knows if barks else ANSWER
        super().answers(asked, prompt)

    def agrees(self, prompt: str) -> float:
        if "Did the user say that it shall?" in prompt:
            return 0.9 if "replies: Yes" in prompt else 0.1
        if "Is the user against that?" in prompt or "says to their assistant: No." in prompt:
            return 0.1
        if "Is it about this:" in prompt:
            return 0.9 if "Miso" in prompt else 0.1
        return super().agrees(prompt)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The addresses of the user interface and of the server."""
    data = tmp_path_factory.mktemp("data")
    (data / "tasks").mkdir()
    for name, text in (("asks-back", ASKS_BACK), ("welcomes", WELCOMES)):
        (data / "tasks" / f"{name}.yaml").write_text(text)
    with agent_chat_ui(data / "ui.log") as ui, peculiar_endpoint(Knows) as (address, _):
        model = {"OPENAI_BASE_URL": address, "OPENAI_MODEL": "m"}
        with guided_profile_serve(data, **model) as server:
            yield ui, server


@pytest.fixture
def history(servers: tuple[str, str]) -> Iterator[httpx.Client]:
    """The default user's history, as it is at the beginning."""
    with httpx.Client(base_url=servers[1], params={"user": DEFAULT_USER}, timeout=60) as client:
        client.delete("/v1/everything", params={"confirm": "everything"}).raise_for_status()
        client.post("/v1/history", json=HISTORY).raise_for_status()
        yield client


@asynccontextmanager
async def chat(
    browser: Any, servers: tuple[str, str], assistant: str, *, key: str = ""
) -> AsyncIterator[Any]:
    """Open a new thread of an assistant."""
    ui, server = servers
    page = await browser.new_page(viewport={"width": 900, "height": 560})
    page.set_default_timeout(30_000)
    wrong: list[str] = []
    await page.add_init_script(f"localStorage.setItem('lg:chat:apiKey', '{key}')")
    page.on("pageerror", lambda error: wrong.append(str(error)))
    await page.goto(f"{ui}/?{urlencode({'apiUrl': server, 'assistantId': assistant})}")
    yield page
    assert await page.get_by_text("An error occurred").count() == 0
    await page.close()
    assert wrong == []


async def say(page: Any, text: str) -> None:
    await page.get_by_placeholder("Type your message...").fill(text)
    await page.get_by_role("button", name="Send").click()


async def shown(page: Any, text: str, times: int = 1) -> None:
    """Wait for a text, and see that it is not shown more often, now or when all is over."""
    await page.get_by_text(text).first.wait_for()
    await page.get_by_role("button", name="Send").wait_for()
    assert await page.get_by_text(text).count() == times


async def rejected(page: Any, reason: str) -> None:
    """Reject by the form; each time the thread is read, it is emptied, and then takes no click."""
    button = page.get_by_role("button", name="Submit rejection")
    await page.get_by_role("button", name="Send").wait_for()
    for _ in range(5):
        await page.get_by_placeholder("Share feedback with the agent...").fill(reason)
        await button.click()
        await page.wait_for_timeout(2_000)
        if not await button.is_visible():
            return
    raise AssertionError("the form takes no rejection")


async def picture(page: Any, name: str) -> None:
    """Keep a picture where `AGENT_CHAT_UI_PICTURES` names a folder."""
    if folder := os.environ.get("AGENT_CHAT_UI_PICTURES"):
        await page.wait_for_timeout(700)  # until notes and movements are over
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def test_an_answer(browser: Any, servers: tuple[str, str], history: httpx.Client) -> None:
    async with chat(browser, servers, "assistant") as page:
        await say(page, "Where should my cat sleep?")
        await shown(page, ANSWER)
        await picture(page, "answer")
        await say(page, "And in summer?")
        await shown(page, ANSWER, times=2)
        await page.reload()
        await shown(page, ANSWER, times=2)


@pytest.fixture
async def assistant(servers: tuple[str, str]) -> AsyncIterator[Any]:
    """Makes an assistant for a task of the data folder, as Studio does."""
    async with get_client(url=servers[1]) as client:

        async def made(task: str) -> str:
            context = {"task": task}
            return (await client.assistants.create(GRAPH, context=context))["assistant_id"]

        yield made


def texts(history: httpx.Client, source: str) -> list[str]:
    kept = history.get("/v1/history", params={"source": source}).raise_for_status().json()
    return [one["text"] for one in kept["items"]]


def exported(history: httpx.Client) -> list[Any]:
    items: list[Any] = history.get("/v1/export").raise_for_status().json()["items"]
    return items


async def test_a_clarifying_question_is_answered_in_the_chat(
    browser: Any, servers: tuple[str, str], history: httpx.Client, assistant: Any
) -> None:
    async with chat(browser, servers, await assistant("asks-back")) as page:
        await say(page, "Who barks at night?")
        await page.get_by_text("Who lives with you?", exact=True).wait_for()
        await page.get_by_role("button", name="Submit").wait_for()
        await page.set_viewport_size({"width": 900, "height": 1000})
        await picture(page, "question")
        await say(page, "My dog Rex lives with me.")
        await shown(page, "Rex barks at night.")
        await shown(page, "My dog Rex lives with me.")
        assert await page.get_by_role("button", name="Submit").count() == 0
        await picture(page, "reply")
        assert texts(history, "clarification") == ["My dog Rex lives with me."]
        await say(page, "Where should my cat sleep?")  # no reply any more
        await shown(page, ANSWER)
        assert texts(history, "clarification") == ["My dog Rex lives with me."]


async def test_a_clarifying_question_is_answered_in_the_form(
    browser: Any, servers: tuple[str, str], history: httpx.Client, assistant: Any
) -> None:
    async with chat(browser, servers, await assistant("asks-back")) as page:
        await say(page, "Who barks at night?")
        form = page.get_by_role("button", name="Submit")
        await form.wait_for()
        await page.locator("textarea").first.fill("My dog Rex lives with me.")
        await form.click()
        await shown(page, "Rex barks at night.")
        await shown(page, "My dog Rex lives with me.")
        assert texts(history, "clarification") == ["My dog Rex lives with me."]


async def test_a_new_user_is_welcomed_in_the_chat(
    browser: Any, servers: tuple[str, str], history: httpx.Client, assistant: Any
) -> None:
    async with chat(browser, servers, await assistant("welcomes")) as page:
        await say(page, "Where should my cat sleep?")
        await page.get_by_text("Any pets?", exact=True).wait_for()
        await page.get_by_role("button", name="Submit rejection").wait_for()
        await say(page, "A cat named Miso.")
        await page.get_by_text("How do you travel?", exact=True).wait_for()
        await rejected(page, "I would rather not say.")
        await shown(page, ANSWER)
        assert texts(history, "welcome") == ["Any pets? A cat named Miso."]


@pytest.mark.parametrize(
    ("reply", "left", "told"),
    [
        ("Yes, delete it.", 1, "It is deleted, which"),
        ("approve", 1, "It is deleted, which"),
        ("reject", 2, "I deleted nothing, and no longer use it."),
        ("No.", 2, "I deleted nothing, and no longer use it."),
    ],
)
async def test_a_deletion_is_confirmed_in_the_chat_or_by_the_form(
    browser: Any,
    servers: tuple[str, str],
    history: httpx.Client,
    reply: str,
    left: int,
    told: str,
) -> None:
    async with chat(browser, servers, "assistant") as page:
        await say(page, FORGET)
        await page.get_by_text("my cat Miso sleeps on my desk").first.wait_for()
        await page.get_by_role("button", name="Approve").wait_for()
        if reply == "approve":
            await page.get_by_role("button", name="Approve").click()
        elif reply == "reject":
            await rejected(page, "Yes: I may need it.")  # the button counts
        else:
            await say(page, reply)
        await shown(page, told)
        assert len(exported(history)) == left


async def test_an_answer_has_one_id_however_it_comes(
    servers: tuple[str, str], history: httpx.Client
) -> None:
    """As the interface asks: the context in the input, and none of the run."""
    async with get_client(url=servers[1]) as client:
        thread = (await client.threads.create())["thread_id"]
        for context in (None, {"max_retries": 0}):
            asked = {"type": "human", "content": [{"type": "text", "text": "Where to?"}]}
            ids: set[str] = set()
            values: dict[str, Any] = {}
            async for event in client.runs.stream(
                thread,
                "assistant",
                input={"messages": [asked], "context": context},
                stream_mode=["values", "messages-tuple", "custom"],
                stream_subgraphs=True,
                stream_resumable=True,
            ):
                assert event.event != "error", event.data
                if event.event == "messages" and event.data[0]["type"].startswith("AI"):
                    ids.add(event.data[0]["id"])
                elif event.event == "values":
                    values = event.data
            assert ids == {values["messages"][-1]["id"]}
        assert (await client.threads.search(metadata={"graph_id": "assistant"}))[0]["values"]


async def test_studio_is_told_what_it_shows(servers: tuple[str, str]) -> None:
    async with get_client(url=servers[1]) as client:
        by_graph = {one["graph_id"]: one for one in await client.assistants.search(limit=100)}
        schemas = await client.assistants.get_schemas(by_graph["assistant"]["assistant_id"])
        assert "as an assistant" in str(by_graph["assistant"]["description"])
    assert "messages" in schemas["state_schema"]["properties"]
    shown = schemas["context_schema"]["properties"]
    assert shown["user_id"]["default"] == DEFAULT_USER
    for name, stage in PROMPTS.items():
        assert shown[name]["langgraph_nodes"] == [stage]
        assert shown[name]["langgraph_type"] == "prompt"
        assert shown[name]["default"] == builtin_tasks()["assistant"].prompts[name]


async def test_a_key_says_who_asks_and_no_context_another(browser: Any, tmp_path: Path) -> None:
    data, keys = tmp_path / "data", {"GUIDED_PROFILE_AUTH": "keys"}
    data.mkdir()
    _, made = KeyFile(data / "keys.json").add("anna", admin=False, now=datetime.now(UTC))
    headers = {"X-Api-Key": made}
    with agent_chat_ui(tmp_path / "ui.log") as ui, peculiar_endpoint(Knows) as (address, _):
        model = {"OPENAI_BASE_URL": address, "OPENAI_MODEL": "m"}
        with guided_profile_serve(data, **model, **keys) as server:
            async with httpx.AsyncClient(base_url=server, headers=headers, timeout=60) as client:
                (await client.post("/v1/history", json=HISTORY)).raise_for_status()
            async with chat(browser, (ui, server), "assistant", key=made) as page:
                await say(page, "Where should my cat sleep?")
                await shown(page, ANSWER)
            async with get_client(url=server, api_key=made) as asking:
                messages = [{"type": "human", "content": "Hello?"}]
                for context in ({"user_id": DEFAULT_USER}, {"guiding_question": "Who?"}):
                    asked = {"messages": messages, "context": context}
                    with pytest.raises(httpx.HTTPStatusError, match="403"):
                        await asking.runs.wait(None, "assistant", input=asked)
