"""Coordinate descent for the elastic net on a design of compressed sparse columns, by its residual.

The design may have a few dense directions taken out of it (the mean, columns without a penalty) without becoming
dense: with an orthonormal ``Q (n, k)`` and ``B = X'Q``, a column of ``X - QB'`` has the product ``X_j'r0 + B_j s``
with the residual ``r = r0 + Q s``, of which ``r0`` alone has ``n`` numbers that change.

Rows and starts are of unsigned type: an index that may be negative costs as much again as the number it fetches.
"""

from fastsci_kernels.regress.coordinate_gram import shrink
from fastsci_kernels.static import static


@static
def pack(data, rows, starts, chosen, own_data, own_rows, own_starts):
    """Copy the chosen columns side by side, where they are read in order."""
    for a in range(len(chosen)):
        begin, place = starts[chosen[a]], own_starts[a]
        for i in range(own_starts[a + 1] - place):
            own_data[place + i] = data[begin + i]
            own_rows[place + i] = rows[begin + i]


@static
def products(data, rows, starts, squares, removed, shift, residual, first, last, out):
    """Products of a range of columns with the residual; 0 for those of which nothing is left."""
    for j in range(first, last):
        total = 0.0
        for i in range(starts[j], starts[j + 1]):
            total += data[i] * residual[rows[i]]
        for k in range(len(shift)):
            total += removed[j, k] * shift[k]
        out[j] = total if squares[j] > 0.0 else 0.0


@static
def spread(data, rows, starts, steps, removed, shift, residual):
    """Take a multiple of each column from the residual."""
    for j in range(len(steps)):
        step = steps[j]
        if step != 0.0:
            for i in range(starts[j], starts[j + 1]):
                residual[rows[i]] -= step * data[i]
            for k in range(len(shift)):
                shift[k] += step * removed[j, k]


@static
def sweep(data, rows, starts, squares, weight, level, ridge, positive, removed, shift, coef, residual):
    """Minimise along each coordinate in turn; how many moved.

    The loops of `products` and `spread` are written out once more: as calls they would cost twice the time.
    """
    moved = 0
    for j in range(len(coef)):
        own = squares[j]
        old = coef[j]
        near = own * old
        for i in range(starts[j], starts[j + 1]):
            near += data[i] * residual[rows[i]]
        for k in range(len(shift)):
            near += removed[j, k] * shift[k]
        new = shrink(near, level * weight[j], positive)
        if new != 0.0:
            new /= own + ridge * weight[j]
        if new != old:
            coef[j] = new
            step = new - old
            for i in range(starts[j], starts[j + 1]):
                residual[rows[i]] -= step * data[i]
            for k in range(len(shift)):
                shift[k] += step * removed[j, k]
            moved += 1
    return moved


@static
def residual_of(data, rows, starts, removed, target, coef, shift, residual):
    """The residual of some coefficients, anew."""
    residual[:] = target
    shift[:] = 0.0
    spread(data, rows, starts, coef, removed, shift, residual)


@static
def fit_of(residual, basis, shift, target):
    """Squared length of the residual, and its product with the target."""
    fit, explained = 0.0, 0.0
    for i in range(len(residual)):
        own = residual[i]
        for k in range(len(shift)):
            own += basis[k, i] * shift[k]
        fit += own * own
        explained += own * target[i]
    return fit, explained


@static
def objective(residual, basis, shift, target, weight, level, ridge, coef):
    """The primal objective."""
    fit, size, length = fit_of(residual, basis, shift, target)[0], 0.0, 0.0
    for j in range(len(coef)):
        size += weight[j] * abs(coef[j])
        length += weight[j] * coef[j] * coef[j]
    return 0.5 * fit + level * size + 0.5 * ridge * length


@static
def duality_gap(residual, basis, shift, target, weight, level, ridge, positive, coef, products):
    """Primal less the better of two dual objectives, as `coordinate_gram.dual_objective` has them."""
    fit, explained = fit_of(residual, basis, shift, target)
    size, length, excess, beyond = 0.0, 0.0, 0.0, 0.0
    for j in range(len(coef)):
        w, pure, limit = coef[j], products[j], level * weight[j]
        pulled = pure - ridge * weight[j] * w
        if not positive:
            pulled, pure = abs(pulled), abs(pure)
        if pulled > excess * weight[j]:
            excess = pulled / weight[j]
        if pure > limit:
            beyond += (pure - limit) * (pure - limit) / weight[j]
        size += weight[j] * abs(w)
        length += weight[j] * w * w
    primal = 0.5 * (fit + ridge * length) + level * size
    residual_squares = fit + ridge * length
    scale = explained / residual_squares if residual_squares > 0.0 else 0.0
    if excess * scale > level:
        scale = level / excess
    dual = scale * (explained - 0.5 * scale * residual_squares)
    if ridge > 0.0:
        dual = max(dual, explained - 0.5 * fit - 0.5 * beyond / ridge)
    return primal - dual
