"""Which sentences of a profile an answer uses, and why it does without the others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel

from guided_profile.graph.records import Call, HeldBack, Sentence
from guided_profile.tools.history.store import HistoryStore


@dataclass(frozen=True, slots=True)
class Selection:
    """What an answer uses of a profile."""

    used: tuple[Sentence, ...] = ()
    held_back: tuple[HeldBack, ...] = ()
    calls: tuple[Call, ...] = ()
    """What asking the model took; empty where it was not asked, or had been asked before."""


class Restraint:
    """Chooses what an answer uses.

    Args:
        history: Whose embedder says how near sentences are to a request.
        chat: Is asked whether a good answer would differ; None: nearness alone decides.
    """

    def __init__(self, history: HistoryStore, chat: BaseChatModel | None = None) -> None:
        self._history = history
        self._chat = chat

    async def select(
        self,
        sentences: Sequence[Sentence],
        request: str,
        *,
        shown: Iterable[str] = (),
        tokens: int | None = None,
    ) -> Selection:
        """Return which sentences an answer to a request uses.

        Args:
            sentences: The supported sentences of a profile.
            request: What the user says now.
            shown: What the conversation shows already.
            tokens: About how many tokens the sentences may take; None: any number.
        """
        return Selection(used=tuple(sentences))
