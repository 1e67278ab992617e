"""Sparse Bayesian learning: the precisions of the coefficients that make the targets most probable, one at a time.

The Gram matrix has columns of unit length and the target a mean square of one.  Everything that depends on the chosen
columns is computed anew from their Gram matrix after each change, so that no rounding is carried along.
"""

from __future__ import annotations

import math

import numpy as np

from fastsci_kernels.regress.triangle import invert
from fastsci_kernels.static import static

DEPENDENT = 1e-12  # share of a unit column beyond which its part orthogonal to others is rounding
LOG_TWO_PI = 1.8378770664093453


@static
def posterior(
    gram, cross, n_samples, precision, noise, floor, active, n_active, covariance, mean, reference, reached
):  # fmt: skip
    """Covariance and mean of the active coefficients; returns the log evidence and the squared residual.

    ``reached`` is the squared residual of the coefficients ``reference (p,)``: the difference to it is resolved where
    the residual itself, a difference of sums, is not.
    """
    for row in range(n_active):
        for column in range(n_active):
            covariance[row, column] = gram[active[row], active[column]] / noise
        covariance[row, row] += precision[active[row]]
        mean[row] = cross[active[row]] / noise
    determinant = invert(covariance, mean, n_active)
    shift = -reference
    penalty = 0.0
    for row in range(n_active):
        shift[active[row]] += mean[row]
        penalty += precision[active[row]] * mean[row] * mean[row]
        determinant -= math.log(precision[active[row]])
    left = reached
    for row in range(shift.size):
        if shift[row] != 0.0:
            slope = 2.0 * cross[row]
            for column in range(shift.size):
                slope -= gram[row, column] * (2.0 * reference[column] + shift[column])
            left -= shift[row] * slope
    explained = max(left, floor * n_samples) / noise
    evidence = -0.5 * (n_samples * (LOG_TWO_PI + math.log(noise)) + determinant + explained + penalty)
    return evidence, left


@static
def best_change(gram, cross, precision, noise, cost, allowed, active, n_active, covariance, mean):
    """The column whose precision is best changed, the new precision (infinite: out), and the gain of evidence.

    ``cost`` is what a column must add to the evidence to be in.  For columns that are in, sparsity and quality follow
    from variance and mean without a difference of large numbers.
    """
    chosen, value, most = -1, np.inf, 0.0
    for row in range(n_active):
        old, variance = precision[active[row]], covariance[row, row]
        gain = -0.5 * (mean[row] * mean[row] / variance + math.log(old * variance)) + cost
        if gain > most:
            chosen, value, most = active[row], np.inf, gain
        alone, along = 1.0 / variance - old, mean[row] / variance
        surplus = along * along - alone
        if alone > 0.0 and surplus > 0.0:
            new = alone * alone / surplus
            change = 1.0 / new - 1.0 / old
            quality, sparsity = old * mean[row], old * (1.0 - old * variance)
            gain = 0.5 * (quality * quality * change / (1.0 + sparsity * change) - math.log1p(sparsity * change))
            if gain > most:
                chosen, value, most = active[row], new, gain
    for column in range(gram.shape[0]):
        if allowed[column] and precision[column] == np.inf:
            beyond = gram[column, column]
            quality = cross[column]
            for row in range(n_active):
                product = 0.0
                for other in range(n_active):
                    product += covariance[row, other] * gram[column, active[other]]
                beyond -= product * gram[column, active[row]] / noise
                quality -= mean[row] * gram[column, active[row]]
            sparsity = beyond / noise
            surplus = quality * quality / (noise * noise) - sparsity
            if surplus > 0.0 and beyond > DEPENDENT:
                gain = 0.5 * (surplus / sparsity - math.log1p(surplus / sparsity)) - cost
                if gain > most:
                    chosen, value, most = column, sparsity * sparsity / surplus, gain
    return chosen, value, most


@static
def learn(gram, cross, n_samples, cost, allowed, learns, floor, tolerance, precision, reference, state, history, last):
    """Raise the evidence until no change gains ``tolerance``, or up to iteration ``last``; returns whether it is done.

    ``precision`` holds infinity for columns that are out; ``reference`` the coefficients; ``state`` the noise
    variance, the iterations so far and the squared residual; ``history`` the evidence, less ``cost`` for each column,
    after each iteration.  The noise follows MacKay's fixed point where that raises the evidence, else the step of
    expectation maximisation, which always does.
    """
    n_features = gram.shape[0]
    active = np.empty(n_features, np.int64)
    covariance = np.empty((n_features, n_features))
    mean = np.empty(n_features)
    noise, left = state[0], state[2]
    n_active = _gather(precision, active)
    before, left = posterior(
        gram, cross, n_samples, precision, noise, floor, active, n_active, covariance, mean, reference, left
    )
    _refer(active, n_active, mean, reference)
    while state[1] < last:
        chosen, value, gain = best_change(
            gram, cross, precision, noise, cost, allowed, active, n_active, covariance, mean
        )
        if gain > 0.0:
            precision[chosen] = value
            n_active = _gather(precision, active)
        evidence, left = posterior(
            gram, cross, n_samples, precision, noise, floor, active, n_active, covariance, mean, reference, left
        )
        _refer(active, n_active, mean, reference)
        if learns:
            determined = 0.0
            for row in range(n_active):
                determined += 1.0 - precision[active[row]] * covariance[row, row]
            sure = max((left + noise * determined) / n_samples, floor)
            fixed = max(left / (n_samples - determined), floor) if n_samples - determined > 0.5 else sure
            after, remains = posterior(
                gram, cross, n_samples, precision, fixed, floor, active, n_active, covariance, mean, reference, left
            )
            if after < evidence:
                fixed = sure
                after, remains = posterior(
                    gram, cross, n_samples, precision, fixed, floor, active, n_active, covariance, mean, reference, left
                )
            noise, evidence, left = fixed, after, remains
            _refer(active, n_active, mean, reference)
        state[0], state[2] = noise, left
        history[int(state[1])] = evidence - cost * n_active
        state[1] += 1.0
        if gain <= tolerance and abs(evidence - before) <= tolerance:
            return True
        before = evidence
    return False


@static
def _refer(active, n_active, mean, reference):
    """The coefficients of all columns, from those that are in."""
    reference[:] = 0.0
    for row in range(n_active):
        reference[active[row]] = mean[row]


@static
def _gather(precision, active):
    """Numbers of the columns that are in."""
    count = 0
    for column in range(precision.size):
        if precision[column] < np.inf:
            active[count] = column
            count += 1
    return count
