"""The text of kernels that make a library's columns, block by block, and of what is done with them.

A block is a table (rows of the plan, samples), kept in a core's cache: products of rows are summed on lanes, and the
library is never stored.  Everything but the lines of the generators is the same for all libraries, so that polynomials
of any degree in any number of states share one kernel.  Rows are written as flat memory, a block's samples apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..loops.driver_text import indent
from .cover import RUN, SIDE
from .plan import Generator

STRIP = 4  # registers of samples that are made in turn; blocks are multiples of so many
NARROW = 4  # inputs up to which rows are shuffled apart, by a loop for each number of inputs
WIDE = 8  # lanes of registers of which there are enough for a whole tile

HEADER = """\
import math

import numpy as np

from fastsci_kernels.compile import inner, jit
from fastsci_kernels.numbers import functions
from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.numbers.counters import draw
from fastsci_kernels.numbers.memory import number
from fastsci_kernels.numbers.rows import load_column, load_rows
from fastsci_kernels.numbers.tables import add_pairs, add_tile, read, write, write_rows, write_square

"""


def _read_samples(width: int) -> str:
    """``read_samples``: ``count`` rows of ``A`` from ``first`` on as columns of the table from row ``top`` on."""
    narrow = []
    for dim in range(1, NARROW + 1):
        narrow += [f"{'el' if dim > 1 else ''}if n == {dim}:", f"    for j in range(0, whole, {width}):"]
        narrow += [f"        write_rows(F, top * block + j, block, load_rows(A, first + j, {width}, {dim}))"]
    return f"""\
def read_samples(F, block, top, A, first, count, padded):
    n = A.shape[1]
    whole = count // {width} * {width}
{indent(narrow, 1)}    else:
        for j in range(0, whole, {width}):
            for i in range(n):
                write(F, (top + i) * block + j, load_column(A, first + j, i, {width}))
    for i in range(n):
        row = (top + i) * block
        for j in range(whole, count):
            F[row + j] = A[first + j, i]
        for j in range(count, padded):
            F[row + j] = A[first + count - 1, i]


read_samples = inner(read_samples)
"""


def generator_lines(generators: Sequence[Generator], n_inputs: int, width: int) -> list[str]:
    """Lines that fill the rows of functions from those of inputs."""
    lines = []
    for index, generator in enumerate(generators):
        lines += [
            f"a{place} = read(F, {1 + source} * block + j, {width})" for place, source in enumerate(generator.inputs)
        ]
        code = generator.code.replace("call(", f"call_{index}(")
        # A number that does not depend on the state is one all the same.
        lines.append(f"write(F, {1 + n_inputs + index} * block + j, ({code}) + number(0.0, 64, {width}))")
    return lines


def _simple(generators: Sequence[Generator], n_inputs: int, width: int, own_width: int) -> str:
    """``simple_rows``: 1, inputs and functions of ``count`` samples, the last repeated up to ``padded``."""
    own = generator_lines(generators, n_inputs, own_width)
    functions = f"    for j in range(0, padded, {own_width}):\n" + indent(own, 2) if own else ""
    return f"""\
def simple_rows(F, block, X, first, count, padded):
    top = np.int64(1)  # a literal would be a type of its own, and compiled once more
    for j in range(0, padded, {width}):
        write(F, j, number(1.0, 64, {width}))
    read_samples(F, block, top, X, first, count, padded)
{functions}

simple_rows = inner(simple_rows)
"""


def _products(width: int, summed: str) -> str:
    """``product_rows``: the rows that are products of earlier ones, and their sums: "no", "plain" or "weighted"."""
    strips = range(STRIP)
    weights = [f" * read(weights, j + {s * width}, {width})" if summed == "weighted" else "" for s in strips]
    lines = ["p = parents[k] * block", "f = factors[k] * block", "row = (simple + k) * block"]
    lines += [f"s{s} = number(0.0, 64, {width})" for s in strips] if summed != "no" else []
    lines += [f"for j in range(0, padded, {STRIP * width}):"]
    for s in strips:
        lines.append(f"    product = read(F, p + j + {s * width}, {width}) * read(F, f + j + {s * width}, {width})")
        lines.append(f"    write(F, row + j + {s * width}, product)")
        lines += [f"    s{s} = s{s} + product{weights[s]}"] if summed != "no" else []
    if summed != "no":
        lines.append(f"at = first_sum + (simple + k) * {width}")
        lines.append(f"write(sums, at, read(sums, at, {width}) + ((s0 + s1) + (s2 + s3)))")
    own = ", weights, sums, first_sum" if summed != "no" else ""
    return f"""\
