"""Two normal numbers from two uniform ones: r cos(a) and r sin(a), r = sqrt(-2 log u) and a uniform on the circle.

Source: Box and Muller, A note on the generation of random normal deviates, Ann. Math. Statist. 29 (1958) 610.

float64: a block of four words is one pair; both uniform numbers have 52 bits.  No normal exceeds 8.57; beyond lies the
true one with a probability of 1e-17.  Two pairs a block, with radii of 32 bits, would end at 6.76 and save 0.2 of
1.7 ns a normal (measured on lanes), which is too little for tails that thin out within 1e9 draws.  float32: a block is
two pairs, with 32 bits for the radius, no normal beyond 6.76 (1.4e-11), and 23 bits for the angle in its eighth.

The angle needs no range reduction: it is drawn within an eighth of a turn on either side of zero, where both
polynomials are short; two more random bits swap the pair and turn it around.
"""

from __future__ import annotations

import math

import numpy as np

from ..numbers.elementary.emitter import FORMATS, Emitter, Integers, Reals
from ..numbers.elementary.logarithm import ARTANH, split_normal
from ..numbers.elementary.trigonometric import COSINE_OF_EIGHTH, SINE_OF_EIGHTH
from .bits import between_one_and_two, lane_words, plain_uniform, plain_words, uniform
from .philox import Words

TWO_32 = 2.0**32


def radius(emitter: Emitter, u: Reals) -> Reals:
    """sqrt(-2 log(u)), 0 < u <= 1.

    u = 2^k m and log(m) = 2 artanh(s).  The sum is shorter than that of `logarithm`, whose last bits are lost here.
    """
    k, m = split_normal(emitter, u)
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    series = emitter.polynomial(z, [-2.0 * coefficient for coefficient in ARTANH[emitter.bits]])
    of_mantissa = emitter.multiply_add(z, series, -4.0)
    return emitter.intrinsic("sqrt", emitter.multiply_add(s, of_mantissa, k * (-2.0 * math.log(2.0))))


def pair(emitter: Emitter, u: Reals, angle: Integers) -> tuple[Reals, Reals]:
    """Two normals from a uniform number in (0, 1] and a word of random bits."""
    r = radius(emitter, u)
    a = (between_one_and_two(emitter, angle) - 1.5) * (math.pi / 2)
    z = a * a
    sine = emitter.multiply_add(a * z, emitter.polynomial(z, SINE_OF_EIGHTH[emitter.bits]), a)
    cosine = emitter.multiply_add(z, emitter.polynomial(z, COSINE_OF_EIGHTH[emitter.bits]), 1.0)
    # The sine is as often negative as positive already.
    x, y = emitter.flip_sign(r, angle << (emitter.bits - 1)) * cosine, r * sine
    straight = (angle & 2).equals(0)
    return emitter.select(straight, x, y), emitter.select(straight, y, x)


def normals_of_block(emitter: Emitter, words: tuple[Words, ...]) -> tuple[Reals, ...]:
    """Two normals in float64, four in float32."""
    if emitter.bits == 64:
        u, angle = lane_words(emitter, words)
        return pair(emitter, uniform(emitter, u), angle)
    u, angle, other_u, other_angle = lane_words(emitter, words)
    return (*pair(emitter, _of_32_bits(emitter, u), angle), *pair(emitter, _of_32_bits(emitter, other_u), other_angle))


def _of_32_bits(emitter: Emitter, word: Integers) -> Reals:
    """(n + 1/2) / 2^32, rounded: digits enough where the logarithm is large, near 0; and 1 may be among them."""
    number = Reals(emitter, emitter.builder.uitofp(word.ir_value, emitter.real_type))
    return emitter.multiply_add(number, 1.0 / TWO_32, 0.5 / TWO_32)


def normals_of_words(words, dtype) -> tuple:
    """The same numbers, to rounding, from Python's integers."""
    bits = 8 * np.dtype(dtype).itemsize
    words = plain_words(words, bits)
    if bits == 64:
        return _plain_pair(plain_uniform(words[0], bits), words[1], bits, dtype)
    first, second = (float(np.float32(np.float32(word) / TWO_32 + 0.5 / TWO_32)) for word in words[0::2])
    return (*_plain_pair(first, words[1], bits, dtype), *_plain_pair(second, words[3], bits, dtype))


def _plain_pair(u: float, angle: int, bits: int, dtype) -> tuple:
    m = FORMATS[bits].mantissa_bits
    r = math.sqrt(-2.0 * math.log(u))
    a = ((angle >> (bits - m)) * 2.0**-m - 0.5) * (math.pi / 2)
    x, y = dtype((-r if angle & 1 else r) * math.cos(a)), dtype(r * math.sin(a))
    return (y, x) if angle & 2 else (x, y)
