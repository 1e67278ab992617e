"""Koopman estimators with a kernel: exact spectra, dense linear algebra, eigenfunctions and forecasts."""

import tracemalloc

import numpy as np
import pytest
import scipy.linalg

from fastsci.lowrank import _kernel_krylov, kernel_koopman
from fastsci.lowrank.kernel_koopman import KernelKoopman
from tests.lowrank import noisy_logistic
from tests.lowrank.kernels_by_hand import KERNELS, Dense, apart, gaussian, lorenz

ESTIMATORS = {"reduced rank": (8, True), "principal components": (8, False), "ridge": (None, True)}


def linear_system(count=60):
    """A trajectory of three variables that turn and decay, with the eigenvalues of its step."""
    modes = np.array([[1.0, 0.3, -0.2], [0.1, 1.0, 0.4], [-0.3, 0.2, 1.0]])
    turn = 0.98 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    step = modes @ scipy.linalg.block_diag(turn, 0.93) @ np.linalg.inv(modes)
    states = [np.array([1.0, -0.5, 0.8])]
    for _ in range(count - 1):
        states.append(step @ states[-1])
    return np.array(states), np.linalg.eigvals(step)


@pytest.fixture(scope="module")
def attractor():
    return lorenz(301)


@pytest.mark.parametrize(("rank", "reduced"), [(3, True), (3, False), (None, True)], ids=ESTIMATORS)
def test_a_linear_kernel_finds_the_eigenvalues_of_a_linear_system(rank, reduced):
    states, wanted = linear_system()
    model = KernelKoopman(rank, "linear", alpha=0.0, reduced_rank=reduced).fit(states)
    assert apart(model.eigenvalues_, wanted) < 1e-10
    # An eigenfunction of a linear kernel is linear, and is multiplied by its eigenvalue at each step.
    values = model.eigenfunctions(states)
    np.testing.assert_allclose(values[1:], values[:-1] * model.eigenvalues_, atol=1e-10)
    np.testing.assert_allclose(model.predict(states[:-7], n_steps=7), states[7:], atol=1e-10)
    assert model.score(states, n_steps=7) == pytest.approx(1.0, abs=1e-10)
    assert model.risk() == pytest.approx(0.0, abs=1e-12)


def test_the_spectrum_of_the_noisy_logistic_map():
    order = 10
    wanted = noisy_logistic.exact_eigenvalues(order, 0.02)
    assert len(wanted) == 5
    assert np.max(np.abs(wanted)) == pytest.approx(1.0, abs=1e-12)
    # Pairs that stand for all: states at equal distances, each with the quantiles of the noise.
    grid = np.linspace(-0.5, 0.5, 20_001)
    density = np.cos(np.pi * grid) ** (2 * order)
    below = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]))])
    noise = np.interp((np.arange(200) + 0.5) / 200, below / below[-1], grid)
    before = np.repeat((np.arange(400) + 0.5) / 400, 200)
    after = (4.0 * before * (1.0 - before) + np.tile(noise, 400)) % 1.0
    for rank, reduced in ((20, True), (20, False), (None, True)):
        model = KernelKoopman(rank, length_scale=0.1, reduced_rank=reduced)
        found = model.fit(before[:, None], after[:, None]).eigenvalues_
        assert apart(found[:3], wanted[np.abs(wanted) > 0.1]) < 3e-3
        assert np.abs(found[:, None] - wanted).min(axis=0).max() < 1e-2


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(("rank", "reduced"), ESTIMATORS.values(), ids=ESTIMATORS)
def test_equality_with_dense_linear_algebra(attractor, name, rank, reduced):
    states = attractor / (20.0 if name == "linear" else 1.0)
    if name in ("polynomial", "linear") and rank is not None:
        rank = 3
    model = KernelKoopman(rank, name, alpha=1e-4, reduced_rank=reduced).fit(states)
    dense = Dense(KERNELS[name], model.length_scale_, states[:-1], states[1:], 1e-4, rank, reduced)
    scale = np.abs(dense.risk) + 1.0
    assert model.risk() == pytest.approx(dense.risk, abs=1e-8 * scale)
    assert model.risk(states) == pytest.approx(dense.risk, abs=1e-6 * scale)
    np.testing.assert_allclose(model.predict(states[:-1]), dense.prediction, atol=1e-6 * np.abs(states).max())
    if rank is None:
        # Most of them are nearly zero, and ill-conditioned.
        size = 3 if name == "linear" else 8
        assert apart(model.eigenvalues_[:size], sorted(dense.eigenvalues, key=np.abs)[: -size - 1 : -1]) < 1e-6
    else:
        assert model.rank_ == rank
        assert apart(model.eigenvalues_, dense.eigenvalues) < 1e-6


