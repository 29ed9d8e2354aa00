"""Keeping what users said: once each, and never a request about their memory."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from threading import Lock

from guided_profile.apps.assistants.conversation import with_time_in_id
from guided_profile.apps.background import Background
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.requests.doing import Heeded
from guided_profile.tools.requests.heed import item_to_keep

NOT_KEPT = "what was said is not kept"
"""What follows from a failure, for the log."""

CLOSE_SECONDS = 5.0
"""How long the end waits for items that are not judged yet; then they are kept as they are."""

Judged = Future[Heeded | None]


class Remembering:
    """Writes what users said, and has their profiles made.

    Args:
        history: Where it is kept.
        background: What it is done on.
        refresh: Called with the id of a user of whom something new is kept.
    """

    def __init__(
        self, history: HistoryStore, background: Background, refresh: Callable[[str], object]
    ) -> None:
        self.history, self._background, self._refresh = history, background, refresh
        self._late: dict[Future[None], list[Judged]] = {}
        """By the future of a late write, what that write waits for."""
        self._under_way: dict[str, set[Future[None]]] = {}
        self._lock = Lock()

    def remember(
        self,
        user_id: str,
        items: Sequence[HistoryItem],
        instead_of: Sequence[str],
        heeded: Mapping[str, Judged],
    ) -> Future[None]:
        """Keep items; see `Companion.remember`.

        What is judged already is written at once; only the future waits for the rest.
        """
        waiting = [item for item in items if item.id in heeded and not heeded[item.id].done()]
        late = {item.id for item in waiting}
        now = [
            kept
            for item in items
            if item.id not in late and (kept := _to_keep(item, heeded.get(item.id)))
        ]
        begun = self._write(user_id, now, instead_of)
        if not waiting:
            return self._noted(user_id, begun)

        async def all_of_it() -> None:
            await asyncio.gather(
                asyncio.wrap_future(begun),
                *(self._later(user_id, item, heeded[item.id]) for item in waiting),
            )

        whole = self._background.start(all_of_it())
        self._late[whole] = [heeded[item.id] for item in waiting]
        whole.add_done_callback(lambda done: self._late.pop(done, None))
        return self._noted(user_id, self._background.watched(whole, NOT_KEPT))

    def of(self, user_id: str) -> list[Future[None]]:
        """Return the writes that are under way for a user."""
        with self._lock:
            return [*self._under_way.get(user_id, ())]

    def _noted(self, user_id: str, writing: Future[None]) -> Future[None]:
        def written(done: Future[None]) -> None:
            with self._lock:
                left = self._under_way.get(user_id, set()) - {done}
                if left:
                    self._under_way[user_id] = left
                else:
                    self._under_way.pop(user_id, None)

        with self._lock:
            self._under_way.setdefault(user_id, set()).add(writing)
        writing.add_done_callback(written)
        return writing

    def finish(self) -> None:
        """Wait until late items are written; what takes too long is kept unjudged."""
        if wait([*self._late], CLOSE_SECONDS).not_done:
            for judged in [judged for waiting in [*self._late.values()] for judged in waiting]:
                judged.cancel()  # what it had begun is undone
            wait([*self._late], CLOSE_SECONDS)

    async def _later(self, user_id: str, item: HistoryItem, judged: Judged) -> None:
        # it is logged where it was begun
        await asyncio.gather(asyncio.wrap_future(judged), return_exceptions=True)
        if kept := _to_keep(item, judged):
            await asyncio.wrap_future(self._write(user_id, [kept], ()))

    def _write(
        self, user_id: str, items: Sequence[HistoryItem], instead_of: Sequence[str]
    ) -> Future[None]:
        def write() -> None:
            found = self.history.get(user_id, (item.id for item in items))
            there = {item.id: item for item in found}
            new = [item for item in items if item.id not in there]
            new += self._said_again(user_id, items, there)
            if new:
                self.history.add(user_id, new)
            gone = self.history.delete(user_id, instead_of) if instead_of else ()
            if (new or gone) and not self._background.process_ends():
                self._refresh(user_id)

        return self._background.write(lambda: self.history.patiently(write), NOT_KEPT)

    def _said_again(
        self, user_id: str, items: Sequence[HistoryItem], there: Mapping[str, HistoryItem]
    ) -> list[HistoryItem]:
        """Return what was said before, and is now said again after something else: it counts anew.

        The same words twice in a row are the same turn, sent once more.
        """
        again = [
            item
            for item in items
            if (old := there.get(item.id)) and old.time and item.time and old.time < item.time
        ]
        if not again:
            return []
        last = self.history.list(user_id, source=again[0].source, newest=len(items))
        lately = {item.text for item in last}
        return [with_time_in_id(item) for item in again if item.text not in lately]


def _to_keep(item: HistoryItem, judged: Judged | None) -> HistoryItem | None:
    return item if judged is None else item_to_keep(judged, item)
