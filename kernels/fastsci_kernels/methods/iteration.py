"""Iteration of a map: the step is the map itself, and time counts the iterations."""

from __future__ import annotations

from dataclasses import dataclass

from .method import OfState


@dataclass(frozen=True)
class Iteration(OfState):
    """A map as a `method.Method` of fixed steps of size 1, whose right-hand side gives the next state."""

    name: str = "iteration"
    aliases: tuple[str, ...] = ()
    order: int = 0
    source: str = "the map itself: u becomes f(t, u, p) at iteration t"
    stages: int = 1
    parts: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    random: bool = False

    def buffers(self) -> tuple[str, ...]:
        return ("image",)

    def flat_step(self, dim: int) -> str:
        return "def step(t, u, p, h):\n    return rhs(t, u, p)\n"

    def long_step(self, dim: int) -> str:
        # A map reads what it has not yet written: its image needs a place of its own.
        return (
            "def step(t, u, p, h, v, image):\n"
            "    rhs(t, u, p, image)\n"
            f"    for i in range({dim}):\n"
            "        v[i] = image[i]\n"
        )


ITERATION = Iteration()
