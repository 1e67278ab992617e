"""Generalised least squares of weak equations: weights of the noise that the model itself lets through."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ._problem import Array, Mask, NormalEquations
from ._weak_covariance import LinearisedRows

MOST_ROUNDS = 20
FREE_ROUNDS = 5  # in which the others are left the terms of the round before
AT_REST = 1e-2  # change of the coefficients, in standard deviations of the rows
ROUNDING = 1e-9  # of the left side, below which no change counts

Solve = Callable[[NormalEquations], Array]


def reweighted(rows: Sequence[LinearisedRows], coef: Array, solve: Solve) -> Array:
    """Coefficients ``(d, p)``, chosen and fitted again with the covariance under those before, until they rest.

    The errors of the equations are correlated.  Each is therefore solved with the coefficients of the others left free
    on the terms that these have, which makes it the generalised least squares of all together; at first on all terms,
    so that the first choice rests on no other.
    """
    n_rows = float(sum(len(one.design) for one in rows))
    terms = np.ones(coef.shape, bool)
    for number in range(MOST_ROUNDS):
        parts = [one.whitened(coef) for one in rows]
        triangle = _triangle([whitened for whitened, _ in parts])
        units = np.sqrt(sum(variances for _, variances in parts) / n_rows)
        before = coef
        problems = [given_others(triangle, terms, target, n_rows, unit) for target, unit in enumerate(units)]
        coef = np.stack([solve(problem)[target] for target, problem in enumerate(problems)])
        change = float(np.linalg.norm(triangle[:, :-1] @ (coef - before).ravel()))
        support = coef != 0
        rests = np.array_equal(support, before != 0)
        if number and rests and change <= AT_REST + ROUNDING * float(np.linalg.norm(triangle[:, -1])):
            break
        # A choice that goes back and forth is settled by leaving the others every term that they have had.
        terms = support | terms if number >= FREE_ROUNDS else support
    return coef


def _triangle(rows: list[Array]) -> Array:
    """Of a factorisation of all rows, square however few these are."""
    return _upper(np.concatenate([*map(_upper, rows), np.zeros((rows[0].shape[1],) * 2)]))


def _upper(rows: Array) -> Array:
    return np.asarray(np.linalg.qr(rows, mode="r"), np.float64)


def given_others(triangle: Array, support: Mask, target: int, n_rows: float, unit: float = 1.0) -> NormalEquations:
    """The problem of one equation where those of the others are solved along with it.

    Parameters
    ----------
    triangle : ndarray, shape (d p + 1, d p + 1)
        Of a factorisation of the whitened rows of all equations, their left side last.
    support : ndarray of bool, shape (d, p)
        Terms of the others.
    target : int
    n_rows : float
        Rows of one equation.
    unit : float
        The deviation that its rows get, in the place of 1: theirs before, so that penalties keep their units.

    Returns
    -------
    NormalEquations
        Of d targets, of which all but one are zero.
    """
    n_targets, n_terms = support.shape
    free = support.copy()
    free[target] = False
    others = np.flatnonzero(free)
    own = np.arange(target * n_terms, (target + 1) * n_terms)
    turned = unit * _upper(triangle[:, np.r_[others, own, triangle.shape[1] - 1]])[len(others) :, len(others) :]
    root, rotated, beyond = turned[:n_terms, :n_terms], np.zeros((n_terms, n_targets)), turned[n_terms:, n_terms:]
    rotated[:, target] = turned[:n_terms, n_terms]
    # Of the residual of all terms, that of this equation is its share.
    squares = np.sum(rotated**2, axis=0)
    squares[target] += np.sum(beyond**2) - float(unit * triangle[-1, -1]) ** 2 * (n_targets - 1) / n_targets
    return NormalEquations(root.T @ root, root.T @ rotated, squares, n_rows, root, rotated)
