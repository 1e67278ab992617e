"""Sequentially thresholded least squares on Gram matrices: Brunton, Proctor and Kutz, PNAS 113 (2016) 3932.

The first ridge solve is of all features and shared by targets and thresholds; what follows is on supports of each.
All systems have columns of unit length.  Decisions come with bounds of what rounding can do to them: with a
symmetric positive definite ``A``, ``|e_j' A^-1 r| <= (h_j tr A^-1)^(1/2) |r|`` where ``h`` is the diagonal of ``A^-1``,
which for a principal block of ``A`` is never larger than for the whole.  A cheaper bound comes first: no ``h_j``
exceeds the norm of the inverse.
"""

import math

import numpy as np

from fastsci_kernels.regress.cholesky import factorise, inverse_diagonal, solve
from fastsci_kernels.regress.conditioning import ROUNDING, inverse_norm, regular
from fastsci_kernels.static import static

CONVERGED, UNFINISHED, ELIMINATED, SINGULAR = 0, 1, 2, 3
UNDERESTIMATED = 3.0  # by which the estimate of a norm may be too small


@static
def begin(gram, scales, chosen):
    """Reciprocal lengths of the columns, and those columns, counted, that are not zero."""
    size = 0
    for feature in range(gram.shape[0]):
        square = gram[feature, feature]
        scales[feature] = 0.0
        if square > 0.0:
            scales[feature] = 1.0 / math.sqrt(square)
            chosen[size] = feature
            size += 1
    return size


@static
def restrict(gram, scales, alpha, normalised, chosen, size, system):
    """The upper triangle of the ridge system of some features, columns of unit length."""
    for row in range(size):
        one = chosen[row]
        for column in range(row, size):
            other = chosen[column]
            system[row, column] = gram[one, other] * scales[one] * scales[other]
        system[row, row] += alpha if normalised else alpha * scales[one] * scales[one]


@static
def spread(diagonal, scales, normalised, chosen, size, out):
    """What a relative rounding of the sums can turn into in each coefficient that meets a threshold."""
    trace = 0.0
    for row in range(size):
        trace += diagonal[row]
    for row in range(size):
        unit = 1.0 if normalised else scales[chosen[row]]
        out[chosen[row]] = ROUNDING * unit * math.sqrt(size * trace * diagonal[row])


@static
def rough_spread(norm, scales, normalised, chosen, size, out):
    """The same by the norm of the inverse alone, which no entry of its diagonal exceeds."""
    bound = ROUNDING * size * UNDERESTIMATED * norm
    for row in range(size):
        out[chosen[row]] = bound * (1.0 if normalised else scales[chosen[row]])


@static
def ridge(
    grams, crosses, squares, thresholds, alpha, normalised, solutions, spreads, singular, first, last
):  # fmt: skip
    """Ridge solutions ``(B, m, p)`` of problems ``first`` to ``last`` for columns of unit length, and their spreads.

    Spreads are rough where these leave no decision open at any of the ``thresholds (T, m, p)``.
    """
    n_features, n_targets = crosses.shape[1], crosses.shape[2]
    unmarked = np.empty(n_features, np.bool_)
    system = np.empty((n_features, n_features))
    inverse = np.empty((n_features, n_features))
    diagonal = np.empty(n_features)
    scales = np.empty(n_features)
    right = np.empty(n_features)
    chosen = np.empty(n_features, np.intp)
    for problem in range(first, last):
        size = begin(grams[problem], scales, chosen)
        for feature in range(n_features):
            spreads[problem, feature] = 0.0
        restrict(grams[problem], scales, alpha, normalised, chosen, size, system)
        norm = inverse_norm(system, size) if factorise(system, diagonal, size) else math.inf
        singular[problem] = not norm * size * ROUNDING < 1.0
        if singular[problem]:
            continue
        rough_spread(norm, scales, normalised, chosen, size, spreads[problem])
        open_decisions = 0
        for target in range(n_targets):
            for row in range(size):
                right[row] = crosses[problem, chosen[row], target] * scales[chosen[row]]
            solve(system, right, size)
            for feature in range(n_features):
                solutions[problem, target, feature] = 0.0
            for row in range(size):
                solutions[problem, target, chosen[row]] = right[row]
            length = math.sqrt(max(squares[problem, target], 0.0))
            for which in range(len(thresholds)):
                open_decisions += _doubts(
                    right,
                    spreads[problem],
                    thresholds[which, target],
                    scales,
                    normalised,
                    chosen,
                    size,
                    length,
                    unmarked,
                )
        if open_decisions > 0:
            inverse_diagonal(system, inverse, diagonal, size)
            spread(diagonal, scales, normalised, chosen, size, spreads[problem])


