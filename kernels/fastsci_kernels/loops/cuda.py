"""The CUDA driver: one thread a member, the run cut into launches short enough for Ctrl-C and progress."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType, MappingProxyType
from typing import Any

import numpy as np
from numba import types

from .. import cache, cuda_target
from ..compile import CompilationError, compile_all, explain
from ..fingerprint import captured, fingerprint_all, is_library
from ..methods.method import Method
from ..numbers import memory, on_cuda, plain
from ..numbers.arithmetic import where
from .cuda_source import driver_source, local_bytes
from .driver_text import Shape
from .grid import Grid

BLOCK = 128  # threads
FEW_BLOCK = 32  # threads, where there are too few members for every multiprocessor to have a full block
FEW_MEMBERS = 16_384
MAX_BLOCKS = 2**20
# Bytes a thread may keep for itself, and bytes of constants a kernel may hold (CUDA C++ Programming Guide, technical
# specifications per compute capability).
NO_KEY = np.zeros(2, np.int64)
LOCAL_LIMIT, CONSTANT_LIMIT = 512 * 2**10, 64 * 2**10

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


_kernels: dict[tuple, Kernel] = {}
_building = threading.Lock()


def kernel(
    fun: FunctionType,
    method: Method,
    *,
    style: str,
    dim: int,
    n_params: int,
    dtype: np.dtype,
    parts: Mapping[str, FunctionType] = MappingProxyType({}),
) -> Kernel:
    """The compiled driver for a right-hand side and the further functions of the method, from memory or made now."""
    shape = Shape(style, dim, n_params, dtype.itemsize * 8)
    functions = {"slope": fun, **{f"user_{part}": parts[part] for part in method.parts}}
    identity = (fingerprint_all(functions.values()), method.name, shape)
    with _building:
        if identity not in _kernels:
            _check_limits(functions, method, shape)
            drive = build(functions, method, shape)
            if not cuda_target.simulated():
                try:
                    drive.compile(signature(shape))
                except Exception as error:
                    raise CompilationError(explain(error, *functions.values())) from error
            _kernels[identity] = Kernel(drive, shape, method)
        return _kernels[identity]


def _check_limits(functions: Mapping[str, FunctionType], method: Method, shape: Shape) -> None:
    needed = local_bytes(method, shape)
    if needed > LOCAL_LIMIT:
        raise ValueError(
            f"y0: a state of {shape.dim} numbers needs {needed} bytes a thread with {method.name}, but a GPU thread"
            f' has {LOCAL_LIMIT}; use device="cpu"'
        )
    seen: set[int] = set()
    arrays = [array for fun in functions.values() for array in _constant_arrays(fun, seen)]
    held = sum(array.size for array in arrays) * shape.bits // 8
    if held > CONSTANT_LIMIT:
        raise ValueError(
            f"constants: {functions['slope'].__name__} reads {held} bytes of arrays, but a GPU kernel holds"
            f' {CONSTANT_LIMIT}; use device="cpu"'
        )


def _constant_arrays(fun: FunctionType, seen: set[int]) -> Iterator[np.ndarray]:
    """The arrays that a function and those it calls take from around themselves."""
    seen.add(id(fun))
    for value in captured(fun).values():
        inner = getattr(value, "py_func", value)
        if isinstance(value, np.ndarray) and id(value) not in seen:
            seen.add(id(value))
            yield value
        elif isinstance(inner, FunctionType) and not is_library(inner) and id(inner) not in seen:
            yield from _constant_arrays(inner, seen)


def build(functions: Mapping[str, FunctionType], method: Method, shape: Shape) -> Any:
    """The kernel of a user's functions, not yet compiled for a device."""
    source = driver_source(method, shape)
    if not cuda_target.simulated():
        on_cuda.bind()
    precision = np.float32 if shape.bits == 32 else np.float64

    def in_precision(value: Any) -> Any:
        shared = isinstance(value, np.ndarray) and value.dtype == np.float64
        return value.astype(precision) if shared else value

    def device(function: FunctionType) -> Any:
        return cuda_target.device(cuda_target.substitute(function, in_precision))

    numbers = plain if cuda_target.simulated() else memory
    values = {
        **compile_all(functions, device),
        "cuda": cuda_target.cuda(),
        "device": cuda_target.device,
        "kernel": cuda_target.kernel,
        "load": numbers.load,
        "store": numbers.store,
        "scratch": numbers.scratch,
        "number": numbers.number,
        "where": where,
        "math": math,
    }
    name = cache.key(fingerprint_all(functions.values()), source, f"float{shape.bits}", cuda_target.version())
    return cache.load(name, source, values).drive


def signature(shape: Shape) -> tuple[types.Type, ...]:
    """Argument types of a driver."""
    number = types.float64 if shape.bits == 64 else types.float32
    matrix, index = types.Array(number, 2, "C"), types.int64
    steps, counts = types.Array(index, 2, "C"), types.Array(index, 1, "C")
    return (matrix, matrix, counts, matrix, matrix, steps, matrix, matrix, counts, *(index,) * 3, matrix, counts)


def integrate(
    kernel: Kernel,
    y: Any,
    params: Any,
    grid: Grid,
    out: Any,
    progress: Callable[[float], None] | None = None,
    key: np.ndarray = NO_KEY,
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
        Filled with the saves.
    progress : callable, optional
        Called with the fraction done, between launches.
    key : ndarray of int64, (2,)
        The 32-bit words of the seed of a random method.
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
    cursor = cuda.to_device(np.zeros(n, np.int64))
    work = kernel.shape.dim * kernel.method.stages
    steps = max(1, int(min(FIRST_THREAD_WORK, FIRST_WORK / n) / work))
    at, end = 0, grid.longest
    while True:
        until = min(end, at + steps)
        last = until == end
        began = time.perf_counter()
        launch(y, params, seed, *clock, *saves, out, cursor, int(grid.ragged), at, until, y, cursor)
        cuda.synchronize()
        if progress is not None:
            progress(until / max(end, 1) if not last else 1.0)
        if last:
            return cursor.copy_to_host() != grid.n_saves
        elapsed = max(time.perf_counter() - began, 1e-6)
        steps = max(1, int(steps * min(GROWTH, LAUNCH_SECONDS / elapsed)))
        at = until


def _as_matrix(part: Any, dtype: Any) -> np.ndarray:
    """A row of the grid with a last axis of members: one column where they share it."""
    part = np.asarray(part, dtype)
    return np.ascontiguousarray(part.reshape(-1, 1) if part.ndim < 2 else part)


def _device_array(array: Any) -> Any:
    """Numba's view of an array of any library on the device."""
    return array if cuda_target.simulated() else cuda_target.cuda().as_cuda_array(array)
