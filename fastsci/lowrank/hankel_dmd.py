"""Dynamic mode decomposition of delayed snapshots."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._estimator import Estimator
from ._dmd_amplitudes import AmplitudeProblem, conjugate
from ._dmd_coordinates import combine
from ._dmd_model import by_size
from ._hankel_coordinates import DelayCoordinates, delay_coordinates
from ._modes import Complex, ModalModel
from ._snapshots import snapshots, step, trajectories


class HankelDMD(ModalModel, Estimator):
    """Dynamic mode decomposition of ``delays`` successive snapshots stacked into one.

    Few variables that hold many frequencies, one alone among them, are a linear system in their delays (Takens).  The
    delayed snapshots are projected on the leading singular vectors of their matrix, and the step from each to the next
    is fitted by least squares.  The matrix itself, ``delays`` times as large as the snapshots, is never stored: its
    Gram matrix comes from lagged products and sliding sums, and where that hides directions that matter, a second one
    of the rotated and scaled columns resolves them.

    Parameters
    ----------
    delays : int
        Snapshots in a column; 1 is plain DMD.  r frequencies of one real variable need at least 2 r.
    rank : int, float or None
        Directions kept; a fraction below 1 is of the squared norm; None keeps all that rounding does not hide.

    Attributes
    ----------
    eigs : ndarray, shape (r,)
        Eigenvalues of a step of ``dt``, in the order of the amplitudes; of real snapshots in exactly conjugate pairs,
        side by side.
    modes : ndarray, shape (n_space, r)
        Unit columns: ``eigs**i modes`` is, in least squares, the part of each delay mode that is i snapshots late.
    amplitudes : ndarray, shape (r,)
        Of the first snapshot (of the first trajectory), fitted to all its snapshots by least squares.
    singular_values : ndarray, shape (r,)
        Of the delayed snapshots that have a successor.
    dt, n_snapshots, rates, frequencies, growth_rates
        As in every kind of DMD.

    Raises
    ------
    ValueError, TypeError
        By ``fit``: one line that names the argument, what it was, what was expected and what to try.

    Notes
    -----
    With N the smaller of ``delays n_space`` and ``n_times - delays``, the cost is that of eigenvectors of an N x N
    matrix (of a tenth of them or fewer by Lanczos' method, where N is large) and of products with ``delays n_space
    n_times r`` multiplications; memory is N**2 numbers and some copies of ``r n_times``.  More variables than snapshots
    are first turned into as many as there are snapshots.  Everything is computed and given in double precision.

    References
    ----------
    Arbabi and Mezic, SIAM J. Applied Dynamical Systems 16, 2096 (2017); Le Clainche and Vega, SIAM J. Applied Dynamical
    Systems 16, 882 (2017), who call it DMD-d, or higher order DMD.

    Examples
    --------
    One damped tone beside a pure one, from one variable.

    >>> import numpy as np
    >>> from fastsci.lowrank.hankel_dmd import HankelDMD
    >>> t = 0.1 * np.arange(200)
    >>> x = np.exp(-0.2 * t) * np.cos(3 * t) + 0.5 * np.sin(5 * t)
    >>> model = HankelDMD(delays=20).fit(x, dt=0.1)
    >>> model.rates.round(6)[[0, 2]]
    array([-0.2+3.j, 0. +5.j])
    >>> model.forecast(2).shape
    (1, 2)
    """

    singular_values: NDArray[np.floating[Any]]

    def __init__(self, delays: int, rank: int | float | None = None) -> None:
        self.delays = delays
        self.rank = rank

    def fit(self, X: ArrayLike | list[ArrayLike], dt: float = 1.0) -> Self:
        """Fit snapshots ``dt`` apart.

        Parameters
        ----------
        X : (n_space, n_times) or (n_times,) array, or a list of them
            Real or complex; a list holds trajectories of one system.
        dt : float
            Time between snapshots.
        """
        parts, interval = trajectories(X), step(dt)
        found = delay_coordinates(parts, self.delays, self.rank, without_last=True)
        before = np.concatenate([v[:, :-1] for v in found.v], axis=1)
        after = np.concatenate([v[:, 1:] for v in found.v], axis=1)
        # Leading singular vectors make `before` orthonormal up to rounding, which is all that is put right here.
        operator = np.linalg.solve((before @ before.conj().T).T, (after @ before.conj().T).T).T
        self.dt, self.n_snapshots, self._real = interval, parts[0].shape[1], operator.dtype.kind != "c"
        self._keep(found, *np.linalg.eig(operator))
        return self

    def reconstruct(self, using: str = "modes") -> NDArray[Any]:
        """The snapshots of the first trajectory as the model gives them, (n_space, n_snapshots).

        Parameters
        ----------
        using : {"modes", "average", "last"}
            The sum of the modes; or what the delay modes give of each snapshot, as many times as there are delays: the
            average of all of them, or that of the last delay alone (and of the first column, before it is filled).
        """
        if using == "modes":
            return super().reconstruct()
        if using not in ("average", "last"):
            raise ValueError(f"using: is {using!r}, expected 'modes', 'average' or 'last'")
        columns = self._fitted_snapshots() - self.delays + 1
        dynamics = self.eigs[:, None] ** np.arange(columns)
        within = np.zeros((self._delay_modes.shape[1], self.n_snapshots), np.complex128)
        if using == "average":
            for late, modes in enumerate(self._delay_modes):
                within[:, late : late + columns] += modes @ dynamics
            ahead = np.minimum(np.arange(1, self.n_snapshots + 1), columns)
            within /= np.minimum(ahead, np.minimum(ahead[::-1], self.delays))
        else:
            within[:, : self.delays] = (self._delay_modes @ dynamics[:, 0]).T
            within[:, self.delays - 1 :] = self._delay_modes[-1] @ dynamics
        states = self._coordinates.lifted(within)
        return np.real(states) if self._real else states

    def forecast(self, n: Any, *, start: Any = None) -> NDArray[Any]:
        """The next ``n`` snapshots, (n_space, n).

        Parameters
        ----------
        n : int
        start : None, "last" or (n_space, at least ``delays``) array
            None runs the modes on with the amplitudes that were fitted to the first trajectory; ``"last"`` fits them
            to its last ``delays`` snapshots alone. Other snapshots ``dt`` apart are followed by the ``n`` that come
            after them; the last ``delays`` of them count.
        """
        number: Any = n
        if start is None or isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 0:
            return super().forecast(number)
        self._check_fitted()
        if isinstance(start, str) and start != "last":
            raise ValueError(f"start: is {start!r}, expected 'last', snapshots (n_space, n_times) or None")
        last = self._coordinates.v[0][:, -1] if isinstance(start, str) else self._coordinates.of(self._window(start))
        amplitudes = np.linalg.lstsq(self._vectors, last.astype(np.complex128), rcond=None)[0] * self._lengths
        states = self.modes @ (amplitudes[:, None] * self.eigs[:, None] ** np.arange(self.delays, self.delays + n))
        return states.real if self._real else states

    def _window(self, start: ArrayLike) -> NDArray[Any]:
        given = snapshots(start, "start", self.delays)
        if len(given) != len(self.modes):
            raise ValueError(f"start: has {len(given)} variables, expected {len(self.modes)}, as the snapshots fitted")
        if given.dtype.kind == "c" and self._real:
            raise TypeError("start: is complex, expected real snapshots as those fitted; give start.real")
        return given[:, -self.delays :]

    def _keep(self, found: DelayCoordinates, eigs: NDArray[Any], vectors: NDArray[Any]) -> None:
        """Delay modes and amplitudes, and the modes that they come down to."""
        scale = found.singular_values.max(initial=0.0)
        sizes = (found.singular_values / (scale or 1.0))[:, None]
        eigs, weights = eigs.astype(np.complex128), vectors.astype(np.complex128) * sizes
        # Columns `delays` apart hold each snapshot once.
        columns = found.v[0][:, :: self.delays] * sizes
        amplitudes = AmplitudeProblem(weights, columns, eigs**self.delays).solve()
        if self._real:
            amplitudes = conjugate(amplitudes, eigs)
        shape = (self.delays, len(found.left) // self.delays, len(eigs))
        within = _without_delay((found.left @ weights).reshape(shape), eigs)
        lengths = np.linalg.norm(within, axis=0)
        order = by_size(amplitudes * lengths, eigs)
        self.eigs, self.amplitudes = eigs[order], scale * (amplitudes * lengths)[order]
        self.singular_values = found.singular_values
        modes = (within / np.where(lengths > 0, lengths, 1.0))[:, order]
        self.modes = modes if found.basis is None else combine(found.basis, modes, self.eigs)
        self._coordinates, self._vectors, self._lengths = found, vectors[:, order], scale * lengths[order]
        self._delay_modes = scale * (found.left @ (weights * amplitudes)[:, order]).reshape(shape)


def _without_delay(delay_modes: Complex, eigs: Complex) -> Complex:
    """Modes m for which ``eigs**i m`` is nearest to the delay modes ``(delays, n_within, r)``, (n_within, r)."""
    late = np.arange(len(delay_modes))[:, None]
    growing = np.abs(eigs) > 1.0
    backwards = 1.0 / np.where(growing, eigs, 1.0)
    powers = np.where(growing, backwards ** late[::-1], np.where(growing, 0.0, eigs) ** late)
    nearest = np.einsum("ir,isr->sr", powers.conj(), delay_modes) / np.sum(np.abs(powers) ** 2, axis=0)
    return nearest * backwards ** (len(delay_modes) - 1)
