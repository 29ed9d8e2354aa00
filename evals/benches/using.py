"""What a model makes of a profile that is right: ways of asking for a choice, side by side.

    python -m guided_profile.evals.benches.using profiles_labelled.jsonl --half fit
    python -m guided_profile.evals.benches.using profiles_labelled.jsonl --nearest 1
    python -m guided_profile.evals.benches.using prefeval_mcq.jsonl --n 30 --forms letters likely

For each person of a file, the sentences that are labelled as supported are the profile; where a
file has none, the history is shown in its place. Nothing else is shown. Each form is asked with
that and without (some only with it). Printed are right answers with Wilson 95 % intervals, the mean
probability of the right option, and McNemar's exact test against `letters` with the same shown.

    letters …    the letter of one option, in several orders of the options
    likely …     of one option at a time whether this person would choose it, Yes or No

The forms are described in `choice_forms.py`.
`--nearest 1` shows the one sentence of the profile that is nearest to the question and its options.
`contrast` is what an option gains by what is shown: its log odds with it, less those without.
What was asked is kept in `--out`, so a run that was stopped goes on.
"""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from statistics import mean

import numpy as np
from langchain_core.language_models import BaseChatModel

from guided_profile.evals.benches.choice_forms import FORMS, OF_WHAT_IS_KNOWN, logs_of
from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.worth import profile_block
from guided_profile.evals.datasets.load import load
from guided_profile.evals.datasets.sampling import in_turn
from guided_profile.evals.run.calls import Calls, KeptChat
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.evals.scorers.statistics import discordant, mcnemar, wilson
from guided_profile.graph.prompts import history_block
from guided_profile.graph.records import Sentence
from guided_profile.graph.text import as_data
from guided_profile.tools.embedders.base import Embedder

