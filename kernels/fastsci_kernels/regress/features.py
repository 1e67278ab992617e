"""Columns of a library at samples, sums of their products, and values of a model: blocks times threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np
from numba import types

from .. import cache
from ..compile import CompilationError, compile_all, explain, inner
from ..fingerprint import fingerprint_all
from ..loops import pool
from ..loops.cpu import vector_bits
from ..loops.fallback import lanes_else_scalars
from .features_source import sums_source, values_source
from .plan import GROUPS, Generator, Plan

TABLE_BYTES = 2**17  # of a block, that it stays in a core's cache
MOST_SAMPLES, FEWEST_SAMPLES = 256, 32  # of a block
CHUNK_WORK = 2e7  # multiply-adds between two looks for Ctrl-C: some milliseconds
INLINE_WORK = 3e5  # what one thread does sooner than a pool wakes
SAVED = 2**15  # samples that are brought to float64 at a time, where they are not

_compiled: dict[tuple, Any] = {}
_building = threading.Lock()


@dataclass(frozen=True)
class Kernel:
    """A generated module and the lanes that it works on."""

    module: Any
    width: int


def _kernel(generators: Sequence[Generator], n_inputs: int, kind: str) -> Kernel:
    """``kind`` is "sums", "weighted" or "values"."""
    functions = {f"call_{i}": one.function for i, one in enumerate(generators) if one.function is not None}
    lines = tuple((one.inputs, one.code) for one in generators)
    digest = fingerprint_all(functions.values()) if functions else ""
    # Without functions of inputs the text does not depend on their number.
    identity = (digest, lines, n_inputs if generators else 0, kind)
    with _building:
        if identity not in _compiled:
            _compiled[identity] = _make(functions, digest, generators, n_inputs, kind)
        return _compiled[identity]


def _make(
    functions: dict[str, FunctionType], digest: str, generators: Sequence[Generator], n_inputs: int, kind: str
) -> Kernel:
    def text(width: int) -> str:
        if kind == "values":
            return values_source(generators, n_inputs, width)
        return sums_source(generators, n_inputs, width, kind == "weighted")

    def make(width: int, reason: str) -> Kernel:
        source = text(width)
        module = cache.load(cache.key(digest, source), source, compile_all(functions, inner))
        try:
            for name, signature in _signatures(kind).items():
                getattr(module, name).compile(signature)
        except Exception as error:  # noqa: BLE001 (whatever the compiler raises is about the user's function)
            raise CompilationError(explain(error, *functions.values())) from None
        return Kernel(module, width)

    width = vector_bits() // 64
    if not generators:
        return make(width, "")
    name = ", ".join(one.name for one in generators)
    return lanes_else_scalars(f"library of {name}", cache.key(digest, text(width), "verdict"), width, (1,), make)


def _signatures(kind: str) -> dict[str, tuple[types.Type, ...]]:
    read = types.Array(types.float64, 2, "C", readonly=True)
    written = types.Array(types.float64, 2, "C")
    numbers = types.Array(types.float64, 1, "C", readonly=True)
    places, table = types.Array(types.int64, 1, "C", readonly=True), types.Array(types.int64, 2, "C", readonly=True)
    index = types.int64
    if kind == "values":
        rows = (read, places, places, places)
        return {
            "drive": (*rows, index, written, written, index, index),
            "combine": (*rows, read, index, written, written, index, index),
        }
    groups = (places, table) * len(GROUPS)
    rows = (read, read, numbers, places, places, places, read)
    return {"drive": (*rows, index, *groups, written, written, written, index, index)}


def _block(plan: Plan, width: int) -> int:
    samples = TABLE_BYTES // (8 * plan.n_rows) // width * width
    return min(max(samples, FEWEST_SAMPLES), MOST_SAMPLES)


def _each(edges: list[tuple[int, int]], work: Callable[[int, int, int], None], cost: float) -> None:
    """Call ``work(number, first, last)`` for every piece."""
    if cost <= INLINE_WORK or len(edges) == 1:
        for number, (first, last) in enumerate(edges):
            work(number, first, last)
        return

    def piece(first: int, last: int, cancelled: threading.Event) -> None:
        for number in range(first, last):
            if not cancelled.is_set():
                work(number, *edges[number])

    pool.run(piece, [(number, number + 1) for number in range(len(edges))])


def pieces(plan: Plan, n: int) -> list[tuple[int, int]]:
    """Ranges of samples, by their number alone, so that sums do not depend on the threads."""
    per_sample = plan.n_products + 4 * plan.n_rows
    size = int(min(max(CHUNK_WORK // per_sample, 1024), max(-(-n // 16), 1024)))
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
    out = np.empty((len(edges), plan.n_products))
    block, width = _block(plan, kernel.width), kernel.width
    groups = [array for pair in zip(plan.lefts, plan.rights) for array in pair]
    model = np.empty((0, len(plan.columns))) if coef is None else np.ascontiguousarray(coef, np.float64)

    def work(number: int, first: int, last: int) -> None:
        table = np.empty((plan.n_rows, block))
        total = np.zeros((plan.n_products, width))
        for begin in range(first, last, SAVED):
            end = min(begin + SAVED, last)
            x, y = _plain(X[begin:end]), _plain(Y[begin:end])
            own = np.empty(0) if weights is None else _plain(weights[begin:end])
            kernel.module.drive(
                x, y, own, plan.parents, plan.factors, plan.columns, model, plan.first_product, *groups,
                table, np.zeros((1, block)), total, 0, len(x),
            )  # fmt: skip
        total.sum(axis=1, out=out[number])

    _each(edges, work, (plan.n_products + plan.n_rows) * len(X))
    return out


def _plain(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, np.float64)


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
    kernel = _kernel(plan.generators, plan.n_inputs, "values")
    block = _block(plan, kernel.width)
    drive = kernel.module.drive if coef is None else kernel.module.combine
    model = () if coef is None else (coef,)

    def work(number: int, first: int, last: int) -> None:
        table = np.empty((plan.n_rows + 1, block))
        for begin in range(first, last, SAVED):
            end = min(begin + SAVED, last)
            drive(
                _plain(X[begin:end]), plan.parents, plan.factors, plan.columns, *model, plan.first_product,
                table, out[begin:end], 0, end - begin,
            )  # fmt: skip

    cost = (plan.n_rows + len(plan.columns) * max(len(model) and len(model[0]), 1)) * len(X)
    _each(pieces(plan, len(X)), work, cost)
