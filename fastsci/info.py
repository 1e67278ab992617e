"""The installation: versions, processor, devices, cache, and what the machine can do at most."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from . import systems
from ._version import __version__
from .ensemble import solve_ensemble

PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "xarray", "zarr", "matplotlib", "numba-cuda", "torch")
LORENZ_FLOPS = 75  # of one RK4 step: 32 in the right-hand side, 43 in the stages and the sum
BENCH_MEMBERS, BENCH_STEPS = 65_536, 500


def describe() -> dict[str, Any]:
    """Versions, processor, BLAS, CUDA devices and compile cache.

    Returns
    -------
    dict
        Of plain values, ready for JSON.

    Examples
    --------
    >>> from fastsci.info import describe
    >>> describe()["simd"]["lanes_float32"] == 2 * describe()["simd"]["lanes_float64"]
    True
    """
    from fastsci_kernels import cache
    from fastsci_kernels.loops import cpu, pool

    bits = cpu.vector_bits()
    return {
        "fastsci": __version__,
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "packages": {name: version for name in PACKAGES if (version := _version(name)) is not None},
        "processor": _processor(),
        "threads": pool.thread_count(),
        "simd": {"bits": bits, "lanes_float64": bits // 64, "lanes_float32": bits // 32},
        "blas": _blas(),
        "cuda": _cuda(),
        "cache": cache.info(),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    """The processor's name as the system gives it."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _blas() -> str:
    """The library behind NumPy's matrix product, with its threads and kernels where threadpoolctl can tell."""
    if find_spec("threadpoolctl") is not None:
        from threadpoolctl import threadpool_info

        for library in threadpool_info():
            if library["user_api"] == "blas":
                name, version, threads = library["internal_api"], library["version"], library["num_threads"]
                return f"{name} {version}, {threads} threads, {library.get('architecture', 'unknown')} kernels"
    config: Any = np.show_config(mode="dicts")
    blas = config["Build Dependencies"]["blas"]
    return f"{blas['name']} {blas['version']}"


def _cuda() -> dict[str, Any]:
    """The CUDA devices, or why there are none."""
    from fastsci_kernels import cuda_target

    try:
        cuda = cuda_target.cuda()
        if cuda_target.simulated():
            return {"devices": [], "reason": "Numba's CUDA simulator is on, in the place of any device"}
        if not cuda.is_available():
            reason = " ".join(str(cuda.cuda_error() or "no CUDA device was found").split())
            return {"devices": [], "reason": reason}
    except RuntimeError as error:
        return {"devices": [], "reason": str(error)}
    devices: list[dict[str, Any]] = []
    for device in cuda.list_devices():
        with device:
            free, total = cuda.current_context().get_memory_info()
        name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
        capability = list(device.compute_capability)
        devices.append({"name": name, "compute_capability": capability, "memory": total, "free": free})
    return {"devices": devices, "reason": ""}


def ceilings() -> dict[str, float]:
    """The most this machine does, measured within some seconds: see `fastsci_kernels.ceilings.measure`."""
    from fastsci_kernels import ceilings as measured

    return measured.measure()


def bench() -> dict[str, dict[str, float]]:
    """Speed of Lorenz-63 by RK4 in both precisions beside the ceiling of multiply-adds, within some seconds.

    Returns
    -------
    dict of dict
        For ``float64`` and ``float32``: ``steps`` (member-steps a second of the whole call), ``ceiling`` (operations
        a second) and ``share``, the part of the ceiling that the operations of those steps come to.
    """
    from fastsci_kernels.ceilings import best_of, multiply_adds

    lorenz63 = systems.get("lorenz63")
    dt = 0.001
    speeds: dict[str, dict[str, float]] = {}
    for bits in (64, 32):
        dtype = f"float{bits}"
        y0 = np.random.default_rng(0).normal(size=(BENCH_MEMBERS, 3)).astype(dtype)

        def run(y0: np.ndarray = y0) -> None:
            solve_ensemble(lorenz63, (0.0, BENCH_STEPS * dt), y0, dt=dt, device="cpu")

        steps = BENCH_MEMBERS * BENCH_STEPS / best_of(run)
        ceiling = multiply_adds(bits)
        speeds[dtype] = {"steps": steps, "ceiling": ceiling, "share": steps * LORENZ_FLOPS / ceiling}
    return speeds


def call_overhead(repeats: int = 200) -> float:
    """Seconds of a whole call for 64 members and 10 steps, once compiled; the median."""
    lorenz63 = systems.get("lorenz63")
    y0 = np.random.default_rng(0).normal(size=(64, 3))
    seconds: list[float] = []
    for _ in range(repeats):
        began = time.perf_counter()
        solve_ensemble(lorenz63, (0.0, 0.01), y0, dt=0.001, device="cpu")
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds))
