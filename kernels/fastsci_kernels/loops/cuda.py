"""The CUDA driver: one thread a member, the run cut into launches short enough for Ctrl-C and progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType, MappingProxyType
from typing import Any

import numpy as np
from numba import types

from .. import cache, cuda_target
from ..fingerprint import fingerprint_all
from ..kept import Kept
from ..methods.method import Method
from .cuda_build import check_limits, for_target, names
from .cuda_source import driver_source, local_bytes
from .driver_text import Shape
from .grid import Grid
from .statistics import Gathered, Reduction

BLOCK = 128  # threads
FEW_BLOCK = 32  # threads, where there are too few members for every multiprocessor to have a full block
FEW_MEMBERS = 16_384
MAX_BLOCKS = 2**20
NO_KEY = np.zeros(3, np.int64)

LAUNCH_SECONDS = 0.2
# Components times stages in a run's first launch, a thread and in all; from then on the launches time themselves.
FIRST_THREAD_WORK, FIRST_WORK = 3e3, 3e7
GROWTH = 64


@dataclass(frozen=True)
class Kernel:
    """A compiled driver and what it is specialised on."""

    drive: Any
    shape: Shape
    method: Method


_kernels: Kept[Kernel] = Kept()


def kernel(
    fun: FunctionType,
    method: Method,
    *,
    style: str,
    dim: int,
    n_params: int,
    dtype: np.dtype,
    parts: Mapping[str, FunctionType] = MappingProxyType({}),
    reduction: Reduction | None = None,
) -> Kernel:
    """The compiled driver for a right-hand side and the further functions of the method, from memory or made now."""
    bits = dtype.itemsize * 8
    shape = Shape(style, dim, n_params, bits, reduction=reduction, flat_limit=method.flat_limit)
    functions = {"slope": fun, **{f"user_{part}": parts[part] for part in method.parts}}
    identity = (fingerprint_all(functions.values()), method.name, shape)

    def make() -> Kernel:
        check_limits(functions, shape.bits, dim, local_bytes(method, shape), method.name)
        drive = build(functions, method, shape)
        cuda_target.specialise(drive, signature(shape), *functions.values())
        return Kernel(drive, shape, method)

    return _kernels.get(identity, make)


def build(functions: Mapping[str, FunctionType], method: Method, shape: Shape) -> Any:
    """The kernel of a user's functions, not yet compiled for a device."""
    source = for_target(driver_source(method, shape))
    name = cache.key(fingerprint_all(functions.values()), source, f"float{shape.bits}", cuda_target.version())
    return cache.load(name, source, names(functions, shape.bits)).drive


def signature(shape: Shape) -> tuple[types.Type, ...]:
    """Argument types of a driver."""
    number = types.float64 if shape.bits == 64 else types.float32
    matrix, index = types.Array(number, 2, "C"), types.int64
    steps, counts = types.Array(index, 2, "C"), types.Array(index, 1, "C")
    statistics = () if shape.reduction is None else (matrix, steps, types.Array(number, 1, "C"))
    saves = (steps, matrix, matrix, *statistics, counts)
    return (matrix, matrix, counts, matrix, matrix, *saves, *(index,) * 3, matrix, counts)


def integrate(
    kernel: Kernel,
    y: Any,
    params: Any,
    grid: Grid,
    out: Any,
    progress: Callable[[float], None] | None = None,
    key: np.ndarray = NO_KEY,
    statistics: Gathered | None = None,
    *,
    block: int | None = None,
    max_blocks: int = MAX_BLOCKS,
) -> np.ndarray:
    """Integrate every member on the current device.

    Parameters
    ----------
    kernel : Kernel
    y : device array, (dim, n_members)
        States; overwritten.
    params : device array, (n_params or more, n_members)
    grid : Grid
        With a last axis of ``n_members`` where ragged.
    out : device array, (n_saves * dim, n_members)
        Filled with the saves, or with the last one where statistics are gathered.
    progress : callable, optional
        Called with the fraction done, between launches.
    key : ndarray of int64, (3,)
        The 32-bit words of the seed of a random method, and the number of the first member.
    statistics : Gathered, optional
        What a kernel made for statistics gathers, on the host.
    block, max_blocks : int, optional
        Threads a block and blocks a launch; members beyond their product wait for a thread.

    Returns
    -------
    lost : ndarray of bool, (n_members,)
        Whose right-hand side raised an exception.
    """
    cuda = cuda_target.cuda()
    n = y.shape[1]
    block = block or (BLOCK if n > FEW_MEMBERS else FEW_BLOCK)
    launch = kernel.drive[min(-(-n // block), max_blocks), block]
    y, params, out = (_device_array(array) for array in (y, params, out))
    seed = cuda.to_device(key)
    clock = [cuda.to_device(_as_matrix(part, y.dtype)) for part in (grid.t0, grid.dt)]
    saves = [
        cuda.to_device(_as_matrix(part, dtype))
        for part, dtype in ((grid.save_step, np.int64), (grid.save_offset, y.dtype))
    ]
    gathering = to_device(statistics)
    cursor = cuda.to_device(np.zeros(n, np.int64))
    work = kernel.shape.dim * kernel.method.stages
    steps = max(1, int(min(FIRST_THREAD_WORK, FIRST_WORK / n) / work))
    at, end = 0, grid.longest
    while True:
        until = min(end, at + steps)
        last = until == end
        began = time.perf_counter()
        launch(y, params, seed, *clock, *saves, out, *gathering, cursor, int(grid.ragged), at, until, y, cursor)
        cuda.synchronize()
        if progress is not None:
            progress(until / max(end, 1) if not last else 1.0)
        if last:
            to_host(statistics, gathering)
            return cursor.copy_to_host() != grid.n_saves
        elapsed = max(time.perf_counter() - began, 1e-6)
        steps = max(1, int(steps * min(GROWTH, LAUNCH_SECONDS / elapsed)))
        at = until


def to_device(statistics: Gathered | None) -> list[Any]:
    """The arrays that gather statistics, made ready."""
    if statistics is None:
        return []
    statistics.begin(0, statistics.sums.shape[1])
    return [cuda_target.cuda().to_device(array) for array in statistics.arrays]


def to_host(statistics: Gathered | None, gathering: list[Any]) -> None:
    """What a run has gathered on the device."""
    if statistics is not None:
        gathering[0].copy_to_host(statistics.sums)
        gathering[1].copy_to_host(statistics.tallies)


def _as_matrix(part: Any, dtype: Any) -> np.ndarray:
    """A row of the grid with a last axis of members: one column where they share it."""
    part = np.asarray(part, dtype)
    return np.ascontiguousarray(part.reshape(-1, 1) if part.ndim < 2 else part)


def _device_array(array: Any) -> Any:
    """Numba's view of an array of any library on the device."""
    return array if cuda_target.simulated() else cuda_target.cuda().as_cuda_array(array)
