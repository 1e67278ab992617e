"""Checks of the numbers that this installation computes, for a user to run on a machine of their own.

Each compares with something known from elsewhere: an exact solution, SciPy, plain Python, the C library's mathematics.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import systems
from .ensemble import solve_ensemble
from .events import event
from .iterate import iterate_map
from .system import system


@dataclass(frozen=True)
class Outcome:
    """What a check came to."""

    name: str
    passed: bool | None  # None where it could not be asked
    figure: str

    @property
    def verdict(self) -> str:
        """PASS, FAIL, or SKIP for what could not be asked."""
        return "SKIP" if self.passed is None else "PASS" if self.passed else "FAIL"


class NotHereError(Exception):
    """What a check is about is not on this machine."""


Check = Callable[[], tuple[bool, str]]
CHECKS: list[Check] = []


def _check(function: Check) -> Check:
    CHECKS.append(function)
    return function


def perform(check: Check) -> Outcome:
    """Run one check; one that cannot run has failed, and says how."""
    name = (check.__doc__ or check.__name__).rstrip(".")
    try:
        passed, figure = check()
    except NotHereError as reason:
        return Outcome(name, None, str(reason))
    except Exception as error:  # noqa: BLE001  (a broken installation fails in ways nobody foresaw; it is reported)
        return Outcome(name, False, f"{type(error).__name__}: {' '.join(str(error).split())}")
    return Outcome(name, bool(passed), figure)


@system(params={"frequency": 1.0}, state=("x", "v"))
def _oscillator(t: Any, u: Any, p: Any) -> Any:
    x, v = u
    (frequency,) = p
    return v, -frequency * frequency * x


@system(params={"rate": 1.0})
def _branching(t: Any, u: Any, p: Any) -> Any:
    """A right-hand side that branches on its state, which lanes cannot."""
    (x,) = u
    (rate,) = p
    if x > 1.0:
        return (-rate * x,)
    return (-rate * x * x,)


@system
def _rotation(t: Any, u: Any, p: Any) -> Any:
    x, y, z = u
    a, b, c = p
    return a * y - b * z, c * z - a * x, b * x - c * y


@system
def _elementary(t: Any, u: Any, p: Any) -> Any:
    (x,) = p
    return math.sin(x), math.cos(x), math.exp(x / 20.0), math.log(x * x + 0.1), math.tanh(x)


LORENZ = systems.get("lorenz63")


def _lorenz_states(count: int, dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(5).normal((1.0, 2.0, 20.0), 3.0, (count, 3)).astype(dtype)


@_check
def _order() -> tuple[bool, str]:
    """RK4 converges with order 4 on the oscillator's exact solution."""
    steps = np.array([0.1, 0.05, 0.025, 0.0125])
    errors: list[float] = []
    for dt in steps:
        end = solve_ensemble(_oscillator, (0.0, 4.0), [1.0, 0.0], dt=float(dt), device="cpu").y_final[0]
        errors.append(float(np.hypot(end[0] - math.cos(4.0), end[1] + math.sin(4.0))))
    order = float(np.polyfit(np.log(steps), np.log(errors), 1)[0])
    return abs(order - 4.0) < 0.05, f"order {order:.3f}, expected 4 within 0.05"


@_check
def _matrix_exponential() -> tuple[bool, str]:
    """A linear system follows its matrix exponential, computed by SciPy."""
    from scipy.linalg import expm

    a, b, c = 0.7, -0.4, 1.1
    matrix = np.array([[0.0, a, -b], [-a, 0.0, c], [b, -c, 0.0]])
    start = np.random.default_rng(1).normal(size=(20, 3))
    end = solve_ensemble(_rotation, (0.0, 5.0), start, params=[a, b, c], dt=0.0025, device="cpu").y_final
    error = float(np.abs(end - start @ expm(5.0 * matrix).T).max())
    return error < 1e-10, f"largest difference {error:.1e}, expected below 1e-10"


