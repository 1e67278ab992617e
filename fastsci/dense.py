"""Dense output: the solution at any time, from the polynomial of every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import real_array


class DenseOutput:
    """The solution of every member as a function of time; ``result.sol``.

    Members keep the polynomials of their own steps.  Between its start and where it stopped a member's value is that
    of the method's dense output; outside it is NaN.
    """

    def __init__(
        self,
        log: Sequence[tuple[NDArray[np.int64], NDArray[Any]]],
        dim: int,
        n_members: int,
        dtype: np.dtype,
    ) -> None:
        columns = log[0][1].shape[1] if log else 3 + dim
        members = np.concatenate([np.empty(0, np.int64), *(index for index, _ in log)])
        rows = np.concatenate([np.empty((0, columns), dtype), *(part for _, part in log)])
        real = members < n_members
        order = np.flatnonzero(real)[np.argsort(members[real], kind="stable")]
        self._rows, self._dim = rows[order], dim
        self._offsets = np.searchsorted(members[order], np.arange(n_members + 1))

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def steps(self, i: int) -> NDArray[Any]:
        """Times at which the steps of member ``i`` begin."""
        return self._of(i)[:, 0]

    def _of(self, i: int) -> NDArray[Any]:
        member = range(len(self))[i]
        return self._rows[self._offsets[member] : self._offsets[member + 1]]

    def member(self, i: int, t: ArrayLike) -> NDArray[Any]:
        """Solution of member ``i``.

        Parameters
        ----------
        i : int
        t : float or (n,) array

        Returns
        -------
        (dim,) or (dim, n) array
            As SciPy's ``sol.sol(t)``; NaN outside the member's span.
        """
        times = real_array(t, "t")
        flat = np.atleast_1d(times).astype(np.float64)
        steps, dim = self._of(i), self._dim
        values = np.full((dim, flat.size), np.nan, self._rows.dtype)
        if len(steps):
            start, size, reach = steps[:, 0].astype(np.float64), steps[:, 1].astype(np.float64), steps[:, 2]
            direction = 1.0 if size[-1] >= 0 else -1.0
            which = np.searchsorted(direction * start, direction * flat, side="right") - 1
            chosen = steps[np.clip(which, 0, None)]
            elapsed = flat - start[np.clip(which, 0, None)]
            slack = 1e-9 * np.abs(chosen[:, 2]) + 4 * np.finfo(self._rows.dtype).eps * np.abs(flat)
            inside = (which >= 0) & (np.abs(elapsed) <= np.abs(reach[np.clip(which, 0, None)]) + slack)
            powers = chosen[:, 3:].reshape(flat.size, -1, dim)
            value = np.zeros((flat.size, dim))
            with np.errstate(all="ignore"):  # far outside there is nothing to compute
                theta = np.where(chosen[:, 1] == 0, 0.0, elapsed / np.where(chosen[:, 1] == 0, 1.0, chosen[:, 1]))
                for coefficient in powers[:, ::-1].swapaxes(0, 1):
                    value = value * theta[:, np.newaxis] + coefficient
            values[:, inside] = value[inside].T
        return values[:, 0] if times.ndim == 0 else values

    def __call__(self, t: ArrayLike) -> NDArray[Any]:
        """Solution of every member.

        Parameters
        ----------
        t : float or (n,) array

        Returns
        -------
        (n_members, dim) or (n_members, dim, n) array
        """
        times = real_array(t, "t")
        shape = (len(self), self._dim, *times.shape)
        values = np.empty(shape, self._rows.dtype)
        for i in range(len(self)):
            values[i] = self.member(i, times)
        return values
