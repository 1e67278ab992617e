"""Best subsets: the sparse model of the least residual, with the proof that there is no better one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsci_kernels.loops import pool

from ._branch_search import BranchSearch, Found
from ._problem import Array, NormalEquations
from ._regressor import SparseRegressor
from ._sums import sums_of
from .criteria import check_criterion, information_criterion

MOST_FEATURES = 128
SLACK = 1e-9  # relative, so that the model which set a ceiling passes below it


class Subset(NamedTuple):
    """A sparse model and what is known about all others of its size.

    Attributes
    ----------
    coef : ndarray, shape (p,) or (m, p)
    objective : float or ndarray (m,)
        ``|y - X c|^2 + alpha |c|^2``.
    lower_bound : float or ndarray (m,)
        No model of at most so many terms has a smaller objective.
    certified : bool or ndarray (m,)
        Whether the search went through: the model is then the best, to the rounding of the sums.
    nodes : int or ndarray (m,)
        Sets of terms looked at.
    """

    coef: Array
    objective: Any
    lower_bound: Any
    certified: Any
    nodes: Any


def best_subset(
    theta: Any,
    target: Any = None,
    n_terms: int = 1,
    *,
    alpha: float = 0.0,
    time_limit: float | None = None,
) -> Subset:
    """Coefficients of the ``n_terms`` columns that leave the least residual, and a certificate.

    Branch and bound on the Gram matrix: the residual with all columns that are still allowed bounds that of every
    subset of them.  First guesses come from forward selection and elimination, each followed by the exchange of pairs.
    A search takes milliseconds for up to 70 columns where the terms stand out; looking for many more terms than the
    data support takes longer, since all choices are then nearly as good.

    Parameters
    ----------
    theta : array_like, shape (n_samples, p), or NormalEquations
        Design, or the sums of one; up to 128 columns.
    target : array_like, shape (n_samples,) or (n_samples, m)
        Left out where ``theta`` holds the sums.
    n_terms : int
        Number of terms.  Fewer are returned where columns depend on one another or the residual is zero before.
    alpha : float
        Ridge penalty on the coefficients.
    time_limit : float, optional
        Seconds for each target; then the best model so far is returned, with a lower bound and ``certified=False``.

    Returns
    -------
    Subset
        ``coef, objective, lower_bound, certified, nodes``.

    Raises
    ------
    ValueError
        Wrong shapes, samples that are not finite (the first such row is named), or parameters out of range.

    Notes
    -----
    Residuals come from sums, so that differences below ``1e-15 p |y|^2`` are not resolved, and a column of which
    less than 1e-12 of the square is independent of the others counts as dependent on them.

    References
    ----------
    Furnival and Wilson, Technometrics 16 (1974) 499; for equations, Bertsimas and Gurnee, Nonlinear Dyn. 111 (2023)
    6585.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.sparse.subset import best_subset
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 20))
    >>> y = 2.0 * X[:, 1] - X[:, 4] + 0.1 * rng.normal(size=200)
    >>> found = best_subset(X, y, 2)
    >>> np.flatnonzero(found.coef), found.certified
    (array([1, 4]), True)
    """
    problem, flat = sums_of(theta, target)
    _check(problem, alpha, time_limit)
    size = _size(n_terms, problem.n_features)
    found = _on_all_targets(problem, alpha, _Sizes((size,), None), time_limit)
    supports = _masks([row[-1] for row in found], problem.n_features)
    coef = problem.solve_all(supports, alpha)
    last = [row[-1] for row in found]
    columns = [np.array([getattr(one, name) for one in last]) for name in Subset._fields[1:]]
    if flat:
        return Subset(coef[0], *(column[0].item() for column in columns))
    return Subset(coef, *columns)


class BestSubset(SparseRegressor):
    """Sparse regression by the exact best subset (L0), on the sums of the samples.

    Parameters
    ----------
    n_terms : int, sequence of int, or None
        Number of terms; several, of which the criterion chooses after each is solved exactly; or None for the best
        model by the criterion among all of up to ``max_terms`` terms.  The last is often the fastest: a size is given
        up as soon as none of its models can beat the best of the smaller ones.
    criterion : {"bic", "aic", "aicc", "ebic", "hqc"}
        See `fastsci.sparse.criteria`.
    max_terms : int
        The largest model for ``n_terms=None``.
    alpha : float
        Ridge penalty on the coefficients.
    time_limit : float, optional
        Seconds for each target and size.
    fit_intercept : bool
        Subtract means first; a library with a constant needs none.

    Attributes
    ----------
    coef_ : ndarray, shape (p,) or (m, p)
    n_terms_ : ndarray of int, shape (m,)
        Terms of the chosen models.
    certified_ : ndarray of bool, shape (m,)
        Whether every search went through: the chosen model is then the best of its size, and for ``n_terms=None`` the
        best by the criterion of all sizes.
    objective_, lower_bound_ : ndarray, shape (m,)
        Of the chosen model, ``|y - X c|^2 + alpha |c|^2``, and of all of its size.
    nodes_ : ndarray of int, shape (m,)
        Sets of terms looked at.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.sparse.subset import BestSubset
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 20))
    >>> y = 2.0 * X[:, 1] - X[:, 4] + 0.1 * rng.normal(size=200)
    >>> np.flatnonzero(BestSubset(criterion="ebic").fit(X, y).coef_)
    array([1, 4])
    """

    def __init__(
        self,
        n_terms: int | Sequence[int] | None = None,
        *,
        criterion: str = "bic",
        max_terms: int = 10,
        alpha: float = 0.0,
        time_limit: float | None = None,
        fit_intercept: bool = False,
    ) -> None:
        self.n_terms = n_terms
        self.criterion = criterion
        self.max_terms = max_terms
        self.alpha = alpha
        self.time_limit = time_limit
        self.fit_intercept = fit_intercept

    def _solve(self, problem: NormalEquations) -> Array:
        check_criterion(self.criterion)
        _check(problem, self.alpha, self.time_limit)
        sizes = self._sizes(problem.n_features)
        found = _on_all_targets(problem, self.alpha, sizes, self.time_limit)
        chosen = [sizes.best(row, problem) for row in found]
        self.n_terms_ = np.array([one.support.size for one in chosen])
        self.certified_ = np.array([all(one.certified for one in row) for row in found])
        self.objective_ = np.array([one.objective for one in chosen])
        self.lower_bound_ = np.array([one.lower_bound for one in chosen])
        self.nodes_ = np.array([sum(one.nodes for one in row) for row in found])
        return problem.solve_all(_masks(chosen, problem.n_features), self.alpha)

    def _sizes(self, n_features: int) -> _Sizes:
        if self.n_terms is None:
            return _Sizes(tuple(range(1, _size(self.max_terms, n_features, "max_terms") + 1)), self.criterion, True)
        if isinstance(self.n_terms, Sequence | np.ndarray):
            sizes = sorted({_size(size, n_features) for size in self.n_terms})
            if not sizes:
                raise ValueError("n_terms: is empty, expected numbers of terms; None tries all up to max_terms")
            return _Sizes(tuple(sizes), self.criterion)
        return _Sizes((_size(self.n_terms, n_features),), None)


class _Sizes(NamedTuple):
    """Sizes to search, the criterion between them, and whether a size need only beat those before it."""

    sizes: tuple[int, ...]
    criterion: str | None
    pruned: bool = False

    def score(self, found: Found, problem: NormalEquations) -> float:
        return float(self._value(found.objective, found.support.size, problem))

    def best(self, row: list[Found], problem: NormalEquations) -> Found:
        return row[0] if self.criterion is None else min(row, key=lambda one: self.score(one, problem))

    def ceiling(self, size: int, best: float, problem: NormalEquations) -> float:
        """The objective below which a model of a size scores better than ``best``."""
        if not self.pruned or not np.isfinite(best):
            return np.inf
        # The criterion at a mean squared residual of one is the penalty.
        penalty = self._value(problem.n_samples, size, problem)
        objective = problem.n_samples * np.exp(min((best - penalty) / problem.n_samples + SLACK, 700.0))
        return float(objective)

    def below(self, search: BranchSearch) -> tuple[int, ...]:
        """The sizes that a criterion can judge: models that use up the samples leave no residual."""
        if self.criterion is None:
            return self.sizes
        most = search.rank - 2 if search.is_saturated() else search.rank
        return tuple(size for size in self.sizes if size <= most)

    def _value(self, objective: float, size: int, problem: NormalEquations) -> float:
        criterion = self.criterion or "bic"
        features = problem.n_features
        return float(information_criterion(objective, problem.n_samples, size, criterion, n_features=features))


def _on_all_targets(
    problem: NormalEquations, alpha: float, sizes: _Sizes, time_limit: float | None
) -> list[list[Found]]:
    """For each target the outcome of each size, the empty model first where a criterion chooses."""
    rows: list[list[Found]] = [[] for _ in range(problem.n_targets)]

    def work(first: int, last: int, cancelled: threading.Event) -> None:
        for target in range(first, last):
            search = BranchSearch(problem, target, alpha)
            row = rows[target]
            if sizes.criterion is not None:
                row.append(search.empty())
            tried = sizes.below(search)
            guesses = [*row, *(search.guess(size) for size in tried)] if sizes.pruned else []
            best = min((sizes.score(one, problem) for one in guesses), default=np.inf)
            for size in tried:
                ceiling = sizes.ceiling(size, best, problem)
                found = search.search(size, ceiling=ceiling, time_limit=time_limit, stop=cancelled)
                row.append(found)
                best = min(best, sizes.score(found, problem))

    pool.run(work, [(target, target + 1) for target in range(problem.n_targets)])
    return rows


def _masks(found: list[Found], n_features: int) -> NDArray[np.bool_]:
    masks = np.zeros((len(found), n_features), bool)
    for row, one in zip(masks, found, strict=True):
        row[one.support] = True
    return masks


def _size(value: Any, n_features: int, name: str = "n_terms") -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 1:
        raise ValueError(f"{name}: is {value!r}, expected a whole number of at least 1; BestSubset() chooses one")
    return min(int(value), n_features)


def _check(problem: NormalEquations, alpha: float, time_limit: float | None) -> None:
    if problem.n_features > MOST_FEATURES:
        raise ValueError(
            f"theta: has {problem.n_features} columns, expected at most {MOST_FEATURES} for an exact search; keep those"
            " that FROLS takes first"
        )
    if not np.isfinite(alpha) or alpha < 0:
        raise ValueError(f"alpha: is {alpha!r}, expected a ridge penalty of 0 or more; 0 is plain least squares")
    if time_limit is not None and not time_limit > 0:
        raise ValueError(f"time_limit: is {time_limit!r}, expected positive seconds; None searches to the end")
