"""Every adaptive method compiles to PTX and assembles; how many registers it takes, and what does not fit in them."""

from __future__ import annotations

import math
import platform
import sys

import pytest

import fastsci

if (sys.platform, platform.machine()) != ("linux", "x86_64"):
    pytest.skip("the CUDA compiler and assembler come for Linux x86-64 only", allow_module_level=True)

from fastsci_kernels.loops import adaptive_cuda
from fastsci_kernels.loops.adaptive_text import AdaptiveShape, EventKind
from fastsci_kernels.methods.control import CONTROLLERS
from fastsci_kernels.methods.registry import ADAPTIVE, STEPPED
from fastsci_kernels.methods.rosenbrock import Rosenbrock
from fastsci_kernels.methods.taylor import Taylor
from tests.ptx.assembler import assemble, ptx
from tests.ptx.test_assembled import AMPERE, HOPPER, double_instructions

pytestmark = pytest.mark.ptx
LORENZ = fastsci.systems.lorenz63


def peak(t, u, p):
    return u[0] * u[1] - p[2] * u[2]


def thrown_back(t, u, p):
    return u[0], u[1], 0.5 * u[2]


EVENTS = {
    "functions": {"user_event0": peak, "user_event1": peak, "user_apply1": thrown_back},
    "kinds": (EventKind(1), EventKind(-1, applies=True)),
}


def fitted(name, system, rtol=1e-6):
    if name == "Taylor":
        n_params = len(system.params)
        return Taylor.of(system.fun, style=system.style, dim=system.dim, n_params=n_params, tolerance=rtol)
    method = ADAPTIVE.get(name) or STEPPED[name]
    return method.fitted(system.fun) if isinstance(method, Rosenbrock) else method


def kernels(name, system=LORENZ, bits=64, *, rich=False):
    """The two kernels of a run, with ``rich`` those that look for events and save, and their signatures."""
    method = fitted(name, system)
    given = method.chooses_step or name not in ADAPTIVE
    shape = AdaptiveShape(
        "tuple" if method.chooses_step else system.style,
        system.dim,
        len(system.params),
        bits,
        controller=CONTROLLERS["fixed" if given else "i"],
        events=EVENTS["kinds"] if rich else (),
        saving=rich,
        flat_limit=method.flat_limit,
    )
    functions = {"slope": system.fun, **(EVENTS["functions"] if rich else {})}
    made = adaptive_cuda.build(functions, method, shape)
    return {
        "begin": (made.begin, adaptive_cuda.begin_signature(shape)),
        "drive": (made.drive, adaptive_cuda.drive_signature(shape)),
    }


if __name__ == "__main__":
    import tempfile, time
    from pathlib import Path

    what = sys.argv[1:]
    for spec in what:
        name, sysname, bits, rich, cc = spec.split(":")
        t = time.process_time()
        ks = kernels(name, fastsci.systems.get(sysname), int(bits), rich=rich == "1")
        for which, (k, s) in ks.items():
            text = ptx(k, s, HOPPER if cc == "90" else AMPERE)
            d = assemble(text, HOPPER if cc == "90" else AMPERE, Path(tempfile.mkdtemp()))
            print(spec, which, d, len(double_instructions(text)) if bits == "32" else "", "%.1f" % (time.process_time() - t), flush=True)
