"""The compile cache: right when it hits, harmless when it cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastsci
from fastsci_kernels import cache

# A process of its own integrates with a captured gain and says what it got and how long the first call took.
PROCESS = """
import json, sys, time
import numba
import numpy as np
import fastsci

gain = float(sys.argv[1])


def growth(t, u, p):
    (x,) = u
    return (gain * x,)


began = time.perf_counter()
result = fastsci.solve_ensemble(growth, (0.0, 1.0), [1.0], dt=0.125)
print(json.dumps([result.y_final[0, 0], result.path, time.perf_counter() - began]))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTSCI_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def other_process(gain: float, script: Path) -> tuple[float, str, float]:
    script.write_text(PROCESS)
    ended = subprocess.run([sys.executable, str(script), str(gain)], capture_output=True, text=True, check=True)
    return tuple(json.loads(ended.stdout))


def compiled(folder: Path) -> dict[str, float]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("__pycache__/*.nbc")}


def test_the_second_process_finds_the_kernel_and_a_changed_value_does_not(folder, tmp_path):
    script = tmp_path / "user.py"
    first = other_process(1.0, script)
    held = compiled(folder)
    assert len(held) == 1
    second = other_process(1.0, script)
    assert compiled(folder) == held
    assert second[0] == first[0] == pytest.approx(np.e, rel=1e-5)
    changed = other_process(2.0, script)
    assert changed[0] == pytest.approx(np.e**2, rel=1e-3)
    assert len(compiled(folder)) == 2


def test_a_branching_function_is_tried_on_lanes_once(folder, tmp_path):
    script = tmp_path / "user.py"
    program = PROCESS.replace("(x,) = u\n", "(x,) = u\n    if x > 1e9:\n        return (0.0,)\n")
    script.write_text(program)
    paths = []
    for _ in range(2):
        ended = subprocess.run([sys.executable, str(script), "1.0"], capture_output=True, text=True, check=True)
        paths.append(json.loads(ended.stdout)[1])
        assert "branches on its state" in ended.stderr
    assert paths == ["scalar", "scalar"]
    assert len(list(folder.glob("*.txt"))) == 1


def halving(t, u, p):
    (x,) = u
    return (-0.5 * x,)


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc/self").exists(), reason="needs /proc for an unwritable path")
def test_a_folder_that_cannot_be_written_costs_the_cache_alone(monkeypatch, caplog):
    monkeypatch.setenv("FASTSCI_CACHE_DIR", "/proc/self/no-such-folder")
    result = fastsci.solve_ensemble(halving, (0.0, 2.0), [1.0], dt=0.125, dtype="float32")
    assert result.y_final[0, 0] == pytest.approx(np.exp(-1.0), rel=1e-5)
    assert any("not kept" in record.message for record in caplog.records)


def test_info_counts_and_clear_empties(folder):
    fastsci.solve_ensemble(lambda t, u, p: (-0.25 * u[0],), (0.0, 1.0), [1.0], dt=0.125)
    held = cache.info()
    assert held["directory"] == str(folder)
    assert held["kernels"] == 1
    assert held["bytes"] > 1000
    assert cache.clear() == held["bytes"]
    assert cache.info()["bytes"] == 0


def test_the_longest_unused_go_first_when_the_cache_is_full(folder):
    folder.mkdir()
    for age, name in enumerate(["new", "older", "oldest"]):
        path = folder / f"kernel_{name}.py"
        path.write_text("x" * 100)
        os.utime(path, (1e9 - age, 1e9 - age))
    cache.trim(limit=250)
    assert sorted(path.name for path in folder.iterdir()) == ["kernel_new.py", "kernel_older.py"]
    cache.trim(limit=0)
    assert not any(folder.iterdir())


def test_foreign_files_are_left_alone(folder):
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    cache.clear()
    assert (folder / "notes.txt").read_text() == "mine"


def test_the_key_holds_every_part():
    assert cache.key("a", "b") != cache.key("ab", "") != cache.key("b", "a")
    assert cache.key("a", "b") == cache.key("a", "b")
