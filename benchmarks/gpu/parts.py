"""The parts of a run on a GPU, each a function of the sizes and the seconds left that returns what goes on record."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numba import cuda

import fastsci
from benchmarks.compare import machine
from benchmarks.compare.rows import FLOPS, INSTRUCTIONS
from benchmarks.gpu.ceiling import MultiplyAdds
from benchmarks.gpu.families import adaptive_lorenz63, bouncing_ball, ornstein_uhlenbeck, stiff_robertson
from benchmarks.gpu.moments import moments
from benchmarks.gpu.tangents import spectra_lorenz63, tangent_lorenz63
from benchmarks.suites.problems import Problem, problem
from fastsci_kernels import cuda_target
from fastsci_kernels.loops import cuda as driver
from fastsci_kernels.loops.grid import make_grid
from fastsci_kernels.methods.registry import FIXED

ROOT = Path(__file__).resolve().parents[2]
NOTHING_COLLECTED = 5  # pytest's exit status


@dataclass(frozen=True)
class Sizes:
    members: int
    steps: int  # of the shorter of two runs, whose difference is free of what a call costs
    few_members: int
    blocks: tuple[int, ...]
    ceiling_threads: int
    ceiling_rounds: int
    rounds: int


FULL = Sizes(2**20, 2000, 4096, (32, 64, 128, 256, 512), 2**20, 500, 7)
SMOKE = Sizes(8, 4, 4, (2, 4), 256, 4, 2)


def device(sizes: Sizes, left: float) -> dict:
    """What the figures belong to."""
    about: dict[str, Any] = machine.describe() | {"simulated": cuda_target.simulated()}
    if not cuda_target.simulated():
        current = cuda.get_current_device()
        name = current.name
        about |= {
            "device": name.decode() if isinstance(name, bytes) else str(name),
            "compute_capability": list(current.compute_capability),
            "multiprocessors": current.MULTIPROCESSOR_COUNT,
        }
    return about


def _library() -> Any:
    """CuPy, else torch, else NumPy, whose arrays make the trip from the host on every call."""
    if not cuda_target.simulated():
        for name in ("cupy", "torch"):
            if find_spec(name) is not None:
                return import_module(name)
    return np


def _on_device(array: np.ndarray) -> Any:
    library = _library()
    return library.as_tensor(array, device="cuda") if library.__name__ == "torch" else library.asarray(array)


def _solver(given: Problem, n_steps: int, *, resident: bool, **options) -> Callable[[], Any]:
    y0, params = (_on_device(part) if resident else part for part in (given.y0, given.params))

    def solve() -> Any:
        span = (0.0, given.dt * n_steps)
        result = fastsci.solve_ensemble(given.fun, span, y0, params=params, dt=given.dt, device="cuda", **options)
        cuda.synchronize()
        return result

    return solve


def _met(held: bool) -> bool | None:
    """Whether a target of speed is met; the simulator has no speed."""
    return None if cuda_target.simulated() else held


def _seconds(call: Callable[[], Any]) -> float:
    began = perf_counter()
    call()
    return perf_counter() - began


def _median(call: Callable[[], Any], rounds: int) -> float:
    call()
    return statistics.median(_seconds(call) for _ in range(rounds))


def _rate(given: Problem, sizes: Sizes) -> tuple[float, float]:
    """Member-steps a second of the kernel, from runs of two lengths, and of the longer run's whole call."""
    short, long = (_solver(given, steps, resident=True) for steps in (sizes.steps, 3 * sizes.steps))
    short(), long()
    times = [(_seconds(short), _seconds(long)) for _ in range(sizes.rounds)]
    extra = statistics.median(b - a for a, b in times)
    whole = statistics.median(b for _, b in times)
    return 2 * sizes.steps * given.n_members / extra, 3 * sizes.steps * given.n_members / whole


def _kernel(given: Problem) -> driver.Kernel:
    style = "inplace" if given.in_place else "tuple"
    return driver.kernel(
        given.fun, FIXED["RK4"], style=style, dim=given.y0.shape[1], n_params=given.params.shape[1],
        dtype=given.y0.dtype,
    )  # fmt: skip


def _compiled(given: Problem) -> dict:
    """Registers and local memory a thread, where there is a compiler."""
    if cuda_target.simulated():
        return {}
    drive = _kernel(given).drive
    registers, local = drive.get_regs_per_thread(), drive.get_local_mem_per_thread()
    return {
        name: next(iter(value.values())) if isinstance(value, dict) else value
        for name, value in (("registers", registers), ("local_bytes", local))
    }


