"""Least squares seen through its sums: all that a solver needs of the samples, however many they were."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


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
    """

    gram: Array
    cross: Array
    squares: Array
    n_samples: float
    root: Array | None = None
    rotated: Array | None = None

    @classmethod
    def of(cls, theta: Array, target: Array, weight: Array | None = None) -> NormalEquations:
        """From a stored design ``(n, p)``, targets ``(n, m)`` and weights ``(n,)`` of the samples."""
        weighted = theta if weight is None else theta * weight[:, None]
        squares = np.einsum("ni,ni->i", target if weight is None else target * weight[:, None], target)
        total = float(len(theta) if weight is None else weight.sum())
        return cls(weighted.T @ theta, weighted.T @ target, squares, total)

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

        Minimises ``|y - theta c|^2 + alpha |c|^2``; of columns that depend on one another the solution of least norm.
        """
        coef = np.zeros(self.n_features)
        norms = np.sqrt(np.diag(self.gram))
        chosen = np.flatnonzero(support & (norms > 0))
        if not chosen.size:
            return coef
        scale = 1.0 / norms[chosen]
        if self.root is not None and self.rotated is not None:
            rows = np.vstack((self.root[:, chosen] * scale, np.diag(np.sqrt(alpha) * scale)))
            right = np.concatenate((self.rotated[:, target], np.zeros(chosen.size)))
            found = linalg.lstsq(rows, right, check_finite=False, lapack_driver="gelsd")[0]
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


def _symmetric_solve(system: Array, right: Array) -> Array:
    try:
        return linalg.cho_solve(linalg.cho_factor(system, lower=True, check_finite=False), right, check_finite=False)
    except linalg.LinAlgError:
        values, vectors = np.linalg.eigh(system)
        kept = values > len(values) * np.finfo(float).eps * values[-1]
        return vectors[:, kept] @ ((vectors[:, kept].T @ right) / values[kept])
