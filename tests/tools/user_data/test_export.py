"""Everything that is kept about a user, out and in again."""

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
from guided_profile.tools.profiles.corrections import MOST_OVERRIDES, forbid
from guided_profile.tools.profiles.store import ProfileStore
from guided_profile.tools.user_data.export import export_user, restore_profiles

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


def changed(record: dict[str, Any], **value: Any) -> dict[str, Any]:
    return record | {"value": record["value"] | value}


async def test_what_this_package_would_not_have_kept_is_passed_over(
    history: HistoryStore,
) -> None:
    export = await exported(history, InMemoryStore())
    kinds = {record["where"][1]: record for record in export["profiles"]}
    standing, version, override = kinds["standing"], kinds["versions"], kinds["wishes"]
    profile = standing["value"]["profile"]
    pinned = [one | {"pinned": True} for one in profile["sentences"]]
    refused: list[Any] = [
        override | {"where": ["dialogue.bob", "wishes"]},
        override | {"where": ["", "wishes"]},
        override | {"where": ["\ud800", "wishes"]},
        override | {"where": ["a" * 101, "wishes"]},
        override | {"where": ["wishes"]},
        override | {"where": ["dialogue", "wishes", "more"]},
        override | {"where": "wishes"},
        override | {"where": ["dialogue", "standing"], "key": "guided"},
        override | {"key": "first"},
        override | {"key": "20261301T000000000000-0123abcd"},
        override | {"key": "99991231T235959999999-0123abcd"},
        override | {"value": "I sail."},
        changed(override, text=" "),
        changed(override, text="x" * 501),
        changed(override, text="a\0b"),
        changed(override, text="\ud800"),
        changed(override, kind="order"),
        changed(override, evidence=["x"] * 6),
        changed(standing, profile=profile | {"sentences": pinned}),
        changed(standing, profile=profile | {"created": "2026-01-01T00:00:00"}),
        changed(standing, profile=profile | {"version": 10**20}),
        changed(standing, profile=profile | {"guidance": "x" * 200_000}),
        changed(standing, profile=profile | {"task": "preference"}),
        version | {"where": ["dialogue", "versions", "x.y"]},
        version | {"where": ["dialogue", "versions"]},
        {},
        None,
    ]
    store = InMemoryStore()
    for record in refused:
        assert await restore_profiles({"profiles": [record]}, "carl", store=store) == 0, record
    for records in (None, 5, {"where": []}, "text"):
        assert await restore_profiles({"profiles": records}, "carl", store=store) == 0
    several = {"profiles": [*refused, standing, *refused, version, override]}
    assert await restore_profiles(several, "carl", store=store, tasks=["preference"]) == 0
    assert await restore_profiles(several, "carl", store=store, tasks=["dialogue"]) == 3


async def test_the_latest_overrides_are_taken_back_where_there_are_too_many(
    history: HistoryStore,
) -> None:
    export = await exported(history, InMemoryStore())
    (override,) = [one for one in export["profiles"] if one["where"][1] == "wishes"]
    many = [
        changed(override, text=f"wish {n}") | {"key": f"20260101T{n:012}-0123abcd"}
        for n in range(150)
    ]
    store = InMemoryStore()
    assert await restore_profiles({"profiles": many}, "carl", store=store) == MOST_OVERRIDES
    assert await restore_profiles({"profiles": many}, "carl", store=store) == 0
    overrides = await ProfileStore(store, "carl", "dialogue").overrides()
    assert [one.text for one in overrides] == [f"wish {n}" for n in range(50, 150)]
    later = await ProfileStore(store, "carl", "dialogue").add_override(overrides[0])
    assert (await ProfileStore(store, "carl", "dialogue").overrides())[-1].key == later.key


async def test_profiles_are_restored_where_none_stand(history: HistoryStore) -> None:
    before = InMemoryStore()
    export = await exported(history, before)
    export["profiles"] += [
        {"where": ["dialogue", "standing"], "key": "guided", "value": {"no": "profile"}},
        {"where": None, "key": "x", "value": {}},
        "nonsense",
    ]
    after = InMemoryStore()
    assert await restore_profiles(export, "carl", store=after) == 3
    assert await restore_profiles(export, "carl", store=after) == 0
    profiles = ProfileStore(after, "carl", "dialogue")
    assert await profiles.standing() == await ProfileStore(before, "anna", "dialogue").standing()
    assert [override.text for override in await profiles.overrides()] == ["This person sails."]
    assert await ProfileStore(after, "anna", "dialogue").standing() is None
