from datetime import UTC, datetime

from rich.console import Console, RenderableType

from guided_profile.apps import render
from guided_profile.graph.state import Abstained, Answered, Cost, HistoryItem, Profile, Sentence

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


def test_a_sentence_is_shown_with_its_confidence_and_evidence() -> None:
    sentence = Sentence(text="They bake rye.", evidence=("rye",), support=0.8, confidence=0.667)
    said = shown(render.profile(profile(sentence, Sentence(text="They sing.")), ITEMS))
    assert "1. They bake rye.  confidence 67%" in said
    assert "“two rye loaves” (notes, rye)" in said
    assert "2. ✗ They sing." in said
    assert said.count("confidence") == 1


def test_a_record_from_before_confidence_was_kept_shows_none() -> None:
    old = Sentence.model_validate({"text": "They bake rye.", "evidence": ["rye"], "support": 0.8})
    assert "confidence" not in shown(render.profile(profile(old), ITEMS))


def test_an_answer_that_nothing_supports_says_so() -> None:
    nothing = "Nothing in the history says this directly."
    assert nothing in shown(render.answer(Answered(text="Opera."), {}))
    said = shown(render.answer(Answered(text="Rye.", evidence=("rye",)), ITEMS))
    assert "because of" in said
    assert nothing not in said


def test_an_abstention_says_how_often_it_was_tried() -> None:
    given = Abstained(reason="declined", detail="Cannot tell.", tries=2)
    assert "Tried 3 times.\n" in shown(render.answer(given, {})).replace(" \n", "\n")
