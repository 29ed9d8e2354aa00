import asyncio
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import forked
import pytest
from asked import writes_profile
from endpoint import Endpoint
from langgraph.store.memory import InMemoryStore
from langgraph.store.sqlite.aio import AsyncSqliteStore
from scripted import ScriptedChat

from guided_profile.apps.assistants import profiles
from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.settings import read_settings
from guided_profile.graph.errors import ClosedError, QuestionError, StoreInUseError, TaskError
from guided_profile.graph.profile import standing_profile
from guided_profile.graph.records import HistoryItem, Profile
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.corrections import pin
from guided_profile.tools.profiles.store import ProfileStore

LEAVES = """
from guided_profile.apps.assistants.companion import Companion
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.tasks import builtin_tasks

companion = Companion.open(task="dialogue")
items = [HistoryItem(text=f"my cat Miso, number {n}") for n in range(40)]
for item in items:
    companion.remember("anna", [item])
"""


def test_what_was_said_is_written_where_a_program_just_ends(endpoint: type[Endpoint]) -> None:
    done = forked.run([sys.executable, "-c", LEAVES])
    assert (done.returncode, done.stderr) == (0, "")
    data = read_settings().data
    with HistoryStore.open(LexicalEmbedder(), path=data / "history") as history:
        assert history.count("anna") == 40


@pytest.mark.parametrize("closes", ["", "companion.close()"], ids=["just ends", "closes"])
def test_what_is_not_judged_at_the_end_is_written_all_the_same(
    endpoint: type[Endpoint], closes: str
) -> None:
    program = f"""
from concurrent.futures import Future
from guided_profile.apps.assistants import remembering
from guided_profile.apps.assistants.companion import Companion
from guided_profile.graph.records import HistoryItem

remembering.CLOSE_SECONDS = 0.2
companion = Companion.open(task="dialogue")
item = HistoryItem(text="my cat Miso")
companion.remember("anna", [item], heeded={{item.id: Future()}})
{closes}
"""
    done = forked.run([sys.executable, "-c", program])
    assert (done.returncode, done.stderr) == (0, "")
    with HistoryStore.open(LexicalEmbedder(), path=read_settings().data / "history") as history:
        assert [item.text for item in history.list("anna")] == ["my cat Miso"]


def test_profiles_are_kept_from_one_opening_to_the_next(endpoint: type[Endpoint]) -> None:
    with Companion.open(task="dialogue") as companion:
        texts = ["my cat Miso sleeps", "the bicycle commute"]
        companion.remember("anna", [HistoryItem(text=text) for text in texts]).result(60)
        assert companion.flush(60)
    calls = len(endpoint.prompts)
    assert calls > 0
    with Companion.open(task="dialogue") as companion:
        known = companion.known("anna", "cat", 100).result(60)
        assert known.profile is not None
        assert known.profile.sentences[0].text == "This person has a cat named Miso."
        assert [item.text for item in known.items] == texts
    # whether a good answer differs by what is known, and by who is asking
    assert len(endpoint.prompts) == calls + 2


def test_profiles_may_stand_in_a_store_of_ones_own(history: HistoryStore, tmp_path: Path) -> None:
    opened = []

    def store() -> object:
        opened.append(threading.current_thread().name)
        return AsyncSqliteStore.from_conn_string(str(tmp_path / "own.db"))

    chat = ScriptedChat(script=lambda prompt: "This person has a dog.")
    with Companion(chat=chat, history=history, store=store) as companion:  # type: ignore[arg-type]
        assert isinstance(companion.store, AsyncSqliteStore)
    companion.close()
    assert history.count("anna") == 0  # the history is still open


# SQLite's own thread may find its event loop closed
@pytest.mark.filterwarnings(
    "ignore:.*_connection_worker_thread:pytest.PytestUnhandledThreadExceptionWarning"
)
def test_what_cannot_be_opened_leaves_nothing_behind(endpoint: type[Endpoint]) -> None:
    before = set(threading.enumerate())
    with pytest.raises(TaskError, match="no task is named 'titles'"):
        Companion.open(task="titles")
    data = read_settings().data
    data.mkdir(parents=True)
    (data / "profiles.db").mkdir()
    with pytest.raises(Exception, match="could not be opened"):
        Companion.open()
    for left in set(threading.enumerate()) - before:
        left.join(10)  # SQLite's own thread ends a moment later
    assert set(threading.enumerate()) <= before
    with HistoryStore.open(LexicalEmbedder(), path=data / "history"):
        pass  # it was closed again


def test_a_second_process_on_the_folder_is_refused(endpoint: type[Endpoint]) -> None:
    data = read_settings().data
    program = "from guided_profile.apps.assistants.companion import Companion; Companion.open()"
    with HistoryStore.open(LexicalEmbedder(), path=data / "history"):
        done = forked.run([sys.executable, "-c", program])
    assert StoreInUseError.__name__ in done.stderr


def test_one_profile_is_made_however_often_it_is_asked_for(history: HistoryStore) -> None:
    let, prompts = threading.Event(), []

    def slow(prompt: str) -> str:
        prompts.append(prompt)
        assert let.wait(10)
        return "This person has a dog named Bruno."

    history.add("anna", [HistoryItem(text="my dog Bruno"), HistoryItem(text="Bruno barks")])
    chat = ScriptedChat(script=slow)
    with Companion(chat=chat, history=history, store=InMemoryStore()) as companion:
        asked = [companion.refresh("anna") for _ in range(20)]
        let.set()
        for future in asked:
            future.result(60)
        assert len(prompts) == 2  # guidance and profile, once


