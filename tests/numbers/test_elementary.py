"""Elementary functions on vectors: exactness, special values, and that lanes know nothing of each other."""

from __future__ import annotations

import ctypes
import ctypes.util
import itertools
import os
import re
import subprocess
import sys
import textwrap
from math import inf, nan, pi
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np
import pytest
from llvmlite import ir

from fastsci_kernels.numbers.elementary import FORMULAS, LIBRARY, NAMES, build

from .annex_f import ANNEX_F
from .elementary_samples import DTYPES, single_argument, two_arguments
from .ulp_oracle import FUNCTIONS, ulp_errors
from .vector_driver import VectorFunction, vector_function

WIDTHS = (2, 8, 16, 24)
ULP_BOUNDS = dict.fromkeys(("sin", "cos", "exp", "log", "tanh"), 2.0)
OTHER_ULP_BOUND = 4.0
SUBNORMAL = {64: 5e-324, 32: 1e-45}
LARGEST = {64: float(np.finfo(np.float64).max), 32: float(np.finfo(np.float32).max)}

precisions = pytest.mark.parametrize("bits", [64, 32])


def samples(name: str, bits: int) -> tuple[np.ndarray, ...]:
    return (single_argument(name, bits),) if NAMES[name] == 1 else two_arguments(name, bits)


def bits_of(x: np.ndarray) -> np.ndarray:
    """The encodings, all NaNs alike."""
    x = np.where(np.isnan(x), np.array(nan, x.dtype), x)
    return x.view(np.uint64 if x.dtype == np.float64 else np.uint32)


def same_bits(x: np.ndarray, y: np.ndarray) -> None:
    np.testing.assert_array_equal(bits_of(x), bits_of(y))


def mixed_values(bits: int) -> np.ndarray:
    """Ordinary numbers among all those that take a path of their own."""
    ordinary = np.random.default_rng(5).uniform(-3, 3, 60)
    peculiar = [0.0, -0.0, inf, -inf, nan, SUBNORMAL[bits], LARGEST[bits], 1.0, -1.0, 2.0]
    far_out = [1e9, -3e10, 1e22, 3e38, 710.2, 89.1, -104.0, -745.1]
    return np.concatenate([ordinary, peculiar, far_out]).astype(DTYPES[bits])


@precisions
@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_close_to_the_true_value(name: str, bits: int) -> None:
    arguments = samples(name, bits)
    errors = ulp_errors(name, bits, vector_function(name, bits, 16)(*arguments), arguments)
    worst = int(np.argmax(errors))
    bound = ULP_BOUNDS.get(name, OTHER_ULP_BOUND)
    assert errors[worst] <= bound, f"{errors[worst]:.3f} ulp at {[float(each[worst]) for each in arguments]}"


@precisions
@pytest.mark.parametrize("name", ["sin", "cos", "exp", "log", "tanh", "pow"])
def test_close_to_the_true_value_on_a_machine_without_fused_multiply_add(name: str, bits: int) -> None:
    # The architecture's baseline: on x86-64 every fma is then a call, and every multiply-add two roundings.
    arguments = tuple(each[::7] for each in samples(name, bits))
    errors = ulp_errors(name, bits, VectorFunction(name, bits, 8, cpu="generic")(*arguments), arguments)
    assert errors.max() <= ULP_BOUNDS.get(name, OTHER_ULP_BOUND)


@precisions
def test_sine_and_cosine_never_leave_the_unit_interval(bits: int) -> None:
    # A sine above 1 by a rounding makes sqrt(1 - s^2) a NaN.
    random = np.random.default_rng(8)
    multiples = random.integers(0, 40_000, 200_000)
    x = (multiples * (pi / 2) + random.choice([0, 1e-4, 1e-9], 200_000) * random.normal(size=200_000)).astype(
        DTYPES[bits]
    )
    for name in ("sin", "cos"):
        assert np.abs(vector_function(name, bits, 16)(x)).max() == 1.0


