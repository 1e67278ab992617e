"""The text of a QR factorisation of the perturbations in a run's state, by modified Gram-Schmidt.

The diagonal of R is not negative.  A perturbation that depends on those before it becomes zero, and so does its entry
on the diagonal.
"""

from __future__ import annotations


def flat_orthonormalise(size: int, count: int, *, whole: bool = False) -> str:
    """Source of ``orthonormalise(w)``: the state with orthonormal perturbations, and the diagonal of R.

    With ``whole`` all of R's upper triangle, column by column.
    """
    each = range(size)
    lines = []
    for j in range(count):
        lines += [f"v{j}_{i} = w[{(j + 1) * size + i}]" for i in each]
        for other in range(j):
            lines.append(f"r{other}_{j} = " + " + ".join(f"v{other}_{i} * v{j}_{i}" for i in each))
            lines += [f"v{j}_{i} = v{j}_{i} - r{other}_{j} * v{other}_{i}" for i in each]
        lines += [
            f"r{j}_{j} = math.sqrt(" + " + ".join(f"v{j}_{i} * v{j}_{i}" for i in each) + ")",
            f"scale = where(r{j}_{j} == 0.0, 0.0, 1.0 / r{j}_{j})",
            *(f"v{j}_{i} = v{j}_{i} * scale" for i in each),
        ]
    state = [f"w[{i}]" for i in each] + [f"v{j}_{i}" for j in range(count) for i in each]
    kept = [f"r{i}_{j}" for j in range(count) for i in range(0 if whole else j, j + 1)]
    lines.append(f"return {_tuple(state)}, {_tuple(kept)}")
    return "def orthonormalise(w):\n" + "".join(f"    {line}\n" for line in lines)


def long_orthonormalise(size: int, count: int, *, whole: bool = False) -> str:
    """Source of ``orthonormalise(w, growth)``, in place; ``growth`` takes the diagonal of R.

    With ``whole`` it takes all of R's upper triangle, column by column.
    """
    keep, diagonal = "", f"j // {size} - 1"
    if whole:
        keep = "            growth[place] = along\n            place += 1\n"
        diagonal = "place"
    return (
        "def orthonormalise(w, growth):\n"
        + "    place = 0\n" * whole
        + f"    for j in range({size}, {size * (count + 1)}, {size}):\n"
        f"        for other in range({size}, j, {size}):\n"
        "            along = w[other] * w[j]\n"
        f"            for i in range(1, {size}):\n"
        "                along = along + w[other + i] * w[j + i]\n"
        f"            for i in range({size}):\n"
        "                w[j + i] = w[j + i] - along * w[other + i]\n"
        f"{keep}"
        "        square = w[j] * w[j]\n"
        f"        for i in range(1, {size}):\n"
        "            square = square + w[j + i] * w[j + i]\n"
        "        norm = math.sqrt(square)\n"
        f"        growth[{diagonal}] = norm\n"
        + "        place += 1\n"
        * whole
        + "        scale = where(norm == 0.0, 0.0, 1.0 / norm)\n"
        f"        for i in range({size}):\n"
        "            w[j + i] = w[j + i] * scale\n"
    )


def _tuple(parts) -> str:
    return "(" + "".join(f"{part}, " for part in parts) + ")"
