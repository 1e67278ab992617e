"""The jit wrapper: helpers are compiled too, and what the compiler refuses is said in one line."""

from __future__ import annotations

import math

import numba
import pytest

from fastsci_kernels.compile import CompilationError, compilable, explain, jit

SCALE = 3.0


def scaled(x):
    return SCALE * squared(x)


def squared(x):
    return x * x


def uses_helpers(x):
    return scaled(x) + math.sin(0.0)


def test_plain_helpers_are_compiled_however_deep():
    assert jit(compilable(uses_helpers))(2.0) == 12.0


def test_the_original_is_left_alone():
    copy = compilable(uses_helpers)
    assert copy is not uses_helpers
    assert uses_helpers.__globals__["scaled"] is scaled


def calls_itself(x):
    return calls_itself(x - 1.0)


def test_recursion_is_refused_with_a_remedy():
    with pytest.raises(CompilationError, match="calls itself; write the recursion as a loop"):
        compilable(calls_itself)


def reads_input(x):
    answer = input("?")
    return x + len(answer)


def test_the_explanation_names_the_line_and_is_one_line():
    with pytest.raises(numba.TypingError) as raised:
        jit(compilable(reads_input))(1.0)
    message = explain(raised.value, reads_input)
    assert "\n" not in message
    assert __file__ in message
    assert 'answer = input("?")' in message


def test_arithmetic_is_as_written():
    add = jit(lambda x, y: (x + y) - y)
    assert math.copysign(1.0, jit(lambda x: x + 0.0 * x)(-0.0)) == -1.0
    assert math.isnan(add(math.nan, 1.0))
    assert add(1.0, 1e17) == 0.0
