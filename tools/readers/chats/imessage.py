"""Messages on a Mac: its `chat.db`, read by langchain-community's loader.

The loader knows the forms that the database has had, and how texts are packed in it. It would take
reactions for messages, and read a group's messages once for each of its people; so it is given
views of the tables without them. The database says itself which messages its owner sent.
"""

import re
import sqlite3
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from io import BufferedReader
from pathlib import Path
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
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.times import since_1970

if TYPE_CHECKING:
    from langchain_community.chat_loaders import IMessageChatLoader
    from langchain_core.messages import BaseMessage

_TABLES = {"message", "chat_message_join", "handle"}
_GROUPS = "chat_handle_join"
_LOG = 18
"""Where a database says that it has a log beside it: there is none in an archive."""
_NOT_WRITTEN = {
    "associated_message_type",  # a reaction
    "item_type",  # a group's name, or who came and went
    "is_system_message",
    "is_service_message",
    "date_retracted",  # it was taken back
}
"""The columns that are not 0 where a message is none, as far as the system's version has them."""
_READABLE = """
    typeof(date) IN ('integer', 'null') AND ifnull(date, 0) BETWEEN 0 AND 3000000000000000000
    AND typeof(text) IN ('text', 'null')
    AND (ifnull(text, '') != '' OR attributedBody IS NULL OR length(attributedBody) = 0
         OR (typeof(attributedBody) = 'blob'
             AND instr(attributedBody, CAST('NSString' AS BLOB)) BETWEEN 1
                 AND length(attributedBody) - 15))
"""
"""What the loader can read of a message; one other row would end it."""
_YEAR_2001 = 978_307_200
"""Where its times begin, in seconds since 1970."""
_ATTACHMENT = "\ufffc"
"""Stands in a text for a picture or a file."""


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    loader = _loader()
    for file in files:
        try:
            with closing(_opened(file)) as database:
                database.text_factory = partial(str, encoding="utf-8", errors="replace")
                _prepare(database)
                for (row,) in database.execute(
                    f"SELECT rowid FROM main.message WHERE NOT ({_READABLE})"
                ):
                    reason = "holds no date or text that Messages writes"
                    yield Refused(row, reason, "message", file.name)
                for number, message in enumerate(_messages(loader, database), start=1):
                    yield _entry(message, Refused(number, unit="message", file=file.name), reading)
        except (sqlite3.Error, IndexError, TypeError) as error:
            raise HistoryItemError(
                f"{file.name or 'the file'!r} is no database of Messages that can be read "
                f"({error}); quit Messages, and copy ~/Library/Messages/chat.db again."
            ) from error


def _opened(file: ExportFile) -> sqlite3.Connection:
    """Open a database as it stands: no copy is made, which a killed program would leave behind.

    Its log, if it has one, is not looked at.
    """
    with file.open() as source:
        if isinstance(source, BufferedReader):  # on the disk
            address = Path(source.name).absolute().as_uri()
            return sqlite3.connect(f"{address}?mode=ro&immutable=1", uri=True)
    data = bytearray(file.read())
    data[_LOG : _LOG + 2] = b"\1\1"
    database = sqlite3.connect(":memory:")
    database.deserialize(bytes(data))
    return database


def _prepare(database: sqlite3.Connection) -> None:
    """Put before the tables what leaves out what nobody wrote, or what would be read many times.

    Raises:
        sqlite3.Error: It is no such database; views and computed columns in it are not run.
    """
    schema = database.execute("SELECT type, name, rootpage FROM main.sqlite_master").fetchall()
    tables = {name for kind, name, page in schema if kind == "table" and page}
    columns = database.execute("SELECT name, hidden FROM pragma_table_xinfo('message')")
    hidden = dict(columns.fetchall())
    if not tables >= _TABLES or any(hidden.values()):
        raise sqlite3.DatabaseError("its tables are others")
    written = [f"ifnull({column}, 0) = 0" for column in sorted(_NOT_WRITTEN & hidden.keys())]
    row = "" if "ROWID" in hidden else "rowid AS ROWID, "
    database.execute("PRAGMA temp_store = MEMORY")
    database.execute(
        f"CREATE TEMP VIEW message AS SELECT {row}* FROM main.message "
        f"WHERE {' AND '.join([*written, _READABLE])}"
    )
    if _GROUPS in tables:
        database.execute(
            f"CREATE TEMP VIEW {_GROUPS} AS SELECT * FROM main.{_GROUPS} WHERE rowid IN "
            f"(SELECT min(rowid) FROM main.{_GROUPS} GROUP BY chat_id)"
        )


def _messages(
    loader: "IMessageChatLoader", database: sqlite3.Connection
) -> "Iterator[BaseMessage]":
    cursor = database.cursor()
    known = "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = ?"
    groups = database.execute(known, (_GROUPS,)).fetchone() is not None
    chats = "SELECT DISTINCT chat_id FROM chat_message_join ORDER BY chat_id"
    for (chat,) in database.execute(chats).fetchall():
        yield from loader._load_single_chat_session(cursor, groups, chat)["messages"]


def _loader() -> "IMessageChatLoader":
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it is no longer developed
            from langchain_community.chat_loaders import IMessageChatLoader
    except ImportError as error:
        raise SettingsError(
            "reading the database of Messages needs langchain-community; install it with "
            "`pip install 'guided-profile[chats]'`."
        ) from error
    return IMessageChatLoader(Path())  # what it reads it is handed, and not its own file


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


def _recognises(head: Head) -> bool:
    return head.raw.startswith(b"SQLite format 3\0") and (
        head.name.endswith("chat.db") or b"chat_message_join" in head.raw
    )


_DATABASE = re.compile(r"chat\.db")
READER = Reader(
    format="imessage",
    title="Messages on a Mac (chat.db)",
    obtain="On a Mac, with Messages quit: copy ~/Library/Messages/chat.db.",
    read=_read,
    recognises=_recognises,
    marks=_DATABASE,
    holds=(_DATABASE,),
    streamed=False,
)
