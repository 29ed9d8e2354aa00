from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from langgraph.store.memory import InMemoryStore

from guided_profile.graph.errors import ModelError, QuestionError
from guided_profile.graph.records import Call, SentenceUse
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.corrections import (
    LONGEST_SENTENCE,
    MOST_OVERRIDES,
    class_pins,
    correct,
    forbid,
    pin,
)
from guided_profile.tools.profiles.store import ProfileStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [(" ", "I sail."), ("x" * (LONGEST_SENTENCE + 1), "I sail."), ("They row.", "")],
)
async def test_a_correction_that_is_none_writes_nothing(
    history: HistoryStore, wrong: str, right: str
) -> None:
    profiles = ProfileStore(InMemoryStore(), "anna", "assistant")
    with pytest.raises(QuestionError, match="characters"):
        await correct(profiles, wrong, right, history=history, now=NOW)
    assert (history.count("anna"), await profiles.overrides()) == (0, [])


async def test_what_is_right_stands_on_what_the_user_said(history: HistoryStore) -> None:
    profiles = ProfileStore(InMemoryStore(), "anna", "assistant")
    await correct(profiles, "They row.", "I sail.", history=history, now=NOW)
    (said,) = history.list("anna")
    assert (said.text, said.source) == ("I sail.", "correction")
    assert [
        (override.kind, override.text, override.evidence) for override in await profiles.overrides()
    ] == [
        ("forbid", "They row.", ()),
        ("pin", "I sail.", (said.id,)),
    ]


async def test_more_is_refused_than_prompts_can_bear_until_something_is_taken_back(
    history: HistoryStore,
) -> None:
    profiles = ProfileStore(InMemoryStore(), "anna", "assistant")
    for number in range(MOST_OVERRIDES - 1):
        await pin(profiles, f"I own boat {number}.", now=NOW)
    with pytest.raises(QuestionError, match=r"99 sentences .* for 'assistant' .* take some back"):
        await correct(profiles, "They row.", "I sail.", history=history, now=NOW)
    assert history.count("anna") == 0
    await forbid(profiles, "They row.", now=NOW)
    for decide in (pin, forbid):
        with pytest.raises(QuestionError, match="take some back"):
            await decide(profiles, "I sail.", now=NOW)
    kept = await profiles.overrides()
    assert len(kept) == MOST_OVERRIDES
    await profiles.take_back(kept[0])
    await pin(profiles, "I sail.", now=NOW)
    await pin(ProfileStore(profiles.store, "anna", "dialogue"), "I sail.", now=NOW)


async def test_what_a_pin_is_for_is_decided_another_time_if_the_model_fails() -> None:
    profiles = ProfileStore(InMemoryStore(), "anna", "assistant")
    await pin(profiles, "Call me Dr. Berg.", now=NOW)

    class Knows:
        broken = True

        async def uses(self, texts: Sequence[str]) -> tuple[list[SentenceUse], list[Call]]:
            if self.broken:
                raise ModelError("it is down.")
            return ["always" for _ in texts], [Call(stage="verify", seconds=0.0)]

    knows = Knows()
    assert await class_pins(profiles, knows) == []
    assert [override.use for override in await profiles.overrides()] == [None]
    knows.broken = False
    assert len(await class_pins(profiles, knows)) == 1
    assert await class_pins(profiles, knows) == []
    assert [override.use for override in await profiles.overrides()] == ["always"]
