"""The report's own arithmetic: what counts as met, and what a row of the table says."""

from __future__ import annotations

import pytest

from benchmarks.compare import timing
from benchmarks.compare.report import line
from benchmarks.compare.row import Row
from benchmarks.compare.rows import against
from benchmarks.suites.problems import problem


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (Row("a ratio", 15.0, 14.0, 16.0, at_least=15.0), True),
        (Row("a ratio", 14.9, 14.0, 16.0, at_least=15.0), False),
        (Row("a time", 150.1, 90.0, 160.0, unit="us", at_most=150.0), False),
        (Row("no target", 3.0, 2.0, 4.0), None),
        (Row("no figure", at_least=12.0, note="not run: jax is not installed"), None),
    ],
)
def test_met(row, met):
    assert row.met is met
    assert row.as_dict()["met"] is met


def test_a_missing_peer_leaves_its_reason():
    row = against("a figure", "jax_peer", problem("lorenz63", 2, 1), needs="no_such_peer", at_least=12.0)
    assert line(row) == "| a figure | not run: no_such_peer is not installed | at least 12x |  |  |  |  |  |\n"


def test_a_ratio_to_a_peer_that_was_stopped_says_that_it_is_a_bound():
    row = Row("a figure", 30.0, 29.0, 31.0, at_least=1.0, bound=True)
    assert line(row).startswith("| a figure | above 30x [29 .. 31] | at least 1x | yes |")


def test_errors_are_the_total_or_else_each_by_its_name():
    row = Row("a figure", 2.0, errors={"total": 0.5, "rounding": 1e-12}, peer_errors={"modes": 0.25, "rates": 1e-3})
    assert line(row) == "| a figure | 2x |  |  |  |  | 5.0e-01 (1e-12) | modes 2.5e-01, rates 1.0e-03 |\n"


def test_ratio_is_of_b_over_a(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(timing, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(timing, "sleep", lambda seconds: None)

    def takes(seconds):
        def call():
            clock[0] += seconds

        return call

    ratio = timing.compare(takes(0.25), takes(2.0), pairs=3)
    assert (ratio.low, ratio.median, ratio.high) == (8.0, 8.0, 8.0)
    assert (ratio.seconds_a, ratio.seconds_b) == (0.25, 2.0)