def lorenz63_rk4(sizes: Sizes, left: float) -> dict:
    """Arrays on the device: steps a second and the share of the FMA ceiling measured between the runs."""
    record: dict[str, Any] = {"library": _library().__name__, "members": sizes.members, "steps": 3 * sizes.steps}
    for dtype in ("float64", "float32"):
        given = problem("lorenz63", sizes.members, sizes.steps).cast(dtype)
        ceiling = MultiplyAdds(dtype, threads=sizes.ceiling_threads, rounds=sizes.ceiling_rounds)
        before = statistics.median(ceiling.rate() for _ in range(sizes.rounds))
        kernel, whole = _rate(given, sizes)
        rate = (before + statistics.median(ceiling.rate() for _ in range(sizes.rounds))) / 2
        record[dtype] = {
            "kernel_steps_per_second": kernel,
            "call_steps_per_second": whole,
            "ceiling_multiply_adds_per_second": rate,
            "share_of_ceiling": INSTRUCTIONS * kernel / rate,
            "share_in_flops": FLOPS * kernel / (2 * rate),
            **_compiled(given),
        }
    record["float32_over_float64"] = (
        record["float32"]["kernel_steps_per_second"] / record["float64"]["kernel_steps_per_second"]
    )
    record["target"] = "float64 share_of_ceiling at least 0.75"
    record["met"] = _met(record["float64"]["share_of_ceiling"] >= 0.75)
    return record


def block_sizes(sizes: Sizes, left: float) -> dict:
    """Seconds of the same run by threads a block; the answers have to be the same bit for bit."""
    record: dict[str, Any] = {}
    for dtype in ("float64", "float32"):
        given = problem("lorenz63", sizes.members, sizes.steps).cast(dtype)
        times, answers = zip(*(_with_block(given, block, sizes.rounds) for block in sizes.blocks), strict=True)
        same = all(np.array_equal(answers[0], answer) for answer in answers[1:])
        if not same:
            raise RuntimeError(f"the answers in {dtype} depend on the block size")
        record[dtype] = dict(zip(map(str, sizes.blocks), times, strict=True))
    return record


def _with_block(given: Problem, block: int, rounds: int) -> tuple[float, np.ndarray]:
    kernel = _kernel(given)
    grid = make_grid(np.array([0.0, given.t_end]), np.array(given.dt), None, given.y0.dtype, given.n_members)
    params = cuda.to_device(np.ascontiguousarray(given.params.T))
    out = cuda.to_device(np.full((given.y0.shape[1], given.n_members), np.nan, given.y0.dtype))

    def run() -> float:
        y = cuda.to_device(np.ascontiguousarray(given.y0.T))
        return _seconds(lambda: driver.integrate(kernel, y, params, grid, out, block=block))

    run()
    return statistics.median(run() for _ in range(rounds)), out.copy_to_host()


def host_to_host(sizes: Sizes, left: float) -> dict:
    """NumPy in, NumPy out, against the same run with the arrays on the device and their copies timed by themselves."""
    given = problem("lorenz63", sizes.members, sizes.steps)
    y_device = cuda.to_device(given.y0)
    copies = _median(lambda: (cuda.to_device(given.y0), cuda.to_device(given.params)), sizes.rounds)
    copies += _median(y_device.copy_to_host, sizes.rounds)
    resident = _median(_solver(given, sizes.steps, resident=True), sizes.rounds)
    host = _median(_solver(given, sizes.steps, resident=False), sizes.rounds)
    return {
        "seconds": host,
        "seconds_on_device": resident,
        "seconds_of_copies": copies,
        "over_kernel_and_copies": host / (resident + copies),
        "target": "over_kernel_and_copies at most 1.3",
        "met": _met(host <= 1.3 * (resident + copies)),
    }


def call_overhead(sizes: Sizes, left: float) -> dict:
    """Small ensembles of few steps: what a warm call costs."""
    record = {}
    for members in (1, 64, 2048):
        given = problem("lorenz63", min(members, sizes.members), 10)
        for resident in (True, False):
            solve = _solver(given, 10, resident=resident)
            solve()
            times = [_seconds(solve) for _ in range(30 * sizes.rounds if not cuda_target.simulated() else 1)]
            where = "device" if resident else "host"
            record[f"{members}_members_from_{where}_us"] = 1e6 * statistics.median(times)
    return record


