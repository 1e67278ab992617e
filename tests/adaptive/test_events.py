"""Events: where and how often they happen, and what follows, by exact solutions and by SciPy."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import ellipk

import fastsci
from tests.adaptive import models
from tests.adaptive.models import G

RESTITUTION = np.array([0.9, 0.8, 0.5])
RESTITUTION_AND_G = np.column_stack([RESTITUTION, np.full(3, G)])
TIGHT = {"rtol": 1e-11, "atol": 1e-12}


def bounces(restitution, end, height=1.0):
    """Times at which a ball dropped from a height meets the floor."""
    fall = np.sqrt(2.0 * height / G)
    times, flight = [fall], 2.0 * fall * restitution
    while times[-1] + flight < end:
        times.append(times[-1] + flight)
        flight *= restitution
    return np.array(times)


def period(amplitude, stiffness=1.0):
    """Of a pendulum: 4 K(sin(amplitude / 2)) over the square root of the stiffness."""
    return 4.0 * ellipk(np.sin(np.asarray(amplitude) / 2.0) ** 2) / np.sqrt(stiffness)


def drop(method, end, **options):
    event = fastsci.event(models.floor, direction=-1, apply=models.bounce)
    return fastsci.solve_ensemble(
        models.ball, (0.0, end), [1.0, 0.0], params=RESTITUTION_AND_G, method=method, events=event, **options
    )


# --- jumps ---


@pytest.mark.parametrize(
    ("method", "options"), [("Tsit5", {}), ("DOP853", {}), ("RK4", {"dt": 0.013})], ids=["Tsit5", "DOP853", "RK4"]
)
def test_a_ball_bounces_at_its_exact_times(method, options):
    result = drop(method, 1.3, **options)
    assert result.success.all()
    assert result.path == "lanes"
    for i, restitution in enumerate(RESTITUTION):
        times = bounces(restitution, 1.3)
        np.testing.assert_allclose(result.t_events[0][i], times, rtol=1e-12, atol=0)
        before = -G * np.sqrt(2.0 / G) * restitution ** np.arange(len(times))
        np.testing.assert_allclose(result.y_events[0][i][:, 1], before, rtol=1e-11)
        np.testing.assert_allclose(result.y_events[0][i][:, 0], 0.0, atol=1e-12)
        flown = 1.3 - times[-1]
        height = -before[-1] * restitution * flown - G * flown**2 / 2.0
        np.testing.assert_allclose(result.y_final[i, 0], height, rtol=1e-10)


def test_an_in_place_system_bounces_alike():
    event = fastsci.event(models.floor, direction=-1, apply=models.bounce_in_place)
    result = fastsci.solve_ensemble(
        models.ball_in_place, (0.0, 1.3), [1.0, 0.0], params=RESTITUTION_AND_G, method="Tsit5", events=event
    )
    for i, restitution in enumerate(RESTITUTION):
        np.testing.assert_allclose(result.t_events[0][i], bounces(restitution, 1.3), rtol=1e-12)


def test_a_ball_bounces_in_single_precision():
    result = drop("Tsit5", 1.3, dtype="float32", atol=1e-5)
    assert result.path == "lanes"
    for i, restitution in enumerate(RESTITUTION):
        times = result.t_events[0][i]
        assert times.dtype == np.float32
        # A step may be wrong by atol = 1e-5 of a height, which the ball passes at a speed of four.
        np.testing.assert_allclose(times, bounces(restitution, 1.3), atol=1e-5)


def test_saves_see_the_jump():
    times = np.linspace(0.0, 1.3, 27)
    result = drop("Tsit5", 1.3, t_eval=times)
    for i, restitution in enumerate(RESTITUTION):
        bounced = np.concatenate([[0.0], bounces(restitution, 1.3)])
        for time, (height, speed) in zip(times, result.y[i].T, strict=True):
            count = np.searchsorted(bounced, time, side="right") - 1
            flown = time - bounced[count]
            start, up = (1.0, 0.0) if count == 0 else (0.0, np.sqrt(2.0 * G) * restitution**count)
            np.testing.assert_allclose(height, start + up * flown - G * flown**2 / 2.0, atol=1e-10)
            np.testing.assert_allclose(speed, up - G * flown, atol=1e-10)


def test_a_neuron_fires_at_its_rate():
    """``v = I (1 - exp(-t))`` reaches 1 after ``log(I / (I - 1))``, or never; the reset is no crossing."""
    current = np.array([0.5, 0.99, 1.01, 1.5, 3.0, 10.0])
    fires = fastsci.event(models.threshold, direction=1, apply=models.reset)
    sees = fastsci.event(models.threshold)
    result = fastsci.solve_ensemble(
        models.neuron, (0.0, 20.0), [0.0], params={"current": current}, method="Tsit5", events=[fires, sees], **TIGHT
    )
    for i, strength in enumerate(current):
        expected = np.empty(0)
        if strength > 1.0:
            interval = np.log(strength / (strength - 1.0))
            expected = interval * np.arange(1, int(20.0 / interval) + 1)
        np.testing.assert_allclose(result.t_events[0][i], expected, rtol=1e-9)
        np.testing.assert_allclose(result.t_events[1][i], expected, rtol=1e-9)
        np.testing.assert_allclose(result.y_events[0][i][:, 0], 1.0, atol=1e-13)


# --- crossings ---

AMPLITUDE = np.array([0.1, 1.0, 2.0, 3.0])
SWING = np.column_stack([AMPLITUDE, np.zeros(4)])
STIFFNESS = np.array([[1.0], [2.0], [1.0], [0.5]])


def swing(span, **options):
    """A pendulum let go: every crossing, each direction apart, and the turning points."""
    given = [models.hangs, fastsci.event(models.hangs, direction=1), fastsci.event(models.hangs, direction=-1),
             models.rests]  # fmt: skip
    return fastsci.solve_ensemble(
        models.pendulum, span, SWING, params=STIFFNESS, **{"method": "DOP853", "events": given, **TIGHT, **options}
    )


def check_swing(result, ends):
    for i in range(4):
        quarter = np.sign(ends[i]) * period(AMPLITUDE[i], STIFFNESS[i, 0]) / 4.0
        count = int(ends[i] / quarter)
        odd, even = np.arange(1, count + 1, 2), np.arange(2, count + 1, 2)
        falling, rising = odd[::2], odd[1::2]
        for event, quarters in enumerate((odd, rising, falling, even)):
            np.testing.assert_allclose(result.t_events[event][i], quarters * quarter, rtol=2e-10)
        np.testing.assert_allclose(result.y_events[0][i][:, 0], 0.0, atol=1e-12)
        fastest = 2.0 * np.sqrt(STIFFNESS[i, 0]) * np.sin(AMPLITUDE[i] / 2.0)
        np.testing.assert_allclose(np.abs(result.y_events[0][i][:, 1]), fastest, rtol=1e-9)


def test_a_pendulum_swings_with_its_exact_period():
    """The start at rest, where the speed is zero, is no crossing."""
    result = swing((0.0, 40.0))
    check_swing(result, [40.0] * 4)


def test_a_pendulum_swings_backwards_alike():
    result = swing((0.0, -40.0))
    check_swing(result, [-40.0] * 4)


def test_with_a_span_each():
    ends = np.array([40.0, -30.0, 7.0, 0.5])
    result = swing(np.column_stack([np.zeros(4), ends]))
    check_swing(result, ends)
    assert len(result.t_events[0][3]) == 0


@pytest.mark.parametrize(("method", "options"), [("Tsit5", TIGHT), ("RK4", {"dt": 1e-3})], ids=["Tsit5", "RK4"])
def test_other_methods_find_the_same_crossings(method, options):
    found = fastsci.solve_ensemble(
        models.pendulum, (0.0, 10.0), SWING, params=STIFFNESS, method=method, events=models.hangs, **options
    )
    for i in range(4):
        quarter = period(AMPLITUDE[i], STIFFNESS[i, 0]) / 4.0
        expected = quarter * np.arange(1, int(10.0 / quarter) + 1, 2)
        np.testing.assert_allclose(found.t_events[0][i], expected, rtol=1e-9)


@pytest.mark.parametrize("terminal", [False, True])
def test_scipy_finds_the_same_events(terminal):
    """The functions and their attributes are those of SciPy; only the state's form differs."""

    def swings_back(t, u, p):
        return u[0]

    swings_back.direction = 1
    swings_back.terminal = terminal

    def slow(t, u, p):
        return u[1] * u[1] - 0.01

    result = fastsci.solve_ensemble(
        models.pendulum, (0.0, 15.0), SWING, params=STIFFNESS, method="RK45", events=[swings_back, slow], **TIGHT
    )
    for i in range(4):
        peer = solve_ivp(
            models.pendulum, (0.0, 15.0), SWING[i], events=[swings_back, slow], args=(tuple(STIFFNESS[i]),), **TIGHT
        )
        mine = result.to_scipy(i)
        assert mine.status == peer.status == int(terminal and len(peer.t_events[0]) > 0)
        for event in range(2):
            np.testing.assert_allclose(mine.t_events[event], peer.t_events[event], rtol=1e-9)
            np.testing.assert_allclose(mine.y_events[event], np.reshape(peer.y_events[event], (-1, 2)), atol=1e-8)
        np.testing.assert_allclose(result.t_final[i], peer.t[-1], rtol=1e-9)


