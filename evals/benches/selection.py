"""What a sentence is used for, and whether it bears on a request: against labelled cases.

    python -m guided_profile.evals.benches.selection tests/data/sentence_use.yaml --half report
    python -m guided_profile.evals.benches.selection tests/data/bearing.yaml --half report

asks the model as the workflow does, one case after the other, and prints how many it gets right,
with the Wilson 95 % interval and what is taken for what. `--fit` asks about the half `fit`, and
keeps what is made of this model's Yes (`tools/evidence/uses.json`). `--each N` takes the first N
cases of each kind, in an order that does not depend on them. What was asked is kept in `--out`, and
a run that was stopped goes on. `--nearness` asks no model: nearness alone says what bears.
"""

import argparse
import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from langchain_core.language_models import BaseChatModel
from numpy.typing import NDArray

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.evidence import Kept
from guided_profile.evals.run.history import temporary_history
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.evals.scorers.statistics import wilson
from guided_profile.graph.errors import DatasetError
from guided_profile.graph.prompts import BEARS, FOR_EVERY_ANSWER, PRIVATE, messages, render
from guided_profile.graph.records import Sentence
from guided_profile.tools.assembly import make_embedder
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.evidence import uses
from guided_profile.tools.evidence.uses import Weights, features_of, use_by, weights_of
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.models.letters import ask_yes_no
from guided_profile.tools.restraint.select import Restraint

OUT = Path("eval-out/selection")
KEPT_IN = Path(uses.__file__).with_name("uses.json")
STEPS = [n / 50 for n in range(1, 50)]
"""The thresholds that are tried."""
RIDGE = 0.003
"""What large weights cost."""
Case = Mapping[str, Any]


def cases_of(path: Path, half: str, each: int | None) -> list[Case]:
    """Read the labelled cases of a half.

    Raises:
        DatasetError: They are neither sentences with a use nor pairs that bear.
    """
    cases = [case for case in yaml.safe_load(path.read_text("utf-8")) if case["half"] == half]
    if not cases or not ("use" in cases[0] or "differs" in cases[0]):
        raise DatasetError(f"{path} has no cases of the half {half!r} with `use` or `differs`.")
    cases.sort(key=lambda case: hashlib.sha256(_key(case).encode()).hexdigest())
    counts: Counter[str] = Counter()
    chosen = []
    for case in cases:
        counts[_label(case)] += 1
        if each is None or counts[_label(case)] <= each:
            chosen.append(case)
    return chosen


async def ask(chat: BaseChatModel, cases: Sequence[Case], kept: Kept) -> list[list[float]]:
    """Return the probabilities of Yes to what is asked of each case; what is kept is not asked."""
    by_question = zip(*map(_asked, cases), strict=True)  # so that a prefix cache serves most
    for prompt in (prompt for same in by_question for prompt in same):
        if kept.get(prompt) is None:
            reply = await ask_yes_no(chat, messages([], prompt), stage="selection")
            kept.add(prompt, float(bool(reply.said)) if reply.yes is None else reply.yes)
    return [[kept.get(prompt) or 0.0 for prompt in _asked(case)] for case in cases]


def fit(cases: Sequence[Case], answers: Sequence[Sequence[float]], before: Weights) -> Weights:
    """Return the weights that get most of each kind right."""
    if "differs" in cases[0]:
        tried = (replace(before, differs=step) for step in STEPS)
        return max(tried, key=lambda weights: balanced(cases, answers, weights))
    always, private = regression(
        np.array([features_of(*yes) for yes in answers]),
        np.array(
            [("always", "private").index(c["use"]) if c["use"] != "topical" else 2 for c in cases]
        ),
    )
    fitted = f"{date.today()}, on {len(cases)} labelled sentences"
    return replace(before, always=always, private=private, fitted=fitted)


def regression(x: NDArray[np.float64], label: NDArray[np.int64]) -> tuple[list[float], list[float]]:
    """Return the weights of the first two classes against the third, all of equal weight."""
    weights, wanted = np.zeros((3, x.shape[1])), np.eye(3)[label]
    share = (wanted / wanted.sum(axis=0)).sum(axis=1, keepdims=True) / 3
    for _ in range(20_000):
        scores = np.exp(x @ weights.T - (x @ weights.T).max(axis=1, keepdims=True))
        likely = scores / scores.sum(axis=1, keepdims=True)
        weights -= 2.0 * (((likely - wanted) * share).T @ x + RIDGE * weights)
    first, second, third = weights
    return np.round(first - third, 2).tolist(), np.round(second - third, 2).tolist()


