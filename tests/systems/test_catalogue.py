"""The catalogue: how systems are found, and that each is the one of the literature."""

import math
import operator
import os
import subprocess
import sys

import numpy as np
import pytest

from fastsci import systems
from fastsci.system import System

FLOWS = [
    "brusselator", "chua", "double_pendulum", "duffing", "figure_eight", "fitzhugh_nagumo", "henon_heiles", "hires",
    "kuramoto", "lorenz63", "lorenz84", "lorenz96", "lotka_volterra", "nbody", "oregonator", "oscillator", "pendulum",
    "pollution", "ring_modulator", "robertson", "rossler", "van_der_pol",
]  # fmt: skip
MAPS = [
    "chialvo", "chialvo_chain", "chialvo_flux", "chialvo_ring_star", "henon", "ikeda", "logistic", "rulkov",
    "rulkov_chain", "rulkov_ring_star", "standard", "tent",
]  # fmt: skip


def lagrange_double_pendulum(t, u, m1, m2, l1, l2, g):
    """Accelerations from the mass matrix of the Lagrangian, solved as a linear system."""
    a, b, va, vb = u
    mass = np.array([[(m1 + m2) * l1**2, m2 * l1 * l2 * np.cos(a - b)], [m2 * l1 * l2 * np.cos(a - b), m2 * l2**2]])
    force = np.array(
        [
            -m2 * l1 * l2 * np.sin(a - b) * vb**2 - (m1 + m2) * g * l1 * np.sin(a),
            m2 * l1 * l2 * np.sin(a - b) * va**2 - m2 * g * l2 * np.sin(b),
        ]
    )
    return [va, vb, *np.linalg.solve(mass, force)]


def piecewise_chua(t, u, alpha, beta, m0, m1):
    x, y, z = u
    diode = m0 * x if abs(x) <= 1 else m1 * x + (m0 - m1) * np.sign(x)
    return [alpha * (y - x - diode), x - y + z, -beta * y]


def all_pairs_kuramoto(t, u, K):
    omega = systems.get("kuramoto", n=len(u)).constants["omega"]
    return omega + K * np.mean(np.sin(u[None, :] - u[:, None]), axis=1)


def complex_ikeda(t, u, R, C1, C2, C3):
    z = complex(*u)
    z = R + C2 * z * np.exp(1j * (C1 - C3 / (1 + abs(z) ** 2)))
    return [z.real, z.imag]


def chain(neuron):
    """A chain of neurons, its coupling last among the parameters, by the Laplacian matrix of a path."""

    def step(t, u, *p):
        x, y = np.reshape(u, (2, -1))
        laplacian = np.diff(np.eye(x.size), axis=0)
        return [*(neuron(x, y, *p[:-1])[0] - p[-1] / 2 * laplacian.T @ laplacian @ x), *neuron(x, y, *p[:-1])[1]]

    return step


def ring_star(neuron, variables):
    """A ring-star with one neighbour on either side, by the adjacency matrix of hub and ring."""

    def step(t, u, *p):
        state = np.reshape(u, (variables, -1))
        n = state.shape[1]
        weights = np.zeros((n, n))
        weights[0, 1:] = weights[1:, 0] = p[-2]
        ring = p[-1] / 2 * (np.roll(np.eye(n - 1), 1, axis=0) + np.roll(np.eye(n - 1), -1, axis=0))
        weights[1:, 1:] = ring
        image = np.array(neuron(*state, *p[:-2]))
        image[0] += weights @ state[0] - weights.sum(axis=1) * state[0]
        return image.ravel()

    return step


def numpy_chialvo(x, y, a, b, c, k):
    return [x**2 * np.exp(y - x) + k, a * y - b * x + c]


def numpy_chialvo_flux(x, y, phi, a, b, c, k0, k, alpha, beta, k1, k2):
    fed_back = k * x * (alpha + 3 * beta * phi**2)
    return [x**2 * np.exp(y - x) + k0 + fed_back, a * y - b * x + c, k1 * x - k2 * phi]


def numpy_rulkov(x, y, alpha, sigma, beta):
    return [alpha / (1 + x**2) + y, y - sigma * x - beta]


def newtonian(space, masses):
    def flow(t, u, G, softening):
        q, v = np.reshape(u, (2, -1, space))
        apart = q[np.newaxis, :, :] - q[:, np.newaxis, :]
        square = (apart**2).sum(axis=2) + softening**2
        np.fill_diagonal(square, np.inf)
        pull = G * (masses[np.newaxis, :, np.newaxis] * apart / square[:, :, np.newaxis] ** 1.5).sum(axis=1)
        return [*v.ravel(), *pull.ravel()]

    return flow


