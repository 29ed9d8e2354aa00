"""What the proxy knows of a conversation's user, and what of it is remembered."""

import logging

from cachetools import LRUCache

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.assistants.conversation import Lookup, has_no_other_name
from guided_profile.apps.assistants.heeding import Heeding
from guided_profile.apps.assistants.lookups import LOOKUP_SECONDS, Lookups
from guided_profile.apps.proxy.answers import Answer
from guided_profile.apps.proxy.asides import Asides
from guided_profile.apps.proxy.said import Said, Turns

TOKENS = 300
"""About how many tokens of a prompt the profile may take, and so many the history."""
MOST_ANSWERS = 10_000

_log = logging.getLogger(__name__)


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
        self._turns = Turns()

    def thread_of(self, answer_id: str) -> str:
        """Return the id of the conversation that an answer was given in; else the answer's own."""
        return self._threads.get(answer_id, answer_id)

    async def look(self, said: Said) -> Lookup:
        """Return what is known that bears on the user's last words."""
        self._turns.came(said)
        said.with_ids()
        return await self._lookups.alook(said.user_id, said.thread, said.messages, said.place)

    async def note_reported(self, said: Said, found: Lookup) -> None:
        """Note, before an answer goes out, that it tells the user what was done."""
        await self._heeding.aanswered(said.user_id, said.thread_after, found.acts)

    def answered(self, said: Said, answer: Answer) -> None:
        """Begin to keep what the user said, once there is an answer to it; nothing is raised."""
        try:
            try:
                self._answered(said, answer)
            finally:
                self._heeding.over(said.user_id, said.thread)
        except Exception as error:  # noqa: BLE001  # its text may show what was said
            _log.warning("what was said is not kept: %s", type(error).__name__)

    def _answered(self, said: Said, answer: Answer) -> None:
        said.with_ids()
        self.asides.answered(said.user_id, said.messages[said.place].text, answer.text)
        if answer.id:
            self._threads[answer.id] = said.thread_after
        self._heeding.remember(said.user_id, said.thread, said.messages)
