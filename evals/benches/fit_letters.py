"""Fits what a model's letters count for beside the history, on choices whose answer is known.

    python -m guided_profile.evals.benches.fit_letters shop.jsonl films.jsonl --n 40 --out runs/fit
    python -m guided_profile.evals.benches.fit_letters shop.jsonl --out runs/fit --keep 4

Each choice is asked with the raw history, in all that the workflow asks, by the model alone. Its
letters are then weighed beside the history (`Grounds`) with one factor after the other, and of each
it is printed how many choices are right, and the mean log loss, which tells factors apart where
right answers do not. `--keep` writes a factor into `tools/evidence/calibrations.json`, under the
model's name or `--name`. What was asked is kept in `--out`, and a run goes on.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from math import inf, log
from pathlib import Path

from langchain_core.language_models import BaseChatModel

from guided_profile.evals.benches.abstention import ungated
from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.fit_evidence import KEPT_IN, keep_entry
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.load import load
from guided_profile.evals.methods.rules import grounding
from guided_profile.evals.methods.workflow import MethodInputs, model_of, workflow
from guided_profile.evals.run.calls import KeptChat
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.evals.run.runner import digest_of, opened
from guided_profile.graph.errors import InputError, ModelError
from guided_profile.graph.prompts import prompts_digest
from guided_profile.graph.tasks import Task, builtin_tasks
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.models.choices import Grounds, Tally

FACTORS = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 32.0)
"""0: the history alone."""
LEAST = 1e-9
"""A probability below this counts as this, in the log loss."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the model and the history say of the options of a question."""

    said: tuple[float, ...]
    near: tuple[float, ...]
    right: int

    def weighed(self, letters: float, weight: float) -> list[float]:
        """Return the options' probabilities with a factor, as the workflow weighs them."""
        said = Tally(list(self.said), 1.0)
        beside = Grounds(self.near, weight, letters).beside(said) if any(self.near) else said
        return beside.probabilities


async def ask(
    examples: Sequence[Example], parts: MethodInputs, task: Task
) -> AsyncIterator[Choice]:
    """Ask the model alone of each choice; one that it does not answer is passed over.

    Raises:
        ModelError: It failed, or gives no probabilities.
    """
    method = workflow("dg", parts, ungated(task))
    for example in examples:
        await asyncio.to_thread(parts.history.add, example.held_under, example.history)
        answer = await method.answer(example)
        await asyncio.to_thread(parts.history.delete_user, example.held_under)
        said = answer.probabilities if answer.kind == "answered" else None
        near = grounding(example, example.options, parts)
        # votes: they leave options at 0, or all alike, which probabilities of letters never do
        if said and min(said.values()) in (0, max(said.values())):
            model = model_id(model_of(method.name, parts))
            raise ModelError(f"{model} gives no probabilities of letters; the bench needs them.")
        if said:
            right = example.options.index(example.reference)
            yield Choice(tuple(said[text] for text in example.options), tuple(near), right)


def table(choices: Sequence[Choice], weight: float) -> str:
    """Return what each factor comes to, in columns."""
    rows = ["factor  right  log loss"]
    for factor in FACTORS:
        shares = [choice.weighed(factor, weight) for choice in choices]
        right = sum(
            max(range(len(share)), key=share.__getitem__) == choice.right
            for share, choice in zip(shares, choices, strict=True)
        )
        rows.append(f"{factor:6g}  {right:5d}  {_loss(shares, choices):8.3f}")
    return "\n".join(rows)


def _loss(shares: Sequence[Sequence[float]], choices: Sequence[Choice]) -> float:
    likely = [share[choice.right] for share, choice in zip(shares, choices, strict=True)]
    return -sum(log(max(p, LEAST)) for p in likely) / len(likely)


async def measure(
    files: Sequence[Path], n: int | None, folder: Path, chat: BaseChatModel, embedder: Embedder
) -> None:
    """Ask and print, file by file.

    Raises:
        InputError: The folder holds another run, or a file is wrong.
    """
    task = builtin_tasks()["preference"]
    rows = {path: list(load("plain", path, kind="choice", n=n)) for path in files}
    settings = {
        "questions": [digest_of(examples) for examples in rows.values()],
        "model": model_id(chat),
        "task": task.model_dump(mode="json"),
        "prompts": prompts_digest(),
    }
    everything: list[Choice] = []
    with opened(folder, settings, embedder) as (calls, _, history):
        kept = KeptChat(inner=chat, calls=calls)
        for path, examples in rows.items():
            parts = MethodInputs(kept, history, embedder, task, examples)
            found = [choice async for choice in ask(examples, parts, task)]
            everything += found
            if found:
                print(
                    f"{path.name}: {len(found)} choices\n{table(found, task.grounding)}", flush=True
                )
    if not everything:
        raise InputError("the model answered none of these choices.")
    if len(files) > 1:
        print(f"all: {len(everything)} choices\n{table(everything, task.grounding)}")


def keep(path: Path, name: str, letters: float) -> None:
    """Write a model's factor into a file of calibrations, beside what stands there."""
    keep_entry(path, name, letters=letters)


@command
def main() -> None:
    """Ask, weigh and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, help="choices, as `plain` reads them")
    parser.add_argument("--n", type=int, help="so many of each file, drawn by the seed")
    parser.add_argument(
        "--out", type=Path, required=True, help="keeps what was asked; a run goes on"
    )
    parser.add_argument("--keep", type=float, help="the factor to write down")
    parser.add_argument("--name", help="the model's name, or a part of it; left out: as it says")
    parser.add_argument("--into", type=Path, default=KEPT_IN, help="the file of the calibrations")
    add_model_options(parser)
    given = parser.parse_args()
    if given.keep is not None and not 0 < given.keep < inf:
        parser.error(f"--keep is {given.keep}; give a factor above 0.")
    chat, embedder = chosen_models(given)
    asyncio.run(measure(given.files, given.n, given.out, chat, embedder))
    if given.keep is not None:
        keep(given.into, given.name or model_id(chat), given.keep)


if __name__ == "__main__":
    main()
