"""Which items a sentence may rest on: those that its writer cites, and the nearest.

A short history is given whole, so that its prompt prefix, which the stages before have sent
already, is served from the cache. Of a long one the claims of a profile share the items that are
nearest to any of them, for the same reason. Sentences in another language than the history see the
few nearest items each: a small model that has to translate loses its way in more.
"""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.evidence.base import MOST_EVIDENCE, Claim
from guided_profile.tools.evidence.nearness import AS_GOOD, CHANCE, WORDS, nearness
from guided_profile.tools.search.ranking import in_turns, rows_within, tokens_of
from guided_profile.tools.text.language import language_of

FEW = 3
"""How many items a sentence in another language than they are sees."""
EACH = 4
"""How many of its nearest items a sentence brings, where the history is too long to be whole."""


def claims_of(
    sentences: Sequence[str],
    items: Sequence[HistoryItem],
    likeness: NDArray[np.float64],
    *,
    tokens: int,
    cited: Sequence[Collection[str]] = (),
    to_rule: Sequence[float] = (),
) -> list[Claim]:
    """Return each sentence with the items that it may rest on: the user's own ones alone.

    Args:
        sentences: The sentences of one profile.
        items: The history, in order of time.
        likeness: Of each sentence (a row) and each item, on the scale of `HistoryStore.likeness`.
        tokens: About how many tokens of history one question may hold.
        cited: The ids that the writer cites for each sentence; empty: for none.
        to_rule: How like each sentence is to the `RULE` that the system message gives the model.
            A sentence that is nearer to it than to any item may be the rule, taken for the
            person's. Empty: not looked at.
    """
    own = [row for row, item in enumerate(items) if item.role == "user"]
    cites = cited or [()] * len(sentences)
    if not own:
        return [Claim(text, ()) for text in sentences]
    items = [items[row] for row in own]
    near = nearness(sentences, items, likeness[:, own])
    if _in_other_languages(sentences, items):
        shown = [sorted(np.argsort(-row)[:FEW].tolist()) for row in near]
    elif sum(map(tokens_of, items)) > tokens:
        shown = [_shared(near, items, cites, tokens)] * len(sentences)
    else:
        shown = [list(range(len(items)))] * len(sentences)
    return [
        Claim(
            text,
            tuple(items[row] for row in rows),
            nearness=tuple(near[n, rows].tolist()),
            cited=frozenset(cites[n]),
            echoes_rule=bool(to_rule and to_rule[n] > max(CHANCE, near[n].max())),
        )
        for n, (text, rows) in enumerate(zip(sentences, shown, strict=True))
    ]


def _in_other_languages(sentences: Sequence[str], items: Sequence[HistoryItem]) -> bool:
    written, about = language_of(sentences), language_of([item.text for item in items])
    return written is not None and about is not None and written.code != about.code


def _shared(
    near: NDArray[np.float64],
    items: Sequence[HistoryItem],
    cited: Sequence[Collection[str]],
    tokens: int,
) -> list[int]:
    """Return the items that all claims see, in order: what is cited first, then the nearest."""
    places = {item.id: row for row, item in enumerate(items)}
    wanted = [places[id_] for ids in cited for id_ in ids if id_ in places]
    wanted += in_turns(np.argsort(-row)[:EACH].tolist() for row in near)
    return rows_within(wanted, items, tokens)


def strongest(claim: Claim) -> tuple[str, ...]:
    """Return the ids of the items that a claim most likely rests on, the strongest first.

    What its writer cites counts as if it shared a quarter of the words more.
    """
    scores = {
        item.id: near + WORDS / 4 * (item.id in claim.cited)
        for item, near in zip(claim.items, claim.nearness, strict=True)
    }
    ranked = sorted(scores, key=lambda id_: -scores[id_])[:MOST_EVIDENCE]
    as_good = [id_ for id_ in ranked[1:] if scores[id_] >= AS_GOOD * scores[ranked[0]]]
    return (*ranked[:1], *as_good)