def test_the_workflow_runs_only_where_it_would_change_the_profile(
    history: HistoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = []

    async def counted(*given: Any) -> Profile:
        runs.append(given)
        return await standing_profile(*given)

    monkeypatch.setattr(profiles, "standing_profile", counted)
    chat = ScriptedChat(script=lambda prompt: "This person has a dog named Bruno.")
    bruno = [HistoryItem(id=f"{n}", text=f"my dog Bruno, walk {n}") for n in range(30)]
    history.add("anna", bruno)

    def runs_after(change: Callable[[], object]) -> int:
        before = len(runs)
        change()
        companion.refresh("anna").result(60)
        return len(runs) - before

    with Companion(chat=chat, history=history, store=InMemoryStore()) as companion:
        assert runs_after(lambda: None) == 1
        assert runs_after(lambda: None) == 0
        assert runs_after(lambda: history.add("anna", [HistoryItem(text="Bruno barks")])) == 0
        profile = companion.known("anna", "Bruno", 0).result(60).profile
        assert profile is not None
        cited = profile.sentences[0].evidence
        assert runs_after(lambda: history.delete("anna", cited)) == 1
        kept = ProfileStore(companion.store, "anna", "assistant")
        pinned = pin(kept, "This person sings.", now=companion.clock())
        assert runs_after(lambda: asyncio.run(pinned)) == 1
        more = [HistoryItem(text=f"Bruno barks, night {n}") for n in range(30)]
        assert runs_after(lambda: history.add("anna", more)) == 1
        assert runs_after(lambda: None) == 0


def test_a_user_without_history_has_no_profile(history: HistoryStore) -> None:
    chat = ScriptedChat(script=lambda prompt: "?")
    with Companion(chat=chat, history=history, store=InMemoryStore()) as companion:
        companion.refresh("nobody").result(60)
        known = companion.known("nobody", "anything", 100).result(60)
    assert known.profile is None
    assert known.items == ()
    assert chat.prompts == []


def test_a_host_without_an_event_loop_asks_and_sees_the_stages(history: HistoryStore) -> None:
    def script(prompt: str) -> str:
        return "This person has a dog named Bruno." if writes_profile(prompt) else "Bruno."

    history.add("anna", [HistoryItem(text="my dog Bruno"), HistoryItem(text="Bruno barks")])
    chat = ScriptedChat(script=script)
    with Companion(chat=chat, history=history, store=InMemoryStore()) as companion:
        stages: list[str] = []
        asked = companion.ask(
            "anna", "My dog's name?", on_event=lambda event: stages.append(event["stage"])
        )
        answer = asked.result(60)
        assert answer.kind == "answered"
        assert answer.text == "Bruno."
        assert stages == ["recall", "digest", "profile", "verify", "respond"]
        with pytest.raises(QuestionError, match="takes no options"):
            companion.ask("anna", "Which?", ["a", "b"]).result(60)


@pytest.mark.parametrize("by", ["its loop", "its writer"])
def test_closing_from_work_of_its_own_does_not_hang(history: HistoryStore, by: str) -> None:
    history.add("anna", [HistoryItem(text="my dog Bruno")])
    chat = ScriptedChat(script=lambda prompt: "Bruno.")
    companion = Companion(chat=chat, history=history, store=InMemoryStore())
    if by == "its loop":
        asked = companion.ask("anna", "My dog's name?", on_event=lambda event: companion.close())
        with pytest.raises(ClosedError):
            asked.result(30)
    else:
        companion._background.write(companion.close, "not closed").result(30)
    companion.close()  # waits for that end
    with pytest.raises(ClosedError, match="closed"):
        companion.known("anna", "", 0)


def test_a_task_that_asks_back_is_refused_where_nobody_can_reply(history: HistoryStore) -> None:
    task = builtin_tasks()["dialogue"]
    asking = task.model_copy(
        update={
            "name": "asking",
            "abstention": task.abstention.model_copy(update={"policy": "ask", "answerable": None}),
        }
    )

    def declining(prompt: str) -> str | dict[str, float]:
        checks = "Does the reply answer" in prompt
        return {"Yes": 0.1, "No": 0.9} if checks else "Sorry, I can't tell."

    history.add("anna", [HistoryItem(text="my dog Bruno")])
    chat = ScriptedChat(script=declining)
    with (
        Companion(
            chat=chat, history=history, store=InMemoryStore(), task="asking", tasks=[asking]
        ) as companion,
        pytest.raises(TaskError, match="'asking' asks users back"),
    ):
        companion.ask("anna", "My dog's age?").result(60)


def test_where_worth_is_required_an_unmeasured_profile_is_held_back(history: HistoryStore) -> None:
    task = builtin_tasks()["dialogue"].model_copy(update={"worth": "require"})
    says = "This person has a cat named Miso."
    chat = ScriptedChat(script=lambda prompt: says if writes_profile(prompt) else "A cat.")
    with Companion(
        chat=chat, history=history, store=InMemoryStore(), task="dialogue", tasks=[task]
    ) as companion:
        texts = ["my cat Miso sleeps", "my cat Miso eats"]
        companion.remember("anna", [HistoryItem(text=text) for text in texts]).result(60)
        assert companion.flush(60)
        known = companion.known("anna", "cat", 100).result(60)
    assert known.used == ()
    assert [(each.text, each.reason) for each in known.held_back] == [(says, "no_worth")]
