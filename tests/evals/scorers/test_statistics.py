import numpy as np
import pytest

from guided_profile.evals.scorers.statistics import (
    discordant,
    estimate,
    holm,
    kappa,
    mcnemar,
    paired_permutation,
    spearman,
    wilson,
)


def test_an_interval_is_where_theory_has_it_and_the_same_every_time() -> None:
    values = [1.0] * 120 + [0.0] * 80
    found = estimate(values, seed=1)
    assert found is not None
    spread = 1.96 * (0.6 * 0.4 / 200) ** 0.5
    assert found.mean == pytest.approx(0.6)
    assert found.low == pytest.approx(0.6 - spread, abs=0.01)
    assert found.high == pytest.approx(0.6 + spread, abs=0.01)
    assert found == estimate(values, seed=1)
    assert str(found).startswith("60.0 [")


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    draws = np.random.default_rng(3)
    samples = (draws.normal(2.0, 1.0, 60) for _ in range(100))
    found = [estimate(list(sample)) for sample in samples]
    covered = sum(
        interval is not None and interval.low <= 2.0 <= interval.high for interval in found
    )
    assert 88 <= covered <= 99


def test_all_right_is_not_certainty() -> None:
    assert estimate([]) is None
    found = estimate([1.0] * 10, share=True)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.7225, 1.0), abs=1e-3)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-3)


def test_a_share_of_yes_and_no_has_the_interval_of_a_count() -> None:
    found = estimate([1.0] * 55 + [0.0] * 45, share=True)
    assert found is not None
    assert (found.low, found.high) == wilson(55, 100)


def test_a_share_of_shares_has_the_interval_of_a_mean() -> None:
    found, as_mean = (estimate([0.5, 0.75, 1.0] * 9, share=share) for share in (True, False))
    assert found == as_mean


def test_no_difference_at_all_is_no_share() -> None:
    found = estimate([0.0] * 10)
    assert found is not None
    assert (found.low, found.high) == (0.0, 0.0)


def test_mcnemar_is_the_exact_one() -> None:
    assert mcnemar(11, 1) == pytest.approx(2 * 13 / 2**12)  # 0.006, as in the prototype
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 5) == 1.0
    assert mcnemar(1, 11) == mcnemar(11, 1)


def test_permutation_of_few_pairs_is_exact_and_of_many_close_to_it() -> None:
    assert paired_permutation([1.0, 1.0, 1.0, 1.0]) == 2 / 16
    assert paired_permutation([0.0, 0.0]) == 1.0
    assert paired_permutation([3.0, -3.0, 1.0, -1.0]) == 1.0
    draws = np.random.default_rng(0)
    assert paired_permutation(list(draws.normal(0.5, 1.0, 100))) < 0.01
    assert paired_permutation(list(draws.normal(0.0, 1.0, 100))) > 0.05


def test_holm_takes_the_number_of_questions_into_account() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_a_rank_correlation_sees_order_alone() -> None:
    xs = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    same = spearman(xs, [x**3 for x in xs])
    assert same is not None
    assert (same.mean, same.n) == (pytest.approx(1.0), 6)
    turned = spearman(xs, [-x for x in xs])
    assert turned is not None
    assert turned.mean == pytest.approx(-1.0)
    tied = spearman([1, 2, 2, 3], [1, 2, 3, 4])
    assert tied is not None
    assert tied.mean == pytest.approx(0.9487, abs=1e-4)
    assert tied.low <= tied.mean <= tied.high
    assert spearman(xs, [1.0] * 6) is None


def test_agreement_is_what_is_left_beyond_chance() -> None:
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    found = kappa(pairs)
    assert found is not None
    assert (found.mean, found.n) == (pytest.approx(0.4), 50)  # (0.7 - 0.5) / (1 - 0.5)
    spread = 1.96 * (0.7 * 0.3 / 50 / 0.5**2) ** 0.5  # Cohen's own large-sample error
    assert found.low == pytest.approx(0.4 - spread, abs=0.04)
    assert found.high == pytest.approx(0.4 + spread, abs=0.04)
    assert found == kappa(pairs)


def test_who_always_says_the_same_agrees_by_chance_alone() -> None:
    lazy = kappa([("yes", "yes")] * 15 + [("yes", "no")] * 5)
    assert lazy is not None
    assert lazy.mean == pytest.approx(0.0)
    assert lazy.low < -0.5 < 0.5 < lazy.high
    assert kappa([("yes", "yes")] * 9) is None
    assert kappa([]) is None


def test_agreement_on_all_is_not_certainty() -> None:
    found = kappa([("yes", "yes")] * 10 + [("no", "no")] * 10)
    assert found is not None
    assert (found.mean, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx((wilson(20, 20)[0] - 0.5) / 0.5)


def test_what_only_one_of_two_has_right_is_counted() -> None:
    pairs = [(True, False), (True, False), (False, True), (True, True), (False, False)]
    assert discordant(pairs) == (2, 1)
    assert discordant([]) == (0, 0)
