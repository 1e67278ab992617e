"""Derivatives at points compile for CUDA, one thread a point."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import fastsci
from fastsci_kernels.loops import pointwise_cuda
from fastsci_kernels.loops.pointwise_source import Points
from fastsci_kernels.methods.derivative import Derivative
from tests.ptx.assembler import assemble, ptx

pytestmark = pytest.mark.ptx

HOPPER = (9, 0)
KINDS = [
    Derivative("value"),
    Derivative("jvp"),
    Derivative("jvp", 3),
    Derivative("jvp", by_params=True),
    Derivative("jacobian"),
    Derivative("vjp"),
    Derivative("second"),
    Derivative("hessian"),
]


def compiled(fun, derivative, dim, n_params, bits, style="tuple"):
    points = Points(style, dim, n_params, bits, shared=("t", "p"), on_cuda=True)
    drive = pointwise_cuda.build({"slope": fun}, derivative, points)
    return ptx(drive, pointwise_cuda.signature(bits), HOPPER)


def double_instructions(text):
    return set(re.findall(r"^\s+(?:@%\S+\s+)?([a-z][a-z0-9_.]*\.f64\S*)", text, re.MULTILINE))


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("derivative", KINDS, ids=repr)
def test_lorenz_assembles_without_spills(derivative, bits, tmp_path):
    system = fastsci.systems.lorenz63
    text = compiled(system.fun, derivative, 3, 3, bits)
    assert assemble(text, HOPPER, tmp_path).spill_stores == 0
    if bits == 32:
        assert double_instructions(text) == set()


def elementary(t, u, p):
    x, y = u
    return (
        math.sin(x) * math.exp(y) + math.atan2(x, y) + np.tanh(x) + math.sqrt(x) + x ** p[0],
        math.log(x) + np.cbrt(x) + fastsci.where(x > y, x, t * y) + max(x, 1) + np.hypot(x, t),
    )


@pytest.mark.parametrize("derivative", [Derivative("jvp"), Derivative("hessian")], ids=repr)
def test_elementary_functions_assemble(derivative, tmp_path):
    text = compiled(elementary, derivative, 2, 1, 32)
    assert assemble(text, HOPPER, tmp_path).registers > 0


@pytest.mark.parametrize("derivative", [Derivative("jacobian"), Derivative("vjp"), Derivative("second")], ids=repr)
def test_in_place_assembles(derivative, tmp_path):
    def ring(t, u, p, du):
        for i in range(len(u)):
            du[i] = p[0] * (u[i - 1] - u[i]) - u[i] ** 3

    text = compiled(ring, derivative, 9, 1, 32, style="inplace")
    assert assemble(text, HOPPER, tmp_path).registers > 0
    assert double_instructions(text) == set()
