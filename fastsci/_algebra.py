"""Dense algebra of small matrices, between products that our own threads share."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from importlib import import_module
from typing import Any

LARGE = 2**20  # numbers in a matrix from which more threads pay for themselves


@lru_cache(maxsize=2)
def _libraries(scipy: bool) -> Any:
    from threadpoolctl import ThreadpoolController

    if scipy:
        import_module("scipy.linalg")
    return ThreadpoolController().select(user_api="blas")


def one_thread(scipy: bool = False) -> AbstractContextManager[Any]:
    """NumPy's dense algebra on one thread, and SciPy's, which brings a library of its own, where that is used too.

    Its bits depend on the number of threads.  And the threads of OpenBLAS spin for some 20 ms after a call, waiting for
    the next, where our own would work, or those of the other library: a product took up to 1.6 times as long after a
    small eigenproblem.  The limit is the whole process's, and the first thread's that asks for one; others that ask
    meanwhile change nothing.
    """
    return _libraries(scipy or "scipy.linalg" in sys.modules).limit(limits=1)


def threads_for(numbers: int, scipy: bool = False) -> AbstractContextManager[Any]:
    """The same for matrices of so few numbers that it is faster, and all threads for larger ones."""
    return one_thread(scipy) if numbers < LARGE else nullcontext()
