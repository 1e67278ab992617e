"""A matrix as what can be asked of it: products, and how often it is read for them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class Source(ABC):
    """A matrix A, wherever it lies: in memory, on a disk, sparse, or known by its products alone.

    Attributes
    ----------
    shape : (int, int)
    dtype : numpy.dtype
        Of the products: float32, float64, complex64 or complex128.
    compiled : bool
        Whether these products are real ones of our kernels, with threads of their own, or else a library's.
    """

    shape: tuple[int, int]
    dtype: np.dtype[Any]
    of: Source  # the matrix that this one is made of, where there is one

    @property
    def compiled(self) -> bool:
        return self.of.compiled if hasattr(self, "of") else self.dtype.kind != "c"

    @abstractmethod
    def product(self, right: Array) -> Array:
        """``A right``, (m, l); ``right (n, l)`` is row-major and of ``dtype``, and so is what is given back."""

    @abstractmethod
    def adjoint_product(self, left: Array) -> Array:
        """``A^H left``, (n, l), of ``left (m, l)``."""

    def gram_product(self, right: Array) -> tuple[Array, Array]:
        """``A right`` and ``A^H A right``, (m, l) and (n, l); where A has rows at hand it is read once for both."""
        found = self.product(right)
        return found, self.adjoint_product(found)

    def last_products(self, right: Array, some: Array) -> tuple[Array, Array, Array]:
        """``A right``, and ``A some`` with ``A^H A some``, of one reading where A has rows at hand."""
        found, twice = self.gram_product(np.hstack((some, right)))
        count = some.shape[1]
        return found[:, count:], found[:, :count], twice[:, :count]

    def adjoint_gram_product(self, left: Array) -> tuple[Array, Array]:
        """``A^H left`` and ``A A^H left``, (n, l) and (m, l)."""
        found = self.adjoint_product(left)
        return found, self.product(found)

    def gram(self) -> Array | None:
        """``A^H A``, (n, n), or None where many products would be as good."""
        return None

    def adjoint_gram(self) -> Array | None:
        """``A A^H``, (m, m), or None where many products would be as good."""
        return None

    def refuse_non_finite(self, name: str) -> None:
        """Say which number of A is not finite, after a product that was not."""
        raise ValueError(f"{name}: gives products that are not finite; rescale it, or look for NaN in it")


class Adjoint(Source):
    """A^H, by what can be asked of A."""

    def __init__(self, source: Source) -> None:
        self.of = source
        self.shape, self.dtype = (source.shape[1], source.shape[0]), source.dtype

    def product(self, right: Array) -> Array:
        return self.of.adjoint_product(right)

    def adjoint_product(self, left: Array) -> Array:
        return self.of.product(left)

    def gram_product(self, right: Array) -> tuple[Array, Array]:
        return self.of.adjoint_gram_product(right)

    def adjoint_gram_product(self, left: Array) -> tuple[Array, Array]:
        return self.of.gram_product(left)

    def gram(self) -> Array | None:
        return self.of.adjoint_gram()

    def adjoint_gram(self) -> Array | None:
        return self.of.gram()

    def refuse_non_finite(self, name: str) -> None:
        self.of.refuse_non_finite(name)


class Scaled(Source):
    """A times a power of two, where squares of its numbers would leave the range of its kind."""

    def __init__(self, source: Source, factor: float) -> None:
        self.of, self.factor = source, source.dtype.type(factor)
        self.shape, self.dtype = source.shape, source.dtype

    def product(self, right: Array) -> Array:
        return self.of.product(right) * self.factor

    def adjoint_product(self, left: Array) -> Array:
        return self.of.adjoint_product(left) * self.factor

    def refuse_non_finite(self, name: str) -> None:
        self.of.refuse_non_finite(name)
