"""Columns of a library at samples, sums of their products, and values of a model: blocks times threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np
from numba import types

from .. import cache
from ..compile import compile_all, inner, specialise
from ..fingerprint import fingerprint_all
from ..kept import Kept
from ..loops import pool
from ..loops.cpu import vector_bits
from ..loops.fallback import lanes_else_scalars
from .features_source import STRIP, model_source, sums_source, values_source
from .plan import Generator, Plan

TABLE_BYTES = 2**16  # of a block, that it stays in a core's nearest caches
MOST_SAMPLES, FEWEST_SAMPLES = 256, 128  # of a block
CHUNK_WORK = 1e8  # multiply-adds between two looks for Ctrl-C: some milliseconds
LONGEST_WORK = 1e9  # multiply-adds of a range that is not interrupted
PIECE_WORK = 2e6  # multiply-adds that are worth a thread: some tens of microseconds
SMALL_PIECES, MOST_PIECES = 16, 256  # of a problem of some milliseconds, and of any
INLINE_WORK = 1e6  # what one thread does sooner than a pool wakes
CACHE_LINE = 64  # bytes
SAVED = 2**15  # samples that are brought to float64 at a time, where they are not

TEXTS = {"values": values_source, "model": model_source}

_compiled: Kept[Kernel] = Kept()


@dataclass(frozen=True)
class Kernel:
    """A generated module and the lanes that it works on."""

    module: Any
    width: int


def _kernel(generators: Sequence[Generator], n_inputs: int, kind: str) -> Kernel:
    """``kind`` is "sums", "weighted", "values" or "model"."""
    functions = {f"call_{i}": one.function for i, one in enumerate(generators) if one.function is not None}
    lines = tuple((one.inputs, one.code) for one in generators)
    digest = fingerprint_all(functions.values()) if functions else ""
    # Without functions of inputs the text does not depend on their number.
    identity = (digest, lines, n_inputs if generators else 0, kind)
    return _compiled.get(identity, lambda: _make(functions, digest, generators, n_inputs, kind))


def _make(
    functions: dict[str, FunctionType], digest: str, generators: Sequence[Generator], n_inputs: int, kind: str
) -> Kernel:
    lanes = vector_bits() // 64

    def text(own_width: int) -> str:
        if kind in TEXTS:
            return TEXTS[kind](generators, n_inputs, lanes, own_width)
        return sums_source(generators, n_inputs, lanes, own_width, kind == "weighted")

    def make(own_width: int, reason: str) -> Kernel:
        source = text(own_width)
        # An index that a sample has led astray must end the call, not the process.
        wrap = inner if own_width > 1 else partial(inner, boundscheck=True)
        module = cache.load(cache.key(digest, source), source, compile_all(functions, wrap))
        specialise(module.drive, _signature(kind), *functions.values())
        return Kernel(module, lanes)

    if not generators:
        return make(lanes, "")
    places = tuple(f"x{place}" for place in range(n_inputs))
    name = ", ".join(dict.fromkeys(one.name.format(*(places[i] for i in one.inputs)) for one in generators))
    return lanes_else_scalars(f"library of {name}", cache.key(digest, text(lanes), "verdict"), lanes, (1,), make)


def _signature(kind: str) -> tuple[types.Type, ...]:
    read = types.Array(types.float64, 2, "C", readonly=True)
    written, numbers = types.Array(types.float64, 2, "C"), types.Array(types.float64, 1, "C", readonly=True)
    table = types.Array(types.float64, 1, "C")
    places, runs, tiles = (types.Array(types.int64, dim, "C", readonly=True) for dim in (1, 2, 3))
    index = types.int64
    if kind in TEXTS:
        model = (read,) if kind == "model" else ()
        return (read, places, places, places, *model, index, table, index, written, index, index)
    rows = (read, read, numbers, places, places, places, read)
    ranges, counter = types.Array(types.int64, 2, "C", readonly=True), types.Array(types.int64, 1, "C")
    return (*rows, index, tiles, runs, tiles, table, index, table, table, ranges, counter, index, written)


def _block(plan: Plan, width: int) -> int:
    """Samples of a block: an odd number of strips, since rows a power of two apart compete for the same cache lines."""
    strip = STRIP * width
    samples = min(max(TABLE_BYTES // (8 * plan.n_rows), FEWEST_SAMPLES), MOST_SAMPLES)
    return (samples // strip - 1 | 1) * strip


def _each(edges: list[tuple[int, int]], work: Callable[[int, int, int], None], per_sample: int) -> None:
    """Call ``work(number, first, last)`` for the parts of every piece, those of one piece in turn on one thread."""
    step = max(min(int(CHUNK_WORK // per_sample), SAVED), 1)

    def piece(number: int, cancelled: threading.Event | None) -> None:
        first, last = edges[number]
        for begin in range(first, last, step):
            if cancelled is None or not cancelled.is_set():
                work(number, begin, min(begin + step, last))

    if len(edges) == 1 or per_sample * sum(last - first for first, last in edges) <= INLINE_WORK:
        for number in range(len(edges)):
            piece(number, None)
    else:
        pool.share(piece, len(edges))


def _turns(turn: Callable[[int, threading.Event | None], None], count: int, work: int) -> None:
    """Call ``turn`` at least ``count`` times, on all threads where so many multiply-adds are worth them."""
    if work <= INLINE_WORK:
        for number in range(count):
            turn(number, None)
    else:
        pool.share(turn, max(count, pool.thread_count()))


def pieces(plan: Plan, n: int) -> list[tuple[int, int]]:
    """Ranges of samples, by their number alone, so that sums do not depend on the threads."""
    return _pieces(plan.n_products + 4 * plan.n_rows, n)


def _pieces(per_sample: int, n: int) -> list[tuple[int, int]]:
    """Ranges of samples, each of which takes so many multiply-adds."""
    work = per_sample * n
    count = max(min(work // PIECE_WORK, SMALL_PIECES), min(work // CHUNK_WORK, MOST_PIECES), 1)
    size = max(int(-(-n // count)), 1)
    return [(first, min(first + size, n)) for first in range(0, n, size)]


def sums(
    plan: Plan,
    X: np.ndarray,
    Y: np.ndarray,
    edges: list[tuple[int, int]],
    weights: np.ndarray | None = None,
    coef: np.ndarray | None = None,
) -> np.ndarray:
    """Sums of the plan's products over ranges of samples, (ranges, products).

    ``X`` (n, inputs) and ``Y`` (n, targets) of any kind that NumPy brings to float64, range by range; ``weights``
    (n,); with ``coef`` (m, p) residuals ``Y - columns coef'`` stand in the place of targets.
    """
    kernel = _kernel(plan.generators, plan.n_inputs, "sums" if weights is None else "weighted")
    block, width = _block(plan, kernel.width), kernel.width
    products, per_sample = plan.products, plan.n_products + 4 * plan.n_rows
    model = np.empty((0, len(plan.columns))) if coef is None else np.ascontiguousarray(coef, np.float64)
    out = np.zeros((len(edges), plan.n_products))

    def add(ranges: np.ndarray, counter: np.ndarray, most: int, into: np.ndarray, *data: np.ndarray) -> None:
        kernel.module.drive(
            *data, plan.parents, plan.factors, plan.columns, model, plan.first_product, products.tiles, products.runs,
            products.handfuls, _aligned(plan.n_rows * block), block, np.empty(block),
            _aligned(plan.n_products * width), ranges, counter, most, into,
        )  # fmt: skip

    own = np.empty(0) if weights is None else weights
    longest = per_sample * max((last - first for first, last in edges), default=0)
    if longest <= LONGEST_WORK and all(_is_plain(one) for one in (X, Y, own)):
        ranges, counter = np.array(edges, np.int64).reshape(-1, 2), np.zeros(1, np.int64)
        most = max(int(CHUNK_WORK // max(longest, 1)), 1)

        def turn(_: int, cancelled: threading.Event | None) -> None:
            if cancelled is None or not cancelled.is_set():
                add(ranges, counter, most, out, X, Y, own)

        _turns(turn, -(-len(edges) // most), per_sample * int((ranges[:, 1] - ranges[:, 0]).sum()))
        return out

    def work(number: int, first: int, last: int) -> None:
        parts = (_plain(one[first:last]) for one in (X, Y, own))
        add(np.array([[0, last - first]]), np.zeros(1, np.int64), 1, out[number : number + 1], *parts)

    _each(edges, work, per_sample)
    return out


def _room(room: threading.local, size: int) -> np.ndarray:
    """Memory of this thread's for a table."""
    if not hasattr(room, "table"):
        room.table = _aligned(size)
    return room.table


