"""Philox4x32-10 gives the published words, on Python's integers, on scalars and in every lane of a vector."""

from __future__ import annotations

import pytest
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from fastsci_kernels.compile import jit
from fastsci_kernels.random.philox import LOW, WORD, Words, philox

ONES = 0xFFFFFFFF

# Counter, key and result: the file kat_vectors of the authors' library, Random123.
PUBLISHED = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 4, (ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def compiled(width, lane):
    """Philox of scalars, put into one lane of vectors whose other lanes count something else."""

    @intrinsic
    def block(typingctx, counter, key):
        def codegen(context, builder, sig, args):
            counters, keys = (
                [spread(builder, word) for word in cgutils.unpack_tuple(builder, argument)] for argument in args
            )
            words = [(word & LOW).ir_value for word in philox(counters, keys)]
            if width > 1:
                words = [builder.extract_element(word, ir.Constant(ir.IntType(32), lane)) for word in words]
            return context.make_tuple(builder, sig.return_type, words)

        return types.UniTuple(types.int64, 4)(counter, key), codegen

    def spread(builder, word):
        if width == 1:
            return Words(builder, word)
        others = ir.Constant(ir.VectorType(WORD, width), [0x1234567 * (i + 1) for i in range(width)])
        return Words(builder, builder.insert_element(others, word, ir.Constant(ir.IntType(32), lane)))

    return jit(lambda counter, key: block(counter, key))


@pytest.mark.parametrize(("counter", "key", "expected"), PUBLISHED, ids=["zeros", "ones", "pi"])
def test_published_words_in_plain_python(counter, key, expected):
    assert philox(counter, key) == expected


@pytest.mark.parametrize(("width", "lane"), [(1, 0), (4, 2), (8, 0), (8, 7), (16, 11)])
def test_published_words_compiled(width, lane):
    block = compiled(width, lane)
    for counter, key, expected in PUBLISHED:
        assert block(counter, key) == expected


def test_every_bit_of_counter_and_key_changes_about_half_of_the_words_bits():
    counter, key, _ = PUBLISHED[2]
    for place in range(6 * 32):
        word, bit = divmod(place, 32)
        changed = [*counter, *key]
        changed[word] ^= 1 << bit
        after = philox(changed[:4], changed[4:])
        flips = sum((a ^ b).bit_count() for a, b in zip(after, philox(counter, key), strict=True))
        assert 36 <= flips <= 92  # 64 on average; five standard deviations
