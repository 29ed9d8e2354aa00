import pytest
from scripted import ScriptedChat

from guided_profile.graph.records import MemoryKind
from guided_profile.tools.requests.kinds import agrees, kind_of


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"B": 0.6, "C": 0.2, "A": 0.2}, "forget"),
        ({"A": 0.6, "B": 0.4}, None),
        ({"A": 0.3, "E": 0.4, "F": 0.3}, None),  # a model that does not know does nothing
        ("F", "always"),
        ("A. It is an ordinary message.", None),
        ("Gladly.", None),
    ],
)
async def test_one_call_tells_what_is_asked_with_probabilities_or_without(
    said: str | dict[str, float], kind: MemoryKind | None
) -> None:
    chat = ScriptedChat(script=lambda prompt: said, logprobs=isinstance(said, dict))
    assert (await kind_of(chat, "Some words."))[0] == kind
    assert len(chat.prompts) == (2 if said == "Gladly." else 1)  # asked for more words, once
    assert chat.prompts[0].endswith("Message: Some words.")


@pytest.mark.parametrize(("likely", "sure"), [(0.9, True), (0.7, False), (0.2, False)])
async def test_a_deletion_takes_a_sure_yes(likely: float, sure: bool) -> None:
    chat = ScriptedChat(script=lambda prompt: {"Yes": likely, "No": 1 - likely})
    assert (await agrees(chat, "Shall I delete it?", "Go on."))[0] is sure
