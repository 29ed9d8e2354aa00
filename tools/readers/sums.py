"""What is played, watched or visited again and again, summed up: an item a title, not a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest

from guided_profile.tools.readers.base import (
    Entries,
    Reading,
    Refused,
    Skipped,
    item,
    stable_id,
)

LIMIT = 2000
"""How many items a source comes to: the most repeated ones, and of those the most recent."""
HELD = 100_000
"""How many titles are held at once."""


@dataclass(slots=True)
class Sum:
    """How often a title was there, and when."""

    where: Refused
    """Where it was last."""
    category: str | None
    count: int = 0
    pieces: int = 0
    """How many things it was, where one time may be of several."""
    first: datetime | None = None
    last: datetime | None = None
    at_least: bool = False
    """Whether it may have been there before, and been given up."""

    @property
    def rank(self) -> tuple[int, float]:
        """By which it is kept: how often, then how recently."""
        return self.count, self.last.timestamp() if self.last else 0.0


class Sums:
    """The titles of one source, each with how often, and when first and last.

    Memory is bounded: of more than `held` titles, the half that was there least often, and longest
    ago, is given up and counted.
    """

    def __init__(
        self, source: str, verb: str, *, unit: str = "times", limit: int = LIMIT, held: int = HELD
    ) -> None:
        """Begin with no titles.

        Args:
            source: The act, as `played`: the source of the items.
            verb: What was done, in the past: `played`, `watched`, `searched for`.
            unit: What is counted, if it is more than once: `times`, `episodes`.
            limit: How many items come of it.
            held: How many titles are held at once.
        """
        self._source = source
        self._verb = verb
        self._unit = unit
        self._limit = limit
        self._held = held
        self._sums: dict[str, Sum] = {}
        self._given_up = 0

    def add(
        self,
        title: str,
        time: datetime | None,
        where: Refused,
        *,
        category: str | None = None,
        times: int = 1,
        pieces: int = 0,
    ) -> None:
        """Count a title once more, or several times; of how many pieces, if they matter."""
        title = " ".join(title.split())
        found = self._sums.get(title)
        if found is None:
            if len(self._sums) >= self._held:
                self._give_up()
            found = self._sums[title] = Sum(where, category, at_least=bool(self._given_up))
        found.count += times
        found.pieces += pieces
        if time is not None:
            found.first = min(found.first or time, time)
            if found.last is None or time >= found.last:
                found.last, found.where = time, where

    def entries(self, reading: Reading) -> Entries:
        """Yield an item a title, and at last how many titles are beyond the limit."""
        ranked = nlargest(self._limit, self._sums.items(), key=lambda named: named[1].rank)
        for title, found in ranked:
            fields = {
                "id": self._id(title, found),
                "text": f"{title} ({self.words(found)})",
                "source": reading.source or self._source,
                "time": found.last,
                "category": found.category,
                "kind": "did",
            }
            yield item(fields, found.where, reading)
        beyond = len(self._sums) - len(ranked) + self._given_up
        if beyond:
            yield Skipped(f"{self._source} beyond the limit of {self._limit}", beyond)

    def _id(self, title: str, found: Sum) -> str:
        """Return an id that a newer export has too, which begins when this one does."""
        begun = found.first.isoformat() if found.first else ""
        return stable_id(f"sum {self._source}", f"{begun} {title}")

    def words(self, found: Sum) -> str:
        """Return what was done how often: `played 41 times, 2023-01 to 2024-06`."""
        often = "once" if found.count == 1 else f"{found.count} {self._unit}"
        often += f", {found.pieces} pieces" * (found.pieces > found.count)
        months = list(dict.fromkeys(f"{day:%Y-%m}" for day in self._days(found)))
        at_least = "at least " * found.at_least
        return f"{self._verb} {at_least}{often}" + f", {' to '.join(months)}" * bool(months)

    @staticmethod
    def _days(found: Sum) -> Iterator[datetime]:
        if found.first and found.last:
            yield found.first
            yield found.last

    def _give_up(self) -> None:
        kept = nlargest(self._held // 2, self._sums.items(), key=lambda named: named[1].rank)
        self._given_up += len(self._sums) - len(kept)
        self._sums = dict(kept)
