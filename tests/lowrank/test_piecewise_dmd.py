"""DMD in windows: on reaction-diffusion fields that defeat one DMD, and where windows ought to be."""

import numpy as np
import pytest

from fastsci.lowrank.dmd import DMD
from fastsci.lowrank.piecewise_dmd import PiecewiseDMD

DT = 0.1


def laplacian(u, h):
    """Of a field with no flux through its edges."""
    p = np.pad(u, 1, mode="edge")
    return (p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4.0 * u) / h**2


def snapshots_of(slope, u, v, dt, every, count):
    """Snapshots of two fields, one below the other, every few steps of RK4."""
    state, found = np.stack((u, v)), []
    for step in range(every * count):
        if step % every == 0:
            found.append(state.ravel())
        a = slope(state)
        b = slope(state + 0.5 * dt * a)
        c = slope(state + 0.5 * dt * b)
        state = state + dt / 6.0 * (a + 2.0 * b + 2.0 * c + slope(state + dt * c))
    return np.array(found).T


@pytest.fixture(scope="module")
def spirals():
    """The lambda-omega system, lambda = 1 - r^2 and omega = -r^2, on [-10, 10]^2, from one arm of a spiral."""
    line = np.linspace(-10.0, 10.0, 32)
    x, y = np.meshgrid(line, line)
    radius, angle = np.hypot(x, y), np.arctan2(y, x)

    def slope(state):
        u, v = state
        square = u**2 + v**2
        turning = np.stack(((1.0 - square) * u + square * v, (1.0 - square) * v - square * u))
        return 0.1 * np.stack((laplacian(u, line[1] - line[0]), laplacian(v, line[1] - line[0]))) + turning

    return snapshots_of(
        slope, np.tanh(radius) * np.cos(angle - radius), np.tanh(radius) * np.sin(angle - radius), 0.05, 2, 400
    )


@pytest.fixture(scope="module")
def relaxation():
    """FitzHugh-Nagumo, u' = lap u + u - u^3/3 - v, v' = 0.08 u, on [0, 100]^2: waves of relaxation oscillations."""
    line = np.linspace(0.0, 100.0, 32)
    x, y = np.meshgrid(line, line)

    def slope(state):
        u, v = state
        return np.stack((laplacian(u, line[1] - line[0]) + u - u**3 / 3.0 - v, 0.08 * u))

    return snapshots_of(slope, np.where(x < 50, 1.0, -1.0), np.where(y < 50, 0.5, -0.5), 0.1, 5, 400)


@pytest.mark.parametrize("name", ["spirals", "relaxation"])
def test_error_is_far_below_that_of_one_dmd_and_falls_with_the_windows(name, request):
    X = request.getfixturevalue(name)
    rank = 20
    errors = [PiecewiseDMD(n, rank=rank).fit(X, DT).error for n in (1, 2, 4, 8, 16)]
    with np.errstate(over="ignore"):  # one DMD may grow without bound
        one = np.linalg.norm(X - DMD(rank).fit(X, DT).reconstruct()) / np.linalg.norm(X)
    # Modes fitted to all snapshots are no worse than exact ones, so that one window is the stricter rival.
    assert errors[0] <= one * (1.0 + 1e-6)
    assert errors[-1] < errors[0] / 10.0
    falling = [error for error in errors if error > 1e-11]  # below it rounding is all there is
    assert np.all(np.diff(falling) < 0)
    assert len(falling) >= 3


def test_no_rank_of_one_dmd_reaches_windows_on_relaxation_oscillations(relaxation):
    X = relaxation
    windows = PiecewiseDMD(16, rank=20).fit(X, DT).error
    one = []
    for rank in (5, 10, 20, 40, 80, 160):
        model = DMD(rank, fit_to="first").fit(X, DT)
        with np.errstate(over="ignore", invalid="ignore"):
            one.append(np.linalg.norm(X - model.reconstruct()) / np.linalg.norm(X))
    assert windows < min(one) / 10.0


