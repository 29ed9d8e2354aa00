"""The messages of a host's conversation: which are the user's words, and where ours go."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

from cachetools import LRUCache
from langchain_core.messages import AnyMessage, HumanMessage

from guided_profile.apps.assistants.known import Known
from guided_profile.graph.prompts import MEMORY_ADDED, MEMORY_TOLD, before_words, render
from guided_profile.graph.records import LONGEST_TEXT, HistoryItem, MemoryAct
from guided_profile.graph.text import as_data, encodable

MAX_MESSAGES = 10_000
"""How many messages are known by their ids, so that an edited one replaces its old version."""

IsUsers = Callable[[HumanMessage, str], bool]
"""Says whether a message holds the words of the user of an id."""


def has_no_other_name(message: HumanMessage, user_id: str) -> bool:
    """Whether a message names no speaker, or the user by their id."""
    return not message.name or message.name == user_id


def users_messages(
    messages: Sequence[AnyMessage], user_id: str, is_users: IsUsers
) -> list[tuple[int, HumanMessage]]:
    """Return the user's own messages with their places: no summary, and nobody else's words."""
    return [
        (place, message)
        for place, message in enumerate(messages)
        if isinstance(message, HumanMessage)
        and "lc_source" not in message.additional_kwargs
        and is_users(message, user_id)
    ]


def last_turn(
    messages: Sequence[AnyMessage], user_id: str, is_users: IsUsers
) -> list[HumanMessage]:
    """Return what the user said last, with nobody's answer between; each text once."""
    own = dict(users_messages(messages, user_id, is_users))
    turn: dict[str, HumanMessage] = {}
    place = max(own, default=-1)
    while place >= 0 and isinstance(messages[place], HumanMessage):
        if place in own and any(map(str.isalnum, own[place].text)):  # a word, and no mere sign
            turn[own[place].text] = own[place]
        place -= 1
    return list(turn.values())[::-1]


@dataclass(frozen=True, slots=True)
class Lookup:
    """The result of looking a user up."""

    known: Known = field(default_factory=Known)
    failure: str = ""
    """Why the lookup failed; empty if it did not."""
    acts: tuple[MemoryAct, ...] = ()
    """What was done at their request, and is to be reported to them."""


class Remembered:
    """Which item each message became, and when it was said, as long as the process runs."""

    def __init__(self) -> None:
        self._items: LRUCache[tuple[str, str, str], tuple[str, datetime]] = LRUCache(MAX_MESSAGES)
        self._lock = Lock()

    def items(
        self,
        turn: Sequence[HumanMessage],
        user_id: str,
        thread: str,
        now: datetime,
        before: Sequence[AnyMessage] = (),
    ) -> tuple[list[HistoryItem], list[str]]:
        """Return messages as items, and the ids of the items that edited messages replace.

        Args:
            turn: The messages.
            user_id: Whose they are.
            thread: The conversation's id.
            now: The time.
            before: The conversation, with the turn at its end.

        Raises:
            ValidationError: A message can be no item; the error shows its text.
        """
        items, replaced = [], []
        said = Counter(
            encodable(message.text) for message in before if isinstance(message, HumanMessage)
        )
        for message in turn:
            text = encodable(message.text)
            # the first time has the id of old; each further time has its own
            place = [said[text] - 1] if said[text] > 1 else []
            id_ = hashlib.sha256(json.dumps([thread, text, *place]).encode()).hexdigest()[:16]
            time = now
            if message.id:
                with self._lock:
                    key = (user_id, thread, message.id)
                    old, then = self._items.get(key, (id_, now))
                    time = then if old == id_ else now
                    self._items[key] = (id_, time)
                    if all(old != kept for kept, _ in self._items.values()):  # no other's
                        replaced.append(old)
            item = HistoryItem(
                id=id_,
                text=(text if len(text) <= LONGEST_TEXT else text.strip())[:LONGEST_TEXT],
                source="chat",
                time=time,
            )
            items.append(item)
        return items, replaced


def with_time_in_id(item: HistoryItem) -> HistoryItem:
    """Return an item under a new id, made from its old one and its time."""
    stamp = item.time.isoformat() if item.time else None
    digest = hashlib.sha256(json.dumps([item.id, stamp]).encode()).hexdigest()
    return item.model_copy(update={"id": digest[:16]})


def words_after(answer: str, acts: Sequence[MemoryAct]) -> str:
    """Return what is added to an answer: what was done at the user's request, as they read it."""
    words = "\n\n".join(act.said for act in acts)
    return f"\n\n{words}" if words and answer.strip() else words


def thread_of(runtime: Any) -> str:
    """Return the id of a run's conversation; empty if it has none."""
    info = runtime.execution_info
    return (info.thread_id if info else None) or ""


def with_words_before(messages: Sequence[AnyMessage], place: int, block: str) -> list[AnyMessage]:
    """Return the messages with a block before the words of one of them."""
    content = content_after(block, messages[place].content)
    longer = messages[place].model_copy(update={"content": content})
    return [*messages[:place], longer, *messages[place + 1 :]]


def content_after(block: str, words: Any) -> Any:
    """Return a message's content, text or parts, with a block before it."""
    return block + words if isinstance(words, str) else [{"type": "text", "text": block}, *words]


def block_of(found: Lookup, *, adds: bool) -> str:
    """Return what stands before the user's last words: what is known, and what was done.

    Args:
        found: The result of looking them up.
        adds: Whether what was done is added to the answer, so that the host's model is asked not
            to say it; if not, the model is asked to.
    """
    known, acts = found.known, found.acts
    by_time = sorted(known.items, key=lambda i: i.time.timestamp() if i.time else 0.0)
    if adds:
        done = render(MEMORY_ADDED, said=as_data(words_after("", acts))) if acts else ""
    else:
        done = "".join(render(MEMORY_TOLD, said=as_data(act.said)) for act in acts)
    return before_words(by_time, known.used) + done


def mark_of(found: Lookup) -> dict[str, Any]:
    """Return what was used, what was held back and what was done, as plain data."""
    profile = found.known.profile
    return {
        "personalized": bool(found.known.used or found.known.items),
        "profile_version": profile.version if profile else None,
        "items": len(found.known.items),
        "used": [sentence.text for sentence in found.known.used],
        "always": [sentence.text for sentence in found.known.used if sentence.use == "always"],
        "held_back": [held.model_dump() for held in found.known.held_back],
        "memory": [act.model_dump() for act in found.acts],
        "failure": found.failure,
    }
