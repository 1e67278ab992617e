"""Valid prediction times: where an error that is known crosses a threshold, and what is never quoted."""

import numpy as np
import pytest

import fastsci
from fastsci.chaos.prediction_time import agreement_time, valid_prediction_time
from tests.ensemble.models import same_bits

NORMS = ("deviation", "component", "length")


def first_crossing(truth, forecast, norm, threshold, climate=None):
    """Index of the first error above the threshold, by NumPy; the number of times where there is none."""
    states = truth if climate is None else climate
    error, centred = forecast - truth, states - states.mean(axis=0)
    if norm == "component":
        normalised = np.sqrt(((error / states.std(axis=0)) ** 2).mean(axis=1))
    else:
        states = centred if norm == "deviation" else states
        normalised = np.linalg.norm(error, axis=1) / np.sqrt((states**2).sum(axis=1).mean())
    beyond = normalised > threshold
    return int(beyond.argmax()) if beyond.any() else len(beyond)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("own_climate", [False, True])
def test_like_numpy(norm, own_climate):
    rng = np.random.default_rng(0)
    truth = rng.normal([5.0, 0.0, -1.0], [1.0, 10.0, 0.1], (20, 200, 3))
    forecast = truth + rng.normal(size=truth.shape) * np.exp(0.05 * np.arange(200))[:, np.newaxis] * 1e-2
    climate = 3.0 * rng.normal(size=(20, 50, 3)) if own_climate else None
    found = valid_prediction_time(truth, forecast, dt=0.5, norm=norm, climate=climate)
    for member in range(20):
        states = climate[member] if own_climate else None
        expected = first_crossing(truth[member], forecast[member], norm, 0.4, states)
        assert 0 < expected < 200
        assert found.time[member] == 0.5 * expected
        assert not found.censored[member]


def test_an_error_that_doubles():
    """Error 1e-6 exp(t) over the deviation 1 of the truth: 0.4 after log(4e5) of time, in Lyapunov times as well."""
    times = 0.01 * np.arange(2001)
    truth = np.sqrt(2.0) * np.sin(2.0 * np.pi * times / 0.2)
    forecast = truth + 1e-6 * np.exp(0.9 * times)
    exact = np.log(4e5) / 0.9
    found = valid_prediction_time(truth, forecast, dt=0.01)
    assert found.time == pytest.approx(exact, abs=0.011)
    assert found.censored is False
    in_lyapunov_times = valid_prediction_time(truth, forecast, dt=0.01, exponent=0.9)
    assert in_lyapunov_times.time == pytest.approx(0.9 * found.time, rel=1e-14)


def test_a_perfect_forecast_is_a_lower_bound():
    truth = np.random.default_rng(1).normal(size=(50, 2))
    found = valid_prediction_time(truth, truth, dt=0.1)
    assert found.time == pytest.approx(4.9)
    assert found.censored is True


def test_nothing_is_quoted_beyond_agreement():
    truth = np.random.default_rng(2).normal(size=(3, 100, 2))
    forecast = truth.copy()
    forecast[:, [20, 60, 80], :] += 100.0 * np.eye(3)[:, :, np.newaxis]
    found = valid_prediction_time(truth, forecast, dt=1.0, agreement_time=50.0)
    np.testing.assert_array_equal(found.time, [20.0, 50.0, 50.0])
    np.testing.assert_array_equal(found.censored, [False, True, True])
    found = valid_prediction_time(truth, forecast, dt=1.0, exponent=0.5, agreement_time=[20.0, 60.0, 79.5])
    np.testing.assert_array_equal(found.time, [10.0, 30.0, 39.75])
    np.testing.assert_array_equal(found.censored, [False, False, True])


def test_starts_a_little_apart_part_as_the_exponent_says():
    """The Lorenz system multiplies distances by exp(0.9056 t): a hundredth of one lasts log(100) / 0.9056 longer."""
    times = np.linspace(0.0, 45.0, 4501)
    starts = np.random.default_rng(3).normal([0.0, 0.0, 25.0], 5.0, (200, 3))

    def run(apart):
        y0 = starts + np.array([apart, 0.0, 0.0])
        result = fastsci.solve_ensemble(fastsci.systems.lorenz63, (0.0, 45.0), y0, dt=0.01, t_eval=times)
        return np.swapaxes(result.y, 1, 2)

    truth = run(0.0)
    near, far = (agreement_time(truth, run(apart), dt=0.01) for apart in (1e-10, 1e-8))
    assert (near < 45.0).all()
    assert (near - far).mean() == pytest.approx(np.log(100.0) / 0.9056, abs=0.4)
    found = valid_prediction_time(truth, run(1e-6), dt=0.01, agreement_time=near)
    assert (found.time <= near).all()
    assert not found.censored.any()


