"""What was done last at a user's request, kept for a day so that it can be confirmed or undone.

It is in the Store, under the user, with what was deleted. When the day is over, all of it is
erased, from the Store's file as well, by whichever process looks next: within an hour, if a
process is running.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from langgraph.store.base import BaseStore
from pydantic import ValidationError

from guided_profile.graph.records import HistoryItem, MemoryKind, Record
from guided_profile.tools.profiles.sqlite import rewrite
from guided_profile.tools.profiles.store import (
    REQUESTS,
    ROOT,
    Override,
    everything,
    requests_namespace,
)

KEPT = timedelta(days=1)
"""How long something can be confirmed and undone."""


class Done(Record):
    """What was done at a request."""

    kind: MemoryKind
    time: datetime
    said: str
    """The message to the user: what was done, or the question whether to do it."""
    asks: bool = False
    """Whether their next message in the thread may confirm a deletion."""
    told: bool = True
    """Whether the question reached them; if not, their next message confirms nothing yet."""
    thread: str = ""
    """The id of the conversation in which they are asked; empty if it has none."""
    pins: tuple[tuple[str, Override], ...] = ()
    """Task and pinned sentence of what the user had pinned and wanted forgotten."""
    stays: bool = False
    """Whether what is forbidden stays so: other items are left that could support it."""
    overrides: tuple[tuple[str, str], ...] = ()
    """Task and key of the decisions that were made."""
    sentences: tuple[str, ...] = ()
    """Those that were withdrawn or pinned."""
    items: tuple[str, ...] = ()
    """Ids of the items that were withdrawn or deleted."""
    deleted: tuple[HistoryItem, ...] = ()
    """Items that are gone from the history."""

    @property
    def key(self) -> str:
        """Under which it is kept."""
        return f"{self.time:%Y%m%dT%H%M%S%f}"


async def recent(store: BaseStore, user_id: str, now: datetime) -> list[Done]:
    """Return what was done no longer than a day ago, the last first."""
    kept = await everything(store, requests_namespace(user_id))
    read = [done for row in kept if (done := _read(row.value)) and now - done.time < KEPT]
    return sorted(read, key=lambda done: done.time, reverse=True)


def asking(done: Iterable[Done], thread: str) -> list[Done]:
    """Return the questions about deletions that the user was asked in a thread."""
    return [
        question
        for question in done
        if question.asks and question.told and question.thread == thread
    ]


async def together(store: BaseStore, user_id: str, asked: Sequence[Done]) -> Done:
    """Join questions that a user was asked together, as no longer asked; return the joined one."""
    joined = asked[0].model_copy(
        update={
            "asks": False,
            "said": "\n\n".join(dict.fromkeys(question.said for question in asked)),
            "stays": any(question.stays for question in asked),
            "overrides": tuple(dict.fromkeys(o for question in asked for o in question.overrides)),
            "sentences": tuple(dict.fromkeys(s for question in asked for s in question.sentences)),
            "items": tuple(dict.fromkeys(i for question in asked for i in question.items)),
        }
    )
    await write(store, user_id, joined)
    for question in asked[1:]:
        await drop(store, user_id, question)
    return joined


async def tell(
    store: BaseStore,
    user_id: str,
    questions: Collection[tuple[str, ...]],
    thread: str,
    now: datetime,
) -> None:
    """Note in which thread a user is asked about deletions: a Yes counts there, and only there.

    Args:
        store: Where it stands what was done.
        user_id: Who is asked.
        questions: The ids of the items that each question is about.
        thread: The id of the conversation.
        now: The time.
    """
    for done in await recent(store, user_id, now):
        if done.asks and done.items in questions:
            there = done.model_copy(update={"told": True, "thread": thread})
            await write(store, user_id, there)


async def write(store: BaseStore, user_id: str, done: Done) -> None:
    """Keep what was done."""
    value = done.model_dump(mode="json")
    await store.aput(requests_namespace(user_id), done.key, value, index=False)


async def drop(store: BaseStore, user_id: str, done: Done) -> None:
    """Forget that something was done."""
    await store.adelete(requests_namespace(user_id), done.key)


def _forbidden_with(done: Done, label: str) -> set[tuple[tuple[str, ...], str]]:
    """Return where the sentences stand that are kept only as long as a deletion can be undone."""
    if not done.deleted or done.stays:
        return set()
    return {((*ROOT, label, task, "wishes"), key) for task, key in done.overrides}


async def words_of_deleted(store: BaseStore, user_id: str) -> set[tuple[tuple[str, ...], str]]:
    """Return the places of the forbidden sentences that go when a deletion cannot be undone."""
    rows = await everything(store, requests_namespace(user_id))
    read = [(row.namespace[-1], done) for row in rows if (done := _read(row.value))]
    return {place for label, done in read for place in _forbidden_with(done, label)}


async def sweep(store: BaseStore, now: datetime) -> int:
    """Erase what nobody can undo any more, of all users; return how much.

    With what was deleted go the words of the sentences that were forbidden with it, if nothing is
    left that they could be written from.
    """
    old = []
    for row in await everything(store, REQUESTS):
        done = _read(row.value)
        if done is None or now - done.time >= KEPT:
            old.append((row, done))
    for row, done in old:
        for namespace, key in _forbidden_with(done, row.namespace[-1]) if done else ():
            await store.adelete(namespace, key)
        await store.adelete(row.namespace, row.key)
    if any(done is None or done.deleted for _, done in old):
        await rewrite(store)
    return len(old)


def _read(value: Mapping[str, Any]) -> Done | None:
    try:
        return Done.model_validate(value)
    except ValidationError:  # of another version of this package
        return None
