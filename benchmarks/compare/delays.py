"""Delay DMD and forced linear systems in delay coordinates, against PyDMD on the same arrays."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.compare.row import Row
from benchmarks.compare.timing import compare
from benchmarks.suites.delays import DT, RANK, lorenz63_x, tones
from fastsci.lowrank.forced_delay import HAVOK
from fastsci.lowrank.hankel_dmd import HankelDMD

NOISE = 1e-3
ROUNDS = 3  # PyDMD takes seconds for each


@dataclass(frozen=True)
class Case:
    """Snapshots of tones with noise, the delays, and which of PyDMD's classes is the rival."""

    n_space: int
    n_times: int
    delays: int
    peer: str
    at_least: float

    @property
    def figure(self) -> str:
        return f"delay DMD of {self.n_space:,} x {self.n_times:,}, {self.delays} delays, against PyDMD's {self.peer}"


# HODMD projects many variables on the singular vectors of the snapshots first, as ours does.
CASES = (
    Case(1, 5000, 100, "HankelDMD", 5.0),
    Case(10, 2000, 30, "HankelDMD", 5.0),
    Case(5000, 200, 5, "HankelDMD", 5.0),
    Case(5000, 200, 10, "HODMD", 2.0),
)


def farthest(found: np.ndarray, wanted: np.ndarray) -> float:
    """The largest distance from an eigenvalue wanted to the nearest found."""
    return float(np.abs(found[:, None] - wanted).min(axis=0).max())


def _delay_dmd(case: Case, rounds: int) -> Row:
    import pydmd

    X = tones(case.n_space, case.n_times, NOISE)
    extra: dict[str, Any] = {"svd_rank_extra": -1} if case.peer == "HODMD" else {}

    def fit() -> np.ndarray:
        return HankelDMD(case.delays, RANK).fit(X, DT).eigs

    def fit_peer() -> np.ndarray:
        return getattr(pydmd, case.peer)(svd_rank=RANK, d=case.delays, **extra).fit(X).eigs

    return _row(case.figure, fit, fit_peer, case.n_times, case.at_least, rounds)


def _forced(n_times: int, rounds: int) -> Row:
    import pydmd

    x = lorenz63_x(n_times)

    def fit() -> np.ndarray:
        return HAVOK(100, 11).fit(x, 1e-3).eigs

    def fit_peer() -> np.ndarray:
        return pydmd.HAVOK(svd_rank=11, delays=100).fit(x, 1e-3).eigs

    row = _row(f"HAVOK of Lorenz-63, {n_times:,} snapshots, 100 delays", fit, fit_peer, n_times, 5.0, rounds)
    return replace(row, note=f"{row.note}; derivatives near the ends are left out by ours, and of lower order in PyDMD")


def _row(
    figure: str,
    fit: Callable[[], np.ndarray],
    fit_peer: Callable[[], np.ndarray],
    n_times: int,
    at_least: float,
    rounds: int,
) -> Row:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyDMD warns of condition numbers that nothing here depends on
        found, wanted = fit(), fit_peer()
        ratio = compare(fit, fit_peer, rounds)
    return Row(
        figure, ratio.median, ratio.low, ratio.high, at_least=at_least,
        steps_per_second=n_times / ratio.seconds_a, peer_steps_per_second=n_times / ratio.seconds_b,
        errors={"total": farthest(found, wanted) / float(np.abs(wanted).max())},
        note=f"snapshots a second; {ratio.seconds_a * 1e3:.3g} ms a fit, and {ratio.seconds_b * 1e3:.3g} ms; the error"
        " is the largest difference of the eigenvalues of the two, relative to the largest",
    )  # fmt: skip


def rows(rounds: int = ROUNDS) -> Iterator[Row]:
    """Each case of delay DMD, and HAVOK."""
    if find_spec("pydmd") is None:
        yield Row("delay DMD against PyDMD", at_least=5.0, note="not run: pydmd is not installed")
        return
    for case in CASES:
        yield _delay_dmd(case, rounds)
    yield _forced(50_000, rounds)


if __name__ == "__main__":
    for row in rows():
        print(row.figure, f"{row.value} ({row.low} to {row.high})", row.errors, row.note, flush=True)
