"""A profile over time: kept, revised, built anew, overridden, shared by runs, and deleted."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asked import TWO_NOTES, digests, shares_words, writes_profile
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command
from scripted import ScriptedChat

from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.errors import ModelError
from guided_profile.graph.profile import standing_profile
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import Answered
from guided_profile.graph.task_rules import ColdStart, Freshness
from guided_profile.graph.tasks import Task, builtin_tasks
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.store import Override, ProfileStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONTEXT = Context(user_id="anna")


def item(text: str, month: int = 1, source: str = "chat") -> HistoryItem:
    return HistoryItem(text=text, source=source, time=datetime(2025, month, 1, tzinfo=UTC))


CAT = item("my cat Miso sleeps on my desk")
BIKE = item("the bicycle commute took 20 minutes today", 2)
TEA = item("i drink black tea every morning", 3)
COFFEE = item("i drink coffee every morning now, tea bores me", 9)

TELLS = {
    CAT.text: "This person has a cat named Miso.",
    BIKE.text: "This person commutes by bicycle.",
    TEA.text: "This person drinks black tea every morning.",
    COFFEE.text: "This person drinks coffee every morning.",
}


def tell(prompt: str) -> str | dict[str, float]:
    """A model that says what each item it is shown says, and nothing else."""
    if prompt.endswith("Answer Yes or No."):
        return {"Yes": 0.9, "No": 0.1}
    history = prompt.rsplit("</history>", 1)[0]
    said = [sentence for text, sentence in TELLS.items() if text in history]
    return " ".join(said) if writes_profile(prompt) else "Noted."


def is_over(statement: str, lines: list[str]) -> bool:
    return statement == TELLS[TEA.text] and any(COFFEE.text in line for line in lines)


def judges(statement: str, lines: list[str]) -> float:
    return 0.05 if is_over(statement, lines) else shares_words(statement, lines)


def task(**freshness: Any) -> Task:
    return builtin_tasks()["dialogue"].model_copy(update={"freshness": Freshness(**freshness)})


def in_words(prompt: str) -> str:
    said = tell(prompt)
    return "Yes" if isinstance(said, dict) else said


def workflow(
    history: HistoryStore,
    *,
    script: Callable[[str], Any] = tell,
    logprobs: bool = True,
    **options: Any,
) -> tuple[Graph, ScriptedChat]:
    chat = ScriptedChat(
        script=script,
        judges=judges,
        ends=lambda note, item: 0.9 if is_over(note, [item]) else 0.1,
        logprobs=logprobs,
    )
    options.setdefault("store", InMemoryStore())
    options.setdefault("tasks", [task(new_items=1)])
    return build_graph(chat=chat, history=history, **options), chat


async def ask(graph: Graph, context: Context = CONTEXT) -> Answered:
    out = await graph.ainvoke({"question": "What do you do in the morning?"}, context=context)
    answer = out["answer"]
    assert isinstance(answer, Answered)
    return answer


def texts(answer: Answered) -> list[str]:
    assert answer.profile
    return [sentence.text for sentence in answer.profile.supported]


async def test_new_items_are_digested_alone_and_the_standing_profile_is_revised(
    history: HistoryStore,
) -> None:
    graph, chat = workflow(history)
    history.add("anna", [CAT, BIKE, TEA])
    first = await ask(graph)
    assert first.profile_use == "built"
    history.add("anna", [COFFEE])
    chat.prompts.clear()
    second = await ask(graph)
    assert second.profile_use == "revised"
    assert texts(second) == [TELLS[CAT.text], TELLS[BIKE.text], TELLS[COFFEE.text]]
    making = [p for p in chat.prompts if digests(p) or writes_profile(p)]
    assert making
    assert all(CAT.text not in prompt for prompt in making)
    assert second.profile
    assert second.profile.version == 2
    (replaced,) = second.profile.replaced
    assert (replaced.text, replaced.by) == (TELLS[TEA.text], TELLS[COFFEE.text])
    assert (replaced.since, replaced.replaced) == (TEA.time, COFFEE.time)


async def test_a_warm_answer_makes_no_profile_call(history: HistoryStore) -> None:
    graph, chat = workflow(history)
    history.add("anna", [CAT, BIKE])
    cold = await ask(graph)
    warm = await ask(graph)
    assert warm.profile_use == "standing"
    # answerable?, does it differ by what is known and who asks?, the answer, and does it answer?
    assert (cold.cost.calls, warm.cost.calls) == (14, 3)  # the same request is asked about once
    assert warm.profile
    # digested, written, two sentences judged, one of them twice, and the use of both
    assert warm.profile.cost.calls == 9
    assert len(chat.prompts) == 17


async def test_without_probabilities_a_revision_takes_three_calls(history: HistoryStore) -> None:
    graph, chat = workflow(history, script=in_words, logprobs=False)
    history.add("anna", [CAT, BIKE, TEA])
    await ask(graph)
    history.add("anna", [COFFEE])
    chat.prompts.clear()
    second = await ask(graph)
    assert second.profile_use == "revised"
    assert texts(second) == [TELLS[CAT.text], TELLS[BIKE.text], TELLS[COFFEE.text]]
    assert second.profile
    assert second.profile.replaced[0].text == TELLS[TEA.text]
    # digested, written, and judged: what is new, what stood, and when an answer may use it
    assert second.profile.cost.calls == 3
    (judging,) = (one for one in chat.prompts if "Statements about this person" in one)
    assert f"\n1. {TELLS[COFFEE.text]}\n2. {TELLS[CAT.text]}\n" in judging


async def test_without_probabilities_the_judge_tells_how_it_is_now(history: HistoryStore) -> None:
    def passes_over(prompt: str) -> str:
        written = in_words(prompt)
        if "Does note 2 tell what note 1 tells" in prompt:
            return "No"
        if not writes_profile(prompt):
            return written
        return written.replace(TELLS[COFFEE.text], "") or "They own a zeppelin."

    graph, chat = workflow(history, script=passes_over, logprobs=False)
    chat.renews = lambda note, item: TELLS[COFFEE.text]
    history.add("anna", [CAT, BIKE, TEA])
    await ask(graph)
    history.add("anna", [COFFEE])
    chat.prompts.clear()
    second = await ask(graph)
    assert texts(second) == [TELLS[CAT.text], TELLS[BIKE.text], TELLS[COFFEE.text]]
    assert not any("What is true of this person now" in one for one in chat.prompts)


@pytest.mark.parametrize(
    ("now", "stands"),
    [
        (TELLS[COFFEE.text], [TELLS[CAT.text], TELLS[BIKE.text], TELLS[COFFEE.text]]),
        ("This person sails.", [TELLS[CAT.text], TELLS[BIKE.text]]),  # nothing supports it
        (TELLS[TEA.text], [TELLS[CAT.text], TELLS[BIKE.text], TELLS[TEA.text]]),  # it holds
    ],
)
async def test_what_the_writer_passes_over_is_asked_beside_the_sentence_that_it_ends(
    history: HistoryStore, now: str, stands: list[str]
) -> None:
    def passes_over(prompt: str) -> str | dict[str, float]:
        if TWO_NOTES.search(prompt):
            return {"Yes": 0.1, "No": 0.9}
        written = tell(prompt)
        if not writes_profile(prompt):
            return written
        return str(written).replace(TELLS[COFFEE.text], "") or "They own a zeppelin."

    graph, chat = workflow(history, script=passes_over)
    history.add("anna", [CAT, BIKE, TEA])
    await ask(graph)
    history.add("anna", [COFFEE])
    chat.renews = lambda note, item: now
    assert texts(await ask(graph)) == stands


async def test_it_is_not_revised_before_the_policy_says_so(history: HistoryStore) -> None:
    now = NOW
    graph, _ = workflow(history, tasks=[task(new_items=2, days=7)], clock=lambda: now)
    history.add("anna", [CAT, BIKE, item("rain"), item("snow")])
    await ask(graph)
    history.add("anna", [TEA])
    assert (await ask(graph)).profile_use == "standing"
    now = NOW + timedelta(days=8)
    assert (await ask(graph)).profile_use == "revised"
    history.add("anna", [COFFEE, item("wind")])
    assert (await ask(graph)).profile_use == "revised"


async def test_after_so_many_revisions_it_is_built_from_the_whole_history(
    history: HistoryStore,
) -> None:
    graph, _ = workflow(history, tasks=[task(new_items=1, rebuild_every=2)])
    history.add("anna", [CAT, BIKE])
    uses = [(await ask(graph)).profile_use]
    for n in range(4):
        history.add("anna", [item(f"it rained {n} times")])
        uses.append((await ask(graph)).profile_use)
    assert uses == ["built", "revised", "revised", "built", "revised"]


async def test_a_profile_that_cites_a_deleted_item_is_built_anew_before_the_next_answer(
    history: HistoryStore,
) -> None:
    store = InMemoryStore()
    graph, _ = workflow(history, store=store, tasks=[task()])
    history.add("anna", [CAT, BIKE, TEA])
    assert TELLS[CAT.text] in texts(await ask(graph))
    history.delete("anna", [CAT.id])
    after = await ask(graph)
    assert after.profile_use == "built"
    assert texts(after) == [TELLS[BIKE.text], TELLS[TEA.text]]
    versions = await ProfileStore(store, "anna", "dialogue").versions()
    assert all("Miso" not in version.model_dump_json() for version in versions)


async def test_pins_survive_every_rebuild_and_what_is_forbidden_never_returns(
    history: HistoryStore,
) -> None:
    store = InMemoryStore()
    graph, chat = workflow(history, store=store, tasks=[task(new_items=1, rebuild_every=0)])
    history.add("anna", [CAT, BIKE])
    await ask(graph)
    profiles = ProfileStore(store, "anna", "dialogue")
    await profiles.add_override(Override(kind="pin", text="This person sails.", time=NOW))
    await profiles.add_override(Override(kind="forbid", text=TELLS[CAT.text], time=NOW))
    for n in range(3):
        answer = await ask(graph)
        assert texts(answer) == ["This person sails.", TELLS[BIKE.text]]
        shown = next(p for p in reversed(chat.prompts) if "Profile of this person" in p)
        assert f"Profile of this person: This person sails. {TELLS[BIKE.text]}" in shown
        history.add("anna", [item(f"it rained {n} times")])
    for override in await profiles.overrides():
        await profiles.take_back(override)
    assert texts(await ask(graph)) == [TELLS[CAT.text], TELLS[BIKE.text]]


async def test_runs_at_the_same_time_make_the_first_profile_once(history: HistoryStore) -> None:
    graph, chat = workflow(history)
    history.add("anna", [CAT, BIKE])
    answers = await asyncio.gather(*(ask(graph) for _ in range(50)))
    made = [prompt for prompt in chat.prompts if writes_profile(prompt)]
    assert len(made) == 1
    assert sorted({answer.profile_use for answer in answers}) == ["built", "standing"]
    assert len({tuple(texts(answer)) for answer in answers}) == 1


async def test_a_failed_build_is_an_error_and_the_next_run_builds(history: HistoryStore) -> None:
    broken = True

    def said(prompt: str) -> str | dict[str, float]:
        if broken and writes_profile(prompt):
            raise ModelError("the model is gone.")
        return tell(prompt)

    graph, _ = workflow(history, script=said)
    history.add("anna", [CAT, BIKE])
    with pytest.raises(ModelError):
        await ask(graph)
    broken = False
    assert (await asyncio.wait_for(ask(graph), 5)).profile_use == "built"


JOINED = builtin_tasks()["dialogue"].model_copy(
    update={"sources": {"purchases": "What does this person buy?", "posts": "What is posted?"}}
)


async def test_a_run_whose_store_fails_while_it_plans_keeps_nobody_waiting(
    history: HistoryStore,
) -> None:
    class Failing(InMemoryStore):
        lookups = 0

        async def aget(self, *args: Any, **kwargs: Any) -> Any:
            self.lookups += 1
            if self.lookups == 2:  # the profile is this run's to make by then
                raise ConnectionError("the store is gone")
            return await super().aget(*args, **kwargs)

    graph, _ = workflow(history, store=Failing())
    history.add("anna", [CAT, BIKE])
    with pytest.raises(ConnectionError):
        await ask(graph)
    assert (await asyncio.wait_for(ask(graph), 5)).profile_use == "built"


@pytest.mark.parametrize("joined", [None, False])
async def test_sources_are_asked_their_own_questions_and_joined(
    history: HistoryStore, joined: bool | None
) -> None:
    graph, chat = workflow(history, tasks=[JOINED])
    history.add("anna", [item("a wok", source="purchases"), CAT, item("hi {all}", source="posts")])
    answer = await ask(graph, Context(user_id="anna", joined=joined))
    asked = [prompt.rsplit("</history>", 1)[1].strip() for prompt in chat.prompts]
    if joined is False:
        assert sum("What does this person buy?" in prompt for prompt in asked) == 0
        assert answer.guidance == "Noted."
        return
    assert "Look only at the items marked purchases. What does this person buy?" in asked
    assert "Look only at the items marked posts. What is posted?" in asked
    rest = [prompt for prompt in asked if prompt.startswith("Look only at the items marked chat.")]
    assert len(rest) == 1
    assert JOINED.guiding_question in rest[0]
    assert {line.split(":")[0] for line in answer.guidance.splitlines()} == {
        "From purchases",
        "From posts",
        "From chat",
    }


async def test_with_too_little_history_the_profile_says_so_and_costs_nothing(
    history: HistoryStore,
) -> None:
    graph, chat = workflow(history)
    history.add("anna", [CAT])
    answer = await ask(graph)
    assert answer.profile_use == "cold"
    assert answer.profile
    assert answer.profile.sentences == ()
    assert "too little history" in answer.profile.note
    assert answer.cost.calls == 3  # of the answer
    assert not any(writes_profile(prompt) for prompt in chat.prompts)


async def test_a_task_may_ask_a_new_user_two_questions_whose_replies_become_history(
    history: HistoryStore,
) -> None:
    asking = builtin_tasks()["dialogue"].model_copy(
        update={"cold_start": ColdStart(items=2, questions=("Any pets?", "How do you travel?"))}
    )
    graph, _ = workflow(history, tasks=[asking], checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    out = await graph.ainvoke({"question": "Hello?"}, config, context=CONTEXT)
    assert out["__interrupt__"][0].value["clarify"] == "Any pets?"
    out = await graph.ainvoke(Command(resume=CAT.text), config, context=CONTEXT)
    assert out["__interrupt__"][0].value["clarify"] == "How do you travel?"
    out = await graph.ainvoke(Command(resume=BIKE.text), config, context=CONTEXT)
    assert out["answer"].profile_use == "built"
    kept = [item.text for item in history.list("anna", source="welcome")]
    assert kept == [f"Any pets? {CAT.text}", f"How do you travel? {BIKE.text}"]


async def test_to_show_a_profile_nobody_is_asked(history: HistoryStore) -> None:
    asking = builtin_tasks()["dialogue"].model_copy(
        update={"cold_start": ColdStart(items=2, questions=("Any pets?",))}
    )
    history.add("anna", [CAT])
    graph, _ = workflow(history, tasks=[asking], checkpointer=InMemorySaver())
    shown = await standing_profile(graph, asking, CONTEXT)
    assert shown.sentences == ()
    assert "1 of the 2 items" in shown.note
