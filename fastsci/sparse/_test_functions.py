"""Test functions of weak forms: ``(1 - s^2)^p`` on an interval, and how wide to take them for given data."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ._problem import Array

FEWEST = 2  # samples on each side of a test function's centre
MOST_NUMBERS = 2**19  # numbers of a field whose spectrum is looked at


def bump(s: Array, power: int, derivative: int) -> Array:
    """A derivative by ``s`` of ``(1 - s^2)^power``, zero beyond -1 and 1 (Leibniz' rule on ``(1 - s)^p (1 + s)^p``)."""
    below, above = np.clip(1.0 - s, 0.0, 2.0), np.clip(1.0 + s, 0.0, 2.0)
    total = np.zeros_like(s)
    for left in range(derivative + 1):
        right = derivative - left
        factor = (-1.0) ** left * math.comb(derivative, left) * math.perm(power, left) * math.perm(power, right)
        total += factor * below ** (power - left) * above ** (power - right)
    return np.where(np.abs(s) <= 1.0, total, 0.0)


def mass(power: int) -> float:
    """The integral of ``(1 - s^2)^power`` over its support."""
    return math.exp(2 * math.lgamma(power + 1) - math.lgamma(2 * power + 2) + (2 * power + 1) * math.log(2.0))


@dataclass(frozen=True)
class EvenAxis:
    """Test functions about every ``stride``-th sample of an evenly sampled axis.

    On a periodic axis the samples are continued on both sides, and the places below count from the continued start.
    """

    name: str
    length: int  # samples
    spacing: float
    half_width: int  # samples from the centre to where the function ends
    power: int
    stride: int
    periodic: bool = False

    @property
    def extent(self) -> int:
        """Samples with those that continue a periodic axis."""
        return self.length + (2 * self.half_width if self.periodic else 0)

    @property
    def count(self) -> int:
        """Test functions."""
        return 1 + (self.extent - 2 * self.half_width - 1) // self.stride

    @property
    def reach(self) -> int:
        """Samples under one test function."""
        return 2 * self.half_width + 1

    def samples(self, first: int, last: int) -> np.ndarray:
        """Which samples stand at places ``first:last``."""
        return (np.arange(first, last) - (self.half_width if self.periodic else 0)) % self.length

    def over(self, first: int, last: int) -> tuple[int, int]:
        """The range of test functions that reach places ``first:last``."""
        return max(0, -(-(first - self.reach + 1) // self.stride)), min(self.count, (last - 1) // self.stride + 1)

    def weights(self, derivative: int) -> Array:
        """Weights of the trapezoidal rule for ``(-1)^k phi^(k)``, of unit mass, (2 m + 1,)."""
        radius = self.half_width * self.spacing
        s = np.arange(-self.half_width, self.half_width + 1) / self.half_width
        sign = (-1.0) ** derivative
        return sign * self.spacing * bump(s, self.power, derivative) / (mass(self.power) * radius ** (derivative + 1))

    def matrix(self, derivative: int, functions: tuple[int, int], places: tuple[int, int]) -> Array:
        """Weights of ranges of test functions (rows) and places (columns)."""
        offset = np.arange(*places) - self.stride * np.arange(*functions)[:, None]
        inside = (offset >= 0) & (offset < self.reach)
        return np.where(inside, self.weights(derivative)[np.where(inside, offset, 0)], 0.0)


@dataclass(frozen=True, eq=False)
class UnevenAxis:
    """Test functions of one width over samples at any increasing places, by the trapezoidal rule."""

    times: Array
    radius: float
    power: int
    centres: Array

    @property
    def extent(self) -> int:
        return len(self.times)

    @property
    def count(self) -> int:
        return len(self.centres)

    @property
    def reach(self) -> int:
        return max(int(2 * self.radius * len(self.times) / (self.times[-1] - self.times[0])), 1)

    def over(self, first: int, last: int) -> tuple[int, int]:
        ends = self.times[first] - self.radius, self.times[last - 1] + self.radius
        return int(np.searchsorted(self.centres, ends[0])), int(np.searchsorted(self.centres, ends[1], side="right"))

    def matrix(self, derivative: int, functions: tuple[int, int], places: tuple[int, int]) -> Array:
        steps = np.diff(self.times)
        areas = 0.5 * (np.r_[steps, 0.0] + np.r_[0.0, steps])[slice(*places)]
        s = (self.times[slice(*places)] - self.centres[slice(*functions), None]) / self.radius
        scale = (-1.0) ** derivative / (mass(self.power) * self.radius ** (derivative + 1))
        return scale * areas * bump(s, self.power, derivative)


Axis = EvenAxis | UnevenAxis


def corner(values: Array, axis: int, spacing: float) -> float:
    """The angular frequency beyond which a field's spectrum holds little but noise.

    Where two straight lines follow the running sum of the amplitudes best (Messenger & Bortz 2021, JCP 443, app. A).
    """
    from scipy import fft

    lines = np.moveaxis(values, axis, -1)
    length = lines.shape[-1]
    step = max(1, lines.size // MOST_NUMBERS)
    places = np.unravel_index(np.arange(0, lines.size // length, step), lines.shape[:-1])
    lines = np.asarray(lines[places], np.float64)
    amplitudes = np.abs(fft.rfft(lines - lines.mean(axis=-1, keepdims=True), axis=-1)).mean(axis=0)
    total = np.cumsum(amplitudes)
    if length < 2 * FEWEST + 1 or not total[-1] > 0:
        return 0.0
    place = 1 + int(np.argmin(_two_lines(total / total[-1])))
    return 2 * np.pi * place / (length * spacing)


def _two_lines(y: Array) -> Array:
    """Squared distances of ``y`` from the broken line through its ends and each of its inner points."""
    k = np.arange(len(y), dtype=np.float64)
    inner = k[1:-1]
    sums, moments, squares = np.cumsum(y), np.cumsum(k * y), np.cumsum(y * y)

    def distance(first: Array, last: Array, start: Array, end: Array) -> Array:
        n = last - first
        slope = (end - start) / n
        low, high = first.astype(int) - 1, last.astype(int)

        def over(part: Array) -> Array:
            return part[high] - np.where(low >= 0, part[np.maximum(low, 0)], 0.0)

        by_line = start * over(sums) + slope * (over(moments) - first * over(sums))
        line = start**2 * (n + 1) + start * slope * n * (n + 1) + slope**2 * n * (n + 1) * (2 * n + 1) / 6
        return over(squares) - 2 * by_line + line

    zeros, ends = np.zeros_like(inner), np.full_like(inner, k[-1])
    return distance(zeros, inner, y[:1], y[1:-1]) + distance(inner, ends, y[1:-1], y[-1:])


def powers(half_widths: Array, tolerance: float, derivative: int) -> Array:
    """Powers with which the function has fallen to ``tolerance`` one sample before its end, at least smooth enough."""
    fall = np.log((2 * half_widths - 1) / half_widths**2)
    return np.maximum(np.ceil(np.log(tolerance) / fall), derivative + 1)


def half_width(
    frequency: float, spacing: float, most: int, tolerance: float, deviations: float, derivative: int
) -> int:
    """The narrowest function whose spectrum, nearly a Gaussian, has ``frequency`` at so many standard deviations."""
    widths = np.arange(FEWEST, most + 1, dtype=np.float64)
    enough = frequency * spacing * widths >= deviations * np.sqrt(2 * powers(widths, tolerance, derivative) + 3)
    return int(widths[np.argmax(enough)]) if enough.any() else most
