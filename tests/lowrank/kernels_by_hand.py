"""Kernels, trajectories and Koopman estimators written out with NumPy and SciPy, for tests to hold ours against."""

import numpy as np
from scipy.spatial.distance import cdist


def lorenz(count, dt=0.05, skipped=500):
    """States of Lorenz's system of 1963 along its attractor, by Runge and Kutta's method."""

    def slope(s):
        x, y, z = s
        return np.array([10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z])

    state, found = np.array([1.0, 1.0, 20.0]), []
    for _ in range(count + skipped):
        a = slope(state)
        b = slope(state + 0.5 * dt * a)
        c = slope(state + 0.5 * dt * b)
        d = slope(state + dt * c)
        state = state + dt / 6.0 * (a + 2.0 * b + 2.0 * c + d)
        found.append(state)
    return np.array(found[skipped:])


def apart(found, wanted):
    """The largest distance of a number from the nearest of the others, both ways."""
    distances = np.abs(np.asarray(found)[:, None] - np.asarray(wanted)[None, :])
    return max(distances.min(axis=0).max(), distances.min(axis=1).max())


def gaussian(x, y, length_scale):
    return np.exp(-0.5 * cdist(x, y, "sqeuclidean") / length_scale**2)


def polynomial(x, y, length_scale):
    return (x @ y.T / length_scale**2 + 1.0) ** 3


def matern(order):
    def function(x, y, length_scale):
        d = np.sqrt(2.0 * order) * cdist(x, y) / length_scale
        return {0.5: 1.0, 1.5: 1.0 + d, 2.5: 1.0 + d + d**2 / 3.0}[order] * np.exp(-d)

    return function


KERNELS = {
    "gaussian": gaussian,
    "matern12": matern(0.5),
    "matern32": matern(1.5),
    "matern52": matern(2.5),
    "polynomial": polynomial,
    "linear": lambda x, y, _: x @ y.T,
}


class Dense:
    """The three estimators by matrices of all states, as Kostic et al. 2022 write them, with nothing left out."""

    def __init__(self, function, length_scale, before, after, alpha, rank, reduced):
        count = len(before)
        ours = function(before, before, length_scale)
        theirs = function(after, after, length_scale)
        across = function(after, before, length_scale)
        shifted = ours + count * alpha * np.eye(count)
        if rank is None:
            u, v = np.linalg.solve(shifted, np.eye(count)), np.eye(count)
        elif reduced:
            # The squared singular values are those of L^(1/2) K (K + n alpha)^-1 L^(1/2) / n.
            values, vectors = np.linalg.eigh(theirs)
            kept = values > 1e-14 * values[-1]
            root = vectors[:, kept] * np.sqrt(values[kept])
            small = root.T @ np.linalg.solve(shifted, ours @ root) / count
            squares, turn = np.linalg.eigh(0.5 * (small + small.T))
            squares, turn = squares[::-1][:rank], turn[:, ::-1][:, :rank]
            u = np.linalg.solve(shifted, root @ turn)
            u = u / np.sqrt(np.einsum("ij,ij->j", ours @ u, shifted @ u) / count)
            v = ours @ u / count
            self.squares = squares
        else:
            values, vectors = np.linalg.eigh(ours)
            values, vectors = values[::-1][:rank], vectors[:, ::-1][:, :rank]
            u, v = vectors / (values + count * alpha), vectors
        foreseen = ours @ u
        norms = v.T @ theirs @ v
        self.eigenvalues = np.linalg.eigvals(v.T @ across @ u)
        self.prediction = foreseen @ (v.T @ after)
        self.risk = (
            np.trace(theirs) - 2.0 * np.sum((theirs @ v) * foreseen) + np.sum((foreseen @ norms) * foreseen)
        ) / count
