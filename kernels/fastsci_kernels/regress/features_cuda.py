"""Sums of products of a library's columns on a GPU: tiles of samples in shared memory, sums in registers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import types

from .. import cache, cuda_target
from ..fingerprint import fingerprint_all
from ..kept import Kept
from ..loops.cuda_build import names
from ..numbers import tables
from .cover import SIDE
from .features_cuda_source import UNIT, sums_source
from .plan import Generator, Plan

SHARED_BYTES = 48 * 2**10  # that a block has on every device
THREADS, LANES = 320, 32  # of a block, as many as registers allow, and of a group at most
SIMULATED_THREADS, SIMULATED_LANES = 16, 2  # each is a thread of Python's
MOST_BLOCKS = 1024  # along samples: some for every multiprocessor, of any device, that sums depend on none
SAMPLES_A_LANE = 4  # of a tile, at most
CHUNK = 2**22  # samples a launch: some milliseconds, after which Ctrl-C is seen
REDUCERS = 32, 128  # blocks and threads that add what blocks have found; of the simulator one and SIMULATED_THREADS


@dataclass(frozen=True)
class Launch:
    """How the threads of a block share out samples and products."""

    block: int  # samples of a tile
    lanes: int
    threads: int


_compiled: Kept[Any] = Kept()


def _plain_read(table: np.ndarray, place: int, width: int) -> Any:
    return table[place]


def _plain_write(table: np.ndarray, place: int, value: Any) -> None:
    table[place] = value


def build(generators: Sequence[Generator], n_inputs: int) -> Any:
    """The module of a library's kernels, not yet compiled for a device."""
    functions = {f"call_{i}": one.function for i, one in enumerate(generators) if one.function is not None}
    source = sums_source(generators, n_inputs)
    digest = fingerprint_all(functions.values()) if functions else ""
    simulated = cuda_target.simulated()
    memory = {"read": _plain_read if simulated else tables.read, "write": _plain_write if simulated else tables.write}
    precision = np.dtype(np.float64) if simulated else types.float64
    name = cache.key(digest, source, "sums", cuda_target.version())
    return cache.load(name, source, {**names(functions, 64), **memory, "float64": precision})


def signatures() -> dict[str, tuple[types.Type, ...]]:
    """Argument types of the kernels."""
    rows, numbers = types.Array(types.float64, 2, "C"), types.Array(types.float64, 1, "C")
    places, tiles, index = types.Array(types.int64, 1, "C"), types.Array(types.int64, 3, "C"), types.int64
    table = (places, places, places, places, places)
    return {
        "drive": (rows, rows, numbers, *table, rows, index, tiles, tiles, index, index, rows),
        "reduce": (rows, numbers),
    }


def _kernels(generators: Sequence[Generator], n_inputs: int) -> Any:
    functions = [one.function for one in generators if one.function is not None]
    lines = tuple((one.inputs, one.code) for one in generators)
    identity = (fingerprint_all(functions) if functions else "", lines, n_inputs if generators else 0)

    def make() -> Any:
        module = build(generators, n_inputs)
        for name, signature in signatures().items():
            cuda_target.specialise(getattr(module, name), signature, *functions)
        return module

    return _compiled.get(identity, make)


def launch(plan: Plan) -> Launch:
    """Samples of a tile and lanes of a group for a plan, so that its table fits in shared memory."""
    simulated = cuda_target.simulated()
    threads, most = (SIMULATED_THREADS, SIMULATED_LANES) if simulated else (THREADS, LANES)
    room = SHARED_BYTES // 8 // (plan.n_rows + 1)
    if room < 1:
        raise ValueError(
            f"library: {plan.n_rows} columns and targets of a sample need {8 * plan.n_rows} bytes, but a GPU's block"
            f' has {SHARED_BYTES}; use device="cpu"'
        )
    lanes = min(most, 1 << (room.bit_length() - 1))
    return Launch(min(room // lanes, SAMPLES_A_LANE) * lanes, lanes, threads)


def levels(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Product rows in the order of how many products made them, and where each such level begins."""
    depth = np.zeros(len(plan.parents), np.int64)
    for k, parent in enumerate(plan.parents.tolist()):
        depth[k] = depth[parent - plan.first_product] + 1 if parent >= plan.first_product else 0
    order = np.argsort(depth, kind="stable")
    return order, np.searchsorted(depth[order], np.arange(depth.max(initial=-1) + 2))


def _pairs(plan: Plan) -> np.ndarray:
    """What is not in tiles, rows themselves too, in units of pairs (n, 2, UNIT); the last is filled up."""
    tiled = UNIT * len(plan.products.tiles)
    lefts, rights = plan.products.pairs()
    rows = np.arange(plan.n_rows)
    pairs = np.stack([np.r_[lefts[tiled:], np.zeros_like(rows)], np.r_[rights[tiled:], rows]], axis=1)
    filled = np.concatenate([pairs, np.zeros((-len(pairs) % UNIT, 2), np.int64)])
    return np.ascontiguousarray(filled.reshape(-1, UNIT, 2).transpose(0, 2, 1))


def sums(plan: Plan, X: Any, Y: Any, weights: Any = None, coef: np.ndarray | None = None) -> np.ndarray:
    """Sums of the plan's products over all samples, (products,), in float64 and in an order of their number alone.

    ``X`` (n, inputs), ``Y`` (n, targets) and ``weights`` (n,) lie on the host, from where they are copied chunk by
    chunk, or are row-major float64 arrays on the current device; with ``coef`` (m, p) residuals stand in the place of
    targets.
    """
    cuda = cuda_target.cuda()
    module, shape = _kernels(plan.generators, plan.n_inputs), launch(plan)
    order, begins = levels(plan)
    pairs = _pairs(plan)
    n_units = len(plan.products.tiles) + len(pairs)
    model = np.empty((0, len(plan.columns))) if coef is None else np.ascontiguousarray(coef, np.float64)
    table = [cuda.to_device(array) for array in (plan.parents, plan.factors, order, begins, plan.columns, model)]
    units = [cuda.to_device(array) for array in (plan.products.tiles, pairs)]
    groups = shape.threads // shape.lanes
    total = np.zeros(n_units * UNIT)
    out = cuda.to_device(total)
    reducers = (1, SIMULATED_THREADS) if cuda_target.simulated() else REDUCERS
    shared = 8 * max((plan.n_rows + 1) * shape.block, SIDE * shape.threads)
    for first in range(0, len(X), CHUNK):
        count = min(CHUNK, len(X) - first)
        x, y = _on_device(X, first, count), _on_device(Y, first, count)
        w = cuda.to_device(np.zeros(0)) if weights is None else _on_device(weights, first, count)
        blocks = min(-(-count // shape.block), MOST_BLOCKS)
        partial = cuda.device_array((blocks, n_units * UNIT), np.float64)
        module.drive[(blocks, -(-n_units // groups)), shape.threads, 0, shared](
            x, y, w, *table, plan.first_product, *units, shape.block, shape.lanes, partial
        )
        module.reduce[reducers](partial, out)
        total += out.copy_to_host()
    return total[: plan.n_products]


def _on_device(array: Any, first: int, count: int) -> Any:
    """``count`` samples from ``first`` on, where the kernel can read them."""
    cuda, part = cuda_target.cuda(), array[first : first + count]
    if isinstance(part, np.ndarray):
        return cuda.to_device(np.ascontiguousarray(part, np.float64))
    if part.dtype != np.float64:
        raise TypeError(f"X: holds {part.dtype} on the device, expected float64; call X.astype('float64')")
    return part if cuda_target.simulated() else cuda.as_cuda_array(part)
