"""Matrices that are known by their products: operators, arrays on a GPU, and others less something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._matrix import working_dtype
from ._source import Adjoint, Array, Source


class Operator(Source):
    """What has ``matmat`` and ``rmatmat``, or ``matvec`` and ``rmatvec``, as SciPy's ``LinearOperator``."""

    @property
    def compiled(self) -> bool:
        return False

    def __init__(self, operator: Any, name: str) -> None:
        self.operator, self.name = operator, name
        if len(operator.shape) != 2:
            raise ValueError(f"{name}: has shape {operator.shape}, expected that of a matrix, (m, n)")
        self.shape = (int(operator.shape[0]), int(operator.shape[1]))
        self.dtype = working_dtype(np.float64 if operator.dtype is None else operator.dtype, name)

    def product(self, right: Array) -> Array:
        return self._called("matmat", "matvec", right, self.shape[0])

    def adjoint_product(self, left: Array) -> Array:
        return self._called("rmatmat", "rmatvec", left, self.shape[1])

    def _called(self, many: str, one: str, columns: Array, size: int) -> Array:
        try:
            if hasattr(self.operator, many):
                found = np.asarray(getattr(self.operator, many)(columns))
            elif hasattr(self.operator, one):
                call = getattr(self.operator, one)
                found = np.stack([np.asarray(call(column)).reshape(-1) for column in columns.T], axis=1)
            else:
                raise NotImplementedError(f"it has neither {many} nor {one}")
        except (NotImplementedError, TypeError) as error:
            # SciPy's operators call None where no function for the adjoint was given.
            if isinstance(error, TypeError) and "NoneType" not in str(error):
                raise
            raise ValueError(
                f"{self.name}: gives no products by {many} ({error}); both a matrix's products and those of its"
                " adjoint are needed: define matvec and rmatvec"
            ) from error
        if found.shape != (size, columns.shape[1]):
            raise ValueError(
                f"{self.name}: its {many} gave shape {found.shape}, expected {(size, columns.shape[1])} for a shape of"
                f" {self.shape}"
            )
        if found.dtype.kind == "c" and self.dtype.kind != "c":
            raise ValueError(f"{self.name}: says that it is {self.dtype} and gave complex numbers; set its dtype")
        return np.ascontiguousarray(found, self.dtype)


class OnDevice(Source):
    """An array of torch or CuPy, multiplied where it lies; blocks of columns travel there and back."""

    @property
    def compiled(self) -> bool:
        return False

    def __init__(self, array: Any, dtype: np.dtype[Any], send: Callable[[Array], Any], fetch: Callable[[Any], Array]):
        self.array, self.dtype = array, dtype
        self.shape = (int(array.shape[0]), int(array.shape[1]))
        self._send, self._fetch = send, fetch
        self._adjoint = array.conj().T

    def product(self, right: Array) -> Array:
        return self._back(self.array @ self._send(right))

    def adjoint_product(self, left: Array) -> Array:
        return self._back(self._adjoint @ self._send(left))

    def gram_product(self, right: Array) -> tuple[Array, Array]:
        found = self.array @ self._send(right)
        return self._back(found), self._back(self._adjoint @ found)

    def adjoint_gram_product(self, left: Array) -> tuple[Array, Array]:
        found = self._adjoint @ self._send(left)
        return self._back(found), self._back(self.array @ found)

    def _back(self, found: Any) -> Array:
        return np.ascontiguousarray(self._fetch(found), self.dtype)


