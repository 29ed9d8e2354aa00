"""The command `keys`."""

import json
from pathlib import Path

import pytest

from guided_profile.apps.cli.main import main
from guided_profile.apps.server.access.keys import KeyFile


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GUIDED_PROFILE_DATA", str(tmp_path))
    monkeypatch.delenv("GUIDED_PROFILE_KEYS", raising=False)
    return tmp_path


def test_a_key_is_shown_once_listed_without_itself_and_revoked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "add", "--user", "anna"]) == 0
    key = capsys.readouterr().out.strip()
    assert main(["keys", "add", "--user", "root", "--admin", "--json"]) == 0
    admin = json.loads(capsys.readouterr().out)
    kept = KeyFile(folder / "keys.json")
    found, other = kept.find(key), kept.find(admin["key"])
    assert found
    assert (found.user, found.admin) == ("anna", False)
    assert other
    assert (other.user, other.admin) == ("root", True)
    assert main(["keys", "list"]) == 0
    listed = capsys.readouterr().out
    assert found.id in listed
    assert key.split("_", 2)[2] not in listed
    assert main(["keys", "revoke", found.id]) == 0
    assert kept.find(key) is None
    assert kept.find(admin["key"]) == other


def test_all_of_a_users_keys_are_revoked_and_nobody_elses(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for user in ("anna", "anna", "bob"):
        main(["keys", "add", "--user", user])
    assert main(["keys", "revoke", "--user", "anna"]) == 0
    assert [key.user for key in KeyFile(folder / "keys.json").all()] == ["bob"]


@pytest.mark.parametrize(
    "arguments",
    [["add"], ["add", "--user", " "], ["add", "--user", "a\nb"], ["revoke"], ["revoke", "none"]],
)
def test_what_names_no_user_or_key_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(["keys", *arguments]) == 2
    assert "guided-profile: " in capsys.readouterr().err
    assert not (folder / "keys.json").exists()


def test_a_broken_file_of_keys_lets_nobody_in_and_loses_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "keys.json"
    path.write_text('[{"id": "cut sh')
    assert main(["keys", "add", "--user", "anna"]) == 2
    assert path.read_text() == '[{"id": "cut sh'


@pytest.mark.parametrize("data", ["file", "file/below", "gone", "long" * 100])
@pytest.mark.parametrize("command", [["add", "--user", "anna"], ["revoke", "none"]])
def test_a_data_folder_that_cannot_be_used_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], command: list[str], data: str
) -> None:
    (folder / "file").write_text("mine")
    (folder / "gone").symlink_to(folder / "nowhere")
    assert main(["keys", *command, "--data", str(folder / data)]) == 2
    assert f"the keys in '{folder / data}/keys.json' cannot be" in capsys.readouterr().err
    assert (folder / "file").read_text() == "mine"


def test_keys_that_are_made_at_the_same_time_are_all_kept(folder: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor
    from datetime import UTC, datetime

    def add(number: int) -> str:
        file = KeyFile(folder / "keys.json")
        return file.add(f"user-{number}", admin=False, now=datetime.now(UTC))[1]

    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(add, range(32)))
    kept = KeyFile(folder / "keys.json")
    assert [key.user for key in map(kept.find, keys) if key] == [f"user-{n}" for n in range(32)]
