"""Dynamic mode decomposition finds the eigenvalues, modes and amplitudes of systems that are known exactly."""

import numpy as np
import pytest

from fastsci.lowrank.dmd import DMD

EIGS = np.array([0.95 * np.exp(0.3j), 0.95 * np.exp(-0.3j), 0.9, np.exp(1j), np.exp(-1j), 0.5])


def paired(rng, n_space, eigs=EIGS):
    """Random modes, conjugate where eigenvalues are."""
    modes = rng.normal(size=(n_space, len(eigs))) + 1j * rng.normal(size=(n_space, len(eigs)))
    for place, value in enumerate(eigs):
        if value.imag < 0:
            modes[:, place] = modes[:, place - 1].conj()
        elif value.imag == 0:
            modes[:, place] = modes[:, place].real
    return modes


def linear(n_space, n_times, weak=1.0, seed=0):
    """Real snapshots of a system with the eigenvalues above, two of whose modes are weak."""
    modes = paired(np.random.default_rng(seed), n_space) * np.array([1, 1, weak, 2, 2, weak])
    return (modes @ EIGS[:, None] ** np.arange(n_times)).real, modes


def distance(found, expected):
    """The largest distance of an expected number from the nearest of those found."""
    return np.abs(np.asarray(found)[:, None] - np.asarray(expected)).min(axis=0).max()


def textbook(X, rank):
    """Eigenvalues by the definition: a singular value decomposition of the snapshots themselves."""
    left, s, adjoint = np.linalg.svd(X[:, :-1], full_matrices=False)
    left, s, adjoint = left[:, :rank], s[:rank], adjoint[:rank]
    return np.linalg.eigvals(left.conj().T @ X[:, 1:] @ adjoint.conj().T / s)


@pytest.mark.parametrize("rank", [6, None])
@pytest.mark.parametrize("n_times", [40, 300])
@pytest.mark.parametrize("n_space", [6, 100, 1000])
def test_eigenvalues_of_a_linear_system(n_space, n_times, rank):
    X, modes = linear(n_space, n_times)
    model = DMD(rank).fit(X, dt=0.1)
    assert len(model.eigs) == 6
    assert distance(model.eigs, EIGS) < 1e-10
    np.testing.assert_allclose(model.reconstruct(), X, rtol=0, atol=1e-9)
    order = [np.abs(model.eigs - value).argmin() for value in EIGS]
    np.testing.assert_allclose(model.modes[:, order] * model.amplitudes[order], modes, rtol=0, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(model.modes, axis=0), 1.0, rtol=1e-10)


@pytest.mark.parametrize("rank", [6, None])
@pytest.mark.parametrize("weak", [1e-2, 1e-3, 1e-4, 1e-5])
def test_eigenvalues_behind_small_singular_values(weak, rank):
    """Products of snapshots alone would have errors of the square of the ratio of singular values."""
    X, _ = linear(1000, 60, weak)
    s = np.linalg.svd(X, compute_uv=False)
    assert s[5] / s[0] < weak
    model = DMD(rank).fit(X)
    assert len(model.eigs) == 6
    assert distance(model.eigs, EIGS) < 1e-10
    np.testing.assert_allclose(model.singular_values[:6], np.linalg.svd(X[:, :-1], compute_uv=False)[:6], rtol=1e-9)


def test_the_route_is_by_what_is_kept():
    X, _ = linear(1000, 60, 1e-4)
    assert DMD(4).fit(X).route == "gram"
    assert DMD(6).fit(X).route == "gram twice"
    assert DMD(0.99).fit(X).route == "gram"
    assert DMD().fit(X).route == "gram twice"
    assert DMD(6).fit(X[:50]).route == "direct"


