"""What users ask of their memory is done, and their model is told to say so, in a stream too."""

from typing import Any

import pytest
from asked import BEARS
from host import writer
from proxied import proxied
from scripted import ScriptedChat

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore

pytestmark = pytest.mark.memory_requests
DOG = "my dog Bruno sleeps in the kitchen"
FORGET = "Please forget what I told you about my dog."
YES = "Yes, please."


def model(prompt: str) -> Any:
    if "its letter alone." in prompt:
        message = prompt.rpartition("Message: ")[2]
        return {"B" if FORGET in message else "A": 0.9}
    if "Did the user say that it shall?" in prompt:
        return {"Yes": 0.9} if f"replies: {YES}" in prompt else {"No": 0.9}
    if "Does the user want that undone" in prompt:
        return {"No": 0.9}
    if "Is the note about what the user asks to forget?" in prompt:
        return {"Yes": 0.9} if "Bruno" in prompt else {"No": 0.9}
    return writer(prompt)


@pytest.mark.parametrize("stream", [False, True])
def test_it_is_done_told_and_confirmed_in_the_next_turn_and_no_item(
    history: HistoryStore, stream: bool
) -> None:
    history.add("anna", [HistoryItem(text=DOG, source="chat")])
    asked: dict[str, Any] = {"user": "anna", "stream": stream}
    with proxied(history, chat=ScriptedChat(script=model)) as proxy:
        asks = {"role": "user", "content": FORGET}
        answer = proxy.post(asked | {"messages": [asks]})
        words = proxy.upstream.sent[0].last
        assert "shall I delete it for good" in words
        assert words.endswith(FORGET)
        assert "memory=forget:asks" in answer.headers["x-guided-profile"]
        proxy.post(asked | {"messages": [asks]})  # regenerated: it is not asked for anew
        told = {"role": "assistant", "content": proxy.upstream.says}
        yes = {"role": "user", "content": YES}
        answer = proxy.post(asked | {"messages": [asks, told, yes]})
        assert "memory=confirm:done" in answer.headers["x-guided-profile"]
        assert proxy.said_by("anna") == []
        assert DOG not in [item.text for item in history.list("anna", withdrawn=True)]


def test_what_bears_is_asked_of_each_message(history: HistoryStore) -> None:
    texts = [DOG, "the bowl of my dog is blue"]
    history.add("anna", [HistoryItem(text=text, source="chat") for text in texts])
    for text in (FORGET, "What does my dog eat?"):
        chat = ScriptedChat(script=model)
        with proxied(history, chat=chat) as proxy:
            proxy.ask(text)
            assert any(map(BEARS.search, chat.prompts))
