"""What goes out: an answer, or why there is none. Plain data, for a client of the server too."""

from typing import Literal

from pydantic import BaseModel

from guided_profile.graph.records import Cost, HeldBack, MemoryAct, Profile, Record

AbstentionReason = Literal[
    "declined",
    "no_option",
    "low_confidence",
    "empty",
    "cut_off",
    "no_history",
    "not_in_history",
]
"""Why there is no answer: the model declined; its reply names none of the options; the winning
option's probability is below the task's floor; the reply is empty, or was cut off by its token
limit; nothing is known that the response may see; what is known says nothing about the question.
"""

ProfileUse = Literal["standing", "revised", "built", "cold", "none"]
"""Where a run's profile came from: it stood already, was revised with what is new, was built from
the whole history; there is too little history for one; or the task needs none."""


class Answered(Record):
    """A personalized answer."""

    kind: Literal["answered"] = "answered"
    text: str
    option: int | None = None
    """For a choice: the index of the winning option in the question's options."""
    probabilities: dict[str, float] | None = None
    confidence: float | None = None
    """A choice's winning probability, or the text's mean token probability; None if unknown."""
    evidence: tuple[str, ...] = ()
    """Ids of the items that support the answer itself, the strongest first, 5 at most: what a text
    says, what the chosen option is about, or the style that a text is rewritten in. Empty: nothing
    in the history says this directly."""
    used: tuple[str, ...] = ()
    """The profile's sentences that the response saw."""
    held_back: tuple[HeldBack, ...] = ()
    """Its supported sentences that the response did without, and why."""
    missed: tuple[str, ...] = ()
    """What the answer was held against and does not keep, in words: habits of the person's style,
    limits that they stated. It is the best of what the model wrote."""
    guidance: str = ""
    profile: Profile | None = None
    profile_use: ProfileUse = "none"
    """Where the profile came from; a standing one saved `profile.cost`."""
    tries: int = 0
    """How often it was retried."""
    memory: MemoryAct | None = None
    """What the user asked to do with what is kept about them, and the outcome; `text` says it."""
    cost: Cost = Cost()


class Abstained(Record):
    """No answer, and why."""

    kind: Literal["abstained"] = "abstained"
    reason: AbstentionReason
    detail: str
    """The reason in words that a user can be shown."""
    reply: str = ""
    """The model's last reply, for whoever looks into it; not to be shown as an answer."""
    guidance: str = ""
    profile: Profile | None = None
    profile_use: ProfileUse = "none"
    tries: int = 0
    memory: MemoryAct | None = None
    cost: Cost = Cost()


class AsksBack(BaseModel):
    """What the user is asked before there can be an answer."""

    kind: Literal["asks_back"] = "asks_back"
    text: str
    memory: MemoryAct | None = None
    """What was done already at the user's request, if they are asked whether to go on with it."""


Outcome = Answered | Abstained | AsksBack
