"""Several server processes on one Postgres and one Chroma server, as if they were one."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import psycopg
import pytest
from asked import writes_profile
from chroma_server import ChromaServer
from endpoint import Endpoint, scripted_endpoint
from postgres_server import Postgres, postgres_server
from server_client import ANNA, BOB
from uvicorn_server import Running, uvicorn

from guided_profile.apps.cli.main import main
from guided_profile.apps.server.access.key_table import KeyTable

pytestmark = pytest.mark.live

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
CATS = ["my cat Miso sleeps on my desk", "my cat Miso eats", "my cat Miso is grey"]


class Slow(Endpoint):
    """An endpoint whose profiles take as long as a test likes."""

    written: list[str]
    begun: Event
    hangs: Event
    """Set: whoever has a profile written waits."""

    def answers(self, asked: dict[str, Any], prompt: str) -> None:
        if writes_profile(prompt):
            self.written.append(prompt)
            self.begun.set()
            if self.hangs.is_set():
                time.sleep(60)
            time.sleep(0.3)
        super().answers(asked, prompt)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as running:
        yield running


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    server = ChromaServer(tmp_path_factory.mktemp("chroma"))
    server.start()
    server.ready()
    yield server
    server.kill()


@pytest.fixture
def endpoint() -> type[Slow]:
    return type("Fresh", (Slow,), {"written": [], "begun": Event(), "hangs": Event()})


@pytest.fixture
def environment(
    tmp_path: Path, postgres: Postgres, chroma: ChromaServer, endpoint: type[Slow]
) -> Iterator[dict[str, str]]:
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS profiles WITH (FORCE)")
        connection.execute("CREATE DATABASE profiles")
    data = tmp_path / "data"
    (data / "tasks").mkdir(parents=True)
    (data / "tasks" / "asking.yaml").write_text(ASKING)
    # one Chroma server for all tests: each has users of its own to begin with
    with scripted_endpoint(endpoint) as model:
        yield {
            **model,
            "GUIDED_PROFILE_DATA": str(data),
            "GUIDED_PROFILE_CHROMA_URL": chroma.url,
            "GUIDED_PROFILE_DATABASE_URL": postgres.url.removesuffix("postgres") + "profiles",
            "GUIDED_PROFILE_EMBEDDER": "lexical",
        }


@pytest.fixture
def two(tmp_path: Path, environment: dict[str, str]) -> Iterator[tuple[Running, Running]]:
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(uvicorn(tmp_path, **environment, GUIDED_PROFILE_AUTH="jwt,keys"))
            for _ in range(2)
        )
        _send(one, "DELETE", "/v1/everything?confirm=everything")
        yield one, other


def _send(
    server: Running, method: str, path: str, headers: dict[str, str] = ANNA, **more: Any
) -> httpx.Response:
    return httpx.request(method, f"{server.url}{path}", headers=headers, timeout=60, **more)


def _add(server: Running, texts: list[str] = CATS) -> None:
    items = [{"text": text, "source": "chat"} for text in texts]
    _send(server, "POST", "/v1/history", json={"items": items}).raise_for_status()


def _reply(server: Running, run_id: str, text: str, who: dict[str, str] = ANNA) -> httpx.Response:
    return _send(server, "POST", f"/v1/ask/{run_id}/reply", who, json={"reply": text})


def _rows(environment: dict[str, str], table: str) -> int:
    with psycopg.connect(environment["GUIDED_PROFILE_DATABASE_URL"]) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


THREADS = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")


def test_a_question_back_is_answered_in_another_process_by_its_user_alone(
    two: tuple[Running, Running], environment: dict[str, str]
) -> None:
    one, other = two
    body = {"question": "Which color?", "task": "asking"}
    first = _send(one, "POST", "/v1/ask", json=body).raise_for_status().json()
    assert first["answer"]["text"] == "Have you a pet?"
    assert _reply(other, first["run_id"], "A dog.", BOB).status_code == 404
    second = _reply(other, first["run_id"], "A cat, Miso.").raise_for_status().json()
    assert second["answer"]["text"] == "How old is it?"
    for server in two:
        assert _reply(server, first["run_id"], "again").status_code == 404
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda server: _reply(server, second["run_id"], "Three."), two))
    assert sorted(one.status_code for one in both) in ([200, 409], [200, 404])
    listed = _send(one, "GET", "/v1/history").json()["items"]
    assert {item["text"] for item in listed} == {
        "Have you a pet? A cat, Miso.",
        "How old is it? Three.",
    }


def test_what_waits_goes_with_its_user(
    two: tuple[Running, Running], environment: dict[str, str]
) -> None:
    one, other = two
    body = {"question": "Which color?", "task": "asking"}
    first = _send(one, "POST", "/v1/ask", json=body).raise_for_status().json()
    assert all(_rows(environment, table) for table in THREADS)
    gone = _send(other, "DELETE", "/v1/everything?confirm=everything").raise_for_status().json()
    assert gone["threads"] == 1
    assert not any(_rows(environment, table) for table in (*THREADS, "store"))
    assert _reply(one, first["run_id"], "A cat.").status_code == 404


def test_a_profile_is_made_once_whoever_is_asked(
    two: tuple[Running, Running], endpoint: type[Slow]
) -> None:
    _add(two[0])
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(_send, two[n % 2], "POST", "/v1/profile") for n in range(8)]
        shown = [one.result().raise_for_status().json()["profile"] for one in asked]
    assert {profile["created"] for profile in shown} == {shown[0]["created"]}
    assert len(endpoint.written) == 1


def test_the_lock_of_a_killed_builder_ends_at_once(
    two: tuple[Running, Running], endpoint: type[Slow]
) -> None:
    one, other = two
    _add(one)
    endpoint.hangs.set()
    with ThreadPoolExecutor(2) as pool:
        killed = pool.submit(_send, one, "POST", "/v1/profile")
        assert endpoint.begun.wait(30)
        endpoint.hangs.clear()
        waiting = pool.submit(_send, other, "POST", "/v1/profile")
        time.sleep(1)
        assert not waiting.done()
        assert len(endpoint.written) == 1
        begun = time.monotonic()
        one.process.kill()
        waiting.result().raise_for_status()
        assert time.monotonic() - begun < 10
        with pytest.raises(httpx.TransportError):
            killed.result()
    assert len(endpoint.written) == 2


def test_a_key_that_was_revoked_is_refused_by_every_process(
    two: tuple[Running, Running], environment: dict[str, str]
) -> None:
    def keys(*arguments: str) -> Any:
        command = [sys.executable, "-m", "guided_profile.apps.cli.main", "keys", *arguments]
        done = subprocess.run(
            [*command, "--json"], env={**os.environ, **environment}, check=True, capture_output=True
        )
        return json.loads(done.stdout)

    made = keys("add", "--user", "anna")
    headers = {"X-Api-Key": made["key"]}
    assert [_send(server, "GET", "/v1/history", headers).status_code for server in two] == [
        200,
        200,
    ]
    keys("revoke", made["id"])
    assert [_send(server, "GET", "/v1/history", headers).status_code for server in two] == [
        401,
        401,
    ]


def test_a_postgres_that_is_started_anew_is_reached_again(
    two: tuple[Running, Running], postgres: Postgres
) -> None:
    one, _ = two
    _add(one)
    made = _send(one, "POST", "/v1/profile").raise_for_status().json()
    postgres.stop()
    refused = _send(one, "GET", "/v1/profile")
    assert refused.status_code == 503
    assert "try again" in refused.json()["message"]
    assert "postgres@" not in refused.text
    postgres.start()
    there = _send(one, "GET", "/v1/profile").raise_for_status().json()
    assert there["profile"] == made["profile"]


def test_a_folder_is_brought_to_the_servers_and_back(
    tmp_path: Path,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    servers = {
        name: environment.pop(name)
        for name in ("GUIDED_PROFILE_CHROMA_URL", "GUIDED_PROFILE_DATABASE_URL")
    }

    def run(*arguments: str, data: str, at: dict[str, str] | None = None) -> Any:
        with monkeypatch.context() as there:
            for name, value in (environment | (at or {})).items():
                there.setenv(name, value)
            code = main([*arguments, "--json", "--data", str(tmp_path / data)])
        return code, json.loads(capsys.readouterr().out)

    cats = tmp_path / "cats.txt"
    cats.write_text("\n\n".join(CATS))
    assert run("forget", "--user", "anna", "--yes", data="old", at=servers)[0] == 0
    assert run("add", str(cats), "--user", "anna", data="old")[0] == 0
    assert run("profile", "--user", "anna", data="old")[0] == 0
    assert run("profile", "--user", "anna", "--pin", "I am vegan.", data="old")[0] == 0
    _, key = run("keys", "add", "--user", "anna", data="old")
    code, moved = run("migrate", data="old", at=servers)
    assert (code, moved["keys"]["new"]) == (0, 1)
    assert moved["items"]["new"] >= 1
    assert moved["records"]["new"] == moved["records"]["there"] >= 3
    code, refused = run("migrate", data="old", at=servers)
    assert (code, refused["error"]) == (2, "InputError")
    again = run("migrate", "--again", data="old", at=servers)[1]
    for kind in ("items", "records", "keys"):
        assert again[kind] == {**moved[kind], "new": 0}, kind
    table = KeyTable(servers["GUIDED_PROFILE_DATABASE_URL"])
    assert table.find(key["key"])
    table.close()
    code, back = run("migrate", "--back", data="new", at=servers)
    assert code == 0
    for kind in ("records", "keys"):
        assert back[kind]["digest"] == moved[kind]["digest"], kind
    old, new = (run("export", "--user", "anna", data=data)[1] for data in ("old", "new"))
    for export in (old, new):
        export["profiles"].sort(key=lambda kept: (kept["where"], kept["key"]))
    assert new["profiles"] == old["profiles"]
    assert new["items"] == old["items"]
