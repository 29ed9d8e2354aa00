"""A folder that a Chroma server works on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from chroma_server import ChromaServer

from guided_profile.graph.errors import StoreInUseError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore

SECRET = "Xanthippe Quartermain"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChromaServer]:
    with HistoryStore.open(LexicalEmbedder(), path=tmp_path) as store:
        store.add("amy", [HistoryItem(text="rye bread")])
        assert store.stays == ""
    made = ChromaServer(tmp_path)
    made.start()
    made.ready()
    yield made
    made.kill()


def holds(folder: Path) -> bool:
    return any(SECRET.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_folder_is_refused_meanwhile_and_what_was_deleted_goes_afterwards(
    server: ChromaServer, tmp_path: Path
) -> None:
    with HistoryStore.open(LexicalEmbedder(), url=server.url) as store:
        store.add("zed", [HistoryItem(text=f"{SECRET} {n}") for n in range(2)])
        assert store.delete_user("zed") == 2
        assert "chroma vacuum --path" in store.stays
    with pytest.raises(StoreInUseError, match="as a Chroma server does"):
        HistoryStore.open(LexicalEmbedder(), path=tmp_path)
    server.kill()
    assert holds(tmp_path)
    with HistoryStore.open(LexicalEmbedder(), path=tmp_path) as store:
        assert store.delete_user("zed") == 0
        assert not holds(tmp_path)
        assert [item.text for item in store.list("amy")] == ["rye bread"]
