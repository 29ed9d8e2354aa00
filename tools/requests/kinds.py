"""What a message asks of what is kept about its user, from the chat model.

One letter is enough to rule out most messages that ask nothing, and all that a large model needs.
A small model spreads its probability over the letters: so the kind that they and the screen find
likeliest is asked about by itself, and only a Yes to that counts.
"""

import asyncio
from collections.abc import Mapping, Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from guided_profile.graph.errors import ModelError
from guided_profile.graph.prompts import (
    MEMORY_AGREES,
    MEMORY_ASKED,
    MEMORY_ASKS,
    MEMORY_BESIDES,
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
from guided_profile.tools.requests.screen import screen

STAGE = "requests"
LONGEST = 400
"""About how many tokens of a message are shown."""
CLEAR = 0.5
"""The share of the letters, or of Yes, from which something is clear."""
MOST_SENTENCES = 4
"""So many sentences of a message are put to the model each by itself."""
SURE = 0.8
"""The share of a letter from which nothing more is asked about it."""
AGREED = 0.7
"""The probability of Yes from which a reply lets something be deleted; that can be undone."""
AGAINST = 0.4
"""That from which something is undone, which loses nothing."""
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
    kinds, call = await _weighed(chat, message)
    kind, calls = await _decided(chat, message, kinds)
    return kind, [call, *calls]


async def kinds_of(
    chat: BaseChatModel, message: str, sentences: Sequence[str]
) -> tuple[list[MemoryKind | None], list[Call]]:
    """Return what each sentence asks that may be a request of a message.

    One call decides whether the message asks nothing. Only if that is not clear, and there are
    several sentences, is each put to the model by itself. If none asks anything by itself, all of
    them together ask what the message does.

    Raises:
        ModelError: The model failed.
    """
    whole, call = await _weighed(chat, message)
    if whole.get(None, 0.0) >= CLEAR or not whole:
        return [None] * len(sentences), [call]
    calls = [call]
    if len(sentences) > 1:
        asked_singly = sentences[:MOST_SENTENCES]
        each = await asyncio.gather(*(kind_of(chat, sentence) for sentence in asked_singly))
        calls += [more for _, made in each for more in made]
        kinds = [kind for kind, _ in each]
        if any(kinds):
            return kinds + [None] * (len(sentences) - len(kinds)), calls
    kind, asked = await _decided(chat, message, whole)
    return [kind] * len(sentences), calls + asked


async def _decided(
    chat: BaseChatModel, message: str, kinds: Mapping[MemoryKind | None, float]
) -> tuple[MemoryKind | None, list[Call]]:
    """Return the kind that a message asks, of which the letters' shares are known."""
    if kinds.get(None, 0.0) >= CLEAR or not kinds:
        return None, []
    if max(kinds.values()) >= SURE:
        return max(kinds, key=kinds.__getitem__), []
    likely = screen().likely(message)
    kind = max(likely, key=lambda candidate: kinds.get(candidate, 0.0) * likely[candidate])
    question = render(MEMORY_ASKS, message=_line(message), asks=MEMORY_ASKED[kind])
    yes, calls = await _surely(chat, question, CLEAR)
    return kind if yes else None, calls


async def _weighed(
    chat: BaseChatModel, message: str
) -> tuple[dict[MemoryKind | None, float], Call]:
    """Return how likely a message asks each kind; empty: the model named none."""
    asked: list[BaseMessage] = [SystemMessage(MEMORY_SYSTEM.text + MEMORY_KIND.text)]
    for example, letter in MEMORY_EXAMPLES:  # turns, since a small model goes on as it began
        asked += [HumanMessage(f"Message: {example}"), AIMessage(letter)]
    asked.append(HumanMessage(f"Message: {_line(message)}"))
    scores = await score_letters(chat, asked, list(_KINDS), stage=STAGE)
    if scores.letters is None:
        named = named_letter(scores.text, list(_KINDS))
        return ({_KINDS[named]: 1.0} if named else {}), scores.call
    whole = sum(scores.letters.values())
    return {_KINDS[letter]: share / whole for letter, share in scores.letters.items()}, scores.call


async def asks_more(chat: BaseChatModel, rest: str) -> tuple[bool, list[Call]]:
    """Return whether the rest of a message wants an answer; where nobody can tell, it does."""
    question = render(MEMORY_BESIDES, message=_line(rest))
    try:
        reply = await ask_yes_no(
            chat, [SystemMessage(MEMORY_SYSTEM.text), HumanMessage(question)], stage=STAGE
        )
    except ModelError:  # what was asked of the memory is done already
        return True, []
    wants = reply.said is not False if reply.yes is None else reply.yes >= CLEAR
    return wants, [reply.call]


async def agrees(chat: BaseChatModel, message: str) -> tuple[bool, list[Call]]:
    """Return whether a message confirms the deletion that was asked about.

    Raises:
        ModelError: The model failed.
    """
    return await _surely(chat, render(MEMORY_AGREES, message=_line(message)), AGREED)


async def undoes(chat: BaseChatModel, said: str, message: str) -> tuple[bool, list[Call]]:
    """Return whether a message wants undone what was done last, and was said to be done.

    Raises:
        ModelError: The model failed.
    """
    done = said.partition("\n")[0]  # without the notes that it names
    asked = render(MEMORY_UNDO, said=_line(done), message=_line(message))
    return await _surely(chat, asked, AGAINST)


async def _surely(chat: BaseChatModel, question: str, least: float) -> tuple[bool, list[Call]]:
    asked = [SystemMessage(MEMORY_SYSTEM.text), HumanMessage(question)]
    reply = await ask_yes_no(chat, asked, stage=STAGE)
    sure = bool(reply.said) if reply.yes is None else reply.yes >= least
    return sure, [reply.call]


def _line(text: str) -> str:
    return " ".join(as_data(shortened(text, LONGEST)).split())
