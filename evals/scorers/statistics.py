"""How sure a number is: intervals, paired tests, and the correction for asking many questions."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import comb, sqrt

import numpy as np
from numpy.typing import NDArray

Signs = NDArray[np.int64]
RESAMPLES = 10_000
_Z = 1.959964
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        """Say it in percent, as `58.3 [44.0, 71.1]`."""
        return f"{100 * self.mean:.1f} [{100 * self.low:.1f}, {100 * self.high:.1f}]"


def estimate(values: Sequence[float], *, seed: int = 0, share: bool = False) -> Estimate | None:
    """Return a mean with its 95 % interval; None of no values.

    The interval is Wilson's (1927) for a proportion of which each value is a yes or a no, and else
    the percentile bootstrap's (Efron 1979).

    Args:
        values: One for each example.
        seed: Of the 10,000 resamples.
        share: Whether values are shares, 0 to 1, of which a yes is 1 and a no is 0.
    """
    if not len(values):
        return None
    sample = np.asarray(values, np.float64)
    mean = float(sample.mean())
    if share and np.isin(sample, (0.0, 1.0)).all():
        return Estimate(mean, *wilson(round(sample.sum()), len(sample)), len(sample))
    draws = np.random.default_rng(seed)
    means = np.concatenate(
        [
            sample[draws.integers(0, len(sample), (_BATCH, len(sample)))].mean(axis=1)
            for _ in range(RESAMPLES // _BATCH)
        ]
    )
    low, high = np.quantile(means, [0.025, 0.975])
    return Estimate(mean, float(low), float(high), len(sample))


def wilson(count: int, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of `count` in `n`."""
    share = count / n
    middle = share + _Z**2 / (2 * n)
    spread = _Z * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    whole = 1 + _Z**2 / n
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def spearman(xs: Sequence[float], ys: Sequence[float], *, seed: int = 0) -> Estimate | None:
    """Return the rank correlation of two measures of the same examples (Spearman 1904).

    Its 95 % interval is the percentile bootstrap's over examples; None where one does not vary.
    """
    whole = _rank_correlation(np.asarray(xs, np.float64), np.asarray(ys, np.float64))
    if whole is None:
        return None
    draws = np.random.default_rng(seed)
    x, y = np.asarray(xs, np.float64), np.asarray(ys, np.float64)
    drawn = (draws.integers(0, len(x), len(x)) for _ in range(RESAMPLES // 5))
    found = [r for some in drawn if (r := _rank_correlation(x[some], y[some])) is not None]
    low, high = np.quantile(found, [0.025, 0.975])
    return Estimate(whole, float(low), float(high), len(x))


def _rank_correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> float | None:
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return float(np.corrcoef(_ranks(x), _ranks(y))[0, 1])


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each value's rank; equal ones share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks


def kappa(pairs: Sequence[tuple[str, str]], *, seed: int = 0) -> Estimate | None:
    """Return how far two judges agree beyond chance: Cohen's kappa (1960), at most 1.

    Its 95 % interval is the percentile bootstrap's over what was judged. Where they agree on all of
    it, or one gives everything the same label, resampling would claim certainty: there it follows
    from Wilson's of the share on which they agree.

    Args:
        pairs: The two judges' labels of each thing.
        seed: Of the resamples.

    Returns:
        None if nothing was judged, or both give everything one and the same label: by chance they
        would do that too.
    """
    if not pairs:
        return None
    names = sorted({label for pair in pairs for label in pair})
    coded = np.asarray([[names.index(label) for label in pair] for pair in pairs], np.int64)
    whole, chance = _kappas(coded[None], len(names))
    if np.isnan(whole[0]):
        return None
    draws = np.random.default_rng(seed)
    drawn = draws.integers(0, len(pairs), (RESAMPLES // 5, len(pairs)))
    found, _ = _kappas(coded[drawn], len(names))
    low, high = np.nanquantile(found, [0.025, 0.975])
    if low == high:
        agreed = int((coded[:, 0] == coded[:, 1]).sum())
        low, high = ((end - chance[0]) / (1 - chance[0]) for end in wilson(agreed, len(pairs)))
    return Estimate(float(whole[0]), float(low), float(high), len(pairs))


def _kappas(
    samples: NDArray[np.int64], labels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each sample's kappa, and the share on which its judges would agree by chance.

    Args:
        samples: Of the shape samples x things x 2.
        labels: How many there are.
    """
    agreed = (samples[..., 0] == samples[..., 1]).mean(axis=1)
    chance = np.zeros(len(samples))
    for label in range(labels):
        shares = (samples == label).mean(axis=1)
        chance += shares[:, 0] * shares[:, 1]
    left = np.where(chance < 1, 1 - chance, np.nan)
    return (agreed - chance) / left, chance


def discordant(pairs: Iterable[tuple[bool, bool]]) -> tuple[int, int]:
    """Return how many pairs the first alone has right, and how many the second alone."""
    counted = Counter(pairs)
    return counted[True, False], counted[False, True]


def mcnemar(wins: int, losses: int) -> float:
    """Return the two-sided p of McNemar's test in its exact, binomial form.

    Args:
        wins: Of how many pairs the first alone is right.
        losses: Of how many the second alone is.
    """
    n, fewer = wins + losses, min(wins, losses)
    tail = sum(comb(n, k) for k in range(fewer + 1))
    return min(1.0, 2 * tail / (1 << n))


def paired_permutation(differences: Sequence[float], *, seed: int = 0) -> float:
    """Return the two-sided p that paired differences of scores lie around 0.

    Their signs are flipped in every way, or, beyond 12 of them, in 10,000 ways drawn by the seed
    (Fisher 1935).
    """
    given = np.asarray([each for each in differences if each], np.float64)
    if not len(given):
        return 1.0
    observed = abs(given.sum()) - 1e-12 * np.abs(given).sum()
    if len(given) <= 12:
        ways: Signs = np.arange(2 ** len(given))[:, None] >> np.arange(len(given)) & 1
        sums = np.abs(np.dot(2 * ways - 1, given))
        return int(np.count_nonzero(sums >= observed)) / len(sums)
    draws = np.random.default_rng(seed)
    beyond = 0
    for _ in range(RESAMPLES // _BATCH):
        signs = 2 * draws.integers(0, 2, (_BATCH, len(given))) - 1
        beyond += int(np.sum(np.abs(signs @ given) >= observed))
    return (beyond + 1) / (RESAMPLES + 1)


def holm(ps: Sequence[float]) -> list[float]:
    """Return the p values corrected for their number (Holm 1979), in the order given."""
    order = sorted(range(len(ps)), key=lambda index: ps[index])
    corrected = [0.0] * len(ps)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, ps[index] * (len(ps) - rank)))
        corrected[index] = highest
    return corrected
