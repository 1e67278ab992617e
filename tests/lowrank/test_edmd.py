"""EDMD on systems whose Koopman operator is known: linear maps, a finite-rank noisy map, rotations."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastsci.lowrank._koopman import IllConditionedDictionaryWarning
from fastsci.lowrank.dictionary_koopman import EDMD
from fastsci.sparse.libraries import (
    CustomLibrary,
    FourierLibrary,
    IdentityLibrary,
    PolynomialLibrary,
    RadialBasisLibrary,
)
from tests.lowrank import noisy_logistic

MATRIX = np.array([[0.9, 0.3], [-0.3, 0.8]])


def linear(n=60, start=(1.0, -0.5)):
    x = np.empty((n, 2))
    x[0] = start
    for k in range(n - 1):
        x[k + 1] = MATRIX @ x[k]
    return x


def by_stored_columns(library, x, y, alpha=0.0):
    """The operator by least squares with NumPy, columns of unit length under the ridge."""
    now, then = library.fit_transform(x), library.fit_transform(y)
    lengths = np.linalg.norm(now, axis=0)
    rows = np.vstack((now / lengths, np.sqrt(alpha) * np.eye(now.shape[1])))
    right = np.vstack((then, np.zeros((now.shape[1],) * 2)))
    return np.linalg.lstsq(rows, right, rcond=None)[0] / lengths[:, None]


def distance(found, expected):
    """The largest distance of an expected eigenvalue to the nearest found one."""
    return max(np.abs(np.asarray(found) - value).min() for value in expected)


def in_order(values):
    return values[np.lexsort((values.imag.round(7), values.real.round(7)))]


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
def test_eigenvalues_of_a_linear_map_are_products_of_those_of_its_matrix(degree):
    first, second = np.linalg.eigvals(MATRIX)
    expected = [first**i * second**j for i in range(degree + 1) for j in range(degree + 1 - i)]
    model = EDMD(PolynomialLibrary(degree=degree)).fit(linear())
    assert len(model.eigenvalues_) == len(expected)
    assert distance(model.eigenvalues_, expected) < 1e-10
    assert (np.diff(np.abs(model.eigenvalues_)) <= 1e-12).all()


def test_eigenfunctions_are_multiplied_by_their_eigenvalues_at_every_step():
    x = linear()
    model = EDMD(PolynomialLibrary(degree=2)).fit(x)
    values = model.eigenfunctions(x)
    assert np.abs(values[1:] - values[:-1] * model.eigenvalues_).max() < 1e-10
    assert np.allclose(np.mean(np.abs(values[:-1]) ** 2, axis=0), 1.0)
    # The state is a combination of them.
    assert np.abs(values @ model.modes_ - x).max() < 1e-10


def test_predictions_and_forecasts_follow_the_map():
    x = linear()
    model = EDMD().fit(x[:40])
    for steps in (1, 2, 7):
        assert np.abs(model.predict(x[:5], n_steps=steps) - x[steps : steps + 5]).max() < 1e-11
    assert np.abs(model.forecast(x[:40], 20) - x[40:]).max() < 1e-11
    assert model.score(x[40:]) > 1.0 - 1e-9
    assert np.abs(model.rates(0.1) - np.log(model.eigenvalues_) / 0.1).max() == 0.0


@pytest.mark.parametrize("alpha", [0.0, 1e-3])
@pytest.mark.parametrize(
    "library",
    [
        PolynomialLibrary(degree=3),
        FourierLibrary(n_frequencies=2) + PolynomialLibrary(degree=1),
        PolynomialLibrary(degree=1) * FourierLibrary(include_cos=False),
        RadialBasisLibrary([[0.0, 0.0], [1.0, 0.5], [-1.0, 0.3]], width=1.0),
        CustomLibrary([lambda u: u / (1 + u * u), lambda u, v: u * v], include_bias=True),
    ],
    ids=["polynomial", "sum", "product", "radial", "own"],
)
def test_matrix_is_that_of_least_squares_on_stored_columns(library, alpha):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(500, 2))
    y = np.tanh(x @ MATRIX) + 0.1 * rng.normal(size=x.shape)
    model = EDMD(library, alpha=alpha).fit(x, y)
    expected = by_stored_columns(library, x, y, alpha)
    assert np.abs(model.koopman_matrix_ - expected).max() < 1e-9 * np.abs(expected).max()
    eigenvalues = np.linalg.eigvals(expected)
    assert distance(model.eigenvalues_, eigenvalues) < 1e-9
    lifted = library.fit_transform(x)
    images = lifted @ expected @ expected
    state = np.linalg.lstsq(lifted, x, rcond=None)[0] if alpha == 0 else None
    if state is not None and isinstance(library, PolynomialLibrary):
        # Coordinates are terms: so are their predictions.
        assert np.abs(model.predict(x, n_steps=2) - images @ state).max() < 1e-9


def test_large_dictionaries_are_summed_by_blocks_to_the_same_operator(monkeypatch):
    x = np.random.default_rng(2).normal(size=(400, 2))
    fused = EDMD(PolynomialLibrary(degree=3)).fit(x)
    monkeypatch.setattr("fastsci.lowrank._koopman_samples.MOST_FUSED", 1)
    stored = EDMD(PolynomialLibrary(degree=3)).fit(x)
    assert np.abs(fused.koopman_matrix_ - stored.koopman_matrix_).max() < 1e-10


def test_a_trajectory_is_read_in_parts_without_losing_a_pair(monkeypatch):
    x = np.random.default_rng(3).normal(size=(300, 2))
    whole = EDMD(delays=1).fit(x)
    monkeypatch.setattr("fastsci.lowrank._koopman_samples.READ", 7)
    parts = EDMD(delays=1).fit(x)
    assert parts.n_samples_ == whole.n_samples_ == 298
    assert np.abs(parts.koopman_matrix_ - whole.koopman_matrix_).max() < 1e-11


@pytest.mark.parametrize("order", [2, 10])
def test_spectrum_of_the_noisy_logistic_map(order):
    """On the operator's own range, waves of the image, which it maps into itself; samples are evenly spread."""
    exact = noisy_logistic.exact_eigenvalues(order)
    model = EDMD(waves_of_the_image(order)).fit(*noisy_logistic.spread_pairs(200_000, order))
    assert len(model.eigenvalues_) == len(exact) == 2 * order + 1
    # Smaller ones are sensitive: 1e-3 in the matrix moves them by 1e-2.
    leading = exact[np.abs(exact) > 0.03]
    assert len(leading) == 3
    assert distance(model.eigenvalues_, leading) < 1e-2
    assert np.abs(model.eigenvalues_[0] - 1.0) < 1e-10


