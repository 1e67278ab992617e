"""Stiff problems reach their published states, the nearer the smaller the tolerance."""

from __future__ import annotations

import numpy as np
import pytest

from tests.stiff.problems import (
    HIRES,
    OREGONATOR,
    PROBLEMS,
    ROBERTSON_EARLY,
    hires_jacobian,
    in_place,
    robertson_jacobian,
    with_jacobian,
)

TOLERANCES = (1e-4, 1e-6, 1e-8)
# Errors of the steps add up over a run; in these problems, whose solutions forget where they came from, to little more
# than one step's.  The ring modulator oscillates: its errors last.
FORGETFUL = 5.0
ACCUMULATED = {"ring_modulator": 100.0}


def check_convergence(problem, accumulated=FORGETFUL, **options):
    results = [problem.solve(rtol, **options) for rtol in TOLERANCES]
    errors = [problem.error(result.y_final[0]) for result in results]
    for rtol, result, error in zip(TOLERANCES, results, errors, strict=True):
        assert result.status.tolist() == [0]
        assert error <= accumulated * rtol
    assert errors[0] > 5.0 * errors[1] > 25.0 * errors[2]
    work = [int(result.naccepted[0] + result.nrejected[0]) for result in results]
    assert work == sorted(work)
    return results


@pytest.mark.parametrize("name", PROBLEMS)
def test_errors_fall_with_the_tolerance(name):
    check_convergence(PROBLEMS[name], ACCUMULATED.get(name, FORGETFUL))


@pytest.mark.parametrize("name", ["robertson", "pollution"])
def test_and_of_a_system_that_writes_in_place(name):
    results = check_convergence(PROBLEMS[name], system=in_place(PROBLEMS[name].system))
    assert results[0].path == "lanes"


@pytest.mark.parametrize(("problem", "jacobian"), [(ROBERTSON_EARLY, robertson_jacobian), (HIRES, hires_jacobian)])
def test_and_with_a_jacobian_by_hand(problem, jacobian):
    by_hand = check_convergence(problem, system=with_jacobian(problem.system, jacobian))
    automatic = problem.solve(TOLERANCES[-1])
    np.testing.assert_allclose(by_hand[-1].y_final, automatic.y_final, rtol=1e-8, atol=1e-15)


@pytest.mark.parametrize(("method", "accumulated"), [("Rodas3", 40.0), ("Rodas4", FORGETFUL)])
def test_and_by_methods_of_lower_order(method, accumulated):
    check_convergence(OREGONATOR, accumulated, method=method)
