"""An operator on the span of a dictionary, in coordinates in which the dictionary is orthonormal on the samples.

Products of nearly dependent columns lose twice the digits that the columns lose.  Where that is more than the samples
themselves leave open, they are passed through once more, with columns made nearly orthonormal by the first pass and the
images less what they are known to be: what is summed is then a correction, and the operator is as good as by a QR
factorisation, at the speed of matrix products.  That is the idea of CholeskyQR2 (Yamamoto, Nakatsukasa, Yanagisawa &
Fukaya 2015), shifted where the first products say nothing of some directions (Fukaya et al. 2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._koopman_products import Array, Products, Samples
from ._rank import choose_rank

EPS = float(np.finfo(np.float64).eps)
TOLERATED_LOSS = 1e-12  # relative error of the operator for which no second pass is made
OF_SAMPLING = 0.01  # or this part of the error that the number of samples leaves
WELL_CONDITIONED = 1e3  # columns of a last pass
MOST_PASSES = 6


@dataclass(frozen=True)
class Compression:
    """The operator in principal components of the dictionary, whose columns count as of unit length.

    Attributes
    ----------
    basis : ndarray, shape (p, r)
        The dictionary times it is orthonormal on the samples; from the largest component to the smallest.
    step : ndarray, shape (r, r)
        The operator in this basis, by least squares.
    beyond : ndarray, shape (r, r)
        Products of what of the images is not in the span of the basis.
    images : ndarray, shape (r, p)
        Products of the basis with the images of the dictionary.
    state, ahead : ndarray, shape (r, d)
        Products of the basis with the state and with its image.
    shrink : ndarray, shape (r,)
        What a ridge leaves of each component.
    condition : float
        Of the dictionary with columns of unit length; infinite where some depend on others to rounding.
    n_passes : int
    """

    basis: Array
    step: Array
    beyond: Array
    images: Array
    state: Array
    ahead: Array
    shrink: Array
    condition: float
    n_passes: int

    @property
    def rank(self) -> int:
        return self.basis.shape[1]


@dataclass(frozen=True)
class _Pass:
    """A basis whose products are known, with what they say.

    ``gram`` are those of the lifted samples P, ``cross`` and ``beyond`` those of P and of Q - P ``known`` with
    Q - P ``known``, where Q are the images of the basis.
    """

    basis: Array  # (p, q)
    known: Array  # (q, q)
    gram: Array
    cross: Array
    beyond: Array
    images: Array  # P' images of the dictionary (q, p)
    state: Array
    ahead: Array


def compress(
    products: Products,
    samples: Samples | None,
    *,
    rank: object = None,
    alpha: float = 0.0,
    refine: object = "auto",
) -> Compression:
    """The operator that sums of products describe, by more passes through ``samples`` where these are at hand."""
    lengths = np.sqrt(np.diag(products.gram))
    present = np.flatnonzero(lengths > 0)
    scale = np.zeros((len(lengths), len(present)))
    scale[present, np.arange(len(present))] = 1.0 / lengths[present]
    now = _first(products, scale)
    passes, dependent, amplified = 1, False, 1.0
    while True:
        values, vectors = np.linalg.eigh(now.gram)
        greatest, size = float(values[-1]), len(values)
        hidden = 8.0 * size * EPS * greatest  # rounding of the sums
        lost = 16.0 * size * (EPS * amplified) ** 2 if passes > 1 else -np.inf  # rounding of the samples
        kept = values > lost
        dependent |= not kept.all()
        clipped = bool((values[kept] <= hidden).any())
        done = _suffices(now, values, passes, products.n_samples, refine) and kept.all() and not clipped
        if done or samples is None or refine is False or passes == MOST_PASSES:
            kept = values > max(hidden, lost)
            dependent |= not kept.all()
            now = _orthonormal(now, vectors[:, kept], values[kept])
            break
        now = _orthonormal(now, vectors[:, kept], np.maximum(values[kept], hidden))
        amplified = float(np.linalg.norm(lengths[:, None] * now.basis, 2))
        now = _passed(now, samples)
        passes += 1
    return _principal(now, lengths, products.n_samples, rank, alpha, dependent, passes)


def _first(products: Products, scale: Array) -> _Pass:
    """In columns of unit length."""
    size = scale.shape[1]
    return _Pass(
        scale,
        np.zeros((size, size)),
        scale.T @ products.gram @ scale,
        scale.T @ products.cross @ scale,
        scale.T @ products.images @ scale,
        scale.T @ products.cross,
        scale.T @ products.state,
        scale.T @ products.ahead,
    )


def _suffices(now: _Pass, values: Array, passes: int, n_samples: int, refine: object) -> bool:
    """Whether products of the present basis leave the digits that are wanted."""
    condition = float(np.sqrt(values[-1] / values[0])) if values[0] > 0 else np.inf
    if passes > 1 or refine is True:
        return passes > 1 and condition <= WELL_CONDITIONED
    loss = EPS * condition**2
    if loss <= TOLERATED_LOSS:
        return True
    if not np.isfinite(loss) or loss > 1.0:
        return False
    explained = np.sum(now.cross * np.linalg.solve(now.gram, now.cross))
    total = float(np.trace(now.beyond))
    left = 1.0 - explained / total if total > 0 else 0.0
    visible = left > 100.0 * len(values) * loss
    return visible and loss <= OF_SAMPLING * np.sqrt(left / n_samples) * condition


def _orthonormal(now: _Pass, vectors: Array, values: Array) -> _Pass:
    """The basis times ``vectors / sqrt(values)``, in which what is known takes in what the products say."""
    root = np.sqrt(values)
    turn = vectors / root
    correction = turn.T @ now.cross @ turn
    known = (vectors * root).T @ now.known @ turn + correction
    beyond = turn.T @ now.beyond @ turn - correction.T @ correction
    return _Pass(
        now.basis @ turn,
        known,
        np.eye(len(values)),
        np.zeros_like(known),
        (beyond + beyond.T) / 2.0,
        turn.T @ now.images,
        turn.T @ now.state,
        turn.T @ now.ahead,
    )


def _passed(now: _Pass, samples: Samples) -> _Pass:
    """The products of a basis, by a pass through the samples."""
    basis, known = now.basis, now.known
    size = basis.shape[1]
    gram, cross, beyond = np.zeros((size, size)), np.zeros((size, size)), np.zeros((size, size))
    images, state, ahead = np.zeros_like(now.images), np.zeros_like(now.state), np.zeros_like(now.ahead)
    for block in samples.blocks():
        lifted = block.lifted @ basis
        left = block.images @ basis - lifted @ known
        gram += lifted.T @ lifted
        cross += lifted.T @ left
        beyond += left.T @ left
        images += lifted.T @ block.images
        state += lifted.T @ block.state
        ahead += lifted.T @ block.state_images
    return _Pass(basis, known, gram, cross, beyond, images, state, ahead)


def _principal(
    now: _Pass, lengths: Array, n_samples: int, rank: object, alpha: float, dependent: bool, passes: int
) -> Compression:
    """Principal components of columns of unit length, as many as are wanted."""
    _, inverse, turned = np.linalg.svd(lengths[:, None] * now.basis, full_matrices=False)
    turn, singular = turned[::-1].T, 1.0 / inverse[::-1]
    condition = np.inf if dependent else float(singular[0] / singular[-1])
    count = choose_rank(rank, singular, (n_samples, len(lengths)), rounding=0.0) if len(singular) else 0
    kept, dropped = turn[:, :count], turn[:, count:]
    missed = dropped.T @ now.known @ kept
    return Compression(
        now.basis @ kept,
        kept.T @ now.known @ kept,
        kept.T @ now.beyond @ kept + missed.T @ missed,
        kept.T @ now.images,
        kept.T @ now.state,
        kept.T @ now.ahead,
        singular[:count] ** 2 / (singular[:count] ** 2 + alpha),
        condition,
        passes,
    )