def test_the_maxima_of_the_rossler_flow_double_their_period():
    """Rossler, Phys. Lett. A 57 (1976) 397: with a = b = 0.2 cycles of one, two and four maxima, then chaos."""
    c = np.array([2.5, 3.5, 4.0, 5.7])
    result = fastsci.solve_ensemble(
        models.rossler,
        (0.0, 1500.0),
        [1.0, 1.0, 0.0],
        params=np.column_stack([np.full(4, 0.2), np.full(4, 0.2), c]),
        method="DOP853",
        rtol=1e-10,
        events=fastsci.event(models.peak, direction=-1),
    )
    for i, length in enumerate((1, 2, 4)):
        maxima = result.y_events[0][i][-64:, 0]
        np.testing.assert_allclose(maxima[length:], maxima[:-length], atol=1e-5)
        if length > 1:
            assert np.abs(maxima[length // 2 :] - maxima[: -(length // 2)]).max() > 0.1
    maxima = result.y_events[0][3][-64:, 0]
    assert all(np.abs(maxima[length:] - maxima[:-length]).max() > 0.1 for length in range(1, 9))


# --- what counts as a crossing ---


def counted(*functions, method="Tsit5", end=1.0, max_step=1.0, **options):
    """Events of a state that is the time itself, in one step of length one."""
    return fastsci.solve_ensemble(
        models.clock, (0.0, end), [0.0], method=method, first_step=max_step, max_step=max_step, events=list(functions),
        **options,
    )  # fmt: skip


def test_several_events_in_one_step():
    def two(t, u, p):
        return (u[0] - 0.3) * (u[0] - 0.6)

    def by_time(t, u, p):
        return t - 0.45

    def same(t, u, p):
        return 7.0 * (t - 0.45)

    def touches(t, u, p):
        return (u[0] - 0.3721) * (u[0] - 0.3721)

    def starts_at_zero(t, u, p):
        return u[0] * (0.9 - u[0])

    def near(t, u, p):
        return (u[0] - 0.30) * (u[0] - 0.31)

    def never(t, u, p):
        return 1.0 + u[0]

    result = counted(two, by_time, same, touches, starts_at_zero, near, never)
    assert result.naccepted[0] == 1
    found = [times[0] for times in result.t_events]
    np.testing.assert_allclose(found[0], [0.3, 0.6], rtol=1e-14)
    np.testing.assert_allclose(found[1], [0.45], rtol=1e-14)
    np.testing.assert_allclose(found[2], found[1], rtol=1e-14)
    assert len(found[3]) == 0
    np.testing.assert_allclose(found[4], [0.9], rtol=1e-14)
    assert len(found[6]) == 0
    resolved = counted(two, by_time, same, touches, starts_at_zero, near, never, max_step=0.02)
    np.testing.assert_allclose(resolved.t_events[5][0], [0.30, 0.31], rtol=1e-14)
    for before, after in zip((found[0], found[1], found[4]), (resolved.t_events[e][0] for e in (0, 1, 4)), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-13)
    assert len(resolved.t_events[3][0]) == len(resolved.t_events[6][0]) == 0


def test_the_first_of_two_terminal_events_ends_it():
    def late(t, u, p):
        return t - 0.62

    def early(t, u, p):
        return t - p[0]

    def counts(t, u, p):
        return t - 0.55

    p = np.array([[0.51], [0.61], [0.7]])
    result = fastsci.solve_ensemble(
        models.clock, (0.0, 1.0), [0.0], params=p, method="Tsit5", first_step=1.0,
        events=[fastsci.event(late, terminal=True), fastsci.event(early, terminal=True), counts],
        t_eval=[0.0, 0.25, 0.5, 0.61, 0.75, 1.0],
    )  # fmt: skip
    np.testing.assert_allclose(result.t_final, [0.51, 0.61, 0.62], rtol=1e-14)
    np.testing.assert_allclose(result.y_final[:, 0], [0.51, 0.61, 0.62], rtol=1e-14)
    assert (result.status == 1).all()
    assert result.success.all()
    assert "event" in result.message(0)
    assert [len(times) for times in result.t_events[0]] == [0, 0, 1]
    assert [len(times) for times in result.t_events[1]] == [1, 1, 0]
    assert [len(times) for times in result.t_events[2]] == [0, 1, 1]
    saved = np.isfinite(result.y[:, 0])
    assert saved.tolist() == [[True] * 3 + [False] * 3, [True] * 4 + [False] * 2, [True] * 4 + [False] * 2]


def test_two_jumps_at_one_time_are_both_made():
    def half(t, u, p):
        return t - 0.5

    def add(t, u, p):
        return (u[0] + 10.0,)

    def double(t, u, p):
        return (2.0 * u[0],)

    result = counted(fastsci.event(half, apply=add), fastsci.event(half, apply=double))
    np.testing.assert_allclose(result.y_final, [[2.0 * 10.5 + 0.5]], rtol=1e-13)
    assert len(result.t_events[0][0]) == len(result.t_events[1][0]) == 1


def test_a_terminal_jump_is_made_before_the_end():
    event = fastsci.event(models.threshold, terminal=True, apply=lambda t, u, p: (-5.0,))
    result = counted(event, end=3.0)
    assert result.status[0] == 1
    np.testing.assert_allclose(result.y_events[0][0], [[1.0]], rtol=1e-14)
    np.testing.assert_allclose(result.y_final, [[-5.0]])
    np.testing.assert_allclose(result.t_final, [1.0], rtol=1e-14)


# --- what events are ---


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: 3, "events[0]"),
        (lambda: [models.hangs, "zero"], "events[1]"),
        (lambda: lambda t, u: u[0], "expected 3"),
        (lambda: lambda t, u, p: (u[0],), "expected one real number"),
        (lambda: lambda t, u, p: None, "expected one real number"),
        (lambda: lambda t, u, p: u[5], "IndexError"),
        (lambda: fastsci.event(models.hangs, apply=lambda t, u, p: (0.0,)), "tuple of 2"),
        (lambda: fastsci.event(models.hangs, direction=2), "direction"),
        (lambda: fastsci.event(models.hangs, terminal=3), "terminal"),
        (lambda: fastsci.event(models.hangs, apply=3.0), "expected a function"),
    ],
)
def test_what_is_no_event_is_said_to_be_none(make, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        fastsci.solve_ensemble(models.pendulum, (0.0, 1.0), [1.0, 0.0], params=(1.0,), method="Tsit5", events=make())
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
