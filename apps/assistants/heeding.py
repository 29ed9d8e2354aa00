"""What users of a host's conversations ask of what is kept about them: begun once, told once."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from hashlib import blake2b
from threading import Lock
from weakref import WeakSet

from cachetools import LRUCache
from langchain_core.messages import AnyMessage

from guided_profile.apps.assistants.companion import Companion
from guided_profile.graph.records import HistoryItem, MemoryAct
from guided_profile.graph.text import encodable
from guided_profile.tools.requests import words
from guided_profile.tools.requests.doing import Heeded
from guided_profile.tools.requests.screen import screen

MAX_MESSAGES = 10_000
"""So many messages are known, so that each is heeded once."""

Judged = Future[Heeded | None]
_Key = tuple[str, str, str, bytes]


class Heeding:
    """Has each message heeded once, however many model calls its turn takes.

    When its turn is over, no words of what it was about are kept here.
    """

    def __init__(self, companion: Companion, *, remembers: bool = True) -> None:
        """Make the one of a middleware.

        Args:
            companion: Does what is asked.
            remembers: Whether what users say becomes part of their history; if not, "remember
                this" is told to be impossible.
        """
        self._companion, self._remembers = companion, remembers
        self._begun: LRUCache[_Key, Judged] = LRUCache(MAX_MESSAGES)
        self._turns: LRUCache[tuple[str, str], list[_Key]] = LRUCache(MAX_MESSAGES)
        """By user and conversation, the messages that are still known with words."""
        self._asking: WeakSet[Judged] = WeakSet()
        self._asked: LRUCache[tuple[str, str], bool] = LRUCache(MAX_MESSAGES)
        """In which conversations the last answer asked about a deletion."""
        self._late: LRUCache[str, list[Judged]] = LRUCache(MAX_MESSAGES)
        self._lock = Lock()

    def of(
        self,
        user_id: str,
        thread: str,
        message: AnyMessage,
        before: str = "",
        answer: AnyMessage | None = None,
    ) -> Judged:
        """Return what comes of a message, which is begun the first time.

        Args:
            user_id: Whose it is.
            thread: The conversation's id.
            message: The message.
            before: What the user said before it.
            answer: The assistant's message before it: a Yes confirms what that one asked.

        Raises:
            ClosedError: The companion was closed.
        """
        text = encodable(message.text)
        digest = blake2b(text.encode(), digest_size=16).digest()  # no text outlives its deletion
        key = (user_id, thread, message.id or "", digest)
        with self._lock:
            judged = self._begun.get(key)
            if judged is None:
                asked = self._asked.pop((user_id, thread), False) or _asks(answer)
                judged = self._companion.heed(user_id, text, before, thread=thread, confirms=asked)
                self._begun[key] = judged
                self._turns[user_id, thread] = [*self._turns.get((user_id, thread), ()), key]
                if asked or screen().lets_through(text):
                    self._asking.add(judged)
            return judged

    def takes_a_call(self, judged: Judged | None) -> bool:
        """Whether a message is put to the model, so that its answer should wait for no other."""
        return judged is not None and judged in self._asking

    def over(self, user_id: str, thread: str) -> None:
        """Forget the words of what was heeded in a turn that is over."""
        with self._lock:
            keys = self._turns.pop((user_id, thread), [])
            left = []
            for key in keys:
                judged = self._begun.get(key)
                if judged is not None and judged.done():
                    self._begun[key] = _without_words(judged)
                elif judged is not None:
                    left.append(key)
            if left:
                self._turns[user_id, thread] = left

    def answered(self, user_id: str, thread: str, acts: Sequence[MemoryAct]) -> None:
        """Note that an answer was given in which the user was to be told of acts."""
        if any(act.outcome == "asks" for act in acts):
            with self._lock:
                self._asked[user_id, thread] = True

    def of_items(
        self,
        user_id: str,
        thread: str,
        turn: Sequence[AnyMessage],
        items: Sequence[HistoryItem],
    ) -> dict[str, Judged]:
        """Return what comes of the messages of a turn, by the ids of the items they would be."""
        found = {
            item.id: self.of(user_id, thread, message)
            for message, item in zip(turn, items, strict=False)
        }
        self.over(user_id, thread)
        return found

    def told(self, user_id: str, judged: Judged | None) -> tuple[MemoryAct, ...]:
        """Return what the user is to be told now: of this message, and of those that came late."""
        with self._lock:
            late = [one for one in self._late.get(user_id, ()) if one is not judged]
            if judged is not None and not judged.done():
                self._late[user_id] = [*(one for one in late if not one.done()), judged]
            else:
                self._late[user_id] = [one for one in late if not one.done()]
        done = [one for one in (*late, judged) if one is not None and one.done()]
        heeded = [one.result() for one in done if not one.cancelled() and not one.exception()]
        return tuple(self._as_here(act) for one in heeded if one is not None for act in one.acts)

    def _as_here(self, act: MemoryAct) -> MemoryAct:
        if self._remembers or act.kind != "remember":
            return act
        return act.model_copy(update={"outcome": "cannot", "said": words.NOT_KEPT_HERE})


def _without_words(judged: Judged) -> Judged:
    """Return what came of a message, without what it was about."""
    if judged.cancelled() or judged.exception() or (heeded := judged.result()) is None:
        return judged
    acts = [MemoryAct(kind=act.kind, said=words.DONE_BEFORE) for act in heeded.acts]
    bare: Judged = Future()  # what it was to become, it became when its turn was over
    bare.set_result(replace(heeded, acts=tuple(acts), to_keep=""))
    return bare


def _asks(answer: AnyMessage | None) -> bool:
    """Whether an answer, as it was marked, asked the user about a deletion."""
    marks = answer.response_metadata.get("guided_profile") if answer else None
    acts = marks.get("memory") if isinstance(marks, dict) else None
    return any(isinstance(act, dict) and act.get("outcome") == "asks" for act in acts or ())
