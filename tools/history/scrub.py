"""Taking what was deleted out of SQLite's file where it stands: zeros over all that holds nothing.

SQLite leaves what it deletes in the free parts of its pages, and copies of it where pages were
split or merged, anywhere in the file. To write the file anew (VACUUM) costs what all users have.
Here it is read, at 4 GB a second, and the pages that changed since it was clean are cleaned. Only
where many did, since as many items were written meanwhile, is it written anew.

What is where says https://www.sqlite.org/fileformat2.html.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from io import BufferedIOBase
from itertools import pairwise
from pathlib import Path
from struct import error as StructError
from struct import unpack_from

import numpy as np
from numpy.typing import NDArray

MANY = 8
"""Of so many pages one may have changed, for them to be cleaned one after the other."""
_LARGEST = 1 << 24  # pages: in a file with more, a page's first byte does not say what it is
_STEP = 1 << 20  # bytes that are read at once
_INDEX_INSIDE, _TABLE_INSIDE, _INDEX, _TABLE = 2, 5, 10, 13
_CELLS = {_INDEX_INSIDE, _TABLE_INSIDE, _INDEX, _TABLE}

Part = tuple[int, int, int]
"""The number of a page, and from where to where in it nothing is held."""
Hashes = NDArray[np.uint64]


def scrub(database: Path, notes: Path) -> None:
    """Take what was deleted out of a database's file.

    Nobody else is at the file meanwhile.

    Args:
        database: The file.
        notes: Where is kept what its pages looked like when they were clean.
    """
    with closing(sqlite3.connect(database, isolation_level=None)) as opened:
        (version,) = opened.execute("PRAGMA user_version").fetchone()
        # a change, so that whoever has pages in memory reads them anew, and writes none back
        opened.execute(f"PRAGMA user_version = {(version + 1) % (1 << 31)}")
        with database.open("r+b") as file:
            pages = _Pages(file)
            hashes = pages.hashes()
            changed = _changed(hashes, _noted(notes))
            if pages.can_be_cleaned and len(changed) * MANY <= pages.count:
                for number in pages.clean(changed):
                    hashes[number - 1] = pages.hash(number)
                _note(notes, hashes)
                return
        opened.execute("VACUUM")
    with database.open("rb") as file:
        _note(notes, _Pages(file).hashes())


def _changed(now: Hashes, before: Hashes) -> list[int]:
    """Return the numbers of the pages that are not as they were, the first being 1."""
    there = min(len(now), len(before))
    new = np.arange(there, len(now))
    numbers: list[int] = (
        1 + np.concatenate([np.flatnonzero(now[:there] != before[:there]), new])
    ).tolist()
    return numbers


def _noted(notes: Path) -> Hashes:
    return np.fromfile(notes, "<u8") if notes.exists() else np.empty(0, "<u8")


def _note(notes: Path, hashes: Hashes) -> None:
    beside = notes.with_suffix(".new")
    beside.write_bytes(hashes.astype("<u8").tobytes())
    beside.replace(notes)


class _Pages:
    """The pages of a database's file."""

    def __init__(self, file: BufferedIOBase) -> None:
        self._file = file
        head = self._read(0, 100)
        size = unpack_from(">H", head, 16)[0]
        self._size = 1 << 16 if size == 1 else size
        self._usable = self._size - head[20]
        self._first_free = unpack_from(">I", head, 32)[0]
        self.count = file.seek(0, os.SEEK_END) // self._size
        moves_pages = unpack_from(">I", head, 52)[0] != 0  # then some pages are of another kind
        factors = np.random.default_rng(0).integers(1 << 63, size=self._size // 8, dtype=np.uint64)
        self._factors = factors * np.uint64(2) + np.uint64(1)
        self.can_be_cleaned = not moves_pages and self.count < _LARGEST

    def hashes(self) -> Hashes:
        """Return a hash of each page."""
        self._file.seek(0)
        found, held = [], np.empty(_STEP // self._size * self._size, np.uint8)
        while read := self._file.readinto(held.data):
            found.append(self._hashes(held[: read // self._size * self._size]))
        return np.concatenate(found)

    def hash(self, number: int) -> np.uint64:
        """Return the hash of a page."""
        return np.uint64(self._hashes(self._page(number))[0])

    def _hashes(self, data: bytes | NDArray[np.uint8]) -> Hashes:
        """Return the sum of each page's numbers, each times a random one."""
        numbers = np.frombuffer(data, "<u8").reshape(-1, self._size // 8)
        hashes: Hashes = ((numbers ^ (numbers >> np.uint64(32))) * self._factors).sum(axis=1)
        return hashes

    def clean(self, changed: Sequence[int]) -> set[int]:
        """Write zeros over all that holds nothing in changed pages, and in those that are free.

        Returns:
            The numbers of the pages that were written to.
        """
        written = set[int]()
        for number, begin, end in self._nowhere(set(changed)):
            page = self._page(number)
            if not 0 <= begin <= end <= self._size:
                raise sqlite3.DatabaseError(f"page {number} of the database is malformed")
            if any(page[begin:end]):
                self._file.seek((number - 1) * self._size + begin)
                self._file.write(bytes(end - begin))
                written.add(number)
        self._file.flush()
        os.fsync(self._file.fileno())
        return written

    def _nowhere(self, changed: set[int]) -> list[Part]:
        """Return what nothing is held in.

        Raises:
            DatabaseError: The pages say what cannot be.
        """
        free = set[int]()
        try:
            return [*self._unused(free), *self._inside(changed - free)]
        except (StructError, IndexError):
            raise sqlite3.DatabaseError("the database is malformed") from None

    def _unused(self, free: set[int]) -> Iterator[Part]:
        """Yield what is in the pages that the database keeps for later, and note which these are.

        They are not written when they become free, so they may look as they did.
        """
        trunk = self._first_free
        while trunk and trunk not in free:
            page = self._page(trunk)
            following, count = unpack_from(">II", page)
            leaves = unpack_from(f">{count}I", page, 8)
            free.update((trunk, *leaves))
            yield trunk, 8 + 4 * count, self._usable
            yield from ((leaf, 0, self._size) for leaf in leaves)
            trunk = following

    def _inside(self, changed: set[int]) -> Iterator[Part]:
        """Yield what is free in the pages of tables and indexes, and after what they go on in."""
        for number in changed:
            page, head = self._page(number), 100 if number == 1 else 0
            kind = page[head]
            if kind not in _CELLS:
                continue  # what a cell goes on in: its own page has changed too
            block, count = unpack_from(">HH", page, head + 1)
            cells_at = head + (12 if kind in (_INDEX_INSIDE, _TABLE_INSIDE) else 8)
            held = [(0, cells_at + 2 * count)]
            while block:
                held.append((block, block + 4))  # where the next free block is, and its size
                (following,) = unpack_from(">H", page, block)
                block = following if following > block else 0
            for cell in unpack_from(f">{count}H", page, cells_at):
                end, left = self._cell(page, kind, cell)
                held.append((cell, end))
                if left:
                    yield self._last_of(unpack_from(">I", page, end - 4)[0], left)
            held.sort()
            for (_, end), (begin, _) in pairwise([*held, (self._usable, 0)]):
                if begin > end:
                    yield number, end, begin

    def _cell(self, page: bytes, kind: int, at: int) -> tuple[int, int]:
        """Return where a cell ends, and how much of it is in pages of its own."""
        if kind == _TABLE_INSIDE:
            return _number(page, at + 4)[1], 0
        payload, at = _number(page, at + 4 if kind == _INDEX_INSIDE else at)
        most = (self._usable - 12) * 64 // 255 - 23
        if kind == _TABLE:
            _, at = _number(page, at)
            most = self._usable - 35
        if payload <= most:
            return at + payload, 0
        least = (self._usable - 12) * 32 // 255 - 23
        here = least + (payload - least) % (self._usable - 4)
        here = here if here <= most else least
        return at + here + 4, payload - here

    def _last_of(self, number: int, left: int) -> Part:
        """Return what is after the end of a cell that goes on in pages of its own."""
        while left > self._usable - 4:
            (number,) = unpack_from(">I", self._page(number))
            left -= self._usable - 4
        return number, 4 + left, self._size

    def _page(self, number: int) -> bytes:
        return self._read((number - 1) * self._size, self._size)

    def _read(self, at: int, size: int) -> bytes:
        self._file.seek(at)
        data = self._file.read(size)
        if len(data) < size:
            raise sqlite3.DatabaseError("the database is malformed: a page is missing")
        return data


def _number(page: bytes, at: int) -> tuple[int, int]:
    """Return a number of SQLite's one to nine bytes, and where it ends."""
    number = 0
    for place in range(at, at + 8):
        number = number << 7 | page[place] & 0x7F
        if page[place] < 0x80:
            return number, place + 1
    return number << 8 | page[at + 8], at + 9
