"""An ensemble on a GPU: into device memory, through the kernel, and back to where the caller's arrays are."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastsci_kernels import cuda_target
from fastsci_kernels.loops import cuda
from fastsci_kernels.loops.grid import make_grid
from fastsci_kernels.methods.method import Method

from ._arrays import Library, to_numpy
from ._cpu import NON_FINITE, RAISED, check_on_grid, describe, pack, reduced, reduction_of, room_for, saves_of
from ._validate import Ensemble
from .result import EnsembleResult
from .system import System


@dataclass(frozen=True)
class DeviceMemory:
    """Where a run's arrays live: in Numba's device memory for a caller on the host, else in the caller's library."""

    on_device: Callable[[], Any]  # a context in which the caller's GPU is the current one
    empty: Callable[[tuple[int, ...], Any], Any]
    put: Callable[[Any], Any]
    take: Callable[[Any], Any]  # to where the result belongs
    give: Callable[[Any], Any]  # a small array of the result
    as_int8: Callable[[Any], Any]


def integrate(
    system: System,
    members: Ensemble,
    method: Method,
    library: Library,
    progress: Callable[[float], None] | None,
) -> EnsembleResult:
    """Run on a GPU, or on the simulator of one; the arguments have been checked."""
    cuda_target.require_device()
    n = members.n_members
    grid = make_grid(members.t_span, members.dt, members.t_eval, members.dtype, n)
    reduction = reduction_of(system, members)
    kept = grid.n_saves if reduction is None else 1
    room = room_for(members, reduction, n)
    memory = device_memory(library, members)
    with memory.on_device():
        kernel = cuda.kernel(
            system.fun,
            method,
            style=system.style,
            dim=members.dim,
            n_params=len(members.params),
            dtype=members.dtype,
            parts=members.parts,
            reduction=reduction,
        )
        check_on_grid(method, grid)
        out = memory.empty((kept * members.dim, n), members.dtype)
        lost = np.zeros(n, bool)
        if n:
            y, params = pack_on_device(members, memory)
            lost = cuda.integrate(kernel, y, params, grid, out, progress, members.key, room)
        out = memory.take(out)
        failed = memory.give(lost) if library.on_gpu else lost
        if lost.any():
            out[:, failed] = np.nan
        saves = out.reshape(kept, members.dim, n)
        last = saves[-1]
        with np.errstate(invalid="ignore"):  # infinity less infinity is what is looked for
            status = memory.as_int8(~(last - last == 0).all(0)) * NON_FINITE
        status[failed] = RAISED
        return describe(
            system,
            members,
            method,
            grid,
            members_first(saves),
            status,
            memory.give,
            path="cuda",
            reduced=reduced(members, room, saves_of(members, grid), np.asarray(to_numpy(status)), memory.give),
        )


def members_first(saves: Any) -> Any:
    """(n_saves, dim, n_members) as a view (n_members, dim, n_saves)."""
    return saves.swapaxes(0, 2)


def pack_on_device(members: Ensemble, memory: DeviceMemory) -> tuple[Any, Any]:
    """States (dim, n_members) and parameters (n_params, n_members) in device memory, without a trip to the host."""
    given: Any = members.y0
    if isinstance(given, np.ndarray):
        y, params = pack(members, members.n_members)
        return memory.put(y), memory.put(params)
    y = memory.empty((members.dim, members.n_members), members.dtype)
    y[:] = memory.put(given).T
    params = memory.empty((max(len(members.params), 1), members.n_members), members.dtype)
    for row, value in zip(params, members.params, strict=False):
        row[:] = memory.put(value)
    return y, params


def device_memory(library: Library, members: Ensemble) -> DeviceMemory:
    if not library.on_gpu:
        return _host_memory(library)
    return _cupy_memory(members) if library.name == "cupy" else _torch_memory(members)


def _host_memory(library: Library) -> DeviceMemory:
    numba = cuda_target.cuda()
    return DeviceMemory(
        on_device=nullcontext,
        empty=lambda shape, dtype: numba.device_array(shape, dtype),
        put=numba.to_device,
        take=lambda array: array.copy_to_host(),
        give=library.give_back,
        as_int8=lambda mask: mask.astype(np.int8),
    )


def _cupy_memory(members: Ensemble) -> DeviceMemory:
    cupy: Any = sys.modules["cupy"]
    y0: Any = members.y0
    index = y0.device.id if isinstance(y0, cupy.ndarray) else cupy.cuda.runtime.getDevice()
    cupy.cuda.get_current_stream().synchronize()
    return DeviceMemory(
        on_device=lambda: cuda_target.cuda().gpus[index],
        empty=cupy.empty,
        put=cupy.asarray,
        take=lambda array: array,
        give=cupy.asarray,
        as_int8=lambda mask: mask.astype(cupy.int8),
    )


def _torch_memory(members: Ensemble) -> DeviceMemory:
    torch: Any = sys.modules["torch"]
    y0: Any = members.y0
    index = y0.device.index if isinstance(y0, torch.Tensor) else torch.cuda.current_device()
    device = torch.device("cuda", index)

    def put(array: Any) -> Any:
        return torch.as_tensor(array, device=device).detach()

    torch.cuda.current_stream(device).synchronize()
    return DeviceMemory(
        on_device=lambda: cuda_target.cuda().gpus[index],
        empty=lambda shape, dtype: torch.empty(shape, dtype=getattr(torch, np.dtype(dtype).name), device=device),
        put=put,
        take=lambda array: array,
        give=put,
        as_int8=lambda mask: mask.to(torch.int8),
    )
