"""Carrying out one request of one user about their memory."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from langchain_core.language_models import BaseChatModel
from langgraph.store.base import BaseStore

from guided_profile.graph.errors import QuestionError
from guided_profile.graph.records import Call, HistoryItem, MemoryAct, MemoryKind
from guided_profile.graph.tasks import Task
from guided_profile.graph.text import encodable
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.corrections import forbid, pin
from guided_profile.tools.profiles.plan import variant_of
from guided_profile.tools.profiles.store import Override, ProfileStore
from guided_profile.tools.requests import record, words
from guided_profile.tools.requests.kinds import agrees, undoes
from guided_profile.tools.requests.meant import ended, meant, notes_of, profiles_of_user
from guided_profile.tools.requests.record import Done
from guided_profile.tools.requests.screen import screen
from guided_profile.tools.safety.screen import flagged
from guided_profile.tools.text.words import words as spoken
from guided_profile.tools.user_data.erase import forget_items

_KEPT_AS_ITEMS: tuple[MemoryKind, ...] = ("remember", "no_longer")
_QUESTIONS = "?？؟"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What requests are carried out with."""

    chat: BaseChatModel
    history: HistoryStore
    tasks: Mapping[str, Task]
    """Those whose profiles are kept."""
    clock: Callable[[], datetime]
    speaks: bool
    """Whether what is told is put into the user's language here."""


@dataclass(frozen=True, slots=True)
class Heeded:
    """What came of a message that asks something of what is kept."""

    act: MemoryAct
    calls: tuple[Call, ...]
    ends: bool
    """Whether the message asks nothing else that is to be answered."""

    @property
    def becomes_item(self) -> bool:
        """Whether the message itself may become an item of the history."""
        return self.act.kind in _KEPT_AS_ITEMS


