"""A loop of fused multiply-adds that does nothing else, on all processors."""

from __future__ import annotations

import numpy as np

from fastsci_kernels.compile import jit
from fastsci_kernels.loops import pool
from fastsci_kernels.loops.cpu import vector_bits
from fastsci_kernels.numbers import arithmetic  # noqa: F401  binds the operators
from fastsci_kernels.numbers.memory import load, number, store

CHAINS, WIDTH, ITERATIONS = 12, vector_bits() // 64, 1_000_000
BURST = CHAINS * WIDTH * ITERATIONS * pool.thread_count()  # fused multiply-adds in a burst, lane for lane


def _loop():
    lines = ["def loop(a, n):"]
    lines += [f"    x{i} = load(a, {i}, 0, {WIDTH})" for i in range(CHAINS)]
    lines += [f"    c, d = number(0.999999, 64, {WIDTH}), number(1e-9, 64, {WIDTH})", "    for k in range(n):"]
    lines += [f"        x{i} = x{i} * c + d" for i in range(CHAINS)]
    lines += [f"    store(a, {i}, 0, x{i})" for i in range(CHAINS)]
    names = {"load": load, "number": number, "store": store}
    exec("\n".join(lines), names)
    return jit(names["loop"])


_compiled = _loop()


def fma_burst() -> None:
    def work(first: int, last: int, cancelled) -> None:
        _compiled(np.ones((CHAINS, WIDTH)), ITERATIONS)

    pool.run(work, [(i, i + 1) for i in range(pool.thread_count())])
