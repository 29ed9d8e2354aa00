"""A warning that a history is in a language that its embedder does not know."""

import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

from guided_profile.tools.embedders.minilm import MiniLMEmbedder

if TYPE_CHECKING:
    from guided_profile.tools.text.language import Language

_log = logging.getLogger(__name__)

LOOKED_AT = 8
"""How many texts of one call are shown to the detector, at most."""
SHOWN = 120
"""How many characters of each."""
MOST_USERS = 10_000
"""For how many users, the last ones, it is remembered that their language is known."""

_settled: dict[str, None] = {}
_settling = Lock()


Detector = Callable[[Sequence[str]], "Language | None"]
"""`tools.text.language.language_of`, which is slow to load."""


def suggest_multilingual(
    user_id: str, texts: Iterable[str], embedder_id: str, language_of: Detector
) -> None:
    """Log once that a user's texts are not English, if the embedder knows nothing but English.

    Call it with what is added to a history. It is done with a user, for as long as the process
    lives, once the detector knows the language; until then, a call costs a look at a few texts.

    Args:
        user_id: Whose texts.
        texts: No more of them are taken than are looked at.
        embedder_id: The history's.
        language_of: Finds the texts' language; None: it does not know.
    """
    if embedder_id != MiniLMEmbedder.id or user_id in _settled:
        return
    shown = [text[:SHOWN] for text in islice(texts, LOOKED_AT)]
    language = language_of(shown) if shown else None
    if language is None or not _settle(user_id) or language.code == "en":
        return
    _log.warning(
        "the history of %r is in %s, and its embedder knows English alone: set "
        "GUIDED_PROFILE_EMBEDDER=multilingual, and bring the history to a new folder with "
        "HistoryStore.copy_to",
        user_id,
        language.name,
    )


def _settle(user_id: str) -> bool:
    """Remember a user; return False if another thread has just done so."""
    with _settling:
        if user_id in _settled:
            return False
        if len(_settled) >= MOST_USERS:
            del _settled[next(iter(_settled))]
        _settled[user_id] = None
        return True
