"""Randomised singular value decompositions: near the best that any rank allows, and certain of how near."""

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator
from threadpoolctl import threadpool_info, threadpool_limits

from fastsci.lowrank.randomized import randomized_svd

INDEX = np.arange(1.0, 601.0)
SPECTRA = {
    "1/k": INDEX**-1.0,
    "k^-0.7": INDEX**-0.7,
    "k^-2": INDEX**-2.0,
    "exponential": np.exp(-(INDEX - 1.0) / 10.0),
}


def matrix(values, rows=None, seed=0, dtype=np.float64):
    """A matrix of given singular values, between random orthogonal ones."""
    rng = np.random.default_rng(seed)
    rows = 2 * len(values) if rows is None else rows
    left, _ = np.linalg.qr(normal(rng, (rows, len(values)), dtype))
    right, _ = np.linalg.qr(normal(rng, (len(values), len(values)), dtype))
    return (left * values) @ right


def normal(rng, shape, dtype):
    drawn = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        drawn = drawn + 1j * rng.standard_normal(shape)
    return drawn


def spectral_error(A, found):
    return np.linalg.norm(A - (found.U * found.s) @ found.Vt, 2)


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("count", [5, 30])
def test_error_is_within_a_hundredth_of_the_best(name, count):
    values = SPECTRA[name]
    A = matrix(values)
    for seed in range(3):
        found = randomized_svd(A, count, rng=seed)
        error = spectral_error(A, found)
        assert error <= 1.01 * values[count]
        assert error <= found.error_bound <= 3.0 * error


def test_slowly_falling_values_are_within_six_hundredths():
    values = INDEX**-0.3
    A = matrix(values)
    for seed in range(5):
        found = randomized_svd(A, 50, rng=seed)
        assert spectral_error(A, found) <= 1.06 * values[50]


