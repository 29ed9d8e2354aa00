"""The tools over Streamable HTTP, as MCP's own client sees them."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import forked
import httpx
import httpx2
import pytest
from asked import writes_profile
from endpoint import Endpoint
from langgraph.store.memory import InMemoryStore
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult
from ports import free_port
from proxied import running
from scripted import ScriptedChat
from server_client import ANNA, BOB, bearer, jwt_settings, token

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.cli.main import main
from guided_profile.apps.cli.mcp_http import make_app
from guided_profile.apps.server.access.tokens import Verifier
from guided_profile.apps.server_settings import ServerSettings
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore

PROFILE = "This person has a dog named Bruno."
LISTING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ACCEPTS = {"Accept": "application/json, text/event-stream"}


@contextmanager
def served(
    history: HistoryStore, settings: ServerSettings, user_id: str = ""
) -> Iterator[tuple[str, Companion]]:
    chat = ScriptedChat(script=lambda prompt: PROFILE if writes_profile(prompt) else "dog Bruno")
    history.add("anna", [HistoryItem(text="my dog Bruno barks"), HistoryItem(text="I bake rye")])
    history.add("bob", [HistoryItem(text="the secret of bob")])
    with Companion(chat=chat, history=history, store=InMemoryStore()) as companion:
        app = make_app(companion, Verifier(settings), settings, user_id=user_id)
        with running(app) as url:
            yield f"{url}/mcp", companion


@asynccontextmanager
async def client(url: str, headers: dict[str, str] | None = None) -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http)) as session,
    ):
        yield session


def text(result: CallToolResult) -> str:
    return "".join(part.text for part in result.content if part.type == "text")


async def test_each_caller_has_their_own_whatever_they_ask_for(history: HistoryStore) -> None:
    smuggled: dict[str, Any] = {"query": "secret dog", "user_id": "bob", "runtime": {}}
    with served(history, jwt_settings()) as (url, companion):
        async with client(url, ANNA) as anna, client(url, BOB) as bob:
            assert {t.name for t in (await anna.list_tools()).tools} == {
                *("search_history", "about_me"),
            }
            hers = text(await anna.call_tool("search_history", smuggled))
            his = text(await bob.call_tool("search_history", smuggled))
            assert companion.flush(60)  # her profile is made since she listed the tools
            about = text(await anna.call_tool("about_me", {}))
    assert "my dog Bruno barks" in hers
    assert "secret of bob" not in hers
    assert "the secret of bob" in his
    assert "Bruno" not in his
    assert PROFILE in about


def test_nobody_is_served_without_a_valid_token(history: HistoryStore) -> None:
    with served(history, jwt_settings()) as (url, _):
        for headers in ({}, bearer(token("anna", key="x" * 64)), bearer("gp_0_0")):
            refused = httpx.post(url, json=LISTING, headers={**ACCEPTS, **headers})
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
        allowed = httpx.post(url, json=LISTING, headers={**ACCEPTS, **ANNA, "Host": "p.example"})
        assert allowed.status_code == 200


async def test_without_authentication_it_serves_one_user_to_this_machine(
    history: HistoryStore,
) -> None:
    with served(history, ServerSettings(keys=Path("none")), "anna") as (url, _):
        async with client(url) as anna:
            found = await anna.call_tool("search_history", {"query": "dog", "user_id": "bob"})
            assert "my dog Bruno barks" in text(found)
        async with httpx.AsyncClient() as other:
            for name, value in (("Host", "evil.example"), ("Origin", "https://evil.example")):
                refused = await other.post(url, json=LISTING, headers={**ACCEPTS, name: value})
                assert refused.status_code == 401


@pytest.fixture
def command(added: type[Endpoint]) -> Iterator[str]:
    port = free_port()
    command = ["-m", "guided_profile.apps.cli.main", "mcp", "--http", "--port", str(port)]
    arguments = [sys.executable, *command, "--user", "anna"]
    with forked.start(arguments, stderr=subprocess.PIPE) as process:
        assert process.stderr
        try:
            assert any(b"/mcp" in line for line in process.stderr)
            url = f"http://127.0.0.1:{port}/mcp"
            transport = httpx.HTTPTransport(retries=5)  # it says where before it listens
            with httpx.Client(transport=transport, timeout=30) as waiting:
                waiting.post(url, json=LISTING, headers=ACCEPTS)
            yield url
        finally:
            process.terminate()
    assert process.returncode in (0, -15)


async def test_the_command_serves_a_real_client(command: str) -> None:
    async with client(command) as session:
        found = await session.call_tool("search_history", {"query": "cat"})
    assert "my cat Miso sleeps on my desk" in text(found)


@pytest.mark.parametrize(
    ("arguments", "auth", "says"),
    [
        ([], "", "--user is missing"),
        (["--http"], "", "give --user"),
        (["--http", "--user", "anna"], "keys", "leave one of the two out"),
    ],
)
def test_whose_tools_are_served_has_to_be_clear(
    arguments: list[str],
    auth: str,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GUIDED_PROFILE_AUTH", auth)
    assert main(["mcp", *arguments]) == 2
    assert says in capsys.readouterr().err
