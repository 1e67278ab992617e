"""Columns of a library of partial derivatives at the samples of a field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._grids import Grid
from ._problem import Array
from .pde_library import Derivative, PDELibrary, Term

SLAB = 2**18  # samples that are worked on at a time
ACCURACY = 6  # order of finite differences


def slabs(field: np.ndarray) -> list[slice]:
    """Ranges of times, each with about as many samples."""
    times = max(1, SLAB * field.shape[-2] // max(1, int(np.prod(field.shape[:-1], dtype=np.int64))))
    return [slice(first, first + times) for first in range(0, field.shape[-2], times)]


def time_derivative(field: np.ndarray, grid: Grid, differentiation: Any) -> Array:
    """Rates of a field (n_x, ..., n_t, n_fields)."""
    from .differentiation import FiniteDifference

    method = FiniteDifference(order=ACCURACY, drop_endpoints=True) if differentiation is None else differentiation
    return method.differentiate(field, grid.spacings[-1], order=1, axis=field.ndim - 2)


class Derivatives:
    """Terms as columns, of any range of times of a field.

    With ``drop_endpoints`` they are NaN where only one-sided differences are to be had, whose errors are much larger.
    """

    def __init__(
        self,
        library: PDELibrary,
        terms: Sequence[Term],
        grid: Grid,
        differentiation: Any,
        *,
        weak: bool,
        drop_endpoints: bool = False,
    ) -> None:
        self.functions = library.inner
        self.terms = terms
        self.grid = grid
        self.differentiation = differentiation
        self.weak = weak
        self.drop_endpoints = drop_endpoints

    def columns(self, field: np.ndarray) -> Array:
        """The terms (n, p) at the samples of a field (n_x, ..., n_t, n_fields), in its order."""
        field = np.ascontiguousarray(field, np.float64)
        functions = self.functions.transform(field.reshape(-1, field.shape[-1]))
        inner = functions.reshape(*field.shape[:-1], -1) if self.weak else field
        found = np.empty((len(functions), len(self.terms)))
        derived: dict[Derivative, Array] = {}
        for column, term in enumerate(self.terms):
            if not any(term.derivative):
                found[:, column] = functions[:, term.inner]
                continue
            if term.derivative not in derived:
                derived[term.derivative] = self._derived(inner, term.derivative)
            found[:, column] = derived[term.derivative][:, term.inner]
            if term.factor is not None:
                with np.errstate(over="ignore", invalid="ignore"):  # the caller refuses what is not finite
                    found[:, column] *= functions[:, term.factor]
        return found

    def _derived(self, values: Array, derivative: Derivative) -> Array:
        for axis, order in enumerate(derivative):
            if order:
                method = self._method(axis)
                values = method.differentiate(values, self.grid.spacings[axis], order=order, axis=axis)
        return values.reshape(-1, values.shape[-1])

    def _method(self, axis: int) -> Any:
        from .differentiation import FiniteDifference, Spectral

        if self.differentiation is not None:
            return self.differentiation
        if self.grid.periodic[axis]:
            return Spectral()
        return FiniteDifference(order=ACCURACY, drop_endpoints=self.drop_endpoints)
