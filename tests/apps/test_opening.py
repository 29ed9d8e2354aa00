"""Opening everything in one line: what is read from where, what is kept, and what is refused."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from endpoint import Endpoint
from scripted import ScriptedChat
from workflows import ANNA, script

from guided_profile.apps import assembly
from guided_profile.apps.opening import open_graph
from guided_profile.apps.settings import Settings, read_settings
from guided_profile.graph.context import Context
from guided_profile.graph.errors import (
    ClosedError,
    GuidedProfileError,
    HistoryItemError,
    ProfilesError,
    QuestionError,
    SettingsError,
    TaskError,
)
from guided_profile.graph.state import Answered
from guided_profile.graph.tasks import builtin_tasks, load_task
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore

ASKING = """
name: asking
description: Answer, or ask.
kind: text
guiding_question: Which pets does the history above mention?
profile_instruction: Now write a short profile of this person.
response_instruction: "Someone asks: {question}"
cold_start: {items: 5, questions: ["Have you a pet?", "And where do you live?"]}
"""


@pytest.fixture
def asking(tmp_path: Path) -> Path:
    path = tmp_path / "asking.yaml"
    path.write_text(ASKING)
    return path


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that an embedder was made by; none is made, and no weights are fetched."""
    used: list[Settings] = []

    def embedder(settings: Settings, on_progress: object = None) -> LexicalEmbedder:
        used.append(settings)
        return LexicalEmbedder()

    monkeypatch.setattr(assembly, "embedder", embedder)
    return used


def test_what_is_added_and_profiled_is_kept_from_one_opening_to_the_next(
    endpoint: type[Endpoint], tmp_path: Path
) -> None:
    with open_graph(tmp_path / "mine") as gp:
        gp.history.add("anna", ANNA)
        answer = gp.ask("What is my cat called?", user_id="anna")
        assert isinstance(answer, Answered)
        assert (answer.text, answer.profile_use) == ("Miso, my cat.", "built")
    with open_graph(str(tmp_path / "mine")) as gp:
        assert gp.ask("What is my cat called?", user_id="anna").profile_use == "standing"
    assert not read_settings().data.exists()


def test_options_are_chosen_among_for_the_task_that_is_named(endpoint: type[Endpoint]) -> None:
    with open_graph() as gp:
        gp.history.add("anna", ANNA)
        answer = gp.ask(
            "Which one?", ["a phone case", "a cat toy"], user_id="anna", task="preference"
        )
    assert isinstance(answer, Answered)
    assert answer.text == "a cat toy"


def test_its_graph_runs_in_every_event_loop(endpoint: type[Endpoint]) -> None:
    async def ask() -> str:
        asked: Any = {"question": "What is my cat called?"}
        out = await gp.graph.ainvoke(asked, context=Context(user_id="anna"))
        return str(out["answer"].profile_use)

    with open_graph() as gp:
        gp.history.add("anna", ANNA)
        assert [asyncio.run(ask()) for _ in range(2)] == ["built", "standing"]
        assert gp.ask("What is my cat called?", user_id="anna").profile_use == "standing"
        assert gp.graph.store is not None
        assert gp.graph.store.search(()) != []


def test_threads_may_ask_at_the_same_time(endpoint: type[Endpoint]) -> None:
    answers: list[str] = []

    def ask() -> None:
        answers.append(gp.ask("What is my cat called?", user_id="anna").kind)

    with open_graph() as gp:
        gp.history.add("anna", ANNA)
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert answers == ["answered"] * 4


def test_it_may_ask_where_an_event_loop_runs(endpoint: type[Endpoint]) -> None:
    async def notebook() -> str:
        with open_graph() as gp:
            gp.history.add("anna", ANNA)
            return gp.ask("What is my cat called?", user_id="anna").kind

    assert asyncio.run(notebook()) == "answered"


def test_a_task_may_ask_the_user_back(endpoint: type[Endpoint], asking: Path) -> None:
    asked: list[str] = []

    def reply(text: str) -> str:
        asked.append(text)
        return "my cat Miso"

    with open_graph(tasks=[load_task(str(asking))]) as gp:
        answer = gp.ask("Any pets?", user_id="anna", task="asking", reply=reply)
        assert isinstance(answer, Answered)
        kept = {item.text for item in gp.history.list("anna")}
    assert asked == ["Have you a pet?", "And where do you live?"]
    assert kept == {f"{text} my cat Miso" for text in asked}


