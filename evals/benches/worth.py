"""What profiles are worth on people's own past, and whether that predicts how much they help.

    python -m guided_profile.evals.benches.worth profiles_labelled.jsonl --n 40
    python -m guided_profile.evals.benches.worth profiles_labelled.jsonl --variants shipped letters

For each person of the file, the sentences that are labelled as supported are the profile. Its worth
is measured as the product does. Its lift is what it adds to the log probability of the right option
of the person's question, asked in every rotation of its options. The rank correlation of the two
over people says whether a worth predicts a lift. The variants measure the worth otherwise: `three`
puts each item beside three of other people's instead of one; `letters` has the model choose among
these four by their letters, in one order; `history` shows the items that are not held out, with the
profile and without; `stranger` compares with the profile of the next person of the file instead of
with none.

What was asked is kept in `--out`, so a run that was stopped goes on.
"""

import argparse
import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from math import log
from pathlib import Path
from statistics import mean, quantiles, stdev
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.labelled import read
from guided_profile.evals.datasets.sampling import in_turn
from guided_profile.evals.run.calls import Calls, KeptChat
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.evals.scorers.statistics import Estimate, estimate, spearman
from guided_profile.graph.errors import DatasetError, ModelError
from guided_profile.graph.prompts import CHOOSE, PROFILE, messages, profile_in_words, render
from guided_profile.graph.records import HistoryItem, Sentence
from guided_profile.graph.text import as_data
from guided_profile.tools.models.choices import (
    LETTERS,
    Tally,
    ask_until_clear,
    average,
    lettered,
    rotations,
)
from guided_profile.tools.models.letters import score_letters
from guided_profile.tools.worth.asking import Asker, Trial, View, shortened
from guided_profile.tools.worth.held_out import spread
from guided_profile.tools.worth.measure import OTHERS, mean_and_error, trials_of

OUT = Path("eval-out/worth.sqlite")
BESIDE = {"shipped": OTHERS, "three": 3, "letters": 3, "history": OTHERS, "stranger": OTHERS}
"""How many of other people's items stand beside each of the person's, by variant."""
WHICH = "Which of these comes from this person? The others come from other people."
"""What the variant `letters` asks."""
REST = 6
"""How many of the other items the variant `history` shows."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a profile and a question."""

    key: str
    group: str
    items: tuple[HistoryItem, ...]
    sentences: tuple[Sentence, ...]
    question: str
    options: tuple[str, ...]
    right: int


@dataclass
class Measured:
    """What came out about one person."""

    person: Person
    lift: float
    gains: dict[str, tuple[float, float, int]] = field(default_factory=dict)
    """By variant: mean, standard error and number of items; missing where too few are there."""


def people(path: Path) -> list[Person]:
    """Read labelled people that have a question.

    Raises:
        DatasetError: Nobody has one.
    """
    rows = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]
    found = []
    for row, person in zip(rows, read(path), strict=True):
        if row.get("answer") not in row.get("options", ()):
            continue
        group = str(row.get("set", ""))
        did = {"source": group} if all(item.kind == "did" for item in person.items) else {}
        found.append(
            Person(
                key=person.key,
                group=group,
                items=tuple(item.model_copy(update=did) for item in person.items),
                sentences=tuple(
                    Sentence(text=each.text, verdict="stated", evidence=tuple(sorted(each.gold)))
                    for each in person.sentences
                    if each.label == "supported"
                ),
                question=row["query"],
                options=tuple(row["options"]),
                right=row["options"].index(row["answer"]),
            )
        )
    if not found:
        raise DatasetError(f"nobody in {str(path)!r} has `query`, `options` and `answer`.")
    return found


async def lift(chat: BaseChatModel, person: Person) -> float:
    """Return what the profile adds to the log probability of the right option, in nats."""
    orders = rotations(len(person.options), len(person.options))
    question = as_data(person.question)
    options = [as_data(option) for option in person.options]
    without, with_it = [
        await chosen(chat, known + question, options, person.right, orders)
        for known in ("", profile_block(person.sentences))
    ]
    return with_it - without


def profile_block(sentences: Sequence[Sentence]) -> str:
    """Return sentences as a prompt shows them; empty where there are none."""
    return render(PROFILE, profile=profile_in_words(sentences)) if sentences else ""


async def chosen(
    chat: BaseChatModel,
    asked: str,
    options: Sequence[str],
    right: int,
    orders: Sequence[Sequence[int]],
) -> float:
    """Return the log probability of an option by its letters, over some orders.

    Raises:
        ModelError: The model failed, or its endpoint gives no probabilities.
    """
    tally = await weighed(chat, lambda listed: choice(asked, listed), options, orders)
    return log(tally.probabilities[right])


def choice(asked: str, listed: str) -> list[BaseMessage]:
    """Return the prompt that asks for a letter: what stands before the options, and these."""
    return messages([], asked + render(CHOOSE, options=listed))


