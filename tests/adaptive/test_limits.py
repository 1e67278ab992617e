"""Members that cannot go on end with a status of their own, and take no other down."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import fastsci
from tests.adaptive import models
from tests.ensemble.models import LORENZ, lorenz, same_bits, spread, thermostat

NON_FINITE, RAISED, STALLED, EXHAUSTED = -1, -2, -3, -4


def decay(end, y0, rate=1.0, **options):
    return fastsci.solve_ensemble(
        models.escape, (0.0, end), y0, params=np.reshape(rate, (-1, 1)), **{"method": "Tsit5", **options}
    )


# --- members that fail ---


def test_an_escape_ends_at_its_time_and_the_neighbours_go_on():
    """``x' = x**2`` from ``x0`` is ``x0 / (1 - x0 t)``."""
    y0 = np.array([[-1.0], [0.25], [1.0], [0.5], [2.0], [-3.0], [0.0], [4.0], [0.1]])
    result = decay(3.0, y0)
    fails = np.array([False, False, True, False, True, False, False, True, False])
    fails |= y0[:, 0] * 3.0 >= 1.0
    assert (result.status[fails] < 0).all()
    assert set(result.status[fails].tolist()) <= {NON_FINITE, STALLED}
    assert (result.status[~fails] == 0).all()
    np.testing.assert_allclose(result.t_final[fails], 1.0 / y0[fails, 0], rtol=1e-4)
    assert (result.t_final[~fails] == 3.0).all()
    np.testing.assert_allclose(result.y_final[~fails, 0], (y0 / (1.0 - 3.0 * y0))[~fails, 0], rtol=1e-4)
    assert same_bits(decay(3.0, y0[~fails]).y_final, result.y_final[~fails])
    assert (result.success == ~fails).all()
    for i in np.flatnonzero(fails):
        assert result.message(int(i)) == fastsci.result.MESSAGES[int(result.status[i])]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_start_or_parameter_that_is_no_number(bad):
    y0, rate = np.full((9, 1), 0.1), np.ones(9)
    y0[3], rate[7] = bad, bad
    times = [0.0, 1.0, 2.0]
    result = decay(2.0, y0, rate, t_eval=times)
    assert result.status.tolist() == [0, 0, 0, NON_FINITE, 0, 0, 0, NON_FINITE, 0]
    assert np.isnan(result.y[[3, 7], :, 1:]).all()
    sound = decay(2.0, y0[:1], rate[:1], t_eval=times)
    for i in (0, 1, 2, 4, 5, 6, 8):
        assert same_bits(result.y[i], sound.y[0])


def test_a_function_that_raises_for_some():
    y0 = np.array([[0.5], [-1.0], [3.0], [1.0]])
    result = fastsci.solve_ensemble(
        thermostat, (0.0, 1.0), y0, params={"target": [2.0, 2.0, 9.0, 9.0]}, method="Tsit5", t_eval=[0.5, 1.0]
    )
    assert result.path == "scalar"
    assert result.status.tolist() == [0, RAISED, 0, 0]
    assert "raised" in result.message(1)
    assert np.isnan(result.y[1]).all()
    alone = fastsci.solve_ensemble(
        thermostat, (0.0, 1.0), y0[[0]], params={"target": [2.0]}, method="Tsit5", t_eval=[0.5, 1.0]
    )
    assert same_bits(alone.y[0], result.y[0])


def test_a_function_that_raises_on_the_way():
    def falls(t, u, p):
        (x,) = u
        if x < 0.5:
            raise ValueError("too low")
        return (-p[0],)

    result = fastsci.solve_ensemble(
        falls, (0.0, 1.0), [1.0], params=[[0.1], [1.0], [0.2]], method="DormandPrince5", t_eval=[0.0, 0.1, 1.0]
    )
    assert result.status.tolist() == [0, RAISED, 0]
    np.testing.assert_allclose(result.y_final[[0, 2], 0], [0.9, 0.8], rtol=1e-12)
    assert result.t_final[1] <= 0.5


def test_a_slope_that_no_step_is_small_enough_for():
    """Forth and back across one, and so steep that no first step can be chosen: the time stands still at once."""

    def sticks(t, u, p):
        (x,) = u
        return (np.where(x > 1.0, -1e300, 1e300) * p[0],)

    result = fastsci.solve_ensemble(sticks, (1.0, 2.0), [1.0], params=[[1.0], [0.0]], method="Tsit5")
    assert result.status[0] in (NON_FINITE, STALLED)
    assert result.naccepted[0] + result.nrejected[0] < 1000
    assert result.status[1] == 0
    assert result.y_final[1, 0] == 1.0


