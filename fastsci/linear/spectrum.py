"""Spectra of sample covariances, of data and simulated."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastsci_kernels.linear.draws import MOST_COLUMNS, MOST_DRAWS
from fastsci_kernels.linear.gaussian_spectrum import covariances

from ._checks import Array, design, number, rng_words, whole


def covariance_spectrum(X: Any) -> Array:
    """Eigenvalues of ``X'X / n``, from small to large.

    Parameters
    ----------
    X : array_like, shape (n, p)
        Subtract means first for a covariance proper.

    Returns
    -------
    ndarray, shape (p,)
        Where there are more features than samples, ``p - n`` of them are exactly 0.  They are squares of singular
        values: the small ones are as exact as the large ones allow, and none is negative.

    Raises
    ------
    ValueError, TypeError
        An empty matrix, another number of axes, or numbers that are not real and finite.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.linear import covariance_spectrum
    >>> covariance_spectrum(np.diag([2.0, 4.0])[:, [0, 1, 1]]).round(6).tolist()
    [0.0, 2.0, 16.0]
    """
    samples = design(X)
    values = np.linalg.svd(samples, compute_uv=False)[::-1]
    return np.concatenate([np.zeros(samples.shape[1] - len(values)), (values / np.sqrt(len(samples))) ** 2])


def gaussian_spectrum(n: int, p: int, n_draws: int = 1, *, variance: float = 1.0, rng: Any = None) -> Array:
    """Eigenvalues of sample covariances ``X'X / n`` of independent Gaussian features.

    They are those of a tridiagonal matrix of independent chi numbers, so that a draw takes O(n + p) random numbers and
    O(min(n, p)^2) operations in the place of ``n p`` and ``n p min(n, p)``.

    Parameters
    ----------
    n, p : int
        Samples and features, from 1 to 2^20.
    n_draws : int, default 1
    variance : float, default 1.0
        Of the features.
    rng : int, numpy.random.Generator, numpy.random.SeedSequence or None
        A draw depends on it, on ``n``, ``p`` and its own number alone.

    Returns
    -------
    ndarray, shape (n_draws, p)
        From small to large; where ``p > n``, ``p - n`` of each draw are exactly 0.

    Raises
    ------
    ValueError, TypeError
        Sizes or a variance out of range.

    References
    ----------
    Dumitriu and Edelman, Matrix models for beta ensembles, J. Math. Phys. 43 (2002) 5830.

    Examples
    --------
    >>> from fastsci.linear import MarchenkoPastur, gaussian_spectrum
    >>> spectrum = gaussian_spectrum(1000, 500, rng=0)
    >>> MarchenkoPastur(0.5).ks_distance(spectrum) < 0.01
    True
    """
    from scipy.linalg import eigvalsh_tridiagonal

    rows, columns = whole("n", n, 1, MOST_COLUMNS - 1), whole("p", p, 1, MOST_COLUMNS - 1)
    count, scale = whole("n_draws", n_draws, 1, MOST_DRAWS), number("variance", variance, positive=True)
    size = min(rows, columns)
    diagonals, besides = np.empty((count, size)), np.empty((count, size - 1))
    covariances(rows, columns, rng_words(rng), diagonals, besides, 0, count)
    spectra = np.zeros((count, columns))
    for draw in range(count):
        values = eigvalsh_tridiagonal(diagonals[draw], besides[draw], lapack_driver="sterf", check_finite=False)
        spectra[draw, columns - size :] = scale * np.maximum(values, 0.0)
    return spectra
