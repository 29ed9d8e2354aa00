"""Ray as the engine: what its parts promise, and 10,000 users with a worker killed midway."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest
from asked import writes_profile
from endpoint import Endpoint

from guided_profile.apps.assembly import chat_model
from guided_profile.apps.bulk.base import BuildInput, BuildResult
from guided_profile.apps.bulk.engines import ray
from guided_profile.apps.bulk.engines.ray_worker import MOST_DEATHS, Ledger, Workplace
from guided_profile.apps.settings import read_settings
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.tasks import builtin_tasks

USERS = int(os.environ.get("TEST_RAY_USERS", "10000"))
WORKERS, CONCURRENCY = 2, 8
needs_ray = pytest.mark.skipif(
    find_spec("ray") is None, reason="Ray is not installed: pip install 'guided-profile[ray]'"
)


def test_what_a_dead_worker_had_finished_is_not_done_again() -> None:
    ledger = Ledger()
    assert ledger.begin("anna") is None
    ledger.finish(BuildResult("anna"))
    assert ledger.news() == [BuildResult("anna")]
    assert ledger.news() == []
    assert ledger.begin("bo") is None  # and there the worker dies
    assert ledger.begin("anna") == BuildResult("anna")
    assert ledger.begin("bo") is None
    ledger.collected(["anna"])
    assert ledger.begin("anna") is None


def test_a_user_whom_every_worker_dies_of_is_given_up() -> None:
    ledger = Ledger()
    assert [ledger.begin("anna") for _ in range(MOST_DEATHS)] == [None] * MOST_DEATHS
    result = ledger.begin("anna")
    assert result
    assert result.failed
    assert result.failed.user_id == "anna"
    assert ledger.begin("bo") is None


def test_once_stopped_nobody_is_begun_and_what_is_finished_is_still_reported() -> None:
    ledger = Ledger()
    ledger.begin("anna")
    ledger.finish(BuildResult("anna"))
    ledger.stop()
    assert ledger.begin("anna") == BuildResult("anna")
    assert ledger.begin("bo") == BuildResult("bo", left=True)


async def test_users_go_to_ray_in_windows_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    async def inputs():
        for number in range(7):
            text = "x" * (3000 if number == 4 else 10)
            yield BuildInput(f"user-{number}", (HistoryItem(text=text),))

    monkeypatch.setattr(ray, "WINDOW_USERS", 3)
    monkeypatch.setattr(ray, "WINDOW_BYTES", 3000)
    assert [len(window) async for window in ray._windows(inputs())] == [3, 2, 2]


async def test_a_worker_makes_what_this_process_would_make(endpoint: type[Endpoint]) -> None:
    settings = read_settings()
    task = builtin_tasks()["dialogue"]
    place = Workplace.of(settings, task, chat_model(settings))
    items = tuple(HistoryItem(text=text) for text in ("my cat Miso sleeps", "the bicycle commute"))
    made = await place.maker().make(BuildInput("anna", items))
    assert made.standing
    assert made.standing.profile.supported[0].text == "This person has a cat named Miso."
    assert (made.cost.calls, made.cost.input_tokens) == (9, 90)


def descendants(root: int) -> dict[int, str]:
    """Return the processes that come from one, with their names."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
            names[int(folder.name)] = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue

    def comes_from(process: int) -> bool:
        while process in parents and process != root:
            process = parents[process]
        return process == root

    return {
        process: name for process, name in names.items() if process != root and comes_from(process)
    }


def workers_of(root: int) -> set[int]:
    return {process for process, name in descendants(root).items() if re.match("ray::Map", name)}


def users_in(path: Path) -> list[str]:
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [json.loads(line)["user_id"] for line in lines]


def calls_of(endpoint: type[Endpoint]) -> Counter[str]:
    """Return how often each user's profile was asked for."""
    asked = (prompt for prompt in endpoint.prompts if writes_profile(prompt))
    return Counter(found[0] for prompt in asked if (found := re.search(r"user-\d+", prompt)))


def begin(histories: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "guided_profile.apps.cli.main", "build", "--json", "--ray"]
    command += ["--workers", str(WORKERS), "--concurrency", str(CONCURRENCY)]
    command += ["--from", str(histories), "--out", str(out)]
    with out.with_suffix(".said").open("wb") as said, out.with_suffix(".err").open("wb") as errors:
        return subprocess.Popen(command, stdout=said, stderr=errors)


