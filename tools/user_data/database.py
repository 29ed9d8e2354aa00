"""A copy of a Postgres, beside the copy of a data folder, by the database's own programs."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from guided_profile.graph.errors import SettingsError

DUMP = "postgres.dump"
"""What the copy is called within a backup."""


def dump(url: str, folder: Path) -> None:
    """Write a copy of a database, as it stood at one moment, into a folder.

    Raises:
        SettingsError: `pg_dump` is not installed, or failed.
    """
    file = folder / DUMP
    file.touch(0o600)
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={file}")


def load(url: str, folder: Path) -> None:
    """Put a copy in the place of what is in a database: all of it, or nothing.

    Raises:
        SettingsError: `pg_restore` is not installed, or failed.
    """
    how = ("--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error")
    _run("pg_restore", url, *how, str(folder / DUMP))


def _run(program: str, url: str, *arguments: str) -> None:
    from psycopg.conninfo import conninfo_to_dict, make_conninfo  # with the extra alone

    found = shutil.which(program)
    if found is None:
        raise SettingsError(
            f"{program} is not installed, and the profiles are in a Postgres "
            "(GUIDED_PROFILE_DATABASE_URL); install Postgres' client programs, of the server's "
            "version or newer."
        )
    place: dict[str, Any] = conninfo_to_dict(url)
    password = place.pop("password", None)  # who lists processes sees what they were given
    environment = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    command = [found, "--dbname", make_conninfo(**place), "--no-password", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        why = (done.stderr.strip() or f"it ended with {done.returncode}").splitlines()[0]
        raise SettingsError(f"{program} failed: {why}")
