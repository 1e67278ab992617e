"""What every Koopman estimator with a kernel answers once it is fitted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np

from .._estimator import Estimator
from ._kernel_functions import Array
from ._kernel_operator import Complex, FiniteRank
from ._kernel_pairs import Pairs, matrix, pairs


class KernelModel(Estimator, ABC):
    """An operator of finite rank; a subclass gives ``_operator_of`` and its parameters.

    Attributes
    ----------
    eigenvalues_ : ndarray, shape (rank_,)
        Of a step of ``lag`` samples, from the largest modulus to the smallest; complex.
    modes_ : ndarray, shape (rank_, n_features)
        What each eigenfunction carries of the state: the state expected ``k`` steps after ``x`` is
        ``sum_j eigenvalues_[j]**k eigenfunctions(x)[j] modes_[j]``.  Zero where an eigenvalue is.
    singular_values_ : ndarray, shape (rank_,)
        Of the features of the next state as they are foreseen from the scaled ones of the state.
    rank_ : int
        Directions kept: ``rank``, or fewer where rounding hides the others.
    centers_ : ndarray, shape (n_centers, n_features)
        States at which the kernel of the right eigenfunctions is taken.
    length_scale_ : float
    n_features_in_ : int
    """

    lag: Any
    _operator: FiniteRank

    @abstractmethod
    def _operator_of(self, found: Pairs) -> FiniteRank:
        """The operator of pairs of states.  Parameters are checked here, not in ``__init__``."""

    def fit(self, X: Any, y: Any = None, *, observables: Any = None) -> Self:
        """Fit the operator.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features), or list of them
            States in time order, at equal steps; of several trajectories a list.
        y : array_like, shape (n_samples, n_features), or list of them, optional
            The state that follows each row of ``X``, where these are not in time order; ``lag`` then does not matter.
            A one-dimensional ``y`` beside several features is taken for the target of another step of a pipeline, and
            left alone.
        observables : array_like, shape (n_samples,) or (n_samples, n_observables), or list of them, optional
            Values at the states of what else is to be forecast; with ``y``, at the states that follow.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a shape or a parameter is not what it should be, or a number is not finite.
        TypeError
            If something is not a number.
        """
        found = pairs(X, y, observables, self.lag)
        operator = self._operator_of(found)
        self._operator = operator
        self._flat = observables is not None and _dimensions(observables) == 1
        self.n_features_in_ = found.states.shape[1]
        self.length_scale_ = operator.right.kernel.length_scale
        self.centers_ = operator.right.centers
        self.singular_values_ = operator.singular_values
        self.rank_ = len(operator.singular_values)
        return self

    @property
    def eigenvalues_(self) -> Complex:
        """Eigenvalues of a step, (rank_,)."""
        return self._fitted().spectrum.values

    @property
    def modes_(self) -> Complex:
        """Modes of the state, (rank_, n_features)."""
        operator = self._fitted()
        return operator.modes(operator.state)

    @property
    def observable_modes_(self) -> Complex:
        """Modes of the observables given to ``fit``, (rank_, n_observables)."""
        operator = self._fitted()
        return operator.modes(self._observed(operator))

    def eigenfunctions(self, X: Any) -> Complex:
        """Right eigenfunctions at states ``X`` (n_samples, n_features), (n_samples, rank_).

        Their mean square over the states of the fit is 1.  Along a trajectory they are multiplied by their eigenvalue
        at each step, as far as the estimate goes.
        """
        operator = self._fitted()
        return operator.right_eigenfunctions(self._states(X))

    def left_eigenfunctions(self, X: Any) -> Complex:
        """Left eigenfunctions at states ``X`` (n_samples, n_features), (n_samples, rank_).

        In the space of the kernel their inner product with the right one of the same place is 1, with all others 0.
        """
        operator = self._fitted()
        return operator.left_eigenfunctions(self._states(X))

    def predict(self, X: Any, n_steps: Any = 1, observable: bool = False) -> Array:
        """Expected state ``n_steps`` steps of ``lag`` samples after each of ``X`` (n_samples, n_features).

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
        n_steps : int, default 1
        observable : bool, default False
            The observables given to ``fit`` are foreseen in the place of the state.

        Returns
        -------
        ndarray, shape (n_samples, n_features), or as the observables have it
        """
        operator = self._fitted()
        steps, states = _checked_steps(n_steps), self._states(X)
        if not observable:
            return operator.forecast(states, steps, operator.state)
        found = operator.forecast(states, steps, self._observed(operator))
        return found[:, 0] if self._flat else found

    def score(self, X: Any, y: Any = None, n_steps: Any = 1, *, observables: Any = None) -> float:
        """Coefficient of determination of forecasts, averaged over variables.

        Parameters
        ----------
        X, y
            As in ``fit``; with ``y``, ``n_steps`` is 1.
        n_steps : int, default 1
        observables : array_like, optional
            As in ``fit``: they are scored in the place of the state.
        """
        from sklearn.metrics import r2_score

        operator, steps = self._fitted(), _checked_steps(n_steps)
        found = pairs(X, y, observables, self.lag * steps, width=self.n_features_in_, owner=type(self).__name__)
        if y is not None and steps != 1:
            raise ValueError(f"n_steps: is {n_steps!r}, expected 1 together with y; give trajectories for more")
        observed = operator.state if found.observed is None else self._observed(operator)
        wanted = found.targets if found.observed is None else found.observed
        return float(r2_score(wanted, operator.forecast(found.origins, steps, observed)))

    def risk(self, X: Any = None, y: Any = None) -> float:
        """Mean squared distance, in the space of the kernel, of the next state from what is foreseen.

        Parameters
        ----------
        X, y : optional
            As in ``fit``; the pairs of the fit unless given.
        """
        operator = self._fitted()
        if X is None:
            return operator.training_risk
        found = pairs(X, y, None, self.lag, width=self.n_features_in_, owner=type(self).__name__)
        return operator.risk(found.origins, found.targets)

    def _fitted(self) -> FiniteRank:
        self._require_fitted()
        return self._operator

    def _observed(self, operator: FiniteRank) -> Array:
        if operator.observed is None:
            raise ValueError("observables: there were none in fit; give their values there")
        return operator.observed

    def _states(self, X: Any) -> Array:
        return matrix(X, "X", self.n_features_in_, type(self).__name__)


def _dimensions(values: Any) -> int:
    """Of observables, or of those of the first trajectory."""
    return np.ndim(values[0]) if isinstance(values, list | tuple) and np.ndim(values[0]) else np.ndim(values)


def _checked_steps(steps: Any) -> int:
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise ValueError(f"n_steps: is {steps!r}, expected an integer of at least 1")
    return int(steps)


def checked_rank(rank: Any) -> int | None:
    """A number of directions, or None for all."""
    if rank is None:
        return None
    if isinstance(rank, bool) or not isinstance(rank, int | np.integer) or rank < 1:
        raise ValueError(f"rank: is {rank!r}, expected an integer of at least 1, or None for every direction")
    return int(rank)


def checked_alpha(alpha: Any) -> float:
    """A ridge that is not negative."""
    if isinstance(alpha, bool) or not isinstance(alpha, int | float | np.number) or not 0 <= alpha < np.inf:
        raise ValueError(f"alpha: is {alpha!r}, expected a finite number of at least 0")
    return float(alpha)
