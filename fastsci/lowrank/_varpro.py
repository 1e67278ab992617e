"""Fits of exponentials in the units of their kernel: rates as real numbers, times from -1 to 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsci_kernels.lowrank import varpro
from fastsci_kernels.lowrank.varpro import Exponentials

from ._snapshots import Array
from ._varpro_clock import Clock

Complex = NDArray[np.complex128]
Constraint = Callable[[Complex], Any]
ROUNDING = 2.0**-50
STATUS = ("out of iterations", "converged", "stalled", "failed")
BACK = 16.0  # by how much the damping grows where a constraint undoes a step
HEAVIEST = 1e12
ALIKE = 1e-8  # rates that are conjugate, or real, up to this part of the largest


@dataclass(frozen=True)
class Allowed:
    """Growth rates of at most 0, or of 0, or what a function of the rates makes of them."""

    stable: bool
    neutral: bool
    constraint: Constraint | None


@dataclass(frozen=True)
class Problem:
    """Snapshots to be fitted, and what their rates look like.

    Attributes
    ----------
    data : ndarray, (n_parts, n_data, n_times)
        Real; complex snapshots as two parts, or, where rates come in pairs, as twice the data.
    clock : Clock
    weights : ndarray, (n_times,)
        Square roots of weights.
    n_pairs : int
        Rates of which the conjugates are also rates; all of them, with no conjugates, where there are two parts.
    doubled : bool
        Whether the second half of the data is the imaginary part of the first.
    """

    data: NDArray[np.float64]
    clock: Clock
    weights: NDArray[np.float64]
    n_pairs: int
    doubled: bool

    @classmethod
    def of(cls, coordinates: Array, clock: Clock, weights: Array, rates: Array, *, pairs: bool) -> Problem:
        """Of snapshots (q, n_times); ``rates (r,)`` are in pairs, each followed by its conjugate, then real."""
        turned, parts = np.iscomplexobj(coordinates), [np.real(coordinates), np.imag(coordinates)]
        data = np.stack([coordinates]) if not turned else np.concatenate(parts)[None] if pairs else np.stack(parts)
        n_pairs = int(np.count_nonzero(np.imag(rates))) // 2 if pairs else len(rates)
        return cls(np.ascontiguousarray(data, np.float64), clock, weights, n_pairs, turned and pairs)

    @property
    def conjugates(self) -> bool:
        """Whether rates come in pairs."""
        return len(self.data) == 1

    def numbers(self, rates: Complex) -> NDArray[np.float64]:
        """Rates (n_sets, r) as the kernel has them, (n_sets, n)."""
        scaled = rates * self.clock.half
        if not self.conjugates:
            return np.ascontiguousarray(scaled).view(np.float64)
        upper = scaled[:, : 2 * self.n_pairs]
        mean = 0.5 * (upper[:, 0::2] + upper[:, 1::2].conj())
        single = scaled[:, 2 * self.n_pairs :].real
        return np.concatenate([np.ascontiguousarray(mean).view(np.float64), single], axis=1)

    def rates(self, numbers: NDArray[np.float64]) -> Complex:
        """The way back, (n_sets, r)."""
        upper = np.ascontiguousarray(numbers[:, : 2 * self.n_pairs]).view(np.complex128)
        if self.conjugates:
            single = numbers[:, 2 * self.n_pairs :].astype(np.complex128)
            pairs = np.stack([upper, upper.conj()], axis=2).reshape(len(numbers), -1)
            upper = np.concatenate([pairs, single], axis=1)
        return upper / self.clock.half

    def coefficients(self, found: Exponentials) -> Complex:
        """Of the exponentials, 1 at the first snapshot, for each of the data: (n_sets, r, q)."""
        coefs = found.coefs
        if self.doubled:
            coefs = coefs[..., : coefs.shape[2] // 2] + 1j * coefs[..., coefs.shape[2] // 2 :]
        last = 2 * self.n_pairs
        pairs, single = found.rates[:, :last].reshape(len(coefs), -1, 2), found.rates[:, last:]
        growth, turn = pairs[..., 0, None], pairs[..., 1, None]
        size = np.exp(-growth - np.abs(growth))
        forward = size * np.exp(-1j * turn)
        upper = (coefs[:, 0:last:2] + 1j * coefs[:, 1:last:2]) * forward
        if not self.conjugates:
            return upper
        lower = (coefs[:, 0:last:2] - 1j * coefs[:, 1:last:2]) * (size * np.exp(1j * turn))
        both = 0.5 * np.stack([upper, lower], axis=2).reshape(len(coefs), last, coefs.shape[2])
        alone = coefs[:, last:] * np.exp(-single - np.abs(single))[..., None]
        return np.concatenate([both, alone], axis=1)

    def fit(self, start: Complex, chosen: Array, allowed: Allowed, *, max_iter: int, tol: float) -> Exponentials:
        """Fit subsets ``chosen (n_sets, n_chosen)`` of the snapshots, from rates ``start (n_sets, r)``."""
        numbers, growths = self.numbers(start), np.zeros(self.numbers(start).shape, bool)
        growths[:, 0 : 2 * self.n_pairs : 2] = growths[:, 2 * self.n_pairs :] = True
        if allowed.stable:
            numbers = np.where(growths, np.minimum(numbers, 0.0), numbers)
        elif allowed.neutral:
            numbers = np.where(growths, 0.0, numbers)

        def run(
            numbers: Array, max_iter: int, held: Array | bool = False, damping: Array | None = None
        ) -> Exponentials:
            return varpro.fit(
                self.data, self.clock.scaled, self.weights, chosen, np.ascontiguousarray(numbers),
                n_pairs=self.n_pairs, stable=allowed.stable, held=held | (growths & allowed.neutral),
                max_iter=max_iter, tol=tol, damping=damping,
            )  # fmt: skip

        if allowed.constraint is None:
            return run(numbers, max_iter)
        return self._constrained(numbers, run, allowed.constraint, max_iter)

    def _constrained(
        self, numbers: Array, run: Callable[..., Exponentials], constraint: Constraint, max_iter: int
    ) -> Exponentials:
        """Steps, each brought back to what a function allows; what it changed is then held while the others step."""

        def back(numbers: Array) -> Array:
            return self.numbers(np.array([_checked(constraint(rates.copy()), rates) for rates in self.rates(numbers)]))

        now = run(back(numbers), 0)
        damping = np.full(len(numbers), varpro.FIRST_DAMPING)
        status, iterations = now.status.copy(), np.zeros(len(numbers), np.int64)
        active = status != varpro.FAILED
        for _ in range(max_iter):
            if not active.any():
                break
            before = damping.copy()
            free = run(now.rates, 1, damping=damping)
            allowed = back(free.rates)
            held = np.abs(allowed - free.rates) > ALIKE * (1.0 + np.abs(allowed))
            others = run(np.where(held, allowed, now.rates), 1, held, before.copy())
            then = run(back(others.rates), 0)
            better = active & (then.squares < now.squares)
            still = np.abs(then.rates - now.rates) <= ROUNDING * (1.0 + np.abs(now.rates))
            done = active & (others.status == varpro.CONVERGED) & np.all(still | ~held, axis=1)
            done |= active & ~better & (before > HEAVIEST)
            damping = np.where(better, damping, BACK * before)
            now = Exponentials(
                np.where(better[:, None], then.rates, now.rates),
                np.where(better[:, None, None], then.coefs, now.coefs),
                np.where(better, then.squares, now.squares),
                iterations,
                status,
            )
            iterations[active] += 1
            status[done] = varpro.CONVERGED
            active &= ~done
        return now


def _checked(allowed: Any, rates: Complex) -> Complex:
    found = np.asarray(allowed)
    if found.shape != rates.shape or found.dtype.kind not in "fciu" or not np.isfinite(found).all():
        raise ValueError(
            f"eig_constraints: gave {allowed!r} for {len(rates)} rates, expected as many finite complex numbers"
        )
    return found.astype(np.complex128)


def in_pairs(rates: Complex, name: str) -> Complex:
    """Rates ordered as pairs, the upper one before its conjugate, and then those that are real."""
    scale = float(np.abs(rates).max(initial=0.0))
    single = np.abs(rates.imag) <= ALIKE * scale
    upper, lower = rates[~single & (rates.imag > 0)], rates[~single & (rates.imag < 0)].conj()
    upper, lower = upper[np.lexsort((upper.real, upper.imag))], lower[np.lexsort((lower.real, lower.imag))]
    if len(upper) != len(lower) or (np.abs(upper - lower) > ALIKE * scale).any():
        raise ValueError(
            f"{name}: is {rates}, expected rates in conjugate pairs, since the snapshots are real; add the conjugates"
        )
    pairs = np.stack([upper, upper.conj()], axis=1).ravel()
    return np.concatenate([pairs, rates[single].real.astype(np.complex128)])
