"""The Koopman operator of many states in the space that a kernel spans at few of them (Nystroem)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._algebra import threads_for
from ._kernel_factor import EPSILON, Features, factorise
from ._kernel_functions import Array, Kernel, resolve
from ._kernel_model import KernelModel, checked_alpha, checked_rank
from ._kernel_operator import FiniteRank
from ._kernel_pairs import Pairs
from ._kernel_passes import added, each, piece
from ._kernel_regression import SHARE, moments, regression

SELECTIONS = ("pivoted", "uniform", "leverage")
POOL = 20  # states for each centre among which pivots are sought
PILOT = 2  # centres for each one sought, at which leverage scores are estimated


class NystroemKoopman(KernelModel):
    """Koopman operator of finite rank in the space that a kernel spans at some of the states, the centres.

    The same estimators as ``KernelKoopman``, for any number of states: what is stored are products of the features
    of ``n_centers`` centres, and the states pass in blocks.  Time grows as ``n_samples * n_centers**2``.

    Parameters
    ----------
    rank : int or None, default 10
        Directions that are kept; None for all of them.
    n_centers : int, default 300
        States at which the kernel is taken, or all where there are fewer.
    kernel, length_scale, degree, coef0, alpha, reduced_rank, lag
        As in ``KernelKoopman``.
    selection : {"pivoted", "uniform", "leverage"}, default "pivoted"
        How centres are chosen: as the pivots of Cholesky's factor of the kernel matrix (of at most 20 states a
        centre, at random), which lie apart and leave out no corner; at random; or at random in proportion to
        approximate ridge leverage scores.
    rng : int, numpy.random.Generator, numpy.random.SeedSequence or None, default 0
        Of the random choice.

    Attributes
    ----------
    remainder_ : float
        Mean of the diagonal of the kernel matrix that the centres leave out.
    eigenvalues_, modes_, singular_values_, rank_, centers_, length_scale_, n_features_in_
        As in every estimator with a kernel; ``centers_`` leaves out centres that add nothing but rounding to others.

    Raises
    ------
    ValueError
        In ``fit``, if a parameter is none of what is named above, a number is not finite, or a kernel is not positive
        semidefinite.

    References
    ----------
    Meanti, Chatalic, Kostic, Novelli, Pontil, Rosasco 2023, "Estimating Koopman operators with sketching to provably
    learn large scale dynamical systems", NeurIPS 36.  There the features of the next state are those of the centres'
    successors; here both sides have the same centres.

    Examples
    --------
    >>> import numpy as np
    >>> t = 0.05 * np.arange(20_000)
    >>> X = np.column_stack([np.cos(t), np.sin(t)])
    >>> model = NystroemKoopman(rank=5, n_centers=40).fit(X)
    >>> np.sort(np.angle(model.eigenvalues_)).round(3) + 0.0
    array([-0.1 , -0.05,  0.  ,  0.05,  0.1 ])
    """

    def __init__(
        self,
        rank: int | None = 10,
        n_centers: Any = 300,
        kernel: Any = "gaussian",
        *,
        length_scale: float | None = None,
        degree: int = 3,
        coef0: float = 1.0,
        alpha: float = 1e-6,
        reduced_rank: bool = True,
        lag: int = 1,
        selection: str = "pivoted",
        rng: Any = 0,
    ) -> None:
        self.rank = rank
        self.n_centers = n_centers
        self.kernel = kernel
        self.length_scale = length_scale
        self.degree = degree
        self.coef0 = coef0
        self.alpha = alpha
        self.reduced_rank = reduced_rank
        self.lag = lag
        self.selection = selection
        self.rng = rng

    def _operator_of(self, found: Pairs) -> FiniteRank:
        rank, alpha = checked_rank(self.rank), checked_alpha(self.alpha)
        kernel = resolve(self.kernel, self.length_scale, self.coef0, self.degree, found.states)
        features = self._features(kernel, found.states, alpha)

        def valued(part: Pairs) -> tuple[Array, Pairs]:
            own = next(part.blocks(part.count))
            return features.rows(own.states), own

        means = moments(found, features, valued)
        left = float(np.mean(kernel.diagonal(found.origins))) - float(np.trace(means.covariance))
        self.remainder_ = max(left, 0.0)
        return regression(means, features, rank, alpha, bool(self.reduced_rank))

    def _features(self, kernel: Kernel, states: Array, alpha: float) -> Features:
        if isinstance(self.n_centers, bool) or not isinstance(self.n_centers, int | np.integer) or self.n_centers < 1:
            raise ValueError(f"n_centers: is {self.n_centers!r}, expected an integer of at least 1")
        if self.selection not in SELECTIONS:
            raise ValueError(f"selection: is {self.selection!r}, expected one of {', '.join(SELECTIONS)}")
        rng = _generator(self.rng)
        count = min(int(self.n_centers), len(states))
        wanted = SHARE * alpha
        if self.selection == "pivoted":
            pool = states[_drawn(rng, len(states), POOL * count)]
            return factorise(kernel, pool, wanted, count).features(kernel, pool)
        if self.selection == "leverage" and count < len(states):
            pilot = states[_drawn(rng, len(states), PILOT * count)]
            scores = leverage(factorise(kernel, pilot, wanted, len(pilot)).features(kernel, pilot), states, alpha)
            enough = min(count, int(np.count_nonzero(scores)))
            chosen = np.sort(rng.choice(len(states), enough, replace=False, p=scores / scores.sum()))
        else:
            chosen = _drawn(rng, len(states), count)
        centers = states[chosen]
        return factorise(kernel, centers, wanted, count).features(kernel, centers)


def leverage(features: Features, states: Array, alpha: float) -> Array:
    """Approximate ridge leverage scores (n,) of states, from features of some of them.

    (Alaoui, Mahoney 2015, "Fast randomized kernel ridge regression with statistical guarantees".)
    """
    count, size = len(states), piece(len(features.centers))
    work = 4.0 * len(features.centers) ** 2

    def squares(first: int, last: int) -> list[Array]:
        rows = features.rows(states[first:last])
        return [rows @ rows.T]

    covariance = added(features.kernel, count, size, squares, work)[0] / count
    # With no ridge a score is one wherever a state is not a combination of others to rounding.
    ridge = max(alpha, EPSILON * float(np.trace(covariance)))
    with threads_for(covariance.size):
        values, vectors = np.linalg.eigh(covariance)
    whitening = vectors / np.sqrt(values.clip(0.0) + ridge)
    scores = np.empty(count)

    def score(first: int, last: int) -> None:
        rows = features.rows(states[first:last])
        left = (features.kernel.diagonal(states[first:last]) - np.einsum("ij,ij->j", rows, rows)).clip(0.0)
        known = whitening.T @ rows
        scores[first:last] = np.einsum("ij,ij->j", known, known) + left / ridge

    each(features.kernel, count, size, score, work)
    return np.minimum(scores / len(states), 1.0)


def _drawn(rng: np.random.Generator, count: int, wanted: int) -> Array:
    """Places of different states at random, in their order."""
    if wanted >= count:
        return np.arange(count)
    return np.sort(rng.choice(count, wanted, replace=False))


def _generator(rng: Any) -> np.random.Generator:
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise ValueError(
            f"rng: is {rng!r}, expected None, a whole number of at least 0, a SeedSequence or a Generator"
        ) from None
