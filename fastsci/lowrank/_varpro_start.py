"""Snapshots projected on their leading directions, and rates of exponentials to begin a fit with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._rank import choose_rank
from ._snapshots import Array
from ._varpro import Allowed
from ._varpro_clock import Clock

Complex = NDArray[np.complex128]
CHEAPER = 12  # instants or variables to a vector from which on a few vectors cost less than all
SPARE = 2  # vectors beside those that are wanted
DEPTH, RESTARTS = 3, 10  # powers of a Krylov space, and how often it is built anew
SETTLED = 1e-10  # residual of eigenvectors over their eigenvalues
HIDDEN = 1e-13  # the same over the largest, which rounding leaves
STRONGEST = 0.25  # growth or decay over the shortest step that is taken at its word before a fit
SPANS = (1, 4, 16, 64)  # of the slopes that are tried, in steps
DELAYS = 60  # snapshots that are laid beside one another where one has too few directions, at least
APART = 1.0  # radians or logarithms between rates over half of the times
SINGLE = ("float32", "complex64")
FADED = 1e-100  # factor of a step from which on there is nothing left
TURNING = 1e-8  # imaginary part of a rate that is not real, over the largest rate


def projection(X: Array, rank: Any) -> tuple[Array, Array]:
    """Leading directions ``basis (n_space, q)`` of snapshots, and the snapshots in them, (q, n_times), in float64.

    The directions are singular vectors: of products of the snapshots with few vectors where these cost less than the
    smaller product of the snapshots with themselves, and otherwise from that.
    """
    single = X.dtype.name in SINGLE
    wide = X.astype(np.complex128 if X.dtype.kind == "c" else np.float64) if single else X
    tall = len(wide) >= wide.shape[1]
    rounding = np.sqrt(max(X.shape) * np.finfo(np.float64).eps)
    if single:
        rounding = max(rounding, max(X.shape) * np.finfo(X.dtype).eps)
    values, vectors = _leading(wide if tall else wide.conj().T, rank)
    kept = choose_rank(rank, np.sqrt(np.maximum(values, 0.0)), X.shape, float(rounding))
    images = vectors[:, :kept]
    # Products with the snapshots lie in their range exactly, whatever the vectors' rounding.
    basis = np.linalg.qr(wide @ (images if tall else _turned(wide, images)))[0]
    return basis, _turned(basis, wide)


def _turned(matrix: Array, right: Array) -> Array:
    """``matrix^H right`` without a conjugate copy of the matrix."""
    return (matrix.T @ right.conj()).conj() if matrix.dtype.kind == "c" else matrix.T @ right


def _leading(tall: Array, rank: Any) -> tuple[Array, Array]:
    """Squared singular values from large to small, as many as may be needed, and their right vectors."""
    count = tall.shape[1]
    if isinstance(rank, (int, np.integer)) and 0 < (rank + SPARE) * CHEAPER <= count:
        found = _krylov(tall, int(rank))
        if found is not None:
            return found
    values, vectors = np.linalg.eigh(_turned(tall, tall))
    return values[::-1], vectors[:, ::-1]


def _krylov(tall: Array, rank: int) -> tuple[Array, Array] | None:
    """The same from small block Krylov spaces, or None where these do not settle."""

    def product(right: Array) -> Array:
        return _turned(tall, tall @ right)

    count = rank + SPARE
    block = np.random.default_rng(0).standard_normal((tall.shape[1], count)).astype(tall.dtype)
    for _ in range(RESTARTS):
        space = np.linalg.qr(block)[0]
        images = newest = product(space)
        for _ in range(DEPTH - 1):
            for _ in range(2):
                newest = newest - space @ _turned(space, newest)
            newest = np.linalg.qr(newest)[0]
            space = np.concatenate([space, newest], axis=1)
            newest = product(newest)
            images = np.concatenate([images, newest], axis=1)
        small = _turned(space, images)
        values, vectors = np.linalg.eigh(0.5 * (small + small.conj().T))
        values, vectors = values[: -count - 1 : -1], vectors[:, : -count - 1 : -1]
        block = space @ vectors
        left = np.linalg.norm(images @ vectors[:, :rank] - block[:, :rank] * values[:rank], axis=0)
        if np.all(left <= np.maximum(SETTLED * values[:rank], HIDDEN * values[0])):
            return values[:rank], block[:, :rank]
    return None


def first_rates(coordinates: Array, clock: Clock) -> Iterator[Complex]:
    """Rates from increments of the snapshots against their integrals, as many as coordinates, several times over.

    Over one step this is the rule of Askham and Kutz (2018).  Over more of them the noise of a snapshot counts for less
    until a mode has turned around, so spans of all lengths are tried, and growth rates as found and of 0.  Of even
    times the rates are those of a discrete fit: what the trapezoidal rule does to a rate is undone.
    """
    yield from _of_increments(coordinates, clock)
    if not clock.even:
        # Over wide gaps the trapezoidal rule fails where a straight line between neighbours still turns as they do.
        yield from _of_increments(*_made_even(coordinates, clock))


def delayed_rates(coordinates: Array, clock: Clock, rank: int) -> Iterator[Complex]:
    """More rates than coordinates, from snapshots with those that follow them; ``rank`` where these tell as many."""
    even, clock = (coordinates, clock) if clock.even else _made_even(coordinates, clock)
    count = even.shape[1]
    delays = min(max(-(-2 * rank // len(even)), DELAYS), count // 2)
    stacked = np.concatenate([even[:, late : count - delays + 1 + late] for late in range(delays)])
    _, values, right = np.linalg.svd(stacked, full_matrices=False)
    courses = right[: choose_rank(rank, values, stacked.shape)]
    operator = np.linalg.lstsq(courses[:, :-1].T, courses[:, 1:].T, rcond=None)[0]
    factors = np.linalg.eigvals(operator).astype(np.complex128)
    sizes, turns = np.log(np.maximum(np.abs(factors), FADED)), np.angle(factors)
    rates = ((sizes + 1j * turns) / clock.dt).astype(np.complex128)
    yield from _with_undamped(_bounded(rates, clock, coordinates.dtype.kind != "c"))


def _made_even(coordinates: Array, clock: Clock) -> tuple[Array, Clock]:
    """Coordinates at even times, on straight lines between neighbours."""
    even, since = Clock.of(clock.dt, len(clock.times)), clock.times - clock.times[0]
    places = np.clip(np.searchsorted(since, even.times) - 1, 0, len(since) - 2)
    share = (even.times - since[places]) / np.diff(since)[places]
    return (1.0 - share) * coordinates[:, places] + share * coordinates[:, places + 1], even


def _of_increments(coordinates: Array, clock: Clock) -> Iterator[Complex]:
    steps, longest = np.diff(clock.times), max(1, (coordinates.shape[1] - len(coordinates)) // 2)
    integrals = np.zeros_like(coordinates)
    np.cumsum(0.5 * steps * (coordinates[:, 1:] + coordinates[:, :-1]), axis=1, out=integrals[:, 1:])
    for span in (span for span in SPANS if span <= longest):
        areas = integrals[:, span:] - integrals[:, :-span]
        gains = coordinates[:, span:] - coordinates[:, :-span]
        operator = np.linalg.lstsq(areas.T, gains.T, rcond=None)[0]
        rates = np.linalg.eigvals(operator).astype(np.complex128)
        if clock.even:
            half = 0.5 * clock.dt * rates
            with np.errstate(divide="ignore", invalid="ignore"):
                exact = np.log((1.0 + half) / (1.0 - half)) / clock.dt
            rates = np.where(np.isfinite(exact), exact, rates).astype(np.complex128)
        yield from _with_undamped(_bounded(rates, clock, coordinates.dtype.kind != "c"))


def apart(rates: Complex, clock: Clock, allowed: Allowed) -> Complex:
    """Rates in pairs, and then real, that are allowed and no two of which are the same over the times."""
    gap = APART / clock.half
    upper, single = rates[rates.imag > 0.0], rates[rates.imag == 0.0].real
    if allowed.neutral:
        # Of the real ones 0 alone is left: the others turn slowly.
        upper = 1j * np.concatenate([upper.imag, np.full(len(single) // 2, gap)])
        upper = 1j * _spread(upper.imag, gap)
        single = np.zeros(len(single) % 2)
    elif allowed.stable:
        upper, single = np.minimum(upper.real, 0.0) + 1j * upper.imag, np.minimum(single, 0.0)
    pairs = np.stack([upper, upper.conj()], axis=1).ravel()
    return np.concatenate([pairs, -_spread(-single, gap)]).astype(np.complex128)


def _spread(values: Array, gap: float) -> Array:
    """Numbers in order, each at least a gap above the one before."""
    steps = gap * np.arange(len(values))
    return np.maximum.accumulate(np.sort(values) - steps) + steps


def _with_undamped(rates: Complex) -> Iterator[Complex]:
    yield rates
    if rates.imag.any():
        yield np.where(rates.imag != 0.0, 1j * rates.imag, rates)


def _bounded(rates: Complex, clock: Clock, real: bool) -> Complex:
    """Rates that can be begun with, those of real data in pairs or real."""
    most = STRONGEST / np.diff(clock.times).min()
    imag = rates.imag
    if real:
        # One that alternates has no conjugate, and what the logarithm rounds is no turning.
        imag = np.where(np.abs(imag) * clock.dt > np.pi * (1.0 - TURNING), 0.0, imag)
        imag = np.where(np.abs(imag) > TURNING * np.abs(rates).max(initial=0.0), imag, 0.0)
    return np.clip(rates.real, -most, most) + 1j * imag
