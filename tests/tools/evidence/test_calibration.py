from itertools import pairwise
from math import log

import pytest

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.evidence.base import Claim
from guided_profile.tools.evidence.calibration import Calibration, Features, calibration_of

PLAIN = Features(yes=0.5, nearness=0.0, missing=0, did=0.0, foreign=False)


def test_of_a_claim_is_known_what_the_items_say_to_it_and_what_they_are() -> None:
    items = (
        HistoryItem(text="a cat bed for Miso", category="Pets"),
        HistoryItem(text="my cat Miso sleeps on my desk all day"),
    )
    claim = Claim("This person has two cats, Miso and Minka.", items, nearness=(0.2, 0.7))
    assert Features.of(claim, 0.4) == Features(
        yes=0.4, nearness=0.7, missing=1, did=0.5, foreign=False
    )
    nothing = Features.of(Claim("They sail.", ()), 0.1)
    assert nothing == Features(yes=0.1, nearness=0.0, missing=0, did=0.0, foreign=False)


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("meine Katze schläft den ganzen Tag auf dem Tisch", True),
        ("猫は毎日机の上で寝ています", True),
        ("my cat sleeps on the desk all day long", False),
        ("48213", False),
    ],
)
def test_it_is_known_whether_the_history_is_in_english(text: str, foreign: bool) -> None:
    assert Features.of(Claim("x", (HistoryItem(text=text),)), 0.5).foreign is foreign


def test_the_probability_is_that_of_a_logistic_regression() -> None:
    weighed = Calibration((log(3), 2.0, 0.5, -1.0, 0.25, -0.5), keep=0.5)
    assert weighed.probability(PLAIN) == pytest.approx(0.75)
    features = Features(yes=0.75, nearness=0.4, missing=2, did=1.0, foreign=True)
    odds = 3 * 9 * 2.718281828 ** (0.2 - 2 + 0.25 - 0.5)
    assert weighed.probability(features) == pytest.approx(odds / (1 + odds))


def test_a_surer_model_makes_a_likelier_sentence_up_to_all_certainty() -> None:
    weighed = calibration_of("of nobody")
    said = [0.0, 1e-9, 1e-3, 0.2, 0.5, 0.9, 0.999, 1.0]
    likely = [
        weighed.probability(Features(yes, nearness=0.5, missing=0, did=0.5, foreign=False))
        for yes in said
    ]
    assert all(0 < probability < 1 for probability in likely)
    assert likely[0] == likely[1], "no probability is 0"
    assert all(lower < higher for lower, higher in pairwise(likely[1:-1]))


def test_weights_beyond_all_measure_give_a_probability_still() -> None:
    huge = Calibration((0.0, 1e6, 0.0, 0.0, 0.0, 0.0), keep=0.5)
    for yes in (0.0, 1.0):
        assert 0 <= huge.probability(Features(yes, 0.0, 0, 0.0, False)) <= 1


def test_weights_of_another_form_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        Calibration((0.0, 1.0), keep=0.5).probability(PLAIN)


def test_a_model_that_was_not_fitted_is_weighed_by_the_default() -> None:
    default = calibration_of("default")
    assert calibration_of("someone/of-nobody:7b") == default
    assert 0 < default.keep < 1
    assert 0 < default.probability(PLAIN) < 1


def test_a_models_entry_is_found_by_part_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "default": {"weights": [0.0] * 6, "keep": 0.5},
        "qwen9": {"weights": [1.0] * 6, "keep": 0.3, "fitted": "2026, n = 7"},
    }
    monkeypatch.setattr("guided_profile.tools.evidence.calibration._known", lambda: known)
    fitted = calibration_of("org/QWEN9-Instruct-GGUF")
    assert (fitted.keep, fitted.fitted) == (0.3, "2026, n = 7")
    assert calibration_of("other").keep == 0.5


def test_an_entry_may_give_what_letters_count_for_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "default": {"weights": [0.5] * 6, "keep": 0.5},
        "flat": {"letters": 3.0},
        "fitted": {"weights": [1.0] * 6, "keep": 0.3},
        "fitted-1b-q4": {"letters": 2.0, "note": "by hand"},
    }
    monkeypatch.setattr("guided_profile.tools.evidence.calibration._known", lambda: known)
    assert calibration_of("flat-1b").letters == 3.0
    assert calibration_of("flat-1b").weights == (0.5,) * 6
    assert calibration_of("other").letters == 1.0
    assert calibration_of("Fitted-1b-Q4_K_M") == Calibration((1.0,) * 6, 0.3, letters=2.0)
    assert calibration_of("flat-1b").id == calibration_of("other").id, "no profile depends on it"


def test_another_calibration_has_another_id() -> None:
    calibration = Calibration((0.0, 1.0), keep=0.5)
    others = [Calibration((0.0, 1.1), keep=0.5), Calibration((0.0, 1.0), keep=0.6)]
    assert calibration.id == Calibration((0.0, 1.0), keep=0.5).id
    assert len({calibration.id, *(other.id for other in others)}) == 3
