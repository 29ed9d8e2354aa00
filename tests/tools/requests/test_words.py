import pytest
from scripted import ScriptedChat

from guided_profile.graph.errors import ModelError
from guided_profile.tools.requests import words

GERMAN = "Bitte vergiss, was ich dir über meine Krankheit erzählt habe."


@pytest.fixture(autouse=True)
def _nothing_is_translated_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_translated", {})


async def test_a_sentence_is_translated_into_the_users_language_once() -> None:
    chat = ScriptedChat(script=lambda prompt: "Es ist gelöscht, und ich benutze es nicht mehr.")
    for _ in range(2):
        said, _ = await words.in_language_of(chat, GERMAN, words.DELETED)
        assert said == "Es ist gelöscht, und ich benutze es nicht mehr."
    (prompt,) = chat.prompts
    assert prompt.endswith("Write that in German, and nothing else.")
    assert "Krankheit" not in prompt  # what is kept for others holds nothing of it


async def test_in_english_no_model_is_asked() -> None:
    chat = ScriptedChat(script=lambda prompt: "Nothing.")
    message = "Please forget what I told you about my illness."
    assert await words.in_language_of(chat, message, words.DELETED) == (words.DELETED, [])
    assert chat.prompts == []


@pytest.mark.parametrize("reply", ["It is deleted, which can be undone.", "ja " * 400])
async def test_what_is_no_translation_is_not_shown(reply: str) -> None:
    chat = ScriptedChat(script=lambda prompt: reply)
    said, _ = await words.in_language_of(chat, GERMAN, words.DELETED)
    assert said == words.DELETED


async def test_a_model_that_fails_leaves_it_in_english() -> None:
    def away(prompt: str) -> str:
        raise ModelError("the model is away; try again.")

    chat = ScriptedChat(script=away)
    assert await words.in_language_of(chat, GERMAN, words.DELETED) == (words.DELETED, [])


def test_notes_are_named_a_line_each() -> None:
    message = words.with_notes("Gone.", ["one", "two", "one", *map(str, range(words.SHOWN))])
    assert message.startswith("Gone.\n- one\n- two\n- 0")
    assert message.endswith("- … (+2)")
