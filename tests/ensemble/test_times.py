"""Saves fall where they are asked for, and the last step ends exactly at the end.

``clock`` has a solution that the classical method gives exactly for any step, so a save at a wrong time shows.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastsci
from fastsci_kernels.methods.catalogue import TABLEAUS
from tests.ensemble.models import LORENZ, clock, clock_reads, lorenz, same_bits, spread
from tests.naive import runge_kutta

RK4 = TABLEAUS["RK4"]


def solve(span, y0=(0.0,), **options):
    return fastsci.solve_ensemble(clock, span, y0, **{"dt": 0.1, **options})


def assert_reads(result, times):
    """Every save of the clock is its time, started from zero at the first time of the span."""
    np.testing.assert_allclose(result.y[:, 0], times, rtol=2e-13, atol=2e-13)


@pytest.mark.parametrize(
    "t_eval",
    [
        [0.0, 0.5, 1.0],
        [0.25, 0.33, 0.77],
        [0.0, 1.0],
        [0.4],
        [0.35],
        [1.0],
        [0.0],
        [0.2, 0.2, 0.25, 0.25, 0.25, 1.0, 1.0],
        np.linspace(0.0, 1.0, 1001),
        np.nextafter(np.arange(0.1, 1.0, 0.1), 2.0),
        np.nextafter(np.arange(0.1, 1.0, 0.1), 0.0),
    ],
    ids=[
        "on grid",
        "between",
        "ends",
        "one on grid",
        "one between",
        "the end",
        "the start",
        "repeated",
        "many",
        "just after the grid",
        "just before the grid",
    ],
)
@pytest.mark.parametrize("direction", [1, -1], ids=["forward", "backward"])
@pytest.mark.parametrize("own", [False, True], ids=["shared", "own"])
def test_saves_are_at_their_times(t_eval, direction, own):
    times = direction * np.asarray(t_eval)
    span = np.array([0.0, direction * 1.0])
    if own:
        result = solve(np.tile(span, (3, 1)), t_eval=np.tile(times, (3, 1)))
        assert result.t.shape == (3, times.size)
        np.testing.assert_array_equal(result.t, np.tile(times, (3, 1)))
    else:
        result = solve(span, t_eval=times)
        np.testing.assert_array_equal(result.t, times)
    assert_reads(result, np.tile(clock_reads(times), (3 if own else 1, 1)))
    assert same_bits(result.y_final, solve(span if not own else np.tile(span, (3, 1))).y_final)


def test_no_times_at_all():
    result = solve((0.0, 1.0), [[0.0], [1.0]], t_eval=[])
    assert result.y.shape == (2, 1, 0)
    assert result.t.shape == (0,)
    np.testing.assert_allclose(result.y_final[:, 0], [4.0, 5.0], rtol=1e-13)


def test_without_times_the_end_alone_is_kept():
    result = solve((0.0, 1.0), [[0.0], [1.0]])
    assert result.t.tolist() == [1.0]
    assert result.y.shape == (2, 1, 1)
    np.testing.assert_array_equal(result.y[:, :, 0], result.y_final)


def test_a_save_between_grid_points_is_a_side_step():
    y0 = spread(5)
    result = fastsci.solve_ensemble(lorenz, (0.0, 1.0), y0, dt=0.01, params=LORENZ, t_eval=[0.0, 0.123, 0.2])
    parameters = tuple(LORENZ.values())
    at_grid = runge_kutta.integrate(lorenz, RK4, 0.0, y0, 0.01, 12, parameters)
    side = np.array(runge_kutta.step(lorenz, RK4, 0.12, list(at_grid.T), parameters, 0.003)).T
    np.testing.assert_allclose(result.y[:, :, 1], side, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(
        result.y[:, :, 2], runge_kutta.integrate(lorenz, RK4, 0.0, y0, 0.01, 20, parameters), rtol=1e-12
    )
    assert same_bits(result.y[:, :, 0], y0)


@pytest.mark.parametrize("dt", [0.07, 0.3, 1.0, 5.0])
def test_a_step_that_does_not_divide_the_span_ends_at_the_end(dt):
    y0 = spread(5) / 3.0
    full = int(1.0 / dt)
    result = fastsci.solve_ensemble(lorenz, (0.0, 1.0), y0, dt=dt, method="Euler", params=LORENZ)
    parameters = tuple(LORENZ.values())
    before = runge_kutta.integrate(lorenz, TABLEAUS["Euler"], 0.0, y0, dt, full, parameters)
    by_hand = runge_kutta.step(lorenz, TABLEAUS["Euler"], full * dt, list(before.T), parameters, 1.0 - full * dt)
    np.testing.assert_allclose(result.y_final, np.array(by_hand).T, rtol=1e-10)
    assert (result.naccepted == full + (full * dt < 1.0)).all()
    assert (result.nfev == result.naccepted).all()


def test_there_and_back_again():
    y0 = spread(6) / 3.0
    there = fastsci.solve_ensemble(lorenz, (0.0, 0.3), y0, dt=1e-3, params=LORENZ)
    back = fastsci.solve_ensemble(lorenz, (0.3, 0.0), there.y_final, dt=1e-3, params=LORENZ)
    np.testing.assert_allclose(back.y_final, y0, rtol=1e-7)


@pytest.mark.parametrize("span", [(0.7, 0.7), [[0.7, 0.7], [0.0, 0.0], [-1.0, -1.0]]], ids=["shared", "own"])
def test_an_empty_span_changes_nothing(span):
    y0 = np.array([[0.1], [0.2], [-0.3]])
    result = solve(span, y0)
    assert same_bits(result.y_final, y0)
    assert result.success.all()
    assert (result.nfev == 0).all()
    saved = solve(span, y0, t_eval=[0.7, 0.7] if len(span) == 2 else [0.0, 0.5, 1.0])
    assert (saved.y == y0[:, :, np.newaxis]).all()


def test_spans_of_any_length_and_direction_side_by_side():
    span = np.array(
        [
            [0.0, 1.0],
            [0.0, -1.0],
            [1.0, 0.0],
            [0.5, 0.5],
            [0.0, 1e-3],
            [-2.0, 2.0],
            [0.0, 0.95],
            [3.0, -1.0],
            [0.0, 0.05],
            [0.1, 0.1 + 1e-12],
            [0.0, 10.0],
            [0.0, 1e-12],
        ]
    )
    fractions = np.array([0.0, 0.1, 0.5, 0.5, 0.93, 1.0])
    times = span[:, :1] + fractions * (span[:, 1:] - span[:, :1])
    result = solve(span, clock_reads(span[:, :1]), t_eval=fractions)
    assert result.t.shape == (len(span), 6)
    np.testing.assert_array_equal(result.t, times)
    np.testing.assert_allclose(result.y[:, 0], clock_reads(times), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(result.y_final[:, 0], clock_reads(span[:, 1]), rtol=1e-12, atol=1e-12)
    assert result.y_final[-1, 0] == pytest.approx(1e-12, rel=1e-9)
    absolute = solve(span, clock_reads(span[:, :1]), t_eval=times)
    assert same_bits(absolute.y, result.y)
    assert result.naccepted.tolist() == [10, 10, 10, 0, 1, 40, 10, 40, 1, 1, 100, 1]


def test_a_step_for_every_member():
    dt = np.array([0.1, 0.03, 1.0, 0.25, 7.0, 1e-3])
    result = solve((0.0, 1.0), np.zeros((6, 1)), dt=dt, t_eval=[0.2, 0.55])
    assert result.t.shape == (2,)
    assert_reads(result, np.tile(clock_reads(np.array([0.2, 0.55])), (6, 1)))
    np.testing.assert_allclose(result.y_final, 4.0, rtol=1e-12)
    assert result.naccepted.tolist() == [10, 34, 1, 4, 1, 1000]


def test_one_span_in_a_matrix_serves_all_members():
    result = solve([[0.0, 2.0]], np.arange(5.0)[:, np.newaxis], t_eval=[0.5, 1.0])
    assert result.t.tolist() == [[1.0, 2.0]] * 5
    np.testing.assert_allclose(result.y[:, 0], clock_reads(np.array([1.0, 2.0])) + np.arange(5.0)[:, np.newaxis])


def test_members_are_counted_from_spans_steps_or_parameters_too():
    assert len(solve([[0.0, 1.0], [0.0, 2.0]], [0.0])) == 2
    assert len(solve((0.0, 1.0), [0.0], dt=[0.1, 0.2, 0.3])) == 3
    assert (
        len(fastsci.solve_ensemble(lorenz, (0.0, 1.0), [1.0, 1.0, 1.0], dt=0.1, params={**LORENZ, "rho": [1.0, 2.0]}))
        == 2
    )


def test_a_span_shorter_than_the_step_is_one_short_step():
    result = solve((1.0, 1.0 + 1e-5), [clock_reads(1.0)], dt=0.5)
    assert result.naccepted.tolist() == [1]
    np.testing.assert_allclose(result.y_final[0, 0], clock_reads(1.0 + 1e-5), rtol=1e-15)


@pytest.mark.parametrize("steps", [100_000, 99_999, 300_003])
def test_rounding_in_the_number_of_steps_makes_no_extra_step(steps):
    for end in (steps * 0.1, np.float64(steps) / 10.0, np.sum(np.full(steps, 0.1))):
        result = solve((0.0, float(end)), [0.0])
        assert result.naccepted.tolist() == [steps]


def test_a_span_far_from_zero():
    def constant_speed(t, u, p):
        return (1.0 + 0.0 * t,)

    start = 1e9 + 0.1
    times = start + np.array([0.0, 0.37, 0.375, 1.0, 9.99, 10.0])
    result = fastsci.solve_ensemble(constant_speed, (start, start + 10.0), [0.0], dt=0.01, t_eval=times)
    # Elapsed times are exact differences of the times that were given.
    np.testing.assert_allclose(result.y[0, 0], times - start, rtol=0, atol=2e-12)
    np.testing.assert_allclose(result.y_final[0, 0], (start + 10.0) - start, rtol=0, atol=2e-12)


def test_a_time_that_misses_the_end_by_rounding_is_the_end():
    start, end = 1e6, 1e6 + 1e-5
    result = fastsci.solve_ensemble(clock, (start, end), [0.0], dt=1e-6, t_eval=[start - 2e-7, start, end, end + 2e-7])
    assert result.t.tolist() == [start, start, end, end]
    assert result.y[0, 0, 0] == result.y[0, 0, 1] == 0.0
    assert same_bits(result.y[:, :, 2], result.y_final)
    assert same_bits(result.y[:, :, 3], result.y_final)


@settings(max_examples=150)
@given(
    start=st.floats(-3.0, 3.0),
    length=st.floats(-4.0, 4.0),
    dt=st.floats(1e-3, 6.0),
    fractions=st.lists(st.floats(0.0, 1.0), max_size=6),
)
def test_any_grid_reads_the_right_times(start, length, dt, fractions):
    end = start + length
    times = np.clip(start + np.sort(fractions) * (end - start), min(start, end), max(start, end))
    result = solve((start, end), [clock_reads(start)], dt=dt, t_eval=times)
    np.testing.assert_allclose(result.y[0, 0], clock_reads(times), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(result.y_final[0, 0], clock_reads(end), rtol=1e-11, atol=1e-11)
    own = solve([[start, end]], [clock_reads(start)], dt=dt, t_eval=times[np.newaxis])
    assert same_bits(own.y, result.y)
    assert same_bits(own.y_final, result.y_final)
    assert same_bits(own.nfev.astype(float), result.nfev.astype(float))


def test_single_precision_ends_at_the_end():
    y0 = np.zeros((3, 1), np.float32)
    result = solve((0.0, 10.0), y0, dt=0.01, t_eval=[0.1, 3.333, 10.0])
    expected = clock_reads(np.array([0.1, 3.333, 10.0]))
    np.testing.assert_allclose(result.y[0, 0], expected, rtol=1e-5)
    np.testing.assert_array_equal(result.y[:, :, -1], result.y_final)
