"""Which items are about what a sentence claims, and whether they carry the claim.

A claim of fact stands if

- the items that it is about share enough of its telling words, between them: the nearer the
  nearest of them is in meaning, the fewer are enough; each of its clauses shares one, and what it
  ends on is shared;
- its names, numbers and words for relatives stand in those items as they are;
- those items tell it of the user, or of whom the claim speaks too, and as a fact (`subjects.py`);
- no newer item denies it, and if it denies something, an item denies the same.

An interest ("enjoys gardening") may also stand on several items that are near it in meaning alone,
and a taste ("prefers action films") on items whose categories say all of it.
The thresholds were set with `evals/bench_evidence.py`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from guided_profile.tools.said import Said
from guided_profile.tools.wording import Claim, covered, head, telling_words

_SIMILAR = 0.36
"""Cosine from which an item is about what a sentence is about, whatever its words."""
_RELATED = 0.18
"""Cosine from which an item is, if it shares a telling word; two are enough by themselves."""
_COVERED = 0.7
"""The share of its telling words that makes a claim stand."""
_COVERED_IF_NEAR = 0.5
"""The same, if an item is nearer than `_NEAR`."""
_NEAR = 0.65
_DENIED = 0.6
"""The share of what a claim denies that an item has to deny too."""
_NONE: frozenset[str] = frozenset()
_INTEREST = re.compile(r"\b(?:enjoy|like|love|interest|passion|fan of|hobby|keen)", re.I)
_TASTE = re.compile(rf"{_INTEREST.pattern}|\bprefer", re.I)
_KINDS = telling_words(
    "film movie series watching book novel story reading music song listening game playing "
    "genre both"
)
"""What a sentence adds to the categories of things to say of which kind they are."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What an item has in common with a claim."""

    index: int
    cosine: float
    said: Said
    """What the item says to the claim."""
    words: frozenset[str]
    """The stems of the claim that it has."""

    def score(self, claim: Claim) -> float:
        """Return how well the item supports the claim, 0 to 1."""
        share = len(self.words) / max(1, len(claim.telling))
        return min(1.0, max(0.0, self.cosine) / 2 + share / 2)


def by_topic(
    sentence: str, cosines: Mapping[int, float], said: Mapping[int, Said], ages: Sequence[float]
) -> tuple[dict[int, float], set[int]]:
    """Score the items that support a sentence by what they are about; find those against it."""
    claim = Claim.of(sentence)
    there = about(claim, cosines, said)
    over = {one.index: covered(claim.telling, one.said.denied) for one in there}
    against = {index for index, words in over.items() if words and not claim.denies}
    there = [_without_what_is_over(one, over, against, ages) for one in there]
    if claim.denies:
        denying = {one.index for one in there if _denies_too(claim, one.said)}
        if not denying:
            return {}, set()
        there = [o for o in there if o.index in denying or not covered(claim.denied, o.words)]
    words = frozenset().union(*(one.words for one in there))
    if any(over[index] - words for index in against):
        return {}, set()
    if not _stands(claim, words, there):
        found = _by_interest(sentence, claim, cosines, said)
        return found or _by_category(sentence, claim, cosines, said), set()
    chosen = _chosen(claim, there)
    return {one.index: one.score(claim) for one in chosen}, against - {o.index for o in chosen}


def _denies_too(claim: Claim, item: Said) -> bool:
    """Whether an item denies most of what a claim denies."""
    shared = len(covered(claim.denied, item.denied))
    return shared > 0 and shared >= _DENIED * len(claim.denied)


def about(claim: Claim, cosines: Mapping[int, float], said: Mapping[int, Said]) -> list[Shared]:
    """Return the items that are about what a claim is about."""
    found = []
    heads = {head(word) for word in claim.telling}
    for index, cosine in cosines.items():
        item = said[index].to(claim)
        if item is None:
            continue
        words = _NONE if heads.isdisjoint(item.heads) else covered(claim.telling, item.telling)
        denied = bool(covered(words, item.denied))
        if cosine >= _SIMILAR or len(words) > 1 or (words and (denied or cosine >= _RELATED)):
            found.append(Shared(index, cosine, item, frozenset(words)))
    return found


def _without_what_is_over(
    one: Shared, over: Mapping[int, set[str]], against: set[int], ages: Sequence[float]
) -> Shared:
    """Take from what an item shares the words that it or a newer item says to be over."""
    gone = {
        word
        for index in against
        for word in over[index]
        if (ages[index], -index) <= (ages[one.index], -one.index)
    }
    return replace(one, words=one.words - gone)


def _stands(claim: Claim, words: frozenset[str], there: Sequence[Shared]) -> bool:
    """Whether what items share with a claim of fact carries it."""
    sharing = [one for one in there if one.words]
    if not sharing:
        return False
    near = max(one.cosine for one in sharing) >= _NEAR
    if len(words) < (_COVERED_IF_NEAR if near else _COVERED) * len(claim.telling):
        return False
    if claim.last not in words and not near:
        return False
    if not all(part & words for part in claim.parts):
        return False
    return _literal(claim, [one.said for one in sharing])


def _literal(claim: Claim, items: Sequence[Said]) -> bool:
    """Whether a claim's names, numbers and words for relatives stand in items as they are."""
    return (
        claim.names <= frozenset().union(*(item.words for item in items))
        and claim.numbers <= frozenset().union(*(item.numbers for item in items))
        and claim.kin <= frozenset().union(*(item.kin for item in items))
    )


def _chosen(claim: Claim, there: Sequence[Shared]) -> list[Shared]:
    """Return the best item, and those that add a word to it or say almost as much."""
    ranked = sorted((one for one in there if one.words), key=lambda one: -one.score(claim))
    chosen: list[Shared] = []
    words: set[str] = set()
    for one in ranked:
        if one.words - words or one.score(claim) >= 0.75 * ranked[0].score(claim):
            chosen.append(one)
            words |= one.words
    return chosen


def _by_interest(
    sentence: str, claim: Claim, cosines: Mapping[int, float], said: Mapping[int, Said]
) -> dict[int, float]:
    """Score the items near an interest in meaning; one alone is none."""
    if not _INTEREST.search(sentence) or claim.names or claim.numbers or claim.denies or claim.kin:
        return {}
    near = {
        index: cosine
        for index, cosine in cosines.items()
        if cosine >= _SIMILAR and said[index].to(claim) is not None
    }
    return near if len(near) > 1 and len(claim.telling) < 3 else {}


def _by_category(
    sentence: str, claim: Claim, cosines: Mapping[int, float], said: Mapping[int, Said]
) -> dict[int, float]:
    """Score the items whose categories say what a taste is for, if they say all of it."""
    wanted = claim.telling - _KINDS
    if not _TASTE.search(sentence) or claim.numbers or claim.denies or not wanted - claim.kin:
        return {}
    shared = {}
    for index, cosine in cosines.items():
        item = said[index].to(claim)
        if item is None or item.disliked:
            continue
        words = frozenset(covered(wanted, item.labels))
        if words and not covered(words, item.denied):
            shared[index] = Shared(index, cosine, item, words)
    words = frozenset().union(*(one.words for one in shared.values()))
    if words != wanted or not _literal(claim, [one.said for one in shared.values()]):
        return {}
    return {index: one.score(claim) for index, one in shared.items()}
