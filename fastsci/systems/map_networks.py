"""Networks of neurons that are maps: chains and ring-stars of any size, in place.

All activations x come first in the state, then all y, then all fluxes phi.  A chain couples neighbours; its ends have
one each.  In a ring-star neuron 0 is the hub, and the others form a ring in which each is coupled to the hub and to
the nearest ``neighbours`` on either side.  Every coupling is diffusive: it vanishes between equal activations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastsci.system import System, system
from fastsci.systems.maps import chialvo, chialvo_flux, rulkov
from fastsci.systems.networks import GOLDEN_RATIO
from fastsci.systems.registry import ENTRIES, sized

ELECTRICAL = (
    "N. F. Rulkov, Modeling of spiking-bursting neural behavior using two-dimensional map, Phys. Rev. E 65, 041922"
    " (2002), for the electrical coupling of the fast variables"
)


def _chain_pull(u, i, n):
    """Sum of what the neighbours in a chain are above neuron i."""
    pull = 0.0
    if i > 0:
        pull += u[i - 1] - u[i]
    if i < n - 1:
        pull += u[i + 1] - u[i]
    return pull


def _ring_pull(u, i, n, neighbours):
    """Sum of what the nearest neighbours in the ring 1, ..., n - 1 are above neuron i."""
    pull = 0.0
    for distance in range(1, neighbours + 1):
        left, right = i - distance, i + distance
        if left < 1:
            left += n - 1
        if right >= n:
            right -= n - 1
        pull += (u[left] - u[i]) + (u[right] - u[i])
    return pull


def _add_ring_star(u, du, n, neighbours, mu, sigma):
    """Add to the activations what hub and ring pull at them."""
    weight = sigma / (2.0 * neighbours)
    at_hub = 0.0
    for i in range(1, n):
        at_hub += u[i] - u[0]
        du[i] = du[i] + mu * (u[0] - u[i]) + weight * _ring_pull(u, i, n, neighbours)
    du[0] = du[0] + mu * at_hub


def _network(fun: Callable[..., Any], name: str, single: str, n: int, couplings: dict[str, float], **facts: str):
    """The description of a network of n neurons, each started near the neuron's own default state."""
    neuron = ENTRIES[single].build()
    assert neuron.state is not None
    assert neuron.default_y0 is not None
    scatter = 1.0 + 0.1 * (GOLDEN_RATIO * np.arange(n) % 1.0)
    return system(
        fun,
        name=name,
        kind="map",
        params={**neuron.params, **couplings},
        state=tuple(f"{variable}{i}" for variable in neuron.state for i in range(n)),
        default_y0=np.concatenate([start * scatter for start in neuron.default_y0]),
        facts={"neuron": neuron.name, "neuron_source": neuron.facts["source"], **facts},
    )


def _check_reach(n: int, neighbours: int) -> None:
    if 2 * neighbours > n - 2:
        raise ValueError(
            f"neighbours: is {neighbours} on either side, but in a ring of {n - 1} each has {n - 2} others;"
            f" expected at most {(n - 2) // 2}, or a larger n"
        )


@sized(kind="map", n=2)
def chialvo_chain(*, n: int = 50) -> System:
    """A chain of n Chialvo neurons, the activations of neighbours coupled by sigma / 2."""
    return _network(
        _chialvo_chain, "chialvo_chain", "chialvo", n, {"sigma": 0.02},
        equations="x_i' = x_i^2 exp(y_i - x_i) + k + sigma / 2 (x_(i-1) - 2 x_i + x_(i+1)), y_i' = a y_i - b x_i + c",
        source="D. R. Chialvo, Chaos Solitons Fractals 5, 461 (1995), coupled as in K. Kaneko (ed.), Theory and"
        " Applications of Coupled Map Lattices (Wiley, 1993)",
    )  # fmt: skip


def _chialvo_chain(t, u, p, du):
    a, b, c, k, sigma = p
    n = len(du) // 2
    for i in range(n):
        x, y = chialvo(t, (u[i], u[n + i]), (a, b, c, k))
        du[i] = x + 0.5 * sigma * _chain_pull(u, i, n)
        du[n + i] = y


@sized(kind="map", n=2)
def rulkov_chain(*, n: int = 50) -> System:
    """A chain of n Rulkov neurons, the potentials of neighbours coupled by epsilon / 2."""
    return _network(
        _rulkov_chain, "rulkov_chain", "rulkov", n, {"epsilon": 0.05},
        equations="x_i' = alpha / (1 + x_i^2) + y_i + epsilon / 2 (x_(i-1) - 2 x_i + x_(i+1)),"
        " y_i' = y_i - sigma x_i - beta",
        source=ELECTRICAL,
    )  # fmt: skip


def _rulkov_chain(t, u, p, du):
    alpha, sigma, beta, epsilon = p
    n = len(du) // 2
    for i in range(n):
        x, y = rulkov(t, (u[i], u[n + i]), (alpha, sigma, beta))
        du[i] = x + 0.5 * epsilon * _chain_pull(u, i, n)
        du[n + i] = y


@sized(kind="map", n=4, neighbours=1)
def chialvo_ring_star(*, n: int = 50, neighbours: int = 1) -> System:
    """A ring-star of n Chialvo neurons in electromagnetic flux: mu couples hub and ring, sigma the ring."""
    _check_reach(n, neighbours)

    def ring_star(t, u, p, du):
        a, b, c, k0, k, alpha, beta, k1, k2, mu, sigma = p
        n = len(du) // 3
        for i in range(n):
            x, y, phi = chialvo_flux(t, (u[i], u[n + i], u[2 * n + i]), (a, b, c, k0, k, alpha, beta, k1, k2))
            du[i] = x
            du[n + i] = y
            du[2 * n + i] = phi
        _add_ring_star(u, du, n, neighbours, mu, sigma)

    return _network(
        ring_star, "chialvo_ring_star", "chialvo_flux", n, {"mu": 0.001, "sigma": 0.002},
        equations="chialvo_flux for each neuron; added to x_0' is mu sum_i (x_i - x_0), and to x_i' of the ring"
        " mu (x_0 - x_i) + sigma / (2 R) sum (x_j - x_i) over the R = neighbours nearest on either side",
        source="S. S. Muni, H. O. Fatoyinbo, I. Ghosh, Dynamical effects of electromagnetic flux on Chialvo neuron"
        " map: nodal and network behaviors, Int. J. Bifurcation Chaos 32, 2230020 (2022)",
    )  # fmt: skip


@sized(kind="map", n=4, neighbours=1)
def rulkov_ring_star(*, n: int = 50, neighbours: int = 1) -> System:
    """A ring-star of n Rulkov neurons: mu couples the potentials of hub and ring, epsilon those of the ring."""
    _check_reach(n, neighbours)

    def ring_star(t, u, p, du):
        alpha, sigma, beta, mu, epsilon = p
        n = len(du) // 2
        for i in range(n):
            x, y = rulkov(t, (u[i], u[n + i]), (alpha, sigma, beta))
            du[i] = x
            du[n + i] = y
        _add_ring_star(u, du, n, neighbours, mu, epsilon)

    return _network(
        ring_star, "rulkov_ring_star", "rulkov", n, {"mu": 0.002, "epsilon": 0.05},
        equations="rulkov for each neuron; added to x_0' is mu sum_i (x_i - x_0), and to x_i' of the ring"
        " mu (x_0 - x_i) + epsilon / (2 R) sum (x_j - x_i) over the R = neighbours nearest on either side",
        source=ELECTRICAL,
    )  # fmt: skip
