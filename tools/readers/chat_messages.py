"""Chats: the messages of an export, and which of them the user wrote."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.base import (
    Entries,
    Reading,
    Refused,
    Skipped,
    item,
    same_name,
    stable_id,
)
from guided_profile.tools.readers.notices import Recent, is_short

SHOWN_NAMES = 12
_IN_MANY_FILES = ("chat", "signal", "imessage")
"""Those of which some files may name the user, and others call them `Me` or `You`."""
_UNKNOWN = "and what follows do not say which of the people is the user; say it with --me"
MOST_TEXTS = 200_000
"""Short texts of a chat that are compared."""
OF_TEXT = ("whatsapp", "chat", "signal", "imessage")
"""Those whose files may be taken for notes, and notes for them."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message of an export."""

    where: Refused
    """Its place, without a reason."""
    names: tuple[str, ...]
    """What its sender goes by: the name that is shown, then others that `me` may be."""
    text: str
    time: datetime | None
    chat: str | None = None
    """The channel or group, if the export names it; it becomes the item's category."""
    id: str | None = None
    """The sender's id, which no other person can take, as they can the name. None: the export has
    no ids; empty: this message has none."""
    key: str | None = None
    """What names this message in its app whatever becomes of its text; None: the export has no
    such id."""
    own: bool | None = None
    """Whether the export itself says that the user wrote it; None: it does not say."""


Messages = Iterator[Message | Refused | Skipped]


def chat_entries(app: str, messages: Callable[[], Messages], reading: Reading) -> Entries:
    """Read an export's messages; those that `reading.me` did not write get the role `other`.

    Args:
        app: The name of the chat app.
        messages: Reads the export's messages; it is called more than once.
        reading: How they are read.

    Raises:
        HistoryItemError: `me` is missing where the export does not say who its user is, is nobody
            who wrote a message, or is the name of several people, whose ids differ.
    """
    is_users = _users_messages(app, messages(), reading)
    by_many = _sent_by_many(messages()) if app in OF_TEXT else frozenset()
    unknown: set[str] = set()
    before = Recent()
    for message in messages():
        if not isinstance(message, Message):
            yield message
            continue
        # some phones write this for a line break
        text = message.text.replace("\u2028", "\n").strip()
        if not text:
            yield Skipped()
            continue
        if text in by_many or before.is_quoted_in(text):
            yield Skipped("notices of the app")
            continue
        before.add(text)
        if message.own is None and is_users is _is_own:
            if message.where.file not in unknown:
                yield replace(message.where, reason=_UNKNOWN)
            unknown.add(message.where.file)
            continue
        fields = {
            "text": text,
            "time": message.time,
            "category": message.chat,
            "role": "user" if is_users(message) else "other",
            "kind": "said",
            "source": reading.source or app,
        }
        if message.key is not None:
            fields["id"] = stable_id(app, message.key)
        yield item(fields, message.where, reading)


def _written(messages: Messages) -> Iterator[Message]:
    return (
        message for message in messages if isinstance(message, Message) and message.text.strip()
    )


def _users_messages(app: str, messages: Messages, reading: Reading) -> Callable[[Message], bool]:
    """Return the test for the user's messages: by id, where the export has ids, else by name."""
    me = (reading.me or "").strip()
    names: dict[str, None] = {}
    ids: Counter[str] = Counter()
    says_so = False
    named: set[str] = set()
    for message in _written(messages):
        says_so = says_so or message.own is not None
        if says_so and not me:
            return _is_own
        if me and message.id == me:
            return lambda message: message.id == me
        if me and _goes_by(message, me):
            if message.id is None and app not in _IN_MANY_FILES:
                return lambda message: _goes_by(message, me)
            if message.id is None:
                named.add(message.where.file)
            else:
                ids[message.id] += 1
        elif len(names) <= SHOWN_NAMES:
            names[message.names[0]] = None
    if ids:
        return _by_only_id(ids, me)
    if named or says_so:  # what calls the user `Me` knows them by no name
        return lambda message: (
            _goes_by(message, me) or (bool(message.own) and message.where.file not in named)
        )
    raise HistoryItemError(_nobody(app, me, [*names], reading))


def _is_own(message: Message) -> bool:
    return bool(message.own)


def _sent_by_many(messages: Messages) -> frozenset[str]:
    """Return what several people sent word for word again and again: an app's words, not theirs."""
    by_text: dict[str, Counter[str]] = {}
    for message in _written(messages):
        if is_short(text := message.text.strip()):
            counted = by_text if text in by_text or len(by_text) < MOST_TEXTS else {}
            counted.setdefault(text, Counter())[message.names[0]] += 1
    return frozenset(
        text for text, people in by_text.items() if sum(count > 1 for count in people.values()) > 1
    )


def _by_only_id(ids: Counter[str], me: str) -> Callable[[Message], bool]:
    """Take the only id behind a name for the user's; a message without one has but its name."""
    people = [id_ for id_ in ids if id_]
    if len(people) > 1:
        shown = _listed([f"{id_!r} (messages: {ids[id_]})" for id_ in people])
        raise HistoryItemError(
            f"{len(people)} people in the export go by {me!r}; say with --me which of them is the "
            f"user, by the id: {shown}."
        )
    return lambda message: message.id in people if message.id else _goes_by(message, me)


def _goes_by(message: Message, me: str) -> bool:
    return any(same_name(name, me) for name in message.names)


def _nobody(app: str, me: str, names: Sequence[str], reading: Reading) -> str:
    """Say why no message is the user's."""
    if not names:
        return (
            f"the file holds no message of a {app} export that can be read; see that it is "
            "one, and as the app exported it."
        )
    known = _listed([repr(name[:60]) for name in names])
    if me:
        return f"nobody in the export is {me!r}; --me may be {known}."
    alone = app in OF_TEXT and reading.format == "auto"
    or_else = ", or with --format text that the user alone wrote the file" if alone else ""
    return f"say with --me which of the people is the user: {known}{or_else}."


def _listed(shown: Sequence[str]) -> str:
    return ", ".join(shown[:SHOWN_NAMES]) + (", …" if len(shown) > SHOWN_NAMES else "")
