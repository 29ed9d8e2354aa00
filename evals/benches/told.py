"""Whether the gate before an answer tells what was told from what was not, without any answer.

    python -m guided_profile.evals.benches.told                    # the authored halves `test`
    python -m guided_profile.evals.benches.told --fit              # those for setting rules on
    python -m guided_profile.evals.benches.told --data FILE.jsonl  # your own, with `answerable`

puts every question to the gate (`tools/evidence/told.py`) with the nearest items of its history,
and requests that need no history (`--requests`, a YAML file of requests with halves, such as
`tests/data/bearing.yaml`) to its second question. It prints, with Wilson 95 % intervals: right
abstentions, near misses among them, wrong abstentions, requests that would be made to abstain, and
the tokens of a gate. `--fit` keeps what is made of this model's Yes (`tools/evidence/told.json`).
What was asked is kept in `--out`, and a run that was stopped goes on.
"""

import argparse
import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import yaml
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.evidence import Kept
from guided_profile.evals.datasets.abstention import abstention, asked_again
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.plain import plain
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.evals.scorers.statistics import wilson
from guided_profile.graph.errors import ModelError
from guided_profile.tools.embedders.base import Embedder, likeness
from guided_profile.tools.evidence import told
from guided_profile.tools.evidence.nearness import nearness
from guided_profile.tools.evidence.told import Weights, probability, weights_of
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.models.letters import ask_yes_no

OUT = Path("eval-out/told")
KEPT_IN = Path(told.__file__).with_name("told.json")
STEPS = [n / 50 for n in range(1, 50)]
"""The thresholds that are tried."""
WRONG = 0.03
"""The share of what is told that may be abstained from, where a threshold is set."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question or a request, with what the model said of it."""

    answerable: bool | None
    """None: a request that needs no history."""
    near: bool
    told: float
    """Its Yes to whether the notes tell the answer; 0 of a request, which has no notes."""
    own: float
    """Its Yes to whether a fact of a person's own life is asked for."""


def requests_of(path: Path, half: str) -> list[str]:
    """Read the requests of a half."""
    cases = yaml.safe_load(path.read_text("utf-8"))
    return list(dict.fromkeys(case["request"] for case in cases if case["half"] == half))


def notes_of(example: Example, embedder: Embedder) -> list[str]:
    """Return what is shown of a history: all that was told, or what is nearest to the question."""
    own = [item for item in example.history if item.role == "user"]
    texts = [item.text for item in own]
    if told.is_short(texts):
        return texts
    vectors = np.asarray(embedder.embed_documents([example.question, *texts]))
    like = likeness(embedder, vectors[:1] @ vectors[1:].T)
    return [texts[row] for row in told.nearest(nearness([example.question], own, like)[0])]


async def ask(
    chat: BaseChatModel,
    examples: Sequence[Example],
    requests: Sequence[str],
    embedder: Embedder,
    kept: Kept,
) -> list[Asked]:
    """Put all to the gate; what is kept is not asked again.

    Raises:
        ModelError: The model failed, or tells no probabilities.
    """

    async def yes(messages: list[BaseMessage]) -> float:
        key = json.dumps([message.text for message in messages[-1:]] + [messages[0].text])
        known = kept.get(key)
        if known is None:
            known = (await ask_yes_no(chat, messages, stage="told")).yes
            if known is None:
                raise ModelError(f"{model_id(chat)} tells no probabilities; the bench needs them.")
            kept.add(key, known)
        return known

    shown = [told.told_messages(one.question, notes_of(one, embedder)) for one in examples]
    by_notes = [await yes(messages) for messages in shown]  # one kind after the other: a prefix
    texts = [*(one.question for one in examples), *requests]  # cache serves the examples
    own = [await yes(told.own_life_messages(text)) for text in texts]
    found = [
        Asked(bool(example.answerable), bool(example.about.get("near")), by_note, alone)
        for example, by_note, alone in zip(examples, by_notes, own[: len(examples)], strict=True)
    ]
    return found + [Asked(None, False, 0.0, alone) for alone in own[len(examples) :]]


