"""Butcher tableaus: a Runge-Kutta method is data, checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import prod
from operator import mul

Coefficient = Fraction | float
Tree = tuple  # a rooted tree is the sorted tuple of the subtrees below its root

TOLERANCE = 1e-13


@cache
def rooted_trees(order: int) -> tuple[Tree, ...]:
    """All rooted trees with ``order`` nodes: one order condition each (Butcher, 2016, section 30)."""
    if order == 1:
        return ((),)
    return tuple(
        sorted(
            {
                tuple(sorted((*forest, tree)))
                for size in range(1, order)
                for tree in rooted_trees(size)
                for forest in rooted_trees(order - size)
            }
        )
    )


@cache
def density(tree: Tree) -> int:
    """Butcher's gamma of a tree: the elementary weight of the exact flow is its reciprocal."""
    return node_count(tree) * prod(density(subtree) for subtree in tree)


@cache
def node_count(tree: Tree) -> int:
    return 1 + sum(node_count(subtree) for subtree in tree)


@dataclass(frozen=True, slots=True)
class Tableau:
    """An explicit Runge-Kutta method.

    ``a`` is strictly lower triangular, row ``i`` holding the ``i`` weights of the stages before stage ``i``; ``b``
    are the weights of the step; the nodes ``c`` are the row sums of ``a`` unless given.  Construction fails unless
    ``b`` satisfies every order condition up to ``order``.
    """

    name: str
    order: int
    a: tuple[tuple[Coefficient, ...], ...]
    b: tuple[Coefficient, ...]
    source: str
    c: tuple[Coefficient, ...] = ()
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(len(row) != stage for stage, row in enumerate(self.a)) or len(self.a) != len(self.b):
            raise ValueError(f"tableau {self.name}: row i of a must hold i weights, b one a stage")
        sums = tuple(sum(row, start=Fraction(0)) for row in self.a)
        if not self.c:
            object.__setattr__(self, "c", sums)
        if any(abs(float(node - row)) > TOLERANCE for node, row in zip(self.c, sums, strict=True)):
            raise ValueError(f"tableau {self.name}: a node of c differs from its row sum")
        for order in range(1, self.order + 1):
            for tree, defect in self.defects(order).items():
                if abs(defect) > TOLERANCE:
                    raise ValueError(f"tableau {self.name}: order condition {tree} of order {order} fails")

    @property
    def stages(self) -> int:
        return len(self.b)

    def defects(self, order: int) -> dict[Tree, float]:
        """For every tree of ``order`` nodes, its elementary weight minus that of the exact flow."""
        a = [[float(weight) for weight in row] for row in self.a]
        b = [float(weight) for weight in self.b]

        @cache
        def stage_weights(tree: Tree) -> list[float]:
            weights = [1.0] * len(b)
            for subtree in tree:
                below = stage_weights(subtree)
                weights = [weight * sum(map(mul, row, below)) for weight, row in zip(weights, a, strict=True)]
            return weights

        return {tree: sum(map(mul, b, stage_weights(tree))) - 1 / density(tree) for tree in rooted_trees(order)}
