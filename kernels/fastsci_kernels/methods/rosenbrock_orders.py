"""Order conditions of Rosenbrock methods (Hairer and Wanner II, section IV.7, theorem 7.3), and of their dense output.

A rooted tree stands for a condition as it does for Runge-Kutta methods, except that a node with a single branch takes
its weights from ``alpha + gamma``, where the Jacobian acts too, and every other node from ``alpha`` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .tableau import Tree, density, node_count, rooted_trees

if TYPE_CHECKING:
    from .rosenbrock import Rosenbrock

TOLERANCE = 2e-12  # coefficients of 16 digits, some near 200 in size


def _square(rows) -> np.ndarray:
    matrix = np.zeros((len(rows), len(rows)))
    for place, row in enumerate(rows):
        matrix[place, : len(row)] = row
    return matrix


def untransformed(method: Rosenbrock) -> tuple[np.ndarray, np.ndarray]:
    """``alpha`` and ``gamma`` of the form ``k_i = h f(u + sum alpha_ij k_j) + h J sum gamma_ij k_j``.

    The stages of both forms are related by ``U = gamma k``.
    """
    gamma = np.linalg.inv(np.eye(method.stages) / method.gamma - _square(method.coupling))
    return _square(method.a) @ gamma, gamma


def elementary_weights(method: Rosenbrock, tree: Tree) -> np.ndarray:
    """One number a stage: the weight of the tree below it."""
    alpha, gamma = untransformed(method)
    single = alpha + gamma if len(tree) == 1 else alpha
    weights = np.ones(method.stages)
    for subtree in tree:
        weights = weights * (single @ elementary_weights(method, subtree))
    return weights


def dense_weights(method: Rosenbrock, theta: float) -> np.ndarray:
    """Weights of the stages in the state at ``theta``."""
    middle = sum(np.array(row) * theta**power for power, row in enumerate(method.dense))
    return theta * np.array(method.m) + theta * (1 - theta) * middle


def defects(method: Rosenbrock, order: int, weights, theta: float = 1.0) -> dict[Tree, float]:
    """For every tree of ``order`` nodes, its weight in a sum of stages minus that of the exact flow at ``theta``."""
    _, gamma = untransformed(method)
    slopes = np.asarray(weights) @ gamma
    return {
        tree: float(slopes @ elementary_weights(method, tree)) - theta ** node_count(tree) / density(tree)
        for tree in rooted_trees(order)
    }


def check(method: Rosenbrock) -> None:
    """Raise unless the data belong together and satisfy the conditions of every order that they claim."""
    rows = (*enumerate(method.a), *enumerate(method.coupling))
    if any(len(row) != stage for stage, row in rows):
        raise ValueError(f"method {method.name}: row i of a and of coupling must hold i weights")
    of_stages = (method.a, method.coupling, method.c, method.d, method.m, method.error, *method.dense)
    if {len(row) for row in of_stages} != {method.stages}:
        raise ValueError(f"method {method.name}: every row of weights must hold one a stage")
    alpha, gamma = untransformed(method)
    if not np.allclose(alpha.sum(1), method.c, atol=TOLERANCE):
        raise ValueError(f"method {method.name}: a node of c differs from the row sum of alpha")
    if not np.allclose(gamma.sum(1), method.d, atol=TOLERANCE):
        raise ValueError(f"method {method.name}: a weight of d differs from the row sum of gamma")
    embedded = np.array(method.m) - method.error
    claims = [(method.order, method.m, 1.0), (method.error_order, embedded, 1.0)]
    claims += [(method.dense_order, dense_weights(method, theta), theta) for theta in (0.25, 0.5, 0.75)]
    for claimed, weights, theta in claims:
        for order in range(1, claimed + 1):
            for tree, defect in defects(method, order, weights, theta).items():
                if abs(defect) > TOLERANCE:
                    raise ValueError(f"method {method.name}: order condition {tree} of order {order} fails: {defect}")
