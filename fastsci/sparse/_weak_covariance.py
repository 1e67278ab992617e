"""Covariance of weak equations: what independent noise of the samples does to rows whose test functions overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ._convolution import projected
from ._problem import Array
from ._test_functions import Axis, EvenAxis
from .libraries import Library

JITTER = 1e-9  # relative, on the diagonal: rows of smooth overlapping functions are nearly dependent
LEAST_NOISE = 1e-9  # of the largest state, which also stands for errors of rounding and of integrals
STEP = 1e-5  # of a state, for derivatives of a model
SMOOTHED = 3  # windows of smoothing reach to a side this part of a test function
DEGREE = 4  # of the polynomials in these windows
MOST_TAKEN = 1.25  # standard deviations of the noise that smoothing may remove: more would be the signal
FEWEST = 7  # samples, of which noise is told from sixth differences


@dataclass(frozen=True, eq=False)
class WeakTrajectory:
    """Samples of a trajectory, and the test functions that they are integrated against."""

    states: Array  # (n, d)
    controls: Array | None  # (n, c)
    clock: float | Array  # the step, or the times (n,)
    axis: Axis

    def joined(self, states: Array) -> Array:
        """States and controls side by side."""
        return states if self.controls is None else np.hstack((states, self.controls))

    def noise(self) -> Array:
        """Standard deviations of the noise of the states (d,), from differences of their samples."""
        from .differentiation._noise import noise
        from .differentiation._samples import Times

        found = noise(np.ascontiguousarray(self.states)[None], Times.of(self.clock, len(self.states)))[0]
        largest = float(np.abs(self.states).max())
        return np.maximum(found, LEAST_NOISE * largest if largest > 0 else 1.0)

    def smoothed(self, deviations: Array) -> Array:
        """States by moving polynomials, much narrower than a test function, that take off no more than the noise."""
        from .differentiation import SavitzkyGolay

        axis = self.axis
        width = axis.half_width if isinstance(axis, EvenAxis) else axis.reach // 2
        reach = width // SMOOTHED
        while 2 * reach + 1 > DEGREE + 2:
            found = SavitzkyGolay(2 * reach + 1, DEGREE).smooth(self.states, self.clock)
            if (np.sqrt(np.mean((found - self.states) ** 2, axis=0)) <= MOST_TAKEN * deviations).all():
                return found
            reach //= 2
        return np.asarray(self.states, np.float64)


@dataclass(eq=False)
class LinearisedRows:
    """Rows of a trajectory, linear in the noise: the library and its slopes are taken at smoothed states.

    What smoothing has removed is put back to first order, by a model's slopes ``J``: ``theta(v) + J (u - v)`` is
    ``theta(u)`` but for what is quadratic in the noise, and so is the error of smoothing too much.
    """

    source: WeakTrajectory
    library: Library
    smooth: Array = field(init=False)
    design: Array = field(init=False)  # (K, p)
    left: Array = field(init=False)  # (K, d)
    deviations: Array = field(init=False)  # (d,)

    def __post_init__(self) -> None:
        self.deviations = self.source.noise()
        self.smooth = self.source.smoothed(self.deviations)
        self.left = self._integrals(self.source.states, 1)
        self.design = self._library_integrals()
        if not np.isfinite(self.design).all():  # smoothing has led out of the domain of a term
            self.smooth = np.asarray(self.source.states, np.float64)
            self.design = self._library_integrals()

    def _library_integrals(self) -> Array:
        both = self.source.joined(self.smooth)
        n_terms = len(self.library.terms(both.shape[1]))
        return projected(both, self.library.transform, n_terms, [self.source.axis], [(0,)])[:, 0]

    def _integrals(self, values: Array, derivative: int) -> Array:
        return projected(values, lambda own: own, values.shape[1], [self.source.axis], [(derivative,)])[:, 0]

    def slopes(self, coef: Array) -> Array:
        """Derivatives ``(n, d, d)`` of a model's right side by the states; 0 where a term has none."""
        from fastsci_kernels.regress import features

        inputs = self.source.joined(self.smooth)
        plan = self.library.plan(inputs.shape[1], moments=False)
        n, n_states = self.smooth.shape
        found = np.empty((n, n_states, n_states))
        size = np.abs(self.smooth).max(axis=0)
        for state in range(n_states):
            step = STEP * float(size[state] if size[state] > 0 else 1.0)
            ahead, behind = inputs.copy(), inputs.copy()
            ahead[:, state] += step
            behind[:, state] -= step
            difference = features.combined(plan, ahead, coef) - features.combined(plan, behind, coef)
            found[:, :, state] = difference / (ahead[:, state] - behind[:, state])[:, None]
        return np.where(np.isfinite(found), found, 0.0)

    def whitened(self, coef: Array) -> tuple[Array, Array]:
        """Rows of all equations, ``(K d, d p + 1)`` with the left side last, of unit covariance under a model.

        The columns are the coefficients of the first equation, then those of the second, ...  Beside them the sums of
        the variances that the rows of each equation had, (d,).
        """
        from scipy.linalg import cholesky_banded, lapack

        slopes = self.slopes(coef)
        restored = np.einsum("nij,nj->ni", slopes, self.source.states - self.smooth)
        n_states, n_terms = coef.shape
        rows = np.zeros((len(self.design) * n_states, n_states * n_terms + 1), order="F")
        for target in range(n_states):
            rows[target::n_states, target * n_terms : (target + 1) * n_terms] = self.design
        rows[:, -1] = (self.left - self._integrals(restored, 0)).ravel()
        banded = covariance(self.source.axis, slopes, self.deviations)
        variances = banded[0].reshape(-1, n_states).sum(axis=0)
        banded[0] *= 1.0 + JITTER
        root = cholesky_banded(banded, overwrite_ab=True, lower=True, check_finite=False)
        return lapack.dtbtrs(root, rows, uplo="L", overwrite_b=True)[0], variances


