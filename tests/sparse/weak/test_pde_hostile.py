"""What is handed to the discovery of partial differential equations and cannot be, or only seems so."""

import numpy as np
import pytest

from fastsci.sparse.libraries import CustomLibrary, PolynomialLibrary
from fastsci.sparse.mstls import MSTLS
from fastsci.sparse.pde import PDESINDy
from fastsci.sparse.pde_library import PDELibrary
from fastsci.sparse.weak import WeakForm
from tests.sparse.weak import pde_fields as fields

SMALL = np.random.default_rng(0).normal(size=(40, 30))


def test_not_a_number_is_named_with_its_index():
    u, x, t = fields.burgers()
    broken = u.copy()
    broken[17, 5] = np.nan
    with pytest.raises(ValueError, match=r"u: is nan at index \(17, 5, 0\)"):
        PDESINDy().fit(broken, t=t, x=x)
    broken = u.copy()
    broken[0, 3] = np.inf
    with pytest.raises(ValueError, match=r"u\[1\]: is inf at index \(0, 3, 0\)"):
        PDESINDy().fit([u, broken], t=t, x=x)


@pytest.mark.parametrize(
    ("shape", "form", "message"),
    [
        ((4, 30), WeakForm(), "axis 0: has 4 samples, expected at least 5"),
        ((40, 3), WeakForm(), "axis 1: has 3 samples, expected at least 5"),
        ((40, 30), WeakForm(half_width=[25, 5]), "axis 0: has 40 samples, expected at least 51.*lower half_width"),
        ((40, 30), WeakForm(half_width=15), "axis 1: has 30 samples, expected at least 31"),
        ((40, 30), WeakForm(half_width=[5, 5, 5]), "half_width: is .*, expected an integer or 2, one for each axis"),
        ((40, 30), WeakForm(test_function_order=4), "test_function_order: is 4, expected an integer of at least 5"),
    ],
)
def test_domains_smaller_than_a_test_function_say_how_many_samples_it_takes(shape, form, message):
    with pytest.raises(ValueError, match=message):
        PDESINDy(weak=form).fit(SMALL[: shape[0], : shape[1]], t=0.1, x=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"t": 0.1}, "x: coordinates of space are missing"),
        ({"x": 0.1}, "t: is missing"),
        ({"t": 0.1, "y": 0.1}, "x: coordinates of space are missing"),
        ({"t": 0.1, "x": 0.1, "y": 0.1}, r"u: has shape \(40, 30\), expected \(n_x, n_y, n_t, n_fields\)"),
        ({"t": 0.1, "x": np.arange(39.0)}, r"x: has shape \(39,\), expected \(40,\)"),
        ({"t": 0.1, "x": np.arange(40.0)[::-1]}, "x: goes from 39 to 38 at index 1, expected increasing"),
        ({"t": np.arange(30.0) ** 2, "x": 0.1}, "t: has steps from 1 to 57, expected an even grid"),
        ({"t": 0.0, "x": 0.1}, "t: is 0.0, expected a positive spacing"),
        ({"t": np.nan, "x": 0.1}, "t: is nan"),
        ({"t": np.r_[np.arange(29.0), np.inf], "x": 0.1}, "t: holds inf"),
    ],
)
def test_axes_that_do_not_fit_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        PDESINDy().fit(SMALL, **arguments)


def test_other_misuse_is_named():
    with pytest.raises(TypeError, match="u: holds complex128, expected real numbers"):
        PDESINDy().fit(SMALL + 0j, t=0.1, x=0.1)
    with pytest.raises(ValueError, match="u: is an empty list"):
        PDESINDy().fit([], t=0.1, x=0.1)
    with pytest.raises(ValueError, match=r"u\[1\]: has 2 fields, expected 1"):
        PDESINDy().fit([SMALL, np.zeros((40, 30, 2))], t=0.1, x=0.1)
    with pytest.raises(ValueError, match="t: has 1 entries, expected 2"):
        PDESINDy().fit([SMALL, SMALL], t=[0.1], x=0.1)
    with pytest.raises(ValueError, match=r"periodic: is .*, expected True, False or 1"):
        PDESINDy(periodic=[True, False]).fit(SMALL, t=0.1, x=0.1)
    with pytest.raises(ValueError, match="feature_names: has 2 entries, expected 1"):
        PDESINDy().fit(SMALL, t=0.1, x=0.1, feature_names=["u", "v"])
    with pytest.raises(ValueError, match="derivative_order: is -1"):
        PDESINDy(PDELibrary(derivative_order=-1)).fit(SMALL, t=0.1, x=0.1)
    with pytest.raises(ValueError, match="has 8 samples along the axis, expected at least"):
        PDESINDy(weak=None).fit(SMALL[:8], t=0.1, x=0.1)


