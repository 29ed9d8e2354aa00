"""How well sentences are tied to the items that support them, on labelled sentences.

    python -m guided_profile.evals.bench_evidence            # the half that rules were set on
    python -m guided_profile.evals.bench_evidence --test     # the other half

prints, for each embedder, precision and recall of "supported" and precision of the cited ids,
each with its n and Wilson 95 % interval; `--wrong` lists the sentences that were judged wrongly.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from math import sqrt

import numpy as np
import yaml

from guided_profile.graph.state import HistoryItem, Sentence
from guided_profile.tools.embeddings import Embedder, LexicalEmbedder, MiniLMEmbedder
from guided_profile.tools.evidence import support
from guided_profile.tools.weights import ensure

LABELS = ("supported", "invented", "contradicted")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence about a person, and whether the person's items support it."""

    text: str
    label: str
    """One of `LABELS`; `contradicted` includes what was true once."""
    gold: frozenset[str] = frozenset()
    """The items that support it."""


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person: a history, and sentences about it."""

    key: str
    items: tuple[HistoryItem, ...]
    sentences: tuple[Labelled, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, with the Wilson 95 % interval."""

    hits: int
    of: int

    def __str__(self) -> str:
        """Say the share as figures."""
        if not self.of:
            return "none of 0"
        low, high = self.interval
        return f"{self.hits / self.of:.3f} [{low:.3f}, {high:.3f}] (n={self.of})"

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % score interval of Wilson (1927)."""
        z, n, share = 1.959964, self.of, self.hits / self.of
        middle = share + z * z / (2 * n)
        half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        scale = 1 + z * z / n
        return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a sentence."""

    person: str
    given: Labelled
    tied: Sentence


def labelled_people(half: str) -> list[Person]:
    """Read one half of the labelled file: `dev` or `test`."""
    text = (files("guided_profile.evals") / "evidence" / f"{half}.yaml").read_text("utf-8")
    found = []
    for entry in yaml.safe_load(text)["people"]:
        sentences = [
            Labelled(said, "supported", frozenset(map(str, gold)))
            for said, gold in entry["supported"]
        ]
        for label in LABELS[1:]:
            sentences += [Labelled(said, label) for said in entry[label]]
        items = tuple(HistoryItem.model_validate(item) for item in entry["items"])
        found.append(Person(entry["key"], items, tuple(sentences)))
    return found


def outcomes(people: Sequence[Person], embedder: Embedder) -> list[Outcome]:
    """Tie every person's sentences to that person's items."""
    found = []
    for person in people:
        texts = [one.text for one in person.sentences]
        tied = support(
            texts,
            person.items,
            sentence_vectors=np.asarray(embedder.embed_documents(texts), np.float32),
            item_vectors=np.asarray(
                embedder.embed_documents([item.text for item in person.items]), np.float32
            ),
            style=False,
        )
        found += [
            Outcome(person.key, given, one)
            for given, one in zip(person.sentences, tied, strict=True)
        ]
    return found


def scores(found: Sequence[Outcome]) -> dict[str, Share]:
    """Score outcomes.

    Returns:
        `precision` and `recall` of the sentences called supported; `kept invented` and `kept
        contradicted`, the shares of those that slip through; `cited` and `first cited`, of the ids
        (the strongest id) given for rightly supported sentences, those that do support them.
    """
    kept = [one for one in found if one.tied.evidence]
    right = [one for one in kept if one.given.label == "supported"]
    cited = [(id_, one.given.gold) for one in right for id_ in one.tied.evidence]

    def kept_of(label: str) -> Share:
        labels = [bool(one.tied.evidence) for one in found if one.given.label == label]
        return Share(sum(labels), len(labels))

    return {
        "precision": Share(len(right), len(kept)),
        "recall": kept_of("supported"),
        "kept invented": kept_of("invented"),
        "kept contradicted": kept_of("contradicted"),
        "cited": Share(sum(id_ in gold for id_, gold in cited), len(cited)),
        "first cited": Share(
            sum(one.tied.evidence[0] in one.given.gold for one in right), len(right)
        ),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--test", action="store_true", help="the half that nothing was set on")
    parser.add_argument("--wrong", action="store_true", help="list what was judged wrongly")
    given = parser.parse_args()
    people = labelled_people("test" if given.test else "dev")
    for embedder in (MiniLMEmbedder(ensure("all-minilm-l6-v2-int8")), LexicalEmbedder()):
        found = outcomes(people, embedder)
        print(f"{embedder.id}: {len(people)} people, {len(found)} sentences")
        for name, share in scores(found).items():
            print(f"  {name:18} {share}")
        for one in found if given.wrong else ():
            if bool(one.tied.evidence) != (one.given.label == "supported"):
                cites = ", ".join(one.tied.evidence) or "nothing"
                print(f"  {one.person}: {one.given.label}: {one.given.text} -> {cites}")


if __name__ == "__main__":
    main()