def test_spectrum_of_the_noisy_logistic_map_by_quadrature_is_exact():
    exact = noisy_logistic.exact_eigenvalues(3)
    model = EDMD(waves_of_the_image(3))
    x, y, weights = noisy_logistic.quadrature(3)
    leading = exact[np.abs(exact) > 1e-3]
    assert len(leading) == 4
    assert distance(model.fit(x, y, weights=weights).eigenvalues_, leading) < 1e-9


def test_leading_eigenvalues_of_the_noisy_logistic_map_from_trajectories():
    exact = noisy_logistic.exact_eigenvalues()
    model = EDMD(waves_of_the_image(noisy_logistic.ORDER)).fit(noisy_logistic.trajectories(300, 10_000))
    assert distance(model.eigenvalues_, exact[:3]) < 1e-2


def waves_of_the_image(order):
    image = FourierLibrary(n_frequencies=order, frequency=2.0 * np.pi)
    library = PolynomialLibrary(degree=0)
    for multiple in range(1, image.n_frequencies + 1):
        rate = 2.0 * np.pi * multiple
        library = library + CustomLibrary([_wave(np.cos, rate), _wave(np.sin, rate)])
    return library


def _wave(function, rate):
    def wave(x):
        return function(rate * 4.0 * x * (1.0 - x))

    return wave


