"""Fitted operators whose parameters change, that are fitted again, or are merged with others."""

import numpy as np
import pytest

from fastsci.lowrank.dictionary_koopman import EDMD
from fastsci.lowrank.generator_koopman import GeneratorEDMD
from fastsci.sparse.libraries import IdentityLibrary, PolynomialLibrary


def linear(n=60):
    x = np.empty((n, 2))
    x[0] = 1.0, -0.5
    for k in range(n - 1):
        x[k + 1] = np.array([[0.9, 0.3], [-0.3, 0.8]]) @ x[k]
    return x


@pytest.mark.parametrize(
    "changed", [{"library": PolynomialLibrary(degree=6)}, {"library": IdentityLibrary()}, {"delays": 2}]
)
def test_what_was_fitted_stays_where_a_parameter_is_changed(changed):
    x = linear()
    model = EDMD().fit(x)
    names, ahead, functions = model.feature_names_, model.predict(x), model.eigenfunctions(x)
    further, score = model.forecast(x, 3), model.score(x)
    model.set_params(**changed)
    assert model.feature_names_ == names
    assert model.score(x) == score
    np.testing.assert_array_equal(model.predict(x), ahead)
    np.testing.assert_array_equal(model.eigenfunctions(x), functions)
    np.testing.assert_array_equal(model.forecast(x, 3), further)
    with pytest.raises(ValueError, match="library: the dictionary or its delays are others"):
        model.partial_fit(x)
    assert model.fit(x).n_samples_ == 59 - model.delays


def test_a_fit_that_fails_leaves_nothing_to_predict_with():
    x = linear()
    model = EDMD().fit(x)
    for refused in (x[:, :1] * np.nan, np.full((9, 3), 1e200)):
        with pytest.raises(ValueError, match="X"):
            model.fit(refused)
        with pytest.raises(AttributeError, match="not fitted yet"):
            model.predict(x)


def test_only_operators_of_a_step_are_merged():
    x = linear()
    for other in (GeneratorEDMD().fit(x, -x), 3):
        with pytest.raises(TypeError, match=r"others\[0\]: is .*, expected a fitted EDMD or ResDMD"):
            EDMD().fit(x).merge(other)
