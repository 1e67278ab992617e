"""An adaptive run on a GPU: into device memory, through the kernels, and back to where the caller's arrays are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastsci_kernels import cuda_target
from fastsci_kernels.loops import adaptive_cuda

from ._adaptive import save_times, spans
from ._arrays import Library
from ._cpu import each, reduced, room_for, times_of
from ._cuda import device_memory, members_first, pack_on_device
from ._request import Request
from ._validate import Ensemble
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
    """Run on a GPU, or on the simulator of one; the arguments have been checked."""
    if request.dense:
        raise ValueError("dense_output: is True, but a GPU keeps no polynomials; save times with t_eval")
    cuda_target.require_device()
    n, dim, control = members.n_members, members.dim, request.control
    n_saves = 0 if members.t_eval is None else len(members.t_eval)
    memory = device_memory(library, members)
    with memory.on_device():
        kernel = adaptive_cuda.kernel(request.functions(system), request.method, request.shape(system, members))
        room = room_for(members, kernel.shape.reduction, n)
        n_saves = 0 if room is not None else n_saves
        out = memory.put(np.full((max(n_saves * dim, 1), n), np.nan, members.dtype))
        y, params = pack_on_device(members, memory)
        done = adaptive_cuda.integrate(
            kernel,
            y,
            params,
            spans(members, n, 1),
            save_times(members, n),
            out,
            rtol=control.rtol,
            atol=control.atol,
            max_step=control.max_step,
            max_steps=control.max_steps,
            progress=progress,
            statistics=room,
        )
        final = memory.take(done.y)
        saves = memory.take(out)[: n_saves * dim].reshape(n_saves, dim, n)
        t_events, y_events = collect(done.events, len(request.events), n, dim, members.dtype)
        chosen = control.controller.fixed or request.method.chooses_step
        give: Callable[[Any], Any] = memory.give
        return EnsembleResult(
            t=give(times_of(members)),
            y=members_first(saves if members.t_eval is not None else final.reshape(1, dim, n)),
            y_final=final.T,
            status=give(done.status),
            nfev=give(done.tried * request.method.evaluations + (1 if chosen else 2)),
            naccepted=give(done.accepted),
            nrejected=give(done.tried - done.accepted),
            path="cuda",
            system=system.name,
            method=request.method.name,
            state=system.state or (),
            params={name: each(value, n) for name, value in zip(members.names, members.params, strict=True)},
            t_final=give(done.t_final),
            t_events=t_events if request.events else None,
            y_events=y_events if request.events else None,
            reduced=reduced(members, room, None, done.status, give),
        )
