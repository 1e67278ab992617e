"""How long a user waits at first: each figure is taken inside a fresh process, with a compile cache of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

MODEL = """\
def lorenz(t, u, p):
    x, y, z = u
    sigma, rho, beta = p
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z
"""

IMPORT = """\
import time
began = time.perf_counter()
import fastsci
print(time.perf_counter() - began)
"""

# What Numba itself imports when anything is first compiled or loaded, SciPy's linear algebra among it.
LATE = "import numba.np.arraymath, numba.np.linalg, numba.cpython.unicode, numba.typed\n"

FIRST_CALL = """\
import time
import numba
import fastsci
from model import lorenz
y0 = [[1.0, 2.0, 20.0 + i] for i in range(64)]
began = time.perf_counter()
result = fastsci.solve_ensemble(lorenz, (0.0, 1.0), y0, params=[10.0, 28.0, 8 / 3], dt=0.01)
print(time.perf_counter() - began)
assert result.path == "lanes" and result.success.all()
"""


def run(program: str, folder: str) -> float:
    """The number that a program prints, in a fresh process whose compile cache is a folder."""
    path = os.pathsep.join([folder, str(ROOT), str(ROOT / "kernels")])
    environment = {**os.environ, "PYTHONPATH": path, "FASTSCI_CACHE_DIR": folder}
    command = [sys.executable, "-c", program]
    answer = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return float(json.loads(answer.stdout))


def import_seconds() -> float:
    """``import fastsci``, NumPy included."""
    with tempfile.TemporaryDirectory() as folder:
        return run(IMPORT, folder)


def first_call_seconds() -> tuple[float, float, float]:
    """The first call on a new function, the first call of a second process on the same one, and of a third.

    Numba has been imported before the clock starts; in the third process its late imports too.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model.py").write_text(MODEL)
        return run(FIRST_CALL, folder), run(FIRST_CALL, folder), run(LATE + FIRST_CALL, folder)
