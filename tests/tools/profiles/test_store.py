import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from langgraph.store.memory import InMemoryStore
from langgraph.store.sqlite.aio import AsyncSqliteStore

from guided_profile.graph.errors import ProfilesError
from guided_profile.graph.records import Cost, Profile, Sentence, Standing
from guided_profile.tools.fingerprints import fingerprint
from guided_profile.tools.profiles.store import (
    KEPT_VERSIONS,
    Override,
    ProfileStore,
    everything,
    user_namespace,
)

START = datetime(2025, 1, 1, tzinfo=UTC)


def standing(version: int = 1) -> Standing:
    profile = Profile(
        task="dialogue",
        version=version,
        sentences=(Sentence(text="This person has a cat.", evidence=("a",), confidence=0.9),),
        guidance="a cat",
        fingerprint="f",
        model="m",
        created=START + timedelta(minutes=version),
        cost=Cost(calls=2),
    )
    return Standing(profile=profile, covered=("a", "b"), made_with="t")


async def test_a_profile_is_read_back_as_it_was_written() -> None:
    profiles = ProfileStore(InMemoryStore(), "anna", "dialogue")
    assert await profiles.standing() is None
    await profiles.write(standing())
    assert await profiles.standing() == standing()


@pytest.mark.parametrize(
    ("user", "task", "variant"),
    [
        ("ben", "dialogue", "guided"),
        ("anna", "other", "guided"),
        ("anna", "dialogue", "unguided"),
    ],
)
async def test_a_profile_is_only_found_for_its_user_task_and_variant(
    user: str, task: str, variant: str
) -> None:
    store = InMemoryStore()
    await ProfileStore(store, "anna", "dialogue").write(standing())
    other = ProfileStore(store, user, task, variant)
    assert await other.standing() is None
    assert await other.versions() == []


def test_users_whose_ids_differ_never_share_a_namespace() -> None:
    users = ["a.b", "a%2Eb", "a%b", "a%25b", "ab", "a b"]
    assert len({user_namespace(user) for user in users}) == len(users)
    assert all("." not in label for user in users for label in user_namespace(user))


async def test_a_profile_of_another_version_of_the_package_is_made_anew() -> None:
    store = InMemoryStore()
    profiles = ProfileStore(store, "anna", "dialogue")
    await profiles.write(standing())
    for entry in await store.asearch(user_namespace("anna")):
        await store.aput(entry.namespace, entry.key, {"old": "shape"}, index=False)
    assert await profiles.standing() is None
    assert await profiles.versions() == []


async def test_past_versions_stay_readable_up_to_a_bound() -> None:
    profiles = ProfileStore(InMemoryStore(), "anna", "dialogue")
    for version in range(1, KEPT_VERSIONS * 2 + 4):
        await profiles.write(standing(version))
    kept = [profile.version for profile in await profiles.versions()]
    assert kept == list(range(KEPT_VERSIONS + 4, KEPT_VERSIONS * 2 + 4))
    await profiles.drop()
    assert (await profiles.standing(), await profiles.versions()) == (None, [])


async def test_a_clock_that_goes_back_changes_no_order() -> None:
    profiles = ProfileStore(InMemoryStore(), "anna", "dialogue")
    times = [START + timedelta(days=365 * year) for year in (0, 70, -30, 1)]
    for number in range(1, KEPT_VERSIONS * 2 + 2):
        saved = standing(number)
        made = saved.profile.model_copy(update={"created": times[number % 4]})
        await profiles.write(saved.model_copy(update={"profile": made}))
    kept = [profile.version for profile in await profiles.versions()]
    assert kept == list(range(KEPT_VERSIONS + 2, KEPT_VERSIONS * 2 + 2))
    for number, time in enumerate(times * 2):
        await profiles.add_override(Override(kind="pin", text=f"boat {number}", time=time))
    overrides = await profiles.overrides()
    assert [override.text for override in overrides] == [f"boat {n}" for n in range(8)]
    assert [override.time for override in overrides] == times * 2


async def test_what_was_pinned_since_is_forbidden_no_more() -> None:
    profiles = ProfileStore(InMemoryStore(), "anna", "dialogue")
    decided = [
        ("forbid", "They sail."),
        ("forbid", "They ski."),
        ("pin", "they SAIL."),
        ("pin", "They knit."),
        ("pin", "They bake."),
        ("forbid", "They bake."),
    ]
    for n, (kind, text) in enumerate(decided):
        time = START + timedelta(minutes=n)
        await profiles.add_override(
            Override.model_validate({"kind": kind, "text": text, "time": time})
        )
    assert [override.text for override in await profiles.forbidden()] == ["They ski.", "They bake."]


async def test_fifty_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    async with AsyncSqliteStore.from_conn_string(str(tmp_path / "profiles.db")) as store:
        await store.setup()
        profiles = ProfileStore(store, "anna", "dialogue")
        overrides = [
            Override(kind="pin", text=f"This person owns boat {n}.", time=START) for n in range(50)
        ]
        await asyncio.gather(*(profiles.add_override(override) for override in overrides))
        kept = await profiles.overrides()
        assert {override.text for override in kept} == {override.text for override in overrides}
        await profiles.take_back(kept[0])
        assert len(await profiles.overrides()) == 49


def test_the_fingerprint_changes_with_items_their_order_and_what_it_is_made_with() -> None:
    prints = [
        fingerprint(["one", "two"], "task"),
        fingerprint(["two", "one"], "task"),
        fingerprint(["one"], "task"),
        fingerprint(["one", "two"], "other"),
    ]
    assert len(set(prints)) == len(prints)
    assert fingerprint(["one", "two"], "task") == prints[0]


async def test_a_store_that_searches_by_the_first_letters_gives_nobody_elses() -> None:
    class ByLetters(InMemoryStore):
        async def asearch(self, namespace_prefix: Any, /, **options: Any) -> Any:
            limit, offset = options["limit"], options["offset"]
            rows = await super().asearch((), limit=10_000)
            wanted = ".".join(namespace_prefix)
            rows = [row for row in rows if ".".join(row.namespace).startswith(wanted)]
            return rows[offset : offset + limit]

    store = ByLetters()
    for number in range(120):  # more than one page of somebody else's, first
        await store.aput((*user_namespace("anna"), "t", "wishes"), f"{number}", {})
    await store.aput((*user_namespace("ann"), "t", "wishes"), "hers", {})
    assert [kept.key for kept in await everything(store, user_namespace("ann"))] == ["hers"]


async def test_a_decision_of_a_newer_version_holds_as_far_as_it_is_known() -> None:
    store = InMemoryStore()
    profiles = ProfileStore(store, "anna", "dialogue")
    kept = await profiles.add_override(Override(kind="forbid", text="I eat meat.", time=START))
    place = (*user_namespace("anna"), "dialogue", "wishes")
    newer = kept.model_dump(mode="json") | {"of_version_2": True}
    await store.aput(place, kept.key, newer)
    assert await profiles.overrides() == [kept]
    await store.aput(place, kept.key, newer | {"kind": "rephrase"})
    with pytest.raises(ProfilesError, match="a newer version of this package"):
        await profiles.overrides()
    assert [row.value["kind"] for row in await everything(store, place)] == ["rephrase"]
