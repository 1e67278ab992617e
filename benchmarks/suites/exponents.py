"""Tangents of integrations and Lyapunov spectra: time, memory and what they must sum to."""

from __future__ import annotations

import numpy as np

import fastsci

LORENZ = fastsci.systems.lorenz63
SPANS = {"dt": 0.01, "t_transient": 10.0, "t_total": 50.0}


class Flow:
    """RK4 with perturbations beside every member."""

    params = ([1, 3],)
    param_names = ("tangents",)

    def setup(self, tangents):
        rng = np.random.default_rng(0)
        self.y = rng.normal(size=(16_384, 3)) + np.array([0.0, 0.0, 25.0])
        self.v = rng.normal(size=(16_384, 3, tangents))
        self.time_flow_jvp(tangents)

    def time_flow_jvp(self, tangents):
        fastsci.flow_jvp(LORENZ, (0.0, 1.0), self.y, self.v, dt=0.01)

    def peakmem_flow_jvp(self, tangents):
        fastsci.flow_jvp(LORENZ, (0.0, 1.0), self.y, self.v, dt=0.01)


class Spectrum:
    """All exponents of one member and of many."""

    params = ([1, 1024],)
    param_names = ("members",)

    def setup(self, members):
        self.values = {"rho": np.linspace(28.0, 60.0, members)}
        self.time_lyapunov_spectrum(members)

    def time_lyapunov_spectrum(self, members):
        self.found = fastsci.lyapunov_spectrum(LORENZ, y0=[1.0, 1.0, 1.0], params=self.values, **SPANS)

    def peakmem_lyapunov_spectrum(self, members):
        fastsci.lyapunov_spectrum(LORENZ, y0=[1.0, 1.0, 1.0], params=self.values, **SPANS)

    def track_defect_of_the_sum(self, members):
        return float(np.abs(self.found.exponents.sum(axis=1) + 10.0 + 1.0 + 8.0 / 3.0).max())
