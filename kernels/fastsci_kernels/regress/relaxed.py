"""Sparse relaxed regularised regression on Gram matrices: Zheng et al., IEEE Access 7 (2018) 1404.

One factorisation a problem; an iteration is a solve with it and a proximal step.
"""

import math

import numpy as np

from fastsci_kernels.regress.cholesky import factorise, solve
from fastsci_kernels.regress.conditioning import regular
from fastsci_kernels.regress.thresholding import begin, restrict
from fastsci_kernels.static import static

L0, L1, L2 = 0, 1, 2


@static
def proximal(value, strength, penalty):
    """Where ``strength R(u) + (u - value)^2 / 2`` is least."""
    if penalty == L0:
        return value if abs(value) > math.sqrt(2.0 * strength) else 0.0
    if penalty == L1:
        return math.copysign(max(abs(value) - strength, 0.0), value)
    return value / (1.0 + 2.0 * strength)


@static
def relaxed(
    grams, crosses, strengths, nu, penalty, max_iter, tolerance, normalised, starts, full, sparse, rounds, states,
    first, last,
):  # fmt: skip
    """Iterate problems ``first`` to ``last`` from ``starts`` (B, m, p), in coefficients that the penalty acts on.

    ``full`` and ``sparse`` (B, m, p) are written, with the number of iterations in ``rounds`` (B,); ``states`` (B,) are
    1 where the sparse coefficients came to rest, 0 where they did not, -1 where the system is singular.
    """
    n_features, n_targets = crosses.shape[1], crosses.shape[2]
    system = np.empty((n_features, n_features))
    diagonal = np.empty(n_features)
    scales = np.empty(n_features)
    right = np.empty(n_features)
    chosen = np.empty(n_features, np.intp)
    for problem in range(first, last):
        size = begin(grams[problem], scales, chosen)
        restrict(grams[problem], scales, 1.0 / nu, normalised, chosen, size, system)
        states[problem], rounds[problem] = 0, 0
        if not (factorise(system, diagonal, size) and regular(system, diagonal, size)):
            states[problem] = -1
            continue
        for target in range(n_targets):
            for feature in range(n_features):
                sparse[problem, target, feature] = starts[problem, target, feature]
                full[problem, target, feature] = starts[problem, target, feature]
        for count in range(max_iter):
            change = 0.0
            for target in range(n_targets):
                for row in range(size):
                    feature = chosen[row]
                    unit = 1.0 if normalised else scales[feature]
                    explained = crosses[problem, feature, target] * scales[feature]
                    right[row] = explained + unit * sparse[problem, target, feature] / nu
                solve(system, right, size)
                for row in range(size):
                    feature = chosen[row]
                    value = right[row] if normalised else right[row] * scales[feature]
                    full[problem, target, feature] = value
                    value = proximal(value, strengths[target, feature], penalty)
                    change += (value - sparse[problem, target, feature]) ** 2
                    sparse[problem, target, feature] = value
            rounds[problem] = count + 1
            if math.sqrt(change) < tolerance * nu:
                states[problem] = 1
                break
