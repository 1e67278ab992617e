"""DMD of delayed snapshots: exact on tones, the same as that of the matrix it never stores, and small in memory."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsci.lowrank._hankel import DelayMatrix
from fastsci.lowrank._hankel_coordinates import _resolved, delay_coordinates
from fastsci.lowrank._hankel_space import space_of
from fastsci.lowrank.hankel_dmd import HankelDMD

OMEGAS = np.array([1.0, 2.2, 3.5, 5.0])
GROWTHS = np.array([0.0, -0.05, 0.02, -0.1])
DT = 0.1
TRUE_RATES = np.concatenate((GROWTHS + 1j * OMEGAS, GROWTHS - 1j * OMEGAS))


def tones(first, last):
    """A sum of four tones, pure, damped and growing, at the instants from first to before last."""
    t = DT * np.arange(first, last)[:, None]
    return np.sum(np.exp(GROWTHS * t) * np.cos(OMEGAS * t + OMEGAS), axis=1)


def stacked(parts, delays):
    """The matrix of delayed snapshots, written out."""
    return np.concatenate(
        [
            np.concatenate([part[:, late : late + part.shape[1] - delays + 1] for late in range(delays)])
            for part in parts
        ],
        axis=1,
    )


def random_parts(rng, n_space, lengths, kind):
    parts = [rng.normal(size=(n_space, length)) for length in lengths]
    return [part + 1j * rng.normal(size=part.shape) for part in parts] if kind == "complex" else parts


def distance(found, wanted):
    """The largest distance from an eigenvalue that is wanted to the nearest one found."""
    return np.abs(np.asarray(found)[:, None] - np.asarray(wanted)).min(axis=0).max()


@settings(max_examples=60, deadline=None)
@given(
    n_space=st.integers(1, 4),
    lengths=st.lists(st.integers(8, 30), min_size=1, max_size=3),
    delays=st.integers(1, 8),
    kind=st.sampled_from(["real", "complex"]),
    seed=st.integers(0, 1000),
)
def test_products_and_gram_matrices_are_those_of_the_matrix_written_out(n_space, lengths, delays, kind, seed):
    rng = np.random.default_rng(seed)
    parts = random_parts(rng, n_space, lengths, kind)
    H, matrix = stacked(parts, delays), DelayMatrix(parts, delays)
    right, left = random_parts(rng, 1, [H.shape[1] * 3], kind)[0], random_parts(rng, 1, [H.shape[0] * 3], kind)[0]
    right, left = right.reshape(H.shape[1], 3), left.reshape(H.shape[0], 3)
    assert matrix.shape == H.shape
    np.testing.assert_allclose(matrix.product(right), H @ right, atol=1e-12)
    np.testing.assert_allclose(matrix.adjoint_product(left), H.conj().T @ left, atol=1e-12)
    np.testing.assert_allclose(np.triu(matrix.row_gram()), np.triu(H @ H.conj().T), atol=1e-11)
    np.testing.assert_allclose(np.triu(matrix.column_gram()), np.triu(H.conj().T @ H), atol=1e-11)
    pulled, pushed = H.conj().T @ left, H @ right
    np.testing.assert_allclose(matrix.adjoint_product_gram(left), pulled.conj().T @ pulled, atol=1e-10)
    np.testing.assert_allclose(matrix.product_gram(right), pushed.conj().T @ pushed, atol=1e-10)


@pytest.mark.parametrize(("n_times", "delays"), [(400, 20), (40, 30)])  # wider and taller than square
def test_second_gram_resolves_singular_values_down_to_rounding(n_times, delays):
    # A smooth series: singular values of its delay matrix fall by orders of magnitude from one to the next.
    x = np.exp(np.sin(0.03 * np.arange(n_times)))
    H, matrix = stacked([x[None]], delays), DelayMatrix([x[None]], delays)
    true = np.linalg.svd(H, compute_uv=False)
    wide = H.shape[0] <= H.shape[1]
    squares, vectors = np.linalg.eigh(matrix.row_gram() if wide else matrix.column_gram(), UPLO="U")
    once = np.sqrt(np.maximum(squares[::-1], 0.0))
    twice, _ = _resolved(matrix, once, vectors[:, ::-1], wide)
    seen = true > 1e-13 * true[0]
    assert true[seen][-1] < 1e-11 * true[0]
    np.testing.assert_allclose(twice[seen], true[seen], atol=2e-15 * true[0])
    assert np.abs(once[seen] - true[seen]).max() > 1e-10 * true[0]  # which one alone does not


@pytest.mark.parametrize("orders", [0.0, 3.0, 5.9, 6.1, 9.0, 16.0])
@pytest.mark.parametrize("kind", ["real", "complex"])
def test_space_of_snapshots_is_orthonormal_whatever_their_condition(orders, kind):
    rng = np.random.default_rng(8)
    left, right = (np.linalg.qr(random_parts(rng, rows, [20], kind)[0])[0] for rows in (300, 20))
    X = left * np.logspace(0.0, -orders, 20) @ right
    basis, within = space_of(X)
    np.testing.assert_allclose(basis.conj().T @ basis, np.eye(20), atol=1e-14)
    np.testing.assert_allclose(basis @ within, X, atol=1e-14)


def test_coordinates_are_the_singular_value_decomposition():
    rng = np.random.default_rng(1)
    parts = random_parts(rng, 2, [60, 45], "complex")
    found = delay_coordinates(parts, 6, 5)
    left, values, right = np.linalg.svd(stacked(parts, 6), full_matrices=False)
    np.testing.assert_allclose(found.singular_values, values[:5], rtol=1e-12)
    rotation = left[:, :5].conj().T @ found.left  # one vector and the other differ by a phase
    np.testing.assert_allclose(np.abs(rotation), np.eye(5), atol=1e-10)
    np.testing.assert_allclose(np.concatenate(found.v, axis=1), rotation.conj().T @ right[:5], atol=1e-10)


@pytest.mark.parametrize(
    ("delays", "rank"), [(8, None), (20, None), (20, 8), (100, 0.999999999999), (300, 8), (380, 8)]
)
def test_tones_have_their_eigenvalues_and_go_on(delays, rank):
    model = HankelDMD(delays, rank).fit(tones(0, 400), DT)
    assert len(model.eigs) == 8
    assert (
        distance(model.rates, TRUE_RATES) < 1e-8
        if delays == 8
        else distance(model.eigs, np.exp(DT * TRUE_RATES)) < 1e-10
    )
    ahead = tones(400, 460)
    for start in (None, "last", tones(320, 400) if delays <= 80 else tones(0, 400)):
        np.testing.assert_allclose(model.forecast(60, start=start)[0], ahead, atol=1e-5 if delays == 8 else 1e-7)


@pytest.mark.parametrize("using", ["modes", "average", "last"])
def test_every_reconstruction_of_tones_is_the_series(using):
    x = tones(0, 300)
    model = HankelDMD(40).fit(x, DT)
    np.testing.assert_allclose(model.reconstruct(using)[0], x, atol=1e-10)


def test_modes_are_a_sum_of_modes_and_pairs_are_conjugate():
    x = np.stack((tones(0, 200), tones(30, 230)))
    model = HankelDMD(12, rank=8).fit(x, DT)
    powers = model.eigs[:, None] ** np.arange(200)
    np.testing.assert_allclose((model.modes * model.amplitudes) @ powers, model.reconstruct(), atol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(model.modes, axis=0), 1.0, rtol=1e-12)
    assert np.array_equal(model.eigs[::2], model.eigs[1::2].conj())
    assert np.all(np.diff(np.abs(model.amplitudes[::2])) <= 0)
    np.testing.assert_allclose(model.frequencies, model.rates.imag / (2 * np.pi))


def test_eigenvalues_are_those_of_dmd_of_the_matrix_written_out():
    rng = np.random.default_rng(5)
    x = np.stack((tones(0, 300), tones(40, 340))) + 0.05 * rng.normal(size=(2, 300))
    H = stacked([x], 15)
    left, values, right = np.linalg.svd(H[:, :-1], full_matrices=False)
    left, values, right = left[:, :8], values[:8], right[:8]
    operator = (left.T @ H[:, 1:]) @ right.T / values
    model = HankelDMD(15, rank=8).fit(x, DT)
    assert distance(model.eigs, np.linalg.eigvals(operator)) < 1e-11
    np.testing.assert_allclose(model.singular_values, values, rtol=1e-12)


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize(("n_times", "delays"), [(1500, 600), (1200, 650)])  # wide and tall
def test_a_few_of_very_many_singular_vectors(n_times, delays, kind):
    x = tones(0, n_times)[None] * np.exp(-0.02 * DT * np.arange(n_times))
    x = x + 0.01 * random_parts(np.random.default_rng(4), 1, [n_times], kind)[0]
    found = delay_coordinates([x], delays, 5)
    values = np.linalg.svd(stacked([x], delays), compute_uv=False)
    np.testing.assert_allclose(found.singular_values, values[:5], rtol=1e-11)
    np.testing.assert_allclose(found.v[0] @ found.v[0].conj().T, np.eye(5), atol=1e-10)


def test_very_many_delays_of_what_has_few_directions_or_none():
    constant = HankelDMD(600, rank=3).fit(np.full(1300, 2.0))
    np.testing.assert_allclose(constant.eigs, [1.0], atol=1e-12)
    assert HankelDMD(600, rank=3).fit(np.zeros(1300)).eigs.shape == (0,)
    exact = HankelDMD(600, rank=20).fit(np.cos(0.3 * np.arange(1300)))
    assert distance(exact.eigs, np.exp([0.3j, -0.3j])) < 1e-10
    assert len(exact.eigs) == 2


def test_many_variables_are_fitted_in_the_space_of_the_snapshots():
    rng = np.random.default_rng(7)
    basis = np.linalg.qr(rng.normal(size=(500, 3)))[0]
    few = np.stack((tones(0, 60), tones(20, 80), tones(33, 93)))
    small, large = HankelDMD(10, rank=8).fit(few, DT), HankelDMD(10, rank=8).fit(basis @ few, DT)
    assert distance(large.eigs, small.eigs) < 1e-10
    np.testing.assert_allclose(large.reconstruct(), basis @ few, atol=1e-9)
    np.testing.assert_allclose(large.reconstruct("average"), basis @ few, atol=1e-9)
    np.testing.assert_allclose(
        large.forecast(5, start=basis @ few[:, 10:30]),
        basis @ np.stack([tones(k + 30, k + 35) for k in (0, 20, 33)]),
        atol=1e-8,
    )


def test_one_delay_is_plain_dmd_and_trajectories_share_one_operator():
    rng = np.random.default_rng(3)
    A = np.array([[0.9, -0.4, 0.0], [0.4, 0.9, 0.1], [0.0, 0.0, 0.8]])
    parts = []
    for length in (12, 30):
        states = [rng.normal(size=3)]
        for _ in range(length - 1):
            states.append(A @ states[-1])
        parts.append(np.array(states).T)
    model = HankelDMD(1).fit(parts)
    assert distance(model.eigs, np.linalg.eigvals(A)) < 1e-12
    assert model.n_snapshots == 12
    np.testing.assert_allclose(model.reconstruct(), parts[0], atol=1e-12)
    mixed = HankelDMD(1).fit([parts[0].astype(np.float32), parts[1] + 0j])
    assert distance(mixed.eigs, np.linalg.eigvals(A)) < 1e-5
    # Stacked delays of several trajectories never reach from one into the next.
    assert distance(HankelDMD(4, rank=3).fit(parts).eigs, np.linalg.eigvals(A)) < 1e-10


def test_complex_tones_need_one_direction_each():
    t = np.arange(100)
    x = np.exp(0.3j * t) + 0.5 * np.exp((-0.01 - 0.8j) * t)
    model = HankelDMD(10).fit(x)
    assert len(model.eigs) == 2
    assert distance(model.eigs, np.exp([0.3j, -0.01 - 0.8j])) < 1e-12
    np.testing.assert_allclose(model.reconstruct()[0], x, atol=1e-11)


def test_the_matrix_is_never_stored():
    x = np.random.default_rng(0).normal(size=100_000)
    model = HankelDMD(600, rank=10)
    tracemalloc.start()
    model.fit(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 10 * x.nbytes  # some copies of the coordinates
    assert peak < 600 * x.nbytes / 3  # the matrix


def test_noise_is_averaged_over_delays():
    rng = np.random.default_rng(11)
    t = DT * np.arange(1000)
    clean = np.cos(2 * t) + np.cos(3.3 * t)
    model = HankelDMD(200, rank=4).fit(clean + 0.3 * rng.normal(size=1000), DT)
    assert np.abs(np.sort(np.abs(model.rates.imag)) - [2, 2, 3.3, 3.3]).max() < 2e-3
    assert np.std(model.reconstruct("average")[0] - clean) < 0.1


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e30, 1e200])
def test_eigenvalues_do_not_depend_on_the_unit(scale):
    plain, scaled = HankelDMD(20).fit(tones(0, 200), DT), HankelDMD(20).fit(scale * tones(0, 200), DT)
    assert distance(scaled.eigs, plain.eigs) < 1e-11
    np.testing.assert_allclose(scaled.reconstruct() / scale, plain.reconstruct(), atol=1e-9)


def test_constant_zero_and_ramp():
    constant = HankelDMD(5).fit(np.full(30, 3.0))
    np.testing.assert_allclose(constant.eigs, [1.0], atol=1e-13)
    np.testing.assert_allclose(constant.forecast(4), np.full((1, 4), 3.0))
    zero = HankelDMD(5).fit(np.zeros((2, 30)))
    assert zero.eigs.shape == (0,)
    assert zero.modes.shape == (2, 0)
    for using in ("modes", "average", "last"):
        assert np.array_equal(zero.reconstruct(using), np.zeros((2, 30)))
    assert np.array_equal(zero.forecast(3), np.zeros((2, 3)))
    ramp = HankelDMD(5).fit(np.arange(30.0))  # a double eigenvalue 1
    np.testing.assert_allclose(ramp.eigs, 1.0, atol=1e-5)
    np.testing.assert_allclose(ramp.forecast(5)[0], np.arange(30.0, 35.0), atol=1e-3)


def test_any_form_of_the_same_numbers_is_the_same():
    x = np.round(100 * np.stack((tones(0, 100), tones(50, 150))))
    reference = HankelDMD(8, rank=6).fit(x, DT)
    frozen = x.copy()
    frozen.flags.writeable = False
    for same in (x.astype(int), np.asfortranarray(x), x[:, ::-1][:, ::-1], frozen, [list(x[0]), list(x[1])]):
        assert np.array_equal(HankelDMD(8, rank=6).fit(np.asarray(same), DT).eigs, reference.eigs)
    single = HankelDMD(8, rank=6).fit(x.astype(np.float32), DT)
    assert np.array_equal(single.eigs, reference.eigs)  # integers are the same in single precision


def test_single_precision_hides_what_it_rounds():
    assert len(HankelDMD(20).fit(tones(0, 400).astype(np.float32), DT).eigs) == 8


@pytest.mark.parametrize(
    ("model", "X", "error", "message"),
    [
        (HankelDMD(0), np.ones(9), ValueError, "delays: is 0"),
        (HankelDMD(2.5), np.ones(9), TypeError, "delays: is 2.5"),
        (HankelDMD(True), np.ones(9), TypeError, "delays: is True"),
        (HankelDMD(9), np.ones(9), ValueError, "delays: is 9, but X holds 9 snapshots; expected at most 8"),
        (HankelDMD(5), [np.ones((1, 9)), np.ones((1, 5))], ValueError, r"X\[1\] holds 5 snapshots"),
        (HankelDMD(2, rank=0), np.ones(9), ValueError, "rank: is 0"),
        (HankelDMD(2, rank=1.5), np.ones(9), ValueError, "rank: is 1.5"),
        (HankelDMD(2, rank="all"), np.ones(9), TypeError, "rank: is 'all'"),
        (HankelDMD(2), np.array([1.0, np.nan, 2.0]), ValueError, "X: snapshot 1 holds nan"),
        (HankelDMD(2), np.ones((2, 3, 4)), ValueError, "X: has shape"),
        (HankelDMD(2), np.ones((0, 4)), ValueError, "X: has shape"),
        (HankelDMD(2), np.ones(1), ValueError, "X: holds 1 snapshots"),
        (HankelDMD(2), np.array(["a", "b", "c"]), TypeError, "X: holds"),
    ],
)
def test_errors_name_what_is_wrong(model, X, error, message):
    with pytest.raises(error, match=message):
        model.fit(X)


def test_errors_after_the_fit():
    with pytest.raises(ValueError, match="not fitted"):
        HankelDMD(3).reconstruct()
    with pytest.raises(ValueError, match="not fitted"):
        HankelDMD(3).reconstruct("average")
    with pytest.raises(ValueError, match="not fitted"):
        HankelDMD(3).forecast(3, start="last")
    model = HankelDMD(10).fit(tones(0, 100), DT)
    for bad in (-1, 2.5, True):
        with pytest.raises(ValueError, match="n: is"):
            model.forecast(bad, start="last")
    with pytest.raises(ValueError, match="start: is 'first'"):
        model.forecast(2, start="first")
    with pytest.raises(ValueError, match="start: holds 5 snapshots"):
        model.forecast(2, start=np.ones(5))
    with pytest.raises(ValueError, match="start: has 2 variables"):
        model.forecast(2, start=np.ones((2, 20)))
    with pytest.raises(TypeError, match="start: is complex"):
        model.forecast(2, start=np.ones(20) * 1j)
    with pytest.raises(ValueError, match="using: is 'mean'"):
        model.reconstruct("mean")


def test_parameters_by_name():
    model = HankelDMD(3, rank=2)
    assert model.get_params() == {"delays": 3, "rank": 2}
    assert model.set_params(delays=4).delays == 4
    assert repr(HankelDMD(3)) == "HankelDMD(delays=3)"


def test_agrees_with_pydmd():
    pydmd = pytest.importorskip("pydmd", reason="the peer is not installed")
    rng = np.random.default_rng(2)
    x = np.stack((tones(0, 200), tones(70, 270))) + 0.01 * rng.normal(size=(2, 200))
    peer = pydmd.HankelDMD(svd_rank=8, d=12).fit(x)
    assert distance(HankelDMD(12, rank=8).fit(x, DT).eigs, peer.eigs) < 1e-12