@precisions
def test_special_values_are_those_of_annex_f(bits: int) -> None:
    for name, arguments, expected in ANNEX_F:
        vectors = [np.full(2, argument, DTYPES[bits]) for argument in arguments]
        result = vector_function(name, bits, 2)(*vectors)[0]
        rounded = DTYPES[bits](expected)
        message = f"{name}{arguments} is {result!r}, expected {rounded!r}"
        assert np.isnan(result) == np.isnan(rounded), message
        if not np.isnan(rounded):
            assert result == rounded, message
            assert np.signbit(result) == np.signbit(rounded), message


@precisions
@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_a_nan_comes_through_whatever_its_payload(name: str, bits: int) -> None:
    payloads = np.array([0, 1, 2, 5, 1000, 2**20 + 77, 2**22 - 1], np.uint64 if bits == 64 else np.uint32)
    positive = (bits_of(np.array([nan], DTYPES[bits])) | payloads).view(DTYPES[bits])
    every_nan = np.concatenate([positive, np.negative(positive)])
    assert np.isnan(every_nan).all()
    if NAMES[name] == 1:
        assert np.isnan(vector_function(name, bits, 8)(every_nan)).all()
        return
    number = np.full_like(every_nan, 2.5)
    function = vector_function(name, bits, 8)
    assert np.isnan(function(every_nan, number)).all()
    assert np.isnan(function(every_nan, every_nan)).all()
    assert np.isnan(function(number, every_nan)).all()


@pytest.fixture(scope="module")
def c_library() -> ctypes.CDLL:
    return ctypes.CDLL(ctypes.util.find_library("m"))


def scalar_results(library: ctypes.CDLL, name: str, arguments: list[np.ndarray]) -> np.ndarray:
    """The C library's double function, one number at a time."""
    function = getattr(library, name)
    function.restype = ctypes.c_double
    function.argtypes = [ctypes.c_double] * len(arguments)
    return np.array([function(*map(float, values)) for values in zip(*arguments, strict=True)])


@precisions
@pytest.mark.parametrize("name", sorted(NAMES))
def test_agrees_with_the_c_library_on_peculiar_numbers(name: str, bits: int, c_library: ctypes.CDLL) -> None:
    values = mixed_values(bits)
    arguments = [values]
    if NAMES[name] == 2:
        pairs = itertools.product([*values[-18:], -3.0, 0.5, -2.5, -SUBNORMAL[bits]], repeat=2)
        arguments = [np.array(each, DTYPES[bits]) for each in zip(*pairs, strict=True)]
    result = vector_function(name, bits, 16)(*arguments)
    with np.errstate(over="ignore", under="ignore"):
        expected = scalar_results(c_library, name, arguments).astype(DTYPES[bits])
    if name in LIBRARY:
        same_bits(result, expected)
        return
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.isnan(result), ~numbers)
    np.testing.assert_array_equal(np.signbit(result[numbers]), np.signbit(expected[numbers]))
    np.testing.assert_array_equal(np.isinf(result), np.isinf(expected))
    finite = np.isfinite(expected)
    np.testing.assert_array_max_ulp(result[finite], expected[finite], maxulp=4)


@precisions
@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_lane_knows_nothing_of_its_neighbours(name: str, bits: int) -> None:
    values = mixed_values(bits)
    random = np.random.default_rng(11)
    first = random.choice(values, 480)
    second = random.choice(values, 480)
    arguments = [first, second][: NAMES[name]]
    alone = [np.repeat(each, 2) for each in arguments]
    expected = vector_function(name, bits, 2)(*alone)[::2]
    for width in WIDTHS:
        same_bits(vector_function(name, bits, width)(*arguments), expected)
        order = random.permutation(480)
        shuffled = [each[order] for each in arguments]
        same_bits(vector_function(name, bits, width)(*shuffled), expected[order])


