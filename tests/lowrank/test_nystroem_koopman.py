"""Koopman estimators at centres: dense linear algebra, exact spectra, blocks of states, choices of centres."""

import threading
import tracemalloc

import numpy as np
import pytest
import scipy.linalg

from fastsci.lowrank import _kernel_passes, _kernel_regression
from fastsci.lowrank._kernel_factor import factorise
from fastsci.lowrank._kernel_functions import Kernel
from fastsci.lowrank.kernel_koopman import KernelKoopman
from fastsci.lowrank.nystroem_koopman import NystroemKoopman, leverage
from tests.lowrank import noisy_logistic
from tests.lowrank.kernels_by_hand import apart, gaussian, lorenz

SELECTIONS = ("pivoted", "uniform", "leverage")


@pytest.fixture(scope="module")
def attractor():
    return lorenz(401)


def by_hand(states, centers, length_scale, alpha, rank, reduced):
    """The estimators in the span of the kernel at the centres, in whitened features: (eigenvalues, risk, forecast)."""
    values, vectors = np.linalg.eigh(gaussian(centers, centers, length_scale))
    kept = values > 1e-13 * values[-1]
    features = gaussian(states, centers, length_scale) @ vectors[:, kept] / np.sqrt(values[kept])
    before, after, count = features[:-1], features[1:], len(states) - 1
    covariance, cross = before.T @ before / count, before.T @ after / count
    ridge = covariance + alpha * np.eye(len(covariance))
    if rank is None:
        operator = np.linalg.solve(ridge, cross)
    elif reduced:
        root = scipy.linalg.cholesky(ridge)
        small = scipy.linalg.solve_triangular(root, cross, trans=1)
        left = np.linalg.svd(small)[0][:, :rank]
        operator = scipy.linalg.solve_triangular(root, left @ left.T @ small)
    else:
        leading, directions = np.linalg.eigh(covariance)
        leading, directions = leading[::-1][:rank], directions[:, ::-1][:, :rank]
        operator = directions / (leading + alpha) @ directions.T @ cross
    eigenvalues = np.linalg.eigvals(operator)
    left_over = 1.0 - np.mean(np.sum(after**2, axis=1))
    risk = np.mean(np.sum((after - before @ operator) ** 2, axis=1)) + left_over
    # A reduced operator foresees through its own range alone; the state is no combination of features.
    observed = before.T @ states[1:] / count
    if rank is None:
        forecast = before @ np.linalg.solve(ridge, observed)
    elif reduced:
        inner = left @ left.T @ scipy.linalg.solve_triangular(root, observed, trans=1)
        forecast = before @ scipy.linalg.solve_triangular(root, inner)
    else:
        forecast = before @ (directions / (leading + alpha) @ directions.T @ observed)
    return eigenvalues[np.argsort(-np.abs(eigenvalues))], risk, forecast


@pytest.mark.parametrize(("rank", "reduced"), [(6, True), (6, False), (None, True)])
@pytest.mark.parametrize("selection", SELECTIONS)
def test_equality_with_dense_linear_algebra(attractor, selection, rank, reduced):
    model = NystroemKoopman(rank, 40, length_scale=8.0, alpha=1e-4, reduced_rank=reduced, selection=selection)
    model.fit(attractor)
    assert len(model.centers_) == 40
    eigenvalues, risk, forecast = by_hand(attractor, model.centers_, 8.0, 1e-4, rank, reduced)
    assert apart(model.eigenvalues_[:6], eigenvalues[:6]) < 1e-7
    assert model.risk() == pytest.approx(risk, abs=1e-10)
    assert model.risk(attractor) == pytest.approx(risk, abs=1e-9)
    np.testing.assert_allclose(model.predict(attractor[:-1]), forecast, atol=1e-6)


