"""Sums over samples, columns and values of models are those of the stored library in longer numbers."""

import math
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsci.sparse.libraries import (
    CustomLibrary,
    FourierLibrary,
    IdentityLibrary,
    PolynomialLibrary,
    RadialBasisLibrary,
)
from fastsci_kernels.regress import features

BITS = np.finfo(np.float64).eps


def clipped(x):
    if x > 0.5:
        return 0.5 * x
    return x


def ratio(x, y):
    return x / (1 + y * y)


LIBRARIES = {
    "quintic": (PolynomialLibrary(degree=5), 3),
    "one input": (PolynomialLibrary(degree=4), 1),
    "four inputs": (PolynomialLibrary(degree=2), 4),
    "seven inputs": (PolynomialLibrary(degree=2), 7),
    "forty inputs": (PolynomialLibrary(degree=2), 40),
    "constant alone": (PolynomialLibrary(degree=0), 2),
    "identity": (IdentityLibrary(), 2),
    "sines": (FourierLibrary(n_frequencies=2), 2),
    "bumps": (RadialBasisLibrary([[0.0, 0.0], [1.0, -1.0]], width=0.7), 2),
    "functions": (CustomLibrary([ratio, lambda x: np.exp(-x)]), 3),
    "branches": (CustomLibrary([clipped]) + PolynomialLibrary(degree=2), 2),
    "products": (PolynomialLibrary(degree=2) * FourierLibrary(), 2),
}


def samples(n, n_inputs, n_targets=2, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1.5, 1.5, (n, n_inputs)), rng.normal(size=(n, n_targets))


def stored(library, X):
    """Columns, term by term in longer numbers."""
    X = np.asarray(X, np.longdouble)
    names = {"math": np, "where": np.where}
    columns = []
    for term in library.terms(X.shape[1]):
        column = np.ones(len(X), np.longdouble)
        for generator, power in term:
            arguments = {f"a{k}": X[:, source] for k, source in enumerate(generator.inputs)}
            call = np.vectorize(generator.function, otypes=[np.longdouble]) if generator.function else None
            factor = eval(generator.code or "a0", {**names, "call": call}, arguments)
            column = column * factor**power
        columns.append(column)
    return np.stack(columns, axis=1)


def summed(plan, X, Y, **options):
    """Gram matrix, cross products and squares."""
    total = features.sums(plan, X, Y, features.pieces(plan, len(X)), **options).sum(axis=0)
    return total[plan.gram], total[plan.cross], total[plan.squares]


