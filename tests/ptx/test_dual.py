"""Duals and stiff attempts compile for CUDA, one thread a member."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from numba import types

import fastsci
from fastsci_kernels import cuda_target
from fastsci_kernels.compile import compilable
from fastsci_kernels.methods.rosenbrock_catalogue import RODAS3, RODAS5P
from fastsci_kernels.numbers import on_cuda
from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.numbers.dual import dual, dual_scratch, tangents
from fastsci_kernels.numbers.memory import any_lane, load, number, scratch, store
from tests.ptx.assembler import assemble, ptx

pytestmark = pytest.mark.ptx

HOPPER = (9, 0)


def compiled(method, fun, dim, n_params, bits, style="tuple"):
    """A kernel that tries one step a thread."""
    on_cuda.bind()
    flat = style == "tuple"
    text = "rhs = slope\n" + method.preamble(style, flat, dim, n_params, bits, 1, "device")
    text += (
        f"\n{method.flat_attempt(dim, False) if flat else method.long_attempt(dim, False)}\nattempt = device(attempt)\n"
    )
    loads = "".join(f"load(params, {i}, o, 1), " for i in range(n_params))
    state = "".join(f"load(y, {i}, o, 1), " for i in range(dim))
    lines = ["o = cuda.grid(1)", f"p, h = ({loads}), number(1e-3, {bits}, 1)", f"t = number(0.0, {bits}, 1)", "tol = h"]
    if flat:
        lines += [f"u, atol = ({state}), ({'tol, ' * dim})", "k = rhs(t, u, p)"]
        lines.append("v, c, k_next, error, data = attempt(t, u, (), p, h, k, tol, atol)")
    else:
        names = ("u", "v", "digits", "k", "k_next", "atol", *method.attempt_buffers())
        lines += [f"{name} = scratch({bits}, 1, {dim})" for name in names]
        lines += [f"for i in range({dim}):", "    u[i] = load(y, i, o, 1)", "    atol[i] = tol", "rhs(t, u, p, k)"]
        lines.append(f"attempt(t, u, (), p, h, k, tol, atol, v, digits, k_next, {', '.join(method.attempt_buffers())})")
    lines += [f"store(y, {i}, o, v[{i}])" for i in range(dim)]
    text += "\ndef run(y, params):\n" + "".join(f"    {line}\n" for line in lines)
    cuda = cuda_target.cuda()
    names = {
        **{
            "slope": cuda_target.device(compilable(fun, cuda_target.device)),
            "device": cuda_target.device,
            "cuda": cuda,
        },
        **{"where": where, "dual": dual, "dual_scratch": dual_scratch, "tangents": tangents, "any_lane": any_lane},
        **{"load": load, "number": number, "scratch": scratch, "store": store},
    }
    exec(text, names)
    array = types.Array(types.float32 if bits == 32 else types.float64, 2, "C")
    return ptx(cuda_target.kernel(names["run"], False), types.void(array, array), HOPPER)


def double_instructions(text):
    return set(re.findall(r"^\s+(?:@%\S+\s+)?([a-z][a-z0-9_.]*\.f64\S*)", text, re.MULTILINE))


@pytest.mark.parametrize("bits", [32, 64])
def test_a_stiff_attempt_on_robertson_assembles(bits, tmp_path):
    system = fastsci.systems.get("robertson")
    text = compiled(RODAS5P.fitted(system.fun), system.fun, 3, 3, bits)
    assert assemble(text, HOPPER, tmp_path).spill_stores == 0
    if bits == 32:
        assert double_instructions(text) == set()


def elementary(t, u, p):
    x, y = u
    return (
        math.sin(x) * math.exp(y) + math.atan2(x, y) + np.tanh(x) + math.sqrt(x) + abs(y) % 2 + x**3 + x ** p[0],
        math.log(x) + math.erf(y) + np.cbrt(x) + np.floor(x) + where(x > y, x, t * y) + max(x, 1) + np.hypot(x, t),
    )


@pytest.mark.parametrize("bits", [32, 64])
def test_elementary_functions_of_duals_assemble(bits, tmp_path):
    text = compiled(RODAS3.fitted(elementary), elementary, 2, 1, bits)
    assert assemble(text, HOPPER, tmp_path).registers > 0


def test_a_stiff_attempt_in_place_assembles(tmp_path):
    def ring(t, u, p, du):
        for i in range(len(u)):
            du[i] = p[0] * (u[i - 1] - u[i]) - u[i] ** 3

    text = compiled(RODAS3.fitted(ring), ring, 9, 1, 32, style="inplace")
    assert assemble(text, HOPPER, tmp_path).registers > 0
    assert double_instructions(text) == set()
