"""Moments equal the sums of a stored library, however the samples come in, and they add."""

import math

import numpy as np
import pytest

from fastsci.sparse.libraries import CustomLibrary, FourierLibrary, PolynomialLibrary
from fastsci.sparse.moments import MOST_BLOCKS, Moments


def cloud(n, d=3, m=2, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-2.0, 2.0, (n, d)), rng.standard_normal((n, m))


def same(a, b, tolerance=1e-12):
    for name in ("gram", "cross", "squares"):
        expected = getattr(b, name)
        np.testing.assert_allclose(getattr(a, name), expected, rtol=0, atol=tolerance * np.abs(expected).max())
    assert a.n_samples == pytest.approx(b.n_samples)


def test_a_problem_holds_the_products_of_the_stored_library():
    X, Y = cloud(5000)
    library = PolynomialLibrary(degree=3)
    theta = library.fit_transform(X)
    problem = Moments(library).add(X, Y).problem()
    np.testing.assert_allclose(problem.gram, theta.T @ theta, rtol=1e-12)
    np.testing.assert_allclose(problem.cross, theta.T @ Y, rtol=0, atol=1e-9)
    np.testing.assert_allclose(problem.squares, (Y**2).sum(axis=0), rtol=1e-12)


def test_polynomials_have_as_many_sums_as_there_are_monomials_of_twice_the_degree():
    for d, degree in ((1, 4), (3, 2), (3, 5), (4, 3)):
        plan = PolynomialLibrary(degree=degree).plan(d, 1)
        assert len(np.unique(plan.gram)) == math.comb(d + 2 * degree, 2 * degree)


def test_two_halves_merged_equal_the_whole():
    X, Y = cloud(7001)
    library = PolynomialLibrary(degree=2) + FourierLibrary()
    whole = Moments(library).add(X, Y)
    halves = Moments(library).add(X[:3000], Y[:3000]).merge(Moments(library).add(X[3000:], Y[3000:]))
    same(halves.problem(), whole.problem())
    streamed = Moments(library)
    for first in range(0, 7001, 613):
        streamed.partial_fit(X[first : first + 613], Y[first : first + 613])
    same(streamed.problem(), whole.problem())


def test_a_permutation_of_samples_changes_nothing_but_rounding():
    X, Y = cloud(4000)
    order = np.random.default_rng(1).permutation(4000)
    same(Moments().add(X[order], Y[order]).problem(), Moments().add(X, Y).problem())


def test_weights_count_as_repetitions():
    X, Y = cloud(300)
    weights = np.random.default_rng(2).integers(0, 4, 300)
    repeated = Moments().add(np.repeat(X, weights, axis=0), np.repeat(Y, weights, axis=0))
    same(Moments().add(X, Y, weights).problem(), repeated.problem())


def test_blocks_are_sums_over_consecutive_samples_and_stay_few():
    X, Y = cloud(1000)
    moments = Moments().add(X, Y, n_blocks=10)
    assert moments.blocks.shape[0] == 10
    assert moments.block_samples.tolist() == [100.0] * 10
    part = Moments().add(X[300:400], Y[300:400])
    np.testing.assert_allclose(moments.blocks[3], part.blocks.sum(axis=0), rtol=0, atol=1e-10)
    many = Moments()
    for row in range(1000):
        many.add(X[row : row + 1], Y[row : row + 1])
        many.add(X[row : row + 1], Y[row : row + 1])
    assert len(many.blocks) <= MOST_BLOCKS
    same(many.problem(), Moments().add(X, Y, np.full(1000, 2.0)).problem())


@pytest.mark.parametrize("kind", ["float32", "int64", "reversed", "strided", "fortran", "read-only"])
def test_samples_of_any_layout(kind):
    rng = np.random.default_rng(3)
    whole = rng.integers(-3, 4, (400, 3)).astype(float)  # exact in every precision
    Y = whole[:, :1] * 2.0
    wide = np.zeros((800, 6))
    wide[::2, ::2] = whole
    frozen = whole.copy()
    frozen.flags.writeable = False
    X = {
        "float32": whole.astype(np.float32),
        "int64": whole.astype(np.int64),
        "reversed": whole[::-1][::-1],
        "strided": wide[::2, ::2],
        "fortran": np.asfortranarray(whole),
        "read-only": frozen,
    }[kind]
    same(Moments().add(X, Y).problem(), Moments().add(whole, Y).problem(), 0.0)


