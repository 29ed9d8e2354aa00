"""Building the profiles of many users on the command line, against an endpoint on this machine."""

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import faults
import pytest
from asked import STATEMENT, judgements, shares_words
from building import Build
from endpoint import PROFILE, Endpoint
from faults import Fault
from histories import BIKE, CAT, user_line

from guided_profile.apps.bulk.plan import SENTENCES
from guided_profile.apps.cli.main import main
from guided_profile.graph.tasks import builtin_tasks

LIMITS = builtin_tasks()["dialogue"].max_tokens
WRITTEN = 2
"""How many sentences a profile has here."""
JUDGED = 3 + 2 * WRITTEN
"""How many calls judging takes: one sentence is inferred and asked about twice, and of each it is
asked twice when an answer may use it."""


def calls_by_user(endpoint: type[Endpoint]) -> Counter[str]:
    return Counter(
        found[0] for prompt in endpoint.prompts if (found := re.search(r"user-\d+", prompt))
    )


def refusing(words: str) -> Fault:
    """Refuse the prompts that have these words."""
    refused = faults.status(401)

    def fault(server: Endpoint, asked: dict[str, Any]) -> bool:
        return words in server.prompts[-1] and refused(server, asked)

    return fault


def without_usage(server: Endpoint, asked: dict[str, Any]) -> bool:
    """Answer, and report no tokens."""
    prompt = asked["messages"][-1]["content"]
    message = {"role": "assistant", "content": judgements(prompt, shares_words) or PROFILE}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    server.sends(200, {"id": "1", "object": "chat.completion", "model": "m", "choices": [choice]})
    return True


