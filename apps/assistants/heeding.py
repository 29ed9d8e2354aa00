"""What users of a host's conversations ask of what is kept about them: begun once, told once."""

from collections.abc import Sequence
from concurrent.futures import Future
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
from guided_profile.graph.records import HistoryItem, MemoryAct
from guided_profile.graph.text import encodable
from guided_profile.tools.requests.doing import Heeded

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
        self._remembered = Remembered()
        self._begun: LRUCache[_Key, Judged] = LRUCache(MAX_MESSAGES)
        self._turns: LRUCache[tuple[str, str], list[_Key]] = LRUCache(MAX_MESSAGES)
        """By user and conversation, the messages that are still known with words."""
        self._asked: LRUCache[tuple[str, str], bool] = LRUCache(MAX_MESSAGES)
        """In which conversations the last answer asked about a deletion."""
        self._late: LRUCache[str, list[Judged]] = LRUCache(MAX_MESSAGES)
        """By user, what was not done in time to be told, until an answer told it."""
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
                judged = self._companion.heed(
                    user_id,
                    text,
                    before,
                    thread=thread,
                    confirms=asked,
                    remembers=self._remembers,
                )
                self._begun[key] = judged
                self._turns[user_id, thread] = [*self._turns.get((user_id, thread), ()), key]
            return judged

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
        """Note that an answer was given in which the user is told of acts."""
        with self._lock:
            if any(act.outcome == "asks" for act in acts):
                self._asked[user_id, thread] = True
            left = [one for one in self._late.pop(user_id, ()) if not _is_among(one, acts)]
            if left:
                self._late[user_id] = left

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
            ValidationError: A message can be no item; the error tells what was said.
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
        """Return what comes of the messages of a turn, by the ids of the items they would be."""
        return {
            item.id: self.of(user_id, thread, message)
            for message, item in zip(turn, items, strict=False)
        }

    def told(self, user_id: str, judged: Judged | None) -> tuple[MemoryAct, ...]:
        """Return what the user is to be told now: of this message, and of those that came late.

        It is told again until an answer was given; see `answered`.
        """
        with self._lock:
            late = [one for one in self._late.get(user_id, ()) if one is not judged]
            if judged is not None and not judged.done():
                self._late[user_id] = [*late, judged]
        return tuple(act for one in (*late, judged) for act in _acts_of(one))


def _acts_of(judged: Judged | None) -> tuple[MemoryAct, ...]:
    if judged is None or not judged.done() or judged.cancelled() or judged.exception():
        return ()
    heeded = judged.result()
    return heeded.acts if heeded else ()


def _is_among(judged: Judged, acts: Sequence[MemoryAct]) -> bool:
    return judged.done() and all(act in acts for act in _acts_of(judged))


def _without_words(judged: Judged) -> Judged:
    """Return what came of a message, without what it was about."""
    if judged.cancelled() or judged.exception() or (heeded := judged.result()) is None:
        return judged
    acts = [  # the notes that it is about stand in lines of their own
        MemoryAct(kind=act.kind, outcome=act.outcome, said=act.said.partition("\n")[0])
        for act in heeded.acts
    ]
    bare: Judged = Future()  # what it was to become, it became when its turn was over
    bare.set_result(replace(heeded, acts=tuple(acts), to_keep=""))
    return bare


def _asks(answer: AnyMessage | None) -> bool:
    """Whether an answer, as it was marked, asked the user about a deletion."""
    marks = answer.response_metadata.get("guided_profile") if answer else None
    acts = marks.get("memory") if isinstance(marks, dict) else None
    return any(isinstance(act, dict) and act.get("outcome") == "asks" for act in acts or ())
