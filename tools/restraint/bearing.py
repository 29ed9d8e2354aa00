"""Whether a good answer would differ by knowing some notes: one short question, remembered.

Only where an endpoint tells probabilities is anybody asked; a failure or a late reply is no answer,
and never an error.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from hashlib import blake2b
from threading import Lock

from cachetools import LRUCache
from langchain_core.language_models import BaseChatModel

from guided_profile.graph.errors import ModelError
from guided_profile.graph.prompts import BEARS, messages, render
from guided_profile.graph.records import Call
from guided_profile.graph.text import as_data, shortened
from guided_profile.tools.evidence.uses import weights_of
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.models.dialect import dialect_of
from guided_profile.tools.models.letters import ask_yes_no

MOST_KEPT = 10_000
"""How many replies are remembered; they hold digests, and nobody's words."""
REQUEST_TOKENS, NOTE_TOKENS = 200, 40
"""About how much is shown of a long request, and of a long note."""
STAGE = "restrain"

_log = logging.getLogger(__name__)


class Bearing:
    """Asks a chat model, and remembers what it said."""

    def __init__(self, chat: BaseChatModel) -> None:
        self._chat = chat
        self._kept: LRUCache[bytes, float] = LRUCache(MOST_KEPT)
        self._lock = Lock()
        self._asking: dict[tuple[int, bytes], asyncio.Task[tuple[float | None, Call | None]]] = {}

    async def differs(
        self, request: str, notes: Sequence[str], *, within: float | None = None
    ) -> tuple[bool | None, list[Call]]:
        """Return whether a good answer differs by knowing any of the notes.

        Args:
            request: What the user says.
            notes: What is known.
            within: Seconds that are waited for the reply; a later one is remembered all the same.

        Returns:
            Whether, None where the endpoint tells no probabilities, failed or is late; and the
            calls that were made for it.
        """
        dialect = dialect_of(self._chat)
        if not notes or not dialect.weighs or dialect.thinks or self._least is None:
            return None, []
        key = blake2b(json.dumps([request, *notes]).encode(), digest_size=16).digest()
        with self._lock:
            if (known := self._kept.get(key)) is not None:
                return self._counts(known), []
        if within is not None and within <= 0:
            return None, []
        place = (id(asyncio.get_running_loop()), key)
        asked_already = self._asking.get(place)
        asking = asked_already or asyncio.ensure_future(self._ask(place, request, notes))
        self._asking[place] = asking
        done, _ = await asyncio.wait({asking}, timeout=within)
        if not done:
            return None, []
        yes, call = asking.result()
        return self._counts(yes), [call] if call and not asked_already else []

    def _counts(self, yes: float | None) -> bool | None:
        least = self._least
        return None if yes is None or least is None else yes >= least

    @property
    def _least(self) -> float | None:
        return weights_of(model_id(self._chat)).differs

    async def _ask(
        self, place: tuple[int, bytes], request: str, notes: Sequence[str]
    ) -> tuple[float | None, Call | None]:
        listed = " ".join(shortened(as_data(note), NOTE_TOKENS) for note in notes)
        asked = render(BEARS, notes=listed, request=shortened(as_data(request), REQUEST_TOKENS))
        try:
            reply = await ask_yes_no(self._chat, messages([], asked), stage=STAGE)
        except ModelError as error:
            _log.warning("what bears on a request is chosen by nearness alone: %s", error)
            return None, None
        finally:
            self._asking.pop(place, None)
        if reply.yes is not None:
            with self._lock:
                self._kept[place[1]] = reply.yes
        return reply.yes, reply.call
