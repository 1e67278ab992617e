"""A member that fails carries a negative status and leaves every bit of the others as it was."""

import logging

import numpy as np
import pytest

import fastsci
from tests.ensemble.models import LORENZ, lorenz, ring, same_bits, spread, thermostat

N = 40
TABLE = np.array([0.0, 1.0, 4.0, 9.0])


@pytest.mark.parametrize("system", [lorenz, ring], ids=["tuple", "in-place"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_a_member_that_is_not_finite(system, bad, dtype):
    dim, params = (3, LORENZ) if system is lorenz else (6, [8.0])
    y0 = spread(N, dim).astype(dtype)
    good = fastsci.solve_ensemble(system, (0.0, 0.5), y0, params=params, dt=0.01, t_eval=[0.0, 0.123, 0.3])
    assert good.success.all()
    for index in (0, 5, N - 1):
        with np.errstate(over="ignore"):
            spoilt = y0.copy()
            spoilt[index, -1] = bad
        result = fastsci.solve_ensemble(system, (0.0, 0.5), spoilt, params=params, dt=0.01, t_eval=[0.0, 0.123, 0.3])
        others = np.arange(N) != index
        assert same_bits(result.y[others], good.y[others])
        assert same_bits(result.y_final[others], good.y_final[others])
        assert result.status[index] < 0
        assert not result.success[index]
        assert result.success[others].all()
        assert result.message(index) == "The state became infinite or NaN."


def test_a_parameter_that_is_not_finite():
    y0 = spread(N)
    rho = np.full(N, 28.0)
    good = fastsci.solve_ensemble(lorenz, (0.0, 0.5), y0, params={**LORENZ, "rho": rho}, dt=0.01)
    for bad in (np.nan, np.inf):
        rho[7] = bad
        result = fastsci.solve_ensemble(lorenz, (0.0, 0.5), y0, params={**LORENZ, "rho": rho}, dt=0.01)
        assert np.flatnonzero(result.status).tolist() == [7]
        assert same_bits(np.delete(result.y_final, 7, 0), np.delete(good.y_final, 7, 0))


def test_what_single_precision_cannot_hold_fails_its_own_member():
    y0 = spread(4)
    y0[2] = 1e300
    result = fastsci.solve_ensemble(lorenz, (0.0, 0.1), y0, params=LORENZ, dt=0.01, dtype="float32")
    assert result.status.tolist() == [0, 0, -1, 0]


@pytest.mark.parametrize("span", [(0.0, 1.0), np.tile([0.0, 1.0], (N, 1))], ids=["shared", "own"])
@pytest.mark.parametrize("index", [0, 1, N - 1])
def test_a_member_whose_function_raises(index, span):
    y0 = np.abs(spread(N, 1))
    target = np.full(N, 2.0)
    good = fastsci.solve_ensemble(thermostat, span, y0, params={"target": target}, dt=0.01, t_eval=[0.5])
    assert good.success.all()
    spoilt = y0.copy()
    spoilt[index] = -1.0
    result = fastsci.solve_ensemble(thermostat, span, spoilt, params={"target": target}, dt=0.01, t_eval=[0.5])
    others = np.arange(N) != index
    assert result.path == "scalar"
    assert result.status[index] == -2
    assert result.message(index) == "The right-hand side raised an exception."
    assert np.isnan(result.y_final[index]).all()
    assert same_bits(result.y[others], good.y[others])
    assert same_bits(result.y_final[others], good.y_final[others])
    assert (result.status[others] == 0).all()


def up_to_one(t, u, p):
    (x,) = u
    if x >= 1.0:
        raise ValueError("beyond one")
    return (1.0,)


def test_a_state_that_is_only_reached_is_not_evaluated():
    shared = fastsci.solve_ensemble(up_to_one, (0.0, 1.0), [[0.0], [-1.0]], dt=0.25, method="Euler")
    assert shared.status.tolist() == [0, 0]
    assert shared.y_final.tolist() == [[1.0], [0.0]]
    # The first member stays at its end while the second, with a longer span, goes on.
    own = fastsci.solve_ensemble(
        up_to_one, [[0.0, 1.0], [0.0, 5.0]], [[0.0], [-4.5]], dt=0.25, method="Euler", t_eval=[0.0, 1.0]
    )
    assert own.status.tolist() == [0, 0]
    assert own.y[:, 0].tolist() == [[0.0, 1.0], [-4.5, 0.5]]


def test_an_index_that_leaves_its_table_ends_its_member_alone():
    def looked_up(t, u, p):
        (x,) = u
        return (TABLE[int(x)],)

    y0 = np.array([[0.5], [1e12], [1.25], [-1e12], [np.nan]])
    result = fastsci.solve_ensemble(looked_up, (0.0, 0.5), y0, dt=0.25, method="Euler")
    assert result.path == "scalar"
    assert (result.status < 0).tolist() == [False, True, False, True, True]
    assert result.y_final[[0, 2], 0].tolist() == [0.5, 1.75]


def test_a_division_by_zero_is_infinite_not_an_exception():
    def reciprocal(t, u, p):
        (x,) = u
        if x > 1e3:
            return (0.0,)
        return (1.0 / x,)

    result = fastsci.solve_ensemble(reciprocal, (0.0, 0.1), [[1.0], [0.0]], dt=0.1)
    assert result.path == "scalar"
    assert result.status.tolist()[0] == 0
    assert result.status[1] == -1


def test_the_log_says_once_why_a_function_runs_on_scalars(caplog):
    def sticky(t, u, p):
        (x,) = u
        return (-x if x > 1.0 else 0.0,)

    with caplog.at_level(logging.INFO, logger="fastsci"):
        first = fastsci.solve_ensemble(sticky, (0.0, 1.0), [[2.0], [0.5]], dt=0.1)
        fastsci.solve_ensemble(sticky, (0.0, 2.0), [[2.0], [0.5]], dt=0.1)
    assert first.path == "scalar"
    assert "branches on its state" in first.reason
    lines = [record.getMessage() for record in caplog.records if record.name == "fastsci"]
    assert lines == [f"sticky runs on scalars: {first.reason}"]
    assert "test_failures.py" in first.reason
    assert first.y_final[1, 0] == 0.5
