"""The divergence of a flow, integrated along a trajectory by the same method as the trajectory itself.

The state of a run is the state and the integral so far of the trace of the Jacobian: the logarithm of the volume that
a small cloud of states keeps (Liouville's formula).
"""

from __future__ import annotations

from dataclasses import dataclass

from .explicit import RungeKutta
from .method import FLAT_LIMIT, WIDE_LIMIT, OverBase
from .tangent import IMPORTS, TANGENTS_A_PASS


@dataclass(frozen=True)
class Divergence(OverBase):
    """A `method.Method` for a right-hand side of ``size`` components; its state has one number more."""

    base: RungeKutta
    size: int

    parts = ()
    flat_limit = FLAT_LIMIT
    wide_limit = WIDE_LIMIT

    @property
    def name(self) -> str:
        return f"divergence of {self.size} components by {self.base.name}"

    @property
    def stages(self) -> int:
        return self.base.stages

    @property
    def imports(self) -> tuple[str, ...]:
        return (*self.base.imports, *IMPORTS)

    def slope_dim(self, dim: int) -> int:
        return self.size

    def preamble(self, style: str, flat: bool, dim: int, n_params: int, bits: int, width: int, wrap: str) -> str:
        """``rhs`` of the state and the integral, around the user's."""
        lines = [f"one, zero = number(1.0, {bits}, {width}), number(0.0, {bits}, {width})"]
        lines += self._flat() if flat else self._long(bits, width)
        arguments = "t, w, p" if flat else "t, w, p, dw"
        source = f"def divergence_rhs({arguments}):\n" + "".join(f"    {line}\n" for line in lines)
        return f"primal_rhs = rhs\n\n\n{source}\n\ndivergence_rhs = {wrap}(divergence_rhs)\nrhs = divergence_rhs\n"

    def _flat(self) -> list[str]:
        """All directions at once."""
        each = range(self.size)
        seeds = ["".join("one, " if i == j else "zero, " for j in each) for i in each]
        duals = "".join(f"dual(w[{i}], ({seeds[i]})), " for i in each)
        trace = " + ".join(f"tangents(f[{i}], x[0])[{i}]" for i in each)
        values = "".join(f"primal(f[{i}], x[0]), " for i in each)
        return [f"x = ({duals})", "f = primal_rhs(t, x, p)", f"return ({values}{trace},)"]

    def _long(self, bits: int, width: int) -> list[str]:
        """A few directions a pass; the last pass may look along some that are not there, which are zero."""
        size, count = self.size, min(self.size, TANGENTS_A_PASS)
        seeds = "".join(f"where(i == first + {place}, one, zero), " for place in range(count))
        lines = [
            f"x = dual_scratch({bits}, {width}, {count}, {size})",
            f"f = dual_scratch({bits}, {width}, {count}, {size})",
            "trace = zero",
            f"for first in range(0, {size}, {count}):",
            f"    for i in range({size}):",
            f"        x[i] = dual(w[i], ({seeds}))",
            "    primal_rhs(t, x, p, f)",
        ]
        for place in range(count):
            inside = place < (size % count or count)
            lines += [] if inside else [f"    if first + {place} < {size}:"]
            indent = "    " if inside else "        "
            lines.append(f"{indent}trace = trace + tangents(f[first + {place}], x[0])[{place}]")
        return [
            *lines,
            f"for i in range({size}):",
            "    dw[i] = primal(f[i], x[0])",
            f"dw[{size}] = trace",
        ]

    def buffers(self) -> tuple[str, ...]:
        return self.base.buffers()

    def flat_step(self, dim: int) -> str:
        return self.base.flat_step(dim)

    def long_step(self, dim: int) -> str:
        return self.base.long_step(dim)
