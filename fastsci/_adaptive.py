"""An adaptive run on the CPU: into state-major memory, through the kernel, and back as views."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastsci_kernels.loops import adaptive

from ._arrays import Library
from ._cpu import each, empty_columns, reduced, room_for, times_of
from ._request import Request
from ._validate import Ensemble
from .dense import DenseOutput
from .events import collect
from .result import EnsembleResult
from .system import System


def integrate(
    system: System,
    members: Ensemble,
    request: Request,
    library: Library,
    progress: Callable[[float], None] | None,
) -> EnsembleResult:
    """Run on the CPU; the arguments have been checked."""
    kernel = adaptive.kernel(request.functions(system), request.method, request.shape(system, members))
    n, dim, dtype, lanes = members.n_members, members.dim, members.dtype, kernel.shape.width
    padded = -(-n // lanes) * lanes
    y, params, fill = empty_columns(members, padded, lanes)
    saves = save_times(members, padded)
    room = room_for(members, kernel.shape.reduction, padded)
    n_saves = len(saves) - 1 if room is None else 0
    out = np.full((n_saves * dim, padded), np.nan, dtype)
    arranged = adaptive.Members(
        y=y,
        params=params,
        span=spans(members, padded, lanes),
        saves=saves,
        out=out,
        rtol=request.control.rtol,
        atol=request.control.atol,
        max_step=request.control.max_step,
        max_steps=request.control.max_steps,
        count=n,
        statistics=room,
    )
    done = adaptive.integrate(kernel, arranged, fill, progress)
    t_events, y_events = collect(done.events, len(request.events), n, dim, dtype)
    tried, accepted = done.tried[:n], done.accepted[:n]
    chosen = request.control.controller.fixed or request.method.chooses_step
    give = library.give_back
    return EnsembleResult(
        t=give(times_of(members)),
        y=give(
            out.reshape(n_saves, dim, padded)[:, :, :n].transpose(2, 1, 0)
            if members.t_eval is not None
            else y[np.newaxis, :, :n].transpose(2, 1, 0)
        ),
        y_final=give(y[:, :n].T),
        status=give(done.status[:n]),
        nfev=give(tried * request.method.evaluations + (1 if chosen else 2)),
        naccepted=give(accepted),
        nrejected=give(tried - accepted),
        path=kernel.path,
        reason=kernel.reason,
        system=system.name,
        method=request.method.name,
        state=system.state or (),
        params={name: each(value, n) for name, value in zip(members.names, members.params, strict=True)},
        t_final=give(done.t_final[:n]),
        t_events=t_events if request.events else None,
        y_events=y_events if request.events else None,
        sol=DenseOutput(done.steps, dim, n, dtype) if request.dense else None,
        lanes_busy=done.lanes_busy,
        reduced=reduced(members, room, None, done.status[:n], give),
    )


def spans(members: Ensemble, padded: int, shared: int) -> np.ndarray:
    """Start, end and first step: a column a member, or ``shared`` equal ones."""
    common = members.t_span.ndim == 1 and members.dt.ndim == 0
    columns = np.zeros((3, shared if common else padded), members.dtype)
    parts = (members.t_span[..., 0], members.t_span[..., 1], members.dt)
    for row, values in zip(columns, parts, strict=True):
        if values.ndim == 0:
            row[:] = values
        elif values.size:
            row[: values.size] = values
            row[values.size :] = values[-1]
    return columns


def save_times(members: Ensemble, padded: int) -> np.ndarray:
    """Times of the saves and infinity after them, a column a member, or one where all members share them."""
    times = np.empty(0) if members.t_eval is None else members.t_eval
    columns = times.reshape(len(times), -1) if times.size else np.empty((len(times), 1))
    if times.ndim == 2 and times.size:
        columns = np.pad(columns, [(0, 0), (0, padded - columns.shape[1])], mode="edge")
    return np.concatenate([columns, np.full((1, columns.shape[1]), np.inf)]).astype(members.dtype)
