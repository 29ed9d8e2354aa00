"""What is known of a user, as far as it bears on what they say now."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from time import monotonic

from guided_profile.graph.records import HeldBack, HistoryItem, Profile, Sentence
from guided_profile.graph.tasks import Task
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.restraint.in_run import unproven
from guided_profile.tools.restraint.select import Restraint, with_room
from guided_profile.tools.safety.screen import flagged
from guided_profile.tools.search.ranking import LEAST_TOKENS, within

_QUESTION = re.compile(r"[^.!?\n]*[?？]\s*")
"""A message that only asks says nothing about the user that bears on another question."""


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


async def look_up(
    history: HistoryStore,
    restraint: Restraint,
    task: Task,
    standing: Callable[[], Awaitable[Profile | None]],
    user_id: str,
    text: str,
    tokens: int,
    recent: Sequence[str],
    *,
    profile_tokens: int | None,
    until: float | None,
) -> Known:
    """Return what is known of a user, and what of it an answer to a text uses.

    Args:
        history: Where their items are.
        restraint: Chooses what is used.
        task: Whose profile is kept.
        standing: Returns their profile as they want it; None: there is none.
        user_id: Whose.
        text: What they say now.
        tokens: About how many tokens of history may be recalled.
        recent: The conversation's last messages, in order; they are not recalled again.
        profile_tokens: About how many tokens of the profile are used; None: any number.
        until: The time on the monotonic clock from which the model is not waited for.
    """
    profile, items = await asyncio.gather(
        standing(),
        asyncio.to_thread(recalled, history, task, user_id, text, tokens, {text, *recent}),
    )
    left_out = unproven(task, profile)
    texts = {sentence.text for sentence in left_out}
    supported = [s for s in (profile.supported if profile else ()) if s.text not in texts]
    if not task.restrains:
        all_of = with_room(supported, profile_tokens)
        return Known(profile, items, all_of.used, (*left_out, *all_of.held_back))
    chosen = await restraint.select(
        supported,
        text,
        items=items,
        shown=recent,
        tokens=profile_tokens,
        within=None if until is None else until - monotonic(),
    )
    return Known(profile, chosen.items, chosen.used, (*left_out, *chosen.held_back))
