"""Random methods compile to PTX and assemble, in registers alone; float32 stays float32."""

from __future__ import annotations

import re

import pytest

from fastsci_kernels.loops import cuda
from fastsci_kernels.loops.driver_text import Shape
from fastsci_kernels.methods.stochastic import STOCHASTIC
from tests.ptx.assembler import assemble, ptx

pytestmark = pytest.mark.ptx

HOPPER = (9, 0)
BY_NAME = {method.name: method for method in STOCHASTIC}


def oscillator(t, u, p):
    q, v = u
    return v, -p[0] * q


def noise(t, u, p):
    q, v = u
    return 0.1 * q, 0.3 + 0.1 * v


def compiled(method, bits):
    shape = Shape("tuple", 2, 1, bits)
    functions = {"slope": oscillator, **{f"user_{part}": noise for part in method.parts}}
    return ptx(cuda.build(functions, method, shape), cuda.signature(shape), HOPPER)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("name", BY_NAME)
def test_random_methods_assemble_for_hopper(name, bits, tmp_path):
    text = compiled(BY_NAME[name], bits)
    done = assemble(text, HOPPER, tmp_path)
    assert (done.spill_stores, done.spill_loads, done.stack) == (0, 0, 0)
    assert done.registers <= 128
    doubles = re.findall(r"^\s+(?:@%\S+\s+)?[a-z][a-z0-9_.]*\.f64", text, re.MULTILINE)
    assert bool(doubles) == (bits == 64)


def test_ten_rounds_are_in_the_kernel():
    """The multipliers of Philox, once a round, wherever a block is drawn; the first may be folded."""
    text = compiled(BY_NAME["EulerMaruyama"], 64)
    for multiplier in (0xD2511F53, 0xCD9E8D57):
        assert text.count(str(multiplier)) >= 9
