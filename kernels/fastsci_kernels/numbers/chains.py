"""Multiply-adds that do nothing else: the ceiling that every step of a method stays below."""

from __future__ import annotations

from collections.abc import Callable

from ..compile import jit
from . import arithmetic as arithmetic  # binds the operators of lanes
from .memory import load, number, store

CHAINS = 12  # enough to hide the latency of a multiply-add in two units, few enough for sixteen registers


def multiply_add_chains(bits: int, width: int) -> Callable:
    """A function of ``(out, row, rounds, half)``: independent chains of ``a = a / 2 + 1 / 2``, whose fixed point is 1.

    Each starts from a row of ``out (rows, width)``; the sum of all goes to row ``row``.
    """

    @jit
    def chains(out, row, rounds, half):
        b, c = number(half, bits, width), number(half, bits, width)
        a0, a1 = load(out, row, 0, width), load(out, row + 1, 0, width)
        a2, a3 = load(out, row + 2, 0, width), load(out, row + 3, 0, width)
        a4, a5 = load(out, row + 4, 0, width), load(out, row + 5, 0, width)
        a6, a7 = load(out, row + 6, 0, width), load(out, row + 7, 0, width)
        a8, a9 = load(out, row + 8, 0, width), load(out, row + 9, 0, width)
        a10, a11 = load(out, row + 10, 0, width), load(out, row + 11, 0, width)
        for _ in range(rounds):
            a0, a1, a2, a3 = a0 * b + c, a1 * b + c, a2 * b + c, a3 * b + c
            a4, a5, a6, a7 = a4 * b + c, a5 * b + c, a6 * b + c, a7 * b + c
            a8, a9, a10, a11 = a8 * b + c, a9 * b + c, a10 * b + c, a11 * b + c
        store(out, row, 0, a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11)

    return chains