@_check
def _plain_python() -> tuple[bool, str]:
    """Lanes agree with the same steps in plain Python."""
    start, dt = _lorenz_states(20), 0.01
    compiled = solve_ensemble(LORENZ, (0.0, 0.5), start, dt=dt, device="cpu")
    state = start.copy()
    for step in range(50):
        state = _plain_rk4_step(step * dt, state, dt)
    error = float(np.abs(compiled.y_final / state - 1.0).max())
    return compiled.path == "lanes" and error < 1e-11, f"path {compiled.path}, relative difference {error:.1e}"


def _plain_rk4_step(t: float, u: np.ndarray, dt: float) -> np.ndarray:
    k1 = LORENZ.rhs(t, u)
    k2 = LORENZ.rhs(t + dt / 2, u + dt / 2 * k1)
    k3 = LORENZ.rhs(t + dt / 2, u + dt / 2 * k2)
    k4 = LORENZ.rhs(t + dt, u + dt * k3)
    return u + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


@_check
def _scalars() -> tuple[bool, str]:
    """A function that branches on its state runs on scalars and is right."""
    start = np.array([[0.5], [0.9], [1.5], [2.0]])
    result = solve_ensemble(_branching, (0.0, 0.25), start, dt=1e-3, device="cpu")
    below, above = start[:2, 0], start[2:, 0]
    exact = np.concatenate([below / (1.0 + 0.25 * below), above * math.exp(-0.25)])
    error = float(np.abs(result.y_final[:, 0] - exact).max())
    return result.path == "scalar" and error < 1e-11, f"path {result.path}, largest difference {error:.1e}"


@_check
def _company() -> tuple[bool, str]:
    """A member's numbers are the same bit for bit alone and in any company."""
    start = _lorenz_states(1001)
    together = solve_ensemble(LORENZ, (0.0, 5.0), start, dt=0.005, device="cpu").y_final
    differ = 0
    for chosen in ([0], [17], [1000], range(3, 40), range(1000, -1, -1)):
        apart = solve_ensemble(LORENZ, (0.0, 5.0), start[list(chosen)], dt=0.005, device="cpu").y_final
        differ += int((apart != together[list(chosen)]).sum())
    return differ == 0, f"{differ} numbers differ in 5 other companies of 1,001 members"


@_check
def _isolation() -> tuple[bool, str]:
    """A member that is not finite carries its status and changes no other."""
    start = _lorenz_states(100)
    whole = solve_ensemble(LORENZ, (0.0, 2.0), start, dt=0.005, device="cpu")
    start[41, 1], start[60, 0] = np.nan, np.inf
    broken = solve_ensemble(LORENZ, (0.0, 2.0), start, dt=0.005, device="cpu")
    others = np.delete(np.arange(100), [41, 60])
    same = bool((whole.y_final[others] == broken.y_final[others]).all())
    failed = np.flatnonzero(broken.status < 0).tolist()
    return same and failed == [41, 60], f"failed {failed}, others {'unchanged' if same else 'changed'}"


@_check
def _single_precision() -> tuple[bool, str]:
    """float32 stays float32 and agrees with float64 to its precision."""
    start = _lorenz_states(50)
    double = solve_ensemble(LORENZ, (0.0, 0.5), start, dt=0.005, device="cpu").y_final
    single = solve_ensemble(LORENZ, (0.0, 0.5), start, dt=0.005, dtype="float32", device="cpu").y_final
    error = float((np.abs(single - double) / np.abs(double).max()).max())
    return single.dtype == np.float32 and 1e-9 < error < 1e-4, f"{single.dtype}, relative difference {error:.1e}"


@_check
def _elementary_functions() -> tuple[bool, str]:
    """sin, cos, exp, log and tanh agree with the C library's."""
    points = np.random.default_rng(2).uniform(-30.0, 30.0, 4000)
    # One Euler step of size 1 from 0 is the function's value.
    result = solve_ensemble(
        _elementary, (0.0, 1.0), np.zeros(5), params=points[:, np.newaxis], dt=1.0, method="Euler", device="cpu"
    )
    exact = np.array([_elementary.fun(0.0, (0.0,) * 5, (float(x),)) for x in points])
    # A logarithm near 0 is compared in units of its argument's rounding.
    spacing = np.maximum(np.spacing(np.abs(exact)), np.where(np.arange(5) == 3, 2.0**-53, 0.0))
    worst = float((np.abs(result.y_final - exact) / spacing).max())
    return worst <= 4.0, f"path {result.path}, at most {worst:.2f} units in the last place apart, expected at most 4"


