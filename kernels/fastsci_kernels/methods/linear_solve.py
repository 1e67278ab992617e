"""Text of the linear algebra of a stiff method: one factorisation of ``I / (h gamma) - J`` a step, a solve a stage.

Gaussian elimination in the order of the rows, because the diagonal of such a matrix is large where the step is small.
Where a pivot falls below ``THRESHOLD`` times the largest entry under it, a member exchanges that row, and that member
alone (threshold pivoting; Duff, Erisman and Reid, Direct Methods for Sparse Matrices, 2nd ed., 2017, section 5.2).
The branches around exchanges only skip work that would change nothing, so that no member's bits depend on its company.
"""

from __future__ import annotations

THRESHOLD = 0.1
REGISTER_LIMIT = 4  # matrices up to this size are held in registers; larger ones lie in memory
UNROLLED_LIMIT = 8  # matrices up to this size are written out; larger ones are worked on in loops


def unrolled_factor(dim: int) -> list[str]:
    """Lines that factorise the entries ``m{i}_{j}`` in place.

    They leave the reciprocals of the pivots in ``inverse{k}``, the row that took the place of row ``k`` in ``row{k}``,
    and in ``exchanged`` whether any member exchanged rows at all.
    """
    lines = ["exchanged = False"]
    for k in range(dim):
        below = range(k + 1, dim)
        if below:
            lines += _unrolled_exchange(k, dim)
        lines.append(f"inverse{k} = 1.0 / m{k}_{k}")
        for i in below:
            lines.append(f"m{i}_{k} = m{i}_{k} * inverse{k}")
            lines += [f"m{i}_{j} = m{i}_{j} - m{i}_{k} * m{k}_{j}" for j in below]
    return lines


def _unrolled_exchange(k: int, dim: int) -> list[str]:
    below = range(k + 1, dim)
    lines = [f"size = abs(m{k}_{k})", f"largest = abs(m{k + 1}_{k})"]
    for i in below[1:]:
        lines.append(f"largest = where(abs(m{i}_{k}) > largest, abs(m{i}_{k}), largest)")
    lines += [
        f"row{k} = number({float(k)}, BITS, WIDTH)",
        f"small = size < {THRESHOLD} * largest",
        "if any_lane(small):",
        "    exchanged = True",
    ]
    cold = []
    for i in below:
        cold += [
            f"larger = abs(m{i}_{k}) > size",
            f"size = where(larger, abs(m{i}_{k}), size)",
            f"row{k} = where(larger, {float(i)}, row{k})",
        ]
    cold.append(f"row{k} = where(small, row{k}, {float(k)})")
    for i in below:
        cold.append(f"swap = row{k} == {float(i)}")
        cold += [_exchanged("swap", f"m{k}_{j}", f"m{i}_{j}") for j in range(dim)]
    return lines + [f"    {line}" for line in cold]


def _exchanged(mask: str, a: str, b: str) -> str:
    return f"{a}, {b} = where({mask}, {b}, {a}), where({mask}, {a}, {b})"


def unrolled_solve(dim: int, right: str) -> list[str]:
    """Lines that solve for the right-hand side ``{right}{i}`` in place."""
    lines = ["if exchanged:"] if dim > 1 else []
    for k in range(dim):
        for i in range(k + 1, dim):
            lines.append("    " + _exchanged(f"row{k} == {float(i)}", f"{right}{k}", f"{right}{i}"))
    for k in range(dim):
        lines += [f"{right}{i} = {right}{i} - m{i}_{k} * {right}{k}" for i in range(k + 1, dim)]
    for k in reversed(range(dim)):
        lines.append(f"{right}{k} = {right}{k} * inverse{k}")
        lines += [f"{right}{i} = {right}{i} - m{i}_{k} * {right}{k}" for i in range(k)]
    return lines


def functions(dim: int) -> list[tuple[str, str]]:
    """Name and source of the same in memory: ``factor(matrix, row, inverse)`` and ``solve`` with what they call.

    ``factor`` works on a row-major matrix in place and returns ``exchanged``; ``solve(matrix, row, inverse, exchanged,
    right)`` leaves the solution in ``right``.
    """
    unrolled = dim <= UNROLLED_LIMIT
    return [
        ("exchange", _exchange(dim)),
        ("permute", _permute(dim)),
        ("factor", _unrolled_factor_in_memory(dim) if unrolled else _factor_in_loops(dim)),
        ("solve", _unrolled_solve_in_memory(dim) if unrolled else _solve_in_loops(dim)),
    ]


