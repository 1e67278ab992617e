"""The lasso family: optimality, closed forms, scikit-learn's coefficients, and what must be refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import MultiTaskLasso as PeerMultiTaskLasso
from sklearn.linear_model import enet_path

from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.coordinate import lasso, lasso_path
from fastsci.sparse.lasso_estimators import Lasso, MultiTaskLasso
from fastsci.sparse.lasso_selection import LassoCV

SHAPES = [(120, 25), (40, 150)]


def problem(n, p, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) @ (np.eye(p) + 0.5 * np.eye(p, k=1))
    return X, X[:, :5] @ [3.0, -2.0, 1.0, 1.0, -1.0] + rng.normal(size=n)


def objective(X, y, w, alpha, l1_ratio=1.0, weights=1.0):
    penalty = l1_ratio * np.sum(weights * np.abs(w)) + (1 - l1_ratio) / 2 * np.sum(weights * w**2)
    return np.sum((y - X @ w) ** 2) / (2 * len(y)) + alpha * penalty


def optimality(X, y, w, alpha, l1_ratio=1.0, weights=None, positive=False):
    """How far zero is from the subgradient, relative to the penalty."""
    weights = np.ones(len(w)) if weights is None else weights
    slope = X.T @ (y - X @ w) / len(y) - alpha * (1 - l1_ratio) * weights * w
    limit = alpha * l1_ratio * weights
    inactive = np.maximum((slope if positive else np.abs(slope)) - limit, 0.0)
    return np.max(np.where(w != 0, np.abs(slope - limit * np.sign(w)), inactive)) / alpha


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("positive", [False, True])
def test_every_point_of_a_path_is_optimal(shape, l1_ratio, positive):
    X, y = problem(*shape)
    alphas, coefs, gaps = lasso_path(X, y, n_alphas=30, l1_ratio=l1_ratio, positive=positive, tol=1e-14)
    assert coefs.shape == (shape[1], 30)
    assert gaps.max() <= 1e-13 * (y @ y) / len(y)
    for alpha, w in zip(alphas, coefs.T, strict=True):
        assert optimality(X, y, w, alpha, l1_ratio, positive=positive) < 1e-6
    assert not positive or coefs.min() >= 0.0
    assert np.count_nonzero(coefs[:, 0]) == 0


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.7])
def test_coefficients_are_those_of_scikit_learn(shape, l1_ratio):
    X, y = problem(*shape)
    alphas, coefs, _ = lasso_path(X, y, n_alphas=20, eps=1e-2, l1_ratio=l1_ratio, tol=1e-14)
    _, expected, _ = enet_path(X, y, alphas=alphas, l1_ratio=l1_ratio, tol=1e-14, max_iter=10**6)
    assert np.abs(coefs - expected).max() < 1e-6


@pytest.mark.parametrize("kind", ["gram", "working set", "sparse"])
def test_the_gap_is_above_what_the_objective_could_fall(kind):
    X, y = problem(*(SHAPES[0] if kind == "gram" else SHAPES[1]))
    design = scipy.sparse.csc_array(X) if kind == "sparse" else X
    alphas, coefs, gaps = lasso_path(design, y, n_alphas=15, tol=1e-3)
    _, best, _ = lasso_path(X, y, alphas=alphas, tol=1e-13)
    for k, alpha in enumerate(alphas):
        excess = objective(X, y, coefs[:, k], alpha) - objective(X, y, best[:, k], alpha)
        assert excess <= gaps[k] + 1e-13 * (y @ y)
    assert gaps.max() <= 1e-3 * (y @ y) / len(y)
    assert gaps.max() > 0.0


@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("matrix", [scipy.sparse.csc_matrix, scipy.sparse.csr_array])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_sparse_design_gives_what_a_dense_one_does(shape, matrix, fit_intercept):
    X, y = problem(*shape)
    X = np.where(np.abs(X) > 1.0, X + 2.0, 0.0)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, shape[1])
    weights[:3] = 0.0, np.inf, 0.0
    sample_weight = np.random.default_rng(2).uniform(0.5, 2.0, shape[0])
    options = {"fit_intercept": fit_intercept, "weights": weights, "sample_weight": sample_weight, "tol": 1e-13}
    dense = lasso(X, y, 0.1, **options)
    assert np.abs(lasso(matrix(X), y, 0.1, **options) - dense).max() < 1e-6
    assert dense[1] == 0.0
    assert np.all(dense[[0, 2]] != 0.0)


def test_indices_of_64_bits_serve_too():
    X, y = problem(*SHAPES[1])
    design = scipy.sparse.csc_array(X)
    design.indices, design.indptr = design.indices.astype(np.int64), design.indptr.astype(np.int64)
    assert np.abs(lasso(design, y, 0.1, tol=1e-12) - lasso(X, y, 0.1, tol=1e-12)).max() < 1e-5


@pytest.mark.parametrize("shape", SHAPES)
def test_weights_scale_each_penalty(shape):
    X, y = problem(*shape)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, shape[1])
    w = lasso(X, y, 0.1, weights=weights, tol=1e-14)
    assert optimality(X, y, w, 0.1, weights=weights) < 1e-6
    scaled = lasso(X / weights, y, 0.1, tol=1e-14) / weights
    assert np.abs(w - scaled).max() < 1e-7


def test_a_feature_without_a_penalty_is_orthogonal_to_the_residual():
    X, y = problem(*SHAPES[1])
    weights = np.ones(SHAPES[1][1])
    weights[[7, 9]] = 0.0
    w = lasso(X, y, 0.5, weights=weights, tol=1e-12)
    assert np.abs(X[:, [7, 9]].T @ (y - X @ w)).max() < 1e-10


def test_an_orthogonal_design_shrinks_each_projection():
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(60, 12)))[0] * np.sqrt(60)
    y = Q @ np.arange(-6.0, 6.0)
    projections = Q.T @ y / 60
    expected = np.sign(projections) * np.maximum(np.abs(projections) - 1.5, 0.0)
    assert np.abs(lasso(Q, y, 1.5, tol=1e-14) - expected).max() < 1e-10
    ridge = lasso(Q, y, 1.5, l1_ratio=0.0, tol=1e-14)
    assert np.abs(ridge - projections / 2.5).max() < 1e-10


def test_a_ridge_is_the_solution_of_its_normal_equations():
    X, y = problem(*SHAPES[0])
    w = lasso(X, y, 0.3, l1_ratio=0.0, tol=1e-14)
    expected = np.linalg.solve(X.T @ X + len(y) * 0.3 * np.eye(X.shape[1]), X.T @ y)
    assert np.abs(w - expected).max() < 1e-7
    assert np.count_nonzero(w) == X.shape[1]
    assert np.count_nonzero(lasso(X, y, 0.3)) < X.shape[1]


def test_the_greatest_penalty_leaves_nothing():
    for shape in SHAPES:
        X, y = problem(*shape)
        greatest = np.abs(X.T @ y).max() / len(y)
        for design in (X, scipy.sparse.csc_array(X)):
            assert not lasso(design, y, greatest * (1 + 1e-12)).any()
            assert np.count_nonzero(lasso(design, y, 0.999 * greatest, tol=1e-12)) == 1


def test_multitask_coefficients_are_those_of_scikit_learn():
    for shape in SHAPES:
        X, y = problem(*shape)
        Y = np.stack((y, y[::-1], X[:, 8]), axis=1)
        expected = PeerMultiTaskLasso(0.2, tol=1e-14, max_iter=10**6).fit(X, Y)
        found = MultiTaskLasso(0.2, tol=1e-14).fit(X, Y)
        assert np.abs(found.coef_ - expected.coef_).max() < 1e-6
        assert np.abs(found.intercept_ - expected.intercept_).max() < 1e-6
        path = lasso_path(X, Y, multitask=True, n_alphas=10)
        assert path.coefs.shape == (3, shape[1], 10)
        assert np.array_equal(path.coefs[0] != 0, path.coefs[2] != 0)


def test_targets_of_a_batch_are_those_of_one():
    X, y = problem(*SHAPES[0])
    Y = np.stack((y, y[::-1], X[:, 8]), axis=1)
    together = lasso(X, Y, 0.1)
    assert np.array_equal(together, np.stack([lasso(X, own, 0.1) for own in Y.T]))
    model = Lasso(0.1, tol=1e-13)
    sums = [NormalEquations.of(X[i:], Y[i:]) for i in range(4)]
    many = model._solve_many(sums)
    assert np.array_equal(many, np.stack([model._solve(one) for one in sums]))
    assert np.abs(many[0] - lasso(X, Y, 0.1, tol=1e-13)).max() < 1e-6


def test_duplicated_constant_and_zero_columns_are_no_trouble():
    X, y = problem(*SHAPES[1])
    X = np.hstack((X, X[:, :10], np.ones((40, 1)), np.zeros((40, 1))))
    for design in (X, scipy.sparse.csc_array(X)):
        alphas, coefs, gaps = lasso_path(design, y, fit_intercept=True, n_alphas=30)
        assert gaps.max() <= 1e-6 * np.var(y)
        assert not coefs[-2:].any()
        left = y[:, None] - X @ coefs
        left -= left.mean(axis=0)
        slope = np.abs((X - X.mean(axis=0)).T @ left).max(axis=0) / len(y)
        assert np.all(slope[:20] < alphas[:20] * 1.05)


def test_any_layout_and_type_gives_the_same():
    X, y = problem(*SHAPES[0])
    X, y = np.round(4 * X), np.round(4 * y)
    expected = lasso(X, y, 1.0)
    frozen = X.copy()
    frozen.flags.writeable = False
    wide = np.repeat(X, 2, axis=1)[:, ::2]
    for design in (frozen, wide, X.astype(np.int64), X.astype(np.float32), np.asfortranarray(X), X.tolist()):
        assert np.array_equal(lasso(design, y, 1.0), expected)
    assert lasso(X[:1], y[:1], 1.0).shape == (25,)


def test_penalties_are_sorted_from_the_greatest():
    X, y = problem(*SHAPES[0])
    alphas, coefs, _ = lasso_path(X, y, alphas=[0.1, 1.0, 0.5])
    assert alphas.tolist() == [1.0, 0.5, 0.1]
    assert np.abs(coefs[:, 2] - lasso(X, y, 0.1)).max() < 1e-2


def test_without_a_penalty_it_is_least_squares():
    X, y = problem(*SHAPES[0])
    assert np.abs(lasso(X, y, 0.0) - np.linalg.lstsq(X, y, rcond=None)[0]).max() < 1e-9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha": -1.0}, "alpha: is -1.0"),
        ({"l1_ratio": 2.0}, "l1_ratio: is 2.0"),
        ({"weights": np.ones(3)}, "weights: has shape"),
        ({"weights": -np.ones(25)}, "weights: has shape"),
        ({"sample_weight": np.zeros(120)}, "sample_weight: has shape"),
        ({"tol": -1.0}, "tol: is -1.0"),
        ({"max_iter": 0}, "max_iter: is 0"),
        ({"X": np.empty((0, 25))}, "at least one sample"),
        ({"X": np.ones((3, 25))}, "y: has 120 samples, expected 3"),
        ({"positive": True, "multitask": True}, "positive: is True"),
    ],
)
def test_what_cannot_be_is_refused_by_name(change, message):
    X, y = problem(*SHAPES[0])
    given = {"X": X, "y": y, "alpha": 0.1, **change}
    with pytest.raises(ValueError, match=message):
        lasso(**given)


def test_a_row_that_is_not_finite_is_named():
    X, y = problem(*SHAPES[0])
    X[17, 3] = np.nan
    for design in (X, scipy.sparse.csc_array(X)):
        with pytest.raises(ValueError, match="X: is not finite in row 17"):
            lasso(design, y, 0.1)
    with pytest.raises(TypeError, match="expected real numbers"):
        lasso(X.astype(str), y, 0.1)


def test_sweeps_that_run_out_are_warned_of():
    X, y = problem(200, 90)
    with pytest.warns(ConvergenceWarning, match="duality gap is above the tolerance"):
        lasso_path(X, y, max_iter=1, tol=1e-15)


@pytest.mark.parametrize("criterion", ["cv", "aic", "bic"])
def test_a_chosen_penalty_keeps_the_features_that_matter(criterion):
    X, y = problem(200, 30)
    model = LassoCV(criterion=criterion, n_alphas=40).fit(X, y)
    assert set(range(5)) <= set(np.flatnonzero(model.coef_))
    assert model.alpha_ == model.alphas_[np.argmin(model.criterion_)]
    sparse = LassoCV(criterion=criterion, n_alphas=40).fit(scipy.sparse.csc_matrix(X), y)
    assert sparse.alpha_ == pytest.approx(model.alpha_)
    if criterion != "cv":
        sums = NormalEquations.of(X - X.mean(axis=0), (y - y.mean())[:, None])
        found = LassoCV(criterion=criterion, n_alphas=40)._solve(sums)[0]
        assert np.array_equal(found != 0, model.coef_ != 0)


@pytest.mark.parametrize("kind", ["working set", "sparse"])
def test_the_number_of_threads_changes_no_bit(kind, monkeypatch):
    rng = np.random.default_rng(0)
    if kind == "sparse":
        X = scipy.sparse.random(2000, 20_000, density=0.01, format="csc", rng=rng)
    else:
        X = rng.normal(size=(300, 20_000))
    y = X[:, :40] @ rng.normal(size=40) + 0.1 * rng.normal(size=X.shape[0])
    paths = []
    for threads in ("1", "3"):
        monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
        paths.append(lasso_path(X, y, n_alphas=30, eps=1e-2))
    assert np.count_nonzero(paths[0].coefs[:, -1]) > 100
    for one, three in zip(*paths, strict=True):
        assert np.array_equal(one, three)


def test_a_sparse_path_of_penalties_at_any_distance_is_that_of_the_dense_design():
    X, y = problem(*SHAPES[1])
    X = np.where(np.abs(X) > 1.0, X, 0.0)
    greatest = np.abs(X.T @ y).max() / len(y)
    alphas = greatest * np.array([2.0, 1.0, 1.0, 0.9, 0.05, 0.049, 0.049, 0.01])
    sparse = lasso_path(scipy.sparse.csc_array(X), y, alphas=alphas, tol=1e-12)
    dense = lasso_path(X, y, alphas=alphas, tol=1e-12)
    assert sparse.dual_gaps.max() <= 1e-12 * (y @ y) / len(y)
    assert np.abs(sparse.coefs - dense.coefs).max() < 1e-5
    assert np.count_nonzero(sparse.coefs[:, -1]) > 20


LONG = textwrap.dedent(
    """
    import numpy as np
    import scipy.sparse
    from fastsci.sparse.coordinate import lasso_path

    rng = np.random.default_rng(0)
    X = {design}
    y = rng.normal(size=X.shape[0])
    print("ready", flush=True)
    try:
        while True:
            lasso_path(X, y, tol=1e-14, eps=1e-4)
            print("again", flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    """
)
LONG_DESIGNS = {
    "gram": "rng.normal(size=(2000, 1000)) + 3.0 * rng.normal(size=(2000, 1))",
    "working set": "rng.normal(size=(1000, 6000)) + 3.0 * rng.normal(size=(1000, 1))",
    "sparse": "scipy.sparse.random(20_000, 50_000, density=0.001, format='csc', rng=rng)",
}


@pytest.mark.skipif(sys.platform == "win32", reason="a child cannot be sent Ctrl-C there")
@pytest.mark.parametrize("kind", LONG_DESIGNS)
def test_ctrl_c_ends_a_long_path(kind):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", LONG.format(design=LONG_DESIGNS[kind])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            lines = [process.stdout.readline()]
            time.sleep(1.5)
            began = time.perf_counter()
            process.send_signal(signal.SIGINT)
            while lines[-1] and lines[-1] != "interrupted\n":
                lines.append(process.stdout.readline())
            waited = time.perf_counter() - began
            assert process.wait(10) == 0
        finally:
            process.kill()
    assert lines[0] == "ready\n"
    assert lines[-1] == "interrupted\n"
    assert waited < 2.0
