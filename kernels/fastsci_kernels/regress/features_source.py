"""The text of kernels that make a library's columns, block by block, and of what is done with them.

A block is a table (rows of the plan, samples), kept in a core's cache: products of rows are summed on lanes, and the
library is never stored.  Everything but the lines of the generators is the same for all libraries, so that polynomials
of any degree in any number of states share one kernel.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..loops.driver_text import indent
from .plan import GROUPS, Generator

HEADER = """\
import math

from fastsci_kernels.compile import inner, jit
from fastsci_kernels.numbers import functions
from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.numbers.memory import lane, load, number, store

"""


def generator_lines(generators: Sequence[Generator], n_inputs: int, width: int) -> list[str]:
    """Lines that fill the rows of functions from those of inputs."""
    lines = []
    for index, generator in enumerate(generators):
        lines += [f"a{place} = load(F, {1 + source}, j, {width})" for place, source in enumerate(generator.inputs)]
        code = generator.code.replace("call(", f"call_{index}(")
        # A number that does not depend on the state is one all the same.
        lines.append(f"store(F, {1 + n_inputs + index}, j, ({code}) + number(0.0, 64, {width}))")
    return lines


def _fill(generators: Sequence[Generator], n_inputs: int, width: int) -> str:
    """``fill``: the table of ``count`` samples from ``first`` on, the last repeated up to whole lanes."""
    own = generator_lines(generators, n_inputs, width)
    functions = f"    for j in range(0, padded, {width}):\n" + indent(own, 2) if own else ""
    return f"""\
def fill(F, X, first, count, parents, factors, simple):
    padded = (count + {width - 1}) // {width} * {width}
    for j in range(padded):
        F[0, j] = 1.0
    for i in range(X.shape[1]):
        for j in range(count):
            F[1 + i, j] = X[first + j, i]
        F[1 + i, count:padded] = X[first + count - 1, i]
{functions}    for k in range(parents.shape[0]):
        for j in range(0, padded, {width}):
            product = load(F, parents[k], j, {width}) * load(F, factors[k], j, {width})
            store(F, simple + k, j, product)
    return padded


fill = inner(fill)
"""


def _group(size: int, width: int, weighted: bool) -> str:
    """Lines that add the products of groups of one size."""
    sums = [f"s{lane}" for lane in range(size)]
    rights = [f"r{lane}" for lane in range(size)]
    weight = f" * load(weights, 0, j, {width})" if weighted else ""
    lines = [f"for g in range(left{size}.shape[0]):"]
    body = [f"l = left{size}[g]"]
    body += [f"{right} = right{size}[g, {lane}]" for lane, right in enumerate(rights)]
    body += [f"{total} = number(0.0, 64, {width})" for total in sums]
    body += [f"for j in range(0, padded, {width}):", f"    a = load(F, l, j, {width}){weight}"]
    body += [f"    {total} = {total} + a * load(F, {right}, j, {width})" for total, right in zip(sums, rights)]
    body += [
        f"store(sums, at + {lane}, 0, load(sums, at + {lane}, 0, {width}) + {total})" for lane, total in enumerate(sums)
    ]
    body += [f"at += {size}"]
    return indent([*lines, *("    " + line for line in body)], 2)


GROUP_ARRAYS = ", ".join(f"left{size}, right{size}" for size in GROUPS)


def sums_source(generators: Sequence[Generator], n_inputs: int, width: int, weighted: bool) -> str:
    """``drive``: sums over samples of all products, in ``sums (products, width)``.

    Targets are rows too.  With ``coef (m, p)`` the residuals of a model take their place, so that the same pass
    refines it.  ``weights`` are those of a block; ``W (n,)`` those of samples.
    """
    groups = "".join(_group(size, width, weighted) for size in GROUPS)
    weigh = ["for j in range(count):", "    weights[0, j] = W[o + j]", "weights[0, count:padded] = 0.0"]
    return f"""{HEADER}
{_fill(generators, n_inputs, width)}

def drive(X, Y, W, parents, factors, columns, coef, simple, {GROUP_ARRAYS}, F, weights, sums, first, last):
    block = F.shape[1]
    target = simple + parents.shape[0]
    for o in range(first, last, block):
        count = min(block, last - o)
        padded = fill(F, X, o, count, parents, factors, simple)
        for i in range(Y.shape[1]):
            for j in range(count):
                F[target + i, j] = Y[o + j, i]
            F[target + i, count:padded] = 0.0
        for i in range(coef.shape[0]):
            for k in range(coef.shape[1]):
                c = number(coef[i, k], 64, {width})
                for j in range(0, padded, {width}):
                    left = load(F, target + i, j, {width}) - c * load(F, columns[k], j, {width})
                    store(F, target + i, j, left)
        F[:, count:padded] = 0.0
{indent(weigh, 2) if weighted else ""}        at = 0
{groups}

drive = jit(drive, cache=CACHE)
"""


def values_source(generators: Sequence[Generator], n_inputs: int, width: int) -> str:
    """``drive``: the columns themselves, in ``out (n, p)``; ``combine``: a model's values, in ``out (n, m)``."""
    return f"""{HEADER}
{_fill(generators, n_inputs, width)}

def drive(X, parents, factors, columns, simple, F, out, first, last):
    block = F.shape[1]
    for o in range(first, last, block):
        count = min(block, last - o)
        fill(F, X, o, count, parents, factors, simple)
        for k in range(columns.shape[0]):
            row = columns[k]
            for j in range(count):
                out[o + j, k] = F[row, j]


drive = jit(drive, cache=CACHE)


def combine(X, parents, factors, columns, coef, simple, F, out, first, last):
    block = F.shape[1]
    last_row = F.shape[0] - 1
    for o in range(first, last, block):
        count = min(block, last - o)
        padded = fill(F, X, o, count, parents, factors, simple)
        for i in range(coef.shape[0]):
            for j in range(0, padded, {width}):
                total = number(0.0, 64, {width})
                for k in range(columns.shape[0]):
                    total = total + number(coef[i, k], 64, {width}) * load(F, columns[k], j, {width})
                store(F, last_row, j, total)
            for j in range(count):
                out[o + j, i] = F[last_row, j]


combine = jit(combine, cache=CACHE)
"""
