import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastsci.cli import main

ROOT = Path(__file__).parents[2]

MODEL = """\
import math

import fastsci


def helper(value):
    return 2.0 * value


@fastsci.system(params={"a": 1.0, "b": 3.0}, default_y0=(1.0, 2.5), dt=0.01)
def reaction(t, u, p):
    x, y = u
    a, b = p
    return a + x * x * y - (b + 1) * x, b * x - x * x * y


def bare(t, u, p):
    x, v = u
    k, friction = p
    return v, -k * x - friction * v


def unnamed(t, u, p):
    x, v = u
    return v, -p[0] * x - p[1] * v
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder of the test's own, with a file of models."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)
    return tmp_path


@pytest.fixture
def command(folder, capsys):
    """Run a command in this process: its exit status and the lines of stdout and stderr."""

    def run(*words):
        status = main([str(word) for word in words])
        said = capsys.readouterr()
        return status, said.out.splitlines(), said.err.splitlines()

    return run


@pytest.fixture
def refused(command):
    """Run a command that must fail as a command does: status 2 and one line that says why."""

    def run(*words):
        status, out, err = command(*words)
        assert status == 2
        assert out == []
        assert len(err) == 1
        assert err[0].startswith("fastsci: error: ")
        return err[0]

    return run


@pytest.fixture
def process():
    """Run a command in a process of its own."""

    def run(*words, cwd=None, **environment):
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "fastsci", *map(str, words)],
            capture_output=True,
            text=True,
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'kernels'}", **environment},
            timeout=100,
        )

    return run


@pytest.fixture
def as_json(command):
    def run(*words):
        status, out, _ = command(*words, "--json")
        assert status == 0
        return json.loads("\n".join(out))

    return run
