"""The rules of the house that a single file cannot keep: imports stay light, files short, versions alike."""

import importlib.machinery
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (ROOT / "fastsci", ROOT / "kernels" / "fastsci_kernels")
LONGEST_FILE = 400

PROBE = """
import json, os, sys, threading
import numpy

def system_threads():
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else None

modules, threads = set(sys.modules), system_threads()
import fastsci
loaded = sorted(set(sys.modules) - modules)
multiprocessing = sys.modules.get("multiprocessing")
print(json.dumps({
    "file": fastsci.__file__,
    "loaded": loaded,
    "threads": [threading.active_count(), threads, system_threads()],
    "start_method": multiprocessing.get_start_method(allow_none=True) if multiprocessing else None,
}))
"""


def python(code: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    return subprocess.run(
        [sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def imported() -> dict:
    finished = python(PROBE, ROOT, ROOT / "kernels")
    assert finished.returncode == 0, finished.stderr
    report = json.loads(finished.stdout)
    assert Path(report["file"]) == ROOT / "fastsci" / "__init__.py"
    return report


@pytest.mark.parametrize(
    "library",
    [
        "numba", "numba_cuda", "llvmlite", "cupy", "torch", "scipy", "matplotlib", "xarray", "zarr", "pandas",
        "sklearn", "dask", "jax", "tqdm",
    ],
)  # fmt: skip
def test_import_does_not_load(imported: dict, library: str) -> None:
    assert [name for name in imported["loaded"] if name.partition(".")[0] == library] == []


def test_import_starts_nothing(imported: dict) -> None:
    python_threads, before, after = imported["threads"]
    assert python_threads == 1
    assert after == before
    assert imported["start_method"] is None


def declared_version(package: Path) -> str:
    (version,) = re.findall(r'^__version__ = "([^"]+)"$', (package / "_version.py").read_text(), re.MULTILINE)
    return version


def test_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert [declared_version(package) for package in PACKAGES] == [project["version"]] * 2
    citation = (ROOT / "CITATION.cff").read_text()
    assert re.findall(r"^version: (.+)$", citation, re.MULTILINE) == [project["version"]]
    assert f"## [{project['version']}]" in (ROOT / "CHANGELOG.md").read_text()


def test_mixed_versions_refuse_to_run(tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    code = "import fastsci; print(fastsci.__file__)"
    alike = python(code, tmp_path)
    assert alike.returncode == 0, alike.stderr
    assert Path(alike.stdout.strip()) == tmp_path / "fastsci" / "__init__.py"

    (tmp_path / "fastsci_kernels" / "_version.py").write_text('__version__ = "0.0.999"\n')
    mixed = python(code, tmp_path)
    assert mixed.returncode != 0
    last_line = mixed.stderr.strip().splitlines()[-1]
    assert last_line.startswith("ImportError:")
    assert "0.0.999" in last_line
    assert declared_version(PACKAGES[0]) in last_line


def test_kernels_is_a_source_root() -> None:
    assert not (ROOT / "kernels" / "__init__.py").exists()
    spec = importlib.machinery.PathFinder.find_spec("kernels", [str(ROOT)])
    assert spec is not None
    assert spec.loader is None or spec.origin is None


def test_files_are_short() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for package in PACKAGES
        for path in package.rglob("*.py")
    }
    assert len(lengths) >= 2
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}
