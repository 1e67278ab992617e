"""Values and derivatives of a function at many points, on the CPU: strips of lanes times threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np
from numba import types

from .. import cache
from ..compile import compile_all, inner, specialise
from ..fingerprint import fingerprint_all
from ..kept import Kept
from ..methods.derivative import INPUTS, Derivative
from . import pool
from .cpu import CHUNKS_PER_THREAD, vector_bits
from .fallback import lanes_else_scalars
from .pointwise_source import Points, PointText, cpu_source

# What a point costs is the function's affair, so that a call's first points tell: the others go to the pool where that
# saves more time than waking its threads takes, in chunks that are worth a thread and leave room for Ctrl-C.
FIRST_WORK = 100_000  # numbers in and out
POOL_SECONDS = 1e-3
CHUNK_SECONDS = 3e-4, 5e-2


@dataclass(frozen=True)
class Kernel:
    """A compiled kernel and what it is specialised on."""

    drive: Callable[..., None]
    derivative: Derivative
    points: Points
    room: int  # plain numbers of a thread's buffer
    work: int  # numbers in, on the way and out a point
    reason: str = ""  # why not lanes

    @property
    def path(self) -> str:
        return "lanes" if self.points.width > 1 else "scalar"


_kernels: Kept[Kernel] = Kept()


def kernel(functions: Mapping[str, FunctionType], derivative: Derivative, points: Points) -> Kernel:
    """The compiled kernel, from memory, from the disk, or made now: lanes where the functions allow, else scalars.

    ``functions`` are "slope", the user's function, and "user_jvp" or "user_jac" where given.
    """
    digest = fingerprint_all(functions.values())
    return _kernels.get((digest, derivative, points), lambda: _make(functions, digest, derivative, points))


def _make(functions: Mapping[str, FunctionType], digest: str, derivative: Derivative, points: Points) -> Kernel:
    lanes = replace(points, width=vector_bits() // points.bits)
    verdict = cache.key(digest, repr(replace(lanes, shared=())), repr(derivative))

    def make(shape: Points, reason: str) -> Kernel:
        drive = _compile(functions, digest, derivative, shape)
        text = PointText(derivative, shape)
        return Kernel(drive, derivative, shape, text.room(), text.work(), reason)

    return lanes_else_scalars(functions["slope"].__name__, verdict, lanes, (replace(lanes, width=1),), make)


def _compile(functions: Mapping[str, FunctionType], digest: str, derivative: Derivative, points: Points) -> Any:
    source = cpu_source(derivative, points)
    name = cache.key(digest, source)
    # An index that a state has led astray must end its point, not the process.
    wrap = inner if points.width > 1 else partial(inner, boundscheck=True)
    module = cache.load(name, source, compile_all(functions, wrap))
    specialise(module.drive, _signature(points.bits), *functions.values())
    return module.drive


def _signature(bits: int) -> tuple[types.Type, ...]:
    number = types.float64 if bits == 64 else types.float32
    read, written = types.Array(number, 2, "C", readonly=True), types.Array(number, 2, "C")
    raised, room, index = types.Array(types.int8, 1, "C"), types.Array(number, 1, "C"), types.int64
    return (*(read,) * 5, *(written,) * 3, raised, room, index, index)


def answer(kernel: Kernel, inputs: list[np.ndarray], outputs: list[np.ndarray], n: int) -> np.ndarray:
    """Fill ``outputs``, each (n, numbers); ``inputs`` are (n, numbers), or (1, numbers) where shared.

    All are row-major and of the kernel's precision.  Returns where the function raised (scalars only), (n,).
    """
    width = kernel.points.width
    raised = np.zeros(n if width == 1 else 0, np.int8)
    whole, few = divmod(n, width)
    dtype = outputs[0].dtype
    if few:
        _last_strip(kernel, inputs, outputs, whole * width, few)
    run = partial(_run, kernel, (*inputs, *outputs, raised), dtype)
    first = min(whole, 1 + FIRST_WORK // (width * kernel.work))
    began = time.perf_counter()
    if first:
        run(0, first, None)
    a_strip = (time.perf_counter() - began) / max(first, 1)
    rest = (whole - first) * a_strip
    if rest <= POOL_SECONDS:
        if first < whole:
            run(first, whole, None)
        return raised
    seconds = min(max(rest / (CHUNKS_PER_THREAD * pool.thread_count()), CHUNK_SECONDS[0]), CHUNK_SECONDS[1])
    size = max(1, int(seconds / a_strip))
    pool.run(run, [(start, min(start + size, whole)) for start in range(first, whole, size)])
    return raised


def _run(
    kernel: Kernel, arrays: tuple, dtype: np.dtype, first: int, last: int, cancelled: threading.Event | None
) -> None:
    if cancelled is None or not cancelled.is_set():
        kernel.drive(*arrays, np.empty(kernel.room, dtype), first, last)


def _last_strip(kernel: Kernel, inputs: list[np.ndarray], outputs: list[np.ndarray], first: int, rest: int) -> None:
    """The rows that do not fill a strip, in one whose other members repeat the last."""
    width, shared = kernel.points.width, kernel.points.shared
    own = []
    for name, array in zip(INPUTS, inputs, strict=True):
        if name not in shared:
            rows = np.empty((width, array.shape[1]), array.dtype)
            rows[:rest] = array[first:]
            rows[rest:] = array[-1]
            array = rows
        own.append(array)
    made = [np.empty((width, array.shape[1]), array.dtype) for array in outputs]
    _run(kernel, (*own, *made, np.empty(0, np.int8)), outputs[0].dtype, 0, 1, None)
    for array, rows in zip(outputs, made, strict=True):
        array[first:] = rows[:rest]
