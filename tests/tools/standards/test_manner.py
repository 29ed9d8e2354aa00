"""What is counted of how a person writes, and what a text misses of it."""

import pytest

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.evidence import style
from guided_profile.tools.standards.manner import Manner, own_texts

SMALL = Manner(
    (
        "idk man just fix the potholes",
        "tbh i dont get the hype",
        "rn the cat sleeps on the printer",
        "ppl who park there should walk",
    )
)
ORDERLY = Manner(
    ("The gate is repaired.", "We read until late.", "It rained, so we went in.", "All is well.")
)
KLEIN = Manner(("hab heut nix geschafft", "weiß jmd ob der bus fährt", "bin grad im zug"))


def test_a_text_misses_what_the_person_does_in_nearly_all_of_theirs() -> None:
    missed = SMALL.missed("Why does nobody answer the phone? I have been waiting.")
    assert any("writes everything in lower case (4 of 4 texts)" in habit for habit in missed)
    assert any("abbreviations, such as" in habit and "tbh" in habit for habit in missed)
    assert SMALL.missed("why does nobody answer tbh") == []


def test_a_text_misses_what_the_person_never_does() -> None:
    assert any("ends with a full stop" in habit for habit in ORDERLY.missed("It rained"))
    dashed = ORDERLY.missed("It rained — we went in.")
    assert dashed == [] or all("dashes" in habit for habit in dashed)
    assert any("CAPITALS" in habit for habit in ORDERLY.missed("It NEVER rained."))


def test_every_script_is_counted_by_its_own_signs() -> None:
    assert any("lower case" in habit for habit in KLEIN.missed("Ich komme morgen"))
    assert KLEIN.missed("ich komme morgen") == []
    japanese = Manner(("今日めっちゃ寒い", "眠すぎてむり", "ラーメン食べたい", "だれか傘かして"))
    assert any("punctuation" in habit for habit in japanese.missed("明日は行けません。"))
    assert japanese.missed("明日いけない") == []


def test_one_text_alone_is_not_decisive() -> None:
    assert Manner(("no stop here",)).share(style.OPEN_END) < 0.8
    assert Manner(("no stop here",) * 9).share(style.OPEN_END) > 0.8


def test_distance_is_less_for_a_text_in_the_persons_way() -> None:
    formal, small = "The printer does not work.", "the printer doesnt work"
    assert SMALL.distance(small) < SMALL.distance(formal)
    assert ORDERLY.distance(formal) < ORDERLY.distance(small)
    assert SMALL.distance("") == 1.0


@pytest.mark.parametrize("source", ["chat", "posts"])
def test_what_others_wrote_and_what_was_bought_is_not_their_writing(source: str) -> None:
    said = HistoryItem(text="idk", source=source)
    other = HistoryItem(text="HEY!!", source=source, role="other")
    bought = HistoryItem(text="Cast Iron Pan, 26 cm", source="purchases", kind="did")
    assert own_texts([bought, other, said]) == ("idk",)
    assert own_texts([bought, other]) == ("Cast Iron Pan, 26 cm",)
