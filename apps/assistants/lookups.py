"""What is known of a user for an answer of a host's model, and what was done at their request.

An answer waits for it for a limited time only.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import Future, wait
from time import monotonic

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.assistants.conversation import IsUsers, Lookup, users_messages
from guided_profile.apps.assistants.heeding import Heeding, Judged
from guided_profile.apps.assistants.known import Known
from guided_profile.graph.errors import SettingsError
from guided_profile.graph.records import MemoryAct
from guided_profile.graph.text import encodable

LOOKUP_SECONDS = 2.0
"""How long an answer waits for what is known of its user, where a host does not say."""
MOST_TOKENS, MOST_SECONDS = 1_000_000, 600.0
"""What a host may set: how much of a prompt, and how long an answer waits."""
FOR_THE_MODEL = 0.8
"""The share of that time after which the model is not waited for: what is near is used."""
FOR_REQUESTS = 0.5
"""The share of that time after which the outcome of a request is reported the next time."""
REST_SECONDS = 30.0
"""For how long nothing is looked up after a lookup took longer than that."""

_log = logging.getLogger(__name__)


class _RestingError(RuntimeError):
    """Nothing is looked up for a while."""


class Lookups:
    """Looks users up for the answers of an agent; the arguments are those of the middleware."""

    def __init__(
        self,
        companion: Companion,
        heeding: Heeding,
        *,
        is_users: IsUsers,
        profile_tokens: int,
        recall_tokens: int,
        patience: float,
        obeys_requests: bool,
    ) -> None:
        for name, tokens in (("profile_tokens", profile_tokens), ("recall_tokens", recall_tokens)):
            if not 0 <= tokens <= MOST_TOKENS:
                raise SettingsError(
                    f"{name} is {tokens!r}; set it to a number from 0 to {MOST_TOKENS}."
                )
        if not 0.0 <= patience <= MOST_SECONDS:
            raise SettingsError(
                f"patience is {patience!r}; set it to seconds, from 0 to {MOST_SECONDS:.0f}."
            )
        self._companion, self._heeding, self._is_users = companion, heeding, is_users
        self._profile_tokens, self._recall_tokens = profile_tokens, recall_tokens
        self._patience, self._obeys_requests = patience, obeys_requests
        self._rests_until = 0.0

    def look(self, user_id: str, thread: str, messages: Sequence[AnyMessage], place: int) -> Lookup:
        """Return what bears on a user's last words, which stand at a place; -1: there are none."""
        until = monotonic() + self._patience
        heeded = self._heed(user_id, thread, messages, place)
        if heeded:
            wait([heeded], self._patience * FOR_REQUESTS)
        acts = self._heeding.acts_to_report(user_id, heeded)
        lookup = self._begin(user_id, messages, place, until)
        try:
            return Lookup(lookup.result(max(0.0, until - monotonic())), acts=acts)
        except Exception as error:  # noqa: BLE001  # whatever a store or server raises
            lookup.cancel()
            return self._without(error, acts)

    async def alook(
        self, user_id: str, thread: str, messages: Sequence[AnyMessage], place: int
    ) -> Lookup:
        """Return the same in an event loop."""
        until = monotonic() + self._patience
        heeded = self._heed(user_id, thread, messages, place)
        if heeded:
            waiting = asyncio.wrap_future(heeded)
            await asyncio.wait([waiting], timeout=self._patience * FOR_REQUESTS)
            waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
        acts = self._heeding.acts_to_report(user_id, heeded)
        lookup = asyncio.wrap_future(self._begin(user_id, messages, place, until))
        try:
            return Lookup(await asyncio.wait_for(lookup, max(0.0, until - monotonic())), acts=acts)
        except Exception as error:  # noqa: BLE001  # whatever a store or server raises
            return self._without(error, acts)

    def _heed(
        self, user_id: str, thread: str, messages: Sequence[AnyMessage], place: int
    ) -> Judged | None:
        """Begin to do what the user's last message asks of what is kept, or go on with it."""
        if not self._obeys_requests or place < 0:
            return None
        own = users_messages(messages[:place], user_id, self._is_users)
        before = own[-1][1].text if own else ""
        try:
            return self._heeding.of(user_id, thread, messages[place], before)
        except RuntimeError:  # it was closed: the lookup says so
            return None

    def _begin(
        self, user_id: str, messages: Sequence[AnyMessage], place: int, until: float
    ) -> Future[Known]:
        before = messages[:place]
        try:
            if monotonic() < self._rests_until:
                raise _RestingError
            return self._companion.known(
                user_id,
                encodable(messages[place].text) if place >= 0 else "",
                self._recall_tokens,
                [encodable(m.text) for m in before if isinstance(m, HumanMessage | AIMessage)],
                profile_tokens=self._profile_tokens,
                within=max(0.0, until - monotonic()) * FOR_THE_MODEL,
            )
        except RuntimeError as error:  # it rests, or it was closed
            failed: Future[Known] = Future()
            failed.set_exception(error)
            return failed

    def _without(self, error: Exception, acts: tuple[MemoryAct, ...]) -> Lookup:
        if isinstance(error, _RestingError):
            failure = f"not looked up: it took over {self._patience:g} s before"
            return Lookup(failure=failure, acts=acts)
        failure = f"{type(error).__name__}: {error}"
        if isinstance(error, TimeoutError):
            self._rests_until = monotonic() + REST_SECONDS
            failure = f"it took over {self._patience:g} s"
        _log.warning("an answer does without what is known of its user: %s", failure)
        return Lookup(failure=failure, acts=acts)
