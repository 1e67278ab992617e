"""Straight lines through curves."""

from __future__ import annotations

import math

import numpy as np


def slopes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Least-squares slopes of curves ``y (n_curves, n)`` over ``x (n,)``, by their finite points; NaN for under two."""
    used = np.isfinite(y)
    count = np.maximum(used.sum(axis=1, keepdims=True), 1)
    across = np.where(used, x, 0.0)
    up = np.where(used, y, 0.0)
    across = np.where(used, across - across.sum(axis=1, keepdims=True) / count, 0.0)
    up = np.where(used, up - up.sum(axis=1, keepdims=True) / count, 0.0)
    enough = used.sum(axis=1) >= 2
    spread = np.where(enough, (across * across).sum(axis=1), 1.0)
    return np.where(enough, (across * up).sum(axis=1) / spread, math.nan)