@pytest.mark.parametrize("tol", [1e-1, 1e-2, 3e-3])
def test_tolerance_is_met_by_few_windows(relaxation, tol):
    X = relaxation
    model = PiecewiseDMD(tol=tol, rank=15, shortest=8).fit(X, DT)
    assert model.error <= tol
    assert model.window_errors.max() <= tol
    even = next(n for n in range(1, 51) if PiecewiseDMD(n, rank=15, shortest=8).fit(X, DT).window_errors.max() <= tol)
    assert len(model.pieces) <= 2 * even
    again = np.linalg.norm(X - model.reconstruct()) / np.linalg.norm(X)
    assert model.error == pytest.approx(again)
    np.testing.assert_allclose(
        model.errors, np.linalg.norm(X - model.reconstruct(), axis=0) / np.linalg.norm(X, axis=0), rtol=1e-6
    )


def test_windows_are_halved_where_the_error_is():
    t = DT * np.arange(320)
    phase = np.where(t < 24.0, t, 24.0 + 4.0 * (t - 24.0))  # the change is at snapshot 240
    X = np.stack((np.cos(phase), np.sin(phase)))
    model = PiecewiseDMD(tol=1e-9, rank=2).fit(X, DT)
    assert model.edges.tolist() == [0, 160, 240, 320]
    for piece, omega in zip(model.pieces, (1.0, 1.0, 4.0), strict=True):
        np.testing.assert_allclose(np.sort(piece.rates.imag), [-omega, omega], atol=1e-9)
    np.testing.assert_allclose(model.forecast(10)[0], np.cos(24.0 + 4.0 * (DT * np.arange(320, 330) - 24.0)), atol=1e-8)


def test_windows_too_short_to_be_halved_are_told_of():
    X = np.random.default_rng(0).normal(size=(30, 40))
    with pytest.warns(UserWarning, match=r"tol: is 0.01, missed by 4 of 4 windows too short"):
        model = PiecewiseDMD(tol=0.01, rank=2).fit(X)
    assert model.edges.tolist() == [0, 10, 20, 30, 40]


def test_full_rank_windows_hold_all_snapshots_but_the_last():
    # As many modes as there are steps pass through every snapshot but for what the last one adds.
    X = np.random.default_rng(1).normal(size=(50, 24))
    model = PiecewiseDMD(4, shortest=5).fit(X)
    assert [len(piece.eigs) for piece in model.pieces] == [5, 5, 5, 5]
    assert PiecewiseDMD(12, shortest=2).fit(X).error < 1.0


def test_overlapping_windows_pass_into_one_another():
    t = DT * np.arange(100)
    X = np.stack((np.cos(t + 0.05 * t**2), np.sin(t + 0.05 * t**2)))
    apart, joined = (PiecewiseDMD(5, rank=2, overlap=overlap).fit(X, DT) for overlap in (0, 8))
    assert joined.edges.tolist() == apart.edges.tolist() == [0, 20, 40, 60, 80, 100]
    assert [(piece.start, piece.stop) for piece in joined.pieces] == [(0, 28), (20, 48), (40, 68), (60, 88), (80, 100)]

    found, share = joined.reconstruct(), np.arange(1, 9) / 9.0
    for one, next_one in zip(joined.pieces[:-1], joined.pieces[1:], strict=True):
        mixed = (1.0 - share) * one.reconstruct()[:, -8:] + share * next_one.reconstruct()[:, :8]
        np.testing.assert_allclose(found[:, next_one.start : one.stop], mixed, atol=1e-14)
    # Where windows agree, their mixture is what both say.
    same = PiecewiseDMD(5, rank=2, overlap=8).fit(np.stack((np.cos(t), np.sin(t))), DT)
    np.testing.assert_allclose(same.reconstruct(), np.stack((np.cos(t), np.sin(t))), atol=1e-12)


def test_pieces_are_sums_of_modes(spirals):
    model = PiecewiseDMD(4, rank=9).fit(spirals, DT)
    for piece in model.pieces:
        window = spirals[:, piece.start : piece.stop]
        powers = piece.eigs[:, None] ** np.arange(piece.n_snapshots)
        found = ((piece.modes * piece.amplitudes) @ powers).real
        assert np.linalg.norm(window - found) / np.linalg.norm(window) == pytest.approx(piece.error, rel=1e-6)
        np.testing.assert_allclose(np.linalg.norm(piece.modes, axis=0), 1.0, rtol=1e-10)
        assert np.all(np.diff(np.abs(piece.amplitudes)) <= 1e-12)
        # No other modes of these eigenvalues are nearer to the window.
        best = window @ np.linalg.pinv(powers) @ powers
        assert piece.error == pytest.approx(np.linalg.norm(window - best) / np.linalg.norm(window), rel=1e-6)


