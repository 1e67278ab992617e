"""Columns that depend on one another: the solution of least norm, never a quotient of rounding errors."""

import numpy as np
import pytest

from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.relaxed import SR3
from fastsci.sparse.thresholding import STLSQ, solve_batch, stlsq
from fastsci_kernels.regress import cholesky, conditioning


def of_least_norm(theta, target):
    """By NumPy's least squares, in units of columns of unit length."""
    lengths = np.linalg.norm(theta, axis=0)
    return np.linalg.lstsq(theta / lengths, target, rcond=1e-12)[0] / lengths


def dependent(kind, rng):
    """A design (n, p) of which some columns are sums of others."""
    theta = rng.normal(size=(int(rng.integers(20, 2000)), int(rng.integers(2, 8)))) + 3.0 * rng.normal()
    if kind == "doubled":
        return np.column_stack((theta, theta[:, 0]))
    if kind == "sum":
        return np.column_stack((theta, theta @ rng.normal(size=theta.shape[1])))
    if kind == "constants":
        return np.column_stack((np.ones(len(theta)), theta, np.full(len(theta), 7.3)))
    if kind == "units":
        theta = theta * 10.0 ** rng.uniform(-8.0, 8.0, theta.shape[1])
        return np.column_stack((theta, 3.7 * theta[:, 1]))
    if kind == "wide":
        return rng.normal(size=(6, 15))
    return np.column_stack((theta, theta[:, 0] - theta[:, 1], theta[:, 0] + theta[:, 1]))


SOLVERS = {
    "sums": lambda theta, target: NormalEquations.of(theta, target).solve_all(np.ones((1, theta.shape[1]), bool)),
    "factors": lambda theta, target: NormalEquations.factorised(theta, target).solve_all(
        np.ones((1, theta.shape[1]), bool)
    ),
    "thresholded sums": lambda theta, target: STLSQ(0.0, 0.0)._solve(NormalEquations.of(theta, target)),
    "thresholded factors": lambda theta, target: STLSQ(0.0, 0.0)._solve(NormalEquations.factorised(theta, target)),
    "stored": lambda theta, target: stlsq(theta, target, threshold=0.0, alpha=0.0),
    "relaxed": lambda theta, target: SR3(0.0, tol=1e12, unbias=True)._solve(NormalEquations.of(theta, target)),
}


@pytest.mark.parametrize("solver", list(SOLVERS))
@pytest.mark.parametrize("kind", ["doubled", "sum", "constants", "units", "wide", "differences"])
def test_the_solution_of_least_norm(kind, solver):
    rng = np.random.default_rng(11)
    for _ in range(15):
        theta = dependent(kind, rng)
        lengths = np.linalg.norm(theta, axis=0)
        target = theta[:, :2] @ [1.0, 2.0] + rng.normal(size=len(theta)) * lengths.max() / np.sqrt(len(theta))
        expected = of_least_norm(theta, target) * lengths
        found = SOLVERS[solver](theta, target[:, None])[0] * lengths
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("alpha", [0.0, 0.05])
def test_doubled_columns_share_their_coefficient(alpha):
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(900, 4))
    theta = np.column_stack((columns, columns[:, 1], columns[:, 1]))
    found = STLSQ(0.1, alpha).fit(theta, columns @ [1.0, 3.0, 0.0, -2.0]).coef_
    assert found == pytest.approx([1.0, 1.0, 0.0, -2.0, 1.0, 1.0], abs=1e-9)


def test_a_constant_column_beside_the_intercept():
    rng = np.random.default_rng(0)
    theta = np.column_stack((rng.normal(size=(333, 2)), np.full(333, 0.1)))
    model = STLSQ(0.0, 0.0)
    model.fit_intercept = True
    model.fit(theta, theta[:, 0] + 5.0)
    assert model.predict(theta) == pytest.approx(theta[:, 0] + 5.0, abs=1e-9)
    assert np.abs(model.coef_).max() == pytest.approx(1.0, abs=1e-9)


def test_members_of_a_batch_that_are_singular():
    rng = np.random.default_rng(5)
    designs = [dependent("sum", rng)[:, :3] for _ in range(30)]
    designs = [np.column_stack((one[:, :2], one[:, :2] @ [0.3, -1.7])) for one in designs]
    targets = [one @ [1.0, 0.0, 1.0] + rng.normal(size=len(one)) for one in designs]
    problems = [NormalEquations.of(one, target[:, None]) for one, target in zip(designs, targets, strict=True)]
    sums = (np.stack([getattr(one, name) for one in problems]) for name in ("gram", "cross", "squares"))
    found = solve_batch(*sums, threshold=0.0, alpha=0.0).coef[:, 0]
    for coef, one, target in zip(found, designs, targets, strict=True):
        assert coef == pytest.approx(of_least_norm(one, target), rel=1e-6, abs=1e-6)


def test_a_ridge_tells_columns_apart_that_rounding_does_not():
    """Ridge solutions of doubled columns are unique, by far."""
    rng = np.random.default_rng(3)
    columns = rng.normal(size=(500, 3))
    target = columns @ [1.0, 2.0, -1.0] + rng.normal(size=500)
    theta = np.column_stack((columns, columns[:, 2]))
    found = stlsq(theta, target, threshold=0.0, alpha=10.0, unbias=False)[0]
    expected = np.linalg.solve(theta.T @ theta + 10.0 * np.eye(4), theta.T @ target)
    assert found == pytest.approx(expected, rel=1e-10)


def test_relaxation_that_the_sums_swamp():
    """Columns of length 1e9, doubled, beside one of length 1: both are found, with halves for the doubled one."""
    rng = np.random.default_rng(2)
    small, large = rng.normal(size=(2, 400)) * [[0.05], [5e7]]
    theta = np.column_stack((small, large, large))
    target = 2.0 * small + 3.0 * large
    solver = SR3(threshold=0.1, relax_coeff_nu=1e3).fit(theta, target)
    assert solver.coef_ == pytest.approx([2.0, 1.5, 1.5], rel=1e-3)


@pytest.mark.parametrize("size", [1, 2, 5, 20])
def test_what_is_regular(size):
    """Matrices with eigenvalues that are known, above and below what rounding may do to them."""
    rng = np.random.default_rng(size)
    for smallest in (1e-3, 1e-9, 1e-12):
        basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
        values = np.concatenate(([smallest], np.ones(size - 1)))
        matrix = basis * values @ basis.T
        lengths = np.sqrt(np.diag(matrix))
        matrix = matrix / np.outer(lengths, lengths)
        factor, diagonal = matrix.copy(), np.empty(size)
        assert cholesky.factorise(factor, diagonal, size)
        assert conditioning.regular(factor, diagonal, size)
    if size > 1:
        columns = rng.normal(size=(30, size))
        columns[:, -1] = columns[:, 0] * (1.0 + 1e-9) + 1e-9 * columns[:, -1]
        columns /= np.linalg.norm(columns, axis=0)
        matrix = columns.T @ columns
        factor, diagonal = matrix.copy(), np.empty(size)
        assert not (cholesky.factorise(factor, diagonal, size) and conditioning.regular(factor, diagonal, size))
