"""The 25 non-stiff problems of DETEST, each in SciPy's form, in groups that one compiled function serves.

Hull, Enright, Fellen and Sedgwick, Comparing numerical methods for ordinary differential equations, SIAM J. Numer.
Anal. 9 (1972) 603; Enright and Pryce, Two Fortran packages for assessing initial value methods, ACM Trans. Math.
Softw. 13 (1987) 1, algorithm 648.  All of them run from 0 to 20.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.optimize import brentq

END = 20.0


@dataclass(frozen=True)
class Problem:
    """One problem: SciPy's ``fun(t, y)``, its start, and its end where that is known in closed form."""

    name: str
    fun: Callable
    y0: tuple[float, ...]
    exact: Callable[[], np.ndarray] | None = None


@dataclass(frozen=True)
class Group:
    """Problems that are members of one ensemble, told apart by their parameters."""

    fun: Callable
    problems: tuple[Problem, ...]
    params: tuple[tuple[float, ...], ...]

    @property
    def y0(self) -> np.ndarray:
        return np.array([problem.y0 for problem in self.problems])


@functools.cache
def end(problem: Problem) -> np.ndarray:
    """The state at the end of the interval, by its formula or by SciPy's DOP853 at its tightest."""
    return by_scipy(problem) if problem.exact is None else problem.exact()


@functools.cache
def by_scipy(problem: Problem) -> np.ndarray:
    found = solve_ivp(problem.fun, (0.0, END), problem.y0, method="DOP853", rtol=1e-13, atol=1e-15)
    assert found.success
    return found.y[:, -1]


# --- class A: single equations ---


def class_a(t, u, p):
    (y,) = u
    (which,) = p
    decay, cubic, oscillatory = -y, -0.5 * y * y * y, y * math.cos(t)
    logistic, spiral = 0.25 * y * (1.0 - 0.05 * y), (y - t) / (y + t)
    later = np.where(which == 3.0, oscillatory, np.where(which == 4.0, logistic, spiral))
    return (np.where(which == 1.0, decay, np.where(which == 2.0, cubic, later)),)


def spiral_end() -> np.ndarray:
    """``log sqrt(y**2 + x**2) - atan2(x, y)`` keeps its value at the start, ``log 4``: a logarithmic spiral."""
    return np.array([brentq(lambda y: math.log(math.hypot(y, END)) - math.atan2(END, y) - math.log(4.0),
                            -END + 1e-6, 100.0, xtol=1e-15, rtol=1e-15)])  # fmt: skip


CLASS_A = Group(
    class_a,
    (
        Problem("A1", lambda t, y: -y, (1.0,), lambda: np.exp([-END])),
        Problem("A2", lambda t, y: -0.5 * y**3, (1.0,), lambda: np.array([1.0 / math.sqrt(END + 1.0)])),
        Problem("A3", lambda t, y: y * np.cos(t), (1.0,), lambda: np.array([math.exp(math.sin(END))])),
        Problem(
            "A4", lambda t, y: y / 4 * (1 - y / 20), (1.0,), lambda: np.array([20 / (1 + 19 * math.exp(-END / 4))])
        ),
        Problem("A5", lambda t, y: (y - t) / (y + t), (4.0,), spiral_end),
    ),
    ((1.0,), (2.0,), (3.0,), (4.0,), (5.0,)),
)


# --- class B: small systems ---


def class_b(t, u, p):
    x, y, z = u
    (which,) = p
    r = math.sqrt(x * x + y * y)
    first = np.where(which == 2.0, y - x, np.where(which == 3.0, -x, np.where(which == 4.0, -y - x * z / r, y * z)))
    second = np.where(
        which == 2.0,
        x - 2.0 * y + z,
        np.where(which == 3.0, x - y * y, np.where(which == 4.0, x - y * z / r, -x * z)),
    )
    third = np.where(which == 2.0, y - z, np.where(which == 3.0, y * y, np.where(which == 4.0, x / r, -0.51 * x * y)))
    return first, second, third


def torus(t, y):
    r = np.hypot(y[0], y[1])
    return [-y[1] - y[0] * y[2] / r, y[0] - y[1] * y[2] / r, y[0] / r]


MEMBRANE = np.array([[-1.0, 1.0, 0.0], [1.0, -2.0, 1.0], [0.0, 1.0, -1.0]])

CLASS_B = Group(
    class_b,
    (
        Problem("B2", lambda t, y: MEMBRANE @ y, (2.0, 0.0, 1.0), lambda: expm(MEMBRANE * END) @ [2.0, 0.0, 1.0]),
        Problem("B3", lambda t, y: [-y[0], y[0] - y[1] ** 2, y[1] ** 2], (1.0, 0.0, 0.0)),
        Problem("B4", torus, (3.0, 0.0, 0.0)),
        Problem("B5", lambda t, y: [y[1] * y[2], -y[0] * y[2], -0.51 * y[0] * y[1]], (0.0, 1.0, 1.0)),
    ),
    ((2.0,), (3.0,), (4.0,), (5.0,)),
)