def test_linear_systems_need_one_window():
    rng = np.random.default_rng(4)
    A = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    states = [rng.normal(size=6)]
    for _ in range(63):
        states.append(A @ states[-1])
    X = rng.normal(size=(40, 6)) @ np.array(states).T
    model = PiecewiseDMD(tol=1e-9).fit(X)
    assert len(model.pieces) == 1
    true = np.linalg.eigvals(A)
    assert np.abs(model.pieces[0].eigs[:, None] - true).min(axis=0).max() < 1e-10
    assert model.error < 1e-12


def test_complex_single_zero_and_short():
    t = np.arange(40)
    X = np.outer([1.0, 2.0j, -1.0], np.exp(0.3j * t))
    model = PiecewiseDMD(2).fit(X)
    assert model.reconstruct().dtype == np.complex128
    np.testing.assert_allclose(model.reconstruct(), X, atol=1e-12)
    single = PiecewiseDMD(2, rank=2).fit(np.stack((np.cos(0.3 * t), np.sin(0.3 * t))).astype(np.float32))
    assert single.error < 1e-6
    zero = PiecewiseDMD(3).fit(np.zeros((4, 40)))
    assert zero.error == 0.0
    assert np.array_equal(zero.reconstruct(), np.zeros((4, 40)))
    assert np.array_equal(zero.errors, np.zeros(40))
    assert np.array_equal(zero.forecast(2), np.zeros((4, 2)))
    pair = PiecewiseDMD().fit(np.array([[1.0, 0.5]]))
    np.testing.assert_allclose(pair.forecast(2), [[0.25, 0.125]])
    wild = PiecewiseDMD(2, rank=1, shortest=2).fit(np.array([[1e-200, 1e150, 1.0, 1e-150]]))
    assert np.isfinite(wild.reconstruct()).all()
    huge = PiecewiseDMD(2).fit(1e300 * np.stack((np.cos(t), np.sin(t))))
    assert huge.error < 1e-12


@pytest.mark.parametrize(
    ("model", "X", "error", "message"),
    [
        (PiecewiseDMD(0), np.ones((2, 40)), ValueError, "n_windows: is 0"),
        (PiecewiseDMD(1.5), np.ones((2, 40)), TypeError, "n_windows: is 1.5"),
        (PiecewiseDMD(5), np.ones((2, 40)), ValueError, "n_windows: is 5, which leaves 8 of 40 .* at most 4"),
        (PiecewiseDMD(shortest=1), np.ones((2, 40)), ValueError, "shortest: is 1"),
        (PiecewiseDMD(overlap=10), np.ones((2, 40)), ValueError, "overlap: is 10, expected from 0 to below"),
        (PiecewiseDMD(overlap=-1), np.ones((2, 40)), ValueError, "overlap: is -1"),
        (PiecewiseDMD(overlap=1.0), np.ones((2, 40)), TypeError, "overlap: is 1.0"),
        (PiecewiseDMD(tol=0.0), np.ones((2, 40)), ValueError, "tol: is 0.0"),
        (PiecewiseDMD(tol="tight"), np.ones((2, 40)), ValueError, "tol: is 'tight'"),
        (PiecewiseDMD(rank=-1), np.ones((2, 40)), ValueError, "rank: is -1"),
        (PiecewiseDMD(), np.ones((2, 1)), ValueError, "X: holds 1 snapshots"),
        (PiecewiseDMD(), np.full((2, 40), np.nan), ValueError, "X: snapshot 0 holds nan"),
    ],
)
def test_errors_name_what_is_wrong(model, X, error, message):
    with pytest.raises(error, match=message):
        model.fit(X)


def test_not_fitted():
    with pytest.raises(ValueError, match="not fitted"):
        PiecewiseDMD().reconstruct()
    with pytest.raises(ValueError, match="not fitted"):
        PiecewiseDMD().forecast(3)
