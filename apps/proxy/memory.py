"""What the proxy knows of a conversation's user, and what of it is remembered."""

import asyncio
import logging
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from time import monotonic

from cachetools import LRUCache
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.assistants.conversation import (
    Lookup,
    Remembered,
    has_no_other_name,
    last_turn,
    told_words,
    users_messages,
)
from guided_profile.apps.assistants.heeding import Heeding
from guided_profile.apps.assistants.known import Known
from guided_profile.apps.proxy.answers import Answer
from guided_profile.apps.proxy.asides import Asides
from guided_profile.apps.proxy.request import digest_of
from guided_profile.graph.prompts import before_words
from guided_profile.graph.records import MemoryAct
from guided_profile.graph.text import encodable
from guided_profile.tools.requests.doing import Heeded

TOKENS = 300
"""About how many tokens of a prompt the profile may take, and so many the history."""
LOOKUP_SECONDS, REST_SECONDS = 2.0, 30.0
"""How long an answer waits for what is known; for so long nothing is looked up after it took that.
"""
FOR_THE_MODEL, FOR_REQUESTS = 0.8, 0.5
"""The shares of that after which the model's word, and a request's doing, are not waited for."""
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
        self.companion, self._patience = companion, patience
        self.asides = Asides()
        self._remembered, self._heeding = Remembered(), Heeding(companion)
        self._threads: LRUCache[str, str] = LRUCache(MOST_ANSWERS)
        self._rests_until = 0.0

    def chat_after(self, answer_id: str) -> str:
        """Return the id of the conversation that an answer was given in; else the answer's own."""
        return self._threads.get(answer_id, answer_id)

    async def look(self, said: Said) -> Lookup:
        """Return what is known that bears on the user's last words; no failure is raised."""
        until = monotonic() + self._patience
        acts: tuple[MemoryAct, ...] = ()
        try:
            said.with_ids()
            heeded = self._heed(said)
            await _done(heeded, self._patience * FOR_REQUESTS)
            acts = self._heeding.told(said.user_id, heeded)
            if monotonic() < self._rests_until:
                return Lookup(failure="rests", acts=acts)
            lookup = asyncio.wrap_future(self._begin(said, heeded))
            return Lookup(await asyncio.wait_for(lookup, max(0.0, until - monotonic())), acts=acts)
        except TimeoutError:
            self._rests_until = monotonic() + REST_SECONDS
            failure = "slow"
        except Exception as error:  # noqa: BLE001  # whatever a store or server raises
            failure = type(error).__name__
        _log.warning("an answer does without what is known of its user: %s", failure)
        return Lookup(failure=failure, acts=acts)

    def block(self, found: Lookup) -> str:
        """Return what is put before the user's last words; empty for nothing."""
        items = sorted(found.known.items, key=lambda i: i.time.timestamp() if i.time else 0.0)
        return before_words(items, found.known.used) + told_words(found.acts)

    def answered(self, said: Said, found: Lookup, answer: Answer) -> None:
        """Begin to keep what the user said, once there is an answer to it; nothing is raised."""
        try:
            try:
                self._answered(said, found, answer)
            finally:
                self._heeding.over(said.user_id, said.thread)
        except RuntimeError as error:  # it was closed
            _log.warning("what was said is not kept: %s", error)
        except Exception as error:  # noqa: BLE001  # whatever a store raises; it may tell what was said
            _log.warning("what was said is not kept: %s", type(error).__name__)

    def _answered(self, said: Said, found: Lookup, answer: Answer) -> None:
        self._heeding.answered(said.user_id, said.thread, found.acts)
        self.asides.answered(said.user_id, said.messages[said.place].text, answer.text)
        if answer.id:
            self._threads[answer.id] = said.thread
        turn = last_turn(said.messages, said.user_id, has_no_other_name)
        items, replaced = self._remembered.items(
            turn, said.user_id, said.thread, self.companion.clock(), said.messages
        )
        heeded = self._heeding.of_items(said.user_id, said.thread, turn, items)
        self.companion.remember(said.user_id, items, instead_of=replaced, heeded=heeded)

    def _heed(self, said: Said) -> Future[Heeded | None]:
        message = said.messages[said.place]
        before = said.own[-2][1].text if len(said.own) > 1 else ""
        return self._heeding.of(said.user_id, said.thread, message, before)

    def _begin(self, said: Said, heeded: Future[Heeded | None]) -> Future[Known]:
        # where the message was asked about already, nearness alone decides what is used: an answer
        # waits for one short question, and not for two
        asked = self.companion.asks_model(heeded)
        seen = said.messages[: said.place]
        return self.companion.known(
            said.user_id,
            encodable(said.messages[said.place].text),
            TOKENS,
            [encodable(m.text) for m in seen if isinstance(m, HumanMessage | AIMessage)],
            profile_tokens=TOKENS,
            within=0.0 if asked else self._patience * FOR_THE_MODEL,
        )


async def _done(begun: Future[Heeded | None], seconds: float) -> None:
    """Wait for something, so long; what goes wrong in it is logged where it was begun."""
    if begun.done():
        return
    waiting = asyncio.wrap_future(begun)
    waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait([waiting], timeout=seconds)
