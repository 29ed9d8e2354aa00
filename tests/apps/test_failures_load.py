"""Hundreds of requests at once, and a stop in the middle of them, under a real uvicorn."""

import asyncio
import json
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import faults
import httpx
import pytest
from endpoint import Endpoint
from server_client import bearer, token
from uvicorn_server import Running, uvicorn

from guided_profile.apps.settings import read_settings
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore

USERS = 25
QUESTION = {"question": "What is my cat's name?"}
MANY = pytest.mark.parametrize("count", [75, pytest.param(500, marks=pytest.mark.live)])
ANNA = bearer(token("anna"))
CATS = {"items": [{"text": "my cat Miso"}, {"text": "the bicycle commute"}]}


def user(number: int) -> tuple[str, dict[str, str]]:
    name = f"user-{number % USERS}"
    return name, bearer(token(name))


@pytest.fixture
def server(endpoint: type[Endpoint], tmp_path: Path) -> Iterator[Running]:
    with uvicorn(tmp_path) as running:
        yield running


@asynccontextmanager
async def clients(server: Running) -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=server.url, timeout=120, limits=limits) as client:
        yield client


def is_bounded(server: Running, before: int) -> None:
    assert server.memory() - before < 400
    assert server.threads() < 120
    assert "Traceback" not in server.log.read_text()


@MANY
async def test_writes_at_once_are_all_kept_and_nobody_elses(server: Running, count: int) -> None:
    before = server.memory()
    async with clients(server) as outside:

        async def add(number: int) -> httpx.Response:
            name, headers = user(number)
            items = {"items": [{"text": f"{name} said {number}"}]}
            return await outside.post("/v1/history", json=items, headers=headers)

        answers = await asyncio.gather(*map(add, range(count)))
        assert Counter(answer.status_code for answer in answers) == {201: count}
        for number in range(USERS):
            name, headers = user(number)
            listed = await outside.get("/v1/history?limit=1000", headers=headers)
            said = {item["text"] for item in listed.json()["items"]}
            assert said == {f"{name} said {n}" for n in range(number, count, USERS)}
    is_bounded(server, before)


@MANY
async def test_questions_at_once_are_all_answered_from_the_askers_history(
    server: Running, endpoint: type[Endpoint], count: int
) -> None:
    before = server.memory()
    async with clients(server) as outside:
        for number in range(USERS):
            name, headers = user(number)
            items = {"items": [{"text": f"my cat Miso of {name}"}, {"text": f"bicycle of {name}"}]}
            (await outside.post("/v1/history", json=items, headers=headers)).raise_for_status()

        async def ask(number: int) -> httpx.Response:
            return await outside.post("/v1/ask", json=QUESTION, headers=user(number)[1])

        answers = await asyncio.gather(*map(ask, range(count)))
    assert Counter(answer.status_code for answer in answers) == {200: count}
    for number, answer in enumerate(answers):
        reply = answer.json()
        name, _ = user(number)
        assert reply["answer"]["text"] == "Miso, my cat."
        assert {item["text"] for item in reply["items"].values()} <= {
            f"my cat Miso of {name}",
            f"bicycle of {name}",
        }
    for prompt in endpoint.prompts:
        assert len(set(re.findall(r"user-\d+", prompt))) <= 1
    is_bounded(server, before)


def test_who_asks_too_much_is_told_so_and_the_others_are_served(
    endpoint: type[Endpoint], tmp_path: Path
) -> None:
    with uvicorn(tmp_path, GUIDED_PROFILE_RATE="50") as server, httpx.Client() as outside:

        async def many() -> list[httpx.Response]:
            async with clients(server) as all_:
                asked = (all_.get("/v1/history", headers=ANNA) for _ in range(200))
                return list(await asyncio.gather(*asked))

        answers = asyncio.run(many())
        counts = Counter(answer.status_code for answer in answers)
        assert set(counts) == {200, 429}
        assert 50 <= counts[200] <= 70
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert int(refused.headers["retry-after"]) >= 1
        assert outside.get(f"{server.url}/v1/history", headers=user(1)[1]).status_code == 200


