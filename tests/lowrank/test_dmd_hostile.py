"""Odd snapshots give the right answer or an error that names what is wrong."""

import numpy as np
import pytest
import scipy.sparse

from fastsci.lowrank.control_dmd import DMDc
from fastsci.lowrank.dmd import DMD
from fastsci.lowrank.randomized_dmd import RandomizedDMD
from fastsci.lowrank.streaming_dmd import StreamingDMD

RNG = np.random.default_rng(0)
PLACES, TIMES = np.linspace(0, 1, 50)[:, None], np.arange(20)
SMOOTH = np.sin(6 * PLACES - 0.3 * TIMES) + np.exp(-0.1 * TIMES) * PLACES
KINDS = {
    "DMD": DMD,
    "DMD of rank 3": lambda: DMD(3),
    "projected": lambda: DMD(3, exact=False, fit_to="first"),
    "RandomizedDMD": lambda: RandomizedDMD(3, rng=0),
    "StreamingDMD": StreamingDMD,
    "StreamingDMD of rank 3": lambda: StreamingDMD(3),
}
every = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


@every
@pytest.mark.parametrize("shape", [(50, 20), (5, 20), (20, 20), (1, 20), (50, 2)])
def test_zeros_have_no_modes(kind, shape):
    model = kind().fit(np.zeros(shape))
    assert len(model.eigs) == 0
    assert model.modes.shape == (shape[0], 0)
    assert np.array_equal(model.reconstruct(), np.zeros(shape))
    assert np.array_equal(model.forecast(3), np.zeros((shape[0], 3)))


@every
def test_constants_have_one_mode_that_stays(kind):
    model = kind().fit(np.full((50, 20), 2.0))
    np.testing.assert_allclose(model.eigs, [1.0], atol=1e-14)
    np.testing.assert_allclose(model.forecast(5), 2.0, rtol=1e-12)


@every
def test_layout_and_type_do_not_matter(kind):
    expected = kind().fit(SMOOTH)
    read_only = SMOOTH.copy()
    read_only.flags.writeable = False
    strided = np.repeat(np.repeat(SMOOTH, 2, axis=0), 3, axis=1)[::2, ::3]
    backwards = np.ascontiguousarray(SMOOTH[::-1, ::-1])[::-1, ::-1]
    for given in (np.asfortranarray(SMOOTH), read_only, strided, backwards, SMOOTH.tolist()):
        found = kind().fit(given)
        np.testing.assert_allclose(found.eigs, expected.eigs, rtol=0, atol=1e-10)
        np.testing.assert_allclose(found.reconstruct(), SMOOTH, rtol=0, atol=1e-10)
    integers = np.outer(np.arange(1, 51), 2 ** np.arange(12))
    np.testing.assert_allclose(kind().fit(integers).eigs, [2.0], rtol=1e-12)


@every
def test_one_variable(kind):
    for given in (0.5 ** np.arange(10), 0.5 ** np.arange(10)[None]):
        model = kind().fit(given)
        np.testing.assert_allclose(model.eigs, [0.5], rtol=1e-12)
        np.testing.assert_allclose(model.forecast(2), [[2.0**-10, 2.0**-11]], rtol=1e-12)


@every
def test_two_snapshots(kind):
    x = np.arange(1.0, 31.0)
    model = kind().fit(np.stack([x, 0.5 * x], axis=1))
    np.testing.assert_allclose(model.eigs, [0.5], rtol=1e-12)


@every
def test_what_has_no_numbers_to_go_by_is_refused(kind):
    broken = SMOOTH.copy()
    broken[7, 3] = np.nan
    with pytest.raises(ValueError, match="X: snapshot 3 holds nan in variable 7"):
        kind().fit(broken)
    with pytest.raises(ValueError, match="X: holds 1 snapshots"):
        kind().fit(SMOOTH[:, :1])
    with pytest.raises(ValueError, match=r"X: has shape \(0, 20\)"):
        kind().fit(SMOOTH[:0])
    with pytest.raises(ValueError, match=r"X: has shape \(2, 5, 10\)"):
        kind().fit(np.ones((2, 5, 10)))
    with pytest.raises(TypeError, match="X: holds <U1"):
        kind().fit(np.full((3, 3), "a"))
    with pytest.raises(ValueError, match=r"X\[1\]: has 49 variables, expected 50"):
        kind().fit([SMOOTH, SMOOTH[1:]])
    for dt in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="dt: is"):
            kind().fit(SMOOTH, dt=dt)
    with pytest.raises(TypeError, match="dt: is True"):
        kind().fit(SMOOTH, dt=True)
    with pytest.raises(TypeError, match=r"X: is sparse, expected an array in memory; give X\.toarray"):
        kind().fit(scipy.sparse.csr_array(SMOOTH))
    with pytest.raises(ValueError, match="X: has masked numbers"):
        kind().fit(np.ma.masked_greater(SMOOTH, 0.5))
    with pytest.raises(ValueError, match="X: its largest number is"):
        kind().fit(1e200 * SMOOTH)
    with pytest.raises(ValueError, match="X: its largest number is"):
        kind().fit(1e-200 * SMOOTH)


@every
def test_nothing_is_asked_of_a_model_before_it_is_fitted(kind):
    model = kind()
    for ask in (model.reconstruct, lambda: model.forecast(3), lambda: model.rates):
        with pytest.raises(ValueError, match="is not fitted yet"):
            ask()


