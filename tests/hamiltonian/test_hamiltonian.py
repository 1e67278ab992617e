"""Systems made of two halves or two energies, and the bodies of the catalogue that are."""

import math

import numpy as np
import pytest

import fastsci
from fastsci._hamiltonian import Hamiltonian, hamiltonian, parts_of

K = None  # a constant of the chain below


def kinetic(p, params):
    px, py = p
    return 0.5 * (px * px + py * py)


def henon_heiles_potential(q, params):
    x, y = q
    (strength,) = params
    return 0.5 * (x * x + y * y) + strength * (x * x * y - y * y * y / 3.0)


def chain_velocity(t, p, params, dq):
    for i in range(len(p)):
        dq[i] = p[i]


def chain_force(t, q, params, dp):
    n = len(q)
    for i in range(n):
        left = q[i - 1] if i > 0 else 0.0
        right = q[i + 1] if i < n - 1 else 0.0
        dp[i] = K[i] * (left - 2.0 * q[i] + right)


def test_gradients_of_energies_are_the_right_hand_side():
    made = hamiltonian(kinetic, henon_heiles_potential, params={"strength": 1.0})
    assert isinstance(made, fastsci.System)
    assert made.state == ("x", "y", "px", "py")
    rng = np.random.default_rng(1)
    u = rng.normal(size=(20, 4))
    np.testing.assert_allclose(made.rhs(0.0, u), fastsci.systems.henon_heiles.rhs(0.0, u), rtol=1e-13, atol=1e-14)


def test_energies_and_a_right_hand_side_by_hand_move_alike():
    made = hamiltonian(kinetic, henon_heiles_potential, params={"strength": 1.0})
    y0 = np.array([0.0, 0.1, 0.48, 0.0]) + np.linspace(0.0, 0.01, 20)[:, np.newaxis]
    for method in ("Yoshida4", "RK4"):
        by_hand = fastsci.solve_ensemble(fastsci.systems.henon_heiles, (0.0, 10.0), y0, method=method, dt=0.01)
        from_energies = fastsci.solve_ensemble(made, (0.0, 10.0), y0, method=method, dt=0.01)
        assert from_energies.path == "lanes"
        np.testing.assert_allclose(from_energies.y_final, by_hand.y_final, rtol=0, atol=1e-12)
    np.testing.assert_allclose(made.energy(from_energies.y_final), made.energy(y0), rtol=1e-8)


def test_parameters_of_energies_reach_every_member():
    made = hamiltonian(kinetic, henon_heiles_potential, params=["strength"])
    strengths = np.array([0.0, 0.5, 1.0])
    start = np.array([0.3, 0.1, 0.0, 0.2])
    run = fastsci.solve_ensemble(
        made, (0.0, 2.0 * math.pi), start, params={"strength": strengths}, method="KahanLi8", dt=math.pi / 50
    )
    np.testing.assert_allclose(run.y_final[0], start, atol=1e-12)  # without the cubic terms, two springs of period 2 pi
    assert np.abs(run.y_final[1:] - start).max(axis=1).min() > 1e-3
    energies = made.energy(run.y_final, strengths[:, np.newaxis])
    np.testing.assert_allclose(energies, made.energy(np.tile(start, (3, 1)), strengths[:, np.newaxis]), rtol=1e-10)


def test_halves_in_place_with_constants():
    stiffness = np.linspace(1.0, 2.0, 25)
    made = hamiltonian(velocity=chain_velocity, force=chain_force, constants={"K": stiffness}, name="chain")
    assert made.constants["K"].tolist() == stiffness.tolist()
    matrix = np.diag(stiffness) @ (np.eye(25, k=1) + np.eye(25, k=-1) - 2.0 * np.eye(25))
    u = np.random.default_rng(2).normal(size=50)
    np.testing.assert_allclose(made.rhs(0.0, u), np.concatenate([u[25:], matrix @ u[:25]]), atol=1e-14)
    run = fastsci.solve_ensemble(made, (0.0, 10.0), u, method="KahanLi8", dt=0.1)
    values, vectors = np.linalg.eig(-matrix)
    w = np.sqrt(values)
    q, v = np.linalg.solve(vectors, u[:25]), np.linalg.solve(vectors, u[25:])
    expected = [
        vectors @ (q * np.cos(10.0 * w) + v / w * np.sin(10.0 * w)),
        vectors @ (v * np.cos(10.0 * w) - w * q * np.sin(10.0 * w)),
    ]
    np.testing.assert_allclose(run.y_final[0], np.concatenate(expected), atol=1e-9)


