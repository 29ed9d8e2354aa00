"""Doing what a user says about their memory."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta

from langchain_core.language_models import BaseChatModel
from langgraph.store.base import BaseStore

from guided_profile.graph.errors import ModelError
from guided_profile.graph.records import Call, HistoryItem, MemoryAct, MemoryKind
from guided_profile.graph.tasks import Task
from guided_profile.graph.text import encodable
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles import undoing
from guided_profile.tools.requests import words
from guided_profile.tools.requests.asked import requests_in
from guided_profile.tools.requests.doing import Heeded, Parts
from guided_profile.tools.requests.kinds import asks_more
from guided_profile.tools.requests.screen import screen
from guided_profile.tools.requests.settling import Settling

_log = logging.getLogger(__name__)
SWEPT_EVERY = timedelta(hours=1)
_KEPT_AS_ITEMS: tuple[MemoryKind, ...] = ("remember", "no_longer")


def may_be_kept(judged: Future[Heeded | None]) -> bool:
    """Whether a message may become an item: as far as is known, it is no request.

    The model is asked more only about a request, or about a reply to a question of ours: where it
    fails then, the message becomes no item.
    """
    if judged.cancelled():
        return True
    if (error := judged.exception()) is not None:
        return not isinstance(error, ModelError)
    heeded = judged.result()
    return heeded is None or heeded.becomes_item


def item_to_keep(judged: Future[Heeded | None], item: HistoryItem) -> HistoryItem | None:
    """Return the item that a message may become, with the part of it that is to be kept.

    Args:
        judged: What came of the message.
        item: The item that the whole message would be.
    """
    if not may_be_kept(judged):
        return None
    failed = judged.cancelled() or judged.exception() is not None
    heeded = None if failed else judged.result()
    if heeded is None or heeded.to_keep.strip() == item.text.strip():
        return item
    return item.model_copy(update={"text": encodable(heeded.to_keep)[: len(item.text)]})


class MemoryRequests:
    """Finds what users ask of what is kept about them, and does it.

    Args:
        chat: Is asked what a message asks, and what it means.
        history: The users' items.
        tasks: The tasks whose profiles are kept, by name.
        clock: The time, in UTC.
        own_task: The task that the conversations are of: an instruction is pinned for it, whatever
            it says of requests.
    """

    def __init__(
        self,
        chat: BaseChatModel,
        history: HistoryStore,
        tasks: Mapping[str, Task],
        clock: Callable[[], datetime],
        *,
        own_task: str = "",
    ) -> None:
        self._parts = Parts(
            chat=chat,
            history=history,
            tasks={name: task for name, task in tasks.items() if task.needs_profile},
            clock=clock,
            own_task=own_task,
        )
        self._swept: datetime | None = None

    async def heed(
        self,
        user_id: str,
        message: str,
        *,
        store: BaseStore | None,
        before: str = "",
        keeps: bool = False,
        remembered: bool = True,
        thread: str = "",
        reported: bool = True,
        reports_unconfirmed: bool = False,
        first: Callable[[], Awaitable[object]] | None = None,
        took: list[Call] | None = None,
    ) -> Heeded | None:
        """Do what a message asks of what is kept; None: it asks nothing.

        Most messages cost a look into the Store and no call; one that may be a request costs one.

        Args:
            user_id: Whose message it is.
            message: What they say.
            store: Where profiles are kept; None: nothing can be kept for later.
            before: What they said before, which "that" may mean.
            keeps: Whether a message that is to be remembered is added to the history here.
            remembered: Whether it may be, here or by the caller; if not, the user gets to know it.
            thread: The id of the conversation; empty if it has none.
            reported: Whether the next answer is certain to say what came of it; if not, a Yes
                confirms nothing until `undoing.tell` notes where the user is asked.
            reports_unconfirmed: Whether to report that nothing was deleted, if the message does
                not confirm the deletion that was asked about and asks nothing else.
            first: Awaited before anything is done that the message asks, so that what was said
                before it is there.
            took: The calls are added to it where the message asks nothing; None: they are let go.

        Raises:
            ModelError: The model failed to say what is meant; nothing was done. To find what a
                message asks is optional: where that fails, it asks nothing.
        """
        run = Settling(
            self._parts, user_id, message, store, before, thread=thread, reported=reported
        )
        may_ask = screen().asking(message)
        heeded, left = await self._settled(run, user_id, store, may_ask=bool(may_ask))
        if heeded is None and may_ask:
            heeded = await self._done(
                run, may_ask, before, keeps=keeps, remembered=remembered, first=first
            )
        if heeded is None and left and reports_unconfirmed:
            more, calls = await asks_more(self._parts.chat, message)
            run.calls += calls
            heeded = await _left(run, left, ends=not more)
        if heeded is None and took is not None:
            took += run.calls
        return heeded

    async def _settled(
        self, run: Settling, user_id: str, store: BaseStore | None, *, may_ask: bool
    ) -> tuple[Heeded | None, undoing.Done | None]:
        """Return the outcome of a message that is about what was done last.

        And the deletion that was asked about: only this message can still confirm it.
        """
        if store is None:
            return None, None
        await self.sweep(store)
        done = await undoing.recent(store, user_id, self._parts.clock())
        last, act, settled = next(iter(done), None), None, None
        asked = undoing.asking(done, run.thread)
        elsewhere = last not in asked  # if it asks at all, it is in another conversation
        if asked:
            # only the very next message confirms, whatever comes of it
            settled = await undoing.together(store, user_id, asked)
            act = await run.reply(settled)
            last = settled if last in asked else last
        if act is None and last and (elsewhere or not last.asks) and may_ask:
            try:
                act = await run.undo(last)
            except ModelError as error:
                _not_looked_at(error)
        return (Heeded((act,), tuple(run.calls), ends=True) if act else None), settled

    async def _done(
        self,
        asking: Settling,
        may_ask: Sequence[str],
        before: str,
        *,
        keeps: bool,
        remembered: bool,
        first: Callable[[], Awaitable[object]] | None,
    ) -> Heeded | None:
        """Do what a message asks, if it is a request."""
        try:
            found = await requests_in(self._parts.chat, asking.message, may_ask, before)
        except ModelError as error:
            _not_looked_at(error)
            return None
        asking.calls += found.calls
        if found.each and first:
            await first()
        acts: list[MemoryAct] = []
        for place, request in enumerate(found.each):
            run = asking.part(request.text, request.before, place)
            try:
                act: MemoryAct | None
                if request.kind == "remember" and not remembered:
                    act = await run.report("remember", words.NOT_KEPT_HERE, outcome="cannot")
                else:
                    act = await run.do(request.kind, request.sentences, keeps=keeps)
            except ModelError as error:
                if not acts:
                    raise
                _log.warning("not all that a user asks of the memory is done: %s", error)
                act = await run.report(request.kind, words.NOT_DONE, outcome="cannot")
            asking.calls += run.calls
            acts += [act] if act else []
        if not acts:
            return None
        kinds = [request.kind for request in found.each]
        more = "do_not_remember" in kinds
        if found.rest and not more:
            more, calls = await asks_more(self._parts.chat, found.rest)
            asking.calls += calls
        to_keep = [r.text for r in found.each if r.kind in _KEPT_AS_ITEMS]
        return Heeded(
            tuple(acts),
            tuple(asking.calls),
            ends=not more,
            to_keep="" if "do_not_remember" in kinds else " ".join(to_keep),
        )

    async def settle(
        self,
        user_id: str,
        reply: str,
        *,
        store: BaseStore | None,
        thread: str = "",
        agrees: bool | None = None,
    ) -> Heeded:
        """Do what a user replied to the question that stands in a thread.

        Where none stands any more, nothing is deleted, and that is said.

        Args:
            user_id: Whose reply it is.
            reply: What they say; with `agrees`, a text in whose language they are answered.
            store: Where the question stands.
            thread: The id of the conversation.
            agrees: What they decided by a button, which no word of theirs outdoes; None: the model
                is asked what the reply says.
        """
        run = Settling(self._parts, user_id, reply, store, "", thread=thread)
        done = None
        if store is not None:
            recent = await undoing.recent(store, user_id, self._parts.clock())
            done = next(iter(undoing.asking(recent, thread)), None)
        if store is None or done is None:
            act: MemoryAct | None = await run.report("forget", words.LAPSED, outcome="nothing")
        elif agrees:
            act = await run.confirm(done)
        else:
            act = await (run.reply(done) if agrees is None else run.undo(done))
        if act is None and store is not None and done is not None:
            await undoing.write(store, user_id, done.model_copy(update={"asks": False}))
            return await _left(run, done, ends=True)
        assert act is not None
        return Heeded((act,), tuple(run.calls), ends=True)

    async def sweep(self, store: BaseStore) -> None:
        """Erase what nobody can undo any more, at most once an hour."""
        now = self._parts.clock()
        if self._swept is None or abs(now - self._swept) >= SWEPT_EVERY:
            self._swept = now
            await undoing.sweep(store, now)


async def _left(run: Settling, done: undoing.Done, *, ends: bool) -> Heeded:
    """Return what is said where a deletion was not confirmed.

    A message that asks nothing else answered our question, and is nothing to be kept.
    """
    act = await run.report("forget", words.LEFT, items=done.items, sentences=done.sentences)
    return Heeded((act,), tuple(run.calls), ends=ends, to_keep="" if ends else run.message)


def _not_looked_at(error: ModelError) -> None:
    _log.warning("a message is not looked at for what it asks of the memory: %s", error)
