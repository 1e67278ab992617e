"""Sums over samples of the products of a dictionary with its images, of which every estimator on it is made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Block:
    """Some samples: the dictionary (c, p), its images (c, p), the observed state and its image (c, d)."""

    lifted: Array
    images: Array
    state: Array
    state_images: Array


@dataclass(frozen=True)
class Products:
    """Sums over samples.

    Attributes
    ----------
    gram, cross, images : ndarray, shape (p, p)
        Of the dictionary with itself, with its images, and of those with themselves: G, A and L of the literature.
    state, ahead : ndarray, shape (p, d)
        Of the dictionary with the state, and with the state's image.
    n_samples : int
    """

    gram: Array
    cross: Array
    images: Array
    state: Array
    ahead: Array
    n_samples: int

    def plus(self, other: Products) -> Products:
        """Of the samples of both."""
        return Products(
            self.gram + other.gram,
            self.cross + other.cross,
            self.images + other.images,
            self.state + other.state,
            self.ahead + other.ahead,
            self.n_samples + other.n_samples,
        )


class Samples(ABC):
    """Samples that are passed through as often as it takes, a block at a time."""

    @property
    @abstractmethod
    def n_samples(self) -> int:
        """Samples of a pass."""

    @abstractmethod
    def products(self) -> Products:
        """The sums of a pass."""

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """What the sums are made of, block by block; a pass."""


def of_blocks(samples: Samples) -> Products:
    """The sums of a pass, by products of stored blocks."""
    total: Products | None = None
    for block in samples.blocks():
        lifted = block.lifted
        with np.errstate(over="ignore", invalid="ignore"):  # the caller names the term that overflows
            found = Products(
                lifted.T @ lifted,
                lifted.T @ block.images,
                block.images.T @ block.images,
                lifted.T @ block.state,
                lifted.T @ block.state_images,
                0,
            )
        total = found if total is None else total.plus(found)
    assert total is not None  # samples without a row were refused
    return Products(total.gram, total.cross, total.images, total.state, total.ahead, samples.n_samples)
