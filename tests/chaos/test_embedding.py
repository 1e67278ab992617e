"""Delay embedding: coordinates, mutual information by delay, false neighbours by dimension."""

import numpy as np
import pytest

from fastsci.chaos.embedding import delay_embedding, false_nearest_neighbours, first_minimum, mutual_information
from tests.chaos.attractors import lorenz
from tests.ensemble.models import same_bits


def information(x, delay, n_bins):
    """From a joint histogram, bins as the docstring says."""
    x = np.asarray(x, dtype=float)
    share = (x - x.min()) / (x.max() - x.min())
    symbols = np.minimum((share * n_bins).astype(int), n_bins - 1)
    joint = np.zeros((n_bins, n_bins))
    for now, later in zip(symbols[: len(x) - delay], symbols[delay:], strict=True):
        joint[now, later] += 1.0 / (len(x) - delay)
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    there = joint > 0.0
    return (joint[there] * np.log(joint[there] / independent[there])).sum()


def false_fractions(x, dimension, delay, ratio, size, theiler):
    """Point by point, as Kennel, Brown and Abarbanel describe it."""
    count = len(x) - dimension * delay
    points = [x[i : i + dimension * delay : delay] for i in range(count)]
    torn, large, found = [], [], 0
    for i, point in enumerate(points):
        others = [j for j in range(count) if abs(i - j) > theiler]
        if not others:
            continue
        distances = [np.linalg.norm(points[j] - point) for j in others]
        nearest = others[int(np.argmin(distances))]
        change, distance = abs(x[i + dimension * delay] - x[nearest + dimension * delay]), min(distances)
        torn.append(change > ratio * distance)
        large.append(np.hypot(change, distance) / np.std(x) > size)
        found += 1
    return np.array([np.sum(np.logical_or(torn, large)), np.sum(torn), np.sum(large)]) / found


def henon(n):
    x, y, values = 0.1, 0.2, []
    for _ in range(n + 100):
        x, y = 1.0 - 1.4 * x * x + y, 0.3 * x
        values.append(x)
    return np.array(values[100:])


def test_the_earliest_value_comes_first():
    points = delay_embedding(np.arange(10), 3, delay=2)
    assert points.shape == (6, 3)
    np.testing.assert_array_equal(points[0], [0.0, 2.0, 4.0])
    np.testing.assert_array_equal(points[-1], [5.0, 7.0, 9.0])
    assert points.flags.c_contiguous
    assert points.dtype == np.float64


def test_embedding_of_several_series():
    x = np.random.default_rng(0).normal(size=(3, 20))
    together = delay_embedding(x, 2, delay=3)
    assert together.shape == (3, 17, 2)
    for series, points in zip(x, together, strict=True):
        np.testing.assert_array_equal(points, delay_embedding(series, 2, 3))


def test_an_embedding_is_a_copy():
    x = np.arange(6.0)
    delay_embedding(x, 1)[0] = 9.0
    assert x[0] == 0.0


@pytest.mark.parametrize("n_bins", [2, 7, 16, 64])
def test_information_like_a_histogram(n_bins):
    rng = np.random.default_rng(n_bins)
    x = np.cumsum(rng.normal(size=300)) * np.linspace(1.0, 2.0, 300)
    expected = [information(x, delay, n_bins) for delay in range(12)]
    np.testing.assert_allclose(mutual_information(x, 11, n_bins=n_bins), expected, rtol=1e-12, atol=1e-14)


def test_information_like_numpys_histogram():
    x = np.random.default_rng(5).normal(size=5000)
    joint = np.histogram2d(x[:-3], x[3:], bins=np.linspace(x.min(), x.max(), 9))[0] / (len(x) - 3)
    there = joint > 0.0
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    expected = (joint[there] * np.log(joint[there] / independent[there])).sum()
    assert mutual_information(x, 3, n_bins=8)[3] == pytest.approx(expected, rel=1e-12)


def test_information_at_no_delay_is_entropy():
    x = np.repeat(np.arange(16.0), 5)
    assert mutual_information(x, 0)[0] == pytest.approx(np.log(16.0), rel=1e-14)


def test_independent_values_share_the_bias_of_the_estimator_alone():
    """Miller's bias, (bins - 1)^2 / (2 n) for uniform values; the spread is a tenth of it."""
    x = np.random.default_rng(6).uniform(size=20_000)
    later = mutual_information(x, 10)[1:]
    np.testing.assert_allclose(later.mean(), 15**2 / (2 * 20_000), rtol=0.1)


def test_delay_of_the_lorenz_system():
    """Fraser and Swinney's choice for x of Lorenz's system is about a sixth of a time unit."""
    x = lorenz(6000, 1)[0, :, 0]
    information = mutual_information(x, 40)
    assert 0.14 <= 0.02 * first_minimum(information) <= 0.22
    assert (information >= 0.0).all()


def test_first_minimum():
    assert first_minimum([2.0, 1.0, 3.0]) == 1
    assert first_minimum([1.0, 2.0, 0.5, 0.7]) == 2
    assert first_minimum([3.0, 2.0, 2.0, 1.0, 1.0, 4.0]) == 3
    assert first_minimum([3.0, 2.0, 1.0]) == -1
    assert first_minimum([3.0, np.nan, 1.0, 2.0]) == -1
    np.testing.assert_array_equal(first_minimum([[2.0, 1.0, 3.0], [1.0, 1.0, 1.0]]), [1, -1])


