"""Whether what is known helps where it should, and does no harm where it should not.

    python -m guided_profile.evals.benches.restraint FILE… --n 30 --arms none everything ours
        [--given] [--one-history] [--recall-tokens 400] [--out FOLDER] [--as before] [--judge]

asks the arms about the same rows, paired, with the task `assistant`, and prints for each file and
kind of row: right answers with Wilson 95 % intervals; what the model was shown of the person
(what the answer needs, the mean share of what else is known, or nothing at all); calls and tokens
an answer; and McNemar's exact test between the arms. Rows with options, or with replies that go
against what the person said (`violates`), are scored by the letters that the model weighs where it
would write (`run.standin`); written ones by their own words where a rule can (`scorers.rules`),
else they are counted as a judge's, whom `--judge` asks; what the judge says is marked as not to be
claimed unless `guided-profile eval --judge-check` found, in the same `--out`, that it may be.

    none         no history
    raw          the newest items, as many as --raw-tokens
    retrieval    the items recalled for the question
    items        those, as far as the task would use them; no profile
    everything   what is recalled, and all of the profile
    ours         the task as it comes
    mem0, langmem   the peers (the extra `peers`)

`--given` takes the profile's sentences from the data set where it has them, all held to be true,
so that only their use is measured; without it the model writes them. `--one-history` gives rows of
one person the history of the first, so that one profile serves them. `--shown-only` asks no model:
every call is answered with "Yes." and without probabilities, and what the model would have been
shown is counted.

What is asked and answered is kept in `--out`: a run that was stopped goes on, another version's arm
`ours` is added `--as` a name of its own, and only what is missing is asked.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from langchain_core.language_models import BaseChatModel, FakeListChatModel

from guided_profile.evals.benches.arms import ARMS, Setup, methods_of
from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.paired import Scores, ShownRecords, report, right
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.load import load
from guided_profile.evals.datasets.sampling import chosen
from guided_profile.evals.methods.workflow import MethodInputs, as_evaluated
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.run.calls import KeptChat
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.evals.run.runner import opened, run
from guided_profile.evals.run.standin import StandIn, stood_in_for
from guided_profile.evals.scorers.agreement import agreement_in, claim
from guided_profile.evals.scorers.result import Result
from guided_profile.evals.scorers.rubric import RUBRIC, passes
from guided_profile.graph.errors import InputError
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.assembly import make_embedder
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.calls import model_id


def rows_of(path: Path, n: int | None, *, one_history: bool = False) -> list[Example]:
    """Read a file's rows, those of the lowest draw; choices wherever a row has what it takes.

    Raises:
        DatasetError: A line is wrong.
    """
    rows = list(load("plain", path, kind="choice"))
    if one_history:
        first: dict[str, Example] = {}
        rows = [
            row.model_copy(update={"history": first.setdefault(row.user_id, row).history})
            for row in rows
        ]
        most = Counter(row.user_id for row in rows)
        rows.sort(key=lambda row: (-most[row.user_id], row.user_id, row.id))
        drawn = rows[:n]
    else:
        drawn = [row for some in _by_kind(rows).values() for row in chosen(some, n, 0)]
    # files share rows' ids
    return [row.model_copy(update={"id": f"{path.stem}/{row.id}"}) for row in drawn]


async def measure(
    files: Mapping[str, Sequence[Example]],
    setup: Setup,
    folder: Path,
    models: tuple[BaseChatModel, Embedder],
    *,
    judged: bool = False,
) -> list[str]:
    """Ask what was not answered before, and return the tables.

    Args:
        files: The rows, by the name of their file.
        setup: The arms; without any, the tables are made of what is kept.
        folder: Where calls and answers are kept.
        models: That answers, and the history's embedder.
        judged: Whether the model judges what no rule can.

    Raises:
        InputError: The folder holds another run.
        ModelError: The model failed again and again, or as a judge.
    """
    chat, embedder = models
    settings = {"model": model_id(chat), "embedder": embedder.id} | setup.identity
    lines = []
    with opened(folder, settings, embedder) as (calls, answers, history):
        kept = KeptChat(inner=chat, calls=calls)
        records = ShownRecords(folder / "seen.jsonl")
        for name, rows in files.items():
            results = await _asked(rows, setup, answers, history, kept, embedder, records)
            scores = await _scored(rows, results, kept if judged else None)
            for kind, some in _by_kind(rows).items():
                ids = {row.id for row in some}
                of_kind = [result for result in results if result.example in ids]
                lines += [f"\n{name}, {kind}", "", report(some, of_kind, scores, records)]
    if judged:
        lines += ["", claim(agreement_in(folder, model_id(chat), RUBRIC))]
    return lines


async def _asked(
    rows: Sequence[Example],
    setup: Setup,
    answers: Answers,
    history: HistoryStore,
    chat: KeptChat,
    embedder: Embedder,
    records: ShownRecords,
) -> list[Result]:
    """Ask what was not answered before; return all answers, those of other arms too."""
    task = stood_in_for(as_evaluated(builtin_tasks()["assistant"]))
    inputs = MethodInputs(StandIn(inner=chat), history, embedder, task, rows)
    methods = {method.name: method for method in methods_of(setup, inputs)}

    def record(example: Example, result: Result) -> None:
        records.add(example, result.method, methods[result.method].prompts.get(example.id, ""))
        print(f"  {example.id} {result.method}: {result.kind} {result.reason}", flush=True)

    await run(rows, list(methods.values()), answers, history=history, on_result=record)
    names = dict.fromkeys([*answers.methods, *methods])
    return answers.of((row.id for row in rows), names)


async def _scored(
    rows: Sequence[Example], results: Sequence[Result], judge: KeptChat | None
) -> Scores:
    by_id = {row.id: row for row in rows}
    scores: dict[tuple[str, str], bool | None] = {}
    for result in results:
        example = by_id[result.example]
        score = right(example, result)
        if score is None and judge and result.text:
            said = await passes(judge, example, result.text)
            score = None if said.verdict is None else said.verdict == "follows"
        scores[result.method, example.id] = score
    return scores


def _by_kind(rows: Sequence[Example]) -> dict[str, list[Example]]:
    kinds: dict[str, list[Example]] = {}
    for row in rows:
        kinds.setdefault(str(row.about.get("kind", "")), []).append(row)
    return kinds


class _Silent(FakeListChatModel):
    """Says the same to everything, without probabilities."""

    responses: list[str] = ["Yes."]  # noqa: RUF012

    model_name: str = "none"


def _as_text(row: Example) -> Example:
    return row.model_copy(update={"options": ()})


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("files", nargs="+", type=Path, help="rows, JSON Lines")
    add("--n", type=int, help="of each kind of row in a file; left out: all")
    add("--arms", nargs="*", choices=ARMS, default=ARMS[:5], help="none: tables of what is kept")
    add("--given", action="store_true", help="the profile is what the data set says is known")
    add("--one-history", action="store_true", help="rows of a person share the first's history")
    add("--recall-tokens", type=int, default=1500, help="of the items that are recalled")
    add("--raw-tokens", type=int, default=3200, help="of the newest items, for `raw`")
    add("--orders", type=int, default=2, help="in how many orders options are weighed")
    add("--as", dest="label", default="ours", help="what the arm `ours` is called")
    add("--shown-only", action="store_true", help="ask no model; count what it would be shown")
    add("--judge", action="store_true", help="have the model judge what no rule can")
    add("--out", type=Path, default=Path("eval-out/restraint"), help="kept here; a run goes on")
    add_model_options(parser)
    given = parser.parse_args()
    if given.n is not None and given.n < 1:
        raise InputError(f"--n is {given.n}; set it to 1 or more.")
    files = {
        path.name: rows_of(path, given.n, one_history=given.one_history) for path in given.files
    }
    setup = Setup(
        given.arms,
        given.label,
        given.given,
        given.recall_tokens,
        given.raw_tokens,
        given.orders,
        given.one_history,
    )
    if given.shown_only:
        files = {name: [_as_text(row) for row in rows] for name, rows in files.items()}
    embedder = "multilingual" if given.multilingual else "minilm"
    models = (_Silent(), make_embedder(embedder)) if given.shown_only else chosen_models(given)
    asked = measure(files, setup, given.out, models, judged=given.judge)
    print("\n".join(asyncio.run(asked)))


if __name__ == "__main__":
    main()