# --- classes B and E: two equations ---


def class_e(t, u, p):
    x, y = u
    (which,) = p
    z = t + 1.0
    first = np.where(which == 0.0, 2.0 * (x - x * y), y)
    bessel = -(y / z + (1.0 - 0.25 / (z * z)) * x)
    duffing = x * x * x / 6.0 - x + 2.0 * math.sin(2.78535 * t)
    pursuit = math.sqrt(1.0 + y * y) / (25.0 - t)
    later = np.where(which == 3.0, duffing, np.where(which == 4.0, 0.032 - 0.4 * y * y, pursuit))
    later = np.where(which == 1.0, bessel, np.where(which == 2.0, (1.0 - x * x) * y - x, later))
    return first, np.where(which == 0.0, -(y - x * y), later)


def bessel_half(z: float) -> tuple[float, float]:
    """``J_{1/2}(z) = sqrt(2 / (pi z)) sin z`` and its slope."""
    value = math.sqrt(2.0 / (math.pi * z)) * math.sin(z)
    return value, math.sqrt(2.0 / (math.pi * z)) * math.cos(z) - value / (2.0 * z)


def falling_end() -> np.ndarray:
    """The speed is ``sqrt(a / b) tanh(sqrt(a b) t)`` for ``a = 0.032`` and ``b = 0.4``."""
    reach = math.sqrt(0.032 * 0.4) * END
    return np.array([30.0 + math.log(math.cosh(reach)) / 0.4, math.sqrt(0.032 / 0.4) * math.tanh(reach)])


def pursuit_end() -> np.ndarray:
    """The slope is ``sinh(-log s)`` with ``s = 1 - x/25``, whose integral is elementary."""
    s = 1.0 - END / 25.0
    return np.array([12.5 * ((s * s - 1.0) / 2.0 - math.log(s)), 0.5 * (1.0 / s - s)])


CLASS_E = Group(
    class_e,
    (
        Problem("B1", lambda t, y: [2 * (y[0] - y[0] * y[1]), -(y[1] - y[0] * y[1])], (1.0, 3.0)),
        Problem(
            "E1",
            lambda t, y: [y[1], -(y[1] / (t + 1) + (1 - 0.25 / (t + 1) ** 2) * y[0])],
            bessel_half(1.0),
            lambda: np.array(bessel_half(END + 1.0)),
        ),
        Problem("E2", lambda t, y: [y[1], (1 - y[0] ** 2) * y[1] - y[0]], (2.0, 0.0)),
        Problem("E3", lambda t, y: [y[1], y[0] ** 3 / 6 - y[0] + 2 * np.sin(2.78535 * t)], (0.0, 0.0)),
        Problem("E4", lambda t, y: [y[1], 0.032 - 0.4 * y[1] ** 2], (30.0, 0.0), falling_end),
        Problem("E5", lambda t, y: [y[1], np.sqrt(1 + y[1] ** 2) / (25 - t)], (0.0, 0.0), pursuit_end),
    ),
    ((0.0,), (1.0,), (2.0,), (3.0,), (4.0,), (5.0,)),
)


# --- class C: chains and membranes, and the outer planets ---


def chain(t, u, p, du):
    """Neighbours coupled: ``(below + slope_below i) u[i-1] - (own + slope_own i) u[i] + above u[i+1]``."""
    below, slope_below, own, slope_own, last, above = p
    n = len(u)
    du[0] = above * u[1] - own * u[0]
    for i in range(1, n - 1):
        du[i] = (below + slope_below * i) * u[i - 1] - (own + slope_own * i) * u[i] + above * u[i + 1]
    du[n - 1] = (below + slope_below * (n - 1)) * u[n - 2] - last * u[n - 1]


def decay_chain(rates: np.ndarray) -> np.ndarray:
    return np.diag(-np.append(rates, 0.0)) + np.diag(rates, -1)


def string(n: int) -> np.ndarray:
    return np.diag(np.full(n, -2.0)) + np.diag(np.ones(n - 1), 1) + np.diag(np.ones(n - 1), -1)


def linear(name: str, matrix: np.ndarray) -> Problem:
    start = np.eye(len(matrix))[0]
    return Problem(name, lambda t, y: matrix @ y, tuple(start), lambda: expm(matrix * END) @ start)


CLASS_C = Group(
    chain,
    (
        linear("C1", decay_chain(np.ones(9))),
        linear("C2", decay_chain(np.arange(1.0, 10.0))),
        linear("C3", string(10)),
    ),
    ((1.0, 0.0, 1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 1.0, 1.0, 0.0, 0.0), (1.0, 0.0, 2.0, 0.0, 2.0, 1.0)),
)
CLASS_C4 = Group(chain, (linear("C4", string(51)),), ((1.0, 0.0, 2.0, 0.0, 2.0, 1.0),))

