"""The estimator around a sparse solver: a design and targets in, coefficients out, as scikit-learn has it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np

from .._estimator import Estimator
from ._problem import Array, NormalEquations


class SparseRegressor(Estimator, ABC):
    """A linear regressor whose coefficients follow from the sums of its samples.

    A subclass gives ``_solve``; ``SINDy`` calls it on moments, ``fit`` on a stored design.  Attributes after a fit:
    ``coef_`` (p,) or (m, p), ``intercept_``, ``n_features_in_`` and what ``_solve`` sets.
    """

    fit_intercept: bool = False

    @abstractmethod
    def _solve(self, problem: NormalEquations) -> Array:
        """Coefficients (m, p) of the problem's m targets.  Parameters are checked here, not in ``__init__``."""

    def _solve_many(self, problems: list[NormalEquations]) -> Array:
        """Coefficients (n_problems, m, p) of problems of one shape, such as bootstraps."""
        return np.stack([self._solve(problem) for problem in problems])

    def _solve_samples(self, theta: Array, target: Array, weight: Array | None) -> Array:
        """Coefficients (m, p) from a stored design; overridden where sums alone may have lost digits."""
        return self._solve(NormalEquations.of(theta, target, weight))

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit coefficients.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
        y : array_like, shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array_like, shape (n_samples,), optional

        Returns
        -------
        self
        """
        from sklearn.utils.validation import _check_sample_weight, validate_data

        checked, target = validate_data(
            self, X, y, dtype=np.float64, multi_output=True, y_numeric=True, ensure_min_samples=1
        )
        target = np.asarray(target, np.float64)
        columns = target.reshape(len(target), -1)
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, checked, dtype=np.float64)
        means, centre = np.zeros(checked.shape[1]), np.zeros(columns.shape[1])
        if self.fit_intercept:
            means, centre = np.average(checked, axis=0, weights=weight), np.average(columns, axis=0, weights=weight)
        coef = self._solve_samples(checked - means, columns - centre, weight)
        intercept = centre - coef @ means
        flat = target.ndim == 1
        self.coef_ = coef[0] if flat else coef
        self.intercept_ = (float(intercept[0]) if flat else intercept) if self.fit_intercept else 0.0
        return self

    def predict(self, X: Any) -> Array:
        """Targets of new samples, (n_samples,) or (n_samples, n_targets)."""
        from sklearn.utils.validation import check_is_fitted, validate_data

        check_is_fitted(self)
        checked = validate_data(self, X, reset=False, dtype=np.float64)
        return checked @ self.coef_.T + self.intercept_

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Coefficient of determination of the predictions."""
        from sklearn.metrics import r2_score

        return float(r2_score(y, self.predict(X), sample_weight=sample_weight))

    @property
    def complexity(self) -> int:
        """Number of coefficients that are not zero."""
        self._require_fitted()
        return int(np.count_nonzero(self.coef_))

    def __sklearn_tags__(self) -> Any:
        """Called by scikit-learn alone."""
        from sklearn.utils import RegressorTags

        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor"
        tags.regressor_tags = RegressorTags()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = True
        return tags