def listening(processes: dict[int, str]) -> set[str]:
    """Return the addresses that processes listen on."""
    inodes = set()
    for process in processes:
        try:
            links = [os.readlink(link) for link in Path(f"/proc/{process}/fd").iterdir()]
        except OSError:
            continue
        inodes |= {link[8:-1] for link in links if link.startswith("socket:[")}
    found = set()
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] == "0A" and fields[9] in inodes:
                found.add(fields[1].split(":")[0])
    return found


@pytest.mark.live
@needs_ray
def test_a_killed_worker_loses_nothing_and_no_finished_user_is_repeated(
    endpoint: type[Endpoint], tmp_path: Path
) -> None:
    histories, out = tmp_path / "histories.jsonl", tmp_path / "profiles.jsonl"
    with histories.open("w") as file:
        for number in range(USERS):
            texts = [f"user-{number}: my cat Miso sleeps on desk {n}" for n in range(5)]
            file.write(json.dumps({"user_id": f"user-{number}", "history": texts}) + "\n")
    began = time.monotonic()

    def log(said: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {said}", flush=True)

    running = begin(histories, out)
    try:
        while len(users_in(out)) < USERS * 3 // 10:
            assert running.poll() is None, out.with_suffix(".err").read_text()
            time.sleep(0.2)
        workers = workers_of(running.pid)
        assert len(workers) == WORKERS
        addresses = listening(descendants(running.pid))
        log(f"Ray listens on {sorted(addresses)}")
        loopback = {"0100007F", "0000000000000000FFFF00000100007F"}
        assert addresses <= loopback
        victim = min(workers)
        before = set(users_in(out))
        os.kill(victim, signal.SIGKILL)
        log(f"workers {sorted(workers)}; {len(before)} users are finished; killed {victim}")
        while not (fresh := workers_of(running.pid) - workers):
            assert running.poll() is None, out.with_suffix(".err").read_text()
            time.sleep(0.2)
        log(f"a new worker, {min(fresh)}, with {len(users_in(out))} users finished")
        assert running.wait(timeout=1800) == 0, out.with_suffix(".err").read_text()
    finally:
        running.kill()
        running.wait()
    said = json.loads(out.with_suffix(".said").read_text())
    log(f"ended: {said}")
    calls = calls_of(endpoint)
    repeated = {user for user, count in calls.items() if count > 1}
    log(f"profiles asked for: {calls.total()} of {len(calls)} users; twice: {sorted(repeated)}")
    finished = users_in(out)
    assert len(finished) == len(set(finished)) == USERS == said["built"]
    assert not repeated & before
    assert len(repeated) <= CONCURRENCY  # what the dead worker was at
    assert set(calls) == set(finished)
    assert not said["failures"]


@pytest.mark.live
@needs_ray
def test_a_run_that_is_killed_as_a_whole_goes_on_and_leaves_no_worker(
    endpoint: type[Endpoint], tmp_path: Path
) -> None:
    histories, out = tmp_path / "histories.jsonl", tmp_path / "profiles.jsonl"
    with histories.open("w") as file:
        for number in range(400):
            history = [f"user-{number}: the bicycle commute took {n} minutes" for n in range(5)]
            file.write(json.dumps({"user_id": f"user-{number}", "history": history}) + "\n")
    running = begin(histories, out)
    while len(users_in(out)) < 100:
        assert running.poll() is None, out.with_suffix(".err").read_text()
        time.sleep(0.05)
    works = re.compile("ray::(Map|Ledger)|raylet/raylet|gcs_server")
    left = [process for process, name in descendants(running.pid).items() if works.search(name)]
    assert len(left) >= WORKERS + 3
    running.kill()
    running.wait()
    before = set(users_in(out))
    assert 100 <= len(before) < 400
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{process}").exists() for process in left):
        assert time.monotonic() < deadline, "workers of Ray outlived the run by a minute"
        time.sleep(0.5)
    asked = len(endpoint.prompts)
    assert begin(histories, out).wait(timeout=600) == 0
    finished = users_in(out)
    assert len(finished) == len(set(finished)) == 400
    again = (re.search(r"user-\d+", prompt) for prompt in endpoint.prompts[asked:])
    assert not {found[0] for found in again if found} & before