def results(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_everybody_who_has_a_history_gets_a_profile_and_only_once(
    endpoint: type[Endpoint], build: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text(f"{CAT}\n{BIKE}\n")
    for user in ("anna", "bo", "cy"):
        assert main(["add", str(notes), "--user", user]) == 0
    notes.write_text("alone\n")
    assert main(["add", str(notes), "--user", "new"]) == 0
    first = build("--all", "--task", "assistant")
    assert (first["code"], first["users"], first["built"]) == (0, 4, 3)
    assert (first["too_little_history"], first["left"]) == (1, 0)
    assert first["cost"]["calls"] == len(endpoint.prompts) == 3 * (2 + JUDGED)
    again = build("--all", "--task", "assistant")
    assert (again["fresh"], again["built"], again["cost"]["calls"]) == (3, 0, 0)
    assert main(["profile", "--user", "bo", "--task", "assistant"]) == 0
    assert "a cat named Miso" in capsys.readouterr().out
    assert len(endpoint.prompts) == first["cost"]["calls"]


def test_what_a_run_would_take_is_shown_before_any_call(
    endpoint: type[Endpoint], build: Build, users: Path, tmp_path: Path
) -> None:
    estimate = build("--from", users, "--dry-run", "--price-in", "2", "--price-out", "10")
    assert endpoint.prompts == []
    assert (estimate["users"], estimate["missing"], estimate["items"]) == (6, 6, 12)
    # what the task lets a digestion and a profile say, and four Yes or No for each sentence
    assert estimate["output_tokens"] == 6 * (LIMITS.digest + LIMITS.profile + 4 * SENTENCES)
    assert estimate["price"] == pytest.approx(
        (2 * estimate["input_tokens"] + 10 * estimate["output_tokens"]) / 1e6
    )
    out = tmp_path / "profiles.jsonl"
    made = build("--from", users, "--out", out)
    assert made["cost"]["calls"] == len(endpoint.prompts) == 6 * (2 + JUDGED)
    assert estimate["calls"] == 6 * (2 + 4 * SENTENCES)
    often = SENTENCES / WRITTEN  # as often as this was asked, for as many sentences as are planned
    characters = sum(  # without the system message
        len(prompt) * (often if STATEMENT.search(prompt) else 1) for prompt in endpoint.prompts
    )
    assert characters / 3.5 < estimate["input_tokens"] < characters / 2.5 + estimate["calls"] * 150
    assert build("--from", users, "--out", out, "--dry-run")["fresh"] == 6


def test_a_long_history_is_estimated_in_the_parts_that_it_is_digested_in(
    endpoint: type[Endpoint], build: Build, tmp_path: Path
) -> None:
    path = tmp_path / "long.jsonl"
    path.write_text(user_line(1, *(f"{number} {CAT * 20}" for number in range(90))))
    estimate = build("--from", path, "--dry-run")
    parts = estimate["calls"] - 1 - 4 * SENTENCES
    assert parts > 5
    assert estimate["output_tokens"] == parts * LIMITS.digest + LIMITS.profile + 4 * SENTENCES
    assert estimate["input_tokens"] > sum(map(len, path.read_text().split())) / 4
    made = build("--from", path, "--out", tmp_path / "o.jsonl")
    assert made["cost"]["calls"] == parts + 1 + JUDGED


def test_a_run_stops_at_its_limit_and_the_next_goes_on_where_it_was(
    endpoint: type[Endpoint], build: Build, users: Path, tmp_path: Path
) -> None:
    out = tmp_path / "profiles.jsonl"
    arguments = ["--from", users, "--out", out, "--concurrency", "1"]
    first = build(*arguments, "--limit-tokens", "150")  # a call takes 12, and a user nine of them
    assert (first["code"], first["built"], first["left"]) == (0, 2, 4)
    assert first["stopped_at_limit"] is True
    with out.open("a") as file:
        file.write('{"user_id": "user-2", "task": "dia')  # as a kill in a line leaves it
    price = ["--price-in", "1", "--price-out", "10", "--limit-cost", "0.00012"]  # 120 a user
    second = build(*arguments, *price)
    assert (second["fresh"], second["built"]) == (2, 1)
    last = build(*arguments)
    assert (last["fresh"], last["built"], last["left"]) == (3, 3, 0)
    assert [row["user_id"] for row in results(out)] == [f"user-{n}" for n in range(6)]
    assert set(calls_by_user(endpoint).values()) == {2 + WRITTEN}  # the last call names nobody


def test_a_limit_is_refused_where_the_endpoint_tells_no_tokens(
    endpoint: type[Endpoint], users: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.fault = without_usage
    given = ["build", "--from", str(users), "--out", str(tmp_path / "o.jsonl")]
    assert main([*given, "--limit-tokens", "100"]) == 1
    assert "does not report how many tokens" in capsys.readouterr().err
    assert main(given) == 0


def test_what_fails_is_reported_line_by_line_and_the_others_are_made(
    endpoint: type[Endpoint], build: Build, users: Path, tmp_path: Path
) -> None:
    with users.open("a") as file:
        file.write("no json\n" + '{"user_id": "x", "history": [{"txt": "a"}]}\n' + user_line(1))
        file.write(user_line(2, "something else"))
    endpoint.fault = refusing("user-3")
    out = tmp_path / "profiles.jsonl"
    report = build("--from", users, "--out", out)
    assert (report["code"], report["built"], report["failed"], report["users"]) == (1, 5, 4, 9)
    assert Path(report["failures"]) == tmp_path / "profiles.failures.jsonl"
    failures = results(Path(report["failures"]))
    assert {
        (failure["user_id"], failure["error"], failure.get("place")) for failure in failures
    } == {
        ("", "DatasetError", "line 7"),
        ("x", "DatasetError", "line 8"),
        ("user-2", "DatasetError", "line 10"),
        ("user-3", "ModelError", None),
    }
    assert CAT not in Path(report["failures"]).read_text()
    endpoint.fault = None
    again = build("--from", users, "--out", out)
    assert (again["fresh"], again["built"], again["failed"]) == (5, 1, 3)


def test_an_endpoint_that_is_down_ends_the_run_early(
    endpoint: type[Endpoint], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "many.jsonl", tmp_path / "o.jsonl"
    path.write_text("".join(map(user_line, range(60))))
    endpoint.fault = refusing("user-")
    assert main(["build", "--from", str(path), "--out", str(out), "--concurrency", "2"]) == 1
    assert "profiles in a row failed" in capsys.readouterr().err
    assert len(endpoint.prompts) <= 12
    assert out.read_text() == ""


def test_a_history_that_grew_is_revised_and_the_last_line_counts(
    endpoint: type[Endpoint], build: Build, users: Path, tmp_path: Path
) -> None:
    out = tmp_path / "profiles.jsonl"
    build("--from", users, "--out", out)
    grown = ["we moved to the harbour", "the cat Miso likes the harbour"]
    users.write_text(user_line(0, *grown) + "".join(map(user_line, range(1, 6))))
    assert build("--from", users, "--out", out, "--dry-run")["stale"] == 1
    report = build("--from", users, "--out", out)
    assert (report["revised"], report["fresh"]) == (1, 5)
    of_user = [row["standing"] for row in results(out) if row["user_id"] == "user-0"]
    assert [standing["profile"]["version"] for standing in of_user] == [1, 2]
    assert build("--from", users, "--out", out)["fresh"] == 6


def test_parquet_is_read_as_the_lines_are(
    endpoint: type[Endpoint], build: Build, tmp_path: Path
) -> None:
    arrow = pytest.importorskip("pyarrow", reason="the extra `ray` brings it")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [
        {
            "user_id": f"user-{n}",
            "history": [{"text": f"user-{n}: {CAT}", "time": None}, {"text": BIKE, "time": "soon"}],
        }
        for n in range(3)
    ]
    rows[1]["history"][1]["time"] = "2025-01-02"
    path, out = tmp_path / "h.parquet", tmp_path / "o.jsonl"
    parquet.write_table(arrow.Table.from_pylist(rows), path)
    report = build("--from", path, "--out", out)
    assert (report["built"], report["failed"], report["users"]) == (1, 2, 3)  # "soon" is no time
    assert results(out)[0]["user_id"] == "user-1"
    path.write_bytes(b"PAR1")
    assert main(["build", "--from", str(path), "--out", str(out)]) == 2


@pytest.mark.parametrize(
    ("module", "arguments", "said"),
    [
        ("pyarrow", ["--from", "h.parquet"], "Parquet needs pyarrow: pip install 'guided-profile["),
        (
            "ray",
            ["--from", "h.jsonl", "--ray"],
            "--ray needs Ray: pip install 'guided-profile[",
        ),
    ],
)
def test_a_missing_extra_is_named(
    endpoint: type[Endpoint],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    module: str,
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.chdir(tmp_path)
    for name in ("h.parquet", "h.jsonl"):
        Path(name).write_text(user_line(1))
    assert main(["build", *arguments, "--out", "o.jsonl"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--all", "--limit-cost", "1"],
        ["--all", "--out", "o.jsonl"],
        ["--all", "--workers", "2"],
        ["--all", "--concurrency", "0"],
        ["--all", "--price-in", "nan"],
        ["--from", "none.jsonl"],
        ["--from", "none.jsonl", "--out", "o.jsonl"],
        ["--all", "--task", "none"],
    ],
)
def test_what_makes_no_sense_is_refused_before_any_call(
    endpoint: type[Endpoint],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    wrong: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["build", *wrong]) == 2
    assert endpoint.prompts == []


def test_the_results_of_another_task_are_not_added_to(
    endpoint: type[Endpoint], build: Build, users: Path, tmp_path: Path
) -> None:
    out = tmp_path / "profiles.jsonl"
    given = ["--from", users, "--out", out]
    build(*given)
    before = out.read_text()
    assert main(["build", *map(str, given), "--task", "assistant"]) == 2
    assert main(["build", "--from", str(users), "--out", str(users)]) == 2
    assert out.read_text() == before
