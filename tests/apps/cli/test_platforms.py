"""What the command line needs of a system: the system's own folders, and nothing of Unix alone."""

import subprocess
import sys
from pathlib import Path

import pytest
from platformdirs.api import PlatformDirsABC
from platformdirs.macos import MacOS
from platformdirs.windows import Windows

from guided_profile.apps.server_settings import key_file
from guided_profile.apps.settings import read_settings
from guided_profile.tools.weights import fetch

OWN = "Local/guided-profile/guided-profile"
WITHOUT_UNIX = """
import sys
from importlib import import_module
from pkgutil import iter_modules

for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None  # as where there is none: importing it fails
from guided_profile.apps import cli
import guided_profile

for module in iter_modules(cli.__path__):
    import_module(f"guided_profile.apps.cli.{module.name}")
for name in guided_profile.__all__:
    getattr(guided_profile, name)
print("all of it")
"""


def test_all_commands_and_public_names_import_where_there_is_no_unix() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_UNIX], capture_output=True, text=True)
    assert done.stdout == "all of it\n", done.stderr


@pytest.mark.parametrize(
    ("system", "data", "weights"),
    [
        (MacOS, "Library/Application Support/guided-profile", "Library/Caches/guided-profile"),
        (
            Windows,
            "Local/guided-profile/guided-profile",
            "Local/guided-profile/guided-profile/Cache",
        ),
    ],
)
def test_what_is_kept_stands_where_the_system_has_such_things(
    system: type[PlatformDirsABC],
    data: str,
    weights: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("platformdirs.windows.get_win_folder", lambda folder: f"{tmp_path}/Local")
    monkeypatch.setattr(
        "guided_profile.apps.settings.user_data_path", lambda app: system(app).user_data_path
    )
    monkeypatch.setattr(fetch, "user_cache_path", lambda app: system(app).user_cache_path)
    assert read_settings({}).data == tmp_path / data
    assert key_file({}) == tmp_path / data / "keys.json"
    _, folder = fetch._find("smollm2-135m", None)  # what is public would fetch it
    assert folder == tmp_path / weights / "weights" / "smollm2-135m"