def _exchange(dim: int) -> str:
    return f"""\
def exchange(matrix, row, k, small):
    size, best = abs(matrix[k * {dim} + k]), row[k]
    for i in range(k + 1, {dim}):
        below = abs(matrix[i * {dim} + k])
        larger = below > size
        size = where(larger, below, size)
        best = where(larger, i, best)
    best = where(small, best, row[k])
    row[k] = best
    for i in range(k + 1, {dim}):
        swap = best == i
        if any_lane(swap):
            for j in range({dim}):
                upper, lower = matrix[k * {dim} + j], matrix[i * {dim} + j]
                matrix[k * {dim} + j] = where(swap, lower, upper)
                matrix[i * {dim} + j] = where(swap, upper, lower)
"""


def _permute(dim: int) -> str:
    return f"""\
def permute(row, right):
    for k in range({dim}):
        for i in range(k + 1, {dim}):
            swap = row[k] == i
            upper, lower = right[k], right[i]
            right[k] = where(swap, lower, upper)
            right[i] = where(swap, upper, lower)
"""


def _factor_in_loops(dim: int) -> str:
    return f"""\
def factor(matrix, row, inverse):
    exchanged = False
    for k in range({dim}):
        row[k] = k
        size = abs(matrix[k * {dim} + k])
        largest = size
        for i in range(k + 1, {dim}):
            below = abs(matrix[i * {dim} + k])
            largest = where(below > largest, below, largest)
        small = size < {THRESHOLD} * largest
        if any_lane(small):
            exchanged = True
            exchange(matrix, row, k, small)
        pivot = 1.0 / matrix[k * {dim} + k]
        inverse[k] = pivot
        for i in range(k + 1, {dim}):
            multiple = matrix[i * {dim} + k] * pivot
            matrix[i * {dim} + k] = multiple
            for j in range(k + 1, {dim}):
                matrix[i * {dim} + j] = matrix[i * {dim} + j] - multiple * matrix[k * {dim} + j]
    return exchanged
"""


def _solve_in_loops(dim: int) -> str:
    return f"""\
def solve(matrix, row, inverse, exchanged, right):
    if exchanged:
        permute(row, right)
    for k in range({dim}):
        known = right[k]
        for i in range(k + 1, {dim}):
            right[i] = right[i] - matrix[i * {dim} + k] * known
    for k in range({dim} - 1, -1, -1):
        known = right[k] * inverse[k]
        right[k] = known
        for i in range(k):
            right[i] = right[i] - matrix[i * {dim} + k] * known
"""


def _unrolled_factor_in_memory(dim: int) -> str:
    lines = ["exchanged = False"]
    for k in range(dim):
        below = range(k + 1, dim)
        lines.append(f"row[{k}] = {k}")
        if below:
            lines += [f"size = abs(matrix[{k * dim + k}])", f"largest = abs(matrix[{(k + 1) * dim + k}])"]
            for i in below[1:]:
                lines.append(f"below = abs(matrix[{i * dim + k}])")
                lines.append("largest = where(below > largest, below, largest)")
            lines += [
                f"small = size < {THRESHOLD} * largest",
                "if any_lane(small):",
                "    exchanged = True",
                f"    exchange(matrix, row, {k}, small)",
            ]
        lines += [f"pivot = 1.0 / matrix[{k * dim + k}]", f"inverse[{k}] = pivot"]
        for i in below:
            lines += [f"multiple = matrix[{i * dim + k}] * pivot", f"matrix[{i * dim + k}] = multiple"]
            for j in below:
                place = f"matrix[{i * dim + j}]"
                lines.append(f"{place} = {place} - multiple * matrix[{k * dim + j}]")
    lines.append("return exchanged")
    return "def factor(matrix, row, inverse):\n" + "".join(f"    {line}\n" for line in lines)


def _unrolled_solve_in_memory(dim: int) -> str:
    lines = ["if exchanged:", "    permute(row, right)"]
    lines += [f"r{i} = right[{i}]" for i in range(dim)]
    for k in range(dim):
        lines += [f"r{i} = r{i} - matrix[{i * dim + k}] * r{k}" for i in range(k + 1, dim)]
    for k in reversed(range(dim)):
        lines.append(f"r{k} = r{k} * inverse[{k}]")
        lines += [f"r{i} = r{i} - matrix[{i * dim + k}] * r{k}" for i in range(k)]
    lines += [f"right[{i}] = r{i}" for i in range(dim)]
    return "def solve(matrix, row, inverse, exchanged, right):\n" + "".join(f"    {line}\n" for line in lines)
