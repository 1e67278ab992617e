"""Nothing is stored on the way."""

import subprocess
import sys

import pytest

RUN = """
import resource, sys
import numpy as np, fastsci

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

n, steps = int(sys.argv[1]), int(sys.argv[2])
x = np.random.default_rng(0).uniform(0.1, 0.9, (n, 1))
run = {"params": {"r": 4.0}, "reduce": ["mean", "max"]}
fastsci.iterate_map(fastsci.systems.logistic, 10, x[:100], **run)
before = peak()
result = fastsci.iterate_map(fastsci.systems.logistic, steps, x, **run)
print(peak() - before, result.reduced["mean"].mean())
"""


@pytest.mark.slow
def test_a_million_members_of_ten_thousand_saves_in_a_hundred_megabytes():
    """Saved they would take 80 GB; the invariant density of the logistic map at r = 4 has mean 1/2."""
    finished = subprocess.run(
        [sys.executable, "-c", RUN, "1000000", "10000"], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    grown, mean = map(float, finished.stdout.split())
    assert grown < 100.0
    assert abs(mean - 0.5) < 1e-3
