"""What ridge and minimum-norm regressions on Gaussian features err by: the closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._checks import Array, number, reals, squared


def finite_risk(n: Any, p: Any, *, noise_std: float = 0.5, signal_norm: float = 1.0) -> Array:
    r"""Expected squared error of minimum-norm least squares on ``n`` samples of ``p`` independent Gaussian features.

    .. math:: \sigma^2 \frac{p}{n-p-1} \quad (p < n-1), \qquad
              |\theta|^2 \Bigl(1 - \frac{n}{p}\Bigr) + \sigma^2 \frac{n}{p-n-1} \quad (p > n+1)

    and infinite in between: there the smallest singular value is so often next to zero that no mean exists.

    Parameters
    ----------
    n, p : int or array_like of int
        Samples and features, at least 1; they broadcast.
    noise_std : float, default 0.5
        Standard deviation of the noise, in units of the target.
    signal_norm : float, default 1.0
        Norm of the true coefficients, in units of the target.

    Returns
    -------
    ndarray, the broadcast shape
        ``E |estimate - theta|^2``: the risk beyond the noise at a new sample of the same features.

    Raises
    ------
    ValueError, TypeError
        Sizes below 1 or no integers, or a negative or non-finite norm or deviation.

    References
    ----------
    Hastie, Montanari, Rosset and Tibshirani, Surprises in high-dimensional ridgeless least squares interpolation,
    Ann. Statist. 50 (2022) 949.  The means are those of inverse Wishart matrices.

    Examples
    --------
    >>> from fastsci.linear import finite_risk
    >>> finite_risk(100, [50, 100, 400], noise_std=0.5, signal_norm=1.0).round(4)
    array([0.2551,    inf, 0.8336])
    """
    rows, columns = reals("n", n, 1), reals("p", p, 1)
    for name, value in (("n", rows), ("p", columns)):
        if (value != np.round(value)).any():
            raise ValueError(f"{name}: holds {value[value != np.round(value)].flat[0]}, expected integers; round it")
    variance, square = squared("noise_std", noise_std), squared("signal_norm", signal_norm)
    rows, columns = np.broadcast_arrays(rows, columns)
    bias = square * np.maximum(0.0, 1.0 - rows / columns)
    spare = np.abs(rows - columns) - 1.0
    with np.errstate(divide="ignore"):
        spread = np.where(spare > 0, np.minimum(rows, columns) / np.maximum(spare, 0.0), np.inf)
    return bias + (variance * spread if variance else np.zeros_like(spread))


def asymptotic_risk(
    ratio: Any, *, noise_std: float = 0.5, signal_norm: float = 1.0, alpha_per_sample: float = 0.0
) -> Array:
    r"""Squared error of ridge regression on isotropic features as samples and features go to infinity together.

    With ``gamma`` features a sample and no penalty it is ``sigma^2 gamma/(1-gamma)`` below ``gamma = 1`` and
    ``|theta|^2 (1-1/gamma) + sigma^2/(gamma-1)`` above.  With ``lambda = alpha / n`` it is

    .. math:: |\theta|^2 \lambda^2 m' + \sigma^2 \gamma (m - \lambda m')

    where ``m`` and ``m'`` are the Stieltjes transform of the Marchenko-Pastur law and its derivative at ``-lambda``.
    It is least at ``lambda = sigma^2 gamma / |theta|^2``, and there it has no second descent.

    Parameters
    ----------
    ratio : float or array_like
        Features a sample, ``gamma = p / n``, above 0.
    noise_std, signal_norm : float
        As in `finite_risk`.
    alpha_per_sample : float, default 0.0
        ``alpha / n``, where ``alpha |coefficients|^2`` is added to the sum of squared residuals.

    Returns
    -------
    ndarray, shape of ``ratio``

    Raises
    ------
    ValueError, TypeError
        A ratio of 0 or below, or a negative or non-finite other argument.

    References
    ----------
    Hastie et al., Ann. Statist. 50 (2022) 949, theorem 1 and corollary 5; Dobriban and Wager, Ann. Statist. 46 (2018)
    247.

    Examples
    --------
    >>> from fastsci.linear import asymptotic_risk
    >>> asymptotic_risk([0.5, 2.0], noise_std=0.5).tolist()
    [0.25, 0.75]
    >>> asymptotic_risk([0.5, 2.0], noise_std=0.5, alpha_per_sample=0.25).round(3).tolist()
    [0.194, 0.652]
    """
    gamma = reals("ratio", ratio, 0.0, strict=True)
    variance, square = squared("noise_std", noise_std), squared("signal_norm", signal_norm)
    penalty = number("alpha_per_sample", alpha_per_sample)
    if penalty == 0.0:
        with np.errstate(divide="ignore"):
            spread = np.where(gamma == 1.0, np.inf, np.minimum(gamma, 1.0) / np.abs(1.0 - gamma))
        bias = square * np.maximum(0.0, 1.0 - 1.0 / gamma)
        return bias + (variance * spread if variance else np.zeros_like(spread))
    edge = 1.0 - gamma + penalty
    root = np.hypot(edge, 2.0 * np.sqrt(gamma) * np.sqrt(penalty))
    # lambda m, between 0 and 1, and 1 - lambda m: of their quadratics the roots that take no difference.
    kept = np.where(edge > 0, 2.0 * penalty / (root + np.abs(edge)), (root + np.abs(edge)) / (2.0 * gamma))
    rest = 2.0 / (1.0 + gamma + penalty + root)
    return square * kept * (gamma * kept + penalty) / root + variance * gamma * rest / root
