"""Fewer modes are the right ones, and their amplitudes the best for them."""

import numpy as np
import pytest

from fastsci.lowrank.control_dmd import DMDc
from fastsci.lowrank.dmd import DMD
from fastsci.lowrank.selection import _alternate, select_modes, sparse_amplitudes
from fastsci.lowrank.streaming_dmd import StreamingDMD

PLACES, TIMES = np.linspace(0, 1, 400)[:, None], np.arange(80)
RATES = {"slow": 0.2, "fast": 0.9}


def snapshots():
    """A strong wave that decays, a weak one that stays, a weak one that grows, and noise."""
    decaying = 3.0 * np.exp(-0.3 * TIMES) * np.cos(12 * PLACES - 0.2 * TIMES)
    staying = 1.0 * np.cos(25 * PLACES - 0.9 * TIMES)
    growing = 0.02 * np.exp(0.02 * TIMES) * np.cos(40 * PLACES + 1.7 * TIMES)
    return decaying + staying + growing + 1e-4 * np.random.default_rng(0).normal(size=(400, 80))


@pytest.fixture(scope="module")
def model():
    return DMD(6).fit(snapshots())


@pytest.mark.parametrize(("by", "turn"), [("amplitude", 0.2), ("energy", 0.9), ("growth", 1.7)])
def test_what_comes_first(model, by, turn):
    few = select_modes(model, 2, by=by)
    np.testing.assert_allclose(np.sort(np.angle(few.eigs)), [-turn, turn], atol=1e-2)
    assert few.modes.shape == (400, 2)
    assert len(model.eigs) == 6


def test_a_function_of_the_model(model):
    few = select_modes(model, 4, by=lambda one: -np.abs(one.frequencies))
    np.testing.assert_allclose(np.sort(np.abs(np.angle(few.eigs))), [0.2, 0.2, 0.9, 0.9], atol=1e-2)


def test_pairs_stay_together(model):
    assert len(select_modes(model, 3).eigs) == 2
    assert len(select_modes(model, 1).eigs) == 0
    assert len(select_modes(model, 100).eigs) == 6
    few = select_modes(model, 5)
    assert np.array_equal(few.eigs[0::2], few.eigs[1::2].conj())
    assert np.array_equal(few.amplitudes[0::2], few.amplitudes[1::2].conj())
    single = DMD(6).fit(snapshots() * np.exp(0.1j * TIMES))
    assert len(select_modes(single, 3).eigs) == 3


def test_amplitudes_are_fitted_anew(model):
    """Against least squares on the whole tall matrix."""
    X = snapshots()
    few = select_modes(model, 4, by="energy")
    powers = few.eigs[:, None] ** TIMES
    tall = (few.modes[:, None, :] * powers.T[None]).reshape(-1, 4)
    expected = np.linalg.lstsq(tall, X.ravel().astype(complex), rcond=None)[0]
    np.testing.assert_allclose(few.amplitudes, expected, rtol=0, atol=1e-9)
    kept = select_modes(model, 4, by="energy", refit=False)
    assert set(kept.amplitudes) <= set(model.amplitudes)
    left = [np.linalg.norm(one.reconstruct() - X) for one in (few, kept)]
    assert left[0] <= left[1]
    again = select_modes(few, 2, by="energy")
    np.testing.assert_allclose(again.amplitudes, select_modes(model, 2, by="energy").amplitudes, rtol=0, atol=1e-9)


def test_other_models_are_cut_as_they_are():
    model = StreamingDMD(6).fit(snapshots())
    few = select_modes(model, 2)
    assert set(few.amplitudes) <= set(model.amplitudes)
    assert few.forecast(2).shape == (400, 2)


def test_sparse_amplitudes_are_optimal(model):
    """At the least of a convex function its subgradient holds zero: checked on the penalised problem itself."""
    problem = model._problem
    powers, largest = problem.powers()
    matrix, right = problem.normal(powers)
    weights = np.exp(-largest)
    for gamma in np.abs(right / weights).max() * np.array([1e-3, 0.1, 0.5, 1.0]):
        found = _alternate(matrix, right, gamma * weights[None])[0]
        slope = 2 * (matrix @ found - right)
        scale = np.abs(right).max()
        zero = found == 0
        assert np.all(np.abs(slope[zero]) <= gamma * weights[zero] + 1e-4 * scale)
        inward = -gamma * weights * np.where(zero, 0, found / np.where(zero, 1, np.abs(found)))
        np.testing.assert_allclose(slope[~zero], inward[~zero], rtol=0, atol=1e-4 * scale)


def test_a_path_from_all_modes_to_none(model):
    path = sparse_amplitudes(model)
    assert path.n_modes[0] == 6
    assert path.n_modes[-1] == 0
    assert set(path.n_modes) <= {0, 2, 4, 6}
    assert np.all(np.diff(path.n_modes) <= 0)
    assert np.all(np.diff(path.loss) >= -1e-12)
    np.testing.assert_allclose(path.loss[-1], 1.0)
    X = snapshots()
    for place in (0, int(np.argmax(path.n_modes == 4)), int(np.argmax(path.n_modes == 2))):
        few = path.model(place)
        assert len(few.eigs) == path.n_modes[place]
        left = np.linalg.norm(few.reconstruct() - X) / np.linalg.norm(X)
        # Products of snapshots know squares to the rounding of their sum.
        np.testing.assert_allclose(path.loss[place] ** 2, left**2, rtol=1e-8, atol=1e-14)
        np.testing.assert_allclose(few.amplitudes, path.amplitudes[place][path.amplitudes[place] != 0], atol=1e-12)


def test_given_penalties(model):
    path = sparse_amplitudes(model, [0.0, 1e9])
    np.testing.assert_array_equal(path.n_modes, [6, 0])
    np.testing.assert_allclose(path.amplitudes[0], model.amplitudes, rtol=0, atol=1e-10)


def test_what_cannot_be_selected(model):
    for k in (0, -1, 2.0, True):
        with pytest.raises(ValueError, match="k: is"):
            select_modes(model, k)
    with pytest.raises(ValueError, match="by: is 'size', expected one of 'amplitude', 'energy', 'growth'"):
        select_modes(model, 2, by="size")
    with pytest.raises(ValueError, match=r"by: gives scores of shape \(2,\), expected \(6,\)"):
        select_modes(model, 2, by=lambda one: [1.0, 2.0])
    with pytest.raises(ValueError, match="not fitted yet"):
        select_modes(DMD(), 2)
    with pytest.raises(TypeError, match="model: is a DMDc"):
        select_modes(DMDc(3).fit(snapshots(), np.ones((1, 79))), 2)
    with pytest.raises(ValueError, match="gammas: is"):
        sparse_amplitudes(model, [-1.0])
    with pytest.raises(ValueError, match="model: StreamingDMD keeps no snapshots"):
        sparse_amplitudes(StreamingDMD(6).fit(snapshots()))


@pytest.mark.parametrize("choose", [lambda model: select_modes(model, 2), sparse_amplitudes])
def test_what_is_no_model_is_refused(choose):
    with pytest.raises(TypeError, match="model: is of type int, expected a fitted DMD"):
        choose(3)


def test_scores_that_are_not_real_are_refused(model):
    with pytest.raises(TypeError, match="by: gives scores of complex128, expected real numbers"):
        select_modes(model, 2, by=lambda fitted: fitted.amplitudes)
