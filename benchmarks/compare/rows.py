"""The figures that the project promises, each with its target, and how each is taken."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter

import numpy as np

from benchmarks.compare import ceiling, fastsci_peer, reference
from benchmarks.compare.timing import compare
from benchmarks.suites import processes
from benchmarks.suites.problems import Problem, problem

ROUNDS = 5  # fresh processes for the figures of a start
# Of a step of RK4 on Lorenz-63: 24 in the slopes, 9 in the arguments of the stages, 11 in the sum of the slopes.
INSTRUCTIONS, FLOPS = 44, 75


@dataclass(frozen=True)
class Row:
    """One figure: median and extremes over the pairs or rounds, and what it should be."""

    figure: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = "x"
    at_least: float | None = None
    at_most: float | None = None
    steps_per_second: float | None = None
    peer_steps_per_second: float | None = None
    errors: dict[str, float] | None = None
    peer_errors: dict[str, float] | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none, or no figure."""
        if self.value is None or (self.at_least is None and self.at_most is None):
            return None
        return bool(self.value >= self.at_least if self.at_least is not None else self.value <= self.at_most)

    def as_dict(self) -> dict:
        return {**asdict(self), "met": self.met}


def against(
    figure: str, peer: str, ours: Problem, *, needs: str = "", theirs: Problem | None = None, at_least=None, note=""
) -> Row:
    """How many times more member-steps a second than a peer, on the same members."""
    if needs and find_spec(needs) is None:
        return Row(figure, at_least=at_least, note=f"not run: {needs} is not installed")
    theirs = theirs or ours
    solve, solve_peer = fastsci_peer.prepare(ours), import_module(f"benchmarks.compare.{peer}").prepare(theirs)
    ratio = compare(solve, solve_peer)
    scale = ours.member_steps / theirs.member_steps
    return Row(
        figure, ratio.median * scale, ratio.low * scale, ratio.high * scale, at_least=at_least, note=note,
        steps_per_second=ours.member_steps / ratio.seconds_a,
        peer_steps_per_second=theirs.member_steps / ratio.seconds_b,
        errors=reference.errors(ours, solve()), peer_errors=reference.errors(theirs, solve_peer()),
    )  # fmt: skip


def _lorenz63() -> Problem:
    return problem("lorenz63", 65_536, 500)


def _plain(name: str, n_members: int, n_steps: int, at_least: float, figure: str) -> Callable[[], Row]:
    return lambda: against(figure, "numba_peer", problem(name, n_members, n_steps), at_least=at_least)


def _share_of_ceiling() -> Row:
    whole = _lorenz63()
    solve = fastsci_peer.prepare(whole)
    ratio = compare(solve, ceiling.fma_burst)
    steps = whole.member_steps / ratio.seconds_a
    per_burst = whole.member_steps * INSTRUCTIONS / ceiling.BURST
    return Row(
        "Lorenz-63 f64, share of the FMA ceiling", ratio.median * per_burst, ratio.low * per_burst,
        ratio.high * per_burst, unit="", at_least=0.60, steps_per_second=steps,
        errors=reference.errors(whole, solve()),
        note=f"{INSTRUCTIONS} floating-point instructions a step over the rate of an FMA loop, lane for lane, which is"
        f" {ceiling.BURST / ratio.seconds_b:.3g} a second; in flops ({FLOPS} a step, 2 an FMA) the share is"
        f" {ratio.median * per_burst * FLOPS / (2 * INSTRUCTIONS):.2f}. Additions may run on units of their own, so"
        " that a share above 1 is possible",
    )  # fmt: skip


def _single_precision() -> Row:
    double = _lorenz63()
    single = double.cast("float32")
    solve, solve_double = fastsci_peer.prepare(single), fastsci_peer.prepare(double)
    ratio = compare(solve, solve_double)
    return Row(
        "Lorenz-63, float32 against float64", ratio.median, ratio.low, ratio.high, at_least=1.8,
        steps_per_second=single.member_steps / ratio.seconds_a,
        peer_steps_per_second=double.member_steps / ratio.seconds_b,
        errors=reference.errors(double, solve()), peer_errors=reference.errors(double, solve_double()),
    )  # fmt: skip


def _against_adaptive(peer: str, needs: str, n_members: int, n_steps: int, note: str) -> Callable[[], Row]:
    def take() -> Row:
        theirs = problem("lorenz63", n_members, n_steps)
        return against(
            f"Lorenz-63 f64 against {needs}", peer, problem("lorenz63", 65_536, n_steps), needs=needs,
            theirs=theirs, note=note,
        )  # fmt: skip

    return take


def _warm_call(calls: int = 1000) -> Row:
    small = problem("lorenz63", 64, 10)
    solve = fastsci_peer.prepare(small)
    for _ in range(50):
        solve()
    times = []
    for _ in range(calls):
        began = perf_counter()
        solve()
        times.append(perf_counter() - began)
    low, middle, high = np.quantile(times, (0.0, 0.5, 0.95)) * 1e6
    return Row(
        "warm call, 64 members x 10 steps", float(middle), float(low), float(high), unit="us", at_most=150.0,
        errors=reference.errors(small, solve()), note=f"{calls} calls; the range is from the least to the 95th percentile",
    )  # fmt: skip


def _seconds(figure: str, rounds: list[float], at_most: float, note: str = "") -> Row:
    return Row(
        figure, statistics.median(rounds), min(rounds), max(rounds), unit="s", at_most=at_most, note=note
    )


def _starts() -> Iterator[Row]:
    processes.import_seconds()  # leaves the byte code behind
    imports = [processes.import_seconds() for _ in range(ROUNDS)]
    first, second = zip(*(processes.first_call_seconds() for _ in range(ROUNDS)), strict=True)
    yield _seconds("import fastsci", imports, 0.15, "fresh process, NumPy included")
    yield _seconds("first call on a new function", list(first), 2.0, "fresh process, after import numba")
    yield _seconds("first call in a second process", list(second), 0.4, "fresh process, after import numba")


def rows() -> Iterator[Row]:
    """Every row of the table, as each is finished."""
    against_numba = "against a plain Numba prange loop"
    yield _plain("lorenz63", 65_536, 500, 15.0, f"Lorenz-63 f64, 65,536 x 500, {against_numba}")()
    yield against(
        "Lorenz-63 f64, 65,536 x 500, against jax.lax.scan", "jax_peer", _lorenz63(), needs="jax", at_least=12.0
    )
    yield _share_of_ceiling()
    yield _single_precision()
    yield _plain("lorenz96", 4096, 200, 7.0, f"Lorenz-96, 40 sites, in place, modulo indices, {against_numba}")()
    yield _plain("pendulum", 65_536, 200, 8.0, f"pendulum with math.sin, {against_numba}")()
    yield _plain("kuramoto", 4096, 50, 8.0, f"Kuramoto-10 with math.sin, {against_numba}")()
    yield _warm_call()
    yield from _starts()
    yield _against_adaptive(
        "diffrax_peer", "diffrax", 8192, 100, "Tsit5 at the same constant step, 6 slopes a step; 8,192 members"
    )()
    yield _against_adaptive(
        "heyoka_peer", "heyoka", 4096, 500, "adaptive Taylor series over the same span, counted as as many steps"
    )()
    yield _against_adaptive("scipy_peer", "scipy", 8, 100, "RK45 at the same step, 6 slopes a step; 8 members")()

