"""What every test runs under: one BLAS thread, a compile cache of its own, repeatable examples.

The CUDA simulator replaces the compiler for the whole process, so its tests (``tests/cudasim``) and all
others exclude one another: ``NUMBA_ENABLE_CUDASIM=1`` collects the former; without it the latter are.  Where there
is a GPU, the former run on it, together with the others.
"""

import atexit
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

import hypothesis
import pytest
import threadpoolctl

# The variables hold for what is loaded later and for child processes; the limit, for what is loaded already.
for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
threadpoolctl.threadpool_limits(limits=1, user_api="blas")
os.environ.setdefault("MPLBACKEND", "Agg")

# The processes of one run inherit the folder of the first: each has its own, whose files tests may count.
if "FASTSCI_CACHE_DIR" not in os.environ or "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["FASTSCI_CACHE_DIR"] = tempfile.mkdtemp(prefix="fastsci-cache-")
    atexit.register(shutil.rmtree, os.environ["FASTSCI_CACHE_DIR"], ignore_errors=True)

hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.load_profile("ci")

SIMULATED = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")
GPU = Path("/dev/nvidiactl").exists()
TESTS = Path(__file__).parent
# The CUDA compiler and assembler come for this platform alone.
ASSEMBLED = {TESTS / "ptx", TESTS / "random" / "test_ptx.py", TESTS / "statistics" / "test_on_cuda.py"}
ASSEMBLER = (sys.platform, platform.machine()) == ("linux", "x86_64")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    if collection_path == TESTS:
        return None
    if collection_path in ASSEMBLED and not ASSEMBLER:
        return True
    simulator_test = collection_path.relative_to(TESTS).parts[0] == "cudasim"
    wanted = simulator_test == SIMULATED or (simulator_test and GPU)
    return None if wanted else True


def pytest_report_header() -> list[str]:
    which = "tests/cudasim alone" if SIMULATED else "everything" if GPU else "everything but tests/cudasim"
    assembled = "" if ASSEMBLER else ", and nothing that is assembled for CUDA, which takes Linux on x86-64"
    return [f"CUDA simulator: {'on' if SIMULATED else 'off'}, collecting {which}{assembled}"]


@pytest.fixture(scope="session")
def torch():
    return pytest.importorskip("torch", reason="torch is an extra")
