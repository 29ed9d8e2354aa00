import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from guided_profile.graph.errors import ModelError
from guided_profile.tools.models.sharing import NoServerError, Place, Record, SharedServer

LINGER = 0.25
SERVER = """
import os, sys, time
from pathlib import Path
from guided_profile.graph.errors import ModelError
from guided_profile.tools.models.sharing import Place, serve_while_used

folder, linger, why = sys.argv[1:]

class Served:
    def __init__(self, key, port):
        print("a library's own words")
        if why:
            raise ModelError(why)
        time.sleep(0.1)
        self.base_url = f"http://127.0.0.1:{port or 50123}/v1"
        with open(Path(folder) / "loaded", "a") as log:
            log.write(f"{os.getpid()}\\n")

    def close(self):
        pass

serve_while_used(Place(Path(folder), "s"), Served, float(linger))
"""
USER = """
import os, sys
from pathlib import Path
from guided_profile.tools.models.sharing import Place, SharedServer

shared = SharedServer(Place(Path(sys.argv[1]), "s"), sys.argv[2:])
print(shared.base_url, shared.api_key, flush=True)
sys.stdin.read()
"""
User = Callable[[], "subprocess.Popen[bytes]"]


def command(folder: Path, why: str = "") -> list[str]:
    return [sys.executable, "-c", SERVER, str(folder), str(LINGER), why]


def loaded(folder: Path) -> list[int]:
    """Return the processes that loaded, in order."""
    try:
        return [int(line) for line in (folder / "loaded").read_text().split()]
    except OSError:
        return []


def runs(process: int) -> bool:
    """Whether it does; one that ended and that nobody has asked about does not."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True)
    return done.stdout.strip()[:1] not in ("", "Z")


def comes_true(what: Callable[[], bool], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while not what() and time.monotonic() < until:
        time.sleep(0.05)
    return what()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "servers"
    assert comes_true(lambda: not any(map(runs, loaded(tmp_path / "servers")))), "left behind"


@pytest.fixture
def shared(folder: Path) -> Iterator[SharedServer]:
    shared = SharedServer(Place(folder, "s"), command(folder))
    yield shared
    shared.close()


@pytest.fixture
def user(folder: Path) -> Iterator[User]:
    begun: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        given = [sys.executable, "-c", USER, str(folder), *command(folder)]
        begun.append(subprocess.Popen(given, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def said(process: "subprocess.Popen[bytes]") -> list[str]:
    assert process.stdout
    return process.stdout.readline().decode().split()


def test_processes_that_begin_at_once_get_one_server_that_ends_with_the_last(
    folder: Path, user: User
) -> None:
    users = [user() for _ in range(3)]
    first, *others = map(said, users)
    assert first[0] == "http://127.0.0.1:50123/v1"
    assert others == [first, first]
    (process,) = loaded(folder)
    for starter in users[:2]:
        starter.kill()  # the one that started it, perhaps
        starter.wait()
    time.sleep(2 * LINGER)
    assert runs(process)
    users[2].kill()
    assert comes_true(lambda: not runs(process))
    assert not (folder / "s.json").exists()


def test_who_comes_soon_after_the_last_finds_it_still(folder: Path, shared: SharedServer) -> None:
    shared.find()
    assert shared.lives
    shared.close()
    assert not shared.lives
    shared.find()
    assert len(loaded(folder)) == 1


@pytest.mark.skipif(os.name != "posix", reason="others have no such modes")
def test_the_key_is_for_the_user_alone(folder: Path, shared: SharedServer) -> None:
    assert len(shared.api_key) >= 32
    assert stat.S_IMODE((folder / "s.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_server_that_died_is_replaced_under_its_key(folder: Path, shared: SharedServer) -> None:
    before = (shared.base_url, shared.api_key)
    os.kill(loaded(folder)[0], signal.SIGTERM)
    assert comes_true(lambda: not shared.lives)
    other = SharedServer(Place(folder, "s"), command(folder))
    other.find()
    shared.find()
    assert (shared.base_url, shared.api_key) == (other.base_url, other.api_key) == before
    assert len(loaded(folder)) == 2
    other.close()


def test_a_stranger_at_the_port_of_a_server_that_died_learns_nothing(
    folder: Path, shared: SharedServer
) -> None:
    heard: list[bytes] = []

    def stranger(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(bytes(32))
            while piece := connection.recv(4096):
                heard.append(piece)
                connection.sendall(bytes(32))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listens = Thread(target=stranger, args=(listening,))
        listens.start()
        folder.mkdir()
        port = listening.getsockname()[1]
        Place(folder, "s").write(Record(port, f"http://127.0.0.1:{port}/v1", "the old key"))
        assert shared.base_url != f"http://127.0.0.1:{port}/v1"
        listens.join()
    assert heard
    assert b"key" not in b"".join(heard)
    assert loaded(folder)


@pytest.mark.parametrize(
    "record", ["{", "[]", '{"port": 1}', '{"port": 99999999, "base_url": "", "key": ""}']
)
def test_a_record_that_makes_no_sense_is_replaced(
    folder: Path, shared: SharedServer, record: str
) -> None:
    folder.mkdir()
    (folder / "s.json").write_text(record)
    shared.find()
    assert shared.lives


def test_who_does_not_know_the_key_does_not_keep_it_running(
    folder: Path, shared: SharedServer
) -> None:
    shared.find()
    record = Place(folder, "s").read()
    assert record
    with socket.create_connection(("127.0.0.1", record.port)) as connection:
        connection.recv(32)
        connection.sendall(bytes(64))
        assert connection.recv(32) == b""
        shared.close()
        assert comes_true(lambda: not any(map(runs, loaded(folder))))


def test_what_cannot_be_loaded_says_why_to_each(folder: Path) -> None:
    for _ in range(2):
        shared = SharedServer(Place(folder, "s"), command(folder, "'x.gguf' is damaged."))
        with pytest.raises(ModelError, match=r"^'x\.gguf' is damaged\.$"):
            shared.find()


@pytest.mark.parametrize("program", [["-c", "pass"], ["-m", "no_such_module"]])
def test_a_process_that_does_not_serve_is_no_server(folder: Path, program: list[str]) -> None:
    with pytest.raises(NoServerError, match="did not begin to serve"):
        SharedServer(Place(folder, "s"), [sys.executable, *program]).find()
    with pytest.raises(NoServerError, match="can be neither found nor started"):
        SharedServer(Place(folder, "s"), ["/no/such/program"]).find()


def test_where_nothing_can_be_written_there_is_no_server(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NoServerError):
        SharedServer(Place(tmp_path / "file", "s"), command(tmp_path)).find()
