"""What is an id, and what a front end sends in place of one that it does not have."""

from typing import Any

from guided_profile.apps.proxy.problems import ProxyError
from guided_profile.apps.server.access.keys import LONGEST_ID, usable_id

_LEFT = ("{{", "}}", "${")
_AROUND = {"{": "}", "<": ">", "[": "]", "%": "%"}
"""What is left of a placeholder that was not filled in, in it or around it."""
_NO_VALUE = frozenset({"null", "undefined", "none", "nil", "nan"})
"""What programs write for a value that is not there."""
_LONGEST = 200
_LONG = 16
"""From so many characters on, a word could be an id."""


def is_unfilled(text: str) -> bool:
    """Whether a text is a placeholder that was not filled in."""
    bare = text.strip()
    around = bare[:1] in _AROUND and bare.endswith(_AROUND[bare[:1]])
    return around or any(mark in bare for mark in _LEFT)


def is_no_value(text: str) -> bool:
    """Whether a placeholder was filled in with nothing."""
    bare = text.strip().casefold()
    return not bare or bare in _NO_VALUE


def conversation_id(text: str) -> str:
    """Return the id of a conversation; empty: a text is none.

    An id tells one conversation from all others, so it has a digit in it, or it is long. A word,
    such as `new`, is used for many.
    """
    bare = text.strip()
    if (
        is_unfilled(bare)
        or is_no_value(bare)
        or (len(bare) < _LONG and not any(map(str.isdigit, bare)))
    ):
        return ""
    return bare[:_LONGEST]


def user_of(value: Any, where: str) -> str:
    """Return a user's id.

    Args:
        value: What should be one.
        where: Where it stood, for the message.

    Raises:
        ProxyError: A value is none.
    """
    if not isinstance(value, str) or not usable_id(value) or is_no_value(value):
        raise ProxyError(
            400,
            "bad_user",
            f"{where} names no user, or more than one; have your front end send the user's id in "
            f"it, of at most {LONGEST_ID} characters, or leave it out.",
        )
    check_filled(value, where)
    return value


def check_filled(text: str, where: str) -> None:
    """Find out whether a front end filled its placeholder in.

    Raises:
        ProxyError: It did not.
    """
    if is_unfilled(text):
        raise ProxyError(
            400,
            "unfilled_placeholder",
            f"{where} holds a placeholder that the front end did not fill in ({text[:60]!r}); see "
            "which names its version knows, or leave it out.",
        )
