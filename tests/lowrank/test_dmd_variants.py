"""Randomised, streaming and driven dynamic mode decompositions agree with what is known, and with the plain one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from fastsci.lowrank.control_dmd import DMDc
from fastsci.lowrank.dmd import DMD
from fastsci.lowrank.randomized_dmd import RandomizedDMD
from fastsci.lowrank.streaming_dmd import StreamingDMD

EIGS = np.array([0.95 * np.exp(0.3j), 0.95 * np.exp(-0.3j), 0.9, np.exp(1j), np.exp(-1j), 0.5])


def linear(n_space, n_times, weak=1.0, seed=0):
    """Real snapshots of a system with the eigenvalues above, two of whose modes are weak."""
    rng = np.random.default_rng(seed)
    modes = rng.normal(size=(n_space, 6)) + 1j * rng.normal(size=(n_space, 6))
    modes[:, [1, 4]] = modes[:, [0, 3]].conj()
    modes[:, [2, 5]] = modes[:, [2, 5]].real
    return ((modes * [1, 1, weak, 2, 2, weak]) @ EIGS[:, None] ** np.arange(n_times)).real


def waves(n_space=3000, n_times=200, noise=0.01, seed=0):
    """Travelling waves whose amplitudes fall by a factor, and noise."""
    x, t = np.linspace(0, 1, n_space)[:, None], np.arange(n_times)
    clean = 1 + sum(np.exp(-0.4 * k) * np.cos(2 * np.pi * 3 * k * x - 0.2 * k * t) for k in range(1, 6))
    return clean + noise * np.random.default_rng(seed).normal(size=clean.shape)


def distance(found, expected):
    """The largest distance of an expected number from the nearest of those found."""
    return np.abs(np.asarray(found)[:, None] - np.asarray(expected)).min(axis=0).max()


def same(model, other, tolerance):
    assert len(model.eigs) == len(other.eigs)
    assert distance(model.eigs, other.eigs) < tolerance


class TestRandomized:
    @pytest.mark.parametrize("n_iter", [0, 2])
    @pytest.mark.parametrize("weak", [1.0, 1e-3, 1e-5])
    @pytest.mark.parametrize("n_space", [20, 1000])
    def test_linear_systems(self, n_space, weak, n_iter):
        X = linear(n_space, 100, weak)
        model = RandomizedDMD(6, n_iter=n_iter, rng=1).fit(X)
        assert len(model.eigs) == 6
        assert distance(model.eigs, EIGS) < 1e-9
        assert np.abs(model.reconstruct() - X).max() < (1e-10 if n_iter else 1e-7)
        np.testing.assert_allclose(np.linalg.norm(model.modes, axis=0), 1.0, rtol=1e-8)

    def test_the_eigenvalues_of_all_snapshots_from_a_few_combinations(self):
        X = waves()
        exact, found = DMD(11).fit(X), RandomizedDMD(11, rng=0).fit(X)
        assert distance(found.eigs, exact.eigs) < 1e-5
        assert distance(found.eigs, np.exp(1j * 0.2 * np.arange(-5, 6))) < 1e-3
        apart = np.linalg.norm(found.reconstruct() - exact.reconstruct())
        assert apart < 0.05 * np.linalg.norm(X - exact.reconstruct())
        assert found.n_passes == 1  # 200 snapshots have fewer products than three passes with 21 combinations
        assert RandomizedDMD(3, n_oversamples=2, rng=0).fit(X).n_passes == 3

    def test_few_snapshots_take_another_way_to_the_same_model(self):
        X = waves(400, 210, noise=0.1)
        found = [RandomizedDMD(5, n_oversamples=extra, rng=0).fit(X) for extra in (15, 16)]
        assert [model.n_passes for model in found] == [3, 1]
        assert distance(found[0].eigs, found[1].eigs) < 1e-5

    def test_power_iterations_help_where_noise_is_strong(self):
        X = waves(noise=0.5)
        exact = DMD(11).fit(X)
        errors = [distance(RandomizedDMD(11, n_iter=n, rng=0).fit(X).eigs, exact.eigs) for n in (0, 4)]
        assert errors[1] < 0.1 * errors[0]

    def test_the_same_rng_gives_the_same_bits(self):
        X = waves(300, 60)
        for rng in (7, np.random.SeedSequence(7)):
            one, two = (RandomizedDMD(5, rng=rng).fit(X) for _ in range(2))
            assert np.array_equal(one.eigs, two.eigs)
            assert np.array_equal(one.modes, two.modes)
        one, two = (RandomizedDMD(5, rng=np.random.default_rng(7)).fit(X) for _ in range(2))
        assert np.array_equal(one.modes, two.modes)
        other = RandomizedDMD(5, n_iter=0, rng=8).fit(X)
        assert not np.array_equal(RandomizedDMD(5, n_iter=0, rng=7).fit(X).eigs, other.eigs)

    @pytest.mark.parametrize("shape", [(8000, 151), (3000, 400), (40, 1500)])
    def test_the_number_of_threads_does_not_change_a_bit(self, shape):
        X = waves(*shape)
        for data in (X, X.astype(np.float32), X * 1j):
            found = []
            for count in (1, 2):
                with threadpool_limits(count):
                    found.append(RandomizedDMD(8, rng=0).fit(data))
            for name in ("eigs", "modes", "amplitudes", "singular_values"):
                assert np.array_equal(getattr(found[0], name), getattr(found[1], name))

    def test_several_trajectories_complex_and_single_precision(self):
        X = linear(500, 60)
        parts = [X[:, :30], X[:, 30:50], X[:, 10:]]
        assert distance(RandomizedDMD(6, rng=0).fit(parts).eigs, EIGS) < 1e-11
        turned = X * np.exp(0.1j * np.arange(60))
        assert distance(RandomizedDMD(6, rng=0).fit(turned).eigs, EIGS * np.exp(0.1j)) < 1e-11
        single = RandomizedDMD(6, rng=0).fit(X.astype(np.float32))
        assert single.modes.dtype == np.complex64
        assert distance(single.eigs, EIGS) < 1e-5

    def test_noise_no_longer_pulls_eigenvalues_inwards(self):
        X = waves(200, 100, noise=1.0)
        sizes = [np.abs(RandomizedDMD(3, debias=debias, rng=0).fit(X).eigs).min() for debias in (None, "total")]
        assert abs(1 - sizes[1]) < 0.3 * (1 - sizes[0])


class TestStreaming:
    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(st.integers(1, 59), max_size=12, unique=True),
        st.sampled_from([1.0, 1e-3]),
        st.sampled_from([6, 40, 400]),
        st.sampled_from([6, None]),
    )
    def test_blocks_of_any_sizes_are_the_whole(self, cuts, weak, n_space, rank):
        X = linear(n_space, 60, weak)
        model = StreamingDMD(rank)
        for block in np.split(X, sorted(cuts), axis=1):
            model.partial_fit(block)
        same(model, DMD(rank).fit(X), 1e-10)
        np.testing.assert_allclose(np.abs(model.reconstruct() - X).max(), 0, atol=1e-8)
        assert model.n_snapshots == 60

    @pytest.mark.parametrize("weak", [1.0, 1e-3])
    def test_parts_merged_are_the_whole(self, weak):
        X = linear(300, 60, weak)
        whole = DMD().fit(X)
        # Parts share the snapshot at which one ends and the next begins.
        parts = [StreamingDMD().fit(X[:, first : last + 1]) for first, last in ((0, 20), (20, 45), (45, 59))]
        merged = parts[0].merge(parts[1]).merge(parts[2])
        same(merged, whole, 1e-10)
        np.testing.assert_allclose(merged.forecast(3), X[:, 21:24], rtol=0, atol=1e-8)

    def test_trajectories(self):
        X = linear(300, 60)
        parts = [X[:, :30], X[:, 30:50], X[:, 10:]]
        same(StreamingDMD().fit(parts), DMD().fit(parts), 1e-10)
        model = StreamingDMD().fit(parts[0])
        for part in parts[1:]:
            for block in np.array_split(part, 3, axis=1):
                model.partial_fit(block, new_trajectory=block[0, 0] == part[0, 0])
        same(model, DMD().fit(parts), 1e-10)

    def test_noise_beyond_the_basis_is_dropped(self):
        X = waves(500, 300, noise=0.05)
        model = StreamingDMD(11)
        for block in np.array_split(X, 20, axis=1):
            model.partial_fit(block)
        assert model._stream.basis.shape == (500, 32)
        assert distance(model.eigs, DMD(11).fit(X).eigs) < 1e-3
        basis = model._stream.basis
        np.testing.assert_allclose(basis.T @ basis, np.eye(32), rtol=0, atol=1e-12)
        everything = StreamingDMD(11, n_basis=1000)
        for block in np.array_split(X, 20, axis=1):
            everything.partial_fit(block)
        assert distance(everything.eigs, DMD(11).fit(X).eigs) < 1e-10

    def test_forgetting_follows_a_system_that_changes(self):
        t = np.arange(400)
        phase = np.cumsum(np.where(t < 200, 0.3, 0.5))
        X = np.random.default_rng(0).normal(size=(50, 2)) @ np.stack([np.cos(phase), np.sin(phase)])
        turn = {}
        for forgetting in (1.0, 0.9):
            model = StreamingDMD(2, forgetting=forgetting)
            for block in np.array_split(X, 40, axis=1):
                model.partial_fit(block)
            turn[forgetting] = np.abs(np.angle(model.eigs)).max()
        assert abs(turn[0.9] - 0.5) < 1e-7
        assert abs(turn[1.0] - 0.5) > 0.05

    def test_weights_are_those_of_forgetting(self):
        """Against weighted least squares by the definition, whatever the blocks."""
        X = np.random.default_rng(1).normal(size=(4, 30))
        weights = np.sqrt(0.8 ** np.arange(28, -1, -1))
        step = (X[:, 1:] * weights) @ np.linalg.pinv(X[:, :-1] * weights)
        for n_blocks in (1, 4, 30):
            model = StreamingDMD(forgetting=0.8)
            for block in np.array_split(X, n_blocks, axis=1):
                model.partial_fit(block)
            assert distance(model.eigs, np.linalg.eigvals(step)) < 1e-12

    def test_nothing_is_a_model_before_there_is_a_pair(self):
        model = StreamingDMD().partial_fit(np.ones((5, 1)))
        with pytest.raises(ValueError, match="not fitted yet"):
            model.forecast(1)
        model.partial_fit(np.full((5, 1), 0.5))
        np.testing.assert_allclose(model.eigs, [0.5])

    def test_blocks_that_do_not_fit(self):
        model = StreamingDMD().fit(np.ones((5, 3)), dt=0.1)
        with pytest.raises(ValueError, match="X: has 4 variables, expected 5"):
            model.partial_fit(np.ones((4, 3)), dt=0.1)
        with pytest.raises(ValueError, match=r"dt: is 0.2, expected 0.1"):
            model.partial_fit(np.ones((5, 3)), dt=0.2)
        with pytest.raises(ValueError, match="X: is complex where the blocks before are real"):
            model.partial_fit(np.ones((5, 3)) * 1j, dt=0.1)
        with pytest.raises(TypeError, match="other: is a DMD"):
            model.merge(DMD())
        with pytest.raises(ValueError, match="other: other has seen no snapshots yet"):
            model.merge(StreamingDMD())
        model.partial_fit(np.ones((5, 1)), dt=0.1)
        np.testing.assert_allclose(model.eigs, [1.0])
        assert model.n_snapshots == 4

    def test_forecasts_go_on_from_the_last_snapshot(self):
        X = linear(100, 40)
        model = StreamingDMD().fit(X[:, :30])
        np.testing.assert_allclose(model.forecast(10), X[:, 30:], rtol=0, atol=1e-9)
        np.testing.assert_allclose(model.forecast(5, start="first"), X[:, 1:6], rtol=0, atol=1e-9)


def driven(n_space, n_times, seed, n_inputs=2):
    """A stable system of four states, seen in ``n_space`` variables, and what drives it."""
    step = np.zeros((4, 4))
    step[:2, :2] = 0.95 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    step[2, 2], step[3, 3], step[0, 3] = 0.8, 0.3, 0.5
    push = np.random.default_rng(0).normal(size=(4, n_inputs))
    seen = np.eye(4) if n_space == 4 else np.linalg.qr(np.random.default_rng(1).normal(size=(n_space, 4)))[0]
    rng = np.random.default_rng(seed)
    u, states = rng.normal(size=(n_inputs, n_times - 1)), [rng.normal(size=4)]
    for k in range(n_times - 1):
        states.append(step @ states[-1] + push @ u[:, k])
    return seen @ np.stack(states, axis=1), u, seen @ step @ seen.T, seen @ push


class TestControl:
    @pytest.mark.parametrize("known", [False, True])
    @pytest.mark.parametrize("ranks", [{}, {"rank": 4}])
    @pytest.mark.parametrize("n_space", [4, 300])
    def test_what_the_system_does_is_told_from_what_is_done_to_it(self, n_space, ranks, known):
        X, u, step, push = driven(n_space, 60, 2)
        model = DMDc(**ranks, B=push if known else None).fit(X, u, dt=0.1)
        assert distance(model.eigs, np.linalg.eigvals(step)[:4] if n_space == 4 else [0.8, 0.3]) < 1e-12
        assert distance(model.eigs, 0.95 * np.exp([0.4j, -0.4j])) < 1e-12
        np.testing.assert_allclose(model.basis @ model.B_, push, rtol=0, atol=1e-11)
        np.testing.assert_allclose(model.basis @ model.A_ @ model.basis.T, step, rtol=0, atol=1e-11)
        np.testing.assert_allclose(step @ model.modes, model.modes * model.eigs, rtol=0, atol=1e-11)
        np.testing.assert_allclose(model.reconstruct(), X, rtol=0, atol=1e-10)
        np.testing.assert_allclose(model.basis.T @ model.basis, np.eye(4), rtol=0, atol=1e-12)
        other, v, _, _ = driven(n_space, 40, 3)
        np.testing.assert_allclose(model.forecast(v, start=other[:, 0]), other[:, 1:], rtol=0, atol=1e-10)
        np.testing.assert_allclose(model.predict(other[:, :-1], v), other[:, 1:], rtol=0, atol=1e-10)
        np.testing.assert_allclose(model.predict(other[:, 4], v[:, 4]), other[:, 5], rtol=0, atol=1e-10)

    def test_without_control_it_would_be_another_system(self):
        X, u, step, _ = driven(4, 60, 2)
        assert distance(DMD().fit(X).eigs, np.linalg.eigvals(step)) > 0.05
        assert distance(DMDc().fit(X, u).eigs, np.linalg.eigvals(step)) < 1e-12

    def test_forecasts_with_and_without_inputs(self):
        X, u, step, _ = driven(300, 60, 2)
        model = DMDc().fit(X[:, :50], u[:, :50])
        np.testing.assert_allclose(model.forecast(u[:, 49:]), X[:, 50:], rtol=0, atol=1e-10)
        np.testing.assert_allclose(model.forecast(u[:, :5], start="first"), X[:, 1:6], rtol=0, atol=1e-10)
        np.testing.assert_allclose(model.forecast(1)[:, 0], step @ X[:, 49], rtol=0, atol=1e-10)
        assert model.forecast(0).shape == (300, 0)
        with pytest.raises(ValueError, match="start: is 'middle'"):
            model.forecast(u, start="middle")

    def test_several_trajectories(self):
        parts = [driven(300, n_times, seed) for seed, n_times in ((4, 8), (5, 10), (6, 9))]
        model = DMDc().fit([part[0] for part in parts], [part[1] for part in parts])
        np.testing.assert_allclose(model.basis @ model.B_, parts[0][3], rtol=0, atol=1e-11)
        np.testing.assert_allclose(model.reconstruct(), parts[0][0], rtol=0, atol=1e-10)

    def test_known_inputs_of_another_scale(self):
        X, u, _, push = driven(300, 60, 2)
        for scale in (1e-9, 1e9):
            model = DMDc(B=push * scale).fit(X, u / scale)
            assert distance(model.eigs, [0.8, 0.3]) < 1e-11
            np.testing.assert_allclose(model.basis @ model.B_, push * scale, rtol=0, atol=1e-11 * scale)

    def test_ranks_cut_noise(self):
        X, u, _, push = driven(300, 400, 2)
        X = X + 0.01 * np.random.default_rng(7).normal(size=X.shape)
        model = DMDc(4, input_rank=6).fit(X, u)
        assert len(model.eigs) == 4
        assert distance(model.eigs, [0.8, *(0.95 * np.exp([0.4j, -0.4j]))]) < 0.02
        assert np.abs(model.basis @ model.B_ - push).max() < 0.02

    def test_single_precision_complex_and_one_input(self):
        X, u, _, push = driven(300, 60, 2, n_inputs=1)
        single = DMDc(4).fit(X.astype(np.float32), u[0].astype(np.float32))
        assert single.modes.dtype == np.complex64
        assert single.reconstruct().dtype == single.A_.dtype == single.basis.dtype == np.float32
        assert np.abs(single.basis @ single.B_ - push).max() < 1e-4
        turned = DMDc().fit(X * 1j, u * 1j)
        np.testing.assert_allclose(turned.basis @ turned.B_, push, rtol=0, atol=1e-11)
        complex_inputs = DMDc().fit(X, u * 1j)
        np.testing.assert_allclose(complex_inputs.basis @ complex_inputs.B_, -1j * push, rtol=0, atol=1e-11)
        np.testing.assert_allclose(complex_inputs.reconstruct(), X, rtol=0, atol=1e-10)
