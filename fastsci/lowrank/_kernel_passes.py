"""Passes over states on our own threads, with dense algebra on one thread within each.

The pieces do not depend on the number of threads, and what they give is added in their order: so the bits are the same
for any.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock

from .._algebra import one_thread
from ._kernel_functions import Array, Kernel

PIECE = 2**18  # numbers of a kernel matrix in a piece
PRODUCT_SECONDS = 3e-11  # of a product of two numbers that is added to others


def piece(n_centers: int) -> int:
    """States of a piece: no fewer than there are features, or adding their products would take the longest."""
    return max(PIECE // max(1, n_centers), n_centers, 1)


def shared(count: int, size: int, work: Callable[[int, int], None], products: float) -> None:
    """Call ``work(first, last)`` for pieces of ``size`` that cover ``range(count)``, on all threads.

    One of ``count`` takes as long as so many products.
    """
    from fastsci_kernels.loops.batch import over

    firsts = range(0, count, size)

    def some(begin: int, end: int) -> None:
        for first in firsts[begin:end]:
            work(first, min(first + size, count))

    with one_thread():
        over(len(firsts), some, size * products * PRODUCT_SECONDS)


def each(kernel: Kernel, count: int, size: int, work: Callable[[int, int], None], products: float) -> None:
    """The same of work that calls a kernel; where that is a user's function, by this thread alone."""
    if isinstance(kernel.name, str):
        shared(count, size, work, products)
        return
    with one_thread():
        for first in range(0, count, size):
            work(first, min(first + size, count))


def added(
    kernel: Kernel, count: int, size: int, work: Callable[[int, int], Sequence[Array]], products: float
) -> list[Array]:
    """The same, with the sums of the arrays that it gives."""
    lock, waiting, sums = Lock(), dict[int, Sequence[Array]](), list[Array]()
    due = 0

    def add(first: int, last: int) -> None:
        nonlocal due
        found = work(first, last)
        with lock:
            waiting[first] = found
            while due in waiting:
                following = waiting.pop(due)
                if due:
                    for total, part in zip(sums, following, strict=True):
                        total += part
                else:
                    sums.extend(following)
                due += size

    each(kernel, count, size, add, products)
    return sums
