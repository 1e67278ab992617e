"""Koopman operators with a Gaussian kernel against kooplearn: 5,000 states of Lorenz-63, rank 25, the same arrays.

Two lengths of the kernel: the median distance of states, where kernel matrices have a low rank, and the one of
kooplearn's own benchmark (``gamma = 1 / 3``), where they have not.  Errors of both packages are those of the 25
eigenvalues, from kernel matrices by SciPy and ARPACK to the last digit; a peer's solver is of equal accuracy where its
error is no larger than a hundred times ours or 1e-6.  Held-out errors are of one-step forecasts of 1,000 later states.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse.linalg
from scipy.spatial.distance import cdist

import fastsci
from benchmarks.compare.row import Row
from benchmarks.compare.timing import compare, seconds
from fastsci.lowrank.kernel_koopman import KernelKoopman
from fastsci.lowrank.nystroem_koopman import NystroemKoopman

STATES, LATER, RANK, ALPHA = 5000, 1000, 25, 1e-6
CENTERS = 71  # kooplearn's benchmark takes the root of the number of states
MANY, MANY_CENTERS = 100_000, 300
EQUAL, ENOUGH = 100.0, 1e-6
PAIRS = 3
LENGTHS = {"median length": None, "short length": float(np.sqrt(1.5))}


@cache
def states(count: int) -> np.ndarray:
    """Along the attractor, 0.01 apart in time."""
    times = 0.01 * np.arange(count)
    run = fastsci.solve_ensemble(
        fastsci.systems.lorenz63, (0.0, times[-1]), [1.5, -1.5, 20.5], method="DOP853", rtol=1e-9, atol=1e-9,
        t_eval=times,
    )  # fmt: skip
    return np.ascontiguousarray(run.y[0].T)


@cache
def reference(length: float, reduced: bool) -> np.ndarray:
    """Eigenvalues of the estimator, from whole matrices, by SciPy alone."""
    given = states(STATES + LATER)[:STATES]
    matrix = np.exp(-0.5 * cdist(given, given, "sqeuclidean") / length**2)
    before, after, across = matrix[:-1, :-1], matrix[1:, 1:], matrix[1:, :-1]
    count = len(before)
    if not reduced:
        values, vectors = scipy.sparse.linalg.eigsh(before, RANK, tol=0)
        return np.linalg.eigvals((vectors.T @ across @ vectors) / (values + count * ALPHA))
    factor = scipy.linalg.cho_factor(before + count * ALPHA * np.eye(count))

    def product(vector: np.ndarray) -> np.ndarray:
        weighed = after @ vector
        return (weighed - count * ALPHA * scipy.linalg.cho_solve(factor, weighed)) / count

    operator = scipy.sparse.linalg.LinearOperator((count, count), product, dtype=float)
    values, vectors = scipy.sparse.linalg.eigs(operator, RANK, tol=0)
    values, vectors = values.real, vectors.real
    weights = scipy.linalg.cho_solve(factor, after @ vectors) / (count * values)
    scale = np.einsum("ij,ij->j", before @ weights, before @ weights + count * ALPHA * weights) / count
    return np.linalg.eigvals((before @ weights).T @ across @ weights / count / scale)


def error(found: np.ndarray, wanted: np.ndarray) -> float:
    """The largest distance of a wanted eigenvalue from the nearest found."""
    return float(np.abs(wanted[:, None] - found[None, :]).min(axis=1).max())


def forecast_error(predict: Callable[[np.ndarray], np.ndarray]) -> float:
    """Root mean square over later states, in units of their spread."""
    later = states(STATES + LATER)[STATES:]
    return float(np.sqrt(np.mean((predict(later[:-1]) - later[1:]) ** 2)) / np.std(later))


@dataclass(frozen=True)
class Peer:
    """One of kooplearn's solvers."""

    name: str
    reduced: bool
    solver: str
    centers: int | None = None

    def fit(self, length: float) -> Any:
        """A fitted model of kooplearn."""
        from kooplearn.kernel import KernelRidge, NystroemKernelRidge

        options = {
            "reduced_rank": self.reduced, "kernel": "rbf", "gamma": 0.5 / length**2, "alpha": ALPHA,
            "eigen_solver": self.solver, "random_state": 0,
        }  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of squared singular values below the ridge
            given = states(STATES + LATER)[:STATES]
            if self.centers is None:
                return KernelRidge(RANK, **options).fit(given)
            return NystroemKernelRidge(RANK, n_centers=self.centers, **options).fit(given)


