"""What a message asks of what is kept about its user: one letter, from the chat model."""

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage

from guided_profile.graph.prompts import (
    MEMORY_AGREES,
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
ASKED_FROM = 0.5
"""The probability that a message asks anything at all, from which it does."""
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
    """Return what a message asks of what is kept; None: nothing.

    Raises:
        ModelError: The model failed.
    """
    return await _letter(chat, render(MEMORY_KIND, message=_line(message)), _KINDS)


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


async def _letter(
    chat: BaseChatModel, question: str, kinds: dict[str, MemoryKind | None]
) -> tuple[MemoryKind | None, list[Call]]:
    asked = [SystemMessage(MEMORY_SYSTEM.text), HumanMessage(question)]
    scores = await score_letters(chat, asked, list(kinds), stage=STAGE)
    if scores.letters is None:
        return kinds.get(named_letter(scores.text, list(kinds)) or ""), [scores.call]
    shares = {
        letter: share / sum(scores.letters.values()) for letter, share in scores.letters.items()
    }
    nothing = next(letter for letter, kind in kinds.items() if kind is None)
    if 1 - shares.pop(nothing) < ASKED_FROM:
        return None, [scores.call]
    return kinds[max(shares, key=shares.__getitem__)], [scores.call]


def _line(text: str) -> str:
    return " ".join(as_data(shortened(text, LONGEST)).split())
