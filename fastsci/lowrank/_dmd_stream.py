"""Pairs of snapshots, as few numbers that a stream of them can be kept in."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._dmd_coordinates import rounding
from ._dmd_products import Array, gram

ROUNDS = 4  # of growing a basis; each resolves seven digits more
SEEN_AT_ONCE = 1e-6  # over the largest direction of a round
LOOSE_COLUMNS = 4  # times the rows of the basis, that wait for a decomposition


class Stream:
    """A basis of all snapshots so far, and the root of the products of their pairs in it.

    With ``x = basis^H snapshot`` and ``z = [x_before; x_after]``, ``root root^H`` is the weighted sum of ``z z^H``:
    kept as a root it resolves singular values to rounding, where the sum itself would hide those below 1e-8.

    Attributes
    ----------
    basis : ndarray, shape (n_space, p)
        Orthonormal columns.
    root : ndarray, shape (2 p, q)
    first : ndarray, shape (p,)
        Coordinates of the snapshot that the trajectory began with.
    last : ndarray, shape (n_space,), or None
        The last snapshot, whose successor opens the next block.
    squares : float
        Squared norm of all snapshots, unweighted.
    n_pairs : int
    """

    def __init__(self, n_space: int, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        kind = np.dtype(np.complex128 if dtype.kind == "c" else np.float64)
        self.basis = np.zeros((n_space, 0), kind)
        self.root = np.zeros((0, 0), kind)
        self.first = np.zeros(0, kind)
        self.last: Array | None = None
        self.squares = 0.0
        self.n_pairs = 0

    def grow(self, columns: Array) -> Array:
        """Coordinates of the columns in the basis, which takes up what it lacks."""
        found = self.basis.conj().T @ columns
        rest = columns - self.basis @ found
        hidden = rounding((len(columns), max(2, columns.shape[1])), self.dtype) * float(np.sqrt(self.squares))
        for _ in range(ROUNDS):
            again = self.basis.conj().T @ rest
            found += again
            rest -= self.basis @ again
            lengths = np.linalg.norm(rest, axis=0)
            if np.linalg.norm(lengths) <= hidden:
                return found
            new = _directions(rest, hidden)
            new -= self.basis @ (self.basis.conj().T @ new)
            new = _orthonormal(new)
            self.extend(new)
            found = np.vstack([found, np.zeros((new.shape[1], columns.shape[1]), found.dtype)])
        return found + self.basis.conj().T @ rest

    def extend(self, new: Array) -> None:
        """Add directions ``(n_space, k)``, orthonormal to one another and to the basis."""
        p, k = self.basis.shape[1], new.shape[1]
        self.basis = np.hstack([self.basis, new])
        root = np.zeros((2 * (p + k), self.root.shape[1]), self.root.dtype)
        root[:p], root[p + k : 2 * p + k] = self.root[:p], self.root[p:]
        self.root = root
        self.first = np.concatenate([self.first, np.zeros(k, self.first.dtype)])

    def add(self, before: Array, after: Array, forgetting: float) -> None:
        """Take in pairs by their coordinates; those before are forgotten by a factor each."""
        n = before.shape[1]
        self.n_pairs += n
        new = np.vstack([before, after])
        if forgetting < 1.0:
            self.root = self.root * forgetting ** (0.5 * n)
            new = new * forgetting ** (0.5 * np.arange(n - 1, -1, -1))
        self.root = np.hstack([self.root, new])
        if self.root.shape[1] > LOOSE_COLUMNS * len(self.root):
            upper: Any = np.linalg.qr(self.root.conj().T, mode="r")
            self.root = upper.conj().T

    def shorten(self, most: int | None) -> None:
        """Keep the ``most`` directions that hold most of the snapshots."""
        p = self.basis.shape[1]
        if most is None or p <= most:
            return
        left = np.linalg.svd(np.hstack([self.root[:p], self.root[p:]]), full_matrices=False)[0][:, :most]
        self.root = np.vstack([left.conj().T @ self.root[:p], left.conj().T @ self.root[p:]])
        self.basis = self.basis @ left
        self.first = left.conj().T @ self.first

    def merge(self, other: Stream) -> None:
        """Take in the pairs of another stream."""
        self.squares += other.squares
        turn = self.grow(other.basis * np.sqrt(other.squares)) / max(np.sqrt(other.squares), np.finfo(float).tiny)
        p = other.basis.shape[1]
        self.add(turn @ other.root[:p], turn @ other.root[p:], 1.0)
        self.n_pairs += other.n_pairs - other.root.shape[1]


def _directions(rest: Array, hidden: float) -> Array:
    """The strongest directions of columns, of which none is hidden."""
    values, vectors = np.linalg.eigh(gram(rest))
    sizes = np.sqrt(np.maximum(values, 0.0))
    good = sizes >= max(SEEN_AT_ONCE * sizes[-1], min(hidden, sizes[-1]))
    return rest @ (vectors[:, good] / sizes[good])


def _orthonormal(columns: Array) -> Array:
    """Columns that nearly are, made orthonormal to rounding."""
    values, vectors = np.linalg.eigh(gram(columns))
    return columns @ ((vectors / np.sqrt(values)) @ vectors.conj().T)
