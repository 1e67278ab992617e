"""What a user may hand to a Koopman estimator with a kernel, and what is said of the rest."""

import pickle
import warnings

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from fastsci.lowrank.kernel_koopman import KernelKoopman
from tests.lowrank.kernels_by_hand import apart, gaussian, lorenz


@pytest.fixture(scope="module")
def attractor():
    return lorenz(301)


def test_a_function_of_the_user_is_a_kernel(attractor):
    named = KernelKoopman(5, length_scale=10.0).fit(attractor)
    called = KernelKoopman(5, lambda x, y: gaussian(x, y, 10.0)).fit(attractor)
    np.testing.assert_allclose(called.eigenvalues_, named.eigenvalues_, atol=1e-9)
    with pytest.raises(ValueError, match=r"kernel: gave shape \(3,\)"):
        KernelKoopman(5, lambda x, y: np.ones(3)).fit(attractor)
    with pytest.raises(ValueError, match="kernel: gave numbers that are not finite"):
        KernelKoopman(5, lambda x, y: np.full((len(x), len(y)), np.nan)).fit(attractor)
    with pytest.raises(ValueError, match="kernel: is not positive semidefinite"):
        KernelKoopman(5, lambda x, y: -cdist(x, y) + 1.0).fit(attractor)


@pytest.mark.parametrize("name", ["gaussian", "polynomial", "linear"])
@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_state_that_never_changes(name, value):
    states = np.full((20, 2), value)
    model = KernelKoopman(4, name).fit(states)
    assert model.rank_ == (0 if name == "linear" and value == 0.0 else 1)
    np.testing.assert_allclose(model.eigenvalues_, 1.0, atol=1e-5)
    np.testing.assert_allclose(model.predict(states, n_steps=3), states, atol=1e-4)
    assert np.isfinite(model.risk())
    assert model.modes_.shape == (model.rank_, 2)


def test_duplicated_states_and_few_states(attractor):
    twice = KernelKoopman(5, length_scale=10.0).fit(
        np.concatenate([attractor[:-1]] * 2), np.concatenate([attractor[1:]] * 2)
    )
    once = KernelKoopman(5, length_scale=10.0).fit(attractor)
    np.testing.assert_allclose(twice.eigenvalues_, once.eigenvalues_, atol=1e-7)
    few = KernelKoopman(25).fit(attractor[:6])
    assert few.rank_ <= 5
    np.testing.assert_allclose(few.predict(attractor[:5]), attractor[1:6], rtol=1e-2)
    pair = KernelKoopman(3).fit(attractor[:2])
    assert pair.rank_ == 1


def test_one_variable():
    angle = 0.2 * np.arange(200)
    series = np.cos(angle)[:, None]
    model = KernelKoopman(4, length_scale=1.0).fit(series)
    assert model.predict(series).shape == (200, 1)
    assert model.modes_.shape == (model.rank_, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.astype(np.float32),
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: x.tolist(),
        lambda x: (x.setflags(write=False), x)[1],
    ],
    ids=["float32", "Fortran", "strided", "lists", "read-only"],
)
def test_what_numbers_may_lie_in(attractor, change):
    plain = KernelKoopman(4).fit(attractor)
    given = change(attractor.copy())
    model = KernelKoopman(4).fit(given)
    assert model.eigenvalues_.dtype == np.complex128
    np.testing.assert_allclose(model.eigenvalues_, plain.eigenvalues_, atol=1e-4)
    np.testing.assert_allclose(model.predict(given), plain.predict(attractor), atol=1e-3)


def test_integers():
    states = np.array([[0], [1], [2], [3]] * 10)
    model = KernelKoopman(4, length_scale=0.5, alpha=0.0).fit(states)
    np.testing.assert_allclose(model.predict([[0], [1], [2], [3]]), [[1], [2], [3], [0]], atol=1e-10)
    assert apart(model.eigenvalues_, [1, 1j, -1, -1j]) < 1e-10


