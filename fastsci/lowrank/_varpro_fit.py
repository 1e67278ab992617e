"""Fits of exponentials to the same snapshots, from different rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastsci_kernels.lowrank.varpro import Exponentials

from ._snapshots import Array
from ._varpro import Complex, Problem
from ._varpro_clock import Clock
from ._varpro_settings import Settings

TRIED = 2  # starts that are followed to their end, of those that leave least


@dataclass(frozen=True)
class Found:
    """A fit: its problem, and what the kernel found for it."""

    problem: Problem
    basis: Array
    places: NDArray[np.intp]
    result: Exponentials

    @property
    def rates(self) -> Complex:
        """Pairs first, (r,)."""
        return self.problem.rates(self.result.rates)[0]

    @property
    def coefficients(self) -> Complex:
        """In the directions projected on, at the first snapshot: (r, q)."""
        return self.problem.coefficients(self.result)[0]

    @property
    def squares(self) -> float:
        """Of the residual."""
        return float(self.result.squares[0])

    @property
    def order(self) -> NDArray[np.intp]:
        """Of the exponentials by their share in the snapshots, the two of a pair together."""
        since = self.problem.clock.times - self.problem.clock.times[0]
        courses = np.exp(self.rates.real[:, None] * since)
        share = np.linalg.norm(self.coefficients, axis=1) * np.linalg.norm(courses, axis=1)
        if self.problem.conjugates:
            last = 2 * self.problem.n_pairs
            share[1:last:2] = share[0:last:2]
        return np.argsort(-share, kind="stable")

    @property
    def error(self) -> float:
        """Norm of the residual over that of the projected snapshots."""
        problem = self.problem
        norm = np.linalg.norm((problem.weights * problem.data)[:, :, self.places])
        return float(np.sqrt(self.squares) / norm)


@dataclass(frozen=True)
class Fitter:
    """Fits of the same snapshots (q, n_times), those at ``places``, from different rates."""

    coordinates: Array
    basis: Array
    clock: Clock
    roots: Array  # square roots of weights
    places: NDArray[np.intp]
    settings: Settings
    pairs: bool

    def __call__(self, starts: list[Complex], max_iter: int | None = None) -> list[Found]:
        """A fit from each start, those with as many pairs as one another side by side."""
        settings, found = self.settings, dict[int, Found]()
        kinds = [int(np.count_nonzero(start.imag)) if self.pairs else 0 for start in starts]
        for kind in sorted(set(kinds)):
            members = [place for place, its in enumerate(kinds) if its == kind]
            alike = np.stack([starts[place] for place in members])
            problem = Problem.of(self.coordinates, self.clock, self.roots, alike[0], pairs=self.pairs)
            places = np.repeat(self.places[None], len(alike), axis=0)
            steps = settings.max_iter if max_iter is None else max_iter
            result = problem.fit(alike, places, settings.allowed, max_iter=steps, tol=settings.tol)
            for which, place in enumerate(members):
                one = Exponentials(*(part[which : which + 1] for part in result))
                found[place] = Found(problem, self.basis, self.places, one)
        return [found[place] for place in range(len(starts))]

    def best_of(self, starts: list[Complex], most: int = TRIED) -> Found:
        """The best fit from those of the starts that leave least."""
        if len(starts) > most:
            order = np.argsort([found.squares for found in self(starts, 0)], kind="stable")
            starts = [starts[place] for place in order[:most]]
        return min(self(starts), key=lambda found: found.squares)
