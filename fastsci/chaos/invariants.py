"""Conserved quantities along trajectories: how far they drift, and the way back to where they are conserved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._arrays import real_array
from ..result import EnsembleResult
from ._invariant import Invariant, quantity, rows
from ._series import positive

NEWTON_ITERATIONS = 50


@dataclass(frozen=True, eq=False)
class InvariantDrift:
    """How far a conserved quantity drifted; without the axis of members for one trajectory.

    Of a function that returns a tuple, every array has a last axis for its numbers.

    Attributes
    ----------
    values : (n_members, n_times) ndarray
        The quantity along the trajectories, in its own unit.
    drift : (n_members, n_times) ndarray
        Its distance from the first value, as a fraction of that unless ``relative=False`` was asked for.
    largest, end : (n_members,) ndarray
        The greatest of `drift`, and the last.
    """

    values: Any
    drift: Any
    largest: Any
    end: Any


def invariant_drift(
    states: ArrayLike | EnsembleResult,
    invariant: Invariant,
    *,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    times: ArrayLike | None = None,
    relative: bool = True,
) -> InvariantDrift:
    """How far a conserved quantity drifts along trajectories.

    Parameters
    ----------
    states : (n_times, dim) or (n_members, n_times, dim) array, or EnsembleResult
        Trajectories, the first state being the reference; a result brings its times and its parameters.
    invariant : function
        ``invariant(t, u, p)``, a plain function of a state in the form of a system's, that returns a number or a tuple
        of them; it is compiled, so that `math` serves.
    params : mapping or array, optional
        What `invariant` gets as ``p``: ``(n_params,)`` or ``(n_members, n_params)``; by name, each a number or
        ``(n_members,)``, where it unpacks ``a, b = p``.
    times : (n_times,) or (n_members, n_times) array, optional
        What it gets as ``t``; 0 by default.
    relative : bool
        Divide by the size of the first value; NaN or infinite where that is 0.

    Returns
    -------
    InvariantDrift
        A state that is not finite gives NaN there, in its member's ``largest``, and nowhere else.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.
    CompilationError
        A TypeError: the function uses something that cannot be compiled.

    References
    ----------
    Hairer, Lubich and Wanner, Geometric Numerical Integration, 2nd ed. (2006), chapter IV.

    Examples
    --------
    >>> import fastsci, numpy as np
    >>> from fastsci.chaos.invariants import invariant_drift
    >>> def energy(t, u, p):
    ...     x, v = u
    ...     return 0.5 * (v * v + x * x)
    >>> oscillator = lambda t, u, p: (u[1], -u[0])
    >>> run = fastsci.solve_ensemble(oscillator, (0.0, 10.0), [1.0, 0.0], dt=0.1, t_eval=np.linspace(0.0, 10.0, 11))
    >>> invariant_drift(run, energy).largest
    array([1.387e-06])
    """
    if isinstance(states, EnsembleResult):
        states, own_params, own_times = _of_result(states)
        params, times = own_params if params is None else params, own_times if times is None else times
    trajectories = _states(states, "states", (2, 3))
    at = rows(trajectories, params, times, invariant)
    kept = quantity(invariant, at)
    values = kept.shaped(kept.values(at), trajectories.shape[:-1])
    axis = trajectories.ndim - 2
    first = np.take(values, [0], axis=axis)
    with np.errstate(divide="ignore", invalid="ignore"):
        drift = np.abs(values - first) / (np.abs(first) if relative else 1.0)
    return InvariantDrift(values, drift, drift.max(axis=axis), np.take(drift, -1, axis=axis))


def _of_result(result: EnsembleResult) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """States, parameters and times of a run, members first."""
    columns = [np.asarray(column) for column in result.params.values()]
    return (
        np.swapaxes(np.asarray(result.y), 1, 2),
        np.stack(columns, axis=-1) if columns else None,
        np.asarray(result.t),
    )


def project_to_invariant(
    states: ArrayLike,
    invariant: Invariant,
    values: ArrayLike,
    *,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    times: ArrayLike | None = None,
    tol: float = 1e-12,
) -> Any:
    """Bring states back to where a conserved quantity has its value, along its gradient.

    A state ``u`` becomes ``u + G^T l``, where the rows of G are the gradients of the quantities at ``u`` and the
    multipliers ``l`` come from Newton's method: to first order the nearest state of the level set.  The gradients are
    those of the compiled function, by tangent numbers.

    Parameters
    ----------
    states : (dim,), (n, dim) or (n_members, n_times, dim) array
    invariant : function
        ``invariant(t, u, p)`` that returns a number or a tuple of them, as for `invariant_drift`; several are kept at
        once, and their gradients must not depend on one another.
    values : float, or array
        The level: a number or, of a tuple, ``(n_invariants,)``; for a level of its own for each member, that with a
        first axis of members.
    params : mapping or array, optional
        As for `invariant_drift`; the members are those of the first axis.
    times : float or (n_times,) array, optional
        As for `invariant_drift`; ``(n,)`` for states ``(n, dim)``.
    tol : float
        Accepted distance from the level, relative to ``values``.  Where rounding of the function itself is in the way
        (terms that cancel, large angles), the state is as near as Newton's method gets, at least within 1e-9 of
        ``|values| + sum |u_i dI/du_i|``.

    Returns
    -------
    ndarray
        Of the shape of `states`, float64.  A state that is on its level already keeps its bits; one that does not
        reach it (a gradient of 0, gradients that depend on one another, values that no state has) is NaN.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.
    CompilationError
        A TypeError: the function uses something that cannot be compiled.

    References
    ----------
    Hairer, Lubich and Wanner, Geometric Numerical Integration, 2nd ed. (2006), algorithm IV.4.2.

    Examples
    --------
    >>> from fastsci.chaos.invariants import project_to_invariant
    >>> def radius(t, u, p):
    ...     x, y = u
    ...     return x * x + y * y
    >>> project_to_invariant([3.0, 4.1], radius, 25.0)
    array([2.95255, 4.035152])
    """
    given = _states(states, "states", (1, 2, 3))
    tolerance = positive("tol", tol)
    members = given if given.ndim > 1 else given[None]
    at = rows(members, params, times, invariant)
    kept = quantity(invariant, at)
    levels = _levels(values, members.shape[:-1], kept.count, kept.single)
    return kept.projected(at, levels, tolerance, NEWTON_ITERATIONS).reshape(given.shape)


def _levels(values: ArrayLike, lead: tuple[int, ...], count: int, single: bool) -> np.ndarray:
    """One row of levels for every state, ``(n, count)``."""
    levels = real_array(values, "values").astype(np.float64)
    own = () if single else (count,)
    if levels.shape == own:
        levels = levels.reshape((1,) * len(lead) + (count,))
    elif levels.shape == (lead[0], *own):
        levels = levels.reshape((lead[0],) + (1,) * (len(lead) - 1) + (count,))
    else:
        raise ValueError(
            f"values: has shape {levels.shape}, expected {own} for all, or {(lead[0], *own)}, one for each member;"
            " reshape it"
        )
    return np.broadcast_to(levels, (*lead, count)).reshape(-1, count)


def _states(states: ArrayLike, name: str, dims: tuple[int, ...]) -> np.ndarray:
    array = real_array(states, name)
    if array.ndim not in dims or array.size == 0:
        shapes = {1: "(dim,)", 2: "(n_times, dim)", 3: "(n_members, n_times, dim)"}
        raise ValueError(
            f"{name}: has shape {array.shape}, expected {' or '.join(shapes[ndim] for ndim in dims)} with at least one"
            " state; reshape it"
        )
    return np.ascontiguousarray(array, dtype=np.float64)
