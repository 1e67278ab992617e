"""Parameters of a fit of exponentials, checked."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._validate import whole
from ._varpro import Allowed, Complex, Constraint

CONSTRAINTS = ("stable", "imag", "conjugate pairs")


@dataclass(frozen=True)
class Settings:
    """Parameters of a fit that were checked."""

    rank: Any
    start: Complex | None
    pairs: bool
    allowed: Allowed
    max_iter: int
    tol: float
    trim: float

    @classmethod
    def of(cls, model: Any) -> Settings:
        """Those of an estimator."""
        names, constraint = _constraints(model.eig_constraints)
        allowed = Allowed("stable" in names and "imag" not in names, "imag" in names, constraint)
        return cls(
            model.rank, _start(model.start), "conjugate pairs" in names, allowed,
            whole("max_iter", model.max_iter), _between("tol", model.tol, 1.0), _between("trim", model.trim, 0.5),
        )  # fmt: skip


def _constraints(value: Any) -> tuple[set[str], Constraint | None]:
    if value is None:
        return set(), None
    if callable(value):
        return set(), value
    names = {value} if isinstance(value, str) else value
    if not isinstance(names, (set, frozenset, tuple, list)) or not all(name in CONSTRAINTS for name in names):
        raise ValueError(
            f"eig_constraints: is {value!r}, expected 'stable', 'imag', 'conjugate pairs', several of them, or a"
            " function of the rates"
        )
    return set(names), None


def _start(value: Any) -> Complex | None:
    if value is None:
        return None
    start = np.asarray(value)
    if start.ndim != 1 or not start.size or start.dtype.kind not in "fciu" or not np.isfinite(start).all():
        raise ValueError(f"start: is {value!r}, expected finite rates (r,); leave it out for those of a plain DMD")
    if len(np.unique(start)) < len(start):
        raise ValueError(f"start: is {value!r}, expected rates that differ; move those that are the same apart")
    return start.astype(np.complex128)


def _between(name: str, value: Any, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name}: is {value!r}, expected a number from 0 to below {most:g}")
    if not 0.0 <= float(value) < most:
        raise ValueError(f"{name}: is {value!r}, expected a number from 0 to below {most:g}")
    return float(value)


def row_weights(weights: Any, n_times: int) -> NDArray[np.float64]:
    """Square roots of the weights of snapshots, (n_times,)."""
    if weights is None:
        return np.ones(n_times)
    found = np.asarray(weights)
    if found.dtype.kind not in "fiub" or found.shape != (n_times,):
        raise ValueError(
            f"weights: has shape {found.shape} of {found.dtype}, expected ({n_times},) numbers, one a snapshot"
        )
    if not (np.isfinite(found).all() and (found >= 0).all() and found.any()):
        raise ValueError("weights: holds negative or non-finite numbers or zeros alone, expected 1 over variances")
    return np.sqrt(found / found.max())
