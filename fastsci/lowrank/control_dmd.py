"""Dynamic mode decomposition of a system that is driven from outside."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ._dmd_amplitudes import conjugate, least_squares
from ._dmd_control import Driven, inputs, known_inputs, modes_of, with_known, with_unknown
from ._dmd_coordinates import Array, combine
from ._dmd_model import STARTS, SnapshotModel, by_size, side_by_side
from ._snapshots import snapshots, step, trajectories


class DMDc(SnapshotModel):
    """Dynamic mode decomposition with control: ``x_(k+1) = A x_k + B u_k``, with known or unknown ``B``.

    Proctor, Brunton and Kutz: what the inputs ``u`` do is told from what the system does by itself, by least squares
    on snapshots and inputs together; all of it in the coordinates of the leading directions of the snapshots.

    Parameters
    ----------
    rank : int, float or None, default=None
        Directions of the reduced state: a number, a fraction below 1 of the squared norm, or None for all that
        rounding does not hide.
    input_rank : int, float or None, default=None
        Directions of snapshots and inputs together that the least squares keep, where ``B`` is not known; at least the
        rank and the number of inputs, as a rule. Inputs count by their size: scale them to that of the snapshots.
    B : array_like, shape (n_space, n_inputs), optional
        What the inputs do, where it is known.

    Attributes
    ----------
    basis : ndarray, shape (n_space, r)
        Orthonormal columns: ``x = basis z``.
    A_ : ndarray, shape (r, r)
        The step of the reduced state, ``z_(k+1) = A_ z_k + B_ u_k``.
    B_ : ndarray, shape (r, n_inputs)
        What the inputs do to the reduced state.
    eigs : ndarray, shape (r,)
        Of ``A_``.
    modes : ndarray, shape (n_space, r)
        Of the system by itself, of unit length.
    amplitudes : ndarray, shape (r,)
        Of the first snapshot.
    singular_values : ndarray
        Of snapshots and inputs together, or of the snapshots where ``B`` is known.
    dt : float
    n_snapshots : int

    References
    ----------
    .. [1] J. L. Proctor, S. L. Brunton, J. N. Kutz, Dynamic mode decomposition with control, SIAM J. Appl. Dyn. Syst.
       15 (2016) 142-161.

    Examples
    --------
    The unstable example of the paper, held by feedback:

    >>> import numpy as np
    >>> A, B, x = np.array([[1.5, 0], [0, 0.1]]), np.array([[1.0], [0]]), [np.array([4.0, 7.0])]
    >>> for k in range(20):
    ...     x.append(A @ x[-1] + B[:, 0] * (-x[-1][0] + np.sin(k)))
    >>> X = np.stack(x, axis=1)
    >>> u = -X[:1, :-1] + np.sin(np.arange(20))
    >>> model = DMDc().fit(X, u)
    >>> np.round(np.sort(model.eigs.real), 8)
    array([0.1, 1.5])
    >>> np.round(np.abs(model.basis @ model.B_), 8)
    array([[1.],
           [0.]])
    """

    basis: Array

    def __init__(self, rank: Any = None, *, input_rank: Any = None, B: Any = None) -> None:
        self.rank = rank
        self.input_rank = input_rank
        self.B = B

    def fit(self, X: Any, u: Any, dt: float = 1.0) -> Self:
        """Fit snapshots and the inputs between them.

        Parameters
        ----------
        X : array_like, shape (n_space, n_times), or a list of such
        u : array_like, shape (n_inputs, n_times - 1) or (n_inputs, n_times), or a list of such
            ``u[:, k]`` acts between snapshots k and k + 1; an input at the last snapshot is not used. One-dimensional
            inputs are one input over time.
        dt : float, default=1.0
            Time between snapshots.

        Raises
        ------
        ValueError
            If shapes do not fit one another, or something is not finite.
        TypeError
            If something is not a number.
        """
        parts = trajectories(X)
        lengths = [part.shape[1] for part in parts]
        driven = inputs(u, lengths, isinstance(X, (list, tuple)) and np.ndim(X[0]) == 2)
        given = None if self.B is None else known_inputs(self.B, len(parts[0]), len(driven[0]))
        if given is not None and self.input_rank is not None:
            raise ValueError(f"input_rank: is {self.input_rank!r}, expected None where B is known; set rank alone")
        self.dt = step(dt)
        columns = side_by_side(parts)
        everything = [*driven] if given is None else [*driven, given]
        self._real = columns.dtype.kind == "f" and all(part.dtype.kind == "f" for part in everything)
        if not self._real:
            columns = columns.astype(np.result_type(columns, np.complex64))
        ends = np.cumsum(lengths)
        before = np.delete(np.arange(ends[-1]), ends - 1)
        pushing = np.concatenate(driven, axis=1)
        if given is None:
            found = with_unknown(columns, before, pushing, self.rank, self.input_rank)
        else:
            found = with_known(columns, before, pushing, self.rank, given)
        self._finish(found, lengths[0], driven[0])
        return self

    def predict(self, x: Any, u: Any) -> NDArray[Any]:
        """States one step on, (n_space,) or (n_space, n), of states ``x`` and inputs ``u`` (n_inputs,), (n_inputs, n).

        Raises
        ------
        ValueError
            If a shape does not fit the model.
        """
        self._check_fitted()
        states, driven = np.asarray(x), np.asarray(u)
        flat = states.ndim == 1
        states = snapshots(states[:, None] if flat else states, "x", 1)
        driven = snapshots(driven[:, None] if driven.ndim == 1 else driven, "u", 1)
        if len(states) != len(self.basis):
            raise ValueError(f"x: has {len(states)} variables, expected {len(self.basis)} as fitted")
        if driven.shape != (self.B_.shape[1], states.shape[1]):
            raise ValueError(f"u: has shape {driven.shape}, expected ({self.B_.shape[1]}, {states.shape[1]})")
        after = self.basis @ (self.A_ @ (self.basis.conj().T @ states) + self.B_ @ driven)
        return after[:, 0] if flat else after

    def forecast(self, n: Any, *, start: Any = "last") -> NDArray[Any]:
        """The snapshots that follow under inputs, (n_space, n_steps).

        Parameters
        ----------
        n : array_like, shape (n_inputs, n_steps), or int
            Inputs from the starting snapshot on, or a number of steps without any.
        start : {"last", "first"} or array_like, shape (n_space,), default="last"
            The snapshot of the first trajectory, or the state, that is left by the first input.

        Raises
        ------
        ValueError
            If a shape does not fit the model, or ``n`` is negative.
        """
        self._check_fitted()
        if np.ndim(n) == 0:
            if isinstance(n, (bool, np.bool_)) or not isinstance(n, (int, np.integer)) or n < 0:
                raise ValueError(f"n: is {n!r}, expected inputs (n_inputs, n_steps), or a number of steps")
            driven: Array = np.zeros((self.B_.shape[1], int(n)))
        else:
            driven = snapshots(n, "n", 1)
            if len(driven) != self.B_.shape[1]:
                raise ValueError(f"n: has shape {np.shape(n)}, expected ({self.B_.shape[1]}, n_steps) inputs as fitted")
        if isinstance(start, str):
            if start not in STARTS:
                raise ValueError(f"start: is {start!r}, expected 'last', 'first' or a state (n_space,)")
            state = self._ends[:, STARTS.index(start)]
        else:
            given = snapshots(np.asarray(start)[..., None], "start", 1)
            if given.shape != (len(self.basis), 1):
                raise ValueError(f"start: has shape {np.shape(start)}, expected ({len(self.basis)},), one state")
            state = self.basis.conj().T @ given[:, 0]
        return self.basis @ self._run(state, driven)[:, 1:]

    def reconstruct(self) -> NDArray[Any]:
        """The snapshots of the first trajectory, run from the first under the inputs fitted, (n_space, n_snapshots)."""
        self._check_fitted()
        return self.basis @ self._run(self._ends[:, 0], self._driven)

    def _run(self, state: Array, driven: Array) -> Array:
        """Reduced states (r, n + 1) under inputs (n_inputs, n)."""
        if driven.dtype.kind == "f":
            driven = driven.astype(self.eigs.real.dtype)
        pushes = self.B_ @ driven
        states = np.empty((len(state), driven.shape[1] + 1), np.result_type(state, pushes, self.A_))
        states[:, 0] = state
        for place in range(driven.shape[1]):
            states[:, place + 1] = self.A_ @ states[:, place] + pushes[:, place]
        return states

    def _finish(self, found: Driven, n_snapshots: int, driven: Array) -> None:
        """Eigenvalues and modes of the reduced step, and where the first trajectory begins and ends."""
        eigs, weights = modes_of(found)
        ends = found.x[:, [0, n_snapshots - 1]]
        amplitudes = least_squares(found.x @ weights, ends).T
        if self._real:
            amplitudes = conjugate(amplitudes, eigs)
        order = by_size(amplitudes[0], eigs)
        kind = np.dtype(np.complex64 if np.finfo(found.columns.dtype).bits == 32 else np.complex128)
        self.eigs = eigs[order].astype(kind)
        self.trajectory_amplitudes = amplitudes[:1, order].astype(kind)
        self.amplitudes = self.trajectory_amplitudes[0]
        self._last = amplitudes[1, order].astype(kind)
        self.modes = combine(found.columns, weights[:, order], self.eigs)
        plain = found.columns.dtype
        self.basis = found.columns @ found.weights.astype(plain)
        self.A_, self.B_ = found.step.astype(plain), found.push.astype(plain)
        self._ends = ((found.x @ found.weights).conj().T @ ends).astype(plain)
        self._driven = driven
        self.singular_values = found.singular_values.astype(self.eigs.real.dtype)
        self.route = found.route
        self.n_snapshots = n_snapshots
