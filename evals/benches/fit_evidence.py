"""Fits what makes a probability of a model's Yes, on labelled sentences, and writes it as data.

    python -m guided_profile.evals.benches.fit_evidence                  # the embedded model
    python -m guided_profile.evals.benches.fit_evidence --name my-model  # kept under another name

It is fitted on the halves of the authored files that are there to fit on, and on your own labelled
files if you name some; the other halves are reported with `evidence --half report`. What was
asked is kept, as there. The entry goes into `tools/evidence/calibrations.json`.
"""

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.evidence import OUT, Asked, Kept, ask
from guided_profile.evals.benches.labelled import authored, read
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.tools.evidence import calibration
from guided_profile.tools.evidence.calibration import Calibration
from guided_profile.tools.evidence.chat import ChatVerifier
from guided_profile.tools.models.calls import model_id

FITTED_ON = (
    "dev.yaml",
    "people_en_de_es_fr_ru.jsonl",
    "people_ja_zh_ar_hi_pt.jsonl",
    "near_misses.yaml",
)
KEPT_IN = Path(calibration.__file__).with_name("calibrations.json")
RIDGE = 1.0
"""How much large weights cost."""
INVENTED_KEPT = 0.05
"""The share of what is not supported that `keep` lets through."""


def fit(found: Sequence[Asked], hard: frozenset[str] = frozenset()) -> Calibration:
    """Fit a logistic regression, and the probability from which a sentence is kept.

    Args:
        found: What was asked of labelled sentences.
        hard: People of near misses: they take part in the fit, but `keep` is not set on them.
    """
    features = np.array([sentence.features.vector() for sentence in found])
    labels = np.array([sentence.given.label == "supported" for sentence in found], np.float64)
    weights = _logistic(features, labels)
    likely = 1 / (1 + np.exp(-features @ weights))
    wrong = np.array(
        [
            p
            for p, sentence in zip(likely, found, strict=True)
            if sentence.given.label != "supported" and sentence.person not in hard
        ]
    )
    keep = float(np.quantile(wrong, 1 - INVENTED_KEPT)) if len(wrong) else 0.5
    day = datetime.now(UTC).date().isoformat()
    return Calibration(
        tuple(round(float(w), 3) for w in weights),
        round(keep, 3),
        f"{day}, on {len(found)} labelled sentences",
    )


def _logistic(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of a ridge-penalized logistic regression, by Newton's method."""
    weights = np.zeros(x.shape[1])
    penalty = np.diag([0.0] + [RIDGE] * (x.shape[1] - 1))  # the first is the intercept
    for _ in range(50):
        likely = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (likely - y) + penalty @ weights
        curve = (x * (likely * (1 - likely))[:, None]).T @ x + penalty
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def keep(path: Path, name: str, fitted: Calibration) -> None:
    """Write the calibration of a model into a file of calibrations, beside those of others."""
    keep_entry(path, name, weights=fitted.weights, keep=fitted.keep, fitted=fitted.fitted)


def keep_entry(path: Path, name: str, **fields: object) -> None:
    """Write fields of a model's entry into a file of calibrations, beside what stands there."""
    known = json.loads(path.read_text("utf-8"))
    known[name.casefold()] = known.get(name.casefold(), {}) | fields
    path.write_text(json.dumps(known, indent=2) + "\n", "utf-8")


@command
def main() -> None:
    """Ask, fit and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="labelled files of your own, beside")
    parser.add_argument("--name", help="the model's name, or a part of it; left out: as it says")
    parser.add_argument("--out", type=Path, default=OUT, help=f"keeps what was asked ({OUT})")
    parser.add_argument("--keep", type=float, help="the probability from which a sentence stands")
    parser.add_argument("--into", type=Path, default=KEPT_IN, help="the file of the calibrations")
    add_model_options(parser)
    given = parser.parse_args()
    people = [person for name in FITTED_ON for person in authored(name) if person.half != "report"]
    people += [person for path in given.files for person in read(path)]
    chat, embed = chosen_models(given)
    verifier = ChatVerifier(chat)
    found = asyncio.run(ask(people, verifier, embed, Kept(given.out)))
    fitted = fit(found, frozenset(person.key for person in people if len(person.sentences) == 1))
    if given.keep is not None:
        fitted = replace(fitted, keep=given.keep)
    name = given.name or model_id(verifier.chat)
    keep(given.into, name, fitted)
    print(f"{name}: {fitted}")


if __name__ == "__main__":
    main()
