"""What stands in front of any chat: what to send upstream for a conversation, and what to keep.

It takes OpenAI's messages and LangChain's, and changes nothing of them but the user's last words.
Nothing here raises for a memory that fails: the conversation goes on as it came.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, convert_to_messages

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.assistants.conversation import (
    IsUsers,
    Lookup,
    Remembered,
    as_kept,
    block_of,
    content_after,
    has_no_other_name,
    last_turn,
    mark_of,
    users_messages,
)
from guided_profile.apps.assistants.heeding import Heeding, Judged
from guided_profile.graph.text import encodable

LOOKUP_SECONDS = 2.0
"""How long an answer waits for what is known of its user."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A conversation as it goes upstream, and what came of its last message."""

    messages: list[Any]
    """As they came, in the form in which they came, with what is known before the last words."""
    mark: dict[str, Any] = field(default_factory=dict)
    """`used`, `held_back`, `memory`, `failure` and the rest, as plain data."""
    said: str = ""
    """What was done at the user's request about their memory, in words; empty if nothing was."""
    lookup: Lookup = field(default_factory=Lookup)


class ChatMemory:
    """Brings what is known of a user into a conversation, and remembers what they say."""

    def __init__(
        self,
        companion: Companion,
        *,
        is_users: IsUsers = has_no_other_name,
        profile_tokens: int = 300,
        recall_tokens: int = 300,
        remembers: bool = True,
        patience: float = LOOKUP_SECONDS,
        obeys_requests: bool = True,
    ) -> None:
        """Make one; the arguments are those of `GuidedProfileMiddleware`."""
        self.companion, self.is_users = companion, is_users
        self.profile_tokens, self.recall_tokens = profile_tokens, recall_tokens
        self.remembers, self.patience = remembers, patience
        self.obeys_requests = obeys_requests
        self._heeding, self._remembered = Heeding(companion), Remembered()

    async def prepare(self, user_id: str, messages: Sequence[Any], *, thread: str = "") -> Prepared:
        """Return what goes upstream for a conversation; `answered` is called after the answer."""
        lookup = Lookup()
        try:
            own = users_messages(_read(messages), user_id, self.is_users)
            if not own:
                return Prepared([*messages], mark_of(lookup))
            lookup = await self._look(user_id, _read(messages), own[-1][0], thread)
            block = block_of(lookup)
            sent = _with_block(messages, own[-1][0], block) if block else [*messages]
        except Exception as error:  # noqa: BLE001  # a failing memory never fails the chat
            _log.warning("an answer does without what is known: %s", type(error).__name__)
            lookup = Lookup(failure=type(error).__name__, acts=lookup.acts)
            sent = [*messages]
        said = " ".join(act.said for act in lookup.acts)
        return Prepared(sent, mark_of(lookup), said, lookup)

    def answered(
        self, user_id: str, messages: Sequence[Any], prepared: Prepared, *, thread: str = ""
    ) -> None:
        """Note that an answer was given, and begin to keep what the user said before it.

        Args:
            user_id: Whose conversation it is.
            messages: As they came, without the answer.
            prepared: What `prepare` returned for them.
            thread: The conversation's id; empty if it has none.
        """
        try:
            self._heeding.answered(user_id, thread, prepared.lookup.acts)
            if not self.remembers:
                return
            read = _read(messages)
            turn, now = last_turn(read, user_id, self.is_users), self.companion.clock()
            items, replaced = self._remembered.items(turn, user_id, thread, now, read)
            judged = turn if self.obeys_requests else []
            heeded = self._heeding.of_items(user_id, thread, judged, items)
            self.companion.remember(user_id, items, instead_of=replaced, heeded=heeded)
        except Exception as error:  # noqa: BLE001  # its text may tell what was said
            _log.warning("what was said is not kept: %s", type(error).__name__)

    async def _look(
        self, user_id: str, messages: Sequence[AnyMessage], place: int, thread: str
    ) -> Lookup:
        until = monotonic() + self.patience
        heeded = self._heed(user_id, messages, place, thread) if self.obeys_requests else None
        if heeded:
            waiting = asyncio.wrap_future(heeded)
            await asyncio.wait([waiting], timeout=self.patience / 2)
            waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
        acts = as_kept(self._heeding.told(user_id, heeded), self.remembers)
        asked = heeded is not None and self.companion.asks_model(heeded)
        before = [m for m in messages[:place] if isinstance(m, HumanMessage | AIMessage)]
        known = partial(
            self.companion.known,
            user_id,
            encodable(messages[place].text),
            self.recall_tokens,
            [encodable(message.text) for message in before],
            profile_tokens=self.profile_tokens,
            within=0.0 if asked else self.patience * 0.8,
        )
        try:
            lookup = asyncio.wrap_future(known())
            return Lookup(await asyncio.wait_for(lookup, max(0.0, until - monotonic())), acts=acts)
        except Exception as error:  # noqa: BLE001  # what was done is told all the same
            _log.warning("an answer does without what is known: %s", type(error).__name__)
            return Lookup(failure=type(error).__name__, acts=acts)

    def _heed(
        self, user_id: str, messages: Sequence[AnyMessage], place: int, thread: str
    ) -> Judged:
        own = users_messages(messages[:place], user_id, self.is_users)
        answers = [message for message in messages[:place] if isinstance(message, AIMessage)]
        return self._heeding.of(
            user_id,
            thread,
            messages[place],
            own[-1][1].text if own else "",
            answers[-1] if answers else None,
        )


def _read(messages: Sequence[Any]) -> list[AnyMessage]:
    """Return messages of either form as LangChain's, one for one."""
    return [message for one in messages for message in convert_to_messages([one])]  # type: ignore[misc]


def _with_block(messages: Sequence[Any], place: int, block: str) -> list[Any]:
    said = messages[place]
    if isinstance(said, dict):
        longer: Any = {**said, "content": content_after(block, said["content"])}
    else:
        longer = said.model_copy(update={"content": content_after(block, said.content)})
    return [*messages[:place], longer, *messages[place + 1 :]]
