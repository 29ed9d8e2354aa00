"""What an answer cites as its own evidence, through the whole workflow."""

from typing import Any

import pytest
from asked import writes_profile
from scripted import ScriptedChat

from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import Answered
from guided_profile.tools.history.store import HistoryStore

BAKER = [
    HistoryItem(id="rye", text="sunday: two rye loaves, better crumb tbh"),
    HistoryItem(id="case", text="phone case, black", source="purchases"),
    HistoryItem(id="cat", text="ngl the cat sleeps in the flour"),
    HistoryItem(id="crock", text="fermentation crock for sauerkraut", source="purchases"),
]
TOPIC = "This person bakes rye loaves on Sunday. This person has a black phone case."
STYLE = "This person writes in lower case. This person uses abbreviations."


async def answer(
    history: HistoryStore, task: str, reply: str | dict[str, float], **context: Any
) -> Answered:
    history.add("baker", BAKER)

    def said(prompt: str) -> str | dict[str, float]:
        if prompt.endswith("Answer Yes or No."):
            return {"Yes": 0.9, "No": 0.1}
        if writes_profile(prompt) or "Turn each observation" in prompt:
            return STYLE if task == "paraphrase" else TOPIC
        return reply

    options = ["Tin for two rye loaves", "Leather phone case", "Opera tickets"]
    graph = build_graph(chat=ScriptedChat(script=said), history=history)
    out = await graph.ainvoke(
        {"question": "What next?", "options": options if task == "preference" else []},
        context=Context(user_id="baker", task=task, max_retries=0, **context),
    )
    assert isinstance(out["answer"], Answered), out["answer"]
    return out["answer"]


@pytest.mark.parametrize(
    ("reply", "evidence"),
    [
        ("I bake two rye loaves on Sunday.", ("rye",)),
        ("My cat sleeps in the flour. I bought a black phone case.", ("case", "cat")),
        ("I would love to see the opera in Vienna.", ()),
        ("...", ()),
    ],
)
async def test_a_text_cites_what_supports_it_and_not_what_the_profile_cites(
    history: HistoryStore, reply: str, evidence: tuple[str, ...]
) -> None:
    given = await answer(history, "dialogue", reply)
    assert given.profile
    assert {id_ for sentence in given.profile.supported for id_ in sentence.evidence} == {
        "rye",
        "case",
    }
    assert tuple(sorted(given.evidence)) == evidence


async def test_what_the_profile_cites_counts_though_it_was_not_recalled(
    history: HistoryStore,
) -> None:
    given = await answer(history, "dialogue", "Two rye loaves, on Sunday.", sees=("profile",))
    assert given.evidence == ("rye",)


async def test_without_history_in_sight_nothing_is_cited(history: HistoryStore) -> None:
    given = await answer(history, "dialogue", "I bake two rye loaves on Sunday.", sees=())
    assert given.evidence == ()


@pytest.mark.parametrize(("letter", "evidence"), [("A", ("rye",)), ("B", ("case",)), ("C", ())])
async def test_a_choice_cites_the_items_that_speak_for_the_chosen_option(
    history: HistoryStore, letter: str, evidence: tuple[str, ...]
) -> None:
    rotated = {"A": "Tin for two rye loaves", "B": "Leather phone case", "C": "Opera tickets"}
    history.add("baker", BAKER)

    def said(prompt: str) -> str | dict[str, float]:
        if writes_profile(prompt):
            return TOPIC
        lines = [line for line in prompt.splitlines() if line.endswith(rotated[letter])]
        return {lines[-1][0]: 1.0} if lines else "Bread"

    graph = build_graph(chat=ScriptedChat(script=said), history=history)
    out = await graph.ainvoke(
        {"question": "What next?", "options": list(rotated.values())},
        context=Context(user_id="baker", task="preference", max_retries=0),
    )
    assert out["answer"].text == rotated[letter]
    assert out["answer"].evidence == evidence


async def test_a_rewritten_text_cites_the_profiles_evidence_of_style(
    history: HistoryStore,
) -> None:
    given = await answer(history, "paraphrase", "the phone is not answered tbh")
    assert given.profile
    assert set(given.evidence) == {id_ for s in given.profile.supported for id_ in s.evidence}
    assert 0 < len(given.evidence) <= 5
