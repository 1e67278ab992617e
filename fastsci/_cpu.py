"""An ensemble on the CPU: into state-major memory, through the kernel, and back as views."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fastsci_kernels.loops import cpu
from fastsci_kernels.loops.grid import Grid, make_grid
from fastsci_kernels.loops.statistics import Gathered, Reduction
from fastsci_kernels.methods.method import Method

from ._arrays import Library
from ._validate import Ensemble
from .result import EnsembleResult
from .system import System

NON_FINITE, RAISED = -1, -2


def integrate(
    system: System,
    members: Ensemble,
    method: Method,
    library: Library,
    progress: Callable[[float], None] | None,
) -> EnsembleResult:
    """Run on the CPU; the arguments have been checked."""
    reduction = reduction_of(system, members)
    ragged = members.t_span.ndim == 2 or members.dt.ndim == 1
    kernel = cpu.kernel(
        system.fun,
        method,
        style=system.style,
        dim=members.dim,
        n_params=len(members.params),
        dtype=members.dtype,
        ragged=ragged,
        parts=members.parts,
        reduction=reduction,
        n_members=members.n_members,
    )
    padded = cpu.pad(members.n_members, kernel.shape.strip)
    grid = make_grid(members.t_span, members.dt, members.t_eval, members.dtype, padded)
    check_on_grid(method, grid)
    y, params, fill = empty_columns(members, padded, kernel.shape.strip)
    kept = grid.n_saves if reduction is None else 1
    in_place = kept == 1 and not ragged
    out = y if in_place else np.empty((kept * members.dim, padded), members.dtype)
    room = room_for(members, reduction, padded)
    raised = cpu.integrate(kernel, y, params, grid, out, fill, progress, members.key, statistics=room)
    n = members.n_members
    saves = out.reshape(kept, members.dim, padded)[:, :, :n]
    status = np.zeros(n, np.int8)
    status[~np.isfinite(saves[-1]).all(axis=0)] = NON_FINITE
    if kernel.path == "scalar" and raised.any():
        failed = raised[:n] != 0
        saves[:, :, failed] = np.nan
        status[failed] = RAISED
    return describe(
        system,
        members,
        method,
        grid,
        saves.transpose(2, 1, 0),
        status,
        library.give_back,
        path=kernel.path,
        reason=kernel.reason,
        reduced=reduced(members, room, saves_of(members, grid), status, library.give_back),
    )


def reduction_of(system: System, members: Ensemble) -> Reduction | None:
    """What the driver has to know of statistics: the saves enter, or where none are asked for every step."""
    if members.statistics is None:
        return None
    return members.statistics.reduction(every=members.t_eval is None, discrete=system.kind == "map")


def room_for(members: Ensemble, reduction: Reduction | None, padded: int) -> Gathered | None:
    """Where a run gathers its statistics."""
    if members.statistics is None or reduction is None:
        return None
    return members.statistics.room(reduction, members.dim, padded, members.dtype)


def reduced(
    members: Ensemble,
    room: Gathered | None,
    count: np.ndarray | None,
    status: np.ndarray,
    give: Callable[[Any], Any],
) -> dict[str, Any]:
    """The statistics of a run, of ``count (n_members,)`` states each, or as many as the driver has counted."""
    if members.statistics is None or room is None:
        return {}
    return members.statistics.results(room, room.tallies[-1, : len(status)] if count is None else count, status, give)


def saves_of(members: Ensemble, grid: Grid) -> np.ndarray:
    """How many states of each member enter its statistics on a fixed grid."""
    return each(grid.n_steps if members.t_eval is None else np.int64(grid.n_saves - 1), members.n_members)


def check_on_grid(method: Method, grid: Grid) -> None:
    """A random path runs forwards, and is known at the points of its grid alone."""
    if method.random and np.any(grid.dt < 0.0):
        raise ValueError(f"t_span: runs backwards, but the noise of {method.name} runs forwards; give the start first")
    if method.random and np.any(grid.save_offset[:-1] != 0.0):
        raise ValueError(
            f"t_eval: holds times between the steps of dt, but the noise of {method.name} lives on them; save at"
            " multiples of dt from the start"
        )


def pack(members: Ensemble, padded: int) -> tuple[np.ndarray, np.ndarray]:
    """States (dim, padded) and parameters (n_params, padded), the last member repeated into the padding."""
    y, params, fill = empty_columns(members, padded, padded)
    fill(0, padded)
    return y, params


def empty_columns(
    members: Ensemble, padded: int, shared: int
) -> tuple[np.ndarray, np.ndarray, Callable[[int, int], None]]:
    """Unfilled states and parameters as `pack` gives them, and what fills a range of members, on any thread.

    Parameters that all members share are filled at once, for ``shared`` members.
    """
    n = members.n_members
    common = all(value.size == 1 for value in members.params)
    y = np.empty((members.dim, padded), members.dtype)
    params = np.empty((max(len(members.params), 1), shared if common else padded), members.dtype)
    columns = list(zip(params, members.params, strict=False))
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and fails its own member
        for row, value in columns if common else ():
            row[:] = value
    sources = [(y, members.y0.T), *(() if common else columns)]

    def fill(first: int, last: int) -> None:
        end = min(last, n)
        with np.errstate(over="ignore"):
            for target, values in sources:
                one = values.ndim == 0 or values.shape[-1] == 1
                target[..., first:end] = values if one else values[..., first:end]
                if last > n:
                    target[..., n:last] = values if one else values[..., n - 1 : n]

    return y, params, fill


def describe(
    system: System,
    members: Ensemble,
    method: Method,
    grid: Grid,
    saves: Any,
    status: Any,
    give_back: Callable[[Any], Any],
    *,
    path: str,
    reason: str = "",
    reduced: Mapping[str, Any],
) -> EnsembleResult:
    """The result of a run whose saves are (n_members, dim, n_saves), the last one the end of the span."""
    n = members.n_members
    taken = grid.n_steps + (grid.save_offset[-1] != 0)
    return EnsembleResult(
        t=give_back(times_of(members)),
        y=give_back(saves if members.t_eval is None and members.statistics is None else saves[:, :, :-1]),
        y_final=give_back(saves[:, :, -1]),
        status=give_back(status),
        nfev=give_back(each(grid.evaluations(method.stages), n)),
        naccepted=give_back(each(taken, n)),
        nrejected=give_back(each(np.int64(0), n)),
        path=path,
        reason=reason,
        system=system.name,
        method=method.name,
        state=system.state or (),
        t_final=give_back(_ends(members)),
        params={name: each(value, n) for name, value in zip(members.names, members.params, strict=True)},
        reduced=reduced,
    )


def _ends(members: Ensemble) -> np.ndarray:
    """Where every member's span ends."""
    return np.broadcast_to(members.t_span[..., 1], (members.n_members,)).astype(members.dtype)


def times_of(members: Ensemble) -> np.ndarray:
    """Times of the saves, (n_times,), or (n_members, n_times) with a span a member; the ends where none are asked.

    Where statistics are gathered in the place of saves there are none.
    """
    if members.statistics is not None:
        return np.empty((members.n_members, 0) if members.t_span.ndim == 2 else 0)
    times = np.atleast_1d(members.t_span[..., 1])
    if members.t_eval is not None:
        times = members.t_eval.T
    elif members.t_span.ndim == 2:
        times = times[:, np.newaxis]
    if members.t_span.ndim == 2:
        times = np.broadcast_to(times, (members.n_members, times.shape[-1]))
    return times.copy()


def each(values: Any, n: int) -> np.ndarray:
    """One value a member as (n,); a shared one is not written out, and read-only."""
    values = np.asarray(values)
    if values.size != 1:
        return values[:n]
    return np.ndarray((n,), values.dtype, values.tobytes(), strides=(0,))
