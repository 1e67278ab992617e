"""Self-predictive features: what is conserved, what rises, and where they end."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from fastsci.linear import self_predictive_flow


def symmetric(n, values, seed):
    basis = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]
    return basis * values @ basis.T


def test_features_turn_to_the_eigenvectors_of_the_largest_eigenvalues():
    T = symmetric(12, np.r_[1.0, 0.95, 0.9, 0.4, 0.3, np.linspace(0.2, 0.0, 7)], 0)
    run = self_predictive_flow(T, 3, np.linspace(0, 150, 61), n_draws=8, rng=0)
    assert (run.angles[:, -1] < 1e-3).all()
    assert (run.angles[:, 0] > 0.1).all()
    assert (np.diff(run.objective, axis=1) > -1e-12).all()
    np.testing.assert_allclose(run.objective[:, -1], 0.5 * (1.0 + 0.95**2 + 0.9**2), rtol=1e-9)


def test_with_eigenvalues_of_both_signs_the_extremes_of_both_may_be_kept():
    values = np.array([1.0, 0.8, 0.2, 0.0, -0.1, -0.7, -0.9])
    run = self_predictive_flow(symmetric(7, values, 5), 2, np.linspace(0, 300, 31), n_draws=40, rng=5)
    T = symmetric(7, values, 5)
    kept = np.linalg.eigvalsh(run.features[:, -1].swapaxes(1, 2) @ T @ run.features[:, -1])
    pairs = {tuple(pair) for pair in kept.round(6).tolist()}
    assert pairs <= {(0.8, 1.0), (-0.9, 1.0), (-0.9, -0.7)}
    assert len(pairs) > 1
    assert (np.diff(run.objective, axis=1) > -1e-12).all()


def test_features_never_collapse():
    T = np.random.default_rng(1).normal(size=(9, 9)) / 3
    run = self_predictive_flow(T, 4, np.linspace(0, 30, 11), n_draws=3, rng=1)
    products = run.features.swapaxes(2, 3) @ run.features
    np.testing.assert_allclose(products, np.broadcast_to(np.eye(4), products.shape), atol=1e-13)
    assert run.angles is None
    assert repr(run) == "SelfPrediction(3 draws of 4 features of 9 states, 11 times)"


def test_the_flow_is_the_gradient_with_its_target_held():
    """Against SciPy, with gradients of the loss by central differences at the best predictor."""
    rng = np.random.default_rng(2)
    T = rng.normal(size=(5, 5)) / 2
    run = self_predictive_flow(T, 2, [0.0, 1.0, 3.0], rate=0.5, rng=2)

    def slope(t, flat):
        F = flat.reshape(5, 2)
        P = np.linalg.solve(F.T @ F, F.T @ T @ F)

        def loss(G):
            # E |P'G'x - F'y|^2 / 2 with E[x x'] = I and E[x y'] = T, without what G is not in.
            return 0.5 * np.trace(P.T @ G.T @ G @ P) - np.trace(P.T @ G.T @ T @ F)

        steps = 1e-5 * np.eye(10).reshape(10, 5, 2)
        return -0.5 * np.array([(loss(F + step) - loss(F - step)) / 2e-5 for step in steps])

    exact = solve_ivp(slope, (0, 3), run.features[0, 0].ravel(), t_eval=[0, 1, 3], rtol=1e-9, atol=1e-11).y.T
    np.testing.assert_allclose(run.features[0].reshape(3, 10), exact, atol=1e-6)


def test_a_draw_does_not_depend_on_those_beside_it():
    T = symmetric(6, np.linspace(1, 0, 6), 3)
    many, few = (self_predictive_flow(T, 2, [5.0], n_draws=n, rng=4) for n in (5, 2))
    np.testing.assert_allclose(few.features, many.features[:2], rtol=0, atol=1e-15)


def test_ends_of_the_range():
    still = self_predictive_flow(np.zeros((3, 3)), 2, [0.0, 10.0], rng=0)
    np.testing.assert_allclose(still.features[:, 0], still.features[:, 1], rtol=0, atol=1e-15)
    everything = self_predictive_flow(symmetric(3, [1.0, 0.5, 0.2], 0), 3, [0.0, 5.0], rng=0)
    assert everything.angles.max() < 1e-7


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: self_predictive_flow(np.ones((2, 3)), 1, [1.0]), "transition: has shape"),
        (lambda: self_predictive_flow(np.eye(2), 3, [1.0]), "n_features: is 3, expected at most the 2"),
        (lambda: self_predictive_flow(np.eye(2), 1, [1.0, 0.0]), "times: fall"),
        (lambda: self_predictive_flow(np.eye(2), 1, [1.0], rate=0.0), r"rate: is 0\.0"),
        (lambda: self_predictive_flow(np.full((2, 2), np.inf), 1, [1.0]), "transition: holds"),
    ],
)
def test_what_does_not_fit_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()
