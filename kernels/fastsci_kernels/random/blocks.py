"""Numbers from blocks of random words: which block a member's number lies in, and how lanes share blocks.

A block of Philox gives two numbers in float64 and four in float32.  They go to the components of a member; where a
member has too few components left to use a block up, neighbouring members share it.  What a member draws depends on
the seed, its own number, the step's and the component's, and on nothing else: not on the width of the lanes, the
device or the members beside it.  The two precisions draw different numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import signature

from ..numbers.arithmetic import register
from ..numbers.elementary.emitter import Emitter, Reals
from ..numbers.lanes import Lanes, splat
from . import MOST
from .lone import emitter
from .philox import LOW, WORD, Words, constant, philox

PER_BLOCK = {64: 2, 32: 4}

# From the words of a block its `PER_BLOCK` numbers, as instructions.
OfBlock = Callable[[Emitter, tuple[Words, ...]], tuple[Reals, ...]]


def counter(member, step, block):
    """What Philox counts, for members and steps below 2^48 and blocks below 2^32."""
    high = ((member >> 32) << 16) | ((step >> 32) & 0xFFFF)
    return member & LOW, block & LOW, step & LOW, high & LOW


def last_block(count: int, per_block: int) -> tuple[int, int]:
    """How many numbers of its last block a member needs, and how many members share it."""
    rest = count % per_block
    return rest, per_block // rest if rest and per_block % rest == 0 else 1


def plain(of_words, like, count, key, member, index, slot, stream=0):
    """The numbers in plain Python; ``of_words(words, dtype)`` gives those of a block."""
    dtype = type(like)
    per_block = PER_BLOCK[8 * np.dtype(dtype).itemsize]
    shared, sharing = last_block(count, per_block)
    first = (stream << 31) + slot * (MOST // per_block)
    words = [int(word) & LOW for word in key]
    drawn = []
    for block in range(count // per_block):
        drawn += of_words(philox(counter(int(member), int(index), first + block), words), dtype)
    if shared:
        block = first + count // per_block
        numbers = of_words(philox(counter(int(member) // sharing, int(index), block), words), dtype)
        drawn += numbers[member % sharing * shared :][:shared]
    return tuple(drawn)


def bind(function: Callable, of_block: OfBlock, stream: int = 0) -> None:
    """Tell the compilers what ``function(like, count, key, member, index, slot)`` is."""

    def typing(like, count, key, member, index, slot):
        fits = isinstance(like, (Lanes, types.Float)) and isinstance(count, types.IntegerLiteral)
        if not fits or not 1 <= count.literal_value <= MOST:
            return None
        numbers = types.UniTuple(like, count.literal_value)
        return signature(numbers, like, count, key, types.int64, types.int64, types.int64)

    def lowering(context, builder, sig, args):
        # Only in the driver's own loop do the constants of a draw stay in registers: 2.1 ns a normal, not 3.4.
        builder.function.attributes.add("alwaysinline")
        like, words = sig.args[0], cgutils.unpack_tuple(builder, args[2])
        bits, width = (like.bits, like.width) if isinstance(like, Lanes) else (like.bitwidth, 1)
        key = [
            Words(builder, context.cast(builder, word, typ, types.int64)) & LOW for word, typ in zip(words, sig.args[2])
        ]
        member, index, slot = (Words(builder, value) for value in args[3:])
        first = slot * (MOST // PER_BLOCK[bits]) + (stream << 31)
        drawn = _Draw(builder, of_block, bits, width, key, member, index, first).numbers(sig.args[1].literal_value)
        return context.make_tuple(builder, sig.return_type, drawn)

    register(function, typing, lowering, 6)


class _Draw:
    """One call; ``first`` is its first block."""

    def __init__(self, builder, of_block, bits, width, key, member, index, first) -> None:
        self.builder, self.of_block, self.bits, self.width = builder, of_block, bits, width
        self.key, self.member, self.index, self.first = key, member, index, first

    def numbers(self, count: int) -> list[ir.Value]:
        per_block = PER_BLOCK[self.bits]
        whole, (shared, sharing) = count // per_block, last_block(count, per_block)
        own = self.members(self.member, self.width)
        drawn = [number for block in range(whole) for number in self.block(own, block, self.width)]
        if not shared:
            return drawn
        if sharing == 1:
            return drawn + self.block(own, whole, self.width)[:shared]
        halvings = sharing.bit_length() - 1
        blocks = self.width // sharing
        if blocks < 2:
            numbers = self.block(own >> halvings, whole, self.width)
            return drawn + [self.pick(own, numbers[component::shared]) for component in range(shared)]
        numbers = self.block(self.members(self.member >> halvings, blocks), whole, blocks)
        return drawn + [interleave(self.builder, numbers[component::shared]) for component in range(shared)]

    def members(self, first: Words, width: int) -> Words:
        """Consecutive members, one a lane."""
        if width == 1:
            return first
        lanes = ir.Constant(ir.VectorType(WORD, width), list(range(width)))
        return self.spread(first, width) + Words(self.builder, lanes)

    def spread(self, word: Words, width: int) -> Words:
        return Words(self.builder, splat(self.builder, word.ir_value, width))

    def block(self, members: Words, number: int, width: int) -> list[ir.Value]:
        """The numbers of one block a lane."""
        step, block, *key = (self.spread(word, width) for word in (self.index, self.first + number, *self.key))
        words = philox(counter(members, step, block), key)
        return [number.ir_value for number in self.of_block(emitter(self.builder, self.bits, width), words)]

    def pick(self, own: Words, numbers: list[ir.Value]) -> ir.Value:
        """Every lane's own among the numbers of a block that members share."""
        bit = 1
        while len(numbers) > 1:
            place = (own & bit).ir_value
            odd = self.builder.icmp_unsigned("!=", place, constant(place.type, 0))
            numbers = [self.builder.select(odd, b, a) for a, b in zip(numbers[0::2], numbers[1::2])]
            bit *= 2
        return numbers[0]


def interleave(builder: ir.IRBuilder, numbers: list[ir.Value]) -> ir.Value:
    """First lanes of all, second lanes of all, and so on."""
    while len(numbers) > 1:
        half = len(numbers) // 2
        numbers = [_interleave_two(builder, a, b) for a, b in zip(numbers[:half], numbers[half:])]
    return numbers[0]


def _interleave_two(builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    width = a.type.count
    order = [lane for pair in zip(range(width), range(width, 2 * width)) for lane in pair]
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), 2 * width), order))
