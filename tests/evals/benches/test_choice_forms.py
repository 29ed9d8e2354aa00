"""Ways of asking a model for a choice."""

import asyncio

import pytest
from scripted import ScriptedChat

from guided_profile.evals.benches.choice_forms import BY_LETTER, EXAMPLES, logs_of

KNOWN = "Profile of this person: Owns a kite.\n\n"
OPTIONS = ("a stone", "a new kite", "a chair")


def letters(prompt: str) -> str | dict[str, float]:
    """Choose the kite where it is asked last, and say why where that is asked."""
    if prompt.rstrip().endswith("Answer in one short sentence."):
        return "The kite suits them, and the stone weighs too much."
    lines = prompt.split("\n")
    letter = [line for line in lines if line.endswith("a new kite")][-1][0]
    return {each: 0.8 if each == letter else 0.1 for each in "ABC"}


def asked(form: str) -> list[str]:
    """Return the prompts of a form, which must come to the kite."""
    chat = ScriptedChat(script=letters)
    logs = asyncio.run(logs_of(chat, form, KNOWN, "What next?", OPTIONS))
    assert logs.index(max(logs)) == 1
    return chat.prompts


@pytest.mark.parametrize("form", [form for form in BY_LETTER if form != "sparing"])
def test_every_order_of_the_options_is_asked_with_what_is_known(form: str) -> None:
    prompts = asked(form)
    of_letters = [prompt for prompt in prompts if "A. " in prompt]
    assert len(of_letters) == len(OPTIONS)
    assert len({prompt.rpartition("A. ")[2].partition("\n")[0] for prompt in of_letters}) == 3
    assert all("Owns a kite." in prompt for prompt in prompts)


def test_two_orders_are_enough_where_they_agree() -> None:
    assert len(asked("sparing")) == 2


def test_what_is_known_can_stand_after_the_options() -> None:
    for prompt in asked("last"):
        assert prompt.index("a new kite") < prompt.index("Owns a kite.")
        assert prompt.rstrip().endswith("and nothing else.")


def test_its_own_reason_stands_before_the_letters_and_is_asked_for_once_without_any() -> None:
    why, *of_letters = asked("reasoned")
    assert "- a stone\n- a new kite\n- a chair" in why
    assert "A. " not in why
    assert len(of_letters) == len(OPTIONS)
    assert all("the stone weighs too much" in prompt for prompt in of_letters)


def test_each_letter_is_right_in_one_example() -> None:
    assert sorted(letter for *_, letter in EXAMPLES) == list("ABCD")
    for prompt in asked("examples"):
        places = [prompt.index(question) for _, question, _, _ in EXAMPLES]
        assert places == sorted(places)
        assert places[-1] < prompt.index("Owns a kite.")
