"""The wheel brings ``fastsci`` and ``fastsci_kernels``, typed and runnable, and nothing else.

``kernels/`` is a source root: a wheel that installed it as a package would overwrite the unrelated package
``kernels`` of the same name and take it along when uninstalled.
"""

import configparser
import os
import subprocess
import sys
import tarfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str, cwd: Path, **environment: str) -> str:
    finished = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, f"{' '.join(command)}\n{finished.stdout}\n{finished.stderr}"
    return finished.stdout


def build(kind: str, into: Path) -> Path:
    run(
        sys.executable,
        "-m",
        "build",
        f"--{kind}",
        "--no-isolation",
        "--outdir",
        str(into),
        str(ROOT),
        cwd=into,
    )
    (built,) = into.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wheel = build("wheel", tmp_path_factory.mktemp("wheel"))
    target = tmp_path_factory.mktemp("installed")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install")
    run(*pip, "--no-deps", "--no-index", "--quiet", "--target", str(target), str(wheel), cwd=target)
    return target


@pytest.fixture(scope="module")
def metadata(installed: Path) -> Path:
    (found,) = installed.glob("*.dist-info")
    return found


def test_import_packages(installed: Path) -> None:
    packages = {entry.name for entry in installed.iterdir() if entry.is_dir() and "." not in entry.name}
    assert packages - {"bin", "__pycache__"} == {"fastsci", "fastsci_kernels"}
    assert not list(installed.glob("*.py"))
    assert not list(installed.glob("*.pth"))


def test_every_module_is_there(installed: Path) -> None:
    for package, source in (("fastsci", ROOT), ("fastsci_kernels", ROOT / "kernels")):
        expected = {path.relative_to(source) for path in (source / package).rglob("*.py")}
        assert {path.relative_to(installed) for path in (installed / package).rglob("*.py")} == expected
        assert expected


@pytest.mark.parametrize("package", ["fastsci", "fastsci_kernels"])
def test_typed(installed: Path, package: str) -> None:
    assert (installed / package / "py.typed").is_file()


def test_metadata(metadata: Path) -> None:
    fields = Parser().parsestr((metadata / "METADATA").read_text(encoding="utf-8"))
    assert fields["Name"] == "fastsci"
    assert fields["License-Expression"] == "BSD-3-Clause"
    assert set(fields["Requires-Python"].split(",")) == {">=3.11", "<3.14"}
    extras = {"cuda12", "cuda13", "neural", "io", "dask", "peers", "plot", "symbolic", "test", "dev"}
    assert set(fields.get_all("Provides-Extra")) == extras
    assert (metadata / "licenses" / "LICENSE").is_file()


def test_command(installed: Path, metadata: Path) -> None:
    scripts = configparser.ConfigParser()
    scripts.read(metadata / "entry_points.txt")
    assert dict(scripts["console_scripts"]) == {"fastsci": "fastsci.cli:main"}
    assert (installed / "bin" / "fastsci").is_file() or (installed / "Scripts" / "fastsci.exe").is_file()


def test_runs_outside_the_repository(installed: Path, tmp_path: Path) -> None:
    code = "import fastsci, fastsci_kernels; print(fastsci.__file__); print(fastsci_kernels.__file__)"
    printed = run(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(installed)).split("\n")
    assert Path(printed[0]) == installed / "fastsci" / "__init__.py"
    assert Path(printed[1]) == installed / "fastsci_kernels" / "__init__.py"
    shown = run(sys.executable, "-m", "fastsci", "--help", cwd=tmp_path, PYTHONPATH=str(installed))
    assert "fastsci" in shown


def test_source_distribution(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    files = ("README.md", "LICENSE", "CITATION.cff", "CHANGELOG.md", "constraints.txt", "pyproject.toml")
    assert names >= set(files)
    assert names >= {"tests/conftest.py", "tests/packaging/test_wheel.py"}
    assert {name.partition("/")[0] for name in names} >= {"fastsci", "kernels", "tests", "benchmarks"}
