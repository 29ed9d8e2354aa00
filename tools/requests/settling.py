"""Going through with what was done at a request, or undoing it."""

import asyncio
from contextlib import suppress

from langgraph.store.base import BaseStore

from guided_profile.graph.records import MemoryAct, MemoryKind
from guided_profile.tools.profiles import undoing
from guided_profile.tools.profiles.store import Override
from guided_profile.tools.profiles.undoing import Done
from guided_profile.tools.requests import words
from guided_profile.tools.requests.doing import Run
from guided_profile.tools.requests.kinds import agrees, undoes
from guided_profile.tools.text.words import words as spoken
from guided_profile.tools.user_data.erase import forget_items


class Settling(Run):
    """One message of one user after something was done at their request."""

    async def reply(self, done: Done) -> MemoryAct | None:
        """Delete what was asked about, or undo what was done; None: the message wants neither."""
        yes, calls = await agrees(self._chat, self.message)
        self.calls += calls
        return await self._settled(done, "confirm") if yes else await self.undo(done)

    async def confirm(self, done: Done) -> MemoryAct:
        """Delete what was asked about."""
        return await self._settled(done, "confirm")

    async def undo(self, done: Done) -> MemoryAct | None:
        """Undo what was done, if that is what the message wants."""
        yes, calls = await undoes(self._chat, done.said, self.message)
        self.calls += calls
        return await self._settled(done, "keep") if yes else None

    async def _settled(self, done: Done, kind: MemoryKind) -> MemoryAct:
        assert self._store is not None
        if kind == "confirm":
            gone = await asyncio.to_thread(self._history.get, self._user_id, done.items)
            pins = await self._pins_of(self._store, done)
            await forget_items(self._user_id, done.items, history=self._history, store=self._store)
            kept = done.model_copy(
                update={
                    "asks": False,
                    "said": words.DELETED,
                    "deleted": tuple(gone),
                    "time": self._now,
                    "pins": pins,
                }
            )
            await undoing.write(self._store, self._user_id, kept)
            await undoing.drop(self._store, self._user_id, done)
            for name, pinned in pins:
                await self._profiles(self._store, self._parts.tasks.get(name), name).take_back(
                    pinned
                )
            return await self.report("confirm", words.DELETED, items=done.items)
        for name, key in done.overrides:
            profiles = self._profiles(self._store, self._parts.tasks.get(name), name)
            with suppress(StopIteration):
                await profiles.take_back(
                    next(override for override in await profiles.overrides() if override.key == key)
                )
        if done.deleted:
            await asyncio.to_thread(self._history.add, self._user_id, done.deleted)
            released = [item.id for item in done.deleted if item.released]
            await asyncio.to_thread(self._history.release, self._user_id, released)
        elif done.items:
            await asyncio.to_thread(
                self._history.withdraw, self._user_id, done.items, withdrawn=False
            )
        for name, pinned in done.pins:
            profiles = self._profiles(self._store, self._parts.tasks.get(name), name)
            await profiles.add_override(pinned)
        await undoing.drop(self._store, self._user_id, done)
        return await self.report("keep", words.BACK, items=done.items, sentences=done.sentences)

    async def _pins_of(self, store: BaseStore, done: Done) -> tuple[tuple[str, Override], ...]:
        """Return what the user had pinned of what they want deleted, by the names of the tasks."""
        forbidden = {tuple(spoken(text)) for text in done.sentences}
        found = []
        for name, task in self._parts.tasks.items():
            for override in await self._profiles(store, task).overrides():
                says_it = tuple(spoken(override.text)) in forbidden
                rests_on_it = not set(override.evidence).isdisjoint(done.items)
                if override.kind == "pin" and (says_it or rests_on_it):
                    found.append((name, override))
        return tuple(found)