def covariance(axis: Axis, slopes: Array, deviations: Array) -> Array:
    """Covariance of ``<phi', e> + <phi, J e>`` for independent noise ``e``, banded.

    Parameters
    ----------
    axis : axis of test functions, K of them
    slopes : ndarray, shape (n, d, d)
        ``J`` at each sample.
    deviations : ndarray, shape (d,)
        Standard deviations of the noise of each state.

    Returns
    -------
    ndarray, shape (bandwidth + 1, K d)
        The lower diagonals, as `scipy.linalg.cholesky_banded` takes them; row ``k d + i`` is that of function ``k`` in
        equation ``i``.
    """
    n_states = len(deviations)
    bandwidth = min(_neighbours(axis) + 1, axis.count) * n_states - 1
    found = np.zeros((bandwidth + 1, axis.count * n_states))
    weights: dict[tuple[int, int], tuple[Array, Array]] = {}
    for first, last, last_column, places in _overlapping(axis):
        # Ranges of one shape have the same weights wherever they are, on an even axis.
        shape = (last - first, last_column - first) if isinstance(axis, EvenAxis) else (first, last)
        if shape not in weights:
            functions = first, last_column
            weights[shape] = axis.matrix(0, functions, places), axis.matrix(1, functions, places)
        integral, derivative = weights[shape]
        # The response (functions, equations, states, samples) of rows to the noise of every sample.
        own = np.moveaxis(slopes[slice(*places)], 0, -1)
        response = -integral[:, None, None, :] * own
        for state in range(n_states):
            response[:, state, state] += derivative
        response *= deviations[:, None]
        flat = response.reshape((last_column - first) * n_states, -1)
        n_rows = (last - first) * n_states
        products = flat @ flat[:n_rows].T
        column, row = np.arange(n_rows), np.arange(len(flat))[:, None]
        diagonal = row - column
        kept = (diagonal >= 0) & (diagonal <= bandwidth)
        place = np.broadcast_to(first * n_states + column, kept.shape)
        found[diagonal[kept], place[kept]] = products[kept]
    return found


def _neighbours(axis: Axis) -> int:
    """How many of the functions that begin later overlap a function, at most."""
    if isinstance(axis, EvenAxis):
        return (axis.reach - 1) // axis.stride
    return int(2 * axis.radius / (axis.centres[1] - axis.centres[0])) + 1 if axis.count > 1 else 0


def _overlapping(axis: Axis) -> Iterator[tuple[int, int, int, tuple[int, int]]]:
    """Ranges ``first:last`` of functions, the last function that overlaps any of them, and the samples they reach."""
    size = max(1, _neighbours(axis))
    for first in range(0, axis.count, size):
        last = min(first + size, axis.count)
        if isinstance(axis, EvenAxis):
            places = axis.stride * first, axis.stride * (last - 1) + axis.reach
        else:
            ends = axis.centres[first] - axis.radius, axis.centres[last - 1] + axis.radius
            low, high = np.searchsorted(axis.times, ends)
            places = int(low), min(int(high) + 1, axis.extent)
        yield first, last, max(axis.over(*places)[1], last), places
