"""Linear features that learn to predict themselves, and the subspace they end in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._checks import Array, design, generators, number, row, whole

STEP = 0.1  # of a Runge-Kutta step, in the time of the fastest direction
SYMMETRIC = 1e-12  # asymmetry beside the largest entry that is taken for rounding


@dataclass(frozen=True, repr=False)
class SelfPrediction:
    """Features of `self_predictive_flow`.

    Attributes
    ----------
    times : ndarray, shape (n_times,)
    features : ndarray, shape (n_draws, n_times, n_states, n_features)
        Columns are orthonormal at all times.
    objective : ndarray, shape (n_draws, n_times)
        ``|F'TF|^2 / 2`` (Frobenius); for a symmetric ``T`` it never falls.
    angles : ndarray, shape (n_draws, n_times), or None
        Largest principal angle, in radians, to the eigenvectors of the eigenvalues largest in size; for a symmetric
        ``T``.
    """

    times: Array
    features: Array
    objective: Array
    angles: Array | None

    def __repr__(self) -> str:
        draws, times, states, features = self.features.shape
        return f"SelfPrediction({draws} draws of {features} features of {states} states, {times} times)"


def self_predictive_flow(
    transition: Any, n_features: int, times: Any, *, n_draws: int = 1, rate: float = 1.0, rng: Any = None
) -> SelfPrediction:
    r"""Learn features whose best linear predictor predicts their own next values, by gradient flow.

    The loss is ``E |P'F'x - F'x_next|^2 / 2`` over states ``x`` of unit covariance with ``E[x x_next'] = T``; the
    predictor ``P`` is the best one at every time, and no gradient flows through the target:

    .. math:: \dot F = (I - F (F'F)^{-1} F') \, T F P', \qquad P = (F'F)^{-1} F' T F

    ``F'F`` is conserved, so that features never collapse.  For a symmetric ``T`` without negative eigenvalues their
    span turns towards the eigenvectors of the largest ones; with both signs it ends at the largest of one sign and the
    most negative of the other, and the start decides on how many of each.

    Parameters
    ----------
    transition : array_like, shape (n_states, n_states)
        ``T``.
    n_features : int
        At most ``n_states``.
    times : array_like, shape (n_times,)
        At least 0 and rising; the start, a uniform random subspace, is at 0.
    n_draws : int, default 1
    rate : float, default 1.0
        Learning rate.
    rng : int, numpy.random.Generator, numpy.random.SeedSequence or None
        Of the starts; a draw does not depend on how many follow.

    Returns
    -------
    SelfPrediction

    Raises
    ------
    ValueError, TypeError
        A matrix that is not square or not finite, too many features, times that fall, or a rate that is not positive.

    Notes
    -----
    Steps are those of the classical Runge-Kutta method, a tenth of ``1 / (rate |T|^2)`` long at most; after each the
    columns are brought back to orthonormality.

    References
    ----------
    Tang et al., Understanding self-predictive learning for reinforcement learning, ICML 2023, arXiv:2212.03319.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.linear import self_predictive_flow
    >>> T = np.diag([1.0, 0.9, 0.5, 0.3, 0.1])
    >>> run = self_predictive_flow(T, 2, [0.0, 100.0], n_draws=3, rng=0)
    >>> run.features.shape, bool(run.angles[:, -1].max() < 1e-6)
    ((3, 2, 5, 2), True)
    """
    T = design(transition, "transition")
    if T.shape[0] != T.shape[1]:
        raise ValueError(f"transition: has shape {T.shape}, expected (n_states, n_states); give a square matrix")
    count = whole("n_features", n_features, 1)
    if count > len(T):
        raise ValueError(f"n_features: is {count}, expected at most the {len(T)} states of transition")
    moments, speed = row("times", times, 0.0), number("rate", rate, positive=True)
    if (np.diff(moments) < 0).any():
        raise ValueError("times: fall somewhere, expected rising ones; sort them")
    streams = generators(rng, whole("n_draws", n_draws))
    state = np.linalg.qr(np.stack([own.standard_normal((len(T), count)) for own in streams]))[0]
    longest = STEP / (speed * max(float(np.linalg.norm(T, 2)) ** 2, float(np.finfo(float).tiny)))
    features, now = np.empty((len(streams), len(moments), *state.shape[1:])), 0.0
    for place, moment in enumerate(moments.tolist()):
        n_steps = int(np.ceil((moment - now) / longest))
        for _ in range(n_steps):
            state = _step(T, state, speed * (moment - now) / n_steps)
        features[:, place], now = state, moment
    predicted = features.swapaxes(2, 3) @ T @ features
    return SelfPrediction(moments, features, 0.5 * np.sum(predicted**2, axis=(2, 3)), _angles(T, features))


def _step(T: Array, state: Array, length: float) -> Array:
    first = _slope(T, state)
    second = _slope(T, state + 0.5 * length * first)
    third = _slope(T, state + 0.5 * length * second)
    last = _slope(T, state + length * third)
    ahead = state + length / 6.0 * (first + 2.0 * (second + third) + last)
    # What the step's error took from orthonormality, given back to second order of it.
    return ahead @ (1.5 * np.eye(ahead.shape[2]) - 0.5 * ahead.swapaxes(1, 2) @ ahead)


def _slope(T: Array, state: Array) -> Array:
    ahead, across = T @ state, state.swapaxes(1, 2)
    predictor = np.linalg.solve(across @ state, across @ ahead)
    return (ahead - state @ predictor) @ predictor.swapaxes(1, 2)


def _angles(T: Array, features: Array) -> Array | None:
    if np.abs(T - T.T).max() > SYMMETRIC * np.abs(T).max():
        return None
    values, vectors = np.linalg.eigh(T)
    top = vectors[:, np.argsort(-np.abs(values), kind="stable")[: features.shape[-1]]]
    basis = np.linalg.qr(features)[0]
    # The sine of the angle is what lies outside: exact for small angles, where the cosine is not.
    outside = basis - top @ (top.T @ basis)
    return np.arcsin(np.minimum(1.0, np.linalg.svd(outside, compute_uv=False)[..., 0]))
