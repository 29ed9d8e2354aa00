"""A clock that jumps by years, there and back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from host import Host, agent_of, ask, mark, said_by, writer
from langgraph.store.memory import InMemoryStore
from scripted import ScriptedChat

from guided_profile.apps.assistants.companion import Companion
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.corrections import forbid, pin
from guided_profile.tools.profiles.store import ProfileStore

NOW = datetime(2026, 11, 21, tzinfo=UTC)
JUMPS = [NOW + timedelta(days=365 * years) for years in (0, 70, -40, 1, 7900)]


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def companion(history: HistoryStore, clock: Clock) -> Iterator[Companion]:
    chat = ScriptedChat(script=writer)
    with Companion(chat=chat, history=history, store=InMemoryStore(), clock=clock) as opened:
        yield opened


def test_answers_stay_personal_and_profiles_are_made_in_their_order(
    companion: Companion, clock: Clock
) -> None:
    said = []
    agent = agent_of(companion, Host())
    for jump, clock.now in enumerate(JUMPS):
        text = f"my skillet and my dog Bruno, jump {jump}"
        companion.history.add(
            "anna", [HistoryItem(text=f"skillet and dog {jump}.{n}") for n in range(3**jump)]
        )
        answer = ask(agent, text, thread=str(jump))
        said.append(text)
        assert (mark(answer)["personalized"], mark(answer)["failure"]) == (True, "")
        assert set(said) <= set(said_by(companion, "anna"))
        companion.refresh("anna").result(60)
        known = companion.known("anna", "dog", 100).result(60)
        assert known.profile is not None
        assert known.profile.version == jump + 1  # more is new each time than was old
        assert known.profile.created == clock.now
        assert known.items


async def test_a_decision_after_a_jump_back_is_the_later_one(
    companion: Companion, clock: Clock
) -> None:
    profiles = ProfileStore(companion.store, "anna", "assistant")
    sentence = "This person has a dog named Bruno."
    await pin(profiles, sentence, now=JUMPS[1])
    await forbid(profiles, sentence, now=JUMPS[2])
    assert companion.known("anna", "", 0).result(60).profile is None
    await pin(profiles, sentence, now=JUMPS[0])
    profile = companion.known("anna", "", 0).result(60).profile
    assert profile is not None
    assert [kept.text for kept in profile.sentences] == [sentence]


def test_items_of_all_times_are_kept_in_order_and_found(history: HistoryStore) -> None:
    times = sorted(JUMPS)
    items = [HistoryItem(text=f"a cat, {time:%Y}", time=time) for time in JUMPS]
    for item in items:
        history.add("anna", [item])
    assert [item.time for item in history.list("anna")] == times
    assert len(history.search("anna", "cat", limit=9)) == len(JUMPS)
    assert len(history.list("anna", since=NOW)) == 4