async def weighed(
    chat: BaseChatModel,
    prompt: Callable[[str], Sequence[BaseMessage]],
    options: Sequence[str],
    orders: Sequence[Sequence[int]],
    *,
    until_clear: bool = False,
) -> Tally:
    """Return how a model weighs options by their letters, over some orders.

    Args:
        chat: The model.
        prompt: Makes a prompt of the lettered options, a line each.
        options: What is chosen among.
        orders: For each time it is asked, the option that stands at each place.
        until_clear: Whether it is asked as the workflow asks: in all orders only where two leave
            doubt.

    Raises:
        ModelError: The model failed, or its endpoint gives no probabilities.
    """
    letters = LETTERS[: len(options)]

    async def ask(order: Sequence[int]) -> Mapping[str, float]:
        listed = lettered([options[index] for index in order])
        scores = await score_letters(chat, prompt(listed), letters, stage="bench")
        if scores.letters is None:
            raise ModelError("the endpoint gives no probabilities; take one that does.")
        return scores.letters

    if until_clear:
        tally, _ = await ask_until_clear(orders, ask, average)
        return tally
    return average(orders, [await ask(order) for order in orders])


async def by_letters(chat: BaseChatModel, place: int, trial: Trial) -> float:
    """Return the gain of one trial where its texts are chosen among by their letters."""
    texts = [shortened(text) for text in (trial.item.text, *trial.others)]
    order = [(n + place) % len(texts) for n in range(len(texts))]
    without, with_it = [
        await chosen(chat, known + WHICH, texts, 0, [order])
        for known in ("", profile_block(trial.sentences))
    ]
    return with_it - without


async def worth(
    chat: BaseChatModel, person: Person, variant: str, stranger: Person
) -> tuple[float, float, int] | None:
    """Return the gain by a variant, its standard error and n; None where it cannot be measured."""
    trials = trials_of(person.items, person.sentences, count=BESIDE[variant])
    if isinstance(trials, str):
        return None
    if variant == "letters":
        gains = [await by_letters(chat, place, trial) for place, trial in enumerate(trials)]
        return (*mean_and_error(gains), len(trials))
    held = {trial.item.id for trial in trials}
    rest = spread([item for item in person.items if item.id not in held], REST)
    shown = tuple(rest) if variant == "history" else ()
    other = stranger.sentences if variant == "stranger" else ()
    before = [View(trial, other[: len(trial.sentences)], shown) for trial in trials]
    after = [View(trial, trial.sentences, shown) for trial in trials]
    asker = Asker(chat)
    if not await asker.ask([*before, *after]):
        raise ModelError("the endpoint gives no probabilities; take one that does.")
    gains = [asker.likely(b) - asker.likely(a) for a, b in zip(before, after, strict=True)]
    return (*mean_and_error(gains), len(trials))


async def measure(
    chat: BaseChatModel, given: Sequence[Person], variants: Sequence[str]
) -> list[Measured]:
    """Measure everybody, and print each as it comes."""
    done = []
    for place, person in enumerate(given):
        measured = Measured(person, await lift(chat, person))
        for variant in variants:
            found = await worth(chat, person, variant, given[(place + 1) % len(given)])
            if found:
                measured.gains[variant] = found
        gains = ", ".join(
            f"{name} {g:+.3f} ± {e:.3f}" for name, (g, e, _) in measured.gains.items()
        )
        print(f"  {person.group} {person.key}: lift {measured.lift:+.3f}; {gains}", flush=True)
        done.append(measured)
    return done


def table(measured: Sequence[Measured], variants: Sequence[str]) -> str:
    """Return a line for each variant: how the worth is spread, and whether it predicts lift."""
    lines = [
        "| worth | n | mean [95 %] | sd | quartiles | above 0 | rank with lift [95 %] |",
        "|---|---|---|---|---|---|---|",
    ]
    for variant in variants:
        known = [each for each in measured if variant in each.gains]
        if len(known) < 3:
            lines.append(f"| {variant} | {len(known)} | | | | | |")
            continue
        gains = [each.gains[variant][0] for each in known]
        quarters = ", ".join(f"{each:+.2f}" for each in quantiles(gains))
        above = sum(gain > 0 for gain in gains)
        ranks = spearman(gains, [each.lift for each in known])
        lines.append(
            f"| {variant} | {len(known)} | {_shown(estimate(gains))} | {stdev(gains):.2f} "
            f"| {quarters} | {above} of {len(known)} | {_shown(ranks)} |"
        )
    lifts = [each.lift for each in measured]
    above = sum(each > 0 for each in lifts)
    lines.append(f"\nlift: {_shown(estimate(lifts))} nats, above 0 for {above} of {len(lifts)}")
    return "\n".join(lines)


def summary(measured: Sequence[Measured], variants: Sequence[str]) -> Mapping[str, Any]:
    """Return the figures, for a program."""
    return {
        "n": len(measured),
        "lift": mean(each.lift for each in measured),
        "worth": {
            name: [each.gains[name][0] for each in measured if name in each.gains]
            for name in variants
        },
    }


def _shown(given: Estimate | None) -> str:
    return f"{given.mean:+.2f} [{given.low:+.2f}, {given.high:+.2f}]" if given else "does not vary"


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what profiles are worth.")
    parser.add_argument("file", type=Path, help="labelled people with a question each")
    parser.add_argument("--n", type=int, help="so many people, of all groups in turn")
    parser.add_argument("--variants", nargs="+", choices=BESIDE, default=["shipped"])
    parser.add_argument("--out", type=Path, default=OUT, help="where calls are kept")
    add_model_options(parser)
    given = parser.parse_args()
    chosen = in_turn(people(given.file))[: given.n]
    chat, _ = chosen_models(given)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    with closing(Calls(given.out)) as calls:
        kept = KeptChat(inner=chat, calls=calls)
        measured = asyncio.run(measure(kept, chosen, given.variants))
    print(table(measured, given.variants))
    print(json.dumps(summary(measured, given.variants)))


if __name__ == "__main__":
    main()
