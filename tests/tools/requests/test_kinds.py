import pytest
from scripted import ScriptedChat

from guided_profile.graph.prompts import MEMORY_ASKED
from guided_profile.graph.records import MemoryKind
from guided_profile.tools.requests.kinds import agrees, kind_of


@pytest.mark.parametrize(
    ("said", "kind", "calls"),
    [
        ({"B": 0.9, "A": 0.1}, "forget", 1),
        ({"A": 0.6, "B": 0.4}, None, 1),
        ("F", "always", 1),
        ("A. It is an ordinary message.", None, 1),
        ("Gladly.", None, 2),  # asked for more words, once
    ],
)
async def test_a_clear_letter_tells_what_is_asked_with_probabilities_or_without(
    said: str | dict[str, float], kind: MemoryKind | None, calls: int
) -> None:
    chat = ScriptedChat(script=lambda prompt: said, logprobs=isinstance(said, dict))
    assert (await kind_of(chat, "Some words."))[0] == kind
    assert len(chat.prompts) == calls
    assert chat.prompts[0].endswith("Message: Some words.")


@pytest.mark.parametrize("yes", [0.9, 0.2])
@pytest.mark.parametrize(
    ("message", "letters", "kind"),
    [
        ("Please forget what I said about my old flat.", {"A": 0.3, "B": 0.3, "E": 0.3}, "forget"),
        ("Que sais-tu de moi ?", {"A": 0.4, "B": 0.3, "E": 0.3}, "show"),
        ("From now on, always answer me in Dutch.", {"A": 0.3, "B": 0.3, "F": 0.3}, "always"),
        ("Some words.", {"A": 0.4, "G": 0.6}, "remember"),
    ],
)
async def test_a_kind_that_the_letters_leave_open_is_asked_about_by_itself(
    message: str, letters: dict[str, float], kind: MemoryKind, yes: float
) -> None:
    def script(prompt: str) -> dict[str, float]:
        return letters if prompt.endswith(f"Message: {message}") else {"Yes": yes, "No": 1 - yes}

    chat = ScriptedChat(script=script)
    assert (await kind_of(chat, message))[0] == (kind if yes > 0.5 else None)
    assert MEMORY_ASKED[kind] in chat.prompts[1]
    assert len(chat.prompts) == 2


@pytest.mark.parametrize(("likely", "sure"), [(0.9, True), (0.6, False), (0.2, False)])
async def test_a_deletion_takes_a_sure_yes(likely: float, sure: bool) -> None:
    chat = ScriptedChat(script=lambda prompt: {"Yes": likely, "No": 1 - likely})
    assert (await agrees(chat, "Go on."))[0] is sure
