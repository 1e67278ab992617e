"""Relaxed regression: a dense iteration written out, proximal steps by search, fixed points, batches, bad arguments."""

import numpy as np
import pytest

from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.relaxed import SR3
from fastsci.sparse.thresholding import EliminationWarning, IterationWarning
from fastsci_kernels.regress import relaxed

RNG = np.random.default_rng(8)
DESIGN = RNG.normal(size=(200, 9)) * np.geomspace(0.3, 3.0, 9)
TRUTH = np.array([[0, 1.0, 0, 0, -0.4, 0, 0.2, 0, 0], [2.0, 0, 0, 0.7, 0, 0, 0, 0, -0.1]])
TARGET = DESIGN @ TRUTH.T + 0.1 * RNG.normal(size=(200, 2))

PROXIMAL = {
    "L0": lambda value, strength: np.where(np.abs(value) > np.sqrt(2 * strength), value, 0.0),
    "L1": lambda value, strength: np.sign(value) * np.maximum(np.abs(value) - strength, 0.0),
    "L2": lambda value, strength: value / (1 + 2 * strength),
}


def by_definition(weight, regularizer, nu, tol, max_iter):
    sparse = np.linalg.lstsq(DESIGN, TARGET, rcond=None)[0]
    stacked = np.vstack((DESIGN, np.eye(9) / np.sqrt(nu)))
    count = 0
    while count < max_iter:
        count += 1
        full = np.linalg.lstsq(stacked, np.vstack((TARGET, sparse / np.sqrt(nu))), rcond=None)[0]
        before, sparse = sparse, PROXIMAL[regularizer](full, weight * nu)
        if np.linalg.norm(sparse - before) < tol * nu:
            break
    return sparse.T, full.T, count


@pytest.mark.filterwarnings("ignore::fastsci.sparse.thresholding.IterationWarning")  # thirty are the default
@pytest.mark.parametrize("regularizer", ["L0", "L1", "L2"])
@pytest.mark.parametrize("nu", [0.003, 0.1, 2.0])
def test_as_the_definition(regularizer, nu):
    solver = SR3(0.05, regularizer, nu).fit(DESIGN, TARGET)
    sparse, full, count = by_definition(0.05, regularizer, nu, 1e-5, 30)
    assert solver.coef_ == pytest.approx(sparse, rel=1e-10, abs=1e-13)
    assert solver.coef_full_ == pytest.approx(full, rel=1e-10, abs=1e-13)
    assert solver.n_iter_ == count
    assert np.array_equal(solver.support_, sparse != 0)


@pytest.mark.parametrize(("name", "power"), [("L0", 0), ("L1", 1), ("L2", 2)])
@pytest.mark.parametrize("value", [-1.7, -0.3, 0.2, 2.5])
def test_proximal_steps_minimise(name, power, value):
    grid = np.linspace(-3.0, 3.0, 600_001)
    cost = (0.4 * (np.abs(grid) > 1e-12) if power == 0 else 0.4 * np.abs(grid) ** power) + (grid - value) ** 2 / 2
    found = relaxed.proximal.function(value, 0.4, getattr(relaxed, name))
    assert found == pytest.approx(grid[np.argmin(cost)], abs=1e-5)


def test_rest_is_a_fixed_point():
    solver = SR3(0.02, "L1", 0.05, tol=1e-13, max_iter=10_000).fit(DESIGN, TARGET)
    # Where it rests, -X'(y - X w) = (u - w) / nu is a subgradient of the penalty at u.
    slope = DESIGN.T @ (TARGET - DESIGN @ solver.coef_full_.T)
    held = (solver.coef_full_ - solver.coef_).T / 0.05
    assert slope == pytest.approx(held, abs=1e-7)
    kept = solver.coef_.T != 0
    assert held[kept] == pytest.approx(0.02 * np.sign(solver.coef_.T[kept]), abs=1e-7)
    assert np.abs(held[~kept]).max(initial=0.0) <= 0.02 + 1e-9


