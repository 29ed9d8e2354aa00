"""What runs in Ray's processes: workers with a graph each, and the ledger of what they finished."""

import asyncio
import pickle
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI

from guided_profile.apps import assembly
from guided_profile.apps.bulk.base import BuildInput, BuildResult, Failed
from guided_profile.apps.bulk.maker import Maker
from guided_profile.apps.privacy import limit_traces
from guided_profile.apps.settings import Settings
from guided_profile.graph.errors import BuildError
from guided_profile.graph.tasks import Task
from guided_profile.tools.models.calls import endpoint_model

MOST_DEATHS = 3
"""How many workers may die at work on a user, who is then given up."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a worker in another process makes profiles with."""

    settings: Settings
    task: Task
    model: str
    base_url: str | None
    api_key: str | None
    timeout: float
    max_tokens: int | None

    @classmethod
    def of(cls, settings: Settings, task: Task, chat: BaseChatModel) -> "Workplace":
        """Take what this process's own model is reached by."""
        assert isinstance(chat, ChatOpenAI)  # as `assembly` makes them
        key = chat.openai_api_key
        return cls(
            settings=settings,
            task=task,
            model=chat.model_name,
            base_url=chat.openai_api_base,
            api_key=None if key is None or callable(key) else key.get_secret_value(),
            timeout=chat.request_timeout if isinstance(chat.request_timeout, float | int) else 120,
            max_tokens=chat.max_tokens,
        )

    def maker(self) -> Maker:
        """Set up what makes profiles, in the process that calls this."""
        limit_traces(self.settings.traces)
        chat = endpoint_model(
            self.model,
            base_url=self.base_url,
            api_key=self.api_key,
            timeout=self.timeout,
            max_tokens=self.max_tokens,
            reasoning_effort=self.settings.reasoning_effort,
        )
        verifier = assembly.verifier(self.settings)
        return Maker(chat, assembly.embedder(self.settings), self.task, verifier)


class Ledger:
    """What workers finished and this process does not have yet; an actor."""

    def __init__(self) -> None:
        self._made: dict[str, BuildResult] = {}
        self._news: list[BuildResult] = []
        self._begun: Counter[str] = Counter()
        self._stopped = False

    def begin(self, user_id: str) -> BuildResult | None:
        """Return what is known of a user; None: they are to be worked on."""
        if user_id in self._made:
            return self._made[user_id]
        if self._stopped:
            return BuildResult(user_id, left=True)
        if self._begun[user_id] == MOST_DEATHS:
            died = f"{MOST_DEATHS} workers died at work on this user or on one beside."
            return BuildResult(user_id, failed=Failed(user_id, BuildError.__name__, died))
        self._begun[user_id] += 1
        return None

    def finish(self, made: BuildResult) -> None:
        """Take what became of a user."""
        self._made[made.user_id] = made
        self._news.append(made)

    def news(self) -> list[BuildResult]:
        """Return what was finished since this was last asked."""
        news, self._news = self._news, []
        return news

    def collected(self, user_ids: Collection[str]) -> None:
        """Forget users, of whom this process has everything."""
        for user_id in user_ids:
            self._made.pop(user_id, None)
            self._begun.pop(user_id, None)

    def stop(self) -> None:
        """Have no further user begun."""
        self._stopped = True


class Worker:
    """An actor that works on the users of a batch."""

    def __init__(self, place: Workplace, ledger: Any, concurrency: int) -> None:
        self._maker, self._ledger = place.maker(), ledger
        self._at_once = asyncio.Semaphore(concurrency)
        self._loop = asyncio.Runner()

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[bytes]]:
        """Work on a batch of pickled users; return pickled what became of them."""
        users = [pickle.loads(user) for user in batch["user"]]
        made = self._loop.run(self._make_all(users))
        return {"made": [pickle.dumps(result) for result in made]}

    async def _make_all(self, users: list[BuildInput]) -> list[BuildResult]:
        return await asyncio.gather(*map(self._make, users))

    async def _make(self, user: BuildInput) -> BuildResult:
        async with self._at_once:
            known: BuildResult | None = await self._ledger.begin.remote(user.user_id)
            if known is not None:
                return known
            made = await self._maker.make(user)
            await self._ledger.finish.remote(made)
            return made
