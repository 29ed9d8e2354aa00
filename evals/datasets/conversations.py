"""Conversations as data sets lay them out: messages of a role, in sessions that have a time."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.records import Place

ROLES = {"user": "user", "assistant": "other", "system": None}
"""Whose words a message of a role is; what the system says is nobody's."""


def said(
    place: Place,
    messages: object,
    *,
    session: str = "",
    time: datetime | None = None,
    assistant: bool = True,
    content: str = "content",
) -> Iterator[HistoryItem]:
    """Yield the messages of a session as items of the person it is with.

    An item's id is the session's, if it has one, and the message's position in it, from 0: so an
    id is the same whether the assistant's words are left out or not.

    Args:
        place: Where they stand.
        messages: Objects with `role` and a content.
        session: Its id.
        time: When it was.
        assistant: Whether the assistant's messages are there too, with the role `other`.
        content: The name of the field that holds what was said.

    Raises:
        DatasetError: It is no list of messages, or one is of another role.
    """
    where = f" of session {session!r}" if session else ""
    if not isinstance(messages, list):
        raise place.error(f"the conversation{where} is no list of messages")
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or str(message.get("role")) not in ROLES:
            raise place.error(f"message {number}{where} has none of the roles {sorted(ROLES)}")
        role = ROLES[str(message["role"])]
        text = str(message.get(content) or "").strip()
        if text and role and (assistant or role == "user"):
            yield place.item(
                text,
                id=f"{session}:{number}" if session else str(number),
                source="chat",
                time=time,
                role=role,
            )


def users(items: Iterable[HistoryItem], texts: Collection[str] | None = None) -> list[str]:
    """Return the ids of the user's own items; given texts, only of items with one of them."""
    return [
        item.id for item in items if item.role == "user" and (texts is None or item.text in texts)
    ]