def test_a_differentiator_that_finds_no_derivative_is_refused():
    class Nowhere:
        def differentiate(self, x, t, order=None, axis=0):
            return np.full(np.shape(x), np.nan)

    with pytest.raises(ValueError, match="u: has too few samples for its derivatives"):
        PDESINDy(weak=None, differentiation=Nowhere()).fit(SMALL, t=0.1, x=0.1)


def test_an_optimizer_of_another_kind_is_named():
    from sklearn.linear_model import Ridge

    with pytest.raises(TypeError, match=r"optimizer: is Ridge\(\), expected a SparseRegressor such as MSTLS"):
        PDESINDy(optimizer=Ridge()).fit(SMALL, t=0.1, x=0.1)


def test_a_term_that_overflows_is_named():
    library = PDELibrary(CustomLibrary([lambda u: u**400], names=["{0}^400"]), derivative_order=1)
    for form in (WeakForm(), None):
        with pytest.raises(ValueError, match=r"library: .*u\^400.* is not finite"):
            PDESINDy(library, weak=form).fit(10 * SMALL, t=0.1, x=0.1)


def test_use_before_a_fit_is_refused():
    from sklearn.exceptions import NotFittedError

    for call in (lambda m: m.predict(SMALL), lambda m: m.score(SMALL, 0.1), lambda m: m.equations()):
        with pytest.raises(NotFittedError):
            call(PDESINDy())


def test_float32_read_only_and_strided_fields_are_taken():
    u, x, t = fields.burgers()
    single = u.astype(np.float32)
    backwards = np.asfortranarray(single)
    backwards.flags.writeable = False
    padded = np.zeros((512, 402), np.float32)
    padded[::2, ::2] = single
    wanted = PDESINDy(periodic=True).fit(single.astype(np.float64), t=t, x=x).coef_
    for one in (single, backwards, padded[::2, ::2], single[..., None]):
        found = PDESINDy(periodic=True).fit(one, t=t, x=x)
        np.testing.assert_allclose(found.coef_, wanted, rtol=1e-9)
        assert found.equations() == ["u_t = -0.500 (u^2)_x + 0.100 u_xx"]


def test_a_constant_field_has_the_zero_equation():
    model = PDESINDy().fit(np.full((60, 50), 3.0), t=0.1, x=0.1)
    np.testing.assert_allclose(model.coef_, 0.0, atol=1e-9)
    np.testing.assert_allclose(model.predict(np.full((60, 50), 3.0)), 0.0, atol=1e-7)


def test_noise_alone_leaves_no_term_warns_and_still_predicts():
    u = np.random.default_rng(3).normal(size=(128, 128))
    library = PDELibrary(PolynomialLibrary(degree=2), derivative_order=2)
    with pytest.warns(UserWarning, match="no term of target 0 is left"):
        model = PDESINDy(library, MSTLS(penalty=0.5)).fit(u, t=0.1, x=0.1)
    assert model.equations() == ["u_t = 0"]
    np.testing.assert_array_equal(model.predict(u), np.zeros((128, 128, 1)))


def test_parameters_are_listed_set_and_cloned():
    from sklearn.base import clone

    model = PDESINDy(PDELibrary(derivative_order=2), MSTLS(penalty=0.2), periodic=True)
    copy = clone(model).set_params(optimizer__penalty=0.3, weak__half_width=7, library__derivative_order=3)
    assert (model.optimizer.penalty, model.library.derivative_order) == (0.2, 2)
    assert copy.get_params()["weak__half_width"] == 7
    assert PDESINDy().weak.half_width is None
    assert (
        repr(model) == "PDESINDy(library=PDELibrary(derivative_order=2), optimizer=MSTLS(penalty=0.2), periodic=True)"
    )


def test_a_fit_leaves_the_form_as_it_was():
    u, x, t = fields.burgers()
    form = WeakForm()
    first = PDESINDy(weak=form, periodic=True).fit(u, t=t, x=x)
    assert vars(form) == vars(WeakForm())
    assert [axis.half_width for axis in first.test_functions_[0]] == [36, 28]