def test_a_task_that_asks_back_wants_somebody_to_reply(
    endpoint: type[Endpoint], asking: Path
) -> None:
    with (
        open_graph(tasks=[load_task(asking)]) as gp,
        pytest.raises(TaskError, match="say who replies with reply=…"),
    ):
        gp.ask("Any pets?", user_id="anna", task="asking")


def test_the_data_folders_own_tasks_are_known(endpoint: type[Endpoint], asking: Path) -> None:
    own = read_settings().data / "tasks"
    own.mkdir(parents=True)
    asking.rename(own / "asking.yaml")
    with open_graph() as gp:
        with pytest.raises(TaskError, match="reply=…"):
            gp.ask("Any pets?", user_id="anna", task="asking")
        with pytest.raises(TaskError, match="there are asking, assistant, dialogue"):
            gp.ask("Any pets?", user_id="anna", task="titles")


def test_a_given_task_takes_the_place_of_one_of_the_same_name(endpoint: type[Endpoint]) -> None:
    terse = {"response_instruction": "In one word: {question}"}
    task = builtin_tasks()["dialogue"].model_copy(update=terse)
    with open_graph(tasks=[task]) as gp:
        gp.history.add("anna", ANNA)
        gp.ask("What is my cat called?", user_id="anna")
    assert any("In one word: What is my cat called?" in prompt for prompt in endpoint.prompts)


