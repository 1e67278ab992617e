"""Dense output: its order, its ends, and that looking at a solution does not change it."""

import numpy as np
import pytest

import fastsci
from fastsci_kernels.methods.registry import ADAPTIVE
from tests.adaptive import models
from tests.ensemble.models import lorenz, ring, same_bits, spread

CLOSED = np.array([np.exp(np.sin(0.3)), 1.0 / (1.0 + 0.3**2)])


def one_step(method, size):
    """Worst error within one step of a given size, and at its end."""
    end = 0.3 + size
    result = fastsci.solve_ensemble(
        models.closed_forms, (0.3, end), CLOSED, method=method, first_step=end - 0.3, rtol=1e3, dense_output=True
    )
    assert result.naccepted[0] == 1
    times = np.linspace(0.3, end, 21)
    exact = np.array([np.exp(np.sin(times)), 1.0 / (1.0 + times**2)])
    return np.abs(result.sol.member(0, times) - exact).max()


@pytest.mark.parametrize("method", ADAPTIVE)
def test_the_error_within_a_step_is_of_the_claimed_order(method):
    formula = getattr(ADAPTIVE[method], "tableau", None)
    claimed = formula.pair.dense_order if formula else ADAPTIVE[method].dense_order
    sizes = (0.08, 0.04) if claimed <= 4 else (0.12, 0.08) if claimed <= 7 else (0.8, 0.45)  # above rounding
    errors = [one_step(method, size) for size in sizes]
    assert errors[1] > 3e-13
    found = np.log(errors[0] / errors[1]) / np.log(sizes[0] / sizes[1])
    assert found > claimed + 1 - 0.35, (claimed, errors)


def swing(**options):
    given = {"t_span": (0.0, 10.0), "y0": [1.0, 0.0], "params": {"w": [1.0, 2.0, 5.0]}, "method": "Tsit5"}
    return fastsci.solve_ensemble(models.oscillator, **{**given, "rtol": 1e-9, "atol": 1e-9, **options})


def exact(times, w=(1.0, 2.0, 5.0)):
    angle = np.multiply.outer(w, times)
    return np.stack([np.cos(angle), -np.sin(angle) * np.reshape(w, (-1, *[1] * np.ndim(times)))], axis=1)


def test_the_solution_at_any_time():
    result = swing(dense_output=True)
    times = np.linspace(0.0, 10.0, 301)
    np.testing.assert_allclose(result.sol(times), exact(times), atol=3e-7)
    assert result.sol(times).shape == (3, 2, 301)
    assert result.sol(2.5).shape == (3, 2)
    assert result.sol.member(1, 2.5).shape == (2,)
    assert result.sol.member(1, times).shape == (2, 301)
    assert len(result.sol) == 3
    assert [len(result.sol.steps(i)) for i in range(3)] == list(result.naccepted)
    np.testing.assert_array_equal(result.to_scipy(1).sol(times), result.sol.member(1, times))


def test_saves_are_the_dense_output():
    times = np.linspace(0.0, 10.0, 77)
    result = swing(dense_output=True, t_eval=times)
    rounding_of_the_time = 25.0 * 10.0 * np.finfo(float).eps
    np.testing.assert_allclose(result.y, result.sol(times), rtol=0, atol=2.0 * rounding_of_the_time)
    assert same_bits(swing(t_eval=times).y, result.y)


def test_times_in_any_order_and_outside():
    result = swing(dense_output=True)
    times = np.array([11.0, 3.0, -0.1, 10.0, 3.0, 0.0, np.inf, np.nan])
    found = result.sol(times)
    inside = np.array([False, True, False, True, True, True, False, False])
    assert np.isfinite(found[:, :, inside]).all()
    assert np.isnan(found[:, :, ~inside]).all()
    np.testing.assert_allclose(found[:, :, inside], exact(times[inside]), atol=1e-7)


def test_backwards():
    times = np.linspace(0.0, -10.0, 33)
    result = swing(t_span=(0.0, -10.0), dense_output=True, t_eval=times)
    np.testing.assert_allclose(result.y, exact(times), atol=3e-7)
    np.testing.assert_allclose(result.sol(times), result.y, atol=2e-14)
    assert np.isnan(result.sol(0.1)).all()
    assert np.isnan(result.sol(-10.1)).all()


SYSTEMS = {
    "tuple": (lorenz, 3, (10.0, 28.0, 8.0 / 3.0), "f8"),
    "single": (lorenz, 3, (10.0, 28.0, 8.0 / 3.0), "f4"),
    "in-place": (ring, 6, (8.0,), "f8"),
}


