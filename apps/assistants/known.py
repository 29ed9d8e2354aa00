"""What is known of a user, as far as it bears on what they say now."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from guided_profile.graph.records import HeldBack, HistoryItem, Profile, Sentence
from guided_profile.graph.tasks import Task
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.safety.screen import flagged
from guided_profile.tools.search.ranking import LEAST_TOKENS, within

_QUESTION = re.compile(r"[^.!?\n]*[?？]\s*")
"""What is a question and no more says nothing about the user that bears on another one."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a user."""

    profile: Profile | None = None
    """As it stands and as the user wants it; None: there is none yet."""
    items: tuple[HistoryItem, ...] = ()
    """Those of their history that bear on what they say now, the best first."""
    used: tuple[Sentence, ...] = ()
    """The sentences of the profile that do, or that are always kept to."""
    held_back: tuple[HeldBack, ...] = ()
    """The others, and why they are left out."""


def recalled(
    history: HistoryStore,
    task: Task,
    user_id: str,
    text: str,
    tokens: int,
    in_view: Collection[str],
) -> tuple[HistoryItem, ...]:
    """Return the items that bear on a text and that a prompt has room for, the best first.

    Left out are those whose text is in view already, those that give orders, and bare questions.
    """
    if tokens < LEAST_TOKENS or not text.strip():
        return ()
    found = history.search(
        user_id,
        text,
        limit=tokens // LEAST_TOKENS + len(in_view) + 20,
        recall=task.recall,
        role="user",
    )
    items = [
        hit.item
        for hit in found
        if hit.item.text not in in_view and not _QUESTION.fullmatch(hit.item.text)
    ]
    orders = flagged(items)
    return tuple(within([item for item in items if item.id not in orders], tokens))
