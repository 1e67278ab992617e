"""One interval of a Lyapunov spectrum: steps of the tangent dynamics, then the perturbations made orthonormal again.

The state of a run is the state, ``count`` perturbations, for each of them the logarithm of its growth so far, and the
number of steps in an interval.  An interval ends with a QR factorisation by modified Gram-Schmidt; the diagonal of R
is the growth (Benettin, Galgani, Giorgilli and Strelcyn, Meccanica 15 (1980) 9; Dieci, Russell and Van Vleck, SIAM J.
Numer. Anal. 34 (1997) 402).  A perturbation that has vanished stays zero, with the logarithm minus infinity.
"""

from __future__ import annotations

from dataclasses import dataclass

from .tangent import Tangent

FLAT_LIMIT = 40  # numbers of a run's state that are worth keeping in registers (measured)


@dataclass(frozen=True)
class Spectrum:
    """A `method.Method` whose step is an interval: ``h`` is its length, the last number of the state its steps."""

    tangent: Tangent

    random = False
    aliases = ()
    flat_limit = FLAT_LIMIT

    @property
    def name(self) -> str:
        return f"spectrum by {self.tangent.name}"

    @property
    def order(self) -> int:
        return self.tangent.order

    @property
    def source(self) -> str:
        return self.tangent.source

    @property
    def stages(self) -> int:
        return self.tangent.stages

    @property
    def parts(self) -> tuple[str, ...]:
        return self.tangent.parts

    @property
    def imports(self) -> tuple[str, ...]:
        return (*self.tangent.imports, "from fastsci_kernels.numbers.memory import lane")

    @property
    def total(self) -> int:
        """Numbers of a run's state."""
        slope = self.tangent.slope
        return slope.total + slope.count + 1

    def slope_dim(self, dim: int) -> int:
        return self.tangent.slope_dim(dim)

    def preamble(self, style: str, flat: bool, dim: int, n_params: int, bits: int, width: int, wrap: str) -> str:
        """``advance``, a step of the tangent dynamics, and ``orthonormalise``."""
        tangent, moving = self.tangent, self.tangent.slope.total
        step = (tangent.flat_step if flat else tangent.long_step)(moving)
        sources = {
            "advance": step.replace("def step(", "def advance(", 1),
            "orthonormalise": (flat_orthonormalise if flat else long_orthonormalise)(
                tangent.slope.size, tangent.slope.count
            ),
        }
        text = tangent.preamble(style, flat, moving, n_params, bits, width, wrap)
        return text + "".join(f"\n\n{source}\n\n{name} = {wrap}({name})\n" for name, source in sources.items())

    def buffers(self) -> tuple[str, ...]:
        return self.tangent.buffers()

    def flat_step(self, dim: int) -> str:
        moving, count = self.tangent.slope.total, self.tangent.slope.count
        return (
            "def step(t, u, p, h):\n"
            f"    small = h / u[{dim - 1}]\n"
            f"    w = {_tuple(f'u[{i}]' for i in range(moving))}\n"
            f"    for taken in range(int(lane(u[{dim - 1}], 0))):\n"
            "        w = advance(t + taken * small, w, p, small)\n"
            f"    w, growth = orthonormalise(w)\n"
            f"    return w + {_tuple(f'u[{moving + j}] + math.log(growth[{j}])' for j in range(count))}"
            f" + (u[{dim - 1}],)\n"
        )

    def long_step(self, dim: int) -> str:
        moving, count = self.tangent.slope.total, self.tangent.slope.count
        names = ", ".join(self.buffers())
        return (
            f"def step(t, u, p, h, v, {names}):\n"
            f"    small = h / u[{dim - 1}]\n"
            f"    for i in range({dim}):\n"
            "        v[i] = u[i]\n"
            f"    for taken in range(int(lane(u[{dim - 1}], 0))):\n"
            f"        advance(t + taken * small, v, p, small, v, {names})\n"
            f"    orthonormalise(v, {self.buffers()[0]})\n"
            f"    for j in range({count}):\n"
            f"        v[{moving} + j] = v[{moving} + j] + math.log({self.buffers()[0]}[j])\n"
        )


def flat_orthonormalise(size: int, count: int) -> str:
    """Source of ``orthonormalise(w)``: the state with orthonormal perturbations, and the diagonal of R."""
    each = range(size)
    lines = []
    for j in range(count):
        lines += [f"v{j}_{i} = w[{(j + 1) * size + i}]" for i in each]
        for other in range(j):
            lines.append("along = " + " + ".join(f"v{other}_{i} * v{j}_{i}" for i in each))
            lines += [f"v{j}_{i} = v{j}_{i} - along * v{other}_{i}" for i in each]
        lines += [
            f"r{j} = math.sqrt(" + " + ".join(f"v{j}_{i} * v{j}_{i}" for i in each) + ")",
            f"scale = where(r{j} == 0.0, 0.0, 1.0 / r{j})",
            *(f"v{j}_{i} = v{j}_{i} * scale" for i in each),
        ]
    state = [f"w[{i}]" for i in each] + [f"v{j}_{i}" for j in range(count) for i in each]
    lines.append(f"return {_tuple(state)}, {_tuple(f'r{j}' for j in range(count))}")
    return "def orthonormalise(w):\n" + "".join(f"    {line}\n" for line in lines)


def long_orthonormalise(size: int, count: int) -> str:
    """Source of ``orthonormalise(w, growth)``, in place; ``growth`` takes the diagonal of R."""
    return (
        "def orthonormalise(w, growth):\n"
        f"    for j in range({size}, {size * (count + 1)}, {size}):\n"
        f"        for other in range({size}, j, {size}):\n"
        "            along = w[other] * w[j]\n"
        f"            for i in range(1, {size}):\n"
        "                along = along + w[other + i] * w[j + i]\n"
        f"            for i in range({size}):\n"
        "                w[j + i] = w[j + i] - along * w[other + i]\n"
        "        square = w[j] * w[j]\n"
        f"        for i in range(1, {size}):\n"
        "            square = square + w[j + i] * w[j + i]\n"
        "        norm = math.sqrt(square)\n"
        f"        growth[j // {size} - 1] = norm\n"
        "        scale = where(norm == 0.0, 0.0, 1.0 / norm)\n"
        f"        for i in range({size}):\n"
        "            w[j + i] = w[j + i] * scale\n"
    )


def _tuple(parts) -> str:
    return "(" + "".join(f"{part}, " for part in parts) + ")"
