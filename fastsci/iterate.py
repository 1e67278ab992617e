"""Ensembles of maps: many members of one system, iterated side by side."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastsci_kernels.methods.iteration import ITERATION

from . import _validate
from ._arrays import library_of
from .ensemble import (
    Device,
    for_checking,
    meter_for,
    probe,
    wants_cuda,
)
from .result import EnsembleResult
from .statistics import as_statistics
from .system import System
from .system import system as make_system

MOST_ITERATIONS = 2**53  # one beyond has no exact number

_describe = functools.lru_cache(maxsize=64)(functools.partial(make_system, kind="map"))


def iterate_map(
    system: System | Callable[..., Any],
    n_steps: int,
    y0: ArrayLike | None = None,
    *,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    save_every: int | None = None,
    save_last: int | None = None,
    reduce: Any = None,
    dtype: DTypeLike | None = None,
    device: Device = "auto",
    progress: bool | Callable[[float], None] = False,
) -> EnsembleResult:
    """Iterate a map for every member of an ensemble.

    Members are computed side by side in SIMD registers, strip by strip on all processors, or one a thread on a GPU.
    A member's numbers do not depend on which others are with it.

    Parameters
    ----------
    system : System or function
        A `System` of kind "map", or ``f(t, u, p)`` that returns the next state as a tuple, or ``f(t, u, p, du)``
        that writes it to ``du``; ``t`` is the number of iterations before, 0 at the first (in float32 it is exact up
        to 2^24).
    n_steps : int
        Iterations, at least 1.
    y0 : (dim,) or (n_members, dim) array, optional
        Initial states; one row serves every member.  The system's default where it has one.
    params : mapping or array, optional
        Name to a number or ``(n_members,)``; or an array ``(n_params,)`` or ``(n_members, n_params)``.
    save_every : int, optional
        Save the iterations 0, k, 2 k, ... up to ``n_steps``; 0 is the initial state.
    save_last : int, optional
        Save so many iterations, the last of them the end, ``save_every`` (1 by default) apart: what is left when a
        transient has gone.  Without this and ``save_every`` the final state alone is kept.
    reduce : str, Histogram, LastCrossing, list or mapping, optional
        Statistics to gather in the place of saves, as in `solve_ensemble`; without ``save_every`` and ``save_last``
        every iteration enters, the initial state not among them.
    dtype : {"float32", "float64"}, optional
        Precision of the whole computation; that of ``y0`` by default.
    device : {"auto", "cpu", "cuda"}
        Where to compute; "auto" is where ``y0`` lies.
    progress : bool or function
        Show a progress bar in a terminal or notebook, or call the function with the fraction done.

    Returns
    -------
    EnsembleResult
        With the numbers of the saved iterations in ``t (n_saves,)``, integers, and the states in
        ``y (n_members, dim, n_saves)``.  A member that escapes to infinity carries a negative status and takes no
        other down.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.
    CompilationError
        A TypeError: the function uses something that cannot be compiled; the message shows its line.

    References
    ----------
    Ott, Chaos in Dynamical Systems, 2nd ed. (Cambridge, 2002), chapter 2.

    Examples
    --------
    The logistic map rests at r = 2.8 and alternates between two values at r = 3.2.

    >>> import fastsci, numpy as np
    >>> r = np.array([2.8, 3.2])
    >>> result = fastsci.iterate_map(fastsci.systems.logistic, 1000, params={"r": r}, save_last=2)
    >>> result.t
    array([ 999, 1000])
    >>> np.sort(result.y[:, 0])
    array([[0.642857, 0.642857],
           [0.513045, 0.799455]])
    """
    described, meter = _as_map(system), meter_for(progress)
    count = _validate.whole("n_steps", n_steps)
    if count > MOST_ITERATIONS:
        raise ValueError(f"n_steps: is {count:.3g}, expected at most {MOST_ITERATIONS:.3g}; iterate in parts")
    saved = _saved(count, save_every, save_last)
    times = None if saved is None else saved.astype(np.float64)
    library = library_of(y0)
    members = _validate.ensemble(described, (0.0, float(count)), for_checking(y0, library), params, 1.0, times, dtype)
    members = replace(members, statistics=as_statistics(reduce, members.dim, described.state))
    probe(described, members)
    if library.on_gpu:
        on_device: Any = y0
        members = replace(members, y0=on_device.reshape(-1, members.dim))
    if wants_cuda(device, library):
        from ._cuda import integrate
    else:
        from ._cpu import integrate
    result = integrate(described, members, ITERATION, library, meter)
    if members.statistics is not None:
        return result
    numbers = np.array([count]) if saved is None else saved
    return replace(result, t=library.give_back(numbers))


def _as_map(system: System | Callable[..., Any]) -> System:
    """A System as it is; a bare function described as a map, once."""
    if isinstance(system, System):
        if system.kind != "map":
            raise ValueError(
                f"system: {system.name} is a flow, expected a map, whose function gives the next state;"
                " integrate it with solve_ensemble"
            )
        return system
    if system is None:
        raise TypeError("system: is None, expected a System or a function f(t, u, p); name one")
    if getattr(system, "__hash__", None) is None:
        return make_system(system, kind="map")
    return _describe(system)


def _saved(n_steps: int, save_every: int | None, save_last: int | None) -> np.ndarray | None:
    """Numbers of the iterations to save, or None for the end alone."""
    if save_every is None and save_last is None:
        return None
    every = 1 if save_every is None else _validate.whole("save_every", save_every)
    if save_last is None:
        return np.arange(0, n_steps + 1, every)
    last = _validate.whole("save_last", save_last)
    first = n_steps - (last - 1) * every
    if first < 0:
        raise ValueError(
            f"save_last: is {last} and save_every {every}, which begins before the initial state; expected at most"
            f" {n_steps // every + 1} saves of {n_steps} iterations"
        )
    return np.arange(first, n_steps + 1, every)
