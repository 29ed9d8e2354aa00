"""Everything that is kept about a user, in one object."""

import json
from datetime import UTC, datetime
from typing import Any

from asked import writes_profile
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from scripted import ScriptedChat

from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.corrections import forbid
from guided_profile.tools.profiles.store import ProfileStore
from guided_profile.tools.user_data.export import export_user

CAT = "This person has a cat named Miso."
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def said(prompt: str) -> str | dict[str, float]:
    if prompt.endswith("Answer Yes or No."):
        return {"Yes": 1.0}
    return CAT if writes_profile(prompt) else "Miso, my cat."


async def exported(history: HistoryStore, store: InMemoryStore) -> dict[str, Any]:
    saver = InMemorySaver()
    graph = build_graph(
        chat=ScriptedChat(script=said), history=history, store=store, checkpointer=saver
    )
    for user in ("anna", "anna.b"):
        history.add(user, [HistoryItem(id=f"{user} {n}", text=f"my cat Miso {n}") for n in (1, 2)])
        config: Any = {"configurable": {"thread_id": f"of {user}"}}
        await graph.ainvoke({"question": "Any pets?"}, config, context=Context(user_id=user))
    await forbid(ProfileStore(store, "anna", "dialogue"), "This person sails.", now=NOW)
    export = await export_user("anna", history=history, store=store, checkpointer=saver)
    read: dict[str, Any] = json.loads(json.dumps(export))
    return read


async def test_it_holds_all_of_the_user_and_nothing_of_another(history: HistoryStore) -> None:
    export = await exported(history, InMemoryStore())
    assert (export["format"], export["version"]) == ("guided-profile-export", 1)
    assert [item["id"] for item in export["items"]] == ["anna 1", "anna 2"]
    kinds = [record["where"][1] for record in export["profiles"]]
    assert sorted(kinds) == ["standing", "versions", "wishes"]
    (thread,) = export["threads"]
    assert thread["thread_id"] == "of anna"
    assert thread["answer"]["text"] == "Miso, my cat."
    assert "anna.b" not in json.dumps(export)
