"""What symplectic methods keep: the energy of Henon's and Heiles's star, and the figure of three bodies."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

import numpy as np

import fastsci
from benchmarks.compare.row import Row
from benchmarks.suites.problems import henon_heiles_energy

STARS, STEPS, SAVES, DT = 64, 1_000_000, 2000, 0.0015
EIGHT_STEPS = 2000


def energy_errors(stars: int, steps: int) -> tuple[np.ndarray, float]:
    """Relative errors ``(stars, saves)`` of the energy by leapfrog, and the steps a second."""
    y0 = np.linspace(0.5, 1.0, stars)[:, np.newaxis] * np.array([0.0, 0.1, 0.48, 0.0])
    saves = min(SAVES, steps)
    t_eval = np.linspace(0.0, steps * DT, saves + 1)
    call = {"method": "Leapfrog", "dt": DT}
    fastsci.solve_ensemble(fastsci.systems.henon_heiles, (0.0, DT), y0, t_eval=t_eval[:1], **call)
    began = perf_counter()
    result = fastsci.solve_ensemble(fastsci.systems.henon_heiles, (0.0, steps * DT), y0, t_eval=t_eval, **call)
    rate = stars * steps / (perf_counter() - began)
    kept = henon_heiles_energy(result.y)
    return kept / kept[:, :1] - 1.0, rate


def trend(errors: np.ndarray) -> float:
    """The largest drift of a member over the whole run, by a straight line through its errors."""
    time = np.linspace(-0.5, 0.5, errors.shape[1])
    slopes = errors @ time / (time @ time)
    return float(np.abs(slopes).max())


def closing(method: str, steps: int = EIGHT_STEPS) -> float:
    """How far from their start the three bodies are after one period."""
    eight = fastsci.systems.figure_eight
    period = eight.facts["period"]
    result = fastsci.solve_ensemble(eight, (0.0, period), method=method, dt=period / steps)
    return float(np.linalg.norm(result.y_final[0] - eight.default_y0))


def rows(stars: int = STARS, steps: int = STEPS) -> Iterator[Row]:
    """Errors alone; the times are no promise."""
    errors, rate = energy_errors(stars, steps)
    worst = np.abs(errors).max(axis=1)
    yield Row(
        f"Henon-Heiles, leapfrog, {stars} stars x {steps:,} steps of {DT:g}: relative error of the energy",
        float(worst.max()), float(worst.min()), float(worst.max()), unit="", at_most=1e-6, steps_per_second=rate,
        note="the largest over the run; range over the stars",
    )  # fmt: skip
    drift = trend(errors)
    yield Row(
        "the same: drift over the whole run of a straight line through it", drift, drift, drift, unit="", at_most=1e-8
    )
    gaps = {method: closing(method) for method in ("Yoshida4", "Yoshida8", "KahanLi8")}
    yield Row(
        f"figure-eight of three bodies, {EIGHT_STEPS:,} steps a period: distance from its start after one",
        gaps["Yoshida8"], min(gaps.values()), max(gaps.values()), unit="", at_most=1e-6,
        note="Yoshida8; " + ", ".join(f"{method} {gap:.1e}" for method, gap in gaps.items()),
    )  # fmt: skip