GRAVITY, SUN = 2.95912208286, 1.00000597682
MASSES = np.array([0.000954786104043, 0.000285583733151, 0.0000437273164546, 0.0000517759138449, 0.00000277777777778])
PLANETS = (
    *(3.42947415189, 3.35386959711, 1.35494901715, 6.64145542550, 5.97156957878, 2.18231499728),
    *(11.2630437207, 14.6952576794, 6.27960525067, -30.1552268759, 1.65699966404, 1.43785752721),
    *(-21.1238353380, 28.4465098142, 15.3882659679),
    *(-0.557160570446, 0.505696783289, 0.230578543901, -0.415570776342, 0.365682722812, 0.169143213293),
    *(-0.325325669158, 0.189706021964, 0.0877265322780, -0.0240476254170, -0.287659532608, -0.117219543175),
    *(-0.176860753121, -0.216393453025, -0.0148647893090),
)


def planets(t, u, p, du):
    for j in range(5):
        x, y, z = u[3 * j], u[3 * j + 1], u[3 * j + 2]
        square = x * x + y * y + z * z
        pull = -(SUN + MASSES[j]) / (square * math.sqrt(square))
        ax, ay, az = pull * x, pull * y, pull * z
        for k in range(5):
            if k != j:
                other_x, other_y, other_z = u[3 * k], u[3 * k + 1], u[3 * k + 2]
                dx, dy, dz = other_x - x, other_y - y, other_z - z
                square = dx * dx + dy * dy + dz * dz
                near = MASSES[k] / (square * math.sqrt(square))
                square = other_x * other_x + other_y * other_y + other_z * other_z
                far = MASSES[k] / (square * math.sqrt(square))
                ax, ay, az = (
                    ax + near * dx - far * other_x,
                    ay + near * dy - far * other_y,
                    az + near * dz - far * other_z,
                )
        du[3 * j] = u[15 + 3 * j]
        du[3 * j + 1] = u[16 + 3 * j]
        du[3 * j + 2] = u[17 + 3 * j]
        du[15 + 3 * j] = p[0] * ax
        du[16 + 3 * j] = p[0] * ay
        du[17 + 3 * j] = p[0] * az


def five_bodies(t, y):
    x = y[:15].reshape(5, 3)
    r3 = (x**2).sum(1) ** 1.5
    d = x[:, np.newaxis] - x
    d3 = (d**2).sum(2) ** 1.5 + np.eye(5)
    indirect = MASSES[:, np.newaxis] * x / r3[:, np.newaxis]
    others = -np.einsum("k,jki->ji", MASSES, d / d3[:, :, np.newaxis])
    acceleration = -(SUN + MASSES)[:, np.newaxis] * x / r3[:, np.newaxis] + others - (indirect.sum(0) - indirect)
    return np.concatenate([y[15:], GRAVITY * acceleration.ravel()])


CLASS_C5 = Group(planets, (Problem("C5", five_bodies, PLANETS),), ((GRAVITY,),))


# --- class D: orbits ---


def orbit(t, u, p):
    x, y, vx, vy = u
    square = x * x + y * y
    cube = square * math.sqrt(square)
    return vx, vy, -x / cube, -y / cube


def kepler(t, y):
    cube = (y[0] ** 2 + y[1] ** 2) ** 1.5
    return [y[2], y[3], -y[0] / cube, -y[1] / cube]


def orbit_end(eccentricity: float) -> np.ndarray:
    anomaly = brentq(lambda e: e - eccentricity * math.sin(e) - END, END - 1.0, END + 1.0, xtol=1e-15, rtol=1e-15)
    cosine, sine, root = math.cos(anomaly), math.sin(anomaly), math.sqrt(1.0 - eccentricity**2)
    rate = 1.0 / (1.0 - eccentricity * cosine)
    return np.array([cosine - eccentricity, root * sine, -rate * sine, rate * root * cosine])


def orbit_problem(number: int, eccentricity: float) -> Problem:
    start = (1.0 - eccentricity, 0.0, 0.0, math.sqrt((1.0 + eccentricity) / (1.0 - eccentricity)))
    return Problem(f"D{number}", kepler, start, functools.partial(orbit_end, eccentricity))


CLASS_D = Group(
    orbit,
    tuple(orbit_problem(number, eccentricity) for number, eccentricity in enumerate((0.1, 0.3, 0.5, 0.7, 0.9), 1)),
    ((),) * 5,
)

GROUPS = (CLASS_A, CLASS_B, CLASS_C, CLASS_C4, CLASS_C5, CLASS_D, CLASS_E)
PROBLEMS = tuple(problem for group in GROUPS for problem in group.problems)
