"""Kernels in memory: each made once, none lost to a fork or to a failure, no more than so many."""

import os
import threading
import time

import pytest

from fastsci_kernels import kept
from fastsci_kernels.kept import Kept


def test_many_threads_make_a_kernel_once():
    kernels, made = Kept(), []

    def make():
        time.sleep(0.02)
        made.append(threading.get_ident())
        return object()

    found = []
    threads = [threading.Thread(target=lambda: found.append(kernels.get("one", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_a_failure_keeps_nothing_and_loses_nothing():
    kernels = Kept()
    first = kernels.get("first", object)
    with pytest.raises(ZeroDivisionError):
        kernels.get("second", lambda: 1 / 0)
    assert kernels.get("first", lambda: 1 / 0) is first
    assert kernels.get("second", lambda: 2) == 2


def test_the_oldest_go(monkeypatch):
    monkeypatch.setattr(kept, "MOST_KERNELS", 3)
    kernels = Kept()
    for identity in range(5):
        kernels.get(identity, lambda identity=identity: str(identity))
    assert [kernels.get(identity, lambda: "made again") for identity in (2, 3, 4)] == ["2", "3", "4"]
    assert kernels.get(0, lambda: "made again") == "made again"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_makes_what_another_thread_was_making_at_the_fork():
    kernels, making, forked = Kept(), threading.Event(), threading.Event()

    def make():
        making.set()
        forked.wait()
        return "parent"

    thread = threading.Thread(target=kernels.get, args=("one", make))
    thread.start()
    making.wait()
    child = os.fork()
    if child == 0:
        os._exit(0 if kernels.get("one", lambda: "child") == "child" else 1)
    forked.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert kernels.get("one", lambda: "again") == "parent"
