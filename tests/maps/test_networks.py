"""Networks of neurons: what coupling does and what it cannot do."""

import numpy as np
import pytest

import fastsci
from fastsci import systems

NETWORKS = {
    "chialvo_chain": "chialvo",
    "chialvo_ring_star": "chialvo_flux",
    "rulkov_chain": "rulkov",
    "rulkov_ring_star": "rulkov",
}


@pytest.mark.parametrize(("name", "neuron"), NETWORKS.items())
def test_equal_neurons_stay_equal_and_are_the_single_one(name, neuron):
    one = systems.get(neuron)
    network = systems.get(name, n=6)
    together = fastsci.iterate_map(network, 40, np.repeat(one.default_y0, 6), save_every=1).y[0]
    alone = fastsci.iterate_map(one, 40, save_every=1).y[0]
    np.testing.assert_array_equal(together, np.repeat(alone, 6, axis=0))


@pytest.mark.parametrize(("name", "neuron"), NETWORKS.items())
def test_without_coupling_every_neuron_is_alone(name, neuron):
    network, one = systems.get(name, n=5), systems.get(neuron)
    couplings = [parameter for parameter in network.params if parameter not in one.params]
    start = network.default_y0
    together = fastsci.iterate_map(network, 25, params=dict.fromkeys(couplings, 0.0)).y_final[0]
    alone = fastsci.iterate_map(one, 25, start.reshape(one.dim, 5).T).y_final
    np.testing.assert_array_equal(together, alone.T.ravel())


@pytest.mark.parametrize(("name", "neuron"), NETWORKS.items())
def test_coupling_moves_activation_but_makes_none(name, neuron):
    """What one neuron gains the others lose: the sum of the activations is that of the uncoupled network."""
    network, one = systems.get(name, n=9), systems.get(neuron)
    couplings = [parameter for parameter in network.params if parameter not in one.params]
    start = network.default_y0 * (1 + 0.3 * np.random.default_rng(2).normal(size=network.dim))
    coupled = network.rhs(0, start, dict.fromkeys(couplings, 0.4))
    free = network.rhs(0, start, dict.fromkeys(couplings, 0.0))
    assert np.abs(coupled - free)[:9].max() > 1e-3
    np.testing.assert_array_equal(coupled[9:], free[9:])
    assert coupled[:9].sum() == pytest.approx(free[:9].sum(), rel=1e-13)


@pytest.mark.parametrize("neighbours", [1, 2, 3])
@pytest.mark.parametrize("name", ["chialvo_ring_star", "rulkov_ring_star"])
def test_the_ring_reaches_its_neighbours_and_the_hub_everyone(name, neighbours):
    """Which activations change when one does tells who is coupled to whom."""
    n = 9
    network = systems.get(name, n=n, neighbours=neighbours)
    weight = list(network.params.values())[-1] / (2 * neighbours)
    mu = network.params["mu"]
    raised = network.default_y0.copy()
    raised[4] += 0.1
    change = (network.rhs(0, raised) - network.rhs(0, network.default_y0))[:n] / 0.1
    expected = np.zeros(n)
    expected[0] = mu
    for distance in range(1, neighbours + 1):
        for place in (3 - distance, 3 + distance):  # neuron 4 is the fourth of the ring of eight
            expected[1 + place % (n - 1)] += weight
    expected[4] = change[4]
    np.testing.assert_allclose(change, expected, atol=1e-12)


def test_two_chialvo_neurons_synchronise_where_they_are_coupled():
    start = np.array([0.1, 0.5, 2.0, 2.2])
    network = systems.get("chialvo_chain", n=2)
    late = fastsci.iterate_map(network, 20_000, start, params={"sigma": np.array([0.0, 0.2])}, save_last=2000).y
    apart = np.abs(late[:, 0] - late[:, 1]).max(axis=1)
    assert apart[0] > 0.5
    assert apart[1] < 1e-12


def test_two_coupled_rulkov_neurons_share_their_bursts_but_not_their_spikes():
    """Rulkov (2001): the slow variables come together, the chaotic spikes do not."""
    start = np.array([-1.0, -1.2, -2.9, -2.95]) + 0.1 * np.random.default_rng(3).normal(size=(64, 4))
    network = systems.get("rulkov_chain", n=2)

    def distances(epsilon):
        late = fastsci.iterate_map(network, 20_000, start, params={"epsilon": epsilon}, save_last=2000).y
        return np.abs(late[:, 0] - late[:, 1]).mean(), np.abs(late[:, 2] - late[:, 3]).mean()

    (_, slow_alone), (fast, slow) = distances(0.0), distances(0.5)
    assert slow < 0.5 * slow_alone
    assert fast > 0.3


def test_sizes():
    assert systems.get("chialvo_ring_star", n=12, neighbours=5).dim == 36
    assert systems.get("rulkov_chain", n=2).state == ("x0", "x1", "y0", "y1")
    assert systems.rulkov_ring_star.dim == 100
