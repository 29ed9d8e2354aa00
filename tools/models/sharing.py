"""One server for all processes of a user on a machine: how it is found, started and ended.

    shared = SharedServer(Place(folder, "name"), [sys.executable, "-m", …])
    shared.find()      # starts it where no process has
    shared.base_url

The server is a process of its own. It writes into a file, which its user alone may read, where it
listens and the key that it wants. Whoever uses it keeps a connection open to it, so it knows of
each user's end, whatever ended it, and ends itself a while after the last. Each side of that
connection first shows that it knows the key: another program may listen at the port of a server
that died, and is sent nothing.
"""

import hashlib
import hmac
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol

from filelock import FileLock, Timeout

from guided_profile.graph.errors import GuidedProfileError, ModelError

_APART = 0
if sys.platform == "win32":
    _APART = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP

LINGER = 15.0
"""Seconds that a server waits for its next user: commands of one script find it loaded."""
_GREETING_SECONDS = 10.0
_SIZE = 32  # bytes of a challenge, and of what answers it


class NoServerError(ModelError):
    """A server can be neither found nor started here: each process has to have one of its own."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The embedded model's server can be neither found nor started: {why}.")


@dataclass(frozen=True, slots=True)
class Record:
    """Where a server listens, and what it wants."""

    port: int
    """Where its users stay connected, on this machine."""
    base_url: str
    key: str


class Serves(Protocol):
    """What serves, once it is loaded."""

    base_url: str

    def close(self) -> None:
        """Stop."""


class Place:
    """Where the processes of a user look for a server."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self._record = folder / f"{name}.json"

    def lock(self, timeout: float = -1) -> FileLock:
        """Return what one process has at a time that finds, starts or ends the server."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return FileLock(self.folder / f"{self.name}.lock", timeout=timeout)

    def read(self) -> Record | None:
        """Return what the last server wrote; None: nothing, or nothing that can be read."""
        try:
            return Record(**json.loads(self._record.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, record: Record) -> None:
        """Put a record in the last one's place, for the user alone to read."""
        with NamedTemporaryFile("w", dir=self.folder, delete=False, encoding="utf-8") as stream:
            json.dump(asdict(record), stream)
        os.replace(stream.name, self._record)

    def remove(self, record: Record) -> None:
        """Remove a record, unless another one is there by now."""
        if self.read() == record:
            self._record.unlink(missing_ok=True)


class SharedServer:
    """A server that this process shares with the others of its user. Threads may share it."""

    def __init__(self, place: Place, command: Sequence[str]) -> None:
        """Say where to look for it.

        Args:
            place: Where.
            command: What starts it: a process that calls `serve_while_used` with that place.
        """
        self._place, self._command = place, command
        self._life: socket.socket | None = None
        self._record: Record | None = None
        self._finding = threading.Lock()

    @property
    def base_url(self) -> str:
        """Its address; after its death and a new beginning it is the same, if that is free."""
        return self._found.base_url

    @property
    def api_key(self) -> str:
        """What it wants of a caller."""
        return self._found.key

    @property
    def _found(self) -> Record:
        if self._record is None:
            self.find()
        assert self._record
        return self._record

    @property
    def lives(self) -> bool:
        """Whether it was found, and did not end since."""
        life = self._life
        if life is None:
            return False
        try:
            return bool(life.recv(1, socket.MSG_PEEK))  # it says nothing more, but that it ended
        except BlockingIOError:
            return True
        except OSError:
            return False

    def find(self) -> None:
        """See to it that the server runs: find it, or start it. It may have to load first.

        Raises:
            ModelError: It cannot load its model.
            NoServerError: It cannot be started, for another reason.
        """
        with self._finding:
            if self.lives:
                return
            self.close()
            try:
                with self._place.lock():
                    self._record, self._life = self._connected() or self._started()
            except OSError as error:
                raise NoServerError(str(error)) from error

    def close(self) -> None:
        """Let go of the server, which ends if nobody else has it; closing twice does nothing."""
        if self._life:
            self._life.close()
            self._life = None

    def _connected(self) -> tuple[Record, socket.socket] | None:
        record = self._place.read()
        life = record and _met(record)
        return (record, life) if record and life else None

    def _started(self) -> tuple[Record, socket.socket]:
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Control-C in a terminal ends its starter alone
            creationflags=_APART,
        )
        threading.Thread(target=process.wait, daemon=True).start()  # the system reports its end
        assert process.stdout
        with process.stdout:
            said = process.stdout.readline().decode().strip()
        if said not in ("", _READY):
            process.wait()
            raise ModelError(said)
        found = self._connected() if said else None
        if not found:
            raise NoServerError(f"{self._command[0]} did not begin to serve")
        return found


