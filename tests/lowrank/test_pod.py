"""Proper orthogonal decomposition against integrals, random walks and the plain decomposition."""

import numpy as np
import pytest
import scipy.sparse
from scipy.sparse.linalg import aslinearoperator
from sklearn.decomposition import PCA

from fastsci.lowrank.orthogonal_modes import POD


def snapshots(n_space=120, n_times=60, rank=4, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype).kind
    left, right = (
        rng.normal(size=size) + (1j * rng.normal(size=size) if kind == "c" else 0.0)
        for size in ((n_space, rank), (rank, n_times))
    )
    return ((left * 0.5 ** np.arange(rank)) @ right + 3.0).astype(dtype)


def mass(n, seed=0):
    """The mass matrix of linear elements on a mesh of uneven lengths."""
    lengths = np.random.default_rng(seed).uniform(0.5, 1.5, n + 1) / n
    return scipy.sparse.diags_array(
        [lengths[1:-1] / 6, (lengths[:-1] + lengths[1:]) / 3, lengths[1:-1] / 6], offsets=[-1, 0, 1], format="csr"
    )


def test_a_random_walk_in_many_dimensions_has_the_fractions_of_its_theory():
    walk = np.random.default_rng(0).normal(size=(100_000, 100)).cumsum(axis=1)
    fractions = POD(3).fit(walk).energy_fractions
    np.testing.assert_allclose(fractions, [0.608, 0.152, 0.068], rtol=0.01)
    np.testing.assert_allclose(fractions, 6 / (np.pi * np.arange(1, 4)) ** 2, rtol=0.01)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("weighted", ["none", "diagonal", "dense", "sparse"])
def test_modes_are_orthonormal_in_the_weights_and_give_the_snapshots_back(weighted, dtype):
    X = snapshots(dtype=dtype)
    matrix = mass(len(X))
    W = np.eye(len(X)) if weighted == "none" else matrix.toarray()
    W = np.diag(W.sum(axis=1)) if weighted == "diagonal" else W
    weights = {"none": None, "diagonal": np.diag(W), "dense": W, "sparse": matrix}[weighted]
    pod = POD(None if dtype != np.float32 else 4, weights=weights).fit(X)
    tolerance = 2e-4 if dtype == np.float32 else 1e-9
    assert pod.modes.shape == (120, 4)
    np.testing.assert_allclose(pod.modes.conj().T @ W @ pod.modes, np.eye(4), atol=tolerance)
    np.testing.assert_allclose(pod.reconstruct(), X, atol=10 * tolerance)
    np.testing.assert_allclose(pod.project(X), pod.coefficients, atol=10 * tolerance)
    np.testing.assert_allclose(pod.energy_fractions.sum(), 1.0, atol=tolerance)
    # The decomposition of the snapshots in a basis in which the product is the plain one.
    root = np.linalg.cholesky(W).T
    expected = np.linalg.svd(root @ (X - X.mean(axis=1, keepdims=True)), compute_uv=False)[:4]
    np.testing.assert_allclose(pod.singular_values, expected, rtol=10 * tolerance)
    np.testing.assert_allclose(np.linalg.norm(pod.coefficients, axis=1), pod.singular_values, rtol=10 * tolerance)


