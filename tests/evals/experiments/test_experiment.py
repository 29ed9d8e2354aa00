"""Experiments at a recording LangSmith on this machine, and without any."""

import json
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langsmith_endpoint import LangSmith, langsmith
from scripted import ScriptedChat

from guided_profile.evals.catalogue import make_methods
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.experiments.clients import close, local_client, remote_client
from guided_profile.evals.experiments.evaluators import feedback
from guided_profile.evals.experiments.experiment import Experiment, Place, experiments
from guided_profile.evals.methods.workflow import Method, MethodInputs
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.run.calls import Calls, KeptChat
from guided_profile.evals.run.runner import run
from guided_profile.evals.scorers.measures import text_scores
from guided_profile.evals.scorers.result import Result
from guided_profile.graph.errors import ExperimentError, ModelError, SettingsError
from guided_profile.graph.records import Cost, HistoryItem
from guided_profile.graph.state import Abstained, Answered
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore

EMBEDDER = LexicalEmbedder()
SCORE = text_scores(EMBEDDER)
BOUGHT = ("a box of green tea", "a tea pot", "another box of tea", "two tea cups")
TASK = builtin_tasks()["preference"]


@pytest.fixture
def smith() -> Iterator[tuple[LangSmith, str]]:
    with langsmith() as server:
        yield server


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every internet address that is connected to."""
    made: list[Any] = []
    connect = socket.socket.connect

    def recording(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            made.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", recording)
    return made


def examples(count: int) -> list[Example]:
    return [
        Example(
            id=f"e{number}",
            user_id=f"u{number}",
            task="preference",
            question=f"Which next, number {number}?",
            options=("a car", "green tea"),
            reference="green tea",
            history=tuple(HistoryItem(text=f"{what}, {number}") for what in BOUGHT),
        )
        for number in range(count)
    ]


def reply(prompt: str) -> str | dict[str, float]:
    if "A. a car" in prompt or "A. green tea" in prompt:
        return {"B": 0.9, "A": 0.1} if "B. green tea" in prompt else {"A": 0.9, "B": 0.1}
    return "This person buys tea."


class Bench:
    """A run's parts, in a folder that outlives it."""

    def __init__(self, folder: Path, history: HistoryStore) -> None:
        folder.mkdir(exist_ok=True)
        self.history = history
        self.inner = ScriptedChat(script=reply)
        self.calls = Calls(folder / "calls.db")
        self.answers = Answers(folder / "answers.jsonl")
        self.chat = KeptChat(inner=self.inner, calls=self.calls)

    def methods(self, names: tuple[str, ...], asked: list[Example]) -> list[Method]:
        return make_methods(names, MethodInputs(self.chat, self.history, EMBEDDER, TASK, asked))

    async def run(
        self, place: Place, asked: list[Example], methods: list[Method], **more: Any
    ) -> list[Experiment]:
        return await experiments(
            asked,
            methods,
            self.answers,
            place=place,
            task=TASK,
            history=self.history,
            score=SCORE,
            facts={"model": "scripted", "seed": "0"},
            **more,
        )


@pytest.fixture
def bench(tmp_path: Path, history: HistoryStore) -> Iterator[Bench]:
    made = Bench(tmp_path / "out", history)
    yield made
    made.answers.close()
    made.calls.close()


async def uploaded(
    bench: Bench, url: str, asked: list[Example], methods: list[Method], **more: Any
) -> list[Experiment]:
    client = remote_client("key", url)
    done = await bench.run(Place(client, "people"), asked, methods, **more)
    assert close(client, 10)
    return done


