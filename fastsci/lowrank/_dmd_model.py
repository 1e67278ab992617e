"""What every dynamic mode decomposition of whole snapshots can do once it is fitted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._estimator import Estimator
from ._dmd_amplitudes import AmplitudeProblem, conjugate, least_squares
from ._dmd_coordinates import Array, check_size, rounding
from ._dmd_operator import DEBIAS, reduce_pair
from ._modes import ModalModel
from ._snapshots import snapshots

STARTS = ("first", "last")
FIT_TO = ("all", "first")


class SnapshotModel(ModalModel, Estimator):
    """Modes of whole snapshots, in the order of their amplitudes.

    Attributes
    ----------
    singular_values : ndarray
        Of the snapshots that have a successor, those that were computed.
    trajectory_amplitudes : ndarray, shape (n_trajectories, r)
        Amplitudes of the first snapshot of each trajectory; the first row is ``amplitudes``.
    route : str
        How singular values were come by.
    """

    singular_values: NDArray[np.floating[Any]]
    trajectory_amplitudes: NDArray[np.complexfloating[Any, Any]]
    route: str
    _problem: AmplitudeProblem | None = None  # of the first trajectory
    _last: Array  # amplitudes of the last snapshot of the first trajectory

    def forecast(self, n: Any, *, start: Any = None) -> NDArray[Any]:
        """The next ``n`` snapshots, (n_space, n).

        Parameters
        ----------
        n : int
        start : {None, "last", "first"} or array_like, shape (n_space,)
            None runs the modes on with the amplitudes that were fitted to all snapshots.  ``"last"`` starts from the
            last snapshot alone (of the first trajectory), ``"first"`` from the first: the snapshots after it.  A state
            is followed by the ``n`` that come after it.

        Raises
        ------
        ValueError
            If ``n`` is negative, ``start`` is unknown or a state of another length, or the model is not fitted.
        """
        count: Any = n
        if start is None or isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 0:
            return super().forecast(count)
        self._check_fitted()
        if isinstance(start, str):
            if start not in STARTS:
                raise ValueError(f"start: is {start!r}, expected 'last', 'first', a state (n_space,) or None")
            amplitudes = self._last if start == "last" else self.amplitudes
        else:
            state = snapshots(np.asarray(start)[..., None], "start", 1)
            if state.shape != (len(self.modes), 1):
                raise ValueError(f"start: has shape {np.shape(start)}, expected ({len(self.modes)},), one state")
            amplitudes = least_squares(self.modes.astype(np.complex128), state[:, 0])
        states = self.modes @ (amplitudes[:, None] * self.eigs[:, None] ** np.arange(1, n + 1))
        return (states.real if self._real else states).astype(self._state_type(), copy=False)

    def _states(self, steps: Any) -> NDArray[Any]:
        return super()._states(steps).astype(self._state_type(), copy=False)

    def _state_type(self) -> np.dtype[Any]:
        return self.eigs.real.dtype if self._real else self.eigs.dtype

    def _fit_coordinates(
        self, x: Array, lengths: list[int], rank: Any, like: Array, *, exact: bool, debias: str | None, fit_to: str
    ) -> Array:
        """Fit trajectories of the given lengths, side by side in ``x (p, n_columns)``, to the precision of ``like``.

        Gives back weights ``(n_columns, r)`` of the columns in the modes.
        """
        ends = np.cumsum(lengths)
        before = np.delete(np.arange(ends[-1]), ends - 1)
        hidden = rounding(like.shape, like.dtype)
        found = reduce_pair(x[:, before], x[:, before + 1], rank, hidden, exact=exact, debias=debias)
        weights = np.zeros((ends[-1], len(found.eigs)), np.complex128)
        weights[before] = np.where(found.projected, found.weights, 0.0)
        weights[before + 1] += np.where(found.projected, 0.0, found.weights)
        spans = list(zip(ends - lengths, ends, strict=True))
        order = self._fit_amplitudes(x, found.modes, found.eigs, spans, fit_to, like.dtype)
        self.singular_values = found.singular_values.astype(self.eigs.real.dtype)
        return weights[:, order]

    def _fit_amplitudes(
        self, x: Array, modes: Array, eigs: Array, spans: list[tuple[int, int]], fit_to: str, dtype: np.dtype[Any]
    ) -> Array:
        """Amplitudes of every trajectory by coordinates of the modes ``(p, r)``; their order, the first one's."""
        self._real = dtype.kind == "f"
        problems = [AmplitudeProblem(modes, x[:, first:last], eigs) for first, last in spans]
        every = np.array([problem.first() if fit_to == "first" else problem.solve() for problem in problems])
        last = problems[0].first(-1)
        if self._real:
            every, last = conjugate(every, eigs), conjugate(last, eigs)
        order = by_size(every[0], eigs)
        self._problem = problems[0].select(order)
        kind = np.dtype(np.complex64 if np.finfo(dtype).bits == 32 else np.complex128)
        self.eigs = eigs[order].astype(kind)
        self.trajectory_amplitudes = every[:, order].astype(kind)
        self.amplitudes = self.trajectory_amplitudes[0]
        self._last = last[order].astype(kind)
        self.n_snapshots = int(spans[0][1] - spans[0][0])
        return order


def side_by_side(parts: list[Array]) -> Array:
    """Trajectories one after the other, a lone one not copied, of numbers that can be squared."""
    columns = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    check_size(columns)
    return columns


def by_size(amplitudes: Array, eigs: Array) -> Array:
    """Places from the largest amplitude to the smallest; the second of a conjugate pair stays next to the first."""
    sizes = np.abs(amplitudes)
    second = np.flatnonzero(np.imag(eigs) < 0)
    paired = second[(second > 0) & (eigs[second - 1] == eigs[second].conj())]
    sizes[paired] = sizes[paired - 1]
    return np.argsort(-sizes, kind="stable")


def check_choice(name: str, value: Any, known: tuple[Any, ...]) -> None:
    """An option that is one of a few."""
    if value not in known:
        raise ValueError(f"{name}: is {value!r}, expected one of {', '.join(map(repr, known))}")


def check_flag(name: str, value: Any) -> bool:
    """An option that is true or false."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}: is {value!r}, expected True or False")
    return bool(value)


def check_debias(debias: Any, rank: Any, n_space: int, n_pairs: int) -> None:
    """Total least squares needs something to leave out."""
    check_choice("debias", debias, DEBIAS)
    if debias == "total" and rank is None and n_space >= n_pairs:
        raise ValueError(
            "rank: is None, expected a rank where debias='total' and there are no more snapshots than variables;"
            " give the number of directions that are not noise"
        )
