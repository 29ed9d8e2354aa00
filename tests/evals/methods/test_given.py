"""Profiles that were made elsewhere, on the real workflow with a scripted model."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asked import digests, writes_profile
from cat_toys import CHOICE, OTHER, script
from scripted import ScriptedChat

from guided_profile.evals.catalogue import make_methods
from guided_profile.evals.methods.given import profiles_of, read_profiles
from guided_profile.evals.methods.workflow import MethodInputs
from guided_profile.graph.errors import DatasetError, InputError
from guided_profile.graph.state import Answered
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.history.store import HistoryStore

SAYS = ("Keeps a cat. It plays all night!", "Cannot stand opera.")


def inputs_of(history: HistoryStore) -> tuple[MethodInputs, ScriptedChat]:
    chat = ScriptedChat(script=script)
    for example in (CHOICE, OTHER):
        history.add(example.id, example.history)
    task = builtin_tasks()["preference"]
    given = {CHOICE.id: SAYS, OTHER.id: ("Sails.",)}
    inputs = MethodInputs(
        chat,
        history,
        history.embedder,
        task,
        [CHOICE, OTHER],
        profiles=given,  # type: ignore[arg-type]
    )
    return inputs, chat


def lines(folder: Path, *rows: Any) -> Path:
    path = folder / "profiles.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("name", ["given", "given-nopc", "given-default"])
async def test_a_given_profile_is_used_word_for_word_and_nobody_writes_one(
    history: HistoryStore, name: str
) -> None:
    inputs, chat = inputs_of(history)
    (method,) = make_methods([name], inputs)
    said = await method.answer(CHOICE)
    assert isinstance(said, Answered)
    assert said.profile
    assert tuple(sentence.text for sentence in said.profile.supported) == SAYS
    assert all("Profile of this person: " + " ".join(SAYS) in prompt for prompt in chat.prompts)
    assert not any(digests(prompt) or writes_profile(prompt) for prompt in chat.prompts)
    assert all(("feather cat toys" in prompt) == (name != "given-nopc") for prompt in chat.prompts)


async def test_it_is_used_where_there_is_too_little_history_for_a_profile(
    history: HistoryStore,
) -> None:
    inputs, chat = inputs_of(history)
    (method,) = make_methods(["given-nopc"], inputs)
    await method.answer(OTHER)  # of one item
    assert all("Sails." in prompt for prompt in chat.prompts)


async def test_an_abstention_stands(history: HistoryStore) -> None:
    inputs, chat = inputs_of(history)
    chat.script = lambda prompt: {"Sorry": 0.9, "A": 0.1}
    (method,) = make_methods(["given-default"], inputs)
    said = await method.answer(CHOICE)
    assert said.tries == 0
    assert not any(writes_profile(prompt) for prompt in chat.prompts)


async def test_other_methods_write_their_own(history: HistoryStore) -> None:
    inputs, chat = inputs_of(history)
    (method,) = make_methods(["gpg-nopc"], inputs)
    await method.answer(CHOICE)
    assert not any(SAYS[0] in prompt for prompt in chat.prompts)
    assert any(writes_profile(prompt) for prompt in chat.prompts)


def test_without_profiles_the_method_says_how_to_give_them(history: HistoryStore) -> None:
    inputs, _ = inputs_of(history)
    with pytest.raises(InputError, match=r"'given' takes .* give their file with --profiles"):
        make_methods(["given"], replace(inputs, profiles=None))


def test_profiles_are_a_persons_or_an_examples(tmp_path: Path) -> None:
    path = lines(
        tmp_path,
        {"user_id": "u", "sentences": ["Sews.", {"text": "Sings.", "evidence": [1]}]},
        {"id": "two", "user_id": "v", "sentences": []},
    )
    other = CHOICE.model_copy(update={"id": "three"})
    assert profiles_of([CHOICE, OTHER, other], path) == {
        "one": ("Sews.", "Sings."),
        "two": (),
        "three": ("Sews.", "Sings."),
    }


def test_of_labelled_sentences_the_supported_count(tmp_path: Path) -> None:
    said = [{"text": "Sews.", "label": "supported"}, {"text": "Sings.", "label": "invented"}]
    assert read_profiles(lines(tmp_path, {"user_id": "u", "sentences": said})) == {"u": ("Sews.",)}


def test_who_has_no_profile_is_named(tmp_path: Path) -> None:
    path = lines(tmp_path, {"user_id": "w", "sentences": ["Sews."]})
    with pytest.raises(InputError, match="has no profile of 'u', 'v'; add a line"):
        profiles_of([CHOICE, OTHER], path)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"sentences": ["x"]}, "'user_id' is missing"),
        ({"user_id": "u"}, "'sentences' is missing"),
        ({"user_id": "u", "sentences": "x"}, "'sentences' is no list"),
        ({"user_id": "u", "sentences": [{"label": "supported"}]}, "'text' is missing"),
        ({"user_id": "u", "sentences": [3, " "]}, "'text' is missing"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, row: Any, said: str) -> None:
    with pytest.raises(DatasetError, match=f"line 1: .*{said}.*; mend it"):
        read_profiles(lines(tmp_path, row))


def test_a_second_profile_of_somebody_is_refused(tmp_path: Path) -> None:
    row = {"user_id": "u", "sentences": ["Sews."]}
    with pytest.raises(DatasetError, match="line 2: a second profile of 'u'"):
        read_profiles(lines(tmp_path, row, row))
