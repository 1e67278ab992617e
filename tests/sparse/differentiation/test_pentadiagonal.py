"""Systems of five diagonals, against dense matrices."""

import numpy as np
import pytest

from fastsci_kernels.regress import pentadiagonal

RNG = np.random.default_rng(26)


def dense(bands: np.ndarray) -> np.ndarray:
    """The symmetric matrix whose lower diagonals are the rows."""
    size = bands.shape[1]
    lower = sum(np.diag(bands[k, : size - k], -k) for k in range(min(3, size)))
    return lower + np.tril(lower, -1).T


def second_difference_matrix(steps: np.ndarray) -> np.ndarray:
    times = np.concatenate(([0.0], np.cumsum(steps)))
    return np.diff(np.diff(np.eye(len(times)), axis=0) / np.diff(times)[:, None], axis=0)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 50])
def test_second_differences_and_their_products(size: int) -> None:
    steps = RNG.uniform(0.2, 1.8, size + 1)
    matrix = second_difference_matrix(steps)
    values, jumps, bands = RNG.normal(size=size + 2), np.empty(size), np.full((3, size), np.nan)
    pentadiagonal.second_differences(values, steps, jumps)
    np.testing.assert_allclose(jumps, matrix @ values, rtol=1e-10, atol=1e-11)
    out = values.copy()
    pentadiagonal.add_transposed_differences(-2.5, jumps, steps, out)
    np.testing.assert_allclose(out, values - 2.5 * matrix.T @ jumps, rtol=1e-10, atol=1e-10)
    pentadiagonal.difference_products(steps, bands)
    np.testing.assert_allclose(dense(bands), matrix @ matrix.T, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 50])
def test_solution_and_trace(size: int) -> None:
    bands, others = np.zeros((3, size)), np.zeros((3, size))
    pentadiagonal.difference_products(RNG.uniform(0.2, 1.8, size + 1), bands)
    pentadiagonal.difference_products(RNG.uniform(0.2, 1.8, size + 1), others)
    bands[0] += RNG.uniform(0.1, 1.0, size)
    matrix, right = dense(bands), RNG.normal(size=size)
    factors, found = bands.copy(), right.copy()
    pentadiagonal.factorise(factors)
    pentadiagonal.solve(factors, found)
    np.testing.assert_allclose(matrix @ found, right, rtol=1e-9, atol=1e-10)
    trace = np.trace(np.linalg.solve(matrix, dense(others)))
    assert pentadiagonal.trace_of_solution(factors, others) == pytest.approx(trace, rel=1e-9)
