"""Block Krylov spaces of A^H A: a basis, its images under A, and how far the leading directions have settled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._source import Array, Source

Real = NDArray[np.floating[Any]]

ILL = 1e5  # roundings of a column that a pivot holds at least; else columns are made orthogonal by reflections


class KrylovSpace:
    """Orthonormal directions ``basis (n, used)`` and what A makes of them, ``images() (m, used)``.

    A block is made orthogonal to all others twice, so that rounding does not let directions in again (Parlett 1998,
    chapter 6); directions that rounding alone has left over are dropped, and a space that has none left is invariant.

    Attributes
    ----------
    projected : ndarray, shape (used, used)
        ``basis^H A^H A basis``, but for the block that was added last.
    coupling : ndarray
        What A^H A takes from the last block but one into the last.
    """

    def __init__(self, source: Source, capacity: int) -> None:
        columns = source.shape[1]
        self.columns, self.used = columns, 0
        room = min(capacity, columns)
        self.basis: Array = np.empty((columns, room), source.dtype)
        self._images: list[Array] = []
        self.projected: Array = np.zeros((room, room), source.dtype)
        self.coupling: Array = np.zeros((0, 0), source.dtype)

    def directions(self, block: Array) -> Array:
        """Orthonormal directions of a block beyond the space."""
        rest = self._beyond(block)[0]
        found = self._orthonormal(rest, np.linalg.norm(block, axis=0).max(initial=0.0))
        return np.ascontiguousarray(found[:, : self.columns - self.used])

    def advance(self, block: Array, image: Array, twice: Array) -> Array:
        """Take in a block, its image, and A^H A of it; the next block is what that holds beyond the space."""
        before = self.used
        self.finish(block, image)
        scale = np.linalg.norm(twice, axis=0).max(initial=0.0)
        rest, within = self._beyond(twice)
        self.projected[: self.used, before : self.used] = within
        self.projected[before : self.used, : self.used] = within.conj().T
        following = np.ascontiguousarray(self._orthonormal(rest, scale)[:, : self.columns - self.used])
        self.coupling = following.conj().T @ rest
        return following

    def finish(self, block: Array, image: Array) -> None:
        """Take in the last block and its image."""
        before, self.used = self.used, self.used + block.shape[1]
        if self.used > self.basis.shape[1]:
            self._grow(min(2 * self.used, self.columns))
        self.basis[:, before : self.used] = block
        self._images.append(image)

    def images(self) -> Array:
        """What A makes of the directions, (m, used)."""
        return np.hstack(self._images)

    def _grow(self, room: int) -> None:
        grown = np.empty((len(self.basis), room), self.basis.dtype)
        grown[:, : self.basis.shape[1]] = self.basis
        self.basis = grown
        projected = np.zeros((room, room), self.projected.dtype)
        projected[: len(self.projected), : len(self.projected)] = self.projected
        self.projected = projected

    def beyond(self, block: Array) -> Array:
        """What of a block is orthogonal to the space."""
        return self._beyond(block)[0]

    def unsettled(self, count: int) -> tuple[float, Real]:
        """By how much A^H A moves the ``count`` leading directions out of the space, and its values there, descending.

        The directions are those of the blocks that A^H A has been applied to.
        """
        values, vectors = np.linalg.eigh(self.projected[: self.used, : self.used])
        values = np.maximum(values, 0.0)
        last = vectors[self.used - self.coupling.shape[1] :, ::-1][:, :count]
        moved = np.linalg.norm(self.coupling @ last, 2) if self.coupling.size else 0.0
        return float(moved), values[::-1]

    def _beyond(self, block: Array) -> tuple[Array, Array]:
        from fastsci_kernels.lowrank import tall

        within = np.zeros((self.used, block.shape[1]), block.dtype)
        for _ in range(2 if self.used else 0):
            part = tall.adjoint_product(self.basis, block, self.used)
            block = block - tall.product(self.basis, part, self.used)
            within += part
        return block, within

    def _orthonormal(self, block: Array, scale: float) -> Array:
        """Directions of a block that lies outside the space, those above rounding of ``scale``."""
        from fastsci_kernels.lowrank import tall

        rounding = np.finfo(block.dtype).eps * scale * 8.0
        if not block.shape[1]:
            return block
        for _ in range(2):
            gram = tall.gram(block)
            lengths = np.sqrt(np.diag(gram).real)
            if not (lengths > rounding).all():
                return self._revealed(block, rounding)
            root = _factor(gram / np.outer(lengths, lengths))
            if root is None:
                return self._revealed(block, rounding)
            block = tall.product(block, np.linalg.inv(root).conj().T / lengths[:, None])
        return np.ascontiguousarray(block)

    def _revealed(self, block: Array, rounding: float) -> Array:
        """The same where columns nearly depend on one another: by reflections, and orthogonal to the space anew."""
        for _ in range(2):
            orthogonal, triangle = np.linalg.qr(block)
            left, values, _ = np.linalg.svd(triangle)
            kept = values > rounding
            block = np.ascontiguousarray(orthogonal @ left[:, kept])
            if not kept.any():
                break
            block, rounding = self._beyond(block)[0], 0.5
        return block


def _factor(gram: Array) -> Array | None:
    """The lower Cholesky factor of a matrix of unit diagonal, or None where columns nearly depend on one another."""
    try:
        root = np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        return None
    return root if np.diag(root).real.min() ** 2 > ILL * np.finfo(gram.dtype).eps else None
