"""float32 over a million steps: what the digits carried beside the state are worth."""

import numpy as np

import fastsci

END, STEPS = 1e4, 1_000_000


def circle(t, u, p):
    x, v = u
    return v, -x


def lorenz(t, u, p):
    x, y, z = u
    return 10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z


def error(**options):
    given = {"dt": END / STEPS, "dtype": "float32", **options}
    result = fastsci.solve_ensemble(circle, (0.0, END), [1.0, 0.0], **given)
    assert result.success.all()
    return np.abs(result.y_final[0] - [np.cos(END), -np.sin(END)]).max()


def test_a_million_steps_around_the_circle():
    """1,600 turns: 8e-5 where the plain sum is wrong by 5e-4, and the method itself by 2e-6."""
    assert error(compensated=True) < 1.2e-4 < error()


def test_many_tiny_steps_do_not_lose_the_state():
    """A step of a hundred-thousandth: without compensation what a step adds is mostly rounded away."""
    y0, dt = [1.0, 2.0, 20.0], 1e-5
    exact = fastsci.solve_ensemble(lorenz, (0.0, 1.0), y0, method="DOP853", rtol=1e-12, atol=1e-12).y_final
    plain, carried = (
        np.abs(
            fastsci.solve_ensemble(lorenz, (0.0, 1.0), y0, dt=dt, dtype="float32", compensated=kept).y_final - exact
        ).max()
        for kept in (False, True)
    )
    assert carried < 2e-5
    assert carried < 0.2 * plain


def test_long_states_are_compensated_too():
    def ring(t, u, p, du):
        for i in range(len(u)):
            du[i] = u[(i + 1) % len(u)] - u[i - 1]

    y0 = np.sin(np.arange(20) * 2 * np.pi / 20)
    exact = fastsci.solve_ensemble(ring, (0.0, 10.0), y0, method="DOP853", rtol=1e-12, atol=1e-12).y_final
    plain, carried = (
        np.abs(
            fastsci.solve_ensemble(ring, (0.0, 10.0), y0, dt=1e-3, dtype="float32", compensated=kept).y_final - exact
        ).max()
        for kept in (False, True)
    )
    assert carried < 0.5 * plain
