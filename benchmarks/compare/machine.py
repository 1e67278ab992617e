"""The machine and the versions that a set of figures belongs to."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "jax", "diffrax", "heyoka", "torch", "cupy-cuda13x", "numba-cuda")


def processor() -> str:
    """Name of the processor as the operating system gives it."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    names = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    return ", ".join(sorted(names)) or platform.processor() or platform.machine()


def describe() -> dict[str, object]:
    """Processor, cores, SIMD width, versions and date."""
    from llvmlite import binding

    import fastsci
    from fastsci_kernels.loops.cpu import vector_bits
    from fastsci_kernels.loops.pool import thread_count

    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": processor(),
        "microarchitecture": binding.get_host_cpu_name(),
        "threads": thread_count(),
        "simd_bits": vector_bits(),
        "load_average": [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "fastsci": fastsci.__version__,
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
