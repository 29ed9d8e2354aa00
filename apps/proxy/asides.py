"""A front end's own calls, for titles, tags and next questions, known by their form.

Such a call wraps what was said before into a single message of the user's: words that the user
said, and after them the answer that they got. No word of it has to be known.
"""

from collections.abc import Sequence
from threading import Lock

from cachetools import TTLCache
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

SECONDS = 900.0
"""How long an exchange is remembered."""
MOST_USERS, MOST_EXCHANGES = 10_000, 8
OPENING = 40
"""How many letters of words are looked for, from their beginning."""
MOST_LETTERS = 100_000
"""How much of a message is looked through."""
LEAST = 12
"""How many letters an exchange needs to be remembered."""


class Asides:
    """Remembers how the last exchanges of each user began, for a while."""

    def __init__(self) -> None:
        self._lately: TTLCache[str, tuple[tuple[str, str], ...]] = TTLCache(MOST_USERS, SECONDS)
        self._lock = Lock()

    def answered(self, user_id: str, words: str, answer: str) -> None:
        """Note an exchange."""
        exchange = (_opening(words), _opening(answer))
        if not all(exchange) or len("".join(exchange)) < LEAST:
            return
        with self._lock:
            others = [other for other in self._lately.get(user_id, ()) if other != exchange]
            self._lately[user_id] = (*others[1 - MOST_EXCHANGES :], exchange)

    def is_aside(self, user_id: str, messages: Sequence[AnyMessage]) -> bool:
        """Whether a request is about an earlier conversation, instead of going on with it."""
        said = [message for message in messages if isinstance(message, HumanMessage)]
        if len(said) != 1 or any(isinstance(message, AIMessage) for message in messages):
            return False
        with self._lock:
            lately = self._lately.get(user_id, ())
        if not lately:
            return False
        whole = _letters(said[0].text[:MOST_LETTERS])
        return any(_in_order(whole, words, answer) for words, answer in lately)


def _in_order(whole: str, words: str, answer: str) -> bool:
    at = whole.find(words)
    return at >= 0 and whole.find(answer, at + len(words)) >= 0


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _opening(text: str) -> str:
    return _letters(text[: 10 * OPENING])[:OPENING]
