"""Data sets by name: loaded from their owners' files, counted, and written in our own format.

    python -m guided_profile.evals.datasets amazon reviews_X.json.gz meta_X.json.gz --n 673
    python -m guided_profile.evals.datasets plain mine.csv --out mine.jsonl
    python -m guided_profile.evals.datasets sentiment140 FILE --neutral new.jsonl --write-neutral

prints what the set is made of, beside the paper's Table 6 where it has it, and writes it to the
file that `--out` names. Without a name it lists the sets. Nothing is downloaded but,
for `--write-neutral`, the weights of the embedded model if they are not there yet.
"""

import argparse
import asyncio
import inspect
import json
import logging
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel

from guided_profile.evals.datasets.amazon import amazon
from guided_profile.evals.datasets.beam import beam
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.halumem import halumem
from guided_profile.evals.datasets.lamp import lamp
from guided_profile.evals.datasets.locomo import locomo
from guided_profile.evals.datasets.locomoplus import locomoplus
from guided_profile.evals.datasets.longmemeval import longmemeval
from guided_profile.evals.datasets.memsyco import memsyco
from guided_profile.evals.datasets.movielens import movielens
from guided_profile.evals.datasets.neutral import neutralise
from guided_profile.evals.datasets.opbench import opbench
from guided_profile.evals.datasets.perma import perma
from guided_profile.evals.datasets.persistbench import persistbench
from guided_profile.evals.datasets.personamem1 import personamem1
from guided_profile.evals.datasets.personamem2 import personamem2
from guided_profile.evals.datasets.personamem3 import personamem3
from guided_profile.evals.datasets.plain import plain, written
from guided_profile.evals.datasets.prefeval import prefeval
from guided_profile.evals.datasets.prefeval_generation import prefeval_generation
from guided_profile.evals.datasets.sampling import chosen
from guided_profile.evals.datasets.sentiment140 import sentiment140, sentiment140_tweets
from guided_profile.evals.datasets.statistics import TABLE_6, Statistics
from guided_profile.graph.errors import DatasetError, GuidedProfileError
from guided_profile.tools.assembly import MODEL, make_chat


@dataclass(frozen=True, slots=True)
class Dataset:
    """A set that can be loaded."""

    build: Callable[..., Iterator[Example]]
    """Takes the paths, and its options by name; its module says where the files come from."""
    files: str
    """What to give, in words."""
    tests: str
    """What is tested, in words."""
    terms: str
    """On whose terms, in short; its module says more."""
    in_paper: bool = False
    """Whether Table 6 has the set that it builds, for the examples' task."""

    @property
    def options(self) -> tuple[str, ...]:
        """The names of its options, beside n and seed."""
        names = list(inspect.signature(self.build).parameters)[1:]
        return tuple(name for name in names if name not in ("n", "seed"))