@pytest.mark.parametrize("selection", SELECTIONS)
def test_with_every_state_a_centre_nothing_is_left_out(attractor, selection):
    ours = NystroemKoopman(5, 401, length_scale=15.0, selection=selection).fit(attractor)
    whole = KernelKoopman(5, length_scale=15.0).fit(attractor)
    assert ours.remainder_ < 1e-11
    assert apart(ours.eigenvalues_, whole.eigenvalues_) < 1e-6
    assert ours.risk() == pytest.approx(whole.risk(), abs=1e-9)


@pytest.mark.parametrize("lag", [1, 30])
def test_blocks_of_any_size_give_the_same(monkeypatch, attractor, lag):
    energy = np.sum(attractor**2, axis=1)
    parts = [attractor[:150], attractor[150:220], attractor[220:]]
    values = [energy[:150], energy[150:220], energy[220:]]
    before, after = attractor[:-lag][::-1], attractor[lag:][::-1]
    for given, successors, observed in (
        (attractor, None, energy),
        (parts, None, values),
        (before, after, energy[lag:][::-1]),
    ):
        model = NystroemKoopman(5, 30, length_scale=10.0, lag=lag)
        whole = model.fit(given, successors, observables=observed).eigenvalues_
        forecast = model.predict(attractor, observable=True)
        for rows in (7, 64):
            monkeypatch.setattr(_kernel_regression, "piece", lambda n_centers, rows=rows: rows)
            np.testing.assert_allclose(
                model.fit(given, successors, observables=observed).eigenvalues_, whole, atol=1e-8
            )
            np.testing.assert_allclose(model.predict(attractor, observable=True), forecast, rtol=1e-6)
            monkeypatch.undo()


def test_a_linear_system_at_few_centres():
    turn = 0.99 * np.array([[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]])
    states = np.array([np.linalg.matrix_power(turn, k) @ [1.0, 0.0] for k in range(100)])
    for selection in SELECTIONS:
        model = NystroemKoopman(2, 10, "linear", alpha=0.0, selection=selection).fit(states)
        assert len(model.centers_) == 2
        assert apart(model.eigenvalues_, np.linalg.eigvals(turn)) < 1e-10


def test_the_spectrum_of_the_noisy_logistic_map():
    order, chains, steps = 5, 4000, 120
    grid = np.linspace(-0.5, 0.5, 20_001)
    density = np.cos(np.pi * grid) ** (2 * order)
    below = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]))])
    rng = np.random.default_rng(0)
    states = [rng.uniform(size=chains)]
    for _ in range(steps - 1):
        noise = np.interp(rng.uniform(size=chains), below / below[-1], grid)
        states.append((4.0 * states[-1] * (1.0 - states[-1]) + noise) % 1.0)
    trajectories = [series[20:, None] for series in np.array(states).T]
    wanted = noisy_logistic.exact_eigenvalues(order, 0.2)
    assert len(wanted) == 2
    model = NystroemKoopman(10, 50, length_scale=0.2).fit(trajectories)
    # Noise of the samples: 400,000 pairs.
    assert apart(model.eigenvalues_[:2], wanted) < 1e-2
    assert model.eigenfunctions([[0.1], [0.9]])[:, 0] == pytest.approx(1.0, abs=1e-3)


def test_pivots_leave_out_less_than_centres_at_random(attractor):
    left = {
        selection: NystroemKoopman(5, 50, length_scale=10.0, selection=selection).fit(attractor).remainder_
        for selection in SELECTIONS
    }
    whole = gaussian(attractor[:-1], attractor[:-1], 10.0)
    best = np.sum(np.linalg.eigvalsh(whole)[:-50]) / 400
    assert best < left["pivoted"] < 5.0 * best
    assert left["pivoted"] < 0.5 * left["uniform"]


def test_leverage_scores_are_those_of_the_whole_matrix(attractor):
    whole = gaussian(attractor, attractor, 10.0)
    for alpha in (1e-2, 1e-4):
        exact = np.diag(np.linalg.solve(whole + 401 * alpha * np.eye(401), whole))
        kernel = Kernel("gaussian", 10.0, 0.0, 1)
        all_of_them = factorise(kernel, attractor, 1e-12, 401).features(kernel, attractor)
        np.testing.assert_allclose(leverage(all_of_them, attractor, alpha), exact, rtol=1e-6)
        some = factorise(kernel, attractor[::3], 1e-12, 401).features(kernel, attractor[::3])
        np.testing.assert_allclose(leverage(some, attractor, alpha), exact, rtol=0.3)