BAD = [
    ({"rank": 0}, "rank: is 0"),
    ({"rank": 2.5}, "rank: is 2.5"),
    ({"rank": True}, "rank: is True"),
    ({"kernel": "rbf"}, "kernel: is 'rbf', expected one of gaussian"),
    ({"length_scale": 0.0}, "length_scale: is 0.0"),
    ({"length_scale": np.nan}, "length_scale: is nan"),
    ({"alpha": -1.0}, "alpha: is -1.0"),
    ({"alpha": np.inf}, "alpha: is inf"),
    ({"degree": 1.5}, "degree: is 1.5"),
    ({"coef0": -1.0}, "coef0: is -1.0"),
    ({"lag": 0}, "lag: is 0"),
]


@pytest.mark.parametrize(("parameters", "message"), BAD, ids=lambda value: str(value))
def test_bad_parameters_are_named(attractor, parameters, message):
    with pytest.raises(ValueError, match=message):
        KernelKoopman(**parameters).fit(attractor)


def test_bad_data_is_named(attractor):
    broken = attractor.copy()
    broken[7, 1] = np.nan
    model = KernelKoopman(3)
    for given, error, message in (
        (broken, ValueError, "X: row 7 is .* expected finite numbers"),
        ([attractor, broken], ValueError, r"X\[1\]: row 7"),
        (attractor[:1], ValueError, "X: holds 1 sample, expected at least 2"),
        ([attractor[:1]], ValueError, "X: holds no trajectory of more than 1"),
        (attractor[:, 0], ValueError, r"Reshape your data"),
        (attractor * 1j, ValueError, "Complex data not supported"),
        (np.array([["a"], ["b"]]), TypeError, "X: holds <U1"),
        ([attractor, attractor[:, :2]], ValueError, r"X\[1\] has 2 features, but X\[0\] is expecting 3"),
        (np.empty((0, 3)), ValueError, "0 sample"),
        (attractor * 1e200, ValueError, "X: distances of its states overflow"),
        (np.ma.masked_greater(attractor, 10.0), ValueError, "X: has masked numbers"),
    ):
        with pytest.raises(error, match=message):
            model.fit(given)
    with pytest.raises(ValueError, match="kernel: is not finite"):
        KernelKoopman(3, "polynomial", degree=200, length_scale=1e-3).fit(attractor)
    with pytest.raises(ValueError, match="observables: has 5 rows, expected 301"):
        model.fit(attractor, observables=np.ones(5))
    with pytest.raises(ValueError, match="observables: expected a list of 1"):
        model.fit([attractor], observables=np.ones(301))
    with pytest.raises(ValueError, match=r"observables\[1\]: has 1 columns, expected 2"):
        model.fit([attractor] * 2, observables=[attractor[:, :2], attractor[:, 0]])
    with pytest.raises(ValueError, match="y: has 300 rows, expected 301"):
        model.fit(attractor, attractor[1:])
    with pytest.raises(ValueError, match=r"y: has shape \(301, 2\), expected \(301, 3\)"):
        model.fit(attractor, attractor[:, :2])
    with pytest.raises(ValueError, match="y: row 7"):
        model.fit(attractor, broken)
    model.fit(attractor)
    with pytest.raises(ValueError, match="n_steps: is 0"):
        model.predict(attractor, n_steps=0)
    with pytest.raises(ValueError, match="n_steps: is 2, expected 1 together with y"):
        model.score(attractor[:-1], attractor[1:], n_steps=2)
    with pytest.raises(ValueError, match="X has 2 features, but KernelKoopman is expecting 3 features"):
        model.risk(attractor[:, :2])


def test_a_search_over_parameters(attractor):
    splits = [(np.arange(200), np.arange(200, 301))]
    search = GridSearchCV(KernelKoopman(20), {"length_scale": [0.5, 10.0]}, cv=splits, refit=False).fit(attractor)
    assert search.best_params_ == {"length_scale": 10.0}


def test_the_target_of_another_step_of_a_pipeline_is_left_alone(attractor):
    with_target = KernelKoopman(3).fit(attractor, np.arange(301))
    np.testing.assert_array_equal(with_target.eigenvalues_, KernelKoopman(3).fit(attractor).eigenvalues_)


def test_a_model_is_cloned_and_pickled(attractor):
    model = KernelKoopman(4, alpha=1e-5).fit(attractor)
    assert clone(model).get_params() == model.get_params()
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(attractor), model.predict(attractor))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(attractor[:100])
    assert not np.array_equal(again.eigenvalues_, model.eigenvalues_)
