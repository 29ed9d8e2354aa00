from datetime import UTC, datetime

import pytest
from langgraph.store.memory import InMemoryStore

from guided_profile.graph.state import Cost, HistoryItem, Profile, Sentence
from guided_profile.tools.profiles import fingerprint, namespace, read_profile, write_profile

PROFILE = Profile(
    task="dialogue",
    sentences=(Sentence(text="This person has a cat.", evidence=("a",), support=0.9),),
    guidance="a cat",
    fingerprint="f",
    model="m",
    created=datetime(2025, 1, 1, tzinfo=UTC),
    cost=Cost(calls=2),
)


async def test_a_profile_is_read_back_as_it_was_written() -> None:
    store = InMemoryStore()
    await write_profile(store, "anna", PROFILE, guided=True)
    assert await read_profile(store, "anna", "dialogue") == PROFILE


@pytest.mark.parametrize(
    ("user", "task", "guided"),
    [("ben", "dialogue", True), ("anna", "other", True), ("anna", "dialogue", False)],
)
async def test_a_profile_is_only_found_for_its_user_task_and_kind(
    user: str, task: str, guided: bool
) -> None:
    store = InMemoryStore()
    await write_profile(store, "anna", PROFILE, guided=True)
    assert await read_profile(store, user, task, guided=guided) is None


def test_users_whose_ids_differ_never_share_a_namespace() -> None:
    users = ["a.b", "a%2Eb", "a%b", "a%25b", "ab", "a b"]
    assert len({namespace(user, "t") for user in users}) == len(users)
    assert all("." not in label for user in users for label in namespace(user, "t"))


async def test_a_profile_of_another_version_of_the_package_is_made_anew() -> None:
    store = InMemoryStore()
    await store.aput(namespace("anna", "dialogue"), "guided", {"old": "shape"}, index=False)
    assert await read_profile(store, "anna", "dialogue") is None


def test_the_fingerprint_changes_with_items_their_order_and_what_it_is_made_with() -> None:
    one, two = HistoryItem(text="one"), HistoryItem(text="two")
    prints = [
        fingerprint([one, two], "task"),
        fingerprint([two, one], "task"),
        fingerprint([one], "task"),
        fingerprint([one, two], "other"),
        fingerprint([one, two.model_copy(update={"text": "edited"})], "task"),
    ]
    assert len(set(prints)) == len(prints)
    assert fingerprint([one, two], "task") == prints[0]
