"""A real Postgres that hangs, with its connections open: keys cannot be checked, and soon can."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from postgres_server import postgres_server

from guided_profile.apps.server.access.tokens import UncheckedError, Verifier
from guided_profile.apps.server_settings import ServerSettings

pytestmark = pytest.mark.live


def test_keys_cannot_be_checked_while_it_hangs_and_can_again_after_it() -> None:
    with postgres_server() as server:
        from guided_profile.apps.server.access.key_table import KeyTable

        settings = ServerSettings(
            auth=frozenset({"keys"}), keys=Path("none"), database_url=server.url
        )
        table = KeyTable(server.url)
        _, key = table.add("anna", admin=False, now=datetime.now(UTC))
        verifier, asked = Verifier(settings), [(b"authorization", f"Bearer {key}".encode())]
        assert verifier.caller(asked).user_id == "anna"
        server.hang()
        try:
            for most in (15.0, 0.5):
                began = time.monotonic()
                with pytest.raises(UncheckedError):
                    verifier.caller(asked)
                assert time.monotonic() - began < most
        finally:
            server.hang(ends=True)
        time.sleep(5.5)
        assert verifier.caller(asked).user_id == "anna"
        table.close()
