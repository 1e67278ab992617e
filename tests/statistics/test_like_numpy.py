"""Statistics gathered on the way are those of the saved trajectory."""

import numpy as np
import pytest

import fastsci
from tests.ensemble.models import LORENZ, lorenz, spread, thermostat
from tests.statistics.runs import ALL, CROSSINGS, DT, END, EVERYTHING, GRID, HISTOGRAM, assert_like_numpy, members

SPAN = (0.0, END)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("style", ["flat", "long"])
class TestOfAFixedStep:
    def saved(self, style, dtype, t_eval=GRID):
        system, y0, params = members(style)
        return fastsci.solve_ensemble(system, SPAN, y0, params=params, dt=DT, t_eval=t_eval, dtype=dtype)

    def test_at_every_grid_point(self, style, dtype):
        system, y0, params = members(style)
        result = fastsci.solve_ensemble(system, SPAN, y0, params=params, dt=DT, dtype=dtype, reduce=EVERYTHING)
        saved = self.saved(style, dtype)
        assert_like_numpy(result.reduced, saved.t, saved.y)
        np.testing.assert_array_equal(result.y_final, saved.y_final)

    def test_at_times_on_and_off_the_grid(self, style, dtype):
        system, y0, params = members(style)
        times = np.sort(np.concatenate([np.linspace(0.0, END, 83), [1.0, 2.5, END]]))
        run = {"params": params, "dt": DT, "t_eval": times, "dtype": dtype}
        result = fastsci.solve_ensemble(system, SPAN, y0, reduce=EVERYTHING, **run)
        saved = self.saved(style, dtype, times)
        assert_like_numpy(result.reduced, saved.t, saved.y)
        np.testing.assert_array_equal(result.y_final, saved.y_final)

    def test_with_a_span_for_each_member(self, style, dtype):
        system, y0, params = members(style)
        spans = np.stack([np.zeros(len(y0)), np.linspace(0.3, 3.0, len(y0))], axis=1)
        run = {"params": params, "dt": DT, "dtype": dtype}
        times = np.linspace(0.0, 1.0, 41)
        at_times = fastsci.solve_ensemble(system, spans, y0, t_eval=times, reduce=EVERYTHING, **run)
        everywhere = fastsci.solve_ensemble(system, spans, y0, reduce=EVERYTHING, **run)
        saved = fastsci.solve_ensemble(system, spans, y0, t_eval=times, **run)
        np.testing.assert_array_equal(at_times.y_final, saved.y_final)
        for i in (0, 7, len(y0) - 1):
            assert_like_numpy(pick(at_times.reduced, i), saved.t[i], saved.y[i : i + 1])
            steps = int(np.floor(spans[i, 1] / DT + 1e-9))
            alone = self.saved(style, dtype, GRID[:steps])
            assert_like_numpy(pick(everywhere.reduced, i), alone.t, alone.y[i : i + 1])


def pick(reduced, i):
    """One member's statistics."""
    return {
        name: values[i : i + 1] if isinstance(values, np.ndarray) else type(values)(values.t[[i]], values.y[[i]])
        for name, values in reduced.items()
    }


@pytest.mark.parametrize(
    "method",
    [{"method": "Tsit5"}, {"method": "DOP853"}, {"method": "RK4", "dt": DT, "events": lambda t, u, p: u[0]}],
    ids=["Tsit5", "DOP853", "RK4 with events"],
)
@pytest.mark.parametrize("style", ["flat", "long"])
def test_of_members_with_steps_of_their_own(style, method):
    system, y0, params = members(style)
    run = {"params": params, "t_eval": np.linspace(0.0, END, 101), **method}
    result = fastsci.solve_ensemble(system, SPAN, y0, reduce=EVERYTHING, **run)
    saved = fastsci.solve_ensemble(system, SPAN, y0, **run)
    assert_like_numpy(result.reduced, saved.t, saved.y)
    np.testing.assert_array_equal(result.y_final, saved.y_final)


