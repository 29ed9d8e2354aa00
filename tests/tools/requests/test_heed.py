"""Doing what a message asks of the memory: all of it, or nothing."""

import asyncio
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from langgraph.store.memory import InMemoryStore
from scripted import ScriptedChat

from guided_profile.graph.errors import HistoryError
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles import corrections
from guided_profile.tools.profiles.store import ProfileStore
from guided_profile.tools.profiles.undoing import Done, tell, write
from guided_profile.tools.requests.heed import MemoryRequests, item_to_keep

pytestmark = pytest.mark.memory_requests
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALWAYS, POEM = "Always answer in German.", "Write a poem about the sea."
BOAT = HistoryItem(id="boat", text="I own a small boat", released=True)
FORGET, REMEMBER = "Please forget that I own a boat.", "Remember that I cannot eat nuts."
SHOW = "What do you know about me?"
LETTERS = {ALWAYS: "F", FORGET: "B", REMEMBER: "G"}


def said(prompt: str) -> Any:
    if "Answer with its letter alone." in prompt:
        message = prompt.rpartition("Message: ")[2]
        letters = {letter for text, letter in LETTERS.items() if text in message}
        return dict.fromkeys(letters, 0.9 / len(letters)) if letters else {"A": 0.9}
    if "want something answered, made or done?" in prompt:
        return {"Yes": 0.9} if POEM in prompt else {"No": 0.9}
    if "Is it about this:" in prompt:
        return {"Yes": 0.9} if "boat" in prompt.partition("A note about")[2] else {"No": 0.9}
    return {"Yes": 0.9} if "replies: Yes." in prompt or "says: No, keep" in prompt else "No"


class Scene:
    def __init__(self, history: HistoryStore, **more: Any) -> None:
        self.history, self.store = history, InMemoryStore()
        self.chat = ScriptedChat(script=said)
        ticks = (NOW + timedelta(seconds=n) for n in count())
        self.requests = MemoryRequests(
            self.chat, history, builtin_tasks(), lambda: next(ticks), **more
        )
        self.tasks = [task.name for task in builtin_tasks().values() if task.obeys_requests]

    async def heed(self, message: str, **more: Any) -> Any:
        return await self.requests.heed("anna", message, store=self.store, **more)

    async def decided(self, task: str = "assistant") -> list[str]:
        return [
            override.text for override in await ProfileStore(self.store, "anna", task).overrides()
        ]


@pytest.fixture
def scene(history: HistoryStore) -> Scene:
    history.add("anna", [BOAT])
    history.release("anna", [BOAT.id])
    return Scene(history)


@pytest.mark.parametrize(
    ("message", "ends"),
    [(ALWAYS, True), (f"{ALWAYS} {POEM}", False), (f"Hello there! {ALWAYS} Thanks!", True)],
)
async def test_only_the_sentence_that_instructs_is_pinned_and_the_rest_is_answered(
    scene: Scene, message: str, ends: bool
) -> None:
    heeded = await scene.heed(message)
    assert await scene.decided() == [ALWAYS]
    assert heeded.ends is ends


async def test_what_is_known_is_shown_beside_what_was_pinned_before_any_profile_is_made(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LETTERS, SHOW, "E")
    await scene.heed(ALWAYS)
    shown = (await scene.heed(SHOW)).act.said
    assert ALWAYS in shown
    assert BOAT.text in shown


async def test_an_instruction_that_is_given_twice_is_pinned_once(scene: Scene) -> None:
    for _ in range(2):
        assert (await scene.heed(ALWAYS)).act.kind == "always"
    assert await scene.decided() == [ALWAYS]