def cpu_agreement(sizes: Sizes, left: float) -> dict:
    """GPU against CPU over about one Lyapunov time of Lorenz-63 (1 / 0.906), relative to each member's norm."""
    record: dict[str, Any] = {}
    for name, n_steps in (("lorenz63", 220), ("lorenz96", 50), ("pendulum", 110), ("kuramoto", 50)):
        if cuda_target.simulated():
            n_steps = 2
        given = problem(name, sizes.few_members, n_steps)
        gpu, cpu = (
            fastsci.solve_ensemble(
                given.fun, (0.0, given.t_end), given.y0, params=given.params, dt=given.dt, device=where
            ).y_final
            for where in ("cuda", "cpu")
        )
        distance = np.linalg.norm(gpu - cpu, axis=1) / np.linalg.norm(cpu, axis=1)
        record[name] = {"time": given.t_end, "largest_relative_difference": float(distance.max())}
    record["target"] = "lorenz63 at most 1e-12"
    record["met"] = record["lorenz63"]["largest_relative_difference"] <= 1e-12
    return record


def other_problems(sizes: Sizes, left: float) -> dict:
    """In-place right-hand sides and ``math.sin``, arrays on the device."""
    record = {}
    for name, divisor in (("lorenz96", 8), ("kuramoto", 8), ("pendulum", 1)):
        for dtype in ("float64", "float32"):
            given = problem(name, max(sizes.members // divisor, 2), max(sizes.steps // 20, 2)).cast(dtype)
            solve = _solver(given, given.n_steps, resident=True)
            seconds = _median(solve, sizes.rounds)
            finite = bool(np.all(_to_host(solve().status) == 0))
            if not finite:
                raise RuntimeError(f"members of {name} in {dtype} failed")
            record[f"{name}_{dtype}"] = {"steps_per_second": given.member_steps / seconds, **_compiled(given)}
    return record


def _to_host(array: Any) -> np.ndarray:
    for bring in ("get", "cpu"):
        if hasattr(array, bring):
            return np.asarray(getattr(array, bring)())
    return np.asarray(array)


def saves(sizes: Sizes, left: float) -> dict:
    """Saves on the grid and between its points: seconds, and that the final state does not depend on them."""
    members, n_steps = max(sizes.members // 8, 2), max(sizes.steps // 10, 4)
    given = problem("lorenz63", members, n_steps)
    final = _to_host(_solver(given, n_steps, resident=True)().y_final)
    record: dict[str, Any] = {"members": members, "steps": n_steps}
    for n_saves in (n_steps // 4, n_steps):
        for off in (0.0, 0.37):
            times = (np.arange(n_saves) * (n_steps // n_saves) + off) * given.dt
            solve = _solver(given, n_steps, resident=True, t_eval=times)
            record[f"{n_saves}_saves_{off}_off_seconds"] = _median(solve, sizes.rounds)
            if not np.array_equal(_to_host(solve().y_final), final):
                raise RuntimeError("the final state depends on the saves")
    return record


def tests(sizes: Sizes, left: float) -> dict:
    """The project's tests that concern CUDA, in a process of their own, where pytest is at hand."""
    folders = [str(path) for name in ("cuda", "cudasim", "ptx") if (path := ROOT / "tests" / name).is_dir()]
    if not folders or find_spec("pytest") is None:
        return {"not_run": "pytest is not installed" if folders else "there are no tests of CUDA"}
    path = os.pathsep.join([str(ROOT), str(ROOT / "kernels")])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *folders]
    limit = max(30.0, min(left, 240.0))
    try:
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, timeout=limit, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"error": f"not finished within {limit:.0f} s"}
    tail = done.stdout[-3000:]
    if done.returncode == NOTHING_COLLECTED:
        return {"not_run": "pytest collected nothing", "output": tail}
    return {"output": tail} if done.returncode == 0 else {"error": f"exit status {done.returncode}", "output": tail}


PARTS = (
    device, cpu_agreement, lorenz63_rk4, block_sizes, host_to_host, call_overhead, other_problems, saves,
    adaptive_lorenz63, stiff_robertson, ornstein_uhlenbeck, bouncing_ball, tangent_lorenz63, spectra_lorenz63, moments,
    tests,
)  # fmt: skip
