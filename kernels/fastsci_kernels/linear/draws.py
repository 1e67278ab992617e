"""Chi and normal numbers of a draw, as functions of the seed, the problem's shape, the draw and a place in it.

A chi number is the root of a gamma one, by the rejection of Marsaglia and Tsang, A simple method for generating gamma
variables, ACM Trans. Math. Softw. 26 (2000) 363: an attempt is one more block of the counter at the same place.
"""

import math

from fastsci_kernels.random.normal import normals
from fastsci_kernels.random.uniform import uniforms
from fastsci_kernels.static import static

# Bits of the counter's two numbers: attempts, places, columns in one; draws, rows in the other.
ATTEMPT_BITS, PLACE_BITS, DRAW_BITS = 6, 22, 26
MOST_COLUMNS = 2**20
MOST_DRAWS = 2**DRAW_BITS


@static
def member(rows, draw):
    """Who draws: one draw of problems of so many rows."""
    return (rows << DRAW_BITS) | draw


@static
def index(columns, place):
    """Where its numbers lie: the first attempt at a place of problems of so many columns."""
    return (columns << (PLACE_BITS + ATTEMPT_BITS)) | (place << ATTEMPT_BITS)


@static
def fill_normals(key, who, columns, place, count, out):
    """Write ``count`` normals; the first place after those they took."""
    for item in range(0, count, 2):
        one, other = normals(0.0, 2, key, who, index(columns, place + (item >> 1)), 0)
        out[item] = one
        if item + 1 < count:
            out[item + 1] = other
    return place + (count + 1) // 2


@static
def fill_chi(key, who, columns, place, freedoms, count, out):
    """Write chi numbers of so many degrees of freedom each; the first place after theirs."""
    for item in range(0, count, 2):
        at = index(columns, place + (item >> 1))
        x, other_x = normals(0.0, 2, key, who, at, 0)
        u, other_u = uniforms(0.0, 2, key, who, at, 0)
        for half in range(min(2, count - item)):
            number, chance = (other_x, other_u) if half else (x, u)
            out[item + half] = _chi(key, who, at, half, freedoms[item + half], number, chance)
    return place + (count + 1) // 2


@static
def _chi(key, who, at, half, freedom, x, u):
    """One chi number; ``x`` and ``u`` are those of the first attempt, of which a block holds two."""
    if freedom <= 1:
        return abs(x) if freedom == 1 else 0.0
    d = 0.5 * freedom - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    attempt = 0
    while True:
        v = 1.0 + c * x
        if v > 0.0:
            v = v * v * v
            square = x * x
            # The squeeze spares 97 of 100 logarithms.
            if u < 1.0 - 0.0331 * square * square or math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
                return math.sqrt(2.0 * d * v)
        attempt += 1
        x = normals(0.0, 2, key, who, at + attempt, 0)[half]
        u = uniforms(0.0, 2, key, who, at + attempt, 0)[half]
