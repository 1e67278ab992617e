"""Uniform numbers, as functions of the seed, a member, an index and a place."""

from __future__ import annotations

import numpy as np

from ..numbers.elementary.emitter import Emitter, Reals
from . import blocks
from .bits import lane_words, plain_uniform, plain_words, uniform
from .philox import Words

STREAM = 1  # other blocks than those of the normal numbers


def uniforms(like, count, key, member, index, slot):
    """Uniform numbers within (0, 1), neither end included: (n + 1/2) / 2^m, m = 52 in float64 and 23 in float32.

    The arguments and the result are those of `normal.normals`; with the same arguments the two are independent.

    Examples
    --------
    >>> import numpy as np
    >>> all(0.0 < x < 1.0 for x in uniforms(np.float32(0), 4, (1, 2), 7, 100, 0))
    True
    """
    return blocks.plain(_of_words, like, count, key, member, index, slot, STREAM)


def _of_block(emitter: Emitter, words: tuple[Words, ...]) -> tuple[Reals, ...]:
    return tuple(uniform(emitter, word) for word in lane_words(emitter, words))


def _of_words(words, dtype) -> tuple:
    bits = 8 * np.dtype(dtype).itemsize
    return tuple(dtype(plain_uniform(word, bits)) for word in plain_words(words, bits))


blocks.bind(uniforms, _of_block, STREAM)
