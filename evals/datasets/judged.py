"""Replies of an assistant, and pairs of replies in a person's name, with labels by hand.

A judge is held against them. `judged_replies.jsonl` and `judged_pairs.jsonl` hold what is judged;
`judged_labels.jsonl` holds, on each line, one labeller: who it is, whether they labelled without
having read what the judge is asked and what others labelled (`blind`), and a label for each id:

    follows, violates, cannot_tell     of a reply, by its rubric and what is known of the person
    first, second, neither             of a pair: which is more like what the person would say

All is invented for this purpose. What two blind labellers disagree on is left out.
"""

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Any, Literal

from guided_profile.evals.datasets.files import json_lines

Form = Literal["replies", "pairs"]
OPEN = ("cannot_tell", "neither")
"""The labels of what cannot be decided."""
LABELS = {
    "replies": ("follows", "violates", "cannot_tell"),
    "pairs": ("first", "second", "neither"),
}


@dataclass(frozen=True, slots=True)
class Labelled:
    """What was labelled by hand."""

    rows: tuple[dict[str, Any], ...]
    """What is judged."""
    labels: dict[str, str]
    """By id: those on which the labellers agree."""
    two: tuple[tuple[str, str], ...]
    """The first two labellers' labels of each; empty: there is one labeller."""
    blind: bool
    """Whether two or more labelled without having read what a judge is asked."""

    @property
    def digest(self) -> str:
        """Tells these labels from others."""
        whole = json.dumps([self.rows, self.labels, self.blind], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(whole.encode()).hexdigest()[:12]


def labelled(form: Form) -> Labelled:
    """Read what was labelled.

    Raises:
        DatasetError: A line is wrong, or a labeller left something out.
    """
    return of_labellers(_read(f"judged_{form}.jsonl"), _labellers(), LABELS[form])


def of_labellers(
    rows: list[dict[str, Any]], labellers: list[dict[str, Any]], allowed: tuple[str, ...]
) -> Labelled:
    """Return what labellers agree on: those who labelled blind, where there are two or more.

    Args:
        rows: What is judged, each with its `id`.
        labellers: Each with `blind` and `labels`, those by id.
        allowed: The labels that there are.
    """
    ids = [row["id"] for row in rows]
    blind = [labeller for labeller in labellers if labeller["blind"]]
    counting = blind if len(blind) > 1 else labellers[:1]
    given = [[labeller["labels"].get(id_) for labeller in counting] for id_ in ids]
    whole = {
        id_: labels
        for id_, labels in zip(ids, given, strict=True)
        if all(label in allowed for label in labels)
    }
    two = [(labels[0], labels[1]) for labels in whole.values()] if len(counting) > 1 else []
    agreed = {id_: labels[0] for id_, labels in whole.items() if len({*labels}) == 1}
    return Labelled(
        tuple(row for row in rows if row["id"] in agreed), agreed, tuple(two), len(blind) > 1
    )


def _labellers() -> list[dict[str, Any]]:
    return _read("judged_labels.jsonl")


def _read(name: str) -> list[dict[str, Any]]:
    with as_file(files("guided_profile.evals.datasets") / name) as path:
        return [record for _, record in json_lines(path)]
