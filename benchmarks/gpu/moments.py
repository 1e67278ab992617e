"""A part of a run on a GPU for the moments of a polynomial library.

What bounds it: a sample of three states and three targets is 48 bytes, so that memory of 3.3 TB/s (an H100) feeds 7e10
samples a second, 1.5 ms for 1e8.  Degree 5 takes 457 multiply-adds a sample, and 1.7e13 a second of them (34 TFLOP/s
without tensor cores) allow 3.7e10: arithmetic counts there, memory at degrees 2 (68) and 3 (147).  A stored library of
56 columns is 448 bytes a sample, written once and read at least once: nineteen times the memory traffic.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import numpy as np

from fastsci.sparse.libraries import PolynomialLibrary
from fastsci_kernels import cuda_target
from fastsci_kernels.regress import features, features_cuda

INPUTS = 3
SAMPLES_A_MEMBER = 8  # so that full sizes are 8 million samples
DEGREES = 2, 3, 5


def _median(call: Callable[[], Any], rounds: int) -> float:
    """Median seconds of the calls after the first."""
    call()
    seconds = []
    for _ in range(rounds):
        began = perf_counter()
        call()
        seconds.append(perf_counter() - began)
    return statistics.median(seconds)


def moments(sizes: Any, left: float) -> dict:
    """Sums of products, samples on the device and on the host, beside CuPy's syrk of the stored library."""
    rng = np.random.default_rng(0)
    n = SAMPLES_A_MEMBER * sizes.members
    X, Y = rng.uniform(-1, 1, (n, INPUTS)), rng.normal(size=(n, INPUTS))
    cuda = cuda_target.cuda()
    there = cuda.to_device(X), cuda.to_device(Y)
    figures: dict[str, Any] = {"samples": n, "bytes_of_samples": X.nbytes + Y.nbytes}
    for degree in DEGREES:
        plan = PolynomialLibrary(degree=degree).plan(INPUTS, INPUTS)
        expected = features.sums(plan, X, Y, features.pieces(plan, n)).sum(axis=0)[plan.gram]
        # Errors are told beside the sums of the terms' sizes, at most n.
        found = features_cuda.sums(plan, *there)[plan.gram]
        on_device = _median(lambda plan=plan: features_cuda.sums(plan, *there), sizes.rounds)
        on_host = _median(lambda plan=plan: features_cuda.sums(plan, X, Y), min(2, sizes.rounds))
        figures[f"degree {degree}"] = {
            "products": plan.distinct,
            "median_ms": round(1e3 * on_device, 3),
            "host_median_ms": round(1e3 * on_host, 3),
            "samples_per_second": round(n / on_device),
            "multiply_adds_per_second": round(n * plan.distinct / on_device),
            "bytes_per_second": round(figures["bytes_of_samples"] / on_device),
            "largest_difference_from_the_cpu": float(np.abs(found - expected).max() / n),
            "stored": _stored(plan, X, expected, sizes.rounds),
        }
    return figures


def _stored(plan: Any, X: np.ndarray, expected: np.ndarray, rounds: int) -> dict:
    """The same Gram matrix by CuPy: the library stored, and a rank-k update of it."""
    if find_spec("cupy") is None:
        return {"left_out": "CuPy is not installed"}
    import cupy
    from cupy import cublas

    samples = cupy.asarray(X)

    def library() -> Any:
        rows = [cupy.ones(len(X)), *samples.T]
        for parent, factor in zip(plan.parents.tolist(), plan.factors.tolist(), strict=True):
            rows.append(rows[parent] * rows[factor])
        return cupy.stack([rows[column] for column in plan.columns.tolist()], axis=1)

    def product(theta: Any) -> Any:
        # Row-major (n, p) is column-major (p, n), whose rank-k update is the Gram matrix.
        return cublas.syrk("N", theta.T, lower=True)

    def synchronised(call: Callable[[], Any]) -> Any:
        made = call()
        cupy.cuda.Device().synchronize()
        return made

    theta = library()
    found = cupy.tril(product(theta)).get()
    return {
        "library_median_ms": round(1e3 * _median(lambda: synchronised(library), rounds), 3),
        "syrk_median_ms": round(1e3 * _median(lambda: synchronised(lambda: product(theta)), rounds), 3),
        "bytes": int(theta.nbytes),
        "largest_difference_from_the_cpu": float(np.abs(found - np.tril(expected)).max() / len(X)),
    }
