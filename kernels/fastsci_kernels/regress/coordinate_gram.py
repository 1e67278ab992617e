"""Coordinate descent for the elastic net where the design is known by its Gram matrix, along a path of penalties.

The problem is ``min 1/2 w'Gw - c'w + level sum(weight |w|) + ridge/2 sum(weight w^2)``, whose sums are those of
``1/2 |y - Xw|^2``; ``gradient`` is ``c - Gw``.  A coordinate that moves costs one row of ``G``, one that stays costs
a comparison.  Every few sweeps the last iterates are extrapolated (Anderson's acceleration), which is kept where it
lowers the objective: Bertrand and Massias, AISTATS 2021.
"""

import numpy as np

from fastsci_kernels.static import static

DEPTH = 5  # iterates that are combined


@static
def shrink(value, level, positive):
    """The minimiser of ``1/2 (w - value)^2 + level |w|``, or of that over ``w >= 0``."""
    if value > level:
        return value - level
    if value < -level and not positive:
        return value + level
    return 0.0


@static
def subtract(target, factor, row):
    """Take a multiple of a row from another."""
    for i in range(len(target)):
        target[i] -= factor * row[i]


@static
def sweep(gram, weight, level, ridge, positive, coef, gradient):
    """Minimise along each coordinate in turn; how many moved."""
    moved = 0
    for j in range(len(coef)):
        own = gram[j, j]
        old = coef[j]
        new = shrink(gradient[j] + own * old, level * weight[j], positive)
        if new != 0.0:
            new /= own + ridge * weight[j]
        if new != old:
            coef[j] = new
            subtract(gradient, new - old, gram[j, : len(coef)])
            moved += 1
    return moved


@static
def refresh(gram, cross, coef, gradient):
    """The gradient from the coefficients alone, free of what rounding has left along the way."""
    gradient[:] = cross
    for j in range(len(coef)):
        if coef[j] != 0.0:
            subtract(gradient, coef[j], gram[j, : len(coef)])


@static
def objective(cross, squares, weight, level, ridge, coef, gradient):
    """The primal objective, ``1/2 |y|^2`` included."""
    fit, size, length = squares, 0.0, 0.0
    for j in range(len(coef)):
        w = coef[j]
        if w != 0.0:
            fit -= w * (cross[j] + gradient[j])
            size += weight[j] * abs(w)
            length += weight[j] * w * w
    return 0.5 * fit + level * size + 0.5 * ridge * length


@static
def dual_objective(cross, squares, weight, level, ridge, positive, coef, gradient, outside, beyond):
    """The better of two dual objectives that follow from the residual of some coefficients: no primal is lower.

    One dual point is the residual scaled until ``|X'r| <= level weight`` (with the ridge as further samples), the
    other, for a ridge, the residual itself with the conjugate of both penalties.  Features that are not among these
    have ``|X'r| / (level weight)`` of at most ``outside``, and their ``(|X'r| - level weight)+^2 / weight`` sum to
    ``beyond``.
    """
    explained, fit, length = squares, squares, 0.0
    excess = outside
    for j in range(len(coef)):
        w, g = coef[j], gradient[j]
        limit = level * weight[j]
        if w != 0.0:
            explained -= w * cross[j]
            fit -= w * (cross[j] + g)
            length += weight[j] * w * w
        h = g - ridge * weight[j] * w
        if not positive:
            h, g = abs(h), abs(g)
        if h > excess * limit:
            excess = h / limit
        if g > limit:
            beyond += (g - limit) * (g - limit) / weight[j]
    residual = fit + ridge * length
    dual = 0.0
    if residual > 0.0:
        scale = explained / residual
        if excess * scale > 1.0:
            scale = 1.0 / excess
        dual = scale * (explained - 0.5 * scale * residual)
    if ridge > 0.0:
        dual = max(dual, explained - 0.5 * fit - 0.5 * beyond / ridge)
    return dual


@static
def combination(history, coefs, count):
    """Weights that sum to one of the last iterates, by the least of their combined differences; False where none."""
    system = np.zeros((DEPTH, DEPTH))
    for a in range(DEPTH):
        for b in range(a + 1):
            total = 0.0
            for i in range(count):
                total += (history[a + 1, i] - history[a, i]) * (history[b + 1, i] - history[b, i])
            system[a, b] = total
            system[b, a] = total
    trace = 0.0
    for a in range(DEPTH):
        trace += system[a, a]
    for a in range(DEPTH):
        system[a, a] += 1e-12 * trace
        coefs[a] = 1.0
    for a in range(DEPTH):
        if not system[a, a] > 0.0:
            return False
        for b in range(a + 1, DEPTH):
            ratio = system[b, a] / system[a, a]
            for c in range(a, DEPTH):
                system[b, c] -= ratio * system[a, c]
            coefs[b] -= ratio * coefs[a]
    for a in range(DEPTH - 1, -1, -1):
        for b in range(a + 1, DEPTH):
            coefs[a] -= system[a, b] * coefs[b]
        coefs[a] /= system[a, a]
    total = coefs.sum()
    if not abs(total) > 0.0:
        return False
    coefs /= total
    return True


@static
def extrapolate(points, slopes, trial, slope):
    """The combination of the last iterates and of their gradients; False where there is none."""
    count = len(trial)
    shares = np.empty(DEPTH)
    if not combination(points, shares, count):
        return False
    trial[:] = 0.0
    slope[:] = 0.0
    for k in range(DEPTH):
        subtract(trial, -shares[k], points[k + 1, :count])
        subtract(slope, -shares[k], slopes[k + 1, :count])
    return True


@static
def feasible(coef, positive):
    """Whether no coefficient has a sign that it must not have."""
    if positive:
        for j in range(len(coef)):
            if coef[j] < 0.0:
                return False
    return True
