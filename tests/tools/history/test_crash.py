"""A process that is killed (SIGKILL) while it adds and deletes keeps all that it has confirmed."""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from digested import DigestEmbedder, are_theirs, named
from processes import USERS, Ids, work

from guided_profile.tools.history.store import HistoryStore

SEEDED = 400


def killed_at_any_moment(process: Any, pipe: Connection, chance: random.Random) -> None:
    assert pipe.poll(60)
    time.sleep(chance.uniform(0.0, 0.25))
    os.kill(process.pid, signal.SIGKILL)


def killed_in_the_index(
    process: Any, pipe: Connection, folder: Path, chance: random.Random
) -> None:
    """Kill when a file of an index changes, a little later, or when the next one does."""
    assert pipe.poll(60)
    wanted = chance.randrange(1, 12)
    before, until = index_files(folder), time.monotonic() + 60
    while wanted and time.monotonic() < until:
        now = index_files(folder)
        wanted, before = wanted - (now != before), now
    time.sleep(chance.choice((0, 0, 0.0002, 0.001)))
    os.kill(process.pid, signal.SIGKILL)


def index_files(folder: Path) -> dict[str, tuple[int, int]]:
    looks = {}
    with suppress(FileNotFoundError):  # one that is being made anew
        for path in folder.glob("*-*/*"):
            looks[str(path)] = (path.stat().st_mtime_ns, path.stat().st_size)
    return looks


def received(pipe: Connection) -> Iterator[Any]:
    """Yield what the process sent before it ended."""
    with suppress(EOFError, ConnectionResetError):
        while pipe.poll(0):
            yield pipe.recv()


def survives(folder: Path, kills: int, caplog: pytest.LogCaptureFixture) -> int:
    """Kill a process so often; return how often an index had to be made anew."""
    processes = multiprocessing.get_context("forkserver")
    # what a process needs is there when it begins: Chroma alone takes half a second to import
    processes.set_forkserver_preload(
        [
            "guided_profile.tools.history.collection",
            "chromadb.api.rust",
            "guided_profile.tools.history.connect",
            "pytest",
        ]
    )
    embedder, there = DigestEmbedder(), {}
    with HistoryStore.open(embedder, path=folder) as store:
        for user in USERS:
            there[user] = {f"seeded {n}" for n in range(SEEDED)}
            store.add(user, named(user, sorted(there[user])))
    for number in range(kills):
        ours, theirs = processes.Pipe()
        process = processes.Process(target=work, args=(folder, theirs, number, there))
        process.start()
        theirs.close()
        chance = random.Random(number)
        if number % 2:
            killed_at_any_moment(process, ours, chance)
        else:
            killed_in_the_index(process, ours, folder, chance)
        process.join(30)
        assert process.exitcode == -signal.SIGKILL
        begun: tuple[str, str, list[str]] | None = None
        for message in received(ours):
            if message != "done":
                begun = message
                continue
            assert begun
            apply(there, *begun)
            begun = None
        with HistoryStore.open(embedder, path=folder) as store:
            for user in USERS:
                is_whole(store, user, there, begun if begun and begun[1] == user else None)
        process.close()
        ours.close()
    return sum("not as it was left" in record.message for record in caplog.records)


def apply(there: Ids, kind: str, user: str, ids: list[str]) -> None:
    there[user] = there[user] | set(ids) if kind == "add" else there[user] - set(ids)


def is_whole(store: HistoryStore, user: str, there: Ids, begun: Any) -> None:
    """Check a user's items and vectors; what had begun when it was killed is done or is not."""
    listed = store.list(user)
    ids = {item.id for item in listed}
    assert len(listed) == len(ids) == store.count(user)
    if begun and ids != there[user]:
        apply(there, *begun)
    assert ids == there[user]
    assert {item.id: item.text for item in listed} == {id_: f"{user} did {id_}" for id_ in ids}
    are_theirs(store.vectors(user, ids), listed)


def test_what_was_confirmed_survives_twenty_kills(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    survives(tmp_path, 20, caplog)


@pytest.mark.live
def test_what_was_confirmed_survives_two_hundred_and_forty_kills(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    anew = survives(tmp_path, 240, caplog)
    assert anew  # else no kill was in the middle of writing an index
    with capsys.disabled():
        print(f"\n240 kills, an index made anew {anew} times")
