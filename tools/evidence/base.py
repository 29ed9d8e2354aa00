"""What a verifier is: claims with the items they may rest on go in, verdicts come out.

    verifier = ChatVerifier(chat)
    judged, calls = await verifier.verify([Claim("This person has a cat.", items)])

`ChatVerifier` asks the workflow's chat model and is the default; a verifier of your own (a larger
judge, an NLI cross-encoder) is any object with `id` and `verify`, handed to `build_graph`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from guided_profile.graph.errors import TaskError
from guided_profile.graph.records import Call, HistoryItem, SentenceUse, Verdict
from guided_profile.graph.tasks import Task

MOST_EVIDENCE = 5
"""The most items that a sentence points to."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence about a person, with the items that it may rest on."""

    text: str
    items: tuple[HistoryItem, ...]
    """In order of time. Claims about one short history share them: its prompt prefix is cached."""
    nearness: tuple[float, ...] = ()
    """How near each item is, in meaning and in words (`nearness.py`). Empty: not known."""
    cited: frozenset[str] = frozenset()
    """Ids of the items that its writer cited: a hint, never a proof."""
    echoes_rule: bool = False
    """Whether it is nearer to what the system message asks of the model than to any item."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a verifier makes of a claim."""

    verdict: Verdict
    probability: float
    """That the items support it, as of today, of this person, as a fact: 0 to 1, calibrated."""
    evidence: tuple[str, ...] = ()
    """Ids of the items it rests on, or that contradict it; the strongest first."""
    common: bool | None = None
    """Whether it is true of most people; None: not said with the verdict."""
    use: SentenceUse | None = None
    """When an answer may use it; None: not said with the verdict."""
    now: str = ""
    """Of what stood and is over: how it is now, in one sentence; empty: not said."""


class Verifier(Protocol):
    """Judges claims about one person."""

    @property
    def id(self) -> str:
        """Names it in fingerprints: profiles judged by another one are stale."""

    async def verify(self, claims: Sequence[Claim]) -> tuple[list[Judged], list[Call]]:
        """Judge claims, in their order.

        Returns:
            A judgement for each claim, and the model calls that it took.

        Raises:
            ModelError: The model failed, or its reply is no judgement; nothing is half judged.
        """


@runtime_checkable
class JudgesAtOnce(Protocol):
    """A verifier that can also judge, in one question with new claims, those that stood before."""

    @property
    def at_once(self) -> bool:
        """Whether it does so now; if not, it is asked about one thing at a time."""

    async def verify_beside(
        self, claims: Sequence[Claim], standing: Sequence[Claim]
    ) -> tuple[list[Judged], list[Judged | None], list[Call]]:
        """Judge claims, and say of standing ones whether the same items show that they are over.

        Returns:
            A judgement for each claim; one for each standing claim (`contradicted`: it is over), or
            None where the model said nothing of it; and the model calls that it took.

        Raises:
            ModelError: As for `verify`.
        """

    async def same_of_each(
        self, pairs: Sequence[Sequence[str]]
    ) -> tuple[list[float | None], list[Call]]:
        """Return the probability that both of each pair tell the same; None: not said.

        Raises:
            ModelError: The model failed.
        """


@runtime_checkable
class Compares(Protocol):
    """A verifier that can also say whether two sentences say the same."""

    async def same(self, statement: str, other: str) -> tuple[float, list[Call]]:
        """Return the probability that `other` says what `statement` says, and what asking took.

        Raises:
            ModelError: The model failed.
        """


@runtime_checkable
class KnowsMost(Protocol):
    """A verifier that can also say what is true of most people, and so says nothing of anybody."""

    async def of_most(self, text: str) -> tuple[float, list[Call]]:
        """Return the probability that a sentence is true of most people, and what asking took.

        Raises:
            ModelError: The model failed.
        """


@runtime_checkable
class KnowsEnded(Protocol):
    """A verifier that can also say whether a newer item ends what a sentence says."""

    async def ended(self, text: str, item: HistoryItem) -> tuple[float, list[Call]]:
        """Return the probability that a sentence is no longer true, and what asking took.

        Raises:
            ModelError: The model failed.
        """


@runtime_checkable
class KnowsUse(Protocol):
    """A verifier that can also say when an answer may use a sentence."""

    async def uses(self, texts: Sequence[str]) -> tuple[list[SentenceUse], list[Call]]:
        """Return the use of each sentence, in their order, and what asking took.

        Raises:
            ModelError: The model failed.
        """


def find_verifier(verifiers: Mapping[str, Verifier], task: Task) -> Verifier:
    """Return the verifier that a task names, or the default one.

    Raises:
        TaskError: There is none of that name.
    """
    name = task.verifier or "default"
    if name not in verifiers:
        raise TaskError(
            f"the task {task.name!r} names the verifier {name!r}; there are "
            f"{', '.join(sorted(verifiers))}. Hand it to build_graph(verifier={{{name!r}: …}})."
        )
    return verifiers[name]
