from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import pytest

from guided_profile.tools.embedders import advice
from guided_profile.tools.embedders.advice import LOOKED_AT, MOST_USERS, SHOWN, suggest_multilingual
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.embedders.minilm import MiniLMEmbedder

ENGLISH_ONLY = MiniLMEmbedder.id


class Language(NamedTuple):
    code: str
    name: str


class Detector:
    """Takes texts with an umlaut for German, with "the" for English, and knows no others."""

    def __init__(self) -> None:
        self.shown: list[Sequence[str]] = []

    def __call__(self, texts: Sequence[str]) -> Language | None:
        self.shown.append(texts)
        together = " ".join(texts)
        if "ü" in together:
            return Language("de", "German")
        return Language("en", "English") if "the" in together else None


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch) -> Detector:
    monkeypatch.setattr(advice, "_settled", {})
    return Detector()


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    return lambda: [record.getMessage() for record in caplog.records]


def test_each_user_whose_history_is_not_english_is_reported_once(
    detector: Detector, warnings: Callable[[], list[str]]
) -> None:
    for user in ("anna", "anna", "ben", "anna"):
        suggest_multilingual(user, ["Grüße aus Köln"], ENGLISH_ONLY, detector)
    assert len(warnings()) == len(detector.shown) == 2
    assert "'anna' is in German" in warnings()[0]
    assert "GUIDED_PROFILE_EMBEDDER=multilingual" in warnings()[0]
    assert "'ben'" in warnings()[1]
    assert "Grüße" not in "".join(warnings())


def test_english_and_embedders_that_know_other_languages_need_no_advice(
    detector: Detector, warnings: Callable[[], list[str]]
) -> None:
    for _ in range(2):
        suggest_multilingual("anna", ["in the hills"], ENGLISH_ONLY, detector)
    assert len(detector.shown) == 1
    suggest_multilingual("ben", ["Grüße"], LexicalEmbedder().id, detector)
    suggest_multilingual("ben", ["Grüße"], "text-embedding-3-small", detector)
    assert len(detector.shown) == 1
    assert warnings() == []


def test_a_user_whose_language_is_not_clear_yet_is_looked_at_again(
    detector: Detector, warnings: Callable[[], list[str]]
) -> None:
    suggest_multilingual("anna", ["ok"], ENGLISH_ONLY, detector)
    suggest_multilingual("anna", [], ENGLISH_ONLY, detector)
    assert warnings() == []
    suggest_multilingual("anna", ["für dich"], ENGLISH_ONLY, detector)
    assert detector.shown == [["ok"], ["für dich"]]
    assert len(warnings()) == 1


def test_only_the_beginning_of_a_few_texts_is_looked_at(detector: Detector) -> None:
    def texts() -> Iterator[str]:
        for _ in range(LOOKED_AT):
            yield "x" * 10_000
        pytest.fail("more was taken")

    suggest_multilingual("anna", texts(), ENGLISH_ONLY, detector)
    assert [len(text) for text in detector.shown[0]] == [SHOWN] * LOOKED_AT


def test_no_more_users_are_remembered_than_there_is_room_for(detector: Detector) -> None:
    for number in range(MOST_USERS + 1):
        suggest_multilingual(str(number), ["the"], ENGLISH_ONLY, detector)
    asked = len(detector.shown)
    suggest_multilingual(str(MOST_USERS), ["the"], ENGLISH_ONLY, detector)
    assert len(detector.shown) == asked
    suggest_multilingual("0", ["the"], ENGLISH_ONLY, detector)
    assert len(detector.shown) == asked + 1
    assert len(advice._settled) == MOST_USERS  # it would grow for as long as a server runs
