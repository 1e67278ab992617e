"""Symplectic methods for separable Hamiltonians: symmetric compositions of the leapfrog, for every number type.

The state is ``(q_1..q_m, p_1..p_m)``.  Where dq/dt depends on the momenta alone and dp/dt on the positions alone, a
drift (positions move, momenta rest) and a kick (momenta change, positions rest) are each exact, and a method is the
list of their lengths.  A system whose halves depend on time is one of an autonomous Hamiltonian with two clocks more:
that of the force advances with the drifts, that of the velocity with the kicks.

Drift-kick-drift needs one force a step; kick-drift-kick needs two, since a step does not see the one before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import factorial

from .method import OfState

TOLERANCE = 1e-13


@dataclass(frozen=True)
class Composition(OfState):
    """Leapfrog steps of lengths ``weights`` (in steps) in turn, as a `method.Method` of fixed steps.

    Construction fails unless the weights read the same from both ends; `check` looks at the order conditions.
    """

    name: str
    order: int
    weights: tuple[float, ...]
    source: str
    aliases: tuple[str, ...] = ()
    kick_first: bool = False
    parts: tuple[str, ...] = ("velocity", "force")
    imports: tuple[str, ...] = ()
    random: bool = False

    def __post_init__(self) -> None:
        if self.weights != self.weights[::-1]:
            raise ValueError(f"composition {self.name}: the weights differ read from the other end")

    def check(self) -> None:
        """Raise unless the weights satisfy every order condition up to ``order``."""
        for word, defect in self.defects(self.order).items():
            if abs(defect) > TOLERANCE:
                raise ValueError(f"composition {self.name}: order condition {word} fails by {defect:.1e}")

    @property
    def stages(self) -> int:
        """Evaluations of the force a step."""
        return len(self.weights) + self.kick_first

    def defects(self, order: int) -> dict[tuple[int, ...], float]:
        """For every word of ``order`` or less, its coefficient in the composition minus that in the exact flow.

        The leapfrog is ``exp(h Y1 + h^3 Y3 + h^5 Y5 + ...)`` with operators that commute with none of the others
        (Hairer, Lubich and Wanner, section III.5), so each product of them, a word, is a condition of its own.
        """
        total = {word: float(not word) for word in words(order)}
        for weight in self.weights:
            total = {
                word: sum(total[before] * weight**power / repeats for before, power, repeats in splits)
                for word, splits in words(order).items()
            }
        return {word: value - (set(word) <= {1}) / factorial(len(word)) for word, value in total.items()}

    def moves(self) -> list[tuple[bool, float]]:
        """Whether it is a kick, and its length, of each move of a step."""
        ends = [0.0, *self.weights, 0.0]
        halves = [(first + second) / 2 for first, second in pairwise(ends)]
        moves = [(not self.kick_first, halves[0])]
        for whole, half in zip(self.weights, halves[1:]):
            moves += [(self.kick_first, whole), (not self.kick_first, half)]
        return [(not is_drift, length) for is_drift, length in moves]

    def timed_moves(self) -> list[tuple[bool, float, str]]:
        """The moves, each with the text of the time at which its slope is taken."""
        clock = {False: 0.0, True: 0.0}
        timed = []
        for is_kick, length in self.moves():
            timed.append((is_kick, length, _time(clock[not is_kick])))
            clock[is_kick] += length
        return timed

    def buffers(self) -> tuple[str, ...]:
        return ("du",)

    def flat_step(self, dim: int) -> str:
        """Source of ``step(t, u, p, h)``, which calls ``velocity(t, u, p)`` and ``force(t, u, p)``.

        Of each the half that is meant is used; where both are the whole right-hand side, the compiler drops the rest.
        """
        half = _half(dim)
        state = ", ".join(f"u{i}" for i in range(dim))
        lines = [f"{state} = u"]
        for is_kick, length, time in self.timed_moves():
            moved = range(half, dim) if is_kick else range(half)
            lines += [f"w = {'force' if is_kick else 'velocity'}({time}, ({state}), p)", _scaled(length)]
            lines += [f"u{i} = u{i} + a * w[{i}]" for i in moved]
        lines.append(f"return ({state})")
        return "def step(t, u, p, h):\n" + "".join(f"    {line}\n" for line in lines)

    def long_step(self, dim: int) -> str:
        """Source of ``step(t, u, p, h, v, du)``, which calls ``velocity`` and ``force``, one half of ``du`` each."""
        half = _half(dim)
        lines = []
        for move, (is_kick, length, time) in enumerate(self.timed_moves()):
            moved, rests = (f"{half}, {dim}", f"{half}") if is_kick else (f"{half}", f"{half}, {dim}")
            state = "v" if move else "u"
            lines += [f"{'force' if is_kick else 'velocity'}({time}, {state}, p, du)", _scaled(length)]
            lines += [f"for i in range({moved}):", f"    v[i] = {state}[i] + a * du[i]"]
            if not move:
                lines += [f"for i in range({rests}):", "    v[i] = u[i]"]
        return "def step(t, u, p, h, v, du):\n" + "".join(f"    {line}\n" for line in lines)


@cache
def words(order: int) -> dict[tuple[int, ...], list[tuple[tuple[int, ...], int, int]]]:
    """Sequences of odd numbers of sum ``order`` or less, each with the ways in which one more leapfrog completes it.

    Its last ``k`` letters come from that leapfrog, with the weight to the power of their sum, over ``k!``.
    """
    by_sum: list[list[tuple[int, ...]]] = [[()]]
    for total in range(1, order + 1):
        by_sum.append([(*word, last) for last in range(1, total + 1, 2) for word in by_sum[total - last]])
    return {
        word: [(word[:cut], sum(word[cut:]), factorial(len(word) - cut)) for cut in range(len(word) + 1)]
        for group in by_sum
        for word in group
    }


def _half(dim: int) -> int:
    if dim % 2:
        raise ValueError(f"y0: has {dim} components, expected as many momenta as positions, positions first")
    return dim // 2


def _time(elapsed: float) -> str:
    # Sums of weights miss 0 and 1 by rounding.
    if abs(elapsed) < TOLERANCE:
        return "t"
    return "t + h" if abs(elapsed - 1.0) < TOLERANCE else f"t + h * {elapsed!r}"


def _scaled(length: float) -> str:
    return "a = h" if length == 1.0 else f"a = h * {length!r}"


def palindrome(*outer: float) -> tuple[float, ...]:
    """Weights from the outermost inwards, with the one in the middle that makes their sum 1."""
    return (*outer, 1.0 - 2.0 * sum(outer), *reversed(outer))


HAIRER = "Hairer, Lubich and Wanner, Geometric Numerical Integration, 2nd ed. (2006)"
YOSHIDA = "Yoshida, Construction of higher order symplectic integrators, Phys. Lett. A 150 (1990) 262"

SYMPLECTIC = (
    Composition(
        "Leapfrog",
        2,
        (1.0,),
        source=f"{HAIRER}, section I.1.4: the method of Stormer and Verlet, drift-kick-drift",
        aliases=("Verlet", "StormerVerlet", "PositionVerlet"),
    ),
    Composition(
        "VelocityVerlet",
        2,
        (1.0,),
        source="Swope, Andersen, Berens and Wilson, J. Chem. Phys. 76 (1982) 637: kick-drift-kick",
        kick_first=True,
    ),
    Composition(
        "Yoshida4",
        4,
        palindrome(1.0 / (2.0 - 2.0 ** (1.0 / 3.0))),
        source=f"{YOSHIDA}; Forest and Ruth, Fourth-order symplectic integration, Physica D 43 (1990) 105",
        aliases=("ForestRuth", "Ruth4"),
    ),
    Composition(
        "Suzuki4",
        4,
        palindrome(*(1.0 / (4.0 - 4.0 ** (1.0 / 3.0)),) * 2),
        source="Suzuki, Fractal decomposition of exponential operators, Phys. Lett. A 146 (1990) 319",
    ),
    # The digits that the paper does not print solve its own equations.
    Composition(
        "Yoshida6",
        6,
        palindrome(0.7845136104775572638195, 0.2355732133593581336848, -1.177679984178871006946),
        source=f"{YOSHIDA}, solution A of order 6",
    ),
    Composition(
        "Yoshida8",
        8,
        palindrome(
            0.9148442462297915667488,
            0.2536933365662113541461,
            -1.444852236860605157695,
            -0.1582406353680501752041,
            1.938139137622525986579,
            -1.960610232975310807608,
            0.1027998493917964406981,
        ),
        source=f"{YOSHIDA}, solution D of order 8",
    ),
    Composition(
        "KahanLi8",
        8,
        palindrome(
            0.13020248308889008087881763,
            0.56116298177510838456196441,
            -0.38947496264484728640807860,
            0.15884190655515560089621075,
            -0.39590389413323757733623154,
            0.18453964097831570709183254,
            0.25837438768632204729397911,
            0.29501172360931029887096624,
        ),
        source="Kahan and Li, Composition constants for raising the orders of unconventional schemes, Math. Comp. 66"
        " (1997) 1089, 17 stages; its error is far below that of Yoshida8 at nearly the cost",
    ),
)
