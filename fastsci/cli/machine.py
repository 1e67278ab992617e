"""``fastsci info``, ``bench``, ``cache`` and ``selftest``: what is installed here, how fast and how right it is."""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections import Counter
from typing import Any

from .errors import FAILED


def info(parsed: argparse.Namespace) -> int:
    """The installation and the machine."""
    from .. import info as installation

    described = installation.describe()
    if not parsed.no_measure:
        described["ceilings"] = installation.ceilings()
    print(json.dumps(described, indent=2) if parsed.json else _info_lines(described))
    return 0


def _info_lines(described: dict[str, Any]) -> str:
    simd, held = described["simd"], described["cache"]
    packages = ", ".join(f"{name} {version}" for name, version in described["packages"].items())
    rows = [
        ("fastsci", f"{described['fastsci']} on Python {described['python']}, {described['system']}"),
        ("packages", packages),
        ("processor", f"{described['processor']}, {described['threads']} threads in use"),
        ("SIMD", f"{simd['bits']} bits: {simd['lanes_float64']} float64 or {simd['lanes_float32']} float32 a register"),
        ("BLAS", described["blas"]),
        *(("CUDA", line) for line in _cuda_lines(described["cuda"])),
        ("cache", f"{held['directory']}: {held['kernels']} kernels, {_mebibytes(held['bytes'])}"),
    ]
    measured = described.get("ceilings", {})
    rows += [("ceilings", f"{name:<15} {_rate(name, value)}") for name, value in measured.items()]
    return "\n".join(f"{name:<10} {text}" for name, text in rows)


def _cuda_lines(cuda: dict[str, Any]) -> list[str]:
    if not cuda["devices"]:
        return [f"no device: {cuda['reason']}"]
    return [
        f"{device['name']}, compute capability {'.'.join(map(str, device['compute_capability']))},"
        f" {_mebibytes(device['memory'])}"
        for device in cuda["devices"]
    ]


def _rate(name: str, value: float) -> str:
    return f"{value / 1e9:8.1f} {'GB/s' if name == 'copy' else 'GFLOP/s'}"


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:.1f} MiB"


def bench(parsed: argparse.Namespace) -> int:
    """Lorenz-63 by RK4, and the ceiling beside it."""
    from .. import info as installation

    speeds: dict[str, Any] = dict(installation.bench())
    overhead = installation.call_overhead()
    if parsed.json:
        print(json.dumps({**speeds, "call_overhead": overhead}, indent=2))
        return 0
    members, steps = installation.BENCH_MEMBERS, installation.BENCH_STEPS
    print(f"Lorenz-63, RK4, {members:,} members x {steps} steps, the whole call:")
    for dtype, speed in speeds.items():
        print(
            f"{dtype}  {speed['steps'] / 1e6:8.1f} M member-steps/s, {speed['share']:.2f} of the multiply-add"
            f" ceiling of {speed['ceiling'] / 1e9:.0f} GFLOP/s"
        )
    print(f"float32 over float64: {speeds['float32']['steps'] / speeds['float64']['steps']:.2f}")
    print(f"a call of 64 members x 10 steps: {1e6 * overhead:.0f} us")
    return 0


def cache(parsed: argparse.Namespace) -> int:
    """The compile cache: what it holds, or nothing any more."""
    from fastsci_kernels import cache as kernels

    if parsed.action == "clear":
        before = kernels.info()
        freed = kernels.clear()
        said = {"directory": before["directory"], "kernels": before["kernels"], "freed": freed}
        line = f"deleted {before['kernels']} kernels, {_mebibytes(freed)}, from {before['directory']}"
    else:
        said = kernels.info()
        held = f"{said['kernels']} kernels, {_mebibytes(said['bytes'])} of at most {_mebibytes(said['limit'])}"
        line = f"{said['directory']}: {held}"
    print(json.dumps(said, indent=2) if parsed.json else line)
    return 0


def selftest(parsed: argparse.Namespace) -> int:
    """Every check, one line each; 1 where any fails."""
    from ..selftest import CHECKS, perform

    # That a check runs on scalars is its point, and no news.
    logging.getLogger("fastsci").setLevel(logging.ERROR)
    began = time.perf_counter()
    verdicts = Counter[str]()
    for check in CHECKS:
        outcome = perform(check)
        verdicts[outcome.verdict] += 1
        print(f"{outcome.verdict}  {outcome.name}: {outcome.figure}", flush=True)
    elapsed = time.perf_counter() - began
    skipped = f", {verdicts['SKIP']} not asked" if verdicts["SKIP"] else ""
    print(f"{verdicts['PASS']} of {len(CHECKS)} checks passed{skipped} in {elapsed:.0f} s")
    return FAILED if verdicts["FAIL"] else 0
