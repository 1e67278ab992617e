"""Compiled kernels kept in memory, by what they are specialised on."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

MOST_KERNELS = 512  # a closure with ever new values makes ever new ones

Kernel = TypeVar("Kernel")


class Kept(Generic[Kernel]):
    """Kernels that are each made once, by one thread at a time; the oldest go where there are too many."""

    def __init__(self) -> None:
        self._kernels: dict[Hashable, Kernel] = {}
        self._making = threading.Lock()
        _every.append(self)

    def get(self, identity: Hashable, make: Callable[[], Kernel]) -> Kernel:
        """The kernel of this identity, from memory or from ``make()``."""
        found = self._kernels.get(identity)
        if found is not None:
            return found
        with self._making:
            if identity not in self._kernels:
                made = make()
                while len(self._kernels) >= MOST_KERNELS:
                    del self._kernels[next(iter(self._kernels))]
                self._kernels[identity] = made
            return self._kernels[identity]


_every: list[Kept] = []


def _after_fork() -> None:
    """A lock that another thread held at the fork would never be released in the child."""
    for kept in _every:
        kept._making = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
