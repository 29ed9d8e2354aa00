"""When a profile's worth is measured, where it is kept, and what it decides."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from langgraph.store.memory import InMemoryStore
from scripted import ScriptedChat
from workflows import ANNA, items, responses, script

from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.errors import ModelError, QuestionError
from guided_profile.graph.profile import standing_profile
from guided_profile.graph.records import Profile, Worth
from guided_profile.graph.state import Answered
from guided_profile.graph.tasks import Task, builtin_tasks
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.corrections import pin
from guided_profile.tools.profiles.store import ProfileStore
from guided_profile.tools.user_data.erase import forget_items
from guided_profile.tools.worth.standing import AGAIN

MORE = items(
    "the kettle has a new lid at last",
    "three letters went to the post office",
    "my shoes wait at the cobbler's until Friday",
    "somebody painted the stairs green overnight",
)
KEPT = ("This person has a cat named Miso.", "This person commutes by bicycle.")


class Asked:
    """A model that finds a profile's own items likelier with it, or unlikelier."""

    def __init__(self, factor: float = 4.0) -> None:
        self.factor = factor
        self.fails = False
        self.prompts: list[str] = []
        self._otherwise = script("Miso, my cat!")

    def __call__(self, prompt: str) -> Any:
        if "Does this come from this person?" not in prompt:
            return self._otherwise(prompt)
        self.prompts.append(prompt)
        if self.fails:
            raise ModelError("the model is gone.")
        past = {item.text for item in (*ANNA, *MORE)}
        (text,) = re.findall(r"(?m)^Text: (.*)$", prompt)
        yes = 0.2 * (self.factor if text in past and "Profile of this person" in prompt else 1.0)
        return {"Yes": yes, "No": 1 - yes}


