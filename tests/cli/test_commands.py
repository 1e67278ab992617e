"""The other commands, and the command as a process."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import fastsci
from fastsci import selftest
from fastsci_kernels import ceilings
from fastsci_kernels.loops.cpu import vector_bits
from fastsci_kernels.numbers.chains import CHAINS, multiply_add_chains
from tests.conftest import GPU


def test_the_listings_walk_the_registries(command):
    assert command("systems", "--names")[1] == fastsci.systems.names()
    assert command("methods", "--names")[1] == fastsci.methods()
    systems = "\n".join(command("systems")[1])
    assert "lorenz96:n=40" in systems
    assert "sigma=10, rho=28" in systems
    methods = {line.split()[0]: line for line in command("methods")[1]}
    assert methods["DOP853"].split()[1:4] == ["adaptive", "8", "12"]


def test_info_tells_the_machine(command, as_json):
    described = as_json("info", "--no-measure")
    assert described["fastsci"] == fastsci.__version__
    assert described["simd"]["lanes_float32"] == 2 * described["simd"]["lanes_float64"]
    assert bool(described["cuda"]["devices"]) != bool(described["cuda"]["reason"])
    assert described["threads"] >= 1
    assert "ceilings" not in described
    lines = command("info", "--no-measure")[1]
    assert lines[0].startswith("fastsci    ")
    assert any(line.startswith("SIMD ") for line in lines)


def test_ceilings_are_those_of_a_processor(monkeypatch):
    monkeypatch.setattr(ceilings, "REPEATS", 2)
    for bits in (64, 32):
        assert 1e9 < ceilings.multiply_adds(bits, seconds=0.02) < 1e14
    assert 1e8 < ceilings.copy_bandwidth(2**24) < 1e13
    assert 1e8 < ceilings.matrix_product(size=256) < 1e14


@pytest.mark.parametrize("bits", [64, 32])
def test_the_chains_of_multiply_adds_are_computed(bits):
    width = vector_bits() // bits
    out = np.zeros((CHAINS, width), f"float{bits}")
    multiply_add_chains(bits, width)(out, 0, 3, 0.5)
    # a -> a / 2 + 1 / 2 three times from 0, in every chain of every lane.
    np.testing.assert_array_equal(out[0], CHAINS * 0.875)


def test_bench_reports_shares_of_the_ceiling(monkeypatch, as_json, command):
    monkeypatch.setattr("fastsci.info.BENCH_STEPS", 20)
    monkeypatch.setattr(ceilings, "REPEATS", 2)
    measured = as_json("bench")
    for dtype in ("float64", "float32"):
        assert measured[dtype]["share"] == pytest.approx(75 * measured[dtype]["steps"] / measured[dtype]["ceiling"])
        assert measured[dtype]["steps"] > 1e4
    assert measured["call_overhead"] > 0


def test_the_cache_is_shown_and_emptied(monkeypatch, tmp_path, as_json, process):
    monkeypatch.setenv("FASTSCI_CACHE_DIR", str(tmp_path / "kernels"))
    assert as_json("cache", "info")["kernels"] == 0
    ran = process("run", "lorenz63", "--t-end", "0.1", FASTSCI_CACHE_DIR=str(tmp_path / "kernels"))
    assert ran.returncode == 0, ran.stderr
    held = as_json("cache", "info")
    assert held["kernels"] == 1
    assert held["bytes"] > 1000
    cleared = as_json("cache", "clear")
    assert (cleared["kernels"], cleared["freed"]) == (1, held["bytes"])
    assert as_json("cache", "info")["bytes"] == 0


@pytest.mark.parametrize("check", selftest.CHECKS, ids=lambda check: check.__name__.strip("_"))
def test_every_selftest_passes_here(check):
    outcome = selftest.perform(check)
    wanted = "PASS" if check.__name__ != "_cuda" or GPU else "SKIP"
    assert outcome.verdict == wanted, outcome.figure
    assert outcome.figure


def test_a_failed_check_is_told_and_fails_the_command(monkeypatch, command):
    def wrong():
        """One is two."""
        return 1 == 2, "1 against 2"

    def broken():
        """The installation is whole."""
        raise ImportError("no such library")

    monkeypatch.setattr(selftest, "CHECKS", [wrong, broken])
    status, out, _ = command("selftest")
    assert status == 1
    assert out[:2] == ["FAIL  One is two: 1 against 2", "FAIL  The installation is whole: ImportError: no such library"]
    assert out[2].startswith("0 of 2 checks passed")


def test_help_and_version_import_nothing_heavy(process, folder):
    script = "import sys, fastsci.cli; fastsci.cli.main(['run', '--help']); sys.exit(' '.join(sys.modules))"
    ran = process("--version")
    assert (ran.returncode, ran.stdout) == (0, f"fastsci {fastsci.__version__}\n")
    probe = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=folder,
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    loaded = set(probe.stderr.split())
    assert "exit status" in probe.stdout
    assert "fastsci.cli.parser" in loaded
    assert not loaded & {"numba", "matplotlib", "xarray", "zarr", "scipy.linalg", "torch", "tqdm"}


def test_the_whole_command_in_a_process_of_its_own(process, folder):
    (folder / "y0.csv").write_text("y,x\n2.5,1\n")
    words = ("run", "model.py:reaction", "--members", "2000", "--param", "b=2.5:3.5", "--y0", "y0.csv", "--t-end", "2")
    ran = process(*words, "--dt", "0.01", "--out", "ens.zarr", "--plot", "ens.png", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    assert (folder / "ens.zarr" / "zarr.json").exists()
    assert (folder / "ens.png").stat().st_size > 50_000
    metadata = json.loads((folder / "ens.zarr" / "zarr.json").read_text())
    assert metadata["zarr_format"] == 3
    wrong = process("run", "lorenz63", "--dt", "0", cwd=folder)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
