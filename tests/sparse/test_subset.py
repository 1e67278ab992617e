"""Best subsets against the enumeration of all of them, and where greedy choices go wrong."""

import itertools
import os
import signal
import threading
import time

import numpy as np
import pytest

from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.criteria import information_criterion
from fastsci.sparse.greedy import FROLS, SSR
from fastsci.sparse.subset import BestSubset, best_subset


def enumerate_best(X, y, size, alpha=0.0):
    """Least penalised residual of all supports, by the stored design."""
    best = np.inf
    for columns in itertools.combinations(range(X.shape[1]), size):
        rows = np.vstack((X[:, columns], np.sqrt(alpha) * np.eye(size)))
        right = np.append(y, np.zeros(size))
        coef = np.linalg.lstsq(rows, right, rcond=None)[0]
        best = min(best, np.sum((right - rows @ coef) ** 2))
    return best


def mixed(seed, n=40):
    """Columns that are mixtures of one another, a target of some of them and much noise."""
    rng = np.random.default_rng(seed)
    p = int(rng.integers(2, 13))
    X = rng.normal(size=(n, p)) @ (np.eye(p) + 1.5 * rng.normal(size=(p, p))) * 10.0 ** rng.uniform(-2, 2, p)
    return rng, X, X[:, :3].sum(axis=1) + 2.0 * rng.normal(size=n)


@pytest.mark.parametrize("seed", range(40))
def test_enumeration_finds_nothing_better(seed):
    rng, X, y = mixed(seed)
    if seed % 3 == 0 and X.shape[1] > 3:
        X[:, 1] = X[:, 0]
    if seed % 4 == 0:
        X[:, -1] = 0.0
    size = int(rng.integers(1, min(X.shape[1], 7) + 1))
    found = best_subset(X, y, size)
    expected = enumerate_best(X, y, size)
    assert found.certified
    assert np.count_nonzero(found.coef) <= size
    assert np.sum((y - X @ found.coef) ** 2) == pytest.approx(expected, rel=1e-8)
    assert found.objective == pytest.approx(expected, rel=1e-8)
    assert found.objective * (1 - 1e-8) <= found.lower_bound <= found.objective


@pytest.mark.parametrize("seed", range(10))
def test_enumeration_with_a_ridge(seed):
    rng, X, y = mixed(100 + seed)
    size, alpha = int(rng.integers(1, min(X.shape[1], 6) + 1)), 10.0 ** rng.uniform(-2, 3)
    found = best_subset(X, y, size, alpha=alpha)
    assert found.objective == pytest.approx(enumerate_best(X, y, size, alpha), rel=1e-8)
    assert np.sum((y - X @ found.coef) ** 2) + alpha * np.sum(found.coef**2) == pytest.approx(found.objective, rel=1e-8)


@pytest.mark.parametrize("criterion", ["bic", "aicc", "ebic"])
@pytest.mark.parametrize("seed", range(6))
def test_the_best_by_a_criterion_is_that_of_all_supports(seed, criterion):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(50, 8)) @ (np.eye(8) + 0.5 * rng.normal(size=(8, 8)))
    y = X[:, :2] @ [1.0, -1.0] + rng.normal(size=50)
    squares = [y @ y, *(enumerate_best(X, y, size) for size in range(1, 9))]
    scores = information_criterion(squares, 50, np.arange(9), criterion, n_features=8)
    for sizes in (None, range(1, 9)):
        model = BestSubset(sizes, criterion=criterion).fit(X, y)
        assert model.certified_.all()
        assert model.n_terms_ == scores.argmin() == np.count_nonzero(model.coef_)
        assert model.objective_ == pytest.approx(squares[scores.argmin()], rel=1e-9)


