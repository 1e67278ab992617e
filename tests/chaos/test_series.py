"""What holds for every measure: company, threads and forms of input change nothing, and mistakes have names."""

import numpy as np
import pytest

from fastsci.chaos import _series, correlation, divergence, entropy, ordinal, recurrence, zero_one
from fastsci_kernels.loops import batch

SERIES = {
    "zero_one_test": lambda x, **more: zero_one.zero_one_test(x, n_frequencies=9, **more),
    "ordinal_distribution": lambda x, **more: ordinal.ordinal_distribution(x, **{"order": 4, **more}),
    "permutation_entropy": lambda x, **more: ordinal.permutation_entropy(x, **{"order": 4, **more}),
    "statistical_complexity": lambda x, **more: ordinal.statistical_complexity(x, **{"order": 4, **more}),
    "sample_entropy": entropy.sample_entropy,
    "approximate_entropy": entropy.approximate_entropy,
    "divergence_curve": divergence.divergence_curve,
    "largest_exponent": divergence.largest_exponent,
}
RADIUS = 0.4
TRAJECTORY = {
    "correlation_sum": lambda x, **more: correlation.correlation_sum(x, [0.2, 0.5], **more),
    "correlation_dimension": correlation.correlation_dimension,
    "recurrence_rate": lambda x, **more: recurrence.recurrence_rate(x, **{"radius": RADIUS, **more}),
    "determinism": lambda x, **more: recurrence.determinism(x, **{"radius": RADIUS, **more}),
}
BATCH = np.random.default_rng(1).normal(size=(7, 1303)) + np.sin(np.arange(1303) / 3.0)
POINTS = np.random.default_rng(2).normal(size=(1303, 2))
every_measure = pytest.mark.parametrize(
    ("measure", "data"),
    [pytest.param(measure, BATCH, id=name) for name, measure in SERIES.items()]
    + [pytest.param(measure, POINTS, id=name) for name, measure in TRAJECTORY.items()],
)
every_series_measure = pytest.mark.parametrize("measure", SERIES.values(), ids=SERIES)
every_trajectory_measure = pytest.mark.parametrize("measure", TRAJECTORY.values(), ids=TRAJECTORY)


def same(a, b):
    return np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True)


@every_series_measure
def test_a_series_has_the_same_bits_alone_and_in_any_batch(measure):
    together = measure(BATCH)
    assert len(together) == len(BATCH)
    for index, one in enumerate(BATCH):
        assert same(measure(one), together[index])
    assert same(measure(BATCH[::-2]), together[::-2])


@every_series_measure
def test_a_lone_series_gives_a_float_or_one_curve(measure):
    alone = measure(BATCH[0])
    assert isinstance(alone, float) or alone.ndim == 1
    assert measure(BATCH[:0]).shape == (0, *np.shape(alone))


@every_measure
def test_threads_and_their_shares_change_no_bit(measure, data, monkeypatch):
    expected = measure(data)
    monkeypatch.setattr(batch, "INLINE_SECONDS", 0.0)
    for threads, seconds in (("1", 0.05), ("2", 0.05), ("2", 1e-9)):
        monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
        monkeypatch.setattr(batch, "CHUNK_SECONDS", seconds)
        assert same(measure(data), expected)


@every_measure
def test_any_real_array_will_do(measure, data):
    whole = np.round(40.0 * data)
    expected = measure(whole)
    wide = np.zeros((len(data), 2 * data.shape[1]))
    wide[:, ::2] = whole
    frozen = whole.copy()
    frozen.flags.writeable = False
    forms = [
        whole.astype(np.int16),
        whole.astype(np.float32),
        whole.tolist(),
        wide[:, ::2],
        np.asfortranarray(whole),
        frozen,
    ]
    for form in forms:
        assert same(measure(form), expected)


@every_series_measure
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_series_that_is_not_finite_is_nan_and_takes_no_other_down(measure, bad):
    expected = measure(BATCH)
    spoilt = BATCH.copy()
    spoilt[2, 5] = bad
    values = measure(spoilt)
    assert np.isnan(values[2]).all()
    others = np.arange(len(BATCH)) != 2
    assert same(values[others], expected[others])
    assert np.isnan(measure(spoilt[2])).all()


@every_trajectory_measure
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_trajectory_that_is_not_finite_is_nan(measure, bad):
    spoilt = POINTS.copy()
    spoilt[7, 1] = bad
    assert np.isnan(measure(spoilt)).all()


@every_series_measure
@pytest.mark.parametrize(
    ("x", "kind", "parts"),
    [
        (3.0, ValueError, ("x: has shape ()", "(n_series, n_times)")),
        (np.ones((2, 3, 4)), ValueError, ("x: has shape (2, 3, 4)", "reshape")),
        ([], ValueError, ("x: has 0 times", "at least")),
        ([1.0], ValueError, ("x: has 1 times", "at least")),
        (np.ones((3, 0)), ValueError, ("x: has 0 times", "at least")),
        ([[1.0, 2.0], [1.0]], ValueError, ("x: not a rectangular array",)),
        (["a", "b"], TypeError, ("x: dtype", "real numbers")),
        (np.ones(200, complex), TypeError, ("x: complex",)),
        (None, TypeError, ("x: dtype object",)),
    ],
)
def test_what_is_no_series_is_named(measure, x, kind, parts):
    with pytest.raises(kind) as caught:
        measure(x)
    assert all(part in str(caught.value) for part in parts)
    assert "\n" not in str(caught.value)


