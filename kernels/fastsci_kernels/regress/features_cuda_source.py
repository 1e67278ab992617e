"""The text of the kernels that sum products of a library's columns on a GPU.

A block of threads takes samples by the tile.  All of its threads make the table of a tile (rows of the plan, samples)
in shared memory, and then each is one lane of a group: a group owns a unit of sixteen products, its lanes share out the
samples, and the sums stay in registers while tile follows tile.  Blocks along the second axis of the grid own further
units, and make the table once more.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..loops.driver_text import indent
from .cover import SIDE
from .features_source import generator_lines
from .plan import Generator

UNIT = SIDE * SIDE


LOOP = ["j = lane", "while j < block:", "    w = read(F, weight + j, 1)"]  # over a lane's samples


def _tile() -> list[str]:
    """Lines that add a tile of the plan: each of its lefts times each of its rights."""
    lines = [f"l{i} = tiles[unit, 0, {i}] * block" for i in range(SIDE)]
    lines += [f"r{i} = tiles[unit, 1, {i}] * block" for i in range(SIDE)]
    lines += [*LOOP, *(f"    b{i} = read(F, r{i} + j, 1)" for i in range(SIDE))]
    for i in range(SIDE):
        lines.append(f"    a = read(F, l{i} + j, 1) * w")
        lines += [f"    s{SIDE * i + k} = s{SIDE * i + k} + a * b{k}" for k in range(SIDE)]
    return [*lines, "    j += lanes"]


def _pairs() -> list[str]:
    """Lines that add products pair by pair, a few at a time: where their rows begin takes registers too."""
    lines = []
    for top in range(0, UNIT, SIDE):
        for side, name in enumerate("lr"):
            lines += [f"{name}{i} = pairs[unit - n_tiles, {side}, {top + i}] * block" for i in range(SIDE)]
        lines += LOOP
        lines += [f"    s{top + i} = s{top + i} + read(F, l{i} + j, 1) * w * read(F, r{i} + j, 1)" for i in range(SIDE)]
        lines += ["    j += lanes"]
    return lines


def _totals() -> list[str]:
    """Lines that add the lanes of each group, in their order, and write the sums of the block."""
    lines = []
    for top in range(0, UNIT, SIDE):
        lines.append("cuda.syncthreads()")
        lines += [f"F[{i} * threads + thread] = s{top + i}" for i in range(SIDE)]
        lines += ["cuda.syncthreads()", "if lane == 0 and unit < n_units:", f"    for i in range({SIDE}):"]
        lines += ["        total = 0.0", "        for j in range(lanes):"]
        lines += ["            total += F[i * threads + thread + j]"]
        lines += [f"        partial[cuda.blockIdx.x, unit * {UNIT} + {top} + i] = total"]
    return lines


def sums_source(generators: Sequence[Generator], n_inputs: int) -> str:
    """``drive``: a row of ``partial (blocks, products)`` a block; ``reduce``: their sums, in ``out (products,)``.

    ``levels`` are where the rows begin, in ``order``, that need none but rows of earlier levels.  ``W`` has a weight a
    sample, or nothing.  The table's last row holds weights, which are zero where there is no sample.
    """
    own = generator_lines(generators, n_inputs, 1)
    functions = ["for j in range(thread, block, threads):", *("    " + line for line in own)] if own else []
    fill_functions = indent([*functions, "cuda.syncthreads()"], 2) if own else ""
    return f"""\
def drive(X, Y, W, parents, factors, order, levels, columns, coef, simple, tiles, pairs, block, lanes, partial):
    F = cuda.shared.array(0, float64)
    thread = cuda.threadIdx.x
    threads = cuda.blockDim.x
    lane = thread % lanes
    group = thread // lanes
    groups = threads // lanes
    n = X.shape[0]
    target = simple + parents.shape[0]
    n_rows = target + Y.shape[1]
    weight = n_rows * block
    n_tiles = tiles.shape[0]
    n_units = n_tiles + pairs.shape[0]
    unit = cuda.blockIdx.y * groups + group
{indent([f"s{i} = 0.0" for i in range(UNIT)], 1)}\
    for first in range(cuda.blockIdx.x * block, n, cuda.gridDim.x * block):
        for j in range(thread, block, threads):
            sample = first + j
            F[j] = 1.0
            F[weight + j] = 0.0
            if sample < n:
                F[weight + j] = W[sample] if W.shape[0] > 0 else 1.0
        for i in range(group, X.shape[1], groups):
            for j in range(lane, block, lanes):
                F[(1 + i) * block + j] = X[min(first + j, n - 1), i]
        for i in range(group, Y.shape[1], groups):
            for j in range(lane, block, lanes):
                F[(target + i) * block + j] = Y[min(first + j, n - 1), i]
        cuda.syncthreads()
{fill_functions}\
        if first + block > n:
            for row in range(group, n_rows, groups):
                if row < simple or row >= target:
                    for j in range(lane, block, lanes):
                        if first + j >= n:
                            F[row * block + j] = 0.0
            cuda.syncthreads()
        for level in range(levels.shape[0] - 1):
            for place in range(levels[level] + group, levels[level + 1], groups):
                k = order[place]
                for j in range(lane, block, lanes):
                    F[(simple + k) * block + j] = F[parents[k] * block + j] * F[factors[k] * block + j]
            cuda.syncthreads()
        if coef.shape[0] > 0:
            for i in range(group, coef.shape[0], groups):
                for j in range(lane, block, lanes):
                    rest = F[(target + i) * block + j]
                    for k in range(coef.shape[1]):
                        rest = rest - coef[i, k] * F[columns[k] * block + j]
                    F[(target + i) * block + j] = rest
            cuda.syncthreads()
        if unit < n_tiles:
{indent(_tile(), 3)}\
        elif unit < n_units:
{indent(_pairs(), 3)}\
        cuda.syncthreads()
{indent(_totals(), 1)}

drive = kernel(drive, cache=CACHE)


def reduce(partial, out):
    for product in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):
        total = 0.0
        for row in range(partial.shape[0]):
            total += partial[row, product]
        out[product] = total


reduce = kernel(reduce, cache=CACHE)
"""
