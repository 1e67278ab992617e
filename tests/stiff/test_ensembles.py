"""Stiff ensembles: members that differ in their rates, alone and in company, in both precisions."""

from __future__ import annotations

import numpy as np
import pytest

import fastsci
from fastsci import systems
from tests.ensemble.models import same_bits
from tests.stiff.problems import HIRES, OREGONATOR, ROBERTSON, VAN_DER_POL

MEMBERS = 100
SPREAD = 10.0 ** np.random.default_rng(8).uniform(-1.0, 1.0, MEMBERS)


def robertson(chosen, dtype="float64", **options):
    k1, k2, k3 = ROBERTSON.system.params.values()
    params = {"k1": k1 * SPREAD[chosen], "k2": k2 / SPREAD[chosen], "k3": k3}
    options = {"rtol": 1e-6, "atol": 1e-6 * ROBERTSON.atol, "t_eval": [0.4, 1e3, 1e5], **options}
    y0 = np.asarray(ROBERTSON.system.default_y0, dtype)
    return fastsci.solve_ensemble(
        ROBERTSON.system, (0.0, 1e5), y0, params=params, method="Rodas5P", dtype=dtype, **options
    )


@pytest.fixture(scope="module")
def whole():
    return robertson(np.arange(MEMBERS))


def test_every_member_is_as_exact_as_one(whole):
    assert whole.path == "lanes"
    assert (whole.status == 0).all()
    finer = robertson(np.arange(MEMBERS), rtol=1e-9, atol=1e-9 * ROBERTSON.atol)
    scale = np.abs(finer.y) + ROBERTSON.atol[:, np.newaxis]
    assert (np.abs(whole.y - finer.y) / scale).max() <= 2e-6
    np.testing.assert_allclose(whole.y.sum(axis=1), 1.0, rtol=1e-11)


@pytest.mark.parametrize("chosen", [[0], [5, 3], [*range(40, 57)], [*reversed(range(MEMBERS))]], ids=len)
def test_members_do_not_depend_on_company(whole, chosen):
    part = robertson(np.array(chosen))
    assert same_bits(part.y, whole.y[chosen])
    assert same_bits(part.y_final, whole.y_final[chosen])
    for name in ("naccepted", "nrejected", "status"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[chosen])


def test_robertson_over_eleven_decades():
    """All has become the third species, but for a hair of the first and less of the second.

    At the end the step times the Jacobian is 1e13: the Jacobian's own rounding is a thousandth of the slow rate, and
    smaller tolerances give errors of some 1e-8 to 5e-8, whichever way it is computed.
    """
    result = ROBERTSON.solve(1e-7)
    assert result.status.tolist() == [0]
    np.testing.assert_allclose(result.y_final[0], ROBERTSON.state, rtol=1e-6)
    np.testing.assert_allclose(result.y_final.sum(), 1.0, rtol=1e-12)


def test_stiffness_does_not_set_the_number_of_steps():
    mu = np.array([10.0, 100.0, 1000.0, 10000.0])
    spans = np.stack([np.zeros(4), 0.5 * mu], axis=1)
    result = fastsci.solve_ensemble(
        systems.van_der_pol, spans, [2.0, 0.0], params={"mu": mu}, method="Rodas5P", rtol=1e-6, atol=1e-9
    )
    assert (result.status == 0).all()
    assert result.naccepted.max() <= 2 * result.naccepted.min()
    # On the slow branch the outer solution: log|x| - x**2 / 2 = -t / mu + const, up to 1 / mu**2.
    x = result.y_final[:, 0]
    defect = np.log(x) - x**2 / 2 - (np.log(2.0) - 2.0 + 0.5)
    assert (np.abs(defect) <= 1.0 / mu**2 + 1e-6).all()


@pytest.mark.parametrize("problem", [HIRES, OREGONATOR], ids=["hires", "oregonator"])
def test_single_precision_is_as_exact_as_asked(problem):
    y0 = np.asarray(problem.system.default_y0, np.float32)
    result = problem.solve(1e-4, y0=y0, dtype="float32")
    assert result.y.dtype == np.float32
    assert result.status.tolist() == [0]
    assert problem.error(result.y_final[0]) <= 3e-4


def test_a_spread_of_rates_in_single_precision(whole):
    chosen = np.arange(8)
    result = robertson(chosen, "float32", rtol=1e-5)
    assert result.path == "lanes"
    assert (result.status == 0).all()
    np.testing.assert_allclose(result.y_final, whole.y_final[chosen], rtol=1e-3)


def test_a_layer_thinner_than_the_spacing_of_times_is_a_failure_that_is_told():
    """At t = 807 van der Pol's oscillator jumps within 1e-3, where floats of 32 bits lie 6e-5 apart."""
    y0 = np.array([2.0, 0.0], np.float32)
    result = VAN_DER_POL.solve(1e-4, y0=y0, dtype="float32")
    assert result.status.tolist() == [-3]
    assert "step size fell below the spacing of the numbers around t" in result.message(0)
    np.testing.assert_allclose(result.t_final, 807.0, atol=1.0)
    assert np.isfinite(result.y_final).all()


def test_a_jacobian_that_is_not_finite_fails_its_member_alone():
    def pole(t, u, p):
        (x,) = u
        return (-p[0] / x**2,)

    result = fastsci.solve_ensemble(
        pole, (0.0, 1.0), [[1.0], [0.0], [np.nan], [2.0]], params=[0.1], method="Rodas4", rtol=1e-6
    )
    assert result.success.tolist() == [True, False, False, True]
    np.testing.assert_allclose(result.y_final[[0, 3], 0], np.cbrt([1.0 - 0.3, 8.0 - 0.3]), rtol=1e-5)
