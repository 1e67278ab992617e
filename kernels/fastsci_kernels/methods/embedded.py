"""An attempt at a step with an estimate of its error, and dense output, written out from a tableau.

As in `explicit`, the text is plain Python for every number type; ``flat`` keeps states in tuples of ``dim`` numbers,
``long`` in memory.  Slopes are numbered as in `pair.Pair`: in the text ``k0`` is the slope at the start, ``k{s}`` that
at the end of a step of ``s`` stages, which every method evaluates once and hands on.
"""

from __future__ import annotations

from collections.abc import Sequence

from .explicit import _combination, _scaled, _terms, _time, _tuple
from .tableau import Coefficient, Tableau

# Keeps 0 / 0 out of a norm of two estimates; added to squares of scaled errors, of which 1 is the tolerance.
NEGLIGIBLE = 1e-30


def degree(tableau: Tableau) -> int:
    """Degree of the dense output in ``theta``."""
    return len(tableau.dense[0])


def evaluations(tableau: Tableau) -> int:
    """Calls of the right-hand side an attempt: all stages but the first, which is handed on, and the end."""
    return _stages(tableau)


def attempt_buffers(tableau: Tableau) -> tuple[str, ...]:
    """Names of the ``dim``-long buffers that both the attempt and the interpolant of a long state take last."""
    slopes = range(1, len(tableau.slopes))
    return ("stage", *(f"k{slope}" for slope in slopes if slope != tableau.stages))


def flat_attempt(tableau: Tableau, dim: int, compensated: bool) -> str:
    """Source of ``attempt(t, u, c, p, h, k0, rtol, atol)``; it calls ``rhs(t, u, p)``.

    It returns ``(v, c_next, k_next, error, data)``: the next state and the digits lost in it (``()`` unless
    ``compensated``), the slope there, the square of the scaled error norm (zero for a method without an error
    estimate, as long as ``v`` is finite), and the slopes that `flat_interpolant` needs.
    """
    components, end = range(dim), tableau.stages
    lines = [f"{_parts('u', dim)} = u", f"{_parts('k0_', dim)} = k0"]
    for stage in range(1, _stages(tableau)):
        lines += _flat_stage(tableau, stage, dim)
    if compensated:
        lines.append(f"{_parts('c', dim)} = c")
        lines += [f"y{i} = c{i} + h * ({_from_first(tableau.b, f'k{{stage}}_{i}')})" for i in components]
        lines += [f"v{i} = u{i} + y{i}" for i in components]
    else:
        lines += [f"v{i} = u{i} + h * ({_mean(tableau.b, f'k{{stage}}_{i}')})" for i in components]
    lines.append(f"v = {_parts('v', dim)}")
    lines.append(f"{_parts(f'k{end}_', dim)} = rhs(t + h, v, p)")
    if tableau.pair is None:
        squares = ["(" + " + ".join(f"(v{i} - v{i})" for i in components) + ")"]
    else:
        squares = []
        lines += [f"s{i} = {_scale(f'atol[{i}]', f'u{i}', f'v{i}')}" for i in components]
        for row, weights in enumerate(tableau.pair.error):
            lines += [f"r{row}_{i} = h * ({_mean(weights, f'k{{stage}}_{i}')}) * s{i}" for i in components]
            squares.append("(" + " + ".join(f"r{row}_{i} * r{row}_{i}" for i in components) + ")")
    lines += _norm(squares, dim)
    carried = _tuple([f"y{i} - (v{i} - u{i})" for i in components]) if compensated else "()"
    data = _tuple([_parts(f"k{slope}_", dim) for slope in _kept(tableau)])
    lines.append(f"return v, {carried}, {_parts(f'k{end}_', dim)}, error, {data}")
    return _function("attempt(t, u, c, p, h, k0, rtol, atol)", lines)


