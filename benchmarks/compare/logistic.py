"""The bifurcation diagram of the logistic map against the loop that one writes by hand under ``njit``.

Both sides start every member at the same state and give the same late iterations, in arrays of their own.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numba import njit, prange

import fastsci
from benchmarks.compare.row import Row
from benchmarks.compare.timing import Ratio, compare, seconds
from fastsci_kernels import ceilings

MEMBERS, ITERATIONS, KEPT = 100_000, 10_000, 100
START = 0.3
PAIRS = 5
FLOPS = 3  # r * x * (1 - x): two products and a difference, none of which can be fused


def _loop(members):
    def diagram(r, transient, kept):
        for member in members(r.shape[0]):
            x = START
            for _ in range(transient):
                x = r[member] * x * (1.0 - x)
            for save in range(kept.shape[1]):
                x = r[member] * x * (1.0 - x)
                kept[member, save] = x

    return diagram


def prepare_numba(r: np.ndarray, n_steps: int, kept: int, *, parallel: bool) -> Callable[[], np.ndarray]:
    """The plain loop, on all threads or on one, already compiled; fastmath is on, as in the other peers."""
    diagram = njit(parallel=parallel, fastmath=True, error_model="numpy")(_loop(prange if parallel else range))

    def solve() -> np.ndarray:
        late = np.empty((r.size, kept))
        diagram(r, n_steps - kept, late)
        return late

    diagram(r[:2], 1, np.empty((2, 1)))
    return solve


def prepare_fastsci(r: np.ndarray, n_steps: int, kept: int) -> Callable[[], np.ndarray]:
    """The same by `fastsci.iterate_map`, already compiled."""
    system = fastsci.systems.logistic

    def solve() -> np.ndarray:
        return fastsci.iterate_map(system, n_steps, [START], params={"r": r}, save_last=kept).y[:, 0]

    fastsci.iterate_map(system, 2, [START], params={"r": r[:2]}, save_last=1)
    return solve


def agreement(r: np.ndarray, n_steps: int, kept: int) -> float:
    """Greatest difference to the plain loop where the map is not chaotic, and rounding does not grow."""
    calm = r[r < 3.5]
    ours = prepare_fastsci(calm, n_steps, kept)()
    theirs = prepare_numba(calm, n_steps, kept, parallel=True)()
    return float(np.abs(ours - theirs).max())


def _row(figure: str, ratio: Ratio, iterations: float, at_least: float | None, note: str) -> Row:
    return Row(
        figure, ratio.median, ratio.low, ratio.high, at_least=at_least, note=note,
        steps_per_second=iterations / ratio.seconds_a, peer_steps_per_second=iterations / ratio.seconds_b,
    )  # fmt: skip


def rows() -> Iterator[Row]:
    """Against the loop on all threads and on one; with one and with many late iterations kept; and the ceiling."""
    r = np.linspace(2.5, 4.0, MEMBERS)
    worst = f"{agreement(r[::100], ITERATIONS, KEPT):.1e} is the greatest difference where r < 3.5"
    for kept, parallel, at_least in ((1, True, 20.0), (KEPT, True, None), (1, False, None)):
        solve = prepare_fastsci(r, ITERATIONS, kept)
        ratio = compare(solve, prepare_numba(r, ITERATIONS, kept, parallel=parallel), pairs=PAIRS if parallel else 2)
        loop = "prange loop" if parallel else "loop on one thread"
        yield _row(
            f"logistic map f64, {MEMBERS:,} x {ITERATIONS:,}, {kept} kept, against a plain Numba {loop}",
            ratio, MEMBERS * ITERATIONS, at_least, worst,
        )  # fmt: skip
    yield _share_of_ceiling(r)


def _share_of_ceiling(r: np.ndarray) -> Row:
    """Operations a second over the rate of multiply-adds, instruction for instruction."""
    solve = prepare_fastsci(r, ITERATIONS, 1)
    pairs = []
    for _ in range(PAIRS):
        rate = r.size * ITERATIONS / min(seconds(solve) for _ in range(ceilings.REPEATS))
        pairs.append((rate, ceilings.multiply_adds(64, seconds=0.03) / 2))
    shares = sorted(FLOPS * rate / ceiling for rate, ceiling in pairs)
    rate, ceiling = np.median(pairs, axis=0).tolist()
    row = Row("logistic map f64, share of the FMA ceiling", statistics.median(shares), shares[0], shares[-1], unit="")
    return replace(
        row, steps_per_second=rate,
        note=f"{FLOPS} instructions an iteration over the rate of an FMA loop, {ceiling:.3g} a second lane for lane;"
        " above 1 where differences have units of their own",
    )  # fmt: skip


if __name__ == "__main__":
    for row in rows():
        print(row.figure, f"{row.value:.3g} ({row.low:.3g} to {row.high:.3g})", row.steps_per_second,
              row.peer_steps_per_second, row.note)  # fmt: skip
