"""Rational equations of motion, found as sparse relations between states and derivatives (SINDy-PI)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from fastsci_kernels.regress.plan import Generator, Term, multiplied

from .._estimator import Estimator
from .._samples import refuse_non_finite, samples
from ..system import System
from ._problem import Array
from ._quotient import fitted_quotient
from ._relations import relations_by_elimination, relations_by_optimizer
from ._routes import Data, triangle
from ._trajectories import trajectories
from .equations import equation_texts
from .libraries import Library, PolynomialLibrary, plan_of
from .model_system import simulate
from .rational_system import rational_system
from .sindy import SINDy

JUDGED = 2**12  # samples, evenly spaced, on which candidates are compared
STORED = 2**22  # numbers of the library, or of predictions, that are stored at a time


class ImplicitSINDy(Estimator):
    """Equations ``x_i' = N_i(x) / D_i(x)`` from samples (SINDy-PI; Kaheman, Kutz & Brunton 2020).

    ``N(x) - x_i' D(x) = 0`` is a sparse relation among terms of x and products of ``x_i'`` with terms of x.  Every term
    in turn is taken for the left-hand side and fitted by few of the others; all these fits share one factorisation of
    the library, since relations are lost in its Gram matrix.  Each candidate is solved for the derivative and judged by
    its error; among those that are about as good as the best one the sparsest is chosen.

    Parameters
    ----------
    library : Library, optional
        Terms of the numerators; ``PolynomialLibrary(degree=2)`` unless given.
    derivative_library : Library, optional
        Terms of the denominators; ``PolynomialLibrary(degree=1)`` unless given.  Where both libraries also hold the
        equation multiplied by some term, it is found just as well, only with more terms; small libraries are better.
    optimizer : SparseRegressor, optional
        Fits every term by the others, on columns of unit length, so that a threshold is a part of the left-hand side's
        length.  Unless given, terms are removed one at a time and all sizes are candidates.
    differentiation : object with ``differentiate(x, t)`` and ``smooth(x, t)``, optional
        As for `SINDy`.
    slack : float, default 0.2
        A candidate is about as good as the best one where its error exceeds the best by no more than this part.
    tolerance : float, default 1e-6
        Relative errors below it are all as good: that of the derivatives.
    refine : bool, default True
        Whether to end with least squares of the quotients ``N / D`` of the terms that were found: a relation that is
        fitted to noisy derivatives has these among its columns, and so is biased.
    drop_nan : bool, default False
        As for `SINDy`.

    Attributes
    ----------
    numerator_, denominator_ : ndarray, shapes (d, p) and (d, q)
        Coefficients; the first term of each denominator has the coefficient 1.
    numerator_names_, denominator_names_ : list of str
        Names of the terms.
    errors_ : ndarray, shape (d,)
        Root mean square of ``x_i' - N_i / D_i`` over that of ``x_i'``, by which the candidate was chosen.
    front_ : list of ndarray, shape (p + q + 1,)
        For each state the least error of a candidate with so many terms, infinite where there is none.
    n_features_in_, n_control_features_ : int

    References
    ----------
    Kaheman, Kutz and Brunton, Proc. R. Soc. A 476 (2020) 20200279; Mangan, Brunton, Proctor and Kutz, IEEE Trans. Mol.
    Biol. Multi-Scale Commun. 2 (2016) 52.

    Examples
    --------
    Michaelis-Menten kinetics, ``x' = 0.6 - 1.5 x / (0.3 + x)``:

    >>> import numpy as np
    >>> x = np.linspace(0.05, 2.0, 200)[:, None]
    >>> model = ImplicitSINDy().fit(x, x_dot=0.6 - 1.5 * x / (0.3 + x), feature_names=["x"])
    >>> model.equations()
    ["x' = (0.600 - 3.000 x) / (1.000 + 3.333 x)"]
    """

    def __init__(
        self,
        library: Library | None = None,
        derivative_library: Library | None = None,
        optimizer: Any = None,
        differentiation: Any = None,
        *,
        slack: float = 0.2,
        tolerance: float = 1e-6,
        refine: bool = True,
        drop_nan: bool = False,
    ) -> None:
        self.library = library
        self.derivative_library = derivative_library
        self.optimizer = optimizer
        self.differentiation = differentiation
        self.slack = slack
        self.tolerance = tolerance
        self.refine = refine
        self.drop_nan = drop_nan

    def fit(
        self,
        X: Any,
        t: Any = None,
        x_dot: Any = None,
        u: Any = None,
        feature_names: Sequence[str] | None = None,
    ) -> Self:
        """Find the equations; arguments as those of `SINDy.fit`.

        Raises
        ------
        ValueError
            Where samples are not as they should be, or no candidate of a state can be solved for its derivative.
        """
        for name, value in (("slack", self.slack), ("tolerance", self.tolerance)):
            if not (np.isfinite(value) and value >= 0):
                raise ValueError(f"{name}: is {value!r}, expected a finite number of at least 0")
        if self.optimizer is not None and not hasattr(self.optimizer, "_solve_many"):
            raise TypeError(f"optimizer: is {self.optimizer!r}, expected a sparse regressor of this package")
        source: Any = SINDy(differentiation=self.differentiation, drop_nan=self.drop_nan)
        every = trajectories(X, t, x_dot, u)
        source._name(every[0], feature_names)
        self.n_features_in_, self.n_control_features_ = source.n_features_in_, source.n_control_features_
        self.input_names_ = source.input_names_
        self._set_terms()
        data = source._clean(source._data(every, None))
        for inputs, targets, _ in data:
            refuse_non_finite(inputs, "X")
            refuse_non_finite(targets, "x_dot")
        root = self._factorised(data)
        inputs, derivatives = _thinned(data)
        n_states, p, q = self.n_features_in_, len(self.terms_), len(self.denominator_terms_)
        self.numerator_, self.denominator_ = np.zeros((n_states, p)), np.zeros((n_states, q))
        self.errors_ = np.zeros(n_states)
        self.front_: list[Array] = []
        for state in range(n_states):
            own = np.r_[0:p, p + q * state : p + q * (state + 1)]
            self._choose(state, root[:, own], inputs, derivatives[:, state])
            if self.refine:
                self._refine(state, data)
        return self

    def _set_terms(self) -> None:
        names = self.input_names_
        above = PolynomialLibrary(degree=2) if self.library is None else self.library
        below = PolynomialLibrary(degree=1) if self.derivative_library is None else self.derivative_library
        self.terms_: tuple[Term, ...] = above.terms(len(names))
        self.denominator_terms_: tuple[Term, ...] = below.terms(len(names))
        self.numerator_names_, self.denominator_names_ = above.feature_names(names), below.feature_names(names)
        if not self.denominator_terms_:
            raise ValueError("derivative_library: has no terms, expected the constant at least")

    def _factorised(self, data: Data) -> Array:
        """Triangular factor of the numerators' terms and the products of each derivative with the denominators'."""
        n_inputs, n_states = len(self.input_names_), self.n_features_in_
        terms = list(self.terms_)
        for state in range(n_states):
            derivative: Term = ((Generator((n_inputs + state,)), 1),)
            terms += [multiplied(term, derivative) for term in self.denominator_terms_]
        joint: Data = [(np.hstack((inputs, targets)), np.empty((len(inputs), 0)), None) for inputs, targets, _ in data]
        return triangle(tuple(terms), joint)

    def _choose(self, state: int, root: Array, inputs: Array, derivative: Array) -> None:
        """Candidates of one state, and the choice among them."""
        p = len(self.terms_)
        lengths = np.linalg.norm(root, axis=0)
        used = np.flatnonzero(lengths > 0)
        unit: Array = np.asarray(np.linalg.qr(root[:, used] / lengths[used], mode="r"), np.float64)
        if self.optimizer is None:
            relations = relations_by_elimination(unit)
        else:
            relations = relations_by_optimizer(unit, self.optimizer)
        found = np.zeros((len(relations), root.shape[1]))
        found[:, used] = relations / lengths[used]
        found = found[(found[:, p:] != 0).any(axis=1)]
        errors = self._errors(found[:, :p], -found[:, p:], inputs, derivative)
        n_terms = np.count_nonzero(found, axis=1)
        front = np.full(root.shape[1] + 1, np.inf)
        np.minimum.at(front, n_terms, errors)
        if not np.isfinite(front).any():
            raise ValueError(
                f"X: no candidate can be solved for the derivative of {self.input_names_[state]!r} at all samples; give"
                " more samples, other libraries, or an optimizer with a smaller threshold"
            )
        limit = max(front.min() * (1.0 + self.slack), self.tolerance)
        alike = np.flatnonzero((n_terms == int(np.argmax(front <= limit))) & (errors <= limit))
        # An equation and its product with a term have as many terms: the lowest powers are its own.
        powers = (found[alike] != 0) @ self._powers()
        best = int(alike[np.lexsort((errors[alike], powers))[0]])
        above, below = found[best, :p], -found[best, p:]
        scale = below[np.flatnonzero(below)[0]]
        self.numerator_[state], self.denominator_[state] = above / scale, below / scale
        self.errors_[state] = errors[best]
        self.front_.append(front)

    def _refine(self, state: int, data: Data) -> None:
        """Fit the quotient itself, with the terms that were found."""
        above, below = np.flatnonzero(self.numerator_[state]), np.flatnonzero(self.denominator_[state])
        self.numerator_[state, above], self.denominator_[state, below] = fitted_quotient(
            self.numerator_[state, above],
            self.denominator_[state, below],
            tuple(self.terms_[k] for k in above),
            tuple(self.denominator_terms_[k] for k in below),
            [(inputs, targets[:, state]) for inputs, targets, _ in data],
        )

    def _powers(self) -> np.ndarray:
        """Degree of each term of numerators and denominators, (p + q,)."""
        every = self.terms_ + self.denominator_terms_
        return np.array([sum(power for _, power in term) for term in every])

    def _errors(self, above: Array, below: Array, inputs: Array, derivative: Array) -> Array:
        """Relative errors of the derivative by candidates (n, p) and (n, q), infinite for those with a pole."""
        from fastsci_kernels.regress import features

        columns = [
            features.values(plan_of(terms, inputs.shape[1], 0, moments=False), inputs)
            for terms in (self.terms_, self.denominator_terms_)
        ]
        squares = np.sum(derivative**2)
        errors = np.full(len(above), np.inf)
        size = max(1, STORED // max(len(inputs), 1))
        for first in range(0, len(above), size):
            some = slice(first, first + size)
            top, bottom = above[some] @ columns[0].T, below[some] @ columns[1].T
            regular = (bottom > 0).all(axis=1) | (bottom < 0).all(axis=1)
            left = derivative - top[regular] / bottom[regular]
            errors[some][regular] = np.sqrt(np.sum(left**2, axis=1) / (squares if squares > 0 else 1.0))
        return np.where(np.isnan(errors), np.inf, errors)

    # --- the model ---

    def predict(self, X: Any, u: Any = None) -> Array:
        """Derivatives at states ``X`` (n_samples, d); infinite or NaN at a pole."""
        from fastsci_kernels.regress import features

        self._require_fitted()
        states = samples(X, "X", self.n_features_in_)
        inputs = (
            states if not self.n_control_features_ else np.hstack((states, samples(u, "u", self.n_control_features_)))
        )
        top, bottom = (
            features.combined(plan_of(terms, inputs.shape[1], 0, moments=False), inputs, coef)
            for terms, coef in ((self.terms_, self.numerator_), (self.denominator_terms_, self.denominator_))
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            return top / bottom

    def equations(self, precision: int = 3) -> list[str]:
        """The equations as text."""
        self._require_fitted()
        names, states = self.input_names_, self.input_names_[: self.n_features_in_]
        above = equation_texts(self.numerator_, self.terms_, names, precision=precision, left="{}")
        below = equation_texts(self.denominator_, self.denominator_terms_, names, precision=precision, left="{}")
        return [
            f"{name}' = ({top.removeprefix(name).strip()}) / ({bottom.removeprefix(name).strip()})"
            for name, top, bottom in zip(states, above, below, strict=True)
        ]

    def to_system(self, *, name: str = "discovered", control: Any = None, default_y0: Any = None) -> System:
        """The model as a `fastsci.System`; arguments as those of `fastsci.sparse.rational_system.rational_system`."""
        self._require_fitted()
        return rational_system(
            self.numerator_, self.denominator_, self.terms_, self.denominator_terms_, self.input_names_,
            self.n_features_in_, name=name, control=control, default_y0=default_y0,
        )  # fmt: skip

    def simulate(self, y0: Any, t_eval: Any, *, control: Any = None, **options: Any) -> Array:
        """States at times ``t_eval`` from ``y0`` (d,) or (n_members, d), as `fastsci.sparse.model_system.simulate`."""
        return simulate(self.to_system(control=control), y0, t_eval, **options)

    def score(self, X: Any, t: Any = None, x_dot: Any = None, u: Any = None) -> float:
        """Coefficient of determination of the derivatives, averaged over the states; arguments as those of ``fit``."""
        self._require_fitted()
        source: Any = SINDy(differentiation=self.differentiation, drop_nan=self.drop_nan)
        data = source._clean(source._data(trajectories(X, t, x_dot, u), None))
        inputs, targets = (np.concatenate([np.asarray(part[k], np.float64) for part in data]) for k in (0, 1))
        n_states = self.n_features_in_
        found = self.predict(inputs[:, :n_states], inputs[:, n_states:] if self.n_control_features_ else None)
        left = np.sum((targets - found) ** 2, axis=0)
        spread = np.sum((targets - targets.mean(axis=0)) ** 2, axis=0)
        return float(np.mean(np.where(spread > 0, 1.0 - left / np.where(spread > 0, spread, 1.0), left == 0)))

    @property
    def complexity(self) -> int:
        """Number of coefficients that are not zero."""
        self._require_fitted()
        return int(np.count_nonzero(self.numerator_) + np.count_nonzero(self.denominator_))


def _thinned(data: Data) -> tuple[Array, Array]:
    """Some samples of all trajectories, evenly spaced: inputs and derivatives."""
    every = max(1, -(-sum(len(inputs) for inputs, _, _ in data) // JUDGED))
    inputs = np.concatenate([np.asarray(one[::every], np.float64) for one, _, _ in data])
    return inputs, np.concatenate([np.asarray(one[::every], np.float64) for _, one, _ in data])
