"""The implicit midpoint rule: symplectic for every Hamiltonian, separable or not, and true to quadratic invariants.

Its one stage ``z = u + h/2 f(t + h/2, z)`` is iterated to rounding, each member for itself: a member stops where its
change no longer shrinks, and its numbers rest while others of its strip go on.  The iteration contracts where h/2
times the largest eigenvalue is below one; a member for which it does not gets nan.
"""

from __future__ import annotations

from dataclasses import dataclass

from .method import OfState

MOST_ITERATIONS = 100
# A change that no longer shrinks and is below this part of the state is rounding; one above it is divergence.
SMALL = 1e-5


@dataclass(frozen=True)
class ImplicitMidpoint(OfState):
    """Gauss's method of one stage as a `method.Method` of fixed steps."""

    name: str = "ImplicitMidpoint"
    order: int = 2
    source: str = (
        "Hairer, Lubich and Wanner, Geometric Numerical Integration, 2nd ed. (2006), sections II.1.3, VI.4 and VIII.6"
    )
    aliases: tuple[str, ...] = ("Gauss1",)
    stages: int = 1
    parts: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    random: bool = False

    def buffers(self) -> tuple[str, ...]:
        return ("stage", "kept", "slopes")

    def flat_step(self, dim: int) -> str:
        """Source of ``step(t, u, p, h)``."""
        components = range(dim)
        stage = ", ".join(f"z{i}" for i in components)
        measured = [line for i in components for line in _measure(f"u{i}", f"z{i}", f"w[{i}]")]
        taken = [f"z{i} = where(running, u{i} + half * w[{i}], z{i})" for i in components]
        kept = [f"k{i} = where(running, w[{i}], k{i})" for i in components]
        return _text(
            "def step(t, u, p, h):",
            ["".join(f"u{i}, " for i in components) + "= u", f"{stage}, = u", *(f"k{i} = u{i}" for i in components)],
            f"w = rhs(middle, ({stage},), p)",
            measured,
            [*taken, *kept],
            ["return (" + "".join(f"where(lost, math.nan, u{i} + h * k{i}), " for i in components) + ")"],
        )

    def long_step(self, dim: int) -> str:
        """Source of ``step(t, u, p, h, v, stage, kept, slopes)``."""
        loop = f"for i in range({dim}):"
        return _text(
            "def step(t, u, p, h, v, stage, kept, slopes):",
            [loop, "    stage[i] = u[i]", "    kept[i] = u[i]"],
            "rhs(middle, stage, p, slopes)",
            [loop, *(f"    {line}" for line in _measure("u[i]", "stage[i]", "slopes[i]"))],
            [
                loop,
                "    stage[i] = where(running, u[i] + half * slopes[i], stage[i])",
                "    kept[i] = where(running, slopes[i], kept[i])",
            ],
            [loop, "    v[i] = where(lost, math.nan, u[i] + h * kept[i])"],
        )


def _measure(start: str, stage: str, slope: str) -> list[str]:
    """Lines that add one component to the change of an iteration, relative and absolute, and to the state's size.

    The relative change counts small components beside large ones; the scale is zero only for a component at rest at
    zero, which does not change.
    """
    return [
        f"change = abs({start} + half * {slope} - {stage})",
        f"scale = abs({start}) + abs(half * {slope})",
        "relative = relative + where(scale > 0.0, change / scale, 0.0 * change)",
        "largest = where(change > largest, change, largest)",
        "size = where(scale > size, scale, size)",
    ]


def _text(head: str, begin: list[str], slope: str, measure: list[str], take: list[str], end: list[str]) -> str:
    zero = "half - half"
    body = [
        slope,
        f"relative = {zero}",
        f"largest = {zero}",
        f"size = {zero}",
        *measure,
        *take,
        f"far = largest > {SMALL!r} * size",
        # A nan is neither smaller nor far: its member stops at once.
        # Components may converge in turns: of the last two changes the larger counts.
        "running = running & ((relative < where(older > previous, older, previous)) | far)",
        "if not any_lane(running):",
        "    break",
        "older = previous",
        "previous = relative",
    ]
    lines = [
        "half = 0.5 * h",
        "middle = t + half",
        f"previous = {zero} + math.inf",
        "older = previous",
        "running = half == half",
        "far = half != half",
        *begin,
        f"for _ in range({MOST_ITERATIONS}):",
        *(f"    {line}" for line in body),
        "lost = running & far",
        *end,
    ]
    return f"{head}\n" + "".join(f"    {line}\n" for line in lines)


MIDPOINT = ImplicitMidpoint()
