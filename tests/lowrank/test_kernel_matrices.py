"""Kernel matrices, and their factors with pivots."""

import numpy as np
import pytest

from fastsci.lowrank import kernel_koopman
from fastsci.lowrank._kernel_cholesky import Cholesky
from fastsci.lowrank._kernel_factor import factorise
from fastsci.lowrank._kernel_functions import Kernel
from fastsci.lowrank._kernel_krylov import orthonormal
from fastsci.lowrank.kernel_koopman import KernelKoopman
from fastsci_kernels.lowrank.kernel_pivots import pivots
from tests.lowrank.kernels_by_hand import KERNELS, gaussian, lorenz


@pytest.fixture(scope="module")
def attractor():
    return lorenz(301)


@pytest.mark.parametrize("name", [name for name in KERNELS if name != "linear"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (70, 130, 3), (129, 64, 11)])
def test_kernel_matrices(name, shape):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(shape[0], shape[2])), rng.normal(size=(shape[1], shape[2]))
    kernel = Kernel(name, 1.7, 1.0, 3)
    np.testing.assert_allclose(kernel.matrix(x, y), KERNELS[name](x, y, 1.7), rtol=1e-12)
    whole = kernel.matrix(x, x)
    np.testing.assert_array_equal(whole, whole.T)
    np.testing.assert_allclose(np.diag(whole), kernel.diagonal(x), rtol=1e-14)


def test_points_that_nearly_coincide_keep_their_distance():
    x = np.array([[1e3, -2e3]])
    for gap in (1e-3, 1e-6, 1e-9):
        y = x + gap
        found = 1.0 - Kernel("matern12", 1.0, 0.0, 1).matrix(x, y)[0, 0]
        exact = np.sqrt(np.sum((y - x) ** 2))
        assert found == pytest.approx(exact, rel=1e-3, abs=3e-16)


def greedy_rank(matrix, left_over):
    """Steps of Cholesky's elimination, the greatest pivot first, until no more than that is left of the trace."""
    left, rank = matrix.copy(), 0
    while np.trace(left) > left_over:
        place = int(np.argmax(np.diag(left)))
        left = left - np.outer(left[place], left[place]) / left[place, place]
        rank += 1
    return rank


def test_a_factor_knows_what_it_leaves_out(attractor):
    kernel = Kernel("gaussian", 10.0, 0.0, 1)
    whole = gaussian(attractor, attractor, 10.0)
    last = 0
    for tolerance in (1e-2, 1e-5, 1e-9):
        factor = factorise(kernel, attractor, tolerance, 301)
        left = whole - factor.rows.T @ factor.rows
        assert factor.complete
        assert factor.remainder == pytest.approx(np.trace(left) / 301, abs=1e-13)
        assert factor.remainder <= tolerance
        assert np.linalg.eigvalsh(left)[0] > -1e-12
        assert last < len(factor.rows) <= 1.3 * greedy_rank(whole, 301 * tolerance)
        last = len(factor.rows)
    short = factorise(kernel, attractor, 1e-9, 20)
    assert not short.complete
    assert len(short.rows) == 20


@pytest.mark.parametrize("kind", ["random", "nearly dependent", "dependent", "zero column"])
def test_orthonormal_columns(kind):
    block = np.random.default_rng(0).normal(size=(200, 12))
    if kind != "random":
        block[:, 5] = {"nearly dependent": block[:, 4] * 3.0 + 1e-9 * block[:, 5], "dependent": block[:, 4]}.get(
            kind, 0.0
        )
    found = orthonormal(orthonormal(block))
    np.testing.assert_allclose(found.T @ found, np.eye(12), atol=1e-14)
    np.testing.assert_allclose(found @ (found.T @ block), block, atol=1e-12)


def test_pivots_are_those_of_a_naive_elimination():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(30, 12))
    matrix = root @ root.T
    left, wanted = matrix.copy(), []
    while np.max(np.diag(left)) > 0.01:
        place = int(np.argmax(np.diag(left)))
        wanted.append(place)
        left = left - np.outer(left[place], left[place]) / left[place, place]
    assert pivots(matrix, 0.01, 30).tolist() == wanted
    assert pivots(matrix, 0.01, 4).tolist() == wanted[:4]


@pytest.mark.parametrize("size", [1, 255, 256, 700])
def test_solutions_by_a_large_cholesky_factor(size):
    rng = np.random.default_rng(0)
    root = rng.normal(size=(size, size))
    matrix = root @ root.T / size + 0.01 * np.eye(size)
    wanted = rng.normal(size=(size, 7))
    found = Cholesky(matrix.copy()).solve(matrix @ wanted)
    np.testing.assert_allclose(found, wanted, atol=1e-15 * np.linalg.cond(matrix) * np.abs(wanted).max())


def test_a_matrix_that_is_not_definite_has_no_cholesky_factor():
    with pytest.raises(np.linalg.LinAlgError):
        Cholesky(np.diag(np.append(np.ones(400), -1.0)))


@pytest.mark.parametrize("reduced", [True, False])
def test_whole_matrices_have_the_same_bits_for_any_threads(monkeypatch, reduced):
    monkeypatch.setattr(kernel_koopman, "FEW", 64)
    monkeypatch.setattr(kernel_koopman, "LARGEST_SHARE", 0.1)
    states = lorenz(701)
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
        model = KernelKoopman(5, length_scale=3.0, reduced_rank=reduced).fit(states)
        assert model.remainder_ == 0.0
        found.append((model.eigenvalues_, model.predict(states)))
    for one, three in zip(*found, strict=True):
        np.testing.assert_array_equal(one, three)


def test_bits_do_not_depend_on_threads(monkeypatch):
    states = np.random.default_rng(0).normal(size=(1000, 3))
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
        model = KernelKoopman(5).fit(states)
        found.append(
            (model.eigenvalues_, model.predict(states), Kernel("matern32", 1.0, 0.0, 1).matrix(states, states))
        )
    for one, three in zip(*found, strict=True):
        np.testing.assert_array_equal(one, three)
