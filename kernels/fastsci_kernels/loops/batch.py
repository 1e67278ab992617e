"""Many series at once: a kernel that does a range of them, on all threads."""

from __future__ import annotations

import threading
from collections.abc import Callable

from . import pool

INLINE_SECONDS = 3e-4  # work that one thread finishes sooner than a pool would start
CHUNK_SECONDS = 0.05  # the longest between two looks for Ctrl-C, where one series allows it
CHUNKS_PER_THREAD = 4


def over(count: int, work: Callable[[int, int], None], seconds: float) -> None:
    """Call ``work(first, last)`` for ranges that cover ``range(count)``, on the pool where that pays.

    ``seconds`` is an estimate of what one of them takes on one thread.
    """
    if count * seconds <= INLINE_SECONDS or count == 1:
        if count:
            work(0, count)
        return
    pieces = max(CHUNKS_PER_THREAD * pool.thread_count(), count * seconds / CHUNK_SECONDS)
    size = max(1, int(count / pieces))

    def chunk(first: int, last: int, cancelled: threading.Event) -> None:
        if not cancelled.is_set():
            work(first, last)

    pool.run(chunk, [(first, min(first + size, count)) for first in range(0, count, size)])
