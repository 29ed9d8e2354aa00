"""Carrying out one request of one user about their memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from langchain_core.language_models import BaseChatModel
from langgraph.store.base import BaseStore

from guided_profile.graph.errors import QuestionError
from guided_profile.graph.records import LONGEST_TEXT, Call, HistoryItem, MemoryAct, MemoryKind
from guided_profile.graph.tasks import Task
from guided_profile.graph.text import encodable
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles import undoing
from guided_profile.tools.profiles.corrections import decide, take_back
from guided_profile.tools.profiles.plan import variant_of
from guided_profile.tools.profiles.store import Override, ProfileStore
from guided_profile.tools.profiles.undoing import Done
from guided_profile.tools.requests import words
from guided_profile.tools.requests.meant import ended, meant, notes_of, profiles_of_user
from guided_profile.tools.safety.screen import flagged


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What requests are carried out with."""

    chat: BaseChatModel
    history: HistoryStore
    tasks: Mapping[str, Task]
    """Those whose profiles are kept."""
    clock: Callable[[], datetime]
    own_task: str = ""
    """The task that the conversations are of, which an instruction is for in any case."""


@dataclass(frozen=True, slots=True)
class Heeded:
    """What came of a message that asks something of what is kept."""

    acts: tuple[MemoryAct, ...]
    """One for each thing that it asks; at least one."""
    calls: tuple[Call, ...]
    ends: bool
    """Whether the message asks nothing else that is to be answered."""
    to_keep: str = ""
    """What of the message may become an item of the history; empty: nothing."""

    @property
    def act(self) -> MemoryAct:
        """All acts joined: as the act that asks the user, or else as the last one."""
        if len(self.acts) == 1:
            return self.acts[0]
        main = next((act for act in self.acts if act.outcome == "asks"), self.acts[-1])
        return main.model_copy(
            update={
                "said": "\n\n".join(act.said for act in self.acts),
                "sentences": tuple(text for act in self.acts for text in act.sentences),
                "items": tuple(id_ for act in self.acts for id_ in act.items),
            }
        )

    @property
    def becomes_item(self) -> bool:
        """Whether the message, or a part of it, may become an item of the history."""
        return bool(self.to_keep)