class Run:
    """One request of one user."""

    def __init__(
        self,
        parts: Parts,
        user_id: str,
        message: str,
        store: BaseStore | None,
        before: str,
    ) -> None:
        self._parts, self._user_id, self._message = parts, user_id, message
        self._store, self._before = store, before
        self._chat, self._history = parts.chat, parts.history
        self._now = parts.clock()
        self.thread = ""
        """The id of the conversation; empty if it has none."""
        self.calls: list[Call] = []

    async def do(self, kind: MemoryKind, *, keeps: bool) -> Heeded | None:
        """Do what is asked; None: it is an ordinary message after all."""
        if kind == "do_not_remember":
            return await self.told(kind, words.NOT_KEPT, ends=False)
        if kind == "remember":
            if keeps:
                await self._add()
            return await self.told(kind, words.REMEMBERED)
        if self._store is None:
            return await self.told(kind, words.CANNOT, outcome="cannot")
        try:
            if kind == "always":
                return await self._always(self._store)
            if kind == "show":
                return await self._show(self._store)
            if kind == "no_longer":
                return await self._no_longer(self._store, keeps=keeps)
            return await self._forget(self._store)
        except QuestionError as error:  # too much was pinned or forbidden already
            return await self.told(kind, str(error), outcome="cannot", ends=True)

    async def told(
        self,
        kind: MemoryKind,
        sentence: str,
        *,
        notes: Sequence[str] = (),
        outcome: str = "done",
        sentences: Sequence[str] = (),
        items: Sequence[str] = (),
        ends: bool | None = None,
    ) -> Heeded:
        """Return what came of the request, in words."""
        said = sentence
        if self._parts.speaks:
            said, calls = await words.in_language_of(self._chat, self._message, sentence)
            self.calls += calls
        act = MemoryAct.model_validate(
            {
                "kind": kind,
                "outcome": outcome,
                "said": words.with_notes(said, notes),
                "sentences": tuple(sentences),
                "items": tuple(items),
            }
        )
        asks_more = any(mark in self._message for mark in _QUESTIONS)
        over = outcome == "asks" or kind in ("show", "keep", "confirm") or not asks_more
        return Heeded(act, tuple(self.calls), over if ends is None else ends)

    async def _forget(self, store: BaseStore) -> Heeded:
        notes = await notes_of(
            self._user_id,
            self._message,
            self._before,
            store=store,
            history=self._history,
            tasks=self._parts.tasks,
        )
        sentences, items, calls = await meant(
            self._chat, self._history, notes, self._message, self._before
        )
        self.calls += calls
        if not sentences and not items:
            return await self.told("forget", words.NOT_FOUND, outcome="nothing", ends=True)
        texts = [*sentences, *(notes.items[id_].text for id_ in items)]
        overrides = await self._forbid({text: notes.sentences[text] for text in sentences})
        if items:
            await asyncio.to_thread(self._history.withdraw, self._user_id, items)
        heeded = await self.told(
            "forget",
            words.ASKS if items else words.WITHDRAWN,
            notes=texts,
            outcome="asks" if items else "done",
            sentences=sentences,
            items=items,
        )
        # what is left of the evidence could bring the sentences back, when what was forbidden is
        # erased with what was deleted
        left = {id_ for text in sentences for id_ in notes.evidence.get(text, ())} - set(items)
        await self._record(store, heeded, overrides, stays=bool(left))
        return heeded

    async def _no_longer(self, store: BaseStore, *, keeps: bool) -> Heeded | None:
        found = await profiles_of_user(store, self._user_id, self._parts.tasks, self._history)
        where: dict[str, list[ProfileStore]] = {}
        for profiles, known in found:
            for sentence in known:
                where.setdefault(sentence.text, []).append(profiles)
        over, calls = await ended(self._chat, self._history, list(where), self._message)
        self.calls += calls
        if not over:
            return None  # an ordinary remark
        overrides = await self._forbid({text: where[text] for text in over})
        if keeps:
            await self._add()
        heeded = await self.told("no_longer", words.WITHDRAWN, notes=over, sentences=over)
        await self._record(store, heeded, overrides)
        return heeded

    async def _always(self, store: BaseStore) -> Heeded:
        text = self._message.strip()
        if any(mark in text for mark in _QUESTIONS):
            text = screen().asking(text)
        overrides = []
        for task in self._parts.tasks.values():
            if task.obeys_requests:
                profiles = self._profiles(store, task)
                made = await pin(profiles, text, now=self._now, use="always")
                overrides.append((task.name, made.key))
        heeded = await self.told("always", words.ALWAYS, notes=[text], sentences=[text])
        await self._record(store, heeded, overrides)
        return heeded

    async def _show(self, store: BaseStore) -> Heeded:
        found = await profiles_of_user(store, self._user_id, self._parts.tasks, self._history)
        known = list(dict.fromkeys(sentence.text for _, shown in found for sentence in shown))
        if not known:  # no profile is made yet: what it would be made from
            newest = await asyncio.to_thread(self._history.list, self._user_id, newest=words.SHOWN)
            orders = flagged(newest)
            known = [i.text for i in newest if i.role == "user" and i.id not in orders]
        if not known:
            return await self.told("show", words.UNKNOWN, outcome="nothing")
        return await self.told("show", words.KNOWN, notes=known, sentences=known)

    async def reply(self, done: Done) -> Heeded | None:
        """Delete what was asked about, or undo what was done; None: the message wants neither."""
        yes, calls = await agrees(self._chat, done.said, self._message)
        self.calls += calls
        return await self._settled(done, "confirm") if yes else await self.undo(done)

    async def confirm(self, done: Done) -> Heeded:
        """Delete what was asked about."""
        return await self._settled(done, "confirm")

    async def undo(self, done: Done) -> Heeded | None:
        """Undo what was done, if that is what the message wants."""
        yes, calls = await undoes(self._chat, done.said, self._message)
        self.calls += calls
        return await self._settled(done, "keep") if yes else None

    async def _settled(self, done: Done, kind: MemoryKind) -> Heeded:
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
            await record.write(self._store, self._user_id, kept)
            await record.drop(self._store, self._user_id, done)
            for name, pinned in pins:
                await self._profiles(self._store, self._parts.tasks.get(name), name).take_back(
                    pinned
                )
            return await self.told(
                "confirm", words.DELETED, items=done.items, sentences=done.sentences
            )
        for name, key in done.overrides:
            profiles = self._profiles(self._store, self._parts.tasks.get(name), name)
            with suppress(StopIteration):
                await profiles.take_back(
                    next(one for one in await profiles.overrides() if one.key == key)
                )
        if done.deleted:
            await asyncio.to_thread(self._history.add, self._user_id, done.deleted)
        elif done.items:
            await asyncio.to_thread(
                self._history.withdraw, self._user_id, done.items, withdrawn=False
            )
        for name, pinned in done.pins:
            profiles = self._profiles(self._store, self._parts.tasks.get(name), name)
            await profiles.add_override(pinned)
        await record.drop(self._store, self._user_id, done)
        return await self.told("keep", words.BACK, items=done.items, sentences=done.sentences)

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

    async def _record(
        self,
        store: BaseStore,
        heeded: Heeded,
        overrides: Sequence[tuple[str, str]],
        *,
        stays: bool = False,
    ) -> None:
        act = heeded.act
        done = Done(
            kind=act.kind,
            time=self._now,
            said=act.said,
            asks=act.outcome == "asks",
            overrides=tuple(overrides),
            sentences=act.sentences,
            items=act.items,
            thread=self.thread,
            stays=stays,
        )
        await record.write(store, self._user_id, done)

    async def _forbid(
        self, where: Mapping[str, Sequence[ProfileStore]]
    ) -> tuple[tuple[str, str], ...]:
        made = []
        for text, stores in where.items():
            for profiles in stores:
                override = await forbid(profiles, text, now=self._now)
                made.append((profiles.task, override.key))
        return tuple(made)

    async def _add(self) -> None:
        item = HistoryItem(text=encodable(self._message)[:20_000], source="chat", time=self._now)
        await asyncio.to_thread(self._history.add, self._user_id, [item])

    def _profiles(self, store: BaseStore, task: Task | None, name: str = "") -> ProfileStore:
        variant = variant_of(task) if task else "guided"
        return ProfileStore(store, self._user_id, task.name if task else name, variant)