def test_of_a_member_that_an_event_ends():
    def height(t, u, p):
        return u[2] - 30.0

    run = {"params": LORENZ, "method": "Tsit5", "t_eval": np.linspace(0.0, END, 101)}
    ends = fastsci.event(height, direction=1, terminal=True)
    result = fastsci.solve_ensemble(lorenz, SPAN, spread(9), events=ends, reduce=["mean", "count"], **run)
    saved = fastsci.solve_ensemble(lorenz, SPAN, spread(9), events=ends, **run)
    assert (result.status == 1).any()
    for i, y in enumerate(saved.y):
        before = y[:, np.isfinite(y).all(axis=0)]
        assert result.reduced["count"][i] == before.shape[1]
        np.testing.assert_allclose(result.reduced["mean"][i], before.mean(axis=1), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_of_a_map(dtype):
    x = np.linspace(0.05, 0.95, 40)[:, np.newaxis]
    run = {"params": {"r": np.linspace(3.5, 4.0, 40)}, "dtype": dtype}
    histogram = fastsci.Histogram("x", 10, (0.0, 1.0))
    asked = {**{name: name for name in ALL}, "histogram": histogram}
    saved = fastsci.iterate_map(fastsci.systems.logistic, 700, x, save_every=1, **run)
    everywhere = fastsci.iterate_map(fastsci.systems.logistic, 700, x, reduce=asked, **run)
    settled = fastsci.iterate_map(fastsci.systems.logistic, 700, x, reduce=asked, save_last=200, **run)
    of_x = fastsci.Histogram(0, 10, (0.0, 1.0))
    assert_like_numpy(everywhere.reduced, saved.t[1:], saved.y[:, :, 1:], histogram=of_x, crossings={})
    assert_like_numpy(settled.reduced, saved.t[-200:], saved.y[:, :, -200:], histogram=of_x, crossings={})


def test_a_crossing_of_a_map_is_an_iteration():
    run = {"params": {"r": 4.0}}
    result = fastsci.iterate_map(fastsci.systems.logistic, 50, [0.3], reduce=fastsci.LastCrossing("x", 0.5, 1), **run)
    x = fastsci.iterate_map(fastsci.systems.logistic, 50, [0.3], save_every=1, **run).y[0, 0]
    (upwards,) = np.nonzero((x[1:-1] < 0.5) & (x[2:] >= 0.5))
    crossing = result.reduced["last_crossing_x"]
    assert crossing.t.tolist() == [upwards[-1] + 2]
    assert crossing.y[0, 0] == x[upwards[-1] + 2]


def test_on_scalars():
    y0 = np.linspace(0.2, 3.0, 12)[:, np.newaxis]
    run = {"params": {"target": np.linspace(0.5, 2.0, 12)}, "dt": DT}
    for dtype in ("float64", "float32"):
        saved = fastsci.solve_ensemble(thermostat, SPAN, y0, t_eval=GRID, dtype=dtype, **run)
        for options in ({}, {"t_eval": GRID}):
            result = fastsci.solve_ensemble(
                thermostat, SPAN, y0, reduce=[*ALL, HISTOGRAM], dtype=dtype, **run, **options
            )
            assert result.path == "scalar"
            found = {**result.reduced, "histogram": result.reduced["histogram_0"]}
            assert_like_numpy(found, saved.t, saved.y, crossings={})


def test_backwards():
    system, y0, params = members("flat")
    run = {"params": params, "dt": 0.001, "t_eval": np.linspace(0.1, 0.0, 33)}
    result = fastsci.solve_ensemble(system, (0.1, 0.0), y0, reduce=EVERYTHING, **run)
    saved = fastsci.solve_ensemble(system, (0.1, 0.0), y0, **run)
    assert saved.success.all()
    assert_like_numpy(result.reduced, saved.t, saved.y)


@pytest.mark.parametrize("edges", [(0.0, 1.0), (0.1, 0.7), (-3.0, 1e-3)])
def test_edges_of_bins_are_numpys(edges):
    """A ramp whose values are the edges themselves, their neighbours, and beyond both ends."""

    def ramp(t, u, p):
        return (p[0],)

    bins = 30
    inside = np.linspace(*edges, bins + 1)
    start = np.concatenate([inside, np.nextafter(inside, -9.0), np.nextafter(inside, 9.0)])[:, np.newaxis]
    result = fastsci.solve_ensemble(
        ramp, (0.0, 1.0), start, params=[0.0], dt=1.0, reduce=fastsci.Histogram(0, bins, edges)
    )
    expected = [np.histogram(one, bins, edges)[0] for one in start]
    np.testing.assert_array_equal(result.reduced["histogram_0"], expected)


def test_a_crossing_is_where_the_solution_passes():
    """A cosine falls through zero at odd multiples of a quarter of its period."""

    def oscillator(t, u, p):
        x, v = u
        return v, -x

    result = fastsci.solve_ensemble(
        oscillator,
        (0.0, 10.0),
        [1.0, 0.0],
        dt=0.001,
        reduce={**CROSSINGS, "down": fastsci.LastCrossing(0, direction=-1)},
    )
    np.testing.assert_allclose(result.reduced["down"].t, 2.5 * np.pi, atol=1e-6)
    np.testing.assert_allclose(result.reduced["down"].y, [[0.0, -1.0]], atol=1e-6)
    assert np.isnan(result.reduced["up"].t).all()
    assert np.isnan(result.reduced["up"].y).all()