def test_an_endpoint_that_is_given_gets_nothing_of_the_environments(
    endpoint: type[Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def note(self: Endpoint, body: dict[str, Any]) -> bool:
        asked.append((body["model"], self.headers["Authorization"]))
        return False

    monkeypatch.setattr(endpoint, "fault", note)
    here = str(read_settings().base_url)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "the-environments-own")
    monkeypatch.setenv("OPENAI_EMBEDDING_MODEL", "another")
    with open_graph(base_url=here, model="large") as gp:
        gp.history.add("anna", ANNA)
        gp.ask("What is my cat called?", user_id="anna")
    assert {model for model, _ in asked} == {"large"}
    assert not any("the-environments-own" in key for _, key in asked)


def test_arguments_take_the_place_of_settings(
    endpoint: type[Endpoint], read: list[Settings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GUIDED_PROFILE_EMBEDDER", "minilm")
    with open_graph(tmp_path, model="other", embedder="endpoint", embedding_model="e") as gp:
        assert gp.history.count("anna") == 0
    (settings,) = read
    assert (settings.data, settings.model, settings.base_url) == (
        tmp_path,
        "other",
        read_settings().base_url,
    )
    assert (settings.embedder, settings.embedding_model) == ("endpoint", "e")


def test_a_model_of_ones_own_does_not_have_histories_sent_to_whom_the_key_belongs(
    read: list[Settings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_MODEL", "OPENAI_EMBEDDING_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "lies about")
    chat = ScriptedChat(script=script("Miso."))
    with open_graph(tmp_path, model=chat) as gp:
        gp.history.add("anna", ANNA)
        answer = gp.ask("What is my cat called?", user_id="anna")
    assert isinstance(answer, Answered)
    assert answer.text == "Miso."
    (settings,) = read
    assert (settings.embedder, settings.api_key) == ("minilm", None)


def test_an_embedder_of_ones_own_is_used(read: list[Settings], tmp_path: Path) -> None:
    own = LexicalEmbedder()
    chat = ScriptedChat(script=script("Miso."))
    with open_graph(tmp_path, model=chat, embedder=own) as gp:
        assert gp.history.embedder is own
    assert read == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "gpt-5"}, "no embedded model is named 'gpt-5'; if it is an endpoint's, give"),
        ({"model": "all-minilm-l6-v2-int8"}, "no embedded model is named"),
        ({"base_url": "http://127.0.0.1:1/v1"}, "say with model=… which"),
        ({"api_key": "k"}, "say with model=… which"),
        ({"embedder": "words"}, "^embedder is 'words'; it may be minilm"),
        ({"verifier": "no/folder"}, "^verifier is 'no/folder'"),
        ({"base_url": "localhost:1", "model": "m"}, r"^base_url is no address \('localhost:1'\)"),
        ({"base_url": "u:secret@h", "model": "m"}, "^base_url is no address; set it to one like"),
        ({"base_url": "http://u:secret@h", "model": "m"}, "^base_url holds a name or a password"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_made(
    given: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match=message):
        open_graph(tmp_path / "mine", **given)
    assert not (tmp_path / "mine").exists()


# SQLite's own thread may find its event loop closed
@pytest.mark.filterwarnings(
    "ignore:.*_connection_worker_thread:pytest.PytestUnhandledThreadExceptionWarning"
)
def test_what_cannot_be_opened_leaves_nothing_open(endpoint: type[Endpoint]) -> None:
    before = set(threading.enumerate())
    data = read_settings().data
    (data / "profiles.db").mkdir(parents=True)
    with pytest.raises(ProfilesError):
        open_graph()
    for left in set(threading.enumerate()) - before:
        left.join(10)  # SQLite's own thread ends a moment later
    assert set(threading.enumerate()) <= before
    with HistoryStore.open(LexicalEmbedder(), path=data / "history"):
        pass  # it was closed again


@pytest.mark.parametrize("given", ["a cat", {"text": "a cat"}, ["a cat"], [{"text": "a cat"}]])
def test_what_is_no_item_is_refused_with_how_to_write_one(
    endpoint: type[Endpoint], given: Any
) -> None:
    with open_graph() as gp:
        with pytest.raises(HistoryItemError, match=r"write \[HistoryItem\(text=…\)\]"):
            gp.history.add("anna", given)
        with pytest.raises(HistoryItemError, match="takes a list of HistoryItem"):
            gp.history.add("anna", ANNA[0])  # type: ignore[arg-type]
        assert gp.history.list("anna") == []


def test_options_in_one_string_are_not_taken_for_letters(endpoint: type[Endpoint]) -> None:
    with open_graph() as gp, pytest.raises(QuestionError, match="give a list"):
        gp.ask("Which?", "ab", user_id="anna", task="preference")
    assert endpoint.prompts == []


def test_a_file_name_is_no_task(endpoint: type[Endpoint]) -> None:
    with pytest.raises(TaskError, match="load_task"):
        open_graph(tasks=["haiku.yaml"])  # type: ignore[list-item]


def test_what_is_closed_answers_no_more(endpoint: type[Endpoint]) -> None:
    gp = open_graph()
    gp.close()
    gp.close()
    calls: list[Callable[[], object]] = [
        lambda: gp.ask("What is my cat called?", user_id="anna"),
        lambda: gp.graph.store.search(()) if gp.graph.store else None,
        lambda: gp.history.add("anna", ANNA),
        lambda: gp.history.list("anna"),
    ]
    for call in calls:
        with pytest.raises(GuidedProfileError, match="is closed; open it again"):
            call()
    with pytest.raises(RuntimeError):  # as it was before it had an error of its own
        gp.ask("What is my cat called?", user_id="anna")


def test_whoever_waits_for_an_answer_is_told_that_it_was_closed(
    endpoint: type[Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    def never(self: Endpoint, body: dict[str, Any]) -> bool:
        asked.set()
        return self.over.wait(30)

    monkeypatch.setattr(endpoint, "fault", never)
    gp = open_graph()
    gp.history.add("anna", ANNA)
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            gp.ask("What is my cat called?", user_id="anna")
        except BaseException as error:  # noqa: BLE001  # it was a CancelledError
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert asked.wait(30)
    gp.close()
    thread.join(30)
    (error,) = raised
    assert isinstance(error, ClosedError)
    assert str(error) == "it was closed before this was done; open it again."


def test_a_failure_within_closes_it(endpoint: type[Endpoint]) -> None:
    with pytest.raises(ZeroDivisionError), open_graph() as gp:
        1 / 0  # noqa: B018
    with pytest.raises(RuntimeError, match="closed"):
        gp.ask("What is my cat called?", user_id="anna")


@pytest.mark.memory_requests
def test_where_nobody_replies_the_question_is_the_answer_and_the_next_one_may_say_yes(
    tmp_path: Path,
) -> None:
    def said(prompt: str) -> str | dict[str, float]:
        if "Answer with its letter alone." in prompt:
            return {"B": 0.9} if "forget" in prompt.rpartition("Message: ")[2] else {"A": 0.9}
        if "Did the user say that it shall?" in prompt or "Is it about this:" in prompt:
            return {"Yes": 0.9}
        return {"No": 0.9}

    with open_graph(tmp_path, model=ScriptedChat(script=said), embedder=LexicalEmbedder()) as gp:
        gp.history.add("anna", ANNA[:1])
        answer = gp.ask("Please forget what I told you about my cat.", user_id="anna")
        assert isinstance(answer, Answered)
        assert answer.memory
        assert answer.memory.outcome == "asks"
        assert ANNA[0].text in answer.text
        assert gp.history.get("anna", [ANNA[0].id])
        answer = gp.ask("Yes.", user_id="anna")
        assert answer.memory
        assert answer.memory.kind == "confirm"
        assert gp.history.get("anna", [ANNA[0].id]) == []
