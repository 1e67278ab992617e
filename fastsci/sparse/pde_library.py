"""Terms of partial differential equations: derivatives of functions of fields, and products with them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._estimator import Estimator
from ._grids import LETTERS
from .libraries import CONSTANT, Library, PolynomialLibrary, term_name

Derivative = tuple[int, ...]  # order along each axis of space


@dataclass(frozen=True)
class Term:
    """``factor * D^derivative inner``.

    ``factor`` is the place of a function, None being 1; ``inner`` that of a function, or of a field in products.
    """

    factor: int | None
    derivative: Derivative
    inner: int


def subscript(derivative: Derivative) -> str:
    """``xxy`` of (2, 1)."""
    return "".join(letter * order for letter, order in zip(LETTERS, derivative, strict=False))


class PDELibrary(Estimator):
    """Terms of equations for the change of fields ``u(x, t)``.

    In the weak form they are ``D^a g_j(u)``, derivatives of functions of the fields, such as ``(u^2)_x``, all of which
    integration by parts moves onto test functions.  In the strong form they are ``g_j(u)`` and ``g_j(u) D^a u_i``, such
    as ``u u_x``.

    Parameters
    ----------
    functions : Library, optional
        Functions of the fields; ``PolynomialLibrary(degree=3)`` unless given.
    derivative_order : int, default 4
        Highest order of derivatives in space.
    mixed : bool, default True
        Whether derivatives along several axes at once belong to it, as long as their whole order is not above
        ``mixed_order``.
    mixed_order : int, default 2

    Examples
    --------
    >>> library = PDELibrary(PolynomialLibrary(degree=2), derivative_order=2)
    >>> library.feature_names(["u"], 1)
    ['1', 'u', 'u^2', 'u_x', '(u^2)_x', 'u_xx', '(u^2)_xx']
    >>> library.feature_names(["u"], 1, weak=False)
    ['1', 'u', 'u^2', 'u_x', 'u_xx', 'u u_x', 'u u_xx', 'u^2 u_x', 'u^2 u_xx']
    """

    def __init__(
        self,
        functions: Library | None = None,
        derivative_order: int = 4,
        *,
        mixed: bool = True,
        mixed_order: int = 2,
    ) -> None:
        self.functions = functions
        self.derivative_order = derivative_order
        self.mixed = mixed
        self.mixed_order = mixed_order

    @property
    def inner(self) -> Library:
        """The functions of the fields."""
        return PolynomialLibrary(degree=3) if self.functions is None else self.functions

    def derivatives(self, n_axes: int) -> list[Derivative]:
        """Orders along each axis of space, not all zero, by their sum."""
        for name in ("derivative_order", "mixed_order"):
            value: Any = getattr(self, name)
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 0:
                raise ValueError(f"{name}: is {value!r}, expected an integer of at least 0")
        found = [
            orders
            for orders in itertools.product(range(self.derivative_order + 1), repeat=n_axes)
            if 0 < sum(orders) <= self.derivative_order
            and (np.count_nonzero(orders) == 1 or (self.mixed and sum(orders) <= self.mixed_order))
        ]
        return sorted(found, key=lambda orders: (sum(orders), tuple(-order for order in orders)))

    def terms(self, n_fields: int, n_axes: int, *, weak: bool = True) -> tuple[Term, ...]:
        """The terms for so many fields on so many axes of space."""
        functions = self.inner.terms(n_fields)
        places = range(len(functions))
        varying = [place for place in places if functions[place] != CONSTANT]
        none = (0,) * n_axes
        found = [Term(None, none, place) for place in places]
        if weak:
            found += [Term(None, orders, place) for orders in self.derivatives(n_axes) for place in varying]
        else:
            factors: list[int | None] = [None, *varying]
            found += [
                Term(factor, orders, field)
                for factor in factors
                for field in range(n_fields)
                for orders in self.derivatives(n_axes)
            ]
        return tuple(found)

    def feature_names(self, fields: Sequence[str], n_axes: int, *, weak: bool = True) -> list[str]:
        """Names of the terms, of fields with these names."""
        functions = [term_name(term, fields) for term in self.inner.terms(len(fields))]
        found: list[str] = []
        for term in self.terms(len(fields), n_axes, weak=weak):
            if not any(term.derivative):
                found.append(functions[term.inner])
                continue
            inner = functions[term.inner] if weak else fields[term.inner]
            shown = inner if inner in fields else f"({inner})"
            factor = "" if term.factor is None else f"{functions[term.factor]} "
            found.append(f"{factor}{shown}_{subscript(term.derivative)}")
        return found
