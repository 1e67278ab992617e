"""Bootstraps of libraries whose columns nearly depend on one another keep the digits that sums of products lose."""

import numpy as np
import pytest

from fastsci.sparse._block_triangles import drawn_triangles, left_out_squares
from fastsci.sparse._bootstrap import resampled
from fastsci.sparse.ensembling import EnsembleSINDy
from fastsci.sparse.libraries import PolynomialLibrary
from fastsci.sparse.sindy import SINDy
from fastsci.sparse.thresholding import STLSQ

LEAST_SQUARES = STLSQ(threshold=0.0, alpha=0.0)
HOW = [("blocks", 7), ("blocks", 40), ("samples", None), ("trajectories", None)]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("bootstrap", "length"), HOW)
def test_factors_are_those_of_the_drawn_samples(bootstrap, length, weighted):
    rng = np.random.default_rng(0)
    library = PolynomialLibrary(degree=2)
    data = [
        (rng.normal(size=(n, 2)), rng.normal(size=(n, 2)), rng.uniform(0.5, 2.0, n) if weighted else None)
        for n in (70, 40, 90)
    ]
    found = resampled(library, data, 8, np.random.default_rng(1), bootstrap=bootstrap, block_length=length)
    for _ in range(2):  # rows can be asked for again
        triangles = drawn_triangles(found.rows(), 8)
        for member, triangle in enumerate(triangles):
            products = triangle.T @ triangle
            np.testing.assert_allclose(products[:6, :6], found.drawn[member][found.plan.gram], rtol=1e-11, atol=1e-11)
            np.testing.assert_allclose(products[:6, 6:], found.drawn[member][found.plan.cross], rtol=1e-11, atol=1e-11)
            assert np.array_equal(triangle, np.triu(triangle))
    zero = left_out_squares(found.rows(), np.zeros((8, 2, 6)))
    np.testing.assert_allclose(zero, found.left_out[:, found.plan.squares], rtol=1e-11)


def narrow(n=3000, noise=0.0, seed=0):
    """States between 1 and 1.15, of which the monomials up to the fifth nearly depend on one another."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(1.0, 1.15, (n, 1))
    return x, 2.0 * x - 3.0 * x**3 + 0.5 * x**5 + noise * rng.normal(size=(n, 1))


@pytest.mark.parametrize("bootstrap", ["blocks", "samples", "trajectories"])
def test_coefficients_that_the_sums_have_lost(bootstrap):
    X, Y = narrow()
    pieces = [list(np.array_split(part, 30)) for part in (X, Y)] if bootstrap == "trajectories" else (X, Y)
    options = {"library": PolynomialLibrary(degree=5), "optimizer": LEAST_SQUARES}
    model = EnsembleSINDy(20, bootstrap=bootstrap, rng=0, **options).fit(pieces[0], x_dot=pieces[1])
    assert model.route_ == "qr"
    assert model.condition_ > 1e8
    truth = np.array([[0.0, 2.0, 0.0, -3.0, 0.0, 0.5]])
    np.testing.assert_allclose(model.coef_samples_, np.broadcast_to(truth, (20, 1, 6)), atol=1e-3)
    assert model.scores_ == pytest.approx(np.ones(20), abs=1e-12)
    assert model.out_of_bag_scores_ == pytest.approx(np.ones(20), abs=1e-12)
    plain = SINDy(**options).fit(X, x_dot=Y)
    np.testing.assert_allclose(model.problem_.root.T @ model.problem_.root, plain.problem_.gram, rtol=1e-10)


def test_the_spread_is_the_standard_error():
    X, Y = narrow(n=2000, noise=1e-3)
    library = PolynomialLibrary(degree=5)
    model = EnsembleSINDy(400, library=library, optimizer=LEAST_SQUARES, block_length=4, rng=0).fit(X, x_dot=Y)
    assert model.route_ == "qr"
    inverse = np.linalg.inv(np.linalg.qr(library.fit_transform(X), mode="r"))
    np.testing.assert_allclose(model.coef_std_[0], 1e-3 * np.linalg.norm(inverse, axis=1), rtol=0.15)
    spread = np.sum((Y - Y.mean()) ** 2)
    for member, predicted in enumerate(model.predict_members(X)[:5]):
        # Coefficients of 1e5 of either sign leave so many digits of a prediction.
        assert model.scores_[member] == pytest.approx(1 - np.sum((Y - predicted) ** 2) / spread, abs=1e-9)


def test_members_lack_terms():
    X, Y = narrow(n=500, noise=1e-3)
    model = EnsembleSINDy(
        50, library=PolynomialLibrary(degree=5), optimizer=LEAST_SQUARES, bootstrap=None, library_ensemble=2, rng=0
    ).fit(X, x_dot=Y)
    assert model.route_ == "qr"
    columns = PolynomialLibrary(degree=5).fit_transform(X)
    for coef, offered in zip(model.coef_samples_[:5, 0], model.offered_[:5], strict=True):
        lengths = np.linalg.norm(columns[:, offered], axis=0)
        expected = np.linalg.lstsq(columns[:, offered] / lengths, Y[:, 0])[0] / lengths
        np.testing.assert_allclose(coef[offered], expected, rtol=1e-5)
        assert not coef[~offered].any()


def test_doubled_states_share_their_coefficients():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, 1))
    model = EnsembleSINDy(10, library=PolynomialLibrary(degree=1), rng=0).fit(
        np.hstack((x, x)), x_dot=np.hstack((x, x))
    )
    np.testing.assert_allclose(model.coef_samples_, np.broadcast_to([0.0, 0.5, 0.5], (10, 2, 3)), atol=1e-10)
