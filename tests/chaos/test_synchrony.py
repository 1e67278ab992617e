"""Synchrony: nodes that do the same score one to the last bit, independent ones as chance has it."""

import numpy as np
import pytest

from fastsci.chaos.synchrony import (
    cross_correlation_synchrony,
    kuramoto_order,
    kuramoto_phase,
    synchronization_error,
)
from tests.ensemble.models import same_bits


def correlations(x):
    """Of all pairs, as the definition has it."""
    deviation = x - x.mean(axis=0)
    products = (deviation[:, :, np.newaxis] * deviation[:, np.newaxis, :]).mean(axis=0)
    return products / np.sqrt(np.outer(np.diag(products), np.diag(products)))


@pytest.mark.parametrize("harmonic", [1, 2, 5])
@pytest.mark.parametrize("count", [1, 3, 8, 37, 256])
def test_order_like_a_mean_of_complex_numbers(count, harmonic):
    phases = np.random.default_rng(count).uniform(-20.0, 20.0, (4, 3, count))
    mean = np.exp(1j * harmonic * phases).mean(axis=-1)
    order = kuramoto_order(phases, harmonic=harmonic)
    assert order.shape == (4, 3)
    np.testing.assert_allclose(order, np.abs(mean), rtol=1e-12, atol=1e-14)
    turned = np.exp(1j * kuramoto_phase(phases, harmonic=harmonic))
    np.testing.assert_allclose(turned * order, mean, atol=1e-13)


@pytest.mark.parametrize("count", [1, 2, 7, 100, 1001])
def test_identical_oscillators_are_in_order_exactly(count):
    for phase in np.random.default_rng(count).uniform(-100.0, 100.0, 50):
        assert kuramoto_order(np.full(count, phase)) == 1.0


def test_splay_state_has_no_order():
    phases = 2.0 * np.pi * np.arange(24) / 24
    assert kuramoto_order(phases) < 1e-15
    assert kuramoto_order(phases, harmonic=24) == pytest.approx(1.0, rel=1e-14)


def test_two_opposite_clusters():
    phases = np.array([0.3, 0.3, 0.3 + np.pi, 0.3 + np.pi])
    assert kuramoto_order(phases) < 1e-15
    assert kuramoto_order(phases, harmonic=2) == pytest.approx(1.0, rel=1e-15)


@pytest.mark.parametrize("count", [100, 2500])
def test_independent_phases(count):
    """The mean of Rayleigh's distribution, sqrt(pi / (4 n)); its deviation is 0.52 of the mean."""
    order = kuramoto_order(np.random.default_rng(count).uniform(0.0, 2.0 * np.pi, (2000, count)))
    assert order.mean() == pytest.approx(np.sqrt(np.pi / (4 * count)), rel=4 * 0.52 / np.sqrt(2000))


@pytest.mark.parametrize("n_nodes", [2, 3, 10, 33])
def test_correlation_like_its_definition(n_nodes):
    x = np.random.default_rng(n_nodes).normal(size=(2, 150, n_nodes)) + 50.0
    x[1] += 3.0 * np.sin(0.1 * np.arange(150))[:, np.newaxis]
    for member in range(2):
        pairs = correlations(x[member])
        others = ~np.eye(n_nodes, dtype=bool)
        assert cross_correlation_synchrony(x)[member] == pytest.approx(pairs[others].mean(), abs=1e-13)
        for node in (0, n_nodes - 1):
            expected = pairs[node][others[node]].mean()
            assert cross_correlation_synchrony(x, reference=node)[member] == pytest.approx(expected, abs=1e-13)
        assert pairs[0, 1] == pytest.approx(np.corrcoef(x[member].T)[0, 1], abs=1e-13)


@pytest.mark.parametrize("n_nodes", [2, 7, 100])
def test_identical_nodes_are_in_synchrony_exactly(n_nodes):
    signal = 0.1 + np.random.default_rng(n_nodes).normal(size=211)
    x = np.repeat(signal[:, np.newaxis], n_nodes, axis=1)
    assert cross_correlation_synchrony(x) == 1.0
    assert cross_correlation_synchrony(x, reference=n_nodes - 1) == 1.0
    assert synchronization_error(x) == 0.0


def test_scale_and_origin_of_a_node_do_not_matter_to_correlation():
    signal = np.random.default_rng(1).normal(size=300)
    x = np.stack([signal, 5.0 * signal - 3.0, 1e-9 * signal], axis=1)
    assert cross_correlation_synchrony(x) == pytest.approx(1.0, abs=1e-13)


def test_antiphase():
    signal = np.random.default_rng(2).normal(size=300)
    assert cross_correlation_synchrony(np.stack([signal, -signal], axis=1)) == pytest.approx(-1.0, abs=1e-13)


