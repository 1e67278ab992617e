"""Sample entropy and approximate entropy: how often what looked alike goes on alike."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.loops.batch import over
from fastsci_kernels.measures import sample_entropy as templates

from .._arrays import real_array
from ._series import for_finite, give, series, whole

HIGHEST_ORDER = 64
_SLAB = 2**20  # values at a time: what is kept beside each is several times as large
_SECONDS_A_PAIR = 5e-12
_SECONDS_A_ROW = 1e-7
_SECONDS_A_PLACE = 1e-8
_NONE = np.empty((0, 2))


def sample_entropy(x: ArrayLike, *, order: int = 2, radius: ArrayLike | None = None, closed: bool = False) -> Any:
    """Sample entropy: how likely templates that match at ``order`` values do not match at the next one.

    Two templates match if their values differ by less than ``radius`` throughout (the Chebyshev distance).  With B
    pairs that match at ``order`` values and A that match at one more, both among the first ``n_times - order``
    templates and none with itself, it is ``-log(A / B)``.

    Parameters
    ----------
    x : (n_times,) or (n_series, n_times) array
        Series of at least ``order + 2`` samples; computed in float64.
    order : int
        Values in a template, m.
    radius : float or (n_series,) array, optional
        How far values may differ, in units of ``x``.  By default 0.2 times the standard deviation of the series,
        which is divided by n as in antropy; nolds divides by n - 1.
    closed : bool
        Whether a difference of exactly ``radius`` is a match.  By default it is none, as in nolds.

    Returns
    -------
    float or (n_series,) array
        In nats.  Infinite where no pair matches at one value more; NaN where none matches at all, as in a constant
        series with the default radius, and for a series that holds NaN or infinity.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Richman and Moorman, Am. J. Physiol. Heart Circ. Physiol. 278, H2039 (2000).

    Examples
    --------
    >>> import fastsci.chaos, numpy as np
    >>> x = np.cos(np.linspace(0, 30, 100))
    >>> round(fastsci.chaos.sample_entropy(x, radius=0.2), 6)
    0.276723
    """
    values, alone, size = _checked(x, order)

    def measure(finite: np.ndarray, limits: np.ndarray) -> np.ndarray:
        pairs = np.concatenate([_NONE, *(_pairs(slab) for slab in _slabs(finite, limits, size, 0))])
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(pairs[:, 0] / pairs[:, 1])

    return give(for_finite(values, measure, _limits(values, radius, closed)), alone)


def approximate_entropy(x: ArrayLike, *, order: int = 2, radius: ArrayLike | None = None, closed: bool = True) -> Any:
    """Approximate entropy: the older measure, in which every template also matches itself.

    With ``phi(m)`` the mean logarithm of the share of templates of m values that match a template, it is
    ``phi(order) - phi(order + 1)``.  Matches are those of `sample_entropy`; counting itself biases short series
    towards regularity.

    Parameters
    ----------
    x : (n_times,) or (n_series, n_times) array
        Series of at least ``order + 2`` samples; computed in float64.
    order : int
        Values in a template, m.
    radius : float or (n_series,) array, optional
        How far values may differ, in units of ``x``.  By default 0.2 times the standard deviation of the series,
        which is divided by n.
    closed : bool
        Whether a difference of exactly ``radius`` is a match.  By default it is, as in Pincus's definition.

    Returns
    -------
    float or (n_series,) array
        In nats.  In a closed ball a constant series has the value of its two template counts, 0; NaN for a series
        that holds NaN or infinity, and for a constant one with the default radius and an open ball.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Pincus, Proc. Natl. Acad. Sci. USA 88, 2297 (1991).

    Examples
    --------
    White noise, and a sine of the same length.

    >>> import fastsci.chaos, numpy as np
    >>> noise = np.random.default_rng(1).normal(size=1000)
    >>> sine = np.sin(np.arange(1000) / 5)
    >>> fastsci.chaos.approximate_entropy(np.stack((noise, sine))).round(1)
    array([1.6, 0.2])
    """
    values, alone, size = _checked(x, order)

    def measure(finite: np.ndarray, limits: np.ndarray) -> np.ndarray:
        return np.concatenate([_NONE[:, 0], *(_approximate(slab) for slab in _slabs(finite, limits, size, 1))])

    return give(for_finite(values, measure, _limits(values, radius, closed)), alone)


@dataclass(frozen=True)
class _Slab:
    """Some series laid out: what lies within the radius of each value, and the templates strip by strip."""

    order: int
    lowest: np.ndarray  # (n_series, n_times)
    beyond: np.ndarray  # (n_series, n_times)
    ranks: np.ndarray  # (n_series, n_times + 1)
    begins: np.ndarray  # (n_series, n_templates)
    columns: np.ndarray  # (n_series, order + 1, n_templates + WIDTH)

    @property
    def pieces(self) -> int:
        """Pieces of work in one series."""
        return -(-self.begins.shape[1] // templates.ROWS)

    @property
    def seconds(self) -> float:
        """Time of one piece, on one thread."""
        count = self.begins.shape[1]
        return min(count, templates.ROWS) * (count * self.order * _SECONDS_A_PAIR + _SECONDS_A_ROW)

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """What the kernels that count take."""
        return self.lowest, self.beyond, self.ranks, self.begins, self.columns


def _checked(x: ArrayLike, order: int) -> tuple[np.ndarray, bool, int]:
    size = whole("order", order, 1, HIGHEST_ORDER)
    return *series(x, shortest=size + 2), size


def _limits(x: np.ndarray, radius: ArrayLike | None, closed: bool) -> np.ndarray:
    """What the differences in each series have to stay below; NaN in the place of the default for odd series."""
    if radius is None:
        finite = np.isfinite(x).all(axis=1)
        limits = np.zeros(len(x))
        limits[finite] = 0.2 * np.std(x[finite], axis=1)
    else:
        limits = real_array(radius, "radius").astype(np.float64)
        if limits.shape not in ((), (len(x),)):
            raise ValueError(f"radius: has shape {limits.shape}, expected one number or ({len(x)},), one a series")
        if not (np.isfinite(limits) & (limits >= 0.0)).all():
            raise ValueError("radius: has values that are negative or not finite, expected radii of at least 0")
        limits = np.broadcast_to(limits, len(x)).copy()
    return np.nextafter(limits, math.inf) if closed else limits


def _slabs(x: np.ndarray, limits: np.ndarray, order: int, more: int) -> Iterator[_Slab]:
    """The series made ready, some at a time; with ``more`` templates than ``n_times - order``."""
    size = max(1, _SLAB // x.shape[1])
    for first in range(0, len(x), size):
        yield _slab(x[first : first + size], limits[first : first + size], order, x.shape[1] - order + more)


def _slab(x: np.ndarray, limits: np.ndarray, order: int, n_templates: int) -> _Slab:
    n_series, n_times = x.shape
    sorting = np.argsort(x, axis=1).astype(np.int32)
    slab = _Slab(
        order,
        lowest=np.empty_like(sorting),
        beyond=np.empty_like(sorting),
        ranks=np.empty((n_series, n_times + 1), np.int32),
        begins=np.empty((n_series, n_templates), np.int32),
        columns=np.zeros((n_series, order + 1, n_templates + templates.WIDTH), np.int32),
    )

    def work(first: int, last: int) -> None:
        templates.prepare(x, order, sorting, limits, *slab.arrays, first, last)

    over(n_series, work, n_times * order * _SECONDS_A_PLACE)
    return slab


def _pairs(slab: _Slab) -> np.ndarray:
    """Matching pairs ``(n_series, 2)``: at ``order`` values, and at one more."""
    counts = np.empty((len(slab.begins), slab.pieces, 2), np.int64)

    def work(first: int, last: int) -> None:
        templates.count_pairs(slab.order, *slab.arrays, first, last, counts)

    over(len(slab.begins) * slab.pieces, work, slab.seconds)
    return counts.sum(axis=1)


def _approximate(slab: _Slab) -> np.ndarray:
    """Approximate entropies of the series of a slab."""
    counts = np.empty((*slab.lowest.shape, 2), np.int64)
    values = np.empty(len(slab.lowest))

    def count(first: int, last: int) -> None:
        templates.count_neighbours(slab.order, *slab.arrays, slab.pieces, first, last, counts)

    def finish(first: int, last: int) -> None:
        templates.approximate(counts, slab.order, first, last, values)

    over(len(slab.begins) * slab.pieces, count, 2.0 * slab.seconds)
    over(len(values), finish, counts[0].size * _SECONDS_A_PLACE)
    return values
