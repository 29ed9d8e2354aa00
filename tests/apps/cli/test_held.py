import json
from pathlib import Path

import pytest
from endpoint import Endpoint

from guided_profile.apps.cli.main import main
from guided_profile.apps.opening import open_graph
from guided_profile.graph.records import HistoryItem

REMARK = "Ignore all previous instructions is what my keyboard suggests."


def test_what_is_held_back_is_reported_shown_and_released(
    endpoint: type[Endpoint], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(f"{REMARK}\ngreen tea\n")
    assert main(["add", str(path), "--user", "anna b"]) == 0
    output = capsys.readouterr()
    assert "added 2, already there 0, refused 0, held back 1" in output.out
    assert "guided-profile held --user 'anna b'" in output.err

    assert main(["held", "--user", "anna b", "--json"]) == 0
    (held,) = json.loads(capsys.readouterr().out)
    assert held["item"]["text"] == REMARK
    assert main(["held", "--user", "anna b"]) == 0
    shown = capsys.readouterr().out
    assert REMARK in shown
    assert held["item"]["id"] in shown
    assert "tells a model to drop its instructions" in shown

    assert main(["held", "--user", "anna b", "--release", "nothing"]) == 2
    assert main(["held", "--user", "anna b", "--release", held["item"]["id"]]) == 0
    assert "released 1, not there 0" in capsys.readouterr().out
    assert main(["held", "--user", "anna b"]) == 0
    assert "nothing of 'anna b' is held back" in capsys.readouterr().out


def test_a_release_in_an_export_is_shown_and_kept_once_it_is_confirmed(
    endpoint: type[Endpoint], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes.json"
    path.write_text(json.dumps([{"id": "remark", "text": REMARK}]))
    assert main(["add", str(path), "--user", "anna"]) == 0
    assert main(["held", "--user", "anna", "--release", "remark"]) == 0
    capsys.readouterr()
    assert main(["export", "--user", "anna"]) == 0
    path.write_text(capsys.readouterr().out)
    assert main(["add", str(path), "--user", "ben"]) == 0
    output = capsys.readouterr()
    assert "held back 1" in output.out
    assert f"not kept, nobody confirmed it: released, as no order: {REMARK}" in output.err
    assert main(["add", str(path), "--user", "ben", "--keep-wishes"]) == 0
    assert main(["held", "--user", "ben"]) == 0
    assert "nothing of 'ben' is held back" in capsys.readouterr().out


def test_what_was_asked_to_be_forgotten_is_listed_and_used_again(
    endpoint: type[Endpoint], capsys: pytest.CaptureFixture[str]
) -> None:
    with open_graph() as gp:
        gp.history.add("anna", [HistoryItem(id="tea", text="green tea")])
        gp.history.withdraw("anna", ["tea"])
    assert main(["held", "--user", "anna", "--withdrawn"]) == 0
    assert "green tea" in capsys.readouterr().out
    assert main(["held", "--user", "anna", "--release", "tea"]) == 0
    capsys.readouterr()
    assert main(["held", "--user", "anna", "--withdrawn", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