PEERS = [
    Peer("PCR, ARPACK", False, "arpack"),
    Peer("PCR, randomized", False, "randomized"),
    Peer("RRR, ARPACK", True, "arpack"),
    Peer("RRR, randomized", True, "randomized"),
    Peer(f"Nystroem PCR, {CENTERS} centres, ARPACK", False, "arpack", CENTERS),
    Peer(f"Nystroem RRR, {CENTERS} centres, ARPACK", True, "arpack", CENTERS),
]


def _peer_forecast(model: Any, length: float) -> Callable[[np.ndarray], np.ndarray]:
    """A forecast from a model's own ``U_`` and ``V_`` and the states after a step."""
    given = states(STATES + LATER)[:STATES]
    chosen = getattr(model, "nys_centers_idxs_", np.arange(STATES - 1))
    centers, after = given[chosen], given[chosen + 1]

    def predict(later: np.ndarray) -> np.ndarray:
        sections = np.exp(-0.5 * cdist(later, centers, "sqeuclidean") / length**2)
        return np.real(sections @ model.U_ @ (model.V_.T @ after)) / len(centers)

    return predict


def _row(name: str, length: float, peer: Peer, pairs: int) -> Row:
    given = states(STATES + LATER)[:STATES]
    if peer.centers is None:
        ours = KernelKoopman(RANK, length_scale=length, alpha=ALPHA, reduced_rank=peer.reduced)
    else:
        ours = NystroemKoopman(RANK, peer.centers, length_scale=length, alpha=ALPHA, reduced_rank=peer.reduced)
    wanted = reference(length, peer.reduced)
    ours.fit(given)
    theirs = peer.fit(length)
    own_error, peer_error = error(ours.eigenvalues_, wanted), error(theirs.eig(), wanted)
    ratio = compare(lambda: ours.fit(given).eigenvalues_, lambda: peer.fit(length).eig(), pairs)
    equal = peer_error <= max(EQUAL * own_error, ENOUGH)
    return Row(
        f"Koopman operator, {STATES:,} states of Lorenz-63, rank {RANK}, {name}, against kooplearn's {peer.name}",
        ratio.median, ratio.low, ratio.high, at_least=2.0 if equal else None,
        steps_per_second=STATES / ratio.seconds_a, peer_steps_per_second=STATES / ratio.seconds_b,
        errors={"total": own_error}, peer_errors={"total": peer_error},
        note=f"states a second ({ratio.seconds_a:.3g} s, and {ratio.seconds_b:.3g} s); the error is that of the"
        f" eigenvalues; one-step forecasts of later states are off by {forecast_error(ours.predict):.2e} of their"
        f" spread, the peer's by {forecast_error(_peer_forecast(theirs, length)):.2e};"
        f" {len(ours.centers_)} centres{'' if equal else '; the peer is less accurate'}",
    )  # fmt: skip


def rows(
    pairs: int = PAIRS, peers: list[Peer] | None = None, lengths: dict[str, float | None] | None = None
) -> Iterator[Row]:
    """Each length against each of the peer's solvers, and many states at few centres."""
    for name, given in (LENGTHS if lengths is None else lengths).items():
        length = KernelKoopman().fit(states(STATES + LATER)[:STATES]).length_scale_ if given is None else given
        for peer in PEERS if peers is None else peers:
            if find_spec("kooplearn") is None:
                yield Row(f"Koopman operator, {name}, against {peer.name}", at_least=2.0, note="no kooplearn here")
            else:
                yield _row(name, length, peer, pairs)
    many = NystroemKoopman(RANK, MANY_CENTERS, "matern32")
    times = [seconds(lambda: many.fit(states(MANY)).eigenvalues_) for _ in range(4)][1:]
    yield Row(
        f"Koopman operator, {MANY:,} states of Lorenz-63 at {MANY_CENTERS} centres, Matern 3/2",
        float(np.median(times)), min(times), max(times), unit="s", at_most=1.0,
        note=f"what the centres leave out of the kernel: {many.remainder_:.1e}",
    )  # fmt: skip


if __name__ == "__main__":
    for row in rows():
        print(row.figure, f"{row.value} ({row.low} to {row.high})", row.errors, row.peer_errors, row.note, flush=True)