@pytest.mark.slow
def test_the_bound_holds_in_a_thousand_trials():
    """Above the true error, and within three times it, for spectra of every kind."""
    rng = np.random.default_rng(7)
    index = np.arange(1.0, 121.0)
    for trial in range(1000):
        power, rank = rng.uniform(0.2, 2.5), int(rng.integers(1, 12))
        values = index**-power if trial % 3 else np.exp(-index / rng.uniform(3.0, 30.0))
        A = np.zeros((150, 120))
        A[np.arange(120), np.arange(120)] = values
        found = randomized_svd(A, rank, n_oversamples=int(rng.integers(2, 11)), rng=trial)
        error = spectral_error(A, found)
        assert error <= found.error_bound <= 3.0 * error, (trial, power, rank)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("shape", [(200, 90), (90, 200), (400, 12), (12, 400), (60, 60)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_kinds_and_shapes(dtype, shape, order):
    rng = np.random.default_rng(3)
    full = normal(rng, shape, dtype) * 0.9 ** np.arange(shape[1])
    A = np.asarray(full, dtype, order=order)
    A.flags.writeable = False
    U, s, Vt = randomized_svd(A, 6, rng=0)
    rounding = np.finfo(dtype).eps
    assert U.dtype == Vt.dtype == dtype
    assert s.dtype == np.zeros(0, dtype).real.dtype
    assert s == pytest.approx(np.linalg.svd(full, compute_uv=False)[:6], rel=1e-3)
    assert np.abs(U.conj().T @ U - np.eye(6)).max() <= 50 * rounding
    assert np.abs(Vt @ Vt.conj().T - np.eye(6)).max() <= 50 * rounding
    best = np.linalg.svd(full, compute_uv=False)[6]
    assert np.linalg.norm(full - (U * s) @ Vt, 2) <= 1.01 * best
    largest = U[np.abs(U).argmax(axis=0), np.arange(6)]
    assert np.all(largest.real > 0)
    assert np.abs(largest.imag).max() <= 10 * rounding


def test_signs_are_those_of_scikit_learn():
    from sklearn.utils.extmath import randomized_svd as peer

    for A in (matrix(SPECTRA["k^-2"][:80]), matrix(SPECTRA["k^-2"][:80]).T):
        ours, theirs = randomized_svd(A, 4, rng=0), peer(A, 4, random_state=0)
        assert pytest.approx(theirs[0], abs=1e-6) == ours.U
        assert ours.Vt == pytest.approx(theirs[2], abs=1e-6)


@pytest.mark.parametrize("name", SPECTRA)
def test_error_is_no_larger_than_that_of_scikit_learn(name):
    from sklearn.utils.extmath import randomized_svd as peer

    A = matrix(SPECTRA[name])
    U, s, Vt = peer(A, 50, random_state=0)
    theirs = np.linalg.norm(A - (U * s) @ Vt, 2)
    assert spectral_error(A, randomized_svd(A, 50, rng=0)) <= theirs * (1.0 + 1e-3)


def test_exact_rank():
    """A matrix of rank 4: its values, zeros after them, and orthogonal vectors all the same."""
    rng = np.random.default_rng(5)
    A = rng.standard_normal((300, 4)) @ rng.standard_normal((4, 200))
    U, s, Vt = found = randomized_svd(A, 7, rng=0)
    exact = np.linalg.svd(A, compute_uv=False)
    assert s[:4] == pytest.approx(exact[:4], rel=1e-12)
    assert s[4:] == pytest.approx(np.zeros(3), abs=1e-11)
    assert np.abs(U.T @ U - np.eye(7)).max() <= 1e-13
    assert np.abs(Vt @ Vt.T - np.eye(7)).max() <= 1e-13
    assert spectral_error(A, found) <= 1e-11
    assert found.error_bound <= 1e-11


@pytest.mark.parametrize("shape", [(50, 40), (40, 50), (30, 1), (1, 30), (1, 1)])
def test_zeros(shape):
    U, s, Vt = found = randomized_svd(np.zeros(shape), 1, rng=0)
    assert s == pytest.approx([0.0], abs=0)
    assert found.error_bound == 0.0
    assert np.linalg.norm(U) == pytest.approx(1.0)
    assert np.linalg.norm(Vt) == pytest.approx(1.0)


def test_identity():
    """All values alike: any directions are right, and there are as many as were asked for."""
    U, s, Vt = found = randomized_svd(np.eye(200), 30, rng=0)
    assert s == pytest.approx(np.ones(30), rel=1e-13)
    assert np.abs(U.T @ U - np.eye(30)).max() <= 1e-13
    assert pytest.approx(Vt, abs=1e-13) == U.T
    assert 1.0 <= found.error_bound <= 3.0


def test_all_of_them_and_none():
    A = matrix(SPECTRA["1/k"][:40], 60)
    U, s, Vt = found = randomized_svd(A, 40, rng=0)
    assert s == pytest.approx(SPECTRA["1/k"][:40], rel=1e-13)
    assert (U * s) @ Vt == pytest.approx(A, abs=1e-14)
    assert np.linalg.norm(A - (U * s) @ Vt, 2) <= found.error_bound <= 3e-14
    U, s, Vt = found = randomized_svd(A, 0, rng=0)
    assert U.shape == (60, 0)
    assert s.shape == (0,)
    assert Vt.shape == (0, 40)
    assert 1.0 <= found.error_bound <= 3.0


@pytest.mark.parametrize("tol", [0.3, 0.02, 1e-4])
def test_tolerance_chooses_the_rank(tol):
    values = np.exp(-np.arange(300) / 8.0)
    A = 5.0 * matrix(values)
    found = randomized_svd(A, tol=tol, rng=0)
    assert found.error_bound <= tol * found.s[0] * (1 + 1e-12)
    assert spectral_error(A, found) <= tol * found.s[0]
    least = int(np.count_nonzero(values > tol))
    assert least <= found.s.size <= least + 2
    assert randomized_svd(A, 3, tol=tol, rng=0).s.size == min(3, found.s.size)


@pytest.mark.parametrize("n_iter", [0, 1, 3])
def test_iterations_of_a_fixed_number(n_iter):
    values = SPECTRA["1/k"]
    A = matrix(values)
    found = randomized_svd(A, 20, n_iter=n_iter, rng=0, certify=False)
    assert found.n_passes == n_iter + 2
    # Halko, Martinsson and Tropp 2011, corollary 10.10, with its constants.
    tail = np.sqrt(np.sum((values[20:] / values[20]) ** (2 * (2 * n_iter + 2))))
    bound = (1 + np.sqrt(20 / 9) + np.e * np.sqrt(30) / 10 * tail) ** (1 / (2 * n_iter + 2))
    assert spectral_error(A, found) <= bound * values[20]


@pytest.mark.parametrize("size", [1e-200, 1e200, 1e-300])
def test_size_does_not_matter(size):
    A = matrix(SPECTRA["k^-2"])
    plain, scaled = randomized_svd(A, 5, rng=0), randomized_svd(A * size, 5, rng=0)
    assert scaled.s / size == pytest.approx(plain.s, rel=1e-9)
    assert scaled.error_bound / size == pytest.approx(plain.error_bound, rel=1e-6)
    whole = randomized_svd(A[:, :10] * size, 5, rng=0)
    assert whole.s / size == pytest.approx(randomized_svd(A[:, :10], 5, rng=0).s, rel=1e-12)


def test_small_values_beside_large_ones():
    """A tenth-billionth of the largest is still a direction."""
    values = np.array([1.0, 1e-3, 1e-6, 1e-9, 1e-10] + [1e-13] * 95)
    found = randomized_svd(matrix(values), 5, rng=0)
    assert found.s == pytest.approx(values[:5], rel=1e-4)


def test_the_start_fixes_the_bits_and_nothing_else_does():
    A = matrix(SPECTRA["1/k"], 900)
    first, again = randomized_svd(A, 20, rng=3), randomized_svd(A, 20, rng=3)
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(first.s, randomized_svd(A, 20, rng=4).s)
    program = (
        "import numpy as np; from fastsci.lowrank.randomized import randomized_svd as f;"
        "A = np.random.default_rng(0).standard_normal((3000, 700)) * 0.97 ** np.arange(700);"
        "r = f(A, 20, rng=3); print(r[0].tobytes().hex()[:4000], r[1].tobytes().hex(), r.error_bound.hex())"
    )
    said = set()
    for threads in ("1", "2", "5"):
        settings = {**os.environ, "FASTSCI_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        run = subprocess.run([sys.executable, "-c", program], env=settings, capture_output=True, text=True, check=True)
        said.add(run.stdout)
    assert len(said) == 1


def test_small_algebra_keeps_to_one_thread_and_operators_do_not(monkeypatch):
    counts = {"small": set(), "operator": set()}
    eigh = np.linalg.eigh

    def threads():
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    def watched(*arguments):
        counts["small"] |= threads()
        return eigh(*arguments)

    def product(matrix):
        def multiply(columns):
            counts["operator"] |= threads()
            return matrix @ columns

        return multiply

    A = np.random.default_rng(0).standard_normal((300, 200))
    operator = LinearOperator(
        A.shape, matvec=product(A), rmatvec=product(A.T), matmat=product(A), rmatmat=product(A.T), dtype=float
    )
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        known = randomized_svd(operator, 5, rng=0)
        monkeypatch.setattr(np.linalg, "eigh", watched)
        found = randomized_svd(A, 5, rng=0)
        assert threads() == before
    assert before == {2}
    assert counts["operator"] == before
    assert 1 in counts["small"]
    np.testing.assert_allclose(found.s, known.s, rtol=1e-12)


def test_generators_and_seed_sequences():
    A = matrix(SPECTRA["1/k"][:200])
    seeds = np.random.SeedSequence(5)
    assert np.array_equal(randomized_svd(A, 3, rng=seeds).s, randomized_svd(A, 3, rng=np.random.SeedSequence(5)).s)
    drawn = np.random.default_rng(1)
    assert randomized_svd(A, 3, rng=drawn).s == pytest.approx(randomized_svd(A, 3, rng=drawn).s, rel=1e-3)


def test_integers_halves_lists_and_views():
    whole = np.arange(600).reshape(30, 20) % 7
    expected = np.linalg.svd(whole.astype(float), compute_uv=False)[:3]
    wide = np.zeros((30, 50))
    wide[:, 5:25] = whole
    for A in (whole, whole.tolist(), whole.astype(np.float16), wide[:, 5:25], whole.astype(float)[::-1], whole > 3):
        exact = np.linalg.svd(np.asarray(A, float), compute_uv=False)[:3]
        assert randomized_svd(A, 3, rng=0).s == pytest.approx(exact, rel=1e-5)
    assert randomized_svd(whole, 3, rng=0).s == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("fault", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(80, 60), (60, 80), (500, 12), (40, 3)])
def test_numbers_that_are_none_are_named(fault, shape):
    A = np.ones(shape)
    A[7, 2] = fault
    with pytest.raises(ValueError, match=r"A: holds (nan|-?inf) in row 7, column 2"):
        randomized_svd(A, 2)
    with pytest.raises(ValueError, match=r"A: holds (nan|-?inf) in row 7, column 2"):
        randomized_svd(np.asfortranarray(A), 2)
    with pytest.raises(ValueError, match=r"A: holds .* in row 7, column 2"):
        randomized_svd(A.astype(complex), 2)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"A": np.ones(5)}, ValueError, "A: has shape"),
        ({"A": np.ones((0, 5))}, ValueError, r"A: has shape \(0, 5\), expected at least one row"),
        ({"A": np.ma.masked_greater(np.arange(9.0).reshape(3, 3), 7.0)}, ValueError, "A: has masked numbers"),
        ({"A": [["a", "b"]]}, TypeError, "A: holds"),
        ({"A": [[1.0], [1.0, 2.0]]}, ValueError, "A: holds rows of different lengths"),
        ({"n_components": 6}, ValueError, "n_components: is 6, expected 0 to min"),
        ({"n_components": -1}, ValueError, "n_components: is -1"),
        ({"n_components": 2.5}, TypeError, "n_components: is 2.5"),
        ({"n_components": True}, TypeError, "n_components: is True"),
        ({"n_components": None}, ValueError, "n_components: is None"),
        ({"n_oversamples": -1}, ValueError, "n_oversamples: is -1"),
        ({"n_iter": 1.5}, TypeError, "n_iter: is 1.5"),
        ({"tol": 2.0}, ValueError, "tol: is 2.0"),
        ({"rng": "seed"}, TypeError, "rng: is 'seed'"),
        ({"rng": -1}, ValueError, "rng: is -1, expected an integer of at least 0"),
        ({"certify": "no"}, TypeError, "certify: is 'no', expected True or False"),
    ],
)
def test_what_cannot_be_done_is_said(arguments, error, message):
    call = {"A": np.ones((9, 5)), "n_components": 2, **arguments}
    with pytest.raises(error, match=message):
        randomized_svd(call.pop("A"), call.pop("n_components"), **call)