def hires_by_matrix(t, u, k):
    rates = np.zeros((8, 8))
    for to, source, rate in [
        *((2, 1, 1.71), (1, 2, 0.43), (4, 2, 8.32), (1, 3, 8.32), (4, 3, 1.71), (3, 4, 0.43), (6, 4, 0.69)),
        *((3, 5, 0.035), (6, 5, 1.71), (5, 6, 0.43), (5, 7, 0.43), (6, 7, 0.69), (8, 7, 1.81)),
    ]:
        rates[to - 1, source - 1] = rate
    rates -= np.diag([1.71, 8.75, 10.03, 1.12, 1.745, 0.43, 1.81, 0.0])
    return rates @ u + 0.0007 * np.eye(8)[0] + k * u[5] * u[7] * np.array([0, 0, 0, 0, 0, -1, 1, -1])


# Verwer's table 1: what reacts, and what comes of it; the species are numbered from 1 as in the paper.
REACTIONS = [
    ([1], [2, 3]), ([2, 4], [1]), ([5, 2], [1, 6]), ([7], [5, 5, 8]), ([7], [8]), ([7, 6], [5, 8]), ([9], [10, 5, 8]),
    ([9, 6], [11]), ([11, 2], [1, 10, 12]), ([11, 1], [13]), ([13], [11, 1]), ([10, 2], [14, 1]), ([14], [7, 5]),
    ([1, 6], [15]), ([3], [4]), ([4], [16]), ([4], [3]), ([16], [6, 6]), ([16], [3]), ([17, 6], [18, 5]), ([19], [2]),
    ([19], [1, 3]), ([1, 4], [19]), ([19, 1], [20]), ([20], [19, 1]),
]  # fmt: skip


def mass_action(t, u, *k):
    change = np.zeros(20)
    for rate, (reactants, products) in zip(k, REACTIONS, strict=True):
        speed = rate * np.prod([u[species - 1] for species in reactants])
        np.subtract.at(change, np.array(reactants) - 1, speed)
        np.add.at(change, np.array(products) - 1, speed)
    return change


def ring_of_diodes(t, u, C, Cs, Cp, Lh, Ls1, Ls2, Ls3, R, Rp, Rg1, Rg2, Rg3, Ri, Rc, gamma, delta):
    """By incidence matrices of diodes and windings, as the circuit is drawn."""
    inputs = 0.5 * np.sin(2e3 * np.pi * t), 2.0 * np.sin(2e4 * np.pi * t)
    voltage, current = u[:7], u[7:]
    diodes = np.array([[1, 0, -1, 0, -1], [0, -1, 0, 1, -1], [0, 1, 1, 0, 1], [-1, 0, 0, -1, 1]])
    through = gamma * np.expm1(delta * (diodes @ voltage[2:] + inputs[1] * np.array([-1, -1, 1, 1])))
    windings = np.zeros((8, 7))
    windings[[0, 1], [0, 1]] = windings[[6, 7], [0, 1]] = -1.0
    windings[[2, 3, 4, 5], [0, 0, 1, 1]] = [0.5, -0.5, 0.5, -0.5]
    windings[[2, 3, 4, 5], [2, 3, 4, 5]] = [-1.0, 1.0, -1.0, 1.0]
    into = -windings.T @ current
    into[2:] -= diodes.T @ through
    into[[0, 1]] -= voltage[[0, 1]] / R
    into[6] -= voltage[6] / Rp
    resistances = np.array([0.0, 0.0, Rg2, Rg3, Rg2, Rg3, Ri + Rg1, Rc + Rg1])
    across = windings @ voltage - resistances * current
    across[6] += inputs[0]
    return [*into / [C, C, Cs, Cs, Cs, Cs, Cp], *across / [Lh, Lh, Ls2, Ls3, Ls2, Ls3, Ls1, Ls1]]


