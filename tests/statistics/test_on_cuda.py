"""Kernels that gather statistics compile to PTX and assemble; the running numbers of small states stay in registers."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

import fastsci
from fastsci_kernels.loops import cuda
from fastsci_kernels.loops.driver_text import Shape
from fastsci_kernels.loops.statistics import Reduction
from fastsci_kernels.methods.registry import FIXED
from tests.ptx.assembler import assemble, ptx

pytestmark = pytest.mark.ptx

HOPPER = (9, 0)
EVERYTHING = Reduction(("mean", "var", "min", "max", "last"), ((0, 20),), ((1, 1), (2, 0)))


def compiled(name, bits, reduction):
    system = fastsci.systems.get(name)
    shape = Shape(system.style, system.dim, len(system.params), bits, reduction=reduction)
    return ptx(cuda.build({"slope": system.fun}, FIXED["RK4"], shape), cuda.signature(shape), HOPPER)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("every", [False, True], ids=["times", "every step"])
def test_everything_at_once_is_not_spilled(bits, every, tmp_path):
    reduction = replace(EVERYTHING, every=every)
    done = assemble(compiled("lorenz63", bits, reduction), HOPPER, tmp_path)
    assert (done.spill_stores, done.spill_loads) == (0, 0)


def test_mean_and_variance_of_every_step_are_kept_in_registers(tmp_path):
    text = compiled("lorenz63", 64, Reduction(("mean", "var"), every=True))
    done = assemble(text, HOPPER, tmp_path)
    assert (done.spill_stores, done.spill_loads, done.stack) == (0, 0, 0)
    assert done.registers <= 128


@pytest.mark.parametrize("name", ["lorenz63", "lorenz96"])
def test_single_precision_stays_single(name, tmp_path):
    text = compiled(name, 32, replace(EVERYTHING, every=True))
    assemble(text, HOPPER, tmp_path)
    assert re.findall(r"^\s+(?:@%\S+\s+)?([a-z][a-z0-9_.]*\.f64\S*)", text, re.MULTILINE) == []
