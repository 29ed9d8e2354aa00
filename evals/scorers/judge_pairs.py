"""Two methods' texts, pair by pair, before the judge."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from langchain_core.language_models import BaseChatModel

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.scorers.agreement import Agreement, claim
from guided_profile.evals.scorers.judge import Verdict, judge
from guided_profile.evals.scorers.result import Result
from guided_profile.evals.scorers.statistics import mcnemar


@dataclass(frozen=True, slots=True)
class Judged:
    """What the judge said of two methods, over all examples that both answered."""

    first: str
    second: str
    wins: int
    """Of how many the judge preferred the first, in both orders and with certainty."""
    losses: int
    declined: int
    """Of how many it said neither, was not sure, or said otherwise in the other order."""
    p: float
    """Sign test over wins and losses, two-sided."""
    agreement: Agreement | None = None
    """How far the judge agrees with people; None: it was not measured."""

    @property
    def claimed(self) -> bool:
        """Whether that may be claimed: the judge was measured, and agrees with people enough."""
        return self.agreement is not None and not self.agreement.why_not

    def figures(self) -> dict[str, Any]:
        """Return it as plain data, with whether it may be claimed."""
        found = self.agreement.model_dump(mode="json") if self.agreement else None
        said = {"claimed": self.claimed, "claim": claim(self.agreement)}
        return asdict(replace(self, agreement=None)) | said | {"agreement": found}

    def __str__(self) -> str:
        """Say it in a sentence, and whether it may be claimed."""
        return (
            f"The judge prefers {self.first} to {self.second} on {self.wins}, {self.second} on "
            f"{self.losses}, and declines on {self.declined} (sign test p = {self.p:.3f}). "
            f"{claim(self.agreement)}"
        )


async def judge_pairs(
    chat: BaseChatModel,
    first: str,
    second: str,
    examples: Sequence[Example],
    results: Mapping[tuple[str, str], Result],
    *,
    concurrency: int = 1,
) -> Judged:
    """Put each example's two texts before the judge.

    Args:
        chat: The judge.
        first: A method's name.
        second: Another's.
        examples: What was asked.
        results: What was said, by method and example.
        concurrency: How many pairs are judged at once.

    Raises:
        ModelError: The endpoint failed: pairs that are not judged are not guessed at.
    """
    places = asyncio.Semaphore(max(1, concurrency))

    async def judge_example(example: Example) -> Verdict | None:
        ours, theirs = (results.get((name, example.id)) for name in (first, second))
        if not ours or not theirs or {ours.kind, theirs.kind} != {"answered"}:
            return None
        async with places:
            return await judge(chat, example, ours.text, theirs.text)

    given = [verdict for verdict in await asyncio.gather(*map(judge_example, examples)) if verdict]
    wins = sum(verdict.winner == "first" for verdict in given)
    losses = sum(verdict.winner == "second" for verdict in given)
    declined = len(given) - wins - losses
    return Judged(first, second, wins, losses, declined, mcnemar(wins, losses))
