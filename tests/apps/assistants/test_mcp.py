import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from asked import writes_profile
from endpoint import Endpoint
from langgraph.store.memory import InMemoryStore
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult
from scripted import ScriptedChat

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.assistants.mcp import make_server
from guided_profile.apps.cli.main import main
from guided_profile.graph.errors import HistoryError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore

PROFILE = "This person has a dog named Bruno."


@pytest.fixture
def companion(history: HistoryStore) -> Iterator[Companion]:
    chat = ScriptedChat(script=lambda prompt: PROFILE if writes_profile(prompt) else "dog Bruno")
    history.add("anna", [HistoryItem(text="my dog Bruno barks"), HistoryItem(text="I bake rye")])
    history.add("ben", [HistoryItem(text="the secret of ben")])
    with Companion(chat=chat, history=history, store=InMemoryStore()) as opened:
        opened.refresh("anna").result(60)
        yield opened


def text(result: CallToolResult) -> str:
    return "".join(part.text for part in result.content if part.type == "text")


async def test_a_client_finds_the_two_tools_and_uses_them(companion: Companion) -> None:
    async with Client(make_server(companion, lambda _: "anna")) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"search_history", "about_me"}
        assert set(tools["search_history"].input_schema["properties"]) == {
            *("query", "limit", "source", "after", "before", "category"),
        }
        assert not tools["about_me"].input_schema.get("properties")
        found = await client.call_tool("search_history", {"query": "dog", "limit": 1})
        assert "my dog Bruno barks" in text(found)
        assert PROFILE in text(await client.call_tool("about_me", {}))


async def test_no_client_reaches_another_user(companion: Companion) -> None:
    smuggled = {"user_id": "ben", "runtime": {"context": {"user_id": "ben"}}, "stage": {}}
    async with Client(make_server(companion, lambda _: "anna")) as client:
        for name, arguments in (("search_history", {"query": "secret"}), ("about_me", {})):
            said = await client.call_tool(name, {**arguments, **smuggled})
            assert "secret" not in text(said)


async def test_what_goes_wrong_is_said(
    companion: Companion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise HistoryError("the index of user anna is broken.")

    async with Client(make_server(companion, lambda _: "anna")) as client:
        blank = await client.call_tool("search_history", {"query": " "})
        assert blank.is_error
        assert text(blank) == "wrong or missing: query; see the tool's schema."
        none = await client.call_tool("drop_history", {})
        assert none.is_error
        assert "there are search_history, about_me" in text(none)
        monkeypatch.setattr(companion.history, "search", fails)
        failed = await client.call_tool("search_history", {"query": "dog"})
        assert failed.is_error
        assert text(failed).startswith("What is known about the user cannot be read just now")


async def test_the_command_serves_a_real_client(added: type[Endpoint], tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name.startswith(("OPENAI", "GUI"))}
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "guided_profile.apps.cli.main", "mcp", "--user", "anna", "--task", "dialogue"],
        env=kept,
    )
    async with Client(server, read_timeout_seconds=60) as client:
        found = await client.call_tool("search_history", {"query": "cat"})
        assert "my cat Miso sleeps on my desk" in text(found)
        about = ""
        while "Miso" not in about:  # its profile is made meanwhile
            about = text(await client.call_tool("about_me", {}))
        assert "This person has a cat named Miso." in about


def test_a_task_that_is_none_is_refused(
    added: type[Endpoint], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mcp", "--user", "anna", "--task", "titles"]) == 2
    assert "no task is named 'titles'" in capsys.readouterr().err
