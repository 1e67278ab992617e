"""The 0-1 test for chaos."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.loops.batch import over
from fastsci_kernels.measures import zero_one

from .._arrays import real_array
from ._series import for_finite, give, not_negative, series, whole

SHORTEST = 100
_SECONDS_A_PRODUCT = 1e-10


def zero_one_test(
    x: ArrayLike,
    *,
    n_frequencies: int = 100,
    frequencies: ArrayLike | None = None,
    seed: int = 0,
    n_cut: int | None = None,
    damping: float = 0.0,
) -> Any:
    """Gottwald and Melbourne's 0-1 test: a number near 1 for a chaotic series and near 0 for a regular one.

    The series phi drives a walk in the plane, with increments ``phi(j) (cos j c, sin j c)``: it diffuses if the
    series is chaotic and stays bounded if it is regular.  Of the mean square displacement M over n = 1 ... n_cut
    steps, from the first ``n_times - n_cut`` starts, the oscillation that the mean of phi causes is taken off,

        D(n) = M(n) - mean^2 ((1 - cos n c) / (1 - cos c) + damping sin(sqrt(2) n)),

    and K(c) is the correlation of D with n.  The result is the median over the frequencies c.

    Parameters
    ----------
    x : (n_times,) or (n_series, n_times) array
        Series of at least 100 samples, better 1,000; computed in float64.  One sampled finely from a flow looks
        regular: take samples that are hardly correlated, ``x[..., ::k]``.  A mean far above the variations makes the
        test slow to converge: take it off.
    n_frequencies : int
        Frequencies, drawn from (pi / 5, 4 pi / 5), away from resonances of low order.
    frequencies : (n_frequencies,) array, optional
        Frequencies to take instead, in (0, pi).
    seed : int
        Of the drawing; all series share the frequencies.
    n_cut : int, optional
        Longest displacement; a tenth of the series by default, and at most half of it.
    damping : float
        How much of the damping term to take off, which makes the test less sensitive to weak noise; 0 is the
        undamped test, 2.5 a usual choice for noisy series.

    Returns
    -------
    float or (n_series,) array
        K, from -1 to 1.  NaN for a constant series, which has no displacement to correlate, and for one that holds
        NaN or infinity.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Gottwald and Melbourne, SIAM J. Appl. Dyn. Syst. 8, 129 (2009); the test for noisy series: Physica D 212, 100
    (2005).

    Examples
    --------
    >>> import fastsci, fastsci.chaos, numpy as np
    >>> orbits = fastsci.iterate_map(
    ...     fastsci.systems.logistic, 3000, [0.3], params={"r": np.array([3.55, 3.97])}, save_last=1000
    ... )
    >>> fastsci.chaos.zero_one_test(orbits.y[:, 0]).round(1) + 0.0
    array([0., 1.])
    """
    values, alone = series(x, shortest=SHORTEST)
    n_times = values.shape[1]
    longest = n_times // 10 if n_cut is None else whole("n_cut", n_cut, 2, n_times // 2)
    chosen = _frequencies(n_frequencies, frequencies, seed)
    steps = np.arange(1, longest + 1)
    oscillation = (1.0 - np.cos(np.outer(chosen, steps))) / (1.0 - np.cos(chosen))[:, np.newaxis]
    oscillation += not_negative("damping", damping) * np.sin(math.sqrt(2.0) * steps)
    weights = np.zeros((len(chosen), -(-longest // zero_one.LAGS) * zero_one.LAGS))
    weights[:, :longest] = 2.0 * np.cos(np.outer(chosen, np.arange(longest)))
    weights[:, 0] = 1.0

    def measure(finite: np.ndarray) -> np.ndarray:
        rates = np.empty((len(finite), len(chosen)))

        def work(first: int, last: int) -> None:
            zero_one.growth_rates(finite, weights, oscillation, first, last, rates)

        over(len(finite), work, longest * (n_times + longest * len(chosen)) * _SECONDS_A_PRODUCT)
        return np.median(rates, axis=1)

    return give(for_finite(values, measure), alone)


def _frequencies(count: int, given: ArrayLike | None, seed: int) -> np.ndarray:
    number = whole("n_frequencies", count, 1)
    if given is None:
        return np.random.default_rng(whole("seed", seed, 0)).uniform(math.pi / 5, 4 * math.pi / 5, number)
    chosen = real_array(given, "frequencies").astype(np.float64)
    if chosen.ndim != 1 or not len(chosen):
        raise ValueError(f"frequencies: has shape {chosen.shape}, expected (n_frequencies,); give at least one")
    if not ((chosen > 0.0) & (chosen < math.pi)).all():
        raise ValueError("frequencies: has values outside (0, pi), expected angles in radians a sample; fold them back")
    return chosen