@pytest.mark.skipif(
    not llvm.get_host_cpu_features().get("fma", False),
    reason="looks for the calls of x86-64 with fused multiply-add",
)
@precisions
@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_the_hot_path_calls_nothing(name: str, bits: int) -> None:
    assembly = vector_function(name, bits, 16).assembly
    loop = re.search(r"^loop:(.*?)^\.Lfunc_end", assembly, re.DOTALL | re.MULTILINE)
    assert loop is not None
    calls = re.findall(r"^\s+call", loop.group(1), re.MULTILINE)
    assert len(calls) == (1 if name in ("sin", "cos", "tan") else 0)


@precisions
@pytest.mark.parametrize("name", sorted(NAMES))
def test_only_those_of_the_library_call_the_c_library(name: str, bits: int) -> None:
    module = ir.Module()
    build(name, module, bits, 8)
    declared = {function.name for function in module.functions if function.is_declaration}
    foreign = {symbol for symbol in declared if not symbol.startswith("llvm.")}
    assert foreign == ({name} if name in LIBRARY else set())


def test_a_module_holds_each_function_once() -> None:
    module = ir.Module()
    assert build("sin", module, 64, 8) is build("sin", module, 64, 8)
    assert build("sin", module, 64, 8) is not build("sin", module, 32, 8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("sine", 64, 8), "name is 'sine'"), (("sin", 16, 8), "bits is 16"), (("sin", 64, 1), "width is 1")],
)
def test_what_does_not_exist_is_named(arguments: tuple[str, int, int], message: str) -> None:
    name, bits, width = arguments
    with pytest.raises(ValueError, match=message):
        build(name, ir.Module(), bits, width)


CACHED_KERNELS = """
import numba
import numpy as np
from numba.core import cgutils, types
from numba.extending import intrinsic

from fastsci_kernels.numbers.elementary import build


@intrinsic(prefer_literal=True)
def apply_to_strip(typing_context, result, x, name):
    def generate(context, builder, signature, arguments):
        function = build(name.literal_value, builder.module, 64, 8)
        strip = function.function_type.return_type.as_pointer()
        places = [
            builder.bitcast(cgutils.create_struct_proxy(kind)(context, builder, value).data, strip)
            for kind, value in zip(signature.args[:2], arguments)
        ]
        builder.store(builder.call(function, [builder.load(places[1], align=8)]), places[0], align=8)
        return context.get_dummy_value()

    return types.void(result, x, name), generate


@numba.njit(cache=True)
def sine_and_gamma(result, x):
    apply_to_strip(result[0], x, "sin")
    apply_to_strip(result[1], x, "tgamma")


@numba.njit(cache=True)
def another_sine(result, x):
    apply_to_strip(result, x, "sin")


x = np.array([0.5, 1.0, 1.5, 2.0, 1e22, -3.5, 1e10, 7.0])
result = np.zeros((2, 8))
sine_and_gamma(result, x)
again = np.zeros(8)
another_sine(again, x)
hits = sum(sine_and_gamma.stats.cache_hits.values()) + sum(another_sine.stats.cache_hits.values())
assert (again == result[0]).all()
print(hits, result.tobytes().hex())
"""


def test_survives_numba_and_its_cache(tmp_path: Path) -> None:
    (tmp_path / "cached_kernels.py").write_text(textwrap.dedent(CACHED_KERNELS))
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    outputs = [
        subprocess.run(
            [sys.executable, "cached_kernels.py"],
            cwd=tmp_path,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        for _ in range(2)
    ]
    (first_hits, first), (second_hits, second) = outputs
    assert (first_hits, second_hits) == ("0", "2")
    assert first == second
    sines, gammas = np.frombuffer(bytes.fromhex(second)).reshape(2, 8)
    # sin(1e22), a classic of argument reduction.
    assert sines[4] == -0.8522008497671888
    assert gammas[7] == 720.0
