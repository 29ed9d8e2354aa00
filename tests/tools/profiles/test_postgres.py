"""The Postgres of the profiles, without one: its addresses and its locks."""

import pytest

from guided_profile.graph.errors import ProfilesError
from guided_profile.tools.profiles.build_locks import BuildLocks

postgres = pytest.importorskip("guided_profile.tools.profiles.postgres")
NOBODY = "postgresql://anna:hidden@127.0.0.1:9/profiles?password=hidden"


async def test_what_cannot_be_reached_is_said_without_its_password() -> None:
    with pytest.raises(
        ProfilesError, match=r"127\.0\.0\.1:9/profiles could not be opened"
    ) as failed:
        async with postgres.open_database(NOBODY):
            pass
    assert "hidden" not in str(failed.value)
    assert failed.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://anna:pw@host:5432/db?password=pw", "host:5432/db"),
        ("postgresql:///db?host=/tmp", "this machine/db"),
    ],
)
def test_a_place_is_shown_without_what_is_secret(url: str, place: str) -> None:
    assert postgres.place_of(url) == place


def test_locks_that_cannot_be_asked_are_an_error_and_let_go_of_nothing() -> None:
    locks = BuildLocks(NOBODY, "there")
    locks.let_go("a", "me")
    with pytest.raises(ProfilesError, match="does not say who makes a profile") as failed:
        locks.take("a", "me").result()
    assert "hidden" not in str(failed.value)
    locks.close()
