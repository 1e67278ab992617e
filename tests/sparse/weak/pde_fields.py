"""Fields that solve known partial differential equations: exact, or by spectra in space and ETDRK4 in time."""

from __future__ import annotations

from functools import lru_cache

import numpy as np


def etdrk4(linear, nonlinear, spectrum, dt, n_steps, every):
    """Spectra at every ``every``-th step of ``v' = linear v + nonlinear(v)`` (Kassam & Trefethen 2005)."""
    roots = np.exp(1j * np.pi * (np.arange(1, 33) - 0.5) / 32 * 2)
    z = dt * linear[..., None] + roots
    half, full = np.exp(0.5 * dt * linear), np.exp(dt * linear)

    def mean(values):
        found = dt * values.mean(axis=-1)
        return found if np.iscomplexobj(linear) else found.real

    q = mean((np.exp(z / 2) - 1) / z)
    a = mean((-4 - z + np.exp(z) * (4 - 3 * z + z**2)) / z**3)
    b = mean((2 + z + np.exp(z) * (-2 + z)) / z**3)
    c = mean((-4 - 3 * z - z**2 + np.exp(z) * (4 - z)) / z**3)
    found = [spectrum]
    for step in range(n_steps):
        first = nonlinear(spectrum)
        one = half * spectrum + q * first
        second = nonlinear(one)
        third = nonlinear(half * spectrum + q * second)
        three = half * one + q * (2 * third - first)
        spectrum = full * spectrum + a * first + 2 * b * (second + third) + c * nonlinear(three)
        if (step + 1) % every == 0:
            found.append(spectrum)
    return np.stack(found, axis=-1)


def one_dimensional(length, n, linear, slope, start, dt, n_steps, every):
    """A field (n, n_times) of ``u_t = linear u + (slope u^2)_x`` on a period, products dealiased."""
    k = 2 * np.pi / length * np.arange(n // 2 + 1)
    kept = np.arange(n // 2 + 1) <= n // 3
    x = length / n * np.arange(n)

    def nonlinear(spectrum):
        return slope * 1j * k * kept * np.fft.rfft(np.fft.irfft(spectrum, n) ** 2)

    found = etdrk4(linear(k), nonlinear, np.fft.rfft(start(x)) * kept, dt, n_steps, every)
    return np.fft.irfft(found, n, axis=0), x, dt * every * np.arange(n_steps // every + 1)


@lru_cache(maxsize=1)
def kuramoto_sivashinsky():
    """``u_t = -u u_x - u_xx - u_xxxx`` on 32 pi, 256 x 301, once it is chaotic."""
    u, x, t = one_dimensional(
        32 * np.pi, 256, lambda k: k**2 - k**4, -0.5,
        lambda x: np.cos(x / 16) * (1 + np.sin(x / 16)), 0.02, 10000, 25,
    )  # fmt: skip
    return u[:, 100:], x, t[100:] - t[100]


@lru_cache(maxsize=1)
def burgers():
    """``u_t = -u u_x + 0.1 u_xx`` on 16, 256 x 201: three bumps that steepen and merge."""

    def start(x):
        return np.exp(-((x - 4) ** 2)) - 0.8 * np.exp(-((x - 10) ** 2) / 2) + 0.5 * np.exp(-((x - 7) ** 2) / 0.5)

    return one_dimensional(16.0, 256, lambda k: -0.1 * k**2, -0.5, start, 0.005, 2000, 10)


@lru_cache(maxsize=1)
def korteweg_de_vries():
    """``u_t = -6 u u_x - u_xxx``: two solitons, one overtaking the other, exact; 400 x 401 (Hirota 1971)."""
    x, t = np.linspace(-20.0, 20.0, 400, endpoint=False), np.linspace(-2.0, 2.0, 401)
    k, phase = np.array([1.2, 2.0]), np.array([0.0, 0.0])
    a = np.exp(k[:, None, None] * x[:, None] - k[:, None, None] ** 3 * t + phase[:, None, None])
    mixed = ((k[0] - k[1]) / (k[0] + k[1])) ** 2 * a[0] * a[1]
    f = 1 + a[0] + a[1] + mixed
    f_x = k[0] * a[0] + k[1] * a[1] + k.sum() * mixed
    f_xx = k[0] ** 2 * a[0] + k[1] ** 2 * a[1] + k.sum() ** 2 * mixed
    return 2 * (f_xx * f - f_x**2) / f**2, x, t


@lru_cache(maxsize=1)
def lambda_omega(n=128, n_times=101):
    """Spiral waves ``u_t = 0.1 Lap u + (1 - A^2) u + A^2 v, v_t = 0.1 Lap v - A^2 u + (1 - A^2) v`` on 20 x 20."""
    x = 20.0 / n * np.arange(n) - 10.0
    k = 2 * np.pi / 20.0 * np.fft.fftfreq(n, 1 / n)
    squares = k[:, None] ** 2 + k[None, : n // 2 + 1] ** 2
    square = x[:, None] ** 2 + x**2
    angle = np.arctan2(x[:, None] + 0 * x, x + 0 * x[:, None]) - np.sqrt(square)
    start = np.tanh(np.sqrt(square)) * np.stack([np.cos(angle), np.sin(angle)])

    def nonlinear(spectrum):
        u, v = np.fft.irfft2(spectrum, (n, n))
        radius = u**2 + v**2
        return np.fft.rfft2(np.stack([-radius * u + radius * v, -radius * u - radius * v]))

    linear = np.broadcast_to(1 - 0.1 * squares, (2, *squares.shape))
    every = 4
    found = etdrk4(linear, nonlinear, np.fft.rfft2(start), 0.0125, every * (n_times - 1), every)
    fields = np.fft.irfft2(np.moveaxis(found, -1, 0), (n, n))
    return np.ascontiguousarray(np.moveaxis(fields, (0, 1), (-2, -1))), x, 0.05 * np.arange(n_times)


def noisy(field, share, seed=0):
    """The field with normal errors of a share of the root mean square of each of its components."""
    if field.ndim < 3:
        field = field[..., None]
    scale = share * np.sqrt(np.mean(field**2, axis=tuple(range(field.ndim - 1))))
    return field + scale * np.random.default_rng(seed).normal(size=field.shape)
