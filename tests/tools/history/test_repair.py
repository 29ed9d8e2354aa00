"""A broken vector index is made anew from the items, and the log says so."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromadb.api.models.Collection import Collection
from digested import ITEMS, DigestEmbedder, is_whole

from guided_profile.graph.errors import ModelError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history import repair
from guided_profile.tools.history.index import IndexFiles
from guided_profile.tools.history.store import HistoryStore

FILES = ("data_level0.bin", "header.bin", "index_metadata.pickle", "length.bin", "link_lists.bin")


def truncated(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def overwritten(file: Path) -> None:
    file.write_bytes(b"\xff" * file.stat().st_size)


def scrambled(file: Path) -> None:
    data, chance = bytearray(file.read_bytes()), random.Random(0)
    for _ in range(1 + len(data) // 100):
        data[chance.randrange(len(data))] = chance.randrange(256)
    file.write_bytes(data)


def index_of(folder: Path) -> Path:
    (index,) = folder.glob("*-*/")
    return index


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole")
    with HistoryStore.open(DigestEmbedder(), path=path) as store:
        store.add("anna", [HistoryItem.model_validate(fields) for fields in ITEMS])
    return path


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path, dirs_exist_ok=True))  # with the files' times


class Counting(DigestEmbedder):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.texts += texts
        return super().embed_documents(texts)


@pytest.mark.parametrize("harm", [Path.unlink, truncated, overwritten, scrambled])
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("first", ["read", "write"])
def test_a_broken_file_is_mended(
    folder: Path,
    name: str,
    harm: Callable[[Path], None],
    first: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    harm(index_of(folder) / name)
    with HistoryStore.open(embedder := Counting(), path=folder) as store:
        if first == "write":
            store.add("anna", [HistoryItem(id="more", text="one more")])
            store.delete("anna", ["more"])
        is_whole(store)
    assert "is not as it was left; it is made anew" in caplog.text
    assert "is whole again" in caplog.text
    harmed_vectors = name in ("data_level0.bin", "header.bin")
    assert harmed_vectors or set(embedder.texts) <= {"one more"}  # the others were still there
    caplog.clear()
    with HistoryStore.open(DigestEmbedder(), path=folder) as store:
        is_whole(store)
    assert not caplog.records


def test_an_index_that_is_gone_is_mended(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    index = index_of(folder)
    for file in index.iterdir():
        file.unlink()
    index.rmdir()
    with HistoryStore.open(embedder := Counting(), path=folder) as store:
        is_whole(store)
    assert sorted(embedder.texts) == sorted(item.text for item in ITEMS)
    assert {record.levelname for record in caplog.records} == {"WARNING"}


def test_items_are_taken_in_pages_since_sqlite_takes_32766_values_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    get = Collection.get

    def counting(self: Collection, *args: Any, **options: Any) -> Any:
        got = get(self, *args, **options)
        if not args and "ids" not in options and "where" not in options:
            asked.append(len(got["ids"]))
        return got

    monkeypatch.setattr(Collection, "get", counting)
    monkeypatch.setattr(repair, "_PAGE", 4)
    Path.unlink(index_of(folder) / "data_level0.bin")
    with HistoryStore.open(DigestEmbedder(), path=folder) as store:
        store.count("anna")
        assert max(asked) == 4 < len(ITEMS)
        monkeypatch.undo()
        is_whole(store)


def test_a_vector_that_is_not_the_items_is_mended(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with HistoryStore.open(DigestEmbedder(), path=folder) as store:
        vector = store.vectors("anna", ["7"])["7"]
    file = index_of(folder) / "data_level0.bin"
    left = file.stat()
    file.write_bytes(file.read_bytes().replace(np.float32(vector[7]).tobytes(), bytes(4)))
    os.utime(file, ns=(left.st_atime_ns, left.st_mtime_ns))  # as a disk's error would
    with HistoryStore.open(DigestEmbedder(), path=folder) as store:
        is_whole(store)
    assert "has vectors that are not its items'" in caplog.text
    assert "is whole again" in caplog.text


def test_an_embedder_that_fails_then_leaves_it_to_be_mended_later(folder: Path) -> None:
    class Failing(DigestEmbedder):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            raise ModelError("no answer")

    (index_of(folder) / "data_level0.bin").unlink()
    with (
        HistoryStore.open(Failing(), path=folder) as store,
        pytest.raises(ModelError, match="no answer"),
    ):
        store.vectors("anna", ["1"])
    with HistoryStore.open(DigestEmbedder(), path=folder) as store:
        is_whole(store)


def test_a_folder_that_was_copied_needs_no_embedding(folder: Path, tmp_path: Path) -> None:
    for file in index_of(folder).iterdir():
        os.utime(file)
    with HistoryStore.open(embedder := Counting(), path=folder) as store:
        is_whole(store)
    assert embedder.texts == []


SUPPORT = Path(__file__).parents[2] / "support"
FUZZ = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from digested import DigestEmbedder, HistoryStore, is_whole
with HistoryStore.open(DigestEmbedder(), path=Path(sys.argv[1])) as store:
    is_whole(store)
"""


@pytest.mark.live
@pytest.mark.parametrize("seed", range(40))
def test_no_harm_to_the_files_ends_the_process(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    for name in chance.sample(FILES, chance.randrange(1, 6)):
        file = index_of(folder) / name
        data = bytearray(file.read_bytes())
        for _ in range(chance.choice((1, 10, 1000))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        file.write_bytes(data[: chance.choice((len(data), chance.randrange(len(data))))])
    command = [sys.executable, "-c", FUZZ, str(folder), str(SUPPORT)]
    subprocess.run(command, check=True, timeout=60)


def test_an_index_that_a_killed_program_had_not_begun_is_noted(folder: Path) -> None:
    """Between making a collection and its first item there is no folder: seldom met, so by hand."""
    files = IndexFiles(folder)
    files._folders["new"] = folder / "not-yet"
    files.note("new")
    assert files.is_as_noted("new")
