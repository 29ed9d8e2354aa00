"""Goodreads' library export: the books that were read, are being read, and are to be read."""

from collections.abc import Sequence
from typing import Any

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Entries, Reader, Reading, Skipped
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.markup import html_text
from guided_profile.tools.readers.tables import items

_COLUMNS = {"Title", "Author", "My Rating", "Date Read", "Exclusive Shelf"}


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    return items(files, reading, _book, *_COLUMNS)


def _book(cells: dict[str, str]) -> dict[str, Any] | Skipped:
    book = f"{cells['Title']}, {cells['Author']}".strip(", ")
    if not book:
        return Skipped("books without a title")
    shelf = cells["Exclusive Shelf"]
    review = html_text(cells.get("My Review", ""))
    added = cells.get("Date Added") or None
    if shelf == "to-read":
        text, source, time = f"wants to read: {book}", "reading list", added
    elif shelf == "currently-reading":
        text, source, time = f"is reading: {book}", "reading", added
    else:
        text, source, time = book, "read", cells["Date Read"] or added
    if notes := _notes(cells, shelf):
        text += f" ({', '.join(notes)})"
    return {
        "text": f"{text}: {review}" if review else text,
        "source": source,
        "time": time,
        "category": "books",
        "kind": "said" if review else "did",
    }


def _notes(cells: dict[str, str], shelf: str) -> list[str]:
    """Return the stars, how often it was read, and the shelves of the user's own."""
    notes = []
    if shelf == "read":
        count = cells.get("Read Count", "")
        notes.append(f"read {count} times" if count.isdigit() and int(count) > 1 else "read")
    elif shelf not in ("to-read", "currently-reading"):
        notes.append(shelf)  # one of the user's own, as "did-not-finish"
    if cells["My Rating"] in tuple("12345"):
        notes.append(f"rated {cells['My Rating']} of 5")
    named = [name.strip() for name in cells.get("Bookshelves", "").split(",")]
    if own := [name for name in named if name and name != shelf]:
        notes.append(f"on the shelves {', '.join(own[:5])}")
    return notes


def _recognises(head: Head) -> bool:
    return set(head.columns) >= _COLUMNS


READER = Reader(
    format="goodreads",
    title="Goodreads library",
    obtain="On goodreads.com: My Books, Import and export, Export library.",
    read=_read,
    recognises=_recognises,
)