def test_too_many_steps():
    w = np.array([1.0, 100.0, 1.0])
    result = fastsci.solve_ensemble(
        models.oscillator, (0.0, 10.0), [1.0, 0.0], params={"w": w}, method="Tsit5", max_steps=200
    )
    assert result.status.tolist() == [0, EXHAUSTED, 0]
    assert "max_steps" in result.message(1)
    assert (result.naccepted + result.nrejected)[1] == 200
    assert 0.0 < result.t_final[1] < 10.0
    np.testing.assert_allclose(result.y_final[1, 0], np.cos(100.0 * result.t_final[1]), atol=1e-3)
    limit = int((result.naccepted + result.nrejected)[0])
    enough = fastsci.solve_ensemble(
        models.oscillator, (0.0, 10.0), [1.0, 0.0], params={"w": w}, method="Tsit5", max_steps=limit
    )
    assert enough.status.tolist() == [0, EXHAUSTED, 0]


# --- arguments at their edges ---


def swing(**options):
    given = {"t_span": (0.0, 1.0), "y0": [[1.0, 0.0]], "params": {"w": 1.0}, "method": "Tsit5"}
    return fastsci.solve_ensemble(models.oscillator, **{**given, **options})


def test_no_members_and_one():
    none = swing(y0=np.empty((0, 2)), t_eval=[0.0, 0.5], events=models.hangs, dense_output=True)
    assert none.y.shape == (0, 2, 2)
    assert none.y_final.shape == (0, 2)
    assert len(none.t_events[0]) == len(none.sol) == len(none.status) == 0
    assert none.sol([0.5]).shape == (0, 2, 1)
    one = swing(y0=[1.0, 0.0])
    assert one.y.shape == (1, 2, 1)
    np.testing.assert_allclose(one.y_final, [[np.cos(1.0), -np.sin(1.0)]], rtol=1e-5)
    assert same_bits(one.y[:, :, 0], one.y_final)


def test_a_span_of_no_length():
    y0 = np.array([[1.0, 2.0], [3.0, 4.0]])
    result = swing(t_span=(2.0, 2.0), y0=y0, t_eval=[2.0, 2.0])
    assert (result.status == 0).all()
    assert same_bits(result.y_final, y0)
    assert same_bits(result.y[:, :, 1], y0)
    assert (result.t_final == 2.0).all()
    spans = np.array([[0.0, 0.0], [0.0, 1.0]])
    mixed = swing(t_span=spans, y0=y0)
    assert same_bits(mixed.y_final[:1], y0[:1])
    assert same_bits(mixed.y_final[1:], swing(y0=y0[1:]).y_final)


def test_starts_that_are_read_only_or_strided():
    y0 = spread(20, 2, seed=3)
    frozen = y0.copy()
    frozen.flags.writeable = False
    wanted = swing(y0=y0).y_final
    kept = y0.copy()
    assert same_bits(swing(y0=frozen).y_final, wanted)
    assert same_bits(swing(y0=np.asfortranarray(y0)).y_final, wanted)
    assert same_bits(swing(y0=np.repeat(y0, 2, axis=0)[::2]).y_final, wanted)
    assert same_bits(y0, kept)


def test_a_tolerance_for_each_component():
    """A component whose tolerance is wide has no say in the steps."""
    tight = swing(rtol=1e-8, atol=1e-12, t_span=(0.0, 20.0))
    loose = swing(rtol=1e-8, atol=[1e-2, 1e-2], t_span=(0.0, 20.0))
    mixed = swing(rtol=1e-8, atol=[1e-12, 1e-2], t_span=(0.0, 20.0))
    assert loose.nfev[0] < mixed.nfev[0] < tight.nfev[0]
    uniform = swing(rtol=1e-8, atol=[1e-12, 1e-12], t_span=(0.0, 20.0))
    assert same_bits(uniform.y_final, tight.y_final)


def test_the_longest_and_the_first_step():
    result = swing(max_step=0.01, dense_output=True)
    assert np.diff(result.sol.steps(0)).max() <= 0.01 * (1 + 1e-12)
    assert result.naccepted[0] in (100, 101)
    first = swing(first_step=[1e-4], dense_output=True)
    np.testing.assert_allclose(first.sol.steps(0)[1], 1e-4, rtol=1e-12)
    np.testing.assert_allclose(first.y_final, [[np.cos(1.0), -np.sin(1.0)]], rtol=1e-5)


def test_a_long_time_loses_no_digits():
    """A million steps of a hundredth: the time is carried with its low digits, so that the phase is right."""
    result = swing(t_span=(1e6, 1e6 + 100.0), rtol=1e-11, atol=1e-12, max_step=0.01)
    np.testing.assert_allclose(result.y_final[0], [np.cos(100.0), -np.sin(100.0)], atol=1e-9)
    assert result.t_final[0] == 1e6 + 100.0


