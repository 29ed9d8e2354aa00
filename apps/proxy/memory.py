"""What the proxy knows of a conversation's user, and what of it is remembered."""

import logging
from dataclasses import dataclass
from functools import cached_property

from cachetools import LRUCache
from langchain_core.messages import AnyMessage, HumanMessage

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.assistants.conversation import (
    Lookup,
    has_no_other_name,
    users_messages,
)
from guided_profile.apps.assistants.heeding import Heeding
from guided_profile.apps.assistants.lookups import LOOKUP_SECONDS, Lookups
from guided_profile.apps.proxy.answers import Answer
from guided_profile.apps.proxy.asides import Asides
from guided_profile.apps.proxy.request import digest_of

TOKENS = 300
"""About how many tokens of a prompt the profile may take, and so many the history."""
MOST_ANSWERS = 10_000

_log = logging.getLogger(__name__)


@dataclass
class Said:
    """A conversation, and whose it is."""

    user_id: str
    messages: list[AnyMessage]
    chat: str = ""
    """Its id, from the front end; empty: it is known by how it begins."""

    @cached_property
    def own(self) -> list[tuple[int, HumanMessage]]:
        """Return the user's messages that say something, with where they stand."""
        own = users_messages(self.messages, self.user_id, has_no_other_name)
        return [(place, one) for place, one in own if one.text.strip()]

    @property
    def place(self) -> int:
        """Return where the user's last words stand."""
        return self.own[-1][0]

    @cached_property
    def thread(self) -> str:
        """Return the conversation's id."""
        return self.chat or digest_of(self.own[0][1].text)

    def with_ids(self) -> None:
        """Give each message of the last turn an id: the same when it is sent once more.

        Where the front end names the conversation, other words at the same place are the message,
        edited; else they may be those of another conversation that began alike.
        """
        first = self.turn_begins
        digest = digest_of(self.thread, *(one.text for one in self.messages[:first]))
        for number, message in enumerate(self.messages[first:]):
            if isinstance(message, HumanMessage):
                own = () if self.chat else (message.text,)
                message.id = digest_of(digest, str(number), *own)

    @property
    def turn_begins(self) -> int:
        """Return where the messages begin that the user said since an answer."""
        first = self.place
        while first and isinstance(self.messages[first - 1], HumanMessage):
            first -= 1
        return first


class Memory:
    """Looks users up, does what they ask of what is kept, and remembers what they say."""

    def __init__(self, companion: Companion, patience: float = LOOKUP_SECONDS) -> None:
        self.companion, self.asides = companion, Asides()
        self._heeding = Heeding(companion)
        self._lookups = Lookups(
            companion,
            self._heeding,
            is_users=has_no_other_name,
            profile_tokens=TOKENS,
            recall_tokens=TOKENS,
            patience=patience,
            obeys_requests=True,
        )
        self._threads: LRUCache[str, str] = LRUCache(MOST_ANSWERS)

    def chat_after(self, answer_id: str) -> str:
        """Return the id of the conversation that an answer was given in; else the answer's own."""
        return self._threads.get(answer_id, answer_id)

    async def look(self, said: Said) -> Lookup:
        """Return what is known that bears on the user's last words."""
        said.with_ids()
        return await self._lookups.alook(said.user_id, said.thread, said.messages, said.place)

    async def tells(self, said: Said, found: Lookup) -> None:
        """Note, before an answer goes out, that it tells the user what was done."""
        await self._heeding.aanswered(said.user_id, said.thread, found.acts)

    def answered(self, said: Said, answer: Answer) -> None:
        """Begin to keep what the user said, once there is an answer to it; nothing is raised."""
        try:
            try:
                self._answered(said, answer)
            finally:
                self._heeding.over(said.user_id, said.thread)
        except Exception as error:  # noqa: BLE001  # its text may tell what was said
            _log.warning("what was said is not kept: %s", type(error).__name__)

    def _answered(self, said: Said, answer: Answer) -> None:
        said.with_ids()
        self.asides.answered(said.user_id, said.messages[said.place].text, answer.text)
        if answer.id:
            self._threads[answer.id] = said.thread
        self._heeding.remember(said.user_id, said.thread, said.messages)
