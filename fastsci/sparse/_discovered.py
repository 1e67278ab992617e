"""What a discovered model does: predict, be read, and run as a System."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from fastsci_kernels.regress.plan import Plan, Term

from .._estimator import Estimator
from .._samples import samples
from ..system import Kind, System
from ._problem import Array
from ._routes import Data
from ._trajectories import Trajectory, trajectories
from .libraries import plan_of

MOST_PARAMETERS = 200  # coefficients that a simulation takes as parameters, so that all models share its kernel


class DiscoveredModel(Estimator):
    """Coefficients ``coef_`` of ``terms_``: the derivatives of states, or the next states of a map."""

    coef_: Array
    terms_: tuple[Term, ...]
    feature_names_: list[str]
    input_names_: list[str]
    n_features_in_: int
    n_control_features_: int
    discrete_time: bool
    _needed: tuple[Array, Plan, Array] | None = None  # the coefficients last used, and what they need

    def _data(self, every: list[Trajectory], sample_weight: Any) -> Data:
        raise NotImplementedError

    def predict(self, X: Any, u: Any = None) -> Array:
        """Derivatives at states ``X`` (n_samples, d), or the next states of a map.

        Parameters
        ----------
        X : array_like, shape (n_samples, d) or (d,)
        u : array_like, shape (n_samples, c), optional

        Returns
        -------
        ndarray, of the shape of ``X``
        """
        self._require_fitted()
        states = X if isinstance(X, np.ndarray) else np.asarray(X)
        single = states.ndim == 1 and states.size == self.n_features_in_
        found = self._values(self._inputs(states[None] if single else states, u), self.coef_)
        return found[0] if single else found

    def _values(self, inputs: np.ndarray, coef: Array) -> Array:
        """What coefficients ``(m, p)`` make of inputs, by the terms that they need alone."""
        from fastsci_kernels.regress import features

        if self._needed is None or self._needed[0] is not coef:
            used = np.flatnonzero(coef.any(axis=0))
            terms = tuple(self.terms_[index] for index in used)
            plan = plan_of(terms, inputs.shape[1], 0, moments=False)
            self._needed = coef, plan, np.ascontiguousarray(coef[:, used])
        return features.combined(self._needed[1], inputs, self._needed[2])

    def _inputs(self, X: Any, u: Any) -> np.ndarray:
        states = samples(X, "X", self.n_features_in_)
        if not self.n_control_features_:
            if u is not None:
                raise ValueError("u: was given, but the model was fitted without controls")
            return states
        if u is None:
            raise ValueError(f"u: is missing, expected controls of shape (n_samples, {self.n_control_features_})")
        controls = samples(u, "u", self.n_control_features_)
        if len(controls) != len(states):
            raise ValueError(f"u: has {len(controls)} rows, expected {len(states)}, one for each row of X")
        return np.hstack((states, controls))

    def score(self, X: Any, t: Any = None, x_dot: Any = None, u: Any = None) -> float:
        """Coefficient of determination of the derivatives, averaged over the states; arguments as those of ``fit``.

        For a map, of the next states.
        """
        self._require_fitted()
        data = self._data(trajectories(X, t, x_dot, u), None)
        targets = np.concatenate([np.asarray(target, np.float64) for _, target, _ in data])
        n_states = self.n_features_in_
        found = np.concatenate(
            [
                self.predict(inputs[:, :n_states], inputs[:, n_states:] if self.n_control_features_ else None)
                for inputs, _, _ in data
            ]
        )
        left = np.sum((targets - found) ** 2, axis=0)
        spread = np.sum((targets - targets.mean(axis=0)) ** 2, axis=0)
        return float(np.mean(np.where(spread > 0, 1.0 - left / np.where(spread > 0, spread, 1.0), left == 0)))

    # --- to be read ---

    def equations(self, precision: int = 3) -> list[str]:
        """The equations as text, one for each state: ``"x' = -10.000 x + 10.000 y"``."""
        from .equations import FLOW, MAP, equation_texts

        self._require_fitted()
        left = MAP if self.discrete_time else FLOW
        return equation_texts(self.coef_, self.terms_, self.input_names_, precision=precision, left=left)

    def latex(self, precision: int = 3) -> str:
        """The equations as an ``aligned`` block of LaTeX."""
        from .equations import latex

        self._require_fitted()
        return latex(self.coef_, self.terms_, self.input_names_, precision=precision, kind=self._kind)

    def sympy_equations(self) -> list[Any]:
        """The equations as ``sympy.Eq``, coefficients in full precision; needs SymPy."""
        from .equations import sympy_equations

        self._require_fitted()
        return sympy_equations(self.coef_, self.terms_, self.input_names_, kind=self._kind)

    def print(self, precision: int = 3) -> None:
        """Print the equations."""
        sys.stdout.write("\n".join(self.equations(precision)) + "\n")

    @property
    def complexity(self) -> int:
        """Number of coefficients that are not zero."""
        self._require_fitted()
        return int(np.count_nonzero(self.coef_))

    # --- to be run ---

    @property
    def _kind(self) -> Kind:
        return "map" if self.discrete_time else "flow"

    def to_system(self, *, parameters: bool = False, **options: Any) -> System:
        """The model as a `System`: it simulates, differentiates and has exponents like any other.

        Parameters
        ----------
        parameters : bool, default False
            Whether coefficients become parameters, to be varied over members, or stay numbers in the formula.
        **options
            ``name``, ``control`` (what the controls are in time), ``support``, ``default_y0``, ``dt``: see
            `fastsci.sparse.to_system`.

        Examples
        --------
        >>> from fastsci.sparse import SINDy
        >>> x = np.random.default_rng(0).uniform(-1.0, 1.0, (200, 1))
        >>> SINDy().fit(x, x_dot=2.0 - 3.0 * x).to_system().rhs(0.0, [0.5])
        array([0.5])
        """
        from .model_system import to_system

        self._require_fitted()
        options = {"kind": self._kind, **options}
        n_states = self.n_features_in_
        return to_system(self.coef_, self.terms_, self.input_names_, n_states, parameters=parameters, **options)

    def simulate(self, y0: Any, t_eval: Any, u: Any = None, **options: Any) -> Array:
        """States at times, from one initial state or from many at once.

        Parameters
        ----------
        y0 : array_like, shape (d,) or (n_members, d)
        t_eval : array_like, shape (n_times,)
            Increasing times, the first that of ``y0``; of a map how many iterations, or their numbers.
        u : optional
            Controls: a function ``u(t)`` that returns a tuple, ``(times, values)``, or constants.
        **options
            ``method`` ("DOP853" unless given), ``rtol``, ``atol`` and others of `fastsci.solve_ensemble`.

        Returns
        -------
        ndarray, shape (n_times, d) or (n_members, n_times, d)
            NaN from where a member has gone to infinity.
        """
        from .model_system import simulate

        self._require_fitted()
        if u is not None and not self.n_control_features_:
            raise ValueError("u: was given, but the model was fitted without controls")
        if u is None and self.n_control_features_ and "params" not in options:
            raise ValueError(
                f"u: is missing, expected what drives {', '.join(self.input_names_[self.n_features_in_ :])}: a function"
                " of time, (times, values) or constants"
            )
        few = self.coef_.size <= MOST_PARAMETERS
        system = self.to_system(parameters=few, support=np.ones_like(self.coef_, bool) if few else None, control=u)
        return simulate(system, y0, t_eval, **options)
