"""Constraints that physics puts on the coefficients of a model: conserved energy, symmetry."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastsci_kernels.regress.plan import Term, multiplied

from ._problem import Array
from .libraries import Library

ROUNDING = 1e-9  # of a library's columns that follow from one another, and of numbers that are integers


def energy_preserving_constraints(library: Library, n_states: int, *, degree: int = 2) -> tuple[Array, Array]:
    """Rows that say that the terms of one degree neither feed nor drain the energy ``|x|^2 / 2``.

    ``x' = L x + Q(x, x)`` preserves energy in its quadratic part where ``x . Q(x, x) = 0`` for all ``x``: for every
    cubic monomial the coefficients that contribute to it add up to zero.  So it is for incompressible flows and for
    Galerkin models of them.

    Parameters
    ----------
    library : Library
        With monomials among its terms.
    n_states : int
        Inputs of the library, all of them states.
    degree : int, default 2
        Of the terms concerned.

    Returns
    -------
    lhs : ndarray, shape (n_constraints, n_states * n_terms)
    rhs : ndarray, shape (n_constraints,)
        Zeros.  For ``ConstrainedSTLSQ(constraint_lhs=lhs, constraint_rhs=rhs)`` in its default order.

    References
    ----------
    Loiseau and Brunton, J. Fluid Mech. 838 (2018) 42, section 3.3; Schlegel and Noack, J. Fluid Mech. 765 (2015) 325.

    Examples
    --------
    >>> from fastsci.sparse.libraries import PolynomialLibrary
    >>> lhs, rhs = energy_preserving_constraints(PolynomialLibrary(degree=2), 2)
    >>> lhs.shape  # x^3, x^2 y, x y^2, y^3
    (4, 12)
    """
    terms = library.terms(n_states)
    states: list[Term] = [((generator, 1),) for generator in _inputs(terms, n_states)]
    of_degree = [index for index, term in enumerate(terms) if _degree(term) == degree]
    if not of_degree:
        raise ValueError(f"library: has no monomials of degree {degree}, expected some; choose another degree")
    places: dict[Term, int] = {}
    entries = [
        (places.setdefault(multiplied(terms[index], state), len(places)), target * len(terms) + index)
        for target, state in enumerate(states)
        for index in of_degree
    ]
    rows = np.zeros((len(places), n_states * len(terms)))
    for place, column in entries:
        rows[place, column] = 1.0
    return rows, np.zeros(len(rows))


def symmetry_constraints(library: Library, transformation: Any) -> tuple[Array, Array]:
    """Rows that say that a model looks the same after a linear transformation of its states.

    ``x' = f(x)`` has the symmetry ``M`` where ``f(M x) = M f(x)`` for all ``x``: a reflection, a rotation, an exchange
    of states.

    Parameters
    ----------
    library : Library
        Whose terms at ``M x`` are combinations of its terms at ``x``, as those of a polynomial library are.
    transformation : array_like, shape (n_states, n_states)
        ``M``.

    Returns
    -------
    lhs : ndarray, shape (n_constraints, n_states * n_terms)
    rhs : ndarray, shape (n_constraints,)
        Zeros.  For ``ConstrainedSTLSQ(constraint_lhs=lhs, constraint_rhs=rhs)`` in its default order.

    Raises
    ------
    ValueError
        A matrix that is not square or not finite, or a library that the transformation leaves.

    Examples
    --------
    Lorenz's system is the same for (-x, -y, z):

    >>> from fastsci.sparse.libraries import PolynomialLibrary
    >>> lhs, rhs = symmetry_constraints(PolynomialLibrary(degree=1), [[-1, 0, 0], [0, -1, 0], [0, 0, 1]])
    >>> [PolynomialLibrary(degree=1).feature_names("xyz")[k] for k in range(4) if lhs[:, k].any()]  # not in x'
    ['1', 'z']
    """
    matrix = np.array(transformation, np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise ValueError(f"transformation: has shape {matrix.shape}, expected a square matrix of finite numbers")
    n_states = len(matrix)
    n_terms = len(library.terms(n_states))
    points = np.random.default_rng(0).uniform(-1.0, 1.0, (4 * n_terms + 16, n_states))
    before, after = library.transform(points), library.transform(points @ matrix.T)
    carried = np.linalg.lstsq(before, after, rcond=None)[0]  # after = before carried
    left = np.abs(before @ carried - after).max()
    if not left <= ROUNDING * max(np.abs(after).max(), 1.0):
        raise ValueError(
            f"library: its terms at transformed states miss combinations of its terms by {left:.1e}, expected a library"
            " that the transformation does not leave; use polynomials of all terms up to a degree"
        )
    rows = np.kron(np.eye(n_states), _rounded(np.asarray(carried, np.float64))) - np.kron(matrix, np.eye(n_terms))
    rows = rows[np.abs(rows).max(axis=1) > ROUNDING]
    return rows, np.zeros(len(rows))


def _rounded(matrix: Array) -> Array:
    nearest = np.round(matrix)
    return np.where(np.abs(matrix - nearest) < ROUNDING, nearest, matrix)


def _degree(term: Term) -> int:
    """Of a monomial; -1 of a term with functions."""
    return -1 if any(generator.code for generator, _ in term) else sum(power for _, power in term)


def _inputs(terms: tuple[Term, ...], n_states: int) -> list[Any]:
    known = {generator.inputs[0]: generator for term in terms for generator, _ in term if not generator.code}
    missing = [state for state in range(n_states) if state not in known]
    if missing:
        raise ValueError(f"library: has no monomials of inputs {missing}, expected all {n_states} states among them")
    return [known[state] for state in range(n_states)]
