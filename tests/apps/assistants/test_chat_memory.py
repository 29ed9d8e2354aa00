"""In front of any chat: what goes upstream, and what is kept, in OpenAI's form."""

from collections.abc import Iterator
from typing import Any

import pytest
from host import said_by, writer
from langchain_core.messages import HumanMessage
from langgraph.store.memory import InMemoryStore
from scripted import ScriptedChat

from guided_profile.apps.assistants.chat_memory import ChatMemory
from guided_profile.apps.assistants.companion import Companion
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore

SHOW = "What do you know about me?"
pytestmark = pytest.mark.memory_requests
REMEMBER = "Remember that I cannot eat nuts."
SKILLET = "Which skillet should I buy?"


def script(prompt: str) -> Any:
    if "its letter alone." in prompt:
        letter = "E" if SHOW in prompt else "G" if REMEMBER in prompt else "A"
        return {letter: 0.9}
    return writer(prompt)


@pytest.fixture
def chat() -> ScriptedChat:
    return ScriptedChat(script=script)


@pytest.fixture
def companion(history: HistoryStore, chat: ScriptedChat) -> Iterator[Companion]:
    with Companion(chat=chat, history=history, store=InMemoryStore()) as one:
        texts = ["I cook with a cast iron skillet every day", "my dog Bruno sleeps in the kitchen"]
        history.add("anna", [HistoryItem(text=text, source="chat") for text in texts])
        one.refresh("anna").result(60)
        yield one


async def test_what_is_known_stands_before_the_last_words_and_what_is_said_is_kept(
    companion: Companion,
) -> None:
    memory = ChatMemory(companion, patience=60.0)
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    said = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": SKILLET}, image]},
    ]
    ready = await memory.prepare("anna", said)
    assert ready.messages[0] is said[0]
    first, *rest = ready.messages[1]["content"]
    assert "cast iron" in first["text"]
    assert rest == said[1]["content"]
    assert "This person cooks with a cast iron skillet." in ready.mark["used"]
    memory.answered("anna", said, ready)
    assert SKILLET in said_by(companion, "anna")
    words = (await memory.prepare("anna", [HumanMessage(SKILLET)])).messages[0]
    assert words.text.endswith(SKILLET)
    assert words.text != SKILLET


async def test_what_a_request_did_is_said_and_the_request_is_not_kept(
    companion: Companion, chat: ScriptedChat
) -> None:
    memory = ChatMemory(companion, patience=60.0)
    said = [{"role": "user", "content": SHOW}]
    chat.prompts.clear()
    ready = await memory.prepare("anna", said)
    assert ready.said.startswith("This is what I know about you.")
    assert len(chat.prompts) == 1  # and no second short question before the answer
    memory.answered("anna", said, ready)
    assert SHOW not in said_by(companion, "anna")


async def test_a_failing_memory_never_fails_the_chat(companion: Companion) -> None:
    memory = ChatMemory(companion)
    odd = [{"role": "nobody", "content": 7}]
    ready = await memory.prepare("anna", odd)
    assert (ready.messages, bool(ready.mark["failure"])) == (odd, True)
    memory.answered("anna", odd, ready)
    companion.close()
    closed = await memory.prepare("anna", [{"role": "user", "content": SKILLET}])
    assert closed.messages == [{"role": "user", "content": SKILLET}]
    assert closed.mark["failure"]


async def test_where_nothing_is_remembered_it_is_not_said_to_be(companion: Companion) -> None:
    said = [{"role": "user", "content": REMEMBER}]
    memory = ChatMemory(companion, patience=60.0, remembers=False)
    ready = await memory.prepare("anna", said)
    assert [act["outcome"] for act in ready.mark["memory"]] == ["cannot"]
    assert ready.said == "Nothing that is said here is remembered."
    memory.answered("anna", said, ready)
    assert REMEMBER not in said_by(companion, "anna")
    ready = await ChatMemory(companion, patience=60.0).prepare("anna", said)
    assert ready.said == "I will remember that."
