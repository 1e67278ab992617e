"""Runs whose state is a system's own and more beside it: perturbations, growth rates, adjoints."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from fastsci_kernels.compile import CompilationError
from fastsci_kernels.methods.explicit import RungeKutta
from fastsci_kernels.methods.iteration import ITERATION, Iteration
from fastsci_kernels.methods.method import Method
from fastsci_kernels.methods.registry import FIXED, NAMES
from fastsci_kernels.methods.tangent import TangentSlope

from . import _function
from ._arrays import NUMPY, real_array
from ._request import Request
from ._validate import Ensemble
from .result import EnsembleResult
from .system import System

EXPLICIT = tuple(name for name, method in FIXED.items() if isinstance(method, RungeKutta))


def base_method(system: System, method: str) -> RungeKutta | Iteration:
    """What steps the system: its iteration for a map, an explicit Runge-Kutta method by name for a flow."""
    if system.kind == "map":
        return ITERATION
    name = NAMES.get(str(method).lower())
    chosen = FIXED.get(name or "")
    if not isinstance(chosen, RungeKutta):
        raise ValueError(
            f"method: is {method!r}, expected an explicit Runge-Kutta method, for its tangent: {', '.join(EXPLICIT)}"
        )
    return chosen


def tangent_slope(system: System, dim: int, count: int, *, by_params: bool = False) -> TangentSlope:
    """The right-hand side of ``count`` perturbations, by the user's own ``jvp`` where there is one.

    That knows nothing of parameters; perturbing those takes the function itself.
    """
    return TangentSlope(dim, count, by_params, by_user=system.jvp is not None and not by_params)


def run(
    system: System,
    members: Ensemble,
    method: Method,
    states: np.ndarray,
    *,
    params: list[np.ndarray] | None = None,
    on_cuda: bool = False,
    progress: Callable[[float], None] | None = None,
) -> EnsembleResult:
    """Integrate ``states (1 or n_members, numbers of the method's state)`` in the place of the members' own.

    The result is on the host, and its states are the method's.  ``params`` takes the place of the members' own.
    """
    if on_cuda:
        from ._cuda import integrate
    else:
        from ._cpu import integrate
    with differentiating(system):
        return integrate(system, _longer(system, members, states, params, method.parts), method, NUMPY, progress)


def run_adaptive(
    system: System,
    members: Ensemble,
    request: Request,
    states: np.ndarray,
    *,
    params: list[np.ndarray] | None = None,
    on_cuda: bool = False,
    progress: Callable[[float], None] | None = None,
) -> EnsembleResult:
    """As `run`, with steps that the method chooses."""
    if on_cuda:
        from ._adaptive_cuda import integrate
    else:
        from ._adaptive import integrate
    with differentiating(system):
        return integrate(system, _longer(system, members, states, params), request, NUMPY, progress)


def _longer(
    system: System,
    members: Ensemble,
    states: np.ndarray,
    params: list[np.ndarray] | None,
    parts: tuple[str, ...] = (),
) -> Ensemble:
    values = members.params if params is None else params
    names = tuple(f"p{place}" for place in range(len(values)))
    own = {part: _function.plain_function(getattr(system, part)) for part in parts}
    return replace(members, y0=states.astype(members.dtype, copy=False), params=values, names=names, parts=own)


@contextmanager
def differentiating(system: System) -> Generator[None]:
    """Say of a function that does not compile on Duals that it has no derivative, and what to do."""
    try:
        yield
    except CompilationError as error:
        cause = str(error).removeprefix(f"system: {system.name} cannot be compiled: ")
        raise CompilationError(
            f"system: {system.name} cannot be differentiated: {cause}; or give fastsci.system(..., jvp=...), the"
            " derivative along v as a function jvp(t, u, p, v)"
        ) from None


def directions(
    v: Any, start: Any, size: int, n_members: int, *, within: str = "y0", name: str = "v"
) -> tuple[np.ndarray, bool]:
    """Perturbations as (1 or n_members, count, size), and whether they were one a member.

    ``v`` has as many axes as the state ``start``, or one more, the last, where there are several a member.
    """
    array = real_array(v, name)
    axes = np.ndim(start)
    columns = array if array.ndim == axes + 1 else array[..., np.newaxis]
    if columns.ndim != axes + 1 or columns.shape[axes - 1] != size or columns.shape[-1] == 0:
        before, alone = ("", ",") if axes == 1 else ("n_members, ", "")
        raise ValueError(
            f"{name}: has shape {array.shape}, expected ({before}{size}{alone}) or ({before}{size}, n_tangents), as"
            f" {within} has it; reshape it"
        )
    columns = columns.reshape(-1, size, columns.shape[-1])
    if len(columns) not in (1, n_members):
        raise ValueError(f"{name}: is for {len(columns)} members, but the run has {n_members}; give as many, or one")
    return columns.transpose(0, 2, 1), array.ndim == axes


def beside(*parts: np.ndarray) -> np.ndarray:
    """Arrays of a row a member, or one row for all, flattened a member and side by side: (1 or n_members, numbers)."""
    n = max((len(part) for part in parts if len(part) != 1), default=1)
    rows = [part.reshape(len(part), math.prod(part.shape[1:])) for part in parts]
    return np.concatenate([np.broadcast_to(row, (n, row.shape[1])) for row in rows], 1)


def apart(states: np.ndarray, slope: TangentSlope) -> tuple[np.ndarray, np.ndarray]:
    """States (n_members, dim) and perturbations (n_members, dim, count) of a run's states."""
    n = len(states)
    perturbed = states[:, slope.size : slope.total].reshape(n, slope.count, slope.size)
    return states[:, : slope.size], perturbed.transpose(0, 2, 1)
