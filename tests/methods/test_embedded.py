"""The generated attempts and interpolants, which are plain Python, run on plain numbers."""

from __future__ import annotations

import math
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from scipy.integrate import DOP853, RK23, RK45

from fastsci_kernels.methods import embedded
from fastsci_kernels.methods.catalogue import TABLEAUS

every_method = pytest.mark.parametrize("tableau", TABLEAUS.values(), ids=TABLEAUS)
every_pair = pytest.mark.parametrize("tableau", [t for t in TABLEAUS.values() if t.pair], ids=lambda t: t.name)


def flat(tableau, rhs, dim, compensated=False):
    """The functions that the text for states in registers defines."""
    space = {"rhs": rhs}
    exec(embedded.flat_attempt(tableau, dim, compensated) + embedded.flat_interpolant(tableau, dim), space)
    return SimpleNamespace(attempt=space["attempt"], interpolant=space["interpolant"])


def twisted(t, u, p):
    """Nonlinear, non-autonomous, solved by exp(sin t) and exp(cos t)."""
    x, y = u
    sin, cos = mpmath.sin(t), mpmath.cos(t)
    away = x * y - mpmath.exp(sin + cos)
    return x * cos + away, away - y * sin


def twisted_exact(t):
    return mpmath.exp(mpmath.sin(t)), mpmath.exp(mpmath.cos(t))


def value(u, q, theta):
    return [start + sum(column[i] * theta ** (m + 1) for m, column in enumerate(q)) for i, start in enumerate(u)]


def one_step(tableau, h, start=0.3):
    """Errors of the step, of its estimate and of dense output, after one step from the exact solution."""
    t, h, zero = mpmath.mpf(start), mpmath.mpf(h), mpmath.mpf(0)
    text = flat(tableau, twisted, 2)
    u = twisted_exact(t)
    k0 = twisted(t, u, ())
    v, carried, k_next, error, data = text.attempt(t, u, (), (), h, k0, zero, (1, 1))
    assert carried == ()
    q = text.interpolant(t, u, (), h, v, k0, k_next, data)
    assert len(q) == embedded.degree(tableau)
    between = [
        abs(a - b)
        for theta in (0.15, 0.4, 0.65, 0.9)
        for a, b in zip(value(u, q, mpmath.mpf(theta)), twisted_exact(t + theta * h), strict=True)
    ]
    last = max(abs(a - b) for a, b in zip(v, twisted_exact(t + h), strict=True))
    return last, mpmath.sqrt(error), max(between)


# Smallest steps at which the error of the step, its estimate, and dense output stand clear of the rounding of the
# coefficients to float64; the last element names what no step size shows: there the leading error term is so small
# that those behind it rule until rounding does, and only "no worse than claimed" can be seen.
FINEST = {
    "DormandPrince5": (0.00625, 0.00625, 0.00625, ""),
    "Tsit5": (0.05, 0.003, 0.003, "step"),
    "DOP853": (0.05, 0.05, 0.035, ""),
    "Verner6": (0.05, 0.025, 0.05, "step, dense output"),
    "Verner7": (0.025, 0.025, 0.035, "dense output"),
    "Verner9": (0.05, 0.035, 0.15, "dense output"),
}


@every_method
def test_errors_fall_with_the_orders_that_the_method_claims(tableau):
    *finest, hidden = FINEST.get(tableau.name, (0.003, 0.003, 0.003, ""))
    claims = tableau.order + 1, tableau.pair.error_order + 1 if tableau.pair else 0, tableau.dense_order + 1
    for place, (what, size, claim) in enumerate(zip(("step", "estimate", "dense output"), finest, claims, strict=True)):
        with mpmath.workdps(30):
            starts = [0.77 * start for start in range(8)]
            sizes = [size, 1.4 * size]
            errors = [[one_step(tableau, h, start)[place] for start in starts] for h in sizes]
            coarse_to_fine = [mpmath.sqrt(sum(error * error for error in row)) for row in errors]
        if claim == 0:
            assert coarse_to_fine == [0, 0]
            continue
        slope = float(mpmath.log(coarse_to_fine[1] / coarse_to_fine[0]) / math.log(1.4))
        assert slope > claim - 0.1, what
        if what not in hidden:
            assert slope < claim + 0.1, what


def lotka(t, u, p):
    x, y = u
    return x * (1.1 - 0.4 * y) + 0.1 * math.sin(t), y * (0.1 * x - 0.4)


@pytest.mark.parametrize(
    ("name", "solver", "h"),
    [("BogackiShampine3", RK23, 0.25), ("DormandPrince5", RK45, 0.25), ("DOP853", DOP853, 1.0)],
)
def test_one_step_is_that_of_scipy(name, solver, h):
    tableau, rtol, atol = TABLEAUS[name], 1e-3, 1e-4
    start = np.array([2.0, 1.5])
    theirs = solver(lambda t, y: np.array(lotka(t, y, ())), 0.5, start, 5.0, first_step=h, rtol=rtol, atol=atol)
    theirs.step()
    assert theirs.t == 0.5 + h
    scale = atol + rtol * np.maximum(np.abs(start), np.abs(theirs.y))
    norm = theirs._estimate_error_norm(theirs.K, h, scale)

    text = flat(tableau, lotka, 2)
    u = tuple(start)
    k0 = lotka(0.5, u, ())
    v, _, k_next, error, data = text.attempt(0.5, u, (), (), h, k0, rtol, (atol, atol))
    q = text.interpolant(0.5, u, (), h, v, k0, k_next, data)
    np.testing.assert_allclose(v, theirs.y, rtol=1e-13)
    np.testing.assert_allclose(k_next, theirs.f, rtol=1e-13)
    # The estimate is what is left of slopes near one: what is 1e-13 of them is more of it.
    assert math.sqrt(error) == pytest.approx(norm, rel=1e-10)
    assert norm > 1e-6
    dense = theirs.dense_output()
    for theta in np.linspace(0.0, 1.0, 11):
        np.testing.assert_allclose(value(u, q, theta), dense(0.5 + theta * h), rtol=1e-13)