def test_quadrature_weights_make_the_modes_those_of_the_continuum():
    """Sines are orthonormal on [0, 1] by integration, not by summation over points that crowd at the ends."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    x, weights = 0.5 * (nodes + 1.0), 0.5 * weights
    exact = np.sqrt(2.0) * np.sin(np.pi * np.outer(x, [1, 2, 3]))
    times = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    X = exact @ (np.array([3.0, 2.0, 1.0])[:, None] * np.cos(np.outer([1, 2, 3], times)))
    pod = POD(weights=weights).fit(X)
    np.testing.assert_allclose(np.abs(pod.modes), np.abs(exact), atol=1e-12)
    np.testing.assert_allclose(pod.singular_values, np.sqrt(32) * np.array([3.0, 2.0, 1.0]), rtol=1e-12)
    assert np.abs(np.abs(POD(3).fit(X).modes[:, 0]) / np.linalg.norm(exact[:, 0]) - np.abs(exact[:, 0])).max() > 1e-3


def test_agrees_with_principal_components():
    X = np.random.default_rng(1).normal(size=(30, 200)) * np.arange(1, 31)[:, None]
    peer = PCA().fit(X.T)
    pod = POD().fit(X)
    np.testing.assert_allclose(pod.energy_fractions, peer.explained_variance_ratio_, rtol=1e-10)
    np.testing.assert_allclose(np.abs(pod.modes), np.abs(peer.components_.T), atol=1e-8)


@pytest.mark.parametrize("n_components", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_sparse_stored_and_operator_snapshots_are_centred_without_a_copy(tmp_path, n_components, weighted):
    rng = np.random.default_rng(2)
    X = snapshots(400, 90, 6) * (rng.random((400, 90)) < 0.1)
    weights = rng.uniform(1, 2, 400) if weighted else None
    whole = POD(weights=weights).fit(X)
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    for held in (scipy.sparse.csr_array(X), mapped, [X[:100], scipy.sparse.csr_array(X[100:])], aslinearoperator(X)):
        pod = POD(n_components, weights=weights).fit(held)
        np.testing.assert_allclose(pod.mean, X.mean(axis=1), atol=1e-13)
        np.testing.assert_allclose(pod.singular_values, whole.singular_values[:n_components], rtol=1e-3)
        if not hasattr(held, "matvec"):
            np.testing.assert_allclose(pod.energy_fractions, whole.energy_fractions[:n_components], rtol=2e-3)
        else:
            assert np.isnan(pod.energy_fractions).all()
        W = np.eye(400) if weights is None else np.diag(weights)
        np.testing.assert_allclose(pod.modes.T @ W @ pod.modes, np.eye(n_components), atol=1e-10)
        np.testing.assert_allclose(pod.project(X)[0], pod.coefficients[0], atol=0.2 * pod.singular_values[0])


def test_few_modes_of_many_are_those_of_all():
    rng = np.random.default_rng(3)
    X = snapshots(900, 300, 8) + 1e-3 * rng.normal(size=(900, 300))
    few, every = POD(4).fit(X), POD().fit(X)
    np.testing.assert_allclose(few.singular_values, every.singular_values[:4], rtol=1e-8)
    np.testing.assert_allclose(few.energy_fractions, every.energy_fractions[:4], rtol=1e-8)
    np.testing.assert_allclose(few.modes, every.modes[:, :4], atol=1e-6)


def test_rank_by_energy_and_reconstruction_error():
    X = np.random.default_rng(4).normal(size=(50, 40)) * 0.8 ** np.arange(50)[:, None]
    pod = POD(0.99).fit(X)
    every = POD().fit(X)
    rank = len(pod.singular_values)
    assert every.energy_fractions[:rank].sum() >= 0.99 > every.energy_fractions[: rank - 1].sum()
    for kept in (0, 3, rank):
        left = np.linalg.norm(X - pod.reconstruct(kept)) ** 2
        np.testing.assert_allclose(left, np.sum(every.singular_values[kept:] ** 2), rtol=1e-10)


def test_without_a_mean():
    X = snapshots()
    pod = POD(subtract_mean=False).fit(X)
    assert not pod.mean.any()
    np.testing.assert_allclose(pod.singular_values, np.linalg.svd(X, compute_uv=False)[: len(pod.singular_values)])


def test_trivial_snapshots():
    for X in (np.full((10, 5), 3.0), np.ones((4, 1)), np.zeros((3, 7))):
        pod = POD().fit(X)
        assert pod.modes.shape == (len(X), 0)
        np.testing.assert_allclose(pod.reconstruct(), X)
    single = POD(subtract_mean=False).fit([[3.0], [4.0]])
    np.testing.assert_allclose(single.modes, [[0.6], [0.8]])
    one_row = POD().fit(np.arange(6).reshape(1, 6))
    np.testing.assert_allclose(one_row.modes, [[1.0]])
    frozen = snapshots()
    frozen.flags.writeable = False
    np.testing.assert_allclose(POD().fit(frozen).reconstruct(), POD().fit(np.asfortranarray(frozen)).reconstruct())


def test_mistakes_are_named():
    X = snapshots()
    bad = X.copy()
    bad[3, 5] = np.nan
    sparse_bad = scipy.sparse.csr_array(bad)
    uneven = np.triu(np.ones((120, 120)))
    for call, message in (
        (lambda: POD().fit(bad), "X: holds nan in row 3, column 5"),
        (lambda: POD(2).fit(sparse_bad), "X: row 3 holds nan in column 5"),
        (lambda: POD().fit(X[0]), r"X: has shape \(60,\)"),
        (lambda: POD().fit(np.ones((3, 0))), "at least one row and one snapshot"),
        (lambda: POD(weights=np.ones(5)).fit(X), r"weights: has shape \(5,\), expected \(120,\) or \(120, 120\)"),
        (lambda: POD(weights=np.arange(120)).fit(X), "weights: is 0.0 at row 0, expected positive"),
        (lambda: POD(weights=uneven).fit(X), "weights: is no Hermitian matrix"),
        (lambda: POD(weights=scipy.sparse.csr_array(uneven)).fit(X), "weights: is no Hermitian matrix"),
        (lambda: POD(weights=-np.eye(120)).fit(X), "weights: has the eigenvalue -1, expected a positive definite"),
        (lambda: POD(weights=-mass(120)).fit(X), "expected a positive definite"),
        (lambda: POD().fit(scipy.sparse.csr_array(X)), "n_components: is None, expected an integer from 1 to 60"),
        (lambda: POD(2, weights=mass(120)).fit(scipy.sparse.csr_array(X)), "weights: is a matrix, expected one weight"),
        (lambda: POD(0).fit(X), "n_components: is 0, expected a positive number of modes"),
        (lambda: POD(1.5).fit(X), "n_components: is 1.5"),
        (lambda: POD(True).fit(X), "n_components: is True"),
        (lambda: POD("all").fit(X), "n_components: is 'all'"),
        (lambda: POD().project(X), "POD: is not fitted yet"),
        (lambda: POD().fit(X).project(X[:5]), "X: has 5 rows, expected 120"),
        (lambda: POD().fit(X).reconstruct(9), "rank: is 9, expected an integer from 0 to 4"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("part", [0.5, 0.9, 0.9999])
@pytest.mark.parametrize("subtract_mean", [True, False])
def test_a_part_of_the_variance_of_snapshots_that_are_not_in_memory(tmp_path, part, subtract_mean):
    rng = np.random.default_rng(8)
    X = rng.normal(size=(150, 90)) * (rng.random((150, 90)) < 0.1) * 0.95 ** np.arange(90)
    np.save(tmp_path / "x.npy", X)
    whole = POD(part, subtract_mean=subtract_mean).fit(X)
    for held in (scipy.sparse.csr_array(X), np.load(tmp_path / "x.npy", mmap_mode="r")):
        pod = POD(part, subtract_mean=subtract_mean).fit(held)
        assert pod.modes.shape == whole.modes.shape
        assert part <= pod.energy_fractions.sum() < part + whole.energy_fractions[-1]
    with pytest.raises(ValueError, match=r"n_components: is 0\.5, expected an integer from 1 to 90 for an operator"):
        POD(0.5).fit(aslinearoperator(X))


def test_sparse_snapshots_have_no_modes_of_rounding():
    X = scipy.sparse.csr_array(snapshots(rank=2))
    assert POD(5).fit(X).modes.shape == (120, 2)
    assert POD(5).fit(X * 0.0).modes.shape == (120, 0)


@pytest.mark.parametrize(("scale", "dtype"), [(1e200, "f8"), (1e-200, "f8"), (1e30, "f4"), (1e-30, "f4")])
@pytest.mark.parametrize("count", [None, 2, 0.99])
@pytest.mark.parametrize("weighted", ["none", "lumped", "mass"])
def test_size_does_not_matter(scale, dtype, count, weighted):
    weights = {"none": None, "lumped": np.linspace(1.0, 2.0, 120), "mass": mass(120)}[weighted]
    X = snapshots()
    plain, scaled = (POD(count, weights=weights).fit(s * X.astype(dtype)) for s in (1.0, np.dtype(dtype).type(scale)))
    assert scaled.modes.shape == plain.modes.shape
    assert scaled.modes.dtype == scaled.coefficients.dtype == scaled.mean.dtype == dtype
    close = {"rtol": 1e-4 if dtype == "f4" else 1e-9}
    np.testing.assert_allclose(scaled.singular_values.astype(float) / scale, plain.singular_values, **close)
    np.testing.assert_allclose(scaled.energy_fractions, plain.energy_fractions, **close)
    left_out = np.abs(scaled.reconstruct().astype(float) / scale - plain.reconstruct())
    assert left_out.max() < close["rtol"] * np.abs(X).max()


def test_single_precision_in_a_sparse_mass_keeps_its_modes():
    X, weights = snapshots(), mass(120)
    single, double = POD(weights=weights).fit(X.astype("f4")), POD(weights=weights).fit(X)
    assert single.modes.dtype == np.float32
    np.testing.assert_allclose(single.singular_values, double.singular_values, rtol=1e-4)


def test_flags_and_sums_that_overflow_are_named():
    with pytest.raises(TypeError, match="subtract_mean: is 'no', expected True or False"):
        POD(subtract_mean="no").fit(snapshots())
    with pytest.raises(ValueError, match="X: has masked numbers"):
        POD().fit(np.ma.masked_greater(snapshots(), 3.0))
    with pytest.raises(ValueError, match="X: the sum of its squares overflows"):
        POD(2).fit(scipy.sparse.csr_array(1e200 * snapshots()))
