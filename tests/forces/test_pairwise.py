"""Sums over all pairs against sums by hand, and what they may not depend on."""

import math

import numpy as np
import pytest

import fastsci
from fastsci.particles import pairwise_energy, pairwise_force
from fastsci_kernels.forces.pairwise import pairwise_kernel


def spring(r2, p):
    """Pulls towards the rest length p[0] with stiffness p[1]."""
    rest, stiffness = p
    return stiffness * (1.0 - rest / math.sqrt(r2))


def spring_potential(r2, p):
    rest, stiffness = p
    return 0.5 * stiffness * (math.sqrt(r2) - rest) ** 2


def newton(r2, p):
    return p[0] / r2**1.5


def naive(law, x, weights, params, softening, along):
    """One pair after another, each sum rounded once."""
    n, d = x.shape
    sums = np.zeros((n, d))
    for i in range(n):
        terms = [
            weights[j] * law(float(((x[j] - x[i]) ** 2).sum()) + softening**2, params) * along(x[j] - x[i])
            for j in range(n)
            if not (x[j] == x[i]).all()
        ]
        for axis in range(d):
            sums[i, axis] = math.fsum(float(np.broadcast_to(term, d)[axis]) for term in terms)
    return sums


def bodies(n, d, seed=7):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.uniform(0.5, 2.0, n)


@pytest.mark.parametrize("d", [1, 2, 3, 5])
@pytest.mark.parametrize("n", [1, 2, 17, 100])
def test_force_is_the_sum_of_all_pairs(n, d):
    x, weights = bodies(n, d)
    for law, params, softening in ((newton, (1.5,), 0.1), (spring, (0.7, 3.0), 0.0)):
        expected = naive(law, x, weights, params, softening, along=lambda displacement: displacement)
        force = pairwise_force(x, weights, law=law, params=params, softening=softening)
        assert force.shape == (n, d)
        np.testing.assert_allclose(force, expected, rtol=0, atol=1e-13 * max(1.0, np.abs(expected).max()))


def test_gravity_is_the_law_by_default():
    x, weights = bodies(40, 3)
    expected = naive(newton, x, weights, (1.0,), 0.0, along=lambda displacement: displacement)
    np.testing.assert_allclose(pairwise_force(x, weights), expected, rtol=1e-13, atol=1e-12)


def test_energy_is_the_sum_of_all_pairs():
    x, weights = bodies(50, 3)
    expected = 0.5 * float(
        weights @ naive(spring_potential, x, weights, (0.7, 3.0), 0.2, along=lambda displacement: 1.0)[:, 0]
    )
    energy = pairwise_energy(x, weights, potential=spring_potential, params=(0.7, 3.0), softening=0.2)
    assert energy == pytest.approx(expected, rel=1e-13)


def test_force_is_minus_the_gradient_of_the_energy():
    x, weights = bodies(20, 3)
    force = weights[:, np.newaxis] * pairwise_force(x, weights, law=spring, params=(0.7, 3.0))
    step = 1e-5
    for body, axis in ((0, 0), (7, 2), (19, 1)):
        energies = []
        for sign in (1.0, -1.0):
            moved = x.copy()
            moved[body, axis] += sign * step
            energies.append(pairwise_energy(moved, weights, potential=spring_potential, params=(0.7, 3.0)))
        assert (energies[1] - energies[0]) / (2 * step) == pytest.approx(force[body, axis], rel=1e-7)


def test_total_momentum_does_not_change():
    x, weights = bodies(500, 3)
    force = weights[:, np.newaxis] * pairwise_force(x, weights, softening=0.05)
    assert np.abs(force.sum(axis=0)).max() < 1e-13 * np.abs(force).sum()


def test_bits_do_not_depend_on_threads(monkeypatch):
    x, weights = bodies(1500, 3)
    results = []
    for threads in ("1", "2", "3", "5"):
        monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
        results.append(pairwise_force(x, weights).tobytes())
    assert len(set(results)) == 1


def test_a_body_feels_the_same_wherever_it_stands_in_the_list():
    """Where it stands decides its lane and its thread, but not the order of its own sum."""
    x, weights = bodies(300, 3)
    probe = np.array([[0.3, -0.2, 0.1]])
    forces = []
    for place in (0, 5, 299, 300):
        among = np.insert(x, place, probe, axis=0)
        forces.append(pairwise_force(among, np.insert(weights, place, 1.0))[place].tobytes())
    assert len(set(forces)) == 1


def test_bodies_at_one_place_do_not_act_on_each_other():
    x = np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    assert pairwise_force(x).tolist() == [[1.0, 0.0], [1.0, 0.0], [-2.0, 0.0]]


def test_a_lost_body_is_not_hidden():
    x, weights = bodies(30, 2)
    x[3, 1] = np.nan
    assert np.isnan(pairwise_force(x, weights)).all(axis=1).all()


def test_single_precision_stays_single():
    x, weights = bodies(200, 3)
    single = pairwise_force(x.astype(np.float32), weights, softening=0.1)
    assert single.dtype == np.float32
    double = pairwise_force(x, weights, softening=0.1)
    scale = np.abs(double).max()
    assert 1e-9 < np.abs(single - double).max() / scale < 1e-5


def test_a_law_that_branches_runs_on_scalars():
    def cut_off(r2, p):
        if r2 > p[0]:
            return 0.0
        return 1.0 / r2

    x, weights = bodies(60, 3)
    expected = naive(cut_off, x, weights, (1.0,), 0.0, along=lambda displacement: displacement)
    force = pairwise_force(x, weights, law=cut_off, params=(1.0,))
    np.testing.assert_allclose(force, expected, rtol=0, atol=1e-13 * np.abs(expected).max())
    kernel = pairwise_kernel(cut_off, space=3, n_params=1, directed=True, dtype=np.dtype(np.float64))
    assert kernel.shape.width == 1
    assert "branches on its state" in kernel.reason


def test_a_law_with_where_runs_on_lanes():
    def cut_off(r2, p):
        return fastsci.where(r2 > p[0], 0.0, 1.0 / r2)

    kernel = pairwise_kernel(cut_off, space=2, n_params=1, directed=True, dtype=np.dtype(np.float64))
    assert kernel.shape.width > 1
    assert kernel.reason == ""


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"positions": [1.0, 2.0]}, ValueError, r"positions: has shape \(2,\), expected \(n, d\)"),
        ({"weights": [1.0]}, ValueError, r"weights: has shape \(1,\), expected \(3,\)"),
        ({"params": 1.0}, ValueError, r"params: has shape \(\), expected \(n_params,\)"),
        ({"softening": -1.0}, ValueError, "softening: is -1.0, expected a length"),
        ({"softening": math.nan}, ValueError, "softening: is nan"),
        ({"law": lambda r2: r2}, TypeError, r"law: <lambda> takes 1 arguments, expected \(r2, params\)"),
        ({"law": lambda r2, p: [r2]}, TypeError, "law: <lambda> returned a list, expected a real number"),
        ({"law": 3.0}, TypeError, "is a float, expected a function"),
    ],
)
def test_wrong_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        pairwise_force(**{"positions": np.eye(3), **arguments})


def test_no_bodies():
    assert pairwise_force(np.zeros((0, 3))).shape == (0, 3)
    assert pairwise_energy(np.zeros((0, 3))) == 0.0
