"""Dynamic mode decomposition of snapshots that come in blocks, none of which is kept."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ._dmd_amplitudes import conjugate, least_squares
from ._dmd_coordinates import check_size, combine, rounding
from ._dmd_model import SnapshotModel, by_size, check_flag
from ._dmd_operator import reduce_pair
from ._dmd_stream import Stream
from ._snapshots import snapshots, step, trajectories

SPARE = 10


class StreamingDMD(SnapshotModel):
    """Dynamic mode decomposition of a stream of snapshots, in blocks of any size.

    Hemati, Williams and Rowley: an orthonormal basis of the snapshots seen so far and the products of their pairs in
    it. Here the products are kept by their root, so that small singular values are resolved as from all snapshots at
    once: where the snapshots span no more than ``n_basis`` directions, blocks of any sizes, and parts merged, give
    what `DMD` gives. Otherwise the basis keeps the directions that held most so far.

    Parameters
    ----------
    rank : int, float or None, default=None
        Directions of the model, as for `DMD`.
    n_basis : int or None, default=None
        Directions that are kept between blocks. None keeps twice the rank and 10 where the rank is an integer, and
        all directions that rounding does not hide otherwise.
    forgetting : float, default=1.0
        Weight of a pair of snapshots over that of the next pair, above 0 and at most 1: a slowly changing system is
        followed with the memory of the last ``1 / (1 - forgetting)`` pairs.
    exact : bool, default=True
        As for `DMD`.

    Attributes
    ----------
    eigs : ndarray, shape (r,)
    modes : ndarray, shape (n_space, r)
    amplitudes : ndarray, shape (r,)
        Of the first snapshot of the trajectory that goes on, by the modes as they are now.
    singular_values : ndarray
        Of the snapshots that have a successor.
    n_snapshots : int
        Of the trajectory that goes on.
    route : str
        ``"stream"``
    dt : float

    References
    ----------
    .. [1] M. S. Hemati, M. O. Williams, C. W. Rowley, Dynamic mode decomposition for large and streaming datasets,
       Phys. Fluids 26 (2014) 111701.

    Examples
    --------
    >>> import numpy as np
    >>> x, t = np.linspace(0, 1, 500)[:, None], 0.1 * np.arange(60)
    >>> X = np.sin(2 * np.pi * (3 * x - 0.5 * t)) + np.exp(-0.2 * t) * np.cos(5 * x)
    >>> model = StreamingDMD(3)
    >>> for block in np.array_split(X, 7, axis=1):
    ...     model = model.partial_fit(block, dt=0.1)
    >>> np.sort_complex(np.round(model.rates, 6))
    array([-0.2+0.j      ,  0. -3.141593j,  0. +3.141593j])
    """

    _stream: Stream | None = None

    def __init__(self, rank: Any = None, *, n_basis: Any = None, forgetting: Any = 1.0, exact: bool = True) -> None:
        self.rank = rank
        self.n_basis = n_basis
        self.forgetting = forgetting
        self.exact = exact

    def fit(self, X: Any, dt: float = 1.0) -> Self:
        """Forget what came before and fit snapshots ``X (n_space, n_times)``, or a list of trajectories."""
        parts = trajectories(X)
        self._stream = None
        for part in parts:
            self.partial_fit(part, dt, new_trajectory=True)
        return self

    def partial_fit(self, X: Any, dt: float = 1.0, *, new_trajectory: bool = False) -> Self:
        """Take in the next snapshots.

        Parameters
        ----------
        X : array_like, shape (n_space, n_times)
            One snapshot or more. The first follows the last one taken in, ``dt`` later.
        dt : float, default=1.0
            Time between snapshots, the same for every block.
        new_trajectory : bool, default=False
            Whether the first snapshot does not follow the last one.

        Raises
        ------
        ValueError
            If the number of variables, ``dt``, or the kind of numbers is not that of the blocks before.
        """
        block = snapshots(X, least=1)
        self._check_options()
        pause = step(dt)
        stream = self._stream
        if stream is None:
            stream = Stream(len(block), block.dtype)
            self.n_snapshots = 0
        else:
            self._check_block(stream, block, pause)
        check_size(block)
        self.dt = pause
        block = block.astype(stream.basis.dtype, copy=False)
        goes_on = stream.last is not None and not new_trajectory
        follow = block if stream.last is None or new_trajectory else np.hstack([stream.last[:, None], block])
        stream.squares += float(np.linalg.norm(block)) ** 2
        x = stream.grow(follow)
        if not goes_on:
            stream.first = x[:, 0].copy()
        stream.add(x[:, :-1], x[:, 1:], float(self.forgetting))
        stream.last = block[:, -1].copy()
        stream.shorten(self._most())
        self._stream = stream
        self.n_snapshots = (self.n_snapshots if goes_on else 0) + block.shape[1]
        self._refit(stream)
        return self

    def merge(self, other: Any) -> Self:
        """Take in what another model has seen of the same system; this one's trajectory goes on.

        Raises
        ------
        TypeError
            If ``other`` is no `StreamingDMD`.
        ValueError
            If either has seen nothing, or they differ in the number of variables or in ``dt``.
        """
        if not isinstance(other, StreamingDMD):
            raise TypeError(f"other: is a {type(other).__name__}, expected a StreamingDMD")
        if self._stream is None or other._stream is None:
            which = "this model" if self._stream is None else "other"
            raise ValueError(f"other: {which} has seen no snapshots yet; call partial_fit(X, dt) first")
        self._check_options()
        self._check_block(self._stream, np.zeros((len(other._stream.basis), 1), other._stream.dtype), other.dt)
        self._stream.merge(other._stream)
        self._stream.shorten(self._most())
        self._refit(self._stream)
        return self

    def forecast(self, n: Any, *, start: Any = "last") -> NDArray[Any]:
        """The next ``n`` snapshots, (n_space, n), from the last snapshot unless told; see `DMD.forecast`."""
        return super().forecast(n, start=start)

    def _refit(self, stream: Stream) -> None:
        """The model as the stream now has it; nothing before there is a pair."""
        if not stream.n_pairs:
            return
        p = stream.basis.shape[1]
        before, after = stream.root[:p], stream.root[p:]
        n_space = len(stream.basis)
        found = reduce_pair(
            before, after, self.rank, rounding((n_space, p + 1), stream.dtype), exact=check_flag("exact", self.exact)
        )
        assert stream.last is not None
        ends = np.stack([stream.first, stream.basis.conj().T @ stream.last], axis=1)
        amplitudes = least_squares(found.modes, ends).T
        self._real = stream.dtype.kind == "f"
        if self._real:
            amplitudes = conjugate(amplitudes, found.eigs)
        order = by_size(amplitudes[0], found.eigs)
        single = np.finfo(stream.dtype).bits == 32
        kind = np.dtype(np.complex64 if single else np.complex128)
        self.eigs = found.eigs[order].astype(kind)
        self.trajectory_amplitudes = amplitudes[:1, order].astype(kind)
        self.amplitudes = self.trajectory_amplitudes[0]
        self._last = amplitudes[1, order].astype(kind)
        self.singular_values = found.singular_values.astype(self.eigs.real.dtype)
        self.route = "stream"
        self.modes = combine(stream.basis, found.modes[:, order], self.eigs).astype(kind, copy=False)

    def _most(self) -> int | None:
        if self.n_basis is not None:
            return int(self.n_basis)
        if isinstance(self.rank, (int, np.integer)) and not isinstance(self.rank, bool):
            return 2 * int(self.rank) + SPARE
        return None

    def _check_options(self) -> None:
        if self.n_basis is not None:
            if isinstance(self.n_basis, bool) or not isinstance(self.n_basis, (int, np.integer)):
                raise TypeError(f"n_basis: is {self.n_basis!r}, expected a positive integer or None")
            least = self.rank if isinstance(self.rank, (int, np.integer)) else 1
            if self.n_basis < least:
                raise ValueError(f"n_basis: is {self.n_basis}, expected at least {least}, the rank of the model")
        try:
            good = 0.0 < float(self.forgetting) <= 1.0
        except (TypeError, ValueError):
            raise TypeError(f"forgetting: is {self.forgetting!r}, expected a number above 0 and at most 1") from None
        if not good:
            raise ValueError(f"forgetting: is {self.forgetting}, expected a number above 0 and at most 1; 1 keeps all")
        check_flag("exact", self.exact)

    def _check_block(self, stream: Stream, block: NDArray[Any], dt: float) -> None:
        if len(block) != len(stream.basis):
            raise ValueError(
                f"X: has {len(block)} variables, expected {len(stream.basis)} as in the blocks before; fit(X, dt)"
                " starts anew"
            )
        if dt != self.dt:
            raise ValueError(f"dt: is {dt}, expected {self.dt} as for the blocks before; fit(X, dt) starts anew")
        if block.dtype.kind == "c" and stream.dtype.kind != "c":
            raise ValueError("X: is complex where the blocks before are real; make the first block complex")
