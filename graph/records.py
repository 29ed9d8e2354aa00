"""What is known of a user, and what it took: items, profiles, and the calls of a model.

Everything here is plain data: it is checkpointed, traced, stored and sent as JSON as it stands.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Record(BaseModel):
    """Immutable data that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


_DATE = re.compile(r"((?:19|20)\d\d)(?:-?(0[1-9]|1[0-2])(?:-?(0[1-9]|[12]\d|3[01]))?)?")
"""A date of ISO 8601: a year, with its month, with its day, with or without hyphens."""


LONGEST_TEXT = 20_000
"""Characters that an item holds; what makes items cuts a longer text off there."""


class HistoryItem(Record):
    """One thing that the user did, wrote or said."""

    id: str = Field(default="", max_length=200)
    """Stable: left out, it is a digest of everything else, so the same item has the same id."""
    text: str = Field(min_length=1, max_length=LONGEST_TEXT)
    source: str = Field(default="notes", min_length=1, max_length=200)
    """Where it comes from: `purchases`, `posts`, `chat`, …"""
    category: str | None = Field(default=None, max_length=200)
    time: datetime | None = None
    """When it happened, in UTC; a time without a zone is read as UTC."""
    role: Literal["user", "other"] = "user"
    """Who wrote it. Only what the user wrote is evidence about the user."""
    kind: Literal["did", "said"] = "said"
    """Whether it is something the user did (bought, watched, read) or something they said. Left
    out, an item with a category is something they did. It is no part of the id."""
    released: bool = False
    """Whether the user said that it gives the model no orders, though it looks so. Only
    `HistoryStore.release` sets it: an item that is added begins without."""
    withdrawn: bool = False
    """Whether the user asked to forget it, and has not confirmed its deletion: it is kept, and is
    in no search and no profile. Only `HistoryStore.withdraw` sets it."""

    @field_validator("text")
    @classmethod
    def _not_blank(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("is blank")
        return text

    @field_validator("time", mode="before")
    @classmethod
    def _other_dates(cls, time: object) -> object:
        """Read mail's and Twitter's dates too, and years, months and days that are numbers alone.

        ISO 8601 in full, and Unix times, are pydantic's; it takes `2025` for seconds since 1970.
        """
        if isinstance(time, int | str) and (date := _DATE.fullmatch(str(time))):
            year, month, day = (int(number) if number else 1 for number in date.groups())
            return datetime(year, month, day, tzinfo=UTC)
        if isinstance(time, int | float | str) and re.fullmatch(r"\d{1,8}(\.\d*)?", str(time)):
            raise ValueError("is neither a date nor a Unix time; write it as 2024-05-01")
        if isinstance(time, str) and time[:3].isalpha():
            try:
                return parsedate_to_datetime(time)
            except ValueError:
                return time
        return time

    @field_validator("time")
    @classmethod
    def _in_utc(cls, time: datetime | None) -> datetime | None:
        if time is None:
            return None
        try:
            return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        except OverflowError as error:
            raise ValueError("is out of range") from error

    def model_post_init(self, context: Any, /) -> None:
        """Derive the id and the kind where none was given."""
        if self.category and "kind" not in self.model_fields_set:
            object.__setattr__(self, "kind", "did")
        if not self.id:
            object.__setattr__(self, "id", self.digest())

    def digest(self) -> str:
        """Return the id that the item has where none is given."""
        stamp = self.time.isoformat() if self.time else None
        parts = [self.text, self.source, self.category, stamp, self.role]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


class Call(Record):
    """What one model call cost."""

    stage: str
    seconds: float
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    """How many of the input tokens the endpoint served from its prefix cache."""


class Cost(Record):
    """What several model calls cost together; `seconds` is the sum of the calls' own times."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, calls: Sequence[Call]) -> "Cost":
        """Add up calls."""
        return cls(
            calls=len(calls),
            input_tokens=sum(call.input_tokens for call in calls),
            output_tokens=sum(call.output_tokens for call in calls),
            cached_tokens=sum(call.cached_tokens for call in calls),
            seconds=sum(call.seconds for call in calls),
        )

    def plus(self, other: "Cost") -> "Cost":
        """Return both together."""
        return Cost(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            seconds=self.seconds + other.seconds,
        )


Verdict = Literal["stated", "inferred", "contradicted", "unsupported"]
"""What the history says to a sentence: an item states it; several items together suggest it; an
item denies it, or shows that it is over; nothing speaks for it."""


SentenceUse = Literal["always", "topical", "private"]
"""When an answer may use a sentence: in every one (how to be spoken to, language, accessibility,
allergies, hard limits); where it bears on the request; or only where the user raises its subject
(health, faith, politics, sexuality, money, troubles, other people's affairs)."""

HeldBackReason = Literal[
    "off_topic",
    "private",
    "makes_no_difference",
    "already_in_conversation",
    "over_budget",
    "no_worth",
]
"""Why an answer did without a sentence: it is not near to the request; its subject is one that the
user has to raise; a good answer would be the same without it; the conversation shows it already;
there was no room for it; or the profile was not measured to be of use, which the task requires."""


class HeldBack(Record):
    """A sentence that an answer did without, and why."""

    text: str
    reason: HeldBackReason


MemoryKind = Literal[
    "forget", "do_not_remember", "no_longer", "show", "always", "remember", "keep", "confirm"
]
"""What a user asks of what is kept about them: to forget something, or not to keep a message; that
something known is over; what is known; a standing instruction; to keep a message; to undo what was
done last, or, asked back, to go through with it."""


class MemoryAct(Record):
    """What a user asked of what is kept about them, and what came of it."""

    kind: MemoryKind
    outcome: Literal["done", "asks", "nothing", "cannot"] = "done"
    """`asks`: items are deleted when the user confirms it. `nothing`: nothing known is meant.
    `cannot`: there is no Store in which it could be kept for later."""
    said: str = ""
    """The message to the user about what was done, in their language where the model can."""
    sentences: tuple[str, ...] = ()
    """The sentences that were withdrawn, pinned, brought back, or shown."""
    items: tuple[str, ...] = ()
    """Ids of the items that were withdrawn, deleted or brought back."""


class Sentence(Record):
    """One sentence of a profile, with what supports it."""

    text: str
    verdict: Verdict = "unsupported"
    evidence: tuple[str, ...] = ()
    """Ids of the history items that support it, the strongest first; empty: nothing does."""
    against: tuple[str, ...] = ()
    """Ids of the items that contradict it, the strongest first."""
    confidence: float = Field(default=0.0, ge=0.0, le=1.0)
    """The calibrated probability that the history supports it."""
    common: float = Field(default=0.0, ge=0.0, le=1.0)
    """The probability that it is true of most people; at 0.5 or more it says nothing of this one,
    and loses its evidence. Only what is inferred is asked about."""
    since: datetime | None = None
    """When the newest of its evidence happened; None if none of it has a time."""
    pinned: bool = False
    """Whether the user vouches for it: it is used whatever its evidence."""
    use: SentenceUse = "topical"


def evidence_of(sentences: Iterable[Sentence]) -> list[str]:
    """Return the ids of the items that sentences rest on, each once, in their order."""
    return list(dict.fromkeys(id_ for sentence in sentences for id_ in sentence.evidence))


class Draft(Record):
    """A sentence of a profile as its writer wrote it: nothing is known of its truth yet."""

    text: str
    cited: tuple[str, ...] = ()
    """Ids of the items that the writer cites."""


class Replaced(Record):
    """A sentence that a later one contradicted, and so took the place of."""

    text: str
    by: str
    """The later sentence."""
    since: datetime | None = None
    """When the newest evidence of the replaced sentence happened."""
    replaced: datetime | None = None
    """When the evidence of the later one happened."""


class Difference(Record):
    """What became of a profile's sentences from one version to the next."""

    kept: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    """Those that are gone without another in their place."""
    replaced: tuple[Replaced, ...]
    """Those that a later one contradicted."""


SURE = 2.4
"""So many standard errors from 0, a gain is no chance: a mean of 8 items is so far to either side,
and one of 4 items below, in 5 % of the cases where there is no gain (Student's t)."""


class SentenceWorth(Record):
    """What a sentence of a profile adds to its worth."""

    text: str
    gain: float
    """How much less likely the person's own items are without it, in nats; below 0 it does harm."""
    error: float
    """The standard error of that."""
    items: int
    """Of how many items it is the mean."""

    @property
    def lowers(self) -> bool:
        """Whether it lowers the worth by more than chance would."""
        return self.gain + SURE * self.error < 0


class Worth(Record):
    """How much better a model tells a person's own past from other people's, given a profile."""

    gain: float | None = None
    """The mean gain in the log probability of the person's own items, in nats; None: not known."""
    error: float | None = None
    """The standard error of that."""
    items: int = 0
    """Of how many items it is the mean."""
    note: str = ""
    """Why it is not known, in words that a user can be shown; empty if it is."""
    failed: bool = False
    """Whether that is because the model failed: it is measured again after a while."""
    sentences: tuple[SentenceWorth, ...] = ()
    """Those that were left out one by one, in the profile's order."""
    examples: tuple[str, ...] = ()
    """Ids of the past items that raise it most when they are shown beside the profile."""
    model: str
    measured: datetime
    cost: Cost = Cost()

    @property
    def helps(self) -> bool:
        """Whether the profile was measured to be of use."""
        return self.gain is not None and self.gain > 0

    @property
    def clear(self) -> bool:
        """Whether the gain is more than chance would give, to either side."""
        gain, error = self.gain or 0.0, self.error or 0.0
        return abs(gain) > SURE * error and round(gain, 2) != 0

    @property
    def lowered_by(self) -> tuple[str, ...]:
        """The sentences that lower it."""
        return tuple(sentence.text for sentence in self.sentences if sentence.lowers)


class Profile(Record):
    """What is known of a user for one task, in sentences that point to their evidence."""

    task: str
    version: int = 1
    """Counts up with every profile that is made in place of another."""
    sentences: tuple[Sentence, ...]
    replaced: tuple[Replaced, ...] = ()
    """What once stood here and no longer holds, the latest last."""
    note: str = ""
    """Why it has no sentences, in words that a user can be shown; empty if it has."""
    guidance: str
    """The reply to the guiding question (G) it was written from; empty if unguided."""
    fingerprint: str
    """Digest of all that it was made from: items, task version, prompts, model."""
    model: str
    created: datetime
    cost: Cost
    worth: Worth | None = None
    """What it is worth on the person's own past; None: nobody measured it yet."""

    @property
    def supported(self) -> tuple[Sentence, ...]:
        """The sentences with evidence, or the user's word: the only ones a response sees."""
        return tuple(
            sentence for sentence in self.sentences if sentence.evidence or sentence.pinned
        )


class Standing(Record):
    """A profile as it is kept, with what decides whether it is still fresh."""

    profile: Profile
    covered: tuple[str, ...]
    """Ids of the items that it was made from."""
    made_with: str
    """Digest of everything else it was made with: the task, the prompts, the model."""
    revisions: int = 0
    """How often it was revised since it was last built from the whole history."""
