"""How differently two trajectories fill state space: the divergence D_stsp of the occupation of the attractor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._attractors import pair
from ._series import not_negative, one_of, positive, whole

METHODS = ("bins", "mixture")
MOST_CELLS = 2**62


@dataclass(frozen=True)
class _Convention:
    """What one published code counts as the range of the truth, and which way it looks."""

    around_zero: bool  # -2 to 2 deviations about zero; else from the least to the largest value
    margin: float = 0.0  # deviations beyond these values
    first_bin: bool = True
    symmetric: bool | None = False  # of the mixture; None where the code has none


CONVENTIONS = {
    "gtf": _Convention(around_zero=False, margin=0.1),
    "gtf-legacy": _Convention(around_zero=True),
    "dynamix": _Convention(around_zero=False, first_bin=False, symmetric=None),
    "dendplrnn": _Convention(around_zero=True, first_bin=False, symmetric=True),
}


def state_space_divergence(
    truth: ArrayLike,
    generated: ArrayLike,
    *,
    method: str = "bins",
    convention: str = "gtf",
    n_bins: int = 30,
    alpha: float = 1e-5,
    variance: float = 1.0,
    n_points: int = 10_000,
    n_samples: int = 1000,
    seed: int = 0,
) -> Any:
    """D_stsp, the Kullback-Leibler divergence KL(truth || generated) of where two trajectories are in state space.

    It compares invariant measures, hence long-term behaviour, and knows nothing of time.  Two methods estimate it.

    "bins": the range of the truth is divided into ``n_bins`` an axis; with ``alpha`` added to the count of every
    cell (Laplace's smoothing), each trajectory gives a distribution.  Points outside the range do not count.

    "mixture": each trajectory is a mixture of Gaussians, one at every point; the divergence is a mean over samples of
    the first mixture (Hershey and Olsen).  It needs no cells and so serves high dimension, from 6 on in the published
    codes.

    Published codes differ, and numbers of two conventions must not be compared:

    ============  ====================================  ==========  ================  ===============================
    convention    range of an axis                      first bin   mixture           code
    ============  ====================================  ==========  ================  ===============================
    "gtf"         min - 0.1 sd to max + 0.1 sd          counts      one way           GTF-shPLRNN, ALRNN-DSR (Julia)
    "gtf-legacy"  -2 sd to 2 sd                         counts      one way           GTF-shPLRNN, binning "legacy"
    "dynamix"     min to max                            is left out none              DynaMix, AL-RNN (Python)
    "dendplrnn"   -2 sd to 2 sd                         is left out mean of both ways dendPLRNN (Python)
    ============  ====================================  ==========  ================  ===============================

    Here min, max and the standard deviation sd (of the sample, divided by n - 1) are those of the truth, -2 sd to
    2 sd means about zero, and a value at the upper end is outside.  In the codes "first bin is left out" every point
    is dropped that has a coordinate in the first bin of its axis.

    Parameters
    ----------
    truth : (n_times, dim) array
        In any unit, each axis its own for "bins"; standardised for "mixture", whose variance it shares.
    generated : (n_times, dim) or (n_members, n_times, dim) array
        One trajectory or several, each compared to the truth; of any length.
    method : {"bins", "mixture"}
    convention : {"gtf", "gtf-legacy", "dynamix", "dendplrnn"}
    n_bins : int
        Bins an axis, of "bins".
    alpha : float
        Added to each count, of "bins"; 1e-5 in all four codes.  With 0 the divergence is infinite where a cell of
        the truth stays unvisited.
    variance : float
        Of each Gaussian along each axis, of "mixture"; the scaling of the codes, 1 there.
    n_points : int
        The first so many points of each trajectory carry a Gaussian, of "mixture".
    n_samples : int
        Samples of "mixture".
    seed : int
        Of the samples; the same for every member.

    Returns
    -------
    float or (n_members,) ndarray
        In nats; 0 for equal arrays, otherwise positive (of "mixture" an estimate, which may fall below 0 by its own
        error).  NaN where a value is not finite, where one trajectory has no point in the range,
        and, of "bins", where the truth is constant along an axis.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    Notes
    -----
    The codes drop samples whose density underflows in float32; here none does, so that far-off trajectories get the
    larger divergence that is theirs.  Their Julia code counts in 16 bits and wraps beyond 65535 points a cell.

    References
    ----------
    Koppe, Toutounji, Kirsch, Lis, Durstewitz, PLoS Comput. Biol. 15, e1007263 (2019); Hess, Monfared, Brenner,
    Durstewitz, ICML (2023), arXiv:2306.04406; Hershey, Olsen, ICASSP (2007).

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.chaos.state_space import state_space_divergence
    >>> angle = 0.01 * np.arange(10_000)
    >>> circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    >>> state_space_divergence(circle, np.roll(circle, 5000, axis=0))
    0.0
    >>> bool(state_space_divergence(circle, 0.8 * circle) > 5.0)
    True
    """
    one_of("method", method, METHODS)
    chosen = CONVENTIONS[tuple(CONVENTIONS)[one_of("convention", convention, tuple(CONVENTIONS))]]
    if method == "bins":
        count, extra = whole("n_bins", n_bins, 1), not_negative("alpha", alpha)

        def measure(true: np.ndarray, members: np.ndarray) -> np.ndarray:
            return _by_bins(true, members, chosen, count, extra)

        return pair(truth, generated, measure)
    if chosen.symmetric is None:
        raise ValueError(f"convention: is {convention!r}, which has no mixture; choose 'gtf' or 'dendplrnn'")
    sampling = _Sampling(
        positive("variance", variance),
        whole("n_points", n_points, 1),
        whole("n_samples", n_samples, 1),
        whole("seed", seed, 0, 2**63 - 1),
    )

    def estimate(true: np.ndarray, members: np.ndarray) -> np.ndarray:
        return sampling.divergences(true, members, bool(chosen.symmetric))

    return pair(truth, generated, estimate)


def _by_bins(truth: np.ndarray, members: np.ndarray, chosen: _Convention, n_bins: int, alpha: float) -> np.ndarray:
    from fastsci_kernels.measures.histogram_distance import divergences

    if float(n_bins) ** truth.shape[1] > MOST_CELLS:
        raise ValueError(
            f"n_bins: is {n_bins} in {truth.shape[1]} dimensions, expected at most 2^62 cells; take method='mixture'"
        )
    deviation = truth.std(axis=0, ddof=1)
    if chosen.around_zero:
        low, high = -2.0 * deviation, 2.0 * deviation
    else:
        low, high = truth.min(axis=0) - chosen.margin * deviation, truth.max(axis=0) + chosen.margin * deviation
    return divergences(truth, members, low, high, n_bins, alpha, chosen.first_bin)


@dataclass(frozen=True)
class _Sampling:
    """How the divergence of two mixtures is estimated."""

    variance: float
    n_points: int
    n_samples: int
    seed: int

    def divergences(self, truth: np.ndarray, members: np.ndarray, symmetric: bool) -> np.ndarray:
        """KL(truth || member) of each member, or the mean of it and of KL(member || truth)."""
        points = min(len(truth), self.n_points)
        there = self.from_one(truth[:points], [member[:points] for member in members])
        if not symmetric:
            return there
        back = [self.from_one(member[:points], [truth[:points]])[0] for member in members]
        return 0.5 * (there + np.array(back))

    def from_one(self, means: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
        """From one mixture to others: the mean over its samples of the logarithm of the quotient of densities."""
        from fastsci_kernels.measures.mixture import log_density

        samples = self.samples(means)
        own = log_density(samples, means, self.variance)
        return np.array([np.mean(own - log_density(samples, other, self.variance)) for other in others])

    def samples(self, means: np.ndarray) -> np.ndarray:
        """Points of a mixture: one of its means and a normal deviation, by the same numbers for every mixture."""
        rng = np.random.default_rng(self.seed)
        places = (rng.random(self.n_samples) * len(means)).astype(np.int64)
        return means[places] + np.sqrt(self.variance) * rng.standard_normal((self.n_samples, means.shape[1]))
