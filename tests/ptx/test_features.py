"""Kernels that sum a library's products compile for CUDA without spilling a register."""

from __future__ import annotations

import math

import pytest

from fastsci.sparse.libraries import CustomLibrary, FourierLibrary, PolynomialLibrary
from fastsci_kernels.regress import features_cuda
from tests.ptx.assembler import assemble, ptx

pytestmark = pytest.mark.ptx

MOST_REGISTERS = 65536 // features_cuda.THREADS  # so that a block fits a multiprocessor


def branching(x):
    if x > 0.0:
        return math.exp(-x)
    return 1.0 / (1.0 + x * x)


LIBRARIES = {
    "polynomials": PolynomialLibrary(degree=5),
    "sines": PolynomialLibrary(degree=2) * FourierLibrary(n_frequencies=2),
    "branches": CustomLibrary([branching]),
}


@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
@pytest.mark.parametrize("name", LIBRARIES)
def test_sums_assemble_without_spills(name, capability, tmp_path):
    plan = LIBRARIES[name].plan(3, 3)
    module = features_cuda.build(plan.generators, 3)
    signatures = features_cuda.signatures()
    for kernel in ("drive", "reduce"):
        text = ptx(getattr(module, kernel), signatures[kernel], capability)
        made = assemble(text, capability, tmp_path)
        assert made.spill_stores == made.spill_loads == 0
        assert made.registers <= MOST_REGISTERS
    assert "fma.rn.f64" in ptx(module.drive, signatures["drive"], capability)
