"""The file of the profiles when it is locked, full or broken."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from langgraph.store.base import PutOp

from guided_profile.graph.errors import ProfilesError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.sqlite import ProfileFile, open_profiles
from guided_profile.tools.user_data.erase import forget_items

SPACE = ("guided_profile", "profiles", "anna")
PUTS = [PutOp(SPACE, "a", {"n": 1}, index=False), PutOp((*SPACE, "v"), "b", {"n": 2}, index=False)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "profiles.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[ProfileFile]:
    async with open_profiles(path) as store:
        store.conn.execute("PRAGMA busy_timeout=50")  # five seconds, else
        yield store


def locked(path: Path) -> sqlite3.Connection:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


async def test_a_locked_file_is_said_and_written_to_when_it_is_free(
    store: ProfileFile, path: Path
) -> None:
    await store.aput(SPACE, "before", {"n": 0}, index=False)
    other = locked(path)
    for _ in range(3):
        with pytest.raises(ProfilesError, match="another process is writing to them; try again"):
            await store.abatch(PUTS)
        assert await store.aget(SPACE, "before")  # who reads is not kept waiting
    other.execute("ROLLBACK")
    other.close()
    assert await store.aget(SPACE, "a") is None
    await store.abatch(PUTS)
    assert await store.aget((*SPACE, "v"), "b")


async def test_a_lock_that_is_held_a_moment_is_waited_for(path: Path) -> None:
    async with open_profiles(path) as store:
        other = locked(path)
        asyncio.get_running_loop().call_later(0.5, other.close)
        await store.abatch(PUTS)
        assert await store.aget(SPACE, "a")


async def test_a_commit_that_fails_leaves_no_transaction_open(
    store: ProfileFile, path: Path
) -> None:
    # in which who reads may stop a commit
    store.conn.execute("PRAGMA journal_mode=DELETE").close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM store").fetchall()
    with pytest.raises(ProfilesError, match="another process"):
        await store.abatch(PUTS)
    other.close()
    assert await store.aget(SPACE, "a") is None
    await store.abatch(PUTS)
    assert await store.aget(SPACE, "a")


async def test_a_full_file_is_said_and_nothing_is_half_written(store: ProfileFile) -> None:
    await store.aput(SPACE, "before", {"n": 0}, index=False)
    store.conn.execute("PRAGMA max_page_count=1")  # it has all the pages that it may have
    large = [*PUTS, PutOp((*SPACE, "v"), "c", {"text": "x" * 100_000}, index=False)]
    for _ in range(3):
        with pytest.raises(ProfilesError, match="the disk is full or fails; make room"):
            await store.abatch(large)
        assert await store.aget(SPACE, "before")
        assert await store.aget(SPACE, "a") is None
    store.conn.execute("PRAGMA max_page_count=100000")
    await store.abatch(large)
    assert await store.aget((*SPACE, "v"), "c")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
async def test_the_file_is_its_owners_alone(path: Path) -> None:
    before = os.umask(0)
    try:
        async with open_profiles(path) as store:
            await store.abatch(PUTS)
            modes = {kept.name: kept.stat().st_mode & 0o077 for kept in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes["profiles.db-wal"] == modes["profiles.db"] == 0


@pytest.mark.parametrize("content", [b"this is no database, " * 99, b"SQLite format 3\0" * 99])
def test_a_file_that_is_none_is_said(path: Path, content: bytes) -> None:
    async def opened() -> None:
        async with open_profiles(path):
            pass

    path.write_bytes(content)
    with pytest.raises(ProfilesError, match=r"could not be opened: .*profiles\.db"):
        asyncio.run(opened())


async def test_deleting_ends_nobody_elses_transaction(
    store: ProfileFile, history: HistoryStore
) -> None:
    """The file is rewritten after a deletion, while others write: all of it is there after."""
    items = [HistoryItem(id=str(n), text=f"item {n}") for n in range(20)]
    await asyncio.to_thread(history.add, "anna", items)

    async def delete(number: int) -> None:
        await forget_items("anna", [str(number)], history=history, store=store)

    async def write(number: int) -> None:
        await store.abatch([PutOp((*SPACE, str(number)), "k", {"n": number}, index=False)])

    both = [
        change for n in range(20) for change in (delete(n), *(write(20 * n + k) for k in range(20)))
    ]
    await asyncio.gather(*both)
    assert history.count("anna") == 0
    for number in range(400):
        assert await store.aget((*SPACE, str(number)), "k")
