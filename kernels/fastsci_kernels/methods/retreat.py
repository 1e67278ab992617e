"""Text of ``retreat``, the transposed step of a method.

For a state in registers ``retreat(t, u, p, h, w, g)`` returns the cotangent of ``u``, from which a step of size ``h``
leads to a state whose cotangent is ``w``, and what the parameters have gathered, ``g`` before.  For a state in memory
``retreat(t, u, p, h, w, g, *buffers)`` does so in ``w`` and ``g`` themselves.  Both call ``rhs`` and ``pull``.

With stages Y_i and slopes k_i of a Runge-Kutta step y_(n+1) = y_n + h sum_i b_i k_i, from the last stage to the first

    m_i = h (b_i w + sum_(j>i) a_ji e_j),    e_i = J(Y_i)^T m_i,

the cotangent of y_n is w + sum_i e_i, and the parameters gather sum_i (df/dp)(Y_i)^T m_i (Hairer, Lubich and Wanner,
Geometric Numerical Integration, 2nd ed., 2006, section VI.4; Sandu, ICCS 2006, LNCS 3994, 550).
"""

from __future__ import annotations

from .explicit import RungeKutta, _combination, _needed, _scaled, _time
from .iteration import Iteration


def buffers(base: RungeKutta | Iteration) -> tuple[str, ...]:
    """Further buffers than those of the method: the stages, and the cotangent of a slope."""
    if isinstance(base, Iteration):
        return ()
    return (*(f"y{stage}" for stage in range(1, base.stages)), "m")


def retreat(base: RungeKutta | Iteration, size: int, n_params: int, flat: bool) -> str:
    """Source for a state of ``size`` components; parameters of which no cotangent is wanted do not count."""
    if isinstance(base, Iteration):
        return _flat_map(n_params) if flat else _long_map(size)
    return _flat_step(base, size, n_params) if flat else _long_step(base, size)


def _flat_map(n_params: int) -> str:
    gathered = _tuple(f"g[{i}] + more[{i}]" for i in range(n_params))
    return _function("retreat(t, u, p, h, w, g)", "e, more = pull(t, u, p, w)", f"return e, {gathered}")


def _long_map(size: int) -> str:
    return _function(
        "retreat(t, u, p, h, w, g, image)",
        "pull(t, u, p, w, image, g)",
        f"for i in range({size}):",
        "    w[i] = image[i]",
    )


def _transposed(base: RungeKutta) -> list[tuple[int, list]]:
    """From the last stage to the first: the stage, and what the cotangents e_0, e_1, ..., w weigh in that of its slope.

    A stage that nothing depends on is left out.
    """
    rows = [row for row, _ in _needed(base.tableau)]
    heard: list[tuple[int, list]] = []
    for stage in reversed(range(len(rows))):
        later = {other for other, _ in heard}
        column = [rows[other][stage] if other in later else 0 for other in range(len(rows))]
        column.append(base.tableau.b[stage])
        if any(column):
            heard.append((stage, column))
    return heard


def _stages(base: RungeKutta) -> list[tuple[int, list, str, bool]]:
    """Every stage: its weights, its time, and whether a later one reads its slope."""
    rows = _needed(base.tableau)
    return [
        (stage, list(row), _time(node), any(later[stage] for later, _ in rows[stage + 1 :]))
        for stage, (row, node) in enumerate(rows)
    ]


def _flat_step(base: RungeKutta, size: int, n_params: int) -> str:
    each, last = range(size), len(_needed(base.tableau))
    lines, times = [], {}
    for stage, row, time, read in _stages(base):
        times[stage] = time
        lines += _scaled(f"a{stage}", row)
        parts = (f"u[{i}]" + _combination(f"a{stage}", row, f"k{{stage}}[{i}]") for i in each)
        lines.append(f"y{stage} = {_tuple(parts)}")
        if read:
            lines.append(f"k{stage} = rhs({time}, y{stage}, p)")
    lines.append(f"e{last} = w")
    for stage, column in _transposed(base):
        lines += _scaled(f"b{stage}", column)
        parts = (_sum(f"b{stage}", column, f"e{{stage}}[{i}]") for i in each)
        lines.append(f"e{stage}, g{stage} = pull({times[stage]}, y{stage}, p, {_tuple(parts)})")
    heard = [stage for stage, _ in _transposed(base)]
    backward = _tuple(f"w[{i}] + " + " + ".join(f"e{stage}[{i}]" for stage in heard) for i in each)
    gathered = _tuple(f"g[{i}] + (" + " + ".join(f"g{stage}[{i}]" for stage in heard) + ")" for i in range(n_params))
    return _function("retreat(t, u, p, h, w, g)", *lines, f"return {backward}, {gathered}")


def _long_step(base: RungeKutta, size: int) -> str:
    """The slopes' buffers take the cotangents ``e`` of the stages, once no slope is read any more."""
    lines, times = [], {}
    for stage, row, time, read in _stages(base):
        times[stage] = time
        if stage:
            lines += [*_scaled(f"a{stage}", row), f"for i in range({size}):"]
            lines.append(f"    y{stage}[i] = u[i]" + _combination(f"a{stage}", row, "k{stage}[i]"))
        if read:
            lines.append(f"rhs({time}, {f'y{stage}' if stage else 'u'}, p, k{stage})")
    lines.append(f"k{len(times)} = w")
    for stage, column in _transposed(base):
        lines += [*_scaled(f"b{stage}", column), f"for i in range({size}):"]
        lines.append(f"    m[i] = {_sum(f'b{stage}', column, 'k{stage}[i]')}")
        lines.append(f"pull({times[stage]}, {f'y{stage}' if stage else 'u'}, p, m, k{stage}, g)")
    shares = " + ".join(f"k{stage}[i]" for stage, _ in _transposed(base))
    lines += [f"for i in range({size}):", f"    w[i] = w[i] + {shares}"]
    return _function(f"retreat(t, u, p, h, w, g, {', '.join((*base.buffers(), *buffers(base)))})", *lines)


def _sum(row: str, weights: list, name: str) -> str:
    """Text of ``h a k + ...`` with the scaled weights of ``row``."""
    return _combination(row, weights, name).removeprefix(" + ")


def _tuple(parts) -> str:
    return "(" + "".join(f"{part}, " for part in parts) + ")"


def _function(head: str, *lines: str) -> str:
    return f"def {head}:\n" + "".join(f"    {line}\n" for line in lines)
