"""A way out of fits that are best among their neighbours alone: what turns in their residual takes a rate's place."""

from __future__ import annotations

import numpy as np

from ._snapshots import Array
from ._varpro import Complex
from ._varpro_fit import Fitter, Found

FINER = 4  # cells of time a snapshot, whose residuals are added
PROMISING = 1.1  # squares that a replacement may leave at first, over those of the fit
BETTER = 1e-6  # part of the squares by which a replacement is better


def improved(fitter: Fitter, found: Found) -> Found:
    """The fit, or a better one that is had by replacing one pair after another."""
    for _ in range(len(found.rates)):
        starts = replacements(found, fitter)
        if not starts:
            return found
        first = fitter(starts, 0)
        best = min(range(len(first)), key=lambda place: first[place].squares)
        if first[best].squares > PROMISING * found.squares:
            return found
        tried = fitter([starts[best]])[0]
        if tried.squares > (1.0 - BETTER) * found.squares:
            return found
        found = tried
    return found


def replacements(found: Found, fitter: Fitter) -> list[Complex]:
    """Rates with one of them, or one pair, replaced by what turns most strongly in the residual."""
    rates, problem = found.rates, found.problem
    turn = strongest(residual(found, fitter), fitter)
    if not problem.conjugates:
        return [np.r_[rates[:j], 1j * turn, rates[j + 1 :]] for j in range(len(rates))]
    last = 2 * problem.n_pairs
    pair = np.array([1j * abs(turn), -1j * abs(turn)])
    if turn == 0.0:
        return []
    starts = [np.r_[rates[:j], pair, rates[j + 2 :]] for j in range(0, last, 2)]
    if len(rates) >= last + 2:
        starts.append(np.r_[rates[:last], pair, rates[last + 2 :]])
    return starts


def residual(found: Found, fitter: Fitter) -> Array:
    """What the exponentials leave of the snapshots that they were fitted to, (q, n), weighted."""
    times = fitter.clock.times
    states = found.coefficients.T @ np.exp(found.rates[:, None] * (times - times[0]))
    left = fitter.coordinates - (states if np.iscomplexobj(fitter.coordinates) else states.real)
    return (fitter.roots * left)[:, fitter.places]


def strongest(left: Array, fitter: Fitter) -> float:
    """Angular frequency of the highest peak in the spectrum of residuals (q, n), their times rounded to fine cells."""
    times = fitter.clock.at(fitter.places)
    finer = 1 if times.even else FINER
    cells = np.rint((times.times - times.times[0]) * (finer / times.dt)).astype(np.intp)
    sums = np.zeros((2 * cells[-1] + 2, len(left)), np.complex128)
    np.add.at(sums, cells, left.T)
    power = np.sum(np.abs(np.fft.fft(sums, axis=0)) ** 2, axis=1)
    turns = 2.0 * np.pi * np.fft.fftfreq(len(power), times.dt / finer)
    return float(turns[np.argmax(power)])
