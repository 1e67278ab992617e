"""Sparse Bayesian learning against a dense reference, exact posteriors, and how often error bars hold the truth."""

import numpy as np
import pytest
from scipy import stats

from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.relevance import RVM, rvm


def sparse_problem(seed, n=100, p=20, k=4, noise=0.3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * 10.0 ** rng.uniform(-2, 2, p)
    truth = np.zeros(p)
    chosen = rng.choice(p, k, replace=False)
    truth[chosen] = (
        rng.choice([-1.0, 1.0], k) * rng.uniform(0.5, 2.0, k) / np.linalg.norm(X[:, chosen], axis=0) * n**0.5
    )
    return X, X @ truth + noise * rng.normal(size=n), truth


def log_evidence(X, y, precision, noise):
    """Logarithm of the density of the target, ``N(0, noise + X diag(1 / precision) X')``, written out."""
    covariance = noise * np.eye(len(y)) + (X / precision) @ X.T
    return stats.multivariate_normal(np.zeros(len(y)), covariance, allow_singular=False).logpdf(y)


def expectation_maximisation(X, y, n_iter):
    """Tipping's (2001) updates of all precisions at once, on the dense design."""
    precision, noise = np.full(X.shape[1], 1.0), 0.1 * np.var(y)
    for _ in range(n_iter):
        covariance = np.linalg.inv(X.T @ X / noise + np.diag(precision))
        mean = covariance @ X.T @ y / noise
        determined = 1.0 - precision * np.diag(covariance)
        noise = (np.sum((y - X @ mean) ** 2) + noise * determined.sum()) / len(y)
        precision = np.minimum(1.0 / (mean**2 + np.diag(covariance)), 1e12)
    return mean, precision, noise


@pytest.mark.parametrize("seed", range(8))
def test_posterior_and_evidence_are_those_of_the_normal_distribution(seed):
    X, y, _ = sparse_problem(seed)
    model = RVM().fit(X, y)
    active = np.isfinite(model.precision_[0])
    chosen, precision, noise = X[:, active], model.precision_[0, active], model.noise_std_[0] ** 2
    covariance = np.linalg.inv(chosen.T @ chosen / noise + np.diag(precision))
    np.testing.assert_allclose(model.covariance_[0][np.ix_(active, active)], covariance, rtol=1e-8, atol=1e-14)
    np.testing.assert_allclose(model.coef_[active], covariance @ chosen.T @ y / noise, rtol=1e-9)
    np.testing.assert_allclose(model.coef_std_[0, active], np.sqrt(np.diag(covariance)), rtol=1e-9)
    assert not model.coef_[~active].any()
    assert not model.coef_std_[0, ~active].any()
    assert model.log_evidence_[0] == pytest.approx(log_evidence(chosen, y, precision, noise), rel=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_dense_expectation_maximisation_reaches_no_more_evidence(seed):
    X, y, _ = sparse_problem(seed, p=10)
    X = X / np.linalg.norm(X, axis=0) * 10.0
    mean, precision, noise = expectation_maximisation(X, y, 20_000)
    model = RVM(tol=1e-10).fit(X, y)
    assert model.converged_.all()
    assert model.log_evidence_[0] >= log_evidence(X, y, precision, noise) - 1e-4
    np.testing.assert_allclose(model.coef_, mean, atol=2e-4)
    assert model.noise_std_[0] ** 2 == pytest.approx(noise, rel=1e-4)


@pytest.mark.parametrize("noise", [1e-6, 1e-3, 0.3, 10.0])
@pytest.mark.parametrize("prior_odds", [0.0, 3.0])
def test_evidence_never_falls(noise, prior_odds):
    for seed in range(10):
        X, y, _ = sparse_problem(seed, n=60, p=40, noise=noise)
        model = RVM(prior_odds=prior_odds).fit(X, y)
        assert model.converged_.all()
        path = model.evidence_path_[0]
        assert np.diff(path).min(initial=0.0) > -1e-8 * np.abs(path).max()
        assert path[-1] == pytest.approx(model.log_evidence_[0] - prior_odds * np.count_nonzero(model.coef_), rel=1e-9)


def test_no_single_change_raises_the_evidence():
    """At the end every precision is at its best, given the others, among a fine grid and infinity."""
    X, y, _ = sparse_problem(1, p=12)
    model = RVM(tol=1e-10).fit(X, y)
    precision, noise = np.minimum(model.precision_[0], 1e30), model.noise_std_[0] ** 2
    reached = log_evidence(X, y, precision, noise)
    for column in range(12):
        unit = np.sum(X[:, column] ** 2)
        for value in np.append(10.0 ** np.linspace(-6, 6, 61) * unit, 1e30):
            other = precision.copy()
            other[column] = value
            assert log_evidence(X, y, other, noise) <= reached + 1e-6


def test_error_bars_hold_the_truth_as_often_as_they_say():
    """Two standard deviations of a normal distribution hold 95.4 %: within the binomial bounds of 800 coefficients."""
    inside = total = 0
    for seed in range(200):
        X, y, truth = sparse_problem(seed, n=200, noise=0.2)
        coef, error = rvm(X, y, threshold=3.0)
        there = truth != 0
        assert (coef[there] != 0).all()
        inside += int((np.abs(coef - truth) <= 2.0 * error)[there].sum())
        total += int(there.sum())
    low, high = stats.binom.interval(0.999, total, stats.norm.cdf(2.0) - stats.norm.cdf(-2.0))
    assert low <= inside <= high


def test_noise_is_learned():
    found = [RVM(threshold=3.0).fit(*sparse_problem(seed, n=400, noise=0.25)[:2]).noise_std_[0] for seed in range(20)]
    assert np.mean(found) == pytest.approx(0.25, rel=0.02)
    assert np.std(found) < 0.02


@pytest.mark.parametrize("options", [{"threshold": 4.0}, {"prior_odds": 6.0}])
def test_sparse_supports_are_found(options):
    """Evidence alone keeps terms that are not there; either remedy takes them out."""
    right = plain = 0
    for seed in range(40):
        X, y, truth = sparse_problem(seed, n=150, p=40, noise=0.2)
        right += bool(((rvm(X, y, **options)[0] != 0) == (truth != 0)).all())
        plain += bool(((rvm(X, y)[0] != 0) == (truth != 0)).all())
    assert plain < 20 < 38 <= right


def test_given_noise_is_kept():
    X, y, _ = sparse_problem(0)
    model = RVM(noise_std=0.7).fit(X, y)
    assert model.noise_std_[0] == pytest.approx(0.7, rel=1e-14)
    assert np.diff(model.evidence_path_[0]).min() >= 0


def test_units_do_not_matter():
    X, y, _ = sparse_problem(2)
    units = 10.0 ** np.linspace(-5, 5, 20)
    coef, error = rvm(X, y)
    scaled = rvm(X * units, 1e-4 * y)
    np.testing.assert_allclose(scaled[0] * units * 1e4, coef, rtol=1e-8)
    np.testing.assert_allclose(scaled[1] * units * 1e4, error, rtol=1e-8)


def test_exact_data_stop_at_the_rounding_of_the_sums():
    X, y, truth = sparse_problem(3, noise=0.0)
    model = RVM().fit(X, y)
    np.testing.assert_allclose(model.coef_, truth, rtol=1e-6, atol=1e-12)
    assert model.converged_.all()
    assert model.noise_std_[0] <= 1e-7 * np.sqrt(np.mean(y**2))


def test_targets_and_sums_one_by_one():
    X, y, _ = sparse_problem(4)
    Y = np.stack((y, np.roll(y, 1), np.zeros_like(y)), axis=1)
    coef, error = rvm(X, Y)
    assert not coef[2].any()
    for column in range(3):
        one = rvm(NormalEquations.of(X, Y[:, column : column + 1]))
        np.testing.assert_allclose(coef[column], one[0], rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(error[column], one[1], rtol=1e-9, atol=1e-14)


def kuramoto_sivashinsky(length, modes, dt, n_times, start=400.0):
    """Field (n_times, modes) on the attractor, by fourth-order exponential time differencing.

    Cox and Matthews, J. Comput. Phys. 176 (2002) 430, with the contour integrals of Kassam and Trefethen, SIAM J. Sci.
    Comput. 26 (2005) 1214.
    """
    k = 2 * np.pi / length * np.fft.rfftfreq(modes, 1.0 / modes)
    linear = k**2 - k**4
    whole, half = np.exp(dt * linear), np.exp(dt * linear / 2)
    points = dt * linear[:, None] + np.exp(1j * np.pi * (np.arange(32) + 0.5) / 32)
    grown = np.exp(points)
    halfway = dt * ((np.exp(points / 2) - 1) / points).mean(axis=1).real
    first = dt * ((-4 - points + grown * (4 - 3 * points + points**2)) / points**3).mean(axis=1).real
    middle = dt * ((2 + points + grown * (points - 2)) / points**3).mean(axis=1).real
    last = dt * ((-4 - 3 * points - points**2 + grown * (4 - points)) / points**3).mean(axis=1).real
    kept = np.arange(k.size) <= modes // 3

    def advection(v):
        return -0.5j * k * np.fft.rfft(np.fft.irfft(v, modes) ** 2) * kept

    x = length * np.arange(modes) / modes
    v = np.fft.rfft(np.cos(2 * np.pi * x / length) * (1 + np.sin(4 * np.pi * x / length)))
    saved = np.empty((n_times, modes))
    for step in range(int(start / dt) + n_times):
        if step >= int(start / dt):
            saved[step - int(start / dt)] = np.fft.irfft(v, modes)
        here = advection(v)
        a = half * v + halfway * here
        there = advection(a)
        b = half * v + halfway * there
        beyond = advection(b)
        c = half * a + halfway * (2 * beyond - here)
        v = whole * v + first * here + 2 * middle * (there + beyond) + last * advection(c)
    return saved


def test_the_missing_term_of_a_model_is_found_with_its_error():
    """As in Mojgani, Chattopadhyay and Hassanzadeh, Chaos 32 (2022) 061105: what u u_x + u_xx leave out of u_t."""
    length, dt = 32 * np.pi, 0.05
    field = kuramoto_sivashinsky(length, 256, dt, 1204)
    k = 2j * np.pi / length * np.fft.rfftfreq(256, 1.0 / 256)
    steps = np.arange(2, 1202, 40)
    u = field[steps]
    derivatives = [np.fft.irfft(k**order * np.fft.rfft(u), 256) for order in range(5)]
    change = (field[steps - 2] - 8 * field[steps - 1] + 8 * field[steps + 1] - field[steps + 2]) / (12 * dt)
    rng = np.random.default_rng(0)
    error = change + u * derivatives[1] + derivatives[2]
    error += 0.1 * error.std() * rng.normal(size=error.shape)
    columns = {"1": np.ones_like(u), "u": u, "u^2": u**2}
    for order in range(1, 5):
        columns[f"u_{order}"], columns[f"u u_{order}"] = derivatives[order], u * derivatives[order]
    library = np.stack([column.ravel() for column in columns.values()], axis=1)
    coef, stderr = rvm(library, error.ravel(), threshold=4.0)
    found = dict(zip(columns, zip(coef, stderr, strict=True), strict=True))
    assert [name for name, (value, _) in found.items() if value] == ["u_4"]
    value, spread = found["u_4"]
    assert value == pytest.approx(-1.0, abs=0.05)
    assert abs(value + 1.0) < 2.0 * spread < 0.05


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"threshold": -1.0}, "threshold"),
        ({"prior_odds": np.nan}, "prior_odds"),
        ({"tol": -1.0}, "tol"),
        ({"noise_std": 0.0}, "noise_std"),
        ({"max_iter": 0}, "max_iter"),
    ],
)
def test_errors_name_the_parameter(options, name):
    with pytest.raises(ValueError, match=name):
        rvm(np.eye(3), np.ones(3), **options)


def test_hostile_arrays():
    broken = np.eye(4)
    broken[2, 0] = np.inf
    with pytest.raises(ValueError, match="theta: row 2"):
        rvm(broken, np.ones(4))
    with pytest.raises(ValueError, match="target: has shape"):
        rvm(np.eye(4), np.ones(3))
