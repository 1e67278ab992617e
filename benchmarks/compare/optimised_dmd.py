"""Optimised DMD, once and in bags, against PyDMD's BOPDMD on the same arrays.

PyDMD stops where the residual is below a tolerance, which that of noisy snapshots never is, or where a step shortens it
by less than a part of 1e-12; beside these defaults it is given a part of 1e-8, which is as near to the optimum as noise
lets one see.  The errors are distances from the true rates.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from benchmarks.compare.row import Row
from benchmarks.compare.timing import compare
from benchmarks.suites.optimised_dmd import farthest, oscillations
from fastsci.lowrank.bagging_dmd import BaggedOptDMD
from fastsci.lowrank.optimised_dmd import OptDMD

NOISE = 0.1
ROUNDS = 3
EARLY = 1e-8


@dataclass(frozen=True)
class Case:
    """Snapshots, their rank, the bags, and what is asked of the ratio."""

    n_space: int
    n_times: int
    rank: int
    bags: int
    at_least: float
    even: bool = True
    early: bool = False

    @property
    def figure(self) -> str:
        kind = f"optimised DMD in {self.bags} bags" if self.bags else "optimised DMD"
        return (
            f"{kind}, {self.n_space:,} x {self.n_times:,} at {'even' if self.even else 'uneven'} times, rank"
            f" {self.rank}, against PyDMD's BOPDMD{' stopped early' if self.early else ''}"
        )


CASES = (
    Case(200, 200, 6, 0, 20.0),
    Case(200, 200, 6, 0, 20.0, early=True),
    Case(200, 200, 6, 0, 20.0, even=False),
    Case(1000, 1000, 10, 0, 20.0),
    Case(200, 200, 6, 100, 100.0),
    Case(200, 200, 6, 100, 100.0, early=True),
)


def row(case: Case, rounds: int) -> Row:
    """Both fits of a case, in turn."""
    from pydmd import BOPDMD

    X, t, rates = oscillations(case.n_space, case.n_times, case.rank, NOISE, case.even)
    options = {"eps_stall": EARLY} if case.early else {}

    def fit() -> np.ndarray:
        if case.bags:
            return BaggedOptDMD(case.rank, n_bags=case.bags, rng=0).fit(X, t).rates
        return OptDMD(case.rank).fit(X, t).rates

    def fit_peer() -> np.ndarray:
        # Half of the snapshots in a bag, as ours.
        peer = BOPDMD(svd_rank=case.rank, num_trials=case.bags, trial_size=0.5, varpro_opts_dict=options)
        return peer.fit(X, t).eigs

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyDMD says that it did not converge wherever there is noise
        found, wanted = fit(), fit_peer()
        ratio = compare(fit, fit_peer, 1 if case.bags else rounds)
    return Row(
        case.figure, ratio.median, ratio.low, ratio.high, at_least=case.at_least,
        steps_per_second=max(1, case.bags) / ratio.seconds_a,
        peer_steps_per_second=max(1, case.bags) / ratio.seconds_b,
        errors={"total": farthest(found, rates)}, peer_errors={"total": farthest(wanted, rates)},
        note=f"fits a second; {ratio.seconds_a * 1e3:.3g} ms, and {ratio.seconds_b * 1e3:.3g} ms; the error is the"
        " largest distance of a rate from the true one",
    )  # fmt: skip


def rows(rounds: int = ROUNDS) -> Iterator[Row]:
    """Each case."""
    if find_spec("pydmd") is None:
        yield Row("optimised DMD against PyDMD", at_least=20.0, note="not run: pydmd is not installed")
        return
    for case in CASES:
        yield row(case, rounds)


if __name__ == "__main__":
    for one in rows():
        print(one.figure, f"{one.value} ({one.low} to {one.high})", one.errors, one.peer_errors, one.note, flush=True)