def flat_interpolant(tableau: Tableau, dim: int) -> str:
    """Source of ``interpolant(t, u, p, h, v, k0, k_next, data)``; it calls ``rhs`` for extra stages.

    It returns ``degree`` tuples ``q`` of ``dim`` numbers: ``y(t + theta h) = u + sum_m q[m - 1] theta**m``.
    """
    components, end = range(dim), tableau.stages
    lines = [f"{_parts('k0_', dim)} = k0", f"{_parts(f'k{end}_', dim)} = k_next"]
    head = "interpolant(t, u, p, h, v, k0, k_next, data)"
    if _is_hermite(tableau):
        lines += [f"{_parts('u', dim)} = u", f"{_parts('v', dim)} = v"]
        for i in components:
            lines += _hermite(f"u{i}", f"v{i}", f"k0_{i}", f"k{end}_{i}", suffix=str(i))
        return _function(head, [*lines, f"return {_tuple([_parts(q, dim) for q in ('q0_', 'q1_', 'q2_')])}"])
    lines += [f"{_parts(f'k{slope}_', dim)} = data[{place}]" for place, slope in enumerate(_kept(tableau))]
    extra = range(end + 1, len(tableau.slopes))
    if extra:
        lines.append(f"{_parts('u', dim)} = u")
    for slope in extra:
        lines += _flat_stage(tableau, slope, dim)
    used = [slope for slope in range(1, len(tableau.slopes)) if any(tableau.dense[slope])]
    lines += [f"g{slope}_{i} = k{slope}_{i} - k0_{i}" for slope in used for i in components]
    powers = []
    for power, weights in enumerate(_differences(tableau)):
        lines += _scaled(f"q{power}", weights)
        powers.append(_tuple([_power(power, weights, f"k0_{i}", f"g{{stage}}_{i}") for i in components]))
    return _function(head, [*lines, f"return {_tuple(powers)}"])


def long_attempt(tableau: Tableau, dim: int, compensated: bool) -> str:
    """Source of ``attempt(t, u, c, p, h, k0, rtol, atol, v, c_next, k_next, *buffers)`` that returns the error.

    It fills ``v``, ``k_next`` and, where ``compensated``, ``c_next``, and calls ``rhs(t, u, p, du)``.
    """
    end = tableau.stages
    lines = []
    for stage in range(1, _stages(tableau)):
        lines += _long_stage(tableau, stage, dim)
    lines.append(f"for i in range({dim}):")
    if compensated:
        mean = _from_first(tableau.b, "k{stage}[i]")
        lines += [f"    y = c[i] + h * ({mean})", "    v[i] = u[i] + y", "    c_next[i] = y - (v[i] - u[i])"]
    else:
        lines.append(f"    v[i] = u[i] + h * ({_mean(tableau.b, 'k{stage}[i]')})")
    lines.append(f"rhs(t + h, v, p, k{end})")
    rows = tableau.pair.error if tableau.pair else ()
    sums = [f"n{row}" for row in range(max(len(rows), 1))]
    lines += [*(f"{total} = h - h" for total in sums), f"for i in range({dim}):"]
    if tableau.pair is None:
        lines.append("    n0 = n0 + (v[i] - v[i])")
    else:
        lines.append(f"    s = {_scale('atol[i]', 'u[i]', 'v[i]')}")
    for row, weights in enumerate(rows):
        lines.append(f"    r = h * ({_mean(weights, 'k{stage}[i]')}) * s")
        lines.append(f"    n{row} = n{row} + r * r")
    lines += [*_norm(sums, dim), "return error"]
    arguments = ", ".join(("v", "c_next", f"k{end}", *attempt_buffers(tableau)))
    return _function(f"attempt(t, u, c, p, h, k0, rtol, atol, {arguments})", lines)


def long_interpolant(tableau: Tableau, dim: int) -> str:
    """Source of ``interpolant(t, u, p, h, v, k0, k_next, q, *buffers)`` with the buffers of the attempt.

    It fills ``q``: power ``m`` of component ``i`` lies at ``(m - 1) * dim + i``.
    """
    end = tableau.stages
    lines = []
    if _is_hermite(tableau):
        lines.append(f"for i in range({dim}):")
        lines += [f"    {line}" for line in _hermite("u[i]", "v[i]", "k0[i]", f"k{end}[i]", suffix="")]
        lines += [f"    q[{_place(power, dim)}] = q{power}_" for power in range(3)]
    else:
        for slope in range(end + 1, len(tableau.slopes)):
            lines += _long_stage(tableau, slope, dim)
        for power, weights in enumerate(_differences(tableau)):
            lines += _scaled(f"q{power}", weights)
        lines.append(f"for i in range({dim}):")
        used = [slope for slope in range(1, len(tableau.slopes)) if any(tableau.dense[slope])]
        lines += [f"    g{slope} = k{slope}[i] - k0[i]" for slope in used]
        lines += [
            f"    q[{_place(power, dim)}] = {_power(power, weights, 'k0[i]', 'g{stage}')}"
            for power, weights in enumerate(_differences(tableau))
        ]
    buffers = ", ".join((f"k{end}", "q", *attempt_buffers(tableau)))
    return _function(f"interpolant(t, u, p, h, v, k0, {buffers})", lines)


def _stages(tableau: Tableau) -> int:
    """Stages that an attempt evaluates: without an error estimate, those that the step needs."""
    return tableau.stages if tableau.pair else tableau.needed_stages


def _is_hermite(tableau: Tableau) -> bool:
    return tableau.pair is None or not tableau.pair.dense


