"""What is deleted is gone from every file."""

import asyncio
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from asked import writes_profile
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.store.memory import InMemoryStore
from langgraph.store.sqlite.aio import AsyncSqliteStore
from scripted import ScriptedChat

from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.errors import InputError, ProfilesError
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import Answered
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.corrections import correct, pin
from guided_profile.tools.profiles.plan import empty_profile, with_overrides
from guided_profile.tools.profiles.sqlite import open_profiles
from guided_profile.tools.profiles.store import Override, ProfileStore, everything, user_namespace
from guided_profile.tools.user_data.erase import Forgotten, forget_items, forget_user

SECRET = "Xanthippe Quartermain"
ANNA = [
    HistoryItem(id="name", text=f"my cat is called {SECRET}"),
    HistoryItem(id="bike", text="i commute by bicycle"),
]


def said(prompt: str) -> str | dict[str, float]:
    if prompt.endswith("Answer Yes or No."):
        return {"Yes": 1.0}
    return f"This person has a cat called {SECRET}. This person commutes by bicycle."


def files_with(folder: Path, text: str) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file() and text.encode() in path.read_bytes():
            yield path.name


@pytest.mark.parametrize("whole", [True, False])
async def test_nothing_of_it_is_left_in_the_profiles_or_the_threads_on_disk(
    history: HistoryStore, tmp_path: Path, whole: bool
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    chat = ScriptedChat(script=said)
    history.add("anna", ANNA)
    history.add("ben", ANNA)
    async with (
        AsyncSqliteStore.from_conn_string(str(folder / "profiles.db")) as store,
        AsyncSqliteSaver.from_conn_string(str(folder / "threads.db")) as saver,
    ):
        await store.setup()
        graph = build_graph(chat=chat, history=history, store=store, checkpointer=saver)
        for user in ("anna", "ben"):
            config: Any = {"configurable": {"thread_id": f"of {user}"}}
            await graph.ainvoke({"question": "Any pets?"}, config, context=Context(user_id=user))
        override = Override(kind="pin", text="This person sails.", time=datetime.now(UTC))
        await ProfileStore(store, "anna", "dialogue").add_override(override)
        assert any(files_with(folder, SECRET))
        if whole:
            done = await forget_user("anna", history=history, store=store, checkpointer=saver)
            assert done == Forgotten(items=2, records=3, threads=1)
            await forget_user("ben", history=history, store=store, checkpointer=saver)
            assert list(files_with(folder, SECRET)) == []
            assert list(files_with(folder, "sails")) == []
        else:
            assert await forget_items("anna", ["name"], history=history, store=store) == ("name",)
            profiles = ProfileStore(store, "anna", "dialogue")
            assert (await profiles.standing(), await profiles.versions()) == (None, [])
            assert len(await profiles.overrides()) == 1
            assert await ProfileStore(store, "ben", "dialogue").standing()
            await forget_items("ben", ["name"], history=history, store=store)
            assert "profiles.db" not in set(files_with(folder, SECRET))


async def test_another_user_loses_nothing(history: HistoryStore, tmp_path: Path) -> None:
    history.add("anna", ANNA)
    history.add("anna.b", ANNA)
    async with AsyncSqliteStore.from_conn_string(str(tmp_path / "profiles.db")) as store:
        await store.setup()
        graph = build_graph(chat=ScriptedChat(script=said), history=history, store=store)
        for user in ("anna", "anna.b"):
            await graph.ainvoke({"question": "Any pets?"}, context=Context(user_id=user))
        await forget_user("anna", history=history, store=store)
        assert history.count("anna") == 0
        assert history.count("anna.b") == 2
        assert await ProfileStore(store, "anna", "dialogue").standing() is None
        assert await ProfileStore(store, "anna.b", "dialogue").standing()


async def test_a_thread_whose_only_question_was_refused_goes_too(history: HistoryStore) -> None:
    history.add("anna", ANNA)
    saver = InMemorySaver()
    graph = build_graph(chat=ScriptedChat(script=said), history=history, checkpointer=saver)
    for user in ("anna", "bob"):
        for asked, task in ((" ", "dialogue"), (SECRET, "preference"), (SECRET, "no such task")):
            config: Any = {"configurable": {"thread_id": f"{user} {asked} {task}"}}
            with pytest.raises(InputError):
                await graph.ainvoke(
                    {"question": asked, "options": [SECRET]},
                    config,
                    context=Context(user_id=user, task=task),
                )
    gone = await forget_user("anna", history=history, checkpointer=saver)
    assert gone.threads == 3
    left = {kept.config["configurable"]["thread_id"][:4] async for kept in saver.alist(None)}
    assert left == {"bob "}


@pytest.mark.parametrize("whole", [True, False])
async def test_a_run_that_waits_for_the_model_meanwhile_writes_nothing_of_it_back(
    history: HistoryStore, tmp_path: Path, whole: bool
) -> None:
    waits, goes_on = Event(), Event()

    def slow(prompt: str) -> str | dict[str, float]:
        if writes_profile(prompt):  # what was digested before is about everything
            waits.set()
            assert goes_on.wait(10)
            return "This person commutes by bicycle."
        return said(prompt)

    history.add("anna", ANNA)
    async with open_profiles(tmp_path / "profiles.db") as store:
        graph = build_graph(chat=ScriptedChat(script=slow), history=history, store=store)
        context = Context(user_id="anna")
        run = asyncio.create_task(graph.ainvoke({"question": "Any pets?"}, context=context))
        assert await asyncio.to_thread(waits.wait, 10)
        if whole:
            await forget_user("anna", history=history, store=store)
        else:
            await forget_items("anna", ["name"], history=history, store=store)
        goes_on.set()
        assert isinstance((await run)["answer"], Answered)
        assert await everything(store, user_namespace("anna")) == []
        assert list(files_with(tmp_path, SECRET)) == []


async def test_what_failed_halfway_is_finished_by_doing_it_again(
    history: HistoryStore, tmp_path: Path
) -> None:
    history.add("anna", ANNA)
    async with open_profiles(tmp_path / "profiles.db") as store:
        store.conn.execute("PRAGMA busy_timeout=50")  # five seconds, else
        graph = build_graph(chat=ScriptedChat(script=said), history=history, store=store)
        await graph.ainvoke({"question": "Any pets?"}, context=Context(user_id="anna"))
        other = sqlite3.connect(tmp_path / "profiles.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ProfilesError, match="try again"):
            await forget_items("anna", ["name"], history=history, store=store)
        other.execute("ROLLBACK")
        other.close()
        assert list(files_with(tmp_path, SECRET))
        again = await forget_items("anna", iter(["name"]), history=history, store=store)
        assert again == ()
        assert await everything(store, user_namespace("anna")) == []
        assert list(files_with(tmp_path, SECRET)) == []


async def test_a_correction_that_is_forgotten_is_in_no_prompt_and_no_file(
    history: HistoryStore, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    async with open_profiles(tmp_path / "profiles.db") as store:
        profiles = ProfileStore(store, "anna", "dialogue")
        await correct(profiles, "They row.", f"I moved to {SECRET}.", history=history, now=now)
        (item,) = history.list("anna")
        await forget_items("anna", [item.id], history=history, store=store)
        profile = await with_overrides(profiles, empty_profile("dialogue", "", "m", now), history)
        assert profile.supported == ()
        assert [override.text for override in await profiles.overrides()] == ["They row."]
        assert list(files_with(tmp_path, SECRET)) == []


async def test_a_pin_goes_with_the_last_of_what_it_rests_on(history: HistoryStore) -> None:
    history.add("anna", [*ANNA, HistoryItem(id="boat", text="i sail")])
    store, now = InMemoryStore(), datetime.now(UTC)
    profiles = ProfileStore(store, "anna", "dialogue")
    await pin(profiles, "They have a cat and a bicycle.", evidence=("name", "bike"), now=now)
    await pin(profiles, "They sail.", evidence=("boat",), now=now)
    await pin(profiles, "They said so themselves.", now=now)
    for id_, left in (("name", 3), ("bike", 2)):
        await forget_items("anna", [id_], history=history, store=store)
        assert len(await profiles.overrides()) == left
    assert [override.text for override in await profiles.overrides()] == [
        "They sail.",
        "They said so themselves.",
    ]


async def test_a_profile_that_cites_an_older_item_than_it_covers_goes_too(
    history: HistoryStore,
) -> None:
    history.add("anna", ANNA)
    store = InMemoryStore()
    profiles = ProfileStore(store, "anna", "dialogue")
    graph = build_graph(chat=ScriptedChat(script=said), history=history, store=store)
    await graph.ainvoke({"question": "Any pets?"}, context=Context(user_id="anna"))
    standing = await profiles.standing()
    assert standing
    assert "name" in standing.profile.supported[0].evidence
    await profiles.write(standing.model_copy(update={"covered": ("bike",)}))
    await forget_items("anna", ["name"], history=history, store=store)
    assert (await profiles.standing(), await profiles.versions()) == (None, [])
