"""`eval --langsmith` and `--langsmith-local` as a process of their own, down to how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import forked
import pytest
from counting import Endpoint, await_kept, command, counting, given_here, lines
from langsmith_endpoint import LangSmith, langsmith

METHODS = ("--methods", "random,dg,gpg")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with counting() as server:
        yield server


@pytest.fixture
def smith() -> Iterator[tuple[LangSmith, str]]:
    with langsmith() as server:
        yield server


def environment_of(url: str, **more: str) -> dict[str, str]:
    return {"LANGSMITH_API_KEY": "key", "LANGSMITH_ENDPOINT": url} | more


def finished(
    endpoint: Endpoint, folder: Path, environment: dict[str, str], *more: str
) -> subprocess.CompletedProcess[str]:
    arguments, own = command(endpoint, folder, *METHODS, *more)
    clean = {name: value for name, value in own.items() if "LANGSMITH" not in name}
    return forked.run(arguments, env=clean | environment)


def test_without_a_key_the_flag_is_refused_in_one_line(endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_text(lines(1))
    arguments, own = command(endpoint, tmp_path, *METHODS, "--langsmith", "people")
    own = {name: value for name, value in own.items() if "LANGSMITH" not in name}
    done = given_here(arguments, own)
    assert done.returncode == 2
    assert done.stderr.startswith("guided-profile: --langsmith needs LANGSMITH_API_KEY: set it")
    assert len(done.stderr.splitlines()) == 1
    assert endpoint.answered.total() == 0


def test_nothing_is_uploaded_unless_asked_for(
    endpoint: Endpoint, tmp_path: Path, smith: tuple[LangSmith, str]
) -> None:
    kept, url = smith
    (tmp_path / "data.jsonl").write_text(lines(2))
    traced = environment_of(url, LANGSMITH_TRACING="true")
    done = finished(endpoint, tmp_path, traced, "--langsmith-local", "--json")
    assert done.returncode == 0, done.stderr
    assert kept.requests == []
    figures = json.loads(done.stdout)
    assert "it/s" not in done.stderr
    kept_here = (tmp_path / "o" / "feedback.jsonl").read_text().splitlines()
    fed = [json.loads(line) for line in kept_here]
    for row in figures["rows"]:
        mine = [line["feedback"]["accuracy"] for line in fed if line["method"] == row["method"]]
        assert len(mine) == 2
        assert sum(mine) / 2 == row["scores"]["accuracy"]["mean"]

    again = finished(endpoint, tmp_path, environment_of(url))  # a key alone sends nothing
    assert again.returncode == 0, again.stderr
    assert kept.requests == []

    (tmp_path / "data.jsonl").write_text(lines(1))
    other = finished(endpoint, tmp_path, traced, "--out", str(tmp_path / "p"))
    assert other.returncode == 0, other.stderr
    assert kept.runs  # tracing is the user's own setting; a data set and experiments are not
    assert not kept.datasets
    assert not kept.sessions


def test_a_killed_run_goes_on_as_experiments_and_repeats_no_call(
    endpoint: Endpoint, tmp_path: Path, smith: tuple[LangSmith, str]
) -> None:
    kept, url = smith
    (tmp_path / "data.jsonl").write_text(lines(3))
    endpoint.hold_at = 7
    arguments, own = command(endpoint, tmp_path, *METHODS, "--langsmith", "people")
    child = forked.start(arguments, env=own | environment_of(url))
    await_kept(endpoint, tmp_path)
    os.kill(child.pid, signal.SIGKILL)
    child.wait(60)
    endpoint.hold_at = None
    endpoint.release.set()
    kept.runs.clear()
    kept.feedback.clear()

    done = finished(endpoint, tmp_path, environment_of(url), "--langsmith", "people", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"]
    assert "/compare?selectedSessions=" in done.stderr
    assert set(endpoint.answered.values()) == {1}
    assert len(kept.examples) == 3
    roots = [key for key, run in kept.runs.items() if run.get("reference_example_id")]
    assert len(roots) == 9
    assert sum(feedback["key"] == "accuracy" for feedback in kept.feedback) == 9
    for key in roots:
        if kept.runs[key]["name"] == "gpg":
            assert {"recall", "digest", "profile", "verify", "respond", "review"} <= kept.tree(key)


def test_experiments_that_do_not_arrive_are_an_error_and_the_report_is_whole(
    endpoint: Endpoint, tmp_path: Path, smith: tuple[LangSmith, str]
) -> None:
    kept, url = smith
    kept.refuses_runs = True
    (tmp_path / "data.jsonl").write_text(lines(1))
    done = finished(endpoint, tmp_path, environment_of(url), "--langsmith", "people")
    assert done.returncode == 1
    assert "not all of the experiments reached LangSmith" in done.stderr
    assert (tmp_path / "o" / "report.html").exists()


ENDS = """
import os, sys
from guided_profile.evals.experiments.clients import close, remote_client
from guided_profile.tools.tracing import end_without_waiting
from langsmith.run_trees import RunTree
end_without_waiting(os.environ)
client = remote_client("key", sys.argv[1])
for number in range(200):
    run = RunTree(name=str(number), inputs={"text": "tea"}, client=client, project_name="p")
    run.post()
    run.end()
    run.patch()
print(close(client, 1.0))
"""


def test_an_endpoint_that_never_answers_does_not_hold_the_end_back() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        began = time.monotonic()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        clean = {name: value for name, value in os.environ.items() if "LANGSMITH" not in name}
        done = subprocess.run(
            [sys.executable, "-c", ENDS, address],
            env=clean,
            capture_output=True,
            text=True,
            timeout=100,
            check=True,
        )
    assert done.stdout.strip() == "False"
    assert time.monotonic() - began < 40
