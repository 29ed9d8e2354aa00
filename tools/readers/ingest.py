"""A file added to a user's history: in batches, and so that doing it again adds what is new."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.records import checked_user, same
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.readers.base import Kept, Reading, Refused, Skipped
from guided_profile.tools.readers.detect import OpenFile, opened
from guided_profile.tools.safety.screen import flagged
from guided_profile.tools.safety.secrets import without_secrets

BATCH = 500
"""How many items are embedded and written at once."""
Opened = Callable[[Path, Reading], AbstractContextManager[OpenFile]]
NAMED = 1000
"""How many refused entries are kept with their reasons; the others are counted."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of a file's entries."""

    added: int = 0
    duplicates: int = 0
    """Items that the history had already, or that come twice in the file."""
    replaced: tuple[str, ...] = ()
    """The ids of those that the history had with other words, which the file's took the place of.
    What was made from them goes with `erase.forget_made_from`."""
    held_back: int = 0
    """Added items that look like orders to the model, and so are in no prompt until released."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many entries were left out, by what they are: `without words`, `cancelled orders`."""
    masked: int = 0
    """How many secrets in the items were masked."""
    formats: Mapping[str, int] = field(default_factory=dict)
    """The kinds of files that it holds, each with the number of its files."""
    refused: int = 0
    refusals: tuple[Refused, ...] = ()
    """The first `NAMED` of them, with place and reason."""
    fraction: float | None = None
    """How much of the file has been read, 0 to 1; None if that is not known."""

    @property
    def skipped(self) -> int:
        """How many entries were left out."""
        return sum(self.left_out.values())


def ingest(
    history: HistoryStore,
    user_id: str,
    path: Path,
    reading: Reading | None = None,
    opened: Opened = opened,
) -> Ingested:
    """Add a file to a user's history.

    The items are added batch by batch, each as a whole. If it is interrupted, by whatever, doing
    it again goes on: an item has the same id each time, and one that is there is not embedded
    again. One whose app or file names its id takes the place of what the id said before, so that an
    edited message is there once. A bad entry is refused, and the others are added. The file is
    never held as a whole, unless it is one JSON object; memory grows with the ids that it names.

    Args:
        history: Where it is added.
        user_id: Whose history it is.
        path: A file, folder or archive of one of the kinds in `detect.FORMATS`.
        reading: How to read it; None: its name and beginning decide.
        opened: Opens it.

    Raises:
        HistoryItemError: The file cannot be read as a whole.
        SettingsError: The kind of file needs an extra that is not installed.
        QuestionError: The user's id is blank.
        HistoryError: The store failed; what was added before stays.
        ModelError: The embedder failed; what was added before stays.
    """
    done = Ingested()
    for so_far in ingesting(history, user_id, path, reading, opened):
        done = so_far
    return done


def ingesting(
    history: HistoryStore,
    user_id: str,
    path: Path,
    reading: Reading | None = None,
    opened: Opened = opened,
) -> Iterator[Ingested]:
    """Do what `ingest` does, and yield what was done so far, as it goes on."""
    checked_user(user_id)
    done = Ingested(fraction=0.0)
    batch: list[Kept] = []
    named = set[str]()
    with opened(path, reading or Reading()) as file:
        done = replace(done, formats=file.formats)
        yield done
        since = 0
        for entry in file.entries:
            since += 1
            if isinstance(entry, Kept):
                batch.append(entry)
            elif isinstance(entry, Skipped):
                left = done.left_out.get(entry.reason, 0) + entry.count
                done = replace(done, left_out={**done.left_out, entry.reason: left})
            else:
                done = _refused(done, entry)
            if len(batch) == BATCH or since >= 10 * BATCH:
                done = replace(
                    _added(done, history, user_id, batch, named), fraction=file.fraction()
                )
                batch, since = [], 0
                yield done
        yield replace(_added(done, history, user_id, batch, named), fraction=1.0)


def _added(
    done: Ingested, history: HistoryStore, user_id: str, batch: Sequence[Kept], named: set[str]
) -> Ingested:
    """Add a batch; of those that name their ids, the edited ones take their old one's place.

    Args:
        done: What was done before.
        history: Where it is added.
        user_id: Whose history it is.
        batch: The items.
        named: The ids that the file's items before them had by name; the batch's are added.
    """
    unmasked = [kept.item.digest() for kept in batch]  # ids of before secrets were masked
    items, masked = without_secrets(kept.item for kept in batch)
    batch = [replace(kept, item=item) for kept, item in zip(batch, items, strict=True)]
    digests = [item.digest() for item in items]
    ids = dict.fromkeys([*(item.id for item in items), *digests, *unmasked])
    there = {item.id: item for item in history.get(user_id, ids)}
    new: list[HistoryItem] = []
    edited: dict[str, HistoryItem] = {}
    duplicates = 0
    for kept, digest, first in zip(batch, digests, unmasked, strict=True):
        item = kept.item
        old = there.get(item.id)
        if old is None and digest not in there and first not in there:
            new.append(item)
        elif old is None or same(old, item):  # it may have been added before its id was read
            duplicates += 1
            continue
        elif item.id in named:
            reason = "id: is taken by an item that says something else"
            done = _refused(done, replace(kept.where, reason=reason))
            continue
        else:
            edited[item.id] = item
        there[item.id] = item
        if item.id != digest:
            named.add(item.id)
    history.replace(user_id, edited.values())
    result = history.add(user_id, new, as_they_are=True)
    fresh = [item for item in new if item.id in set(result.added)]
    return replace(
        done,
        added=done.added + len(fresh),
        masked=done.masked + masked,
        replaced=(*done.replaced, *edited),
        held_back=done.held_back + len(flagged([*fresh, *edited.values()])),
        duplicates=done.duplicates + duplicates + len(new) - len(fresh),
    )


def _refused(done: Ingested, entry: Refused) -> Ingested:
    named = (*done.refusals, entry) if len(done.refusals) < NAMED else done.refusals
    return replace(done, refused=done.refused + 1, refusals=named)