def product_rows(F, block, parents, factors, simple, padded{own}):
    for k in range(parents.shape[0]):
{indent(lines, 2)}

product_rows = inner(product_rows)
"""


def _model(width: int) -> str:
    """``add_model``: ``sign`` times ``coef (m, p)`` of the columns, added to the rows from ``top`` on."""
    strips = range(STRIP)
    return f"""\
def add_model(F, block, columns, coef, sign, top, padded):
    for i in range(coef.shape[0]):
        row = (top + i) * block
        for j in range(0, padded, {STRIP * width}):
{indent([f"s{s} = read(F, row + j + {s * width}, {width})" for s in strips], 3)}\
            for k in range(columns.shape[0]):
                c = number(sign * coef[i, k], 64, {width})
                place = columns[k] * block + j
{indent([f"s{s} = s{s} + c * read(F, place + {s * width}, {width})" for s in strips], 4)}\
{indent([f"write(F, row + j + {s * width}, s{s})" for s in strips], 3)}

add_model = inner(add_model)
"""


def _common(generators: Sequence[Generator], n_inputs: int, width: int, own_width: int, summed: str) -> str:
    simple = _simple(generators, n_inputs, width, own_width)
    parts = _read_samples(width), simple, _products(width, summed)
    return HEADER + "\n\n" + "\n\n".join(parts)


def _row(names: str, place: str, count: int) -> str:
    """A tuple of where rows begin in the table."""
    return "(" + ", ".join(f"{names}[t, {place}{i}] * block" for i in range(count)) + ")"


def _added(width: int, weighted: bool) -> list[str]:
    """Lines that add the products of a block to the sums."""
    tail = f"{'weights' if weighted else 'None'}, padded, sums"
    height = SIDE if width >= WIDE else SIDE // 2  # a tile by halves where registers are few
    lines = ["at = 0", "for t in range(tiles.shape[0]):"]
    for top in range(0, SIDE, height):
        lefts = "(" + ", ".join(f"tiles[t, 0, {top + i}] * block" for i in range(height)) + ")"
        lines.append(f"    add_tile(F, {lefts}, {_row('tiles', '1, ', SIDE)}, {tail}, at, {width})")
        lines.append(f"    at += {height * SIDE * width}")
    lines.append("for t in range(runs.shape[0]):")
    rights = "(" + ", ".join(f"runs[t, {1 + i}] * block" for i in range(RUN)) + ")"
    lines.append(f"    add_tile(F, (runs[t, 0] * block,), {rights}, {tail}, at, {width})")
    lines += [f"    at += {RUN * width}", "for t in range(handfuls.shape[0]):"]
    lefts, rights = _row("handfuls", "0, ", RUN), _row("handfuls", "1, ", RUN)
    lines.append(f"    add_pairs(F, {lefts}, {rights}, {tail}, at, {width})")
    return [*lines, f"    at += {RUN * width}"]


def _row_sums(width: int, weighted: bool) -> str:
    """``row_sums``: sums of the rows that are not products."""
    weights = [f" * read(weights, j + {s * width}, {width})" if weighted else "" for s in range(STRIP)]
    body = [f"s{s} = number(0.0, 64, {width})" for s in range(STRIP)]
    body += [f"for j in range(0, padded, {STRIP * width}):"]
    body += [f"    s{s} = s{s} + read(F, row * block + j + {s * width}, {width}){weights[s]}" for s in range(STRIP)]
    body += [f"at = first_sum + row * {width}"]
    body += [f"write(sums, at, read(sums, at, {width}) + ((s0 + s1) + (s2 + s3)))"]
    return f"""\
def row_sums(F, block, simple, target, n_rows, padded, weights, sums, first_sum):
    for place in range(simple + n_rows - target):
        row = place if place < simple else place - simple + target
{indent(body, 2)}

