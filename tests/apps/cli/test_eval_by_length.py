"""`eval --by-length`: what it asks, keeps, joins and reports."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from counting import Done, Endpoint, counting, finished, finished_here

THINGS = ("tea", "skiing", "opera", "rust")
METHODS = "dg0,raw,rag,summary,gpg-nopc,gpg-rag"


def example(number: int, thing: str) -> dict[str, Any]:
    said = [{"text": f"{thing}{n} {thing}word{n}", "source": "chat"} for n in range(8)]
    return {
        "id": f"e{number}",
        "user_id": f"u{number}",
        "history": [*said, {"id": "it", "text": f"{thing} {thing}", "source": "chat"}],
        "query": f"{thing}?",
        "answer": "tea",
        "violates": [f"a car {number}", f"a boat {number}"],
        "evidence": ["it"],
        "topic": thing,
    }


def run(
    endpoint: Endpoint,
    folder: Path,
    lengths: str,
    *more: str,
    finished: Callable[..., Done] = finished_here,
) -> Done:
    folder.mkdir(exist_ok=True)
    rows = [json.dumps(example(number, thing)) for number, thing in enumerate(THINGS)]
    (folder / "data.jsonl").write_text("\n".join(rows) + "\n")
    shared = ("--task", "preference", *more, "--by-length", lengths, "--sharing", "2")
    return finished(endpoint, folder, *shared)


def figures(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "o" / "summary.json").read_text())
    for cell in found["cells"]:
        del cell["seconds"], cell["built_seconds"]
    return found


def test_lengths_and_methods_can_be_asked_one_after_the_other_or_apart_and_joined(
    tmp_path: Path,
) -> None:
    with counting() as endpoint:
        whole = run(endpoint, tmp_path / "whole", "4,10", "--methods", METHODS, finished=finished)
        assert whole.returncode == 0, whole.stderr
        assert set(endpoint.answered.values()) == {1}

        endpoint.answered.clear()
        parts = tmp_path / "parts"
        assert run(endpoint, parts, "4", "--methods", "dg0,raw,gpg-nopc").returncode == 0
        assert run(endpoint, parts, "10", "--methods", "gpg-nopc,dg0,raw").returncode == 0
        apart = tmp_path / "apart"
        more = ("--methods", "rag,summary,gpg-rag", "--join", str(parts / "o"))
        joined = run(endpoint, apart, "10,4", *more)
        assert joined.returncode == 0, joined.stderr
        assert figures(apart) == figures(tmp_path / "whole")

        endpoint.answered.clear()
        assert run(endpoint, apart, "4,10", "--methods", METHODS).returncode == 0
        assert not endpoint.answered
    cells = {(cell["method"], cell["length"]): cell for cell in figures(apart)["cells"]}
    assert len(cells) == 12
    assert cells["gpg-nopc", 10]["built"] == 2  # of four questions, two to a person
    assert cells["gpg-nopc", 10]["built_tokens"] > 0
    assert cells["dg0", 10]["built"] == 0
    assert cells["raw", 10]["shown"] == 10
    assert cells["gpg-nopc", 10]["shown"] == 0
    assert cells["raw", 4]["accuracy"]["n"] == 4
    asked = cells["gpg-nopc", 10]
    assert asked["in_all"] == pytest.approx(asked["tokens"] + asked["built_tokens"] / 2)
    report = (apart / "o" / "report.html").read_text()
    assert "<polyline" in report
    assert "right answers of 100" in joined.stdout


def test_what_does_not_go_with_lengths_is_refused(tmp_path: Path) -> None:
    with counting() as endpoint:
        refused = run(endpoint, tmp_path, "ten")
        assert refused.returncode == 2
        assert "--by-length is 'ten'; give numbers of items" in refused.stderr
        assert run(endpoint, tmp_path, "4", "--methods", "dg0").returncode == 0
        other = run(endpoint, tmp_path, "4", "--methods", "dg0", "--n", "3")
        assert other.returncode == 2
        assert "holds another run: its by length was '4 examples, 2 sharing'" in other.stderr
        made_of = tmp_path / "o" / "run.json"
        drawn = json.loads(made_of.read_text()) | {"histories of 4": "drawn otherwise"}
        made_of.write_text(json.dumps(drawn))
        other = run(endpoint, tmp_path, "4", "--methods", "dg0")
        assert "its histories of 4 was 'drawn otherwise' and is now" in other.stderr
        theirs = tmp_path / "theirs"
        theirs.mkdir()
        made_of.rename(theirs / "run.json")
        other = run(endpoint, tmp_path, "4", "--methods", "dg0", "--join", str(theirs))
        assert other.returncode == 2
        assert "its histories of 4 was 'drawn otherwise' and is now" in other.stderr
        assert "leave it out of --join" in other.stderr
        assert json.loads((theirs / "run.json").read_text()) == drawn
        made_of.unlink()
        nowhere = run(endpoint, tmp_path, "4", "--methods", "dg0", "--join", str(tmp_path))
        assert "holds no run; give --join the --out of another" in nowhere.stderr
