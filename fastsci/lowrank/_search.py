"""How the leading directions of a matrix are searched for, and by which route they are cheapest."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np

from .._algebra import one_thread
from . import _certificate
from ._krylov import KrylovSpace
from ._source import Array, Scaled, Source

BLOCK = 16  # columns that a product of A meets at a time
EIGHT = 8  # columns that are multiplied at once: fewer take as long
SETTLED = 0.2  # of the first squared value left out: what the directions kept may still be moved by
MOST_AT_FIRST = 512  # columns that room is made for before they are known to be needed
MORE_BLOCKS = 10  # at most, beyond those that the rank needs
THIN = 12  # times the columns asked for: with no more columns than that, A^H A costs less than a Krylov space
EIGENPROBLEM = 16  # times its columns over the rows of A: what the eigenvectors of A^H A cost beside A^H A itself
CLEAR = 1e6  # roundings of the largest squared value, above which A^H A shows a direction clearly
SAFE = {4: 2.0**30, 8: 2.0**300}  # by bytes of a number: products of four of that size, or its inverse, are in range


class Search:
    """One decomposition of a matrix with no more columns than rows."""

    def __init__(
        self,
        source: Source,
        count: int,
        oversamples: int,
        n_iter: int | None,
        tol: float | None,
        certify: bool,
        generator: np.random.Generator,
    ) -> None:
        self.source, self.count, self.n_iter, self.tol, self.certify = source, count, n_iter, tol, certify
        self.generator, self.oversamples = generator, oversamples
        self.width = min(count + oversamples, source.shape[1])
        self.factor = 1.0
        self.error_bound, self.n_passes, self.route = float("inf"), 0, "krylov"

    def run(self) -> tuple[Array, Array, Array]:
        """U (m, k), s (k,) and V (n, k)."""
        with one_thread() if self.source.compiled else nullcontext():
            return self._found()

    def _found(self) -> tuple[Array, Array, Array]:
        rows, columns = self.source.shape
        if self.tol is None and self.width >= columns:
            return self._full()
        cost = columns * (1.0 + EIGENPROBLEM * columns / rows)
        if self.tol is None and self.n_iter is None and cost <= THIN * self.width:
            found = self._by_gram()
            if found is not None:
                return found
        return self._by_krylov()

    def _full(self) -> tuple[Array, Array, Array]:
        self.route, self.n_passes = "full", 1
        image = self._scaled(self.source.product(np.eye(self.source.shape[1], dtype=self.source.dtype)))
        left, values, right = tall_svd(image, self.count)
        return self._result(left, values, right, 0.0)

    def _by_gram(self) -> tuple[Array, Array, Array] | None:
        gram = self.source.gram()
        if gram is None:
            return None
        self.n_passes, safe = 1, self._safe()
        if not 1.0 / safe < np.abs(gram).max() < safe:
            return None
        squares, vectors = np.linalg.eigh(gram)
        if not squares[-self.count - 1] > CLEAR * np.finfo(gram.dtype).eps * squares[-1]:
            return None
        self.route, self.n_passes = "gram", 2
        basis = np.ascontiguousarray(vectors[:, : -self.width - 1 : -1])
        from fastsci_kernels.lowrank import tall as products

        left, values, right = tall_svd(self.source.product(basis), self.count)
        self.count = min(self.count, len(values))
        left_out = squares[-self.count - 1] + 8.0 * len(gram) * np.finfo(gram.dtype).eps * squares[-1]
        self.error_bound = float(np.sqrt(left_out))
        return left, values[: self.count].astype(real_kind(left)), products.product(basis, right)

    def _by_krylov(self) -> tuple[Array, Array, Array]:
        from fastsci_kernels.lowrank import tall as products

        wide = -(-self.width // EIGHT) * EIGHT if self.n_iter is not None else block_size(self.count)
        sketch = self._scaled(self.source.adjoint_product(self._normal(self.source.shape[0], wide)))
        self.n_passes += 1
        space = KrylovSpace(self.source, min(self.width, MOST_AT_FIRST) + 4 * wide)
        block, applied, beyond = space.directions(sketch), 0, float("inf")
        while True:
            while not self._settled(space, applied):
                block = block if block.shape[1] else space.directions(self._normal(space.columns, wide))
                block = self._advance(space, block)
                applied += 1
            block, beyond = self._last(space, block)
            if self.tol is None or space.used >= space.columns:
                break
            squares = space.unsettled(0)[1]
            if squares[-1] + beyond**2 <= self.tol**2 * squares[0]:
                break
            applied += 1
        left, values, right = tall_svd(space.images(), space.used if self.tol else self.count)
        if self.tol is not None:
            self.count = self._smallest(values, beyond)
            left, right = left[:, : self.count], right[:, : self.count]
        return self._result(left, values, products.product(space.basis, right, space.used), beyond)

    def _advance(self, space: KrylovSpace, block: Array) -> Array:
        image, twice = self.source.gram_product(block)
        self.n_passes += 1
        return space.advance(block, image, twice)

    def _settled(self, space: KrylovSpace, applied: int) -> bool:
        """Whether the next block of the space is to be its last."""
        if self.n_iter is not None:
            return applied >= self.n_iter
        if space.used >= space.columns:
            return True
        if not space.used or (self.tol is None and space.used < self.width):
            return False
        moved, squares, count = *space.unsettled(self.count), self.count
        if self.tol is not None:
            count = min(count, int(np.count_nonzero(squares > self.tol**2 * squares[0])))
            if space.used < count + self.oversamples:
                return False
            moved, _ = space.unsettled(count)
        following = float(squares[count]) if count < len(squares) else 0.0
        rounding = 8.0 * float(np.finfo(self.source.dtype).eps) * float(squares[0])
        enough = self.tol is None and applied >= self.width // block_size(count) + MORE_BLOCKS
        return moved <= max(SETTLED * following, rounding) or enough

    def _last(self, space: KrylovSpace, block: Array) -> tuple[Array, float]:
        """Take in a block and bound what A does beyond the space; with it, the block that would follow."""
        if space.used + block.shape[1] >= space.columns or not (self.certify or self.tol is not None):
            if block.shape[1]:
                space.finish(block, self.source.product(block))
                self.n_passes += 1
            return block[:, :0], 0.0 if space.used >= space.columns else float("inf")
        width = block.shape[1]
        start = self._normal(space.columns, _certificate.COLUMNS)
        for _ in range(2):
            start = space.beyond(start)
            start = start - block @ (block.conj().T @ start)
        self.n_passes += 2
        following = block[:, :0]
        if self.tol is None:
            image, seen, twice = self.source.last_products(block, start)
            space.finish(block, image)
        else:
            images, both = self.source.gram_product(np.hstack((block, start)))
            following = space.advance(block, images[:, :width], both[:, :width])
            seen, twice = images[:, width:], both[:, width:]
        again = self.source.product(space.beyond(twice))
        return following, _certificate.largest_value(seen, again, self.source.dtype.kind == "c")

    def _smallest(self, values: Array, beyond: float) -> int:
        """The smallest rank whose error bound meets the tolerance."""
        assert self.tol is not None
        left_out = np.append(values, 0.0) ** 2 + beyond**2
        enough = np.flatnonzero(left_out <= (self.tol * values[0]) ** 2)
        return min(int(enough[0]) if enough.size else len(values), self.count)

    def _result(self, left: Array, values: Array, right: Array, beyond: float) -> tuple[Array, Array, Array]:
        following = float(values[self.count]) if self.count < len(values) else 0.0
        # Of a product of that many columns.
        rounding = 16.0 * float(np.finfo(self.source.dtype).eps) * float(values[0]) * np.sqrt(len(values))
        self.error_bound = (float(np.hypot(following, beyond)) + rounding) * self.factor
        return left, (values[: self.count] * self.factor).astype(real_kind(left)), right

    def _scaled(self, sketch: Array) -> Array:
        """The first product, A being brought to a size at which products of products are numbers."""
        if not np.isfinite(sketch).all():
            self.source.refuse_non_finite("A")
        largest, safe = float(np.abs(sketch).max()), self._safe()
        if largest > 0 and not 1.0 / safe < largest < safe:
            exponent = int(np.frexp(largest)[1])
            self.source, self.factor = Scaled(self.source, 2.0**-exponent), 2.0**exponent
            sketch = sketch * sketch.dtype.type(2.0**-exponent)
        return sketch

    def _safe(self) -> float:
        return SAFE[real_kind(self.source).itemsize]

    def _normal(self, rows: int, columns: int) -> Array:
        parts = 2 if self.source.dtype.kind == "c" else 1
        drawn = self.generator.standard_normal((rows, columns * parts), dtype=real_kind(self.source).type)
        return drawn.view(self.source.dtype)


def tall_svd(image: Array, count: int) -> tuple[Array, Array, Array]:
    """U (m, k), all singular values (p,) and W (p, k) of ``image (m, p) = U diag(s) W^H``, from large to small.

    By the eigenvectors of the small Gram matrix, made orthogonal once more, where that shows the k directions clearly;
    else by reflections.
    """
    from fastsci_kernels.lowrank import tall as products

    kind = image.dtype
    wide = np.ascontiguousarray(image, np.result_type(kind, np.float64).type)
    squares, vectors = np.linalg.eigh(products.gram(wide))
    squares, vectors = squares[::-1], vectors[:, ::-1]
    if count and squares[min(count, len(squares)) - 1] > CLEAR * np.finfo(np.float64).eps * squares[0]:
        values = np.sqrt(np.maximum(squares, 0.0))
        left = products.product(wide, vectors[:, :count] / values[:count])
        root = np.linalg.cholesky(products.gram(left)).conj().T
        turned, values[:count], again = np.linalg.svd(root * values[:count])
        left = products.product(left, np.linalg.solve(root, turned))
        right = vectors[:, :count] @ again.conj().T
    else:
        orthogonal, triangle = np.linalg.qr(wide)
        turned, values, adjoint = np.linalg.svd(triangle, full_matrices=False)
        left, right = orthogonal @ turned[:, :count], adjoint[:count].conj().T
    return left.astype(kind, copy=False), values, right.astype(kind, copy=False)


def real_kind(of: Array | Source) -> np.dtype[Any]:
    """The kind of numbers that the real parts are."""
    return np.finfo(of.dtype).dtype


def block_size(count: int) -> int:
    """Columns at a time: more of them for higher ranks, whose spaces would need many blocks."""
    return BLOCK * max(1, count // 128)