DATASETS = {
    "amazon": Dataset(
        amazon,
        "files of reviews and of metadata, 2014, 2018 or 2023",
        "what somebody buys next (the paper's section 4.1)",
        "research, no redistribution",
        in_paper=True,
    ),
    "beam": Dataset(
        beam,
        "the folder chats, or one of a size or of a chat",
        "ten abilities of a memory, over 100,000 to 10 million tokens",
        "none stated: pass nothing on",
    ),
    "halumem": Dataset(
        halumem,
        "HaluMem-Medium.jsonl or HaluMem-Long.jsonl",
        "facts, updates, conflicts, and what was never said",
        "CC BY-NC-ND 4.0",
    ),
    "lamp": Dataset(
        lamp,
        "…_questions.json and …_outputs.json of one of LaMP's tasks",
        "LaMP 1 to 7, among them tweets (the paper's section 4.2)",
        "CC BY-NC-SA 4.0, and its sources' terms",
        in_paper=True,
    ),
    "locomo": Dataset(
        locomo,
        "locomo10.json",
        "what was said in very long talks, and what was not",
        "CC BY-NC 4.0",
    ),
    "locomo-plus": Dataset(
        locomoplus,
        "locomo_plus.json and locomo10.json",
        "an old remark that bears on a new one",
        "none stated: pass nothing on; LoCoMo's CC BY-NC 4.0",
    ),
    "longmemeval": Dataset(
        longmemeval,
        "longmemeval_s.json, …_m.json or …_oracle.json",
        "what an assistant was told long ago, and what it was not",
        "MIT",
    ),
    "memsyco": Dataset(
        memsyco,
        "one or more of data/*.jsonl",
        "facts against liking, scope, evidence, change of mind, use",
        "MIT",
    ),
    "movielens": Dataset(
        movielens,
        "the folder of a MovieLens set",
        "which film somebody enjoys next",
        "non-commercial, with acknowledgement",
    ),
    "op-bench": Dataset(
        opbench,
        "locomo10_overpersonalized.json and locomo10.json",
        "restraint, and agreeing to what was never said",
        "MIT, and LoCoMo's CC BY-NC 4.0",
    ),
    "perma": Dataset(
        perma,
        "the folder data, with tasks and evaluation",
        "preferences that come out bit by bit over many sessions",
        "Apache 2.0",
    ),
    "persistbench": Dataset(
        persistbench,
        "full_benchmark.jsonl, or its parts",
        "restraint across domains, flattery, and use",
        "none stated: pass nothing on",
    ),
    "personamem-1": Dataset(
        personamem1,
        "questions_32k.csv and shared_contexts_32k.jsonl, or of 128k or 1M",
        "what somebody likes now, and why, over many talks",
        "MIT",
    ),
    "personamem-2": Dataset(
        personamem2,
        "benchmark.csv and the folder its links begin in",
        "implicit preferences, others' preferences, what is to be forgotten",
        "none found: pass nothing on",
    ),
    "personamem-3": Dataset(
        personamem3,
        "the folder backend",
        "likings that show in what was done on five apps; restraint",
        "CC BY-NC 4.0",
    ),
    "plain": Dataset(
        plain,
        "JSONL or CSV files of your own",
        "whatever you ask",
        "your own",
        in_paper=True,
    ),
    "prefeval": Dataset(
        prefeval,
        "the folder benchmark_dataset",
        "a choice of the reply that follows a preference",
        "CC BY-NC 4.0",
    ),
    "prefeval-generation": Dataset(
        prefeval_generation,
        "the folder benchmark_dataset",
        "a written reply that follows a preference among others",
        "CC BY-NC 4.0, and LMSYS-Chat-1M's terms",
    ),
    "sentiment140": Dataset(
        sentiment140,
        "training.1600000.processed.noemoticon.csv",
        "a text as somebody would tweet it (the paper's section 4.2)",
        "research, Twitter's terms",
        in_paper=True,
    ),
}


