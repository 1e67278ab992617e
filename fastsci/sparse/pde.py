"""Discovery of partial differential equations from fields on a grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from .._estimator import Estimator
from ._convolution import projected
from ._grids import Grid, grids
from ._pde_text import equation, expanded
from ._problem import Array, NormalEquations
from ._regressor import SparseRegressor
from ._strong_form import Derivatives, slabs, time_derivative
from .mstls import MSTLS
from .pde_library import PDELibrary
from .weak import WeakForm, refuse_overflow

LETTERS = "uvw"
USUAL_FORM = WeakForm()  # never written to: fits work on a copy


class PDESINDy(Estimator):
    """Sparse identification of partial differential equations ``u_t = sum of c_j term_j(u, u_x, ...)``.

    Parameters
    ----------
    library : PDELibrary, optional
    optimizer : SparseRegressor, optional
        ``MSTLS()`` unless given.
    weak : WeakForm or None, default WeakForm()
        None fits the strong form, which differentiates the data: for data with hardly any noise.
    periodic : bool or sequence of bool, default False
        Whether space goes round, for all axes or for each.
    differentiation : object with ``differentiate(x, t, axis=)`` and parameters ``d`` and ``axis``, optional
        How the strong form and ``predict`` differentiate in space; unless given spectrally along periodic axes, and by
        finite differences of sixth order else and in time.

    Attributes
    ----------
    coef_ : ndarray, shape (n_fields, p)
    feature_names_, field_names_ : list of str
    terms_ : tuple of Term
    n_equations_ : int
        Rows that were fitted: test functions, or samples.

    References
    ----------
    Messenger & Bortz, Weak SINDy for partial differential equations, J. Comput. Phys. 443 (2021) 110525;
    Rudy, Brunton, Proctor & Kutz, Data-driven discovery of partial differential equations, Sci. Adv. 3 (2017) e1602614.

    Examples
    --------
    A wave that travels and decays:

    >>> import numpy as np
    >>> x, t = np.linspace(0.0, 2 * np.pi, 64, endpoint=False), np.linspace(0.0, 2.0, 101)
    >>> wave = sum(np.exp(-0.1 * k**2 * t) * np.cos(k * (x[:, None] - 2.0 * t) + k) for k in (1, 2, 3))
    >>> model = PDESINDy(PDELibrary(derivative_order=2), periodic=True).fit(wave, t=t, x=x)
    >>> model.equations()
    ['u_t = -2.000 u_x + 0.100 u_xx']
    """

    def __init__(
        self,
        library: PDELibrary | None = None,
        optimizer: Any = None,
        *,
        weak: WeakForm | None = USUAL_FORM,
        periodic: bool | Sequence[bool] = False,
        differentiation: Any = None,
    ) -> None:
        self.library = library
        self.optimizer = optimizer
        self.weak = weak
        self.periodic = periodic
        self.differentiation = differentiation

    def fit(
        self,
        u: Any,
        t: Any = None,
        *,
        x: Any = None,
        y: Any = None,
        z: Any = None,
        feature_names: Sequence[str] | None = None,
    ) -> Self:
        """Fit an equation for each field.

        Parameters
        ----------
        u : array_like, shape (n_x[, n_y[, n_z]], n_t[, n_fields]), or a list of such
            Fields of one experiment or of several, which may differ in the number of their times.
        t : float or array_like, shape (n_t,), or a list of such
            The time between samples, or their even times.
        x, y, z : float or array_like
            Spacings or even coordinates, for as many axes of space as the fields have.
        feature_names : sequence of str, optional
            Names of the fields; u, v, w unless given, and u0, u1, ... of more.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Where shapes do not agree, an axis is uneven or shorter than a test function, or a number is not finite (its
            index is named).
        """
        fields, found = grids(u, t, (x, y, z), self.periodic)
        self._coordinates = found[0].spacings
        n_fields, n_axes = fields[0].shape[-1], len(found[0].lengths) - 1
        self.field_names_ = _names(feature_names, n_fields)
        library: Any = PDELibrary() if self.library is None else self.library
        if not isinstance(library, PDELibrary):
            raise TypeError(
                f"library: is {library!r}, expected a PDELibrary; PDELibrary({library!r}) has derivatives too"
            )
        self._library, self._n_axes, self._weak_terms = library, n_axes, self.weak is not None
        self.terms_ = library.terms(n_fields, n_axes, weak=self._weak_terms)
        self.feature_names_ = library.feature_names(self.field_names_, n_axes, weak=self._weak_terms)
        if not self.terms_:
            raise ValueError("library: has no terms, expected at least one")
        optimizer: Any = MSTLS() if self.optimizer is None else self.optimizer
        if not issubclass(type(optimizer), SparseRegressor):
            raise TypeError(f"optimizer: is {optimizer!r}, expected a SparseRegressor such as MSTLS")
        problem = self._problem(fields, found)
        self.n_equations_ = int(problem.n_samples)
        self.coef_ = np.asarray(optimizer._solve(problem))
        return self

    def predict(self, u: Any, *, x: Any = None, y: Any = None, z: Any = None) -> Array:
        """Rates ``u_t`` of fields (n_x, ..., n_t, n_fields), by differentiating in space.

        Spacings are those of the fit unless given.
        """
        self._require_fitted()
        places = [x, y, z] if x is not None else [*self._coordinates[:-1]]
        (field,), (grid,) = grids(u, 1.0, places, self.periodic, len(self.field_names_))
        derivatives = Derivatives(self._library, self.terms_, grid, self.differentiation, weak=self._weak_terms)
        rates = np.empty(field.shape)
        for part in slabs(field):
            shape = field[..., part, :].shape
            rates[..., part, :] = (derivatives.columns(field[..., part, :]) @ self.coef_.T).reshape(shape)
        return rates

    def score(self, u: Any, t: Any = None, *, x: Any = None, y: Any = None, z: Any = None) -> float:
        """Share of the variance of the left sides that the equations explain, in the form that was fitted.

        Spacings of space are those of the fit unless given.
        """
        self._require_fitted()
        places = (x, y, z) if x is not None else (*self._coordinates[:-1],)
        fields, found = grids(u, t, places, self.periodic, len(self.field_names_))
        problem = self._problem(fields, found)
        return float(np.mean(1.0 - problem.residual_squares(self.coef_) / problem.squares))

    def equations(self, precision: int = 3, *, expand: bool = False) -> list[str]:
        """An equation a field, such as ``u_t = -0.500 (u^2)_x + 0.100 u_xx``; with ``expand`` ``-1.000 u u_x``."""
        self._require_fitted()
        shown: list[str] = []
        for name, coef in zip(self.field_names_, self.coef_, strict=True):
            names = self.feature_names_
            if expand:
                coef, names = expanded(coef, names, self.terms_, self.field_names_)
            shown.append(equation(f"{name}_t", coef, names, precision))
        return shown

    def _problem(self, fields: list[np.ndarray], found: list[Grid]) -> NormalEquations:
        if self.weak is None:
            return self._strong(fields, found)
        design, target = self._weak_equations(fields, found)
        return NormalEquations.factorised(design, target)

    def _weak_equations(self, fields: list[np.ndarray], found: list[Grid]) -> tuple[Array, Array]:
        """Design (K, p) and left sides (K, n_fields) of checked fields."""
        assert self.weak is not None
        form = type(self.weak)(**self.weak.get_params())
        library = self._library.inner
        n_fields, n_functions = fields[0].shape[-1], len(library.terms(fields[0].shape[-1]))
        orders = [(*orders, 0) for orders in dict.fromkeys(term.derivative for term in self.terms_)]
        form.grid_axes(found, fields, [*np.max(orders, axis=0)[:-1].tolist(), 1])
        self.test_functions_ = form.axes_
        places = {order[:-1]: place for place, order in enumerate(orders)}
        which = [places[term.derivative] * n_functions + term.inner for term in self.terms_]
        rows: list[tuple[Array, Array]] = []
        for field, axes in zip(fields, form.axes_, strict=True):
            left = projected(field, library.transform, n_functions, axes, orders)
            right = projected(field, np.asarray, n_fields, axes, [(*(0,) * self._n_axes, 1)])[:, 0]
            columns = left.reshape(len(left), -1)[:, which]
            refuse_overflow(columns, self.feature_names_)
            rows.append((columns, right))
        return np.concatenate([left for left, _ in rows]), np.concatenate([right for _, right in rows])

    def _strong(self, fields: list[np.ndarray], found: list[Grid]) -> NormalEquations:
        plain = [place for place, term in enumerate(self.terms_) if any(term.derivative) and term.factor is None]
        roots: list[Array] = []
        total = 0
        for field, grid in zip(fields, found, strict=True):
            derivatives = Derivatives(
                self._library, self.terms_, grid, self.differentiation, weak=False, drop_endpoints=True
            )
            rates = time_derivative(field, grid, self.differentiation)
            for part in slabs(field):
                targets = rates[..., part, :].reshape(-1, field.shape[-1])
                terms = derivatives.columns(field[..., part, :])
                inner = ~np.isnan(np.hstack((terms[:, plain], targets))).any(axis=1)
                refuse_overflow(terms[inner], self.feature_names_)
                columns = np.hstack((terms, targets))[inner]
                total += len(columns)
                roots.append(np.asarray(np.linalg.qr(columns, mode="r")))
        if not total:
            raise ValueError("u: has too few samples for its derivatives, expected more along every axis; give more")
        triangle = np.asarray(np.linalg.qr(np.concatenate(roots), mode="r"))
        p = len(self.terms_)
        problem = NormalEquations.factorised(triangle[:, :p], triangle[:, p:])
        return NormalEquations(
            problem.gram, problem.cross, problem.squares, float(total), problem.root, problem.rotated
        )


def _names(given: Sequence[str] | None, count: int) -> list[str]:
    if given is None:
        return list(LETTERS[:count]) if count <= len(LETTERS) else [f"u{index}" for index in range(count)]
    if len(given) != count:
        raise ValueError(f"feature_names: has {len(given)} entries, expected {count}, one for each field")
    return [str(name) for name in given]