row_sums = inner(row_sums)
"""


def _lane_total(width: int) -> str:
    """The sum of the lanes of a register that was written, halves added to halves."""
    terms = [f"sums[k * {width} + {lane}]" for lane in range(width)]
    while len(terms) > 1:
        half = len(terms) // 2
        terms = [f"({a} + {b})" for a, b in zip(terms[:half], terms[half:], strict=True)]
    return terms[0]


def sums_source(generators: Sequence[Generator], n_inputs: int, width: int, own_width: int, weighted: bool) -> str:
    """``drive``: sums of all products over ranges of samples ``edges (ranges, 2)``, added to rows of ``out``.

    Ranges are drawn from ``counter`` by whichever thread is free, at most ``most`` of them in a call, so that a call
    does many without a return to Python.  Targets are rows too.  With ``coef (m, p)`` the residuals of a model take
    their place, so that the same pass refines it.  ``weights`` are those of a block; ``W (n,)`` those of samples.
    ``F`` is the table; ``sums (products * width,)`` are those of a range, a sum a lane.
    """
    lines = _added(width, weighted)
    summed = "weighted" if weighted else "plain"
    weighing = ["for j in range(padded):", "    weights[j] = W[o + j] if j < count else 0.0"]
    weigh = indent(weighing, 2) if weighted else ""
    return f"""{_common(generators, n_inputs, width, own_width, summed)}

{_row_sums(width, weighted)}

{_model(width)}

def range_sums(
    X, Y, W, parents, factors, columns, coef, simple, tiles, runs, handfuls, F, block, weights, sums, first, last
):
    target = simple + parents.shape[0]
    n_rows = target + Y.shape[1]
    first_sum = sums.shape[0] - n_rows * {width}
    sums[:] = 0.0
    for o in range(first, last, block):
        count = min(block, last - o)
        padded = (count + {STRIP * width - 1}) // {STRIP * width} * {STRIP * width}
        simple_rows(F, block, X, o, count, padded)
        read_samples(F, block, target, Y, o, count, padded)
        if count < padded:
            for row in range(n_rows):
                for j in range(count, padded):
                    F[row * block + j] = 0.0
{weigh}        product_rows(F, block, parents, factors, simple, padded, weights, sums, first_sum)
        add_model(F, block, columns, coef, -1.0, target, padded)
        row_sums(F, block, simple, target, n_rows, padded, weights, sums, first_sum)
{indent(lines, 2)}

range_sums = inner(range_sums)


def drive(
    X, Y, W, parents, factors, columns, coef, simple, tiles, runs, handfuls, F, block, weights, sums, edges, counter,
    most, out
):
    for turn in range(most):
        number = draw(counter)
        if number >= edges.shape[0]:
            return
        range_sums(
            X, Y, W, parents, factors, columns, coef, simple, tiles, runs, handfuls, F, block, weights, sums,
            edges[number, 0], edges[number, 1]
        )
        for k in range(out.shape[1]):
            out[number, k] += {_lane_total(width)}

drive = jit(drive, cache=CACHE)
"""


def values_source(generators: Sequence[Generator], n_inputs: int, width: int, own_width: int) -> str:
    """``drive``: the columns themselves, in ``out (n, p)``."""
    square = ", ".join(f"read(F, columns[k + {c}] * block + j, {width})" for c in range(width))
    return f"""{_common(generators, n_inputs, width, own_width, "no")}

def drive(X, parents, factors, columns, simple, F, block, out, first, last):
    p = columns.shape[0]
    for o in range(first, last, block):
{_table(width)}        whole = count // {width} * {width}
        blocks = p // {width} * {width}
        for j in range(0, whole, {width}):
            for k in range(0, blocks, {width}):
                write_square(out, o + j, k, ({square},))
            for k in range(blocks, p):
                for i in range(j, j + {width}):
                    out[o + i, k] = F[columns[k] * block + i]
        for i in range(whole, count):
            for k in range(p):
                out[o + i, k] = F[columns[k] * block + i]


drive = jit(drive, cache=CACHE)
"""


def model_source(generators: Sequence[Generator], n_inputs: int, width: int, own_width: int) -> str:
    """``drive``: a model's values, in ``out (n, m)``."""
    return f"""{_common(generators, n_inputs, width, own_width, "no")}

{_model(width)}

def drive(X, parents, factors, columns, coef, simple, F, block, out, first, last):
    target = simple + parents.shape[0]
    for o in range(first, last, block):
{_table(width)}        for place in range(target * block, F.shape[0]):
            F[place] = 0.0
        add_model(F, block, columns, coef, 1.0, target, padded)
        for i in range(coef.shape[0]):
            row = (target + i) * block
            for j in range(count):
                out[o + j, i] = F[row + j]


drive = jit(drive, cache=CACHE)
"""


def _table(width: int) -> str:
    """Lines that make the table of a block."""
    strip = STRIP * width
    lines = ["count = min(block, last - o)", f"padded = (count + {strip - 1}) // {strip} * {strip}"]
    lines += ["simple_rows(F, block, X, o, count, padded)", "product_rows(F, block, parents, factors, simple, padded)"]
    return indent(lines, 2)