def _kept(tableau: Tableau) -> list[int]:
    """Slopes between the first and the last that the interpolant reads."""
    if _is_hermite(tableau):
        return []
    rows = tableau.slopes[tableau.stages + 1 :]
    return [slope for slope in range(1, tableau.stages) if any(tableau.dense[slope]) or any(row[slope] for row in rows)]


def _differences(tableau: Tableau) -> list[tuple[Coefficient, ...]]:
    """For every power of ``theta``, the weights of the slopes less the first.

    Each power but the first has weights that add up to zero, so that only differences of slopes count: written so,
    large weights multiply small numbers.
    """
    return [(0, *column[1:]) for column in zip(*tableau.dense, strict=True)]


def _power(power: int, weights: Sequence[Coefficient], first: str, difference: str) -> str:
    """Text of one coefficient of the interpolant."""
    if power > 0:
        return _sum(f"q{power}", weights, difference)
    return f"h * {first}" + _combination("q0", weights, difference)


def _hermite(u: str, v: str, start: str, end: str, suffix: str) -> list[str]:
    """Lines that set the coefficients of the cubic through both ends of a step and their slopes."""
    q0, q1, q2, d, f, g = (f"{name}{suffix}" for name in ("q0_", "q1_", "q2_", "d", "f", "g"))
    return [
        f"{d} = {v} - {u}",
        f"{q0} = h * {start}",
        f"{f} = {d} - {q0}",
        f"{g} = h * {end} - {d}",
        f"{q1} = 2.0 * {f} - {g}",
        f"{q2} = {g} - {f}",
    ]


def _flat_stage(tableau: Tableau, slope: int, dim: int) -> list[str]:
    row = tableau.slopes[slope]
    argument = _tuple([f"u{i} + h * ({_mean(row, f'k{{stage}}_{i}')})" for i in range(dim)])
    return [f"{_parts(f'k{slope}_', dim)} = rhs({_time(tableau.nodes[slope])}, {argument}, p)"]


def _long_stage(tableau: Tableau, slope: int, dim: int) -> list[str]:
    row = tableau.slopes[slope]
    return [
        f"for i in range({dim}):",
        f"    stage[i] = u[i] + h * ({_mean(row, 'k{stage}[i]')})",
        f"rhs({_time(tableau.nodes[slope])}, stage, p, k{slope})",
    ]


def _scale(absolute: str, u: str, v: str) -> str:
    return f"1.0 / ({absolute} + rtol * max(abs({u}), abs({v})))"


def _norm(squares: Sequence[str], dim: int) -> list[str]:
    """Lines that set ``error`` from the sums of squares of the scaled error estimates."""
    mean = f" * {1.0 / dim!r}" if dim > 1 else ""
    if len(squares) == 1:
        return [f"error = {squares[0]}{mean}"]
    fifth, third = squares
    # The quotient is taken first, for the square of a large estimate overflows in single precision.
    return [
        f"n5 = {fifth}",
        f"n3 = {third}",
        f"error = n5 * (n5 / (n5 + 0.01 * n3 + {NEGLIGIBLE!r})){mean}",
    ]


def _parts(name: str, dim: int) -> str:
    return _tuple([f"{name}{i}" for i in range(dim)])


def _from_first(weights: Sequence[Coefficient], slope: str) -> str:
    """Text of the mean slope, as the first and what the others differ from it.

    The weights sum to one.  Rounded ones do not: in float32 the bias of all steps together would outweigh the digits
    that compensation saves.
    """
    first = slope.format(stage=0)
    terms = [
        f" + {float(weight)!r} * ({slope.format(stage=stage)} - {first})"
        for stage, weight in enumerate(weights)
        if weight and stage
    ]
    return first + "".join(terms)


def _mean(weights: Sequence[Coefficient], slope: str) -> str:
    """Text of the weighted sum of slopes.

    The step size multiplies it once.  Weights scaled by a step size of every lane's own, as `explicit` has them for a
    step that all share, would take a register each.
    """
    terms = []
    for weight, stages in _terms(weights).items():
        slopes = " + ".join(slope.format(stage=stage) for stage in stages)
        slopes = f"({slopes})" if len(stages) > 1 else slopes
        terms.append(slopes if weight == 1.0 else f"{weight!r} * {slopes}")
    return " + ".join(terms)


def _sum(row: str, weights: Sequence[Coefficient], slope: str) -> str:
    return _combination(row, weights, slope).removeprefix(" + ")


def _place(power: int, dim: int) -> str:
    return f"{power * dim} + i" if power else "i"


def _function(head: str, lines: Sequence[str]) -> str:
    return f"def {head}:\n" + "".join(f"    {line}\n" for line in lines)