def test_spectrum_of_the_noisy_logistic_map_on_a_fourier_dictionary():
    exact = noisy_logistic.exact_eigenvalues()
    library = PolynomialLibrary(degree=0) + FourierLibrary(n_frequencies=24, frequency=2.0 * np.pi)
    model = EDMD(library).fit(*noisy_logistic.spread_pairs(200_000))
    assert distance(model.eigenvalues_, exact[:3]) < 1e-2


def test_exact_spectrum_agrees_with_the_peer_that_documents_it():
    peer = pytest.importorskip("kooplearn.datasets", reason="kooplearn is a peer, not a dependency")
    found = peer.compute_logistic_map_eig(M=3)
    assert distance(found, noisy_logistic.exact_eigenvalues(3)) < 1e-7


def test_delays_are_the_hankel_form():
    """A sum of two waves is linear in four delayed values."""
    t = np.arange(200.0)
    x = (np.sin(0.3 * t) + 0.5 * np.cos(1.1 * t))[:, None]
    model = EDMD(IdentityLibrary(), delays=3).fit(x)
    assert model.feature_names_ == ["x0(t-3)", "x0(t-2)", "x0(t-1)", "x0"]
    expected = np.exp(1j * np.array([0.3, -0.3, 1.1, -1.1]))
    assert distance(model.eigenvalues_, expected) < 1e-10
    assert np.abs(model.predict(x)[:-1] - x[4:]).max() < 1e-10
    assert np.abs(model.forecast(x[:100], 50) - x[100:150]).max() < 1e-9
    assert model.eigenfunctions(x).shape == (197, 4)
    assert model.score(x) > 1 - 1e-12


def test_parts_of_a_stream_and_their_merger_are_the_whole():
    x = np.random.default_rng(4).normal(size=(900, 2)).cumsum(axis=0) / 30.0
    whole = EDMD(alpha=1e-6).fit(x)
    stream = EDMD(alpha=1e-6)
    for first in range(0, 899, 100):
        stream.partial_fit(x[first : first + 101])
    assert np.abs(stream.eigenvalues_ - whole.eigenvalues_).max() < 1e-9
    one, other = EDMD(alpha=1e-6).fit(x[:500]), EDMD(alpha=1e-6).fit(x[499:])
    before = one.eigenvalues_.copy()
    merged = one.merge(other)
    assert merged.n_samples_ == 899
    assert np.abs(merged.eigenvalues_ - whole.eigenvalues_).max() < 1e-9
    assert (one.eigenvalues_ == before).all()
    several = EDMD(alpha=1e-6).fit([x[:500], x[499:]])
    assert np.abs(several.eigenvalues_ - whole.eigenvalues_).max() < 1e-9
    with pytest.raises(ValueError, match=r"others\[0\]: has another dictionary"):
        one.merge(EDMD(PolynomialLibrary(degree=1)).fit(x))


def test_nearly_dependent_terms_cost_another_pass_and_no_digits():
    """Powers of a state far from zero: the condition is 1e9 and the products alone say nothing."""
    x = np.linspace(10.0, 11.0, 400)[:, None]
    y = 10.0 + 0.5 * (x - 10.0)
    model = EDMD(PolynomialLibrary(degree=4)).fit(x, y)
    assert model.condition_ > 1e7
    assert model.n_passes_ > 1
    assert distance(model.eigenvalues_, 0.5 ** np.arange(5)) < 1e-4
    once = EDMD(PolynomialLibrary(degree=4), refine=False).fit(x, y)
    assert once.n_passes_ == 1
    assert once.rank_ < 5
    stream = EDMD(PolynomialLibrary(degree=4)).partial_fit(x, y)
    with pytest.warns(IllConditionedDictionaryWarning, match="nearly dependent"):
        assert stream.rank_ < 5


