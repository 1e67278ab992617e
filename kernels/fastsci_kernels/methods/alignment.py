"""How far perturbations have turned towards one another: the volume that they span once each has unit length.

The perturbations are Q T, where T is the product of the R of all intervals with columns of unit length.  The volume is
the product of T's diagonal.  Its factors are kept as logarithms, since they decay without end where the motion is
chaotic, and the first is 1.  Skokos, Bountis and Antonopoulos, Physica D 231 (2007) 30; Eur. Phys. J. Special Topics
165 (2008) 5 work the same volume out by singular values.
"""

from __future__ import annotations

from dataclasses import dataclass

from .interval import Interval, place, triangle


@dataclass(frozen=True)
class Alignment(Interval):
    """An `interval.Interval` that keeps T's upper triangle, column by column, and the logarithms of its diagonal."""

    @property
    def name(self) -> str:
        return f"alignment by {self.tangent.name}"

    @property
    def kept(self) -> int:
        return triangle(self.count) + self.count - 1

    @property
    def logarithms(self) -> int:
        """Where in a run's state the logarithms begin, that of the second perturbation first."""
        return self.moving + triangle(self.count)

    def flat_keep(self) -> tuple[list[str], list[str]]:
        lines, kept, logarithms = [], [f"u[{self.moving}]"], []
        for j in range(1, self.count):
            for i in range(j + 1):
                terms = (f"r[{place(i, m)}] * u[{self.moving + place(m, j)}]" for m in range(i, j + 1))
                lines.append(f"c{i}_{j} = {' + '.join(terms)}")
            square = " + ".join(f"c{i}_{j} * c{i}_{j}" for i in range(j + 1))
            lines.append(f"scale{j} = 1.0 / math.sqrt({square})")
            kept += [f"c{i}_{j} * scale{j}" for i in range(j + 1)]
            logarithms.append(f"u[{self.logarithms + j - 1}] + math.log(r[{place(j, j)}] * scale{j})")
        return lines, kept + logarithms

    def long_keep(self) -> list[str]:
        return [
            f"for j in range(1, {self.count}):",
            f"    column = {self.moving} + j * (j + 1) // 2",
            "    for i in range(j + 1):",
            "        total = r[i * (i + 3) // 2] * v[column + i]",
            "        for m in range(i + 1, j + 1):",
            "            total = total + r[m * (m + 1) // 2 + i] * v[column + m]",
            "        v[column + i] = total",
            "    square = v[column] * v[column]",
            "    for i in range(1, j + 1):",
            "        square = square + v[column + i] * v[column + i]",
            "    scale = 1.0 / math.sqrt(square)",
            "    for i in range(j + 1):",
            "        v[column + i] = v[column + i] * scale",
            f"    at = {self.logarithms} - 1 + j",
            "    v[at] = v[at] + math.log(r[j * (j + 3) // 2] * scale)",
        ]