def abstains(one: Asked, weights: Weights) -> bool:
    """Whether the gate abstains."""
    return probability(one.told, weights) < 0.5 and one.own >= weights.own


def fit(found: Sequence[Asked], weights: Weights) -> Weights:
    """Set both thresholds: the one of what is told, and that of what has to be.

    Of those with no more wrong abstentions than `WRONG`, that with the most right ones is taken;
    that of own life is the one that separates requests from questions best.
    """
    questions = [one for one in found if one.answerable is not None]
    requests = [one for one in found if one.answerable is None]
    own = weights.own
    if requests:
        own = max(
            STEPS,
            key=lambda step: (
                _share(requests, lambda one: one.own < step)
                + _share(questions, lambda one: one.own >= step)
            ),
        )

    def right(step: float) -> tuple[bool, float]:
        tried = replace(weights, told=_from(step), own=own)
        untold = [one for one in questions if not one.answerable]
        said = [one for one in questions if one.answerable]
        few = _share(said, lambda one: abstains(one, tried)) <= WRONG
        return few, _share(untold, lambda one: abstains(one, tried)) * (1 if few else -1)

    best = max(STEPS, key=right)
    day = date.today().isoformat()
    return Weights(_from(best), own, f"{day}, on {len(questions)} authored questions")


def _from(step: float) -> tuple[float, float]:
    """Return the weights that make a half of a Yes of this probability."""
    return round(-float(np.log(step / (1 - step))), 3), 1.0


def _share(found: Sequence[Asked], counts: Callable[[Asked], bool]) -> float:
    return sum(map(counts, found)) / len(found) if found else 0.0


def report(found: Sequence[Asked], weights: Weights) -> None:
    """Print how often the gate abstains, of each kind."""
    kinds: dict[str, list[Asked]] = {
        "not told, abstains": [one for one in found if one.answerable is False],
        "of these, near misses": [one for one in found if one.answerable is False and one.near],
        "told, abstains": [one for one in found if one.answerable],
        "needs no history, abstains": [one for one in found if one.answerable is None],
    }
    for name, group in kinds.items():
        if group:
            hits = sum(abstains(one, weights) for one in group)
            low, high = wilson(hits, len(group))
            print(f"{name}: {hits} of {len(group)} [{100 * low:.0f}, {100 * high:.0f}]")


def questions(half: str, data: Sequence[Path]) -> list[Example]:
    """Return the texts that are asked for: of files, or the authored ones."""
    if data:
        return [one for one in plain(list(data)) if not one.options]
    return [*abstention(half, "dialogue"), *asked_again(half)]


@command
def main() -> None:
    """Ask, and fit or report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", default=[], help="files with questions")
    parser.add_argument("--requests", type=Path, help="requests that need no history, as YAML")
    parser.add_argument("--fit", action="store_true", help="keep from where on a Yes counts")
    parser.add_argument("--out", type=Path, default=OUT, help=f"keeps what was asked ({OUT})")
    add_model_options(parser)
    given = parser.parse_args()
    chat, embedder = chosen_models(given)
    name = model_id(chat).casefold()
    examples = questions("dev" if given.fit else "test", given.data)
    half = "fit" if given.fit else "report"
    requests = requests_of(given.requests, half) if given.requests else []
    kept = Kept(given.out / f"{Path(name).name}.jsonl")
    found = asyncio.run(ask(chat, examples, requests, embedder, kept))
    weights = weights_of(name)
    if given.fit:
        weights = fit(found, weights)
        known = json.loads(KEPT_IN.read_text("utf-8")) | {name: asdict(weights)}
        KEPT_IN.write_text(json.dumps(known, indent=2) + "\n", "utf-8")
        print(weights)
    report(found, weights)


if __name__ == "__main__":
    main()