def test_a_threshold_is_a_weight():
    by_threshold = SR3(threshold=0.15, relax_coeff_nu=0.1).fit(DESIGN, TARGET)
    by_weight = SR3(0.15**2 / (2 * 0.1), relax_coeff_nu=0.1).fit(DESIGN, TARGET)
    assert by_threshold.coef_ == pytest.approx(by_weight.coef_, rel=1e-12)
    assert np.array_equal(by_threshold.support_, np.abs(TRUTH) > 0.15)


def test_weights_of_coefficients():
    weights = np.full((2, 9), 1e-4)
    weights[1, 3] = 1e6
    solver = SR3(weights, "weighted_l0", 0.01, tol=1e-11, max_iter=20_000).fit(DESIGN, TARGET)
    assert solver.coef_[1, 3] == 0
    assert solver.coef_[0] == pytest.approx(
        SR3(1e-4, "L0", 0.01, tol=1e-11, max_iter=20_000).fit(DESIGN, TARGET[:, 0]).coef_, rel=1e-6
    )


def test_unbiased_is_least_squares_on_the_support():
    solver = SR3(threshold=0.15, relax_coeff_nu=0.1, unbias=True).fit(DESIGN, TARGET)
    for row, column in zip(solver.coef_, TARGET.T, strict=True):
        assert row[row != 0] == pytest.approx(np.linalg.lstsq(DESIGN[:, row != 0], column, rcond=None)[0], rel=1e-10)


def test_normalised_columns_have_no_units():
    options = {"threshold": 3.0, "relax_coeff_nu": 0.5, "normalize_columns": True}
    units = np.geomspace(1e-5, 1e5, 9)
    found, scaled = SR3(**options).fit(DESIGN, TARGET), SR3(**options).fit(DESIGN * units, TARGET)
    assert 0 < found.complexity < 18
    assert scaled.coef_ * units == pytest.approx(found.coef_, rel=1e-9)
    assert scaled.coef_full_ * units == pytest.approx(found.coef_full_, rel=1e-9)


@pytest.mark.filterwarnings("ignore::fastsci.sparse.thresholding.IterationWarning")  # thirty are the default
def test_a_batch_is_its_members_bit_for_bit():
    draws = [RNG.multinomial(200, np.full(200, 1 / 200)).astype(float) for _ in range(60)]
    problems = [NormalEquations.of(DESIGN, TARGET, weight) for weight in draws]
    assert np.array_equal(SR3()._solve_many(problems), [SR3()._solve(problem) for problem in problems])


def test_more_terms_than_samples():
    """The relaxation alone makes the system regular; without it rounding would."""
    theta, target = DESIGN[:5], TARGET[:5]
    for nu in (0.1, 1e18):
        solver = SR3(0.0, "L1", nu).fit(theta, target)
        assert theta @ solver.coef_.T == pytest.approx(target, abs=1e-8)


def test_nothing_left_and_stopped_early():
    with pytest.warns(EliminationWarning, match="no term of target 0, 1"):
        assert not SR3(threshold=100.0).fit(DESIGN, TARGET).coef_.any()
    with pytest.warns(IterationWarning, match="after 1 iterations"):
        SR3(0.1, "L1", 0.01, max_iter=1).fit(DESIGN, TARGET)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"regularizer": "L3"}, "regularizer: is 'L3'"),
        ({"reg_weight_lam": -1.0}, "reg_weight_lam: is -1.0"),
        ({"reg_weight_lam": np.ones(4)}, r"reg_weight_lam: has shape \(4,\)"),
        ({"threshold": np.nan}, "threshold: is nan"),
        ({"threshold": 0.1, "regularizer": "L1"}, "threshold: is 0.1, expected None"),
        ({"relax_coeff_nu": 0.0}, "relax_coeff_nu: is 0.0"),
        ({"tol": -1e-5}, "tol: is -1e-05"),
        ({"max_iter": 0}, "max_iter: is 0"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        SR3(**options).fit(DESIGN, TARGET)
