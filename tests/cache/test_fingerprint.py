"""Two functions share a fingerprint only if they compute the same."""

from __future__ import annotations

import math
import subprocess
import sys
import types

import numba
import numpy as np
import pytest

from fastsci_kernels.fingerprint import captured, fingerprint

GAIN = 2.0
TABLE = np.arange(3.0)


def made(source: str, **names):
    """The function ``f`` of a text without a file."""
    exec(source, names)
    return names["f"]


def test_name_file_and_place_do_not_matter():
    assert fingerprint(made("def f(t, u, p): return u")) == fingerprint(made("\n\n\ndef f(t, u, p): return u"))
    assert fingerprint(made("f = lambda t, u, p: u")) == fingerprint(made("def f(t, u, p): return u"))


@pytest.mark.parametrize(
    "other",
    [
        "def f(t, u, p): return u - 1.5",
        "def f(t, u, p): return u + 1.25",
        "def f(t, u, p): return u + p",
        "def f(t, u, p): return t + 1.5",
    ],
)
def test_what_is_computed_matters(other):
    assert fingerprint(made("def f(t, u, p): return u + 1.5")) != fingerprint(made(other))


def test_negative_zero_and_nan_are_values_of_their_own():
    digests = {fingerprint(made("def f(t): return a", a=value)) for value in (0.0, -0.0, math.nan, 0, False)}
    assert len(digests) == 5


def test_a_captured_value_matters_whenever_it_changes():
    gain = 1.0

    def f(t, u, p):
        return gain * u

    before = fingerprint(f)
    assert fingerprint(f) == before
    gain = 2.0
    changed = fingerprint(f)
    assert changed != before
    gain = 1.0
    assert fingerprint(f) == before


def test_an_array_changed_in_place_matters():
    table = np.arange(3.0)
    f = made("def f(t, u, p): return table[0] * u", table=table)
    before = fingerprint(f)
    table[0] = 7.0
    assert fingerprint(f) != before


def test_called_functions_matter_however_deep():
    inner = "def inner(x): return {} * x\ndef outer(x): return inner(x)\ndef f(t, u, p): return outer(u)"
    assert fingerprint(made(inner.format(2.0))) != fingerprint(made(inner.format(3.0)))
    assert fingerprint(made(inner.format(2.0))) == fingerprint(made(inner.format(2.0)))


def test_a_compiled_function_counts_as_what_it_compiles():
    twice = made("def f(x): return 2.0 * x")
    assert fingerprint(made("def f(t): return g(t)", g=numba.njit(twice))) != fingerprint(
        made("def f(t): return g(t)", g=numba.njit(made("def f(x): return 3.0 * x")))
    )


def test_a_module_counts_by_the_attributes_in_use():
    module = types.ModuleType("constants_of_a_user")
    module.gravity, module.unused = 9.81, 1.0
    f = made("def f(t): return m.gravity", m=module)
    before = fingerprint(f)
    module.unused = 2.0
    assert fingerprint(f) == before
    module.gravity = 1.62
    assert fingerprint(f) != before


def test_recursion_and_mutual_calls_end():
    fingerprint(made("def f(t): return f(t)"))
    fingerprint(made("def g(t): return f(t)\ndef f(t): return g(t)"))


def test_captured_finds_globals_and_free_variables():
    rate = 3.0

    def f(t, u, p):
        return rate * GAIN * TABLE[0]

    assert captured(f) == {"rate": 3.0, "GAIN": 2.0, "TABLE": TABLE}


def test_another_process_agrees():
    script = (
        "import math, numpy as np\n"
        "from fastsci_kernels.fingerprint import fingerprint\n"
        "table = np.arange(4.0)\n"
        "names = dict(math=math, table=table, np=np)\n"
        "exec('def f(t, u, p):\\n    return math.sin(u) * table[1] + np.cos(t) + 0.1, frozenset((1, 2))', names)\n"
        "print(fingerprint(names['f']))\n"
    )
    runs = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].strip()) == 64
