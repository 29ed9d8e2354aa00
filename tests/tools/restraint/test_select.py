from collections.abc import Sequence
from typing import Any

import pytest
from scripted import ScriptedChat

from guided_profile.graph.records import HeldBack, HistoryItem, Sentence
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.restraint.select import Restraint, Selection, with_room

SHORT = Sentence(text="This person wants short answers.", use="always")
BREAD = Sentence(text="This person bakes rye bread on Sundays.", confidence=0.9)
CELLO = Sentence(text="This person plays the cello in an orchestra.", confidence=0.7)
DEBT = Sentence(text="This person owes money on a credit card.", use="private", evidence=("d",))
KNOWN = (SHORT, BREAD, CELLO, DEBT)


def chat_of(bears: float = 0.9, **more: Any) -> ScriptedChat:
    return ScriptedChat(script=lambda _: "?", bears=lambda request, notes: bears, **more)


async def chosen(
    history: HistoryStore, request: str, chat: ScriptedChat | None = None, **more: Any
) -> Selection:
    return await Restraint(history, chat).select(KNOWN, request, **more)


def reasons(held: Sequence[HeldBack]) -> dict[str, str]:
    return {sentence.text: sentence.reason for sentence in held}


async def test_what_is_near_is_used_and_what_is_always_kept_to(history: HistoryStore) -> None:
    chose = await chosen(history, "Which flour for my rye bread?")
    assert chose.used == (SHORT, BREAD)
    assert reasons(chose.held_back) == {CELLO.text: "off_topic", DEBT.text: "private"}


@pytest.mark.parametrize("request_", ["thanks!", "12 * 12 = ?", " "])
async def test_a_trivial_turn_has_only_what_is_always_kept_to(
    history: HistoryStore, request_: str
) -> None:
    for chat in (None, chat_of(bears=0.1)):
        chose = await chosen(history, request_, chat)
        assert chose.used == (SHORT,)


async def test_what_is_private_waits_until_the_user_raises_it(history: HistoryStore) -> None:
    raised = "How do I get rid of the money I owe on my credit card?"
    assert DEBT in (await chosen(history, raised)).used
    assert DEBT in (await chosen(history, raised, chat_of())).used
    assert DEBT not in (await chosen(history, "Which cello strings?", chat_of())).used


async def test_a_model_says_whether_what_is_near_makes_a_difference(history: HistoryStore) -> None:
    request = "How many grams has a pound of rye bread?"
    chose = await chosen(history, request, chat_of(bears=0.2))
    assert chose.used == (SHORT,)
    assert reasons(chose.held_back)[BREAD.text] == "makes_no_difference"
    assert len(chose.calls) == 2


async def test_what_is_far_is_used_if_the_model_says_so(history: HistoryStore) -> None:
    """A request in another language than the profile's shares no word with it."""
    request = "Welches Mehl nehme ich?"
    assert (await chosen(history, request)).used == (SHORT,)
    assert BREAD in (await chosen(history, request, chat_of())).used


async def test_the_same_request_is_asked_about_once(history: HistoryStore) -> None:
    chat = chat_of()
    restraint = Restraint(history, chat)
    first = await restraint.select(KNOWN, "Which rye flour?")
    again = await restraint.select(KNOWN, "Which rye flour?")
    assert first.used == again.used
    assert (len(first.calls), len(again.calls), len(chat.prompts)) == (2, 0, 2)
    await restraint.select(KNOWN, "Which rye bread?")
    assert len(chat.prompts) == 4


async def test_where_the_endpoint_gives_no_probabilities_nearness_decides(
    history: HistoryStore,
) -> None:
    chat = chat_of(logprobs=False)
    restraint = Restraint(history, chat)
    chose = await restraint.select(KNOWN, "Which flour for my rye bread?")
    assert chose.used == (SHORT, BREAD)
    asked = len(chat.prompts)
    await restraint.select(KNOWN, "And which for white bread?")
    assert len(chat.prompts) == asked, "it is not asked in vain again"


async def test_what_the_conversation_said_lately_is_not_used_again(history: HistoryStore) -> None:
    said = ["hello", "I bake rye bread on Sundays."]
    chose = await chosen(history, "Which flour for my rye bread?", shown=said)
    assert reasons(chose.held_back)[BREAD.text] == "already_in_conversation"
    long_ago = [*said, *["hm"] * 6]
    assert BREAD in (await chosen(history, "Which flour for my rye bread?", shown=long_ago)).used


async def test_items_are_under_the_same_restraint(history: HistoryStore) -> None:
    flour = HistoryItem(text="bought rye flour for bread")
    debt = HistoryItem(id="d", text="the credit card company wrote about rye bread money")
    cello = HistoryItem(text="new cello strings")
    request = "Which flour for my rye bread?"
    items = [flour, debt, cello]
    assert (await chosen(history, request, items=items)).items == (flour,)
    assert (await chosen(history, "thanks!", items=items)).items == ()
    assert (await chosen(history, request, chat_of(bears=0.1), items=items)).items == ()


async def test_a_budget_is_kept_to(history: HistoryStore) -> None:
    request = "Which flour for my rye bread, and what cello music beside?"
    assert (await chosen(history, request)).used == (SHORT, BREAD, CELLO)
    chose = await chosen(history, request, tokens=20)
    assert SHORT in chose.used
    assert "over_budget" in reasons(chose.held_back).values()
    pinned = CELLO.model_copy(update={"pinned": True, "confidence": 0.1})
    assert with_room([BREAD, pinned], 18).used == (pinned,)
    assert with_room(KNOWN, None).used == KNOWN
