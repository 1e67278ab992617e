"""Regression on random Fourier features, for a whole row of widths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import Array, design, number, targets, wholes
from .fourier import RandomFourierFeatures, features_at
from .least_norm import MinNormPath, min_norm_path


@dataclass(frozen=True, repr=False)
class RandomFeaturePath:
    """Models of `random_feature_path`.

    Attributes
    ----------
    widths : ndarray of int, shape (n_widths,)
    features : RandomFourierFeatures
        The widest map.
    path : MinNormPath
        Coefficients by width, of features ``sqrt(2)`` times a wave, with their norms and residuals.
    """

    widths: NDArray[np.int64]
    features: RandomFourierFeatures
    path: MinNormPath

    def __repr__(self) -> str:
        return f"RandomFeaturePath({len(self.widths)} widths up to {self.widths.max()})"

    def predict(self, X: Any) -> Array:
        """Predictions of every width.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_inputs)

        Returns
        -------
        ndarray, shape (n_widths, n_samples) or (n_widths, n_samples, n_targets)

        Raises
        ------
        ValueError
            Another number of inputs than the fit had, or numbers that are not finite.
        """
        return self.path.predict(_waves(self.features, self._inputs(X)))

    def risks(self, X: Any, y: Any) -> Array:
        """Mean squared error of every width at other samples.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_inputs)
        y : array_like, shape (n_samples,) or (n_samples, n_targets)

        Returns
        -------
        ndarray, shape (n_widths,) or (n_widths, n_targets)

        Raises
        ------
        ValueError
            Shapes that differ from those of the fit, or numbers that are not finite.
        """
        return self.path.risks(_waves(self.features, self._inputs(X)), y)

    def _inputs(self, X: Any) -> Array:
        checked = design(X)
        if checked.shape[1] != self.features.n_features_in_:
            raise ValueError(
                f"X: has {checked.shape[1]} inputs, expected the {self.features.n_features_in_} of the fit"
            )
        return checked


def random_feature_path(
    X: Any,
    y: Any,
    widths: Any,
    *,
    alpha: float = 0.0,
    length_scale: float | None = None,
    gamma: float | None = None,
    orthogonal: bool = False,
    rng: Any = None,
) -> RandomFeaturePath:
    """Least squares of minimum norm, or ridge, on ever more random Fourier features of the same inputs.

    The risk at new samples peaks where the features are as many as the samples and falls again beyond; for infinite
    width the models tend to kernel regression.  Narrow maps are the first features of the widest, so that all widths
    share one factorisation (`min_norm_path`).

    Parameters
    ----------
    X : array_like, shape (n_samples, n_inputs)
    y : array_like, shape (n_samples,) or (n_samples, n_targets)
        Subtract means first where there is to be an intercept.
    widths : array_like of int, shape (n_widths,)
        Features, at least 1, in any order.
    alpha : float, default 0.0
        ``alpha |coefficients|^2`` is added to the sum of squared residuals, where every feature is ``sqrt(2)`` times a
        wave, of mean square 1, whatever the width.  Kernel ridge regression with ``alpha / width`` is the limit.
    length_scale, gamma, orthogonal, rng
        As in `RandomFourierFeatures`.

    Returns
    -------
    RandomFeaturePath

    Raises
    ------
    ValueError, TypeError
        Shapes that do not fit, numbers that are not finite, or parameters out of range.

    References
    ----------
    Rahimi and Recht, NIPS 2007; Belkin, Hsu, Ma and Mandal, PNAS 116 (2019) 15849; Mei and Montanari, Comm. Pure Appl.
    Math. 75 (2022) 667.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.linear import random_feature_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 5))
    >>> y = np.sin(X[:, 0]) + 0.1 * rng.normal(size=60)
    >>> path = random_feature_path(X, y, [20, 60, 1000], length_scale=2.0, rng=0)
    >>> X_new = rng.normal(size=(1000, 5))
    >>> risks = path.risks(X_new, np.sin(X_new[:, 0]))
    >>> bool(risks[1] > 5 * risks[0] and risks[1] > 5 * risks[2])
    True
    """
    checked = design(X)
    known = targets(y, len(checked))
    chosen = wholes("widths", widths)
    number("alpha", alpha)
    features = RandomFourierFeatures(
        int(chosen.max()), length_scale=length_scale, gamma=gamma, orthogonal=orthogonal, rng=rng
    ).fit(checked)
    return RandomFeaturePath(chosen, features, min_norm_path(_waves(features, checked), known, chosen, alpha=alpha))


def _waves(features: RandomFourierFeatures, X: Array) -> Array:
    """Features of mean square 1, the same for all widths."""
    return features_at(X, features.frequencies_, features.phases_, int(features.n_features), float(np.sqrt(2.0)))
