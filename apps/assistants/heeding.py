"""What users of a host ask of what is kept about them: begun once, and reported once."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from hashlib import blake2b
from threading import Lock

from cachetools import LRUCache
from langchain_core.messages import AnyMessage

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.assistants.conversation import (
    IsUsers,
    Remembered,
    has_no_other_name,
    last_turn,
)
from guided_profile.apps.background import done_at_once
from guided_profile.graph.records import HistoryItem, MemoryAct
from guided_profile.graph.text import encodable
from guided_profile.tools.requests.doing import Heeded

MAX_MESSAGES = 10_000
"""How many messages are known, so that each is heeded once."""
MOST_LATE = 8
"""How many messages of a user wait for an answer that reports their outcome."""
NOTE_SECONDS = 2.0
"""How long an answer waits until a Yes to what it asks counts."""

Judged = Future[Heeded | None]
_Key = tuple[str, str, str, bytes]


class Heeding:
    """Has each message heeded once, however many model calls its turn takes.

    When its turn is over, no words of what it was about are kept here.
    """

    def __init__(self, companion: Companion, *, remembers: bool = True) -> None:
        """Set it up for a middleware.

        Args:
            companion: Does what is asked.
            remembers: Whether what users say becomes part of their history; if not, a user
                who says "remember this" is told that it cannot be.
        """
        self._companion, self._remembers = companion, remembers
        self._remembered = Remembered()
        self._begun: LRUCache[_Key, Judged] = LRUCache(MAX_MESSAGES)
        self._turns: LRUCache[tuple[str, str], list[_Key]] = LRUCache(MAX_MESSAGES)
        """By user and conversation, the messages whose words are still kept."""
        self._late: LRUCache[str, list[Judged]] = LRUCache(MAX_MESSAGES)
        """By user, what is to be reported, until an answer has reported it."""
        self._lock = Lock()

    def of(
        self,
        user_id: str,
        thread: str,
        message: AnyMessage,
        before: str = "",
    ) -> Judged:
        """Return the outcome of a message, which is begun the first time.

        Args:
            user_id: Whose it is.
            thread: The conversation's id.
            message: The message.
            before: What the user said before it.

        Raises:
            ClosedError: The companion was closed.
        """
        text = encodable(message.text)
        digest = blake2b(text.encode(), digest_size=16).digest()  # no text outlives its deletion
        key = (user_id, thread, message.id or "", digest)
        with self._lock:
            judged = self._begun.get(key)
            if judged is None:
                judged = self._companion.heed(
                    user_id,
                    text,
                    before,
                    thread=thread,
                    reported=False,
                    remembers=self._remembers,
                )
                self._begun[key] = judged
                self._turns[user_id, thread] = [*self._turns.get((user_id, thread), ()), key]
            return judged

    def over(self, user_id: str, thread: str) -> None:
        """Forget the words of a turn that is over, once its outcomes were reported."""
        with self._lock:
            keys = self._turns.pop((user_id, thread), [])
            unreported, left = self._late.get(user_id, ()), []
            for key in keys:
                judged = self._begun.get(key)
                if judged is not None and judged.done() and judged not in unreported:
                    bare = _without_words(judged)
                    if {act.kind for act in _acts_of(bare)} == {"show"}:
                        del self._begun[key]  # sent once more, it is shown as it then is
                    else:
                        self._begun[key] = bare
                elif judged is not None:
                    left.append(key)
            if left:
                self._turns[user_id, thread] = left

    def answered(self, user_id: str, thread: str, acts: Sequence[MemoryAct]) -> None:
        """Note, before an answer goes out, that it reports acts to the user.

        From then on a Yes to what they are asked counts, if the store can be written.
        """
        wait([self._answered(user_id, thread, acts)], NOTE_SECONDS)

    async def aanswered(self, user_id: str, thread: str, acts: Sequence[MemoryAct]) -> None:
        """Note the same in an event loop."""
        noted = asyncio.wrap_future(self._answered(user_id, thread, acts))
        await asyncio.wait([asyncio.gather(noted, return_exceptions=True)], timeout=NOTE_SECONDS)

    def _answered(self, user_id: str, thread: str, acts: Sequence[MemoryAct]) -> Future[None]:
        with self._lock:
            left = [judged for judged in self._late.pop(user_id, ()) if not _is_among(judged, acts)]
            if left:
                self._late[user_id] = left
        try:
            return self._companion.asked(user_id, thread, acts)
        except RuntimeError:  # it was closed
            return done_at_once()

    def remember(
        self,
        user_id: str,
        thread: str,
        messages: Sequence[AnyMessage],
        *,
        is_users: IsUsers = has_no_other_name,
        obeys_requests: bool = True,
    ) -> None:
        """Begin to keep what the user said in the last turn of a conversation.

        Args:
            user_id: Whose it is.
            thread: The conversation's id.
            messages: The conversation.
            is_users: Says which messages are the user's.
            obeys_requests: Whether a request about the memory is done, and is then not kept.

        Raises:
            ClosedError: The companion was closed.
            ValidationError: A message can be no item; the error shows its text.
        """
        turn = last_turn(messages, user_id, is_users)
        now = self._companion.clock()
        items, replaced = self._remembered.items(turn, user_id, thread, now, messages)
        heeded = self._of_items(user_id, thread, turn if obeys_requests else [], items)
        self._companion.remember(user_id, items, instead_of=replaced, heeded=heeded)

    def _of_items(
        self,
        user_id: str,
        thread: str,
        turn: Sequence[AnyMessage],
        items: Sequence[HistoryItem],
    ) -> dict[str, Judged]:
        """Return the outcomes of a turn's messages, by the ids of the items they would be."""
        return {
            item.id: self.of(user_id, thread, message)
            for message, item in zip(turn, items, strict=False)
        }

    def acts_to_report(self, user_id: str, judged: Judged | None) -> tuple[MemoryAct, ...]:
        """Return what to report to the user now: of this message, and of those that came late.

        It is returned again until an answer has reported it; see `answered`.
        """
        with self._lock:
            others = [other for other in self._late.get(user_id, ()) if other is not judged]
            late = [other for other in others if not other.done() or _acts_of(other)]
            if judged is not None and (not judged.done() or _acts_of(judged)):
                self._late[user_id] = [*late, judged][-MOST_LATE:]
        return tuple(act for outcome in (*late, judged) for act in _acts_of(outcome))


def _acts_of(judged: Judged | None) -> tuple[MemoryAct, ...]:
    if judged is None or not judged.done() or judged.cancelled() or judged.exception():
        return ()
    heeded = judged.result()
    return heeded.acts if heeded else ()


def _is_among(judged: Judged, acts: Sequence[MemoryAct]) -> bool:
    return judged.done() and all(act in acts for act in _acts_of(judged))


def _without_words(judged: Judged) -> Judged:
    """Return the outcome of a message, without what it was about."""
    if judged.cancelled() or judged.exception() or (heeded := judged.result()) is None:
        return judged
    acts = [  # the notes that it is about stand in lines of their own
        MemoryAct(kind=act.kind, outcome=act.outcome, said=act.said.partition("\n")[0])
        for act in heeded.acts
    ]
    bare: Judged = Future()  # what it was to become, it became when its turn was over
    bare.set_result(replace(heeded, acts=tuple(acts), to_keep=""))
    return bare
