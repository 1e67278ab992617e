"""One interval of a Lyapunov spectrum: steps of the tangent dynamics, then the perturbations made orthonormal again.

The diagonal of R is the growth of the perturbations (Benettin, Galgani, Giorgilli and Strelcyn, Meccanica 15 (1980) 9;
Dieci, Russell and Van Vleck, SIAM J. Numer. Anal. 34 (1997) 402).  A run keeps the logarithm of the growth so far of
each, and the least part that was left, squared, of any perturbation when what it shared with faster ones was taken
away: where that is of the order of rounding the interval was too long.  A perturbation that has vanished stays zero,
with the logarithm minus infinity.
"""

from __future__ import annotations

from dataclasses import dataclass

from .interval import Interval, place


@dataclass(frozen=True)
class Spectrum(Interval):
    """An interval that keeps a logarithm for every perturbation, and the least part left."""

    @property
    def name(self) -> str:
        return f"spectrum by {self.tangent.name}"

    @property
    def kept(self) -> int:
        return self.count + 1

    def flat_keep(self) -> tuple[list[str], list[str]]:
        """Of a column of R the squares sum to that of the perturbation, whose part left is on the diagonal."""
        least = self.moving + self.count
        lines = [f"least = u[{least}]"]
        for j in range(1, self.count):
            whole = " + ".join(f"r[{place(i, j)}] * r[{place(i, j)}]" for i in range(j + 1))
            diagonal = f"r[{place(j, j)}]"
            lines += [
                f"whole = {whole}",
                f"least = min(least, where(whole == 0.0, 1.0, {diagonal} * {diagonal} / whole))",
            ]
        growth = [f"u[{self.moving + j}] + math.log(r[{place(j, j)}])" for j in range(self.count)]
        return lines, [*growth, "least"]

    def long_keep(self) -> list[str]:
        least = f"v[{self.moving + self.count}]"
        return [
            "end = 0",
            f"for j in range({self.count}):",
            "    whole = r[end] * r[end]",
            "    for i in range(end + 1, end + j + 1):",
            "        whole = whole + r[i] * r[i]",
            "    end += j",
            f"    v[{self.moving} + j] = v[{self.moving} + j] + math.log(r[end])",
            f"    {least} = min({least}, where(whole == 0.0, 1.0, r[end] * r[end] / whole))",
            "    end += 1",
        ]
