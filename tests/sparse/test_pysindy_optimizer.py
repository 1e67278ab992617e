"""PySINDy as a peer and as a host: the same numbers, and our solvers in the place of its own."""

import warnings

import numpy as np
import pysindy
import pytest

from fastsci.sparse.libraries import PolynomialLibrary
from fastsci.sparse.relaxed import SR3
from fastsci.sparse.threshold_path import ThresholdPath
from fastsci.sparse.thresholding import STLSQ, stlsq
from tests.sparse.trajectories_of import sampled

STATES, SLOPES, TIMES = sampled("lorenz63", 2000, 20.0)
NOISY = SLOPES + 0.3 * np.random.default_rng(0).normal(size=SLOPES.shape)


def of_peer(solver, theta, target):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of eliminated terms and of thirty iterations
        return solver.fit(theta, target)


@pytest.mark.filterwarnings("ignore::fastsci.sparse.thresholding.EliminationWarning")  # so does the peer
@pytest.mark.parametrize("degree", [2, 3, 5])
@pytest.mark.parametrize("alpha", [0.0, 0.05, 10.0])
@pytest.mark.parametrize(("threshold", "normalised"), [(0.02, False), (0.1, False), (0.6, False), (100.0, True)])
def test_stlsq_is_the_peer(degree, alpha, threshold, normalised):
    theta = PolynomialLibrary(degree=degree).fit_transform(STATES)
    peer = of_peer(pysindy.STLSQ(threshold, alpha, normalize_columns=normalised), theta, NOISY)
    found = stlsq(theta, NOISY, threshold=threshold, alpha=alpha, normalize_columns=normalised)
    assert np.array_equal(found != 0, peer.coef_ != 0)
    assert found == pytest.approx(peer.coef_, rel=1e-8, abs=1e-8 * np.abs(peer.coef_).max(initial=1e-300))


@pytest.mark.parametrize("alpha", [0.05, 10.0])
def test_biased_stlsq_is_the_peer(alpha):
    theta = PolynomialLibrary(degree=3).fit_transform(STATES)
    peer = of_peer(pysindy.STLSQ(0.1, alpha, unbias=False), theta, NOISY)
    assert STLSQ(0.1, alpha, unbias=False).fit(theta, NOISY).coef_ == pytest.approx(peer.coef_, rel=1e-8, abs=1e-8)


@pytest.mark.filterwarnings("ignore::fastsci.sparse.thresholding.IterationWarning")  # so does the peer
@pytest.mark.parametrize("regularizer", ["L0", "L1", "L2"])
@pytest.mark.parametrize("nu", [0.01, 1.0])
@pytest.mark.parametrize("normalised", [False, True])
def test_sr3_is_the_peer(regularizer, nu, normalised):
    theta = PolynomialLibrary(degree=3).fit_transform(STATES)
    options = {"reg_weight_lam": 0.1, "regularizer": regularizer, "relax_coeff_nu": nu, "normalize_columns": normalised}
    peer = of_peer(pysindy.SR3(**options), theta, NOISY)
    found = SR3(**options).fit(theta, NOISY)
    scale = np.abs(peer.coef_).max()
    assert found.coef_ == pytest.approx(peer.coef_, rel=1e-8, abs=1e-9 * scale)
    assert found.coef_full_ == pytest.approx(peer.coef_full_, rel=1e-8, abs=1e-9 * scale)
    assert found.n_iter_ == peer.iters


@pytest.mark.parametrize("optimizer", [STLSQ(), SR3(threshold=0.5, relax_coeff_nu=1e-2), ThresholdPath()], ids=repr)
def test_a_solver_of_pysindy(optimizer, capsys):
    model = pysindy.SINDy(optimizer=optimizer)
    model.fit(STATES, t=TIMES, x_dot=SLOPES)
    model.print()
    assert "28.000 x0" in capsys.readouterr().out
    assert np.count_nonzero(model.coefficients()) == 7
    assert model.complexity == 7
    assert model.predict(STATES) == pytest.approx(SLOPES, abs=1e-3)
    assert model.score(STATES, t=TIMES, x_dot=SLOPES) > 0.999999
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its integrator
        again = model.simulate(STATES[0], TIMES[:101])
    assert again == pytest.approx(STATES[:101], abs=1e-2)


def test_a_member_of_its_ensembles():
    ensemble = pysindy.EnsembleOptimizer(STLSQ(), bagging=True, n_models=5)
    model = pysindy.SINDy(optimizer=ensemble)
    model.fit(STATES, t=TIMES, x_dot=SLOPES)
    assert np.count_nonzero(model.coefficients()) == 7