async def test_an_experiment_arrives_whole(smith: tuple[LangSmith, str], bench: Bench) -> None:
    kept, url = smith
    asked = examples(3)
    methods = bench.methods(("random", "dg", "gpg"), asked)
    done = await uploaded(bench, url, asked, methods, concurrency=2)

    assert list(kept.datasets) == ["people"]
    stands = kept.examples.values()
    assert {row["inputs"]["question"] for row in stands} == {example.question for example in asked}
    assert all(row["inputs"]["history"] and row["outputs"]["answerable"] for row in stands)

    assert [session["name"].rsplit("-", 1)[0] for session in kept.sessions.values()] == [
        "random",
        "dg",
        "gpg",
    ]
    assert [experiment.name for experiment in done] == [
        session["name"] for session in kept.sessions.values()
    ]
    for session in kept.sessions.values():
        about = session["extra"]["metadata"]
        assert session["ended"]
        assert about["task"] == "preference"
        assert (about["model"], about["seed"]) == ("scripted", "0")

    roots = {key: traced for key, traced in kept.runs.items() if traced.get("reference_example_id")}
    assert Counter(traced["name"] for traced in roots.values()) == {"random": 3, "dg": 3, "gpg": 3}
    for key, traced in roots.items():
        assert traced["reference_example_id"] in kept.examples
        below = kept.tree(key)
        if traced["name"] == "gpg":
            assert {"recall", "digest", "profile", "verify", "respond", "review"} <= below
        elif traced["name"] == "dg":
            assert {"recall", "respond", "review"} <= below
            assert "profile" not in below
        assert traced["outputs"]["kind"] == "answered"
    for traced in kept.runs.values():
        root = kept.runs[traced["trace_id"]]
        assert {"task:preference", f"method:{root['name']}"} <= set(traced["tags"])
        assert traced["session_name"].startswith(f"{root['name']}-")

    scores = {(entry["run_id"], entry["key"]): entry["score"] for entry in kept.feedback}
    for key, traced in roots.items():
        assert scores[key, "error"] == scores[key, "abstained"] == 0
        assert (scores[key, "calls"] > 0) == (traced["name"] != "random")
        if traced["name"] != "random":
            assert scores[key, "accuracy"] == 1
            assert scores[key, "input-tokens"] > 0
    assert bench.history.users() == []


async def test_a_second_run_reuses_the_dataset_and_repeats_no_call(
    smith: tuple[LangSmith, str], bench: Bench
) -> None:
    kept, url = smith
    asked = examples(3)
    await uploaded(bench, url, asked[:2], bench.methods(("gpg",), asked))
    first, made = dict(kept.examples), len(bench.inner.prompts)
    before = bench.answers.path.read_text()
    kept.runs.clear()
    kept.feedback.clear()
    await uploaded(bench, url, asked[:2], bench.methods(("gpg",), asked))
    assert kept.examples == first
    assert len(kept.sessions) == 2
    assert len(bench.inner.prompts) == made
    assert bench.answers.path.read_text() == before
    for key, traced in kept.runs.items():
        if traced.get("reference_example_id"):
            assert {"recall", "digest", "profile", "verify", "respond", "review"} <= kept.tree(key)
            assert traced["extra"]["metadata"]["kept"] is True
    assert sum(entry["key"] == "accuracy" for entry in kept.feedback) == 2

    changed = asked[1].model_copy(update={"question": "And now?"})
    bench.answers.close()
    bench.answers = Answers(bench.answers.path.with_name("others.jsonl"))
    await uploaded(bench, url, [asked[0], changed, asked[2]], bench.methods(("dg",), asked))
    assert len(kept.datasets) == 1
    assert {key: kept.examples[key] for key in first} == first
    assert len(kept.examples) == 4  # of the three, one stood there already