def _aligned(size: int) -> np.ndarray:
    """Fresh memory for so many numbers, of which no register straddles two cache lines."""
    room = np.empty(size + CACHE_LINE // 8)
    first = -room.__array_interface__["data"][0] % CACHE_LINE // 8
    return room[first : first + size]


def _is_plain(array: np.ndarray) -> bool:
    return array.dtype == np.float64 and array.flags.c_contiguous and array.flags.aligned


def _plain(array: np.ndarray) -> np.ndarray:
    """The samples as the kernels read them: float64, row-major, aligned."""
    found = np.ascontiguousarray(array, np.float64)
    return found if found.flags.aligned else found.copy()


def values(plan: Plan, X: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Columns of the library at samples ``X`` (n, inputs), (n, p)."""
    found = np.empty((len(X), len(plan.columns))) if out is None else out
    _fill(plan, X, found, None)
    return found


def combined(plan: Plan, X: np.ndarray, coef: np.ndarray) -> np.ndarray:
    """``columns coef'`` at samples, (n, m), without the columns ever being stored."""
    found = np.empty((len(X), len(coef)))
    _fill(plan, X, found, np.ascontiguousarray(coef, np.float64))
    return found


def _fill(plan: Plan, X: np.ndarray, out: np.ndarray, coef: np.ndarray | None) -> None:
    kernel = _kernel(plan.generators, plan.n_inputs, "values" if coef is None else "model")
    block = _block(plan, kernel.width)
    drive = kernel.module.drive
    model = () if coef is None else (coef,)
    n_rows = plan.first_target + (0 if coef is None else len(coef))
    per_sample = n_rows + len(plan.columns) * (1 if coef is None else len(coef))
    room = threading.local()

    def work(number: int, first: int, last: int) -> None:
        drive(
            _plain(X[first:last]), plan.parents, plan.factors, plan.columns, *model, plan.first_product,
            _room(room, n_rows * block), block, out[first:last], 0, last - first,
        )  # fmt: skip

    if per_sample * len(X) <= INLINE_WORK:
        work(0, 0, len(X))
    else:
        _each(_pieces(per_sample, len(X)), work, per_sample)
