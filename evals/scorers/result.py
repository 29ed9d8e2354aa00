"""What a method said to an example: what scorers score."""

from typing import Literal, Self

from guided_profile.graph.records import Cost, Record
from guided_profile.graph.state import Abstained, Answered


class Result(Record):
    """What a method said to an example, and what that cost."""

    example: str
    method: str
    kind: Literal["answered", "abstained", "error"]
    """An error is none of the other two: nothing was said."""
    text: str = ""
    option: int | None = None
    """For a choice: the index of the chosen option."""
    confidence: float | None = None
    """0 to 1, as the method gives it; None if it gives none."""
    reason: str = ""
    """Why there is no answer: the reason of the abstention, or the error in one line."""
    guidance: str = ""
    profile: tuple[str, ...] = ()
    """The sentences of the profile with evidence."""
    unsupported: tuple[str, ...] = ()
    """Those without; a response sees them only where the evidence filter is off."""
    tries: int = 0
    shown: int | None = None
    """How many items of the history the response saw; None: the method does not say."""
    cost: Cost = Cost()
    """Of every call that it took, also of those that `Calls` had on record from another method
    or an earlier run, at what they cost then."""

    @classmethod
    def of(cls, example: str, method: str, outcome: Answered | Abstained, cost: Cost) -> Self:
        """Keep of an answer what a report needs."""
        supported = outcome.profile.supported if outcome.profile else ()
        written = outcome.profile.sentences if outcome.profile else ()
        kept = {
            "example": example,
            "method": method,
            "kind": outcome.kind,
            "guidance": outcome.guidance,
            "profile": tuple(sentence.text for sentence in supported),
            "unsupported": tuple(
                sentence.text for sentence in written if sentence not in supported
            ),
            "tries": outcome.tries,
            "cost": cost,
        }
        if isinstance(outcome, Abstained):
            return cls.model_validate(kept | {"reason": outcome.reason, "text": outcome.reply})
        answer = {"text": outcome.text, "option": outcome.option, "confidence": outcome.confidence}
        return cls.model_validate(kept | answer)