@pytest.mark.parametrize(("n_space", "n_times"), [(400, 50), (30, 50), (30, 500)])
def test_noise_is_treated_as_by_the_definition(n_space, n_times):
    X, _ = linear(n_space, n_times)
    X = X + 0.1 * np.random.default_rng(1).normal(size=X.shape)
    for rank in (1, 4, 6, 12):
        assert distance(DMD(rank).fit(X).eigs, textbook(X, rank)) < 1e-9
    full = DMD().fit(X)
    assert len(full.eigs) == min(n_space, n_times - 1)
    assert distance(full.eigs, textbook(X, len(full.eigs))) < 1e-8


def test_a_fraction_of_the_squared_norm():
    X, _ = linear(200, 50)
    X = X + 0.1 * np.random.default_rng(1).normal(size=X.shape)
    squares = np.cumsum(np.linalg.svd(X[:, :-1], compute_uv=False) ** 2)
    for fraction in (0.5, 0.9, 0.999):
        rank = 1 + int(np.searchsorted(squares / squares[-1], fraction))
        assert len(DMD(fraction).fit(X).eigs) == rank


def test_real_snapshots_give_conjugate_pairs_to_the_bit():
    X = np.random.default_rng(0).normal(size=(300, 40))
    model = DMD(15).fit(X)
    first = np.flatnonzero(model.eigs.imag > 0)
    assert len(first) > 3
    assert np.array_equal(model.eigs[first + 1], model.eigs[first].conj())
    assert np.array_equal(model.modes[:, first + 1], model.modes[:, first].conj())
    assert np.array_equal(model.amplitudes[first + 1], model.amplitudes[first].conj())
    real = model.eigs.imag == 0
    assert len(model.eigs) == 2 * len(first) + real.sum()
    assert not model.modes[:, real].imag.any()
    assert not model.amplitudes[real].imag.any()


def test_modes_come_from_the_largest_amplitude_to_the_smallest():
    model = DMD(15).fit(np.random.default_rng(0).normal(size=(300, 40)))
    sizes = np.abs(model.amplitudes)
    assert np.all(np.diff(sizes) <= 1e-12 * sizes[0])


def test_modes_are_eigenvectors_of_the_step():
    rng = np.random.default_rng(2)
    A = rng.normal(size=(8, 8)) / 3
    states = [rng.normal(size=8)]
    for _ in range(30):
        states.append(A @ states[-1])
    model = DMD().fit(np.stack(states, axis=1))
    np.testing.assert_allclose(A @ model.modes, model.modes * model.eigs, rtol=0, atol=1e-8)


def test_exact_modes_are_in_the_span_of_the_successors_and_projected_ones_in_that_of_the_others():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(50, 9))
    for exact, span in ((True, X[:, 1:]), (False, X[:, :-1])):
        modes = DMD(5, exact=exact).fit(X).modes
        basis = np.linalg.qr(span)[0]
        np.testing.assert_allclose(basis @ (basis.T @ modes), modes, rtol=0, atol=1e-12)
    other = X[:, :-1]
    basis = np.linalg.qr(other)[0]
    exact = DMD(5).fit(X).modes
    assert np.abs(exact - basis @ (basis.T @ exact)).max() > 1e-3


def test_complex_snapshots():
    rng = np.random.default_rng(4)
    eigs = np.array([0.9 * np.exp(0.5j), 1.0 * np.exp(-1.1j), 0.7j])
    modes = rng.normal(size=(200, 3)) + 1j * rng.normal(size=(200, 3))
    X = modes @ eigs[:, None] ** np.arange(30)
    for given in (X, np.asfortranarray(X), X[:20]):
        model = DMD().fit(given)
        assert distance(model.eigs, eigs) < 1e-12
        assert len(model.eigs) == 3
        np.testing.assert_allclose(model.reconstruct(), given, rtol=0, atol=1e-11)


