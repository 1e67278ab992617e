"""Methods for stochastic differential equations du = f(t, u) dt + g(t, u) dW with diagonal noise: g_i multiplies dW_i.

A method is a list of moves: evaluate a function of the system, or set every component of a state by one formula.
From it come the step in registers and the step in memory.  In a formula ``{x}`` is the component of ``x`` at hand,
``{x+}`` and ``{x-}`` the one half a state further on and back; ``h`` is the step, ``s`` its root.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..random import MOST
from .method import OfState

KLOEDEN = "Kloeden and Platen, Numerical Solution of Stochastic Differential Equations (1992)"


@dataclass(frozen=True)
class Call:
    """``result = function(time, state)`` for a function of the system."""

    result: str
    function: str
    time: str
    state: str


@dataclass(frozen=True)
class Formula:
    """``result`` is ``text`` in every component, or in those of one ``half`` (0 or 1)."""

    result: str
    text: str
    half: int | None = None


@dataclass(frozen=True)
class Stochastic(OfState):
    """A list of moves that ends with the next state ``v``, as a `method.Method` of fixed steps.

    ``noises`` names the independent vectors of standard normal numbers that a step draws, of ``dim`` numbers each, or
    of ``dim / 2`` where the state is positions and velocities (``halved``).  The order is that of strong convergence
    unless ``weak``, for the ``calculus`` of Ito or Stratonovich.
    """

    name: str
    order: float
    moves: tuple[Call | Formula, ...]
    source: str
    aliases: tuple[str, ...] = ()
    noises: tuple[str, ...] = ("z",)
    calculus: str = "Ito"
    weak: bool = False
    halved: bool = False
    random: bool = True
    imports: tuple[str, ...] = (
        "import math",
        "from fastsci_kernels.numbers.arithmetic import where",
        "from fastsci_kernels.random.normal import normals",
    )

    @property
    def parts(self) -> tuple[str, ...]:
        called = [move.function for move in self.moves if isinstance(move, Call)]
        return tuple(dict.fromkeys(name for name in called if name != "rhs"))

    @property
    def stages(self) -> int:
        return sum(isinstance(move, Call) and move.function == "rhs" for move in self.moves)

    def buffers(self) -> tuple[str, ...]:
        results = dict.fromkeys(move.result for move in self.moves if move.result != "v")
        return (*self.noises, *results)

    def flat_step(self, dim: int) -> str:
        """Source of ``step(t, u, p, h, key, member, index)``; it returns the next state as a tuple."""
        lines = [f"{_tuple('u', range(dim))} = u", *self._root()]
        for noise, count, slot in self._draws(dim):
            for first in range(0, count, MOST):
                places = range(first, min(first + MOST, count))
                lines.append(f"{_tuple(noise, places)} = {_normals(len(places), slot + first // MOST)}")
        for move in self.moves:
            if isinstance(move, Call):
                state = _tuple(move.state, range(dim))
                lines.append(f"{_tuple(move.result, range(dim))} = {move.function}({move.time}, {state}, p)")
            else:
                lines += [
                    f"{move.result}{i} = {_component(move.text, lambda shift, i=i: str(i + shift * (dim // 2)), '')}"
                    for i in self._range(move.half, dim)
                ]
        lines.append(f"return {_tuple('v', range(dim))}")
        return "def step(t, u, p, h, key, member, index):\n" + "".join(f"    {line}\n" for line in lines)

    def long_step(self, dim: int) -> str:
        """Source of ``step(t, u, p, h, key, member, index, v, *buffers)``, which fills ``v``."""
        lines = self._root()
        for noise, count, slot in self._draws(dim):
            lines += _fill(noise, count, slot)
        for move in self.moves:
            if isinstance(move, Call):
                lines.append(f"{move.function}({move.time}, {move.state}, p, {move.result})")
            else:
                components = self._range(move.half, dim)
                text = _component(move.text, lambda shift: "i" + {-1: " - ", 0: "", 1: " + "}[shift], f"{dim // 2}")
                lines.append(f"for i in range({components.start}, {components.stop}):")
                lines.append(f"    {move.result}[i] = {text}")
        arguments = ", ".join(self.buffers())
        return f"def step(t, u, p, h, key, member, index, v, {arguments}):\n" + "".join(
            f"    {line}\n" for line in lines
        )

    def _root(self) -> list[str]:
        used = any(isinstance(move, Formula) and re.search(r"\bs\b", move.text) for move in self.moves)
        return ["s = math.sqrt(h)"] if used else []

    def _draws(self, dim: int) -> list[tuple[str, int, int]]:
        """Name, size and first slot of every vector of normal numbers."""
        if self.halved and dim % 2:
            raise ValueError(f"y0: has {dim} components, expected as many velocities as positions, positions first")
        count = dim // 2 if self.halved else dim
        return [(noise, count, place * -(-count // MOST)) for place, noise in enumerate(self.noises)]

    def _range(self, half: int | None, dim: int) -> range:
        if half is None:
            return range(dim)
        return range(dim // 2) if half == 0 else range(dim // 2, dim)


def _component(text: str, place, half: str) -> str:
    """A formula for one component; ``half`` is empty where components are names instead of elements."""

    def named(match: re.Match) -> str:
        name, sign = match.groups()
        shift = {"-": -1, "": 0, "+": 1}[sign]
        if not half:
            return f"{name}{place(shift)}"
        return f"{name}[{place(shift)}{half if shift else ''}]"

    return re.sub(r"\{(\w+)([+-]?)\}", named, text)


def _tuple(name: str, places: range) -> str:
    return "(" + "".join(f"{name}{i}, " for i in places).rstrip(" " if len(places) == 1 else ", ") + ")"


def _normals(count: int, slot: object) -> str:
    return f"normals(h, {count}, key, member, index, {slot})"


def _fill(noise: str, count: int, slot: int) -> list[str]:
    """Lines that fill a buffer with normal numbers."""
    lines = []
    whole, rest = divmod(count, MOST)
    if whole:
        place = "slot" if slot == 0 else f"slot + {slot}"
        lines += [f"for slot in range({whole}):", f"    {_tuple('z', range(MOST))} = {_normals(MOST, place)}"]
        lines += [f"    {noise}[{MOST} * slot + {i}] = z{i}" for i in range(MOST)]
    if rest:
        lines.append(f"{_tuple('z', range(rest))} = {_normals(rest, slot + whole)}")
        lines += [f"{noise}[{MOST * whole + i}] = z{i}" for i in range(rest)]
    return lines


EULER_MARUYAMA = Stochastic(
    "EulerMaruyama",
    0.5,
    (
        Call("f", "rhs", "t", "u"),
        Call("g", "diffusion", "t", "u"),
        Formula("v", "{u} + h * {f} + s * {g} * {z}"),
    ),
    source="Maruyama, Continuous Markov processes and stochastic equations, Rend. Circ. Mat. Palermo 4 (1955) 48;"
    f" {KLOEDEN}, section 10.2",
    aliases=("EM",),
)

# The derivative of g, which Milstein's own scheme needs, is a difference of size sqrt(h), and part of the scheme.
# Order 1 where g_i depends on no other component than u_i.
RUNGE_KUTTA_MILSTEIN = Stochastic(
    "RungeKuttaMilstein",
    1.0,
    (
        Call("f", "rhs", "t", "u"),
        Call("g", "diffusion", "t", "u"),
        Formula("x", "{u} + h * {f} + s * {g}"),
        Call("e", "diffusion", "t", "x"),
        Formula("v", "{u} + h * {f} + s * {g} * {z} + 0.5 * s * ({e} - {g}) * ({z} * {z} - 1.0)"),
    ),
    source=f"Platen's explicit scheme of strong order 1: {KLOEDEN}, section 11.1",
    aliases=("RKMil", "Milstein"),
)

STOCHASTIC_HEUN = Stochastic(
    "StochasticHeun",
    1.0,
    (
        Call("f", "rhs", "t", "u"),
        Call("g", "diffusion", "t", "u"),
        Formula("x", "{u} + h * {f} + s * {g} * {z}"),
        Call("d", "rhs", "t + h", "x"),
        Call("e", "diffusion", "t + h", "x"),
        Formula("v", "{u} + 0.5 * h * ({f} + {d}) + 0.5 * s * ({g} + {e}) * {z}"),
    ),
    source="Rumelin, Numerical treatment of stochastic differential equations, SIAM J. Numer. Anal. 19 (1982) 604",
    aliases=("StratonovichHeun",),
    calculus="Stratonovich",
)

# q is the integral of W over the step, divided by h; it and dW = s z are correlated.
SRA1 = Stochastic(
    "SRA1",
    1.5,
    (
        Call("f", "rhs", "t", "u"),
        Call("g", "diffusion", "t", "u"),
        Call("e", "diffusion", "t + h", "u"),
        Formula("q", f"0.5 * s * ({{z}} + {3.0**-0.5!r} * {{w}})"),
        Formula("x", "{u} + 0.75 * h * {f} + 1.5 * {e} * {q}"),
        Call("d", "rhs", "t + 0.75 * h", "x"),
        Formula("v", "{u} + h / 3.0 * ({f} + 2.0 * {d}) + {e} * (s * {z} - {q}) + {g} * {q}"),
    ),
    source="Roessler, Runge-Kutta methods for the strong approximation of solutions of stochastic differential"
    " equations, SIAM J. Numer. Anal. 48 (2010) 922; for additive noise: g is a function of time alone",
    aliases=("Rossler1.5",),
    noises=("z", "w"),
)

# a is -friction * h; the variance that a step adds, (exp(2 a) - 1) / (2 a) h, has the limit h at zero friction.
BAOAB = Stochastic(
    "BAOAB",
    2.0,
    (
        Call("f", "rhs", "t", "u"),
        Formula("x", "{u} + 0.5 * h * {f}", half=1),
        Formula("x", "{u} + 0.5 * h * {x+}", half=0),
        Call("c", "friction", "t + 0.5 * h", "x"),
        Call("g", "diffusion", "t + 0.5 * h", "x"),
        Formula("a", "-{c} * h", half=1),
        Formula("e", "math.expm1({a})", half=1),
        Formula("b", "where({a} == 0.0, h, h * {e} * (2.0 + {e}) / where({a} == 0.0, 1.0, 2.0 * {a}))", half=1),
        Formula("x", "{x} + {e} * {x} + {g} * math.sqrt({b}) * {z-}", half=1),
        Formula("x", "{x} + 0.5 * h * {x+}", half=0),
        Call("f", "rhs", "t + h", "x"),
        Formula("v", "{x}", half=0),
        Formula("v", "{x} + 0.5 * h * {f}", half=1),
    ),
    source="Leimkuhler and Matthews, Rational construction of stochastic numerical methods for molecular sampling,"
    " Appl. Math. Res. Express 2013, 34",
    weak=True,
    halved=True,
)

STOCHASTIC = (EULER_MARUYAMA, RUNGE_KUTTA_MILSTEIN, STOCHASTIC_HEUN, SRA1, BAOAB)
