"""Limits that a person stated: which are counted, which are asked about, and at what cost."""

import pytest
from scripted import ScriptedChat

from guided_profile.graph.records import Sentence
from guided_profile.tools.standards import limits
from guided_profile.tools.standards.limits import broken_limits, limits_among

LETTERS = {
    "Answers under 5 words.": "A",
    "Höchstens fünf Wörter.": "A",
    "最多两句。": "B",
    "Bitte ohne Emoji.": "D",
    "At least 4 words.": "A",
    "Genau 4 Wörter.": "A",
    "Words, about as many as I use.": "A",
    "At most one emoji.": "D",
    "Never nuts.": "H",
    "Recipes under 20 minutes.": "H",
}
NUMBERS = {"Höchstens fünf Wörter.": "5", "最多两句。": "2 句", "At most one emoji.": "1"}
BOUNDS = {
    "Bitte ohne Emoji.": "A",
    "At least 4 words.": "C",
    "Genau 4 Wörter.": "D",
    "Words, about as many as I use.": "E",
}


@pytest.fixture(autouse=True)
def _nothing_read() -> None:
    limits._readings.cache_clear()


def chat(breaks: float = 0.1, *, logprobs: bool = True) -> ScriptedChat:
    def said(prompt: str) -> str | dict[str, float]:
        rule = next((rule for rule in LETTERS if rule in prompt), "")
        if "set a limit on" in prompt:
            return {LETTERS[rule]: 0.9, "H": 0.1} if logprobs else LETTERS[rule]
        if "What does that say of" in prompt:
            letter = BOUNDS.get(rule, "B")
            return {letter: 0.9, "E" if letter != "E" else "A": 0.1} if logprobs else letter
        if "Which number does that name" in prompt:
            return NUMBERS[rule]
        assert "go against what they want" in prompt
        return {"Yes": breaks, "No": 1 - breaks}

    return ScriptedChat(script=said, logprobs=logprobs)


@pytest.mark.parametrize(
    ("rule", "reply", "broken"),
    [
        ("Answers under 5 words.", "a long, deep inlet", False),
        ("Answers under 5 words.", "a long, deep inlet of the sea", True),
        ("Höchstens fünf Wörter.", "ein langer, tiefer Meeresarm", False),
        ("Höchstens fünf Wörter.", "ein langer, tiefer Meeresarm in Norwegen", True),
        ("最多两句。", "好的。没问题。", False),
        ("最多两句。", "好的。没问题。明天见。", True),
        ("Bitte ohne Emoji.", "Gern! :-)", False),
        ("Bitte ohne Emoji.", "Gern 🎉", True),
        ("At least 4 words.", "a long, deep inlet", False),
        ("At least 4 words.", "an inlet", True),
        ("Genau 4 Wörter.", "a long, deep inlet", False),
        ("Genau 4 Wörter.", "a long, deep inlet of", True),
        ("Words, about as many as I use.", "an inlet", False),
        ("At most one emoji.", "Sure 🎉", False),
        ("At most one emoji.", "Sure 🎉🎉", True),
    ],
)
@pytest.mark.parametrize("logprobs", [True, False])
async def test_what_can_be_counted_is_counted_in_any_language(
    rule: str, reply: str, broken: bool, logprobs: bool
) -> None:
    found = await broken_limits(chat(logprobs=logprobs), [rule], "What is a fjord?", reply)
    assert found.limits == ((rule,) if broken else ())


async def test_a_sentence_is_read_once() -> None:
    model = chat()
    first = await broken_limits(model, ["Höchstens fünf Wörter."], "?", "kurz")
    assert len(first.calls) == 3
    again = await broken_limits(model, ["Höchstens fünf Wörter."], "?", "kurz")
    assert again.calls == ()


@pytest.mark.parametrize("breaks", [0.2, 0.7, 0.95])
async def test_all_others_are_asked_about_in_one_question(breaks: float) -> None:
    model = chat(breaks)
    rules = ["Never nuts.", "Recipes under 20 minutes."]
    await broken_limits(model, rules, "A snack?", "Walnuts.")
    found = await broken_limits(model, rules, "A snack?", "Walnuts.")
    assert len(found.calls) == 1
    assert found.limits == (tuple(rules) if breaks > 0.9 else ())
    assert all(rule in model.prompts[-1] for rule in rules)
    assert "in English: Walnuts." in model.prompts[-1] or "Walnuts." in model.prompts[-1]


async def test_without_log_probabilities_only_what_can_be_counted_is_held_against() -> None:
    model = chat(0.9, logprobs=False)
    await broken_limits(model, ["Never nuts."], "A snack?", "Walnuts.")
    found = await broken_limits(model, ["Never nuts."], "A snack?", "Walnuts.")
    assert found == limits.Broken((), ())


def test_only_what_holds_for_every_answer_is_a_limit() -> None:
    always = Sentence(text="Never nuts.", evidence=("1",), use="always")
    topical = Sentence(text="Likes walnuts.", evidence=("1",))
    assert limits_among([topical, always]) == ["Never nuts."]


@pytest.mark.parametrize("reply", ["Answers may be short.", "It says nothing.", "Words."])
async def test_a_word_is_not_taken_for_the_letter_that_it_begins_with(reply: str) -> None:
    model = ScriptedChat(script=lambda _: reply, logprobs=False)
    found = await broken_limits(model, ["Never nuts."], "A snack?", "wal nuts " * 50)
    assert found.limits == ()
    assert not any("What does that say of" in prompt for prompt in model.prompts)


async def test_nothing_of_what_a_person_said_stays_in_memory() -> None:
    await broken_limits(chat(), ["Höchstens fünf Wörter."], "?", "kurz")
    assert limits._readings()
    assert "Wörter" not in repr(limits._readings())
