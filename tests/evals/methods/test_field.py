"""The field's ideas over our tools, on the real workflow with a scripted model."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from cat_toys import CHOICE, OTHER, TEXT, script
from scripted import Script, ScriptedChat

from guided_profile.evals.catalogue import made_of, make_methods
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.methods.recalling import Recalling, runs
from guided_profile.evals.methods.tested import SynthesizeMe
from guided_profile.evals.methods.workflow import FEW_TOKENS, MethodInputs
from guided_profile.evals.run.runner import ask
from guided_profile.graph.errors import InputError
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import Abstained, Answered
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.history.store import HistoryStore

NEW = ("reminder", "notes", "secom", "memgas", "facts", "emem", "synthesizeme")
TELLS = {
    "I could not sleep on the plane, it is always so": "This person sleeps badly on planes.",
    "the ferry to Oban was lovely": "This person likes ferries.",
    "make the loop run backwards please": "-",
}
JOURNEY = Example(
    id="journey",
    user_id="w",
    task="preference",
    question="How shall I travel, by air or by ferry?",
    options=("a flight", "a cat toy", "a boat"),
    reference="a boat",
    history=tuple(
        HistoryItem(id=str(n), text=text, source="chat", time=datetime(2024, 3 + n, 1, tzinfo=UTC))
        for n, text in enumerate(TELLS)
    ),
)


def telling(prompt: str) -> str | dict[str, float]:
    last = prompt.rsplit("\n", 1)[-1]
    if "Last day:" in prompt.rsplit("Question:", 1)[0][-40:]:
        return "2024-04-01 2024-04-30"
    if "Reply with their numbers alone" in prompt:
        return "2"
    if "Leave out the other lines" in prompt:
        return "NOTED: the ferry was lovely"
    if "choose the things above" in prompt:
        return "This person wants {soft} toys."
    for text, statement in TELLS.items():
        if last == text or prompt.endswith(text):
            return statement
    return script(prompt)


def made(
    name: str, history: HistoryStore, examples: Sequence[Example], script: Script = telling
) -> tuple[object, ScriptedChat]:
    chat = ScriptedChat(script=script)
    for example in examples:
        history.add(example.id, example.history)
    task = builtin_tasks()[examples[0].task]
    parts = MethodInputs(chat, history, history.embedder, task, examples)  # type: ignore[arg-type]
    (method,) = make_methods([name], parts)
    return method, chat


def responses(chat: ScriptedChat) -> list[str]:
    return [prompt for prompt in chat.prompts if "option and nothing else" in prompt]


@pytest.mark.parametrize("name", NEW)
async def test_each_answers_and_leaves_no_history_of_its_own(
    history: HistoryStore, name: str
) -> None:
    method, _ = made(name, history, [CHOICE, OTHER])
    result = await ask(method, CHOICE)  # type: ignore[arg-type]
    assert (result.kind, result.text) == ("answered", "a cat toy")
    assert history.users() == ["one", "two"]


@pytest.mark.parametrize("name", NEW)
async def test_without_history_none_claims_to_know(history: HistoryStore, name: str) -> None:
    nobody = CHOICE.model_copy(update={"history": ()})
    method, chat = made(name, history, [nobody])
    result = await ask(method, nobody)  # type: ignore[arg-type]
    assert result.kind in ("answered", "abstained")
    assert not any("Profile of this person" in prompt for prompt in chat.prompts)


@pytest.mark.parametrize("name", NEW)
def test_each_refuses_a_task_that_it_has_no_use_for(history: HistoryStore, name: str) -> None:
    styled = TEXT.model_copy(update={"task": "paraphrase"})
    with pytest.raises(InputError, match="leave it out"):
        made(name, history, [styled])


@pytest.mark.parametrize("name", NEW)
def test_what_each_says_is_part_of_a_run(name: str) -> None:
    assert made_of(name)


async def test_the_reminder_stands_after_the_question_and_before_the_options(
    history: HistoryStore,
) -> None:
    method, chat = made("reminder", history, [CHOICE])
    await method.answer(CHOICE)  # type: ignore[attr-defined]
    for prompt in responses(chat):
        at = [prompt.index(part) for part in ("</history>", "Which next?", "Heed what", "A. ")]
        assert at == sorted(at)


async def test_notes_are_taken_of_the_recalled_items_alone_and_shown_with_them(
    history: HistoryStore,
) -> None:
    many = tuple(
        HistoryItem(text=f"purchase number {n}, tea", source="purchases") for n in range(40)
    )
    example = JOURNEY.model_copy(update={"history": (*JOURNEY.history, *many)})
    method, chat = made("notes", history, [example])
    assert isinstance(await method.answer(example), Answered)  # type: ignore[attr-defined]
    (noting,) = [prompt for prompt in chat.prompts if "Leave out the other lines" in prompt]
    assert "by air or by ferry" in noting
    assert noting.count("purchase number") < 20
    for prompt in responses(chat):
        assert "NOTED: the ferry was lovely" in prompt
        assert "the ferry to Oban was lovely" in prompt


async def test_facts_are_keys_and_items_are_shown_word_for_word(history: HistoryStore) -> None:
    crossing = "the crossing to Oban was lovely"
    many = tuple(HistoryItem(text=f"purchase number {n}, some tea again") for n in range(40))
    example = JOURNEY.model_copy(
        update={"question": "And ferries?", "history": (*many, HistoryItem(text=crossing))}
    )

    def telling_of_it(prompt: str) -> str | dict[str, float]:
        if prompt.endswith(crossing):
            return "This person likes ferries."
        return "-" if prompt.endswith("tea again") else script(prompt)

    by_facts, chat = made("facts", history, [example], telling_of_it)
    by_text, other = made("rag", history, [example], telling_of_it)
    await by_facts.answer(example)  # type: ignore[attr-defined]
    await by_text.answer(example)  # type: ignore[attr-defined]
    assert crossing in responses(chat)[0]
    assert "This person likes ferries" not in responses(chat)[0]
    assert crossing not in responses(other)[0]


async def test_items_of_the_period_that_a_question_names_come_first(
    history: HistoryStore,
) -> None:
    example = JOURNEY.model_copy(update={"question": "Shall I sleep on the plane?"})
    method, _ = made("facts", history, [example])
    assert isinstance(method, Recalling)
    found = await method.find(method.inputs, example, FEW_TOKENS)
    assert found[0].text == "the ferry to Oban was lovely"  # of April
    undated = [item.model_copy(update={"time": None}) for item in example.history]
    found = await method.find(
        method.inputs, example.model_copy(update={"history": tuple(undated)}), FEW_TOKENS
    )
    assert found[0].text.startswith("I could not sleep on the plane")


async def test_a_period_that_holds_nothing_is_made_up(history: HistoryStore) -> None:
    def elsewhere(prompt: str) -> str | dict[str, float]:
        said = telling(prompt)
        return "1999-01-01 1999-12-31" if said == "2024-04-01 2024-04-30" else said

    method, _ = made("facts", history, [JOURNEY], elsewhere)
    assert isinstance(method, Recalling)
    assert len(await method.find(method.inputs, JOURNEY, FEW_TOKENS)) == 3


async def test_statements_stand_in_the_place_of_items_and_those_that_bear_stay(
    history: HistoryStore,
) -> None:
    method, chat = made("emem", history, [JOURNEY])
    await method.answer(JOURNEY)  # type: ignore[attr-defined]
    statements = [text for text in TELLS.values() if text != "-"]
    (prompt, *_) = responses(chat)
    assert sum(text in prompt for text in statements) == 1  # number 2 of those found
    assert not any(text in prompt for text in TELLS if text != "-")


async def test_an_item_is_asked_about_alone_so_that_other_examples_share_the_call(
    history: HistoryStore,
) -> None:
    method, chat = made("facts", history, [JOURNEY])
    await method.answer(JOURNEY)  # type: ignore[attr-defined]
    again = JOURNEY.model_copy(update={"id": "again", "question": "And home?"})
    history.add("again", again.history)
    before = set(chat.prompts)
    await method.answer(again)  # type: ignore[attr-defined]
    new = set(chat.prompts) - before
    assert not any(prompt.endswith(text) for prompt in new for text in TELLS)


def test_a_history_is_cut_where_the_topic_changes() -> None:
    items = [HistoryItem(id=str(n), text=f"item {n}", source="chat") for n in range(4)]
    vectors = np.array([[1, 0], [0.98, 0.2], [0, 1], [0.1, 0.99]], np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert runs(items, vectors) == [[0, 1], [2, 3]]
    other = [*items[:1], items[1].model_copy(update={"source": "posts"}), *items[2:]]
    assert runs(other, vectors) == [[0], [1], [2, 3]]
    assert runs([], vectors) == []


async def test_the_guess_that_tells_the_person_from_others_best_is_the_persona(
    history: HistoryStore,
) -> None:
    def guessing(prompt: str) -> str | dict[str, float]:
        if "choose the things above" in prompt:
            return "This person likes ROPES." if "thing 1," in prompt else "This person likes CATS."
        if "Does this come from this person" in prompt:
            theirs = "cat thing" in prompt
            yes = 0.9 if theirs else 0.1
            return {"Yes": yes, "No": 1 - yes} if "CATS" in prompt else {"Yes": 0.5, "No": 0.5}
        return script(prompt)

    items = tuple(
        HistoryItem(id=str(n), text=f"a nice cat thing {n}, number", source="purchases")
        for n in range(9)
    )
    example = CHOICE.model_copy(update={"history": items})
    method, chat = made("synthesizeme", history, [example, OTHER], guessing)
    assert isinstance(method, SynthesizeMe)
    guesses = {prompt for prompt in chat.prompts if "choose the things above" in prompt}
    assert not guesses
    persona = await method.persona(example)
    assert persona == "This person likes CATS."
    tested = [prompt for prompt in chat.prompts if "Does this come from this person" in prompt]
    made_from = [prompt for prompt in chat.prompts if "choose the things above" in prompt]
    assert tested
    for n in range(9):
        text = f"a nice cat thing {n}, number"
        if any(text in prompt for prompt in tested):  # held out
            assert not any(text in prompt for prompt in made_from)


async def test_a_persona_that_helps_nothing_is_left_out(history: HistoryStore) -> None:
    def useless(prompt: str) -> str | dict[str, float]:
        if "Does this come from this person" in prompt:
            yes = 0.2 if "Profile" in prompt and "cat" in prompt else 0.5
            return {"Yes": yes, "No": 1 - yes}
        return telling(prompt)

    method, _ = made("synthesizeme", history, [CHOICE, OTHER], useless)
    assert isinstance(method, SynthesizeMe)
    assert await method.persona(CHOICE) is None
    said = await method.answer(CHOICE)
    assert isinstance(said, Answered | Abstained)
