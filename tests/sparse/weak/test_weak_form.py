"""The weak form of ordinary equations: what it recovers, from how much noise, and what it refuses."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.libraries import PolynomialLibrary
from fastsci.sparse.mstls import MSTLS
from fastsci.sparse.sindy import SINDy
from fastsci.sparse.weak import WeakForm

LIBRARY = PolynomialLibrary(degree=2)
NAMES = LIBRARY.feature_names(["x", "y", "z"])
TERMS = {"x": {"x": -10.0, "y": 10.0}, "y": {"x": 28.0, "y": -1.0, "x z": -1.0}, "z": {"z": -8 / 3, "x y": 1.0}}
TRUE = np.array([[terms.get(name, 0.0) for name in NAMES] for terms in TERMS.values()])


def lorenz(times, start=(-8.0, 7.0, 27.0)):
    def slope(t, state):
        x, y, z = state
        return [10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]

    times = np.asarray(times)
    span = (0.0, times[-1])
    return solve_ivp(slope, span, start, t_eval=times, rtol=1e-12, atol=1e-12, method="DOP853").y.T


@pytest.fixture(scope="module")
def orbit():
    """20 units of time, 40,000 samples."""
    times = 5e-4 * np.arange(40_000)
    return times, lorenz(times)


def noisy(states, share, seed):
    """Normal errors of a share of the root mean square of all states."""
    return states + share * np.sqrt(np.mean(states**2)) * np.random.default_rng(seed).normal(size=states.shape)


def coefficients(trajectories, times, form=None, controls=None, library=LIBRARY):
    G, b = (WeakForm() if form is None else form).equations(library, trajectories, times, controls)
    return MSTLS()._solve(NormalEquations.of(G, b))


def errors(coef):
    """Largest relative error of a coefficient that is not zero, and of all by their length."""
    kept = TRUE != 0
    return np.max(np.abs(coef / np.where(kept, TRUE, 1.0) - 1)[kept]), np.linalg.norm(coef - TRUE) / np.linalg.norm(
        TRUE
    )


def test_lorenz_without_noise_is_exact(orbit):
    times, states = orbit
    coef = coefficients([states], [times])
    np.testing.assert_array_equal(coef != 0, TRUE != 0)
    assert errors(coef)[0] < 1e-9


def test_lorenz_from_10_000_samples_with_one_percent_of_noise(orbit):
    """The coefficient of y in its own equation, whose share is least, is the largest of the relative errors."""
    times, states = orbit[0][::4], orbit[1][::4]
    found = []
    for seed in range(20):
        coef = coefficients([noisy(states, 0.01, seed)], [times])
        np.testing.assert_array_equal(coef != 0, TRUE != 0)
        found.append(errors(coef))
    largest, whole = np.array(found).T
    assert np.max(whole) < 1e-2
    assert np.median(largest) < 1e-2


@pytest.mark.slow
def test_support_of_lorenz_with_ten_percent_of_noise(orbit):
    """20 units of time, about 25 turns, 40,000 samples."""
    times, states = orbit
    right = sum(
        np.array_equal(coefficients([noisy(states, 0.1, seed)], [times]) != 0, TRUE != 0) for seed in range(100)
    )
    assert right >= 95


def test_sindy_takes_the_form(orbit):
    times, states = orbit
    model = SINDy(LIBRARY, MSTLS(), weak=WeakForm()).fit(noisy(states, 0.01, 0)[::4], t=times[::4])
    np.testing.assert_array_equal(model.coef_ != 0, TRUE != 0)


def test_equations_hold_for_the_true_coefficients(orbit):
    times, states = orbit
    G, b = WeakForm(half_width=200).equations(LIBRARY, [states], [times])
    assert G.shape == (len(b), len(NAMES))
    np.testing.assert_allclose(G @ TRUE.T, b, atol=1e-9 * np.abs(b).max())


def test_order_of_trajectories_changes_no_more_than_rounding(orbit):
    times, states = orbit
    parts = [states[:9000], states[9000:12000], states[15000:]]
    clocks = [times[: len(part)] for part in parts]
    straight = coefficients(parts, clocks)
    turned = coefficients(parts[::-1], clocks[::-1])
    np.testing.assert_allclose(turned, straight, rtol=1e-9)


def test_equations_of_one_trajectory_do_not_depend_on_the_others(orbit):
    _, states = orbit
    form = WeakForm(half_width=100, stride=40)
    both = form.equations(LIBRARY, [states[:5000], states[5000:7001]], [5e-4, 5e-4])
    alone = [form.equations(LIBRARY, [part], [5e-4]) for part in (states[:5000], states[5000:7001])]
    for index in (0, 1):
        np.testing.assert_array_equal(both[index], np.concatenate([one[index] for one in alone]))


def test_uneven_times_are_integrated_with_second_order():
    def error(n):
        rng = np.random.default_rng(0)
        times = np.linspace(0.0, 8.0, n)
        times[1:-1] += rng.uniform(-0.3, 0.3, n - 2) * times[1]
        states = lorenz(times)
        return errors(coefficients([states], [times], WeakForm(half_width=n // 40, stride=n // 160)))[0]

    coarse, fine = error(4001), error(16001)
    assert fine < 1e-3
    assert coarse / fine > 6.0  # a quarter of the step


def test_controls_are_inputs_of_the_library():
    times = np.linspace(0.0, 10.0, 2001)
    push = np.sin(1.7 * times)
    decay = solve_ivp(lambda t, s: [-s[0] + 2 * np.sin(1.7 * t)], (0, 10), [0.5], t_eval=times, rtol=1e-11, atol=1e-12)
    coef = coefficients([decay.y.T], [times], controls=[push[:, None]], library=PolynomialLibrary(degree=1))
    np.testing.assert_allclose(coef, [[0.0, -1.0, 2.0]], atol=1e-7)


def test_float32_read_only_and_strided_samples_are_taken(orbit):
    _, states = orbit
    wide = np.zeros((20_000, 6), np.float32)
    wide[:, ::2] = states[:20_000]
    view = wide[:, ::2]
    view.flags.writeable = False
    form = WeakForm(half_width=200)
    found = form.equations(LIBRARY, [view], [5e-4])
    wanted = form.equations(LIBRARY, [np.ascontiguousarray(view, np.float64)], [5e-4])
    np.testing.assert_array_equal(found[0], wanted[0])
    np.testing.assert_array_equal(found[1], wanted[1])


def test_a_constant_trajectory_has_the_zero_model():
    """All columns are then multiples of the constant, and the left side is zero."""
    coef = coefficients([np.full((500, 3), 2.0)], [0.01])
    np.testing.assert_allclose(coef, 0.0, atol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "form", "message"),
    [
        (([np.zeros((4, 1))], [0.1]), WeakForm(), r"X\[0\]: has 4 samples, expected at least 5"),
        (([np.zeros((40, 1))], [0.1]), WeakForm(half_width=30), "has 40 samples, expected at least 61.*half_width"),
        (([np.zeros((99, 1)), np.zeros((9, 1))], [1, 1]), WeakForm(half_width=20), r"X\[1\]: has 9 samples"),
        (([np.zeros((9, 1))], [np.r_[0.0:8.0, 7.0]]), WeakForm(), r"t\[0\]: goes from 7 to 7 at index 8"),
        (([np.zeros((9, 1))], [np.zeros(8)]), WeakForm(), r"t\[0\]: has shape \(8,\), expected \(9,\)"),
        (([np.zeros((9, 1))], [0.1, 0.1]), WeakForm(), "times: has 2 entries, expected 1"),
        (([np.zeros((9, 1))], [0.1], [np.zeros((8, 1))]), WeakForm(), r"controls\[0\]: has 8 rows, expected 9"),
        (([np.zeros((9, 1))], [0.1], []), WeakForm(), "controls: has 0 entries, expected 1"),
        (([], []), WeakForm(), "trajectories: has 0 entries, expected at least 1"),
        (([np.full((99, 1), 1e200)], [0.1]), WeakForm(), r"library: its term x0\^2 is not finite"),
        (([np.zeros((9, 1))], [-0.1]), WeakForm(), r"t\[0\]: is -0.1, expected a positive spacing"),
        (([np.array([[0.0]] * 7 + [[np.nan]])], [0.1]), WeakForm(), r"X\[0\]: row 7 is \[nan\]"),
        (([np.zeros((99, 1))], [0.1]), WeakForm(half_width=1), "half_width: is 1, expected an integer of at least 2"),
        (([np.zeros((99, 1))], [0.1]), WeakForm(half_width=4.5), "half_width: is 4.5"),
        (([np.zeros((99, 1))], [0.1]), WeakForm(half_width=[3, 4]), "half_width: is .*, expected an integer or 1"),
        (([np.zeros((99, 1))], [0.1]), WeakForm(stride=0), "stride: is 0"),
        (([np.zeros((99, 1))], [0.1]), WeakForm(test_function_order=1), "test_function_order: is 1, .* at least 2"),
        (([np.zeros((99, 1))], [0.1]), WeakForm(tolerance=2.0), "tolerance: is 2.0"),
        (([np.zeros((99, 1))], [0.1]), WeakForm(deviations=-1), "deviations: is -1"),
    ],
)
def test_what_cannot_be_is_named(arguments, form, message):
    with pytest.raises(ValueError, match=message):
        form.equations(LIBRARY, *arguments)
