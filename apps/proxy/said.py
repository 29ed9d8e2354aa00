"""A conversation as a request has it: whose it is, and where in it their last words stand."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import count
from threading import Lock

from cachetools import TTLCache
from langchain_core.messages import AnyMessage, HumanMessage

from guided_profile.apps.assistants.conversation import has_no_other_name, users_messages
from guided_profile.apps.proxy.request import digest_of

MOST_TURNS, SECONDS = 10_000, 900.0
"""How many turns that only their words tell apart are known again, and for how many seconds."""


@dataclass
class Said:
    """A conversation, and whose it is."""

    user_id: str
    messages: list[AnyMessage]
    chat: str = ""
    """Its id, from the front end; empty: it is known by what the user said in it."""
    holds_all: bool = True
    """Whether the messages are all of it; if not, the endpoint has what stands before them."""
    after: str = ""
    """The id of the answer that they follow; empty: they do not say."""
    begins: str = ""
    """The conversation as it stood with that answer."""
    number: str = ""
    """Tells the last turn from others of the same words, where its place is not known."""

    @cached_property
    def own(self) -> list[tuple[int, HumanMessage]]:
        """Return the user's messages that say something, with where they stand."""
        own = users_messages(self.messages, self.user_id, has_no_other_name)
        return [(place, message) for place, message in own if message.text.strip()]

    @property
    def place(self) -> int:
        """Return where the user's last words stand."""
        return self.own[-1][0]

    @cached_property
    def thread(self) -> str:
        """Return the conversation's id, as it stands before the last turn."""
        first = self.turn_begins
        before = (message.text for place, message in self.own if place < first)
        return self.chat or self._as_of(before)

    @cached_property
    def thread_after(self) -> str:
        """Return its id as it stands with the last turn: what is asked then is replied to there.

        Where nothing names a conversation, it is all that the user said in it: two that begin alike
        are two as soon as they differ.
        """
        return self.chat or self._as_of(message.text for _, message in self.own)

    def _as_of(self, texts: Iterable[str]) -> str:
        return reduce(digest_of, texts, self.begins or digest_of())

    @property
    def knows_place(self) -> bool:
        """Whether what comes before the last turn says where it stands."""
        if self.chat and not self.after:
            return self.holds_all
        return bool(self.after or self.turn_begins)

    @property
    def goes_on(self) -> bool:
        """Whether the last turn was answered in part, by a call of a tool."""
        return self.place < len(self.messages) - 1

    def with_ids(self) -> None:
        """Give each message of the last turn an id: the same when it is sent once more.

        Where the front end names the conversation, other words in the same place are the message,
        edited. Where it does not, they may belong to another conversation that began alike, or,
        with nothing before them, to a front end that sends the newest message alone.
        """
        first = self.turn_begins
        before = [message.text for message in self.messages[:first]]
        digest = digest_of(self.thread, self.after, self.number, *before)
        edits = self.knows_place and bool(self.after or (self.chat and first))
        for number, message in enumerate(self.messages[first:]):
            if isinstance(message, HumanMessage):
                message.id = digest_of(digest, str(number), *(() if edits else (message.text,)))

    @property
    def turn_begins(self) -> int:
        """Return where the messages begin that the user said since an answer."""
        first = self.place
        while first and isinstance(self.messages[first - 1], HumanMessage):
            first -= 1
        return first


class Turns:
    """Tells a turn that is sent again from a new one of the same words, where no place does.

    It is sent again if the user said nothing else since, or if it goes on.
    """

    def __init__(self) -> None:
        self._numbers: TTLCache[tuple[str, str], str] = TTLCache(MOST_TURNS, SECONDS)
        self._last: TTLCache[str, str] = TTLCache(MOST_TURNS, SECONDS)
        self._counted = count(1)
        self._lock = Lock()

    def came(self, said: Said) -> None:
        """Number the last turn of a conversation, if its place is not known."""
        turn = (m.text for m in said.messages[said.turn_begins :] if isinstance(m, HumanMessage))
        words = digest_of(said.thread, said.after, *turn)
        key = said.user_id, words
        with self._lock:
            if not said.knows_place:
                known = self._numbers.get(key)
                if known is None or not (said.goes_on or self._last.get(said.user_id) == words):
                    known = str(next(self._counted))
                self._numbers[key] = said.number = known
            self._last[said.user_id] = words
