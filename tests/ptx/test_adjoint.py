"""Adjoint kernels compile to PTX and assemble."""

from __future__ import annotations

import pytest

import fastsci
from fastsci_kernels.loops import cuda
from fastsci_kernels.loops.driver_text import Shape
from fastsci_kernels.methods.adjoint import CLOCK, Adjoint, Forward, block_steps
from fastsci_kernels.methods.iteration import ITERATION
from fastsci_kernels.methods.pull import ByTangents, pull_of
from fastsci_kernels.methods.registry import FIXED
from tests.ptx.assembler import assemble, ptx
from tests.ptx.test_assembled import HOPPER, double_instructions

pytestmark = pytest.mark.ptx

RK4 = FIXED["RK4"]
SYSTEMS = {
    "lorenz63": fastsci.systems.lorenz63,
    "lorenz96": fastsci.systems.get("lorenz96", n=20),
    "henon": fastsci.systems.henon,
}


def text_of(system, method, numbers, bits):
    shape = Shape(system.style, numbers, len(system.params), bits, flat_limit=method.flat_limit)
    return ptx(cuda.build({"slope": system.fun}, method, shape), cuda.signature(shape), HOPPER)


def adjoint_of(system, by_params):
    base = ITERATION if system.kind == "map" else RK4
    wanted = len(system.params) if by_params else 0
    pull = pull_of(
        system.fun, style=system.style, dim=system.dim, n_params=len(system.params), by_params=by_params, by_user=False
    )
    return Adjoint(base, pull, system.dim, wanted)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("by_params", [False, True])
@pytest.mark.parametrize("name", SYSTEMS)
def test_adjoints_assemble(name, by_params, bits, tmp_path):
    """A thread's own memory holds the states of a block, and beside them little where the state is small."""
    system = SYSTEMS[name]
    method = adjoint_of(system, by_params)
    text = text_of(system, method, method.total, bits)
    done = assemble(text, HOPPER, tmp_path)
    kept = block_steps(system.dim) * system.dim * bits // 8
    if system.style == "tuple":
        assert kept <= done.stack <= kept + 256
    if bits == 32:
        assert double_instructions(text) == set()


def test_by_all_tangents(tmp_path):
    system = SYSTEMS["lorenz63"]
    method = Adjoint(RK4, ByTangents(), 3, 3)
    assert assemble(text_of(system, method, method.total, 64), HOPPER, tmp_path).spill_stores == 0


def test_the_way_there(tmp_path):
    system = SYSTEMS["lorenz63"]
    done = assemble(text_of(system, Forward(RK4, 3), 3 + CLOCK, 64), HOPPER, tmp_path)
    assert (done.spill_stores, done.stack) == (0, 0)
