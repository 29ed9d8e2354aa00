import gzip
from pathlib import Path

import pytest

from guided_profile.graph.errors import DatasetError
from guided_profile.tools.readers.records import Place, lines


def test_lines_are_numbered_with_the_blank_ones_plain_or_gzipped(tmp_path: Path) -> None:
    plain, zipped = tmp_path / "a.txt", tmp_path / "a.txt.gz"
    plain.write_bytes("one\n\nthrée".encode())
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    assert list(lines(plain)) == list(lines(zipped)) == [(1, "one\n"), (3, "thrée")]


def test_an_item_longer_than_items_are_is_cut_off() -> None:
    place = Place(Path("a"), 1)
    assert len(place.item("x" * 30_000).text) == 20_000
    with pytest.raises(DatasetError, match=r"a, line 1: a history item is wrong \(time"):
        place.item("x", time="no time at all")
