"""Chi and normal numbers of a draw: their laws, and that each is a function of its place alone."""

import numpy as np
import pytest
import scipy.stats

from fastsci_kernels.linear.draws import fill_chi, fill_normals, member

COUNT = 20_000


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 100, 5000])
def test_chi_numbers_have_their_law(freedom):
    out = np.empty(COUNT)
    place = fill_chi((1, 2), member(50, 3), 70, 0, np.full(COUNT, freedom), COUNT, out)
    assert place == COUNT // 2
    assert scipy.stats.kstest(out, scipy.stats.chi(freedom).cdf).pvalue > 1e-3
    # Neighbours share a block and are independent all the same.
    assert abs(np.corrcoef(out[::2], out[1::2])[0, 1]) < 4 / np.sqrt(COUNT / 2)


def test_no_freedom_gives_zero():
    out = np.empty(3)
    assert fill_chi((1, 2), 0, 5, 0, np.array([0, 4, 0]), 3, out) == 2
    assert out[0] == out[2] == 0.0 < out[1]


def test_normal_numbers_have_their_law():
    out = np.empty(COUNT)
    assert fill_normals((1, 2), member(50, 3), 70, 0, COUNT, out) == COUNT // 2
    assert scipy.stats.kstest(out, scipy.stats.norm.cdf).pvalue > 1e-3


def test_a_number_depends_on_its_place_alone():
    long, short, other = np.empty(9), np.empty(4), np.empty(4)
    freedoms = np.arange(1, 10)
    fill_chi((7, 8), member(9, 1), 5, 0, freedoms, 9, long)
    fill_chi((7, 8), member(9, 1), 5, 2, freedoms[4:8], 4, short)
    np.testing.assert_array_equal(short, long[4:8])
    for changed in (
        ((7, 9), member(9, 1), 5),
        ((7, 8), member(9, 2), 5),
        ((7, 8), member(8, 1), 5),
        ((7, 8), member(9, 1), 6),
    ):
        fill_chi(*changed, 2, freedoms[4:8], 4, other)
        assert (other != short).all()
