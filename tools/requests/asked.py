"""The requests of one message: often one, sometimes several in sentences of their own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel

from guided_profile.graph.records import Call, MemoryKind
from guided_profile.tools.requests.kinds import kinds_of

_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that is asked of what is kept."""

    kind: MemoryKind
    text: str
    """The words that say what is meant; if the message has one request, the whole message."""
    before: str
    """What was said before them, which "that" may mean."""
    sentences: tuple[str, ...]
    """Those that ask it."""


@dataclass(frozen=True, slots=True)
class Requests:
    """What a message asks."""

    each: tuple[Request, ...]
    rest: str
    """What of the message is left beside them; empty: no words are."""
    calls: tuple[Call, ...]


async def requests_in(
    chat: BaseChatModel, message: str, sentences: Sequence[str], before: str
) -> Requests:
    """Return what a message asks of what is kept.

    Sentences that ask the same are one request.

    Args:
        chat: Is asked.
        message: One that may be a request.
        sentences: Those of it that may be.
        before: What the user said before it.

    Raises:
        ModelError: The model failed.
    """
    kinds, calls = await kinds_of(chat, message, sentences)
    asking: dict[MemoryKind, list[str]] = {}
    for sentence, kind in zip(sentences, kinds, strict=True):
        if kind is not None:
            asking.setdefault(kind, []).append(sentence)
    if len(asking) == 1:
        ((kind, asked),) = asking.items()
        each = [Request(kind, message, before, tuple(asked))]
    else:
        each = [
            Request(kind, " ".join(asked), _before(message, asked[0]) or before, tuple(asked))
            for kind, asked in asking.items()
        ]
    rest = _without(message, [sentence for request in each for sentence in request.sentences])
    return Requests(tuple(each), rest, tuple(calls))


def _before(message: str, sentence: str) -> str:
    place = message.find(sentence)
    return message[:place].strip() if place > 0 else ""


def _without(message: str, sentences: Sequence[str]) -> str:
    for sentence in sentences:
        message = message.replace(sentence, " ", 1)
    return message.strip() if _WORD.search(message) else ""
