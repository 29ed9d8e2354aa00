"""What the user decides about a profile: pinned, forbidden and corrected sentences; what changed.

A decision is kept beside the profile and applied whenever one is made or read (`overrides.py`), so
that it outlives every rebuild.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from guided_profile.graph.errors import ModelError, QuestionError
from guided_profile.graph.records import (
    Call,
    Difference,
    HistoryItem,
    Profile,
    SentenceUse,
)
from guided_profile.tools.evidence.base import KnowsUse
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.store import Override, ProfileStore

LONGEST_SENTENCE = 500
"""The longest sentence that a user may put into a profile, in characters: it is in every prompt."""
MOST_OVERRIDES = 100
"""How many sentences a user may pin or forbid for a task: each is held against every profile."""

_log = logging.getLogger(__name__)


async def pin(
    profiles: ProfileStore,
    text: str,
    *,
    now: datetime,
    evidence: Sequence[str] = (),
    use: SentenceUse | None = None,
) -> Override:
    """Have a sentence stand in every profile for the task, whatever its evidence.

    When an answer may use it, `class_pins` decides later where nobody says.

    Raises:
        QuestionError: There is no sentence, it is too long, or too much was decided already.
    """
    override = Override(
        kind="pin", text=_checked(text), evidence=tuple(evidence), use=use, time=now
    )
    await _check_room(profiles, 1)
    return await profiles.add_override(override)


async def class_pins(profiles: ProfileStore, knows: KnowsUse) -> list[Call]:
    """Decide once for each pinned sentence when an answer may use it; return what that took.

    If the model fails, it is decided another time; until then, it is used where it bears.
    """
    pins = await unclassed_pins(profiles)
    if not pins:
        return []
    try:
        uses, calls = await knows.uses([pin.text for pin in pins])
    except ModelError as error:
        _log.warning("when to use a pinned sentence is decided another time: %s", error)
        return []
    for override, use in zip(pins, uses, strict=True):
        await profiles.keep_use(override, use)
    return calls


async def unclassed_pins(profiles: ProfileStore) -> list[Override]:
    """Return the pinned sentences of which nobody said yet when an answer may use them."""
    return [
        override
        for override in await profiles.overrides()
        if override.kind == "pin" and override.use is None
    ]


async def forbid(profiles: ProfileStore, text: str, *, now: datetime) -> Override:
    """Have a sentence, and whatever says the same, stand in no profile for the task.

    Raises:
        QuestionError: There is no sentence, it is too long, or too much was decided already.
    """
    override = Override(kind="forbid", text=_checked(text), time=now)
    await _check_room(profiles, 1)
    return await profiles.add_override(override)


async def decide(
    wanted: Sequence[tuple[ProfileStore, Override]],
) -> list[tuple[ProfileStore, Override]]:
    """Keep all of several decisions, or none; what is decided so already is passed over.

    Returns:
        Those that were kept, as they were.

    Raises:
        QuestionError: There is no sentence, it is too long, or too much was decided already.
    """
    new: dict[ProfileStore, list[Override]] = {}
    for profiles, override in wanted:
        text = _checked(override.text)
        there = [*await profiles.overrides(), *new.get(profiles, ())]
        last = next(
            (earlier for earlier in reversed(there) if earlier.text.casefold() == text.casefold()),
            None,
        )
        if last is None or (last.kind, last.use) != (override.kind, override.use):
            new.setdefault(profiles, []).append(override.model_copy(update={"text": text}))
    for profiles, overrides in new.items():
        await _check_room(profiles, len(overrides))
    kept: list[tuple[ProfileStore, Override]] = []
    try:
        for profiles, overrides in new.items():
            for override in overrides:
                kept.append((profiles, await profiles.add_override(override)))
    except BaseException:
        await take_back(kept)
        raise
    return kept


async def take_back(decided: Sequence[tuple[ProfileStore, Override]]) -> None:
    """Forget decisions."""
    for profiles, override in decided:
        await profiles.take_back(override)


async def correct(
    profiles: ProfileStore, wrong: str, right: str, *, history: HistoryStore, now: datetime
) -> Override:
    """Put what the user says in the place of a sentence.

    The user's words become an item of their history, so that they are evidence for other tasks'
    profiles too.

    Raises:
        QuestionError: There is no sentence, it is too long, or too much was decided already.
        HistoryError: The history could not be written; nothing was changed then.
    """
    item = HistoryItem(text=_checked(right), source="correction", time=now)
    gone = _checked(wrong)
    await _check_room(profiles, 2)  # before anything is written
    await asyncio.to_thread(history.add, profiles.user_id, [item])
    await profiles.add_override(Override(kind="forbid", text=gone, time=now))
    later = now + timedelta(microseconds=1)  # overrides are kept in the order of their times
    return await profiles.add_override(
        Override(kind="pin", text=item.text, evidence=(item.id,), time=later)
    )


def changes_of(versions: Sequence[Profile]) -> list[Difference]:
    """Return what each version changed of the one before it, the oldest first."""
    return [compare(*pair) for pair in zip([None, *versions], versions, strict=False)]


def compare(older: Profile | None, newer: Profile) -> Difference:
    """Return what became of the sentences that reach a response."""
    before = [sentence.text for sentence in older.supported] if older else []
    after = [sentence.text for sentence in newer.supported]
    known = older.replaced if older else ()
    replaced = tuple(old for old in newer.replaced if old not in known)
    gone = {old.text for old in replaced}
    return Difference(
        kept=tuple(text for text in after if text in before),
        added=tuple(text for text in after if text not in before),
        removed=tuple(text for text in before if text not in after and text not in gone),
        replaced=replaced,
    )


def _checked(text: str) -> str:
    sentence = " ".join(text.split())
    if not sentence or len(sentence) > LONGEST_SENTENCE:
        raise QuestionError(
            f"a sentence of a profile has 1 to {LONGEST_SENTENCE} characters; this one has "
            f"{len(sentence)}."
        )
    return sentence


async def _check_room(profiles: ProfileStore, more: int) -> None:
    there = len(await profiles.overrides())
    if there + more > MOST_OVERRIDES:
        raise QuestionError(
            f"{there} sentences are pinned or forbidden for {profiles.task!r} already, and "
            f"{MOST_OVERRIDES} may be (a correction takes two); take some back first."
        )
