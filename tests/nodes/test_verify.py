"""What becomes of the sentences that were written, by what the verifier says to them."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from asked import writes_profile
from langgraph.store.memory import InMemoryStore
from scripted import ScriptedChat
from workflows import ANNA, items, responses, script, stage_of

from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.errors import ModelError, TaskError
from guided_profile.graph.records import Call, Profile, Verdict
from guided_profile.graph.state import Answered
from guided_profile.graph.task_rules import Freshness
from guided_profile.graph.tasks import Task, builtin_tasks
from guided_profile.tools.evidence.base import Claim, Judged
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.corrections import forbid
from guided_profile.tools.profiles.store import ProfileStore

CONTEXT = Context(user_id="anna")
CAT, BIKE = ANNA
HAS_CAT, CYCLES, YACHT = (
    "This person has a cat named Miso.",
    "This person commutes by bicycle.",
    "They own a yacht.",
)
NOW = datetime(2025, 6, 1, tzinfo=UTC)


class Verifier:
    """Gives each sentence the verdict that it was made with, `stated` if none."""

    def __init__(self, id: str = "mine", **verdicts: Verdict) -> None:
        self.id = id
        self.verdicts = verdicts
        self.claims: list[Claim] = []
        self.broken = False

    async def verify(self, claims: Sequence[Claim]) -> tuple[list[Judged], list[Call]]:
        if self.broken:
            raise ModelError("the judge is gone.")
        self.claims += claims
        return [self._judged(claim) for claim in claims], [Call(stage="verify", seconds=0.0)]

    def _judged(self, claim: Claim) -> Judged:
        named = next((word for word in self.verdicts if word in claim.text), None)
        verdict = self.verdicts[named] if named else "stated"
        wanted = BIKE.id if "bicycle" in claim.text else CAT.id
        evidence = (wanted,) if verdict != "unsupported" else ()
        likely = {"stated": 0.9, "inferred": 0.7, "contradicted": 0.1, "unsupported": 0.2}
        return Judged(verdict, likely[verdict], evidence)


def workflow(
    history: HistoryStore, said: Callable[[str], Any] | None = None, **options: Any
) -> tuple[Graph, ScriptedChat]:
    history.add("anna", ANNA)
    chat = ScriptedChat(script=said or script("Miso, my cat!"))
    return build_graph(chat=chat, history=history, clock=lambda: NOW, **options), chat


async def ask(graph: Graph, context: Context = CONTEXT) -> tuple[Answered, Profile]:
    out = await graph.ainvoke({"question": "Any pets?"}, context=context)
    answer = out["answer"]
    assert isinstance(answer, Answered), answer
    assert answer.profile
    return answer, answer.profile


async def test_what_does_not_stand_is_kept_in_the_record_and_not_shown(
    history: HistoryStore,
) -> None:
    verifier = Verifier(bicycle="contradicted", yacht="unsupported")
    store = InMemoryStore()
    graph, chat = workflow(history, verifier=verifier, store=store)
    _, profile = await ask(graph)
    assert [sentence.text for sentence in profile.supported] == [HAS_CAT]
    kept = {sentence.text: sentence for sentence in profile.sentences}
    assert list(kept) == [HAS_CAT, CYCLES, YACHT]
    denied = kept[CYCLES]
    assert (denied.verdict, denied.evidence, denied.against) == ("contradicted", (), (BIKE.id,))
    assert denied.confidence == 0.1
    assert (kept[YACHT].verdict, kept[YACHT].against) == ("unsupported", ())
    (asked,) = responses(chat)
    assert HAS_CAT in asked
    assert "commutes" not in asked
    assert "yacht" not in asked
    standing = await ProfileStore(store, "anna", "dialogue").standing()
    assert standing
    assert standing.profile == profile


BOATS = tuple(f"They own boat number {n}." for n in range(5))


def twice(first: Sequence[str], second: Sequence[str]) -> Callable[[str], Any]:
    """Write one draft, then, asked once more, another."""

    def said(prompt: str) -> Any:
        if writes_profile(prompt):
            return " ".join(second if "You wrote already:" in prompt else first)
        return script("Miso, my cat!")(prompt)

    return said


async def test_a_writer_of_whose_draft_little_stands_is_asked_once_more(
    history: HistoryStore,
) -> None:
    verifier = Verifier(boat="unsupported")
    graph, chat = workflow(history, twice([HAS_CAT, *BOATS], [HAS_CAT, CYCLES]), verifier=verifier)
    _, profile = await ask(graph)
    assert [sentence.text for sentence in profile.supported] == [HAS_CAT, CYCLES]
    assert {sentence.text for sentence in profile.sentences} == {HAS_CAT, CYCLES, *BOATS}
    first, second = (prompt for prompt in chat.prompts if writes_profile(prompt))
    assert first == second[: len(first)], "the prefix cache serves the second draft"
    kept, struck = second.removeprefix(first).split("These are not shown by the history")
    assert HAS_CAT in kept
    assert all(boat in struck for boat in BOATS)
    assert [claim.text for claim in verifier.claims].count(HAS_CAT) == 1, (
        "what is judged stays judged"
    )


@pytest.mark.parametrize("first", [[HAS_CAT, *BOATS[:3]], [HAS_CAT, CYCLES, *BOATS]])
async def test_no_more_than_one_draft_is_asked_for_again(
    history: HistoryStore, first: list[str]
) -> None:
    """With three struck sentences the draft was short; with a second draft as bad, that is all."""
    verifier = Verifier(boat="unsupported")
    graph, chat = workflow(history, twice(first, BOATS), verifier=verifier)
    _, profile = await ask(graph)
    assert HAS_CAT in {sentence.text for sentence in profile.supported}
    drafts = [prompt for prompt in chat.prompts if writes_profile(prompt)]
    assert len(drafts) == (1 if len(first) == 4 else 2)


async def test_an_empty_second_draft_leaves_the_first_one_to_stand(history: HistoryStore) -> None:
    store = InMemoryStore()
    verifier = Verifier(boat="unsupported")
    graph, chat = workflow(history, twice([HAS_CAT, *BOATS], []), verifier=verifier, store=store)
    answer, profile = await ask(graph)
    assert (answer.profile_use, [sentence.text for sentence in profile.supported]) == (
        "built",
        [HAS_CAT],
    )
    asked = len(chat.prompts)
    again, _ = await ask(graph)
    assert again.profile_use == "standing"
    assert not any(writes_profile(prompt) for prompt in chat.prompts[asked:])


async def test_a_second_draft_that_fails_leaves_the_first_one_to_stand(
    history: HistoryStore,
) -> None:
    first = twice([HAS_CAT, *BOATS], [])

    def said(prompt: str) -> Any:
        if "You wrote already:" in prompt:
            raise ModelError("the endpoint is gone.")
        return first(prompt)

    verifier, store = Verifier(boat="unsupported"), InMemoryStore()
    graph, _ = workflow(history, said, verifier=verifier, store=store)
    _, profile = await ask(graph)
    assert [sentence.text for sentence in profile.supported] == [HAS_CAT]
    assert await ProfileStore(store, "anna", "dialogue").standing()


async def test_what_is_inferred_is_shown_as_probable(history: HistoryStore) -> None:
    verifier = Verifier(cat="inferred", yacht="inferred")
    graph, chat = workflow(history, verifier=verifier)
    _, profile = await ask(graph)
    assert f"Profile of this person: {CYCLES} Probably: {HAS_CAT} {YACHT}\n" in responses(chat)[0]
    assert {sentence.text: sentence.verdict for sentence in profile.supported} == {
        HAS_CAT: "inferred",
        CYCLES: "stated",
        YACHT: "inferred",
    }


async def test_a_failing_verifier_is_an_error_and_the_next_run_makes_the_profile(
    history: HistoryStore,
) -> None:
    verifier, store = Verifier(), InMemoryStore()
    graph, chat = workflow(history, verifier=verifier, store=store)
    verifier.broken = True
    with pytest.raises(ModelError, match="judge is gone"):
        await ask(graph)
    assert responses(chat) == []
    assert await ProfileStore(store, "anna", "dialogue").standing() is None
    verifier.broken = False
    answer, _ = await asyncio.wait_for(ask(graph), 5)  # nobody holds the build any more
    assert answer.profile_use == "built"


async def test_if_a_revision_cannot_be_judged_the_profile_that_stood_stays(
    history: HistoryStore,
) -> None:
    verifier, store = Verifier(), InMemoryStore()
    task = builtin_tasks()["dialogue"].model_copy(update={"freshness": Freshness(new_items=1)})
    graph, _ = workflow(history, verifier=verifier, store=store, tasks=[task])
    await ask(graph)
    before = await ProfileStore(store, "anna", "dialogue").standing()
    history.add("anna", items("it rained again", source="posts"))
    verifier.broken = True
    with pytest.raises(ModelError):
        await ask(graph)
    assert await ProfileStore(store, "anna", "dialogue").standing() == before
    verifier.broken = False
    answer, profile = await ask(graph)
    assert (answer.profile_use, profile.version) == ("revised", 2)


async def test_a_model_that_writes_nothing_leaves_the_profile_that_stood(
    history: HistoryStore,
) -> None:
    silent = False
    known = script("Miso, my cat!")

    def said(prompt: str) -> str | dict[str, float]:
        return "" if silent and writes_profile(prompt) else known(prompt)

    verifier, store = Verifier(), InMemoryStore()
    task = builtin_tasks()["dialogue"].model_copy(update={"freshness": Freshness(new_items=1)})
    graph, _ = workflow(history, said, verifier=verifier, store=store, tasks=[task])
    _, first = await ask(graph)
    history.add("anna", items("it rained again", source="posts"))
    silent = True
    _, second = await ask(graph)
    assert second == first
    silent = False
    _, third = await ask(graph)
    assert third.version == 2


async def test_a_verifier_of_ones_own_judges_in_the_place_of_the_model(
    history: HistoryStore,
) -> None:
    verifier = Verifier()
    graph, chat = workflow(history, verifier=verifier)
    answer, profile = await ask(graph)
    assert [claim.text for claim in verifier.claims] == [HAS_CAT, CYCLES, YACHT]
    assert all(claim.items == tuple(ANNA) for claim in verifier.claims)
    assert "verify" not in map(stage_of, chat.prompts)
    assert YACHT in [sentence.text for sentence in profile.supported], "its word is taken"
    # and the model is asked of each of the three when it is used
    assert profile.cost.calls == 9, "what the verifier says it took is counted"
    assert answer.cost.calls == 14


def naming(verifier: str | None, name: str = "dialogue") -> Task:
    return builtin_tasks()[name].model_copy(update={"verifier": verifier})


async def test_a_task_names_the_verifier_that_judges_its_profiles(history: HistoryStore) -> None:
    strict, kind = Verifier("strict", yacht="unsupported"), Verifier("kind")
    tasks = [naming("strict"), naming(None, "assistant")]
    graph, _ = workflow(history, verifier={"default": kind, "strict": strict}, tasks=tasks)
    _, judged = await ask(graph)
    assert (len(strict.claims), len(kind.claims)) == (3, 0)
    assert YACHT not in [sentence.text for sentence in judged.supported]
    await ask(graph, Context(user_id="anna", task="assistant"))
    assert (len(strict.claims), len(kind.claims)) == (3, 3)


async def test_beside_named_verifiers_the_model_judges_what_names_none(
    history: HistoryStore,
) -> None:
    strict = Verifier("strict")
    graph, chat = workflow(history, verifier={"strict": strict})
    _, profile = await ask(graph)
    assert strict.claims == []
    assert [stage_of(prompt) for prompt in chat.prompts].count("verify") == 3
    assert YACHT not in [sentence.text for sentence in profile.supported]


async def test_a_verifier_that_is_not_there_is_named_before_anything_is_asked(
    history: HistoryStore,
) -> None:
    graph, chat = workflow(history, verifier=Verifier(), tasks=[naming("strict")])
    with pytest.raises(TaskError, match=r"'dialogue' names the verifier 'strict'; there are def"):
        await ask(graph)
    assert chat.prompts == []


async def test_a_profile_that_another_verifier_judged_is_made_anew(history: HistoryStore) -> None:
    store = InMemoryStore()
    uses = []
    for verifier in (Verifier("one"), Verifier("one"), Verifier("two"), None, None):
        graph, _ = workflow(history, verifier=verifier, store=store)
        answer, _ = await ask(graph)
        uses.append(answer.profile_use)
    assert uses == ["built", "standing", "built", "built", "standing"]


async def test_what_the_user_forbade_is_not_written_again_in_other_words(
    history: HistoryStore,
) -> None:
    known = script("Miso, my cat!")
    notes = []

    def said(prompt: str) -> str | dict[str, float]:
        if "Does note 2 tell what note 1 tells" in prompt:
            notes.append(prompt)
            return {"Yes": 0.9, "No": 0.1}
        return known(prompt)

    store = InMemoryStore()
    graph, _ = workflow(history, said, store=store)
    profiles = ProfileStore(store, "anna", "dialogue")
    await forbid(profiles, "This person has a cat, Misou.", now=NOW)
    _, profile = await ask(graph)
    assert CYCLES in [sentence.text for sentence in profile.sentences]
    assert HAS_CAT not in [sentence.text for sentence in profile.sentences], (
        "not even in the record"
    )
    assert len(notes) == 1, "what is not alike is not asked about"
