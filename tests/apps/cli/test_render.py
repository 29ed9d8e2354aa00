from datetime import UTC, datetime

import pytest
from rich.console import Console, RenderableType

from guided_profile.apps.cli import render
from guided_profile.graph.records import Cost, HistoryItem, Profile, Sentence, SentenceWorth, Worth
from guided_profile.graph.state import Abstained, Answered

ITEM = HistoryItem(id="rye", text="two rye loaves", source="notes")
ITEMS = {ITEM.id: ITEM}


def shown(what: RenderableType) -> str:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(what)
    return capture.get()


def profile(*sentences: Sentence) -> Profile:
    return Profile(
        task="dialogue",
        sentences=sentences,
        guidance="",
        fingerprint="",
        model="m",
        created=datetime(2025, 1, 1, tzinfo=UTC),
        cost=Cost(),
    )


def test_a_sentence_is_shown_with_its_verdict_and_evidence() -> None:
    stated = Sentence(text="They bake rye.", verdict="stated", evidence=("rye",), confidence=0.667)
    inferred = stated.model_copy(update={"text": "They bake.", "verdict": "inferred"})
    said = shown(render.profile(profile(stated, inferred, Sentence(text="They sing.")), ITEMS))
    assert "1. They bake rye.  stated, 67% sure" in said
    assert "2. They bake.  probably: inferred, 67% sure" in said
    assert said.count("“two rye loaves” (notes, rye)") == 2
    assert "3. ✗ They sing." in said
    assert "nothing in the history supports this: not used" in said
    assert said.count("sure") == 2


def test_what_the_history_contradicts_is_shown_with_the_item_that_does() -> None:
    denied = Sentence(text="They bake no rye.", verdict="contradicted", against=("rye",))
    said = shown(render.profile(profile(denied), ITEMS))
    assert "1. ✗ They bake no rye." in said
    assert "the history contradicts this: not used" in said
    assert "“two rye loaves” (notes, rye)" in said


def test_what_a_user_pinned_is_shown_as_theirs_whatever_supports_it() -> None:
    said = shown(render.profile(profile(Sentence(text="They sing.", pinned=True)), ITEMS))
    assert "1. They sing.  pinned" in said
    assert "not used" not in said


def test_an_answer_that_nothing_supports_says_so() -> None:
    nothing = "Nothing in the history says this directly."
    assert nothing in shown(render.answer(Answered(text="Opera."), {}))
    said = shown(render.answer(Answered(text="Rye.", evidence=("rye",)), ITEMS))
    assert "because of" in said
    assert nothing not in said


def test_an_abstention_says_how_often_it_was_tried() -> None:
    given = Abstained(reason="declined", detail="Cannot tell.", tries=2)
    assert "Tried 3 times.\n" in shown(render.answer(given, {})).replace(" \n", "\n")


@pytest.mark.parametrize(
    ("gain", "says"),
    [
        (0.7, "The profile helps: their own past is 2.0 times as likely with it."),
        (-0.7, "The profile misleads: their own past is 2.0 times less likely with it."),
        (0.3, "The profile neither helps nor misleads"),
    ],
)
def test_what_a_profile_is_worth_is_said_in_words(gain: float, says: str) -> None:
    lowers = SentenceWorth(text="They sing.", gain=-0.4, error=0.1, items=4)
    unclear = SentenceWorth(text="They row.", gain=-0.1, error=0.2, items=4)
    made = datetime(2025, 1, 1, tzinfo=UTC)
    worth = Worth(
        gain=gain,
        error=0.2,
        items=8,
        model="m",
        measured=made,
        sentences=(lowers, unclear),
        examples=("rye",),
    )
    said = shown(render.worth(worth, ITEMS))
    assert says in said
    assert f"{gain:+.2f} ± 0.20 nats" in said
    assert "✗ They sing." in said
    assert "They row." not in said
    assert "two rye loaves" in said
    proven = profile(Sentence(text="They bake.")).model_copy(update={"worth": worth})
    assert says in shown(render.profile(proven, ITEMS))


def test_a_worth_that_could_not_be_measured_says_why() -> None:
    worth = Worth(note="Too few.", model="m", measured=datetime(2025, 1, 1, tzinfo=UTC))
    assert "is not known. Too few." in shown(render.worth(worth, ITEMS))
