from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from guided_profile.graph.state import Cost, Profile, Sentence
from guided_profile.tools import wording
from guided_profile.tools.embeddings import LexicalEmbedder
from guided_profile.tools.profiles import Wish
from guided_profile.tools.wishes import apply_wishes

EMBEDDER = LexicalEmbedder()
START = datetime(2025, 1, 1, tzinfo=UTC)


def embed(texts: list[str]) -> NDArray[np.float32]:
    return np.asarray(EMBEDDER.embed_documents(texts), dtype=np.float32)


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


def wishes(*kinds_and_texts: str) -> list[Wish]:
    return [
        Wish.model_validate(
            {"kind": one.split(": ")[0], "text": one.split(": ")[1], "time": START + timedelta(n)}
        )
        for n, one in enumerate(kinds_and_texts)
    ]


CAT, BIKE = "This person has a cat named Miso.", "This person commutes by bicycle."


@pytest.mark.parametrize(
    ("decided", "left"),
    [
        ((), [CAT, BIKE]),
        ((f"forbid: {CAT}",), [BIKE]),
        (("forbid: They feed the cat Miso.",), [CAT, BIKE]),  # says something else
        (("forbid: A cat named Miso.",), [BIKE]),
        ((f"pin: {BIKE}",), [BIKE, CAT]),
        (("pin: This person sails.",), ["This person sails.", CAT, BIKE]),
        ((f"pin: {CAT}", f"forbid: {CAT}"), [BIKE]),
        ((f"forbid: {CAT}", f"pin: {CAT}"), [CAT, BIKE]),
        ((f"pin: {CAT}", f"pin: {CAT}"), [CAT, BIKE]),
        # of neither sentence is there a word that tells something
        (
            ("pin: I live in LA.", "pin: I work in IT."),
            ["I live in LA.", "I work in IT.", CAT, BIKE],
        ),
        (("pin: 吃素。", "forbid: 怕狗。"), ["吃素。", CAT, BIKE]),
        (("pin: 吃素。", "forbid: 吃素。"), [CAT, BIKE]),
    ],
)
def test_the_last_wish_about_a_sentence_holds(decided: tuple[str, ...], left: list[str]) -> None:
    made = apply_wishes(profile(CAT, BIKE), wishes(*decided), embed)
    assert [one.text for one in made.sentences] == left


def test_a_pinned_sentence_reaches_the_response_even_without_evidence() -> None:
    made = apply_wishes(profile(CAT), wishes("pin: This person sails."), embed)
    assert made.sentences[0].pinned
    assert made.sentences[0] in made.supported


def test_each_text_is_read_for_its_words_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    words = wording.content_words
    monkeypatch.setattr(
        "guided_profile.tools.wishes.content_words", lambda text: read.append(text) or words(text)
    )
    decided = wishes(*(f"forbid: They own boat {n}." for n in range(30)))
    apply_wishes(profile(CAT, BIKE), decided, embed)
    assert read == [*(wish.text for wish in decided), CAT, BIKE]


def test_without_wishes_nothing_is_embedded() -> None:
    def never(texts: list[str]) -> NDArray[np.float32]:
        raise AssertionError(texts)

    assert apply_wishes(profile(CAT), [], never) == profile(CAT)