@_check
def _adaptive() -> tuple[bool, str]:
    """Members that choose their own steps follow the oscillator's exact solution."""
    frequency, end = np.linspace(0.5, 8.0, 40), 10.0
    result = solve_ensemble(
        _oscillator, (0.0, end), [1.0, 0.0], params={"frequency": frequency}, method="Tsit5", rtol=1e-9, atol=1e-9,
        device="cpu",
    )  # fmt: skip
    error = float(np.abs(result.y_final[:, 0] - np.cos(frequency * end)).max())
    own = bool((np.diff(result.naccepted) >= 0).all() and result.naccepted[-1] > 5 * result.naccepted[0])
    taken = f"{result.naccepted.min()} to {result.naccepted.max()} steps"
    return own and error < 1e-6, f"{taken}, largest difference {error:.1e}, expected below 1e-6"


@_check
def _event_time() -> tuple[bool, str]:
    """A terminal event ends a member where the exact solution crosses zero."""
    falls = event(_position, direction=-1, terminal=True)
    result = solve_ensemble(
        _oscillator, (0.0, 10.0), [1.0, 0.0], params={"frequency": np.array([0.1, 1.0, 4.0])}, method="Tsit5",
        rtol=1e-10, atol=1e-10, events=falls, device="cpu",
    )  # fmt: skip
    # Of the slowest one the quarter of a period is longer than the span.
    error = float(np.abs(result.t_final - np.array([10.0, math.pi / 2, math.pi / 8])).max())
    statuses = result.status.tolist()
    return statuses == [0, 1, 1] and error < 1e-8, f"statuses {statuses}, times differ by at most {error:.1e}"


def _position(t: Any, u: Any, p: Any) -> Any:
    return u[0]


@_check
def _stiff() -> tuple[bool, str]:
    """Robertson's stiff reactions agree with SciPy's Radau."""
    from scipy.integrate import solve_ivp

    reactions, end, start = systems.get("robertson"), 1000.0, [1.0, 0.0, 0.0]
    atol = [1e-10, 1e-14, 1e-10]
    result = solve_ensemble(reactions, (0.0, end), start, method="Rodas4", rtol=1e-8, atol=atol, device="cpu")
    expected = solve_ivp(lambda t, u: reactions.rhs(t, u), (0.0, end), start, method="Radau", rtol=1e-9, atol=atol)
    error = float(np.abs(result.y_final[0] / expected.y[:, -1] - 1.0).max())
    return error < 1e-6, f"{result.naccepted[0]} steps, relative difference {error:.1e}, expected below 1e-6"


@_check
def _leapfrog() -> tuple[bool, str]:
    """Leapfrog keeps its own energy of the oscillator over 10,000 steps."""
    dt, start = 0.1, np.array([[1.0, 0.0], [0.3, -2.0]])
    end = solve_ensemble(_oscillator, (0.0, 10_000 * dt), start, method="Leapfrog", dt=dt, device="cpu").y_final

    def energy(state: np.ndarray) -> np.ndarray:
        return state[:, 0] ** 2 + (1.0 - dt * dt / 4.0) * state[:, 1] ** 2

    error = float(np.abs(energy(end) / energy(start) - 1.0).max())
    return error < 1e-11, f"relative change {error:.1e}, expected below 1e-11"


