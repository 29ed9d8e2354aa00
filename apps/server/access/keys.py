"""API keys: random, shown once, and kept as a salted digest in a file."""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from guided_profile.apps.postgres import postgres
from guided_profile.graph.errors import QuestionError, SettingsError
from guided_profile.graph.records import Record

if TYPE_CHECKING:
    from guided_profile.apps.server.access.key_table import KeyTable

PREFIX = "gp_"
"""What every key begins with, so that it is known for one wherever it turns up."""
LONGEST_ID = 200
"""The longest id of a user, in characters."""


class Key(Record):
    """A key as it is kept; the key itself is nowhere."""

    id: str
    user: str
    admin: bool = False
    salt: str
    digest: str
    created: datetime


_KEYS = TypeAdapter(list[Key])
_NOBODY = Key(
    id="", user="", salt="0" * 32, digest="0" * 64, created=datetime.fromisoformat("2000-01-01")
)


class KeyFile:
    """The file of keys; what is changed in it holds from the next request on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._known: dict[str, Key] = {}

    def add(self, user: str, *, admin: bool, now: datetime) -> tuple[Key, str]:
        """Make a key; return how it is kept, and the key itself, which cannot be had again.

        Raises:
            SettingsError: The file cannot be read or written.
        """
        made, shown = made_key(user, admin=admin, now=now)
        self.put(made)
        return made, shown

    def put(self, key: Key) -> None:
        """Keep a key that was made elsewhere.

        Raises:
            SettingsError: The file cannot be read or written.
        """
        with self._changing():
            self._write([*(kept for kept in self.all() if kept.id != key.id), key])

    def all(self) -> list[Key]:
        """Return the keys as they are kept, the oldest first.

        Raises:
            SettingsError: The file cannot be read.
        """
        try:
            return _KEYS.validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, ValidationError) as error:
            raise SettingsError(
                f"the keys in {str(self.path)!r} cannot be read ({type(error).__name__}); restore "
                "the file, or delete it and make new keys."
            ) from None

    def revoke(self, id_: str) -> Key:
        """Take a key away; it is refused from the next request on.

        Raises:
            QuestionError: There is none of that id.
            SettingsError: The file cannot be read or written.
        """
        with self._changing():
            there = self.all()
            gone = next((key for key in there if key.id == id_), None)
            if gone is None:
                raise no_such_key(id_)
            self._write([key for key in there if key.id != id_])
        return gone

    def find(self, given: str) -> Key | None:
        """Return the key that was given, if it is one; wrong ones all take the same time."""
        id_, secret = parted(given)
        return checked(secret, self._current().get(id_))

    def close(self) -> None:
        """Do nothing: the file is opened when it is read."""

    def _current(self) -> dict[str, Key]:
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return {}
        stamp = (there.st_mtime_ns, there.st_ino, there.st_size)
        with self._lock:
            if stamp != self._stamp:
                self._known = {key.id: key for key in self.all()}
                self._stamp = stamp
            return self._known

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Keep other processes from changing the file at the same time."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock")):
                yield
        except OSError as error:
            raise SettingsError(
                f"the keys in {str(self.path)!r} cannot be written ({error.strerror}); name a "
                "place where they can, with --data, GUIDED_PROFILE_DATA or GUIDED_PROFILE_KEYS."
            ) from None

    def _write(self, keys: list[Key]) -> None:
        """Put the file in place as a whole, readable by its owner alone."""
        beside = self.path.with_suffix(".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(_KEYS.dump_python(keys, mode="json"), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)


def open_keys(path: Path, database_url: str | None) -> "KeyFile | KeyTable":
    """Return the keys: in the database, where there is one, else in the file.

    Raises:
        SettingsError: What reaches a Postgres is not installed.
    """
    if database_url is None:
        return KeyFile(path)
    postgres()
    from guided_profile.apps.server.access.key_table import KeyTable

    return KeyTable(database_url)


def made_key(user: str, *, admin: bool, now: datetime) -> tuple[Key, str]:
    """Return a new key as it is kept, and the key itself."""
    id_, secret, salt = secrets.token_hex(6), secrets.token_urlsafe(32), secrets.token_hex(16)
    digest = _digest(salt, secret)
    made = Key(id=id_, user=user, admin=admin, salt=salt, digest=digest, created=now)
    return made, f"{PREFIX}{id_}_{secret}"


def parted(given: str) -> tuple[str, str]:
    """Return the id and the secret of a key that was given."""
    id_, _, secret = given.removeprefix(PREFIX).partition("_")
    return id_, secret


def checked(secret: str, kept: Key | None) -> Key | None:
    """Return what is kept under a key's id, if the secret is its; that takes as long if it is not.

    Args:
        secret: As it was given.
        kept: None: there is no key of that id.
    """
    against = kept or _NOBODY
    right = hmac.compare_digest(_digest(against.salt, secret), against.digest)
    return kept if right else None


def no_such_key(id_: str) -> QuestionError:
    """Return the error for an id that no key has."""
    return QuestionError(f"there is no key {id_!r}; see `guided-profile keys list`.")


def usable_id(user_id: str) -> bool:
    """Whether a text can be a user's id."""
    return bool(user_id.strip()) and len(user_id) <= LONGEST_ID and user_id.isprintable()


def _digest(salt: str, secret: str) -> str:
    """Return a digest; the secret is 256 random bits, which no slower digest would guard better."""
    return hashlib.sha256(f"{salt}:{secret}".encode()).hexdigest()
