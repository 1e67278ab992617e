"""Normal and uniform numbers: their distribution, their independence, and that they depend on their place alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba.core.errors import TypingError
from scipy import stats

from fastsci_kernels.compile import jit
from fastsci_kernels.random.box_muller import normals_of_words
from fastsci_kernels.random.normal import normals
from fastsci_kernels.random.uniform import uniforms
from tests.random.draws import draw, draw_plain

PRECISIONS = [64, 32]
COUNTS = [1, 2, 3, 4]
WIDE = {64: 16, 32: 32}

# Relative, what the formulas of box_muller and of the C library may differ by; float32: two units in the last place
# of the radius and of the sine.
ROUNDING = {64: 1e-14, 32: 5e-7}


@pytest.fixture(scope="module", params=PRECISIONS, ids=["float64", "float32"])
def sample(request):
    """(64 steps, 4 components, 4096 members): 1,048,576 numbers."""
    return draw(normals, request.param, WIDE[request.param], 4, 4096, 64)


@pytest.mark.parametrize(("function", "count"), [*((normals, count) for count in COUNTS), (uniforms, 3)])
@pytest.mark.parametrize("bits", PRECISIONS)
def test_no_draw_depends_on_the_width_of_the_lanes(bits, count, function):
    alone = draw(function, bits, 1, count, 64, 3)
    for width in (2, 4, 16, 64):
        np.testing.assert_array_equal(draw(function, bits, width, count, 64, 3), alone)


@pytest.mark.parametrize(("function", "count"), [*((normals, count) for count in COUNTS), (uniforms, 3)])
@pytest.mark.parametrize("bits", PRECISIONS)
def test_plain_python_draws_the_same(bits, count, function):
    lanes = draw(function, bits, WIDE[bits], count, 64, 3, slot=5)
    np.testing.assert_allclose(lanes, draw_plain(function, bits, count, 64, 3, slot=5), rtol=ROUNDING[bits])


@pytest.mark.parametrize("bits", PRECISIONS)
def test_a_draw_is_found_again_at_its_member_and_step(bits):
    whole = draw(normals, bits, 16, 3, 256, 10)
    part = draw(normals, bits, 32, 3, 64, 4, first_member=128, first_step=5)
    np.testing.assert_array_equal(part, whole[5:9, :, 128:192])


def test_neighbours_share_a_block():
    for bits, dtype in ((64, np.float64), (32, np.float32)):
        block = normals(dtype(0), {64: 2, 32: 4}[bits], (1, 2), 9, 4, 0)
        first = len(block) * 9
        assert tuple(normals(dtype(0), 1, (1, 2), first + i, 4, 0)[0] for i in range(len(block))) == block


def test_no_number_is_drawn_twice():
    places = [
        {},
        {"slot": 1},
        {"key": (2, 1)},
        {"key": (1, 3)},
        {"first_step": 4},
        {"first_step": 2**32},
        {"first_member": 64},
        {"first_member": 2**32},
        {"first_member": 2**40},
    ]
    for count in (1, 4):
        drawn = np.concatenate([draw(normals, 64, 16, count, 64, 4, **place).ravel() for place in places])
        assert np.unique(drawn).size == drawn.size == len(places) * count * 64 * 4


def test_moments_are_those_of_the_normal_distribution(sample):
    z = sample.astype(np.float64).ravel()
    for power in range(1, 9):
        expected = 0.0 if power % 2 else float(math.prod(range(1, power, 2)))
        variance = math.prod(range(1, 2 * power, 2)) - expected**2
        assert abs(np.mean(z**power) - expected) < 4.0 * math.sqrt(variance / z.size)


def test_distribution_is_normal(sample):
    assert stats.kstest(sample.astype(np.float64).ravel(), "norm").pvalue > 0.01
    for component in range(4):
        assert stats.kstest(sample[:, component].astype(np.float64).ravel(), "norm").pvalue > 0.01


def test_tails_are_as_heavy_as_they_should_be():
    for bits in PRECISIONS:
        z = np.abs(draw(normals, bits, WIDE[bits], 4, 65536, 64))
        for bound in (3.0, 4.0, 5.0):
            expected = z.size * 2.0 * stats.norm.sf(bound)
            assert abs(np.count_nonzero(z > bound) - expected) < 4.0 * math.sqrt(expected)
        assert z.max() < {64: 8.572, 32: 6.765}[bits]


def test_radii_of_the_smallest_and_largest_words():
    ones = 0xFFFFFFFF
    for dtype, bits in ((np.float64, 53), (np.float32, 33)):
        farthest = normals_of_words((0, 0, 0, 0), dtype)
        assert math.hypot(*farthest[:2]) == pytest.approx(math.sqrt(2.0 * bits * math.log(2.0)), rel=1e-6)
        nearest = normals_of_words((ones, ones, ones, ones), dtype)
        assert math.hypot(*nearest[:2]) < 1e-3
        assert np.isfinite(nearest).all()


def correlated(a, b):
    """Correlation of two equally long series in standard errors."""
    return abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) * math.sqrt(a.size)


@pytest.mark.parametrize("power", [1, 2])
def test_members_steps_and_components_are_independent(sample, power):
    z = sample.astype(np.float64) ** power
    for lag in (1, 2, 3, 4, 8, 16, 32):
        assert correlated(z[:, :, lag:], z[:, :, :-lag]) < 4.0
        assert correlated(z[lag:], z[:-lag]) < 4.0
    for i in range(4):
        for j in range(i):
            assert correlated(z[:, i], z[:, j]) < 4.0


@pytest.mark.parametrize("bits", PRECISIONS)
def test_members_that_share_a_block_are_independent(bits):
    z = draw(normals, bits, WIDE[bits], 1, 65536, 16).astype(np.float64)[:, 0]
    for power in (1, 2):
        for lag in (1, 2, 3, 4):
            assert correlated(z[:, lag:] ** power, z[:, :-lag] ** power) < 4.0


@pytest.mark.parametrize("place", [{"slot": 1}, {"key": (2, 2)}, {"key": (1, 3)}, {"first_step": 2**32}])
def test_slots_and_seeds_are_independent(sample, place):
    bits = sample.dtype.itemsize * 8
    other = draw(normals, bits, WIDE[bits], 4, 4096, 64, **place)
    for power in (1, 2):
        assert correlated(sample.astype(np.float64) ** power, other.astype(np.float64) ** power) < 4.0


@pytest.mark.parametrize("bits", PRECISIONS)
def test_uniform_numbers_are_uniform_and_not_those_of_the_normals(bits):
    u = draw(uniforms, bits, WIDE[bits], 4, 4096, 64).astype(np.float64)
    assert u.min() > 0.0
    assert u.max() < 1.0
    assert stats.kstest(u.ravel(), "uniform").pvalue > 0.01
    z = draw(normals, bits, WIDE[bits], 4, 4096, 64).astype(np.float64)
    for i in range(4):
        for j in range(4):
            assert correlated(u[:, i], np.abs(z[:, j])) < 4.0


def test_count_is_a_literal_of_one_to_four():
    @jit
    def five(member):
        return normals(0.0, 5, (1, 2), member, 0, 0)

    with pytest.raises(TypingError):
        five(0)