def misleading(seed, n=300):
    """A column near the sum of two true ones: the first to be chosen by itself, and one too many."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 20))
    X[:, 7] = X[:, 2] + X[:, 5] + 0.2 * rng.normal(size=n)
    X[:, 11] = X[:, 2] - X[:, 5] + 0.2 * rng.normal(size=n)
    return X, X[:, 2] + X[:, 5] + 0.05 * rng.normal(size=n)


@pytest.mark.parametrize("seed", range(5))
def test_forward_selection_fails_where_the_exact_search_does_not(seed):
    X, y = misleading(seed)
    greedy = FROLS(max_terms=2, alpha=0.0).fit(X, y)
    assert 7 in greedy.order_[0]
    found = best_subset(X, y, 2)
    assert np.flatnonzero(found.coef).tolist() == [2, 5]
    assert found.certified
    assert found.objective < 0.9 * greedy.residual_squares_[0, 2]


def test_elimination_fails_where_the_exact_search_does_not():
    """Three columns that point nearly along two others make each of the five look dispensable."""
    failed = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(60, 12)) @ (np.eye(12) + 2.0 * rng.normal(size=(12, 12)))
        y = X[:, 0] + X[:, 1] + 2.0 * rng.normal(size=60)
        path = SSR(alpha=0.0, criteria="model_residual").fit(X, y)
        exact = [best_subset(X, y, size).objective for size in (2, 3, 4)]
        assert (np.array(exact) <= path.residual_squares_[0, 2:5] * (1 + 1e-9)).all()
        failed += bool((np.array(exact) < 0.99 * path.residual_squares_[0, 2:5]).any())
    assert failed >= 10


def test_planted_terms_of_several_targets():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 60)) @ (np.eye(60) + 0.1 * rng.normal(size=(60, 60)))
    truth = np.zeros((3, 60))
    for row, size in zip(truth, (2, 5, 8), strict=True):
        row[rng.choice(60, size, replace=False)] = rng.choice([-1.0, 1.0], size) * rng.uniform(1, 2, size)
    Y = X @ truth.T + 0.5 * rng.normal(size=(500, 3))
    model = BestSubset(criterion="ebic").fit(X, Y)
    assert model.certified_.all()
    np.testing.assert_array_equal(model.coef_ != 0, truth != 0)
    assert model.n_terms_.tolist() == [2, 5, 8]
    exact = best_subset(NormalEquations.of(X, Y), n_terms=8)
    np.testing.assert_array_equal(exact.coef[2] != 0, truth[2] != 0)
    assert exact.certified.shape == (3,)


def test_exact_data_need_no_search():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(100, 70))
    found = best_subset(X, X[:, [3, 30, 60]] @ [1.0, 2.0, 3.0], 3)
    assert found.certified
    assert found.nodes < 10
    np.testing.assert_allclose(found.coef[[3, 30, 60]], [1.0, 2.0, 3.0], rtol=1e-10)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_powers_that_look_alike(size):
    """Columns with a condition number of 1e5, whose inverse Gram matrix has lost ten digits at the start."""
    rng = np.random.default_rng(size)
    x = rng.uniform(-0.4, 1.0, 300)
    X = x[:, None] ** np.arange(12)
    y = X[:, [1, 4, 9]] @ [1.0, -2.0, 1.5] + 1e-3 * rng.normal(size=300)
    assert np.linalg.cond(X / np.linalg.norm(X, axis=0)) > 3e4
    found = best_subset(X, y, size)
    assert found.certified
    assert found.objective == pytest.approx(enumerate_best(X, y, size), rel=1e-7)


def test_units_do_not_matter():
    _, X, y = mixed(5)
    units = 10.0 ** np.linspace(-6, 6, X.shape[1])
    one, other = best_subset(X, y, 2), best_subset(X * units, 1e5 * y, 2)
    np.testing.assert_allclose(other.coef * units / 1e5, one.coef, rtol=1e-7)


def hopeless():
    """Nothing but noise: all supports of ten of seventy columns are nearly as good."""
    rng = np.random.default_rng(2)
    return rng.normal(size=(400, 70)), rng.normal(size=400)


def test_a_time_limit_gives_the_best_so_far_and_a_bound():
    X, y = hopeless()
    begin = time.perf_counter()
    found = best_subset(X, y, 10, time_limit=0.05)
    assert time.perf_counter() - begin < 2.0
    assert not found.certified
    everything = np.linalg.lstsq(X, y, rcond=None)[1][0]
    assert everything * (1 - 1e-9) <= found.lower_bound < found.objective
    assert found.objective == pytest.approx(np.sum((y - X @ found.coef) ** 2), rel=1e-9)
    path = FROLS(max_terms=10, alpha=0.0).fit(X, y)
    assert found.objective <= path.residual_squares_[0, 10] * (1 + 1e-9)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal to send to a process alone")
def test_interruption_ends_a_search():
    X, y = hopeless()
    best_subset(X, y, 3)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    begin = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        best_subset(X, y, 10)
    assert time.perf_counter() - begin < 2.0
    timer.join()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"n_terms": 0}, "n_terms"),
        ({"n_terms": 1.5}, "n_terms"),
        ({"n_terms": []}, "n_terms"),
        ({"alpha": -1.0}, "alpha"),
        ({"time_limit": 0.0}, "time_limit"),
        ({"criterion": "fic"}, "criterion"),
        ({"max_terms": 0}, "max_terms"),
    ],
)
def test_errors_name_the_parameter(options, name):
    with pytest.raises(ValueError, match=name):
        BestSubset(**options).fit(np.eye(3), np.ones(3))


def test_hostile_arrays():
    X, y = np.eye(5), np.arange(5.0)
    broken = X.copy()
    broken[3, 1] = np.nan
    with pytest.raises(ValueError, match="theta: row 3"):
        best_subset(broken, y)
    with pytest.raises(ValueError, match="target: row 0"):
        best_subset(X, y - np.inf)
    with pytest.raises(ValueError, match="target: has shape"):
        best_subset(X, y[:4])
    with pytest.raises(ValueError, match="theta: has shape"):
        best_subset(y, y)
    with pytest.raises(ValueError, match="target: is None"):
        best_subset(X)
    with pytest.raises(TypeError, match="theta: has dtype"):
        best_subset(X.astype(str), y)
    with pytest.raises(ValueError, match="at most 128"):
        best_subset(np.eye(200), np.ones(200))
    assert not best_subset(X, np.zeros(5), 2).coef.any()
    assert best_subset(X.astype(np.float32), np.arange(5), 1).coef.tolist() == [0, 0, 0, 0, 4]


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_a_doubled_column_takes_no_size_from_the_criterion(noise):
    rng = np.random.default_rng(0)
    columns = rng.uniform(-1.0, 1.0, (200, 2))
    target = columns @ [-2.0, -0.5] + noise * rng.normal(size=200)
    theta = np.column_stack((np.ones(200), columns, columns[:, 0]))
    model = BestSubset().fit(theta, target)
    assert model.n_terms_ == [2]
    expected = columns @ np.linalg.lstsq(columns, target)[0]
    np.testing.assert_allclose(model.predict(theta), expected, atol=1e-12)


def test_repeated_samples_are_no_more_of_them():
    """Six samples that are met by six of ten columns, however often they are repeated."""
    rng = np.random.default_rng(0)
    theta, target = rng.normal(size=(6, 10)), rng.normal(size=6)
    for repeats in (1, 20):
        model = BestSubset().fit(np.repeat(theta, repeats, axis=0), np.repeat(target, repeats))
        assert model.n_terms_[0] <= 4
