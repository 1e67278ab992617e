"""The threads: made at the first need, none before, and none left over after a fork."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

POLL_SECONDS = 0.1

_lock = threading.Lock()
_pool: tuple[int, ThreadPoolExecutor] | None = None


def thread_count() -> int:
    """Threads in use: ``FASTSCI_NUM_THREADS``, else the processors this process may run on."""
    chosen = os.environ.get("FASTSCI_NUM_THREADS", "")
    if chosen:
        if not chosen.isdigit() or int(chosen) < 1:
            raise ValueError(f"FASTSCI_NUM_THREADS={chosen!r}: expected a positive integer; unset it or correct it")
        return int(chosen)
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _executor() -> ThreadPoolExecutor:
    global _pool
    threads = thread_count()
    with _lock:
        if _pool is None or _pool[0] != threads:
            _pool = threads, ThreadPoolExecutor(threads, thread_name_prefix="fastsci")
        return _pool[1]


def _forget() -> None:
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def run(
    work: Callable[[int, int, threading.Event], None],
    chunks: Iterable[tuple[int, int]],
    poll: Callable[[], None] | None = None,
) -> None:
    """Call ``work(first, last, cancelled)`` for every chunk on the pool and wait.

    ``poll`` is called in the waiting thread every ``POLL_SECONDS``.  An exception of a worker, or Ctrl-C here, sets
    ``cancelled``, waits for the workers to notice, and is raised.
    """
    cancelled = threading.Event()
    pool = _executor()
    futures: list[Future] = [pool.submit(work, first, last, cancelled) for first, last in chunks]
    pending = set(futures)
    try:
        while pending:
            done, pending = wait(pending, timeout=POLL_SECONDS, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
            if poll is not None:
                poll()
    except BaseException:
        cancelled.set()
        for future in futures:
            future.cancel()
        wait(futures)
        raise


def share(work: Callable[[int, threading.Event], None], count: int) -> None:
    """Call ``work(number, cancelled)`` for every number below ``count``, by this thread and the pool's, and wait.

    For calls of a millisecond or so: the caller begins at once, waiting for no thread to wake.  An exception anywhere,
    or Ctrl-C here, sets ``cancelled``, waits for the others to notice, and is raised.
    """
    cancelled = threading.Event()
    numbers = iter(range(count))  # each is drawn once, whoever draws it

    def draw() -> None:
        try:
            for number in numbers:
                if cancelled.is_set():
                    return
                work(number, cancelled)
        except BaseException:
            cancelled.set()
            raise

    pool = _executor()
    futures: list[Future] = [pool.submit(draw) for _ in range(min(thread_count(), count) - 1)]
    try:
        draw()
    finally:
        waited = [future for future in futures if not future.cancel()]
        wait(waited)
    for future in waited:
        future.result()
