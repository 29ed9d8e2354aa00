"""mem0 and LangMem as methods: the real packages, on a scripted model that counts its calls.

Skipped where they are not installed: pip install -c constraints.txt -e '.[peers]'.
"""

import asyncio
import json
import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from uuid import uuid4

import cat_toys
import pytest
from cat_toys import HISTORY, TEXT, script
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from scripted import ScriptedChat

from guided_profile.evals.catalogue import make_methods
from guided_profile.evals.methods.workflow import MethodInputs
from guided_profile.evals.peers import langmem, mem0
from guided_profile.evals.peers.lent import Ids, Lent, LentChat
from guided_profile.evals.peers.method import PEERS, PIECE_TOKENS, Peer, answer_from, pieces
from guided_profile.evals.run.calls import Calls, KeptChat, charged
from guided_profile.evals.run.runner import ask
from guided_profile.evals.scorers.result import Result
from guided_profile.graph.errors import InputError, ModelError, PeerError, SettingsError
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import Abstained, Answered
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.search.ranking import tokens_of

MEMORIES = ("Buys one cat toy after the other", "Owns a big steel kettle")
NAMES = ("mem0", "langmem")
# mem0 finds nothing that is not a little like the question
CHOICE = cat_toys.CHOICE.model_copy(update={"question": "Which cat toy or kettle next?"})
OTHER = cat_toys.OTHER.model_copy(update={"question": "Which is next at sea?"})