@_check
def _noise() -> tuple[bool, str]:
    """Euler-Maruyama gives the Ornstein-Uhlenbeck process its variance, and a seed its paths."""
    count, dt, steps = 20_000, 0.05, 40
    runs = [
        solve_ensemble(
            _ornstein_uhlenbeck, (0.0, steps * dt), np.zeros((count, 1)), method="EulerMaruyama", dt=dt, seed=seed,
            device="cpu",
        ).y_final
        for seed in (3, 3, 4)
    ]  # fmt: skip
    exact = dt * float(np.sum((1.0 - dt) ** (2 * np.arange(steps))))
    spread = float((runs[0] ** 2).mean()) / exact
    # Five standard deviations of the mean square of so many normal numbers.
    within = 5.0 * math.sqrt(2.0 / count)
    repeated = bool((runs[0] == runs[1]).all() and (runs[0] != runs[2]).any())
    return repeated and abs(spread - 1.0) < within, f"{spread:.4f} of the exact variance, expected within {within:.3f}"


def _one(t: Any, u: Any, p: Any) -> Any:
    return (1.0,)


@system(noise=_one)
def _ornstein_uhlenbeck(t: Any, u: Any, p: Any) -> Any:
    return (-u[0],)


@_check
def _map() -> tuple[bool, str]:
    """The logistic map at r = 2 follows its exact solution."""
    start, count = np.linspace(0.05, 0.45, 20), 6
    end = iterate_map(systems.get("logistic"), count, start[:, np.newaxis], params={"r": 2.0}, device="cpu").y_final
    exact = (1.0 - (1.0 - 2.0 * start) ** (2**count)) / 2.0
    error = float(np.abs(end[:, 0] - exact).max())
    return error < 1e-13, f"largest difference {error:.1e}, expected below 1e-13"


@_check
def _tangent_and_adjoint() -> tuple[bool, str]:
    """The tangent of a run and its adjoint are each other's transpose."""
    from .adjoint import flow_vjp
    from .flow import flow_jvp

    start, rng = _lorenz_states(5), np.random.default_rng(5)
    v, w = rng.normal(size=(2, 5, 3))
    carried = flow_jvp(LORENZ, (0.0, 1.0), start, v, dt=0.01, device="cpu")[1]
    pulled = flow_vjp(LORENZ, (0.0, 1.0), start, w, dt=0.01, device="cpu")[1]
    error = float(np.abs((w * carried).sum(axis=1) / (pulled * v).sum(axis=1) - 1.0).max())
    return error < 1e-11, f"products differ by at most {error:.1e} of themselves, expected below 1e-11"


@_check
def _exponents() -> tuple[bool, str]:
    """Lyapunov exponents of the Henon map sum to the logarithm of its contraction, and the first is positive."""
    from .lyapunov import lyapunov_spectrum

    found = lyapunov_spectrum(systems.get("henon"), t_transient=1000, t_total=20_000, device="cpu").exponents[0]
    error = abs(float(found.sum()) - math.log(0.3))
    return error < 1e-10 and found[0] > 0.3, f"{found[0]:.3f} and {found[1]:.3f}, their sum is off by {error:.1e}"


@_check
def _compile_cache() -> tuple[bool, str]:
    """Compiled kernels are kept for the next process."""
    from fastsci_kernels import cache

    solve_ensemble(LORENZ, (0.0, 0.01), _lorenz_states(2), dt=0.005, device="cpu")
    held = cache.info()
    remedy = "" if held["kernels"] else ": the folder cannot be written, so every process compiles anew"
    return held["kernels"] > 0, f"{held['kernels']} kernels in {held['directory']}{remedy}"


@_check
def _cuda() -> tuple[bool, str]:
    """CUDA agrees with the processor."""
    from .info import describe

    cuda = describe()["cuda"]
    if not cuda["devices"] and "simulator" not in cuda["reason"]:
        raise NotHereError(cuda["reason"])
    start = _lorenz_states(8)
    host = solve_ensemble(LORENZ, (0.0, 1.0), start, dt=0.01, device="cpu").y_final
    gpu = solve_ensemble(LORENZ, (0.0, 1.0), start, dt=0.01, device="cuda").y_final
    error = float(np.abs(np.asarray(gpu) / host - 1.0).max())
    where = cuda["devices"][0]["name"] if cuda["devices"] else "the simulator"
    return error < 1e-11, f"{where}, relative difference {error:.1e}, expected below 1e-11"