def test_the_least_mean_correlation():
    """Nodes that sum to nothing: three phases a third of a turn apart have -1 / (3 - 1)."""
    t = 2.0 * np.pi * np.arange(120) / 120
    x = np.sin(t[:, np.newaxis] + 2.0 * np.pi * np.arange(3) / 3)
    assert cross_correlation_synchrony(x) == pytest.approx(-0.5, abs=1e-13)


def test_independent_nodes():
    x = np.random.default_rng(3).normal(size=(2000, 40))
    assert abs(cross_correlation_synchrony(x)) < 0.01


def test_a_constant_node_has_no_correlation():
    x = np.random.default_rng(4).normal(size=(3, 50, 4))
    x[1, :, 2] = 0.1
    answers = cross_correlation_synchrony(x)
    assert np.isnan(answers).tolist() == [False, True, False]
    assert np.isnan(cross_correlation_synchrony(np.full((5, 3), 0.1)))
    assert np.isnan(cross_correlation_synchrony(np.eye(3)[:1]))


def test_error_like_its_definition():
    x = np.random.default_rng(5).normal(size=(3, 40, 6))
    others = [0, 1, 3, 4, 5]
    expected = np.abs(x[..., others] - x[..., [2]]).mean(axis=(1, 2))
    np.testing.assert_allclose(synchronization_error(x, reference=2), expected, rtol=1e-13)


def test_company_and_threads_do_not_matter(monkeypatch):
    rng = np.random.default_rng(6)
    phases, x = rng.uniform(0.0, 6.0, (500, 77)), rng.normal(size=(200, 60, 9))
    phases[3, 5], x[7, 1, 1] = np.nan, np.inf
    monkeypatch.setenv("FASTSCI_NUM_THREADS", "3")
    measures = (kuramoto_order, kuramoto_phase), (cross_correlation_synchrony, synchronization_error)
    for group, given, broken in zip(measures, (phases, x), (3, 7), strict=True):
        for measure in group:
            together = measure(given)
            assert np.isfinite(together).sum() == len(given) - 1
            assert not np.isfinite(together[broken])
            monkeypatch.setenv("FASTSCI_NUM_THREADS", "1")
            assert same_bits(together, measure(given))
            assert same_bits(together[[0, broken + 1]], np.array([measure(given[0]), measure(given[broken + 1])]))


def test_not_finite():
    assert np.isnan(kuramoto_order([0.0, np.nan]))
    assert np.isnan(kuramoto_order([0.0, np.inf]))
    x = np.random.default_rng(7).normal(size=(30, 3))
    x[4, 1] = np.inf
    assert np.isnan(cross_correlation_synchrony(x))
    assert np.isnan(cross_correlation_synchrony(x, reference=0))
    x[4, 1] = np.nan
    assert np.isnan(synchronization_error(x))


@pytest.mark.parametrize("size", [2.0**-1000, 2.0**1000])
def test_units_do_not_matter_to_correlation(size):
    x = np.random.default_rng(8).uniform(-1.0, 1.0, (40, 5))
    assert cross_correlation_synchrony(x * size) == cross_correlation_synchrony(x)


def test_any_real_array():
    x = np.random.default_rng(9).integers(-9, 9, (60, 8))
    x.setflags(write=False)
    for measure in (kuramoto_order, cross_correlation_synchrony, synchronization_error):
        expected = measure(x[::3, ::2].astype(float))
        for given in (x[::3, ::2], x[::3, ::2].astype(np.float32), x[::3, ::2].tolist()):
            np.testing.assert_array_equal(measure(given), expected)


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        (lambda: kuramoto_order(1.0), "phases"),
        (lambda: kuramoto_order([]), "phases"),
        (lambda: kuramoto_order([1.0], harmonic=0), "harmonic"),
        (lambda: cross_correlation_synchrony(np.zeros(4)), "trajectories"),
        (lambda: cross_correlation_synchrony(np.zeros((4, 1))), "trajectories"),
        (lambda: cross_correlation_synchrony(np.zeros((0, 4))), "trajectories"),
        (lambda: cross_correlation_synchrony(np.zeros((4, 3)), reference=3), "reference"),
        (lambda: synchronization_error(np.zeros((4, 3)), reference=-1), "reference"),
        (lambda: synchronization_error(np.zeros((2, 2, 2, 2))), "trajectories"),
    ],
)
def test_mistakes_are_named(measure, name):
    with pytest.raises(ValueError, match=rf"^{name}: "):
        measure()


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        (lambda: kuramoto_order(["a"]), "phases"),
        (lambda: kuramoto_order([1j]), "phases"),
        (lambda: cross_correlation_synchrony(np.zeros((4, 3)), reference=1.0), "reference"),
    ],
)
def test_wrong_types_are_named(measure, name):
    with pytest.raises(TypeError, match=rf"^{name}: "):
        measure()
