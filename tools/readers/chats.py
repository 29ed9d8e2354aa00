"""Exports of chats, through the chat loaders of langchain-community.

Each loader reads one dialect of its app's export, and loses or merges without a word what is not
in it: times (Messenger), messages of the same sender (Slack), every message of an Android phone
(WhatsApp), the whole file over one picture (Telegram's HTML). So an export is read here message by
message, with its place; the loader is given a batch in the dialect that it does read, with a
number for the sender, and by its number each message that comes back is known. What the loader
leaves out is counted as skipped.
"""

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from guided_profile.graph.errors import HistoryItemError, SettingsError
from guided_profile.tools.readers.base import (
    Entries,
    Reading,
    Refused,
    Skipped,
    item,
    same_name,
)

if TYPE_CHECKING:
    from langchain_core.chat_loaders import BaseChatLoader

BATCH = 1000
"""How many messages a loader is given at once."""
SHOWN_NAMES = 12
LINE_BREAK = "\u2028"
"""Stands for a line break where a loader would end a message at one."""

Unit = Literal["line", "message"]


@dataclass(frozen=True, slots=True)
class Said:
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


Heard = Iterator[Said | Refused | Skipped]


@dataclass(frozen=True, slots=True)
class App:
    """A chat app."""

    name: str
    hear: Callable[[], Heard]
    """Reads the export's messages; it is called twice."""
    load: "Callable[[Sequence[Said], Path], BaseChatLoader]"
    """Writes messages into a folder, with their index for the sender, and returns the loader."""


def messages(app: App, reading: Reading) -> Entries:
    """Read an export's messages; those that `reading.me` did not write get the role `other`.

    The loader's batches lie in the system's temporary folder, for this user's eyes only, while
    they are read.

    Raises:
        HistoryItemError: `me` is missing, is nobody who wrote a message, or is the name of several
            people, whose ids differ.
        SettingsError: langchain-community is not installed.
    """
    is_me = _me(app, reading)
    for batch in _batches(app.hear()):
        said = [one for one in batch if isinstance(one, Said)]
        loaded = _loaded(app, said)
        for one in batch:
            if not isinstance(one, Said):
                yield one
                continue
            text = loaded.get(id(one), "").strip()
            if not text:
                yield Skipped()
                continue
            fields = {
                "text": text,
                "time": one.time,
                "category": one.chat,
                "role": "user" if is_me(one) else "other",
                "source": reading.source or app.name,
            }
            yield item(fields, one.where, reading)


def _me(app: App, reading: Reading) -> Callable[[Said], bool]:
    """Return what tells the user's messages: an id, where the export has ids, else a name."""
    me = (reading.me or "").strip()
    names: dict[str, None] = {}
    ids: Counter[str] = Counter()
    for one in app.hear():
        if not isinstance(one, Said):
            continue
        if me and one.id == me:
            return lambda one: one.id == me
        if me and _named(one, me):
            if one.id is None:
                return lambda one: _named(one, me)
            ids[one.id] += 1
        elif len(names) <= SHOWN_NAMES:
            names[one.names[0]] = None
    if ids:
        return _of_one(ids, me)
    raise HistoryItemError(_nobody(app, me, [*names]))


def _of_one(ids: Counter[str], me: str) -> Callable[[Said], bool]:
    """Take the only id behind a name for the user's; a message without one has but its name."""
    people = [id_ for id_ in ids if id_]
    if len(people) > 1:
        shown = _listed([f"{id_!r} (messages: {ids[id_]})" for id_ in people])
        raise HistoryItemError(
            f"{len(people)} people in the export go by {me!r}; say with --me which of them is the "
            f"user, by the id: {shown}."
        )
    return lambda one: one.id in people if one.id else _named(one, me)


def _named(one: Said, me: str) -> bool:
    return any(same_name(name, me) for name in one.names)


def _nobody(app: App, me: str, names: Sequence[str]) -> str:
    """Say why no message is the user's."""
    if not names:
        return (
            f"the file holds no message of a {app.name} export that can be read; see that it is "
            "one, and as the app exported it."
        )
    known = _listed([repr(name[:60]) for name in names])
    if me:
        return f"nobody in the export is {me!r}; --me may be {known}."
    return f"say with --me which of the people is the user: {known}."


def _listed(shown: Sequence[str]) -> str:
    return ", ".join(shown[:SHOWN_NAMES]) + (", …" if len(shown) > SHOWN_NAMES else "")


def _batches(heard: Heard) -> "Iterator[list[Said | Refused | Skipped]]":
    while batch := list(islice(heard, BATCH)):
        yield batch


def _loaded(app: App, said: Sequence[Said]) -> dict[int, str]:
    """Return what the loader makes of the messages' texts, by their identity."""
    if not said:
        return {}
    with TemporaryDirectory(prefix="guided-profile-") as folder:
        sessions = app.load(said, Path(folder)).lazy_load()
        return {
            id(said[int(message.additional_kwargs["sender"])]): (
                str(message.content).replace(LINE_BREAK, "\n")
            )
            for session in sessions
            for message in session["messages"]
        }


def loader(name: str, path: str) -> "BaseChatLoader":
    """Return a chat loader of langchain-community, by the name of its class, for a file.

    Raises:
        SettingsError: langchain-community is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it is no longer developed
            from langchain_community import chat_loaders
    except ImportError as error:
        raise SettingsError(MISSING) from error
    made: BaseChatLoader = getattr(chat_loaders, name)(path)
    return made


MISSING = (
    "reading chat exports needs langchain-community and beautifulsoup4; install them with "
    "`pip install 'guided-profile[chats]'`."
)


def heard(texts: Iterable[Said | Refused | Skipped]) -> Heard:
    """Return messages as they are, those without words as skipped."""
    return (Skipped() if isinstance(one, Said) and not one.text.strip() else one for one in texts)
