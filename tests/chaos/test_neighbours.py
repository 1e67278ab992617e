"""Nearest neighbours: the same as from all distances sorted, whatever way they are found."""

import numpy as np
import pytest
import scipy.spatial

from fastsci.chaos.neighbours import nearest_neighbours
from fastsci_kernels.measures import neighbours
from tests.ensemble.models import same_bits


def brute_force(points, k, queries=None, theiler=0, metric="euclidean"):
    """All distances, summed axis by axis, sorted; ties stay in the order of the points."""
    points = np.asarray(points, dtype=float)
    asked = points if queries is None else np.asarray(queries, dtype=float)
    apart = np.abs(asked[:, np.newaxis] - points)
    if metric == "chebyshev":
        distances = apart.max(axis=2)
    else:
        distances = np.zeros(apart.shape[:2])
        for axis in range(points.shape[1]):
            distances += apart[:, :, axis] ** (2 if metric == "euclidean" else 1)
        distances = np.sqrt(distances) if metric == "euclidean" else distances
    if queries is None:
        place = np.arange(len(points))
        distances[np.abs(place[:, np.newaxis] - place) <= theiler] = np.inf
    indices = np.argsort(distances, axis=1, kind="stable")[:, :k]
    found = np.take_along_axis(distances, indices, axis=1)
    return np.where(np.isinf(found), -1, indices), found


def both_ways(monkeypatch, *args, **kwargs):
    """The answer by comparing all and the one by a tree."""
    answers = []
    for fewest in (10**9, 0):
        monkeypatch.setattr(neighbours, "FEWEST_IN_TREE", fewest)
        monkeypatch.setattr(neighbours, "MOST_AXES_OF_TREE", 10**9)
        answers.append(nearest_neighbours(*args, **kwargs))
    return answers


@pytest.mark.parametrize("metric", ["euclidean", "chebyshev", "manhattan"])
@pytest.mark.parametrize(("n", "dim", "k", "theiler"), [(1, 2, 1, 0), (40, 1, 3, 0), (301, 3, 4, 7), (300, 9, 2, 1)])
def test_like_all_distances(monkeypatch, metric, n, dim, k, theiler):
    points = np.random.default_rng(n).normal(size=(n, dim))
    indices, distances = brute_force(points, k, theiler=theiler, metric=metric)
    for found in both_ways(monkeypatch, points, k, theiler=theiler, metric=metric):
        np.testing.assert_array_equal(found.indices, indices)
        np.testing.assert_allclose(found.distances, distances, rtol=1e-12)


@pytest.mark.parametrize("metric", ["euclidean", "chebyshev", "manhattan"])
def test_ties_go_to_the_lower_index(monkeypatch, metric):
    points = np.random.default_rng(1).integers(0, 4, (400, 3)).astype(float)
    indices, distances = brute_force(points, 6, metric=metric)
    for found in both_ways(monkeypatch, points, 6, metric=metric):
        np.testing.assert_array_equal(found.indices, indices)
        np.testing.assert_array_equal(found.distances, distances)


def test_other_queries(monkeypatch):
    rng = np.random.default_rng(2)
    points, queries = rng.normal(size=(500, 4)), rng.normal(size=(70, 4))
    indices, distances = brute_force(points, 5, queries=queries)
    peer_distances, peer_indices = scipy.spatial.cKDTree(points).query(queries, 5)
    for found in both_ways(monkeypatch, points, 5, queries=queries):
        np.testing.assert_array_equal(found.indices, indices)
        np.testing.assert_allclose(found.distances, distances, rtol=1e-12)
        np.testing.assert_array_equal(found.indices, peer_indices)
        np.testing.assert_allclose(found.distances, peer_distances, rtol=1e-12)


def test_a_point_asked_for_is_its_own_neighbour():
    points = np.arange(12.0).reshape(6, 2)
    found = nearest_neighbours(points, 1, queries=points)
    np.testing.assert_array_equal(found.indices[:, 0], np.arange(6))
    assert (found.distances == 0.0).all()


def test_both_ways_agree_to_the_last_bit(monkeypatch):
    rng = np.random.default_rng(3)
    points = np.cumsum(rng.normal(size=(3000, 3)), axis=0)
    compared, descended = both_ways(monkeypatch, points, 7, theiler=20)
    np.testing.assert_array_equal(compared.indices, descended.indices)
    assert same_bits(compared.distances, descended.distances)


