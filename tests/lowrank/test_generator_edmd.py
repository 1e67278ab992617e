"""The Koopman generator of systems whose spectrum is known, and exact derivatives of every kind of dictionary."""

import math

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

import fastsci
from fastsci.lowrank._koopman_generator_terms import Noise, generator_terms
from fastsci.lowrank.generator_koopman import Driven, GeneratorEDMD
from fastsci.lowrank.residual_koopman import pseudospectrum
from fastsci.sparse.libraries import CustomLibrary, FourierLibrary, PolynomialLibrary, RadialBasisLibrary

LIBRARIES = {
    "polynomial": PolynomialLibrary(degree=4),
    "fourier": FourierLibrary(n_frequencies=2),
    "radial": RadialBasisLibrary([[0.0, 0.2], [-1.0, 0.5]], width=0.8),
    "own": CustomLibrary([lambda u: u / (1 + u * u), lambda u, v: math.exp(-u) * v], include_bias=True),
    "product": PolynomialLibrary(degree=2) * FourierLibrary(),
}


def plain(library, state):
    return library.fit_transform(np.atleast_2d(state))[0]


def by_differences(library, state, drift, noise, step=1e-4):
    """The generator's image of every term by central differences of the terms themselves."""
    first = (plain(library, state + step * drift) - plain(library, state - step * drift)) / (2 * step)
    here = plain(library, state)
    second = sum(
        (plain(library, state + step * s) - 2 * here + plain(library, state - step * s)) / step**2 for s in noise.T
    )
    return first + 0.5 * second


@pytest.mark.parametrize("kind", ["none", "diagonal", "matrix"])
@pytest.mark.parametrize("name", LIBRARIES)
def test_images_of_terms_are_their_derivatives(name, kind):
    rng = np.random.default_rng(0)
    library = LIBRARIES[name]
    x, drift = rng.normal(size=(2, 6, 2))
    if kind == "none":
        noise, rows, form = np.zeros((6, 2, 1)), np.empty((6, 0)), Noise(0, True)
    elif kind == "diagonal":
        rows = rng.normal(size=(6, 2))
        noise, form = rows[:, :, None] * np.eye(2), Noise(2, True)
    else:
        noise = rng.normal(size=(6, 2, 3))
        rows, form = noise.reshape(6, 6), Noise(3, False)
    (block,) = Driven(library, x, drift, rows, form).blocks()
    expected = [by_differences(library, *arguments) for arguments in zip(x, drift, noise, strict=True)]
    assert np.abs(block.images - expected).max() < 1e-5 * max(1.0, np.abs(expected).max())
    assert np.abs(block.lifted - library.fit_transform(x)).max() < 1e-14


def test_terms_of_a_library_are_differentiated_once():
    terms = LIBRARIES["product"].terms(2)
    assert generator_terms(terms, 2, Noise(2, True)) is generator_terms(terms, 2, Noise(2, True))


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_eigenvalues_of_a_linear_system_are_sums_of_those_of_its_matrix(degree):
    matrix = np.array([[-0.2, 1.0], [-1.0, -0.3]])
    first, second = np.linalg.eigvals(matrix)
    x = np.random.default_rng(1).normal(size=(300, 2))
    model = GeneratorEDMD(PolynomialLibrary(degree=degree)).fit(x, x @ matrix.T)
    expected = np.array([first * i + second * j for i in range(degree + 1) for j in range(degree + 1 - i)])
    assert max(np.abs(model.eigenvalues_ - value).min() for value in expected) < 1e-10
    assert (np.diff(model.eigenvalues_.real) <= 1e-12).all()
    assert model.residuals_.max() < 1e-6
    assert np.abs(model.drift(x) - x @ matrix.T).max() < 1e-10


@fastsci.system(params={"rate": 1.5})
def ornstein_uhlenbeck(t, u, p):
    x, y = u
    (rate,) = p
    return -x, -rate * y


def spread(t, u, p):
    return 0.7, 0.4


def test_ornstein_uhlenbeck_from_a_system():
    described = fastsci.system(ornstein_uhlenbeck.fun, params={"rate": 1.5}, noise=spread)
    x = np.random.default_rng(2).normal(size=(400, 2))
    model = GeneratorEDMD(PolynomialLibrary(degree=3), system=described).fit(x)
    expected = -np.array([i + 1.5 * j for i in range(4) for j in range(4 - i)])
    assert max(np.abs(model.eigenvalues_ - value).min() for value in expected) < 1e-10
    # Hermite polynomials: (L (x^2 - 0.245)) = -2 (x^2 - 0.245).
    names = model.feature_names_
    column = model.generator_matrix_[:, names.index("x0^2")]
    assert column[names.index("x0^2")] == pytest.approx(-2.0, abs=1e-10)
    assert column[0] == pytest.approx(0.49, abs=1e-10)
    assert np.abs(model.predict(x, t=0.5) - x * np.exp([-0.5, -0.75])).max() < 1e-10
    other = GeneratorEDMD(PolynomialLibrary(degree=3), system=described).fit(x, params={"rate": 2.0})
    assert np.abs(other.eigenvalues_ + 2.0).min() < 1e-10


