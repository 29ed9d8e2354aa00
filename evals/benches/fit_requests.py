"""Fits the screen of what users say about their memory, and writes it as data.

    python -m guided_profile.evals.benches.fit_requests [MESSAGES.yaml …]

It is fitted on `data/memory_messages.yaml`, on the half `fit` of files of labelled messages that
are named, and on what the invented people of the other benches say and do, which asks nothing. The
floor is the score that all but a twentieth of the requests reach, by fits that did not see them;
what it lets through beside them, a model is asked about. Written to `tools/requests/screen.npz`.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.labelled import data
from guided_profile.tools.requests import screen as kept
from guided_profile.tools.requests.screen import BUCKETS, SEEN, Screen, parts_of, places_of

PEOPLE = ("people_en_de_es_fr_ru.jsonl", "people_ja_zh_ar_hi_pt.jsonl")
FOUND = 0.95
UNKNOWN = 0.02
"""The share of the messages it was fitted on whose language counts as not known."""
FOLDS = 5
Numbers = NDArray[np.float64]


def messages(files: Sequence[Path] = ()) -> list[tuple[str, bool]]:
    """Return messages, and whether each is a request."""
    found = [
        (text, kind != "none")
        for kinds in yaml.safe_load(data("memory_messages.yaml")).values()
        for kind, texts in kinds.items()
        for text in texts
    ]
    for file in files:
        found += [
            (row["text"], row["act"] != "none")
            for row in yaml.safe_load(file.read_text("utf-8"))
            if row["half"] == "fit"
        ]
    for name in PEOPLE:
        people = map(json.loads, data(name).splitlines())
        found += [(item["text"], False) for person in people for item in person["history"]]
    return found


def fit(texts: Sequence[str], requests: Sequence[bool]) -> tuple[Numbers, float]:
    """Fit a logistic regression whose two classes weigh the same."""
    rows = [places_of(" ".join(parts_of(text))) for text in texts]
    values = [1 / np.sqrt(max(1, len(places))) for places in rows]
    row = np.concatenate([np.full(len(places), n) for n, places in enumerate(rows)])
    column = np.concatenate(rows)
    value = np.concatenate([np.full(len(p), v) for p, v in zip(rows, values, strict=True)])
    labels = np.array(requests, float)
    share = labels.mean()
    each = np.where(labels > 0, 0.5 / share, 0.5 / (1 - share))
    weights, bias = np.zeros(BUCKETS), 0.0
    steps, sizes = np.zeros(BUCKETS + 1), np.zeros(BUCKETS + 1)
    for turn in range(1, 301):  # Adam
        score = np.bincount(row, weights[column] * value, len(rows)) + bias
        error = (1 / (1 + np.exp(-score)) - labels) * each / len(rows)
        slope = np.append(
            np.bincount(column, error[row] * value, BUCKETS) + 1e-4 * weights, error.sum()
        )
        steps, sizes = 0.9 * steps + 0.1 * slope, 0.999 * sizes + 0.001 * slope**2
        move = 0.1 * (steps / (1 - 0.9**turn)) / (np.sqrt(sizes / (1 - 0.999**turn)) + 1e-8)
        weights, bias = weights - move[:-1], bias - float(move[-1])
    return weights, bias


def fitted(labelled: Sequence[tuple[str, bool]]) -> Screen:
    """Return a screen; its floor is set on scores of messages that each fold's fit did not see."""
    texts, requests = [text for text, _ in labelled], [request for _, request in labelled]
    scores = np.zeros(len(texts))
    for fold in range(FOLDS):
        inside = [n for n in range(len(texts)) if n % FOLDS != fold]
        part = _screen(*fit([texts[n] for n in inside], [requests[n] for n in inside]), texts)
        for n in range(fold, len(texts), FOLDS):
            scores[n] = part.score(texts[n])
    floor = float(np.quantile(scores[np.array(requests)], 1 - FOUND))
    ordinary = scores[~np.array(requests)]
    print(f"held out: floor {floor:.2f}, ordinary let through {(ordinary >= floor).mean():.1%}")
    whole = _screen(*fit(texts, requests), texts)
    known = float(np.quantile([whole.knows(" ".join(parts_of(text))) for text in texts], UNKNOWN))
    return Screen(whole.weights, whole.bias, floor, whole.seen, known)


def _screen(weights: Numbers, bias: float, texts: Sequence[str]) -> Screen:
    seen = np.zeros(SEEN, bool)
    for text in texts:
        seen[places_of(" ".join(parts_of(text)), SEEN, 3, 3)] = True
    return Screen(weights.astype(np.float32), bias, 0.0, seen, 0.0)


@command
def main() -> None:
    """Fit, say how well, and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="labelled messages, in YAML")
    made = fitted(messages(parser.parse_args().files))
    scale = float(np.abs(made.weights).max() / 127)
    np.savez_compressed(
        Path(kept.__file__).with_name("screen.npz"),
        weights=np.round(made.weights / scale).astype(np.int8),
        numbers=np.array([scale, made.bias, made.floor, made.known]),
        seen=np.packbits(made.seen),
    )


if __name__ == "__main__":
    main()
