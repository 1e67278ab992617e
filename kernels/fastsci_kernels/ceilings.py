"""What this machine can do at most, measured: multiply-adds, a large copy, a large matrix product.

A speed says little by itself; beside the ceiling of the same minute it says how much is left.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from .loops import pool
from .loops.cpu import vector_bits
from .numbers.chains import CHAINS, multiply_add_chains

COPY_BYTES = 2**28
MATRIX_SIZE = 1024
REPEATS = 5


def multiply_adds(bits: int, seconds: float = 0.1) -> float:
    """Floating-point operations a second of fused multiply-adds alone, on all threads.

    Parameters
    ----------
    bits : {64, 32}
    seconds : float
        Length of each of ``REPEATS`` measurements.

    Returns
    -------
    float
        Operations a second, two for each multiply-add; the best measurement.

    Examples
    --------
    >>> multiply_adds(64, seconds=0.01) > 1e8
    True
    """
    width = vector_bits() // bits
    chains = multiply_add_chains(bits, width)
    threads = pool.thread_count()
    out = np.zeros((threads * CHAINS, width), np.float64 if bits == 64 else np.float32)

    def work(first: int, last: int, cancelled: threading.Event) -> None:
        for row in range(first, last):
            chains(out, row * CHAINS, rounds, 0.5)

    def run() -> None:
        pool.run(work, [(thread, thread + 1) for thread in range(threads)])

    rounds = 1000
    run()
    while (elapsed := _timed(run)) < seconds / 4:
        rounds *= 4
    rounds = max(1, int(rounds * seconds / elapsed))
    return 2.0 * CHAINS * width * rounds * threads / best_of(run)


def copy_bandwidth(size: int = COPY_BYTES) -> float:
    """Bytes a second moved by a copy of ``size`` bytes on all threads: those read and those written."""
    source, target = np.ones(size // 8), np.zeros(size // 8)
    pieces = pool.thread_count()
    edges = np.linspace(0, source.size, pieces + 1).astype(int).tolist()

    def work(first: int, last: int, cancelled: threading.Event) -> None:
        np.copyto(target[first:last], source[first:last])

    return 2.0 * source.nbytes / best_of(lambda: pool.run(work, pairwise(edges)))


def matrix_product(dtype: str = "float64", size: int = MATRIX_SIZE) -> float:
    """Floating-point operations a second of a product of two square matrices by the BLAS that NumPy has."""
    a = np.random.default_rng(0).standard_normal((size, size)).astype(dtype)
    out = np.empty_like(a)
    return 2.0 * size**3 / best_of(lambda: np.matmul(a, a, out=out))


def measure() -> dict[str, float]:
    """All ceilings, within some seconds.

    Returns
    -------
    dict of str to float
        ``fma_float64``, ``fma_float32``, ``matmul_float64``, ``matmul_float32`` in operations a second, ``copy`` in
        bytes a second.
    """
    return {
        "fma_float64": multiply_adds(64),
        "fma_float32": multiply_adds(32),
        "copy": copy_bandwidth(),
        "matmul_float64": matrix_product("float64"),
        "matmul_float32": matrix_product("float32"),
    }


def best_of(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """Seconds of the fastest of some runs, after one that is not counted."""
    run()
    return min(_timed(run) for _ in range(repeats))


def _timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
