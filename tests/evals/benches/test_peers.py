"""The bench beside mem0 and LangMem: that it counts what happens."""

from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import pytest

from guided_profile.evals.benches import peers
from guided_profile.evals.benches.peers import (
    USERS,
    Phase,
    Scripted,
    SystemAnswer,
    broken,
    isolation,
    scripted_turn,
    table,
)
from guided_profile.graph.records import Cost, HistoryItem
from guided_profile.tools.embedders.base import Embedder

INSTALLED = [name for name in ("mem0", "langmem") if find_spec(name)]


async def test_ours_takes_items_in_without_a_call_and_answers_warm_with_one() -> None:
    taken, cold, warm = await scripted_turn("ours", 6, 3, 0.0)
    assert (taken.what, taken.cost.calls) == ("6 items", 0)
    assert cold.cost.calls > 2  # the profile is made
    assert (warm.what, warm.cost.calls, len(warm.replies)) == ("2 more", 2, 2)
    assert all(reply.known for reply in (*cold.replies, *warm.replies))


async def test_raw_history_is_all_of_it_in_each_prompt() -> None:
    few, many = [await scripted_turn("raw", items, 2, 0.0) for items in (40, 200)]
    assert [phase.cost.calls for phase in many] == [0, 1, 1]
    assert many[2].cost.input_tokens > 4 * few[2].cost.input_tokens


@pytest.mark.parametrize("name", INSTALLED)
async def test_a_peer_calls_the_model_for_each_item(name: str) -> None:
    taken, cold, warm = await scripted_turn(name, 3, 2, 0.0)
    assert [phase.cost.calls for phase in (taken, cold, warm)] == [3, 1, 1]
    assert all(reply.known for reply in (*cold.replies, *warm.replies))
    assert (await broken(name)).endswith("shows 0 of them")
    assert f"{USERS} users at once: 0 items of others" in await isolation(name, 0.0)


@pytest.mark.live
async def test_a_turn_on_the_embedded_model_counts_what_it_took() -> None:
    bought = ("a cast iron pan, since the coated one peeled", "gochujang, the mild one")
    items = [HistoryItem(text=text, source="purchases") for text in bought]
    taken, cold, warm = await peers.model_turn("ours", items)
    assert taken.cost.calls == 0
    assert cold.cost.calls >= 1
    assert warm.cost.calls == len(warm.replies) == 4
    assert cold.cost.input_tokens
    assert warm.cost.output_tokens
    assert all(reply.text for reply in (*cold.replies, *warm.replies))


def test_the_table_shows_the_median_and_the_spread_of_the_rounds() -> None:
    cost = Cost(calls=3, input_tokens=1200, output_tokens=30, cached_tokens=7)
    rounds = [
        [Phase("ours", "2 more", cost, seconds, (SystemAnswer(3, "a"), SystemAnswer(4, "b")))]
        for seconds in (0.5, 0.2, 0.4)
    ]
    line = table(rounds).splitlines()[-1]
    assert line == "| ours | 2 more | 3 | 1,200 (7) | 30 | 0.4 [0.2, 0.5] | 3.5 |"


@dataclass
class Leaky:
    """Shows everybody's items to everybody."""

    chat: Scripted
    items: list[str] = field(default_factory=list)

    async def take_in(self, user_id: str, items: Sequence[HistoryItem]) -> None:
        self.items += [item.text for item in items]

    async def ask(self, user_id: str, question: str) -> SystemAnswer:
        await self.chat.ainvoke("\n".join(self.items))
        return SystemAnswer(len(self.items), "")


async def test_items_of_others_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def opened(name: str, chat: Scripted, embedder: Embedder) -> Any:
        yield Leaky(chat)

    monkeypatch.setattr(peers, "opened", opened)
    report = await isolation("leaky", 0.0)
    assert int(report.split(": ")[1].split()[0]) > USERS
