"""The bench beside mem0 and LangMem: that it counts what happens."""

from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import pytest

from guided_profile.evals import bench_peers
from guided_profile.evals.bench_peers import USERS, Scripted, broken, cost, isolation
from guided_profile.graph.state import HistoryItem

INSTALLED = [name for name in ("mem0", "langmem") if find_spec(name)]


async def test_ours_takes_items_in_without_a_call_and_answers_warm_from_the_profile() -> None:
    taken, cold, warm, sentences = await cost("ours", 6, 3, 0.0)
    assert taken.startswith("6 items taken in: 0 calls, 0 tokens in")
    assert int(cold.split(": ")[1].split()[0]) > 2  # the profile is made
    assert warm.startswith("2 questions, warm: 4 calls")  # the check and the answer, each
    assert float(sentences.split(": ")[1]) > 0


@pytest.mark.parametrize("name", INSTALLED)
async def test_a_peer_calls_the_model_for_each_item(name: str) -> None:
    taken, cold, _, memories = await cost(name, 3, 2, 0.0)
    assert taken.startswith("3 items taken in: 3 calls")
    assert cold.startswith("1st question, cold: 3 calls")
    assert float(memories.split(": ")[1]) > 0
    assert (await broken(name)).endswith("shows 0 of them")
    assert f"{USERS} users at once: 0 items of others" in await isolation(name, 0.0)


@dataclass
class Leaky:
    """Shows everybody's items to everybody."""

    chat: Scripted
    items: list[str] = field(default_factory=list)

    async def take_in(self, user_id: str, items: Sequence[HistoryItem]) -> None:
        self.items += [item.text for item in items]

    async def ask(self, user_id: str, question: str) -> int:
        await self.chat.ainvoke("\n".join(self.items))
        return len(self.items)


async def test_items_of_others_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def opened(name: str, chat: Scripted) -> Any:
        yield Leaky(chat)

    monkeypatch.setattr(bench_peers, "opened", opened)
    told = await isolation("leaky", 0.0)
    assert int(told.split(": ")[1].split()[0]) > USERS
