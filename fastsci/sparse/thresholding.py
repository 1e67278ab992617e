"""Sequentially thresholded least squares: ridge regression on the terms that are left, until no more of them leaves."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._samples import refuse_non_finite, samples
from ._problem import Array, NormalEquations
from ._regressor import SparseRegressor
from ._thresholded import Thresholded, check, limits_of, lost_digits, solve_along, solve_each


class EliminationWarning(UserWarning):
    """Every term of a target fell below the threshold."""


class IterationWarning(UserWarning):
    """A solver was stopped before its iterates came to rest."""


def stlsq(
    theta: Any,
    target: Any,
    *,
    threshold: Any = 0.1,
    alpha: float = 0.05,
    max_iter: int = 20,
    unbias: bool = True,
    normalize_columns: bool = False,
    sample_weight: Any = None,
) -> Array:
    """Sparse coefficients by sequentially thresholded least squares.

    Minimises ``|target - theta c|^2 + alpha |c|^2``, drops every term with ``|c| < threshold``, and repeats with those
    that are left until none is dropped; each target has its own terms.  Where rounding of ``theta' theta`` could turn
    a decision, ``theta`` itself is factorised.  Of columns that depend on one another the solution of least norm is
    taken, in units of columns of unit length: of two that are the same each takes half.

    Parameters
    ----------
    theta : array_like, shape (n_samples, n_features)
        Design: every candidate term at every sample.
    target : array_like, shape (n_samples,) or (n_samples, n_targets)
        What is to be explained, such as time derivatives.
    threshold : float or array_like, shape (n_features,) or (n_targets, n_features)
        Smallest magnitude of a coefficient that is kept, in units of the target per unit of the term.
    alpha : float
        Ridge penalty.
    max_iter : int
        Most ridge solutions of one target.
    unbias : bool
        Whether to end with plain least squares on the terms that are left.  Where columns nearly depend on one another
        a ridge bends coefficients, and one that it held above the threshold may end below: take a smaller ``alpha``.
    normalize_columns : bool
        Whether threshold and ridge act on the coefficients of columns of unit length.
    sample_weight : array_like, shape (n_samples,), optional
        Weights of the squared residuals.

    Returns
    -------
    ndarray, shape (n_targets, n_features)
        Zero for terms that were dropped.

    Raises
    ------
    ValueError
        For shapes that do not agree, samples that are not finite, a negative threshold, penalty or weight.

    Warns
    -----
    EliminationWarning, IterationWarning
        A target has no terms left; the terms still change after ``max_iter`` solutions.

    References
    ----------
    Brunton, Proctor & Kutz, PNAS 113 (2016) 3932; with a ridge penalty: Rudy, Brunton, Proctor & Kutz, Sci. Adv. 3
    (2017) e1602614.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-2.0, 2.0, 200)
    >>> theta = np.stack([np.ones(200), x, x**2, x**3], axis=1)
    >>> stlsq(theta, 3.0 * x - 0.5 * x**3, threshold=0.2).round(3)
    array([[ 0. ,  3. ,  0. , -0.5]])
    """
    design, wanted = samples(theta, "theta"), samples(target, "target")
    if len(design) == 0 or len(wanted) != len(design):
        raise ValueError(
            f"target: has {len(wanted)} samples, expected {max(len(design), 1)}, as many as theta; give both alike"
        )
    weight = None if sample_weight is None else _weights(sample_weight, len(design))
    refuse_non_finite(design, "theta")
    refuse_non_finite(wanted, "target")
    design, wanted = np.asarray(design, np.float64), np.asarray(wanted, np.float64)
    solver: Any = STLSQ(threshold, alpha, max_iter, normalize_columns=normalize_columns, unbias=unbias)
    return solver._solve_samples(design, wanted, weight)


def solve_batch(
    grams: Array,
    crosses: Array,
    squares: Array,
    *,
    threshold: Any = 0.1,
    alpha: float = 0.05,
    max_iter: int = 20,
    unbias: bool = True,
    normalize_columns: bool = False,
) -> Thresholded:
    """Thresholded solutions of many problems of one shape, such as bootstraps, on all threads.

    Each has, bit for bit, the solution that it has alone.  Features whose column is zero in a problem's Gram matrix
    take no part in it.

    Parameters
    ----------
    grams : ndarray, shape (B, p, p)
        ``theta' theta``.
    crosses : ndarray, shape (B, p, m)
        ``theta' target``.
    squares : ndarray, shape (B, m)
        Sums of the squared targets.
    threshold, alpha, max_iter, unbias, normalize_columns
        As in `stlsq`.

    Returns
    -------
    Thresholded
        ``coef (B, m, p)``, ``support``, ``uncertain``, ``n_iter``, ``converged``.  Nothing is warned of.

    Examples
    --------
    >>> import numpy as np
    >>> theta = np.random.default_rng(0).normal(size=(5, 100, 4))
    >>> target = theta @ np.array([[1.0], [0.0], [-2.0], [0.0]])
    >>> transposed = theta.transpose(0, 2, 1)
    >>> solve_batch(transposed @ theta, transposed @ target, np.sum(target**2, axis=1)).coef[3].round(3)
    array([[ 1.,  0., -2.,  0.]])
    """
    limits = limits_of(threshold, crosses.shape[2], crosses.shape[1])[None]
    check(alpha, max_iter)
    found = solve_each(grams, crosses, squares, limits, float(alpha), int(max_iter), unbias, normalize_columns)
    return found.at(np.s_[:, 0])


class STLSQ(SparseRegressor):
    """Sequentially thresholded least squares, a linear regressor with few coefficients.

    Parameters
    ----------
    threshold : float or array_like, shape (p,) or (m, p), default 0.1
        Smallest magnitude of a coefficient that is kept.
    alpha : float, default 0.05
        Ridge penalty of the solutions that are thresholded.
    max_iter : int, default 20
        Most ridge solutions of one target.
    normalize_columns : bool, default False
        Whether threshold and ridge act on the coefficients of columns of unit length.
    unbias : bool, default True
        Whether to end with plain least squares on the terms that are left.  Where columns nearly depend on one another
        a ridge bends coefficients, and one that it held above the threshold may end below: take a smaller ``alpha``.

    Attributes
    ----------
    coef_ : ndarray, shape (p,) or (m, p)
    support_ : ndarray of bool, shape (m, p)
        Terms that are left.
    uncertain_ : ndarray of bool, shape (m, p)
        Terms on which some decision was so close that rounding could have turned it.
    n_iter_ : int
        Ridge solutions, of the target that took most.

    Warns
    -----
    EliminationWarning, IterationWarning
        A target has no terms left; the terms still change after ``max_iter`` solutions.

    See Also
    --------
    stlsq : The same as a function.

    References
    ----------
    Brunton, Proctor & Kutz, PNAS 113 (2016) 3932.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 4))
    >>> STLSQ(threshold=0.5).fit(X, X @ [1.0, 0.0, -2.0, 0.1]).support_
    array([[ True, False,  True, False]])
    """

    copy_X = True  # asked for by PySINDy's ensembles; a design is never written to

    def __init__(
        self,
        threshold: Any = 0.1,
        alpha: float = 0.05,
        max_iter: int = 20,
        *,
        normalize_columns: bool = False,
        unbias: bool = True,
    ) -> None:
        self.threshold = threshold
        self.alpha = alpha
        self.max_iter = max_iter
        self.normalize_columns = normalize_columns
        self.unbias = unbias

    @property
    def _final_alpha(self) -> float | None:
        """The ridge penalty of the last solution, by which another pass over the samples can correct it."""
        if self.unbias:
            return 0.0
        return None if self.normalize_columns else float(self.alpha)

    def _thresholded(self, problem: NormalEquations) -> Thresholded:
        limits = limits_of(self.threshold, problem.n_targets, problem.n_features)[None]
        check(self.alpha, self.max_iter)
        return solve_along(
            problem,
            limits,
            alpha=self.alpha,
            max_iter=self.max_iter,
            unbias=self.unbias,
            normalize_columns=self.normalize_columns,
        )

    def _solve(self, problem: NormalEquations) -> Array:
        return self._keep(self._thresholded(problem), problem)

    def _solve_samples(self, theta: Array, target: Array, weight: Array | None) -> Array:
        """From the sums, unless these leave a decision or digits of a coefficient open."""
        problem = NormalEquations.of(theta, target, weight)
        found = self._thresholded(problem)
        if found.uncertain.any() or lost_digits(problem, found.support[0]):
            found = self._thresholded(NormalEquations.factorised(theta, target, weight))
        return self._keep(found, problem)

    def _keep(self, found: Thresholded, problem: NormalEquations) -> Array:
        self.support_, self.uncertain_ = found.support[0], found.uncertain[0]
        self.n_iter_ = int(found.n_iter.max())
        gone = np.flatnonzero(~self.support_.any(axis=1) & (problem.squares > 0))
        if gone.size:
            warnings.warn(
                f"threshold: is {self.threshold!r}, which no coefficient of target {', '.join(map(str, gone))} reaches;"
                " its equation has no terms; take a smaller threshold",
                EliminationWarning,
                stacklevel=4,
            )
        if not found.converged.all():
            warnings.warn(
                f"max_iter: after {self.max_iter} solutions terms still leave target"
                f" {', '.join(map(str, np.flatnonzero(~found.converged[0])))}; take a larger max_iter",
                IterationWarning,
                stacklevel=4,
            )
        return found.coef[0]

    def _solve_many(self, problems: list[NormalEquations]) -> Array:
        if any(problem.root is not None for problem in problems):
            return np.stack([self._thresholded(problem).coef[0] for problem in problems])
        return solve_batch(
            np.stack([problem.gram for problem in problems]),
            np.stack([problem.cross for problem in problems]),
            np.stack([problem.squares for problem in problems]),
            threshold=self.threshold,
            alpha=self.alpha,
            max_iter=self.max_iter,
            unbias=self.unbias,
            normalize_columns=self.normalize_columns,
        ).coef


def _weights(sample_weight: Any, n_samples: int) -> Array:
    weight = samples(sample_weight, "sample_weight", 1)
    if len(weight) != n_samples:
        raise ValueError(f"sample_weight: has {len(weight)} entries, expected {n_samples}; give one for every sample")
    refuse_non_finite(weight, "sample_weight")
    if weight.min() < 0:
        raise ValueError(f"sample_weight: holds {weight.min():g}, expected none below 0; leave such samples out")
    return np.asarray(weight[:, 0], np.float64)
