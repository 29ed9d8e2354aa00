"""From what a model says to a probability: fitted on labelled sentences, kept as data.

`calibrations.json` has one entry a model, made by
`python -m guided_profile.evals.benches.fit_evidence`. A model that is not in it is weighed by the
entry `default`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from math import exp, log
from typing import Any, Self

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.evidence.base import Claim
from guided_profile.tools.evidence.literals import missing_literals
from guided_profile.tools.fingerprints import digest
from guided_profile.tools.text.language import language_of

LEAST = 1e-4
"""A probability of Yes below this, or this near to 1, counts as this."""


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of a claim."""

    yes: float
    """The model's probability of Yes."""
    nearness: float
    """How near the nearest item is (`nearness.py`)."""
    missing: int
    """How many of its names and numbers stand in no item."""
    did: float
    """The share of the items that are something the person did, and not something they said."""
    foreign: bool
    """Whether the items are in another language than English."""

    @classmethod
    def of(cls, claim: Claim, yes: float, *, foreign: bool | None = None) -> Self:
        """Return what is known of a claim to which a model said Yes with a probability.

        Args:
            claim: The claim.
            yes: That probability.
            foreign: Whether its items are, found once for claims that share them; None: not yet.
        """
        return cls(
            yes=yes,
            nearness=max(claim.nearness, default=0.0),
            missing=len(missing_literals(claim.text, claim.items)),
            did=sum(item.kind == "did" for item in claim.items) / max(1, len(claim.items)),
            foreign=is_foreign(claim.items) if foreign is None else foreign,
        )

    def vector(self) -> list[float]:
        """Return what the weights are for."""
        return [
            1.0,
            _log_odds(self.yes),
            self.nearness,
            float(self.missing),
            self.did,
            float(self.foreign),
        ]


def is_foreign(items: Sequence[HistoryItem]) -> bool:
    """Whether items are in another language than English."""
    language = language_of([item.text for item in items])
    return language is not None and language.code != "en"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic regression on the features."""

    weights: tuple[float, ...]
    keep: float
    """The probability from which a sentence stands."""
    fitted: str = ""
    """When, and on how many sentences."""
    ended_from: float = 0.5
    """The Yes from which a newer item ends a sentence."""
    letters: float = 1.0
    """What the logarithm of a letter's probability counts for, where a choice weighs it beside the
    history: a small model's letters are flat, however sure it is (temperature scaling, Guo et al.
    2017)."""

    @property
    def id(self) -> str:
        """Names it in fingerprints of profiles, in which letters have no part."""
        parts = asdict(self)
        del parts["letters"]
        return digest(parts)[:8]

    def probability(self, features: Features) -> float:
        """Return the probability that the history supports a claim."""
        return _share(sum(w * x for w, x in zip(self.weights, features.vector(), strict=True)))

    def ended(self, yes: float) -> float:
        """Return the probability that a newer item ends a sentence, of a model's Yes to that."""
        return _share(_log_odds(yes) - _log_odds(self.ended_from))


def _log_odds(share: float) -> float:
    share = min(max(share, LEAST), 1 - LEAST)
    return log(share / (1 - share))


def _share(log_odds: float) -> float:
    return 1 / (1 + exp(-max(-50.0, min(50.0, log_odds))))


def calibration_of(model: str) -> Calibration:
    """Return the calibration of a model: of the entries that its name holds, the longest first.

    What an entry does not say is as a shorter one says it, or `default`.
    """
    known = _known()
    name = model.casefold()
    entry = dict(known["default"])
    for key in sorted((key for key in known if key in name), key=len):
        entry |= known[key]
    return Calibration(
        tuple(entry["weights"]),
        entry["keep"],
        entry.get("fitted", ""),
        entry.get("ended_from", 0.5),
        entry.get("letters", 1.0),
    )


@cache
def _known() -> Mapping[str, Any]:
    text = (files("guided_profile.tools.evidence") / "calibrations.json").read_text("utf-8")
    known: Mapping[str, Any] = json.loads(text)
    return known
