"""What the lasso works on: a design without its intercept, its free columns and its excluded ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._arrays import to_numpy
from ._problem import Array

NOISE = 1e-13  # squared length, relative, of what rounding leaves of a column that has been projected out


@dataclass(frozen=True)
class Sparse:
    """Compressed sparse columns."""

    data: Array
    rows: Any
    starts: Any
    shape: tuple[int, int]

    def transposed_times(self, right: Array) -> Array:
        """Products of the columns with ``right`` (n, k)."""
        columns = np.repeat(np.arange(self.shape[1]), np.diff(self.starts))
        terms = [np.bincount(columns, self.data * side[self.rows], minlength=self.shape[1]) for side in right.T]
        return np.stack(terms, axis=1).astype(np.float64) if terms else np.empty((self.shape[1], 0))


@dataclass(frozen=True)
class Design:
    """A design whose penalised columns have had ``basis`` taken out of them, and how to give all coefficients back.

    ``columns`` is (p, n), one row a column, or `Sparse`, whose projections ``removed (p, k)`` on the orthonormal
    ``basis (n, k)`` are only noted.  ``squares`` are the squared lengths after that, ``weight`` the weights.
    """

    columns: Array | Sparse
    target: Array  # (n,) or (n, m)
    basis: Array
    removed: Array
    squares: Array
    weight: Array
    total: float  # samples, or the sum of their weights
    penalised: Any  # numbers of the columns above among all features
    n_features: int
    free: Any  # numbers of features without a penalty
    plain: Array  # free columns (n, f) and the target, before the projection
    plain_target: Array
    root: Array  # square roots of the sample weights
    intercept: bool

    def restore(self, coef: Array) -> tuple[Array, Array]:
        """Coefficients of all features ``(m, p)``, and intercepts ``(m,)``, from the penalised ones ``(m, q)``."""
        full = np.zeros((len(coef), self.n_features))
        full[:, self.penalised] = coef
        if not self.basis.shape[1]:
            return full, np.zeros(len(coef))
        target = self.plain_target.reshape(len(self.plain_target), -1)
        left = self.basis @ (self.basis.T @ target - self.removed.T @ coef.T)
        head = self.root[:, None] if self.intercept else np.empty((len(target), 0))
        found = np.linalg.lstsq(np.hstack((head, self.plain)), left, rcond=None)[0]
        full[:, self.free] = found[int(self.intercept) :].T
        return full, found[0] if self.intercept else np.zeros(len(coef))

    def of_target(self, task: int) -> Design:
        """The problem of one of the targets."""
        if self.target.ndim == 1:
            return self
        own = np.ascontiguousarray(self.target[:, task])
        return replace(self, target=own, plain_target=self.plain_target[:, task])


def is_sparse(X: Any) -> bool:
    """Whether a design is a matrix or array of scipy.sparse, which is not loaded to find out."""
    return hasattr(X, "tocsc") and hasattr(X, "nnz")


def arrays(X: Any, y: Any) -> tuple[Any, Array]:
    """A design and targets, checked: float64, the design by columns or as it is where it is sparse."""
    target = _real(y, "y")
    design = _sparse(X) if is_sparse(X) else np.asfortranarray(_real(X, "X"))
    if len(design.shape) != 2 or target.ndim not in (1, 2):
        raise ValueError(
            f"X, y: have shapes {design.shape} and {target.shape}, expected (n_samples, n_features) and (n_samples,) or"
            " (n_samples, n_targets); reshape them"
        )
    if 0 in design.shape or 0 in target.shape:
        raise ValueError(
            f"X, y: have shapes {design.shape} and {target.shape}, expected at least one sample, feature and target;"
            " give some"
        )
    if len(target) != design.shape[0]:
        raise ValueError(f"y: has {len(target)} samples, expected {design.shape[0]} as X has; give as many")
    values = design.data if isinstance(design, Sparse) else design
    for name, found in (("X", values), ("y", target)):
        if not np.isfinite(found.sum()) and not np.isfinite(found).all():
            raise ValueError(f"{name}: is not finite in row {_bad_row(design, name, target)}; remove or mend that row")
    return design, target


def _bad_row(design: Any, name: str, target: Array) -> int:
    if name == "X" and isinstance(design, Sparse):
        return int(design.rows[~np.isfinite(design.data)].min())
    values = target if name == "y" else design
    return int(np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))[0])


def _real(values: Any, name: str) -> Array:
    array = np.asarray(to_numpy(values, name))
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name}: is of type {array.dtype}, expected real numbers; convert it with .astype(float)")
    return array.astype(np.float64, copy=False)


def _sparse(X: Any) -> Sparse:
    columns = X.tocsc()
    if not columns.has_canonical_format:
        columns = columns.copy()
        columns.sum_duplicates()
    return Sparse(_real(columns.data, "X"), columns.indices, columns.indptr, columns.shape)


def penalty_weights(weights: Any, n_features: int) -> Array:
    """One weight a feature; None is one for each."""
    if weights is None:
        return np.ones(n_features)
    found = _real(weights, "weights")
    if found.shape != (n_features,) or not (found >= 0.0).all():
        raise ValueError(
            f"weights: has shape {found.shape}{'' if found.shape != (n_features,) else ' and a negative or NaN entry'},"
            f" expected ({n_features},) numbers of at least 0 (0 for no penalty, inf to exclude); give one a feature"
        )
    return found


def sample_weights(weight: Any, n_samples: int) -> Array | None:
    """Weights of the samples, or None."""
    if weight is None:
        return None
    found = _real(weight, "sample_weight")
    found = np.full(n_samples, float(found)) if found.ndim == 0 else found
    if found.shape != (n_samples,) or not (found >= 0.0).all() or not 0.0 < found.sum() < np.inf:
        raise ValueError(
            f"sample_weight: has shape {found.shape} and sum {found.sum()!r}, expected ({n_samples},) numbers of at"
            " least 0 that are not all 0; give one a sample"
        )
    return found


def prepare(X: Any, target: Array, weights: Array, weight: Array | None, intercept: bool) -> Design:
    """Take intercept and free columns out of the design and the targets, and leave out what is excluded."""
    n_samples, n_features = X.shape
    free, penalised = np.flatnonzero(weights == 0.0), np.flatnonzero((weights > 0.0) & np.isfinite(weights))
    root = np.ones(n_samples) if weight is None else np.sqrt(weight)
    sparse = isinstance(X, Sparse)
    columns: Any = _chosen(X, penalised) if sparse else _rows(X, penalised)
    if weight is not None:
        columns = (
            Sparse(columns.data * root[columns.rows], columns.rows, columns.starts, columns.shape)
            if sparse
            else columns * root
        )
        target = (target.T * root).T
    plain = _dense(X, free) * root[:, None]
    fixed = np.hstack((root[:, None], plain)) if intercept else plain
    basis = _orthonormal(fixed)
    before = _squares(columns)
    removed = columns.transposed_times(basis) if sparse else columns @ basis
    projected = target - basis @ (basis.T @ target)
    if basis.shape[1] and not sparse:
        columns = columns - removed @ basis.T
        squares = _squares(columns)
    else:
        squares = before - np.einsum("pk,pk->p", removed, removed)
    squares = np.where(squares > NOISE * before, squares, 0.0)
    total = float(n_samples if weight is None else weight.sum())
    return Design(
        columns, projected, basis, removed, squares, weights[penalised], total, penalised, n_features, free, plain,
        target, root, intercept,
    )  # fmt: skip


def _rows(X: Array, chosen: Any) -> Array:
    return X.T if len(chosen) == X.shape[1] else np.ascontiguousarray(X.T[chosen])


def _chosen(X: Sparse, chosen: Any) -> Sparse:
    if len(chosen) == X.shape[1]:
        return X
    lengths = np.diff(X.starts)[chosen]
    kept = np.isin(np.repeat(np.arange(X.shape[1]), np.diff(X.starts)), chosen)
    starts = np.concatenate(([0], np.cumsum(lengths))).astype(X.starts.dtype)
    return Sparse(X.data[kept], X.rows[kept], starts, (X.shape[0], len(chosen)))


def _dense(X: Any, chosen: Any) -> Array:
    if not isinstance(X, Sparse):
        return X[:, chosen]
    out = np.zeros((X.shape[0], len(chosen)))
    for place, j in enumerate(chosen):
        part = slice(X.starts[j], X.starts[j + 1])
        out[X.rows[part], place] = X.data[part]
    return out


def _squares(columns: Array | Sparse) -> Array:
    if isinstance(columns, Sparse):
        owners = np.repeat(np.arange(columns.shape[1]), np.diff(columns.starts))
        return np.bincount(owners, columns.data**2, minlength=columns.shape[1]).astype(np.float64)
    return np.einsum("pn,pn->p", columns, columns)


def _orthonormal(fixed: Array) -> Array:
    if not fixed.shape[1]:
        return fixed
    lengths = np.linalg.norm(fixed, axis=0)
    vectors, values, _ = np.linalg.svd(fixed / np.where(lengths > 0.0, lengths, 1.0), full_matrices=False)
    return np.ascontiguousarray(vectors[:, values > 1e-12 * values[0]])
