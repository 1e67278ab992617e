"""How many singular values suffice, and what the others amount to."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsci.lowrank.economy import METHODS, economy_svd
from fastsci.lowrank.truncation import median_of_noise, noise_threshold, svd_rank_for, truncation_error


def spectrum(m, n, values, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)

    def orthonormal(rows):
        draws = rng.normal(size=(rows, len(values)))
        if np.dtype(dtype).kind == "c":
            draws = draws + 1j * rng.normal(size=draws.shape)
        return np.linalg.qr(draws)[0]

    return ((orthonormal(m) * values) @ orthonormal(n).conj().T).astype(dtype)


def pulse(n_space=400, n_times=120):
    """A Gaussian pulse that travels around a circle, its height changing on the way."""
    x = np.linspace(0.0, 1.0, n_space, endpoint=False)
    shifts = np.arange(n_times) * 3
    shape = np.exp(-0.5 * ((x - 0.3) / 0.015) ** 2)
    heights = 1.0 + 0.2 * np.sin(np.linspace(0, 5, n_times))
    return np.stack([height * np.roll(shape, shift) for height, shift in zip(heights, shifts, strict=True)], axis=1)


def registered(snapshots):
    """Each snapshot shifted to where it agrees with the first best, by the peak of their circular correlation."""
    spectra = np.fft.rfft(snapshots, axis=0)
    correlation = np.fft.irfft(spectra * spectra[:, :1].conj(), len(snapshots), axis=0)
    shifts = correlation.argmax(axis=0)
    return np.stack([np.roll(column, -shift) for column, shift in zip(snapshots.T, shifts, strict=True)], axis=1)


@pytest.mark.parametrize("shape", [(60, 40), (40, 60), (300, 20)])
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_squared_error_is_the_sum_of_dropped_squares(shape, dtype):
    matrix = spectrum(*shape, np.arange(1, 1 + min(shape)) ** -0.8, dtype=dtype)
    left, values, right = economy_svd(matrix)
    for rank in range(len(values) + 1):
        remainder = np.linalg.norm(matrix - (left[:, :rank] * values[:rank]) @ right[:rank])
        error = truncation_error(values, rank)
        np.testing.assert_allclose(remainder**2, np.sum(values[rank:] ** 2), rtol=1e-10, atol=1e-26)
        np.testing.assert_allclose(error, remainder, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(
            truncation_error(matrix, rank, relative=True), error / np.linalg.norm(matrix), atol=1e-14
        )


def test_small_errors_keep_their_digits_at_any_scale():
    for scale in (1e-200, 1.0, 1e200):
        values = np.array([1.0, 1e-9, 1e-12]) * scale
        np.testing.assert_allclose(
            truncation_error(values, [0, 1, 2, 3]), scale * np.array([1.0, 1e-9, 1e-12, 0.0]), rtol=1e-6
        )
        assert svd_rank_for(values, 1e-10) == 2


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.floats(0, 1.2))
def test_rank_is_the_smallest_that_meets_the_tolerance(values, tol):
    values = np.sort(values)[::-1]
    rank = svd_rank_for(values, tol)
    slack = 1 + 1e-12
    assert truncation_error(values, rank, relative=True) <= tol * slack
    if rank:
        assert truncation_error(values, rank - 1, relative=True) * slack >= tol
    if 0 < tol < 1:
        energy = 1 - tol**2
        if energy > 0:
            assert abs(svd_rank_for(values, energy=energy) - rank) <= np.sum(
                np.isclose(truncation_error(values, np.arange(len(values) + 1), relative=True) ** 2, tol**2, atol=1e-14)
            )


def test_the_error_of_a_rank_asks_for_that_rank():
    values = np.random.default_rng(1).exponential(size=50).cumsum()[::-1]
    for rank in range(51):
        assert svd_rank_for(values, truncation_error(values, rank, relative=True)) == rank
    assert svd_rank_for(np.zeros(5), 0.0) == 0
    assert svd_rank_for(np.zeros((4, 3)), 0.1) == 0
    assert svd_rank_for([2.0, 1.0, 0.0], 0) == 2


def test_leading_values_and_the_norm_are_enough():
    values = np.arange(1, 101.0) ** -1.0
    squares = float(np.sum(values**2))
    for tol in (0.5, 0.3, 0.2):
        assert svd_rank_for(values[:40], tol, squares=squares) == svd_rank_for(values, tol)
    np.testing.assert_allclose(
        truncation_error(values[:40], 20, squares=squares), truncation_error(values, 20), rtol=1e-12
    )
    with pytest.raises(ValueError, match=r"the 10 singular values given leave an error of 0\.228"):
        svd_rank_for(values[:10], 0.1, squares=squares)
    with pytest.raises(ValueError, match=r"squares: is 0\.5"):
        svd_rank_for(values, 0.1, squares=0.5)


def test_a_travelling_pulse_has_no_low_rank_until_it_is_registered():
    snapshots = pulse()
    assert svd_rank_for(snapshots, energy=0.999) >= 20
    assert svd_rank_for(registered(snapshots), energy=0.999) <= 2


def test_threshold_for_known_noise():
    np.testing.assert_allclose(noise_threshold((90, 90), noise=1.0), 4 / np.sqrt(3) * np.sqrt(90))
    np.testing.assert_allclose(noise_threshold((1, 10**8), noise=1.0), np.sqrt(2e8), rtol=1e-7)
    assert noise_threshold((7, 30), noise=2.0) == 2 * noise_threshold((30, 7), noise=1.0)


def test_known_threshold_has_the_least_error():
    rng = np.random.default_rng(0)
    # At the threshold, and only there, keeping a component costs what leaving it out does (Gavish and Donoho, 2014):
    # this singular value of the signal is the one whose noisy counterpart lies there.
    size = 800
    threshold = noise_threshold((size, size), noise=1.0) / np.sqrt(size)
    strength = np.sqrt((threshold**2 - 2 + np.sqrt((threshold**2 - 2) ** 2 - 4)) / 2)
    worth = []
    for _ in range(6):
        signal = strength * np.sqrt(size) * np.outer(*(rng.normal(size=(2, size)) / np.sqrt(size)))
        left, values, right = np.linalg.svd(signal + rng.normal(size=(size, size)))
        worth.append(np.linalg.norm(signal - values[0] * np.outer(left[:, 0], right[0])) / np.linalg.norm(signal))
    np.testing.assert_allclose(np.mean(worth), 1.0, atol=0.03)


@pytest.mark.parametrize("beta", [1e-3, 0.1, 0.5, 0.9, 0.999, 1.0])
def test_median_of_noise_halves_the_law(beta):
    low, high = (1 - np.sqrt(beta)) ** 2, (1 + np.sqrt(beta)) ** 2

    def density(t):
        return mpmath.sqrt((high - t) * (t - low)) / (2 * mpmath.pi * beta * t)

    median = median_of_noise(beta)
    mass = mpmath.quad(density, [median, 0.5 * (median + high), high])
    assert abs(mass - 0.5) < 1e-12


def test_threshold_for_unknown_noise():
    # Table IV of Gavish and Donoho (2014).
    for rows, expected in ((1, 1.5194), (2, 1.6089), (5, 1.8371), (10, 2.1711), (15, 2.5011), (20, 2.8582)):
        assert round(noise_threshold((rows, 20), singular_values=[1.0] * rows), 4) == pytest.approx(expected, abs=6e-4)
    rng = np.random.default_rng(2)
    for shape in ((300, 400), (200, 1000)):
        signal = spectrum(*shape, np.array([200.0, 150.0, 120.0]))
        noisy = signal + 0.7 * rng.normal(size=shape)
        values = np.linalg.svd(noisy, compute_uv=False)
        found = noise_threshold(shape, singular_values=values)
        np.testing.assert_allclose(found, noise_threshold(shape, noise=0.7), rtol=0.02)
        assert np.count_nonzero(values > found) == 3


@pytest.mark.parametrize("method", [*METHODS, None])
@pytest.mark.parametrize("shape", [(200, 30), (30, 200), (50, 40), (1, 7), (7, 1), (5, 5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_economy_svd(method, shape, dtype):
    count = min(shape)
    matrix = spectrum(*shape, np.geomspace(1.0, 0.05, count), dtype=dtype)
    left, values, right = economy_svd(matrix, method=method)
    assert left.dtype == right.dtype == dtype
    assert left.shape == (shape[0], count)
    assert right.shape == (count, shape[1])
    tolerance = 100 * np.finfo(dtype).eps * (400 if method == "gram" else 1)
    np.testing.assert_allclose(values, np.geomspace(1.0, 0.05, count), rtol=tolerance)
    np.testing.assert_allclose((left * values) @ right, matrix, atol=tolerance)
    np.testing.assert_allclose(left.conj().T @ left, np.eye(count), atol=tolerance)
    np.testing.assert_allclose(right @ right.conj().T, np.eye(count), atol=tolerance)
    none, only, nothing = economy_svd(matrix, method=method, values_only=True)
    assert none is None
    assert nothing is None
    np.testing.assert_allclose(only, values, rtol=tolerance)


def test_accuracy_of_the_covariance_route_is_as_stated():
    exact = np.geomspace(1.0, 1e-7, 40)
    matrix = spectrum(4000, 40, exact)
    epsilon = np.finfo(float).eps
    covariance = economy_svd(matrix, method="gram")[1]
    assert np.all(np.abs(covariance - exact) <= 20 * epsilon / exact)
    assert np.abs(covariance[-1] / exact[-1] - 1) > 1e-6  # and not better: that is what the other methods are for
    for method in ("products", "householder"):
        assert np.all(np.abs(economy_svd(matrix, method=method)[1] - exact) <= 20 * epsilon)


def test_rank_deficient_and_extreme_matrices():
    for matrix in (
        np.zeros((50, 3)), np.ones((50, 3)), np.zeros((0, 3)), np.zeros((3, 0)), 1e200 * np.eye(20, 2),
        1e-200 * np.eye(20, 2), np.arange(40).reshape(20, 2), np.asfortranarray(np.eye(8, 2)).T,
    ):  # fmt: skip
        left, values, right = economy_svd(matrix)
        np.testing.assert_allclose((left * values) @ right, matrix, rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(left.T @ left, np.eye(len(values)), atol=1e-13)


def test_mistakes_are_named():
    bad = np.ones((4, 3))
    bad[2, 1] = np.nan
    for call, message in (
        (lambda: economy_svd(bad), "A: holds nan in row 2, column 1"),
        (lambda: economy_svd(np.ones(3)), r"A: has shape \(3,\), expected a matrix"),
        (lambda: economy_svd(np.ones((2, 2)), method="qr"), "method: is 'qr', expected one of products"),
        (lambda: economy_svd([[1.0], [1.0, 2.0]]), "rows of different lengths"),
        (lambda: svd_rank_for([1.0, 2.0], 0.1), "singular value 1 is 2.0, above the 1.0 before it"),
        (lambda: svd_rank_for([1.0, -2.0], 0.1), "finite numbers of at least 0"),
        (lambda: svd_rank_for([1.0]), "give either tol"),
        (lambda: svd_rank_for([1.0], 0.1, energy=0.9), "give either tol"),
        (lambda: svd_rank_for([1.0], -0.1), "tol: is -0.1"),
        (lambda: svd_rank_for([1.0], energy=1.5), "energy: is 1.5"),
        (lambda: truncation_error([1.0], 2), "rank: is 2, expected integers from 0 to 1"),
        (lambda: truncation_error([1.0], 0.5), "rank: is 0.5"),
        (lambda: noise_threshold((3, 3)), "give either its standard deviation"),
        (lambda: noise_threshold((3, 3), singular_values=[1.0]), "holds 1, expected all 3"),
        (lambda: noise_threshold((0, 3), noise=1.0), "shape: is"),
        (lambda: noise_threshold((3, 3), noise=-1.0), "noise: is -1.0"),
        (lambda: noise_threshold((3, 3), noise="loud"), "noise: is 'loud'"),
        (lambda: noise_threshold((3.5, 3), noise=1.0), r"shape: is \(3\.5, 3\)"),
        (lambda: noise_threshold(("a", "b"), noise=1.0), r"shape: is \('a', 'b'\)"),
        (lambda: noise_threshold(3, noise=1.0), "shape: is 3, expected two"),
        (lambda: svd_rank_for([2.0], 0.1, squares="all"), "squares: is 'all'.* given, 4$"),
        (lambda: svd_rank_for([1e160], 0.1, squares=np.inf), "squares: is inf"),
        (lambda: svd_rank_for(np.ma.masked_greater([2.0, 1.0], 1.5), 0.1), "A: has masked numbers"),
        (lambda: median_of_noise("square"), "beta: is 'square'"),
        (lambda: median_of_noise(2.0), "beta: is 2.0"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(TypeError, match="A: holds <U1"):
        economy_svd([["a", "b"]])
