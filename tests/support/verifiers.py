"""Verifiers that say what a test lets them say, and a user's items that they are asked about."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from guided_profile.graph.records import Call, HistoryItem, Sentence, SentenceUse, Verdict
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.evidence.base import Claim, Judged
from guided_profile.tools.evidence.judging import Judge
from guided_profile.tools.history.store import HistoryStore

TOPIC, STYLE = builtin_tasks()["dialogue"], builtin_tasks()["paraphrase"]


def item(id: str, text: str, month: int | None = 1, **given: str) -> HistoryItem:
    time = None if month is None else datetime(2025, month, 1, tzinfo=UTC)
    return HistoryItem.model_validate({"id": id, "text": text, "time": time, **given})


CAT = item("cat", "my cat Miso sleeps on my desk", 1)
TEA = item("tea", "i drink black tea every morning", 3)
COFFEE = item("coffee", "i drink coffee every morning now, tea bores me", 9)


class Verifier:
    """Gives the verdict that stands for a sentence, and the nearest items as its evidence."""

    id = "mine"

    def __init__(self, says: Callable[[Claim], Judged]) -> None:
        self.says = says
        self.claims: list[Claim] = []

    async def verify(self, claims: Sequence[Claim]) -> tuple[list[Judged], list[Call]]:
        self.claims += claims
        calls = [Call(stage="verify", seconds=1.0) for _ in claims]
        return [self.says(claim) for claim in claims], calls


def finding(verdict: Verdict, *evidence: str, probability: float = 0.8123) -> Verifier:
    return Verifier(lambda claim: Judged(verdict, probability, evidence))


def judge(
    verifier: Verifier, history: HistoryStore, *items: HistoryItem, style: bool = False
) -> Judge:
    history.add("anna", list(items))
    return Judge(verifier, history, "anna", STYLE if style else TOPIC, 3000)


DRINKS = Sentence(
    text="This person drinks black tea every morning.", evidence=("tea",), since=TEA.time
)
HAS = Sentence(text="This person has a cat named Miso.", evidence=("cat",), since=CAT.time)


class KnowsEnded(Verifier):
    """Says that what speaks of coffee ends what speaks of tea."""

    def __init__(self, probability: float) -> None:
        super().__init__(lambda claim: Judged("contradicted", 0.1))
        self.asked: list[tuple[str, str]] = []
        self.probability = probability

    async def ended(self, text: str, item: HistoryItem) -> tuple[float, list[Call]]:
        self.asked.append((text, item.text))
        return self.probability, [Call(stage="verify", seconds=0.1)]


class AtOnce(KnowsEnded):
    """Judges what stood beside what is new, as it is told."""

    def __init__(self, **still: Judged | None) -> None:
        super().__init__(0.9)
        self.says = lambda claim: Judged("inferred", 0.8, ("tea",), common=True, use="always")
        self.at_once = True
        self.still = still
        self.same_said: list[float | None] = []

    async def verify_beside(
        self, claims: Sequence[Claim], standing: Sequence[Claim]
    ) -> tuple[list[Judged], list[Judged | None], list[Call]]:
        judged, _ = await self.verify([*claims, *standing])
        older = [
            next((judged for word, judged in self.still.items() if word in one.text), None)
            for one in standing
        ]
        return judged[: len(claims)], older, [Call(stage="verify", seconds=1.0)]

    async def same_of_each(
        self, pairs: Sequence[Sequence[str]]
    ) -> tuple[list[float | None], list[Call]]:
        return self.same_said, [Call(stage="verify", seconds=1.0)]

    async def same(self, one: str, other: str) -> tuple[float, list[Call]]:
        self.asked.append((one, other))
        return 0.9, [Call(stage="verify", seconds=1.0)]

    async def of_most(self, text: str) -> tuple[float, list[Call]]:
        raise AssertionError(text)

    async def uses(self, texts: Sequence[str]) -> tuple[list[SentenceUse], list[Call]]:
        raise AssertionError(texts)


OVER = Judged("contradicted", 0.05, ("coffee",), now="This person drinks coffee.")