@pytest.mark.parametrize("kind", [np.float32, np.complex64])
def test_single_precision_is_kept(kind):
    X, _ = linear(2000, 60)
    X = X.astype(kind)
    model = DMD(6).fit(X)
    assert model.modes.dtype == model.eigs.dtype == model.amplitudes.dtype == np.complex64
    assert model.reconstruct().dtype == model.forecast(3).dtype == kind
    assert model.forecast(3, start="last").dtype == kind
    assert distance(model.eigs, EIGS) < 1e-5
    assert np.abs(model.reconstruct() - X).max() < 1e-4


def test_single_precision_is_multiplied_in_double():
    """Weak modes of single-precision data are found as well as the data hold them."""
    X, _ = linear(2000, 60, 1e-3)
    single = X.astype(np.float32)
    model = DMD(6).fit(single)
    assert model.route == "gram"
    assert distance(model.eigs, DMD(6).fit(single.astype(float)).eigs) < 2e-7


def test_amplitudes_are_best_for_all_snapshots():
    """Against least squares on the whole tall matrix."""
    X, _ = linear(80, 30)
    X = X + 0.3 * np.random.default_rng(5).normal(size=X.shape)
    model = DMD(7).fit(X)
    powers = model.eigs[:, None] ** np.arange(30)
    tall = (model.modes[:, None, :] * powers.T[None]).reshape(-1, 7)
    expected = np.linalg.lstsq(tall, X.ravel().astype(complex), rcond=None)[0]
    np.testing.assert_allclose(model.amplitudes, expected, rtol=0, atol=1e-10)
    first = DMD(7, fit_to="first").fit(X)
    order = [np.abs(first.eigs - value).argmin() for value in model.eigs]
    expected = np.linalg.lstsq(first.modes, X[:, 0].astype(complex), rcond=None)[0]
    np.testing.assert_allclose(first.amplitudes, expected, rtol=0, atol=1e-10)
    np.testing.assert_allclose(first.eigs[order], model.eigs, rtol=0, atol=1e-12)


def test_amplitudes_of_modes_that_decay_over_many_decades():
    eigs = np.array([1.0, 0.9, 0.3, 0.1])
    modes = np.random.default_rng(6).normal(size=(300, 4))
    X = modes @ eigs[:, None] ** np.arange(80)
    model = DMD(4).fit(X)
    order = [np.abs(model.eigs - value).argmin() for value in eigs]
    np.testing.assert_allclose((model.modes * model.amplitudes)[:, order], modes, rtol=0, atol=1e-9)


def test_growth_over_many_decades():
    eigs = np.array([1.8, 1.0])
    modes = np.random.default_rng(7).normal(size=(100, 2)) * np.array([1e-8, 1.0])
    X = modes @ eigs[:, None] ** np.arange(100)
    model = DMD(2).fit(X)
    assert distance(model.eigs[:1] if abs(model.eigs[0]) > 1.5 else model.eigs[1:], [1.8]) < 1e-12
    np.testing.assert_allclose(model.reconstruct(), X, rtol=0, atol=1e-12 * np.abs(X).max())


def test_rates_frequencies_and_forecast():
    x, t = np.linspace(0, 1, 300)[:, None], 0.25 * np.arange(80)
    wave = np.sin(2 * np.pi * (2 * x - 0.3 * t)) * np.exp(-0.05 * t)
    model = DMD(2).fit(wave[:, :60], dt=0.25)
    np.testing.assert_allclose(np.sort(model.frequencies), [-0.3, 0.3], atol=1e-12)
    np.testing.assert_allclose(model.growth_rates, -0.05, atol=1e-12)
    np.testing.assert_allclose(model.forecast(20), wave[:, 60:], rtol=0, atol=1e-11)
    np.testing.assert_allclose(model.forecast(20, start="last"), wave[:, 60:], rtol=0, atol=1e-11)
    np.testing.assert_allclose(model.forecast(20, start="first"), wave[:, 1:21], rtol=0, atol=1e-11)
    np.testing.assert_allclose(model.forecast(20, start=wave[:, 30]), wave[:, 31:51], rtol=0, atol=1e-11)
    assert model.forecast(0).shape == model.forecast(0, start="last").shape == (300, 0)


