"""A design and its targets, checked and summed, for the functions that take arrays or the sums of some."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._problem import Array, NormalEquations


def sums_of(theta: Any, target: Any) -> tuple[NormalEquations, bool]:
    """Normal equations of a design ``(n, p)`` and targets ``(n,)`` or ``(n, m)``, and whether there is but one.

    Normal equations pass through; they count as one target where they hold one.
    """
    if isinstance(theta, NormalEquations):
        if target is not None:
            raise ValueError("target: is given beside sums, expected None; NormalEquations hold their targets")
        return theta, theta.n_targets == 1
    if target is None:
        raise ValueError("target: is None, expected (n_samples,) or (n_samples, n_targets); give the derivatives")
    design, columns = _real(theta, "theta"), _real(target, "target")
    if design.ndim != 2 or 0 in design.shape:
        raise ValueError(f"theta: has shape {design.shape}, expected (n_samples, n_features), neither zero; reshape it")
    if columns.ndim not in (1, 2) or len(columns) != len(design) or 0 in columns.shape:
        raise ValueError(
            f"target: has shape {columns.shape}, expected ({len(design)},) or ({len(design)}, n_targets); give as many"
            " rows as theta has"
        )
    _require_finite(design, "theta")
    _require_finite(columns.reshape(len(columns), -1), "target")
    return NormalEquations.of(design, columns.reshape(len(columns), -1)), columns.ndim == 1


def _real(values: Any, name: str) -> Array:
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name}: has dtype {array.dtype}, expected real numbers; convert it to float")
    return np.asarray(array, np.float64)


def _require_finite(values: Array, name: str) -> None:
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"{name}: row {row} is not finite ({bad.sum()} such rows), expected numbers; drop these samples"
        )