# Each written down once more, from the paper, in the vector operations of NumPy.
INDEPENDENT = {
    "brusselator": lambda t, u, a, b: [a + u[0] ** 2 * u[1] - b * u[0] - u[0], b * u[0] - u[0] ** 2 * u[1]],
    "chua": piecewise_chua,
    "double_pendulum": lagrange_double_pendulum,
    "duffing": lambda t, u, d, a, b, c, w: [u[1], c * np.cos(w * t) - d * u[1] - a * u[0] - b * u[0] ** 3],
    "figure_eight": newtonian(2, np.ones(3)),
    "nbody": newtonian(3, np.full(3, 1.0 / 3.0)),
    "fitzhugh_nagumo": lambda t, u, a, b, e, i: [u[0] - u[0] ** 3 / 3 - u[1] + i, e * (u[0] + a - b * u[1])],
    "henon_heiles": lambda t, u: [u[2], u[3], -u[0] * (1 + 2 * u[1]), -u[1] - (u[0] ** 2 - u[1] ** 2)],
    "hires": hires_by_matrix,
    "kuramoto": all_pairs_kuramoto,
    "lorenz63": lambda t, u, s, r, b: [
        -s * u[0] + s * u[1],
        -u[0] * u[2] + r * u[0] - u[1],
        u[0] * u[1] - b * u[2],
    ],
    "lorenz84": lambda t, u, a, b, F, G: [
        -(u[1] ** 2) - u[2] ** 2 - a * (u[0] - F),
        (u[0] - 1) * u[1] - b * u[0] * u[2] + G,
        (u[0] - 1) * u[2] + b * u[0] * u[1],
    ],
    "lorenz96": lambda t, u, F: (np.roll(u, -1) - np.roll(u, 2)) * np.roll(u, 1) - u + F,
    "lotka_volterra": lambda t, u, a, b, d, g: [u[0] * (a - b * u[1]), -u[1] * (g - d * u[0])],
    "oregonator": lambda t, u, s, w, q: [
        s * (u[1] - u[0] * u[1] + u[0] - q * u[0] ** 2),
        (-u[1] - u[0] * u[1] + u[2]) / s,
        w * u[0] - w * u[2],
    ],
    "oscillator": lambda t, u, z, w, F, wd: [u[1], F * np.cos(wd * t) - 2 * z * w * u[1] - w**2 * u[0]],
    "pendulum": lambda t, u, g, L, c, A, w: [u[1], A * np.cos(w * t) - c * u[1] - (g / L) * np.sin(u[0])],
    "pollution": mass_action,
    "ring_modulator": ring_of_diodes,
    "robertson": lambda t, u, k1, k2, k3: [
        -k1 * u[0] + k3 * u[1] * u[2],
        k1 * u[0] - k3 * u[1] * u[2] - k2 * u[1] ** 2,
        k2 * u[1] ** 2,
    ],
    "rossler": lambda t, u, a, b, c: [-(u[1] + u[2]), u[0] + a * u[1], b + u[0] * u[2] - c * u[2]],
    "van_der_pol": lambda t, u, mu: [u[1], -mu * (u[0] ** 2 - 1) * u[1] - u[0]],
    "chialvo": lambda t, u, a, b, c, k: [u[0] ** 2 * np.exp(u[1] - u[0]) + k, a * u[1] - b * u[0] + c],
    "chialvo_chain": chain(numpy_chialvo),
    "chialvo_flux": lambda t, u, *p: numpy_chialvo_flux(*u, *p),
    "chialvo_ring_star": ring_star(numpy_chialvo_flux, 3),
    "henon": lambda t, u, a, b: [1 - a * u[0] ** 2 + u[1], b * u[0]],
    "ikeda": complex_ikeda,
    "logistic": lambda t, u, r: [r * u[0] - r * u[0] ** 2],
    "rulkov": lambda t, u, a, s, b: [a / (1 + u[0] ** 2) + u[1], u[1] - s * u[0] - b],
    "rulkov_chain": chain(numpy_rulkov),
    "rulkov_ring_star": ring_star(numpy_rulkov, 2),
    "standard": lambda t, u, K: [u[0] + u[1] + K * np.sin(u[0]), u[1] + K * np.sin(u[0])],
    "tent": lambda t, u, mu: [mu * min(u[0], 1 - u[0])],
}


def test_names():
    assert systems.names("flow") == FLOWS
    assert systems.names("map") == MAPS
    assert systems.names() == sorted(FLOWS + MAPS)
    with pytest.raises(ValueError, match="kind: is 'field', expected 'flow', 'map' or None"):
        systems.names("field")


@pytest.mark.parametrize("name", FLOWS + MAPS)
def test_every_entry_is_complete(name):
    made = systems.get(name)
    assert isinstance(made, System)
    assert made.name == name
    assert made.kind == ("flow" if name in FLOWS else "map")
    assert made.fun.__doc__ or {**vars(systems.networks), **vars(systems.map_networks)}[name].__doc__
    assert isinstance(made.facts["source"], str)
    assert made.dim == len(made.state) == made.default_y0.size
    assert all(math.isfinite(value) for value in made.params.values())
    assert (made.dt is None) == (made.kind == "map")
    p = list(made.params.values())
    assert made.check_returns(0.0, made.default_y0, p) is None
    value = made.rhs(0.0, made.default_y0)
    assert value.shape == (made.dim,)
    assert np.isfinite(value).all()
    assert systems.__getattr__(name) is getattr(systems, name) is made


