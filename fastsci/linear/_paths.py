"""What every path of linear models gives: coefficients by model, and what they predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._checks import Array, design, targets

LARGE = 1e100


@dataclass(frozen=True, repr=False)
class LinearPath:
    """Coefficients of a row of models, with their norms."""

    coefs: Array
    residual_norms: Array
    norms: Array

    @staticmethod
    def parts(coefs: Array, residual_norms: Array, ndim: int, unit: float, height: float) -> tuple[Array, Array, Array]:
        """Coefficients (n_models, n_targets, n_features) and norms, as handed out.

        They are of a design over ``unit`` and of targets over ``height``.
        """
        norms = np.sqrt(np.einsum("ijk,ijk->ij", coefs, coefs))
        if unit != 1.0:
            coefs, norms = coefs / unit, norms / unit
        if height != 1.0:
            coefs, norms, residual_norms = coefs * height, norms * height, residual_norms * height
        return (coefs[:, 0], residual_norms[:, 0], norms[:, 0]) if ndim == 1 else (coefs, residual_norms, norms)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.coefs)} models of {self.coefs.shape[-1]} features)"

    def predict(self, X: Any) -> Array:
        """Predictions of every model.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            All features, of which each model takes its own.

        Returns
        -------
        ndarray, shape (n_models, n_samples) or (n_models, n_samples, n_targets)

        Raises
        ------
        ValueError
            Another number of features, or numbers that are not finite.
        """
        samples, width = design(X), self.coefs.shape[-1]
        if samples.shape[1] != width:
            raise ValueError(f"X: has {samples.shape[1]} features, expected the {width} of the fit")
        flat = samples @ self.coefs.reshape(-1, width).T
        return np.moveaxis(flat.reshape(len(samples), *self.coefs.shape[:-1]), 0, 1)

    def risks(self, X: Any, y: Any) -> Array:
        """Mean squared error of every model at other samples.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
        y : array_like, shape (n_samples,) or (n_samples, n_targets)
            As many targets as the fit had.

        Returns
        -------
        ndarray, shape (n_models,) or (n_models, n_targets)

        Raises
        ------
        ValueError
            Shapes that differ from those of the fit, or numbers that are not finite.
        """
        predictions = self.predict(X)
        known = targets(y, predictions.shape[1])
        if known.shape != predictions.shape[1:]:
            raise ValueError(f"y: has shape {known.shape}, expected {predictions.shape[1:]}, the targets of the fit")
        return np.mean((predictions - known) ** 2, axis=1)


def in_range(X: Array, alpha: float = 0.0) -> tuple[Array, float]:
    """An array over a power of 2, where squares of its numbers and penalties would be out of range, and that power."""
    largest = max(float(np.abs(X).max()), float(np.sqrt(alpha)))
    if largest == 0.0 or 1.0 / LARGE < largest < LARGE:
        return X, 1.0
    unit = 2.0 ** round(np.log2(largest))
    return X / unit, unit


def residual_norms(X: Array, y: Array, coefs: Array) -> Array:
    """Norms (n_sizes, n_targets), a block of samples at a time."""
    flat = coefs.reshape(-1, coefs.shape[-1])
    squares = np.zeros(coefs.shape[:2])
    rows = max(1, 2**22 // max(1, len(flat)))
    for first in range(0, len(X), rows):
        part = slice(first, first + rows)
        fitted = (X[part] @ flat.T).reshape(-1, *coefs.shape[:2])
        squares += np.sum((y[part, None, :] - fitted) ** 2, axis=0)
    return np.sqrt(squares)
