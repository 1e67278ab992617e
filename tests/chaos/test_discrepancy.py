"""The maximum mean discrepancy: against the whole matrix, closed forms, and what two samples say."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import pairwise

from fastsci.chaos.discrepancy import maximum_mean_discrepancy
from tests.chaos.attractors import lorenz


def naive(x, y, matrix, unbiased):
    """From all entries of the three matrices, the diagonals left out or not."""
    means = []
    for points in (x, y):
        entries, count = matrix(points, points), len(points)
        total = entries.sum() - np.trace(entries) if unbiased else entries.sum()
        means.append(total / (count * (count - 1) if unbiased else count**2))
    return sum(means) - 2.0 * matrix(x, y).mean()


def gaussian(widths):
    def matrix(x, y):
        squares = ((x[:, None] - y[None]) ** 2).sum(-1)
        return np.mean([np.exp(-0.5 * squares / width**2) for width in widths], axis=0)

    return matrix


def laplacian(widths):
    def matrix(x, y):
        return np.mean([np.exp(-np.abs(x[:, None] - y[None]).sum(-1) / width) for width in widths], axis=0)

    return matrix


@pytest.mark.parametrize("unbiased", [True, False])
@pytest.mark.parametrize(("kernel", "of_widths"), [("gaussian", gaussian), ("laplacian", laplacian)])
@pytest.mark.parametrize("widths", [[1.0], [0.3, 2.0, 5.0]])
@pytest.mark.parametrize(("n", "m", "dim"), [(2, 2, 1), (7, 9, 2), (64, 33, 3), (250, 101, 6)])
def test_against_the_whole_matrix(n, m, dim, widths, kernel, of_widths, unbiased):
    rng = np.random.default_rng(n)
    x, y = rng.normal(size=(n, dim)), 0.5 + rng.normal(size=(m, dim))
    found = maximum_mean_discrepancy(x, y, kernel=kernel, bandwidth=widths, unbiased=unbiased)
    assert found == pytest.approx(naive(x, y, of_widths(widths), unbiased), abs=1e-12)


@pytest.mark.parametrize(
    ("kernel", "peer"),
    [
        ("gaussian", lambda x, y: pairwise.rbf_kernel(x, y, gamma=0.5 / 1.7**2)),
        ("laplacian", lambda x, y: pairwise.laplacian_kernel(x, y, gamma=1.0 / 1.7)),
    ],
)
def test_against_the_kernels_of_scikit_learn(kernel, peer):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(300, 4)), rng.uniform(-2.0, 2.0, (200, 4))
    for unbiased in (True, False):
        found = maximum_mean_discrepancy(x, y, kernel=kernel, bandwidth=1.7, unbiased=unbiased)
        assert found == pytest.approx(naive(x, y, peer, unbiased), abs=1e-12)


def between_gaussians(shift, width, dim):
    """Of two normal distributions of unit variance, ``shift`` apart, for the Gaussian kernel."""
    same = (width**2 / (width**2 + 2.0)) ** (dim / 2.0)
    return 2.0 * same * (1.0 - math.exp(-(shift**2) / (2.0 * (width**2 + 2.0))))


@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_the_unbiased_form_has_the_true_mean(shift):
    rng = np.random.default_rng(5)
    found = []
    for _ in range(400):
        x, y = rng.normal(size=(2, 20, 3))
        y[:, 0] += shift
        found.append(maximum_mean_discrepancy(x, y, bandwidth=1.5))
    error = np.std(found) / math.sqrt(len(found))
    assert np.mean(found) == pytest.approx(between_gaussians(shift, 1.5, 3), abs=4.0 * error)
    assert min(found) < 0.0 or shift > 0.0


def test_large_samples_have_the_closed_form():
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(2, 6000, 2))
    found = maximum_mean_discrepancy(x, y + np.array([1.0, 0.0]), bandwidth=1.0)
    assert found == pytest.approx(between_gaussians(1.0, 1.0, 2), rel=0.1)


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(2, 30), st.sampled_from(["gaussian", "laplacian"]))
@settings(max_examples=50)
def test_symmetry_scale_and_sign(seed, n, m, kernel):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, 3)), rng.normal(size=(m, 3))
    there = maximum_mean_discrepancy(x, y, kernel=kernel, unbiased=False)
    assert there >= 0.0
    assert maximum_mean_discrepancy(y, x, kernel=kernel, unbiased=False) == pytest.approx(there, abs=1e-13)
    assert maximum_mean_discrepancy(8.0 * x, 8.0 * y, kernel=kernel, unbiased=False) == pytest.approx(there, abs=1e-13)
    assert maximum_mean_discrepancy(x, x[::-1], kernel=kernel, unbiased=False) == pytest.approx(0.0, abs=1e-14)


def test_the_median_is_that_of_all_distances():
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(40, 2)), rng.normal(size=(31, 2))
    points = np.concatenate([x, y])
    offsets = np.array([points[i] - points[j] for i in range(71) for j in range(i)])
    for kernel, distances in (("gaussian", np.hypot(*offsets.T)), ("laplacian", np.abs(offsets).sum(1))):
        explicit = maximum_mean_discrepancy(x, y, kernel=kernel, bandwidth=np.median(distances))
        assert maximum_mean_discrepancy(x, y, kernel=kernel) == pytest.approx(explicit, abs=1e-14)


def test_the_same_attractor_is_nearer_than_another():
    first, second = lorenz(1500, 2)
    (other,) = lorenz(1500, 1, rho=40.0)
    near, far = (maximum_mean_discrepancy(first, points) for points in (second, other))
    assert abs(near) < 0.2 * far


def test_threads_do_not_change_a_bit(monkeypatch):
    x, y = np.random.default_rng(8).normal(size=(2, 1000, 3))
    found = set()
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
        found.add(maximum_mean_discrepancy(x, y, bandwidth=1.0))
    assert len(found) == 1


def test_special_samples():
    x, y = np.random.default_rng(9).normal(size=(2, 20, 2))
    for bad in (np.nan, np.inf):
        spoiled = x.copy()
        spoiled[3, 1] = bad
        assert np.isnan(maximum_mean_discrepancy(spoiled, y))
        assert np.isnan(maximum_mean_discrepancy(y, spoiled, bandwidth=1.0))
    flat = np.ones((10, 2))
    assert np.isnan(maximum_mean_discrepancy(flat, flat))
    assert maximum_mean_discrepancy(flat, flat, bandwidth=1.0) == 0.0
    assert maximum_mean_discrepancy(flat, flat + 1e6, bandwidth=1.0) == 2.0
    assert maximum_mean_discrepancy([[0.0]], [[1.0]], bandwidth=1.0, unbiased=False) == pytest.approx(
        2.0 - 2.0 * math.exp(-0.5), abs=1e-15
    )


def test_any_array_of_numbers():
    rng = np.random.default_rng(10)
    x, y = rng.integers(-9, 9, (2, 30, 3))
    expected = maximum_mean_discrepancy(x.astype(float), y.astype(float))
    for kind in (np.float32, np.int16, np.int64):
        assert maximum_mean_discrepancy(x.astype(kind), y.astype(kind)) == expected
    frozen = np.asfortranarray(x)
    frozen.flags.writeable = False
    assert maximum_mean_discrepancy(frozen, np.repeat(y, 2, axis=0)[::2]) == expected


@pytest.mark.parametrize(
    ("changes", "error", "names"),
    [
        ({"x": np.zeros(9)}, ValueError, "x"),
        ({"x": np.zeros((1, 3))}, ValueError, "x"),
        ({"x": np.zeros((0, 3)), "unbiased": False}, ValueError, "x"),
        ({"y": np.zeros((9, 2))}, ValueError, "y"),
        ({"y": np.zeros((9, 3, 1))}, ValueError, "y"),
        ({"y": [["a"] * 3] * 9}, TypeError, "y"),
        ({"kernel": "cubic"}, ValueError, "kernel"),
        ({"bandwidth": "mean"}, ValueError, "bandwidth"),
        ({"bandwidth": 0.0}, ValueError, "bandwidth"),
        ({"bandwidth": []}, ValueError, "bandwidth"),
        ({"bandwidth": [1.0, np.nan]}, ValueError, "bandwidth"),
        ({"bandwidth": None}, TypeError, "bandwidth"),
    ],
)
def test_mistakes_are_named(changes, error, names):
    arguments = {"x": np.ones((9, 3)), "y": np.zeros((9, 3)), **changes}
    with pytest.raises(error, match=f"^{names}: "):
        maximum_mean_discrepancy(arguments.pop("x"), arguments.pop("y"), **arguments)
