"""Dense algebra of small matrices, between products that our own threads share."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

LARGE = 2**20  # numbers in a matrix from which more threads pay for themselves


@lru_cache(maxsize=2)
def _libraries(with_scipy: bool) -> Any:
    """The libraries behind NumPy, and behind SciPy once that is loaded: it brings its own."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def one_thread() -> AbstractContextManager[Any]:
    """NumPy's and SciPy's dense algebra on one thread.

    Its bits depend on the number of threads.  And the threads of OpenBLAS spin for some 20 ms after a call, waiting for
    the next, where our own would work, or those of the other library: a product took up to 1.6 times as long after a
    small eigenproblem.  SciPy is to be imported before.  The limit is the whole process's, and the first thread's that
    asks for one; others that ask meanwhile change nothing.
    """
    return _libraries("scipy.linalg" in sys.modules).limit(limits=1)


def threads_for(numbers: int) -> AbstractContextManager[Any]:
    """The same for matrices of so few numbers that it is faster, and all threads for larger ones."""
    return one_thread() if numbers < LARGE else nullcontext()