class ExtractingChat(ScriptedChat):
    """Extracts memories as either peer asks for them; answers like the scripted model."""

    memories: tuple[str, ...] = MEMORIES
    broken: str = ""
    """Said instead of memories."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, Any]:
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        result = super()._generate(messages, stop, run_manager, **kwargs)
        message = result.generations[0].message
        assert isinstance(message, AIMessage)
        prompt = self.prompts[-1]
        if "## New Messages" in prompt:  # mem0
            listed = [{"id": str(n), "text": memory} for n, memory in enumerate(self.memories)]
            message.content = self.broken or json.dumps({"memory": listed})
        elif "memory subroutine" in prompt:  # LangMem
            message.content = self.broken
            message.tool_calls = [
                {
                    "name": "Memory",
                    "args": {"content": memory},
                    "id": f"call-{n}",
                    "type": "tool_call",
                }
                for n, memory in enumerate(self.memories)
                if not self.broken
            ]
        return result

    @property
    def extractions(self) -> list[str]:
        return [
            prompt for prompt in self.prompts if "New Messages" in prompt or "subroutine" in prompt
        ]

    @property
    def responses(self) -> list[str]:
        return [prompt for prompt in self.prompts if "option and nothing else" in prompt]


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    installed(request.param)
    return str(request.param)


def installed(name: str) -> None:
    package = {"mem0": "mem0ai", "langmem": "langmem"}[name]
    try:
        version(package)
    except PackageNotFoundError:
        pytest.skip(f"{package} is not installed")


def made(
    name: str, history: HistoryStore, chat: Any = None, task: str = "preference"
) -> tuple[Peer, ExtractingChat]:
    chat = chat or ExtractingChat(script=script)
    parts = MethodInputs(chat, history, history.embedder, builtin_tasks()[task], [CHOICE])  # type: ignore[arg-type]
    (method,) = make_methods([name], parts)
    assert isinstance(method, Peer)
    return method, chat


async def test_the_memories_stand_in_the_place_of_the_profile(
    name: str, history: HistoryStore
) -> None:
    method, chat = made(name, history)
    said = await method.answer(CHOICE)
    assert isinstance(said, Answered)
    assert (said.text, said.option) == ("a cat toy", 1)
    assert len(chat.responses) == 3  # one for each rotation, as for the workflow
    for prompt in chat.responses:
        assert "Profile of this person: " in prompt
        assert all(memory in prompt for memory in MEMORIES)
        assert "feather cat toys" not in prompt  # the memories, not the history
    assert len(chat.extractions) == 1
    assert all(item.text in chat.extractions[0] for item in HISTORY)


async def test_a_history_that_several_examples_share_is_taken_in_once(
    name: str, history: HistoryStore
) -> None:
    method, chat = made(name, history)
    shared = [
        CHOICE.model_copy(update={"id": f"{number}", "history_id": "shared"}) for number in range(3)
    ]
    async with method.holding(shared[0]):
        for example in shared:
            said = await method.answer(example)
            assert isinstance(said, Answered)
            assert said.option == 1
    assert len(chat.extractions) == 1
    assert not method.held
    await method.answer(shared[0])
    assert len(chat.extractions) == 2


async def test_a_result_keeps_the_memories_as_sentences_without_evidence(
    name: str, history: HistoryStore
) -> None:
    method, _ = made(name, history)
    result = await ask(method, CHOICE)
    assert isinstance(result, Result)
    assert (result.kind, result.profile) == ("answered", ())
    assert sorted(result.unsupported) == sorted(MEMORIES)


async def test_every_call_is_kept_and_charged(
    name: str, history: HistoryStore, tmp_path: Path
) -> None:
    inner = ExtractingChat(script=script)
    calls = Calls(tmp_path / "calls.db")
    costs, answers = [], []
    for _ in range(2):
        method, _ = made(name, history, KeptChat(inner=inner, calls=calls))
        with charged() as made_calls:
            answers.append(await method.answer(CHOICE))
        costs.append([(call.input_tokens, call.output_tokens) for call in made_calls])
    calls.close()
    assert answers[0].model_copy(update={"profile": None, "cost": None}) == answers[1].model_copy(
        update={"profile": None, "cost": None}
    )
    assert len(costs[0]) == 4  # an extraction and three orders of the options
    assert costs[0] == costs[1]
    assert costs[0][0][0] > 200  # the peer's own instructions are charged to it
    assert len(inner.prompts) == 4  # the second time, all were kept


async def test_a_later_piece_is_taken_in_beside_what_is_remembered(
    name: str, history: HistoryStore
) -> None:
    long = [HistoryItem(text=f"{n}: " + "tea and biscuits " * 150) for n in range(5)]
    example = CHOICE.model_copy(update={"history": tuple(long)})
    method, chat = made(name, history)
    await method.answer(example)
    assert len(chat.extractions) == len(pieces(long)) == 2
    assert MEMORIES[0] not in chat.extractions[0]
    assert MEMORIES[0] in chat.extractions[1]


async def test_examples_do_not_see_each_others_memories(name: str, history: HistoryStore) -> None:
    method, chat = made(name, history)
    await method.answer(CHOICE)
    chat.memories = ("Is at sea",)
    said = await method.answer(OTHER)
    assert said.profile is not None
    assert [sentence.text for sentence in said.profile.sentences] == ["Is at sea"]


async def test_users_of_one_memory_do_not_find_each_others(
    name: str, history: HistoryStore
) -> None:
    chat = ExtractingChat(script=script)
    async with PEERS[name].open(Lent.of(chat, history.embedder)) as memory:  # type: ignore[arg-type]
        for user in ("anna", "ben"):
            chat.memories = (f"{user} likes tea",)
            await memory.take_in(user, HISTORY)
        assert await memory.find("anna", "tea") == ["anna likes tea"]
        assert await memory.find("carla", "tea") == []


@pytest.mark.parametrize("broken", ["I would rather not.", '{"memory": [{"text": "half'])
async def test_a_peer_that_stores_nothing_answers_with_no_memories(
    name: str, history: HistoryStore, broken: str
) -> None:
    method, chat = made(name, history)
    chat.broken = broken
    result = await ask(method, CHOICE)
    assert (result.kind, result.profile, result.unsupported) == ("answered", (), ())
    assert all("Profile of this person" not in prompt for prompt in chat.responses)
    assert len(chat.responses) == 3


async def test_a_failing_model_is_an_error_even_if_the_peer_swallows_it(
    name: str, history: HistoryStore
) -> None:
    def failing(prompt: str) -> Any:
        if "New Messages" in prompt or "subroutine" in prompt:
            raise ModelError("the endpoint is gone")
        return script(prompt)

    method, chat = made(name, history, ExtractingChat(script=failing))
    result = await ask(method, CHOICE)
    assert (result.kind, result.reason) == ("error", "ModelError: the endpoint is gone")
    assert chat.responses == []


@pytest.mark.parametrize("of", ["", MEMORIES[0]])  # mem0 swallows the latter, and stores nothing
async def test_a_failing_embedder_is_an_error(
    name: str, of: str, history: HistoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    method, _ = made(name, history)
    embed = method.inputs.embedder.embed_documents

    def failing(texts: list[str]) -> list[list[float]]:
        if of in str(texts):
            raise ModelError("no vectors today")
        return embed(texts)

    monkeypatch.setattr(method.inputs.embedder, "embed_documents", failing)
    result = await ask(method, CHOICE)
    assert (result.kind, result.reason) == ("error", "ModelError: no vectors today")


async def test_a_failing_peer_is_an_error_that_quotes_no_history(
    name: str, history: HistoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(self: object, user_id: str, items: Any) -> None:
        raise KeyError(items[0].text) from ValueError("why")

    for kind in (mem0.Mem0, langmem.LangMem):
        monkeypatch.setattr(kind, "take_in", failing)
    method, _ = made(name, history)
    with pytest.raises(PeerError) as raised:
        await method.answer(CHOICE)
    assert (
        str(raised.value) == f"{name} failed (KeyError, from ValueError); its own log may say why."
    )


async def test_abstentions_follow_the_tasks_rule(name: str, history: HistoryStore) -> None:
    def unsure(prompt: str) -> Any:
        said = script(prompt)
        return {"A": 0.33, "B": 0.33, "C": 0.33} if isinstance(said, dict) else said

    method, chat = made(name, history, ExtractingChat(script=unsure))
    said = await method.answer(CHOICE)
    assert isinstance(said, Abstained)
    assert (said.reason, len(chat.responses)) == ("low_confidence", 3)
    empty = await method.answer(CHOICE.model_copy(update={"history": ()}))
    assert isinstance(empty, Abstained)
    assert empty.reason == "no_history"


async def test_a_text_is_written_from_the_memories(name: str, history: HistoryStore) -> None:
    method, chat = made(name, history, task="dialogue")
    said = await method.answer(TEXT.model_copy(update={"question": CHOICE.question}))
    assert isinstance(said, Answered)
    assert said.text == "Cat toys, mostly."
    before, written, after = chat.prompts[-3:]
    assert all(memory in written for memory in MEMORIES)
    for check in (before, after):  # the task's own, as for the workflow
        assert "Answer Yes or No" in check


async def test_nothing_leaves_the_machine_or_stays_on_it(
    name: str, history: HistoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[object] = []
    connect, lookup = socket.socket.connect, socket.getaddrinfo

    def noting(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            reached.append(address)
        connect(self, address)

    def noting_names(host: Any, *args: Any, **kwargs: Any) -> Any:
        reached.append(host)
        return lookup(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", noting)
    monkeypatch.setattr(socket, "getaddrinfo", noting_names)
    for folder in ("home", "temporary"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    for module in [module for module in sys.modules if module.split(".")[0] in ("mem0", "langmem")]:
        monkeypatch.delitem(sys.modules, module)  # imported anew: telemetry starts with the import
    method, _ = made(name, history)
    assert isinstance(await method.answer(CHOICE), Answered)
    assert reached == []
    assert list((tmp_path / "home").iterdir()) == []
    assert list((tmp_path / "temporary").iterdir()) == []
    assert "MEM0_DIR" not in os.environ


def test_mem0_that_was_imported_with_telemetry_is_refused(
    history: HistoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed("mem0")
    made("mem0", history)
    monkeypatch.setattr("mem0.memory.telemetry.MEM0_TELEMETRY", True)
    with pytest.raises(SettingsError, match="set MEM0_TELEMETRY=False"):
        made("mem0", history)


@pytest.mark.parametrize("absent", NAMES)
def test_a_peer_that_is_not_installed_is_named(
    absent: str, history: HistoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(SettingsError, match=r"pip install -e '\.\[peers\]'"):
        made(absent, history)


def test_a_peer_needs_a_model(history: HistoryStore) -> None:
    parts = MethodInputs(None, history, history.embedder, builtin_tasks()["preference"], [CHOICE])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="'langmem' needs a model"):
        make_methods(["langmem"], parts)


def test_a_history_is_cut_where_a_piece_is_full() -> None:
    items = [HistoryItem(text=f"{n} " + "word " * 200) for n in range(40)]
    cut = pieces(items)
    assert [item for piece in cut for item in piece] == items
    assert all(sum(map(tokens_of, piece)) <= PIECE_TOKENS for piece in cut)
    assert len(cut) == 4
    huge = HistoryItem(text="word " * 3000)
    assert [len(piece) for piece in pieces([items[0], huge, items[1]])] == [1, 1, 1]
    assert pieces([]) == []


async def test_a_lent_model_may_be_called_from_any_thread_and_charges_who_lent_it() -> None:
    inner = ScriptedChat(script=lambda prompt: "Hello.")
    with charged() as calls:
        kept = KeptChat(inner=inner, calls=Calls(Path(":memory:")))
        lent = LentChat(inner=kept)
    with ThreadPoolExecutor() as pool:  # unlike asyncio.to_thread, it does not hand the context on
        futures = [pool.submit(lent.invoke, f"Hello, {n}?") for n in range(8)]
        said = await asyncio.gather(*map(asyncio.wrap_future, futures))
    kept.calls.close()
    assert [message.text for message in said] == ["Hello."] * 8
    assert len(calls) == 8
    with pytest.raises(NotImplementedError, match="called asynchronously"):
        lent.invoke("Hello?")  # it would wait for itself


def test_random_ids_are_renamed_in_order_and_restored() -> None:
    def data(first: object, second: object) -> list[object]:
        return [f"<session_{first}>", {"tool": [str(second), str(first)]}, "deadbeef"]

    ids, others = Ids(), Ids()
    first, second = uuid4(), uuid4().hex
    renamed = ids.renamed(data(first, second))
    assert renamed == others.renamed(data(uuid4(), uuid4().hex))
    assert str(first) not in str(renamed)
    assert second not in str(renamed)
    assert ids.restored(renamed) == data(first, second)


async def test_prompts_that_differ_in_what_was_called_alone_are_other_calls() -> None:
    inner = ScriptedChat(script=lambda prompt: "Again.")
    kept = KeptChat(inner=inner, calls=Calls(Path(":memory:")))
    for place in ("here", "there", "here"):
        call = {"name": "look", "args": {"where": place}, "id": uuid4().hex}
        await kept.ainvoke([AIMessage("", tool_calls=[call]), ToolMessage("?", tool_call_id="x")])
    kept.calls.close()
    assert len(inner.prompts) == 2


async def test_an_answer_from_memories_is_asked_for_whether_or_not_they_tell_it(
    history: HistoryStore,
) -> None:
    def said(prompt: str) -> str | dict[str, float]:
        if prompt.endswith("Answer Yes or No."):
            holds = "Miso" in prompt
            return {"Yes": 0.9, "No": 0.1} if holds else {"Yes": 0.01, "No": 0.99}
        return "Miso."

    chat = ScriptedChat(script=said)
    parts = MethodInputs(chat, history, history.embedder, builtin_tasks()["dialogue"], [TEXT])
    known = await answer_from(parts, chat, TEXT, ["has a cat named Miso"])
    unknown = await answer_from(parts, chat, TEXT, ["likes tea"])
    assert (known.kind, unknown.kind) == ("answered", "abstained")
