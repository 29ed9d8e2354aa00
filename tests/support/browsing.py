"""The page in a browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def opened(browser: Any, url: str, **options: Any) -> AsyncIterator[Any]:
    """Open the page; whatever it asks another host for, or complains about, fails the test."""
    wrong: list[str] = []
    page = await browser.new_page(**options)
    page.set_default_timeout(10_000)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "request",
        lambda request: request.url.startswith((url, "data:")) or wrong.append(request.url),
    )
    await page.goto(url)
    yield page
    await page.close()
    assert wrong == []
