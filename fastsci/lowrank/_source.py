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
    """

    shape: tuple[int, int]
    dtype: np.dtype[Any]

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

    def squares(self) -> float | None:
        """The squared Frobenius norm, or None where it is not known without many products."""
        return None
