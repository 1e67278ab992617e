"""Sums over all pairs of bodies by a law of their squared distance, on lanes and threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import FunctionType

import numpy as np
from numba import types

from .. import cache
from ..compile import CompilationError, compilable, jit, specialise
from ..fingerprint import fingerprint
from ..kept import Kept
from ..loops import pool
from ..loops.cpu import vector_bits
from .pairwise_source import PairShape, pairwise_source

log = logging.getLogger("fastsci")

INLINE_PAIRS = 50_000  # pairs that one thread finishes sooner than a pool would start
CHUNK_PAIRS = 10_000_000  # the most between two looks for Ctrl-C
CHUNKS_PER_THREAD = 4


@dataclass(frozen=True)
class PairKernel:
    """A compiled kernel, and why it is not on lanes where it is not."""

    drive: Callable
    shape: PairShape
    reason: str = ""


_kernels: Kept[PairKernel] = Kept()


def pairwise_kernel(law: FunctionType, *, space: int, n_params: int, directed: bool, dtype: np.dtype) -> PairKernel:
    """The kernel of a law, from memory, from the disk, or made now: on lanes where the law allows, else on scalars."""
    bits = dtype.itemsize * 8
    digest = fingerprint(law)
    identity = (digest, space, n_params, directed, bits)
    # Two passes in turn hide the latency of roots and divisions.
    shape = PairShape(space, n_params, directed, bits, vector_bits() // bits, groups=2)
    return _kernels.get(identity, lambda: _make(law, digest, shape))


def _make(law: FunctionType, digest: str, shape: PairShape) -> PairKernel:
    try:
        return PairKernel(_compile(law, digest, shape), shape)
    except CompilationError as error:
        reason = str(error)
    scalar = replace(shape, width=1, groups=1)
    try:
        drive = _compile(law, digest, scalar)
    except CompilationError as error:
        raise CompilationError(
            f"law: {law.__name__} cannot be compiled: {error}; expected arithmetic and functions of math and numpy"
            " on numbers"
        ) from None
    log.warning("%s runs on scalars: %s", law.__name__, reason)
    return PairKernel(drive, scalar, reason)


def _compile(law: FunctionType, digest: str, shape: PairShape) -> Callable:
    source = pairwise_source(shape)
    module = cache.load(cache.key(digest, source), source, {"law": jit(compilable(law))})
    number = types.float64 if shape.bits == 64 else types.float32
    matrix, vector = types.Array(number, 2, "C"), types.Array(number, 1, "C")
    specialise(module.drive, (matrix, vector, vector, number, matrix, types.int64, types.int64), law)
    return module.drive


def sum_pairs(
    law: FunctionType,
    positions: np.ndarray,
    weights: np.ndarray,
    params: np.ndarray,
    softening: float,
    *,
    directed: bool,
) -> np.ndarray:
    """For every body ``i`` the sum over ``j`` of ``weights[j] law(|x_j - x_i|^2 + softening^2, params)``.

    Parameters
    ----------
    law : function
        ``law(r2, params)``, params a tuple.
    positions : ndarray, (n, space)
    weights : ndarray, (n,)
    params : ndarray, (n_params,)
    softening : float
    directed : bool
        Multiply each term by ``x_j - x_i``.

    Returns
    -------
    ndarray, (n, space) if directed, else (n,)
    """
    n, space = positions.shape
    dtype = positions.dtype
    kernel = pairwise_kernel(law, space=space, n_params=params.size, directed=directed, dtype=dtype)
    block = kernel.shape.block
    blocks = -(-n // block)
    columns = np.zeros((space, blocks * block), dtype)
    columns[:, :n] = positions.T
    out = np.empty((space if directed else 1, blocks * block), dtype)
    softening = dtype.type(softening)

    def work(first: int, last: int, cancelled: threading.Event | None) -> None:
        if cancelled is None or not cancelled.is_set():
            kernel.drive(columns, weights, params, softening, out, first, last)

    if n * n <= INLINE_PAIRS:
        work(0, blocks, None)
    else:
        pieces = max(CHUNKS_PER_THREAD * pool.thread_count(), n * n // CHUNK_PAIRS)
        size = -(-blocks // pieces)
        pool.run(work, [(first, min(first + size, blocks)) for first in range(0, blocks, size)])
    sums = out[:, :n].T
    return np.ascontiguousarray(sums) if directed else sums[:, 0].copy()
