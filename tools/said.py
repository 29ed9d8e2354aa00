"""What an item of a history says: its words, what it denies, and of whom it tells."""

import re
from dataclasses import dataclass, replace

from guided_profile.tools.subjects import told
from guided_profile.tools.wording import (
    Claim,
    covered,
    denied_words,
    head,
    kin,
    numbers,
    telling_words,
)

_DISLIKE = re.compile(
    r"\b(?:"
    r"(?:one|two|1|2)[ -]stars?|[12](?: out of |/)5|disappoint(?:ed|ing|s)|regret(?:s|ted)?|"
    r"waste of (?:money|time|space)|(?:do|did|would)(?:n['’]t| not) (?:buy|recommend|like|enjoy)|"
    r"can(?:not|['’]t) stand|"
    r"(?:ein(?:en)?|zwei) sterne?|enttäusch(?:t|end)|bereue|"
    r"(?:una|dos) estrellas?|decepcion(?:ó|ante|ado)|(?:une|deux) étoiles?|déçue?|décevante?"
    r")\b",
    re.IGNORECASE,
)
"""Says of what a text is about that it was not liked."""
_SPEAKS = re.compile(
    r"\b(?:i|i['’](?:m|ve|d|ll)|ich|yo|je|j['’]\w+)\b(?!['’.])|\?\s*$|"
    r"\b(?:you|du|tú|usted|vous)\b[^.?!]*\?",
    re.IGNORECASE,
)
"""Somebody says it, of themselves or to ask; a title or an entry in a log does not."""


@dataclass(frozen=True, slots=True)
class Part:
    """What an item tells of one: of the user, or of somebody else."""

    of: frozenset[str] | None
    """As `subjects.told` returns it: whom it tells of; none: of nobody; `None`: of the user."""
    telling: frozenset[str]
    denied: frozenset[str]

    def holds(self, claim: Claim) -> bool:
        """Whether it counts for a claim: it is of the user, or of whom the claim speaks."""
        if self.of is None:
            return True
        return bool(covered(self.of, claim.telling | claim.kin)) if self.of else claim.wishes


@dataclass(frozen=True, slots=True)
class Said:
    """What an item of a history says."""

    words: frozenset[str]
    """All its words, folded."""
    telling: frozenset[str]
    heads: frozenset[str]
    """The heads of its telling words."""
    labels: frozenset[str]
    """The stems of its category's telling words."""
    numbers: frozenset[str]
    kin: frozenset[str]
    denied: frozenset[str]
    disliked: bool
    """Whether it says of what it is about that it was not liked."""
    spoken: bool
    """Whether the person speaks in it: what one says has to be understood, and not matched."""
    parts: tuple[Part, ...]
    """What it tells of whom; empty: all of it of the user."""

    @classmethod
    def of(cls, text: str, category: str | None) -> "Said":
        """Read an item."""
        whole = f"{category or ''} {text}"
        telling = frozenset(telling_words(whole))
        return cls(
            words=frozenset(re.findall(r"\w+", whole.casefold())),
            telling=telling,
            heads=frozenset(map(head, telling)),
            labels=frozenset(telling_words(category or "")),
            numbers=frozenset(numbers(text)),
            kin=frozenset(kin(whole)),
            denied=frozenset(denied_words(text)),
            disliked=bool(_DISLIKE.search(text)),
            spoken=bool(_SPEAKS.search(text)),
            parts=_parts(text, message=not category),
        )

    def to(self, claim: Claim) -> "Said | None":
        """Return what it says to a claim; `None` if it tells of others only."""
        holding = [part for part in self.parts if part.holds(claim)]
        if len(holding) == len(self.parts):
            return self
        if not holding and all(part.of for part in self.parts):
            return None
        telling = self.labels.union(*(part.telling for part in holding))
        return replace(
            self,
            telling=telling,
            heads=frozenset(map(head, telling)),
            denied=frozenset().union(*(part.denied for part in holding)),
        )


def _parts(text: str, *, message: bool) -> tuple[Part, ...]:
    pieces = told(text, message=message)
    if all(of is None for of, _ in pieces):
        return ()
    return tuple(
        Part(of, frozenset(telling_words(piece)), frozenset(denied_words(piece)))
        for of, piece in pieces
    )
