"""Simplex projection and S-map: what a plain loop gives, what pyEDM gives, and what is true of known systems."""

import numpy as np
import pytest

from fastsci.chaos.forecast import simplex_forecast, smap_forecast
from tests.chaos.attractors import lorenz
from tests.ensemble.models import same_bits


def problem(x, dimension, delay, horizon, library=None, prediction=None):
    """Points and targets of the library with their times, and points to forecast from with theirs."""
    x, span = np.asarray(x, dtype=float), (dimension - 1) * delay
    start, end = library or (0, len(x))
    begin, stop = prediction or (0, len(x))
    learnt = np.arange(start + span, end - horizon)
    asked = np.arange(begin + span, stop)
    lags = np.arange(-span, 1, delay)
    return x[learnt[:, np.newaxis] + lags], x[learnt + horizon], learnt, x[asked[:, np.newaxis] + lags], asked


def simplex_loop(x, dimension, delay=1, horizon=1, theiler=0, neighbours=None, **ranges):
    points, targets, learnt, queries, asked = problem(x, dimension, delay, horizon, **ranges)
    count, predictions = neighbours or dimension + 1, []
    for query, time in zip(queries, asked, strict=True):
        distances = np.sqrt(((points - query) ** 2).sum(axis=1))
        distances[np.abs(learnt - time) <= theiler] = np.inf
        near = np.argsort(distances, kind="stable")[:count]
        weights = np.exp(-distances[near] / distances[near[0]])
        predictions.append((weights * targets[near]).sum() / weights.sum())
    return np.array(predictions)


def smap_loop(x, dimension, delay=1, horizon=1, theta=0.0, theiler=0, **ranges):
    """Coefficients about each point, by NumPy's least squares."""
    points, targets, learnt, queries, asked = problem(x, dimension, delay, horizon, **ranges)
    coefficients = []
    for query, time in zip(queries, asked, strict=True):
        allowed = np.abs(learnt - time) > theiler
        distances = np.sqrt(((points[allowed] - query) ** 2).sum(axis=1))
        weights = np.exp(-theta * distances / distances.mean())
        columns = np.column_stack([np.ones(allowed.sum()), points[allowed] - query]) * weights[:, np.newaxis]
        coefficients.append(np.linalg.lstsq(columns, targets[allowed] * weights, rcond=None)[0])
    return np.array(coefficients)


def logistic(n, r=3.8):
    x = [0.4]
    while len(x) < n:
        x.append(r * x[-1] * (1 - x[-1]))
    return np.array(x)


@pytest.fixture(scope="module")
def lorenz_x():
    return lorenz(3000, 1)[0, :, 0]


CASES = [
    {"dimension": 1},
    {"dimension": 3, "delay": 2},
    {"dimension": 2, "horizon": 5, "theiler": 9},
    {"dimension": 3, "library": (10, 150), "prediction": (140, 283)},
]


@pytest.mark.parametrize("case", CASES)
def test_simplex_like_a_loop(case):
    x = logistic(283) + 0.1 * np.random.default_rng(0).normal(size=283)
    np.testing.assert_allclose(simplex_forecast(x, **case).predictions, simplex_loop(x, **case), rtol=1e-12)


def test_simplex_by_a_tree_like_a_loop(lorenz_x):
    forecast = simplex_forecast(lorenz_x[:1500], dimension=3, delay=5, n_neighbours=6)
    expected = simplex_loop(lorenz_x[:1500], dimension=3, delay=5, neighbours=6)
    np.testing.assert_allclose(forecast.predictions, expected, rtol=1e-12)


def test_simplex_by_a_tree_with_a_library_of_its_own(lorenz_x):
    options = {"dimension": 3, "delay": 2, "theiler": 30, "library": (100, 1100), "prediction": (900, 1400)}
    forecast = simplex_forecast(lorenz_x, **options)
    np.testing.assert_allclose(forecast.predictions, simplex_loop(lorenz_x, **options), rtol=1e-12)


