"""Normal numbers for the steps of stochastic methods: functions of the seed, the member, the step and the component."""

from __future__ import annotations

from . import blocks
from .box_muller import normals_of_block, normals_of_words


def normals(like, count, key, member, index, slot):
    """Standard normal numbers: the components from ``4 slot`` on of what a member draws for a step.

    In a compiled function or in plain Python; the two agree to rounding, and lanes, scalars and CUDA to the last bit
    where the processor has fused multiply-adds.

    Parameters
    ----------
    like : number
        The normals have its type; its value does not matter.
    count : int
        How many, 1 to 4; a literal.  A vector of ``n`` is drawn by fours, the last slot having what is left.
    key : tuple of two int
        The seed's words of 32 bits.
    member : int
        Below 2^48; that of the first lane, a multiple of the number of lanes; the next lane holds the next member.
    index : int
        Number of the step, below 2^48.
    slot : int
        Below 2^30.

    Returns
    -------
    tuple of ``count`` numbers

    Notes
    -----
    Philox4x32-10 and the method of Box and Muller; see `box_muller` for the tails.

    Examples
    --------
    >>> import numpy as np
    >>> pair = normals(np.float64(0), 2, (1, 2), 7, 100, 0)
    >>> pair == normals(np.float64(0), 2, (1, 2), 7, 100, 0)
    True
    >>> pair == normals(np.float64(0), 2, (1, 2), 8, 100, 0)
    False
    """
    return blocks.plain(normals_of_words, like, count, key, member, index, slot)


blocks.bind(normals, normals_of_block)
