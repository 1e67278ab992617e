"""Dynamic mode decomposition of one window of time after another."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._estimator import Estimator
from .._validate import whole
from ._hankel_coordinates import in_double
from ._piecewise import Piece
from ._snapshots import snapshots, step

Real = NDArray[np.floating[Any]]


class PiecewiseDMD(Estimator):
    """Dynamic mode decomposition (pDMD) of windows of time, each with eigenvalues and modes of its own.

    What oscillates out of step, relaxes in bursts or turns from one pattern to another has no eigenvalues that hold
    throughout; within a window it nearly has.  Time is split evenly into ``n_windows``, and, where a tolerance is
    given, windows that miss it are halved until all meet it.  In each window the step is projected on the leading
    singular vectors, and the modes of its eigenvalues are fitted to all snapshots of the window by least squares.

    Parameters
    ----------
    n_windows : int
        Windows to begin with.
    tol : float, optional
        Error of a window, relative and in the Frobenius norm, above which it is halved; the whole then has at most
        this error.  A warning tells of windows that miss it and are too short to be halved.
    rank : int, float or None
        Directions kept in each window; a fraction below 1 is of its squared norm; None keeps all that rounding does
        not hide, as many as snapshots but one.
    overlap : int
        Snapshots by which a window reaches into the next.  There the reconstruction passes linearly from one to the
        other; with 0 it may jump.
    shortest : int
        Snapshots, at least 2, that a window holds at least.

    Attributes
    ----------
    pieces : tuple of pieces
        Of each window ``start``, ``stop``, ``error`` and what every kind of DMD has: ``eigs``, ``modes``,
        ``amplitudes``, ``rates``, ``frequencies``, ``growth_rates``, ``reconstruct()``, ``forecast(n)``.
    edges : ndarray, shape (n_pieces + 1,)
        First snapshots of the windows, and the number of all snapshots.
    window_errors : ndarray, shape (n_pieces,)
        Relative error of each window in the Frobenius norm: the indicator by which windows are halved.
    errors : ndarray, shape (n_times,)
        Norm of what the reconstruction leaves of each snapshot over the norm of the snapshot; 0 for a zero one.
    error : float
        The same for all snapshots together, in the Frobenius norm.
    dt : float
    n_snapshots : int

    Raises
    ------
    ValueError, TypeError
        By ``fit``: one line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Alla, Monti and Sgura, Computers & Mathematics with Applications 160, 108 (2024), arXiv:2303.06512; they raise the
    number of even windows until the error is met, and lower the rank in each.

    Examples
    --------
    A tone that changes its frequency half way takes two windows.

    >>> import numpy as np
    >>> from fastsci.lowrank.piecewise_dmd import PiecewiseDMD
    >>> t = 0.1 * np.arange(80)
    >>> phase = np.where(t < 4, 2 * t, 3 * t)
    >>> X = np.stack((np.cos(phase), np.sin(phase)))
    >>> model = PiecewiseDMD(tol=1e-8, rank=2).fit(X, dt=0.1)
    >>> model.edges
    array([ 0, 40, 80])
    >>> [float(piece.rates.imag.max().round(6)) for piece in model.pieces]
    [2.0, 3.0]
    """

    pieces: tuple[Piece, ...]
    edges: NDArray[np.intp]
    window_errors: Real
    errors: Real
    error: float
    dt: float
    n_snapshots: int

    def __init__(
        self,
        n_windows: int = 1,
        tol: Any = None,
        rank: Any = None,
        overlap: Any = 0,
        shortest: int = 10,
    ) -> None:
        self.n_windows = n_windows
        self.tol = tol
        self.rank = rank
        self.overlap = overlap
        self.shortest = shortest

    def fit(self, X: ArrayLike, dt: float = 1.0) -> Self:
        """Fit snapshots ``dt`` apart.

        Parameters
        ----------
        X : (n_space, n_times) or (n_times,) array
            Real or complex.
        dt : float
            Time between snapshots.
        """
        given, interval = snapshots(X), step(dt)
        count = given.shape[1]
        self._check(count)
        rounding = max(given.shape) * float(np.finfo(given.dtype).eps)
        (wide,), scale = in_double([given])
        edges = count * np.arange(self.n_windows + 1) // self.n_windows
        waiting = [(int(start), int(stop)) for start, stop in zip(edges[-2::-1], edges[:0:-1], strict=True)]
        pieces: list[Piece] = []
        while waiting:
            start, stop = waiting.pop()
            reach = min(stop + self.overlap, count)
            piece = Piece.of(wide, start, reach, self.rank, rounding, interval, scale)
            if self.tol is not None and piece.error > self.tol and stop - start >= 2 * self.shortest:
                middle = (start + stop + 1) // 2
                waiting += [(middle, stop), (start, middle)]
            else:
                pieces.append(piece)
        self.pieces, self.dt, self.n_snapshots = tuple(pieces), interval, count
        self._measure(wide, scale)
        return self

    def reconstruct(self) -> NDArray[Any]:
        """The snapshots as the modes of their windows give them, (n_space, n_snapshots)."""
        self._check_fitted()
        parts = [piece.reconstruct() for piece in self.pieces]
        found = np.zeros((len(parts[0]), self.n_snapshots), parts[0].dtype)
        for piece, part, begin, end in zip(self.pieces, parts, self.edges[:-1], self.edges[1:], strict=True):
            share = np.ones(piece.n_snapshots)
            fade = np.arange(1, self.overlap + 1) / (self.overlap + 1)
            share[end - begin :] -= fade[: piece.stop - end]
            if begin:
                share[: self.overlap] *= fade[: piece.n_snapshots]
            found[:, piece.start : piece.stop] += share * part
        return found

    def forecast(self, n: int) -> NDArray[Any]:
        """The ``n`` snapshots after the last one fitted, by the modes of the last window, (n_space, n)."""
        self._check_fitted()
        return self.pieces[-1].forecast(n)

    def _measure(self, given: NDArray[Any], scale: float) -> None:
        """Errors of the reconstruction of snapshots ``scale given``."""
        self.edges = np.array([*(piece.start for piece in self.pieces), self.n_snapshots])
        self.window_errors = np.array([piece.error for piece in self.pieces])
        missed = np.linalg.norm(given - self.reconstruct() / scale, axis=0)
        sizes = np.linalg.norm(given, axis=0)
        self.errors = np.divide(missed, sizes, out=np.zeros(len(sizes)), where=sizes > 0)
        total = float(np.linalg.norm(sizes))
        self.error = float(np.linalg.norm(missed)) / total if total > 0 else 0.0
        if self.tol is not None and (short := int(np.count_nonzero(self.window_errors > self.tol))):
            warnings.warn(
                f"tol: is {self.tol:g}, missed by {short} of {len(self.pieces)} windows too short to be halved, the"
                f" worst at {self.window_errors.max():.2g}; allow a higher rank, or shortest below {self.shortest}",
                stacklevel=3,
            )

    def _check(self, count: int) -> None:
        windows, shortest = whole("n_windows", self.n_windows), whole("shortest", self.shortest)
        if shortest < 2:
            raise ValueError("shortest: is 1, expected at least 2 snapshots, a step")
        if windows > 1 and count // windows < shortest:
            raise ValueError(
                f"n_windows: is {windows}, which leaves {count // windows} of {count} snapshots to a window; expected"
                f" at most {max(count // shortest, 1)} with shortest={shortest}"
            )
        if isinstance(self.overlap, bool) or not isinstance(self.overlap, (int, np.integer)):
            raise TypeError(f"overlap: is {self.overlap!r}, expected a number of snapshots, an integer")
        if not 0 <= self.overlap < shortest:
            raise ValueError(f"overlap: is {self.overlap}, expected from 0 to below shortest={shortest}")
        if self.tol is not None and not (isinstance(self.tol, (int, float)) and 0 < self.tol < 1):
            raise ValueError(f"tol: is {self.tol!r}, expected a relative error, between 0 and 1, or None")

    def _check_fitted(self) -> None:
        if not hasattr(self, "pieces"):
            raise ValueError("PiecewiseDMD: is not fitted yet; call fit(X, dt) first")