@every_trajectory_measure
@pytest.mark.parametrize(
    ("states", "kind", "parts"),
    [
        (np.ones(200), ValueError, ("trajectory: has shape (200,)", "embed")),
        (np.ones((20, 0)), ValueError, ("trajectory: has shape (20, 0)", "dim at least 1")),
        (np.ones((2, 3, 4)), ValueError, ("trajectory: has shape (2, 3, 4)",)),
        (np.ones((1, 2)), ValueError, ("trajectory: has 1 times", "at least 2")),
        (np.ones((0, 2)), ValueError, ("trajectory: has 0 times",)),
        ([["a", "b"]] * 9, TypeError, ("trajectory: dtype",)),
    ],
)
def test_what_is_no_trajectory_is_named(measure, states, kind, parts):
    with pytest.raises(kind) as caught:
        measure(states)
    assert all(part in str(caught.value) for part in parts)


def refused(call, kind, *parts):
    with pytest.raises(kind) as caught:
        call()
    assert all(part in str(caught.value) for part in parts), str(caught.value)


@pytest.mark.parametrize(
    ("name", "option", "value", "kind"),
    [
        ("permutation_entropy", "order", 1, ValueError),
        ("permutation_entropy", "order", 9, ValueError),
        ("permutation_entropy", "order", 3.0, TypeError),
        ("statistical_complexity", "order", True, TypeError),
        ("ordinal_distribution", "delay", 0, ValueError),
        ("sample_entropy", "order", 0, ValueError),
        ("sample_entropy", "radius", -1.0, ValueError),
        ("sample_entropy", "radius", np.nan, ValueError),
        ("approximate_entropy", "radius", np.ones(3), ValueError),
        ("approximate_entropy", "radius", "wide", TypeError),
        ("zero_one_test", "frequencies", [0.5, 4.0], ValueError),
        ("zero_one_test", "frequencies", [], ValueError),
        ("zero_one_test", "frequencies", [np.nan], ValueError),
        ("zero_one_test", "n_cut", 1, ValueError),
        ("zero_one_test", "n_cut", 652, ValueError),
        ("zero_one_test", "seed", -1, ValueError),
        ("zero_one_test", "damping", -1.0, ValueError),
        ("zero_one_test", "damping", np.inf, ValueError),
        ("largest_exponent", "dt", 0.0, ValueError),
        ("largest_exponent", "dt", [1.0], ValueError),
        ("largest_exponent", "fit", (3, 3), ValueError),
        ("largest_exponent", "fit", (0, 11), ValueError),
        ("largest_exponent", "fit", 3, ValueError),
        ("divergence_curve", "horizon", 0, ValueError),
        ("divergence_curve", "theiler", -1, ValueError),
        ("divergence_curve", "theiler", 1.5, TypeError),
    ],
)
def test_an_option_out_of_range_is_named(name, option, value, kind):
    refused(lambda: SERIES[name](BATCH, **{option: value}), kind, option, "expected")


@pytest.mark.parametrize(
    ("name", "option", "value", "kind"),
    [
        ("correlation_sum", "theiler", -1, ValueError),
        ("correlation_sum", "norm", "manhattan", ValueError),
        ("correlation_dimension", "region", (0.2, 0.1), ValueError),
        ("correlation_dimension", "region", (0.0, 0.1), ValueError),
        ("correlation_dimension", "n_radii", 1, ValueError),
        ("correlation_dimension", "radii", [0.1, -0.2], ValueError),
        ("recurrence_rate", "radius", 0.0, ValueError),
        ("recurrence_rate", "radius", np.nan, ValueError),
        ("determinism", "shortest", 0, ValueError),
        ("determinism", "norm", None, ValueError),
    ],
)
def test_an_option_of_a_trajectory_measure_is_named(name, option, value, kind):
    refused(lambda: TRAJECTORY[name](POINTS, **{option: value}), kind, option, "expected")


def test_a_window_longer_than_the_series_is_refused():
    refused(lambda: ordinal.permutation_entropy(np.ones(8), order=5, delay=2), ValueError, "x", "at least 9")
    refused(lambda: entropy.sample_entropy(np.ones(4), order=3), ValueError, "x", "at least 5")
    refused(lambda: divergence.divergence_curve(np.ones(20), theiler=5), ValueError, "x", "at least 24")
    refused(lambda: recurrence.determinism(np.ones((9, 1)), radius=1, theiler=8), ValueError, "at least 10")
    refused(lambda: zero_one.zero_one_test(np.ones(99)), ValueError, "x", "at least 100")


def test_series_become_rows_and_results_go_back():
    rows, alone = _series.series(np.arange(3, dtype=np.uint8))
    assert alone
    assert rows.dtype == np.float64
    assert same(rows, [[0.0, 1.0, 2.0]])
    assert _series.give(np.array([2.5]), True) == 2.5
    assert same(_series.give(np.array([[2.5, 3.5]]), True), [2.5, 3.5])
    assert same(_series.give(np.array([2.5, 3.5]), False), [2.5, 3.5])