def test_the_same_generator_gives_the_same_centres(attractor):
    for selection in ("uniform", "leverage"):
        models = [NystroemKoopman(3, 20, selection=selection, rng=rng).fit(attractor) for rng in (5, 5, 6)]
        np.testing.assert_array_equal(models[0].centers_, models[1].centers_)
        np.testing.assert_array_equal(models[0].eigenvalues_, models[1].eigenvalues_)
        assert not np.array_equal(models[0].centers_, models[2].centers_)
        again = NystroemKoopman(3, 20, selection=selection, rng=np.random.default_rng(5)).fit(attractor)
        np.testing.assert_array_equal(again.centers_, models[0].centers_)


@pytest.mark.parametrize("selection", SELECTIONS)
def test_bits_do_not_depend_on_threads(monkeypatch, selection):
    states = lorenz(6000, dt=0.02, skipped=10)
    found = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
        model = NystroemKoopman(5, 100, "matern32", selection=selection).fit(states, observables=states[:, 0] ** 2)
        found.append((model.centers_, model.eigenvalues_, model.predict(states[:50], observable=True)))
    for several in found[1:]:
        for one, other in zip(found[0], several, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("selection", SELECTIONS)
def test_a_function_as_kernel_is_called_by_the_thread_that_fits(attractor, selection):
    callers = set()

    def kernel(x, y):
        callers.add(threading.current_thread())
        return gaussian(x, y, 8.0)

    model = NystroemKoopman(5, 40, kernel, selection=selection, alpha=1e-4).fit(attractor)
    assert callers == {threading.current_thread()}
    named = NystroemKoopman(5, 40, length_scale=8.0, selection=selection, alpha=1e-4).fit(attractor)
    np.testing.assert_array_equal(model.centers_, named.centers_)
    assert apart(model.eigenvalues_, named.eigenvalues_) < 1e-7


def test_states_pass_in_blocks(monkeypatch):
    monkeypatch.setattr(_kernel_passes, "PIECE", 2**17)
    monkeypatch.setenv("FASTSCI_NUM_THREADS", "2")  # each holds a piece
    states = lorenz(40_000, dt=0.01, skipped=10)
    model = NystroemKoopman(5, 200, "matern32", selection="uniform")
    model.fit(states[:1000])
    tracemalloc.start()
    model.fit(states)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(model.centers_) == 200
    # A fifth of what the kernel of all states at all centres would be.
    assert peak < 0.2 * 8 * 40_000 * 200


BAD = [
    ({"n_centers": 0}, "n_centers: is 0"),
    ({"n_centers": 2.5}, "n_centers: is 2.5"),
    ({"selection": "random"}, "selection: is 'random', expected one of pivoted"),
    ({"rng": -1}, "rng: is -1"),
    ({"rng": "x"}, "rng: is 'x'"),
    ({"rank": -1}, "rank: is -1"),
]


@pytest.mark.parametrize(("parameters", "message"), BAD, ids=str)
def test_bad_parameters_are_named(attractor, parameters, message):
    with pytest.raises(ValueError, match=message):
        NystroemKoopman(**parameters).fit(attractor)


def test_states_that_coincide():
    states = np.tile([[0.0, 1.0], [1.0, 0.0]], (30, 1))
    for selection in SELECTIONS:
        model = NystroemKoopman(5, 20, selection=selection, alpha=0.0).fit(states)
        assert len(model.centers_) == model.rank_ == 2
        assert apart(model.eigenvalues_, [1.0, -1.0]) < 1e-10
        np.testing.assert_allclose(model.predict(states[:-1]), states[1:], atol=1e-10)
