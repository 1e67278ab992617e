"""Learning curves of deep linear networks: closed forms, their equation, and networks that are trained."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from fastsci.linear import learning_curve, learning_time, train_deep_linear


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 9])
@pytest.mark.parametrize(
    "case", [(2.0, 0.01, 1.0, 1.0), (2.0, 0.3, 0.5, 3.0), (1.0, 4.0, 1.0, 1.0), (0.0, 1.0, 1.0, 1.0)]
)
def test_curves_solve_their_equation(depth, case):
    strength, initial, variance, unit = case

    def slope(t, u):
        return depth * u ** (2.0 - 2.0 / depth) * (strength - variance * u) / unit

    times = np.linspace(0.0, 8.0, 33)
    options = {"rtol": 1e-12, "atol": 1e-14, "method": "DOP853"}
    exact = solve_ivp(slope, (0.0, 8.0), [initial], t_eval=times, **options).y[0]
    found = learning_curve(times, strength, initial, depth=depth, input_variance=variance, time_constant=unit)
    np.testing.assert_allclose(found, exact, rtol=1e-9)


def test_two_layers_are_the_logistic_of_saxe_mcclelland_and_ganguli():
    s, start, times = 3.0, 0.01, np.linspace(0.0, 4.0, 50)
    growth = np.exp(2 * s * times)
    logistic = s * growth / (growth - 1 + s / start)
    np.testing.assert_allclose(learning_curve(times, s, start), logistic, rtol=1e-13)


def test_many_layers_are_the_limit_of_saxe_mcclelland_and_ganguli():
    # Eq. 16 there, for L to infinity, with the layers' number in the unit of time.
    s, start, depth = 1.5, 0.2, 4000
    u = np.array([0.3, 0.8, 1.4])
    exact = (np.log(u * (s - start) / (start * (s - u))) / s**2 + 1 / (s * start) - 1 / (s * u)) / depth
    np.testing.assert_allclose(learning_time(u, s, start, depth=depth), exact, rtol=2e-3)


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_times_and_strengths_invert_one_another(depth):
    for strength, start, targets in (
        (1.0, 0.05, [0.06, 0.5, 0.999]),
        (1.0, 3.0, [2.9, 1.5, 1.001]),
        (0.0, 1.0, [0.9, 0.1]),
    ):
        times = learning_time(targets, strength, start, depth=depth, input_variance=1.0)
        assert (np.diff(times) > 0).all()
        curve = learning_curve(times, strength, start, depth=depth)
        np.testing.assert_allclose(curve, targets, rtol=1e-10)


def test_stronger_modes_are_learned_sooner_in_inverse_proportion_of_their_strength():
    # From small starts two layers take ln(1 / start) / (2 s) to leading order.
    half = [float(learning_time([s / 2], s, 1e-8)[0]) for s in (1.0, 2.0, 4.0)]
    assert half[0] / half[1] == pytest.approx(2.0, rel=0.1)
    assert half[1] / half[2] == pytest.approx(2.0, rel=0.1)


def test_ends_of_the_curve():
    assert learning_curve([0.0, 5.0], 2.0, 0.0, depth=3).tolist() == [0.0, 0.0]
    assert learning_curve([0.0, 5.0], 2.0, 2.0, depth=3).tolist() == [2.0, 2.0]
    assert learning_curve([1e9], 2.0, 1e-3, depth=4)[0] == pytest.approx(2.0, rel=1e-14)
    assert learning_curve([0.0, 1e6], 2.0, 1e-3).tolist() == [pytest.approx(1e-3), 2.0]
    assert learning_time([2.0, 1e-3, 1e-4, 3.0], 2.0, 1e-3, depth=3).tolist() == pytest.approx(
        [np.inf, 0.0, np.nan, np.nan], nan_ok=True
    )
    assert learning_time([1.0], 2.0, 0.0)[0] == np.inf


def test_modes_broadcast():
    curves = learning_curve([0.0, 1.0, 2.0], [3.0, 1.0], [0.1, 0.2], depth=3)
    for number, (strength, start) in enumerate([(3.0, 0.1), (1.0, 0.2)]):
        np.testing.assert_array_equal(curves[number], learning_curve([0.0, 1.0, 2.0], strength, start, depth=3))
    assert learning_curve([0.0, 1.0], [3.0, 1.0], 0.1).shape == (2, 2)
    assert learning_time([0.5], 1.0, [0.1, 0.2, 0.3]).shape == (3, 1)


@pytest.mark.parametrize(("depth", "end"), [(1, 6.0), (2, 6.0), (3, 40.0), (4, 150.0)])
def test_trained_networks_follow_the_closed_form_mode_by_mode(depth, end):
    rng = np.random.default_rng(0)
    # Modes of well separated strengths, so that each has its own time.
    left, right = (np.linalg.qr(rng.normal(size=(size, 4)))[0] for size in (6, 5))
    correlation = left * [3.0, 2.0, 1.2, 0.8] @ right.T
    run = train_deep_linear(
        correlation,
        np.linspace(0, end, 81),
        depth=depth,
        hidden=8 if depth > 1 else None,
        initial_strength=0.01,
        n_draws=3,
        rng=1,
    )
    np.testing.assert_allclose(run.strengths[:, :, :4], np.broadcast_to(run.closed_form[:4].T, (3, 81, 4)), rtol=0.01)
    np.testing.assert_allclose(run.strengths[:, :, :4], np.broadcast_to(run.closed_form[:4].T, (3, 81, 4)), rtol=1e-4)
    assert (np.diff(run.losses, axis=1) < 1e-12).all()


def test_training_is_gradient_flow():
    """Against SciPy on the weights themselves, with gradients by central differences of the loss."""
    rng = np.random.default_rng(2)
    correlation, X = rng.normal(size=(2, 3)), rng.normal(size=(40, 3))
    covariance = X.T @ X / 40
    shapes = [(4, 3), (3, 4), (2, 3)]

    def layers(flat):
        parts = np.split(flat, np.cumsum([a * b for a, b in shapes])[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    def loss(flat):
        first, second, third = layers(flat)
        W = third @ second @ first
        return 0.5 * np.trace(W @ covariance @ W.T) - np.trace(W @ correlation.T)

    def slope(t, flat):
        steps = 1e-5 * np.eye(len(flat))
        return -np.array([(loss(flat + step) - loss(flat - step)) / 2e-5 for step in steps]) / 0.7

    options = {
        "input_covariance": covariance, "depth": 3, "hidden": [4, 3], "initial": "gaussian", "initial_strength": 0.5,
        "time_constant": 0.7, "rng": 3,
    }  # fmt: skip
    times = np.array([0.0, 0.5, 2.0])
    run = train_deep_linear(correlation, times, **options)
    start = train_deep_linear(correlation, [0.0], **options)
    flat = np.concatenate([layer[0].ravel() for layer in start.weights])
    exact = solve_ivp(slope, (0.0, 2.0), flat, t_eval=times, rtol=1e-8, atol=1e-10).y
    for number in range(3):
        first, second, third = layers(exact[:, number])
        np.testing.assert_allclose(run.maps[0, number], third @ second @ first, atol=1e-5)
    np.testing.assert_allclose(run.weights[1][0], layers(exact[:, 2])[1], atol=1e-5)


def test_products_of_neighbouring_layers_differ_by_a_constant_of_motion():
    options = {"depth": 3, "initial": "gaussian", "initial_strength": 0.3, "n_draws": 2, "rng": 4}
    correlation = np.random.default_rng(4).normal(size=(3, 3))
    start, end = (train_deep_linear(correlation, [time], **options).weights for time in (0.0, 7.0))

    def balance(weights, draw, layer):
        after, before = weights[layer + 1][draw], weights[layer][draw]
        return after.T @ after - before @ before.T

    for draw in range(2):
        for layer in range(2):
            np.testing.assert_allclose(balance(end, draw, layer), balance(start, draw, layer), atol=1e-6)


def test_small_random_starts_end_at_linear_regression():
    rng = np.random.default_rng(5)
    X, truth = rng.normal(size=(100, 4)), rng.normal(size=(3, 4))
    covariance = X.T @ X / 100
    run = train_deep_linear(
        truth @ covariance,
        [0.0, 200.0],
        input_covariance=covariance,
        depth=2,
        initial="gaussian",
        initial_strength=0.1,
        n_draws=5,
        rng=0,
    )
    np.testing.assert_allclose(run.maps[:, -1], np.broadcast_to(truth, (5, 3, 4)), atol=1e-5)
    assert run.closed_form is None
    assert (run.losses[:, -1] < 1e-10).all()
    plain = 0.5 * np.trace((run.maps[0, 0] - truth) @ covariance @ (run.maps[0, 0] - truth).T)
    assert run.losses[0, 0] == pytest.approx(plain)


def test_inputs_of_unequal_variance_have_curves_of_their_own_where_they_share_the_modes():
    left, right = (np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0] for seed in (0, 1))
    correlation = left * [2.0, 1.0, 0.5] @ right.T
    covariance = right * [4.0, 1.0, 0.3] @ right.T
    run = train_deep_linear(correlation, np.linspace(0, 20, 41), input_covariance=covariance, rng=0)
    np.testing.assert_allclose(run.strengths[0], run.closed_form.T, rtol=1e-4)
    np.testing.assert_allclose(run.strengths[0, -1], [0.5, 1.0, 0.5 / 0.3], rtol=1e-3)
    tilted = train_deep_linear(correlation, [1.0], input_covariance=covariance + np.full((3, 3), 0.2), rng=0)
    assert tilted.closed_form is None


def test_a_network_does_not_depend_on_those_beside_it():
    correlation = np.random.default_rng(6).normal(size=(3, 4))
    options = {"initial": "gaussian", "depth": 3, "rng": 7}
    many = train_deep_linear(correlation, [1.0, 3.0], n_draws=9, **options)
    few = train_deep_linear(correlation, [1.0, 3.0], n_draws=2, **options)
    np.testing.assert_array_equal(few.maps, many.maps[:2])
    assert (many.maps[0] != many.maps[1]).any()
    assert repr(few) == "DeepLinearTraining(2 networks 4-4-4-3, 2 times)"


def test_a_network_that_takes_too_many_steps_is_not_a_number_from_there_on():
    run = train_deep_linear(np.eye(2), [0.0, 0.001, 50.0], most_steps=20, rng=0)
    assert np.isfinite(run.maps[0, :2]).all()
    assert np.isnan(run.maps[0, 2]).all()
    assert run.steps[0] == 20


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: learning_curve([-1.0], 1.0, 0.1), "times: holds"),
        (lambda: learning_curve([1.0], -1.0, 0.1), "strength: holds"),
        (lambda: learning_curve([1.0], [1.0, 2.0], [0.1, 0.2, 0.3]), r"initial: has shape \(3,\)"),
        (lambda: learning_curve([[1.0]], 1.0, 0.1), r"times: has shape \(1, 1\)"),
        (lambda: learning_curve([1.0], 1.0, 0.1, depth=0), "depth: is 0"),
        (lambda: learning_time([0.0], 1.0, 0.1), "target: holds"),
        (lambda: train_deep_linear(np.eye(2), [1.0, 0.5]), "times: fall somewhere"),
        (lambda: train_deep_linear(np.eye(3), [1.0], hidden=2), "hidden: holds 2, expected at least 3"),
        (lambda: train_deep_linear(np.eye(3), [1.0], hidden=[4, 4]), "hidden: has 2 entries, expected depth - 1 = 1"),
        (lambda: train_deep_linear(np.eye(2), [1.0], initial="zero"), "initial: is 'zero'"),
        (lambda: train_deep_linear(np.eye(2), [1.0], input_covariance=np.eye(3)), "input_covariance: has shape"),
        (lambda: train_deep_linear(np.eye(2), [1.0], input_covariance=[[1, 1], [0, 1]]), "is not symmetric"),
        (lambda: train_deep_linear(np.eye(2), [1.0], input_covariance=-np.eye(2)), "has an eigenvalue -1"),
        (lambda: train_deep_linear(np.full((2, 2), np.nan), [1.0]), "correlation: holds"),
    ],
)
def test_what_does_not_fit_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_what_has_next_to_nothing_to_learn_decays(depth):
    # Of a correlation of lower rank the other singular values are rounding.
    times = np.linspace(0.0, 5.0, 11)
    start, strength = 0.3, 1e-17
    curve = learning_curve(times, strength, start, depth=depth)
    np.testing.assert_allclose(curve, learning_curve(times, 0.0, start, depth=depth), rtol=1e-13)
    np.testing.assert_allclose(learning_time(curve[1:], strength, start, depth=depth), times[1:], rtol=1e-12)


@pytest.mark.parametrize("depth", [2, 3])
def test_a_correlation_of_rank_one_has_its_closed_form(depth):
    times = np.linspace(0.0, 2.0, 5)
    run = train_deep_linear(np.outer([1.0, 2.0], [1.0, 1.0, 1.0]), times, depth=depth, initial_strength=0.1, rng=0)
    np.testing.assert_allclose(run.strengths[0], run.closed_form.T, atol=1e-6)
