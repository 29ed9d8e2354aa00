"""Exports of chats, through the chat loaders of langchain-community.

Each loader reads one dialect of its app's export, and loses or merges without a word what is not
in it: times (Messenger), messages of the same sender (Slack), every message of an Android phone
(WhatsApp), the whole file over one picture (Telegram's HTML). So an export is read here message by
message, with its place; the loader is given a batch in the dialect that it does read, with a
number for the sender, and by its number each message that comes back is known. What the loader
leaves out is counted as skipped.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from guided_profile.graph.errors import HistoryItemError, SettingsError
from guided_profile.tools.history_entries import (
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
        HistoryItemError: `me` is missing, or is nobody who wrote a message.
        SettingsError: langchain-community is not installed.
    """
    me = _checked_me(app, reading)
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
            is_me = any(same_name(name, me) for name in one.names)
            fields = {
                "text": text,
                "time": one.time,
                "category": one.chat,
                "role": "user" if is_me else "other",
                "source": reading.source or app.name,
            }
            yield item(fields, one.where, reading)


def _checked_me(app: App, reading: Reading) -> str:
    names: dict[str, None] = {}
    for one in app.hear():
        if isinstance(one, Said):
            if reading.me and any(same_name(name, reading.me) for name in one.names):
                return reading.me
            if len(names) <= SHOWN_NAMES:
                names[one.names[0]] = None
    known = ", ".join(repr(name[:60]) for name in [*names][:SHOWN_NAMES])
    known += ", …" if len(names) > SHOWN_NAMES else ""
    if not names:
        raise HistoryItemError(
            f"the file holds no message of a {app.name} export that can be read; see that it is "
            "one, and as the app exported it."
        )
    if reading.me:
        raise HistoryItemError(f"nobody in the export is {reading.me!r}; --me may be {known}.")
    raise HistoryItemError(f"say with --me which of the people is the user: {known}.")


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