def test_several_trajectories_are_one_system():
    """Two trajectories that each hold half of the modes; a pair across their seam would be wrong."""
    rng = np.random.default_rng(8)
    modes = paired(rng, 200)
    parts = []
    for amplitudes, n_times in (([1, 1, 1, 0, 0, 0], 30), ([0, 0, 0, 1, 1, 1], 20), ([1, 1, 1, 1, 1, 1], 2)):
        parts.append(((modes * amplitudes) @ EIGS[:, None] ** np.arange(n_times)).real)
    for cut in (200, 20):
        model = DMD().fit([part[:cut] for part in parts])
        assert distance(model.eigs, EIGS) < 1e-11
        assert len(model.eigs) == 6
        assert model.n_snapshots == 30
        assert model.trajectory_amplitudes.shape == (3, 6)
        for row, part in zip(model.trajectory_amplitudes, parts, strict=True):
            again = (model.modes * row) @ model.eigs[:, None] ** np.arange(part.shape[1])
            np.testing.assert_allclose(again.real, part[:cut], rtol=0, atol=1e-10)


def test_a_mode_that_dies_at_once():
    """An eigenvalue of zero has no exact mode; its projected one is kept."""
    rng = np.random.default_rng(9)
    basis = np.linalg.qr(rng.normal(size=(40, 3)))[0]
    X = basis @ (np.array([0.8, 1.0, 0.0])[:, None] ** np.arange(20))
    model = DMD().fit(X)
    assert distance(model.eigs, [0.8, 1.0, 0.0]) < 1e-12
    np.testing.assert_allclose(np.linalg.norm(model.modes, axis=0), 1.0, rtol=1e-12)
    np.testing.assert_allclose(model.reconstruct(), X, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("n_space", "debias"), [(2, "total"), (2, "forward-backward"), (60, "total"),
                                                 (60, "forward-backward")])  # fmt: skip
def test_noise_no_longer_pulls_eigenvalues_inwards(n_space, debias):
    """A rotation seen through noise, over many draws (Dawson et al. 2016, section 4.1)."""
    rng = np.random.default_rng(10)
    t = np.arange(100)
    seen = np.linalg.qr(rng.normal(size=(n_space, 2)))[0] if n_space > 2 else np.eye(2)
    clean = seen @ np.stack([np.cos(0.6 * t), np.sin(0.6 * t)])
    plain, corrected = [], []
    for _ in range(60):
        X = clean + 0.2 * rng.normal(size=clean.shape)
        plain.append(np.abs(DMD(2).fit(X).eigs).mean())
        corrected.append(np.abs(DMD(2, debias=debias).fit(X).eigs).mean())
    bias, left = 1 - np.mean(plain), abs(1 - np.mean(corrected))
    assert bias > 0.05
    assert left < 0.05 * bias


@pytest.mark.parametrize("debias", ["total", "forward-backward"])
def test_debiasing_leaves_exact_systems_alone(debias):
    for n_space, n_times in ((6, 60), (300, 60)):
        X, _ = linear(n_space, n_times)
        model = DMD(6, debias=debias).fit(X)
        assert distance(model.eigs, EIGS) < 1e-10
        np.testing.assert_allclose(model.reconstruct(), X, rtol=0, atol=1e-8)


def test_roots_of_negative_eigenvalues_keep_their_side():
    """The root of a product has two signs for each eigenvalue; half a turn a step needs the negative one."""
    eigs = np.array([-0.9, 0.9, 0.8 * np.exp(2.8j), 0.8 * np.exp(-2.8j)])
    modes = paired(np.random.default_rng(11), 50, eigs)
    X = (modes @ eigs[:, None] ** np.arange(40)).real
    X = X + 1e-6 * np.random.default_rng(12).normal(size=X.shape)
    assert distance(DMD(4, debias="forward-backward").fit(X).eigs, eigs) < 1e-4
