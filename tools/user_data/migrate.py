"""Everything that is kept, brought from one place to another, and compared there.

Nothing is deleted or changed where it comes from. What is at the other place already is passed
over, so that a run that was ended goes on where it was; so is a record that was changed there
since. Each user's items, and all records, are read back and held against what was sent, by count
and digest.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph.store.base import BaseStore, PutOp, SearchItem

from guided_profile.graph.errors import HistoryError, ProfilesError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.history.text_vectors import EmbedderLike
from guided_profile.tools.profiles.store import REQUESTS, ROOT, everything

_AT_ONCE = 100


@dataclass(slots=True)
class Moved:
    """What came of one kind: items of histories, records of profiles, or keys."""

    there: int = 0
    """How many are at the other place now, of those that are here."""
    new: int = 0
    """How many of them this run brought."""
    newer_there: int = 0
    """Of records: how many were changed there since, and stay as they are there."""
    only_there: int = 0
    """How many the other place has that this one has not; they stay."""
    digest: str = ""
    """SHA-256 of what is the same at both places."""
    _hash: Any = field(default_factory=hashlib.sha256, repr=False)

    def figures(self) -> dict[str, int | str]:
        """Return all of it by name."""
        names = ("there", "new", "newer_there", "only_there", "digest")
        return {name: getattr(self, name) for name in names}

    def compared(self, here: Sequence[str], there: Sequence[str]) -> bool:
        """Take in what was compared; whether both places have the same."""
        self.there += len(there)
        for line in sorted(here):
            self._hash.update(line.encode() + b"\n")
        self.digest = self._hash.hexdigest()
        return sorted(here) == sorted(there)


class CarriedVectors:
    """An embedder that knows the vectors of the items that are brought, and embeds no others."""

    def __init__(self, embedder: EmbedderLike) -> None:
        """Begin with none.

        Args:
            embedder: The one that both places have.
        """
        self._embedder = embedder
        self._known: dict[str, list[float]] = {}

    @property
    def id(self) -> str:
        """The embedder's."""
        return self._embedder.id

    def carry(self, source: HistoryStore, user_id: str, items: Sequence[HistoryItem]) -> None:
        """Take a user's vectors along, and forget those of the user before."""
        vectors = source.vectors(user_id, [item.id for item in items])
        self._known = {item.text: vectors[item.id].tolist() for item in items if item.id in vectors}

    def embed_documents(self, texts: list[str], /) -> list[list[float]]:
        """Return a vector for each item's text."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        made = self._embedder.embed_documents(missing) if missing else []
        known = self._known | dict(zip(missing, made, strict=True))
        return [known[text] for text in texts]

    def embed_query(self, text: str, /) -> list[float]:
        """Return the vector of what is looked for."""
        return self._embedder.embed_query(text)


def move_histories(
    source: HistoryStore,
    target: HistoryStore,
    vectors: CarriedVectors,
    on_user: Callable[[int, int], None] = lambda done, of: None,
) -> Moved:
    """Bring everybody's items.

    Args:
        source: Where they are.
        target: Where they are to be, opened with `vectors`.
        vectors: The embedder of both.
        on_user: Called with how many users are done, and of how many.

    Raises:
        HistoryError: Chroma failed, or what came is not what was sent.
        HistoryItemError: An id is taken there by an item that says something else.
    """
    moved, users = Moved(), source.users()
    for number, user in enumerate(users):
        on_user(number, len(users))
        items = source.list(user, withdrawn=True)
        before = {item.id: item for item in target.list(user, withdrawn=True)}
        missing = [item for item in items if item.id not in before]
        if missing:
            vectors.carry(source, user, missing)
            target.add(user, missing, as_they_are=True)
        # what was marked here after it was brought is marked there; nothing is unmarked
        for mark, marked in (("released", target.release), ("withdrawn", target.withdraw)):
            new = [item.id for item in items if getattr(item, mark)]
            if any(not getattr(before.get(id_), mark, False) for id_ in new):
                marked(user, new)
        ids = {item.id for item in items}
        after = [item for item in target.list(user, withdrawn=True) if item.id in ids]
        if not moved.compared(_lines(user, items), _lines(user, after)):
            raise HistoryError(
                f"the items of {user!r} are not the same at both places; see whether somebody "
                "changes them there, and give the command again. Nothing here was changed."
            )
        moved.new += len(missing)
        moved.only_there += len(before.keys() - ids)
    on_user(len(users), len(users))
    return moved


async def move_records(source: BaseStore, target: BaseStore) -> Moved:
    """Bring everybody's profiles, the versions of them, decisions, and what can still be undone.

    Raises:
        ProfilesError: One of the two failed, or what came is not what was sent.
    """
    moved = Moved()
    here = {_place(row): row for row in await _records(source)}
    before = {_place(row): row for row in await _records(target)}
    missing, newer = [], set()
    for place, row in here.items():
        other = before.get(place)
        if other is not None and _line(other) == _line(row):
            continue
        if other is not None and other.updated_at > row.updated_at:
            newer.add(place)
        else:
            missing.append(PutOp(row.namespace, row.key, row.value, index=False))
    for at in range(0, len(missing), _AT_ONCE):
        await target.abatch(missing[at : at + _AT_ONCE])
    after = {_place(row): row for row in await _records(target)}
    sent = [_line(row) for place, row in here.items() if place not in newer]
    came = [_line(after[place]) for place in here if place in after and place not in newer]
    if not moved.compared(sent, came):
        raise ProfilesError(
            "the profiles are not the same at both places; see whether somebody changes them "
            "there, and give the command again. Nothing here was changed."
        )
    moved.there += len(newer)
    moved.new, moved.newer_there = len(missing), len(newer)
    moved.only_there = len(after.keys() - here.keys())
    return moved


async def _records(store: BaseStore) -> list[SearchItem]:
    return [row for root in (ROOT, REQUESTS) for row in await everything(store, root)]


def _place(row: SearchItem) -> tuple[tuple[str, ...], str]:
    return (tuple(row.namespace), row.key)


def _line(row: SearchItem) -> str:
    return json.dumps([row.namespace, row.key, row.value], sort_keys=True)


def _lines(user: str, items: Iterable[HistoryItem]) -> list[str]:
    return [json.dumps([user, item.model_dump(mode="json")], sort_keys=True) for item in items]
