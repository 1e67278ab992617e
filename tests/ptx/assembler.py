"""Kernels as PTX and as what ptxas says of them, for any compute capability, on a machine without a GPU."""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import files
from types import SimpleNamespace

import numba.cuda.dispatcher as dispatcher
from numba import cuda


@dataclass(frozen=True)
class Assembled:
    """What the assembler reports of one kernel."""

    registers: int
    spill_stores: int
    spill_loads: int
    stack: int
    constants: int


@contextmanager
def _capability(cc):
    """Let the compiler believe in a device of compute capability ``cc``: it asks for it at each function called."""
    original = dispatcher.get_current_device
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=cc)
    try:
        yield
    finally:
        dispatcher.get_current_device = original


def ptx(kernel, signature, cc):
    with _capability(cc):
        text, _ = cuda.compile(kernel.py_func, signature, device=False, abi="numba", cc=cc, output="ptx")
    return text


def ptxas():
    """The assembler of the package nvidia-cuda-nvcc."""
    return next(path.locate() for path in files("nvidia-cuda-nvcc") if path.name == "ptxas")


def assemble(text, cc, folder):
    source = folder / "kernel.ptx"
    source.write_text(text)
    done = subprocess.run(
        [str(ptxas()), "-v", f"-arch=sm_{cc[0]}{cc[1]}", str(source), "-o", str(folder / "kernel.cubin")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = done.stderr

    def number(pattern):
        found = re.findall(pattern, report)
        assert found, report
        return max(map(int, found))

    return Assembled(
        registers=number(r"Used (\d+) registers"),
        spill_stores=number(r"(\d+) bytes spill stores"),
        spill_loads=number(r"(\d+) bytes spill loads"),
        stack=number(r"(\d+) bytes stack frame"),
        constants=sum(map(int, re.findall(r"(\d+) bytes cmem\[3\]", report))),
    )