@pytest.mark.parametrize("reduced", [True, False])
@pytest.mark.parametrize("length_scale", [3.0, 8.0])
def test_whole_matrices_where_no_factor_is_small(monkeypatch, length_scale, reduced):
    monkeypatch.setattr(kernel_koopman, "FEW", 64)
    monkeypatch.setattr(kernel_koopman, "LARGEST_SHARE", 0.1)
    states = lorenz(401)
    model = KernelKoopman(10, length_scale=length_scale, reduced_rank=reduced)
    dense = Dense(gaussian, length_scale, states[:-1], states[1:], 1e-6, 10, reduced)
    pieces = [states[:150], states[150:]]
    before, after = (np.concatenate([part[cut] for part in pieces]) for cut in (slice(None, -1), slice(1, None)))
    split = Dense(gaussian, length_scale, before, after, 1e-6, 10, reduced)
    for given, wanted, first in ((states, dense, states[:-1]), (pieces, split, before)):
        model.fit(given)
        assert model.remainder_ == 0.0
        assert len(model.centers_) == len(first)
        assert model.risk() == pytest.approx(wanted.risk, abs=1e-9)
        assert apart(model.eigenvalues_, wanted.eigenvalues) < 1e-7
        np.testing.assert_allclose(model.predict(first), wanted.prediction, atol=1e-5)


def test_vectors_that_do_not_converge_are_named(monkeypatch):
    for name, value in (("FEW", 64), ("LARGEST_SHARE", 0.01)):
        monkeypatch.setattr(kernel_koopman, name, value)
    for name, value in (("MOST_SPACES", 1), ("MOST_BLOCKS", 2)):
        monkeypatch.setattr(_kernel_krylov, name, value)
    with pytest.warns(_kernel_krylov.ConvergenceWarning, match="rank: the 5 leading"):
        KernelKoopman(5, length_scale=0.5).fit(lorenz(401))


@pytest.mark.parametrize("share", [1e-6, 1e-2, 10.0])
def test_squared_singular_values_are_off_by_no_more_than_what_was_dropped_allows(monkeypatch, attractor, share):
    monkeypatch.setattr(kernel_koopman, "SHARE", share)
    dense = Dense(gaussian, 15.0, attractor[:-1], attractor[1:], 1e-5, 8, True)
    model = KernelKoopman(8, length_scale=15.0, alpha=1e-5)
    for given in ((attractor,), (attractor[:-1][::-1], attractor[1:][::-1])):
        model.fit(*given)
        assert 0.01 * share * 1e-5 < model.remainder_ < 2.01 * share * 1e-5
        error = np.max(np.abs(model.singular_values_**2 - dense.squares))
        assert error < model.remainder_ * (1.0 + 1.0 / 1e-5) + 1e-12
    assert len(model.centers_) < 150


def test_left_and_right_eigenfunctions_are_biorthogonal(attractor):
    model = KernelKoopman(5).fit(attractor)
    operator = model._operator
    spectrum = operator.spectrum
    left = operator.left.weights @ (spectrum.inverse / spectrum.values[:, None]).conj().T
    right = operator.right.weights @ spectrum.vectors
    across = gaussian(operator.left.centers, operator.right.centers, model.length_scale_)
    np.testing.assert_allclose(left.conj().T @ across @ right, np.eye(5), atol=1e-6)
    np.testing.assert_allclose(
        model.left_eigenfunctions(attractor[:9]),
        gaussian(attractor[:9], operator.left.centers, model.length_scale_) @ left,
        atol=1e-6,
    )


