"""sin, cos and tan of arguments so large that pi has to be known to a thousand bits."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from itertools import product
from math import inf, ldexp, nan

import llvmlite.binding as llvm
import mpmath
import numpy as np
import pytest
from llvmlite import ir

from fastsci_kernels.numbers.elementary import payne_hanek
from fastsci_kernels.numbers.elementary.trigonometric import LARGEST

from .elementary_samples import EXPONENTS, MANTISSA_BITS, closest_to_quarter_turns
from .ulp_oracle import ulp_errors
from .vector_driver import vector_function

# Of all doubles the one closest to a multiple of pi / 2: J.-M. Muller, "Elementary Functions", 3rd edition (2016).
CLOSEST = 6381956970095103 * 2.0**797
NAMES = ("sin", "cos", "tan")

names = pytest.mark.parametrize("name", NAMES)
precisions = pytest.mark.parametrize("bits", [64, 32])


def test_the_table_is_the_inverse_of_a_turn() -> None:
    with mpmath.workprec(1300):
        assert int(mpmath.ldexp(1 / (2 * mpmath.pi), 1216)) == payne_hanek.INVERSE_OF_TURN
        assert int(mpmath.ldexp(mpmath.pi, 62)) == payne_hanek.PI
    assert sum(word << (64 * (19 - i)) for i, word in enumerate(payne_hanek.WORDS)) == payne_hanek.INVERSE_OF_TURN


@pytest.mark.parametrize(("quarters", "halvings"), [(0, 1), (1, 1), (0, 2)])
def test_the_remainder_is_the_true_one_rounded(quarters: int, halvings: int) -> None:
    remainder = compiled_remainder(quarters, halvings)
    random = np.random.default_rng(12)
    exponents = np.arange(-11, 1024)
    arguments = [*closest_to_quarter_turns(64), *np.ldexp(random.uniform(1, 2, len(exponents)), exponents)]
    worst = 0.0
    with mpmath.workprec(1300):
        part = 2 * mpmath.pi / 2**halvings
        for x in arguments:
            r, n = remainder(x)
            angle = mpmath.mpf(float(x)) + quarters * mpmath.pi / 2
            multiple = int(mpmath.nint(angle / part))
            assert (n - multiple) % 2**halvings == 0
            error = abs(r - (angle - multiple * part)) / np.spacing(abs(r))
            worst = max(worst, float(error))
    assert worst < 0.51


def compiled_remainder(quarters: int, halvings: int) -> Callable[[float], tuple[float, int]]:
    """`payne_hanek.remainder` as a function of one double."""
    module = ir.Module()
    module.triple = llvm.get_process_triple()
    places = [ir.DoubleType().as_pointer(), ir.IntType(64).as_pointer()]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [ir.DoubleType(), *places]), name="reduce")
    builder = ir.IRBuilder(function.append_basic_block())
    x, *outputs = function.args
    results = payne_hanek.remainder(builder, x, quarters=quarters, halvings=halvings)
    for value, place in zip(results, outputs, strict=True):
        builder.store(value, place)
    builder.ret_void()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    engine = llvm.create_mcjit_compiler(
        llvm.parse_assembly(str(module)), llvm.Target.from_default_triple().create_target_machine(jit=True)
    )
    engine.finalize_object()
    kind = ctypes.CFUNCTYPE(None, ctypes.c_double, ctypes.c_void_p, ctypes.c_void_p)
    compiled = kind(engine.get_function_address("reduce"))

    def call(x: float) -> tuple[float, int]:
        assert engine is not None  # The code lives as long as it does.
        r, n = ctypes.c_double(), ctypes.c_int64()
        compiled(x, ctypes.addressof(r), ctypes.addressof(n))
        return r.value, n.value

    return call


def test_famous_values() -> None:
    # K. C. Ng, "Argument reduction for huge arguments: good to the last bit" (1992), and Muller.
    tiny = -4.68716592425462761112e-19
    cases = [("sin", 1e22, -0.8522008497671888018), ("cos", 1e22, 0.5232147853951389455)]
    cases += [("cos", CLOSEST, tiny), ("cos", -CLOSEST, tiny), ("sin", CLOSEST, 1.0), ("tan", CLOSEST, 1 / tiny)]
    for name, x, expected in cases:
        result = vector_function(name, 64, 2)(np.array([x]))
        np.testing.assert_array_max_ulp(result, np.array([expected]), maxulp=1)


def test_the_closest_of_all_is_among_those_tried() -> None:
    closest = closest_to_quarter_turns(64)
    assert CLOSEST in closest
    assert len(closest) == 1024


def test_the_closest_are_those_that_an_exhaustive_search_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MANTISSA_BITS, 32, 9)
    with mpmath.workprec(300):
        for found, exponent in zip(closest_to_quarter_turns(32), range(EXPONENTS[32][1] + 1), strict=True):
            candidates = [ldexp(m, exponent - 9) for m in range(512, 1024)]
            turns = [2 * mpmath.mpf(x) / mpmath.pi for x in candidates]
            distances = [abs(turn - mpmath.nint(turn)) for turn in turns]
            assert found == candidates[int(np.argmin(distances))]


@precisions
@names
def test_close_to_the_true_value_at_every_huge_exponent(name: str, bits: int) -> None:
    random = np.random.default_rng(31)
    exponents = np.repeat(np.arange(int(np.log2(LARGEST[bits])), EXPONENTS[bits][1] + 1), 6 if bits == 64 else 60)
    mantissas = random.integers(1 << MANTISSA_BITS[bits], 2 << MANTISSA_BITS[bits], len(exponents))
    x = np.ldexp(mantissas.astype(float), exponents - MANTISSA_BITS[bits])
    x = (x * random.choice([-1, 1], len(x))).astype(np.float64 if bits == 64 else np.float32)
    errors = ulp_errors(name, bits, vector_function(name, bits, 16)(x), (x,))
    worst = int(np.argmax(errors))
    assert errors[worst] <= (4.0 if name == "tan" else 2.0), f"{errors[worst]:.3f} ulp at {float(x[worst])!r}"


@precisions
@names
def test_a_huge_lane_changes_no_other(name: str, bits: int) -> None:
    # Each of the peculiar numbers in each lane, among ordinary ones and among huge ones.
    function = vector_function(name, bits, 8)
    peculiar = [0.0, -0.0, inf, -inf, nan, LARGEST[bits], 1e22, -1e22, 3e38, 1.5]
    for value, lane, others in product(peculiar, range(8), (0.75, 1e30)):
        x = np.full(8, others, function.dtype)
        expected = function(x)
        x[lane] = value
        expected[lane] = function(np.full(8, value))[lane]
        np.testing.assert_array_equal(function(x).view(np.uint8), expected.view(np.uint8))


@names
def test_odd_or_even(name: str) -> None:
    function = vector_function(name, 64, 16)
    x = closest_to_quarter_turns(64)
    sign = 1 if name == "cos" else -1
    np.testing.assert_array_equal(function(-x), sign * function(x))
