"""Fits the screen of what users say about their memory, and writes it as data.

    python -m guided_profile.evals.benches.fit_requests [MESSAGES.yaml …]

It is fitted on `data/memory_messages.yaml`, on the half `fit` of files of labelled messages that
are named, and on what the invented people of the other benches say and do, which asks nothing. The
floor is the score that all but 7 % of the requests reach, each by a fit on other messages; a model
is asked about everything above it. Written to `tools/requests/screen.npz`.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.labelled import data
from guided_profile.tools.requests import screen as kept
from guided_profile.tools.requests.screen import (
    BUCKETS,
    KIND_BUCKETS,
    KINDS,
    SEEN,
    Screen,
    parts_of,
    places_of,
    sequences_of,
)

PEOPLE = ("people_en_de_es_fr_ru.jsonl", "people_ja_zh_ar_hi_pt.jsonl")
REMARKS = ("dev.yaml", "near_misses.yaml", "planted.yaml", "updates.yaml")
WEIGHTS = {"request": 0.5, "message": 0.3, "remark": 0.2}
"""The total weight of each kind. Messages ask nothing, and must not count as requests.
Remarks, what people say and do in the other benches, show more of their languages."""
FOUND = 0.93
UNKNOWN = 0.05
"""The share of the messages of languages that it was fitted on that count as of another."""
NAMES = {"keep": "remember"}
"""Labels of the files that are named otherwise here."""
FOLDS = 5
RIDGE = 1e-4
Numbers = NDArray[np.float64]


class Labelled(NamedTuple):
    """A text, and what it is: `request`, `message` or `remark`."""

    text: str
    kind: str
    asks: str = ""
    """What a request asks, by one of `screen.KINDS`; empty if its kind is not known."""


def messages(files: Sequence[Path] = ()) -> list[Labelled]:
    """Return what the screen is fitted on."""
    found = [
        _labelled(text, kind)
        for kinds in yaml.safe_load(data("memory_messages.yaml")).values()
        for kind, texts in kinds.items()
        for text in texts
    ]
    for file in files:
        found += [
            _labelled(row["text"], NAMES.get(row["act"], row["act"]))
            for row in yaml.safe_load(file.read_text("utf-8"))
            if row["half"] == "fit"
        ]
    said = {
        item["text"]
        for name in PEOPLE
        for person in map(json.loads, data(name).splitlines())
        for item in person["history"]
    }
    for name in REMARKS:
        said |= {text for text in _texts(yaml.safe_load(data(name))) if " " in text}
    return found + [Labelled(text, "remark") for text in sorted(said)]


def _labelled(text: str, kind: str) -> Labelled:
    return Labelled(text, "message" if kind == "none" else "request", kind if kind in KINDS else "")


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts of a file of a bench."""
    if isinstance(value, str):
        yield value.split(" | ", 2)[-1]
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def fit(labelled: Sequence[Labelled]) -> tuple[Numbers, float]:
    """Fit a logistic regression."""
    rows = [places_of(" ".join(parts_of(example.text))) for example in labelled]
    sizes = np.array([len(places) for places in rows])
    row, column = np.repeat(np.arange(len(rows)), sizes), np.concatenate(rows)
    value = np.repeat(1 / np.sqrt(np.maximum(1, sizes)), sizes)
    kinds = np.array([example.kind for example in labelled])
    each = np.array([WEIGHTS[kind] / (kinds == kind).sum() for kind in kinds.tolist()])
    labels = (kinds == "request").astype(float)
    weights, bias = np.zeros(BUCKETS), 0.0
    step, size = np.zeros(BUCKETS + 1), np.zeros(BUCKETS + 1)
    for turn in range(1, 201):  # Adam
        score = np.bincount(row, weights[column] * value, len(rows)) + bias
        error = (1 / (1 + np.exp(-score)) - labels) * each
        slope = np.bincount(column, error[row] * value, BUCKETS) + RIDGE * weights
        slope = np.append(slope, error.sum())
        step, size = 0.9 * step + 0.1 * slope, 0.999 * size + 0.001 * slope**2
        move = 0.1 * (step / (1 - 0.9**turn)) / (np.sqrt(size / (1 - 0.999**turn)) + 1e-8)
        weights, bias = weights - move[:-1], bias - float(move[-1])
    return weights, bias


def fit_kinds(labelled: Sequence[Labelled]) -> Numbers:
    """Fit what a request asks, if it is one: a row of weights and a bias for each kind."""
    known = [example for example in labelled if example.asks]
    rows = np.zeros((len(known), KIND_BUCKETS + 1))
    for row, example in zip(rows, known, strict=True):
        row[:-1] = sequences_of(" ".join(parts_of(example.text)))
    rows[:, -1] = 1.0
    labels = np.array([[example.asks == kind for kind in KINDS] for example in known], float)
    weights = np.zeros((len(KINDS), KIND_BUCKETS + 1))
    step, size = np.zeros_like(weights), np.zeros_like(weights)
    for turn in range(1, 201):  # Adam
        score = rows @ weights.T
        likely = np.exp(score - np.logaddexp.reduce(score, axis=1, keepdims=True))
        slope = (likely - labels).T @ rows / len(known) + RIDGE * weights
        step, size = 0.9 * step + 0.1 * slope, 0.999 * size + 0.001 * slope**2
        weights -= 0.05 * (step / (1 - 0.9**turn)) / (np.sqrt(size / (1 - 0.999**turn)) + 1e-8)
    return weights


def fitted(labelled: Sequence[Labelled]) -> Screen:
    """Return a screen, its thresholds set on the messages that each fold's fit left out."""
    scores, known = np.zeros(len(labelled)), np.ones(len(labelled))
    fold = np.random.default_rng(0).integers(0, FOLDS, len(labelled))
    for out in range(FOLDS):
        part = _screen([example for example, at in zip(labelled, fold, strict=True) if at != out])
        for n in np.flatnonzero(fold == out).tolist():
            scores[n] = part.score(labelled[n].text)
            known[n] = part.knows(" ".join(parts_of(labelled[n].text)))
    kinds = np.array([example.kind for example in labelled])
    floor = float(np.quantile(scores[kinds == "request"], 1 - FOUND))
    for kind in WEIGHTS:
        print(f"held out: {(scores[kinds == kind] >= floor).mean():6.1%} of {kind}s let through")
    whole = _screen(labelled)
    return replace(whole, floor=floor, known=float(np.quantile(known, UNKNOWN)))


def _screen(labelled: Sequence[Labelled]) -> Screen:
    occurs = np.zeros(SEEN, bool)
    for example in labelled:
        occurs[places_of(" ".join(parts_of(example.text)), SEEN, 3, 4)] = True
    weights, bias = fit(labelled)
    return Screen(
        weights.astype(np.float32), bias, 0.0, occurs, 0.0, np.zeros((len(KINDS), 0), np.float32)
    )


@command
def main() -> None:
    """Fit, say how well, and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="labelled messages, in YAML")
    labelled = messages(parser.parse_args().files)
    made, kinds = fitted(labelled), fit_kinds(labelled)
    scale = float(np.abs(made.weights).max() / 127)
    kind_scale = float(np.abs(kinds).max() / 127)
    np.savez_compressed(
        Path(kept.__file__).with_name("screen.npz"),
        weights=np.round(made.weights / scale).astype(np.int8),
        numbers=np.array([scale, made.bias, made.floor, made.known]),
        seen=np.packbits(made.fitted),
        kinds=np.round(kinds / kind_scale).astype(np.int8),
        kind_scale=np.array(kind_scale),
    )


if __name__ == "__main__":
    main()
