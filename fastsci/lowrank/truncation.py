"""How many singular values are enough, and what the others amount to."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._matrix import finite_matrix, plain_array
from ._source import Array
from .economy import economy_svd

NODES = 80  # of a Gauss-Legendre rule that is exact to rounding for the law of the singular values of noise


def svd_rank_for(
    A: ArrayLike, tol: float | None = None, *, energy: float | None = None, squares: float | None = None
) -> int:
    """Return the smallest rank whose truncation error is at most ``tol``, or that keeps a fraction of the energy.

    The error of rank r is relative and of the Frobenius norm, ``|A - A_r| / |A|``, where ``|A - A_r|**2`` is the sum
    of the *squares* of the singular values beyond r (Eckart and Young).  The energy is the squared norm, so that
    ``energy=0.999`` asks for what ``tol=sqrt(0.001)`` does.

    Parameters
    ----------
    A : array_like, shape (k,) or (m, n)
        Singular values from large to small, or a matrix.
    tol : float, optional
        Relative error, at least 0; 0 asks for every singular value that is not zero.
    energy : float, optional
        Fraction in (0, 1], instead of ``tol``.
    squares : float, optional
        The squared Frobenius norm of the whole matrix, where only its leading singular values are given.

    Returns
    -------
    int
        At most the number of singular values.

    Raises
    ------
    ValueError
        Where both or none of ``tol`` and ``energy`` are given; on singular values that are negative, not finite or
        not sorted; and where those given, being the leading ones of a matrix of norm ``squares``, are not enough.

    Examples
    --------
    >>> from fastsci.lowrank.truncation import svd_rank_for
    >>> svd_rank_for([3.0, 2.0, 1.0], tol=0.3)
    2
    >>> svd_rank_for([3.0, 2.0, 1.0], energy=0.9)
    2
    """
    if (tol is None) == (energy is None):
        raise ValueError("tol: give either tol, a relative error, or energy, a fraction of the squared norm")
    values = _singular_values(A)
    if tol is not None:
        if isinstance(tol, bool) or not isinstance(tol, Real) or not tol >= 0:
            raise ValueError(f"tol: is {tol!r}, expected a relative error of at least 0, such as 0.01")
        dropped = float(tol) ** 2
    else:
        if isinstance(energy, bool) or not isinstance(energy, Real) or not 0 < energy <= 1:
            raise ValueError(f"energy: is {energy!r}, expected a fraction in (0, 1], such as 0.999")
        dropped = 1.0 - float(energy)
    scaled, total, beyond = _scaled(values, squares)
    tail = np.cumsum(np.append(beyond, scaled[::-1] ** 2))[::-1]  # of ranks 0, 1, and so on
    # A tolerance that is itself the error of a rank, as computed, asks for that rank.
    allowed = dropped * total * (1.0 + 4.0 * float(np.finfo(np.float64).eps))
    rank = int(np.count_nonzero(tail > allowed))
    if rank > len(values):
        raise ValueError(
            f"squares: the {len(values)} singular values given leave an error of {np.sqrt(beyond / total):.3g},"
            f" expected at most {np.sqrt(dropped):.3g}; compute more of them"
        )
    return rank


def truncation_error(
    A: ArrayLike, rank: int | ArrayLike, *, relative: bool = False, squares: float | None = None
) -> Any:
    """Return the Frobenius norm of what a truncated decomposition leaves, ``|A - A_r|``, from singular values.

    Its *square* is the sum of the squares of the singular values beyond the rank; that sum is formed from the small
    to the large, so that an error of 1e-12 of the norm has its digits too.

    Parameters
    ----------
    A : array_like, shape (k,) or (m, n)
        Singular values from large to small, or a matrix.
    rank : int or array_like of int
        Ranks from 0 to k.
    relative : bool
        Over the norm of the matrix (0 for a matrix of zeros).
    squares : float, optional
        The squared Frobenius norm of the whole matrix, where only its leading singular values are given; errors below
        1e-8 of the norm then drown in the difference.

    Returns
    -------
    float, or ndarray of the shape of ``rank``

    Examples
    --------
    >>> from fastsci.lowrank.truncation import truncation_error
    >>> truncation_error([5.0, 4.0, 3.0], 1)
    5.0
    """
    values = _singular_values(A)
    ranks = np.asarray(rank)
    if ranks.dtype.kind not in "iu" or np.any(ranks < 0) or np.any(ranks > len(values)):
        raise ValueError(f"rank: is {rank!r}, expected integers from 0 to {len(values)}, the number of singular values")
    scaled, total, beyond = _scaled(values, squares)
    tail = np.cumsum(np.append(beyond, scaled[::-1] ** 2))[::-1]
    factor = 1.0 / np.sqrt(max(total, 1.0)) if relative else _unit(values)
    errors = np.sqrt(tail[ranks]) * factor
    return errors if ranks.ndim else float(errors)


def noise_threshold(
    shape: tuple[int, int], *, noise: float | None = None, singular_values: ArrayLike | None = None
) -> float:
    """Return the threshold of singular values that recovers a low-rank matrix from white noise best.

    Of all hard thresholds it has the least mean squared error, in the limit of large matrices, whatever the low-rank
    matrix is (Gavish and Donoho [1]_).  Singular values below are noise, or too much so.

    Parameters
    ----------
    shape : (int, int)
        Of the noisy matrix.
    noise : float, optional
        Standard deviation of an entry's noise (of complex noise, the root of its mean squared magnitude).
    singular_values : array_like, shape (min(shape),), optional
        All singular values of the noisy matrix, from whose median the noise is found, where ``noise`` is not given.

    Returns
    -------
    float
        Keep ``singular_values > threshold``.

    Raises
    ------
    ValueError
        Where both or none of ``noise`` and ``singular_values`` are given, or not all singular values are.

    Notes
    -----
    For known noise the threshold is ``lambda(beta) sqrt(max(shape)) noise`` with beta the smaller side over the larger
    and ``lambda(beta)**2 = 2 (beta + 1) + 8 beta / (beta + 1 + sqrt(beta**2 + 14 beta + 1))``: 4 / sqrt(3) for a square
    matrix.  For unknown noise it is ``lambda(beta) / sqrt(mu)`` times the median singular value, where mu is the median
    of the Marchenko-Pastur law, found here to rounding rather than by the cubic fit in common use, which is off by up
    to 0.02: 2.8584 for a square matrix.

    References
    ----------
    .. [1] M. Gavish and D. L. Donoho, "The optimal hard threshold for singular values is 4/sqrt(3)", IEEE Transactions
       on Information Theory 60 (2014), 5040-5053.

    Examples
    --------
    >>> from fastsci.lowrank.truncation import noise_threshold
    >>> round(noise_threshold((100, 100), noise=1.0), 4)
    23.094
    """
    given: Any = shape
    whole = isinstance(given, (tuple, list)) and len(given) == 2 and all(isinstance(side, Integral) for side in given)
    if not whole or min(given) < 1:
        raise ValueError(f"shape: is {shape!r}, expected two positive integers, those of the noisy matrix")
    sides = sorted(int(side) for side in given)
    if (noise is None) == (singular_values is None):
        raise ValueError("noise: give either its standard deviation, or all singular_values to find it from")
    beta = sides[0] / sides[1]
    factor = np.sqrt(2.0 * (beta + 1.0) + 8.0 * beta / (beta + 1.0 + np.sqrt(beta**2 + 14.0 * beta + 1.0)))
    if noise is not None:
        if isinstance(noise, bool) or not isinstance(noise, Real) or not 0 <= noise < np.inf:
            raise ValueError(f"noise: is {noise!r}, expected a standard deviation of at least 0")
        return float(factor * np.sqrt(sides[1]) * noise)
    values = _singular_values(singular_values)
    if len(values) != sides[0]:
        raise ValueError(
            f"singular_values: holds {len(values)}, expected all {sides[0]} of a matrix of shape {tuple(shape)}, of"
            " which the median is taken; where only the leading ones are known, give noise"
        )
    return float(factor / np.sqrt(median_of_noise(beta)) * np.median(values))


def median_of_noise(beta: float) -> float:
    """Return the median of the Marchenko-Pastur law: of squared singular values of unit noise over the larger side.

    Parameters
    ----------
    beta : float
        In (0, 1], the smaller side over the larger.

    Returns
    -------
    float
        To rounding; 0.6528 for beta 1.

    Examples
    --------
    >>> from fastsci.lowrank.truncation import median_of_noise
    >>> round(median_of_noise(1.0), 4)
    0.6528
    """
    if isinstance(beta, bool) or not isinstance(beta, Real) or not 0 < beta <= 1:
        raise ValueError(f"beta: is {beta!r}, expected the smaller side over the larger, in (0, 1]")
    root = np.sqrt(beta)
    points, weights = np.polynomial.legendre.leggauss(NODES)

    # With t = 1 + beta + 2 sqrt(beta) cos(angle) the law has density 2 sin(angle)**2 / (pi t), and its mass is counted
    # from the upper edge, away from the pole of square matrices at the lower one.
    def density(angle: Any) -> Any:
        return 2.0 * np.sin(angle) ** 2 / (np.pi * (1.0 + beta + 2.0 * root * np.cos(angle)))

    angle = 0.5 * np.pi + 0.7 * root
    for _ in range(20):
        above = 0.5 * angle * float(weights @ density(0.5 * angle * (points + 1.0)))
        change = (above - 0.5) / float(density(angle))
        angle -= change
        if abs(change) < 1e-15:
            break
    return float(1.0 + beta + 2.0 * root * np.cos(angle))


def _singular_values(A: Any) -> Array:
    """Given ones, checked, or those of a matrix; float64."""
    values = plain_array(A, "A")
    if values.ndim != 1:
        return economy_svd(finite_matrix(values, "A"), values_only=True)[1].astype(np.float64)
    if values.dtype.kind not in "fiub":
        raise TypeError(f"A: holds {values.dtype}, expected singular values or a matrix of numbers")
    values = values.astype(np.float64)
    if not np.isfinite(values).all() or np.any(values < 0):
        raise ValueError("A: one-dimensional, so of singular values, expected finite numbers of at least 0")
    if np.any(values[1:] > values[:-1]):
        place = int(np.argmax(values[1:] > values[:-1]))
        raise ValueError(
            f"A: singular value {place + 1} is {values[place + 1]}, above the {values[place]} before it; expected them"
            " from large to small"
        )
    return values


def _unit(values: Array) -> float:
    """What singular values are divided by before they are squared, so that none overflows or vanishes."""
    return float(values[0]) if values.size and values[0] > 0 else 1.0


def _scaled(values: Array, squares: float | None) -> tuple[Array, float, float]:
    """Singular values over the largest, the sum of all squares, and of those that are not given."""
    unit = _unit(values)
    scaled = values / unit
    known = float(np.sum(scaled[::-1] ** 2))
    if squares is None:
        return scaled, known, 0.0
    total = float(squares) / unit / unit if isinstance(squares, Real) else np.nan
    if not np.isfinite(total) or total < known * (1.0 - 1e-6):
        raise ValueError(
            f"squares: is {squares!r}, expected the squared Frobenius norm, at least the sum of the squares of the"
            f" singular values given, {known * unit * unit:.6g}"
        )
    return scaled, max(total, known), max(total - known, 0.0)