def test_noisy_samples_need_no_second_pass():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(5000, 2))
    assert EDMD(PolynomialLibrary(degree=3)).fit(x, 0.5 * x + rng.normal(size=x.shape)).n_passes_ == 1


def test_terms_that_are_the_same_count_once():
    x = np.random.default_rng(6).normal(size=(300, 1))
    library = IdentityLibrary() + CustomLibrary([lambda u: 3.0 * u])
    model = EDMD(library).fit(x, 0.5 * x)
    assert model.rank_ == 1
    assert model.condition_ == np.inf
    assert np.abs(model.eigenvalues_ - 0.5).max() < 1e-12
    assert np.abs(model.predict(x) - 0.5 * x).max() < 1e-12


def test_rank_keeps_the_largest_components_of_columns_of_unit_length():
    rng = np.random.default_rng(7)
    x = rng.normal(size=(400, 3))
    y = x @ np.diag([0.9, 0.5, 0.1]) + 0.01 * rng.normal(size=x.shape)
    scaled = x / np.linalg.norm(x, axis=0)
    left, values, right = np.linalg.svd(scaled, full_matrices=False)
    expected = left[:, :2].T @ (y / np.linalg.norm(x, axis=0)) @ right[:2].T / values[:2]
    model = EDMD(IdentityLibrary(), rank=2).fit(x, y)
    assert model.rank_ == 2
    assert distance(model.eigenvalues_, np.linalg.eigvals(expected)) < 1e-10
    share = values[0] ** 2 / np.sum(values**2)
    assert EDMD(IdentityLibrary(), rank=float(share) * 0.99).fit(x, y).rank_ == 1


def test_results_do_not_depend_on_the_units_of_the_data():
    rng = np.random.default_rng(8)
    x = rng.normal(size=(300, 2))
    units = np.array([1e3, 1e-4])
    one = EDMD(rank=4, alpha=0.01).fit(x).eigenvalues_
    other = EDMD(rank=4, alpha=0.01).fit(x * units).eigenvalues_
    assert np.abs(one - other).max() < 1e-10


def test_weights_count_pairs_as_often():
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=(2, 100, 2))
    times = rng.integers(1, 4, 100)
    weighted = EDMD().fit(x, y, weights=times)
    repeated = EDMD().fit(np.repeat(x, times, axis=0), np.repeat(y, times, axis=0))
    assert np.abs(weighted.koopman_matrix_ - repeated.koopman_matrix_).max() < 1e-10


@pytest.mark.parametrize(
    "form",
    [
        lambda x: x.tolist(),
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=0)[::2],
        lambda x: x.astype(np.float32),
        lambda x: x.astype(int),
    ],
    ids=["lists", "fortran", "strided", "float32", "integers"],
)
def test_any_form_of_numbers(form):
    x = np.random.default_rng(10).integers(-9, 9, (50, 2)).astype(float)
    x.flags.writeable = False
    expected = EDMD().fit(x)
    model = EDMD().fit(form(x))
    assert np.abs(model.koopman_matrix_ - expected.koopman_matrix_).max() < 1e-12
    assert np.abs(model.predict(form(x)) - expected.predict(x)).max() < 1e-10


def test_works_with_scikit_learn():
    x = linear()
    model = make_pipeline(StandardScaler(), EDMD(PolynomialLibrary(degree=1)))
    values = model.fit(x, np.arange(60.0))[-1].eigenvalues_
    assert distance(values, np.linalg.eigvals(MATRIX)) < 1e-10
    fitted = EDMD().fit(x)
    assert np.array_equal(pickle.loads(pickle.dumps(fitted)).predict(x), fitted.predict(x))
    assert clone(EDMD(rank=3)).rank == 3


