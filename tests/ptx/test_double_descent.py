"""The kernel of double descents compiles for CUDA without spilling a register."""

from __future__ import annotations

import pytest

from fastsci_kernels.linear import gaussian_ridge_cuda
from tests.ptx.assembler import assemble, ptx

pytestmark = pytest.mark.ptx


@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
def test_draws_assemble_without_spills(capability, tmp_path):
    text = ptx(gaussian_ridge_cuda.build().drive, gaussian_ridge_cuda.signature(), capability)
    made = assemble(text, capability, tmp_path)
    assert made.spill_stores == made.spill_loads == 0
    assert made.registers <= 65536 // gaussian_ridge_cuda.THREADS
    assert "fma.rn.f64" in text