def test_company_and_threads_do_not_matter(monkeypatch):
    points = np.random.default_rng(4).normal(size=(2000, 3))
    monkeypatch.setenv("FASTSCI_NUM_THREADS", "1")
    alone = nearest_neighbours(points, 3)
    monkeypatch.setenv("FASTSCI_NUM_THREADS", "3")
    together = nearest_neighbours(points, 3)
    np.testing.assert_array_equal(alone.indices, together.indices)
    assert same_bits(alone.distances, together.distances)
    few = nearest_neighbours(points, 3, queries=points[77:80])
    many = nearest_neighbours(points, 3, queries=points)
    assert same_bits(few.distances, many.distances[77:80])


def test_points_that_are_not_finite_are_near_to_nothing(monkeypatch):
    points = np.random.default_rng(5).normal(size=(60, 2))
    holes = points.copy()
    holes[[3, 17]] = [[np.nan, 0.0], [0.0, np.inf]]
    kept = np.delete(np.arange(60), [3, 17])
    expected = brute_force(points[kept], 4)
    for found in both_ways(monkeypatch, holes, 4):
        np.testing.assert_array_equal(found.indices[kept], kept[expected[0]])
        np.testing.assert_allclose(found.distances[kept], expected[1], rtol=1e-12)
        assert (found.indices[[3, 17]] == -1).all()
        assert np.isnan(found.distances[[3, 17]]).all()


def test_where_there_are_too_few(monkeypatch):
    for found in both_ways(monkeypatch, np.arange(5.0)[:, np.newaxis], 3, theiler=2):
        np.testing.assert_array_equal(found.indices[0], [3, 4, -1])
        np.testing.assert_array_equal(found.indices[2], [-1, -1, -1])
        np.testing.assert_array_equal(found.distances[0], [3.0, 4.0, np.inf])


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_squares_neither_overflow_nor_vanish(size):
    points = np.random.default_rng(6).normal(size=(50, 3))
    expected, found = nearest_neighbours(points, 4), nearest_neighbours(points * size, 4)
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_allclose(found.distances, expected.distances * size, rtol=1e-13)


def test_any_real_array():
    whole = np.random.default_rng(7).integers(-50, 50, (90, 6))
    whole.setflags(write=False)
    expected = brute_force(whole[::2, ::3], 2)
    for points in (whole[::2, ::3], whole[::2, ::3].astype(np.float32), whole[::2, ::3].tolist()):
        found = nearest_neighbours(points, 2)
        np.testing.assert_array_equal(found.indices, expected[0])
        np.testing.assert_array_equal(found.distances, expected[1])


def test_identical_points():
    found = nearest_neighbours(np.ones((700, 2)), 2)
    np.testing.assert_array_equal(found.indices[:3], [[1, 2], [0, 2], [0, 1]])
    assert (found.distances == 0.0).all()


@pytest.mark.parametrize(
    ("points", "options", "name"),
    [
        (np.zeros(5), {}, "points"),
        (np.zeros((0, 2)), {}, "points"),
        (np.zeros((4, 0)), {}, "points"),
        (np.zeros((4, 2)), {"k": 0}, "k"),
        (np.zeros((4, 2)), {"k": 5}, "k"),
        (np.zeros((4, 2)), {"theiler": -1}, "theiler"),
        (np.zeros((4, 2)), {"metric": "cosine"}, "metric"),
        (np.zeros((4, 2)), {"queries": np.zeros((3, 3))}, "queries"),
        (np.zeros((4, 2)), {"queries": np.zeros((3, 2)), "theiler": 1}, "theiler"),
    ],
)
def test_mistakes_are_named(points, options, name):
    with pytest.raises(ValueError, match=rf"^{name}: "):
        nearest_neighbours(points, **{"k": 1, **options})


@pytest.mark.parametrize(("points", "k", "name"), [(["a", "b"], 1, "points"), (np.eye(3), 1.5, "k")])
def test_wrong_types_are_named(points, k, name):
    with pytest.raises(TypeError, match=rf"^{name}: "):
        nearest_neighbours(points, k)
