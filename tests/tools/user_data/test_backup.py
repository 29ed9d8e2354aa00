"""A copy of all that is kept, made while others write."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guided_profile.graph.errors import SettingsError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.corrections import pin
from guided_profile.tools.profiles.sqlite import open_profiles
from guided_profile.tools.profiles.store import ProfileStore
from guided_profile.tools.user_data.backup import back_up

COPY = (
    "import sys; from pathlib import Path; from guided_profile.tools.user_data.backup import "
    "back_up; back_up(Path(sys.argv[1]), Path(sys.argv[2]))"
)
"""As the command does it: in another process than the one that has the folder."""


def listed(folder: Path) -> list[str]:
    with HistoryStore.open(LexicalEmbedder(), path=folder / "history") as history:
        items = history.list("anna")
        assert len(history.vectors("anna", [one.id for one in items])) == len(items)
        return [one.text for one in items]


async def test_it_holds_what_was_acknowledged_while_others_write(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with HistoryStore.open(LexicalEmbedder(), path=data / "history") as history:
        async with open_profiles(data / "profiles.db") as store:
            await pin(ProfileStore(store, "anna", "dialogue"), "I sail.", now=now)
            for number in range(3):
                before = len(history.list("anna"))
                copying = subprocess.Popen(  # noqa: ASYNC220
                    [sys.executable, "-c", COPY, str(data), str(tmp_path / f"copy {number}")]
                )
                while copying.poll() is None:
                    history.add("anna", [HistoryItem(text=f"item {len(history.list('anna'))}")])
                assert copying.returncode == 0
                told = listed(tmp_path / f"copy {number}")
                assert before <= len(told) <= len(history.list("anna"))
                assert told == [f"item {n}" for n in range(len(told))]
    async with open_profiles(tmp_path / "copy 2" / "profiles.db") as store:
        kept = await ProfileStore(store, "anna", "dialogue").overrides()
    assert [override.text for override in kept] == ["I sail."]


def test_it_is_the_owners_alone_and_has_all_but_locks(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy"
    with HistoryStore.open(LexicalEmbedder(), path=data / "history") as history:
        history.add("anna", [HistoryItem(text="rye bread")])
    (data / "tasks").mkdir()
    (data / "tasks" / "own.yaml").write_text("name: own")
    (data / "keys.json").write_text("{}")
    assert back_up(data, copy) == len([path for path in copy.rglob("*") if path.is_file()])
    assert (copy / "tasks" / "own.yaml").read_text() == "name: own"
    assert not any(path.name.startswith(".guided_profile") for path in copy.rglob("*"))
    assert {path.stat().st_mode & 0o077 for path in (copy, *copy.rglob("*"))} == {0}
    assert listed(copy) == ["rye bread"]


@pytest.mark.parametrize("target", ["data/copy", "data", "."])
def test_a_folder_that_is_there_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(SettingsError, match="name a new folder elsewhere"):
        back_up(tmp_path / "data", tmp_path / target)
    with pytest.raises(SettingsError, match="is not there"):
        back_up(tmp_path / "nowhere", tmp_path / "copy")
