"""Covariant vectors and alignment indices on the simulator, against what is known of them and against the CPU."""

from __future__ import annotations

import numpy as np
import pytest

import fastsci
from fastsci.alignment import gali
from fastsci.covariant import covariant_vectors

pytestmark = pytest.mark.cuda_sim


def shear(t, u, p):
    x, y = u
    return 1.5 * x + y, 0.5 * y


def shear_in_place(t, u, p, du):
    du[0] = 1.5 * u[0] + u[1]
    du[1] = 0.5 * u[1]


@pytest.mark.parametrize("function", [shear, shear_in_place])
def test_of_a_linear_map_they_are_the_eigenvectors(function):
    system = fastsci.system(function, kind="map", state=("x", "y"))
    found = covariant_vectors(
        system, y0=[[0.0, 0.0], [0.0, 0.0]], t_transient=40, t_window=2, t_backward=30, device="cuda"
    )
    assert found.path == "cuda"
    assert found.status.tolist() == [0, 0]
    along = np.array([[1.0, np.sqrt(0.5)], [0.0, -np.sqrt(0.5)]])
    cosines = np.einsum("nijt,ij->njt", found.vectors, along)
    np.testing.assert_allclose(np.abs(cosines), 1.0, rtol=1e-13)
    np.testing.assert_allclose(found.exponents, np.log([[1.5, 0.5]] * 2), rtol=1e-13)


@pytest.mark.parametrize("function", [shear, shear_in_place])
def test_the_volume_of_two_vectors_has_a_closed_form(function):
    system = fastsci.system(function, kind="map", state=("x", "y"))
    v = np.array([[1.0, 1.0], [0.0, -1.0]])
    found = gali(system, 2, (0, 12), y0=[[0.0, 0.0]], v=v, device="cuda")
    assert found.path == "cuda"
    # The eigenvectors (1, 0) and (1, -1) keep their directions.
    np.testing.assert_allclose(found.gali, np.sqrt(0.5), rtol=1e-9)
    other = gali(system, 2, (0, 12), y0=[[0.0, 0.0]], v=[[1.0, 0.3], [0.5, -0.2]], device="cuda")
    n = np.arange(13)
    # In eigenvectors: (1.5, -0.5) and (0.1, 0.2), each multiplied by powers of 1.5 and 0.5.
    a, b = (np.array([c * 1.5**n + d * 0.5**n, -d * 0.5**n]) for c, d in ((1.5, -0.5), (0.1, 0.2)))
    expected = np.abs(a[0] * b[1] - a[1] * b[0]) / np.linalg.norm(a, axis=0) / np.linalg.norm(b, axis=0)
    np.testing.assert_allclose(other.gali[0], expected, rtol=1e-12)
