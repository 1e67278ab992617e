"""Forced linear systems in delay coordinates: what is known of Lorenz-63, and systems whose answer is exact."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from fastsci.lowrank._hankel_response import response
from fastsci.lowrank.forced_delay import HAVOK, _derivatives

DT, DELAYS, RANK = 0.001, 100, 15  # of Brunton et al. 2017 for Lorenz-63


def lorenz63_slope(x, y, z):
    return 10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z


def lorenz63_x(count):
    """The variable x of Lorenz-63 from (-8, 8, 27), by RK4; on the attractor at once."""
    state, found = (-8.0, 8.0, 27.0), np.empty(count)
    for k in range(count):
        found[k] = state[0]
        a = lorenz63_slope(*state)
        b = lorenz63_slope(*(u + 0.5 * DT * s for u, s in zip(state, a, strict=True)))
        c = lorenz63_slope(*(u + 0.5 * DT * s for u, s in zip(state, b, strict=True)))
        d = lorenz63_slope(*(u + DT * s for u, s in zip(state, c, strict=True)))
        state = tuple(u + DT / 6 * (p + 2 * q + 2 * r + s) for u, p, q, r, s in zip(state, a, b, c, d, strict=True))
    return found


@pytest.fixture(scope="module")
def x():
    return lorenz63_x(60_000)


@pytest.fixture(scope="module")
def model(x):
    return HAVOK(DELAYS, RANK).fit(x, DT)


def test_lorenz63_is_close_to_skew_symmetric_and_tridiagonal(model):
    A = model.A
    size = np.linalg.norm(A)
    assert np.linalg.norm(A + A.T) < 0.03 * size
    assert np.linalg.norm(A - np.triu(np.tril(A, 1), -1)) < 0.03 * size
    # Entries beside the diagonal grow along it, and the forcing enters at the end of it alone.
    beside = np.abs(np.diag(A, 1))
    assert np.all(np.diff(beside) > 0)
    assert np.abs(model.B[-1, 0]) > 20 * np.abs(model.B[:-1, 0]).max()
    assert np.abs(model.eigs.real).max() < 0.03 * np.abs(model.eigs.imag).max()


def test_lorenz63_entries_are_those_of_the_frenet_serret_frame(model):
    # Hirsh et al. 2021: in a short window the left singular vectors are Legendre polynomials, so that s_j v_j is the
    # j-th derivative times what the polynomial of degree j holds of the power j.
    window, s = DELAYS * DT, model.singular_values
    order = np.arange(1, RANK - 1)
    expected = s[1 : RANK - 1] / s[: RANK - 2] * np.sqrt(4.0 * order**2 - 1.0) * 2.0 / window
    np.testing.assert_allclose(np.abs(np.diag(model.A, 1)), expected, rtol=0.1)


def test_lorenz63_forcing_has_long_tails_and_the_other_coordinates_have_not(model):
    assert model.kurtosis[0] > 10.0  # 3 if it were normal
    v = model.coordinates[0]
    assert np.mean((v - v.mean()) ** 4) / np.var(v) ** 2 < 3.0


def test_lorenz63_forcing_is_active_before_lobes_are_switched(x, model):
    ahead = round(0.5 / DT)
    active = np.concatenate((np.zeros(DELAYS - 1, bool), model.active(model.threshold(0.1))))
    switches = np.zeros(len(x), bool)
    switches[1:] = np.diff(np.sign(x)) != 0
    count = np.concatenate(([0], np.cumsum(switches)))
    now = np.arange(DELAYS, len(x) - ahead)
    soon = count[now + ahead + 1] > count[now + 1]
    assert switches.sum() >= 20
    assert soon[active[now]].mean() > 0.7
    assert soon[~active[now]].mean() < 0.2
    places = np.flatnonzero(switches)
    places = places[places > ahead + DELAYS]
    preceded = np.mean([active[place - ahead : place].any() for place in places])
    assert preceded > 0.8


def test_lorenz63_is_the_forced_linear_system(x, model):
    assert np.corrcoef(model.reconstruct()[0], x)[0, 1] > 0.999
    simulated = model.simulate(model.forcing)
    assert simulated.shape == (RANK - 1, len(x) - DELAYS + 1)
    assert np.linalg.norm(simulated[0] - model.coordinates[0]) < 0.05 * np.linalg.norm(model.coordinates[0])
    np.testing.assert_allclose(model.measured(model.coordinates)[0], x, atol=1e-9 * np.abs(x).max())
    assert model.explained.min() > 0.999


def test_coordinates_are_right_singular_vectors(x, model):
    few = HAVOK(30, 4).fit(x[:3000], DT)
    windows = np.lib.stride_tricks.sliding_window_view(x[:3000], 2971)
    left, values, right = np.linalg.svd(windows, full_matrices=False)
    signs = np.sign(np.sum(left[:, :4] * few.delay_modes[:, 0], axis=0))
    np.testing.assert_allclose(few.singular_values, values[:4], rtol=1e-11)
    np.testing.assert_allclose(few.coordinates, signs[:, None] * right[:4], atol=1e-11)
    np.testing.assert_allclose(model.coordinates[:10] @ model.coordinates[:10].T, np.eye(10), atol=1e-6)
    assert model.times[0] == pytest.approx((DELAYS - 1) * DT)
    assert len(model.times) == model.coordinates.shape[1]


def test_tones_have_as_many_coordinates_as_eigenvalues_and_errors_fall_with_the_step():
    errors = []
    for dt in (0.04, 0.02, 0.01):
        t = dt * np.arange(round(30.0 / dt))
        model = HAVOK(round(0.5 / dt), 6).fit(np.stack((np.cos(t) + np.cos(2.5 * t), np.sin(t + 1.0))), dt)
        assert len(model.singular_values) == 4  # a fifth coordinate is rounding alone
        simulated = model.simulate(model.forcing)
        errors.append(np.abs(simulated - model.coordinates[:3]).max() / np.abs(model.coordinates).max())
    # The forcing is straight between instants: of second order.
    assert errors[-1] < 1e-3
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 2.0, atol=0.2)


def test_derivatives_are_of_fourth_order():
    errors = []
    for dt in (0.1, 0.05, 0.025):
        t = dt * np.arange(round(10 / dt))
        errors.append(np.abs(_derivatives(np.sin(t)[None], dt)[0] - np.cos(t[2:-2])).max())
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 4.0, atol=0.05)


@pytest.mark.parametrize("count", [1, 2, 3, 50, 1001])
def test_response_is_exact_for_a_forcing_straight_between_instants(count):
    rng = np.random.default_rng(count)
    A, B = rng.normal(size=(3, 3)) - 1.5 * np.eye(3), rng.normal(size=(3, 2))
    forcing, start, dt = np.cumsum(rng.normal(size=(2, count)), axis=1), rng.normal(size=3), 0.05
    found = response(A, B, forcing, start, dt)
    assert found.shape == (3, count)
    times = dt * np.arange(count)
    state = start
    for k in range(min(count, 60)):
        np.testing.assert_allclose(found[:, k], state, atol=1e-7)
        if k + 1 < count:

            def slope(t, v, k=k):
                return A @ v + B @ (forcing[:, k] + (t - times[k]) / dt * (forcing[:, k + 1] - forcing[:, k]))

            state = solve_ivp(slope, (times[k], times[k + 1]), state, rtol=1e-10, atol=1e-10).y[:, -1]


def test_bursts_are_joined_across_gaps():
    t = np.arange(400.0)
    model = HAVOK(3, 3).fit(np.cos(0.3 * t) + np.random.default_rng(0).normal(size=400))
    active = np.zeros(398, bool)
    active[[0, 1, 2, 10, 11, 30, 397]] = True
    model.forcing = np.where(active, 5.0, 0.1)[None]
    assert model.bursts(1.0, gap=0).tolist() == [[0, 3], [10, 12], [30, 31], [397, 398]]
    assert model.bursts(1.0, gap=7).tolist() == [[0, 12], [30, 31], [397, 398]]
    assert model.bursts(1.0, gap=1000).tolist() == [[0, 398]]
    assert model.bursts(9.0).shape == (0, 2)
    assert model.active(1.0).tolist() == active.tolist()


def test_several_forcings_and_other_starts(x):
    model = HAVOK(60, 8, n_forcing=2).fit(x[:8000], DT)
    assert (model.A.shape, model.B.shape, model.forcing.shape) == ((6, 6), (6, 2), (2, 7941))
    again = model.simulate(model.forcing[:, 100:400], model.coordinates[:6, 100])
    np.testing.assert_allclose(again[:3], model.coordinates[:3, 100:400], atol=0.01 * np.abs(model.coordinates).max())


def test_what_happens_at_the_ends_alone_has_no_derivative():
    x = np.zeros(40)
    x[0], x[1] = 1.0, -0.7
    model = HAVOK(2, 3).fit(np.stack((x, x[::-1])))
    assert np.isfinite(model.A).all()
    assert np.isfinite(model.reconstruct()).all()


def test_threshold_is_exceeded_that_part_of_the_time(model):
    for fraction in (0.01, 0.2):
        assert model.active(model.threshold(fraction)).mean() == pytest.approx(fraction, abs=1e-3)


@pytest.mark.parametrize(
    ("given", "X", "error", "message"),
    [
        (HAVOK(0, 3), np.ones(30), ValueError, "delays: is 0"),
        (HAVOK(5, 3, n_forcing=0), np.ones(30), ValueError, "n_forcing: is 0"),
        (HAVOK(5, 1), np.arange(30.0), ValueError, "rank: 1 keeps 1 of the coordinates, expected more"),
        (HAVOK(5, 4), np.ones(30), ValueError, "rank: 4 keeps 1 of the coordinates, expected more"),
        (HAVOK(5, 4), np.zeros(30), ValueError, "rank: 4 keeps 0 of the coordinates, expected more"),
        (HAVOK(25, 3), np.ones(29), ValueError, "delays: is 25, but X holds 29 snapshots; expected at most 24"),
        (HAVOK(20, 8), np.random.default_rng(0).normal(size=28), ValueError, "X: 9 columns of 20 delays give 5"),
        (HAVOK(5, 3), 1j * np.ones(30), TypeError, "X: is complex"),
        (HAVOK(5, 3), np.full(30, np.inf), ValueError, "X: snapshot 0 holds inf"),
        (HAVOK(5, "all"), np.ones(30), TypeError, "rank: is 'all'"),
    ],
)
def test_errors_name_what_is_wrong(given, X, error, message):
    with pytest.raises(error, match=message):
        given.fit(X)


def test_errors_after_the_fit(model):
    with pytest.raises(ValueError, match="not fitted"):
        HAVOK(5, 3).reconstruct()
    with pytest.raises(ValueError, match=r"forcing: has shape \(2, 5\), expected \(1, m\)"):
        model.simulate(np.zeros((2, 5)))
    with pytest.raises(ValueError, match=r"start: has shape \(3,\), expected \(14,\)"):
        model.simulate(np.zeros(5), np.zeros(3))
    with pytest.raises(ValueError, match="coordinates: has shape"):
        model.measured(np.zeros((3, 5)))
    with pytest.raises(ValueError, match="fraction: is 2"):
        model.threshold(2)
    with pytest.raises(ValueError, match="gap: is -1"):
        model.bursts(gap=-1)


def test_agrees_with_pydmd(x):
    pydmd = pytest.importorskip("pydmd", reason="the peer is not installed")
    peer = pydmd.HAVOK(svd_rank=6, delays=40).fit(x[:4000], DT)
    ours = HAVOK(40, 6).fit(x[:4000], DT)
    signs = np.sign(np.sum(peer.modes[:, :6] * ours.delay_modes[:, 0], axis=0))
    turned = signs[:5, None] * peer.A * signs[:5]
    # The peer takes derivatives of lower order at the ends, ours leaves them out.
    np.testing.assert_allclose(ours.A, turned, atol=2e-2 * np.abs(peer.A).max())
    np.testing.assert_allclose(ours.forcing[0], signs[5] * peer.forcing[:, 0], atol=1e-8)
