"""Streams of samples against the decomposition of all of them at once."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import IncrementalPCA

from fastsci.lowrank._stream import LOSSLESS, shortened
from fastsci.lowrank.streaming import StreamingSVD


def low_rank(n_samples, n_features, rank, seed=0, condition=1e3):
    rng = np.random.default_rng(seed)
    left = np.linalg.qr(rng.normal(size=(n_samples, rank)))[0]
    right = np.linalg.qr(rng.normal(size=(n_features, rank)))[0]
    return left * np.geomspace(condition, 1.0, rank) @ right.T


def streamed(samples, sizes, **options):
    stream = StreamingSVD(**options)
    first, place = 0, 0
    while first < len(samples):
        size = sizes[place % len(sizes)]
        stream.partial_fit(samples[first : first + size])
        first, place = first + size, place + 1
    return stream


def assert_batch(stream, samples, rank, tolerance=1e-10):
    """Singular values to ``tolerance`` of the largest, the same subspace, and orthonormal components."""
    _, values, right = np.linalg.svd(samples, full_matrices=False)
    np.testing.assert_allclose(stream.singular_values_[:rank], values[:rank], rtol=0, atol=tolerance * values[0])
    components = stream.components_
    np.testing.assert_allclose(components @ components.T, np.eye(len(components)), atol=1e-12)
    overlap = components[:rank] @ right[:rank].T
    np.testing.assert_allclose(np.abs(overlap), np.eye(rank), atol=tolerance)


@pytest.mark.parametrize("n_features", [40, LOSSLESS, 700])
@pytest.mark.parametrize("sizes", [(1,), (7, 300, 1), (64,), (1000,)])
@pytest.mark.parametrize("centred", [False, True])
def test_any_blocks_equal_the_batch_where_the_rank_is_exact(n_features, sizes, centred):
    samples = low_rank(1000, n_features, 6) + (0.1 if centred else 0.0)
    stream = streamed(samples, sizes, n_components=8, centred=centred)
    mean = samples.mean(axis=0) if centred else np.zeros(n_features)
    assert_batch(stream, samples - mean, 6)
    np.testing.assert_allclose(stream.mean_, mean, atol=1e-14)
    assert stream.n_samples_seen_ == 1000
    assert stream.error_bound_ < 1e-10 * stream.singular_values_[0]


def test_small_directions_survive_large_ones():
    samples = low_rank(800, 600, 6, condition=1e12)
    stream = streamed(samples, (50,), n_components=6)
    values = np.linalg.svd(samples, compute_uv=False)[:6]
    np.testing.assert_allclose(stream.singular_values_, values, rtol=1e-2)
    np.testing.assert_allclose(stream.singular_values_[:4], values[:4], rtol=1e-6)


@settings(max_examples=25)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=6), st.booleans(), st.sampled_from([1.0, 0.99]))
def test_blocks_change_no_bit(sizes, centred, forgetting):
    samples = np.random.default_rng(1).normal(size=(300, 300))
    options = {"n_components": 4, "centred": centred, "forgetting": forgetting}
    whole = StreamingSVD(**options).partial_fit(samples)
    parts = StreamingSVD(**options)
    first = 0
    while first < len(samples):
        size = sizes[first % len(sizes)]
        parts.partial_fit(samples[first : first + size])
        assert parts.singular_values_.size  # looking disturbs nothing either
        first += size
    assert np.array_equal(whole.components_, parts.components_)
    assert np.array_equal(whole.singular_values_, parts.singular_values_)


@pytest.mark.parametrize("n_features", [50, 700])
@pytest.mark.parametrize("centred", [False, True])
def test_merged_parts_equal_the_batch(n_features, centred):
    samples = low_rank(900, n_features, 5) + np.linspace(0, 1, n_features)
    parts = [streamed(part, (90,), n_components=7, centred=centred) for part in np.split(samples, [100, 130, 600])]
    before = pickle.dumps(parts[1].components_)
    merged = StreamingSVD(7, centred=centred)
    for part in parts:
        merged.merge(part)
    assert pickle.dumps(parts[1].components_) == before
    mean = samples.mean(axis=0) if centred else 0.0
    assert merged.n_samples_seen_ == 900
    assert_batch(merged, samples - mean, 6 if not centred else 5)


@pytest.mark.parametrize("centred", [False, True])
def test_bound_is_above_what_is_left_and_near_it(centred):
    rng = np.random.default_rng(2)
    for decay in (0.3, 0.7, 1.5):
        samples = rng.normal(size=(1500, 500)) * np.arange(1, 501.0) ** -decay + 1.0
        stream = streamed(samples, (77,), n_components=10, centred=centred)
        fresh = samples - stream.mean_
        left = np.linalg.norm(fresh - fresh @ stream.components_.T @ stream.components_)
        assert left <= stream.error_bound_ <= 1.05 * left
        values = np.linalg.svd(fresh, compute_uv=False)
        assert left <= 1.03 * np.linalg.norm(values[10:])
        assert np.all(stream.singular_values_ <= values[:10] * (1 + 1e-12))


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("n_features", [30, 400])
def test_forgetting_weights_the_squares(n_features, centred):
    samples = low_rank(500, n_features, 5, condition=10.0) + 0.3
    weights = 0.98 ** np.arange(499, -1, -1.0)
    mean = weights @ samples / weights.sum() if centred else np.zeros(n_features)
    stream = streamed(samples, (33,), n_components=6, forgetting=0.98, centred=centred)
    np.testing.assert_allclose(stream.mean_, mean, atol=1e-12)
    assert_batch(stream, np.sqrt(weights)[:, None] * (samples - mean), 5)


def test_a_subspace_that_turns_is_followed_by_a_stream_that_forgets():
    rng = np.random.default_rng(3)
    old, new = np.linalg.qr(rng.normal(size=(400, 2)))[0].T
    samples = rng.normal(size=(4000, 1)) * np.where(np.arange(4000)[:, None] < 2500, old, new)
    forgets = StreamingSVD(1, forgetting=0.99).fit(samples)
    keeps = StreamingSVD(1).fit(samples)
    assert abs(forgets.components_[0] @ new) > 1 - 1e-6
    assert abs(keeps.components_[0] @ old) > 1 - 1e-6


def test_components_agree_with_incremental_pca_on_one_block():
    samples = np.random.default_rng(4).normal(size=(300, 20)) * np.arange(1, 21)
    peer = IncrementalPCA(5, batch_size=300).fit(samples)
    ours = StreamingSVD(5, centred=True).fit(samples)
    np.testing.assert_allclose(ours.singular_values_, peer.singular_values_, rtol=1e-10)
    np.testing.assert_allclose(np.abs(ours.components_), np.abs(peer.components_), atol=1e-9)
    np.testing.assert_allclose(ours.explained_variance_, peer.explained_variance_, rtol=1e-10)
    np.testing.assert_allclose(ours.explained_variance_ratio_, peer.explained_variance_ratio_, rtol=1e-10)
    np.testing.assert_allclose(np.abs(ours.transform(samples)), np.abs(peer.transform(samples)), atol=1e-8)


def test_transform_and_back():
    samples = low_rank(200, 60, 3) + 5.0
    stream = StreamingSVD(3, centred=True)
    coordinates = stream.fit_transform(samples)
    assert coordinates.shape == (200, 3)
    np.testing.assert_allclose(stream.inverse_transform(coordinates), samples, atol=1e-9)
    assert list(stream.get_feature_names_out()) == ["streamingsvd0", "streamingsvd1", "streamingsvd2"]


def test_kinds_of_arrays_give_the_same(tmp_path):
    samples = np.random.default_rng(5).integers(-5, 6, size=(400, 300)).astype(float)
    samples[np.abs(samples) < 3] = 0.0
    expected = StreamingSVD(4).fit(samples).components_
    np.save(tmp_path / "a.npy", samples)
    read_only = samples.copy()
    read_only.flags.writeable = False
    for other in (
        np.load(tmp_path / "a.npy", mmap_mode="r"), np.asfortranarray(samples), read_only, samples.astype(np.int32),
        scipy.sparse.csr_array(samples), scipy.sparse.csc_matrix(samples), samples.tolist(),
    ):  # fmt: skip
        np.testing.assert_allclose(StreamingSVD(4).fit(other).components_, expected, atol=1e-12)


def test_float32_stays_float32():
    samples = low_rank(600, 400, 4, condition=10.0)
    stream = streamed(samples.astype(np.float32), (50,), n_components=4)
    assert stream.components_.dtype == np.float32
    np.testing.assert_allclose(stream.singular_values_, np.linalg.svd(samples, compute_uv=False)[:4], rtol=1e-5)


def test_few_and_trivial_samples():
    one = StreamingSVD(3).partial_fit(np.array([[3.0, 4.0]]))
    np.testing.assert_allclose(one.components_, [[0.6, 0.8]])
    np.testing.assert_allclose(one.singular_values_, [5.0])
    nothing = StreamingSVD(3).fit(np.zeros((100, 400)))
    np.testing.assert_array_equal(nothing.singular_values_, np.zeros(3))
    assert nothing.error_bound_ == 0.0
    assert np.isnan(nothing.explained_variance_ratio_).all()
    constant = StreamingSVD(3, centred=True).fit(np.full((500, 300), 7.0))
    np.testing.assert_allclose(constant.singular_values_, 0.0, atol=1e-12)
    everything = StreamingSVD().fit(np.diag([3.0, 2.0, 1.0]))
    np.testing.assert_allclose(everything.singular_values_, [3.0, 2.0, 1.0])


def test_shortening_keeps_the_squares():
    rows = np.random.default_rng(6).normal(size=(30, 100)) * np.geomspace(1, 1e-9, 30)[:, None]
    short, lost = shortened(rows, 12)
    values = np.linalg.svd(rows, compute_uv=False)
    np.testing.assert_allclose(lost, np.sum(values[12:] ** 2), rtol=1e-4)
    np.testing.assert_allclose(np.linalg.svd(short, compute_uv=False), values[:12], rtol=1e-6)


def test_mistakes_are_named():
    stream = StreamingSVD(2).partial_fit(np.ones((3, 4)))
    with pytest.raises(ValueError, match="5 features, but StreamingSVD is expecting 4"):
        stream.partial_fit(np.ones((3, 5)))
    with pytest.raises(ValueError, match="contains NaN"):
        stream.partial_fit(np.full((1, 4), np.nan))
    with pytest.raises(ValueError, match="n_components: is 0"):
        StreamingSVD(0).partial_fit(np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"forgetting: is 1\.5"):
        StreamingSVD(2, forgetting=1.5).partial_fit(np.ones((2, 2)))
    with pytest.raises(ValueError, match="other: has n_components=3, expected 2"):
        stream.merge(StreamingSVD(3))
    with pytest.raises(ValueError, match="samples of 5 features, expected 4"):
        stream.merge(StreamingSVD(2).partial_fit(np.ones((3, 5))))
    with pytest.raises(TypeError, match="other: is ndarray"):
        stream.merge(np.ones(3))
    with pytest.raises(ValueError, match="is not fitted yet"):
        StreamingSVD(2).transform(np.ones((2, 2)))
    with pytest.raises(TypeError, match="centred: is 'no', expected True or False"):
        StreamingSVD(2, centred="no").partial_fit(np.ones((2, 2)))
    with pytest.raises(ValueError, match="X: has masked numbers"):
        stream.partial_fit(np.ma.masked_greater(np.arange(8.0).reshape(2, 4), 5.0))
    with pytest.raises(ValueError, match=r"X: holds a number of size 1e\+200, whose square overflows"):
        stream.partial_fit(np.full((1, 4), -1e200))
    with pytest.raises(ValueError, match="X: has 4 columns, expected 2"):
        stream.inverse_transform(np.ones((3, 4)))
    with pytest.raises(ValueError, match="is not fitted yet"):
        StreamingSVD(2).inverse_transform(np.ones((2, 2)))
    assert stream.n_samples_seen_ == 3
    assert stream.merge(StreamingSVD(2)).n_samples_seen_ == 3


def test_streams_are_copied_and_pickled():
    stream = StreamingSVD(2).partial_fit(np.random.default_rng(7).normal(size=(70, 300)))
    for twin in (copy.deepcopy(stream), pickle.loads(pickle.dumps(stream))):
        assert np.array_equal(twin.components_, stream.components_)


def test_bounds_of_tiny_samples_do_not_vanish():
    samples = np.random.default_rng(0).normal(size=(50, 20))
    plain, tiny = StreamingSVD(3).fit(samples), StreamingSVD(3).fit(1e-200 * samples)
    assert tiny.error_bound_ == pytest.approx(1e-200 * plain.error_bound_, rel=1e-12, abs=0.0)
    np.testing.assert_allclose(tiny.explained_variance_ratio_, plain.explained_variance_ratio_, rtol=1e-12)