_READY = "ready"


def serve_while_used(
    place: Place, load: Callable[[str, int], Serves], linger: float = LINGER
) -> None:
    """Serve until nobody has used the server for a while. For a process of its own.

    On its standard output it says to whoever started it that it is ready, or why it cannot be.

    Args:
        place: Where its users look for it. The lock is held by who starts it.
        load: Given the key that callers need and the port to listen on, or 0, makes what serves.
        linger: Seconds without a user after which it ends.
    """
    tell = os.fdopen(os.dup(1), "w")
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)  # a library's words are not taken for ours
    before = place.read()  # of a server that died: who knows its address and key need learn nothing
    key = before.key if before else secrets.token_urlsafe(24)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        try:
            with tell:
                try:
                    served = load(key, _free(before))
                except GuidedProfileError as error:
                    tell.write(f"{error}\n")
                    return
                record = Record(listening.getsockname()[1], served.base_url, key)
                place.write(record)
                users = _Users(listening, key)
                tell.write(f"{_READY}\n")
        except BrokenPipeError:  # who started it is gone: another may find it
            pass
        while True:
            users.wait_until_none(linger)
            with suppress(Timeout), place.lock(timeout=0):  # held: somebody is just coming
                if users.none:
                    place.remove(record)
                    break
    served.close()


class _Users:
    """Who is connected to a server."""

    def __init__(self, listening: socket.socket, key: str) -> None:
        self._listening, self._key = listening, key
        self._count, self._changed = 0, threading.Condition()
        threading.Thread(target=self._take, daemon=True).start()

    @property
    def none(self) -> bool:
        """Whether nobody is."""
        return self._count == 0

    def wait_until_none(self, seconds: float) -> None:
        """Wait until nobody was connected for so many seconds."""
        with self._changed:
            while self._count or self._changed.wait(seconds):
                if self._count:
                    self._changed.wait()

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._hold, args=(connection,), daemon=True).start()

    def _hold(self, connection: socket.socket) -> None:
        """Count a user until they end, if they know the key."""
        with connection:
            if not _meets(connection, self._key):
                return
            self._add(1)
            with suppress(OSError):
                while connection.recv(64):
                    pass
            self._add(-1)

    def _add(self, count: int) -> None:
        with self._changed:
            self._count += count
            self._changed.notify_all()


def _free(before: Record | None) -> int:
    """Return the port of a server that died, if nobody has it by now; else 0."""
    if before is None:
        return 0
    try:
        port = int(before.base_url.partition("//")[2].partition("/")[0].rpartition(":")[2])
        socket.create_server(("127.0.0.1", port)).close()
    except (OSError, ValueError, OverflowError):
        return 0
    return port


def _met(record: Record) -> socket.socket | None:
    """Return a connection to the server of a record; None: it is not there any more."""
    life: socket.socket | None = None
    try:
        life = socket.create_connection(("127.0.0.1", record.port), timeout=_GREETING_SECONDS)
        asked = secrets.token_bytes(_SIZE)
        shown = _shown(record.key, "user", _exactly(life))
        life.sendall(asked + shown)
        if hmac.compare_digest(_exactly(life), _shown(record.key, "server", asked)):
            life.setblocking(False)
            return life
    except (OSError, EOFError, OverflowError):
        pass
    if life:
        life.close()
    return None


def _meets(connection: socket.socket, key: str) -> bool:
    """Whether who connected knows the key; if so, they are shown that this side does."""
    try:
        connection.settimeout(_GREETING_SECONDS)
        asked = secrets.token_bytes(_SIZE)
        connection.sendall(asked)
        theirs, shown = _exactly(connection), _exactly(connection)
        if not hmac.compare_digest(shown, _shown(key, "user", asked)):
            return False
        connection.sendall(_shown(key, "server", theirs))
        connection.settimeout(None)
    except (OSError, EOFError):
        return False
    return True


def _shown(key: str, who: str, asked: bytes) -> bytes:
    return hmac.digest(key.encode(), who.encode() + asked, hashlib.sha256)


def _exactly(connection: socket.socket) -> bytes:
    got = b""
    while len(got) < _SIZE:
        piece = connection.recv(_SIZE - len(got))
        if not piece:
            raise EOFError
        got += piece
    return got
