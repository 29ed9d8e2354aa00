"""What a model makes of a profile that is right: ways of asking for a choice, side by side.

    python -m guided_profile.evals.benches.using profiles_labelled.jsonl --half fit
    python -m guided_profile.evals.benches.using profiles_labelled.jsonl --nearest 1
    python -m guided_profile.evals.benches.using prefeval_mcq.jsonl --n 30 --forms letters likely

For each person of a file, the sentences that are labelled as supported are the profile; where a
file has none, the history is shown in its place. Nothing else is shown. Each form is asked with
that and without, and printed are right answers with Wilson 95 % intervals, the mean probability of
the right option, and McNemar's exact test against `letters` with the same shown.

    letters      the letter of one option, in every rotation of the options
    likely …     of one option at a time whether this person would choose it, Yes or No: see `ASKED`

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

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.worth import profile_block, weighed
from guided_profile.evals.datasets.load import load
from guided_profile.evals.datasets.sampling import in_turn
from guided_profile.evals.run.calls import Calls, KeptChat
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.evals.scorers.statistics import discordant, mcnemar, wilson
from guided_profile.graph.errors import ModelError
from guided_profile.graph.prompts import history_block, messages, render
from guided_profile.graph.records import Sentence
from guided_profile.graph.text import as_data
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.models.choices import rotations
from guided_profile.tools.models.letters import ask_yes_no

OUT = Path("eval-out/using.sqlite")
ASKED = {
    "likely": "{question}\nThis person chooses: {option}\nIs that likely? Answer Yes or No.",
    "theirs": "{question}\nText: {option}\nDoes this come from this person? Answer Yes or No.",
    "likes": "{question}\nSuggestion: {option}\nWould this person like that? Answer Yes or No.",
    "fits": "{question}\nReply: {option}\nDoes this reply fit this person? Answer Yes or No.",
}
"""What is asked of one option, by form."""
FORMS = ("letters", *ASKED)
VIEWS = ("without", "with", "contrast")
SHARPNESS = (0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
"""What the logs are multiplied with, to see how far they are from what they should be."""
_LEAST = 1e-4


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


async def logs_of(chat: BaseChatModel, form: str, row: Row, shown: str) -> list[float]:
    """Return the logarithm of each option's weight.

    Raises:
        ModelError: The model failed, or its endpoint gives no probabilities.
    """
    if form == "letters":
        orders = rotations(len(row.options), len(row.options))
        tally = await weighed(chat, shown + row.question, row.options, orders)
        return [log(max(share, _LEAST)) for share in tally.probabilities]
    logs = []
    for option in row.options:
        asked = render(ASKED[form], question=row.question, option=option)
        reply = await ask_yes_no(chat, messages([], shown + asked), stage="bench")
        if reply.yes is None:
            raise ModelError("the endpoint gives no probabilities; take one that does.")
        yes = min(max(reply.yes, _LEAST), 1 - _LEAST)
        logs.append(log(yes / (1 - yes)))
    return logs


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
    found: Found = {(form, view): {} for form in forms for view in VIEWS}
    for row in rows:
        said = []
        for form in forms:
            shown = await logs_of(chat, form, row, row.shown)
            bare = await logs_of(chat, form, row, "")
            contrast = [a - b for a, b in zip(shown, bare, strict=True)]
            for view, logs in zip(VIEWS, (bare, shown, contrast), strict=True):
                outcome = found[form, view][row.key] = Outcome(tuple(logs), row.right, row.group)
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
