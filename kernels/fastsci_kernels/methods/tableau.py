"""Butcher tableaus: a Runge-Kutta method is data, checked when it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import prod
from operator import mul

from .pair import Coefficient, Pair, hermite

Formula = tuple[str, list[float], int, range]
Tree = tuple  # a rooted tree is the sorted tuple of the subtrees below its root

TOLERANCE = 4e-15  # of a condition, relative to its value for the absolute values of all coefficients
LOW_ORDER = 3  # of the trees that are looked at whenever a tableau is made


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


def quick_trees(order: int) -> tuple[Tree, ...]:
    """The trees that are looked at whenever a tableau is made: all low ones, of others the quadrature condition."""
    return rooted_trees(order) if order <= LOW_ORDER else (((),) * (order - 1),)


@dataclass(frozen=True, slots=True)
class Tableau:
    """An explicit Runge-Kutta method.

    ``a`` is strictly lower triangular, row ``i`` holding the ``i`` weights of the stages before stage ``i``; ``b``
    are the weights of the step; the nodes ``c`` are the row sums of ``a`` unless given; ``pair`` holds the error
    estimate and the interpolant, where the method has them.  Construction fails unless nodes are row sums and all
    formulas integrate powers of time and satisfy the conditions of low order; `check` looks at all conditions.
    """

    name: str
    order: int
    a: tuple[tuple[Coefficient, ...], ...]
    b: tuple[Coefficient, ...]
    source: str
    c: tuple[Coefficient, ...] = ()
    aliases: tuple[str, ...] = ()
    pair: Pair | None = None

    def __post_init__(self) -> None:
        if any(len(row) != stage for stage, row in enumerate(self.a)) or len(self.a) != len(self.b):
            raise ValueError(f"tableau {self.name}: row i of a must hold i weights, b one a stage")
        if self.pair is not None and not self.pair.fits(self.stages):
            raise ValueError(f"tableau {self.name}: error weights or dense output do not fit {self.stages} stages")
        if not self.c:
            object.__setattr__(self, "c", tuple(sum(row, start=Fraction(0)) for row in self.a))
        if len(self.c) != len(self.a):
            raise ValueError(f"tableau {self.name}: c must hold one node a stage")
        for slope, (node, row) in enumerate(zip(self.nodes, self.slopes, strict=True)):
            if slope != self.stages and not _vanish([*map(float, row), -float(node)]):
                raise ValueError(f"tableau {self.name}: a node of c differs from its row sum")
        self._verify(quick_trees)
        self._verify_ends()

    @property
    def stages(self) -> int:
        return len(self.b)

    @property
    def needed_stages(self) -> int:
        """Leading stages that a step without an error estimate evaluates."""
        return 1 + max(stage for stage, weight in enumerate(self.b) if weight)

    @property
    def slopes(self) -> tuple[tuple[Coefficient, ...], ...]:
        """Weights behind every slope: the stages, the slope at the end of the step, the extra stages."""
        return (*self.a, self.b, *(self.pair.extra if self.pair else ()))

    @property
    def nodes(self) -> tuple[Coefficient, ...]:
        """Time of every slope, in steps from the start of the step."""
        return (*self.c, Fraction(1), *(self.pair.extra_c if self.pair else ()))

    @property
    def dense(self) -> tuple[tuple[Coefficient, ...], ...]:
        """Interpolant as in `Pair`, written out where it is the cubic Hermite polynomial."""
        return self.pair.dense if self.pair and self.pair.dense else hermite(self.b)

    @property
    def dense_order(self) -> int:
        return self.pair.dense_order if self.pair else min(self.order, 3)

    def formulas(self) -> Iterator[Formula]:
        """The step, the error estimates, every power of the interpolant: what each is, its weights, order and powers.

        A formula has the elementary weight of the exact flow at trees with as many nodes as ``powers`` holds; at
        other trees up to its order, its elementary weight vanishes.
        """
        yield "order condition", list(map(float, self.b)), self.order, range(1, self.order + 1)
        if self.pair:
            for row, order in zip(self.pair.error, self.pair.embedded_orders, strict=True):
                yield "error weights, condition", list(map(float, row)), order, range(0)
        for power, column in enumerate(zip(*self.dense, strict=True), start=1):
            what = f"dense output, power {power}, condition"
            yield what, list(map(float, column)), self.dense_order, range(power, power + 1)

    def check(self) -> None:
        """Look at every order condition of every formula; raise `ValueError` at the first that fails."""
        self._verify(rooted_trees)

    def stage_weights(self) -> Callable[[Tree], list[float]]:
        """The elementary weights of a tree in all slopes, as a function of the tree."""
        return _elementary_weights(_floats(self.slopes), list(map(float, self.nodes)))

    def defects(self, order: int) -> dict[Tree, float]:
        """For every tree of ``order`` nodes, its elementary weight minus that of the exact flow."""
        weights = self.stage_weights()
        b = [float(weight) for weight in self.b]
        return {tree: sum(map(mul, b, weights(tree))) - 1 / density(tree) for tree in rooted_trees(order)}

    def _verify(self, trees: Callable[[int], Iterable[Tree]]) -> None:
        rows, nodes = _floats(self.slopes), list(map(float, self.nodes))
        weights = _elementary_weights(rows, nodes)
        # Rounded coefficients cannot be asked for more than this lets through.
        bounds = _elementary_weights([list(map(abs, row)) for row in rows], list(map(abs, nodes)))
        for what, formula, highest, powers in self.formulas():
            for order in range(1, highest + 1):
                for tree in trees(order):
                    exact = 1.0 / density(tree) if order in powers else 0.0
                    defect = sum(map(mul, formula, weights(tree))) - exact
                    if abs(defect) <= TOLERANCE:
                        continue
                    if abs(defect) > TOLERANCE * sum(map(mul, map(abs, formula), bounds(tree))):
                        raise ValueError(f"tableau {self.name}: {what} {tree} of order {order} fails")

    def _verify_ends(self) -> None:
        """The interpolant ends at the step's end, and has the slopes of the flow at both ends."""
        for slope, row in enumerate(self.dense):
            weights = [float(weight) for weight in row]
            b = float(self.b[slope]) if slope < self.stages else 0.0
            ascent = [power * weight for power, weight in enumerate(weights, start=1)]
            if not (
                _vanish([*weights, -b])
                and _vanish([weights[0], -float(slope == 0)])
                and _vanish([*ascent, -float(slope == self.stages)])
            ):
                raise ValueError(f"tableau {self.name}: dense output does not meet the ends of the step")


def _vanish(terms: list[float]) -> bool:
    return abs(sum(terms)) <= TOLERANCE * max(1.0, sum(map(abs, terms)))


def _floats(rows: Iterable[Iterable[Coefficient]]) -> list[list[float]]:
    return [list(map(float, row)) for row in rows]


def _elementary_weights(rows: list[list[float]], nodes: list[float]) -> Callable[[Tree], list[float]]:
    @cache
    def weights(tree: Tree) -> list[float]:
        product = [1.0] * len(rows)
        for subtree in tree:
            below = weights(subtree)
            sums = [sum(map(mul, row, below)) for row in rows] if subtree else nodes
            product = list(map(mul, product, sums))
        return product

    return weights