def load(
    name: str,
    path: str | Path | Sequence[Path],
    *,
    n: int | None = None,
    seed: int = 0,
    kinds: Collection[str] = (),
    **options: Any,
) -> Iterator[Example]:
    """Load a data set, example by example, from its owner's files.

    The same files, n, seed and options give the same examples with the same ids.

    Args:
        name: One of `DATASETS`.
        path: The file, the folder, or the files.
        n: How many examples, drawn by the seed; None: all that the builder gives.
        seed: Of whatever the builder draws.
        kinds: The kinds of rows that are wanted, of a set whose rows have some; empty: all.
        options: What else the builder takes.

    Raises:
        DatasetError: There is no such set or option, or a file is wrong; the latter is raised when
            it is met, and what came before has been yielded.
    """
    found = DATASETS.get(name)
    if found is None:
        raise DatasetError(f"there is no data set {name!r}; choose one of {sorted(DATASETS)}.")
    unknown = sorted(set(options) - set(found.options))
    if unknown:
        has = list(found.options) or "none"
        raise DatasetError(f"{name} has no options {unknown}; it has {has}.")
    if n is not None and n < 1:
        raise DatasetError(f"n is {n}; set it to 1 or more.")
    parameters = inspect.signature(found.build).parameters
    needed = [
        parameter.name
        for parameter in parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    missing = [option for option in needed if parameters[option].default is inspect.Parameter.empty]
    if set(missing) - set(options):
        raise DatasetError(f"{name} needs the options {sorted(set(missing) - set(options))}.")
    if "seed" in parameters:
        options["seed"] = seed
    paths = [Path(path)] if isinstance(path, str | Path) else list(path)
    if "n" in parameters and not kinds:
        if n is not None:
            options["n"] = n
        return found.build(paths, **options)
    return chosen(_of_kinds(found.build(paths, **options), kinds), n, seed)


def _of_kinds(examples: Iterable[Example], kinds: Collection[str]) -> Iterator[Example]:
    """Yield the examples of some kinds, or all."""
    met: set[str] = set()
    for example in examples:
        met.add(str(example.about.get("kind", "")))
        if not kinds or example.about.get("kind") in kinds:
            yield example
    if kinds and not met & set(kinds):
        there = sorted(met - {""}) or "no kinds"
        raise DatasetError(f"no row is of the kinds {sorted(kinds)}; there are {there}.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Load a set, print what it is made of, and write it if asked to."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    if not given.name:
        for name, dataset in sorted(DATASETS.items()):
            print(f"{name:20} {dataset.tests} ({dataset.terms})")
            print(f"{'':20} {dataset.files}; options: {', '.join(dataset.options) or 'none'}")
        return 0
    try:
        if not given.path:
            raise DatasetError("no files were given")
        options = _options(given)
        if given.write_neutral:
            asyncio.run(_write_neutral(given, options))
        kinds = given.kinds.split(",") if given.kinds else ()
        found = load(given.name, given.path, n=given.n, seed=given.seed, kinds=kinds, **options)
        for line in _counted(found, given.out, DATASETS[given.name].in_paper):
            print(line)
    except GuidedProfileError as error:
        known = DATASETS.get(given.name)
        takes = f" ({given.name} takes {known.files})" if known else ""
        print(f"error: {error}{takes}", file=sys.stderr)
        return 2
    return 0


def _counted(examples: Iterable[Example], out: Path | None, in_paper: bool) -> Iterator[str]:
    """Count the examples, write them on the way, and yield what they are made of."""
    statistics = Statistics()
    tasks = set()
    with written(out) if out else nullcontext() as writer:
        for example in examples:
            statistics.add(example)
            tasks.add(example.task)
            if writer:
                writer.write(example)
        if not tasks:
            raise DatasetError("the files hold no example; give others, or fewer options.")
    lone = tasks.pop() if len(tasks) == 1 and in_paper else ""
    yield from statistics.lines(TABLE_6.get(lone))
    if out:
        yield f"written to           {out}"


def _options(given: argparse.Namespace) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for setting in given.set:
        name, equals, value = setting.partition("=")
        if not equals:
            raise DatasetError(f"--set takes NAME=VALUE, and not {setting!r}.")
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    if given.neutral:
        options["neutral"] = given.neutral
    return options


async def _write_neutral(given: argparse.Namespace, options: dict[str, Any]) -> None:
    """Have a model write the neutral texts that are missing."""
    drafts: Any = {"sentiment140": sentiment140_tweets, "plain": plain}.get(given.name)
    if drafts is None or not given.neutral:
        raise DatasetError("--write-neutral is for sentiment140 and plain, with --neutral FILE.")
    others = {name: value for name, value in options.items() if name != "neutral"}
    examples: Iterable[Example] = drafts(given.path, n=given.n, seed=given.seed, **others)
    await neutralise(examples, _chat(given), given.neutral, concurrency=given.concurrency)


def _chat(given: argparse.Namespace) -> BaseChatModel:
    """Return the model that is named, at its endpoint; without an endpoint the embedded one."""
    return make_chat(
        given.model if given.base_url else None,
        base_url=given.base_url,
        api_key=given.api_key,
        embedded=given.model,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m guided_profile.evals.datasets",
        description=(__doc__ or "").splitlines()[0],
    )
    add = parser.add_argument
    add("name", nargs="?", help=f"one of {', '.join(sorted(DATASETS))}")
    add("path", nargs="*", type=Path, help="its owner's files")
    add("--out", type=Path, help="write the examples there, as JSON Lines")
    add("--n", type=int, help="how many examples, drawn by the seed")
    add("--seed", type=int, default=0)
    add("--kinds", metavar="A,B", help="only rows of these kinds, as restraint-fact")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="an option of the set")
    add("--neutral", type=Path, help="the file of neutral texts, for text paraphrasing")
    add("--write-neutral", action="store_true", help="have a model write those that are missing")
    add("--model", default=MODEL, help="the model that writes them")
    add("--base-url", help="its endpoint; without one, the embedded model is run")
    add("--api-key", help="of the endpoint")
    add("--concurrency", type=int, default=1, help="how many texts are written at a time")
    return parser