@static
def thresholded(
    grams, crosses, squares, thresholds, alpha, max_iter, unbias, normalised, solutions, spreads, singular,
    coefs, supports, uncertain, rounds, states, first, last,
):  # fmt: skip
    """Thresholds of items ``first`` to ``last``: item ``(b T + t) m + i`` is target i of problem b at threshold t.

    Parameters
    ----------
    thresholds : (T, m, p) array
    solutions, spreads, singular : arrays
        Of ``ridge``.
    coefs : (B, T, m, p) array
        Written, as ``supports`` and ``uncertain`` of the same shape, ``rounds`` and ``states`` (B, T, m).
    """
    n_thresholds, n_targets, n_features = thresholds.shape
    system = np.empty((n_features, n_features))
    inverse = np.empty((n_features, n_features))
    diagonal = np.empty(n_features)
    scales = np.empty(n_features)
    found = np.empty(n_features)
    narrow = np.empty(n_features)
    chosen = np.empty(n_features, np.intp)
    unmarked = np.empty(n_features, np.bool_)
    for item in range(first, last):
        target = item % n_targets
        which = item // n_targets % n_thresholds
        problem = item // n_targets // n_thresholds
        coef, support = coefs[problem, which, target], supports[problem, which, target]
        doubtful, threshold = uncertain[problem, which, target], thresholds[which, target]
        for feature in range(n_features):
            coef[feature] = 0.0
            support[feature] = False
            doubtful[feature] = False
        rounds[problem, which, target] = 1
        if singular[problem]:
            states[problem, which, target] = SINGULAR
            continue
        size = begin(grams[problem], scales, chosen)
        for row in range(size):
            found[row] = solutions[problem, target, chosen[row]]
        length = math.sqrt(max(squares[problem, target], 0.0))
        penalty, count, final = alpha, 0, False
        state = UNFINISHED if size > 0 else ELIMINATED
        while size > 0:
            if (count > 0 or final) and not _solve_on(
                grams[problem], crosses[problem], target, scales, penalty, penalty == alpha, normalised, chosen, size,
                system, diagonal, found,
            ):  # fmt: skip
                state = SINGULAR
            if final or state == SINGULAR:
                break
            limits = spreads[problem]
            if count > 0 and _doubts(found, limits, threshold, scales, normalised, chosen, size, length, unmarked) > 0:
                inverse_diagonal(system, inverse, diagonal, size)
                spread(diagonal, scales, normalised, chosen, size, narrow)
                limits = narrow
            _doubts(found, limits, threshold, scales, normalised, chosen, size, length, doubtful)
            kept = 0
            for row in range(size):
                feature = chosen[row]
                unit = 1.0 if normalised else scales[feature]
                if abs(found[row] * unit) >= threshold[feature]:
                    chosen[kept] = feature
                    found[kept] = found[row]
                    kept += 1
            count += 1
            if kept == size:
                state = CONVERGED
            elif kept == 0:
                state = ELIMINATED
            size = kept
            if state != UNFINISHED or count == max_iter:
                # A ridge of nothing is least squares already.
                if not unbias or (penalty == 0.0 and state == CONVERGED):
                    break
                penalty, final = 0.0, True
        rounds[problem, which, target] = max(count, 1)
        states[problem, which, target] = state
        for row in range(size):
            coef[chosen[row]] = found[row] * scales[chosen[row]]
            support[chosen[row]] = True


@static
def _solve_on(gram, cross, target, scales, alpha, inherited, normalised, chosen, size, system, diagonal, found):
    """Ridge solution on a support; False where its system is singular, as far as rounding lets it be told.

    A principal block is no closer to singular than the whole: ``inherited`` says that the whole was regular.
    """
    restrict(gram, scales, alpha, normalised, chosen, size, system)
    if not (factorise(system, diagonal, size) and (inherited or regular(system, diagonal, size))):
        return False
    for row in range(size):
        found[row] = cross[chosen[row], target] * scales[chosen[row]]
    solve(system, found, size)
    return True


@static
def _doubts(found, spreads, threshold, scales, normalised, chosen, size, length, doubtful):
    """The number of decisions that rounding could turn, which are marked."""
    amount = length
    for row in range(size):
        amount += abs(found[row])
    some = 0
    for row in range(size):
        feature = chosen[row]
        unit = 1.0 if normalised else scales[feature]
        distance = abs(abs(found[row] * unit) - threshold[feature])
        if threshold[feature] > 0.0 and distance <= spreads[feature] * amount:
            some += 1
            doubtful[feature] = True
    return some