def test_modes_and_eigenfunctions_give_the_forecast(attractor):
    model = KernelKoopman(6).fit(attractor)
    values = model.eigenfunctions(attractor)
    np.testing.assert_allclose(np.mean(np.abs(values[:-1]) ** 2, axis=0), 1.0, rtol=1e-6)
    assert np.all(np.diff(np.abs(model.eigenvalues_)) < 1e-9)
    for steps in (1, 4):
        shown = (values * model.eigenvalues_**steps) @ model.modes_
        np.testing.assert_allclose(shown, model.predict(attractor, n_steps=steps), atol=1e-5)


def test_observables_are_forecast_beside_the_state(attractor):
    energy = np.sum(attractor**2, axis=1)
    model = KernelKoopman(20).fit(attractor, observables=energy)
    found = model.predict(attractor[:-1], observable=True)
    assert found.shape == (300,)
    assert np.corrcoef(found, energy[1:])[0, 1] > 0.99
    assert model.score(attractor, observables=energy) == pytest.approx(
        1.0 - np.sum((found - energy[1:]) ** 2) / np.sum((energy[1:] - energy[1:].mean()) ** 2)
    )
    shown = (model.eigenfunctions(attractor[:5]) * model.eigenvalues_) @ model.observable_modes_
    np.testing.assert_allclose(shown[:, 0], found[:5], rtol=1e-6)
    both = KernelKoopman(20).fit(attractor, observables=np.column_stack([energy, attractor[:, 0]]))
    np.testing.assert_allclose(both.predict(attractor, observable=True)[:, 1], model.predict(attractor)[:, 0])
    with pytest.raises(ValueError, match="observables: there were none"):
        KernelKoopman(2).fit(attractor).predict(attractor, observable=True)


def test_trajectories_and_pairs_are_the_same_data(attractor):
    parts = [attractor[:120], attractor[120:125], attractor[125:]]
    before = np.concatenate([part[:-1] for part in parts])
    after = np.concatenate([part[1:] for part in parts])
    ours = KernelKoopman(5, length_scale=10.0).fit(parts)
    for other in (
        KernelKoopman(5, length_scale=10.0).fit(before, after),
        KernelKoopman(5, length_scale=10.0).fit(before[::-1], after[::-1]),
        KernelKoopman(5, length_scale=10.0).fit([part[:-1] for part in parts], [part[1:] for part in parts]),
    ):
        np.testing.assert_allclose(other.eigenvalues_, ours.eigenvalues_, atol=1e-7)
        assert other.risk() == pytest.approx(ours.risk(), abs=1e-10)
        assert ours.risk(before, after) == pytest.approx(ours.risk(parts), abs=1e-12)
    whole = KernelKoopman(5, length_scale=10.0).fit(attractor)
    beside = KernelKoopman(5, length_scale=10.0).fit(attractor[:-1], attractor[1:])
    np.testing.assert_array_equal(whole.eigenvalues_, beside.eigenvalues_)
    values = [part[:, 0] ** 2 for part in parts]
    listed = KernelKoopman(5, length_scale=10.0).fit(parts, observables=values)
    paired = KernelKoopman(5, length_scale=10.0).fit(before, after, observables=after[:, 0] ** 2)
    np.testing.assert_allclose(
        listed.predict(before, observable=True), paired.predict(before, observable=True), atol=1e-4
    )


def test_a_lag_of_two_is_every_other_state(attractor):
    model = KernelKoopman(5, length_scale=10.0, lag=2).fit(attractor)
    pairs = KernelKoopman(5, length_scale=10.0).fit(attractor[:-2], attractor[2:])
    np.testing.assert_allclose(model.eigenvalues_, pairs.eigenvalues_, atol=1e-7)
    assert model.score(attractor, n_steps=3) == pytest.approx(
        1.0
        - np.mean(
            np.sum((model.predict(attractor[:-6], 3) - attractor[6:]) ** 2, axis=0)
            / np.sum((attractor[6:] - attractor[6:].mean(axis=0)) ** 2, axis=0)
        )
    )


def test_nothing_of_the_size_of_a_kernel_matrix_is_stored():
    states = lorenz(12_000, dt=0.01)
    KernelKoopman(5).fit(states[:500])
    tracemalloc.start()
    model = KernelKoopman(5).fit(states)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert model.remainder_ < 1e-12
    assert peak < 0.1 * 8 * 12_000**2
