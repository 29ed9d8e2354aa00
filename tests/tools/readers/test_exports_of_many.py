"""Folders and archives: what they hold is found file by file, whatever it is packed in."""

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers import archive
from guided_profile.tools.readers.base import Kept, Reading, Refused, Skipped
from guided_profile.tools.readers.detect import opened, read_items

CHAT = "[01.02.25, 10:00:00] Anna: tea\n[01.02.25, 10:01:00] Ben: no\n"
GPT = json.dumps(
    [
        {
            "current_node": "a",
            "mapping": {
                "a": {
                    "message": {
                        "author": {"role": "user"},
                        "content": {"content_type": "text", "parts": ["rye"]},
                    }
                }
            },
        }
    ]
)
FILES = {"a/talk.txt": CHAT, "b/data.json": GPT, "c/picture.jpg": "\xff\xd8\0\0\0\0\0"}


def folder(path: Path) -> Path:
    for name, content in FILES.items():
        (path / "x" / name).parent.mkdir(parents=True)
        (path / "x" / name).write_text(content, "latin-1")
    return path / "x"


def zipped(path: Path) -> Path:
    with zipfile.ZipFile(path / "x.bin", "w") as target:
        for name, content in FILES.items():
            target.writestr(name, content.encode("latin-1"))
        target.writestr("__MACOSX/a/._talk.txt", b"\0")
    return path / "x.bin"


def tarred(path: Path, mode: str = "w") -> Path:
    with tarfile.open(path / "x.bin", mode) as target:  # type: ignore[call-overload]
        for name, content in FILES.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            target.addfile(info, io.BytesIO(content.encode("latin-1")))
        link = tarfile.TarInfo("../../passwords.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        target.addfile(link)
    return path / "x.bin"


PACKED: dict[str, Callable[[Path], Path]] = {
    "folder": folder,
    "zip": zipped,
    "tar": tarred,
    "tar.gz": lambda path: tarred(path, "w:gz"),
}


@pytest.mark.parametrize("how", PACKED)
def test_each_kind_in_an_export_is_read_and_the_others_are_counted(
    tmp_path: Path, how: str
) -> None:
    with opened(PACKED[how](tmp_path), Reading(me="Anna")) as file:
        entries = list(file.entries)
        assert dict(file.formats) == {"chatgpt": 1, "whatsapp": 1}
        assert file.fraction() == 1.0
    kept = {(entry.item.text, entry.item.role) for entry in entries if isinstance(entry, Kept)}
    assert kept == {("rye", "user"), ("tea", "user"), ("no", "other")}
    assert Skipped("files of other kinds", 1) in entries


def test_what_one_kind_asks_for_costs_the_others_nothing(tmp_path: Path) -> None:
    item, refused = sorted(
        read_items(folder(tmp_path)), key=lambda entry: isinstance(entry, Refused)
    )
    assert isinstance(item, HistoryItem)
    assert isinstance(refused, Refused)
    assert "say with --me which of the people" in refused.reason


@pytest.mark.parametrize("name", ["talk.bin", "a.csv", "a.json", "conversations.json", "talk"])
def test_a_renamed_file_is_recognised_by_what_it_holds(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(CHAT)
    with opened(path, Reading(me="Anna")) as file:
        assert file.format == "whatsapp"
    (tmp_path / "packed").write_bytes(gzip.compress(CHAT.encode()))
    assert len(list(read_items(tmp_path / "packed", Reading(me="Anna")))) == 2


def test_a_file_that_is_cut_short_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    lines = "".join(json.dumps({"text": f"item {n} {n * n}"}) + "\n" for n in range(9000))
    path.write_bytes(gzip.compress(lines.encode())[:-2000])
    kept: list[HistoryItem | Refused] = []
    with pytest.raises(HistoryItemError, match="is damaged"):
        kept.extend(read_items(path))
    for entry in read_items_until_damaged(path):
        kept.append(entry)
    assert len(kept) > 1000


def read_items_until_damaged(path: Path) -> list[HistoryItem | Refused]:
    read: list[HistoryItem | Refused] = []
    try:
        for entry in read_items(path):
            read.append(entry)
    except HistoryItemError:
        pass
    return read


def test_an_archive_of_endless_zeros_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "FLOOR", 2**20)
    monkeypatch.setattr(archive, "RATIO", 10)
    zeros = bytes(8 * 2**20)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"text": "a"}\n' * 2**19))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("a.jsonl", zeros)
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as packed:
        info = tarfile.TarInfo("a.txt")
        info.size = len(zeros)
        packed.addfile(info, io.BytesIO(zeros))
    (tmp_path / "a.tgz").write_bytes(gzip.compress(inner.getvalue()))
    for name in ("a.jsonl.gz", "a.zip", "a.tgz"):
        with pytest.raises(HistoryItemError, match="holds far more than an archive of its size"):
            list(read_items(tmp_path / name))


def test_a_link_out_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(CHAT)
    (tmp_path / "x").mkdir()
    (tmp_path / "x/link.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(HistoryItemError, match="is empty"):
        list(read_items(tmp_path / "x"))


def test_an_unknown_format_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("tea\n")
    with pytest.raises(HistoryItemError, match="no format 'nonsense'; the formats are auto"):
        list(read_items(path, Reading(format="nonsense")))
