"""Leading singular values of arrays in memory, against the peers on the same arrays and against the products alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

import fastsci
from benchmarks.compare.row import Row
from benchmarks.compare.timing import compare

LARGE, TALL = (20_000, 4_000), (1_000_000, 100)
PAIRS = 5
REFLECTIONS = 3
ERROR_COLUMNS, ERROR_STEPS = 12, 12
EQUAL = 1e-6  # of the error: what the power iteration that measures it may miss

Factors = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Peer:
    name: str
    module: str
    at_least: float
    decompose: Callable[[np.ndarray, int], Factors]


def _scikit_learn(A: np.ndarray, count: int) -> Factors:
    from sklearn.utils.extmath import randomized_svd

    return randomized_svd(A, count, random_state=0)


def _fbpca(A: np.ndarray, count: int) -> Factors:
    import fbpca

    return fbpca.pca(A, count, raw=True)


def _torch(A: np.ndarray, count: int) -> Factors:
    import torch

    U, s, V = torch.svd_lowrank(torch.from_numpy(A), count)
    return U.numpy(), s.numpy(), V.numpy().T


PEERS = (
    Peer("scikit-learn", "sklearn", 5.0, _scikit_learn),
    Peer("fbpca", "fbpca", 1.5, _fbpca),
    Peer("torch.svd_lowrank", "torch", 1.5, _torch),
)


@cache
def matrix(shape: tuple[int, int], power: float) -> np.ndarray:
    """Singular values ``k ** -power``, turned on both sides by reflections."""
    rows, columns = shape
    rng = np.random.default_rng(0)
    A = np.zeros(shape)
    A[np.arange(columns), np.arange(columns)] = np.arange(1.0, columns + 1.0) ** -power
    for _ in range(REFLECTIONS):
        left, right = rng.standard_normal(rows), rng.standard_normal(columns)
        A -= 2.0 / (left @ left) * np.outer(left, left @ A)
        A -= 2.0 / (right @ right) * np.outer(A @ right, right)
    return A


def spectral_error(A: np.ndarray, factors: Any) -> float:
    """The norm of what is left out, by a block power iteration with NumPy."""
    U, s, Vt = factors
    block = np.random.default_rng(1).standard_normal((A.shape[1], ERROR_COLUMNS))
    for _ in range(ERROR_STEPS):
        block, _ = np.linalg.qr(block)
        image = A @ block - U @ (s[:, None] * (Vt @ block))
        block = A.T @ image - Vt.T @ (s[:, None] * (U.T @ image))
    block, _ = np.linalg.qr(block)
    return float(np.linalg.norm(A @ block - U @ (s[:, None] * (Vt @ block)), 2))


def _against(peer: Peer, shape: tuple[int, int], count: int, power: float, pairs: int, certify: bool = True) -> Row:
    figure = f"SVD {shape[0]:,} x {shape[1]:,}, k={count}, values k^-{power:g}, against {peer.name}"
    figure += "" if certify else ", with no bound of the error, as there"
    if find_spec(peer.module) is None:
        return Row(figure, at_least=peer.at_least, note=f"{peer.module} is not installed")
    A = matrix(shape, power)

    def decompose() -> Any:
        return fastsci.randomized_svd(A, count, rng=0, certify=certify)

    found, theirs = decompose(), peer.decompose(A, count)
    best = (count + 1.0) ** -power
    errors = {"total": spectral_error(A, found) / best}
    peer_errors = {"total": spectral_error(A, theirs) / best}
    if errors["total"] > peer_errors["total"] * (1.0 + EQUAL):
        return Row(figure, at_least=peer.at_least, errors=errors, peer_errors=peer_errors, note="its error is larger")
    ratio = compare(decompose, lambda: peer.decompose(A, count), pairs)
    bound = f" with the bound, which is {found.error_bound / best:.2f}" if certify else ""
    return Row(
        figure, ratio.median, ratio.low, ratio.high, at_least=peer.at_least, errors=errors, peer_errors=peer_errors,
        note=f"{ratio.seconds_a:.2g} s{bound}; errors are over that of the best rank {count}",
    )  # fmt: skip


def _over_products(shape: tuple[int, int], count: int, power: float, pairs: int) -> Row:
    """Time over that of as many products of the same widths through NumPy's BLAS."""
    A = matrix(shape, power)
    passes = fastsci.randomized_svd(A, count, rng=0).n_passes
    right = np.random.default_rng(0).standard_normal((shape[1], 16))
    left = np.random.default_rng(0).standard_normal((shape[0], 16))

    def products() -> None:
        left.T @ A  # the sketch
        for _ in range(passes - 2):
            A.T @ (A @ right)
        A @ right  # the last block

    ratio = compare(products, lambda: fastsci.randomized_svd(A, count, rng=0), pairs)
    return Row(
        f"SVD {shape[0]:,} x {shape[1]:,}, k={count}, time over that of its products by NumPy's BLAS",
        ratio.median, ratio.low, ratio.high, at_most=1.3, note=f"{passes} passes, each with 16 columns",
    )  # fmt: skip


def rows(pairs: int = PAIRS, large: tuple[int, int] = LARGE, tall: tuple[int, int] = TALL) -> Iterator[Row]:
    """Every row, as each is finished."""
    for peer in PEERS:
        yield _against(peer, large, 50, 1.0, pairs)
    for peer in PEERS[1:]:
        yield _against(peer, large, 50, 1.0, pairs, certify=False)
    for power in (0.3, 2.0):
        yield _against(PEERS[0], large, 50, power, pairs)
    yield _over_products(large, 50, 1.0, pairs)
    matrix.cache_clear()
    yield _against(PEERS[0], tall, 5, 1.0, pairs)
    matrix.cache_clear()
