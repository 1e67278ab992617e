"""The Koopman operator of a system in the space of a kernel: principal components, reduced rank, ridge regression."""

from __future__ import annotations

from typing import Any

from ._kernel_factor import factorise
from ._kernel_functions import resolve
from ._kernel_krylov import dense_regression
from ._kernel_model import KernelModel, checked_alpha, checked_rank
from ._kernel_operator import FiniteRank
from ._kernel_pairs import Pairs
from ._kernel_regression import SHARE, moments, regression

FEW = 1500  # states whose kernel matrix is factorised to the end
LARGEST_SHARE = 0.25  # of the states: the rank above which whole matrices are cheaper than a factor


class KernelKoopman(KernelModel):
    """Koopman operator of finite rank in the space of a kernel (kernel EDMD).

    With ``reduced_rank`` it is the operator of rank ``rank`` that foresees the features of the next state best from
    those of the state, with a ridge ``alpha`` (RRR); else the ridge regression on the leading ``rank`` principal
    components of the states (PCR, which is kernel EDMD); without a rank the ridge regression itself (KRR).

    Nothing of the size of a kernel matrix is computed where that has a low rank to the accuracy that ``alpha`` asks
    for: it is then known by Cholesky's factor with pivots, and squared singular values are off by less than 1e-6 (2e-6
    of pairs) of the kernel's mean diagonal.  Else the matrices are stored, ``16 n_samples**2`` bytes, and their leading
    eigenvectors are found by block Krylov spaces.

    Parameters
    ----------
    rank : int or None, default 10
        Directions that are kept; None for all of them.
    kernel : str or callable, default "gaussian"
        "gaussian" ``exp(-d^2 / 2)``, "matern12" ``exp(-d)``, "matern32", "matern52", each of the distance ``d`` over
        ``length_scale``; "polynomial" ``(x y / length_scale^2 + coef0)^degree``; "linear" ``x y``; or a function that
        takes arrays (n, n_features) and (m, n_features) and gives the kernel of all pairs, (n, m).
    length_scale : float, optional
        In units of the state.  The median distance of states unless given; of a polynomial, the root mean square
        length of states.
    degree : int, default 3
        Of a polynomial.
    coef0 : float, default 1.0
        Of a polynomial.
    alpha : float, default 1e-6
        Ridge, added to the covariance of features; without unit for a Gaussian or Matern kernel, whose features have
        the length 1.  0 leaves out directions that rounding hides.
    reduced_rank : bool, default True
    lag : int, default 1
        Samples from a state to the one that is foreseen.

    Attributes
    ----------
    remainder_ : float
        Trace of what was dropped of the kernel matrix, over the number of pairs; 0 where whole matrices were used.
        Squared singular values are off by at most ``remainder_ * (1 + norm / alpha)``, ``norm`` being the mean of its
        diagonal.
    eigenvalues_, modes_, singular_values_, rank_, centers_, length_scale_, n_features_in_
        As in every estimator with a kernel: eigenvalues of a step; modes of the state, (rank_, n_features).

    Raises
    ------
    ValueError
        In ``fit``, if a parameter is none of what is named above, a number is not finite, or a kernel is not positive
        semidefinite.

    References
    ----------
    Kostic, Novelli, Maurer, Ciliberto, Rosasco, Pontil 2022, "Learning dynamical systems via Koopman operator
    regression in reproducing kernel Hilbert spaces", NeurIPS 35; Williams, Rowley, Kevrekidis 2015, "A kernel-based
    method for data-driven Koopman spectral analysis", J. Comput. Dyn. 2.

    Examples
    --------
    >>> import numpy as np
    >>> turn = 0.97 * np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    >>> X = np.array([np.linalg.matrix_power(turn, k) @ [1.0, 0.0] for k in range(50)])
    >>> model = KernelKoopman(rank=2, kernel="linear", alpha=0.0).fit(X)
    >>> np.abs(model.eigenvalues_).round(6), np.angle(model.eigenvalues_).round(6)
    (array([0.97, 0.97]), array([ 0.3, -0.3]))
    >>> float(np.abs(model.predict(X[:-5], n_steps=5) - X[5:]).max()) < 1e-10
    True
    """

    def __init__(
        self,
        rank: int | None = 10,
        kernel: Any = "gaussian",
        *,
        length_scale: float | None = None,
        degree: int = 3,
        coef0: float = 1.0,
        alpha: float = 1e-6,
        reduced_rank: bool = True,
        lag: int = 1,
    ) -> None:
        self.rank = rank
        self.kernel = kernel
        self.length_scale = length_scale
        self.degree = degree
        self.coef0 = coef0
        self.alpha = alpha
        self.reduced_rank = reduced_rank
        self.lag = lag

    def _operator_of(self, found: Pairs) -> FiniteRank:
        rank, alpha = checked_rank(self.rank), checked_alpha(self.alpha)
        kernel = resolve(self.kernel, self.length_scale, self.coef0, self.degree, found.states)
        count = len(found.states)
        limit = _limit(count, rank, alpha)
        factor = factorise(kernel, found.states, SHARE * alpha, limit, patient=limit == count)
        self.remainder_ = 0.0
        if factor.complete or rank is None:
            self.remainder_ = factor.remainder * count / found.count
            features = factor.features(kernel, found.states)
            means = moments(found, features, lambda part: (factor.rows, part))
            return regression(means, features, rank, alpha, bool(self.reduced_rank))
        return dense_regression(kernel, found, factor, rank, alpha, bool(self.reduced_rank))


def _limit(count: int, rank: int | None, alpha: float) -> int:
    """The largest rank of a factor that is cheaper than whole matrices."""
    if rank is None or alpha == 0 or count <= FEW or rank > count // 16:
        return count
    return max(FEW, int(LARGEST_SHARE * count))
