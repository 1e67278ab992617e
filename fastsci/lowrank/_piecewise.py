"""Dynamic modes of one window of snapshots."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ._dmd_amplitudes import conjugate
from ._dmd_coordinates import combine
from ._dmd_model import by_size
from ._hankel_space import space_of
from ._modes import ModalModel
from ._rank import choose_rank
from ._source import Array

MOST_GROWTH = 1e150  # within a window; an eigenvalue that would grow by more is none of the snapshots'


class Piece(ModalModel):
    """The modes of the snapshots from ``start`` to before ``stop``.

    Attributes
    ----------
    start, stop : int
        Snapshots of the window, the one after the last excluded.
    error : float
        Norm of what the modes leave of the window over the norm of the window (Frobenius).
    eigs, modes, amplitudes, dt, n_snapshots, rates, frequencies, growth_rates
        As in every kind of DMD, the window's first snapshot being the first.
    """

    start: int
    stop: int
    error: float

    @classmethod
    def of(cls, given: Array, start: int, stop: int, rank: Any, rounding: float, dt: float, scale: float) -> Self:
        """Eigenvalues of the step projected on leading singular vectors, and the modes that fit the whole window best.

        Modes and amplitudes together are one linear least-squares problem once eigenvalues are known.
        ``given (n_space, n_times)`` are all snapshots over ``scale``.
        """
        window = given[:, start:stop]
        basis, within = space_of(window) if len(window) > stop - start else (None, window)
        piece = cls()
        piece.start, piece.stop, piece.dt, piece.n_snapshots = start, stop, dt, stop - start
        piece._real = window.dtype.kind != "c"
        left, values, right = np.linalg.svd(within[:, :-1], full_matrices=False)
        kept = choose_rank(rank, values, window.shape, rounding)
        left, values, right = left[:, :kept], values[:kept], right[:kept]
        eigs = np.linalg.eigvals((left.conj().T @ within[:, 1:]) @ right.conj().T / values).astype(np.complex128)
        eigs = eigs[np.abs(eigs) < MOST_GROWTH ** (1.0 / (piece.n_snapshots - 1))]
        dynamics = eigs[:, None] ** np.arange(piece.n_snapshots)
        sizes = np.linalg.norm(dynamics, axis=1)
        modes: Array = (
            np.linalg.lstsq((dynamics / sizes[:, None]).T, within.T.astype(np.complex128), rcond=None)[0].T / sizes
        )
        if piece._real:
            modes = conjugate(modes, eigs)
        missed, total = np.linalg.norm(within - modes @ dynamics), np.linalg.norm(within)
        piece.error = float(missed / total) if total > 0 else 0.0
        lengths = np.linalg.norm(modes, axis=0)
        order = by_size(lengths, eigs)
        piece.eigs, piece.amplitudes = eigs[order], (scale * lengths[order]).astype(np.complex128)
        modes = (modes / np.where(lengths > 0, lengths, 1.0))[:, order]
        piece.modes = modes if basis is None else combine(basis, modes, piece.eigs)
        return piece
