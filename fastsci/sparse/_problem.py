"""Least squares seen through its sums: all that a solver needs of the samples, however many they were."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

ROUNDING = 2.0**-47  # of a product of two columns, in units of their lengths: 32 roundings of one number


@dataclass(frozen=True)
class NormalEquations:
    """``min |target - theta c|^2`` by the products of its columns.

    Attributes
    ----------
    gram : ndarray, shape (p, p)
        ``theta' theta``.
    cross : ndarray, shape (p, m)
        ``theta' target``.
    squares : ndarray, shape (m,)
        Sums of the squared targets.
    n_samples : float
        Rows of ``theta``, or the sum of their weights.
    root, rotated : ndarray or None, shapes (p, p) and (p, m)
        Where ``theta`` was factorised, ``theta = Q root`` and ``rotated = Q' target``: solutions then lose digits with
        the condition of ``theta`` and not with its square.
    errors : ndarray or None, shape (m,)
        Sums of squares of what the targets themselves are known to err by.
    inflation : float
        How many samples count as one, since the noise of the targets is correlated.
    """

    gram: Array
    cross: Array
    squares: Array
    n_samples: float
    root: Array | None = None
    rotated: Array | None = None
    errors: Array | None = None
    inflation: float = 1.0

    @classmethod
    def of(cls, theta: Array, target: Array, weight: Array | None = None) -> NormalEquations:
        """From a stored design ``(n, p)``, targets ``(n, m)`` and weights ``(n,)`` of the samples."""
        total = float(len(theta) if weight is None else weight.sum())
        with np.errstate(over="ignore", invalid="ignore"):
            weighted = theta if weight is None else theta * weight[:, None]
            squares = np.einsum("ni,ni->i", target if weight is None else target * weight[:, None], target)
            gram, cross = weighted.T @ theta, weighted.T @ target
        _refuse_overflow(np.diag(gram), theta, "of the design")
        _refuse_overflow(squares, target, "of the targets")
        return cls(gram, cross, squares, total)

    @classmethod
    def factorised(cls, theta: Array, target: Array, weight: Array | None = None) -> NormalEquations:
        """The same by a QR factorisation of the stored design, for columns that are nearly dependent."""
        sums = cls.of(theta, target, weight)
        if weight is not None:
            theta, target = theta * np.sqrt(weight)[:, None], target * np.sqrt(weight)[:, None]
        n_features = theta.shape[1]
        triangle = np.zeros((n_features + target.shape[1],) * 2)
        found = np.linalg.qr(np.hstack((theta, target)), mode="r")
        triangle[: len(found)] = found
        return replace(sums, root=triangle[:n_features, :n_features], rotated=triangle[:n_features, n_features:])

    @property
    def n_features(self) -> int:
        return len(self.gram)

    @property
    def n_targets(self) -> int:
        return self.cross.shape[1]

    def solve(self, support: Mask, target: int, alpha: float = 0.0) -> Array:
        """Ridge coefficients ``(p,)`` of one target on a support ``(p,)``, zero elsewhere.

        Minimises ``|y - theta c|^2 + alpha |c|^2``.  Where rounding hides whether columns depend on one another they
        count as dependent, and the solution is that of least norm in units of columns of unit length: of two columns
        that are the same each takes half.
        """
        coef = np.zeros(self.n_features)
        squares = np.diag(self.gram)
        chosen = np.flatnonzero(support & (squares > 0))
        if not chosen.size:
            return coef
        # Of the columns with the ridge's rows below them: all that follows is of unit length.
        scale = 1.0 / np.sqrt(squares[chosen] + alpha)
        if self.root is not None and self.rotated is not None:
            rows = np.vstack((self.root[:, chosen] * scale, np.diag(np.sqrt(alpha) * scale)))
            right = np.concatenate((self.rotated[:, target], np.zeros(chosen.size)))
            negligible = chosen.size * ROUNDING
            found = np.linalg.lstsq(rows, right, rcond=negligible)[0]
        else:
            system = self.gram[np.ix_(chosen, chosen)] * np.outer(scale, scale) + np.diag(alpha * scale**2)
            found = _symmetric_solve(system, self.cross[chosen, target] * scale)
        coef[chosen] = found * scale
        return coef

    def solve_all(self, support: Mask, alpha: float = 0.0) -> Array:
        """Coefficients ``(m, p)`` of all targets, each on its own row of ``support``."""
        return np.stack([self.solve(row, target, alpha) for target, row in enumerate(support)])

    def gradient(self, coef: Array) -> Array:
        """Products of the columns with the residuals ``theta' (target - theta coef')``, (p, m)."""
        return self.cross - self.gram @ coef.T

    def residual_squares(self, coef: Array) -> Array:
        """Sums of squared residuals of coefficients ``(m, p)``, (m,); below rounding of ``squares`` they are that."""
        if self.root is not None and self.rotated is not None:
            explained = np.sum(self.rotated**2, axis=0)
            beyond = np.maximum(self.squares - explained, 0.0)
            return np.sum((self.rotated - self.root @ coef.T) ** 2, axis=0) + beyond
        left = self.squares - np.einsum("mp,pm->m", coef, self.cross + self.gradient(coef))
        return np.maximum(left, np.finfo(float).eps * self.squares)

    def select(self, features: Mask | NDArray[np.intp]) -> NormalEquations:
        """The problem of some of the features alone."""
        root = None if self.root is None else self.root[:, features]
        return replace(self, gram=self.gram[features][:, features], cross=self.cross[features], root=root)

    def scaled(self, scale: Array) -> NormalEquations:
        """The problem whose columns are multiplied by ``scale (p,)``; its coefficients are divided by it."""
        return replace(
            self,
            gram=self.gram * np.outer(scale, scale),
            cross=self.cross * scale[:, None],
            root=None if self.root is None else self.root * scale,
        )

    def norms(self) -> Array:
        """Lengths of the columns (p,), with 1 for those of zeros."""
        norms = np.sqrt(np.diag(self.gram))
        return np.where(norms > 0, norms, 1.0)

    def condition(self) -> float:
        """Condition number of ``theta`` with columns of unit length, estimated; infinite where it cannot be told."""
        if self.root is not None:
            values = np.linalg.svd(self.root / self.norms(), compute_uv=False)
            return float(values[0] / values[-1]) if values[-1] > 0 else np.inf
        from fastsci_kernels.regress import conditioning

        return float(conditioning.condition(np.ascontiguousarray(self.gram)))


def _refuse_overflow(squares: Array, columns: Array, what: str) -> None:
    if not np.isfinite(squares).all():
        place = int(np.argmin(np.isfinite(squares)))
        largest = float(np.abs(columns[:, place]).max())
        raise ValueError(f"column {place} {what} reaches {largest:.3g}: its squares exceed float64; rescale the data")


def _symmetric_solve(system: Array, right: Array) -> Array:
    """Solution of a system of unit diagonal, of least norm where rounding could have made it regular."""
    from fastsci_kernels.regress import cholesky, conditioning

    size = len(system)
    factor, diagonal = np.array(system, order="C"), np.empty(size)
    if cholesky.factorise(factor, diagonal, size) and conditioning.regular(factor, diagonal, size):
        found = np.array(right)
        cholesky.solve(factor, found, size)
        return found
    values, vectors = np.linalg.eigh(system)
    kept = values > size * ROUNDING
    return vectors[:, kept] @ ((vectors[:, kept].T @ right) / values[kept])