@pytest.fixture(scope="module", params=SYSTEMS)
def ensemble(request):
    system, dim, params, dtype = SYSTEMS[request.param]
    y0 = spread(40, dim, seed=5).astype(dtype)

    def run(t_span=(0.5, 2.0), **options):
        return fastsci.solve_ensemble(system, t_span, y0, params=params, method="DormandPrince5", rtol=1e-5, **options)

    return run, y0


def test_looking_does_not_change_it(ensemble):
    run, _ = ensemble
    plain = run()
    assert plain.path == "lanes"
    times = np.sort(np.concatenate([np.linspace(0.5, 2.0, 100), np.full(3, 1.234), [0.5, 2.0]]))
    for options in ({"t_eval": times}, {"t_eval": [1.0]}, {"t_eval": times, "dense_output": True}):
        looked = run(**options)
        assert same_bits(looked.y_final, plain.y_final)
        assert (looked.nfev == plain.nfev).all()
        assert (looked.naccepted == plain.naccepted).all()


def test_both_ends_are_exact(ensemble):
    run, y0 = ensemble
    result = run(t_eval=[0.5, 0.5, 1.0, 1.0, 2.0, 2.0])
    for place in (0, 1):
        assert same_bits(result.y[:, :, place], y0)
    for place in (4, 5):
        assert same_bits(result.y[:, :, place], result.y_final)
    assert same_bits(result.y[:, :, 2], result.y[:, :, 3])
    assert (result.t_final == 2.0).all()


def test_no_times_at_all(ensemble):
    run, y0 = ensemble
    result = run(t_eval=[])
    assert result.y.shape == (*y0.shape, 0)
    assert same_bits(result.y_final, run().y_final)


def test_with_a_span_each(ensemble):
    """Fractions and times of one's own are the times of a shared span."""
    run, y0 = ensemble
    spans = np.tile([0.5, 2.0], (len(y0), 1))
    spans[1::2] = [[0.5, 1.25]]
    fractions = np.array([0.0, 0.25, 0.5, 1.0])
    own = run(t_span=spans, t_eval=fractions)
    times = spans[:, :1] + fractions * np.diff(spans)
    assert same_bits(run(t_span=spans, t_eval=times).y, own.y)
    np.testing.assert_array_equal(own.t, times)
    shared = run(t_eval=times[0])
    assert same_bits(own.y[::2], shared.y[::2])
    short = run(t_span=(0.5, 1.25), t_eval=times[1])
    assert same_bits(own.y[1::2], short.y[1::2])


def test_a_jump_has_two_sides():
    event = fastsci.event(models.floor, direction=-1, apply=models.bounce)
    result = fastsci.solve_ensemble(
        models.ball, (0.0, 0.8), [1.0, 0.0], params=(0.9, 9.81), method="Tsit5", events=event, dense_output=True
    )
    (time,) = result.t_events[0][0]
    before, after = result.sol.member(0, [time - 1e-9, time + 1e-9]).T
    np.testing.assert_allclose(before[1], -9.81 * time, rtol=1e-6)
    np.testing.assert_allclose(after[1], 0.9 * 9.81 * time, rtol=1e-6)
    flown = np.linspace(0.0, 0.8 - time, 20)[1:]
    height = 0.9 * 9.81 * time * flown - 9.81 * flown**2 / 2.0
    np.testing.assert_allclose(result.sol.member(0, time + flown)[0], height, atol=1e-9)


def test_nothing_is_known_past_a_terminal_event():
    event = fastsci.event(models.hangs, terminal=True)
    result = fastsci.solve_ensemble(
        models.pendulum, (0.0, 5.0), [[1.0, 0.0], [0.0, 0.0]], params=(1.0,), method="Tsit5", events=event,
        dense_output=True,
    )  # fmt: skip
    assert result.status.tolist() == [1, 0]
    past = result.sol(result.t_final[0] + 1e-3)
    assert np.isnan(past[0]).all()
    assert (past[1] == 0.0).all()
    np.testing.assert_allclose(result.sol.member(0, result.t_final[0]), result.y_final[0], atol=1e-12)


def test_with_fixed_steps():
    """The cubic of both ends' slopes: its error falls with the fourth power of the step."""
    times, errors = np.linspace(0.0, 10.0, 333), []
    for dt in (0.1, 0.05):
        result = fastsci.solve_ensemble(
            models.oscillator, (0.0, 10.0), [1.0, 0.0], params={"w": 1.0}, method="RK4", dt=dt, dense_output=True
        )
        errors.append(np.abs(result.sol(times) - exact(times, (1.0,))).max())
    assert 3.7 < np.log2(errors[0] / errors[1]) < 4.3
