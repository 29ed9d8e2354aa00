"""Whether a good answer would differ by knowing some notes: two short questions, remembered.

What a person believes of the world is as near to a question about it as can be, and a model finds
that the answer depends on it. So it is asked about the request alone too: where everybody gets the
same answer, the notes make no difference.
The model is asked only where its endpoint gives probabilities; a failure or a late reply is no
answer, and never an error.
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
from guided_profile.graph.prompts import BEARS, DEPENDS, messages, render
from guided_profile.graph.records import Call
from guided_profile.graph.text import as_data, shortened
from guided_profile.tools.evidence.uses import Weights, weights_of
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
        self._kept: LRUCache[bytes, bool] = LRUCache(MOST_KEPT)
        self._lock = Lock()
        self._asking: dict[tuple[int, bytes], asyncio.Task[tuple[bool | None, list[Call]]]] = {}

    async def differs(
        self, request: str, notes: Sequence[str], *, within: float | None = None
    ) -> tuple[bool | None, list[Call]]:
        """Return whether a good answer differs by knowing any of the notes.

        Args:
            request: What the user says.
            notes: What is known.
            within: Seconds that are waited for the reply; a later one is remembered all the same.

        Returns:
            Whether, None where the endpoint gives no probabilities, failed or is late; and the
            calls that were made for it.
        """
        dialect = dialect_of(self._chat)
        if not notes or not dialect.weighs_first or self._weights.differs is None:
            return None, []
        key = blake2b(json.dumps([request, *notes]).encode(), digest_size=16).digest()
        with self._lock:
            if (known := self._kept.get(key)) is not None:
                return known, []
        if within is not None and within <= 0:
            return None, []
        place = (id(asyncio.get_running_loop()), key)
        asked_already = self._asking.get(place)
        asking = asked_already or asyncio.ensure_future(self._ask(place, request, notes))
        self._asking[place] = asking
        done, _ = await asyncio.wait({asking}, timeout=within)
        if not done:
            return None, []
        differs, calls = asking.result()
        return differs, [] if asked_already else calls

    @property
    def _weights(self) -> Weights:
        return weights_of(model_id(self._chat))

    async def _ask(
        self, place: tuple[int, bytes], request: str, notes: Sequence[str]
    ) -> tuple[bool | None, list[Call]]:
        listed = " ".join(shortened(as_data(note), NOTE_TOKENS) for note in notes)
        said = shortened(as_data(request), REQUEST_TOKENS)
        asked = (render(BEARS, notes=listed, request=said), render(DEPENDS, request=said))
        try:
            bears, depends = await asyncio.gather(  # at once: an answer waits for both
                *(ask_yes_no(self._chat, messages([], question), stage=STAGE) for question in asked)
            )
        except ModelError as error:
            _log.warning("what bears on a request is chosen by nearness alone: %s", error)
            return None, []
        finally:
            self._asking.pop(place, None)
        calls = [bears.call, depends.call]
        if bears.yes is None or depends.yes is None:
            return None, calls
        weights = self._weights
        differs = bears.yes >= (weights.differs or 0.0) and depends.yes >= weights.depends
        with self._lock:
            self._kept[place[1]] = differs
        return differs, calls
