"""Fits of exponentials to snapshots, from the rates of plain DMD or others, and with outliers left out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ._snapshots import Array
from ._varpro import Complex, in_pairs
from ._varpro_clock import Clock
from ._varpro_fit import Fitter, Found
from ._varpro_search import improved
from ._varpro_settings import Settings
from ._varpro_start import apart, delayed_rates, first_rates, projection

EXPLAINED = 1e-9  # error below which a fit needs no more exponentials than there are directions
CONCENTRATIONS = 20  # times that outliers are chosen anew, at most


def fitted(data: Array, clock: Clock, roots: Array, places: NDArray[np.intp], settings: Settings) -> Found:
    """Fit exponentials to the snapshots at ``places``, whose weights have the square roots ``roots``."""
    count, start = len(places), settings.start
    used = data if count == data.shape[1] else data[:, places]
    wanted = settings.rank if start is None else len(start)
    if isinstance(wanted, (int, np.integer)) and not isinstance(wanted, bool) and wanted >= count:
        raise ValueError(
            f"{'rank' if start is None else 'start'}: asks for {wanted} exponentials of {count} snapshots, expected at"
            f" most {count - 1}; take fewer, or give more snapshots"
        )
    basis, coordinates = projection(used, wanted if start is None else min(wanted, *used.shape))
    if not len(coordinates):
        raise ValueError("X: holds zeros alone, expected snapshots that something can be fitted to")
    if len(coordinates) >= count:
        raise ValueError(
            f"rank: is {wanted}, which keeps {len(coordinates)} directions of {count} snapshots, expected fewer; give"
            " the number of exponentials"
        )
    pairs = settings.pairs or not np.iscomplexobj(data)
    everywhere = coordinates if count == data.shape[1] else basis.conj().T @ data
    fitter = Fitter(everywhere, basis, clock, roots, places, settings, pairs)
    if start is not None:
        return fitter.best_of([in_pairs(start, "start") if pairs else start])
    part = clock.at(places)
    found = _from(first_rates(coordinates, part), fitter)
    if isinstance(wanted, (int, np.integer)) and wanted > len(coordinates) and found.error > EXPLAINED:
        found = _from(delayed_rates(coordinates, part, int(wanted)), fitter)
    return found


def _from(starts: Iterable[Complex], fitter: Fitter) -> Found:
    """The best fit from any of the rates of linear fits."""
    if not fitter.pairs:
        return improved(fitter, fitter.best_of(list(starts)))
    if np.iscomplexobj(fitter.coordinates):
        # The rates that turn fastest to either side are made conjugates, and so on inwards.
        ordered = (start[np.argsort(start.imag)] for start in starts)
        starts = (0.5 * (start + start[::-1].conj()) for start in ordered)
    pairs = [apart(in_pairs(start, "start"), fitter.clock, fitter.settings.allowed) for start in starts]
    return improved(fitter, fitter.best_of(pairs))


def without_outliers(data: Array, clock: Clock, roots: Array, settings: Settings) -> tuple[NDArray[np.bool_], Found]:
    """A fit that leaves out the share ``trim`` of the snapshots that it explains worst, and those kept.

    Concentration steps of least trimmed squares (Rousseeuw & Van Driessen 2006): each cannot but shrink the sum.
    """
    kept = roots > 0.0
    found = fitted(data, clock, roots, np.flatnonzero(kept), settings)
    dropped = int(settings.trim * np.count_nonzero(kept))
    for _ in range(CONCENTRATIONS if dropped else 0):
        left = data - _states(found, clock)
        distance = np.where(roots > 0.0, roots * np.linalg.norm(left, axis=0), np.inf)
        order = np.argsort(distance, kind="stable")
        chosen = np.zeros(len(roots), bool)
        chosen[order[: np.count_nonzero(roots > 0.0) - dropped]] = True
        if np.array_equal(chosen, kept):
            break
        kept = chosen
        found = fitted(data, clock, roots, np.flatnonzero(kept), settings)
    return kept, found


def _states(found: Found, clock: Clock) -> Array:
    since = clock.times - clock.times[0]
    states = found.basis @ (found.coefficients.T @ np.exp(found.rates[:, None] * since))
    return states if np.iscomplexobj(found.basis) else states.real
