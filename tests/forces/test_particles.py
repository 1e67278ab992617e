"""Bodies in motion: orbits that close, energy that stays, and the same motion by an ensemble's kernel."""

import math

import numpy as np
import pytest

import fastsci
from fastsci.particles import pairwise_energy, simulate_particles


def energy(run, masses, softening):
    kinetic = 0.5 * np.einsum("i,tij,tij->t", masses, run.velocities, run.velocities)
    return kinetic + [pairwise_energy(x, masses, softening=softening) for x in run.positions]


@pytest.fixture(scope="module")
def cluster():
    rng = np.random.default_rng(3)
    n = 200
    return rng.normal(size=(n, 3)), 0.3 * rng.normal(size=(n, 3)), np.full(n, 1.0 / n)


@pytest.mark.parametrize("method", ["VelocityVerlet", "Leapfrog", "Yoshida4"])
def test_energy_of_a_cluster_stays(cluster, method):
    x, v, masses = cluster
    errors = []
    for dt in (0.02, 0.01):
        run = simulate_particles(
            x, v, masses, t_span=(0.0, 4.0), dt=dt, softening=0.2, method=method, save_every=round(0.2 / dt)
        )
        total = energy(run, masses, 0.2)
        errors.append(np.abs(total / total[0] - 1.0).max())
    order = {"VelocityVerlet": 2, "Leapfrog": 2, "Yoshida4": 4}[method]
    assert errors[1] < 1e-4
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.25)


def test_three_bodies_close_their_figure_eight():
    eight = fastsci.systems.figure_eight
    x, v = eight.default_y0.reshape(2, 3, 2)
    period = eight.facts["period"]
    run = simulate_particles(x, v, t_span=(0.0, period), dt=period / 1000, method="KahanLi8")
    assert run.t.tolist() == [0.0, period]
    assert np.abs(run.positions[-1] - x).max() < 1e-8
    assert np.abs(run.velocities[-1] - v).max() < 1e-8


def test_an_ensemble_of_one_moves_alike():
    system = fastsci.systems.get("nbody", n=5, space=3)
    x, v = system.default_y0.reshape(2, 5, 3)
    run = simulate_particles(
        x, v, system.constants["masses"], t_span=(0.0, 1.0), dt=0.002, softening=0.1, method="Leapfrog"
    )
    member = fastsci.solve_ensemble(system, (0.0, 1.0), params={"softening": 0.1}, method="Leapfrog", dt=0.002).y_final[
        0
    ]
    np.testing.assert_allclose(run.positions[-1].ravel(), member[:15], rtol=0, atol=1e-12)
    np.testing.assert_allclose(run.velocities[-1].ravel(), member[15:], rtol=0, atol=1e-12)


def test_a_run_backwards_returns(cluster):
    x, v, masses = cluster
    there = simulate_particles(x, v, masses, t_span=(0.0, 1.0), dt=0.01, softening=0.2)
    back = simulate_particles(
        there.positions[-1], there.velocities[-1], masses, t_span=(1.0, 0.0), dt=0.01, softening=0.2
    )
    assert np.abs(there.positions[-1] - x).max() > 0.1
    np.testing.assert_allclose(back.positions[-1], x, atol=1e-12)
    np.testing.assert_allclose(back.velocities[-1], v, atol=1e-12)


def test_like_charges_part_and_the_light_one_is_faster():
    """Coulomb's law: charge over mass is how a body responds."""
    run = simulate_particles(
        [[-1.0], [1.0]], [[0.0], [0.0]], [1.0, 1.0], params=(-1.0,), response=[1.0, 0.25], t_span=(0.0, 2.0), dt=0.01
    )
    light, heavy = run.velocities[-1, :, 0]
    assert light < 0.0 < heavy
    assert light == pytest.approx(-4.0 * heavy, rel=1e-12)
    separation = run.positions[-1, 1, 0] - run.positions[-1, 0, 0]
    # 1/2 (1 v1^2 + 4 v2^2) + 1 / r, with the charges' own energy
    assert 0.5 * light**2 + 2.0 * heavy**2 + 1.0 / separation == pytest.approx(0.5, abs=1e-5)


def test_saves_and_arguments_stay_apart():
    x, v = np.array([[0.0], [1.0]]), np.zeros((2, 1))
    run = simulate_particles(x, v, t_span=(0.0, 0.1), dt=0.01, save_every=4)
    np.testing.assert_allclose(run.t, [0.0, 0.04, 0.08, 0.1], rtol=1e-14)
    assert run.positions.shape == (4, 2, 1)
    assert x.tolist() == [[0.0], [1.0]]
    assert simulate_particles(x, v, t_span=(0.0, 0.0), dt=0.1).positions.tolist() == [x.tolist()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dt": 0.0}, "dt: is 0.0, expected a positive number"),
        ({"t_span": (0.0, math.inf)}, "t_span: is .* expected two finite times"),
        ({"method": "RK4"}, "method: is 'RK4', expected a symplectic one: Leapfrog"),
        ({"save_every": 0}, "save_every: is 0, expected a positive number of steps"),
        ({"velocities": [[1.0]]}, r"velocities: has shape \(1, 1\), expected that of positions, \(2, 1\)"),
        ({"response": [1.0]}, r"response: has shape \(1,\), expected \(2,\)"),
    ],
)
def test_wrong_arguments(arguments, message):
    given = {"velocities": np.zeros((2, 1)), "t_span": (0.0, 1.0), "dt": 0.1, **arguments}
    with pytest.raises(ValueError, match=message):
        simulate_particles([[0.0], [1.0]], **given)