async def asked(server: Running, number: int, **headers: str) -> httpx.Response | Exception:
    async with clients(server) as outside:
        try:
            return await outside.post(
                "/v1/ask", json=QUESTION | {"question": f"{number}?"}, headers=ANNA | headers
            )
        except httpx.HTTPError as error:
            return error


def in_flight(server: Running, endpoint: type[Endpoint], **headers: str) -> tuple[Any, list[Any]]:
    """Have runs in flight that hang in the model; return their threads, and the answers."""
    endpoint.fault = faults.hangs
    answers: list[Any] = []

    def ask(number: int, more: dict[str, str]) -> None:
        answers.append(asyncio.run(asked(server, number, **more)))

    stream = {"Accept": "text/event-stream"}
    threads = [threading.Thread(target=ask, args=(n, stream if n % 2 else {})) for n in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        if endpoint.prompts:
            break
        time.sleep(0.05)
    time.sleep(0.3)
    return threads, answers


def test_a_stop_ends_runs_that_hang_and_says_so(server: Running, endpoint: type[Endpoint]) -> None:
    kept = [
        httpx.post(
            f"{server.url}/v1/history", json={"items": [{"text": f"item {n}"}]}, headers=ANNA
        )
        for n in range(20)
    ]
    assert all(answer.status_code == 201 for answer in kept)
    threads, answers = in_flight(server, endpoint)
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(30)
    assert time.monotonic() - began < 20
    for thread in threads:
        thread.join(30)
    assert len(answers) == 6
    for answer in answers:
        assert isinstance(answer, httpx.Response)
        assert "stopping" in answer.text
        if answer.headers["content-type"].startswith("text/event-stream"):
            *_, event, data = [line for line in answer.text.splitlines() if line]
            assert event == "event: error"
            assert json.loads(data.removeprefix("data: "))["error"] == "stopping"
        else:
            assert answer.status_code == 503
            assert "retry-after" in answer.headers
    with HistoryStore.open(LexicalEmbedder(), path=read_settings().data / "history") as history:
        assert {item.text for item in history.list("anna")} == {f"item {n}" for n in range(20)}


def test_a_stop_lets_a_run_end_that_can(server: Running, endpoint: type[Endpoint]) -> None:
    httpx.post(f"{server.url}/v1/history", json=CATS, headers=ANNA).raise_for_status()
    threads, answers = in_flight(server, endpoint)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    endpoint.fault = None
    endpoint.over.set()  # those that hung are dropped, and tried again
    server.process.wait(30)
    for thread in threads:
        thread.join(30)
    assert [answer.status_code for answer in answers] == [200] * 6
    assert all("Miso, my cat." in answer.text for answer in answers)


async def test_writes_that_were_confirmed_before_a_stop_are_there(server: Running) -> None:
    confirmed: set[str] = set()

    async def add(outside: httpx.AsyncClient, number: int) -> None:
        items = {"items": [{"text": f"item {number}.{n}"} for n in range(5)]}
        try:
            answer = await outside.post("/v1/history", json=items, headers=ANNA)
        except httpx.HTTPError:
            return
        if answer.status_code == 201:
            confirmed.update(item["text"] for item in items["items"])
            if len(confirmed) == 50:
                server.process.send_signal(signal.SIGTERM)

    async with clients(server) as outside:
        await asyncio.gather(*(add(outside, number) for number in range(200)))
    await asyncio.to_thread(server.process.wait, 30)
    with HistoryStore.open(LexicalEmbedder(), path=read_settings().data / "history") as history:
        kept = {item.text for item in history.list("anna")}
        assert len(history.vectors("anna", [item.id for item in history.list("anna")])) == len(kept)
    assert confirmed <= kept
    whole = Counter(text.split(".")[0] for text in kept)
    assert set(whole.values()) == {5}  # of each write all or nothing