def test_diffusion_in_each_form_is_the_same():
    x = np.random.default_rng(3).normal(size=(200, 2))
    each = np.array([0.7, 0.4])
    one = GeneratorEDMD().fit(x, -x, diffusion=each)
    rows = GeneratorEDMD().fit(x, -x, diffusion=np.broadcast_to(each, x.shape))
    matrix = GeneratorEDMD().fit(x, -x, diffusion=np.broadcast_to(np.diag(each), (200, 2, 2)))
    assert np.array_equal(one.generator_matrix_, rows.generator_matrix_)
    assert np.abs(one.generator_matrix_ - matrix.generator_matrix_).max() < 1e-11


def test_correlated_noise_moves_products():
    """d<xy>/dt of dx = s dW, dy = r dW is s r."""
    x = np.random.default_rng(4).normal(size=(200, 2))
    noise = np.broadcast_to([[0.5], [2.0]], (200, 2, 1))
    model = GeneratorEDMD().fit(x, np.zeros_like(x), diffusion=noise)
    assert model.generator_matrix_[0, model.feature_names_.index("x0 x1")] == pytest.approx(1.0, abs=1e-11)


def test_derivatives_of_a_trajectory_where_no_drift_is_given():
    t = np.linspace(0.0, 5.0, 2000)
    x = np.column_stack((np.exp(-0.5 * t), np.exp(-0.8 * t)))
    model = GeneratorEDMD(PolynomialLibrary(degree=1)).fit(x, t=t)
    assert max(np.abs(model.eigenvalues_ - value).min() for value in (0.0, -0.5, -0.8)) < 1e-4


def test_residuals_and_pseudospectrum_of_a_pendulum():
    """Energy is conserved: 0 is an eigenvalue of polynomials times cosines; others of this dictionary are spurious."""

    @fastsci.system
    def pendulum(t, u, p):
        angle, speed = u
        return speed, -math.sin(angle)

    rng = np.random.default_rng(5)
    x = np.column_stack((rng.uniform(-2.0, 2.0, 2000), rng.uniform(-1.0, 1.0, 2000)))
    library = PolynomialLibrary(degree=2) + FourierLibrary()
    model = GeneratorEDMD(library, system=pendulum, refine=True).fit(x)
    true = model.residuals_ < 1e-6
    assert np.abs(model.eigenvalues_[true]).max() < 1e-8
    assert 1 <= true.sum() <= 2
    assert model.residuals_[~true].min() > 0.01
    assert pseudospectrum(model, 0.0) < 1e-6


def test_refused():
    x = np.random.default_rng(6).normal(size=(50, 2))
    with pytest.raises(ValueError, match="y: is given together with system"):
        GeneratorEDMD(system=ornstein_uhlenbeck).fit(x, -x)
    with pytest.raises(ValueError, match=r"diffusion: has shape \(3,\), expected \(2,\)"):
        GeneratorEDMD().fit(x, -x, diffusion=[1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="diffusion: holds nan or inf"):
        GeneratorEDMD().fit(x, -x, diffusion=[1.0, np.nan])
    with pytest.raises(ValueError, match="t: is nan, expected a finite time"):
        GeneratorEDMD().fit(x, -x).predict(x, t=np.nan)
    logistic = fastsci.system(lambda t, u, p: (4 * u[0] * (1 - u[0]), u[1]), kind="map", state=("x", "y"))
    with pytest.raises(ValueError, match="a map has no generator"):
        GeneratorEDMD(system=logistic).fit(x)
    with pytest.raises(TypeError, match=r"system: is 'a', expected a fastsci\.System"):
        GeneratorEDMD(system="a").fit(x)
    with pytest.raises(ValueError, match="params: are given without a system"):
        GeneratorEDMD().fit(x, -x, params={"theta": 1.0})
    for diffusion in (["a", "b"], [1j, 1.0]):
        with pytest.raises(TypeError, match=r"diffusion: holds .*, expected real numbers"):
            GeneratorEDMD().fit(x, -x, diffusion=diffusion)
    with pytest.raises(ValueError, match="diffusion: holds rows of different lengths"):
        GeneratorEDMD().fit(x, -x, diffusion=[[1.0], [2.0, 3.0]])


@pytest.mark.parametrize("kind", [np.int64, np.float32, int])
def test_a_time_is_a_number_of_any_kind(kind):
    x = np.random.default_rng(6).normal(size=(50, 2))
    model = GeneratorEDMD().fit(x, -x)
    np.testing.assert_array_equal(model.predict(x, t=kind(2)), model.predict(x, t=2.0))


def test_the_score_is_that_of_the_drift_and_chooses_a_dictionary():
    x = np.random.default_rng(6).normal(size=(90, 2))
    drift = np.column_stack([x[:, 1], -x[:, 0] - x[:, 0] ** 3])
    model = GeneratorEDMD(PolynomialLibrary(degree=1)).fit(x, drift)
    left, spread = drift - model.drift(x), drift - drift.mean(axis=0)
    assert model.score(x, drift) == pytest.approx(np.mean(1.0 - (left**2).sum(axis=0) / (spread**2).sum(axis=0)))
    search = GridSearchCV(GeneratorEDMD(PolynomialLibrary()), {"library__degree": [1, 2, 3]}, cv=3, error_score="raise")
    assert search.fit(x, drift).best_params_ == {"library__degree": 3}
    assert search.best_score_ == pytest.approx(1.0, abs=1e-12)
