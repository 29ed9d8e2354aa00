"""Which notes a request to forget means."""

from typing import Any

import pytest
from scripted import ScriptedChat

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.requests.meant import Notes, meant, object_of

pytestmark = pytest.mark.memory_requests
CELLO, CHOIR, RICE = "I play the cello", "I sing in a choir", "I eat rice on Mondays"
FORGET = "Please forget what I said about music."


async def named(history: HistoryStore, likely: dict[str, float], what: str = "music") -> list[str]:
    def said(prompt: str) -> Any:
        if "what is to be forgotten" in prompt:
            return what
        yes = next(share for note, share in likely.items() if f": {note}\n" in prompt)
        return {"Yes": yes, "No": 1 - yes}

    items = {item.id: item for item in (HistoryItem(text=text) for text in likely)}
    _, found, _ = await meant(ScriptedChat(script=said), history, Notes(items=items), FORGET, "")
    return [items[id_].text for id_ in found]


@pytest.mark.parametrize(
    ("likely", "are_meant"),
    [
        ({CELLO: 0.9, CHOIR: 0.6, RICE: 0.1}, [CELLO, CHOIR]),
        ({CELLO: 0.9, CHOIR: 0.5, RICE: 0.1}, [CELLO]),
        ({CELLO: 0.5, CHOIR: 0.45, RICE: 0.1}, [CELLO, CHOIR]),  # nothing is clearer
        ({CELLO: 0.3, CHOIR: 0.2, RICE: 0.1}, []),
    ],
)
async def test_what_is_clearly_meant_is_named_and_else_what_may_be(
    history: HistoryStore, likely: dict[str, float], are_meant: list[str]
) -> None:
    assert await named(history, likely) == are_meant


async def test_each_note_is_asked_about_by_what_is_to_be_forgotten(history: HistoryStore) -> None:
    asked = []

    def said(prompt: str) -> Any:
        asked.append(prompt)
        return "my music." if "what is to be forgotten" in prompt else {"No": 0.9}

    items = {item.id: item for item in (HistoryItem(text=text) for text in (CELLO, RICE))}
    await meant(ScriptedChat(script=said), history, Notes(items=items), FORGET, "I like Bach.")
    assert "Before: I like Bach.\nMessage: Please forget what I said about music." in asked[0]
    assert all(
        f": {note}\nIs it about this: my music?" in "\n".join(asked[1:]) for note in (CELLO, RICE)
    )


async def test_where_the_model_names_nothing_the_message_itself_is_asked_about() -> None:
    what, _ = await object_of(ScriptedChat(script=lambda prompt: " "), FORGET, "")
    assert what == FORGET
