"""Philox4x32-10: four random words from a counter and a key, by ten rounds of multiplication (no state, no sequence).

Source: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, Proc. SC '11 (2011), section 3.3.

The rounds are written once, for Python's integers and for `Words`, which append LLVM instructions.
"""

from __future__ import annotations

from llvmlite import ir

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)  # what the key gains from round to round: the golden ratio and sqrt(3) - 1
ROUNDS = 10
LOW = 0xFFFFFFFF
WORD = ir.IntType(64)


class Words:
    """Integers of 64 bits in the function under construction: one, or one a lane; arithmetic wraps around.

    A product of two words of 32 bits needs 64, and the instruction that forms one in every lane reads the low
    halves of lanes of 64.
    """

    __slots__ = ("builder", "ir_value")

    def __init__(self, builder: ir.IRBuilder, ir_value: ir.Value) -> None:
        self.builder = builder
        self.ir_value = ir_value

    def _binary(self, instruction: str, other: Words | int) -> Words:
        right = other.ir_value if isinstance(other, Words) else constant(self.ir_value.type, other)
        return Words(self.builder, getattr(self.builder, instruction)(self.ir_value, right))

    def __add__(self, other: Words | int) -> Words:
        return self._binary("add", other)

    def __mul__(self, other: Words | int) -> Words:
        return self._binary("mul", other)

    def __and__(self, other: Words | int) -> Words:
        return self._binary("and_", other)

    def __or__(self, other: Words | int) -> Words:
        return self._binary("or_", other)

    def __xor__(self, other: Words | int) -> Words:
        return self._binary("xor", other)

    def __lshift__(self, count: int) -> Words:
        return self._binary("shl", count)

    def __rshift__(self, count: int) -> Words:
        """Shift to the right; zeros come in."""
        return self._binary("lshr", count)


def constant(typ: ir.Type, number: int) -> ir.Constant:
    """The number, in every lane of a vector."""
    return ir.Constant(typ, [number] * typ.count if isinstance(typ, ir.VectorType) else number)


def philox(counter, key):
    """Four words of 32 bits.

    Parameters
    ----------
    counter : sequence of four int or Words
        Words of 32 bits.
    key : sequence of two int or Words
        Words of 32 bits.

    Examples
    --------
    >>> [f"{word:08x}" for word in philox((0, 0, 0, 0), (0, 0))]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(ROUNDS):
        first, second = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c2 = (second >> 32) ^ c1 ^ k0, (first >> 32) ^ c3 ^ k1
        c1, c3 = second & LOW, first & LOW
        k0, k1 = (k0 + WEYL[0]) & LOW, (k1 + WEYL[1]) & LOW
    return c0, c1, c2, c3