def test_each_part_gives_its_own_half():
    made = hamiltonian(kinetic, henon_heiles_potential, params={"strength": 1.0})
    u = (0.1, 0.2, 0.3, 0.4)
    velocity, force = (parts_of(made)[name](0.0, u, (1.0,)) for name in ("velocity", "force"))
    whole = made.fun(0.0, u, (1.0,))
    assert velocity == (*whole[:2], 0.0, 0.0)
    assert force == (0.0, 0.0, *whole[2:])
    plain = fastsci.systems.henon_heiles
    assert parts_of(plain) == {"velocity": plain.fun, "force": plain.fun}


def test_a_given_half_goes_before_an_energy():
    made = hamiltonian(kinetic, henon_heiles_potential, force=lambda t, q, p: (1.0, 2.0), params={"strength": 1.0})
    assert made.rhs(0.0, [0.1, 0.2, 0.3, 0.4]).tolist() == [0.3, 0.4, 1.0, 2.0]


def test_energy_needs_both():
    made = hamiltonian(velocity=lambda t, p, params: p, force=lambda t, q, params: q, state=("q", "p"))
    with pytest.raises(ValueError, match="made without its energies; give kinetic and potential"):
        made.energy([1.0, 2.0])


def half(t, x, p):
    (value,) = x
    return (value,)


def half_in_place(t, x, p, dx):
    dx[0] = x[0]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"velocity": half}, TypeError, "force: is missing; give force, or potential to take its gradient"),
        ({"force": half}, TypeError, "velocity: is missing; give velocity, or kinetic"),
        ({"velocity": half, "force": half_in_place}, TypeError, "force: writes its last argument, but velocity"),
        ({"velocity": half_in_place, "force": half}, TypeError, "force: returns a tuple, but velocity"),
        ({"kinetic": half, "force": half}, TypeError, r"kinetic: half takes 3 arguments, expected \(p, params\)"),
        ({"velocity": half, "force": half, "state": "abc"}, TypeError, "state: is 'abc', expected names"),
        ({"velocity": half, "force": half, "state": ["a", "b", "c"]}, ValueError, "state: has 3 components"),
        ({"velocity": half, "force": half, "default_y0": [1.0]}, ValueError, "default_y0: has 1 components"),
        ({"velocity": lambda t, p, c: p, "force": lambda t, q, c: q}, ValueError, "state: is missing; name the"),
        ({"velocity": half, "force": half, "constants": {"Z": 1.0}}, ValueError, "reads no global named 'Z'"),
        (
            {"kinetic": lambda p, c: p[0], "potential": lambda q, c: q[0], "default_y0": np.zeros(40)},
            ValueError,
            "velocity: is missing, and a gradient of 20 components would cost",
        ),
    ],
)
def test_wrong_halves(arguments, error, message):
    with pytest.raises(error, match=message):
        hamiltonian(**arguments)


@pytest.mark.parametrize(("n", "space"), [(2, 1), (3, 2), (4, 3), (3, 4)])
def test_bodies_of_the_catalogue_attract_by_newton(n, space):
    made = fastsci.systems.get("nbody", n=n, space=space)
    assert isinstance(made, Hamiltonian)
    u = np.random.default_rng(n).normal(size=made.dim)
    x, v = u.reshape(2, n, space)
    pull = np.zeros((n, space))
    for i in range(n):
        for j in range(n):
            if i != j:
                d = x[j] - x[i]
                pull[i] += 2.0 * made.constants["masses"][j] * d / (d @ d + 0.01) ** 1.5
    du = made.rhs(0.0, u, {"G": 2.0, "softening": 0.1})
    np.testing.assert_allclose(du, np.concatenate([v.ravel(), pull.ravel()]), rtol=1e-12, atol=1e-12)
    start = made.default_y0.reshape(2, n, space)
    np.testing.assert_allclose(start.mean(axis=1), 0.0, atol=1e-15)


def test_ensemble_of_clusters_keeps_energy_and_momentum():
    made = fastsci.systems.get("nbody", n=6, space=3)
    y0 = made.default_y0 + 0.05 * np.random.default_rng(0).normal(size=(30, made.dim))
    run = fastsci.solve_ensemble(made, (0.0, 1.0), y0, params={"softening": 0.2}, method="Yoshida4", dt=0.005)
    assert run.path == "lanes"

    def energy(u):
        x, v = np.moveaxis(u.reshape(-1, 2, 6, 3), 1, 0)
        r = np.sqrt(((x[:, :, np.newaxis] - x[:, np.newaxis]) ** 2).sum(axis=-1) + 0.04)
        i, j = np.triu_indices(6, 1)
        return (v**2).sum(axis=(1, 2)) / 12.0 - (1.0 / r[:, i, j]).sum(axis=1) / 36.0

    np.testing.assert_allclose(energy(run.y_final), energy(y0), atol=1e-7)
    momentum = [u.reshape(-1, 2, 6, 3)[:, 1].sum(axis=1) for u in (run.y_final, y0)]
    np.testing.assert_allclose(*momentum, atol=1e-13)
