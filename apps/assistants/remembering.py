"""Keeping what users said: once each, and never a request about their memory."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress

from guided_profile.apps.assistants.conversation import with_time_in_id
from guided_profile.apps.background import Background
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.requests.doing import Heeded
from guided_profile.tools.requests.heed import may_be_kept

NOT_KEPT = "what was said is not kept"
"""What follows from a failure, for the log."""

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

    def remember(
        self,
        user_id: str,
        items: Sequence[HistoryItem],
        instead_of: Sequence[str],
        heeded: Mapping[str, Judged],
    ) -> Future[None]:
        """Keep items; see `Companion.remember`.

        What is judged already is written at once, and nothing waits for the rest of it but the
        future.
        """
        waiting = [item for item in items if item.id in heeded and not heeded[item.id].done()]
        late = {item.id for item in waiting}
        now = [
            item
            for item in items
            if item.id not in late and (item.id not in heeded or may_be_kept(heeded[item.id]))
        ]
        begun = self._write(user_id, now, instead_of)
        if not waiting:
            return begun

        async def all_of_it() -> None:
            await asyncio.gather(
                asyncio.wrap_future(begun),
                *(self._later(user_id, item, heeded[item.id]) for item in waiting),
            )

        return self._background.watched(self._background.start(all_of_it()), NOT_KEPT)

    async def _later(self, user_id: str, item: HistoryItem, judged: Judged) -> None:
        with suppress(Exception):  # it is logged where it was begun
            await asyncio.wrap_future(judged)
        if may_be_kept(judged):
            await asyncio.wrap_future(self._write(user_id, [item], ()))

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
        """Return what was said before, and is said again after something else: it counts anew.

        The same words at once again are the same turn, sent once more.
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
