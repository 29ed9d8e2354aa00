from typing import Any

import pytest

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.scorers.outcomes import counts, outcome, risk_coverage
from guided_profile.evals.scorers.result import Result
from guided_profile.evals.scorers.style import style_aspects, style_distance
from guided_profile.evals.scorers.text import (
    bleu,
    embedding_similarity,
    meteor_without_synonyms,
    rouge,
)
from guided_profile.evals.scorers.tokens import bertscore
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.embedders.minilm import MiniLMEmbedder
from guided_profile.tools.weights.fetch import ensure

CHOICE = Example(
    id="1", user_id="u", task="preference", question="?", options=("a", "b"), reference="b"
)
UNANSWERABLE = CHOICE.model_copy(update={"answerable": False, "reference": ""})


def result(**fields: Any) -> Result:
    return Result(example="1", method="m", **{"kind": "answered", **fields})


@pytest.mark.parametrize(
    ("example", "said", "expected"),
    [
        (CHOICE, result(option=1), "correct"),
        (CHOICE, result(option=0), "incorrect"),
        (CHOICE, result(), "incorrect"),
        (CHOICE, result(kind="abstained", reason="declined"), "abstained"),
        (CHOICE, result(kind="error", option=1), "error"),
        (UNANSWERABLE, result(option=1), "incorrect"),
        (UNANSWERABLE, result(kind="abstained"), "abstained"),
    ],
)
def test_what_was_said_is_one_of_four_things(example: Example, said: Result, expected: str) -> None:
    assert outcome(example, said) == expected


def test_what_cannot_be_answered_is_counted_apart() -> None:
    found = counts(
        [
            (CHOICE, result(option=1)),
            (CHOICE, result(kind="error")),
            (CHOICE, result(kind="abstained")),
            (UNANSWERABLE, result(option=1)),
            (UNANSWERABLE, result(kind="abstained")),
            (UNANSWERABLE, result(kind="error")),
        ]
    )
    assert (found.correct, found.incorrect, found.abstained, found.error) == (1, 0, 1, 1)
    assert (found.rightly_abstained, found.invented) == (1, 1)
    assert (found.answerable, found.unanswerable, found.errors) == (3, 3, 2)


def test_the_surest_answers_come_first_and_equals_share_their_place() -> None:
    curve = risk_coverage([(0.5, False), (0.9, True), (0.5, True), (None, True)])
    assert curve is not None
    assert curve.coverage == (0.25, 0.5, 0.75, 1.0)
    assert curve.accuracy == pytest.approx((1.0, 0.75, 2 / 3, 0.5))
    assert curve.area == pytest.approx((1.0 + 0.75 + 2 / 3 + 0.5) / 4)
    assert risk_coverage([(None, False)]) is None
    upside_down = risk_coverage([(0.9, False), (0.5, True)])
    assert upside_down is not None
    assert upside_down.area == 0.25


def test_word_scores_against_figures_worked_out_by_hand() -> None:
    same = "the cats sat down today"
    assert set(rouge(same, same).values()) == {1.0}
    scored = rouge("the cats sat", "the cat sat down")
    assert scored["rouge-1"] == pytest.approx(6 / 7)  # stems: 3 of 3, and 3 of 4
    assert scored["rouge-2"] == pytest.approx(4 / 5)  # 2 of 2, and 2 of 3
    assert bleu(same, same) == pytest.approx(1.0)
    assert bleu("nothing alike here", same) < 0.1
    assert meteor_without_synonyms("", same) == 0.0
    # 3 matches in 1 run: F = 10PR/(R+9P), penalty 0.5 (1/3)^3
    by_hand = (10 * 1 * 0.75 / (0.75 + 9)) * (1 - 0.5 / 27)
    assert meteor_without_synonyms("the cats sat", "the cat sat down") == pytest.approx(by_hand)


def test_meteor_knows_no_synonyms() -> None:
    assert meteor_without_synonyms("car", "automobile") == 0.0


def test_embedding_similarity_is_the_cosine() -> None:
    embedder = LexicalEmbedder()
    assert embedding_similarity("a red kettle", "a red kettle", embedder) == pytest.approx(1.0)
    assert embedding_similarity("a red kettle", "a red pot", embedder) < 0.9
    assert embedding_similarity(" ", "a red kettle", embedder) == 0.0


@pytest.mark.live
def test_bertscore_knows_a_paraphrase_from_another_subject() -> None:
    encoder = MiniLMEmbedder(ensure("all-minilm-l6-v2-int8"))
    reference = "My dog sleeps in the kitchen."
    assert bertscore(reference, reference, encoder) == pytest.approx(1.0, abs=1e-3)
    near = bertscore("The puppy spends its nights in the kitchen.", reference, encoder)
    far = bertscore("Shares fell sharply on Monday.", reference, encoder)
    assert 1.0 > near > far + 0.1
    assert bertscore("", reference, encoder) == 0.0


@pytest.mark.parametrize(
    ("text", "reference", "differs"),
    [
        ("Going home now.", "Going home now.", set()),
        ("going home now.", "Going home now.", {"capitals"}),
        ("Going home now!", "Going home now.", {"punctuation"}),
        ("Oh I go home!!", "Oh! I go home!", {"punctuation"}),
        ("Going home :) now.", "Going home up now.", {"emoji"}),
        ("Going home 🎉 now.", "Going home 9 now.", {"emoji"}),
        ("Going home btw.", "Going home now.", {"abbreviations"}),
        ("Going home now and then I sleep.", "Going home now.", {"length"}),
    ],
)
def test_style_is_compared_by_aspect(text: str, reference: str, differs: set[str]) -> None:
    apart = style_aspects(text, reference)
    assert {aspect for aspect, distance in apart.items() if distance} == differs
    assert style_distance(text, reference) == pytest.approx(sum(apart.values()) / 5)


def test_an_aspect_that_does_not_apply_to_both_texts_is_left_out() -> None:
    chinese = style_aspects("今天很好！", "今天很好。")
    assert chinese == {"punctuation": pytest.approx(2 / 6), "emoji": 0.0, "length": 0.0}
    assert style_distance("今天很好！", "今天很好。") == pytest.approx(2 / 6 / 3)
    assert style_aspects("", "Going home now.") == {"length": 1.0}