def test_agreement_is_the_last_time_before_they_part():
    first = np.array([1.0, -1.0, 1.0, -1.0, 1.0])
    second = first + np.array([0.0, 0.0, 1e-3, 0.5, 0.0])
    assert agreement_time(first, second, dt=0.1) == pytest.approx(0.2)
    assert agreement_time(first, second, dt=0.1, threshold=1.0) == pytest.approx(0.4)
    assert agreement_time(first, first + 1.0, dt=0.1) == 0.0


def test_not_finite():
    truth = np.random.default_rng(4).normal(size=(4, 30, 2))
    forecast = truth.copy()
    forecast[1, 12, 0], forecast[2, 5, 1] = np.nan, np.inf
    spoilt = truth.copy()
    spoilt[3, 20, 0] = np.nan
    found = valid_prediction_time(spoilt, forecast, dt=1.0)
    np.testing.assert_array_equal(found.time, [29.0, 12.0, 5.0, np.nan])
    np.testing.assert_array_equal(found.censored, [True, False, False, False])
    assert np.isnan(agreement_time(spoilt, truth, dt=1.0)).tolist() == [False, False, False, True]


def test_a_truth_that_never_moves():
    """Without an error there is none to divide; any other is beyond all deviation."""
    truth = np.full((10, 2), 0.1)
    assert valid_prediction_time(truth, truth, dt=1.0).censored
    forecast = truth.copy()
    forecast[4] += 1e-12
    assert valid_prediction_time(truth, forecast, dt=1.0).time == 4.0


@pytest.mark.parametrize("size", [2.0**-1000, 2.0**1000])
def test_units_do_not_matter(size):
    rng = np.random.default_rng(5)
    truth = rng.uniform(-1.0, 1.0, (6, 40, 3))
    forecast = truth + 0.01 * np.arange(40)[:, np.newaxis]
    for norm in NORMS:
        expected = valid_prediction_time(truth, forecast, dt=1.0, norm=norm)
        found = valid_prediction_time(truth * size, forecast * size, dt=1.0, norm=norm)
        assert same_bits(found.time, expected.time)


def test_company_and_threads_do_not_matter(monkeypatch):
    rng = np.random.default_rng(6)
    truth = rng.normal(size=(300, 50, 4))
    forecast = truth + 0.02 * np.arange(50)[:, np.newaxis] * rng.normal(size=truth.shape)
    monkeypatch.setenv("FASTSCI_NUM_THREADS", "3")
    together = valid_prediction_time(truth, forecast, dt=0.1)
    monkeypatch.setenv("FASTSCI_NUM_THREADS", "1")
    assert same_bits(together.time, valid_prediction_time(truth, forecast, dt=0.1).time)
    for member in (0, 99, 299):
        assert valid_prediction_time(truth[member], forecast[member], dt=0.1).time == together.time[member]


def test_any_real_array():
    whole = np.random.default_rng(7).integers(-5, 5, (60, 6))
    whole.setflags(write=False)
    truth, forecast = whole[::2, :3], whole[1::2, 3:]
    expected = valid_prediction_time(truth.astype(float), forecast.astype(float), dt=1.0, threshold=1.5)
    for kind in (np.asarray, np.float32, np.ndarray.tolist):
        assert valid_prediction_time(kind(truth), kind(forecast), dt=1.0, threshold=1.5) == expected


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"forecast": np.zeros((6, 2))}, "forecast"),
        ({"truth": np.zeros((0, 2)), "forecast": np.zeros((0, 2))}, "truth"),
        ({"dt": 0.0}, "dt"),
        ({"threshold": -1.0}, "threshold"),
        ({"norm": "max"}, "norm"),
        ({"exponent": 0.0}, "exponent"),
        ({"climate": np.zeros((9, 3))}, "climate"),
        ({"agreement_time": -1.0}, "agreement_time"),
        ({"agreement_time": np.nan}, "agreement_time"),
        ({"agreement_time": [1.0, 2.0]}, "agreement_time"),
    ],
)
def test_mistakes_are_named(options, name):
    given = {"truth": np.zeros((5, 2)), "forecast": np.zeros((5, 2)), "dt": 1.0, **options}
    with pytest.raises(ValueError, match=rf"^{name}: "):
        valid_prediction_time(**given)


def test_wrong_types_are_named():
    with pytest.raises(TypeError, match=r"^truth: "):
        valid_prediction_time(["a"], ["b"], dt=1.0)
    with pytest.raises(ValueError, match=r"^second: "):
        agreement_time(np.zeros(3), np.zeros(4), dt=1.0)
