"""Doing what a user says about their memory."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import datetime, timedelta

from langchain_core.language_models import BaseChatModel
from langgraph.store.base import BaseStore

from guided_profile.graph.errors import ModelError
from guided_profile.graph.records import Call
from guided_profile.graph.tasks import Task
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.requests import record, words
from guided_profile.tools.requests.doing import Heeded, Parts, Run
from guided_profile.tools.requests.kinds import kind_of
from guided_profile.tools.requests.screen import screen

_log = logging.getLogger(__name__)
SWEPT_EVERY = timedelta(hours=1)


def may_be_kept(judged: Future[Heeded | None]) -> bool:
    """Whether a message may become an item: it is no request, as far as that was found out.

    The model is asked more only of what is a request, or a reply to a question of ours: where it
    fails then, the message is none.
    """
    if judged.cancelled():
        return True
    if (error := judged.exception()) is not None:
        return not isinstance(error, ModelError)
    heeded = judged.result()
    return heeded is None or heeded.becomes_item


class MemoryRequests:
    """Finds what users ask of what is kept about them, and does it.

    Args:
        chat: Is asked what a message asks, and what it means.
        history: The users' items.
        tasks: The tasks whose profiles are kept, by name.
        clock: The time, in UTC.
        speaks: Whether what is told is put into the user's language by the model; False where
            somebody else tells it.
    """

    def __init__(
        self,
        chat: BaseChatModel,
        history: HistoryStore,
        tasks: Mapping[str, Task],
        clock: Callable[[], datetime],
        *,
        speaks: bool = True,
    ) -> None:
        self._parts = Parts(
            chat=chat,
            history=history,
            tasks={name: task for name, task in tasks.items() if task.needs_profile},
            clock=clock,
            speaks=speaks,
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
        thread: str = "",
        confirms: bool = True,
        tells: bool = False,
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
            thread: The id of the conversation; empty if it has none.
            confirms: Whether the message before it asked the user about a deletion, as far as is
                known; if not, a Yes confirms nothing.
            tells: Whether the message is said to leave things as they are, if it does not confirm
                that deletion and asks nothing else of what is kept.
            took: The calls are added to it where the message asks nothing; None: they are let go.

        Raises:
            ModelError: The model failed to say what is meant; nothing was done. To find what a
                message asks is optional: where that fails, it asks nothing.
        """
        run = Run(self._parts, user_id, message, store, before)
        run.thread = thread
        heeded = await self._heed(
            run, user_id, message, store, keeps=keeps, confirms=confirms, tells=tells
        )
        if heeded is None and took is not None:
            took += run.calls
        return heeded

    async def _heed(
        self,
        run: Run,
        user_id: str,
        message: str,
        store: BaseStore | None,
        *,
        keeps: bool,
        confirms: bool,
        tells: bool,
    ) -> Heeded | None:
        last, left = None, None
        if store is not None:
            await self._sweep(store)
            done = await record.recent(store, user_id, self._parts.clock())
            last = next(iter(done), None)
            if confirms and (asked := record.asking(done, run.thread)):
                # only the very next message confirms, whatever comes of it
                settled = asked.model_copy(update={"asks": False})
                await record.write(store, user_id, settled)
                if heeded := await run.reply(asked):
                    return heeded
                last = settled if last is asked else last
                left = settled if tells else None
        heeded = await self._looked_at(run, message, last, keeps=keeps)
        return await _left(run, left, ends=None) if left and heeded is None else heeded

    async def _looked_at(
        self, run: Run, message: str, last: record.Done | None, *, keeps: bool
    ) -> Heeded | None:
        if not screen().lets_through(message):
            return None
        try:
            if last and not last.asks and (heeded := await run.undo(last)):
                return heeded
            kind, calls = await kind_of(self._parts.chat, message)
        except ModelError as error:
            _log.warning("a message is not looked at for what it asks of the memory: %s", error)
            return None
        run.calls += calls
        return await run.do(kind, keeps=keeps) if kind else None

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
            agrees: What they decided by a button; None: the model is asked what the reply says.
        """
        run = Run(self._parts, user_id, reply, store, "")
        done = None
        if store is not None:
            recent = await record.recent(store, user_id, self._parts.clock())
            done = record.asking(recent, thread)
        if store is None or done is None:
            return await run.told("forget", words.LAPSED, outcome="nothing", ends=True)
        if agrees:
            return await run.confirm(done)
        if agrees is None and (heeded := await run.reply(done)):
            return heeded
        await record.write(store, user_id, done.model_copy(update={"asks": False}))
        return await _left(run, done, ends=True)

    async def _sweep(self, store: BaseStore) -> None:
        now = self._parts.clock()
        if self._swept is None or abs(now - self._swept) >= SWEPT_EVERY:
            self._swept = now
            await record.sweep(store, now)


async def _left(run: Run, done: record.Done, *, ends: bool | None) -> Heeded:
    """Return what is said where a deletion was not confirmed."""
    return await run.told(
        "forget", words.LEFT, items=done.items, sentences=done.sentences, ends=ends
    )