async def test_the_same_scores_come_without_a_request(
    smith: tuple[LangSmith, str],
    bench: Bench,
    connections: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept, url = smith
    for name, value in {
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_API_KEY": "key",
        "LANGSMITH_ENDPOINT": url,
    }.items():
        monkeypatch.setenv(name, value)
    asked = examples(3)
    names = ("random", "dg", "gpg")
    here = await bench.run(Place(local_client()), asked, bench.methods(names, asked), concurrency=2)
    assert connections == []
    assert kept.requests == []

    there = await uploaded(bench, url, asked, bench.methods(names, asked))
    assert [experiment.feedback for experiment in here] == [
        experiment.feedback for experiment in there
    ]
    assert all(experiment.url is None for experiment in here)
    assert set(here[2].feedback) == {"e0", "e1", "e2"}
    assert kept.requests


async def test_it_is_the_run_that_it_is_without_experiments(
    tmp_path: Path, history: HistoryStore
) -> None:
    asked, names = examples(4), ("random", "dg", "gpg")
    plain, traced = Bench(tmp_path / "plain", history), Bench(tmp_path / "traced", history)
    await run(asked, plain.methods(names, asked), plain.answers, history=history)
    await traced.run(Place(local_client()), asked, traced.methods(names, asked))
    assert plain.inner.prompts == traced.inner.prompts  # in the same order: one prefix serves all
    ids = [example.id for example in asked]
    for mine, theirs in zip(
        plain.answers.of(ids, names), traced.answers.of(ids, names), strict=True
    ):
        free = {"cost": Cost()}
        assert mine.model_copy(update=free) == theirs.model_copy(update=free)
        assert mine.cost.input_tokens == theirs.cost.input_tokens
    for parts in (plain, traced):
        parts.answers.close()
        parts.calls.close()


class Scripted:
    """A method that does what its script says."""

    description = "as scripted"

    def __init__(self, name: str, script: Any) -> None:
        self.name = name
        self.script = script
        self.asked: list[str] = []

    async def answer(self, example: Example) -> Answered | Abstained:
        self.asked.append(example.id)
        said: Answered | Abstained = self.script(example)
        return said


async def test_an_error_is_an_error_and_nothing_else(
    smith: tuple[LangSmith, str], bench: Bench
) -> None:
    kept, url = smith

    def script(example: Example) -> Answered | Abstained:
        if example.id == "e1":
            raise ModelError("gone")
        if example.id == "e2":
            return Abstained(reason="declined", detail="", reply="Sorry.")
        return Answered(text="green tea", option=1, confidence=0.75)

    method = Scripted("m", script)
    (done,) = await uploaded(bench, url, examples(3), [method])
    assert done.feedback["e1"] == {"error": 1.0}
    assert done.feedback["e2"]["abstained"] == 1.0
    assert done.feedback["e2"]["accuracy"] == 0.0
    assert done.feedback["e0"]["confidence"] == 0.75
    (failed,) = (traced for traced in kept.runs.values() if traced.get("error"))
    assert failed["error"] == "ModelError: gone"
    assert not failed.get("outputs")
    assert [
        (entry["key"], entry["score"]) for entry in kept.feedback if entry["run_id"] == failed["id"]
    ] == [("error", 1)]
    method.script = lambda example: Answered(text="green tea", option=1)
    await uploaded(bench, url, examples(3), [method])
    assert method.asked == ["e0", "e1", "e2", "e1"]  # an error is asked again, the rest is kept


@pytest.mark.parametrize(
    ("raised", "match"), [(KeyError("a bug"), "a bug"), (ModelError("gone"), "10 answers in a row")]
)
async def test_what_ends_a_run_ends_it_here_too(
    bench: Bench, raised: Exception, match: str
) -> None:
    def script(example: Example) -> Answered:
        raise raised

    methods: list[Method] = [Scripted("m", script), Scripted("n", script)]
    with pytest.raises(type(raised), match=match):
        await bench.run(Place(local_client()), examples(30), methods, concurrency=3)
    assert len(bench.answers.path.read_text().splitlines()) < 14


async def test_a_refused_key_is_reported_before_the_first_call(
    smith: tuple[LangSmith, str], bench: Bench
) -> None:
    kept, url = smith
    kept.key = "another"
    asked = examples(1)
    with pytest.raises(SettingsError, match="refused the key; check LANGSMITH_API_KEY"):
        await uploaded(bench, url, asked, bench.methods(("dg",), asked))
    with pytest.raises(ExperimentError, match="LangSmith could not be reached"):
        await uploaded(bench, "http://127.0.0.1:9", asked, bench.methods(("dg",), asked))
    assert bench.inner.prompts == []


async def test_hidden_examples_hold_no_words_of_a_person(
    smith: tuple[LangSmith, str], bench: Bench
) -> None:
    kept, url = smith
    client = remote_client("key", url)
    asked = examples(2)
    await bench.run(Place(client, "people", hidden=True), asked, bench.methods(("random",), asked))
    close(client, 10)
    assert len(kept.examples) == 2
    assert "tea" not in json.dumps(list(kept.examples.values()))


def test_each_kind_of_answer_has_its_feedback() -> None:
    choice = examples(1)[0]
    unanswerable = choice.model_copy(update={"answerable": False, "reference": ""})
    text = choice.model_copy(update={"options": (), "reference": "green tea"})
    cost = Cost(calls=2, input_tokens=30, output_tokens=4, cached_tokens=5, seconds=0.5)
    right = Result(
        example="e0", method="m", kind="answered", text="green tea", option=1, tries=1, cost=cost
    )
    declined = Result(example="e0", method="m", kind="abstained", tries=2)
    assert feedback(choice, right, SCORE) == {
        "error": 0,
        "abstained": 0,
        "accuracy": 1,
        "calls": 2,
        "input-tokens": 30,
        "output-tokens": 4,
        "cached-tokens": 5,
        "seconds": 0.5,
        "tries": 1,
    }
    assert feedback(choice, declined, SCORE)["accuracy"] == 0
    assert feedback(unanswerable, declined, SCORE)["rightly-abstained"] == 1
    assert feedback(unanswerable, right, SCORE)["rightly-abstained"] == 0
    assert "accuracy" not in feedback(unanswerable, right, SCORE)
    assert feedback(text, right, SCORE)["rouge-l"] == 1
    assert "rouge-l" not in feedback(text, declined, SCORE)
    failed = Result(example="e0", method="m", kind="error", reason="gone", cost=cost)
    assert feedback(choice, failed, SCORE) == {"error": 1}
