"""The figures that the project promises, each with its target, and how each is taken."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter

import numpy as np

from benchmarks.compare import (
    conserved,
    delays,
    discovery,
    dmd,
    double_descent,
    fastsci_peer,
    kernel_koopman,
    koopman,
    lasso,
    logistic,
    measures,
    noise,
    optimised_dmd,
    out_of_core,
    reference,
    singular_values,
    stiff,
    tangents,
    unequal,
    work_precision,
)
from benchmarks.compare.row import Row
from benchmarks.compare.timing import PAIRS, compare, seconds
from benchmarks.suites import processes
from benchmarks.suites.problems import Problem, problem
from fastsci_kernels import ceilings

ROUNDS = 5  # fresh processes for the figures of a start
# Of a step of RK4 on Lorenz-63: 24 in the slopes, 9 in the arguments of the stages, 11 in the sum of the slopes.
INSTRUCTIONS, FLOPS = 44, 75


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


def _with_limit(row: Row) -> Row:
    """With a note of what the ratio would be if RK4 on Lorenz-63 ran at the FMA ceiling measured now."""
    if row.value is None:
        return row
    limit = ceilings.multiply_adds(64, seconds=0.05) / 2 / INSTRUCTIONS / row.peer_steps_per_second
    return replace(row, note=f"at the FMA ceiling of this machine the ratio would be {limit:.3g}")


def _share_of_ceiling() -> Row:
    whole = _lorenz63()
    solve = fastsci_peer.prepare(whole)
    pairs = []
    for _ in range(PAIRS):
        steps = whole.member_steps / min(seconds(solve) for _ in range(ceilings.REPEATS))
        pairs.append((steps, ceilings.multiply_adds(64, seconds=0.03) / 2))
    shares = sorted(INSTRUCTIONS * steps / rate for steps, rate in pairs)
    share, (steps, rate) = statistics.median(shares), np.median(pairs, axis=0).tolist()
    return Row(
        "Lorenz-63 f64, share of the FMA ceiling", share, shares[0], shares[-1], unit="", at_least=0.60,
        steps_per_second=steps, errors=reference.errors(whole, solve()),
        note=f"{INSTRUCTIONS} floating-point instructions a step over the rate of an FMA loop, {rate:.3g} a second lane"
        f" for lane; in flops ({FLOPS} a step, 2 an FMA) the share is {share * FLOPS / (2 * INSTRUCTIONS):.2f}. Both"
        " sides are the best of five. Where additions have units of their own a share above 1 is possible",
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


def _no_target(needs: str, n_members: int, n_steps: int, note: str) -> Row:
    """Against a peer that takes other steps, on fewer members where it is slow."""
    return against(
        f"Lorenz-63 f64 against {needs}", f"{needs}_peer", problem("lorenz63", 65_536, n_steps), needs=needs,
        theirs=problem("lorenz63", n_members, n_steps), note=note,
    )  # fmt: skip


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
        errors=reference.errors(small, solve()), note=f"{calls} calls; the range ends at the 95th percentile",
    )  # fmt: skip


def _seconds(figure: str, rounds: list[float], at_most: float, note: str = "") -> Row:
    return Row(figure, statistics.median(rounds), min(rounds), max(rounds), unit="s", at_most=at_most, note=note)


def _starts() -> Iterator[Row]:
    processes.import_seconds()  # leaves the byte code behind
    imports = [processes.import_seconds() for _ in range(ROUNDS)]
    first, second, third = zip(*(processes.first_call_seconds() for _ in range(ROUNDS)), strict=True)
    yield _seconds("import fastsci", imports, 0.15, "fresh process, NumPy included")
    yield _seconds("first call on a new function", list(first), 2.0, "fresh process, after import numba")
    strict = statistics.median(second)
    late = f"fresh process, no import of Numba counted; {strict:.2g} s with those that Numba puts off to its first use"
    yield _seconds("first call in a second process", list(third), 0.4, late)


def _ensembles() -> Iterator[Row]:
    large = "Lorenz-63 f64, 65,536 x 500, against"
    yield _with_limit(against(f"{large} a plain Numba prange loop", "numba_peer", _lorenz63(), at_least=15.0))
    yield _with_limit(against(f"{large} jax.lax.scan", "jax_peer", _lorenz63(), needs="jax", at_least=12.0))
    yield _share_of_ceiling()
    yield _single_precision()
    for figure, name, n_members, n_steps, at_least in (
        ("Lorenz-96, 40 sites, in place, modulo indices", "lorenz96", 4096, 200, 7.0),
        ("pendulum with math.sin", "pendulum", 65_536, 200, 8.0),
        ("Kuramoto-10 with math.sin", "kuramoto", 4096, 50, 8.0),
    ):
        given = problem(name, n_members, n_steps)
        yield against(f"{figure}, against a plain Numba prange loop", "numba_peer", given, at_least=at_least)
    yield _warm_call()
    yield from _starts()
    yield _no_target("diffrax", 8192, 100, "Tsit5 at the same constant step, 6 slopes a step; 8,192 members")
    yield _no_target("heyoka", 4096, 500, "adaptive Taylor series over the same span, counted as as many steps")
    yield _no_target("scipy", 8, 100, "RK45 at the same step, 6 slopes a step; 8 members, one after the other")


def _adaptive() -> Iterator[Row]:
    yield from work_precision.rows()
    yield from work_precision.same_arrays()
    yield from unequal.rows()


def _koopman() -> Iterator[Row]:
    yield from kernel_koopman.rows()
    yield from koopman.rows()


def _dynamic_modes() -> Iterator[Row]:
    yield from dmd.rows()
    yield from delays.rows()
    yield from optimised_dmd.rows()


GROUPS = {
    "ensembles": _ensembles,
    "adaptive": _adaptive,
    "stiff": stiff.rows,
    "noise": noise.rows,
    "conserved": conserved.rows,
    "maps": logistic.rows,
    "tangents": tangents.rows,
    "measures": measures.rows,
    "discovery": discovery.rows,
    "lasso": lasso.rows,  # its peers take twelve minutes
    "singular_values": singular_values.rows,
    "out_of_core": out_of_core.rows,  # writes a file of eight gigabytes
    "dynamic_modes": _dynamic_modes,
    "koopman": _koopman,
    "double_descent": double_descent.rows,
}


def rows(groups: Iterable[str] = tuple(GROUPS)) -> Iterator[Row]:
    """Every row of some groups of the table, as each is finished."""
    for name in groups:
        yield from GROUPS[name]()