@pytest.mark.parametrize("name", FLOWS + MAPS)
def test_every_entry_equals_an_independent_formula(name):
    made = systems.get(name)
    rng = np.random.default_rng(20240)
    for _ in range(20):
        u = made.default_y0 + rng.normal(size=made.dim)
        p = np.array(list(made.params.values())) * rng.uniform(0.8, 1.2, len(made.params))
        t = rng.uniform(0.0, 10.0)
        expected = np.asarray(INDEPENDENT[name](t, u, *p), dtype=float)
        # Sums in another order: their rounding is measured by the largest component.
        np.testing.assert_allclose(made.rhs(t, u, p), expected, rtol=1e-12, atol=1e-13 * abs(expected).max())


def test_known_values():
    assert systems.lorenz63.rhs(0.0, [1.0, 2.0, 3.0]).tolist() == [10.0, 23.0, -6.0]
    assert systems.rossler.rhs(0.0, [1.0, 2.0, 3.0]).tolist() == pytest.approx([-5.0, 1.4, 0.2 + 3 * -4.7])
    assert systems.henon.rhs(0.0, [0.5, 0.25]).tolist() == pytest.approx([0.9, 0.15])
    assert systems.logistic.rhs(0, [0.5]).tolist() == [1.0]
    assert systems.tent.with_params(mu=2.0).rhs(0, [[0.25], [0.5], [0.75]]).tolist() == [[0.5], [1.0], [0.5]]
    assert systems.get("lorenz96", n=4).rhs(0.0, [1.0, 2.0, 3.0, 5.0]).tolist() == [2.0, 4.0, 13.0, -0.0]


def test_lorenz96_of_any_size():
    for n in (4, 5, 6, 41):
        made = systems.get("lorenz96", n=n)
        u = np.random.default_rng(n).normal(size=n)
        np.testing.assert_allclose(made.rhs(0.0, u), INDEPENDENT["lorenz96"](0.0, u, 8.0), rtol=1e-13, atol=1e-14)


def test_kuramoto_of_any_size():
    for n in (1, 2, 33):
        made = systems.get("kuramoto", n=n)
        omega = made.constants["omega"]
        assert omega.shape == (n,)
        np.testing.assert_allclose(omega, -omega[::-1], atol=1e-13)
        u = np.random.default_rng(n).uniform(0.0, 6.0, n)
        np.testing.assert_allclose(made.rhs(0.0, u), all_pairs_kuramoto(0.0, u, 2.0), rtol=1e-12, atol=1e-13)


def test_the_same_size_is_the_same_object():
    assert systems.get("lorenz63") is systems.get("lorenz63") is systems.lorenz63
    assert systems.get("lorenz96", n=7) is systems.get("lorenz96", n=np.int64(7))
    assert systems.get("lorenz96") is systems.lorenz96
    assert systems.lorenz96.dim == 40


@pytest.mark.parametrize(
    ("name", "size", "error", "message"),
    [
        ("lorentz63", {}, ValueError, "no system 'lorentz63' in the catalogue; did you mean 'lorenz63'"),
        ("nothing_like_it", {}, ValueError, "see fastsci.systems.names"),
        ("lorenz63", {"n": 5}, TypeError, "n: lorenz63 takes no size, but n=5 was given"),
        ("lorenz96", {"m": 5}, TypeError, "m: lorenz96 takes n, but m=5 was given"),
        ("lorenz96", {"n": 3}, ValueError, "n: is 3, but lorenz96 needs at least 4"),
        ("lorenz96", {"n": 40.0}, TypeError, "n: is 40.0, expected an integer of at least 4"),
        ("kuramoto", {"n": 0}, ValueError, "n: is 0, but kuramoto needs at least 1"),
        ("rulkov_chain", {"n": 1}, ValueError, "n: is 1, but rulkov_chain needs at least 2"),
        ("rulkov_ring_star", {"n": 7, "neighbours": 3}, ValueError, "neighbours: is 3 .* at most 2, or a larger n"),
        ("chialvo_ring_star", {"neighbours": 0}, ValueError, "neighbours: is 0, but .* at least 1"),
        (["lorenz63"], {}, ValueError, "no system"),
    ],
)
def test_wrong_names_and_sizes(name, size, error, message):
    with pytest.raises(error, match=message):
        systems.get(name, **size)


def test_attributes():
    assert {"lorenz63", "henon", "get", "names"} <= set(dir(systems))
    with pytest.raises(AttributeError, match="no attribute 'lorenz36'"):
        operator.attrgetter("lorenz36")(systems)


def test_importing_the_catalogue_loads_no_compiler_and_no_scipy():
    script = "import sys, fastsci.systems; print({'numba', 'torch', 'cupy', 'scipy'} & {*sys.modules} or None)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "None"
