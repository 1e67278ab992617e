"""Ridge regressions on Gaussian features on a GPU: a draw a thread, by the functions of the CPU's kernel.

Numbers are functions of the seed and the draw, so that both devices draw the same ones up to rounding.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numba import types

from .. import cache, cuda_target
from ..kept import Kept
from ..loops.cuda_build import names
from . import draws, gaussian_ridge

THREADS = 128  # of a block
MOST_THREADS = 2**15  # at a time: each holds some ten numbers for every row
SIMULATED_THREADS = 4  # each is a thread of Python's
CHUNK = 2**18  # draws a launch, after which Ctrl-C is seen
OWN_NUMBERS = 7  # a row, of a thread's memory

DRIVE = """
def drive(rows, columns, n_draws, signal, deviation, alphas, k0, k1, integers, numbers, begin, end, risks, residuals,
          norms):
    most = numbers.shape[0] // 7
    thread = cuda.grid(1)
    item = begin + thread
    while item < end:
        regress_draw(
            rows, columns[item // n_draws], item % n_draws, signal, deviation, alphas, (k0, k1), integers[:, thread],
            numbers[: 2 * most, thread], numbers[2 * most : 4 * most, thread], numbers[4 * most : 5 * most, thread],
            numbers[5 * most : 6 * most, thread], numbers[6 * most : 7 * most, thread], item, risks, residuals, norms,
        )
        item += cuda.gridsize(1)


drive = kernel(drive, cache=CACHE)
"""

_compiled: Kept[Any] = Kept()


def _text(module: Any) -> str:
    """A kernel's file without what loads its neighbours: their text stands before it."""
    lines = Path(module.__file__).read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("from fastsci_kernels.") or ".random." in line)


def build() -> Any:
    """The module of the kernel, not yet compiled for a device."""
    source = "\n".join([_text(draws), _text(gaussian_ridge), DRIVE])
    name = cache.key("", source, "regress", cuda_target.version())
    return cache.load(name, source, {**names({}, 64), "static": cuda_target.device})


def signature() -> tuple[types.Type, ...]:
    """Argument types of the kernel."""
    places, row = types.Array(types.int64, 1, "C"), types.Array(types.float64, 1, "C")
    table, numbers, index, real = (
        types.Array(types.int64, 2, "C"), types.Array(types.float64, 2, "C"), types.int64, types.float64,
    )  # fmt: skip
    words = (index, index)
    return (
        index, places, index, real, real, row, *words, table, numbers, index, index, numbers, numbers, numbers,
    )  # fmt: skip


def _module() -> Any:
    def make() -> Any:
        module = build()
        cuda_target.specialise(module.drive, signature())
        return module

    return _compiled.get("regress", make)


def regress(
    rows: int,
    columns: np.ndarray,
    n_draws: int,
    signal: float,
    deviation: float,
    alphas: np.ndarray,
    key: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Risks, mean squared residuals and squared norms, each (n_alphas, n_sizes * n_draws)."""
    cuda = cuda_target.cuda()
    module, count = _module(), len(columns) * n_draws
    most = min(rows, int(columns.max())) + 1
    block = SIMULATED_THREADS if cuda_target.simulated() else THREADS
    threads = min(-(-count // block) * block, block if cuda_target.simulated() else MOST_THREADS)
    integers = cuda.device_array((2 * most, threads), np.int64)
    numbers = cuda.device_array((OWN_NUMBERS * most, threads), np.float64)
    sizes, penalties = cuda.to_device(columns), cuda.to_device(alphas)
    found = [cuda.device_array((len(alphas), count), np.float64) for _ in range(3)]
    for begin in range(0, count, CHUNK):
        module.drive[threads // block, block](
            rows, sizes, n_draws, signal, deviation, penalties, *key, integers, numbers, begin,
            min(begin + CHUNK, count), *found,
        )  # fmt: skip
    risks, residuals, norms = (part.copy_to_host() for part in found)
    return risks, residuals, norms
