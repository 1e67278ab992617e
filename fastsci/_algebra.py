"""Dense algebra of small matrices, between products that our own threads share."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def one_thread() -> AbstractContextManager[Any]:
    """NumPy's dense algebra on one thread.

    Its bits depend on the number of threads.  And those of OpenBLAS spin for some 20 ms after a call, waiting for the
    next, where our own threads would work: a product took up to 1.6 times as long after a small eigenproblem.
    """
    return _libraries().limit(limits=1)