@pytest.mark.parametrize("controller", ["I", "PI", "PID", "pi"])
def test_every_controller_keeps_the_tolerance(controller):
    result = swing(t_span=(0.0, 50.0), rtol=1e-8, atol=1e-8, controller=controller)
    np.testing.assert_allclose(result.y_final, [[np.cos(50.0), -np.sin(50.0)]], atol=3e-6)


def test_compensated_sums_lose_less():
    """Half a million steps of a method whose own error is nothing: what is left is rounding."""
    exact = np.array([np.cos(1.0), -np.sin(1.0)])
    options = {"method": "DormandPrince5", "max_step": 2e-6}
    plain = np.abs(swing(**options).y_final - exact).max()
    carried = np.abs(swing(compensated=True, **options).y_final - exact).max()
    assert carried < 0.1 * plain
    assert carried < 1e-15


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rtol": 0.0}, "rtol: is 0.0"),
        ({"rtol": -1e-3}, "rtol"),
        ({"rtol": np.nan}, "rtol"),
        ({"rtol": 1e-15}, "use at least 2.3e-14"),
        ({"rtol": 1e-7, "dtype": "float32"}, "use at least 1e-06"),
        ({"rtol": [1e-3, 1e-3]}, "rtol: has shape"),
        ({"atol": -1.0}, "atol: is -1"),
        ({"atol": [1.0, np.nan]}, "atol"),
        ({"atol": [1.0, 1.0, 1.0]}, "atol: has shape (3,)"),
        ({"first_step": 2.0}, "longer than t_span"),
        ({"first_step": 0.0}, "first_step"),
        ({"first_step": -0.1}, "first_step"),
        ({"first_step": [0.1, 0.1, 0.1], "y0": np.ones((2, 2))}, "first_step: is for 3"),
        ({"max_step": 0.0}, "max_step"),
        ({"max_step": np.nan}, "max_step"),
        ({"max_steps": 0}, "max_steps"),
        ({"max_steps": 2.5}, "max_steps"),
        ({"max_steps": True}, "max_steps"),
        ({"controller": "IP"}, "expected one of I, PI, PID"),
        ({"controller": "fixed"}, "controller"),
        ({"controller": None}, "controller"),
        ({"dt": 0.1, "rtol": 1e-3}, "rtol"),
        ({"dt": 0.1, "max_step": 0.1}, "max_step"),
        ({"dt": 0.1, "first_step": 0.1}, "first_step"),
        ({"dt": 0.1, "controller": "PID"}, "controller"),
        ({"method": "RK4"}, "dt: is missing"),
        ({"method": "Tsit6"}, "did you mean 'Tsit5'"),
        ({"t_eval": [0.5, 1.5]}, "outside"),
        ({"t_eval": [0.5, 0.25]}, "not sorted"),
        ({"t_span": (0.0, np.inf)}, "finite"),
        ({"progress": "yes"}, "progress"),
    ],
)
def test_arguments_that_make_no_sense_are_named(options, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        swing(**options)
    message = str(caught.value)
    assert words in message
    assert "\n" not in message


# --- long runs ---


def test_progress_rises_to_one():
    seen = []
    result = fastsci.solve_ensemble(
        lorenz, (0.0, 60.0), spread(20_000), params=LORENZ, method="DOP853", rtol=1e-9, progress=seen.append
    )
    assert result.success.all()
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert 0.0 <= seen[0] < 1.0


LONG = textwrap.dedent(
    """
    import time
    import numpy as np
    import fastsci
    from tests.ensemble.models import LORENZ, lorenz, spread

    y0 = spread(20_000)
    def run(end):
        return fastsci.solve_ensemble(lorenz, (0.0, end), y0, method="DOP853", params=LORENZ, max_steps=10**12)
    before = run(0.1).y_final
    print("ready", flush=True)
    try:
        run(1e7)
        print("finished", flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    print("same" if (run(0.1).y_final == before).all() else "different", flush=True)
    """
)


def test_ctrl_c_ends_a_long_run_and_the_next_one_works():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        [sys.executable, "-c", LONG], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            first = process.stdout.readline()
            time.sleep(0.7)
            began = time.perf_counter()
            process.send_signal(signal.SIGINT)
            line = process.stdout.readline()
            waited = time.perf_counter() - began
            rest, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert first == "ready\n", errors
    assert line == "interrupted\n", errors
    assert waited < 2.0
    assert rest == "same\n", errors
    assert process.returncode == 0
