"""Greedy sparse regression: terms removed one at a time (SSR), or added one at a time (FROLS)."""

from __future__ import annotations

import numpy as np

from fastsci_kernels.loops.batch import over
from fastsci_kernels.regress.elimination import eliminate
from fastsci_kernels.regress.selection import select

from ._path import MULTIPLY_SECONDS, GreedyPath, Order, Score, UnitSums

DEPENDENT = 1e-12  # share of a column's square beyond which the Gram matrix holds rounding alone


class SSR(GreedyPath):
    """Stepwise sparse regression: remove the least important term, fit the others anew, and so on to the last.

    The whole path costs as much as one inverse of the Gram matrix, whatever the number of samples.

    Parameters
    ----------
    alpha : float
        Ridge penalty along the path, on the coefficients as they are.
    criteria : {"coefficient_value", "model_residual"}
        Which term goes: the one with the smallest coefficient, or the one without which the penalised residual
        ``|y - X c|^2 + alpha |c|^2`` of the others, fitted anew, is the smallest.
    selection : {"aicc", "aic", "bic", "ebic", "hqc", "ratio"} or callable
        Which model of the path is returned, for each target: an information criterion (see
        `fastsci.sparse.criteria`); ``"ratio"``, the model whose last term divides the residual by the most; or
        ``selection(residual_squares, n_samples, n_terms)`` that returns scores, the smallest of which is the best.
    kappa : float, optional
        Choose the least ``residual + kappa cond(X) n_terms`` instead, with the condition number of unit columns.
    max_terms : int, optional
        The largest model considered.
    unbias : bool
        Fit the chosen terms once more without the ridge.
    fit_intercept : bool
        Subtract means first; a library with a constant needs none.

    Attributes
    ----------
    coef_ : ndarray, shape (p,) or (m, p)
    path_ : ndarray, shape (m, size + 1, p)
        Coefficients of the model of each number of terms.
    residual_squares_, scores_ : ndarray, shape (m, size + 1)
    order_ : ndarray of int, shape (m, size)
        Terms by importance: the last one to be removed comes first.
    n_terms_ : ndarray of int, shape (m,)
        Terms of the chosen models.

    References
    ----------
    Boninsegna, Nueske and Clementi, J. Chem. Phys. 148 (2018) 241723.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.sparse.greedy import SSR
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 6))
    >>> y = 2.0 * X[:, 1] - X[:, 4] + 0.1 * rng.normal(size=200)
    >>> np.flatnonzero(SSR(selection="ratio").fit(X, y).coef_)
    array([1, 4])
    """

    def __init__(
        self,
        *,
        alpha: float = 0.05,
        criteria: str = "coefficient_value",
        selection: str | Score = "aicc",
        kappa: float | None = None,
        max_terms: int | None = None,
        unbias: bool = True,
        fit_intercept: bool = False,
    ) -> None:
        self.alpha = alpha
        self.criteria = criteria
        self.selection = selection
        self.kappa = kappa
        self.max_terms = max_terms
        self.unbias = unbias
        self.fit_intercept = fit_intercept

    def _orders(self, sums: UnitSums, size: int) -> Order:
        if self.criteria not in ("coefficient_value", "model_residual"):
            raise ValueError(
                f"criteria: is {self.criteria!r}, expected 'coefficient_value' or 'model_residual';"
                " the model of the path is chosen by selection"
            )
        by_value = self.criteria == "coefficient_value"
        orders = np.empty(sums.crosses.shape, np.int64)

        def work(first: int, last: int) -> None:
            eliminate(sums.grams, sums.crosses, sums.ridges, sums.scales, by_value, orders, first, last)

        n_problems, n_targets, n_features = sums.crosses.shape
        over(n_problems, work, (1 + n_targets / 3) * n_features**3 * MULTIPLY_SECONDS)
        return orders


class FROLS(GreedyPath):
    """Forward regression by orthogonal least squares: add the term with the largest error reduction ratio.

    The ratio of a term is the share of the target's squares that its part orthogonal to the terms before it explains.
    It does not depend on the lengths of the columns, so that these are not normalised first.

    Parameters
    ----------
    alpha : float
        Ridge penalty of the models of the path, on the coefficients as they are.
    selection, kappa, unbias, fit_intercept
        As in `SSR`.
    max_terms : int, optional
        Terms at most; None for all.
    tolerance : float
        Stop where the share that is not yet explained falls to this.

    Attributes
    ----------
    coef_, path_, residual_squares_, scores_, n_terms_
        As in `SSR`.
    order_ : ndarray of int, shape (m, size)
        Terms in the order of their choice, -1 where none was left to choose.
    err_ : ndarray, shape (m, size)
        Error reduction ratios; their sum is the coefficient of determination of the largest model without the ridge.

    References
    ----------
    Chen, Billings and Luo, Int. J. Control 50 (1989) 1873; Billings, Nonlinear System Identification, 2013, chapter 3.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.sparse.greedy import FROLS
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 6))
    >>> y = 2.0 * X[:, 1] - X[:, 4] + 0.1 * rng.normal(size=200)
    >>> FROLS(max_terms=2).fit(X, y).err_
    array([[0.8, 0.2]])
    """

    def __init__(
        self,
        *,
        alpha: float = 0.05,
        selection: str | Score = "aicc",
        kappa: float | None = None,
        max_terms: int | None = 10,
        tolerance: float = 0.0,
        unbias: bool = True,
        fit_intercept: bool = False,
    ) -> None:
        self.alpha = alpha
        self.selection = selection
        self.kappa = kappa
        self.max_terms = max_terms
        self.tolerance = tolerance
        self.unbias = unbias
        self.fit_intercept = fit_intercept

    def _orders(self, sums: UnitSums, size: int) -> Order:
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"tolerance: is {self.tolerance!r}, expected a share from 0 to 1; 0 stops at max_terms")
        n_problems, n_targets, n_features = sums.crosses.shape
        orders = np.empty((n_problems, n_targets, size), np.int64)
        ratios = np.empty(orders.shape)

        def work(first: int, last: int) -> None:
            select(
                sums.grams, sums.crosses, sums.squares, DEPENDENT, self.tolerance, orders, ratios, first, last
            )  # fmt: skip

        over(n_problems, work, n_targets * size**2 * n_features * MULTIPLY_SECONDS)
        self.err_ = ratios[0]
        return orders