@every_method
def test_slopes_are_evaluated_once_and_where_the_method_says(tableau):
    times = []

    def rhs(t, u, p):
        times.append(t)
        return lotka(t, u, p)

    text = flat(tableau, rhs, 2)
    u, h = (2.0, 1.5), 0.25
    k0 = lotka(0.5, u, ())
    v, _, k_next, _, data = text.attempt(0.5, u, (), (), h, k0, 1e-6, (1e-6, 1e-6))
    assert len(times) == embedded.evaluations(tableau) <= tableau.stages
    np.testing.assert_allclose(times[:-1], [0.5 + h * float(c) for c in tableau.c[1 : len(times)]], rtol=1e-15)
    assert times[-1] == 0.5 + h
    assert k_next == lotka(0.5 + h, v, ())
    times.clear()
    text.interpolant(0.5, u, (), h, v, k0, k_next, data)
    extra = tableau.pair.extra_c if tableau.pair else ()
    np.testing.assert_allclose(times, [0.5 + h * float(c) for c in extra], rtol=1e-15)


@every_method
def test_the_interpolant_has_values_and_slopes_of_both_ends(tableau):
    text = flat(tableau, lotka, 2)
    u, h = (2.0, 1.5), 0.25
    k0 = lotka(0.5, u, ())
    v, _, k_next, _, data = text.attempt(0.5, u, (), (), h, k0, 1e-6, (1e-6, 1e-6))
    q = text.interpolant(0.5, u, (), h, v, k0, k_next, data)
    # Verner6 has weights near 1e5, whose rounding stays.
    tolerance = 1e-9 if tableau.name == "Verner6" else 1e-11
    np.testing.assert_allclose(value(u, q, 1.0), v, rtol=tolerance)
    np.testing.assert_allclose(q[0], np.multiply(h, k0), rtol=1e-14)
    ascent = sum(np.multiply(power, column) for power, column in enumerate(q, start=1))
    np.testing.assert_allclose(ascent, np.multiply(h, k_next), rtol=tolerance)


@every_method
@pytest.mark.parametrize("compensated", [False, True])
def test_long_states_take_the_step_of_flat_ones_bit_for_bit(tableau, compensated):
    dim, t, h, rtol = 3, 0.2, 0.1, 1e-7

    def tied(t, u, p):
        return tuple(p * math.sin(u[i - 1]) - u[i] * math.cos(t) for i in range(dim))

    def tied_in_place(t, u, p, du):
        du[:] = tied(t, u, p)

    u, c, p, atol = (0.3, -1.2, 2.5), (1e-17, -2e-17, 3e-17), 0.9, (1e-8, 1e-7, 1e-6)
    k0 = tied(t, u, p)
    text = flat(tableau, tied, dim, compensated)
    v, c_next, k_next, error, data = text.attempt(t, u, c if compensated else (), p, h, k0, rtol, atol)
    q = text.interpolant(t, u, p, h, v, k0, k_next, data)

    space = {"rhs": tied_in_place}
    exec(embedded.long_attempt(tableau, dim, compensated) + embedded.long_interpolant(tableau, dim), space)
    names = embedded.attempt_buffers(tableau)
    buffers = [[math.nan] * dim for _ in names]
    long_v, long_c, long_k = ([math.nan] * dim for _ in range(3))
    long_q = [math.nan] * (dim * embedded.degree(tableau))
    ends = (long_v, long_c, long_k)
    assert space["attempt"](t, u, c, p, h, k0, rtol, atol, *ends, *buffers) == error
    assert (tuple(long_v), tuple(long_k)) == (v, k_next)
    if compensated:
        assert tuple(long_c) == c_next
        assert any(digits != 0.0 for digits in c_next)
    space["interpolant"](t, u, p, h, long_v, k0, long_k, long_q, *buffers)
    assert long_q == [number for column in q for number in column]


@pytest.mark.parametrize("name", ["Euler", "RK4", "DormandPrince5", "Verner7"])
def test_carried_digits_keep_a_sum_of_a_hundred_thousand_steps(name):
    ends = []
    for compensated in (False, True):
        text = flat(TABLEAUS[name], lambda t, u, p: (1.0,), 1, compensated)
        u, c = (0.0,), (0.0,) if compensated else ()
        for step in range(100_000):
            u, c, *_ = text.attempt(0.1 * step, u, c, (), 0.1, (1.0,), 1.0, (1.0,))
        ends.append(abs(u[0] - 10_000.0))
    plain, carried = ends
    assert carried <= 4e-12 < 1e-10 < plain


@every_method
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_step_to_no_number_is_not_accepted(tableau, bad):
    text = flat(tableau, lambda t, u, p: (bad, u[1]), 2)
    v, _, _, error, _ = text.attempt(0.0, (1.0, 1.0), (), (), 0.1, (bad, 1.0), 1e-3, (1e-3, 1e-3))
    assert not math.isfinite(v[0])
    assert not error <= 1.0


@every_pair
def test_an_exact_step_has_no_error(tableau):
    text = flat(tableau, lambda t, u, p: (0.0, 0.0), 2)
    v, _, _, error, _ = text.attempt(0.0, (1.0, 2.0), (), (), 0.1, (0.0, 0.0), 1e-3, (1e-3, 1e-3))
    assert (v, error) == ((1.0, 2.0), 0.0)