@pytest.mark.parametrize(("delay", "theiler"), [(1, 0), (3, 0), (2, 5)])
def test_false_neighbours_one_by_one(delay, theiler):
    x = np.sin(0.37 * np.arange(150)) + 0.2 * np.random.default_rng(3).normal(size=150)
    found = false_nearest_neighbours(x, [1, 2, 4], delay=delay, distance_ratio=5.0, size_ratio=1.0, theiler=theiler)
    np.testing.assert_array_equal(found.dimensions, [1, 2, 4])
    for place, dimension in enumerate((1, 2, 4)):
        expected = false_fractions(x, dimension, delay, 5.0, 1.0, theiler)
        fractions = [found.fraction[place], found.by_distance[place], found.by_size[place]]
        np.testing.assert_allclose(fractions, expected, rtol=1e-14)


def test_two_dimensions_suffice_for_the_henon_map():
    found = false_nearest_neighbours(henon(3000), 4)
    assert found.fraction[0] > 0.5
    assert (found.fraction[1:] < 0.005).all()


def test_three_dimensions_suffice_for_the_lorenz_system():
    found = false_nearest_neighbours(lorenz(6000, 1)[0, :, 0], 5, delay=8)
    assert found.fraction[0] > 0.9
    assert 0.005 < found.fraction[1] < 0.2
    assert (found.fraction[2:] < 0.002).all()


def test_noise_needs_the_second_criterion():
    """The first alone takes noise for a system of few dimensions."""
    found = false_nearest_neighbours(np.random.default_rng(8).normal(size=2000), 8)
    assert found.by_distance[7] < 0.01
    assert found.fraction[7] > 0.15


def test_company_and_threads_do_not_matter(monkeypatch):
    rng = np.random.default_rng(9)
    x = np.cumsum(rng.normal(size=(5, 200)), axis=1)
    x[3, 50] = np.nan
    monkeypatch.setenv("FASTSCI_NUM_THREADS", "3")
    together = mutual_information(x, 20), false_nearest_neighbours(x, 3).fraction
    monkeypatch.setenv("FASTSCI_NUM_THREADS", "1")
    for series in range(5):
        assert same_bits(together[0][series], mutual_information(x[series], 20))
        assert same_bits(together[1][series], false_nearest_neighbours(x[series], 3).fraction)
    assert np.isnan(together[0][3]).all()
    assert np.isnan(together[1][3]).all()


def test_constant_series():
    np.testing.assert_array_equal(mutual_information(np.full(20, 0.1), 3), np.zeros(4))
    assert np.isnan(false_nearest_neighbours(np.full(20, 0.1), 3).fraction).all()


def test_no_neighbour_is_allowed():
    assert np.isnan(false_nearest_neighbours(np.arange(10.0), 2, theiler=20).fraction).all()


def test_any_real_array():
    x = np.random.default_rng(10).integers(0, 100, 200)
    x.setflags(write=False)
    expected = mutual_information(x[::2].astype(float), 5), false_nearest_neighbours(x[::2].astype(float), 2)
    for given in (x[::2], x[::2].astype(np.float32), x[::2].tolist()):
        assert same_bits(mutual_information(given, 5), expected[0])
        assert same_bits(false_nearest_neighbours(given, 2).fraction, expected[1].fraction)


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_units_do_not_matter(size):
    x = np.random.default_rng(11).uniform(-1.0, 1.0, 300)
    np.testing.assert_allclose(mutual_information(x * size, 5), mutual_information(x, 5), rtol=1e-12)
    expected = false_nearest_neighbours(x, 3).fraction
    np.testing.assert_array_equal(false_nearest_neighbours(x * size, 3).fraction, expected)


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        (lambda: delay_embedding(np.zeros(4), 3, 2), "x"),
        (lambda: delay_embedding(np.zeros((2, 2, 2)), 1), "x"),
        (lambda: delay_embedding([], 1), "x"),
        (lambda: delay_embedding(np.zeros(4), 0), "dimension"),
        (lambda: delay_embedding(np.zeros(4), 1, 0), "delay"),
        (lambda: mutual_information(np.zeros(4), 4), "x"),
        (lambda: mutual_information(np.zeros(4), -1), "max_delay"),
        (lambda: mutual_information(np.zeros(4), 1, n_bins=1), "n_bins"),
        (lambda: mutual_information(np.zeros(4), 1, n_bins=5000), "n_bins"),
        (lambda: first_minimum(3.0), "values"),
        (lambda: false_nearest_neighbours(np.zeros(4), 4), "x"),
        (lambda: false_nearest_neighbours(np.zeros(9), []), "dimensions"),
        (lambda: false_nearest_neighbours(np.zeros(9), [2, 0]), "dimensions"),
        (lambda: false_nearest_neighbours(np.zeros(9), 2, distance_ratio=0.0), "distance_ratio"),
        (lambda: false_nearest_neighbours(np.zeros(9), 2, size_ratio=np.nan), "size_ratio"),
        (lambda: false_nearest_neighbours(np.zeros(9), 2, theiler=-1), "theiler"),
    ],
)
def test_mistakes_are_named(measure, name):
    with pytest.raises(ValueError, match=rf"^{name}: "):
        measure()


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        (lambda: delay_embedding(["a", "b"], 1), "x"),
        (lambda: mutual_information(np.zeros(4), 1.5), "max_delay"),
        (lambda: false_nearest_neighbours(np.zeros(9), 2.0), "dimensions"),
    ],
)
def test_wrong_types_are_named(measure, name):
    with pytest.raises(TypeError, match=rf"^{name}: "):
        measure()