def test_a_memory_map_is_read_in_place(tmp_path):
    X, Y = cloud(5000)
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    same(Moments().add(mapped, Y).problem(), Moments().add(X, Y).problem(), 0.0)


def test_functions_that_branch_run_on_scalars_and_give_the_same_sums():
    def clipped(x):
        if x > 1.0:
            return 1.0
        return x

    X, Y = cloud(500)
    library = CustomLibrary([clipped]) + PolynomialLibrary(degree=1)
    theta = np.hstack((np.minimum(X, 1.0), np.ones((500, 1)), X))
    np.testing.assert_allclose(Moments(library).add(X, Y).problem().gram, theta.T @ theta, rtol=1e-12)


def test_what_is_not_finite_is_named_or_left_out():
    X, Y = cloud(100)
    X[41, 1] = np.nan
    Y[7, 0] = np.inf
    with pytest.raises(ValueError, match=r"X: row 41 is"):
        Moments().add(X, Y)
    X[41, 1] = 0.0
    with pytest.raises(ValueError, match=r"targets: row 7 is"):
        Moments().add(X, Y)
    kept = np.arange(100) != 7
    same(Moments().add(X, Y, drop_nan=True).problem(), Moments().add(X[kept], Y[kept]).problem())


def test_a_term_that_overflows_is_named():
    X, Y = cloud(100)
    X[3, 2] = 1e60
    with pytest.raises(ValueError, match=r"'x2\^3' is 1e\+180, whose square exceeds float64 at row 3"):
        Moments(PolynomialLibrary(degree=3)).add(X, Y)


def test_a_term_that_is_no_number_is_named():
    X, Y = np.abs(cloud(100)[0]) + 0.1, cloud(100)[1]
    X[57, 1] = -1.0
    logarithm = CustomLibrary([lambda x: math.log(x)], names=["log({0})"])
    with pytest.raises(ValueError, match=r"X: the term 'log\(x1\)' is nan at row 57"):
        Moments(logarithm).add(X, Y)


def test_targets_whose_squares_overflow_are_named():
    X, Y = cloud(100)
    Y[5, 0] = 1e200
    with pytest.raises(ValueError, match=r"targets: reach 1e\+200"):
        Moments().add(X, Y)


def test_bad_arguments_are_named():
    X, Y = cloud(10)
    with pytest.raises(ValueError, match=r"targets: has 9 rows, expected 10"):
        Moments().add(X, Y[:9])
    with pytest.raises(ValueError, match=r"sample_weight: has shape \(9,\)"):
        Moments().add(X, Y, np.ones(9))
    with pytest.raises(ValueError, match=r"sample_weight: holds numbers that are negative"):
        Moments().add(X, Y, -np.ones(10))
    with pytest.raises(ValueError, match=r"X: has shape \(10, 2\), expected \(n_samples, 3\)"):
        Moments().add(X, Y).add(X[:, :2], Y)
    with pytest.raises(ValueError, match="another library"):
        Moments(PolynomialLibrary(degree=1)).add(X, Y).merge(Moments(PolynomialLibrary(degree=2)).add(X, Y))
    with pytest.raises(ValueError, match="hold no samples yet"):
        Moments().problem()
    with pytest.raises(TypeError, match="X: holds complex128"):
        Moments().add(X * 1j, Y)


def test_a_refused_chunk_leaves_the_sums_as_they_were():
    X, Y = cloud(100)
    moments = Moments().add(X, Y)
    before = moments.problem()
    with pytest.raises(ValueError, match="row 0"):
        moments.add(np.full((1, 3), np.nan), Y[:1])
    same(moments.problem(), before, 0.0)


def test_no_samples_add_nothing():
    X, Y = cloud(100)
    same(Moments().add(X, Y).add(X[:0], Y[:0]).problem(), Moments().add(X, Y).problem(), 0.0)
