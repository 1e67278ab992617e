"""Residuals tell a system's own eigenvalues from those of a dictionary that it does not keep to."""

import numpy as np
import pytest

from fastsci.lowrank.dictionary_koopman import EDMD
from fastsci.lowrank.residual_koopman import ResDMD, pseudospectrum
from fastsci.sparse.libraries import FourierLibrary, IdentityLibrary, PolynomialLibrary

GOLDEN = (np.sqrt(5.0) - 1.0) * np.pi


def by_products(library, x, y, values, vectors):
    """The residuals of the literature, from stored columns in extended precision."""
    now, then = (library.fit_transform(part).astype(np.longdouble) for part in (x, y))
    gram, cross, images = now.T @ now, now.T @ then, then.T @ then
    found = []
    for value, g in zip(values, vectors.T, strict=True):
        matrix = images - value * cross.T - np.conj(value) * cross + abs(value) ** 2 * gram
        found.append(np.sqrt(max((g.conj() @ matrix @ g).real / (g.conj() @ gram @ g).real, 0.0)))
    return np.array(found, float)


@pytest.mark.parametrize("rank", [None, 4])
def test_residuals_are_those_of_the_products(rank):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    y = np.sin(x @ [[0.9, 0.3], [-0.3, 0.8]])
    library = PolynomialLibrary(degree=2)
    model = ResDMD(library, rank=rank).fit(x, y)
    # The coefficients of the eigenfunctions, from their values.
    vectors = np.linalg.lstsq(library.fit_transform(x), model.eigenfunctions(x), rcond=None)[0]
    expected = by_products(library, x, y, model.eigenvalues_, vectors)
    assert np.abs(model.residuals_ - expected).max() < 1e-8 * expected.max()
    assert expected.min() > 1e-4 or rank is None


def test_products_of_a_linear_maps_eigenvalues_are_true():
    x = np.random.default_rng(1).normal(size=(500, 2))
    model = ResDMD(PolynomialLibrary(degree=3)).fit(x, x @ [[0.9, 0.3], [-0.3, 0.8]])
    assert model.n_passes_ == 2
    assert model.residuals_.max() < 1e-12
    assert model.verified(1e-10).all()


def test_true_and_spurious_eigenvalues_of_a_nonlinear_map():
    """(x, y) -> (0.9 x, 0.5 y + x^2) has 1, 0.9, 0.81, 0.5 on 1, x, x^2, y; y^2 and x y are not mapped to terms."""
    x = np.random.default_rng(2).uniform(-1.0, 1.0, (2000, 2))
    y = np.column_stack((0.9 * x[:, 0], 0.5 * x[:, 1] + x[:, 0] ** 2))
    model = ResDMD(PolynomialLibrary(degree=2)).fit(x, y)
    true = model.verified(1e-6)
    assert true.sum() == 4
    assert np.abs(np.sort(model.eigenvalues_[true].real) - [0.5, 0.81, 0.9, 1.0]).max() < 1e-10
    assert model.residuals_[~true].min() > 0.05


def test_eigenvalues_of_a_chaotic_map_are_spurious_but_for_one():
    """The doubling map has 1 on the unit circle and no other eigenvalue with a smooth eigenfunction."""
    x = np.linspace(0.0, 1.0, 4001)[:-1, None]
    library = PolynomialLibrary(degree=0) + FourierLibrary(n_frequencies=6, frequency=2.0 * np.pi)
    model = ResDMD(library).fit(x, 2.0 * x % 1.0)
    true = model.verified(1e-6)
    assert true.sum() == 1
    assert np.abs(model.eigenvalues_[true] - 1.0).max() < 1e-10
    assert model.residuals_[~true].min() > 0.5


def test_small_residuals_keep_their_digits():
    """The difference of products would leave nothing of a residual of 1e-10."""
    x = np.linspace(-1.0, 1.0, 300)[:, None]
    y = 0.5 * x + 1e-10 * np.cos(9.0 * x)
    model = ResDMD(IdentityLibrary()).fit(x, y)
    left = y - x * (x[:, 0] @ y[:, 0]) / (x[:, 0] @ x[:, 0])
    assert model.residuals_[0] == pytest.approx(np.linalg.norm(left) / np.linalg.norm(x), rel=1e-4)
    assert EDMD(IdentityLibrary(), refine=False).fit(x, y).residuals_[0] < 1e-7


def test_pseudospectrum_of_a_rotation_is_the_distance_to_its_eigenvalues():
    """The operator is normal on waves."""
    angle = np.arange(64.0)[:, None] * 2.0 * np.pi / 64
    library = PolynomialLibrary(degree=0) + FourierLibrary(n_frequencies=3)
    model = ResDMD(library).fit(angle, angle + GOLDEN)
    eigenvalues = np.exp(1j * GOLDEN * np.arange(-3, 4))
    assert max(np.abs(model.eigenvalues_ - value).min() for value in eigenvalues) < 1e-10
    real, imaginary = np.meshgrid(np.linspace(-1.5, 1.5, 20), np.linspace(-1.5, 1.5, 15))
    z = real + 1j * imaginary
    expected = np.abs(z[..., None] - eigenvalues).min(axis=-1)
    found = pseudospectrum(model, z)
    assert found.shape == z.shape
    assert np.abs(found - expected).max() < 1e-10
    assert pseudospectrum(model, eigenvalues).max() < 1e-10


def test_pseudospectrum_is_the_least_residual_of_any_function():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 2))
    y = np.sin(x @ [[0.9, 0.3], [-0.3, 0.8]])
    library = PolynomialLibrary(degree=2)
    now, then = library.fit_transform(x), library.fit_transform(y)
    orthonormal, triangle = np.linalg.qr(now)
    images = then @ np.linalg.inv(triangle)
    z = rng.normal(size=7) + 1j * rng.normal(size=7)
    expected = [np.linalg.svd(images - value * orthonormal, compute_uv=False)[-1] for value in z]
    for model in (ResDMD(library).fit(x, y), EDMD(library).fit(x, y)):
        assert np.abs(pseudospectrum(model, z) - expected).max() < 1e-10
        assert np.array_equal(model.pseudospectrum(z), pseudospectrum(model, z))
        # No eigenpair does better.
        assert (model.pseudospectrum(model.eigenvalues_) <= model.residuals_ + 1e-12).all()


def test_a_point_does_not_depend_on_those_beside_it():
    x = np.random.default_rng(4).normal(size=(200, 2))
    model = ResDMD().fit(x, np.sin(x))
    z = np.linspace(-1, 1, 3000) + 0.2j
    assert np.array_equal(model.pseudospectrum(z)[::500], [model.pseudospectrum(one) for one in z[::500]])
    assert model.pseudospectrum([]).shape == (0,)


def test_refused():
    model = ResDMD().fit(np.random.default_rng(5).normal(size=(50, 2)))
    with pytest.raises(ValueError, match="tol: is 0, expected a positive number"):
        model.verified(0)
    with pytest.raises(ValueError, match="z: holds nan or inf"):
        model.pseudospectrum([np.nan])
    with pytest.raises(TypeError, match="z: holds <U1, expected points of the complex plane"):
        model.pseudospectrum("a")
    with pytest.raises(ValueError, match="z: holds rows of different lengths"):
        model.pseudospectrum([1.0, [2.0]])
    assert model.verified(np.float32(np.inf)).all()
    with pytest.raises(TypeError, match="estimator: is 3, expected a fitted EDMD"):
        pseudospectrum(3, [1.0])
    with pytest.raises(AttributeError, match="not fitted yet"):
        ResDMD().verified(0.1)
