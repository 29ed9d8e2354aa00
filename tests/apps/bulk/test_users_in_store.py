"""Users of the history store: what is sent along for each, and when a profile is not written."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from langgraph.store.memory import InMemoryStore
from scripted import ScriptedChat

from guided_profile.apps.bulk.base import BuildInput
from guided_profile.apps.bulk.held_history import HeldHistory
from guided_profile.apps.bulk.maker import Maker
from guided_profile.apps.bulk.plan import Planner
from guided_profile.apps.bulk.users_in_store import StoredUsers
from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.profile import standing_profile
from guided_profile.graph.records import HistoryItem, Standing
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.store import ProfileStore

TASK = builtin_tasks()["dialogue"]
CAT = HistoryItem(text="my cat Miso sleeps on my desk", source="chat")
BIKE = HistoryItem(text="the bicycle commute took 20 minutes", source="chat")
MOST = Context(user_id="anna").profile_items
SAID = "This person has a cat named Miso. This person commutes by bicycle."


@pytest.fixture
def store() -> InMemoryStore:
    return InMemoryStore()


@pytest.fixture
def users(history: HistoryStore, store: InMemoryStore) -> StoredUsers:
    history.add("anna", [CAT, BIKE])
    return StoredUsers(history, store, TASK)


def maker(history: HistoryStore, said: str = SAID) -> Maker:
    chat = ScriptedChat(script=lambda prompt: said)
    return Maker(chat, history.embedder, TASK)


async def only_user(users: StoredUsers) -> BuildInput:
    (user,) = [user async for user in users.inputs()]
    assert isinstance(user, BuildInput)
    return await users.complete(user)


async def kept(store: InMemoryStore, user_id: str = "anna") -> Standing | None:
    return await ProfileStore(store, user_id, TASK.name).standing()


async def test_what_is_made_apart_is_what_the_stores_own_workflow_makes(
    users: StoredUsers, history: HistoryStore, store: InMemoryStore
) -> None:
    made = await maker(history).make(await only_user(users))
    assert await users.keep(made)
    assert (await Planner(TASK, "scripted")(await only_user(users))).use == "standing"
    graph = build_graph(
        chat=ScriptedChat(script=lambda prompt: pytest.fail("it stands already")),
        history=history,
        store=store,
    )
    found = await standing_profile(graph, TASK, Context(user_id="anna", task=TASK.name))
    here = build_graph(
        chat=ScriptedChat(script=lambda prompt: SAID), history=history, store=InMemoryStore()
    )
    mine = await standing_profile(here, TASK, Context(user_id="anna", task=TASK.name))
    assert found.sentences == mine.sentences
    assert found.fingerprint == mine.fingerprint


async def test_a_profile_is_not_written_if_what_it_rests_on_was_deleted_meanwhile(
    users: StoredUsers, history: HistoryStore, store: InMemoryStore
) -> None:
    made = await maker(history).make(await only_user(users))
    history.delete("anna", [CAT.id])
    assert not await users.keep(made)
    assert await kept(store) is None


async def test_nor_if_only_its_guidance_tells_of_what_was_deleted(
    users: StoredUsers, history: HistoryStore, store: InMemoryStore
) -> None:
    made = await maker(history, "This person commutes by bicycle.").make(await only_user(users))
    assert made.standing
    assert CAT.id in made.standing.covered
    history.delete("anna", [CAT.id])
    assert not await users.keep(made)
    assert await kept(store) is None


async def test_a_profile_that_shows_what_was_deleted_goes_even_if_the_new_one_fails(
    users: StoredUsers, history: HistoryStore, store: InMemoryStore
) -> None:
    await users.keep(await maker(history).make(await only_user(users)))
    history.add("anna", [HistoryItem(text="a book about rivers", source="chat")])
    history.delete("anna", [CAT.id])
    failing = ScriptedChat(script=lambda prompt: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # a bug is no failure of a user
        await Maker(failing, history.embedder, TASK).make(await only_user(users))
    made = await maker(history, "This person commutes by bicycle.").make(await only_user(users))
    assert made.dropped
    await users.keep(replace(made, standing=None))
    assert await kept(store) is None
    assert not await ProfileStore(store, "anna", TASK.name).versions()


async def test_old_items_that_the_profile_cites_are_sent_along(
    users: StoredUsers, history: HistoryStore, store: InMemoryStore
) -> None:
    await users.keep(await maker(history).make(await only_user(users)))
    history.add(
        "anna",
        [HistoryItem(text=f"note {n}", time="2025-01-01") for n in range(MOST)],
    )
    user = await only_user(users)
    assert len(user.items) == MOST
    assert {item.id for item in user.cited} == {CAT.id, BIKE.id}
    assert user.vectors
    assert len(user.vectors) == MOST + 2
    made = await maker(history).make(user)
    assert not made.dropped  # nothing that it cites is gone
    assert made.standing
    assert made.standing.profile.version == 2


async def test_a_held_history_reads_as_the_store_does(history: HistoryStore) -> None:
    items = [
        HistoryItem(text="late", time="2025-03-01"),
        HistoryItem(text="no time at all"),
        HistoryItem(text="early", time="2025-01-01"),
        HistoryItem(text="somebody else", role="other"),
    ]
    history.add("anna", items)
    held = HeldHistory(history.embedder)
    held.hold("anna", items, None)
    assert held.list("anna") == history.list("anna")
    assert held.list("anna", newest=2) == history.list("anna", newest=2)
    assert held.count("anna") == 4
    ids = [item.id for item in items]
    assert held.get("anna", [*ids, "none"]) == history.get("anna", ids)
    ours, theirs = held.vectors("anna", ids), history.vectors("anna", ids)
    assert all(np.allclose(ours[id_], theirs[id_]) for id_ in ids)
    assert held.list("bo") == held.get("bo", ids) == []
    assert held.vectors("bo", ids) == {}
    held.let_go("anna")
    assert held.list("anna") == []


async def test_what_a_failed_user_cost_is_charged_too(history: HistoryStore) -> None:
    prompts: list[str] = []

    def script(prompt: str) -> str:
        prompts.append(prompt)
        return SAID if len(prompts) == 1 else ""

    made = await Maker(
        ScriptedChat(script=script),
        history.embedder,
        TASK,
    ).make(BuildInput("anna", (CAT, BIKE)))
    assert made.cost.calls == 2
    assert made.cost.input_tokens == sum(len(prompt.split()) for prompt in prompts)


async def test_users_at_work_side_by_side_are_charged_apart(history: HistoryStore) -> None:
    shared = maker(history)
    long = tuple(HistoryItem(text=f"{n} {CAT.text * 30}") for n in range(50))
    small, large = await asyncio.gather(
        shared.make(BuildInput("anna", (CAT, BIKE))), shared.make(BuildInput("bo", long))
    )
    # guidance, profile, two sentences, one of them inferred, and two questions on the use of each
    assert small.cost.calls == 9
    assert large.cost.calls > 9
    assert small.standing
    assert large.standing
    assert set(small.standing.covered) == {CAT.id, BIKE.id}
    assert not set(large.standing.covered) & set(small.standing.covered)