class Run:
    """One request of one user."""

    def __init__(
        self,
        parts: Parts,
        user_id: str,
        message: str,
        store: BaseStore | None,
        before: str,
        *,
        thread: str = "",
        reported: bool = True,
        place: int = 0,
    ) -> None:
        self._parts, self._user_id, self._reported = parts, user_id, reported
        self._store, self._before = store, before
        self.message, self.thread = message, thread
        self._chat, self._history = parts.chat, parts.history
        # what is done is kept by its time, and a message may ask several things
        self._now = parts.clock() + timedelta(microseconds=place)
        self.calls: list[Call] = []

    def part(self, message: str, before: str, place: int) -> "Run":
        """Return the run of one of the message's requests, by its place among them."""
        return Run(
            self._parts,
            self._user_id,
            message,
            self._store,
            before,
            thread=self.thread,
            reported=self._reported,
            place=place,
        )

    async def do(
        self, kind: MemoryKind, sentences: Sequence[str], *, keeps: bool
    ) -> MemoryAct | None:
        """Do what some sentences ask; None: it is an ordinary message after all."""
        if kind == "do_not_remember":
            return await self.report(kind, words.NOT_KEPT)
        if kind == "remember":
            if keeps:
                await self._add()
            return await self.report(kind, words.REMEMBERED)
        if self._store is None:
            return await self.report(kind, words.CANNOT, outcome="cannot")
        try:
            if kind == "always":
                return await self._always(self._store, sentences)
            if kind == "show":
                return await self._show(self._store)
            if kind == "no_longer":
                return await self._no_longer(self._store, keeps=keeps)
            return await self._forget(self._store)
        except QuestionError as error:  # too much was pinned or forbidden already
            return await self.report(kind, str(error), outcome="cannot")

    async def report(
        self,
        kind: MemoryKind,
        sentence: str,
        *,
        notes: Sequence[str] = (),
        outcome: str = "done",
        sentences: Sequence[str] = (),
        items: Sequence[str] = (),
    ) -> MemoryAct:
        """Return what came of the request, in words."""
        said, calls = await words.in_language_of(self._chat, self.message, sentence)
        self.calls += calls
        return MemoryAct.model_validate(
            {
                "kind": kind,
                "outcome": outcome,
                "said": words.with_notes(said, notes),
                "sentences": tuple(sentences),
                "items": tuple(items),
            }
        )

    async def _forget(self, store: BaseStore) -> MemoryAct:
        notes = await notes_of(
            self._user_id,
            self.message,
            self._before,
            store=store,
            history=self._history,
            tasks=self._parts.tasks,
        )
        sentences, items, calls = await meant(
            self._chat, self._history, notes, self.message, self._before
        )
        self.calls += calls
        if not sentences and not items:
            return await self.report("forget", words.NOT_FOUND, outcome="nothing")
        texts = [*sentences, *(notes.items[id_].text for id_ in items)]
        act = await self.report(  # before anything is done: it may take a call, and be cut off
            "forget",
            words.ASKS if items else words.WITHDRAWN,
            notes=texts,
            outcome="asks" if items else "done",
            sentences=sentences,
            items=items,
        )
        forbidden = await self._forbid({text: notes.sentences[text] for text in sentences})
        # what is left of the evidence could bring the sentences back, when what was forbidden is
        # erased with what was deleted
        left = {id_ for text in sentences for id_ in notes.evidence.get(text, ())} - set(items)
        used = [id_ for id_ in items if not notes.items[id_].withdrawn]
        async with self._whole(forbidden, used):
            if items:
                await asyncio.to_thread(self._history.withdraw, self._user_id, items)
            await self._record(store, act, forbidden, stays=bool(left))
        return act

    async def _no_longer(self, store: BaseStore, *, keeps: bool) -> MemoryAct | None:
        found = await profiles_of_user(store, self._user_id, self._parts.tasks, self._history)
        where: dict[str, list[ProfileStore]] = {}
        for profiles, known in found:
            for sentence in known:
                where.setdefault(sentence.text, []).append(profiles)
        over, calls = await ended(self._chat, self._history, list(where), self.message)
        self.calls += calls
        if not over:
            return None  # an ordinary remark
        act = await self.report("no_longer", words.WITHDRAWN, notes=over, sentences=over)
        forbidden = await self._forbid({text: where[text] for text in over})
        async with self._whole(forbidden):
            await self._record(store, act, forbidden)
            if keeps:
                await self._add()
        return act

    async def _always(self, store: BaseStore, sentences: Sequence[str]) -> MemoryAct:
        pins = [Override(kind="pin", text=text, use="always", time=self._now) for text in sentences]
        stores = [
            self._profiles(store, task)
            for task in self._parts.tasks.values()
            if task.obeys_requests or task.name == self._parts.own_task
        ]
        if not stores:
            return await self.report("always", words.CANNOT, outcome="cannot")
        act = await self.report("always", words.ALWAYS, notes=sentences, sentences=sentences)
        pinned = await decide([(profiles, pin) for profiles in stores for pin in pins])
        async with self._whole(pinned):
            await self._record(store, act, pinned)
        return act

    async def _show(self, store: BaseStore) -> MemoryAct:
        found = await profiles_of_user(store, self._user_id, self._parts.tasks, self._history)
        used = [sentence for _, shown in found for sentence in shown]
        known = list(dict.fromkeys(sentence.text for sentence in used))
        if not any(sentence.evidence for sentence in used):
            # no profile is made yet, or nothing but what they pinned: what it would be made from
            newest = await asyncio.to_thread(self._history.list, self._user_id, newest=words.SHOWN)
            orders = flagged(newest)
            known += [i.text for i in newest if i.role == "user" and i.id not in orders]
        if not known:
            return await self.report("show", words.UNKNOWN, outcome="nothing")
        return await self.report("show", words.KNOWN, notes=known, sentences=known)

    @asynccontextmanager
    async def _whole(
        self, decided: Sequence[tuple[ProfileStore, Override]], items: Sequence[str] = ()
    ) -> AsyncIterator[None]:
        """Have all of a request done, or nothing of it."""
        try:
            yield
        except BaseException:
            await take_back(decided)
            if items:
                await asyncio.to_thread(
                    self._history.withdraw, self._user_id, items, withdrawn=False
                )
            raise

    async def _record(
        self,
        store: BaseStore,
        act: MemoryAct,
        decided: Sequence[tuple[ProfileStore, Override]],
        *,
        stays: bool = False,
    ) -> None:
        done = Done(
            kind=act.kind,
            time=self._now,
            said=act.said,
            asks=act.outcome == "asks",
            told=self._reported,
            overrides=tuple((profiles.task, override.key) for profiles, override in decided),
            sentences=act.sentences,
            items=act.items,
            thread=self.thread,
            stays=stays,
        )
        await undoing.write(store, self._user_id, done)

    async def _forbid(
        self, where: Mapping[str, Sequence[ProfileStore]]
    ) -> list[tuple[ProfileStore, Override]]:
        return await decide(
            [
                (profiles, Override(kind="forbid", text=text, time=self._now))
                for text, stores in where.items()
                for profiles in stores
            ]
        )

    async def _add(self) -> None:
        item = HistoryItem(
            text=encodable(self.message)[:LONGEST_TEXT], source="chat", time=self._now
        )
        await asyncio.to_thread(self._history.add, self._user_id, [item])

    def _profiles(self, store: BaseStore, task: Task | None, name: str = "") -> ProfileStore:
        variant = variant_of(task) if task else "guided"
        return ProfileStore(store, self._user_id, task.name if task else name, variant)
