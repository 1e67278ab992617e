"""The least residual that any function in a dictionary's span has at points of the complex plane."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._algebra import one_thread
from . import _koopman_checks as checks
from ._koopman_compression import Compression
from ._koopman_products import Array

FAITHFUL = 1e-10  # eigenvalues of products, over the largest, whose roots still have digits
BATCH_BYTES = 2**23  # of matrices that are made at a time
FLOPS = 1e9  # a second, of small complex decompositions


def residuals_of(compression: Compression, values: NDArray[Any], coordinates: NDArray[Any]) -> Array:
    """``|A g - lambda g| / |g|`` of functions g, columns of ``coordinates (r, k)`` in the compressed basis."""
    lengths = np.linalg.norm(coordinates, axis=0)
    within = np.linalg.norm(compression.step @ coordinates - coordinates * values, axis=0)
    beyond = np.einsum("jk,jl,lk->k", coordinates.conj(), compression.beyond, coordinates).real
    return np.sqrt(within**2 + np.maximum(beyond, 0.0)) / np.where(lengths > 0, lengths, 1.0)


def least_residuals(compression: Compression, z: ArrayLike) -> Array:
    """Of each point of ``z`` the smallest singular value of the operator less that number, in the shape of ``z``."""
    from fastsci_kernels.loops import batch

    given = checks.rectangular(z, "z")
    if given.dtype.kind not in "fiubc":
        raise TypeError(f"z: holds {given.dtype}, expected points of the complex plane; convert them to complex128")
    points = given.astype(np.complex128)
    flat, size = points.ravel(), compression.rank
    if not np.isfinite(flat).all():
        raise ValueError("z: holds nan or inf, expected finite points of the complex plane")
    values, vectors = np.linalg.eigh(compression.beyond)
    root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    found = np.empty(len(flat))
    step = compression.step.astype(np.complex128)
    at_once = max(1, BATCH_BYTES // (16 * size**2))

    def work(first: int, last: int) -> None:
        for begin in range(first, last, at_once):
            part = slice(begin, min(begin + at_once, last))
            shifted = step - flat[part, None, None] * np.eye(size)
            squares = np.linalg.eigvalsh(shifted.conj().swapaxes(1, 2) @ shifted + compression.beyond)
            least = np.sqrt(np.maximum(squares[:, 0], 0.0))
            poor = np.flatnonzero(squares[:, 0] < FAITHFUL * squares[:, -1])
            for place in poor:
                least[place] = np.linalg.svd(np.vstack((shifted[place], root)), compute_uv=False)[-1]
            found[part] = least

    # The points are shared among our threads.
    with one_thread():
        batch.over(len(flat), work, 40.0 * size**3 / FLOPS)
    return found.reshape(points.shape)
