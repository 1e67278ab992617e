"""One thread for dense algebra: for whoever asks, as long as somebody does, and never longer."""

import threading

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from fastsci._algebra import LARGE, one_thread, threads_for


def threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        yield


def test_the_limit_holds_inside_and_ends_after_an_error():
    def fail():
        with one_thread():
            assert 1 in threads()
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        fail()
    assert threads() == {2}


def test_blocks_of_two_threads_that_overlap_leave_the_number_as_it_was():
    entered, leave = threading.Event(), threading.Event()

    def other():
        with one_thread():
            entered.set()
            leave.wait(10.0)

    thread = threading.Thread(target=other)
    with one_thread():
        thread.start()
        assert entered.wait(10.0)
    leave.set()
    thread.join(10.0)
    assert threads() == {2}


def test_large_matrices_have_all_threads():
    with threads_for(LARGE):
        assert threads() == {2}
    with threads_for(LARGE - 1):
        assert 1 in threads()
