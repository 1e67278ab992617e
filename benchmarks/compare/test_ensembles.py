"""Every solver on the same members: its answers against the references, and under pytest-benchmark its time."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from benchmarks.compare import reference
from benchmarks.suites.problems import problem

SIZES = {"lorenz63": (65_536, 500), "lorenz96": (4096, 200), "pendulum": (65_536, 200), "kuramoto": (4096, 50)}
SMALL = {"lorenz63": (37, 60), "lorenz96": (19, 20), "pendulum": (37, 60), "kuramoto": (19, 20)}
SLOW = {"diffrax_peer": (8192, 100), "heyoka_peer": (4096, 500), "scipy_peer": (8, 100)}
ALL = [(name, peer) for name in SIZES for peer in ("fastsci_peer", "numba_peer")]
ON_LORENZ = [("lorenz63", peer) for peer in ("jax_peer", *SLOW)]
NEEDS = {"jax_peer": "jax", "diffrax_peer": "diffrax", "heyoka_peer": "heyoka", "scipy_peer": "scipy"}


@pytest.mark.parametrize(("name", "peer"), ALL + ON_LORENZ)
def test_solver(benchmark, request, name, peer):
    if peer in NEEDS:
        pytest.importorskip(NEEDS[peer], reason=f"the peer {NEEDS[peer]} is not installed (extra: peers)")
    quick = request.config.getoption("benchmark_disable")
    given = problem(name, *(SMALL[name] if quick else SLOW.get(peer, SIZES[name])))
    solve = import_module(f"benchmarks.compare.{peer}").prepare(given)
    benchmark.group = name
    y = benchmark(solve)
    errors = reference.errors(given, y)
    benchmark.extra_info.update(errors, steps_per_call=given.member_steps)
    if peer in SLOW:
        assert errors["total"] < 1e-5
    else:
        assert errors["rounding"] < 1e-11


@pytest.mark.parametrize("name", SMALL)
def test_references_agree_as_the_step_shrinks(name):
    """The two references share nothing, so that RK4 in long double must come closer by 16 when its step is halved."""
    given = problem(name, 3, 40)
    finer = given.with_steps(80)
    truth = reference.exact(given)
    coarse, fine = (reference.relative_error(reference.long_rk4(part), truth) for part in (given, finer))
    assert 10 < coarse / fine < 25


def test_members_are_the_same_for_every_size():
    few, many = problem("lorenz63", 5, 10), problem("lorenz63", 5, 20)
    np.testing.assert_array_equal(few.y0, many.y0)
