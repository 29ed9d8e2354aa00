"""What a message asks of what is kept about its user: one letter, from the chat model."""

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from guided_profile.graph.prompts import (
    MEMORY_AGREES,
    MEMORY_EXAMPLES,
    MEMORY_KIND,
    MEMORY_SYSTEM,
    MEMORY_UNDO,
    render,
)
from guided_profile.graph.records import Call, MemoryKind
from guided_profile.graph.text import as_data, shortened
from guided_profile.tools.models.choices import named_letter
from guided_profile.tools.models.letters import ask_yes_no, score_letters

STAGE = "requests"
LONGEST = 400
"""About how many tokens of a message are shown."""
CLEAR = 0.5
"""The share of one letter from which it is clear what is asked."""
SURE = 0.8
"""The probability of Yes from which something is deleted, or undone."""
_KINDS: dict[str, MemoryKind | None] = {
    "A": None,
    "B": "forget",
    "C": "do_not_remember",
    "D": "no_longer",
    "E": "show",
    "F": "always",
    "G": "remember",
}


async def kind_of(chat: BaseChatModel, message: str) -> tuple[MemoryKind | None, list[Call]]:
    """Return what a message asks of what is kept; None: nothing, or it is not clear enough.

    Raises:
        ModelError: The model failed.
    """
    asked: list[BaseMessage] = [SystemMessage(MEMORY_SYSTEM.text + MEMORY_KIND.text)]
    for example, letter in MEMORY_EXAMPLES:  # turns, since a small model goes on as it began
        asked += [HumanMessage(f"Message: {example}"), AIMessage(letter)]
    asked.append(HumanMessage(f"Message: {_line(message)}"))
    scores = await score_letters(chat, asked, list(_KINDS), stage=STAGE)
    if scores.letters is None:
        return _KINDS.get(named_letter(scores.text, list(_KINDS)) or ""), [scores.call]
    letter = max(scores.letters, key=scores.letters.__getitem__)
    clear = scores.letters[letter] >= CLEAR * sum(scores.letters.values())
    return _KINDS[letter] if clear else None, [scores.call]


async def agrees(chat: BaseChatModel, said: str, message: str) -> tuple[bool, list[Call]]:
    """Return whether a message confirms the deletion that was asked about.

    Raises:
        ModelError: The model failed.
    """
    return await _surely(chat, render(MEMORY_AGREES, said=_line(said), message=_line(message)))


async def undoes(chat: BaseChatModel, said: str, message: str) -> tuple[bool, list[Call]]:
    """Return whether a message wants undone what was done last.

    Raises:
        ModelError: The model failed.
    """
    return await _surely(chat, render(MEMORY_UNDO, said=_line(said), message=_line(message)))


async def _surely(chat: BaseChatModel, question: str) -> tuple[bool, list[Call]]:
    asked = [SystemMessage(MEMORY_SYSTEM.text), HumanMessage(question)]
    reply = await ask_yes_no(chat, asked, stage=STAGE)
    sure = bool(reply.said) if reply.yes is None else reply.yes >= SURE
    return sure, [reply.call]


def _line(text: str) -> str:
    return " ".join(as_data(shortened(text, LONGEST)).split())