OUT = Path("eval-out/using.sqlite")
SHARPNESS = (0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
"""What the logs are multiplied with, to see how far they are from what they should be."""


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody with a question, and what is shown of them."""

    key: str
    group: str
    shown: str
    question: str
    options: tuple[str, ...]
    right: int


def rows_of(path: Path, embedder: Embedder | None = None, nearest: int = 0) -> list[Row]:
    """Read people with a choice; every beginning of the list has its share of each group.

    Args:
        path: The file.
        embedder: Says which sentences of a profile are near.
        nearest: How many of its sentences are shown; 0: all.

    Raises:
        DatasetError: A line is wrong.
    """
    found = []
    for example in load("plain", path, kind="choice"):
        if not example.options or not example.answerable:
            continue
        said = example.about.get("sentences", ())
        texts = [each["text"] for each in said if each.get("label") == "supported"]
        if embedder and 0 < nearest < len(texts):
            asked = " ".join([example.question, *example.options])
            vectors = np.asarray(embedder.embed_documents([asked, *texts]), np.float32)
            best = sorted(np.argsort(-(vectors[1:] @ vectors[0]))[:nearest].tolist())
            texts = [texts[place] for place in best]
        profile = [Sentence(text=text, verdict="stated") for text in texts]
        found.append(
            Row(
                key=example.id,
                group=str(example.about.get("set", "")),
                shown=profile_block(profile) if profile else history_block(example.history),
                question=as_data(example.question),
                options=tuple(map(as_data, example.options)),
                right=example.options.index(example.reference),
            )
        )
    return in_turn(found)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was made of a row."""

    logs: tuple[float, ...]
    right: int
    group: str

    @property
    def hit(self) -> bool:
        """Whether the likeliest option is the right one."""
        return max(range(len(self.logs)), key=self.logs.__getitem__) == self.right

    def likelihood(self, sharpness: float = 1.0) -> float:
        """Return the log probability of the right option, all logs multiplied before."""
        logs = [sharpness * value for value in self.logs]
        return logs[self.right] - log(sum(map(exp, logs)))


Found = dict[tuple[str, str], dict[str, Outcome]]
"""By form and view, and by row."""


async def measure(chat: BaseChatModel, rows: Sequence[Row], forms: Sequence[str]) -> Found:
    """Ask all forms about each row in turn, and print each row as it comes."""
    found: Found = {}
    for row in rows:
        said = []
        for form in forms:
            shown = await logs_of(chat, form, row.shown, row.question, row.options)
            views = {"with": shown}
            if form not in OF_WHAT_IS_KNOWN:
                bare = await logs_of(chat, form, "", row.question, row.options)
                contrast = [a - b for a, b in zip(shown, bare, strict=True)]
                views = {"without": bare, "with": shown, "contrast": contrast}
            for view, logs in views.items():
                outcome = Outcome(tuple(logs), row.right, row.group)
                found.setdefault((form, view), {})[row.key] = outcome
                share = exp(outcome.likelihood())
                said.append(f"{form} {view} {share:.2f}{'' if outcome.hit else ' wrong'}")
        print(f"  {row.group} {row.key}: {', '.join(said)}", flush=True)
    return found


def table(found: Found) -> str:
    """Return a line for each form and view.

    The log likelihood is that of the right option, in the mean; `at` is what the logs are best
    multiplied with, and the log likelihood then.
    """
    lines = [
        "| form | shown | n | right [95 %] | share | log likelihood, at | by group | to letters |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (form, view), rows in found.items():
        n, right = len(rows), sum(outcome.hit for outcome in rows.values())
        low, high = wilson(right, n)
        base = found.get(("letters", "with" if view == "contrast" else view), {})
        share = mean(exp(outcome.likelihood()) for outcome in rows.values())
        lines.append(
            f"| {form} | {view} | {n} | {right} ({right / n:.0%}) [{low:.0%}, {high:.0%}] "
            f"| {share:.2f} | {_likelihoods(rows)} | {_by_group(rows)} | {_paired(rows, base)} |"
        )
    if ("letters", "with") in found:
        test = _paired(found["letters", "with"], found["letters", "without"])
        lines.append(f"\nletters with what is shown against without: {test}")
    return "\n".join(lines)


def _likelihoods(rows: Mapping[str, Outcome]) -> str:
    by_sharpness = {
        at: mean(outcome.likelihood(at) for outcome in rows.values()) for at in SHARPNESS
    }
    best = max(SHARPNESS, key=by_sharpness.__getitem__)
    return f"{by_sharpness[1.0]:.2f}, {best:g}: {by_sharpness[best]:.2f}"


def _by_group(rows: Mapping[str, Outcome]) -> str:
    hits: dict[str, list[bool]] = {}
    for outcome in rows.values():
        hits.setdefault(outcome.group or "all", []).append(outcome.hit)
    return ", ".join(f"{group} {sum(all_)} of {len(all_)}" for group, all_ in hits.items())


def _paired(rows: Mapping[str, Outcome], base: Mapping[str, Outcome]) -> str:
    pairs = [(outcome.hit, base[key].hit) for key, outcome in rows.items() if key in base]
    wins, losses = discordant(pairs)
    return f"{wins} to {losses}, p = {mcnemar(wins, losses):.2f}" if pairs else ""


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Compare ways of asking for a choice.")
    parser.add_argument("file", type=Path, help="people with a choice each, JSON Lines")
    parser.add_argument("--n", type=int, help="so many people, of all groups in turn")
    parser.add_argument("--half", choices=("fit", "report"), help="every second one, or the others")
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--nearest", type=int, default=0, help="so many sentences; 0: all")
    parser.add_argument("--out", type=Path, default=OUT, help="where calls are kept")
    add_model_options(parser)
    given = parser.parse_args()
    chat, embedder = chosen_models(given)
    rows = rows_of(given.file, embedder, given.nearest)
    if given.half:
        rows = rows[given.half == "report" :: 2]
    given.out.parent.mkdir(parents=True, exist_ok=True)
    with closing(Calls(given.out)) as calls:
        kept = KeptChat(inner=chat, calls=calls)
        found = asyncio.run(measure(kept, rows[: given.n], given.forms))
    print(table(found))


if __name__ == "__main__":
    main()
