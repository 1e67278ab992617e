"""The next point of a path guessed from the last two: along a path, coefficients are piecewise linear in the penalty.

A guess costs no certainty: what it leaves out is found by the products of all features, as ever.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._problem import Array

SLACK = 0.05  # of a feature's limit: how far below it a guessed product may be for the feature to be promising


class Ahead:
    """The last two points: levels, coefficients, and products of all columns with the residual."""

    def __init__(self, coef: Array, products: Array, weight: Array) -> None:
        self.weight = weight
        self.level = float(np.max(np.abs(products) / weight, initial=0.0))
        self.coef, self.products = coef.copy(), products.copy()
        self.rate: tuple[Array, Array] | None = None

    def note(self, level: float, coef: Array, products: Array) -> None:
        """Keep a further point; points of a level that is not below the last tell nothing of what follows."""
        fall = self.level - level
        if fall > 0.0:
            self.rate = (coef - self.coef) / fall, (products - self.products) / fall
        self.level, self.coef, self.products = level, coef.copy(), products.copy()

    def guess(self, level: float, positive: bool) -> tuple[Array, Any]:
        """Coefficients at a lower level, of those that are not zero, and which features may matter there."""
        fall = max(self.level - level, 0.0)
        if self.rate is None:
            pulled = self.products if positive else np.abs(self.products)
            return self.coef, pulled >= (level - fall) * self.weight
        coef = self.coef + fall * self.rate[0]
        coef[coef * self.coef <= 0.0] = 0.0
        products = self.products + fall * self.rate[1]
        pulled = products if positive else np.abs(products)
        return coef, pulled >= (1.0 - SLACK) * level * self.weight
