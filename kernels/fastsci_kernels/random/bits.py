"""Random words as floating-point numbers, as instructions and in plain Python."""

from __future__ import annotations

from ..numbers.elementary.emitter import FORMATS, Emitter, Integers, Reals
from .philox import Words


def lane_words(emitter: Emitter, words: tuple[Words, ...]) -> list[Integers]:
    """The words of a block as wide as the numbers: two of 64 bits or four of 32."""
    if emitter.bits == 64:
        w0, w1, w2, w3 = words
        # A product of Philox, shifted to the upper half, would become a product of 64 bits: it stays below.
        return [Integers(emitter, ((high << 32) | low).ir_value) for high, low in ((w0, w1), (w2, w3))]
    return [Integers(emitter, emitter.builder.trunc(word.ir_value, emitter.integer_type)) for word in words]


def plain_words(words: tuple[int, ...], bits: int) -> list[int]:
    w0, w1, w2, w3 = words
    return [(w0 << 32) | w1, (w2 << 32) | w3] if bits == 64 else [w0, w1, w2, w3]


def between_one_and_two(emitter: Emitter, word: Integers) -> Reals:
    """The word's highest bits after the point: 1.bbb..."""
    form = emitter.format
    return ((word >> (form.bits - form.mantissa_bits)) | form.one_bits).as_reals


def uniform(emitter: Emitter, word: Integers) -> Reals:
    """(n + 1/2) / 2^m from the word's m = 52 or 23 highest bits: neither 0 nor 1."""
    return between_one_and_two(emitter, word) - (1.0 - 0.5 * 2.0**-emitter.format.mantissa_bits)


def plain_uniform(word: int, bits: int) -> float:
    m = FORMATS[bits].mantissa_bits
    return ((word >> (bits - m)) + 0.5) * 2.0**-m
