"""Optimised DMD: what it takes for snapshots, and what it says of what it does not."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from fastsci.lowrank.optimised_dmd import OptDMD

RATE = np.array([-0.1 + 3.0j])
T = np.linspace(0.0, 5.0, 20)


def oscillation(n_space):
    rng = np.random.default_rng(33)
    mode = rng.normal(size=(n_space, 1)) + 1j * rng.normal(size=(n_space, 1))
    return 2.0 * (mode @ np.exp(np.outer(RATE, T))).real


def apart(model):
    return np.abs(np.sort_complex(model.rates) - np.concatenate([RATE.conj(), RATE])).max()


def test_other_kinds_of_numbers_and_memory():
    X = oscillation(10)
    reference = OptDMD(2).fit(X, T)
    for other in (np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2], X.tolist()):
        assert np.abs(OptDMD(2).fit(other, T.tolist()).rates - reference.rates).max() < 1e-12
    locked = X.copy()
    locked.flags.writeable = False
    assert np.array_equal(OptDMD(2).fit(locked, T).rates, reference.rates)
    single = OptDMD(2).fit(X.astype(np.float32), T)
    assert single.modes.dtype == np.complex64
    assert single.reconstruct().dtype == np.float32
    assert apart(single) < 1e-5
    assert apart(OptDMD(2).fit(np.rint(1000.0 * X).astype(np.int64), T)) < 1e-2
    assert apart(OptDMD(2).fit(X[0], T)) < 1e-9
    halved = OptDMD(2).fit(X.astype(np.float16), T)
    assert halved.reconstruct().dtype == np.float64
    assert apart(halved) < 1e-2


def test_neither_large_nor_small_numbers_matter():
    for scale in (1e-150, 1e-20, 1e20, 1e150):
        model = OptDMD(2).fit(scale * oscillation(4), T)
        assert apart(model) < 1e-10
        np.testing.assert_allclose(model.reconstruct(), scale * oscillation(4), atol=1e-10 * scale)


KINDS = {
    "noise": lambda X: X,
    "complex noise": lambda X: X + 1j * X[::-1],
    "random walk": lambda X: np.cumsum(X, axis=1),
    "decay": lambda X: np.outer(X[:, 0], np.exp(-0.3 * np.arange(X.shape[1]))),
    "alternating": lambda X: np.outer(X[:, 0], (-1.0) ** np.arange(X.shape[1])),
    "spike": lambda X: np.where(np.arange(X.shape[1]) == 3, X, 0.0),
    "line": lambda X: np.outer(X[:, 0], np.arange(X.shape[1])),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("constraint", [None, "stable", "imag", "conjugate pairs"])
@pytest.mark.parametrize("even", [True, False])
def test_snapshots_of_any_kind_have_a_finite_fit(kind, constraint, even):
    for seed, shape, rank in ((0, (5, 12), 3), (1, (1, 25), 4), (2, (3, 9), 6)):
        rng = np.random.default_rng(seed)
        X = KINDS[kind](rng.normal(size=shape))
        t = 0.1 if even else np.sort(rng.uniform(0.0, 10.0, shape[1]))
        with warnings.catch_warnings():
            # There may be no best sum of exponentials: that of a line is a limit of two that become one.
            warnings.filterwarnings("ignore", message="OptDMD: (stalled|out of iterations)")
            model = OptDMD(rank, eig_constraints=constraint).fit(X, t)
        assert np.all(np.isfinite(model.reconstruct()))
        assert model.error <= 1.0 + 1e-12
        assert len(model.rates) <= rank
        if constraint in ("stable", "imag"):
            assert np.all(model.growth_rates <= 0.0)
        if constraint == "imag":
            assert np.all(model.growth_rates == 0.0)


GOOD = oscillation(4)
HOLED = GOOD.copy()
HOLED[2, 7] = np.nan


@pytest.mark.parametrize(
    ("options", "arguments", "error", "message"),
    [
        ({"rank": 20}, (GOOD,), ValueError, "rank: asks for 20 exponentials of 20 snapshots, expected at most 19"),
        ({"rank": 2}, (HOLED,), ValueError, "X: snapshot 7 holds nan in variable 2"),
        ({"rank": 2}, (GOOD[:, :1],), ValueError, "X: holds 1 snapshots, expected at least 2"),
        ({"rank": 2}, (np.zeros((4, 20)),), ValueError, "X: holds zeros alone"),
        ({"rank": 2}, (np.zeros((0, 20)),), ValueError, "X: has shape"),
        ({"rank": 2}, (GOOD, -1.0), ValueError, "^t: is -1.0"),
        ({"rank": 2}, (GOOD, True), TypeError, "^t: is True"),
        ({"rank": 2}, (1e200 * GOOD,), ValueError, "X: its largest number is .*e\\+200"),
        ({"rank": 2}, (1e-200 * GOOD,), ValueError, "X: its largest number is .*e-200"),
        ({"rank": 2}, (GOOD, np.arange(19.0)), ValueError, r"t: has shape \(19,\), expected \(20,\)"),
        ({"rank": 2}, (GOOD, np.r_[0.0, 0.0, np.arange(1.0, 19.0)]), ValueError, "t: is 0.0 at place 1"),
        ({"rank": 2}, (GOOD, np.r_[np.nan, np.arange(1.0, 20.0)]), ValueError, "t: is nan at place 0"),
        ({"rank": 2}, (GOOD, 1.0, np.full(20, -1.0)), ValueError, "weights: holds negative"),
        ({"rank": 2}, (GOOD, 1.0, np.ones(3)), ValueError, r"weights: has shape \(3,\)"),
        ({"rank": -1}, (GOOD,), ValueError, "rank: is -1"),
        ({"rank": "two"}, (GOOD,), TypeError, "rank: is 'two'"),
        ({"eig_constraints": "limited"}, (GOOD,), ValueError, "eig_constraints: is 'limited', expected 'stable'"),
        ({"eig_constraints": lambda rates: rates[:1], "rank": 2}, (GOOD,), ValueError, "eig_constraints: gave"),
        ({"max_iter": 0}, (GOOD,), ValueError, "max_iter: is 0"),
        ({"tol": -1.0}, (GOOD,), ValueError, "tol: is -1.0"),
        ({"trim": 0.5}, (GOOD,), ValueError, "trim: is 0.5"),
        ({"start": [1j]}, (GOOD,), ValueError, "start: is .* expected rates in conjugate pairs"),
        ({"start": [1.0, 1.0]}, (GOOD,), ValueError, "start: is .* expected rates that differ"),
        ({"start": [[1.0]]}, (GOOD,), ValueError, "start: is .* expected finite rates"),
    ],
)
def test_errors_name_the_argument(options, arguments, error, message):
    with pytest.raises(error, match=message):
        OptDMD(**options).fit(*arguments)


def test_what_is_asked_before_a_fit_says_so():
    for ask in (lambda m: m.rates, lambda m: m.at([0.0]), lambda m: m.reconstruct(), lambda m: m.forecast(2)):
        with pytest.raises(ValueError, match="is not fitted yet"):
            ask(OptDMD(2))
    with pytest.raises(ValueError, match="times: is"):
        OptDMD(2).fit(GOOD).at([np.nan])


def test_parameters_are_those_of_an_estimator():
    model = OptDMD(3, tol=1e-6)
    assert model.get_params()["tol"] == 1e-6
    assert repr(model.set_params(rank=4)) == "OptDMD(rank=4, tol=1e-06)"