def test_constant_and_zero_data():
    constant = EDMD().fit(np.full((10, 2), 3.0))
    assert constant.rank_ == 1
    assert np.abs(constant.eigenvalues_ - 1.0).max() < 1e-12
    assert np.abs(constant.predict([[3.0, 3.0]]) - 3.0).max() < 1e-12
    with pytest.raises(ValueError, match="library: every term is zero"):
        EDMD(IdentityLibrary()).fit(np.zeros((10, 2)))


@pytest.mark.parametrize(
    ("parameters", "arguments", "message"),
    [
        ({"delays": -1}, (np.ones((9, 2)),), r"delays: is -1, expected an integer of at least 0"),
        ({"delays": 1}, (np.ones((9, 2)), np.ones((9, 2))), r"y: is given together with delays=1"),
        ({"alpha": -1.0}, (np.ones((9, 2)),), r"alpha: is -1.0, expected a number of at least 0"),
        ({"refine": "yes"}, (np.ones((9, 2)),), r"refine: is 'yes', expected True, False or 'auto'"),
        ({"rank": 0}, (np.ones((9, 2)),), r"rank: is 0, expected a positive integer"),
        ({}, (np.ones((9, 2)), np.ones((8, 2))), r"y: has shape \(8, 2\)"),
        ({}, (np.ones((9, 2)), np.full((9, 2), np.nan)), r"y: row 0 is \[nan, nan\]"),
        ({}, ([np.ones((9, 2)), np.full((9, 2), np.inf)],), r"X\[1\]: Input X contains infinity"),
        ({}, ([np.ones((9, 2)), np.ones((9, 3))],), r"X\[1\]: X has 3 features"),
        ({}, ([np.ones((9, 2))], np.ones((9, 2))), r"y: expected a list of 1"),
        ({}, (np.ones((1, 2)),), r"minimum of 2 is required"),
        ({}, ([[1.0, 2.0], [3.0]],), r"X: holds rows of different lengths"),
        ({}, ([np.ones((9, 2)), [[1.0, 2.0], [3.0]]],), r"X\[1\]: holds rows of different lengths"),
        ({}, (np.ones((2, 2)), [[1.0, 2.0], [3.0]]), r"y: holds rows of different lengths"),
        ({"alpha": 1.0 + 0.0j}, (np.ones((9, 2)),), r"alpha: is \(1\+0j\), expected a number"),
        ({"alpha": np.complex128(1.0)}, (np.ones((9, 2)),), r"alpha: is np.complex128\(1\+0j\), expected a number"),
        ({"refine": np.ones(2)}, (np.ones((9, 2)),), r"refine: is array"),
        ({}, (np.full((9, 2), 1e200),), r"X: the term 'x0' has no finite sum of squares"),
    ],
)
def test_refused(parameters, arguments, message):
    with pytest.raises(ValueError, match=message):
        EDMD(**parameters).fit(*arguments)


def test_refused_afterwards():
    x = linear()
    with pytest.raises(ValueError, match="weights: has shape"):
        EDMD().fit(x, weights=np.ones(60))
    for weights in (["a"] * 59, np.ones(59) + 0j, [None] * 59):
        with pytest.raises(TypeError, match=r"weights: holds .*, expected real numbers"):
            EDMD().fit(x, weights=weights)
    with pytest.raises(TypeError, match="library: is 3, expected a library"):
        EDMD(library=3).fit(x)
    with pytest.raises(ValueError, match="n_steps: is 0"):
        EDMD().fit(x).predict(x, n_steps=0)
    with pytest.raises(AttributeError, match="not fitted yet"):
        _ = EDMD().eigenvalues_
    for dt in (0, -1.0, np.nan, "a", True, [1.0, 2.0]):
        with pytest.raises(ValueError, match=r"dt: is .*, expected a positive finite time step"):
            EDMD().fit(x).rates(dt)
    assert np.array_equal(EDMD().fit(x).rates(np.float32(0.5)), EDMD().fit(x).rates(0.5))