class Clock:
    """A time that a test sets."""

    now = datetime(2025, 6, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def workflow(
    history: HistoryStore,
    says: Asked,
    worth: str | None = None,
    store: InMemoryStore | None = None,
    **parts: Any,
) -> tuple[Graph, ScriptedChat, Task]:
    history.add("anna", [*ANNA, *MORE])
    task = builtin_tasks()["dialogue"].model_copy(update={"worth": worth or "off"})
    chat = ScriptedChat(script=says)
    kept = store or InMemoryStore()
    graph = build_graph(chat=chat, history=history, tasks=[task], store=kept, **parts)
    return graph, chat, task


async def ask(graph: Graph, **context: Any) -> Answered:
    asked = Context(user_id="anna", task="dialogue", **context)
    out = await graph.ainvoke({"question": "Any pets?"}, context=asked)
    assert isinstance(out["answer"], Answered), out["answer"]
    return out["answer"]


def profile_of(answer: Answered) -> Profile:
    assert answer.profile
    return answer.profile


def worth_of(answer: Answered) -> Worth:
    worth = profile_of(answer).worth
    assert worth
    return worth


async def test_it_is_measured_once_when_the_profile_is_made_and_kept_with_it(
    history: HistoryStore,
) -> None:
    says, store = Asked(), InMemoryStore()
    graph, _, _ = workflow(history, says, "measure", store)
    first = await ask(graph)
    worth = profile_of(first).worth
    assert worth
    assert worth.helps
    asked = len(says.prompts)
    assert worth.cost.calls == asked
    assert profile_of(first).cost.calls > asked
    second = await ask(graph)
    assert second.profile_use == "standing"
    assert profile_of(second).worth == worth
    assert len(says.prompts) == asked
    (version,) = await ProfileStore(store, "anna", "dialogue").versions()
    assert version.worth == worth


async def test_by_default_it_is_not_measured(history: HistoryStore) -> None:
    says = Asked()
    graph, _, _ = workflow(history, says)
    assert profile_of(await ask(graph)).worth is None
    assert says.prompts == []


async def test_turned_on_later_it_is_measured_of_the_profile_that_stands(
    history: HistoryStore,
) -> None:
    says, store = Asked(), InMemoryStore()
    made = profile_of(await ask(workflow(history, says, "off", store)[0]))
    later = await ask(workflow(history, says, "measure", store)[0])
    assert later.profile_use == "standing"
    assert profile_of(later).worth
    assert profile_of(later).created == made.created


async def test_a_profile_can_be_measured_without_a_question(history: HistoryStore) -> None:
    says = Asked()
    graph, _, task = workflow(history, says)
    context = Context(user_id="anna", task="dialogue", worth="measure")
    made = await standing_profile(graph, task, context)
    assert made.worth
    assert made.worth.helps
    assert profile_of(await ask(graph)).worth == made.worth


async def test_what_could_not_be_measured_is_measured_again_only_where_a_run_asks_for_it(
    history: HistoryStore,
) -> None:
    says = Asked()
    graph, _, task = workflow(history, says, "measure")
    for item in MORE[1:]:
        history.delete("anna", [item.id])
    first = profile_of(await ask(graph)).worth
    assert first
    assert "too few" in first.note
    history.add("anna", MORE[1:2])
    history.add("anna", items("a letter came from the north at last"))
    assert profile_of(await ask(graph)).worth == first
    context = Context(user_id="anna", task="dialogue", worth="measure")
    again = (await standing_profile(graph, task, context)).worth
    assert again
    assert again.helps


@pytest.mark.parametrize(("factor", "used"), [(4.0, KEPT), (0.5, ())])
async def test_where_it_is_required_a_profile_of_no_worth_is_not_used(
    history: HistoryStore, factor: float, used: tuple[str, ...]
) -> None:
    graph, chat, _ = workflow(history, Asked(factor), "require")
    answer = await ask(graph, restraint=False)
    assert ("Profile of this person" in responses(chat)[-1]) is bool(used)
    assert answer.used == used
    left_out = {(each.text, each.reason) for each in answer.held_back}
    assert left_out == {(text, "no_worth") for text in KEPT if text not in used}


async def test_what_the_user_pinned_is_used_whatever_the_profile_is_worth(
    history: HistoryStore,
) -> None:
    store = InMemoryStore()
    graph, _, _ = workflow(history, Asked(0.5), "require", store)
    made = profile_of(await ask(graph))
    await pin(ProfileStore(store, "anna", "dialogue"), "I am vegan.", now=made.created)
    answer = await ask(graph, restraint=False)
    assert answer.used == ("I am vegan.",)


async def test_a_model_that_fails_while_it_is_measured_fails_no_answer_and_is_asked_again(
    history: HistoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    says, clock = Asked(), Clock()
    says.fails = True
    graph, _, _ = workflow(history, says, "measure", clock=clock)
    assert worth_of(await ask(graph)).failed
    assert "could not be measured" in caplog.text
    says.fails = False
    asked = len(says.prompts)
    clock.now += AGAIN / 2
    assert worth_of(await ask(graph)).failed
    assert len(says.prompts) == asked
    clock.now += AGAIN
    assert worth_of(await ask(graph)).helps


async def test_a_profile_that_was_deleted_meanwhile_does_not_come_back_with_its_worth(
    history: HistoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = InMemoryStore()
    says = Asked()
    graph, _, _ = workflow(history, says, "measure", store)
    keep = "guided_profile.nodes.prove.keep_worth"
    from guided_profile.tools.worth.standing import keep_worth

    async def deleted_first(*given: Any) -> bool:
        await forget_items("anna", [ANNA[0].id], history=history, store=store)
        return await keep_worth(*given)

    monkeypatch.setattr(keep, deleted_first)
    await ask(graph)
    assert await ProfileStore(store, "anna", "dialogue").standing() is None


def test_another_word_than_the_three_is_refused() -> None:
    with pytest.raises(QuestionError, match="worth is 'yes'; set it to off, measure or require"):
        Context(user_id="anna", worth="yes")  # type: ignore[arg-type]
