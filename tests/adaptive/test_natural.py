"""What a user writes first: constants, closures, NumPy's functions and other spellings."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import fastsci
from tests.adaptive import models
from tests.ensemble.models import same_bits


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_slopes_that_are_plain_constants(dtype):
    """Nothing in ``(1.0, -9.81)`` depends on the member, yet every one of them has to start with it."""

    def falls(t, u, p):
        _x, _v = u
        return 1.0, -9.81

    y0 = np.column_stack([np.arange(19.0), np.linspace(-1.0, 1.0, 19)])
    result = fastsci.solve_ensemble(falls, (0.0, 2.0), y0, method="Tsit5", dtype=dtype)
    assert result.path == "lanes"
    assert (result.nrejected == 0).all()
    np.testing.assert_allclose(
        result.y_final, y0 + np.array([2.0, -19.62]), rtol={"float64": 1e-14, "float32": 1e-5}[dtype]
    )


def test_an_event_that_captures_a_number():
    level = 0.25

    @fastsci.event(direction=-1)
    def sinks_below(t, u, p):
        return np.tanh(u[0] - level)

    result = fastsci.solve_ensemble(
        models.oscillator,
        (0.0, 6.0),
        [1.0, 0.0],
        params={"w": [1.0, 2.0]},
        method="dp5",
        rtol=1e-10,
        events=sinks_below,
    )
    first = math.acos(level)
    np.testing.assert_allclose(result.t_events[0][0], [first], rtol=1e-8)
    np.testing.assert_allclose(result.t_events[0][1], [first / 2.0, first / 2.0 + math.pi], rtol=1e-8)


def test_methods_by_other_names():
    options = {"params": {"w": 1.0}, "rtol": 1e-4}
    runs = [
        fastsci.solve_ensemble(models.oscillator, (0.0, 3.0), [1.0, 0.0], method=name, **options)
        for name in ("RK45", "dormandprince5", "DP5")
    ]
    assert {run.method for run in runs} == {"DormandPrince5"}
    assert all(same_bits(run.y_final, runs[0].y_final) for run in runs)
    assert set(fastsci.methods()) >= {"BogackiShampine3", "DormandPrince5", "Tsit5", "DOP853", "RK4"}


def test_the_result_of_one_member_is_scipys():
    times = np.linspace(0.0, 3.0, 7)
    mine = fastsci.solve_ensemble(
        models.oscillator, (0.0, 3.0), [1.0, 0.0], params={"w": 1.5}, method="RK45", rtol=1e-6, atol=1e-9, t_eval=times,
        dense_output=True, events=models.hangs,
    ).to_scipy(0)  # fmt: skip
    peer = solve_ivp(
        models.oscillator, (0.0, 3.0), [1.0, 0.0], args=((1.5,),), rtol=1e-6, atol=1e-9, t_eval=times,
        dense_output=True, events=models.hangs,
    )  # fmt: skip
    assert mine.nfev == peer.nfev
    assert mine.status == peer.status
    assert mine.message == peer.message
    for name in ("t", "y", "t_events", "y_events"):
        np.testing.assert_allclose(getattr(mine, name), getattr(peer, name), atol=1e-8)
    np.testing.assert_allclose(mine.sol(times), peer.sol(times), atol=1e-8)
