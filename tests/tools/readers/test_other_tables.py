"""A table that is called of a kind that it is not."""

from pathlib import Path

import pytest
from exported import folder_of, read

from guided_profile.graph.errors import HistoryItemError


@pytest.mark.parametrize("format", ["goodreads", "apple-store"])
def test_it_is_refused_in_words(tmp_path: Path, format: str) -> None:
    path = folder_of(tmp_path, {"x.csv": "name,place\nAna,Graz\nBen,Linz\n"}) / "x.csv"
    with pytest.raises(HistoryItemError, match=r"has no column '.*', so it is of another kind"):
        read(path, format=format)


@pytest.mark.parametrize("format", ["imdb", "netflix"])
def test_nothing_of_it_becomes_an_item(tmp_path: Path, format: str) -> None:
    path = folder_of(tmp_path, {"x.csv": "name,place\nAna,Graz\nBen,Linz\n"}) / "x.csv"
    assert read(path, format=format).items == []
