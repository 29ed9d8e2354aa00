"""Messages on a Mac: its `chat.db`, read by langchain-community's loader.

The loader knows the forms that the database has had, and how texts are packed in it. It would take
reactions for messages, and read a group's messages once for each of its people; so it is given a
copy of the database without them. The database says itself which messages its owner sent.
"""

import re
import shutil
import sqlite3
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from guided_profile.graph.errors import HistoryItemError, SettingsError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Entry,
    Reader,
    Reading,
    Refused,
    Skipped,
    item,
)
from guided_profile.tools.readers.times import since_1970

if TYPE_CHECKING:
    from langchain_core.chat_loaders import BaseChatLoader
    from langchain_core.messages import BaseMessage

_TABLES = {"message", "chat_message_join", "handle"}
_NOT_WRITTEN = {
    "associated_message_type",  # a reaction
    "item_type",  # a group's name, or who came and went
    "is_system_message",
    "is_service_message",
    "date_retracted",  # it was taken back
}
"""The columns that are not 0 where a message is none, as far as the system's version has them."""
_YEAR_2001 = 978_307_200
"""Where its times begin, in seconds since 1970."""
_ATTACHMENT = "\ufffc"
"""Stands in a text for a picture or a file."""


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    loader = _loader()
    for file in files:
        with TemporaryDirectory(prefix="guided-profile-") as folder:
            copy = Path(folder) / "chat.db"
            with file.open() as source, copy.open("wb") as target:
                shutil.copyfileobj(source, target)
            try:
                _prepare(copy)
                for number, message in enumerate(_messages(loader(copy)), start=1):
                    yield _entry(message, Refused(number, unit="message", file=file.name), reading)
            except (sqlite3.Error, IndexError, TypeError) as error:
                raise HistoryItemError(
                    f"{file.name or 'the file'!r} is no database of Messages that can be read "
                    f"({error}); quit Messages, and copy ~/Library/Messages/chat.db again."
                ) from error


def _prepare(path: Path) -> None:
    """Take out of a copy what nobody wrote, and what would be read many times.

    Raises:
        sqlite3.Error: It is no such database; views and computed columns in it are not run.
    """
    with closing(sqlite3.connect(path)) as database, database:
        schema = database.execute("SELECT type, name, rootpage FROM sqlite_master").fetchall()
        tables = {name for kind, name, page in schema if kind == "table" and page}
        columns = database.execute("SELECT name, hidden FROM pragma_table_xinfo('message')")
        hidden = dict(columns.fetchall())
        if not tables >= _TABLES or any(hidden.values()):
            raise sqlite3.DatabaseError("its tables are others")
        for kind, name, _ in schema:
            if kind == "trigger":  # they call functions that only Messages has
                database.execute('DROP TRIGGER "{}"'.format(name.replace('"', '""')))
        for column in _NOT_WRITTEN & hidden.keys():
            database.execute(f"DELETE FROM message WHERE {column} != 0")
        if "chat_handle_join" in tables:
            database.execute(
                "DELETE FROM chat_handle_join WHERE rowid NOT IN "
                "(SELECT min(rowid) FROM chat_handle_join GROUP BY chat_id)"
            )


def _messages(loader: "BaseChatLoader") -> "Iterator[BaseMessage]":
    for session in loader.lazy_load():
        yield from session["messages"]


def _loader() -> "Callable[[Path], BaseChatLoader]":
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it is no longer developed
            from langchain_community.chat_loaders import IMessageChatLoader
    except ImportError as error:
        raise SettingsError(
            "reading the database of Messages needs langchain-community; install it with "
            "`pip install 'guided-profile[chats]'`."
        ) from error
    return IMessageChatLoader


def _entry(message: "BaseMessage", where: Refused, reading: Reading) -> Entry:
    text = str(message.content).replace(_ATTACHMENT, "").strip()
    if not text:
        return Skipped()
    sent = message.additional_kwargs["message_time"]
    # nanoseconds, and seconds in what an iPhone of before 2017 wrote
    seconds = sent / 1e9 if sent > 1e12 else sent
    fields = {
        "text": text,
        "time": since_1970(_YEAR_2001 + seconds) if sent else None,
        "role": "user" if message.additional_kwargs["is_from_me"] else "other",
        "source": reading.source or "imessage",
    }
    return item(fields, where, reading)


_DATABASE = re.compile(r"chat\.db")
READER = Reader(
    format="imessage",
    read=_read,
    suffixes=(".db",),
    begins=re.compile(r"\ASQLite format 3\0").search,
    marks=_DATABASE,
    holds=(_DATABASE,),
    streamed=False,
)
