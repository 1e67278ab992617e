"""Derivatives at points: time, memory and accuracy."""

from __future__ import annotations

import numpy as np

import fastsci
from fastsci import _pointwise
from fastsci.tangent import hvp, jacobian, jvp, vjp

LORENZ = fastsci.systems.lorenz63
MEMBERS = [1_000, 65_536, 1_000_000]


def points(n, dim=3):
    return np.random.default_rng(1).normal(size=(2, n, dim))


class Lorenz:
    """An ensemble of states of three components: memory is the limit."""

    params = (MEMBERS,)
    param_names = ("members",)

    def setup(self, members):
        self.y, self.v = points(members)
        self.out = np.empty_like(self.y), np.empty_like(self.y)
        self.time_value(members)
        self.time_jvp(members)
        self.time_jacobian(members)
        self.time_vjp(members)
        self.time_hvp(members)

    def time_value(self, members):
        _pointwise.evaluate(LORENZ, self.y)

    def time_jvp(self, members):
        jvp(LORENZ, self.y, self.v)

    def time_jvp_into_warm_memory(self, members):
        jvp(LORENZ, self.y, self.v, out=self.out)

    def time_jacobian(self, members):
        jacobian(LORENZ, self.y)

    def time_vjp(self, members):
        vjp(LORENZ, self.y, self.v)

    def time_hvp(self, members):
        hvp(LORENZ, self.y, self.v)

    def peakmem_jvp(self, members):
        jvp(LORENZ, self.y, self.v)


class Long:
    """States of 100 components, in place."""

    def setup(self):
        self.system = fastsci.systems.get("lorenz96", n=100)
        self.y, self.v = points(4_096, 100)
        self.time_jvp()
        self.time_jacobian()
        self.time_vjp()

    def time_jvp(self):
        jvp(self.system, self.y, self.v)

    def time_jacobian(self):
        jacobian(self.system, self.y)

    def time_vjp(self):
        vjp(self.system, self.y, self.v)


class Small:
    """What a call costs beside its kernel."""

    def setup(self):
        self.y, self.v = points(8)
        self.time_jvp()

    def time_jvp(self):
        jvp(LORENZ, self.y, self.v)


class Accuracy:
    """The Jacobian against its exact entries."""

    def track_jacobian(self):
        y, _ = points(10_000)
        exact = np.zeros((10_000, 3, 3))
        exact[:, 0, :2] = -10.0, 10.0
        exact[:, 1, 0], exact[:, 1, 1], exact[:, 1, 2] = 28.0 - y[:, 2], -1.0, -y[:, 0]
        exact[:, 2, 0], exact[:, 2, 1], exact[:, 2, 2] = y[:, 1], y[:, 0], -8.0 / 3.0
        return float(np.abs(jacobian(LORENZ, y) - exact).max())
