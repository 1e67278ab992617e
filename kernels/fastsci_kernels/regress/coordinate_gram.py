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
def duality_gap(cross, squares, weight, level, ridge, positive, coef, gradient, outside, outside_beyond):
    """Primal less the best of two dual objectives; never below the true suboptimality.

    One dual point is the residual scaled until ``|X'r| <= level`` (with the ridge as further samples), the other, for
    a ridge, the residual itself with the conjugate of both penalties.  Features that are not among these have
    ``|X'r| / (level weight)`` of at most ``outside`` and squares of the excess that sum to ``outside_beyond``.
    """
    explained, fit, size, length = squares, squares, 0.0, 0.0
    excess, beyond = outside, outside_beyond
    for j in range(len(coef)):
        w, g = coef[j], gradient[j]
        if w != 0.0:
            explained -= w * cross[j]
            fit -= w * (cross[j] + g)
            size += weight[j] * abs(w)
            length += weight[j] * w * w
        h = g - ridge * weight[j] * w
        if not positive:
            h, g = abs(h), abs(g)
        limit = level * weight[j]
        if h > 0.0:
            excess = max(excess, h / limit)
        if g > limit:
            beyond += (g - limit) * (g - limit) / weight[j]
    primal = 0.5 * fit + level * size + 0.5 * ridge * length
    residual = fit + ridge * length
    dual = 0.0
    if residual > 0.0:
        scale = explained / residual
        if excess * scale > 1.0:
            scale = 1.0 / excess
        dual = scale * (explained - 0.5 * scale * residual)
    if ridge > 0.0:
        dual = max(dual, explained - 0.5 * fit - 0.5 * beyond / ridge)
    return primal - dual


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
def extrapolate(cross, squares, weight, level, ridge, positive, coef, gradient, points, slopes):
    """Replace the iterate by a combination of the last ones where that is lower."""
    count = len(coef)
    shares = np.empty(DEPTH)
    if not combination(points, shares, count):
        return False
    trial, slope = np.zeros(count), np.zeros(count)
    for k in range(DEPTH):
        subtract(trial, -shares[k], points[k + 1, :count])
        subtract(slope, -shares[k], slopes[k + 1, :count])
    if positive:
        for i in range(count):
            if trial[i] < 0.0:
                return False
    if objective(cross, squares, weight, level, ridge, trial, slope) >= objective(
        cross, squares, weight, level, ridge, coef, gradient
    ):
        return False
    coef[:] = trial
    gradient[:] = slope
    return True


@static
def descend(
    gram, cross, squares, weight, level, ridge, positive, target, outside, beyond, most, budget, coef, gradient, points, slopes
):
    """Sweep until the gap is below ``target``: sweeps made, and the gap."""
    kept = 0
    count = len(coef)
    gap = duality_gap(cross, squares, weight, level, ridge, positive, coef, gradient, outside, beyond)
    done = 0
    spent = 0
    while gap > target and done < most and spent < budget:
        points[kept, :count] = coef
        slopes[kept, :count] = gradient
        if kept == DEPTH:
            extrapolate(cross, squares, weight, level, ridge, positive, coef, gradient, points, slopes)
            kept = 0
        else:
            kept += 1
        moved = sweep(gram, weight, level, ridge, positive, coef, gradient)
        spent += (moved + 8) * count
        done += 1
        gap = duality_gap(cross, squares, weight, level, ridge, positive, coef, gradient, outside, beyond)
        if moved == 0:
            break
    return done, gap


@static
def follow(
    gram, cross, squares, weight, levels, ridges, positive, target, most, budget, begin, coef, gradient, coefs, gaps, sweeps
):
    """The path from penalty ``begin`` on, each from the solution before; the first penalty that is not done."""
    count = len(coef)
    points, slopes = np.empty((DEPTH + 1, count)), np.empty((DEPTH + 1, count))
    k = begin
    spent = 0
    while k < len(levels) and spent < budget:
        done, gap = descend(
            gram, cross, squares, weight, levels[k], ridges[k], positive, target, 0.0, 0.0, most - sweeps[k],
            budget - spent, coef, gradient, points, slopes,
        )  # fmt: skip
        spent += (done + 1) * count * 200
        sweeps[k] += done
        refresh(gram, cross, coef, gradient)
        gaps[k] = duality_gap(cross, squares, weight, levels[k], ridges[k], positive, coef, gradient, 0.0, 0.0)
        if gaps[k] <= target or sweeps[k] >= most or done == 0:
            coefs[k] = coef
            k += 1
    return k