def close(found, theta, targets, weights=1.0, accuracy=8 * BITS):
    """Whether sums are exact to rounding, beside the sums of their terms' sizes."""
    weights = np.broadcast_to(np.asarray(weights, np.longdouble), len(theta))[:, None]
    gram, cross, squares = found
    for one, a, b in ((gram, theta, theta), (cross, theta, targets)):
        size = (weights * abs(a)).T @ abs(b)
        assert (abs(one - (weights * a).T @ b) <= accuracy * size).all()
    assert (abs(squares - (weights * targets**2).sum(axis=0)) <= accuracy * (weights * targets**2).sum(axis=0)).all()


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize("n", [1, 1003])
def test_sums_are_those_of_the_stored_library(name, n):
    library, n_inputs = LIBRARIES[name]
    n = min(n, 2000 // n_inputs)  # the oracle is slow
    X, Y = samples(n, n_inputs)
    plan = library.plan(n_inputs, 2)
    theta = stored(library, X)
    assert features.values(plan, X).shape == theta.shape
    np.testing.assert_allclose(features.values(plan, X), theta.astype(float), rtol=20 * BITS, atol=20 * BITS)
    close(summed(plan, X, Y), theta, Y, accuracy=30 * BITS)


@pytest.mark.parametrize("name", ["quintic", "seven inputs", "sines", "branches"])
def test_weights_and_residuals(name):
    library, n_inputs = LIBRARIES[name]
    X, Y = samples(517, n_inputs)
    rng = np.random.default_rng(3)
    weights, coef = rng.random(517), rng.normal(size=(2, len(library.terms(n_inputs))))
    plan, theta = library.plan(n_inputs, 2), stored(library, X)
    close(summed(plan, X, Y, weights=weights), theta, Y, weights, accuracy=30 * BITS)
    close(summed(plan, X, Y, weights=np.ones(517)), theta, Y, accuracy=30 * BITS)
    only = library.plan(n_inputs, 2, moments=False)
    sizes = np.abs(theta) @ np.abs(coef).T + np.abs(Y)
    for options in ({}, {"weights": weights}):
        w = options.get("weights", np.ones(517))[:, None]
        total = features.sums(only, X, Y, features.pieces(only, 517), coef=coef, **options).sum(axis=0)
        error = np.abs(total[only.cross] - (w * theta).T @ (Y - theta @ coef.T))
        assert (error <= 60 * BITS * (w * np.abs(theta)).T @ sizes).all()
    model = features.combined(plan, X, coef)
    assert (np.abs(model - theta @ coef.T) <= 60 * BITS * np.abs(theta) @ np.abs(coef).T).all()


@given(n=st.integers(0, 700), n_inputs=st.integers(1, 6), n_targets=st.integers(0, 5), degree=st.integers(0, 3))
def test_any_number_of_samples_inputs_and_targets(n, n_inputs, n_targets, degree):
    library = PolynomialLibrary(degree=degree)
    X, Y = samples(n, n_inputs, n_targets, seed=n)
    plan = library.plan(n_inputs, n_targets)
    theta = stored(library, X)
    close(summed(plan, X, Y), theta, Y)
    assert features.values(plan, X).shape == theta.shape
    coef = np.random.default_rng(n).normal(size=(3, theta.shape[1]))
    np.testing.assert_allclose(features.combined(plan, X, coef), (theta @ coef.T).astype(float), rtol=1e-13, atol=1e-12)


@pytest.mark.parametrize("n", [31, 32, 33, 63, 64, 65, 223, 224, 225, 447, 449, 2**15 - 1, 2**15 + 1])
def test_edges_of_blocks(n):
    plan = PolynomialLibrary(degree=1).plan(2, 1)
    X = np.arange(2.0 * n).reshape(n, 2) % 97
    gram, cross, squares = summed(plan, X, X[:, :1])
    theta = np.column_stack([np.ones(n), X])
    # Whole numbers: every sum is exact, so that a sample left out or taken twice is seen.
    assert np.array_equal(gram, theta.T @ theta)
    assert np.array_equal(cross[:, 0], theta.T @ X[:, 0])
    assert np.array_equal(features.values(plan, X), theta)
    assert squares[0] == X[:, 0] @ X[:, 0]


def test_zero_samples():
    plan = PolynomialLibrary(degree=2).plan(2, 1)
    nothing = np.empty((0, 2))
    assert features.sums(plan, nothing, nothing[:, :1], features.pieces(plan, 0)).shape == (0, plan.n_products)
    assert features.values(plan, nothing).shape == (0, 6)
    assert features.combined(plan, nothing, np.ones((3, 6))).shape == (0, 3)


def test_ill_scaled_sums_are_exact_to_a_few_bits():
    # x near 1000: powers up to the tenth, 1e30; the standard is the exactly rounded sum of the products as they are.
    rng = np.random.default_rng(5)
    n = 1_000_000
    X = 1000.0 * (1 + 1e-3 * rng.normal(size=(n, 1)))
    library = PolynomialLibrary(degree=5)
    plan = library.plan(1, 1)
    gram, cross, squares = summed(plan, X, X)
    x = X[:, 0].astype(np.longdouble)
    for i, k in ((0, 0), (0, 1), (1, 2), (3, 2), (5, 5)):
        exact = math.fsum((x ** (i + k)).astype(float).tolist())
        assert abs(gram[i, k] - exact) <= 4 * BITS * exact
    assert abs(squares[0] - math.fsum((X[:, 0] ** 2).tolist())) <= 4 * BITS * squares[0]
    assert abs(cross[4, 0] - gram[5, 0]) <= 4 * BITS * gram[5, 0]


def kinds():
    X, Y = samples(300, 3)
    whole = np.round(10 * X)
    wide = np.zeros((600, 7))
    wide[::2, 1:6:2] = X
    locked = X.copy()
    locked.flags.writeable = False
    shifted = np.frombuffer(b"\0" + X.tobytes(), np.uint8)[1:].view(np.float64).reshape(X.shape)
    return {
        "float32": (X.astype(np.float32), X.astype(np.float32).astype(float), Y),
        "int": (whole.astype(np.int64), whole, Y),
        "strided": (wide[::2, 1:6:2], X, Y),
        "column-major": (np.asfortranarray(X), X, Y),
        "reversed": (X[::-1].copy()[::-1], X, Y),
        "read-only": (locked, X, Y),
        "not aligned": (shifted, X, Y),
        "big-endian": (X.astype(">f8"), X, Y),
    }


@pytest.mark.parametrize("kind", kinds())
def test_samples_of_any_kind_give_the_bits_of_plain_ones(kind):
    given_, plain, Y = kinds()[kind]
    plan = PolynomialLibrary(degree=3).plan(3, 2)
    edges = features.pieces(plan, len(plain))
    assert np.array_equal(features.sums(plan, given_, Y, edges), features.sums(plan, plain, Y, edges))
    assert np.array_equal(features.values(plan, given_), features.values(plan, plain))


def test_samples_on_the_disk(tmp_path):
    X, Y = samples(5000, 3)
    X.tofile(tmp_path / "x")
    mapped = np.memmap(tmp_path / "x", np.float64, "r", shape=X.shape)
    plan = PolynomialLibrary(degree=3).plan(3, 2)
    edges = features.pieces(plan, len(X))
    assert np.array_equal(features.sums(plan, mapped, Y, edges), features.sums(plan, X, Y, edges))


@pytest.mark.parametrize("name", ["quintic", "branches"])
def test_the_number_of_threads_changes_no_bit(name, monkeypatch):
    library, n_inputs = LIBRARIES[name]
    X, Y = samples(150_000, n_inputs)
    plan = library.plan(n_inputs, 2)
    edges = features.pieces(plan, len(X))
    assert len(edges) > 1
    coef = np.ones((2, len(plan.columns)))
    found = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
        one = features.sums(plan, X, Y, edges), features.values(plan, X), features.combined(plan, X, coef)
        found.append([part.tobytes() for part in one])
    assert found[0] == found[1] == found[2]


def test_a_range_is_its_own():
    X, Y = samples(1000, 3)
    plan = PolynomialLibrary(degree=3).plan(3, 2)
    both = features.sums(plan, X, Y, [(0, 300), (300, 1000)])
    assert np.array_equal(both[1], features.sums(plan, X[300:], Y[300:], [(0, 700)])[0])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_reaches_the_sums_of_its_own_columns(bad):
    X, Y = samples(501, 2)
    X[500, 1] = bad
    plan = PolynomialLibrary(degree=2).plan(2, 2)
    gram, cross, squares = summed(plan, X, Y)
    touched = np.array([False, False, True, False, True, True])  # 1, x, y, x^2, x y, y^2
    assert np.array_equal(~np.isfinite(gram), touched[:, None] | touched)
    assert np.array_equal(~np.isfinite(cross), np.stack([touched, touched], axis=1))
    assert np.isfinite(squares).all()


def test_functions_see_no_sample_that_is_not_there():
    # 1 / x of padding by zeros would be infinite, and times zero not a number.
    X = np.full((5, 1), 2.0)
    plan = CustomLibrary([lambda x: 1 / x]).plan(1, 1)
    gram, _, _ = summed(plan, X, X)
    assert gram[0, 0] == 5 / 4


def _sums_in_a_child(queue):
    plan = CustomLibrary([lambda x: x / 3]).plan(1, 1)
    queue.put(float(summed(plan, np.full((4, 1), 3.0), np.ones((4, 1)))[0][0, 0]))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_while_another_thread_compiles():
    held, done = threading.Event(), threading.Event()

    def hold():
        with features._compiled._making:
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_sums_in_a_child, args=(queue,))
    try:
        child.start()
        assert queue.get(timeout=60) == 4.0
    finally:
        done.set()
        thread.join()
        child.join(10)


LONG = textwrap.dedent(
    """
    import numpy as np
    from fastsci.sparse.libraries import PolynomialLibrary
    from fastsci_kernels.regress import features

    plan = PolynomialLibrary(degree=5).plan(6, 6)
    X = np.broadcast_to(np.linspace(-1, 1, 6), (10**8, 6))
    features.sums(plan, X[:100], X[:100], [(0, 100)])
    print("ready", flush=True)
    try:
        features.sums(plan, X, X, {edges})
        print("finished", flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    """
)


@pytest.mark.skipif(sys.platform == "win32", reason="a child cannot be sent Ctrl-C there")
@pytest.mark.parametrize("edges", ["features.pieces(plan, len(X))", "[(0, len(X))]"], ids=["pool", "inline"])
def test_ctrl_c_ends_a_long_sum(edges):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", LONG.format(edges=edges)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            threading.Event().wait(0.5)
            process.send_signal(signal.SIGINT)
            assert process.stdout.readline() == "interrupted\n"
            assert process.wait(10) == 0
        finally:
            process.kill()
