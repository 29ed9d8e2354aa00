"""Whatever a file holds, it is read or refused in words: a reader raises nothing else.

A longer run: `FUZZ=20000 pytest tests/tools/readers/test_fuzz.py`. What it found stands below.
"""

import json
import os
import sqlite3
import zipfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from guided_profile.graph.errors import GuidedProfileError
from guided_profile.tools.readers.detect import Format, Reading, opened

fuzzed = settings(
    max_examples=int(os.environ.get("FUZZ", "40")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
KEYS = (
    "text|content|role|time|id|source|category|kind|released|mapping|current_node|message|author"
    "|parts|content_type|children|parent|create_time|metadata|is_user_system_message|recipient"
    "|user_context_message_data|about_user_message|messages|chats|list|name|type|from|from_id|date"
    "|date_unixtime|via_bot|forwarded_from|participants|title|sender_name|timestamp_ms|is_unsent"
    "|call_duration|user|ts|subtype|client_msg_id|profile|display_name|real_name|format|version|items"
).split("|")
VALUES = (
    "message|text|user|assistant|Anna|U1|user1|all|Generic|guided-profile-export|2025-01-02T21:41:32"
    "|1735850492|1e999|-1|nan|03/04/2025|0001-01-01T00:00:00+14:00|9999-12-31T23:59:59-14:00|\ud800"
    "|&#99999999999;|<@U1|x>|\x00|Ã©|١٢٣|²"
).split("|")
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**25), 10**25)
    | st.floats()
    | st.sampled_from(VALUES)
    | st.text(max_size=12)
)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=25,
)
turns = st.fixed_dictionaries(
    {},
    optional={
        key: st.sampled_from(VALUES) | documents
        for key in KEYS
        if key not in ("messages", "chats", "mapping")
    },
)
CHATS = {
    "telegram": lambda found: {"name": "Ben", "id": 9, "messages": found},
    "messenger": lambda found: {"participants": [], "title": "Ben", "messages": found},
    "slack": lambda found: found,
    "json": lambda found: found,
    "chatgpt": lambda found: [
        {
            "mapping": {
                str(n): {"message": message, "parent": str(n - 1)}
                for n, message in enumerate(found)
            }
        }
    ],
}
PIECES = (
    "2025-01-02|21:41|9:41 PM|[|]|, | - |: |:|\t|Anna|Ben|<|>|\n|\n\n|\r|\u200e|\u202f"
    "|٢/١/٢٠٢٥|٩:٤١ م|오후 9:41|2025년 1월 2일|99/99/9999|Jan 02, 2025|From: |Sent: |## |**"
    '|User:|Assistant:|²:41|0000-00-00 00:00|24:60|+99:99|sep=;|"|,|;|text,time'
    '|{"text": "a"}|\ufeff|\x00|é|' + "9" * 30
).split("|")
lines = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=40).map("".join)


def read(path: Path, format: Format, me: str | None = "Anna") -> None:
    """Read a file, which may be refused."""
    with suppress(GuidedProfileError), opened(path, Reading(format=format, me=me)) as file:
        for _ in file.entries:
            pass


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@fuzzed
@given(found=st.lists(turns | documents, max_size=6), format=st.sampled_from(list(CHATS)))
@example(
    found=[{"type": "message", "user": "U1", "ts": "1", "text": "&#" + "1" * 5000 + ";"}],
    format="slack",
)
def test_exports_of_json(folder: Path, found: list[Any], format: Format) -> None:
    content = json.dumps(CHATS[format](found))
    path = folder / "a.json"
    path.write_text(content)
    read(path, format)
    read(path, "auto", None)
    archive = folder / "a.zip"
    name = {"slack": "general/1.json", "telegram": "result.json", "messenger": "message_1.json"}
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("users.json", content)
        zipped.writestr(name.get(format, "conversations.json"), content)
    read(archive, format, "U1")


@fuzzed
@given(document=documents)
def test_json_of_any_kind(folder: Path, document: Any) -> None:
    path = folder / "a.json"
    path.write_text(json.dumps(document))
    for format in get_args(Format):
        read(path, format)
    path = folder / "a.jsonl"
    path.write_text(json.dumps(document) + "\n" + json.dumps({"text": "a", "time": document}))
    read(path, "jsonl", None)


@fuzzed
@given(text=lines)
def test_lines_of_any_kind(folder: Path, text: str) -> None:
    for suffix in ("txt", "csv", "jsonl", "md"):
        path = folder / f"a.{suffix}"
        path.write_bytes(text.encode(errors="surrogatepass"))
        read(path, "auto", None)
        read(path, "auto")
    for format in ("text", "whatsapp", "chat", "csv", "jsonl", "json", "telegram"):
        read(path, format)


@fuzzed
@given(data=st.binary(max_size=200), at=st.integers(0, 600), how=st.sampled_from((0, 8, 12, 14)))
def test_damaged_archives(folder: Path, data: bytes, at: int, how: int) -> None:
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w", how) as archive:
        archive.writestr("_chat.txt", "[11/08/2021, 09:41:32] Anna: hi\n" * 9)
        archive.writestr("message_1.json", '{"participants": [], "messages": []}')
        archive.writestr("general/1.json", "[]")
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + data + whole[at + len(data) :])
    for format in ("auto", "whatsapp", "messenger", "slack"):
        read(path, format)
    other = folder / "b.txt"
    other.write_bytes(data)
    for format in get_args(Format):
        read(other, format)


@fuzzed
@given(rows=st.lists(st.tuples(*[scalars] * 3), max_size=4))
def test_databases_of_messages(folder: Path, rows: list[tuple[Any, ...]]) -> None:
    pytest.importorskip("langchain_community")
    path = folder / "chat.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as made, made:
        made.executescript(
            "CREATE TABLE message (ROWID INTEGER PRIMARY KEY, date, handle_id, text, is_from_me,"
            " attributedBody BLOB, associated_message_type INTEGER DEFAULT 0);"
            "CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT);"
            "CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER);"
            "INSERT INTO handle VALUES (1, '+49');"
        )
        for number, (date, text, body) in enumerate(rows, start=1):
            with suppress(sqlite3.Error, OverflowError, UnicodeEncodeError):
                made.execute(
                    "INSERT INTO message VALUES (?, ?, 1, ?, 1, ?, 0)", (number, date, text, body)
                )
                made.execute("INSERT INTO chat_message_join VALUES (1, ?)", (number,))
    read(path, "imessage")
