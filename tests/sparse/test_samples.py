"""Samples as they come: nested lists, masks, frames, and what cannot be read as numbers."""

import math

import numpy as np
import pytest

from fastsci._samples import samples
from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.libraries import PolynomialLibrary
from fastsci.sparse.sindy import SINDy
from fastsci.sparse.standard_errors import standard_errors
from fastsci.sparse.thresholding import STLSQ, stlsq

TIMES = np.linspace(0.0, 10.0, 400)
CIRCLE = np.stack([np.cos(TIMES), -np.sin(TIMES)], axis=1)
SLOPES = np.stack([CIRCLE[:, 1], -CIRCLE[:, 0]], axis=1)
LINEAR = PolynomialLibrary(degree=1)


def test_rows_in_a_list_are_samples_of_one_trajectory():
    expected = SINDy(LINEAR).fit(CIRCLE, t=TIMES).coef_
    for rows in (CIRCLE.tolist(), tuple(map(tuple, CIRCLE.tolist()))):
        np.testing.assert_array_equal(SINDy(LINEAR).fit(rows, t=TIMES.tolist()).coef_, expected)
        np.testing.assert_array_equal(SINDy(LINEAR).fit(rows, t=TIMES, x_dot=None).coef_, expected)
    with_slopes = SINDy(LINEAR).fit(CIRCLE.tolist(), x_dot=SLOPES.tolist())
    np.testing.assert_allclose(with_slopes.coef_, [[0, 0, 1], [0, -1, 0]], atol=1e-12)


def test_lists_of_rows_in_a_list_are_trajectories():
    together = SINDy(LINEAR).fit([CIRCLE, CIRCLE], x_dot=[SLOPES, SLOPES]).problem_
    listed = SINDy(LINEAR).fit([CIRCLE.tolist()] * 2, x_dot=[SLOPES.tolist()] * 2).problem_
    np.testing.assert_array_equal(listed.gram, together.gram)
    assert listed.n_samples == 800


def test_what_a_mask_hides_is_missing():
    masked = np.ma.masked_array(CIRCLE, CIRCLE > 0.99)
    with pytest.raises(ValueError, match="X: row 0 is"):
        SINDy(LINEAR).fit(masked, x_dot=SLOPES)
    kept = ~masked.mask.any(axis=1)
    found = SINDy(LINEAR, drop_nan=True).fit(masked, x_dot=SLOPES)
    assert found.problem_.n_samples == kept.sum() < 400
    nothing_hidden = SINDy(LINEAR).fit(np.ma.masked_array(CIRCLE), x_dot=SLOPES)
    np.testing.assert_array_equal(nothing_hidden.coef_, SINDy(LINEAR).fit(CIRCLE, x_dot=SLOPES).coef_)


def test_rows_of_different_lengths_are_named():
    with pytest.raises(ValueError, match="X: holds rows of different lengths"):
        samples([[1.0, 2.0], [3.0]], "X")
    with pytest.raises(ValueError, match="X: holds rows of different lengths"):
        SINDy().fit([[1.0, 2.0], [3.0]], t=0.1)


@pytest.mark.parametrize("times", ["0.1", np.arange(400).astype("datetime64[s]"), [None] * 400, 0.1j])
def test_times_are_numbers(times):
    with pytest.raises(TypeError, match="t: holds"):
        SINDy().fit(CIRCLE, t=times)


def test_squares_that_exceed_float64_are_named():
    theta = np.random.default_rng(0).normal(size=(50, 3)) * [1.0, 1e200, 1.0]
    with pytest.raises(ValueError, match=r"column 1 of the design reaches .*e\+200"):
        NormalEquations.of(theta, np.ones((50, 1)))
    with pytest.raises(ValueError, match="column 1 of the design"):
        stlsq(theta, np.ones(50))
    with pytest.raises(ValueError, match="column 0 of the targets"):
        STLSQ().fit(theta[:, [0, 2]], theta[:, 1])


def test_controls_of_a_simulation_are_asked_for():
    controls = np.sin(3.0 * TIMES)[:, None]
    driven = SINDy(LINEAR).fit(CIRCLE, x_dot=SLOPES + controls, u=controls)
    with pytest.raises(ValueError, match="u: is missing, expected what drives u0"):
        driven.simulate([1.0, 0.0], [0.0, 1.0])
    found = driven.simulate([1.0, 0.0], [0.0, 1.0], u=[0.0])
    np.testing.assert_allclose(found[-1], [math.cos(1.0), -math.sin(1.0)], atol=1e-7)
    with pytest.raises(TypeError, match="control: is 'sine'"):
        driven.simulate([1.0, 0.0], [0.0, 1.0], u="sine")
    free = SINDy(LINEAR).fit(CIRCLE, x_dot=SLOPES)
    with pytest.raises(ValueError, match="u: was given, but the model was fitted without controls"):
        free.simulate([1.0, 0.0], [0.0, 1.0], u=[0.0])


@pytest.mark.parametrize("way", [NormalEquations.of, NormalEquations.factorised])
def test_dependent_terms_have_no_standard_error(way):
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(300, 3))
    theta = np.column_stack((columns, columns @ [0.3, -0.7, 1.9]))
    problem = way(theta, columns[:, :1] + rng.normal(size=(300, 1)))
    assert np.isnan(standard_errors(problem, np.ones((1, 4)))).all()
    assert np.isfinite(standard_errors(problem, [[1.0, 1.0, 1.0, 0.0]])).all()
