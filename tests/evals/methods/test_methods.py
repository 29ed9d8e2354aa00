"""Methods, on the real workflow with a scripted model: what each of them shows the model."""

import numpy as np
import pytest
from asked import digests
from cat_toys import CHOICE, GUIDANCE, OTHER, TEXT, script
from scripted import Script, ScriptedChat

from guided_profile.evals.catalogue import NAMES, TABLE_3, make_methods, named
from guided_profile.evals.methods.neighbours import DifferenceAware
from guided_profile.evals.methods.workflow import SETTINGS, MethodInputs
from guided_profile.evals.run.runner import ask
from guided_profile.evals.scorers.result import Result
from guided_profile.graph.errors import InputError
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import Abstained, Answered
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.history.store import HistoryStore


def parts_of(
    history: HistoryStore, *, task: str = "preference", script: Script = script
) -> tuple[MethodInputs, ScriptedChat]:
    chat = ScriptedChat(script=script)
    task_ = builtin_tasks()[task]
    examples = [CHOICE, OTHER] if task == "preference" else [TEXT]
    for example in examples:
        history.add(example.id, example.history)
    given = {example.id: ("Mostly wears socks.",) for example in examples}
    inputs = MethodInputs(chat, history, history.embedder, task_, examples, profiles=given)  # type: ignore[arg-type]
    return inputs, chat


async def asked(
    name: str, history: HistoryStore, *, task: str = "preference", script: Script = script
) -> tuple[Answered | Abstained, list[str]]:
    """Return what a method says, and the prompts of the response."""
    parts, chat = parts_of(history, task=task, script=script)
    (method,) = make_methods([name], parts)
    said = await method.answer(parts.examples[0])
    return said, [prompt for prompt in chat.prompts if "option and nothing else" in prompt]


@pytest.mark.parametrize(
    ("name", "context", "guidance", "profile"),
    [
        ("dg", True, False, False),
        ("dg0", False, False, False),
        ("pg", True, False, True),
        ("pg-nopc", False, False, True),
        ("gpg", True, False, True),
        ("gpg-nopc", False, False, True),
        ("gpg-g", True, True, True),
        ("gpg-g-nopc", False, True, True),
        ("g", True, True, False),
        ("g-nopc", False, True, False),
    ],
)
async def test_a_row_of_table_3_shows_the_response_what_the_paper_says(
    history: HistoryStore, name: str, context: bool, guidance: bool, profile: bool
) -> None:
    said, prompts = await asked(name, history)
    assert isinstance(said, Answered)
    assert said.text == "a cat toy"
    assert len(prompts) == 2  # rotations that agree
    for prompt in prompts:
        assert ("feather cat toys" in prompt) == context
        assert (GUIDANCE in prompt) == guidance
        assert ("This person buys cat toys" in prompt) == profile


async def test_the_rows_are_all_of_the_paper_and_pg_is_unguided(history: HistoryStore) -> None:
    assert len(TABLE_3) == 10
    parts, chat = parts_of(history)
    (pg,) = make_methods(["pg"], parts)
    await pg.answer(CHOICE)
    assert not any(digests(prompt) for prompt in chat.prompts)


async def test_once_asks_in_one_order_only(history: HistoryStore) -> None:
    for name in ("dg-once", "gpg-once"):
        _, prompts = await asked(name, history)
        assert len(prompts) == 1
        assert prompts[0].index("A. a car") < prompts[0].index("B. a cat toy")


async def test_the_evidence_filter_can_be_left_out(history: HistoryStore) -> None:
    _, filtered = await asked("gpg", history)
    _, unfiltered = await asked("gpg-unfiltered", history)
    assert "opera" not in filtered[0]
    assert "opera" in unfiltered[0]


async def test_only_the_retrying_one_retries(history: HistoryStore) -> None:
    def declining(prompt: str) -> str | dict[str, float]:
        said = script(prompt)
        return {"Sorry": 0.9, "A": 0.1} if isinstance(said, dict) else said

    once, _ = await asked("gpg", history, script=declining)
    again, _ = await asked("gpg-retry", history, script=declining)
    assert (once.kind, once.tries) == ("abstained", 0)
    assert (again.kind, again.tries) == ("abstained", 2)


@pytest.mark.parametrize("name", ["rag", "summary"])
async def test_retrieval_shows_few_items(history: HistoryStore, name: str) -> None:
    parts, chat = parts_of(history)
    many = tuple(HistoryItem(text=f"purchase number {number}, tea") for number in range(30))
    example = CHOICE.model_copy(update={"id": "many", "history": many})
    history.add("many", many)
    (method,) = make_methods([name], parts)
    await method.answer(example)
    shown = next(prompt for prompt in chat.prompts if "option and nothing else" in prompt)
    assert 1 <= shown.count("purchase number") <= 12


