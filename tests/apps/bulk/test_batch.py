"""Profiles by batches: requests out, results in, stage by stage, and no model called meanwhile."""

import json
import os
import urllib.error
import urllib.request
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from endpoint import Endpoint

from guided_profile.apps.bulk.engines import batch
from guided_profile.apps.cli.main import main

CAT = "my cat Miso sleeps on my desk"
BIKE = "the bicycle commute took 20 minutes"


@pytest.fixture
def histories(tmp_path: Path) -> Path:
    path = tmp_path / "histories.jsonl"
    lines = [
        {"user_id": f"user-{n}", "history": [f"user-{n}: {CAT}", f"user-{n}: {BIKE}"]}
        for n in range(3)
    ]
    lines.append({"user_id": "long", "history": [f"{n} {CAT * 20}" for n in range(120)]})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


class Building:
    """Builds from one file to another, and returns what is said."""

    def __init__(self, folder: Path, histories: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.profiles = folder / "profiles.jsonl"
        self._given = ["--from", str(histories), "--out", str(self.profiles), "--json"]

    def __call__(self, *arguments: str | Path, code: int = 0) -> dict[str, Any]:
        self._capsys.readouterr()
        assert main(["build", *self._given, *map(str, arguments)]) == code
        return json.loads(self._capsys.readouterr().out)


@pytest.fixture
def building(
    endpoint: type[Endpoint],
    histories: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Building:
    return Building(tmp_path, histories, capsys)


def answered(requests: Path, url: str, *, failing: int = 0) -> Path:
    """Have an endpoint answer a file of requests, as the Batch API and vLLM do."""
    results = requests.with_suffix(".results.jsonl")
    lines = []
    for number, line in enumerate(requests.read_text().splitlines()):
        asked = json.loads(line)
        assert (asked["method"], asked["url"]) == ("POST", "/v1/chat/completions")
        record = {"id": f"r{number}", "custom_id": asked["custom_id"]}
        if number < failing:
            lines.append(record | {"response": None, "error": {"code": "batch_expired"}})
            continue
        body = json.dumps(asked["body"]).encode()
        with urllib.request.urlopen(urllib.request.Request(url, body)) as reply:
            response = {"status_code": reply.status, "request_id": "x", "body": json.load(reply)}
        lines.append(record | {"response": response, "error": None})
    results.write_text("".join(json.dumps(line) + "\n" for line in reversed(lines)))
    return results


@pytest.fixture
def url(endpoint: type[Endpoint]) -> str:
    return os.environ["OPENAI_BASE_URL"] + "/chat/completions"


def test_the_profiles_are_those_that_calls_would_have_made(
    endpoint: type[Endpoint], building: Building, url: str
) -> None:
    digests, profiles, judged, of_most, uses = (building.folder / f"{n}.jsonl" for n in range(5))
    report = building("--batch-out", digests)
    assert endpoint.prompts == []
    assert (report["left"], report["built"], report["cost"]["calls"]) == (4, 0, 0)
    assert report["requests"] == len(digests.read_text().splitlines()) > 8
    first = answered(digests, url)
    report = building("--batch-in", first, "--batch-out", profiles)
    assert (report["left"], report["requests"]) == (4, 4)
    second = answered(profiles, url)
    report = building("--batch-in", first, second, "--batch-out", judged)
    assert (report["left"], report["requests"]) == (4, 8)  # two sentences each
    third = answered(judged, url)
    report = building("--batch-in", first, second, third, "--batch-out", of_most)
    assert (report["left"], report["requests"]) == (4, 1)  # the same inferred one of all
    fourth = answered(of_most, url)
    report = building("--batch-in", first, second, third, fourth, "--batch-out", uses)
    # two sentences of all, two questions each
    assert (report["left"], report["requests"]) == (4, 4)
    fifth = answered(uses, url)
    asked = list(endpoint.prompts)
    report = building("--batch-in", first, second, third, fourth, fifth)
    assert (report["built"], report["left"], report["requests"]) == (4, 0, 0)
    alike = 3 + 10  # of the inferred sentence of all, and of when an answer may use them
    assert report["cost"]["calls"] == len(asked) + alike, (
        "what is asked alike is asked once for all"
    )
    assert len(asked) == len(endpoint.prompts)
    by_batch = {row["user_id"]: row["standing"] for row in lines(building.profiles)}
    building.profiles.unlink()
    building()
    assert set(endpoint.prompts[len(asked) :]) == set(asked)
    for row in lines(building.profiles):
        assert (
            row["standing"]["profile"]["sentences"]
            == (by_batch[row["user_id"]]["profile"]["sentences"])
        )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_two_users_would_ask_alike_is_asked_once(
    endpoint: type[Endpoint], building: Building, histories: Path
) -> None:
    twins = [{"user_id": name, "history": [CAT, BIKE]} for name in ("anna", "bo")]
    histories.write_text("".join(json.dumps(user) + "\n" for user in twins))
    report = building("--batch-out", building.folder / "d.jsonl")
    assert (report["left"], report["requests"]) == (2, 1)
    assert len(lines(building.folder / "d.jsonl")) == 1


def test_what_failed_in_a_batch_is_asked_again_and_the_others_go_on(
    endpoint: type[Endpoint], building: Building, url: str
) -> None:
    requests = [building.folder / f"{n}.jsonl" for n in range(7)]
    building("--batch-out", requests[0])
    results = [answered(requests[0], url, failing=1)]
    building("--batch-in", *results, "--batch-out", requests[1])
    again = {request["custom_id"] for request in lines(requests[0])[:1]}
    assert again < {request["custom_id"] for request in lines(requests[1])}
    built = 0
    for asked, following in pairwise(requests[1:]):
        results.append(answered(asked, url))
        built += building("--batch-in", *results, "--batch-out", following)["built"]
        if built == 4:
            break
    assert built == 4


def test_why_a_request_is_refused_is_reported_for_its_user(
    endpoint: type[Endpoint], building: Building, url: str
) -> None:
    digests = building.folder / "d.jsonl"
    building("--batch-out", digests)
    results = answered(digests, url)
    records = lines(results)
    body = {"error": {"message": "maximum context length", "code": "context_length_exceeded"}}
    records[-1]["response"] = {"status_code": 400, "body": body}
    results.write_text("".join(json.dumps(record) + "\n" for record in records))
    report = building("--batch-in", results, code=1)
    assert report["failed"] == 1
    assert "longer than its context" in Path(report["failures"]).read_text()


def test_requests_are_split_over_files_that_the_api_takes(
    endpoint: type[Endpoint], building: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "MOST_REQUESTS", 4)
    report = building("--batch-out", building.folder / "d.jsonl")
    names = [Path(path).name for path in report["batch_out"]]
    assert names[:2] == ["d.jsonl", "d-2.jsonl"]
    counts = [len(lines(building.folder / name)) for name in names]
    assert max(counts) <= 4
    assert sum(counts) == report["requests"]
    assert not list(building.folder.glob("*.part"))


def test_a_place_that_cannot_be_written_to_is_refused_before_the_first_request(
    endpoint: type[Endpoint], building: Building
) -> None:
    for place in (building.folder / "missing" / "d.jsonl", building.folder / ("d" * 300)):
        report = building("--batch-out", place, code=2)
        assert report["error"] == "InputError"
        assert "name another file with --batch-out" in report["message"]
    assert not building.profiles.exists()
    building("--batch-out", building.folder / "d.jsonl")
    assert not list(building.folder.glob("*.part"))


def test_a_file_that_may_be_under_way_is_not_written_over(
    endpoint: type[Endpoint], building: Building, capsys: pytest.CaptureFixture[str]
) -> None:
    digests = building.folder / "d.jsonl"
    building("--batch-out", digests)
    before = digests.read_text()
    given = building._given[:-1]
    assert main(["build", *given, "--batch-out", str(digests)]) == 2
    assert main(["build", *given, "--batch-in", str(building.folder / "none")]) == 2
    assert main(["build", *given, "--batch-in", str(digests)]) == 2  # it holds no results
    assert main(["build", *given, "--batch-in", str(building.profiles), "--limit-tokens", "5"]) == 2
    assert main(["build", *given, "--batch-in", str(building.profiles)]) == 0
    assert digests.read_text() == before
    assert endpoint.prompts == []
