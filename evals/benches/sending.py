"""Users who send requests to servers, and what was seen of these meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from time import perf_counter
from typing import Any

import aiohttp

from guided_profile.evals.benches.writes import THINGS, an_item
from guided_profile.graph.errors import HistoryError

ITEMS = 60
"""Of a user to begin with."""
ASKS = 4
"""Questions between two items that are written."""


@dataclass
class Turn:
    """What was seen of a server in one turn."""

    asks: list[float] = field(default_factory=list)
    """Seconds that each took."""
    writes: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    processor: dict[str, float] = field(default_factory=dict)
    """Seconds of each part, and of what else ran on the machine (`others`)."""

    @property
    def requests(self) -> int:
        """How many were answered."""
        return len(self.asks) + len(self.writes)

    @property
    def a_second(self) -> float:
        """How many were answered in a second."""
        return self.requests / self.seconds

    def each(self, part: str) -> float:
        """Processor seconds of a part for each request."""
        return self.processor[part] / self.requests


class Users:
    """Who sends the requests, each one after the other."""

    def __init__(self, session: aiohttp.ClientSession, users: int) -> None:
        """Begin with nobody having sent anything."""
        self._session, self.users = session, users
        self._items = [ITEMS] * users
        self._sent = [0] * users
        self._questions, self._turns = count(), count()

    async def prepare(self, urls: Sequence[str], at_once: int) -> None:
        """Give each user a history and a profile."""
        places = asyncio.Semaphore(at_once)

        async def user(number: int) -> None:
            async with places:
                turn = Turn()
                await self._write(urls, number, range(ITEMS), turn)
                await self._ask(urls, number, turn)
                if turn.failed:
                    raise HistoryError(f"a user could not be prepared: {dict(turn.failed)}.")

        await asyncio.gather(*(user(number) for number in range(self.users)))

    async def send(self, urls: Sequence[str], at_once: int, seconds: float) -> Turn:
        """Send requests at so many places at once, each again when it has an answer."""
        turn, until = Turn(), perf_counter() + seconds

        async def place(first: int) -> None:
            while perf_counter() < until:
                for number in range(first, self.users, at_once):
                    if perf_counter() >= until:
                        return
                    await self._next(urls, number, turn)

        began = perf_counter()
        await asyncio.gather(*(place(first) for first in range(at_once)))
        turn.seconds = perf_counter() - began
        return turn

    async def _next(self, urls: Sequence[str], number: int, turn: Turn) -> None:
        self._sent[number] += 1
        if (self._sent[number] + number) % (ASKS + 1):  # not all users write at the same time
            await self._ask(urls, number, turn)
        else:
            at = self._items[number]
            self._items[number] += 1
            await self._write(urls, number, range(at, at + 1), turn)

    async def _ask(self, urls: Sequence[str], number: int, turn: Turn) -> None:
        asked = next(self._questions)
        question = f"What did I do with {THINGS[asked % len(THINGS)]} of no. {asked}?"
        await self._post(urls, "ask", number, {"question": question}, turn, turn.asks)

    async def _write(self, urls: Sequence[str], number: int, items: range, turn: Turn) -> None:
        texts = [{"text": an_item(item).text, "source": "chat"} for item in items]
        await self._post(urls, "history", number, {"items": texts}, turn, turn.writes)

    async def _post(
        self, urls: Sequence[str], path: str, number: int, body: Any, turn: Turn, took: list[float]
    ) -> None:
        url = f"{urls[next(self._turns) % len(urls)]}/{path}"
        user = {"user": f"user-{number}"}
        began = perf_counter()
        try:
            async with self._session.post(url, params=user, json=body) as answer:
                await answer.read()
                status = answer.status
        except aiohttp.ClientError as error:
            turn.failed[type(error).__name__] += 1
            return
        if status >= 400:
            turn.failed[str(status)] += 1
        else:
            took.append(perf_counter() - began)