async def test_each_setting_answers(history: HistoryStore) -> None:
    parts, _ = parts_of(history)
    for name in SETTINGS:
        (method,) = make_methods([name], parts)
        assert isinstance(await method.answer(CHOICE), Answered), name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("longest", "a very long boat"),
        ("tfidf", "a cat toy"),
        ("embedding", "a cat toy"),
    ],
)
async def test_rules_choose_without_a_model(
    history: HistoryStore, name: str, expected: str
) -> None:
    said, prompts = await asked(name, history)
    assert isinstance(said, Answered)
    assert (said.text, prompts) == (expected, [])
    assert said.option == CHOICE.options.index(expected)
    assert said.confidence is not None
    assert 1 / 3 < said.confidence <= 1


async def test_the_grounding_alone_goes_by_what_was_done(history: HistoryStore) -> None:
    parts, chat = parts_of(history)
    (method,) = make_methods(["grounding"], parts)
    did = tuple(item.model_copy(update={"kind": "did"}) for item in CHOICE.history)
    example = CHOICE.model_copy(update={"id": "did", "history": did})
    assert not history.count("did"), "a run of rules alone adds no history to the store"
    said = await method.answer(example)
    assert (said.text, chat.prompts) == ("a cat toy", [])  # type: ignore[union-attr]
    nobody = await method.answer(CHOICE.model_copy(update={"id": "nobody", "history": ()}))
    assert nobody.confidence == pytest.approx(1 / 3)  # type: ignore[union-attr]


async def test_majority_is_the_commonest_place_and_random_is_seeded(history: HistoryStore) -> None:
    parts, _ = parts_of(history)
    third = OTHER.model_copy(update={"id": "three"})
    parts = MethodInputs(parts.chat, history, parts.embedder, parts.task, [CHOICE, OTHER, third])
    majority, chance = make_methods(["majority", "random"], parts)
    assert (await majority.answer(CHOICE)).option == 2  # type: ignore[union-attr]
    many = [CHOICE.model_copy(update={"id": str(number)}) for number in range(60)]
    drawn = [(await chance.answer(example)).option for example in many]  # type: ignore[union-attr]
    assert drawn == [(await chance.answer(example)).option for example in many]  # type: ignore[union-attr]
    assert set(drawn) == {0, 1, 2}


async def test_rules_for_texts_give_what_is_there(history: HistoryStore) -> None:
    assert (await asked("copy", history, task="dialogue"))[0].text == "Any toys?"  # type: ignore[union-attr]
    nearest = (await asked("tfidf", history, task="dialogue"))[0]
    assert isinstance(nearest, Answered)
    assert "cat toys" in nearest.text
    with pytest.raises(InputError, match="'longest' is for tasks of kind 'choice'"):
        await asked("longest", history, task="dialogue")


async def test_dpl_shows_other_people_to_the_guiding_question_alone(history: HistoryStore) -> None:
    parts, chat = parts_of(history)
    (dpl,) = make_methods(["dpl"], parts)
    said = await dpl.answer(CHOICE)
    assert isinstance(said, Answered)
    telling = [prompt for prompt in chat.prompts if "a {rope} for the boat" in prompt]
    assert len(telling) == 1
    assert "sets this person apart" in telling[0]


def test_people_are_near_by_what_they_like_and_not_by_how_alike_their_items_are(
    history: HistoryStore,
) -> None:
    parts, _ = parts_of(history)
    (dpl,) = make_methods(["dpl"], parts)
    assert isinstance(dpl, DifferenceAware)
    assert np.linalg.norm(dpl._centre(CHOICE)) == pytest.approx(1)


@pytest.mark.parametrize("better", [True, False])
async def test_perfine_keeps_the_rewritten_text_only_if_it_wins(
    history: HistoryStore, better: bool
) -> None:
    def judging(prompt: str) -> str | dict[str, float]:
        if "Write the draft anew" in prompt:
            return "meow, toys!"
        if "Name the differences" in prompt:
            return "It is too stiff."
        if "Verdict:" in prompt:
            first = "Reply A: meow" in prompt
            return f"Verdict: {'A' if first == better else 'B'}\nCertainty: high"
        return script(prompt)

    said, _ = await asked("perfine", history, task="dialogue", script=judging)
    assert isinstance(said, Answered)
    assert said.text == ("meow, toys!" if better else "Cat toys, mostly.")


async def test_a_failure_is_an_error_and_never_an_answer(history: HistoryStore) -> None:
    from guided_profile.graph.errors import ModelError

    def failing(prompt: str) -> str:
        raise ModelError("the endpoint is gone")

    parts, _ = parts_of(history, script=failing)
    (dg,) = make_methods(["dg"], parts)
    result = await ask(dg, CHOICE)
    assert isinstance(result, Result)
    assert (result.kind, result.text, result.option) == ("error", "", None)
    assert result.reason == "ModelError: the endpoint is gone"


def test_names_are_read() -> None:
    assert named("dg, gpg,dg") == ("dg", "gpg")
    assert named("table3") == TABLE_3
    assert set(named(",".join(NAMES))) == set(NAMES)
    with pytest.raises(InputError, match="no method is named 'gp'; there are dg0"):
        named("dg,gp")
    with pytest.raises(InputError, match="no method is named;"):
        named(" , ")
