"""Tangent kernels compile to PTX and assemble, in registers where the state is small."""

from __future__ import annotations

import pytest

import fastsci
from fastsci_kernels.loops import cuda
from fastsci_kernels.loops.driver_text import Shape
from fastsci_kernels.methods.divergence import Divergence
from fastsci_kernels.methods.registry import FIXED
from fastsci_kernels.methods.spectrum import Spectrum
from fastsci_kernels.methods.tangent import Tangent, TangentSlope
from tests.ptx.assembler import assemble, ptx
from tests.ptx.test_assembled import AMPERE, HOPPER, double_instructions

pytestmark = pytest.mark.ptx

LORENZ = fastsci.systems.lorenz63
RK4 = FIXED["RK4"]


def compiled(method, numbers, bits, cc, n_params=3):
    shape = Shape("tuple", numbers, n_params, bits, flat_limit=method.flat_limit)
    return ptx(cuda.build({"slope": LORENZ.fun}, method, shape), cuda.signature(shape), cc)


@pytest.mark.parametrize("cc", [AMPERE, HOPPER], ids=["sm_80", "sm_90"])
@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("count", [1, 3])
def test_tangents_of_lorenz_stay_in_registers(count, bits, cc, tmp_path):
    slope = TangentSlope(3, count)
    text = compiled(Tangent(RK4, slope), slope.total, bits, cc)
    done = assemble(text, cc, tmp_path)
    assert (done.spill_stores, done.spill_loads, done.stack) == (0, 0, 0)
    assert done.registers <= 168
    if bits == 32:
        assert double_instructions(text) == set()


@pytest.mark.parametrize("cc", [AMPERE, HOPPER], ids=["sm_80", "sm_90"])
@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("count", [1, 3])
def test_a_spectrum_of_lorenz_stays_in_registers(count, bits, cc, tmp_path):
    method = Spectrum(Tangent(RK4, TangentSlope(3, count)))
    done = assemble(compiled(method, method.total, bits, cc), cc, tmp_path)
    assert (done.spill_stores, done.spill_loads, done.stack) == (0, 0, 0)
    assert done.registers <= 200


def test_perturbed_parameters_assemble(tmp_path):
    slope = TangentSlope(3, 3, by_params=True)
    done = assemble(compiled(Tangent(RK4, slope), slope.total, 64, HOPPER, n_params=12), HOPPER, tmp_path)
    assert (done.spill_stores, done.spill_loads) == (0, 0)


def test_the_divergence_assembles(tmp_path):
    done = assemble(compiled(Divergence(RK4, 3), 4, 64, HOPPER), HOPPER, tmp_path)
    assert (done.spill_stores, done.spill_loads, done.stack) == (0, 0, 0)
