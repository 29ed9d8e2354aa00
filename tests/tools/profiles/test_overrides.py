from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from guided_profile.graph.records import Cost, Profile, Sentence
from guided_profile.tools.embedders.base import alike
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.profiles.overrides import apply_overrides
from guided_profile.tools.profiles.store import Override

EMBEDDER = LexicalEmbedder()
START = datetime(2025, 1, 1, tzinfo=UTC)


def by_words(texts: Sequence[str]) -> NDArray[np.float64]:
    vectors = np.asarray(EMBEDDER.embed_documents(list(texts)), dtype=np.float32)
    return alike(EMBEDDER, vectors @ vectors.T)


def profile(*sentences: str) -> Profile:
    return Profile(
        task="dialogue",
        sentences=tuple(Sentence(text=text, evidence=("a",)) for text in sentences),
        guidance="",
        fingerprint="",
        model="m",
        created=START,
        cost=Cost(),
    )


def overrides(*kinds_and_texts: str) -> list[Override]:
    return [
        Override.model_validate(
            {"kind": wish.split(": ")[0], "text": wish.split(": ")[1], "time": START + timedelta(n)}
        )
        for n, wish in enumerate(kinds_and_texts)
    ]


CAT, BIKE = "This person has a cat named Miso.", "This person commutes by bicycle."


@pytest.mark.parametrize(
    ("decided", "left"),
    [
        ((), [CAT, BIKE]),
        ((f"forbid: {CAT}",), [BIKE]),
        (("forbid: THIS person has a cat named Miso!",), [BIKE]),
        (("forbid: They feed the cat Miso.",), [CAT, BIKE]),  # says something else
        (("forbid: A cat named Miso.",), [BIKE]),
        ((f"pin: {BIKE}",), [BIKE, CAT]),
        (("pin: This person sails.",), ["This person sails.", CAT, BIKE]),
        ((f"pin: {CAT}", f"forbid: {CAT}"), [BIKE]),
        ((f"forbid: {CAT}", f"pin: {CAT}"), [CAT, BIKE]),
        ((f"pin: {CAT}", f"pin: {CAT}"), [CAT, BIKE]),
        (
            ("pin: I live in LA.", "pin: I work in IT."),
            ["I live in LA.", "I work in IT.", CAT, BIKE],
        ),
        (("pin: 吃素。", "forbid: 怕狗。"), ["吃素。", CAT, BIKE]),
        (("pin: 吃素。", "forbid: 吃素。"), [CAT, BIKE]),
        (("pin: Она любит чай.", "forbid: она любит ЧАЙ"), [CAT, BIKE]),
        (("forbid: ...",), [CAT, BIKE]),
    ],
)
def test_the_last_override_of_a_sentence_holds(decided: tuple[str, ...], left: list[str]) -> None:
    made = apply_overrides(profile(CAT, BIKE), overrides(*decided), by_words)
    assert [sentence.text for sentence in made.sentences] == left


@pytest.mark.parametrize(("likeness", "left"), [(0.99, [CAT, BIKE]), (1.0, [BIKE]), (1.5, [BIKE])])
def test_what_says_the_same_in_other_words_is_forbidden_too(
    likeness: float, left: list[str]
) -> None:
    def so_alike(texts: Sequence[str]) -> NDArray[np.float64]:
        near = np.eye(len(texts))
        near[texts.index("They keep Miso."), texts.index(CAT)] = likeness
        return near

    made = apply_overrides(profile(CAT, BIKE), overrides("forbid: They keep Miso."), so_alike)
    assert [sentence.text for sentence in made.sentences] == left


def test_a_pinned_sentence_reaches_the_response_even_without_evidence() -> None:
    made = apply_overrides(profile(CAT), overrides("pin: This person sails."), by_words)
    assert made.sentences[0].pinned
    assert made.sentences[0].verdict == "stated"
    assert made.sentences[0] in made.supported


def test_texts_are_compared_all_at_once() -> None:
    compared: list[Sequence[str]] = []

    def alike_once(texts: Sequence[str]) -> NDArray[np.float64]:
        compared.append(texts)
        return by_words(texts)

    decided = overrides(*(f"forbid: They own boat {n}." for n in range(30)))
    apply_overrides(profile(CAT, BIKE), decided, alike_once)
    assert compared == [[*(override.text for override in decided), CAT, BIKE]]


def test_without_overrides_nothing_is_compared() -> None:
    def never(texts: Sequence[str]) -> NDArray[np.float64]:
        raise AssertionError(texts)

    assert apply_overrides(profile(CAT), [], never) == profile(CAT)
