"""Sweeps, extrapolations and solves on the support until the duality gap is small, along a path of penalties."""

import numpy as np

from fastsci_kernels.regress.coordinate_active import agree, bend, differences, invite
from fastsci_kernels.regress.coordinate_gram import (
    DEPTH,
    dual_objective,
    extrapolate,
    feasible,
    objective,
    refresh,
    subtract,
    sweep,
)
from fastsci_kernels.static import static

EAGERNESS = 4.0  # cost of a solve over that of the sweeps before it
SEVERAL = 256.0  # multiplications in the time of a sweep's fixed costs
ROUNDS = 40  # of solves on one support after another, before sweeps are tried again
HELD, ACTIVE = 0, 1  # what `state` counts: features in the inverse, whether the last penalty was finished by it


@static
def make_room(count):
    """Memory for `descend` on up to ``count`` features."""
    return (
        np.empty((DEPTH + 1, count)), np.empty((DEPTH + 1, count)), np.empty((count, count)),
        np.empty(count, np.int64), np.full(count, -1), np.empty((5, count)), np.zeros(2, np.int64), np.zeros(1),
    )  # fmt: skip


@static
def solve_supports(gram, cross, squares, weight, level, ridge, positive, target, budget, coef, gradient, room):
    """Solve on one support after another: multiplications spent, and the gap; a support that fails is forgotten."""
    inverse, support, place, rows, state = room[2], room[3], room[4], room[5], room[6]
    count = len(coef)
    sign, way, scratch, start, slope = rows[0], rows[1], rows[2], rows[3, :count], rows[4, :count]
    held = agree(gram, weight, ridge, coef, inverse, support, place, sign, state[HELD], scratch)
    primal = objective(cross, squares, weight, level, ridge, coef, gradient)
    spent = 0.0
    gap = np.inf
    for _ in range(ROUNDS):
        start[:] = coef
        slope[:] = gradient
        before = held
        held = bend(weight, level, ridge, coef, gradient, inverse, support, place, sign, held, way, scratch)
        for j in range(count):
            if coef[j] != start[j]:
                subtract(gradient, coef[j] - start[j], gram[j, :count])
        spent += before * (before * (before - held + 1.0) + count)
        found = objective(cross, squares, weight, level, ridge, coef, gradient)
        if not found <= primal + 1e-13 * squares:
            coef[:] = start
            gradient[:] = slope
            place[:] = -1
            held = 0
            break
        gap = found - dual_objective(cross, squares, weight, level, ridge, positive, coef, gradient, 0.0, 0.0)
        primal = found
        if gap <= target or spent > budget:
            break
        before = held
        held = invite(
            gram, weight, level, ridge, positive, gradient, inverse, support, place, sign, held, 16 + held // 4, scratch
        )
        spent += 2.0 * held * held * (held - before)
        if held == before:
            break
    state[HELD] = held
    return spent, gap


@static
def descend(gram, cross, squares, weight, level, ridge, positive, target, most, budget, coef, gradient, room):
    """Lower the objective until the gap is below ``target``: sweeps made, multiplications spent, and the gap.

    Sweeps are cheap where columns are nearly orthogonal, solves where they are not: solves begin once sweeps have
    cost as much, and where the last penalty needed them, so that neither is paid for twice.
    """
    points, slopes, place, rows, state, ridges = room[0], room[1], room[4], room[5], room[6], room[7]
    count = len(coef)
    if ridges[0] != ridge:
        place[:] = -1
        state[HELD] = 0
        ridges[0] = ridge
    trial, slope = rows[3, :count], rows[4, :count]
    kept, done, spent, since = 0, 0, 0.0, 0.0
    primal = objective(cross, squares, weight, level, ridge, coef, gradient)
    gap = primal - dual_objective(cross, squares, weight, level, ridge, positive, coef, gradient, 0.0, 0.0)
    while gap > target and done < most and spent < budget:
        changes, size = differences(coef, place, state[HELD])
        cost = size * size * (changes + 1.0) + size * count
        if size and (EAGERNESS * since >= cost or (done == 0 and state[ACTIVE])):
            more, gap = solve_supports(
                gram, cross, squares, weight, level, ridge, positive, target, budget, coef, gradient, room
            )
            spent += cost + more
            since = 0.0
            kept = 0
            state[ACTIVE] = 1 if gap <= target else 0
            if gap <= target:
                return done + 1, spent, gap
            primal = objective(cross, squares, weight, level, ridge, coef, gradient)
        points[kept, :count] = coef
        slopes[kept, :count] = gradient
        kept += 1
        if kept > DEPTH:
            kept = 0
            found = extrapolate(points, slopes, trial, slope) and feasible(trial, positive)
            if found and objective(cross, squares, weight, level, ridge, trial, slope) < primal:
                coef[:] = trial
                gradient[:] = slope
        moved = sweep(gram, weight, level, ridge, positive, coef, gradient)
        done += 1
        since += (moved + 8.0) * count
        spent += (moved + 8.0) * count
        primal = objective(cross, squares, weight, level, ridge, coef, gradient)
        gap = primal - dual_objective(cross, squares, weight, level, ridge, positive, coef, gradient, 0.0, 0.0)
        if moved == 0:
            break
    return done, spent, gap


@static
def gap_of(cross, squares, weight, level, ridge, positive, coef, gradient, outside, beyond):
    """Primal less dual objective; ``outside`` and ``beyond`` are those of `dual_objective`."""
    dual = dual_objective(cross, squares, weight, level, ridge, positive, coef, gradient, outside, beyond)
    return objective(cross, squares, weight, level, ridge, coef, gradient) - dual


@static
def follow(
    gram, cross, squares, weight, levels, ridges, positive, target, most, budget, begin, coef, gradient, room, coefs,
    gaps, sweeps,
):  # fmt: skip
    """The path from penalty ``begin`` on, each from the solution before; the first penalty that is not done."""
    k = begin
    left = budget
    while k < len(levels) and left > 0.0:
        done, spent, _ = descend(
            gram, cross, squares, weight, levels[k], ridges[k], positive, target, most - sweeps[k], left,
            coef, gradient, room,
        )  # fmt: skip
        left -= spent + SEVERAL
        sweeps[k] += done
        refresh(gram, cross, coef, gradient)
        gaps[k] = gap_of(cross, squares, weight, levels[k], ridges[k], positive, coef, gradient, 0.0, 0.0)
        if gaps[k] <= target or sweeps[k] >= most or done == 0:
            coefs[k] = coef
            k += 1
    return k


@static
def solve_many(
    grams, owners, crosses, squares, weight, levels, ridges, positive, targets, most, first, last, coefs, gaps, sweeps
):
    """One penalty each for a range of problems, apart from one another; ``owners`` names their Gram matrices."""
    count = crosses.shape[1]
    for b in range(first, last):
        room = make_room(count)
        coef, gradient = np.zeros(count), crosses[b].copy()
        follow(
            grams[owners[b]], crosses[b], squares[b], weight, levels[b : b + 1], ridges[b : b + 1], positive,
            targets[b], most, np.inf, 0, coef, gradient, room, coefs[b : b + 1], gaps[b : b + 1], sweeps[b : b + 1],
        )  # fmt: skip
