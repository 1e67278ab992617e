"""The CPU driver: strips of lanes times threads."""

from __future__ import annotations

import dis
import functools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import FunctionType, MappingProxyType
from typing import Any

import numpy as np
from llvmlite import binding
from numba import types

from .. import cache
from ..compile import compile_all, inner, specialise
from ..fingerprint import fingerprint_all
from ..kept import Kept
from ..methods.iteration import Iteration
from ..methods.method import Method
from . import pool
from .cpu_source import driver_source
from .driver_text import Shape, buffer_rows
from .fallback import lanes_else_scalars, suffice
from .grid import Grid
from .statistics import Gathered, Reduction

INLINE_WORK = 20_000  # component-steps that one thread finishes sooner than a pool would start
BLOCK_SECONDS = 0.05  # the longest a kernel runs before it looks up, for Ctrl-C and progress
CHUNKS_PER_THREAD = 8
NO_KEY = np.zeros(3, np.int64)
IN_TURN_LIMIT = 4


@dataclass(frozen=True)
class Kernel:
    """A compiled driver and what it is specialised on."""

    drive: Callable
    shape: Shape
    method: Method
    reason: str = ""  # why not lanes

    @property
    def path(self) -> str:
        return "lanes" if self.shape.width > 1 else "scalar"


_kernels: Kept[Kernel] = Kept()


@functools.cache
def vector_bits() -> int:
    """Width of the processor's vector registers in bits."""
    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        return 512
    return 256 if features.get("avx") else 128


