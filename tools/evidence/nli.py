"""The verifier that asks an NLI cross-encoder which items entail a sentence, or contradict it.

    verifier = NLIVerifier(Path("models/nli"))  # model.onnx, tokenizer.json, config.json
    graph = build_graph(chat=chat, history=history, verifier=verifier)

The premise is an item as the prompts show it, the hypothesis a sentence about the person. Such a
model costs no calls, and shows which item says what a sentence says, but it weighs a few lines at
a time: what only a long history suggests, a chat model finds better.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from guided_profile.graph.prompts import history_line
from guided_profile.graph.records import Call, HistoryItem
from guided_profile.graph.text import shortened
from guided_profile.tools.evidence.base import MOST_EVIDENCE, Claim, Judged
from guided_profile.tools.evidence.cross_encoder import LONGEST_INPUT, CrossEncoder, Relation

KEEP = 0.5
"""The probability of entailment from which a sentence stands: that from which it is likelier than
all else together. It was set by that and not by measuring: models differ, so measure yours."""
DENIED = 0.5
"""The probability of contradiction from which an item denies a sentence."""
AS_SURELY = 0.05
"""A contradiction counts as more than an entailment that is larger by no more than this. Models are
all but sure of plain pairs of either sort, and what is newer is then what holds."""
RELEVANT = 0.5
"""What contradicts has to be so near, as a share of the nearest item's nearness: such models take
texts about two different things for a contradiction."""
NEAREST = 8
"""How many of its nearest items a sentence is held against, beside those that its writer cites."""
TOGETHER = 3
"""How many of the nearest are also read as one text."""


class NLIVerifier:
    """Judges sentences by an NLI cross-encoder of one's own; see `Verifier` and `Compares`."""

    def __init__(self, folder: Path, *, keep: float = KEEP) -> None:
        """Take the folder of a model; `cross_encoder.py` says what is in it.

        Args:
            folder: With `model.onnx`, `tokenizer.json` and `config.json`.
            keep: The probability of entailment from which a sentence stands.

        Raises:
            SettingsError: A file of it is missing or wrong, or the extra `local` is not installed.
        """
        self._model = CrossEncoder(folder)
        self._keep = keep

    @property
    def id(self) -> str:
        """Names the model by what is in its files, and the threshold."""
        return f"nli {self._model.digest} {self._keep:g}"

    async def verify(self, claims: Sequence[Claim]) -> tuple[list[Judged], list[Call]]:
        """Judge claims; it takes no calls.

        A claim is `stated` if one item entails it, `inferred` if only the nearest together do, and
        `contradicted` if the newest item that says anything to it denies it, as surely as any
        entails it.

        Raises:
            SettingsError: A file of the model is wrong.
            ModelError: The model failed.
        """
        return await asyncio.to_thread(self._verify, claims), []

    async def same(self, statement: str, other: str) -> tuple[float, list[Call]]:
        """Return how likely one sentence is entailed by another; see `Compares`."""
        (found,) = await asyncio.to_thread(self._model.relations, [(other, statement)])
        return found.entailment, []

    def _verify(self, claims: Sequence[Claim]) -> list[Judged]:
        held = [_Held.of(claim) for claim in claims]
        pairs = [(text, held_claim.claim) for held_claim in held for text in held_claim.premises]
        found = iter(self._model.relations(pairs))
        return [
            self._judged(held_claim, [next(found) for _ in held_claim.premises])
            for held_claim in held
        ]

    def _judged(self, held: "_Held", found: Sequence[Relation]) -> Judged:
        """Judge a claim by what each of its items says to it, and, last, the nearest together."""
        best = max((relation.entailment for relation in found), default=0.0)
        single = list(enumerate(found[: len(held.items)]))
        entailing = {
            row: relation.entailment
            for row, relation in single
            if relation.entailment >= self._keep
        }
        denying = {
            row: relation.contradiction
            for row, relation in single
            if held.relevant[row] and row not in entailing and relation.contradiction >= DENIED
        }
        newest = max([*entailing, *denying], default=None)
        if newest in denying and denying[newest] >= best - AS_SURELY:
            return Judged("contradicted", min(best, 1 - denying[newest]), held.ids(denying))
        if entailing:
            return Judged("stated", best, held.ids(entailing))
        if best >= self._keep:
            together = {
                row: relation.entailment for row, relation in single if row in held.together
            }
            return Judged("inferred", best, held.ids(together))
        return Judged("unsupported", best)


@dataclass(frozen=True, slots=True)
class _Held:
    """A claim with the items that it is held against."""

    claim: str
    items: tuple[HistoryItem, ...]
    """In order of time."""
    relevant: tuple[bool, ...]
    """Whether each is near enough to contradict it."""
    together: tuple[int, ...]
    """The rows of those that are also read as one text; empty: there is one item at most."""

    @classmethod
    def of(cls, claim: Claim) -> Self:
        """Choose the items; where it is not known how near they are, the newest are taken."""
        near = claim.nearness or tuple(map(float, range(len(claim.items))))
        own = [row for row, item in enumerate(claim.items) if item.role == "user"]
        ranked = sorted(own, key=lambda row: -near[row])
        cited = [row for row in own if claim.items[row].id in claim.cited]
        rows = sorted({*ranked[:NEAREST], *cited})
        floor = RELEVANT * near[ranked[0]] if claim.nearness and ranked else float("-inf")
        together = ranked[:TOGETHER] if len(ranked) > 1 else []
        return cls(
            claim.text,
            tuple(claim.items[row] for row in rows),
            tuple(near[row] >= floor or row in cited for row in rows),
            tuple(place for place, row in enumerate(rows) if row in together),
        )

    @property
    def premises(self) -> list[str]:
        """Each item as the prompts show it, and then those that are read together."""
        lines = [_line(item) for item in self.items]
        if self.together:
            room = LONGEST_INPUT // (TOGETHER + 1)
            lines.append("\n".join(shortened(lines[row], room) for row in self.together))
        return lines

    def ids(self, found: Mapping[int, float]) -> tuple[str, ...]:
        """Return the ids of items by their rows' probabilities, the largest first."""
        ranked = sorted(found, key=lambda row: -found[row])
        return tuple(self.items[row].id for row in ranked[:MOST_EVIDENCE])


def _line(item: HistoryItem) -> str:
    return history_line(item, 1).removeprefix("1. ")
