"""What is deleted is gone from every file."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import ScriptedChat
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.store.sqlite.aio import AsyncSqliteStore

from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.state import HistoryItem
from guided_profile.tools.forgetting import Forgotten, forget_items, forget_user
from guided_profile.tools.history import HistoryStore
from guided_profile.tools.profiles import Shelf, Wish

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
        wish = Wish(kind="pin", text="This person sails.", time=datetime.now(UTC))
        await Shelf(store, "anna", "dialogue").wish(wish)
        assert any(files_with(folder, SECRET))
        if whole:
            done = await forget_user("anna", history=history, store=store, checkpointer=saver)
            assert done == Forgotten(items=2, records=3, threads=1)
            await forget_user("ben", history=history, store=store, checkpointer=saver)
            assert list(files_with(folder, SECRET)) == []
            assert list(files_with(folder, "sails")) == []
        else:
            assert await forget_items("anna", ["name"], history=history, store=store) == ("name",)
            shelf = Shelf(store, "anna", "dialogue")
            assert (await shelf.standing(), await shelf.versions()) == (None, [])
            assert len(await shelf.wishes()) == 1
            assert await Shelf(store, "ben", "dialogue").standing()
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
        assert await Shelf(store, "anna", "dialogue").standing() is None
        assert await Shelf(store, "anna.b", "dialogue").standing()
