"""Every kernel compiles to PTX and assembles; small states stay in registers; float32 stays float32."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import fastsci
from fastsci_kernels import cuda_target
from fastsci_kernels.loops import cuda
from fastsci_kernels.loops.cuda_source import driver_source
from fastsci_kernels.loops.driver_text import Shape
from fastsci_kernels.methods.registry import FIXED
from tests.ptx.assembler import assemble, ptx

pytestmark = pytest.mark.ptx

AMPERE, HOPPER = (8, 0), (9, 0)
FLOWS = [name for name in fastsci.systems.names() if fastsci.systems.get(name).kind == "flow"]
# libdevice reduces the argument of sinf and cosf beyond 105,615 by 2/pi to 96 bits, and multiplies what is left in
# float64: these instructions, on a path that ordinary arguments do not take.
SLOW_REDUCTION = {"cvt.rn.f64.s64", "mul.f64", "cvt.rn.f32.f64"}


def compiled(system, bits, cc, method="RK4"):
    shape = Shape(system.style, system.dim, len(system.params), bits)
    return ptx(cuda.build({"slope": system.fun}, FIXED[method], shape), cuda.signature(shape), cc)


def double_instructions(text):
    return set(re.findall(r"^\s+(?:@%\S+\s+)?([a-z][a-z0-9_.]*\.f64\S*)", text, re.MULTILINE))


@pytest.mark.parametrize("cc", [AMPERE, HOPPER], ids=["sm_80", "sm_90"])
def test_lorenz_in_double_precision_fits_in_64_registers(cc, tmp_path):
    done = assemble(compiled(fastsci.systems.lorenz63, 64, cc), cc, tmp_path)
    assert done.registers <= 64
    assert (done.spill_stores, done.spill_loads, done.stack) == (0, 0, 0)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("name", FLOWS)
def test_every_flow_assembles_for_hopper(name, bits, tmp_path):
    check(fastsci.systems.get(name), bits, HOPPER, tmp_path)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("name", ["lorenz63", "pendulum", "lorenz96"])
def test_some_flows_assemble_for_ampere(name, bits, tmp_path):
    check(fastsci.systems.get(name), bits, AMPERE, tmp_path)


def check(system, bits, cc, folder):
    text = compiled(system, bits, cc)
    done = assemble(text, cc, folder)
    if system.style == "tuple":
        assert (done.spill_stores, done.spill_loads) == (0, 0)
        assert done.registers <= (128 if system.dim <= 8 else 255)
    if bits == 32:
        assert double_instructions(text) <= SLOW_REDUCTION
    # The exponential of libdevice scales its argument so that this instruction meets no subnormal.
    assert ".ftz" not in text.replace("ex2.approx.ftz.f32", "")


@pytest.mark.parametrize("name", ["lorenz63", "robertson", "van_der_pol", "lorenz96"])
def test_single_precision_has_no_double_instruction_at_all(name):
    assert double_instructions(compiled(fastsci.systems.get(name), 32, HOPPER)) == set()


def test_the_check_for_double_instructions_sees_them():
    found = double_instructions(compiled(fastsci.systems.lorenz63, 64, HOPPER))
    assert {"fma.rn.f64", "ld.global.f64"} <= found


def test_weak_literals_powers_and_choices_stay_single():
    @fastsci.system(state=("x", "y"))
    def mixed(t, u, p):
        x, y = u
        near = fastsci.where(x > 0, 0.1 * x, (1 + x) / 2)
        return near + x**1.5 - x**2 + min(y, 1) + np.float64(0.3) * abs(y), np.exp(-y) / (2.5 + t) + max(x, 0.5)

    assert double_instructions(compiled(mixed, 32, HOPPER)) == set()


def test_division_and_roots_are_those_of_ieee():
    @fastsci.system(state=("x",))
    def quotient(t, u, p):
        (x,) = u
        return (math.sqrt(x) / (x + 3),)

    text = compiled(quotient, 32, HOPPER, "Euler")
    assert "div.rn.f32" in text
    assert "sqrt.rn.f32" in text
    assert "approx" not in text


def test_multiplication_and_addition_are_fused():
    assert compiled(fastsci.systems.lorenz63, 32, HOPPER).count("fma.rn.f32") > 20


FUNCTIONS = [
    "math.sin(x)",
    "math.cos(x)",
    "math.tan(x)",
    "math.exp(x)",
    "math.expm1(x)",
    "math.log(x)",
    "math.log1p(x)",
    "math.sqrt(x)",
    "math.tanh(x)",
    "math.sinh(x)",
    "math.cosh(x)",
    "math.atan(x)",
    "math.atan2(x, t)",
    "math.pow(x, 2)",
    "math.floor(x)",
    "math.hypot(x, t)",
    "np.sin(x)",
    "np.cos(x)",
    "np.tan(x)",
    "np.exp(x)",
    "np.expm1(x)",
    "np.log(x)",
    "np.log1p(x)",
    "np.sqrt(x)",
    "np.tanh(x)",
    "np.sinh(x)",
    "np.cosh(x)",
    "np.arctan(x)",
    "np.arctan2(x, t)",
    "np.power(x, t)",
    "np.floor(x)",
    "np.hypot(x, t)",
    "np.sign(x)",
    "np.rint(x)",
    "np.abs(x)",
    "np.square(x)",
    "np.maximum(x, 0)",
    "np.where(x > 0, x, t)",
    "math.cbrt(x)",
    "np.cbrt(x)",
    "math.fabs(x)",
    "-x",
    "abs(x)",
    "x % 2",
    "x // 2",
    "x**3",
    "x**-1",
    "2**x",
    "np.isfinite(x) * x",
    "math.erf(x)",
]


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("first", range(0, len(FUNCTIONS), 10))
def test_elementary_functions_compile_by_either_name(first, bits, tmp_path):
    chosen = FUNCTIONS[first : first + 10]
    names = {"math": math, "np": np}
    exec(f"def elementary(t, u, p):\n    x = u[0]\n    return ({', '.join(chosen)},)\n", names)
    shape = Shape("tuple", len(chosen), 0, bits)
    drive = cuda.build({"slope": names["elementary"]}, FIXED["Euler"], shape)
    text = ptx(drive, cuda.signature(shape), HOPPER)
    assert assemble(text, HOPPER, tmp_path).registers > 0
    if bits == 32:
        assert double_instructions(text) <= SLOW_REDUCTION


@pytest.mark.parametrize("method", ["Euler", "Tsit5", "DOP853"])
def test_other_methods_assemble_without_spills(method, tmp_path):
    done = assemble(compiled(fastsci.systems.lorenz63, 64, HOPPER, method), HOPPER, tmp_path)
    assert (done.spill_stores, done.spill_loads) == (0, 0)


def test_shared_arrays_become_constants_of_the_kernel(tmp_path):
    coupling = np.arange(576.0).reshape(24, 24)

    @fastsci.system(constants={"K": coupling}, state=tuple("abcdefghijklmnopqrstuvwx"))
    def network(t, u, p, du):
        for i in range(len(u)):
            total = 0.0
            for j in range(len(u)):
                total += K[i, j] * (u[j] - u[i])  # noqa: F821 (a constant)
            du[i] = total

    text = compiled(network, 32, HOPPER)
    assert "ld.const.f32" in text
    assert double_instructions(text) == set()
    assert assemble(text, HOPPER, tmp_path).registers > 0


def test_shared_arrays_beyond_what_a_kernel_holds_are_refused():
    @fastsci.system(constants={"K": np.ones((100, 100))}, state=("x",))
    def table(t, u, p):
        return (K[0, 0] * u[0],)  # noqa: F821 (a constant)

    with pytest.raises(ValueError, match="constants: table reads 80000 bytes of arrays, but a GPU kernel holds 65536"):
        cuda.kernel(table.fun, FIXED["RK4"], style="tuple", dim=1, n_params=0, dtype=np.dtype(float))


def test_states_beyond_the_memory_of_a_thread_are_refused():
    def still(t, u, p, du):
        for i in range(len(u)):
            du[i] = 0.0

    with pytest.raises(ValueError, match="y0: a state of 20000 numbers needs 1120000 bytes a thread with RK4"):
        cuda.kernel(still, FIXED["RK4"], style="inplace", dim=20_000, n_params=0, dtype=np.dtype(float))


def test_the_step_is_the_one_of_the_cpu():
    shape = Shape("tuple", 3, 3, 64)
    assert FIXED["RK4"].flat_step(3) in driver_source(FIXED["RK4"], shape)


@pytest.mark.skipif(cuda_target.cuda().is_available(), reason="there is a GPU")
def test_without_a_gpu_one_line_says_so():
    with pytest.raises(RuntimeError) as caught:
        fastsci.solve_ensemble(fastsci.systems.lorenz63, (0, 1), [1.0, 1.0, 1.0], dt=0.1, device="cuda")
    assert str(caught.value) == "device: is 'cuda', but no CUDA device was found; use device=\"cpu\""


def test_without_numba_cuda_the_extra_is_named(monkeypatch):
    cuda_target.cuda.cache_clear()
    monkeypatch.setattr(cuda_target.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match=r"numba-cuda, which is not installed; pip install 'fastsci\[cuda13\]'"):
        fastsci.solve_ensemble(fastsci.systems.lorenz63, (0, 1), [1.0, 1.0, 1.0], dt=0.1, device="cuda")