async def test_a_request_for_which_there_is_no_room_leaves_nothing_behind(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = ProfileStore(scene.store, "anna", scene.tasks[-1])
    await corrections.forbid(last, "They sail.", now=NOW)
    monkeypatch.setattr(corrections, "MOST_OVERRIDES", 1)
    assert (await scene.heed(ALWAYS)).act.outcome == "cannot"
    assert [await scene.decided(task) for task in scene.tasks[:-1]] == [[]] * (len(scene.tasks) - 1)


async def test_a_request_that_fails_midway_leaves_nothing_behind(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*given: Any) -> None:
        raise HistoryError("the disk is full.")

    monkeypatch.setattr("guided_profile.tools.profiles.undoing.write", full)
    for message in (ALWAYS, FORGET):
        with pytest.raises(HistoryError):
            await scene.heed(message)
    assert await scene.decided() == []
    assert [item.id for item in scene.history.list("anna")] == [BOAT.id]


@pytest.mark.parametrize("message", [ALWAYS, FORGET])
async def test_a_request_that_is_cut_off_before_its_user_hears_of_it_leaves_nothing_behind(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    async def hangs(*given: Any, **more: Any) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr("guided_profile.tools.requests.doing.Run.report", hangs)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(scene.heed(message), 0.2)
    assert await scene.decided() == []
    assert [item.id for item in scene.history.list("anna")] == [BOAT.id]


async def test_what_still_waits_for_a_yes_can_be_undone_in_another_conversation(
    scene: Scene,
) -> None:
    keep = "No, keep that, please do not forget it."
    assert (await scene.heed(FORGET, thread="a")).act.outcome == "asks"
    assert scene.history.list("anna") == []
    assert (await scene.heed(keep, thread="b")).act.kind == "keep"
    assert scene.history.list("anna") == [BOAT]
    assert await scene.heed("Yes.", thread="a") is None
    assert scene.history.list("anna") == [BOAT]


async def test_each_sentence_that_asks_something_is_done(scene: Scene) -> None:
    message = f"{ALWAYS} {REMEMBER} {FORGET}"
    heeded = await scene.heed(message)
    assert [act.kind for act in heeded.acts] == ["always", "remember", "forget"]
    assert heeded.act.outcome == "asks"
    assert all(text in heeded.act.said for text in (ALWAYS, BOAT.text))
    assert await scene.decided() == [ALWAYS]
    assert scene.history.list("anna") == []
    assert heeded.to_keep == REMEMBER
    await scene.heed("Yes.")
    assert scene.history.list("anna", withdrawn=True) == []
    assert await scene.decided() == [ALWAYS]  # the Yes was about the boat alone


async def test_an_ordinary_message_of_many_sentences_costs_one_question(scene: Scene) -> None:
    message = "Please remember to forget nothing. Always forget me not. What a song!"
    assert await scene.heed(message) is None
    assert len(scene.chat.prompts) == 1


async def test_undoing_a_deletion_brings_the_release_back(scene: Scene) -> None:
    await scene.heed(FORGET)
    await scene.heed("Yes.")
    assert scene.history.list("anna", withdrawn=True) == []
    assert (await scene.heed("No, keep that, please do not forget it.")).act.kind == "keep"
    assert scene.history.list("anna") == [BOAT]


async def test_a_yes_answers_all_that_was_asked_together_and_all_of_it_can_be_undone(
    scene: Scene,
) -> None:
    other = HistoryItem(id="other", text="I sail", released=True)
    scene.history.add("anna", [other])
    scene.history.release("anna", [other.id])
    scene.history.withdraw("anna", [BOAT.id, other.id])
    for second, item in enumerate((BOAT, other)):
        time = NOW - timedelta(seconds=second)
        done = Done(
            kind="forget", time=time, said=item.text, asks=True, told=False, items=(item.id,)
        )
        await write(scene.store, "anna", done)
    assert await scene.heed("Yes.", reported=False) is None  # nobody was asked yet
    await tell(scene.store, "anna", {(BOAT.id,), (other.id,)}, "", NOW)
    assert (await scene.heed("Yes.", reported=False)).act.kind == "confirm"
    assert scene.history.list("anna", withdrawn=True) == []
    assert (await scene.heed("No, keep that, please do not forget it.")).act.kind == "keep"
    assert {item.id for item in scene.history.list("anna")} == {BOAT.id, other.id}


async def test_an_instruction_is_for_the_task_of_the_conversation_too(
    history: HistoryStore,
) -> None:
    scene = Scene(history, own_task="paraphrase")
    await scene.heed(ALWAYS)
    assert await scene.decided("paraphrase") == [ALWAYS]


async def test_of_a_message_that_asks_more_only_what_is_to_be_kept_is_an_item(
    scene: Scene,
) -> None:
    for message, text in ((REMEMBER, REMEMBER), (f"{REMEMBER} {FORGET}", REMEMBER), (FORGET, None)):
        judged: Future[Any] = Future()
        judged.set_result(await scene.heed(message))
        item = item_to_keep(judged, HistoryItem(text=message))
        assert (item.text if item else None) == text
