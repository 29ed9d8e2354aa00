"""Keys in a Postgres that is down, or that hangs: it is said soon, and nobody is let in."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from proxied import KEY

from guided_profile.apps.proxy.problems import ProxyError
from guided_profile.apps.proxy.settings import ProxySettings
from guided_profile.apps.proxy.users import Users
from guided_profile.apps.server.access.tokens import UncheckedError, Verifier
from guided_profile.apps.server_settings import ServerSettings

postgres = pytest.importorskip("guided_profile.tools.profiles.postgres")
ASKED = [(b"authorization", b"Bearer gp_0123456789ab_secret")]
_WELCOME = b"R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I"
"""As Postgres lets a user in without a password, and is ready."""


@contextmanager
def hanging(welcome: bytes) -> Iterator[int]:
    """Take connections, say one thing on each, and then nothing any more."""

    def serve() -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            lines.append(line)
            if line.recv(4096)[4:8] == b"\x04\xd2\x16\x2f":  # a wish for TLS
                line.sendall(b"N")
                line.recv(4096)
            line.sendall(welcome)

    lines: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
    for line in lines:
        line.close()


def verifier(port: int) -> Verifier:
    url = f"postgresql://anna:hidden@127.0.0.1:{port}/profiles"
    return Verifier(ServerSettings(auth=frozenset({"keys"}), keys=Path("none"), database_url=url))


def seconds_until_refused(of: Verifier) -> float:
    began = time.monotonic()
    with pytest.raises(UncheckedError, match="try again in 5 s") as raised:
        of.caller(ASKED)
    assert "hidden" not in str(raised.value)
    return time.monotonic() - began


@pytest.mark.parametrize("welcome", [b"", _WELCOME], ids=["at once", "once connected"])
def test_a_database_that_hangs_holds_nobody_up(
    welcome: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guided_profile.apps.server.access.key_table.WITHIN", 1)
    monkeypatch.setitem(postgres.CONNECTING, "connect_timeout", 2)
    with hanging(welcome) as port:
        of = verifier(port)
        assert seconds_until_refused(of) < 10
        assert seconds_until_refused(of) < 0.5  # nobody waits for it again


def test_a_database_that_is_down_is_no_fault_of_who_asks() -> None:
    settings = ProxySettings(key=KEY)
    with pytest.raises(ProxyError) as raised:
        asyncio.run(Users(settings, verifier(9)).sender(ASKED, "203.0.113.7"))
    answer = raised.value.response()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert b"keys_unavailable" in answer.body