def balanced(cases: Sequence[Case], answers: Sequence[Sequence[float]], weights: Weights) -> float:
    """Return the share that is right, in the mean over the kinds."""
    right, of = Counter[str](), Counter[str]()
    for case, said in zip(cases, said_of(cases, answers, weights), strict=True):
        of[_label(case)] += 1
        right[_label(case)] += said == _label(case)
    return sum(right[kind] / n for kind, n in of.items()) / len(of)


async def by_nearness(embedder: Embedder, cases: Sequence[Case]) -> list[str]:
    """Return for each pair whether the sentence would be used, where no model is asked."""
    with temporary_history(embedder) as history:
        restraint = Restraint(history)
        chose = [
            await restraint.select([Sentence(text=case["sentence"])], case["request"])
            for case in cases
        ]
    return [str(bool(selection.used)) for selection in chose]


def report(cases: Sequence[Case], said: Sequence[str]) -> None:
    """Print the share that is right, in all and by language, and what is taken for what."""
    taken = Counter((_label(case), answer) for case, answer in zip(cases, said, strict=True))

    def line(name: str, chosen: Callable[[Case], bool]) -> None:
        right = [answer == _label(c) for c, answer in zip(cases, said, strict=True) if chosen(c)]
        if right:
            low, high = wilson(sum(right), len(right))
            print(f"{name}: {sum(right) / len(right):.2f} [{low:.2f}, {high:.2f}], n={len(right)}")

    line("right", lambda _: True)
    line("right in English", lambda case: case["language"] == "en")
    line("right in other languages", lambda case: case["language"] != "en")
    for (label, answer), n in sorted(taken.items()):
        print(f"  {label}, taken for {answer}: {n}")


def said_of(
    cases: Sequence[Case], answers: Sequence[Sequence[float]], weights: Weights
) -> list[str]:
    """Return what is made of the probabilities of Yes."""
    return [_said(case, yes, weights) for case, yes in zip(cases, answers, strict=True)]


def _asked(case: Case) -> list[str]:
    if "use" in case:
        return [render(question, note=case["text"]) for question in (FOR_EVERY_ANSWER, PRIVATE)]
    return [render(BEARS, notes=case["sentence"], request=case["request"])]


def _said(case: Case, yes: Sequence[float], weights: Weights) -> str:
    if "use" in case:
        return use_by(yes[0], yes[1], weights)
    return str(yes[0] >= (weights.differs or 0.0))


def _label(case: Case) -> str:
    return str(case["use"] if "use" in case else case["differs"])


def _key(case: Case) -> str:
    return "\n".join(_asked(case))


@command
def main() -> None:
    """Ask, and fit or report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path, help="labelled cases, as YAML")
    parser.add_argument("--half", default="report")
    parser.add_argument("--each", type=int, help="so many cases of each kind")
    parser.add_argument("--fit", action="store_true", help="keep from where on a Yes counts")
    parser.add_argument("--out", type=Path, default=OUT, help=f"keeps what was asked ({OUT})")
    add_model_options(parser)
    parser.add_argument("--nearness", action="store_true", help="by nearness alone")
    given = parser.parse_args()
    if given.nearness:
        cases = cases_of(given.file, given.half, given.each)
        embedder = make_embedder("multilingual" if given.multilingual else "minilm")
        report(cases, asyncio.run(by_nearness(embedder, cases)))
        return
    chat, _ = chosen_models(given)
    cases = cases_of(given.file, "fit" if given.fit else given.half, given.each)
    name = model_id(chat).casefold()
    answers = asyncio.run(ask(chat, cases, Kept(given.out / f"{Path(name).name}.jsonl")))
    weights = weights_of(name)
    if given.fit:
        weights = fit(cases, answers, weights)
        known = json.loads(KEPT_IN.read_text("utf-8")) | {name: asdict(weights)}
        KEPT_IN.write_text(json.dumps(known, indent=2) + "\n", "utf-8")
        print(weights)
    report(cases, said_of(cases, answers, weights))


if __name__ == "__main__":
    main()