def lanes(
    fun: FunctionType,
    method: Method,
    style: str,
    dim: int,
    n_params: int,
    bits: int,
    ragged: bool,
    few: bool = False,
) -> Shape:
    """How members are laid side by side: by what kept the arithmetic units busiest when measured.

    Two registers a number while the state still fits in registers.  Of the smallest states, whose right-hand sides
    are bare arithmetic, three registers in turn: 1.1x on Lorenz-63, but 0.8x where sines need the registers.  A
    normal number takes a long chain of operations, and the more of them side by side the better: 1.9 ns each in two
    registers (four where there is one a step), 3.1 ns in three in turn.  An iteration of a map is a short chain, and
    three pairs of registers hide its latency: 1.2x on the logistic map, 2x on the tent map, 1.3x on Henon's.

    An interval of a Lyapunov spectrum keeps the arithmetic units busy by itself: where its ``few`` members fit in half
    a register they take half as long there, for which processors do twice as many operations.
    """
    register = vector_bits() // bits
    shape = Shape(style, dim, n_params, bits, register, ragged=ragged, flat_limit=method.flat_limit)
    if few:
        return replace(shape, width=register // 2)
    if method.random and shape.flat:
        return replace(shape, width=(4 if dim == 1 else 2) * register)
    small = shape.flat and max(dim, n_params, method.stages) <= IN_TURN_LIMIT
    if small and not ragged and isinstance(method, Iteration):
        return replace(shape, width=2 * register, groups=3)
    if small and not ragged and not _calls(fun):
        return replace(shape, groups=3)
    return replace(shape, width=2 * register) if dim <= method.wide_limit else shape


def _calls(fun: FunctionType) -> bool:
    """Whether a function calls anything."""
    return any(instruction.opname.startswith("CALL") for instruction in dis.get_instructions(fun))


def kernel(
    fun: FunctionType,
    method: Method,
    *,
    style: str,
    dim: int,
    n_params: int,
    dtype: np.dtype,
    ragged: bool,
    parts: Mapping[str, FunctionType] = MappingProxyType({}),
    reduction: Reduction | None = None,
    n_members: int | None = None,
) -> Kernel:
    """The compiled driver for a right-hand side, from memory, from the disk, or made now.

    Lanes where the functions allow, else scalars; which of the two depends on them and the precision alone.  ``parts``
    are the user's functions that the method names beside the right-hand side; ``reduction`` the statistics that are
    gathered in the place of saves; ``n_members`` lets a few of them have narrower registers where that is faster.
    """
    bits = dtype.itemsize * 8
    functions = {"slope": fun, **{f"user_{part}": parts[part] for part in method.parts}}
    digest = fingerprint_all(functions.values())
    few = method.narrow and n_members is not None and 2 * n_members <= vector_bits() // bits
    identity = (digest, method.name, style, dim, n_params, bits, ragged, reduction, few)

    def make() -> Kernel:
        shape = lanes(fun, method, style, dim, n_params, bits, ragged, few)
        return _make(functions, digest, method, replace(shape, reduction=reduction))

    return _kernels.get(identity, make)


def _make(functions: dict[str, FunctionType], digest: str, method: Method, preferred: Shape) -> Kernel:
    verdict = cache.key(digest, repr(replace(preferred, ragged=False, groups=1, reduction=None)), method.name)
    scalar = replace(preferred, width=1, groups=1)
    scalars = (scalar,) if suffice(scalar.style, scalar.bits) else (scalar, replace(scalar, arrays=True))

    def make(shape: Shape, reason: str) -> Kernel:
        return Kernel(_compile(functions, digest, method, shape), shape, method, reason)

    return lanes_else_scalars(functions["slope"].__name__, verdict, preferred, scalars, make)


def _compile(functions: dict[str, FunctionType], digest: str, method: Method, shape: Shape) -> Callable:
    source = driver_source(method, shape)
    name = cache.key(digest, source)
    # An index that a state has led astray must end its member, not the process.
    wrap = inner if shape.width > 1 else functools.partial(inner, boundscheck=True)
    module = cache.load(name, source, compile_all(functions, wrap))
    specialise(module.drive, _signature(shape), *functions.values())
    return module.drive


def _signature(shape: Shape) -> tuple[types.Type, ...]:
    number = types.float64 if shape.bits == 64 else types.float32

    def array(dtype, ndim):
        return types.Array(dtype, ndim, "C")

    matrix, index = array(number, 2), types.int64
    if shape.ragged:
        clock = (matrix, matrix, array(index, 1), array(index, 2), matrix)
        extra = (types.boolean, array(index, 1), matrix, matrix, matrix)
    else:
        clock = (number, number, index, array(index, 1), array(number, 1))
        extra = (index, index)
    statistics = () if shape.reduction is None else (matrix, array(index, 2), array(number, 1))
    return (
        matrix,
        matrix,
        matrix,
        array(index, 1),
        *clock,
        matrix,
        *statistics,
        index,
        array(types.int8, 1),
        index,
        index,
        index,
        index,
        *extra,
    )


def pad(members: int, width: int) -> int:
    """Members rounded up to whole strips."""
    return -(-members // width) * width


def integrate(
    kernel: Kernel,
    y: np.ndarray,
    params: np.ndarray,
    grid: Grid,
    out: np.ndarray,
    fill: Callable[[int, int], None],
    progress: Callable[[float], None] | None = None,
    key: np.ndarray = NO_KEY,
    statistics: Gathered | None = None,
) -> np.ndarray:
    """Integrate every member in place.

    Parameters
    ----------
    kernel : Kernel
    y : ndarray, (dim, padded)
        States, a whole number of strips; working memory afterwards.
    params : ndarray, (n_params, padded) or (n_params, strip)
        The latter where all members share them.
    grid : Grid
        With a last axis of ``padded`` members where ragged.
    out : ndarray, (n_saves * dim, padded)
        Filled with the saves, or with the last one where statistics are gathered; may be ``y`` itself where a shared
        grid keeps but one.
    fill : callable
        Called with a range of members before they start, in the thread that will integrate them: puts their
        initial states into ``y`` and their parameters into ``params``.
    progress : callable, optional
        Called with the fraction done, from the calling thread.
    key : ndarray of int64, (3,)
        The 32-bit words of the seed of a random method, and the number of the first member.
    statistics : Gathered, optional
        What a kernel made for statistics gathers.

    Returns
    -------
    raised : ndarray of int8, (strips,)
        Nonzero where the right-hand side raised (scalars only).
    """
    shape = kernel.shape
    strips = y.shape[1] // shape.strip
    raised = np.zeros(strips, np.int8)
    if strips == 0:
        return raised
    run = _Run(kernel, y, params, key, grid, out, raised, fill, statistics)
    work = strips * shape.strip * shape.dim * (grid.longest + grid.n_saves)
    if work <= INLINE_WORK and progress is None:
        run(0, strips, None)
        return raised
    done = _Done(strips * grid.longest, progress)
    run.report = done.add
    size = -(-strips // (CHUNKS_PER_THREAD * pool.thread_count()))
    chunks = [(first, min(first + size, strips)) for first in range(0, strips, size)]
    pool.run(run, chunks, done.show)
    return raised


class _Done:
    """How much of the work is done, added up by the workers and shown by the caller."""

    def __init__(self, total: int, progress: Callable[[float], None] | None) -> None:
        self.total, self.progress, self.count, self.lock = total, progress, 0, threading.Lock()

    def add(self, amount: int) -> None:
        with self.lock:
            self.count += amount

    def show(self) -> None:
        if self.progress is not None:
            self.progress(min(1.0, self.count / self.total) if self.total else 1.0)


@dataclass
class _Run:
    """One call's arrays; called by a worker with a range of strips."""

    kernel: Kernel
    y: np.ndarray
    params: np.ndarray
    key: np.ndarray
    grid: Grid
    out: np.ndarray
    raised: np.ndarray
    fill: Callable[[int, int], None]
    statistics: Gathered | None
    report: Callable[[int], Any] | None = None

    def __call__(self, first: int, last: int, cancelled: threading.Event | None) -> None:
        shape, grid = self.kernel.shape, self.grid
        dtype = self.y.dtype
        self.fill(first * shape.strip, last * shape.strip)
        outputs: tuple[np.ndarray, ...] = (self.out,)
        if self.statistics is not None:
            self.statistics.begin(first * shape.strip, last * shape.strip)
            outputs += self.statistics.arrays
        size = max(shape.dim, shape.n_params, 1) * shape.width
        room = np.empty((buffer_rows(self.kernel.method), size), dtype)
        extra = self._strip_buffers(dtype) if shape.ragged else ()
        clock = (grid.t0, grid.dt, grid.n_steps, grid.save_step, grid.save_offset)
        pitch = int(self.params.shape[1] == self.y.shape[1])
        step, end = 0, grid.longest
        block = end if cancelled is None else max(1, INLINE_WORK // ((last - first) * shape.strip))
        j = 0
        while True:
            stop = min(end, step + block)
            is_last = stop == end
            if shape.ragged:
                tail = (is_last, *extra)
            else:
                j1 = grid.n_saves if is_last else int(np.searchsorted(grid.save_step, stop))
                tail, j = (j, j1), j1
            began = time.perf_counter()
            self.kernel.drive(
                self.y,
                self.params,
                room,
                self.key,
                *clock,
                *outputs,
                pitch,
                self.raised,
                first,
                last,
                step,
                stop,
                *tail,
            )
            if self.report is not None:
                self.report((last - first) * (stop - step))
            if is_last or (cancelled is not None and cancelled.is_set()):
                return
            elapsed = max(time.perf_counter() - began, 1e-6)
            block = max(1, int(block * min(16.0, BLOCK_SECONDS / elapsed)))
            step = stop

    def _strip_buffers(self, dtype: np.dtype) -> tuple[np.ndarray, ...]:
        width, dim = self.kernel.shape.width, self.kernel.shape.dim
        return (
            np.zeros(width, np.int64),
            np.zeros((1, width), dtype),
            np.empty((dim, width), dtype),
            np.empty((dim, width), dtype),
        )
