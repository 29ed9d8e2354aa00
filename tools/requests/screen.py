"""Whether a message may be about what is kept of its user: a look without a model, in any language.

A linear model of the short sequences of letters in a message, fitted on invented messages in 15
languages by `python -m guided_profile.evals.benches.fit_requests`. A message with few sequences of
those messages is in a language that it does not know, and is let through. What is quoted is not
the user's own request, and is not looked at.
"""

import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Self

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.records import MemoryKind

BUCKETS = 1 << 15
"""How many numbers stand for all sequences of letters; several share one."""
SEEN = 1 << 16
KIND_BUCKETS = 1 << 13
KINDS: tuple[MemoryKind, ...] = (
    "forget",
    "do_not_remember",
    "no_longer",
    "show",
    "always",
    "remember",
)
SHORTEST_SEQUENCE, LONGEST_SEQUENCE = 3, 5
_WIDE = 0x2E80
"""From here on stand the scripts of East Asia, of which a character is a syllable or a word."""
LONGEST_MESSAGE = 4000
"""Of a longer message, the beginning and the end are looked at."""
_UNKNOWN_LENGTHS = (12, 400)
"""How many characters a message has that is let through for its language alone: fewer do not show
the language, and nobody asks in more."""
_QUOTED = re.compile(
    r"```.*?```|^\s*>.*?$|«[^»]*»|»[^«]*«|“[^”]*”|„[^“”]*[“”]|「[^」]*」|『[^』]*』|\"[^\"]*\"",
    re.DOTALL | re.MULTILINE,
)
_END = re.compile(r"(?<=[.!?।。．！？؟])\s*|\n")
_CLAUSE = re.compile(r"(?<=[,:;–—，：；、،؛])")
SHORTEST_CLAUSE = 12
"""Letters; a shorter one says too little by itself."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Screen:
    """The fitted model."""

    weights: NDArray[np.float32]
    bias: float
    floor: float
    """The score from which a message may be a request."""
    fitted: NDArray[np.bool_]
    """Which sequences of three letters were among the messages that it was fitted on."""
    known: float
    """The share of a message's sequences that were among them, from which its language is known."""
    kinds: NDArray[np.float32]
    """The weights that score each of `KINDS`, if a message is a request, with a bias at the end.
    Shape (6, KIND_BUCKETS + 1)."""

    @classmethod
    def load(cls) -> Self:
        """Return the one that comes with the package."""
        with (files("guided_profile.tools.requests") / "screen.npz").open("rb") as file:
            kept = np.load(file)
            scale, bias, floor, known = kept["numbers"].tolist()
            weights = kept["weights"].astype(np.float32) * np.float32(scale)
            kinds = kept["kinds"].astype(np.float32) * kept["kind_scale"].astype(np.float32)
            fitted = np.unpackbits(kept["seen"]).astype(bool)
            return cls(weights, bias, floor, fitted, known, kinds)

    def asking(self, message: str) -> list[str]:
        """Return the sentences of a message that may ask something of what is kept about its user.

        In their order; none: it asks nothing of the kind. Where the language is not known, all of
        them may.
        """
        parts = parts_of(message)
        like = [part for part in parts if self._score(part) >= self.floor]
        if parts and not self._knows_language_of(parts):
            least, most = _UNKNOWN_LENGTHS
            like = parts if like or least <= len(" ".join(parts)) <= most else []
        return [part.strip() for part in like]

    def score(self, message: str) -> float:
        """Return how much the sentence that is most like a request is like one; 0: as not."""
        return max(map(self._score, parts_of(message)), default=-np.inf)

    def likely(self, message: str) -> dict[MemoryKind, float]:
        """Return how likely a message asks each of the kinds, if it asks one of them."""
        scores = self.kinds[:, :-1] @ sequences_of(" ".join(parts_of(message))) + self.kinds[:, -1]
        shares = np.exp(scores - np.logaddexp.reduce(scores))
        return dict(zip(KINDS, shares.tolist(), strict=True))

    def knows(self, text: str) -> float:
        """Return the share of a text's sequences of three letters that it was fitted on."""
        places = places_of(text, SEEN, 3, 4)
        return float(self.fitted[places].mean()) if len(places) else 1.0

    def _knows_language_of(self, parts: Sequence[str]) -> bool:
        return self.knows(" ".join(parts)) >= self.known

    def _score(self, sentence: str) -> float:
        """Return the score of a sentence, or of the clause that is most like a request.

        A short request is lost in a long sentence: "forget what I said: …", and what was said.
        """
        clauses = [
            clause for clause in _CLAUSE.split(sentence) if len(clause.strip()) >= SHORTEST_CLAUSE
        ]
        return max(map(self._score_of, {sentence, *clauses}))

    def _score_of(self, part: str) -> float:
        places = places_of(part)
        if not len(places):
            return -np.inf
        return float(self.weights[places].sum() / np.sqrt(len(places)) + self.bias)


@cache
def screen() -> Screen:
    """Return the screen that comes with the package, read once."""
    return Screen.load()


def parts_of(message: str) -> list[str]:
    """Return the sentences of a message, without what it quotes."""
    if len(message) > LONGEST_MESSAGE:
        message = message[: LONGEST_MESSAGE // 2] + "\n" + message[-LONGEST_MESSAGE // 2 :]
    return [part for part in _END.split(_QUOTED.sub(" ", message)) if _WORD.search(part)]


def sequences_of(text: str) -> NDArray[np.float32]:
    """Return the sequences of a text's letters as a vector of `KIND_BUCKETS` of length one."""
    found = np.zeros(KIND_BUCKETS, np.float32)
    found[places_of(text, KIND_BUCKETS)] = 1.0
    return found / np.float32(np.sqrt(max(1.0, found.sum())))


def places_of(
    text: str,
    buckets: int = BUCKETS,
    shortest: int = SHORTEST_SEQUENCE,
    longest: int = LONGEST_SEQUENCE,
) -> NDArray[np.int64]:
    """Return where the sequences of a text's letters stand, each once.

    A Chinese or Japanese character, of which two make a word, counts as two letters.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    spaced = f" {' '.join(_WORD.findall(re.sub(r'[0-9]', '0', folded)))} "
    ends = np.cumsum([0, *(2 if ord(letter) >= _WIDE else 1 for letter in spaced)]).tolist()
    found = set()
    for start in range(len(spaced)):
        for end in range(start + 1, min(start + longest, len(spaced)) + 1):
            if shortest <= ends[end] - ends[start] <= longest:
                found.add(spaced[start:end])
    return np.unique([zlib.crc32(sequence.encode()) % buckets for sequence in found]).astype(int)