@pytest.mark.parametrize("theta", [0.0, 0.7, 6.0])
@pytest.mark.parametrize("case", CASES)
def test_smap_like_a_loop(case, theta):
    """Well-conditioned problems: to 1e-11, slopes included."""
    x = logistic(283) + 0.1 * np.random.default_rng(1).normal(size=283)
    forecast = smap_forecast(x, theta=theta, **case)
    expected = smap_loop(x, theta=theta, **case)
    np.testing.assert_allclose(forecast.predictions, expected[:, 0], rtol=1e-11)
    np.testing.assert_allclose(forecast.coefficients, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("theta", [0.0, 4.0, 50.0])
def test_smap_where_conditioning_enters(lorenz_x, theta):
    """Neighbouring samples of a flow all but repeat one another: condition numbers of 1e3 to 1e6, hence 1e-9."""
    forecast = smap_forecast(lorenz_x[:400], dimension=4, theta=theta)
    expected = smap_loop(lorenz_x[:400], dimension=4, theta=theta)
    np.testing.assert_allclose(forecast.predictions, expected[:, 0], rtol=1e-9, atol=1e-9)


def test_smap_of_points_in_a_subspace():
    """Two exact frequencies fill four dimensions of six: the shortest solution is NumPy's, to 1e-9."""
    time = np.arange(200)
    x = np.sin(0.9 * time) + np.cos(2.1 * time)
    expected = smap_loop(x, dimension=6, theta=1.0)
    forecast = smap_forecast(x, dimension=6, theta=1.0)
    np.testing.assert_allclose(forecast.predictions, expected[:, 0], atol=1e-9)
    np.testing.assert_allclose(forecast.coefficients, expected, atol=1e-9)
    np.testing.assert_allclose(forecast.predictions[:-1], forecast.observations[:-1], atol=1e-9)


def test_fewer_points_than_coefficients():
    x = np.random.default_rng(2).normal(size=40)
    ranges = {"library": (0, 7), "prediction": (7, 40)}
    expected = smap_loop(x, dimension=4, theta=2.0, **ranges)
    forecast = smap_forecast(x, dimension=4, theta=2.0, **ranges)
    np.testing.assert_allclose(forecast.coefficients, expected, atol=1e-9)


def test_like_pyedm():
    """PyEDM 2.5.7 on the same series: ``lib="1 200"``, ``pred="201 400"``, E=3, tau=-1, Tp=1, for the S-map knn=197.

    Without knn it leaves out the farthest point of the library.  Its rows count from 1 and its predictions begin with
    the point at row 201, whose first coordinate lies two before.
    """
    x, ranges = logistic(400), {"library": (0, 200), "prediction": (198, 400)}
    simplex = [0.8547235493432047, 0.49225418112813385, 0.9460638856872079, 0.18291488951502843, 0.5678525797981935]
    linear = [0.8012656787220942, 0.5478954075468536, 0.7222397989743065, 0.40325555877160923, 0.9310309824046371]
    local = [0.8470428389176948, 0.49190383360338785, 0.9490345176549593, 0.18255453037580782, 0.5645504088898508]
    forecast = simplex_forecast(x, dimension=3, **ranges)
    assert forecast.times[0] == 201
    assert len(forecast.times) == 200
    np.testing.assert_allclose(forecast.predictions[:5], simplex, rtol=1e-12)
    assert forecast.rho == pytest.approx(0.999795, abs=5e-7)
    assert forecast.rmse == pytest.approx(0.005091, abs=5e-7)
    forecast = smap_forecast(x, dimension=3, theta=[0.0, 8.0], **ranges)
    np.testing.assert_allclose(forecast.predictions[:, :5], [linear, local], rtol=1e-9)
    np.testing.assert_allclose(forecast.rho, [0.6638462072976952, 0.9999966496960606], rtol=1e-12)


def test_the_lorenz_system_is_forecast(lorenz_x):
    assert simplex_forecast(lorenz_x, dimension=3).rho > 0.99
    assert smap_forecast(lorenz_x, dimension=3, theta=3.0).rho > 0.99


def test_one_half_forecasts_the_other(lorenz_x):
    halves = {"library": (0, 1500), "prediction": (1500, 3000)}
    assert simplex_forecast(lorenz_x, dimension=3, delay=4, **halves).rho > 0.99


def test_chaos_forgets_and_noise_has_nothing_to_forecast():
    x = logistic(600, r=4.0 - 1e-9)
    skill = [simplex_forecast(x, dimension=2, horizon=horizon).rho for horizon in (1, 4, 12)]
    assert skill[0] > 0.999
    assert skill[0] > skill[1] > skill[2]
    assert abs(simplex_forecast(np.random.default_rng(3).normal(size=600), dimension=2).rho) < 0.15


def test_nonlinearity_shows_in_theta():
    nonlinear = smap_forecast(logistic(300), dimension=2, theta=[0.0, 4.0]).rho
    assert nonlinear[1] > nonlinear[0] + 0.2
    noise, linear = np.random.default_rng(4).normal(size=400), [0.0, 0.0]
    for push in noise:
        linear.append(1.6 * linear[-1] - 0.8 * linear[-2] + push)
    scan = smap_forecast(linear, dimension=2, theta=[0.0, 4.0]).rho
    assert scan[0] > scan[1] > 0.5


def test_a_linear_recursion_is_found_exactly():
    x = [1.0, 0.9]
    for _ in range(60):
        x.append(1.7 * x[-1] - 0.95 * x[-2] + 0.3)
    forecast = smap_forecast(x, dimension=2, theta=[0.0, 2.0])
    np.testing.assert_allclose(forecast.coefficients[..., 1:], np.broadcast_to([-0.95, 1.7], (2, 61, 2)), rtol=1e-10)
    np.testing.assert_allclose(forecast.predictions[:, :-1], [forecast.observations[:-1]] * 2, rtol=1e-10, atol=1e-10)


def test_times_and_observations():
    x = np.random.default_rng(5).normal(size=50)
    forecast = simplex_forecast(x, dimension=3, delay=2, horizon=4, prediction=(20, 50))
    np.testing.assert_array_equal(forecast.times, np.arange(28, 54))
    np.testing.assert_array_equal(forecast.observations[:22], x[28:])
    assert np.isnan(forecast.observations[22:]).all()
    assert np.isfinite(forecast.predictions).all()


def test_skill_is_what_numpy_says(lorenz_x):
    forecast = simplex_forecast(lorenz_x, dimension=2, delay=3, horizon=10)
    f, y = forecast.predictions[:-10], forecast.observations[:-10]
    assert forecast.rho == pytest.approx(np.corrcoef(f, y)[0, 1], rel=1e-12)
    assert forecast.mae == pytest.approx(np.abs(f - y).mean(), rel=1e-12)
    assert forecast.rmse == pytest.approx(np.sqrt(((f - y) ** 2).mean()), rel=1e-12)


def test_shapes():
    x = np.random.default_rng(6).normal(size=(4, 60))
    one, many = smap_forecast(x[0], dimension=2, theta=1.0), smap_forecast(x, dimension=2, theta=[0.0, 1.0])
    assert one.predictions.shape == one.observations.shape == one.times.shape == (59,)
    assert one.coefficients.shape == (59, 3)
    assert isinstance(one.rho, float)
    assert many.predictions.shape == (4, 2, 59)
    assert many.observations.shape == (4, 59)
    assert many.rho.shape == many.mae.shape == many.rmse.shape == (4, 2)
    assert same_bits(many.predictions[0, 1], one.predictions)
    assert simplex_forecast(x, dimension=2).rho.shape == (4,)
    assert simplex_forecast(x, dimension=2).coefficients is None


@pytest.mark.parametrize("n", [100, 800])
def test_company_and_threads_do_not_matter(monkeypatch, n):
    x = np.cumsum(np.random.default_rng(7).normal(size=(3, n)), axis=1)
    x[1] *= 1e6
    x[2, n // 2] = np.inf
    monkeypatch.setenv("FASTSCI_NUM_THREADS", "3")
    together = simplex_forecast(x, dimension=3), smap_forecast(x, dimension=2, theta=[1.0, 9.0])
    monkeypatch.setenv("FASTSCI_NUM_THREADS", "1")
    for series in range(3):
        alone = simplex_forecast(x[series], dimension=3), smap_forecast(x[series], dimension=2, theta=[1.0, 9.0])
        for one, all_of_them in zip(alone, together, strict=True):
            assert same_bits(one.predictions, all_of_them.predictions[series])
            np.testing.assert_array_equal(one.rho, all_of_them.rho[series])


@pytest.mark.parametrize("method", [simplex_forecast, smap_forecast])
def test_gaps_are_left_out(method):
    x = logistic(200)
    x[[50, 51, 120]] = [np.nan, np.inf, np.nan]
    forecast = method(x, dimension=2, horizon=2)
    blind = np.isin(forecast.times - 2, [50, 51, 52, 120, 121])
    assert np.isnan(forecast.predictions[blind]).all()
    assert np.isfinite(forecast.predictions[~blind]).all()
    assert forecast.mae < 0.5


def test_a_constant_series_is_forecast_and_has_no_correlation():
    for forecast in (simplex_forecast(np.full(30, 0.1), dimension=2), smap_forecast(np.full(30, 0.1), dimension=2)):
        np.testing.assert_allclose(forecast.predictions, 0.1, rtol=1e-14)
        assert np.isnan(forecast.rho)
        assert forecast.rmse < 1e-15


@pytest.mark.parametrize("method", [simplex_forecast, smap_forecast])
def test_nothing_to_learn_from(method):
    forecast = method(np.arange(20.0), dimension=2, theiler=100)
    assert np.isnan(forecast.predictions).all()
    assert np.isnan([forecast.rho, forecast.mae, forecast.rmse]).all()
    assert np.isnan(method(np.full(20, np.nan), dimension=2).predictions).all()


@pytest.mark.parametrize("size", [2.0**-900, 2.0**900])
def test_units_do_not_matter(size):
    x = logistic(120)
    for method in (simplex_forecast, smap_forecast):
        expected, found = method(x, dimension=2), method(x * size, dimension=2)
        assert same_bits(found.predictions, expected.predictions * size)
        assert found.rmse == expected.rmse * size
        assert found.rho == expected.rho


def test_any_real_array():
    x = np.random.default_rng(8).integers(0, 50, 160)
    x.setflags(write=False)
    for method in (simplex_forecast, smap_forecast):
        expected = method(x[::2].astype(float), dimension=2).predictions
        for given in (x[::2], x[::2].astype(np.float32), x[::2].tolist()):
            assert same_bits(method(given, dimension=2).predictions, expected)


@pytest.mark.parametrize("method", [simplex_forecast, smap_forecast])
@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"dimension": 0}, "dimension"),
        ({"delay": 0}, "delay"),
        ({"horizon": 0}, "horizon"),
        ({"dimension": 30}, "x"),
        ({"theiler": -1}, "theiler"),
        ({"library": (0, 3)}, "library"),
        ({"library": (0, 31)}, "library"),
        ({"prediction": (5, 6)}, "prediction"),
        ({"prediction": (-2, 20)}, "prediction"),
    ],
)
def test_mistakes_are_named(method, options, name):
    with pytest.raises(ValueError, match=rf"^{name}: "):
        method(np.arange(30.0), **{"dimension": 3, **options})


def test_other_mistakes_are_named():
    x = np.arange(30.0)
    for theta in (-1.0, np.nan, [], [[0.0]]):
        with pytest.raises(ValueError, match=r"^theta: "):
            smap_forecast(x, dimension=2, theta=theta)
    with pytest.raises(ValueError, match=r"^n_neighbours: "):
        simplex_forecast(x, dimension=2, n_neighbours=0)
    with pytest.raises(TypeError, match=r"^library: "):
        simplex_forecast(x, dimension=2, library=10)
    with pytest.raises(TypeError, match=r"^x: "):
        simplex_forecast(["a"] * 30, dimension=2)
    with pytest.raises(ValueError, match=r"^x: "):
        smap_forecast([], dimension=2)