@every
def test_forecasts_of_a_wrong_kind(kind):
    model = kind().fit(SMOOTH)
    for n in (-1, 2.5, True):
        with pytest.raises(ValueError, match="n: is"):
            model.forecast(n)
    with pytest.raises(ValueError, match="start: is 'middle'"):
        model.forecast(2, start="middle")
    with pytest.raises(ValueError, match=r"start: has shape \(7,\), expected \(50,\)"):
        model.forecast(2, start=np.ones(7))


def test_options():
    with pytest.raises(ValueError, match="rank: is 0"):
        DMD(0).fit(SMOOTH)
    with pytest.raises(ValueError, match=r"rank: is 1\.5"):
        DMD(1.5).fit(SMOOTH)
    with pytest.raises(TypeError, match="rank: is 'all'"):
        DMD("all").fit(SMOOTH)
    with pytest.raises(ValueError, match="debias: is 'both', expected one of None, 'forward-backward', 'total'"):
        DMD(debias="both").fit(SMOOTH)
    with pytest.raises(ValueError, match="rank: is None, expected a rank where debias='total'"):
        DMD(debias="total").fit(SMOOTH)
    with pytest.raises(ValueError, match="fit_to: is 'last', expected one of 'all', 'first'"):
        DMD(fit_to="last").fit(SMOOTH)
    with pytest.raises(TypeError, match="exact: is 'yes', expected True or False"):
        DMD(exact="yes").fit(SMOOTH)
    with pytest.raises(TypeError, match="rank: is None, expected an integer of at least 1"):
        RandomizedDMD(None).fit(SMOOTH)
    with pytest.raises(ValueError, match="n_iter: is -1"):
        RandomizedDMD(2, n_iter=-1).fit(SMOOTH)
    for rng, error in ((-1, ValueError), ("seed", TypeError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(error, match=f"rng: is {rng!r}"):
            RandomizedDMD(2, rng=rng).fit(SMOOTH)
    with pytest.raises(ValueError, match=r"forgetting: is 1\.5"):
        StreamingDMD(forgetting=1.5).fit(SMOOTH)
    with pytest.raises(TypeError, match="forgetting: is 'much'"):
        StreamingDMD(forgetting="much").fit(SMOOTH)
    with pytest.raises(ValueError, match="n_basis: is 2, expected at least 3"):
        StreamingDMD(3, n_basis=2).fit(SMOOTH)
    nilpotent = np.hstack([np.ones((50, 1)), np.zeros((50, 9))])
    with pytest.raises(ValueError, match="debias: 'forward-backward' inverts the step backward"):
        DMD(debias="forward-backward").fit(nilpotent)


def test_inputs_that_do_not_fit():
    u = RNG.normal(size=(2, 19))
    with pytest.raises(ValueError, match=r"u: has shape \(2, 18\), expected \(n_inputs, 19\)"):
        DMDc().fit(SMOOTH, u[:, :18])
    with pytest.raises(ValueError, match="u: holds inputs of 1 trajectories, expected 2"):
        DMDc().fit([SMOOTH, SMOOTH], [u])
    with pytest.raises(ValueError, match=r"u\[1\]: has 1 inputs, expected 2"):
        DMDc().fit([SMOOTH, SMOOTH], [u, u[:1]])
    with pytest.raises(ValueError, match=r"B: has shape \(50, 3\), expected \(50, 2\)"):
        DMDc(B=np.ones((50, 3))).fit(SMOOTH, u)
    with pytest.raises(ValueError, match="input_rank: is 3, expected None where B is known"):
        DMDc(input_rank=3, B=np.ones((50, 2))).fit(SMOOTH, u)
    model = DMDc(3).fit(SMOOTH, u)
    with pytest.raises(ValueError, match=r"n: has shape \(3, 4\), expected \(2, n_steps\)"):
        model.forecast(np.ones((3, 4)))
    with pytest.raises(ValueError, match=r"u: has shape \(1, 1\), expected \(2, 1\)"):
        model.predict(SMOOTH[:, 0], np.ones(1))
    with pytest.raises(ValueError, match="x: has 3 variables, expected 50"):
        model.predict(np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match="n: is -1"):
        model.forecast(-1)


def test_parameters_are_kept_as_given():
    model = DMD(3, debias="total")
    assert model.get_params() == {"rank": 3, "exact": True, "debias": "total", "fit_to": "all"}
    assert repr(model.set_params(rank=0.5)) == "DMD(debias='total', rank=0.5)"


def test_a_driven_system_that_never_moves():
    for known in (None, np.ones((50, 1))):
        model = DMDc(B=known).fit(np.zeros((50, 20)), np.zeros((1, 19)))
        assert len(model.eigs) == 0
        assert np.array_equal(model.reconstruct(), np.zeros((50, 20)))
        assert np.array_equal(model.forecast(np.ones((1, 3))), np.zeros((50, 3)))


def test_eigenvalues_are_found_whatever_the_units():
    expected = DMD(3).fit(SMOOTH).eigs
    for scale in (1e-80, 1e80):
        for kind in (lambda: DMD(3), lambda: RandomizedDMD(3, rng=0), lambda: StreamingDMD(3)):
            model = kind().fit(scale * SMOOTH)
            np.testing.assert_allclose(model.eigs, expected, rtol=0, atol=1e-10)
            np.testing.assert_allclose(model.reconstruct(), scale * SMOOTH, rtol=0, atol=1e-10 * scale)
