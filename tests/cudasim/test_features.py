"""Sums of products of a library's columns on the simulator are those of the CPU."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from fastsci.sparse.libraries import CustomLibrary, FourierLibrary, PolynomialLibrary
from fastsci_kernels import cuda_target
from fastsci_kernels.regress import features, features_cuda

pytestmark = pytest.mark.cuda_sim

TOLERANCE = 1e-13


@pytest.fixture(autouse=True)
def _turns():
    """Let the simulator's threads, which are Python's, take turns quickly: they wait for one another all the time."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def clipped(x):
    if x > 0.5:
        return 0.5 * x
    return math.exp(x)


LIBRARIES = {
    "cubic": (PolynomialLibrary(degree=3), 2),
    "constant alone": (PolynomialLibrary(degree=0), 1),
    "quadratic in five": (PolynomialLibrary(degree=2), 5),
    "products": (PolynomialLibrary(degree=1) * FourierLibrary(), 2),
    "branches": (CustomLibrary([clipped]) + PolynomialLibrary(degree=2), 2),
}


def samples(n, n_inputs, n_targets=2):
    rng = np.random.default_rng(n)
    return rng.uniform(-1, 1, (n, n_inputs)), rng.normal(size=(n, n_targets))


def agree(library, n_inputs, n, **options):
    X, Y = samples(n, n_inputs)
    plan = library.plan(n_inputs, 2)
    found = features_cuda.sums(plan, X, Y, **options)
    expected = features.sums(plan, X, Y, features.pieces(plan, n), **options).sum(axis=0)
    assert found.shape == expected.shape == (plan.n_products,)
    # Beside the sums of the terms' sizes, which are not much above n.
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE * n)


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize("n", [1, 53])
def test_sums(name, n):
    agree(*LIBRARIES[name], n)


@pytest.mark.parametrize("n", [15, 16, 17, 33])
def test_edges_of_tiles(n):
    agree(*LIBRARIES["cubic"], n)


@pytest.mark.parametrize("name", ["cubic", "branches"])
def test_weights_and_residuals(name):
    library, n_inputs = LIBRARIES[name]
    rng = np.random.default_rng(4)
    weights, coef = rng.random(40), rng.normal(size=(2, len(library.terms(n_inputs))))
    agree(library, n_inputs, 40, weights=weights)
    agree(library, n_inputs, 40, coef=coef)
    agree(library, n_inputs, 40, weights=weights, coef=coef)


def test_chunks_and_arrays_on_the_device(monkeypatch):
    X, Y = samples(50, 2)
    plan = PolynomialLibrary(degree=2).plan(2, 2)
    expected = features_cuda.sums(plan, X, Y)
    cuda = cuda_target.cuda()
    assert np.array_equal(features_cuda.sums(plan, cuda.to_device(X), cuda.to_device(Y)), expected)
    monkeypatch.setattr(features_cuda, "CHUNK", 16)
    np.testing.assert_allclose(features_cuda.sums(plan, X, Y), expected, rtol=TOLERANCE, atol=TOLERANCE)
    np.testing.assert_allclose(
        features_cuda.sums(plan, X.astype(np.float32), Y), expected, rtol=1e-5, atol=1e-5
    )  # rounded samples


def test_no_samples():
    X, Y = samples(0, 2)
    plan = PolynomialLibrary(degree=2).plan(2, 2)
    assert not features_cuda.sums(plan, X, Y).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_reaches_its_sums(bad):
    X, Y = samples(21, 2)
    X[20, 1] = bad
    plan = PolynomialLibrary(degree=1).plan(2, 2)
    finite = np.isfinite(features_cuda.sums(plan, X, Y)[plan.gram])
    assert np.array_equal(finite, [[True, True, False], [True, True, False], [False, False, False]])


def test_functions_see_no_sample_that_is_not_there():
    plan = CustomLibrary([lambda x: 1 / x]).plan(1, 1)
    assert features_cuda.sums(plan, np.full((5, 1), 2.0), np.ones((5, 1)))[plan.gram[0, 0]] == 5 / 4


def test_a_table_that_fits_no_block_is_refused():
    plan = PolynomialLibrary(degree=1).plan(6200, 0, moments=False)
    with pytest.raises(ValueError, match=r"library: 6201 columns .* use device=\"cpu\""):
        features_cuda.sums(plan, np.ones((2, 6200)), np.ones((2, 0)))