class LessProduct(Source):
    """``A - left right^H`` by the products of A, which stays as it is: sparse, or on its disk.

    With ``left`` ones and ``right`` the means of the columns these are centred samples.  The difference is taken of
    products, so that means which are large beside what varies cost that many digits.
    """

    def __init__(self, source: Source, left: Array, right: Array) -> None:
        self.of, self.shape = source, source.shape
        self.dtype = source.dtype
        self.left, self.right = np.ascontiguousarray(left, self.dtype), np.ascontiguousarray(right, self.dtype)
        self._seen: tuple[Array, Array] | None = None

    def product(self, right: Array) -> Array:
        return self.of.product(right) - np.outer(self.left, self.right.conj() @ right)

    def adjoint_product(self, left: Array) -> Array:
        return self.of.adjoint_product(left) - np.outer(self.right, self.left.conj() @ left)

    def gram_product(self, right: Array) -> tuple[Array, Array]:
        found, squared = self.of.gram_product(right)
        share = self.right.conj() @ right
        shared = found - np.outer(self.left, share)
        squared -= np.outer(self._products()[0], share)
        return shared, squared - np.outer(self.right, self.left.conj() @ shared)

    def adjoint_gram_product(self, left: Array) -> tuple[Array, Array]:
        found, squared = self.of.adjoint_gram_product(left)
        share = self.left.conj() @ left
        shared = found - np.outer(self.right, share)
        squared -= np.outer(self._products()[1], share)
        return shared, squared - np.outer(self.left, self.right.conj() @ shared)

    def refuse_non_finite(self, name: str) -> None:
        self.of.refuse_non_finite(name)

    def _products(self) -> tuple[Array, Array]:
        """``A^H left`` and ``A right``, once."""
        if self._seen is None:
            self._seen = (
                self.of.adjoint_product(self.left[:, None])[:, 0],
                self.of.product(self.right[:, None])[:, 0],
            )
        return self._seen


class RowsScaled(Source):
    """``diag(factors) A`` by the products of A."""

    def __init__(self, source: Source, factors: Array) -> None:
        self.of, self.shape, self.dtype = source, source.shape, source.dtype
        self.factors = np.ascontiguousarray(factors, self.dtype)[:, None]

    def product(self, right: Array) -> Array:
        return self.factors * self.of.product(right)

    def adjoint_product(self, left: Array) -> Array:
        return self.of.adjoint_product(self.factors.conj() * left)

    def refuse_non_finite(self, name: str) -> None:
        self.of.refuse_non_finite(name)


class Conjugate(Source):
    """The conjugate of a matrix: a transpose is the conjugate of an adjoint."""

    def __init__(self, source: Source) -> None:
        self.of, self.shape, self.dtype = source, source.shape, source.dtype

    def product(self, right: Array) -> Array:
        return self.of.product(right.conj()).conj()

    def adjoint_product(self, left: Array) -> Array:
        return self.of.adjoint_product(left.conj()).conj()

    def gram_product(self, right: Array) -> tuple[Array, Array]:
        found, squared = self.of.gram_product(right.conj())
        return found.conj(), squared.conj()

    def adjoint_gram_product(self, left: Array) -> tuple[Array, Array]:
        found, squared = self.of.adjoint_gram_product(left.conj())
        return found.conj(), squared.conj()

    def refuse_non_finite(self, name: str) -> None:
        self.of.refuse_non_finite(name)


class Promoted(Source):
    """A matrix among others of a wider kind: its own products, in its own precision, of theirs."""

    def __init__(self, source: Source, dtype: np.dtype[Any]) -> None:
        self.of, self.shape, self.dtype = source, source.shape, dtype
        self._halves = source.dtype.kind != "c" and dtype.kind == "c"

    def product(self, right: Array) -> Array:
        return self._joined(self.of.product(self._apart(right)))

    def adjoint_product(self, left: Array) -> Array:
        return self._joined(self.of.adjoint_product(self._apart(left)))

    def gram_product(self, right: Array) -> tuple[Array, Array]:
        found, squared = self.of.gram_product(self._apart(right))
        return self._joined(found), self._joined(squared)

    def refuse_non_finite(self, name: str) -> None:
        self.of.refuse_non_finite(name)

    def _apart(self, columns: Array) -> Array:
        """Real and imaginary parts side by side, where the matrix is real."""
        apart = np.hstack((np.real(columns), np.imag(columns))) if self._halves else columns
        return np.ascontiguousarray(apart, self.of.dtype)

    def _joined(self, columns: Array) -> Array:
        if self._halves:
            width = columns.shape[1] // 2
            columns = columns[:, :width] + 1j * columns[:, width:]
        return np.ascontiguousarray(columns, self.dtype)


def transpose(source: Source) -> Source:
    """The transpose of a matrix, which its adjoint is where it is real."""
    adjoint = Adjoint(source)
    return Conjugate(adjoint) if source.dtype.kind == "c" else adjoint
