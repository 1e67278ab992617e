"""The operator that takes each snapshot to the next, on the leading directions of the first ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._dmd_coordinates import Array, singular_values
from ._rank import choose_rank

DEBIAS = (None, "forward-backward", "total")


@dataclass(frozen=True)
class Reduced:
    """What a pair of coordinate matrices says of the step between them.

    Attributes
    ----------
    eigs : ndarray, shape (r,)
        Of real coordinates: conjugate pairs are exact and adjacent, the positive imaginary part first.
    weights : ndarray, shape (q, r)
        Modes are ``after @ weights``, or ``before @ weights`` where ``projected``.
    projected : ndarray of bool, shape (r,)
    modes : ndarray, shape (p, r)
        Coordinates of the modes, of unit length.
    singular_values : ndarray
        Of the first coordinates, all of them.
    """

    eigs: Array
    weights: Array
    projected: Array
    modes: Array
    singular_values: Array


def reduce_pair(
    before: Array, after: Array, rank: Any, hidden: float, *, exact: bool = True, debias: str | None = None
) -> Reduced:
    """Dynamic mode decomposition of ``after (p, q)`` given ``before (p, q)``.

    ``hidden`` is the rounding of the snapshots, in units of their largest singular value.
    """
    turn = None
    if debias == "total":
        _, s, adjoint = singular_values(np.vstack([before, after]), rank)
        kept = choose_rank(rank, s, before.shape, hidden)
        turn = adjoint[:kept].conj().T
        before, after = before @ turn, after @ turn
        rank = max(kept, 1)
    left, s, adjoint = singular_values(before, rank)
    kept = choose_rank(rank, s, before.shape, hidden)
    left, inverse = left[:, :kept], adjoint[:kept].conj().T / s[:kept]  # before @ inverse = left
    moved = after @ inverse
    forward = left.conj().T @ moved
    if debias == "forward-backward":
        forward = forward_backward(left.conj().T @ before, left.conj().T @ after, forward)
    eigs, vectors = np.linalg.eig(forward)
    eigs, vectors = eigs.astype(np.complex128), vectors.astype(np.complex128)
    modes = moved @ vectors
    lengths = np.linalg.norm(modes, axis=0)
    # A mode that dies within a step leaves nothing in the snapshots after it.
    projected = lengths <= len(before) * np.finfo(np.float64).eps * np.max(lengths, initial=0.0)
    if not exact or debias == "forward-backward":
        projected = np.ones(kept, bool)
    modes[:, projected] = left @ vectors[:, projected]
    lengths = np.linalg.norm(modes, axis=0)
    weights = inverse @ (vectors / lengths)
    return Reduced(eigs, weights if turn is None else turn @ weights, projected, modes / lengths, s)


def forward_backward(before: Array, after: Array, forward: Array) -> Array:
    """The root of the step forward and the inverse of the step backward, whose errors by noise are opposite.

    Dawson, Hemati, Williams and Rowley (2016), Experiments in Fluids 57, 42.  Each eigenvalue of the root is that of
    two which is nearer to the mean of the steps; where the product has no root between them, the mean is taken, which
    is the same to first order.
    """
    try:
        backward = np.linalg.solve((before @ after.conj().T).conj().T, after @ after.conj().T).conj().T
        squares, vectors = np.linalg.eig(forward @ backward)
        inverse = np.linalg.inv(vectors)
    except np.linalg.LinAlgError:
        raise ValueError(
            "debias: 'forward-backward' inverts the step backward in time, which is singular here; take a smaller rank"
        ) from None
    mean = 0.5 * (forward + backward)
    roots = np.sqrt(squares.astype(np.complex128))
    nearer = np.einsum("ij,jk,ki->i", inverse, mean, vectors)
    roots = np.where((roots * nearer.conj()).real < 0, -roots, roots)
    root = (vectors * roots) @ inverse
    if not np.iscomplexobj(forward):
        root = root.real
    apart = np.linalg.norm(forward - backward) + np.finfo(np.float64).eps * np.linalg.norm(mean)
    return root if np.linalg.norm(root - mean) <= apart else mean
