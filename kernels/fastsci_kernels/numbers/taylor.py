"""Truncated Taylor series in time, through a user's plain right-hand side.

With u' = f(t, u), coefficient k + 1 of u is coefficient k of f divided by k + 1.  The function is run once on symbols
(`taylor_trace`), and every coefficient of every operation on the tape is written out as a line of arithmetic
(`taylor_recurrences`): p^2 / 2 multiply-adds a product at order p, with nothing left to do at run time.  The other way,
the function evaluated on ever longer series with the optimiser left to find what is computed again, ends in the same
machine code, but compiles three times as long at order 18 (Lorenz's three equations, 3.4 s for 1.1 s).
"""

from __future__ import annotations

from .taylor_recurrences import Coefficients, Value
from .taylor_tape import Operation
from .taylor_trace import Trace


def coefficient_lines(system: Trace, order: int) -> tuple[list[str], list[list[Value]]]:
    """Lines that compute the series of a solution, and the names of its coefficients.

    Parameters
    ----------
    system : Trace
    order : int
        Of the highest coefficient, at least 1.

    Returns
    -------
    lines : list of str
        Statements; they read ``t``, ``u``, ``p`` and use ``math`` and ``where``.
    names : list of lists
        ``names[i][k]``: coefficient ``k`` of component ``i``, a name or literal, perhaps with a minus before it;
        None where it is zero.
    """
    coefficients = Coefficients(system.tape)
    for index, component in enumerate(system.state):
        coefficients.put(component, 0, coefficients.define(f"u[{index}]"))
    live = _live(system)
    for k in range(order):
        # In the order of the tape, so that no recurrence has to reach deep for what it needs.
        for operation in live:
            coefficients.of(operation, k)
        for component, slope in zip(system.state, system.slopes):
            coefficients.put(component, k + 1, coefficients.sum([(repr(1.0 / (k + 1)), coefficients.of(slope, k))]))
    return coefficients.lines, [[coefficients.of(component, k) for k in range(order + 1)] for component in system.state]


def _live(system: Trace) -> list[Operation]:
    """The operations that a slope depends on, in the order of the tape."""
    needed = {slope for slope in system.slopes if isinstance(slope, Operation)}
    for operation in reversed(system.tape.operations):
        if operation in needed:
            needed.update(operand for operand in operation.operands if isinstance(operand, Operation))
    return [operation for operation in system.tape.operations if operation in needed]
