"""Coordinate descent for the lasso of several targets at once, whose features enter for all of them together."""

import math

import numpy as np

from fastsci_kernels.static import static


@static
def refresh(gram, cross, coef, gradient):
    """The gradient ``c - Gw`` from the coefficients ``(p, m)`` alone."""
    gradient[:] = cross
    for j in range(len(coef)):
        for task in range(coef.shape[1]):
            own = coef[j, task]
            if own != 0.0:
                for i in range(len(coef)):
                    gradient[i, task] -= own * gram[j, i]


@static
def sweep(gram, weight, level, ridge, coef, gradient, near):
    """Minimise along each feature's coefficients in turn; how many moved."""
    moved = 0
    count, tasks = coef.shape
    for j in range(count):
        own, length = gram[j, j], 0.0
        for task in range(tasks):
            near[task] = gradient[j, task] + own * coef[j, task]
            length += near[task] * near[task]
        length = math.sqrt(length)
        limit = level * weight[j]
        share = 0.0 if length <= limit else (1.0 - limit / length) / (own + ridge * weight[j])
        changed = False
        for task in range(tasks):
            step = share * near[task] - coef[j, task]
            near[task] = step
            coef[j, task] += step
            changed = changed or step != 0.0
        if changed:
            moved += 1
            for i in range(count):
                for task in range(tasks):
                    gradient[i, task] -= near[task] * gram[j, i]
    return moved


@static
def duality_gap(cross, squares, weight, level, ridge, coef, gradient, outside, beyond):
    """Primal less the better of two dual objectives, as `coordinate_gram.dual_objective` has them."""
    explained, fit, size, length = squares, squares, 0.0, 0.0
    excess = outside
    count, tasks = coef.shape
    for j in range(count):
        own, pulled, pure = 0.0, 0.0, 0.0
        for task in range(tasks):
            w, g = coef[j, task], gradient[j, task]
            explained -= w * cross[j, task]
            fit -= w * (cross[j, task] + g)
            own += w * w
            pulled += (g - ridge * weight[j] * w) ** 2
            pure += g * g
        size += weight[j] * math.sqrt(own)
        length += weight[j] * own
        limit = level * weight[j]
        pulled, pure = math.sqrt(pulled), math.sqrt(pure)
        if pulled > excess * limit:
            excess = pulled / limit
        if pure > limit:
            beyond += (pure - limit) * (pure - limit) / weight[j]
    primal = 0.5 * (fit + ridge * length) + level * size
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
def descend(gram, cross, squares, weight, level, ridge, target, most, budget, coef, gradient):
    """Sweep until the gap is below ``target``: sweeps made, multiplications spent, and the gap."""
    near = np.empty(coef.shape[1])
    done, spent = 0, 0.0
    gap = duality_gap(cross, squares, weight, level, ridge, coef, gradient, 0.0, 0.0)
    while gap > target and done < most and spent < budget:
        moved = sweep(gram, weight, level, ridge, coef, gradient, near)
        done += 1
        spent += (moved + 8.0) * coef.size
        gap = duality_gap(cross, squares, weight, level, ridge, coef, gradient, 0.0, 0.0)
        if moved == 0:
            break
    return done, spent, gap
