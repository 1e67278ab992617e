"""The kernel of variable projection against plain NumPy: residuals, Jacobians, bases that are hard to tell apart."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from fastsci_kernels.lowrank import varpro


def basis(numbers, n_pairs, times, complex_data):
    """Columns, each at most 1, with a second part of the rows below the first."""
    columns = []
    for growth, turn in numbers[: 2 * n_pairs].reshape(-1, 2):
        wave = np.exp((growth + 1j * turn) * times - abs(growth))
        if complex_data:
            columns += [np.concatenate([wave.real, wave.imag]), np.concatenate([-wave.imag, wave.real])]
        else:
            columns += [wave.real, -wave.imag]
    columns += [np.exp(rate * times - abs(rate)) for rate in numbers[2 * n_pairs :]]
    return np.array(columns).T


def left(numbers, n_pairs, times, weights, data):
    """What least squares leaves of the data (n_parts, n_data, n_times), with the coefficients."""
    doubled = np.concatenate(list(data), axis=1).T
    roots = np.tile(weights, len(data))[:, None]
    columns = roots * basis(numbers, n_pairs, times, len(data) == 2)
    coefs = np.linalg.lstsq(columns, roots * doubled, rcond=None)[0]
    return (roots * doubled - columns @ coefs).ravel(), coefs


def problem(n_parts, n_pairs, n_reals, n_times, n_data, seed):
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(-1.0, 1.0, n_times))
    numbers = np.concatenate([rng.normal(size=(n_pairs, 2)) * [0.5, 9.0], np.zeros((0, 2))]).ravel()
    numbers = np.concatenate([numbers, rng.normal(size=n_reals)])
    return times, rng.uniform(0.5, 1.0, n_times), rng.normal(size=(n_parts, n_data, n_times)), numbers


def run(times, weights, data, numbers, n_pairs, max_iter, chosen=None, **options):
    chosen = np.arange(len(times))[None] if chosen is None else chosen
    start = np.repeat(numbers[None], len(chosen), axis=0)
    settings = {"stable": False, "held": np.zeros(start.shape, bool), "tol": 0.0, **options}
    return varpro.fit(data, times, weights, chosen, start, n_pairs=n_pairs, max_iter=max_iter, **settings)


SHAPES = [(1, 1, 0, 20, 2), (1, 0, 1, 9, 1), (1, 2, 2, 40, 3), (1, 3, 1, 61, 7), (2, 2, 0, 33, 3), (2, 1, 0, 8, 5)]


@pytest.mark.parametrize("shape", SHAPES)
def test_coefficients_and_residual_are_those_of_least_squares(shape):
    times, weights, data, numbers = problem(*shape, seed=0)
    found = run(times, weights, data, numbers, shape[1], 0)
    residual, coefs = left(numbers, shape[1], times, weights, data)
    np.testing.assert_allclose(found.squares, [residual @ residual], rtol=1e-12)
    np.testing.assert_allclose(found.coefs[0], coefs, rtol=0, atol=1e-11 * np.abs(coefs).max())


@pytest.mark.parametrize("shape", SHAPES)
def test_a_step_is_that_of_gauss_and_newton_with_the_whole_jacobian(shape):
    times, weights, data, numbers = problem(*shape, seed=1)
    n_pairs, width = shape[1], 1e-3

    def residual(numbers):
        return left(numbers, n_pairs, times, weights, data)[0]

    def slope(unit):
        near = residual(numbers + width * unit) - residual(numbers - width * unit)
        far = residual(numbers + 2.0 * width * unit) - residual(numbers - 2.0 * width * unit)
        return (8.0 * near - far) / (12.0 * width)

    jacobian = np.array([slope(unit) for unit in np.eye(len(numbers))]).T
    square, downhill = jacobian.T @ jacobian, -jacobian.T @ residual(numbers)
    steps = {
        damping: np.linalg.solve(square + damping * np.diag(np.diag(square)), downhill) for damping in (0.1, 100.0)
    }
    before = np.sum(residual(numbers) ** 2)
    # A step that does not shorten the residual is not taken.
    taken = [damping for damping, step in steps.items() if np.sum(residual(numbers + step) ** 2) < before]
    assert taken
    for damping in taken:
        found = run(times, weights, data, numbers, n_pairs, 1, damping=np.array([damping]))
        step = steps[damping]
        np.testing.assert_allclose(found.rates[0] - numbers, step, rtol=0, atol=1e-7 * np.abs(step).max())


def test_a_subset_is_its_snapshots_alone():
    times, weights, data, numbers = problem(1, 2, 1, 50, 3, seed=2)
    chosen = np.sort(np.random.default_rng(3).permuted(np.tile(np.arange(50), (4, 1)), axis=1)[:, :23], axis=1)
    found = run(times, weights, data, numbers, 2, 0, chosen)
    for places, squares in zip(chosen, found.squares, strict=True):
        residual = left(numbers, 2, times[places], weights[places], data[:, :, places])[0]
        assert squares == pytest.approx(residual @ residual, rel=1e-12)


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-6, 1e-8])
def test_frequencies_that_are_hard_to_tell_apart(gap):
    # Products of the columns with themselves have condition numbers of up to 1 / gap^2.
    times, weights, data, _ = problem(1, 2, 0, 80, 2, seed=4)
    numbers = np.array([-0.1, 5.0, -0.1, 5.0 + gap])
    residual = left(numbers, 2, times, weights, data)[0]
    found = run(times, weights, data, numbers, 2, 0)
    assert found.squares[0] == pytest.approx(residual @ residual, rel=1e-9)


def test_equal_rates_are_no_basis():
    times, weights, data, _ = problem(1, 2, 0, 80, 2, seed=5)
    found = run(times, weights, data, np.array([-0.1, 5.0, -0.1, 5.0]), 2, 10)
    assert found.status[0] == varpro.FAILED
    assert np.isinf(found.squares[0])


def test_held_numbers_stay_and_growth_is_at_most_zero_where_that_is_asked():
    times, weights, data, numbers = problem(1, 2, 1, 60, 3, seed=6)
    held = np.array([[False, True, True, False, False]])
    found = run(times, weights, data, numbers, 2, 5, held=held)
    assert np.array_equal(found.rates[held], numbers[held[0]])
    assert np.all(found.rates[~held] != numbers[~held[0]])
    grown = np.abs(numbers) * [-1, 1, -1, 1, -1]
    stable = run(times, weights, data * np.exp(2.0 * times), grown, 2, 50, stable=True, tol=1e-10)
    assert np.all(stable.rates[0, [0, 2, 4]] <= 0.0)
    assert np.any(stable.rates[0, [0, 2, 4]] == 0.0)


def test_steps_converge_quadratically_where_nothing_is_left():
    times, weights, _, _ = problem(1, 2, 0, 60, 3, seed=7)
    true = np.array([-0.3, 4.0, 0.1, 9.0])
    data = (basis(true, 2, times, False) @ np.random.default_rng(8).normal(size=(4, 3))).T[None]
    distances = [
        np.abs(run(times, weights, data, true + 0.05, 2, steps, damping=np.array([1e-12])).rates[0] - true).max()
        for steps in range(1, 5)
    ]
    assert distances[0] < 0.05
    for before, after in pairwise(distances):
        assert after < 30.0 * before**2 + 1e-12
