"""What is used of Chroma beside its public names is as it was: `chromadb` is held to 1.5 for it.

If one of these fails after an upgrade, `tools/history/index.py` and `connect.py` say what each
part is needed for.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import chromadb
import httpx
import pytest
from chromadb.api import ServerAPI
from chromadb.api.fastapi import FastAPI
from chromadb.config import System
from digested import DIMENSION, DigestEmbedder, named

from guided_profile.tools.history.connection import _of_environment, settings_of_chroma
from guided_profile.tools.history.direct import head_of, items_of, vectors_of
from guided_profile.tools.history.folder import Folder
from guided_profile.tools.history.records import checksum, record_ids
from guided_profile.tools.history.store import HistoryStore


def test_the_files_of_an_index_are_found_and_read_as_they_were(tmp_path: Path) -> None:
    with HistoryStore.open(DigestEmbedder(), path=tmp_path) as store:
        store.add("anna", named("anna", ["a", "b", "c"]))
        name, folder = store._collection._name_for("anna"), store._collection.connection
        assert isinstance(folder, Folder)
        assert folder.files.find(name)
        head = head_of(folder.files._folders[name])
        in_files = folder.files.vectors(name, DIMENSION)
        there = store.vectors("anna", ["a", "b", "c"]).values()
        records = record_ids("anna", ("a", "b", "c"))
        rows = items_of(folder.files.database, name, "anna")
        direct = vectors_of(folder.files._folders[name], DIMENSION, [*records, "nobody's"])
    assert head[2:4] == (100, 3)
    assert rows is not None
    assert sorted(record for record, _ in rows) == sorted(records), "nothing waits in the log"
    written = {checksum(vector) for vector in direct}
    assert len(written & {checksum(vector) for vector in there}) >= 2, "one may be in memory"
    assert not direct[3].any()
    assert {checksum(vector) for vector in there} <= set(in_files)
    with closing(sqlite3.connect(tmp_path / "chroma.sqlite3")) as database:
        database.execute("SELECT seq_id FROM max_seq_id WHERE segment_id = ''")


def test_a_hosts_own_settings_are_not_read_and_one_stores_are_not_anothers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("CHROMA_SERVER_HOST=elsewhere\n")
    monkeypatch.chdir(tmp_path)
    _of_environment.cache_clear()
    assert settings_of_chroma(persist_directory="a").persist_directory == "a"
    assert settings_of_chroma().chroma_server_host is None
    assert settings_of_chroma().persist_directory != "a"


def test_a_client_of_a_server_has_the_sessions_that_are_given_a_limit_of_time() -> None:
    served = settings_of_chroma(
        chroma_api_impl="chromadb.api.fastapi.FastAPI",
        chroma_server_host="127.0.0.1",
        chroma_server_http_port=1,
    )
    server: Any = System(served).instance(FastAPI)
    assert isinstance(server._session, httpx.Client)
    server._session.close()
    client: Any = chromadb.EphemeralClient(settings_of_chroma())
    assert isinstance(client._server, ServerAPI)
    assert isinstance(client._admin_client._server, ServerAPI)
    client.close()
