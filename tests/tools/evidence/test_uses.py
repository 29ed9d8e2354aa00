from typing import Any

import pytest
from scripted import ScriptedChat

from guided_profile.tools.evidence import uses
from guided_profile.tools.evidence.uses import Weights, use_by, uses_of

TEXTS = ["This person is allergic to nuts.", "This person rows.", "This person is in debt."]
LETTERS = dict(zip(TEXTS, "ABC", strict=True))


def chat_of(**more: Any) -> ScriptedChat:
    return ScriptedChat(script=lambda _: "?", uses=lambda note: LETTERS[note], **more)


async def test_each_sentence_is_asked_about_twice_in_one_token() -> None:
    chat = chat_of()
    uses, calls = await uses_of(chat, TEXTS, stage="verify")
    assert uses == ["always", "topical", "private"]
    assert len(calls) == len(chat.prompts) == 6
    assert await uses_of(chat, [], stage="verify") == ([], [])


async def test_without_probabilities_the_words_count_and_then_one_call_asks_for_all() -> None:
    chat = chat_of(logprobs=False)
    assert (await uses_of(chat, TEXTS, stage="verify"))[0] == ["always", "topical", "private"]
    asked = len(chat.prompts)
    uses, calls = await uses_of(chat, TEXTS, stage="verify")
    assert uses == ["always", "topical", "private"]
    assert len(calls) == len(chat.prompts) - asked == 1


async def test_what_a_reply_in_words_leaves_out_is_topical(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chat = chat_of(logprobs=False)
    await uses_of(chat, TEXTS, stage="verify")
    monkeypatch.setattr(type(chat), "_of_notes", lambda self, prompt: "1. A\nand 3: c, or C?")
    assert (await uses_of(chat, TEXTS, stage="verify"))[0] == ["always", "topical", "topical"]


def test_a_model_that_was_fitted_has_weights_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert use_by(0.2, 0.4, Weights()) == "topical"
    assert use_by(0.6, 0.7, Weights()) == "private"
    assert use_by(0.8, 0.7, Weights()) == "always"
    assert use_by(0.4, 0.45, Weights(always=(1.0, 1.0, 0.0))) == "always"
    known = {"qwen": {"differs": None}, "qwen2.5": {"differs": 0.3}}
    monkeypatch.setattr(uses, "_known", lambda: known)
    assert uses.weights_of("Qwen3-8B").differs is None
    assert uses.weights_of("qwen2.5-coder-1.5b").differs == 0.3
    assert uses.weights_of("another") == Weights()
