"""Work beside a host's own ends, whatever its resources do at the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from guided_profile.apps.background import Background


def test_it_ends_though_a_resource_was_cancelled_at_its_end() -> None:
    @asynccontextmanager
    async def hanging() -> AsyncIterator[str]:
        try:
            yield "open"
        finally:
            raise asyncio.CancelledError

    ended: list[str] = []
    background = Background()
    background.at_end(lambda: ended.append("the rest"))
    assert background.enter(hanging()) == "open"
    background.close()
    assert ended == ["the rest"]
    with pytest.raises(RuntimeError, match="closed"):
        background.start(asyncio.sleep(0))
