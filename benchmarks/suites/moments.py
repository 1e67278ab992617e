"""Sums of products of a library's columns: time, memory and accuracy."""

from __future__ import annotations

import numpy as np

from fastsci.sparse.libraries import CustomLibrary, FourierLibrary, PolynomialLibrary
from fastsci_kernels.regress import features
from fastsci_kernels.regress.plan import plan

SIZES = {"3 states, degree 2": (3, 2), "3 states, degree 3": (3, 3), "3 states, degree 5": (3, 5)}
SIZES |= {"6 states, degree 2": (6, 2), "6 states, degree 5": (6, 5)}
LIBRARIES = {
    "sines": FourierLibrary(n_frequencies=3),
    "products": PolynomialLibrary(degree=2) * FourierLibrary(),
    "branches": CustomLibrary([lambda x: x if x > 0 else 0.5 * x]),
}
SAMPLES = 100_000


def samples(n_inputs, n=SAMPLES):
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (n, n_inputs)), rng.normal(size=(n, n_inputs))


class Polynomials:
    """Of polynomials C(d + 2r, 2r) sums suffice, and no library is stored."""

    params = (list(SIZES),)
    param_names = ("library",)

    def setup(self, name):
        n_inputs, degree = SIZES[name]
        self.dictionary = PolynomialLibrary(degree=degree)
        self.X, self.Y = samples(n_inputs)
        self.terms = self.dictionary.terms(n_inputs)
        self.plan = self.dictionary.plan(n_inputs, n_inputs)
        self.edges = features.pieces(self.plan, len(self.X))
        self.weights = np.ones(len(self.X))
        self.coef = np.ones((n_inputs, len(self.plan.columns)))
        self.time_sums(name)
        self.time_weighted_sums(name)
        self.time_model(name)

    def time_plan(self, name):
        plan(self.terms, self.plan.n_inputs, self.plan.n_targets)

    def time_sums(self, name):
        features.sums(self.plan, self.X, self.Y, self.edges)

    def time_weighted_sums(self, name):
        features.sums(self.plan, self.X, self.Y, self.edges, weights=self.weights)

    def time_model(self, name):
        features.combined(self.plan, self.X, self.coef)

    def time_model_of_one_sample(self, name):
        features.combined(self.plan, self.X[:1], self.coef)

    def peakmem_sums(self, name):
        features.sums(self.plan, self.X, self.Y, self.edges)

    def track_multiply_adds_a_sample(self, name):
        return self.plan.n_products


class Columns:
    """A stored library, a million samples of it."""

    def setup(self):
        self.X, _ = samples(3, 1_000_000)
        self.plan = PolynomialLibrary(degree=5).plan(3)
        self.out = features.values(self.plan, self.X)

    def time_values(self):
        features.values(self.plan, self.X)

    def time_values_into_warm_memory(self):
        features.values(self.plan, self.X, self.out)


class Functions:
    """Libraries of functions, which lanes compute; one that branches runs on scalars, its products on lanes."""

    params = (list(LIBRARIES),)
    param_names = ("library",)

    def setup(self, name):
        self.X, self.Y = samples(3)
        self.plan = LIBRARIES[name].plan(3, 3)
        self.time_sums(name)

    def time_sums(self, name):
        features.sums(self.plan, self.X, self.Y, features.pieces(self.plan, len(self.X)))


class Accuracy:
    """Powers up to the tenth of states near 1000, against the sum that is rounded once."""

    def track_relative_error(self):
        x = 1000.0 * (1 + 1e-3 * np.random.default_rng(5).normal(size=(100_000, 1)))
        made = PolynomialLibrary(degree=5).plan(1, 1)
        gram = features.sums(made, x, x, features.pieces(made, len(x))).sum(axis=0)[made.gram]
        exact = (x[:, 0].astype(np.longdouble) ** 10).sum()
        return float(abs(gram[5, 5] - exact) / exact)
