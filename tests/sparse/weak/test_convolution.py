"""Integrals against all test functions at once, beside sums that are written out."""

import itertools

import numpy as np
import pytest

from fastsci.sparse import _convolution as convolution
from fastsci.sparse._test_functions import EvenAxis


def axis(length, half_width, stride, periodic=False, spacing=0.1, power=6):
    return EvenAxis("x", length, spacing, half_width, power, stride, periodic)


def naive(values, one, derivative):
    """A loop over test functions and their samples."""
    weights = one.weights(derivative)
    found = np.zeros((len(values), one.count, values.shape[2]))
    for k in range(one.count):
        for j in range(one.reach):
            place = k * one.stride + j - (one.half_width if one.periodic else 0)
            found[:, k] += weights[j] * values[:, place % one.length]
    return found


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize(("length", "half_width", "stride"), [(61, 4, 1), (60, 7, 3), (200, 6, 5), (33, 16, 4)])
@pytest.mark.parametrize("inner", [1, 3])
def test_both_routes_are_the_direct_sum(length, half_width, stride, periodic, inner):
    one = axis(length, half_width, stride, periodic)
    values = np.random.default_rng(0).normal(size=(4, length, inner))
    for derivative in (0, 1, 2):
        wanted = naive(values, one, derivative)
        scale = np.abs(one.weights(derivative)).sum()
        for route in ("direct", "fft"):
            found = convolution.convolved(values, one, derivative, route)
            assert found.shape == wanted.shape
            assert np.abs(found - wanted).max() <= 1e-12 * scale


def test_the_faster_route_is_taken_and_gives_the_same():
    values = np.random.default_rng(1).normal(size=(2, 4000, 1))
    for half_width, stride in ((20, 5), (900, 1)):
        one = axis(4000, half_width, stride)
        direct, chosen = (convolution.convolved(values, one, 1, route) for route in ("direct", None))
        np.testing.assert_allclose(chosen, direct, atol=1e-12 * np.abs(one.weights(1)).sum())


@pytest.mark.parametrize("periodic", [(False, False, False), (True, False, False), (True, True, False)])
def test_fields_in_slabs_are_a_sum_over_all_axes(periodic, monkeypatch):
    rng = np.random.default_rng(2)
    field = rng.normal(size=(23, 19, 26, 2))
    axes = [
        axis(n, m, s, wrap) for n, m, s, wrap in zip(field.shape, (5, 4, 6), (3, 2, 5), periodic, strict=False)
    ]  # fmt: skip
    orders = [(0, 0, 0), (1, 0, 0), (1, 2, 0), (0, 0, 1)]

    def evaluate(samples):
        return np.stack([samples[:, 0], samples[:, 0] * samples[:, 1], np.ones(len(samples))], axis=1)

    functions = evaluate(field.reshape(-1, 2)).reshape(23, 19, 26, 3)
    wanted = np.stack(
        [np.einsum("ai,bj,ck,ijkf->abcf", *(_dense(a, o) for a, o in zip(axes, order, strict=True)), functions)
         for order in orders], axis=3,
    ).reshape(-1, len(orders), 3)  # fmt: skip
    for slab in (convolution.SLAB, 4000):
        monkeypatch.setattr(convolution, "SLAB", slab)
        found = convolution.projected(field, evaluate, 3, axes, orders)
        np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-11 * np.abs(wanted).max())


def _dense(one, derivative):
    """Weights of all test functions (rows) at all samples."""
    found = np.zeros((one.count, one.length))
    for k, j in itertools.product(range(one.count), range(one.reach)):
        place = k * one.stride + j - (one.half_width if one.periodic else 0)
        found[k, place % one.length] += one.weights(derivative)[j]
    return found


def test_memory_does_not_grow_with_the_field():
    import tracemalloc

    def peak(n_times):
        field = np.random.default_rng(0).normal(size=(64, 64, n_times, 1))
        axes = [axis(64, 10, 10), axis(64, 10, 10), axis(n_times, 20, n_times // 4)]
        tracemalloc.start()
        convolution.projected(field, lambda samples: np.hstack([samples, samples**2]), 2, axes, [(0, 0, 0), (1, 0, 0)])
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    convolution.projected(np.zeros((64, 1)), np.asarray, 1, [axis(64, 10, 10)], [(0,)])
    assert peak(800) < 2.5 * convolution.SLAB * 8
    assert peak(800) < 1.5 * peak(400)
