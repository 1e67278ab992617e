"""Information criteria of least squares: how much smaller a residual must be to pay for one more term."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CRITERIA = ("aic", "aicc", "bic", "ebic", "hqc")


def information_criterion(
    residual_squares: Any,
    n_samples: float,
    n_terms: Any,
    criterion: str = "aicc",
    *,
    n_features: int | None = None,
    gamma: float = 1.0,
) -> Array:
    """Information criterion of linear models with Gaussian residuals; the smallest is the best.

    With ``k`` terms, ``n`` samples and the residual sum of squares ``R`` each is ``n log(R / n)`` and a penalty:

    * ``"aic"``: ``2 k``;
    * ``"aicc"``: ``2 k + 2 (k + 1) (k + 2) / (n - k - 2)``, infinite for ``k >= n - 2``;
    * ``"bic"``: ``k log(n)``;
    * ``"ebic"``: ``k log(n) + 2 gamma log(binomial(p, k))`` for a library of ``p`` features;
    * ``"hqc"``: ``2 k log(log(n))``.

    Terms that all models share (the 2 for the variance, ``n log(2 pi)``) are left out; only differences mean
    something.  The small-sample correction counts the variance as a parameter, ``K = k + 1``.

    Parameters
    ----------
    residual_squares : array_like
        Sums of squared residuals; zero counts as the smallest number there is.
    n_samples : float
        Number of samples, or the sum of their weights.
    n_terms : array_like of int
        Numbers of coefficients that are not zero; broadcast against ``residual_squares``.
    criterion : {"aic", "aicc", "bic", "ebic", "hqc"}
    n_features : int, optional
        Size of the library, for ``"ebic"``.
    gamma : float
        Weight of the size of the model space in ``"ebic"``, 0 to 1.

    Returns
    -------
    ndarray
        Of the broadcast shape.

    Raises
    ------
    ValueError
        An unknown criterion, a negative residual, no samples, or ``"ebic"`` without ``n_features``.

    References
    ----------
    Burnham and Anderson, Model Selection and Multimodel Inference, 2002, sections 2.2 and 2.4; Mangan, Kutz, Brunton
    and Proctor, Proc. R. Soc. A 473 (2017) 20170009, for SINDy; Schwarz, Ann. Statist. 6 (1978) 461; Chen and Chen,
    Biometrika 95 (2008) 759; Hannan and Quinn, J. R. Stat. Soc. B 41 (1979) 190.

    Examples
    --------
    >>> from fastsci.sparse.criteria import information_criterion
    >>> information_criterion([400.0, 100.0, 99.0], 100, [1, 2, 3], "bic").argmin()
    np.int64(1)
    """
    check_criterion(criterion)
    squares, terms = np.broadcast_arrays(np.asarray(residual_squares, float), np.asarray(n_terms, float))
    if not n_samples > 0:
        raise ValueError(f"n_samples: is {n_samples!r}, expected a positive number; give the rows of the design")
    if np.any(squares < 0) or np.any(terms < 0):
        smallest = min(squares.min(), terms.min())
        raise ValueError(
            f"residual_squares, n_terms: hold {smallest:g}, expected none below zero; give sums of squares"
        )
    fit = n_samples * np.log(np.maximum(squares, np.finfo(float).tiny) / n_samples)
    return fit + _penalty(terms, float(n_samples), criterion, n_features, gamma)


def check_criterion(criterion: str, name: str = "criterion") -> None:
    """Raise unless a criterion has a penalty here."""
    if criterion not in CRITERIA:
        raise ValueError(f"{name}: is {criterion!r}, expected one of {', '.join(CRITERIA)}; 'aicc' is a sound start")


def _penalty(terms: Array, n_samples: float, criterion: str, n_features: int | None, gamma: float) -> Array:
    logarithm = np.log(n_samples)
    if criterion == "aic":
        return 2.0 * terms
    if criterion == "aicc":
        room = n_samples - terms - 2.0
        correction = 2.0 * (terms + 1.0) * (terms + 2.0) / np.where(room > 0, room, 1.0)
        return np.where(room > 0, 2.0 * terms + correction, np.inf)
    if criterion == "bic":
        return terms * logarithm
    if criterion == "hqc":
        return 2.0 * terms * np.log(max(logarithm, 1.0))
    if n_features is None or terms.max(initial=0.0) > n_features:
        raise ValueError(
            f"n_features: is {n_features!r}, expected at least n_terms for 'ebic'; give the library's size"
        )
    sizes = np.arange(1, n_features + 1)
    choices = np.concatenate(([0.0], np.cumsum(np.log(sizes[::-1] / sizes))))
    return terms * logarithm + 2.0 * gamma * choices[terms.astype(np.intp)]
