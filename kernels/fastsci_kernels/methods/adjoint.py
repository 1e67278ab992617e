"""The discrete adjoint of a method: a block of its steps forwards, then the transposed steps back to the start.

The transposed step (`retreat`) is the exact transpose of the derivative of the step that was taken, so that cotangents
are those of the run as it was computed, and not of the flow that it approximates.

The state of a run is the state at the start of the block, the cotangent of the state at its end, what the parameters
have gathered, and the clock: the time where the grid of the whole run starts and its step size, the number of the
block, the steps of it to skip, and those to take.  A run's step is a block; its size is the size of the steps within.
The states on the way are kept in memory near the processor.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import retreat
from .explicit import RungeKutta
from .iteration import Iteration
from .method import OverBase
from .pull import ByReverse, ByTangents, ByUser

FLAT_LIMIT = 40  # numbers of a run's state that are worth keeping in registers
WIDE_LIMIT = 20  # numbers up to which two registers each pay, for a transposed step is a long chain (measured)
BLOCK_NUMBERS = 2048  # what a block keeps of each member: 128 KiB a 512-bit register, 16 KiB in a thread of a GPU
LONGEST_BLOCK = 1024  # steps
CLOCK = 5  # numbers that say when a block is and how long

IMPORTS = (
    "from fastsci_kernels.numbers.memory import lane",
    "from fastsci_kernels.numbers.sections import section",
)


@dataclass(frozen=True)
class Adjoint(OverBase):
    """A `method.Method` of blocks of ``base``, for a state of ``size`` components and a cotangent of ``n_params``."""

    base: RungeKutta | Iteration
    pull: ByReverse | ByTangents | ByUser
    size: int
    n_params: int  # that a cotangent is wanted of: all or none

    flat_limit = FLAT_LIMIT
    wide_limit = WIDE_LIMIT

    @property
    def name(self) -> str:
        steps = f"{self.base.name} in blocks of {block_steps(self.size)}"
        return f"{steps} and its adjoint of {self.size} components and {self.n_params} parameters by {self.pull}"

    @property
    def stages(self) -> int:
        return 2 * block_steps(self.size) * self.base.stages

    @property
    def parts(self) -> tuple[str, ...]:
        return self.pull.parts

    @property
    def imports(self) -> tuple[str, ...]:
        return (*self.base.imports, *self.pull.imports, *IMPORTS)

    @property
    def total(self) -> int:
        """Numbers of a run's state."""
        return 2 * self.size + self.n_params + CLOCK

    def slope_dim(self, dim: int) -> int:
        return self.size

    def preamble(self, style: str, flat: bool, dim: int, n_params: int, bits: int, width: int, wrap: str) -> str:
        """``advance``, a step of the method; ``pull``; ``retreat``, a transposed step; and ``sweep``, a block."""
        sources = {
            "advance": _advance(self.base, self.size, flat),
            "pull": self.pull.source(style, flat, self.size, self.n_params, bits, width),
            "retreat": retreat.retreat(self.base, self.size, self.n_params, flat),
            "sweep": _flat_sweep(self, bits, width) if flat else _long_sweep(self, bits, width),
        }
        return _compiled(sources, wrap)

    def buffers(self) -> tuple[str, ...]:
        return ("here", *self.base.buffers(), *retreat.buffers(self.base))

    def flat_step(self, dim: int) -> str:
        return "def step(t, u, p, h):\n    return sweep(u, p, h)\n"

    def long_step(self, dim: int) -> str:
        names = ", ".join(self.buffers())
        return f"def step(t, u, p, h, v, {names}):\n    sweep(u, p, h, v, {names})\n"


@dataclass(frozen=True)
class Forward(OverBase):
    """A `method.Method` of blocks of ``base`` and nothing else: the state, and behind it the clock of `Adjoint`."""

    base: RungeKutta | Iteration
    size: int

    flat_limit = FLAT_LIMIT
    wide_limit = WIDE_LIMIT
    parts = ()

    @property
    def name(self) -> str:
        return f"{self.base.name} in blocks of {block_steps(self.size)}"

    @property
    def stages(self) -> int:
        return block_steps(self.size) * self.base.stages

    @property
    def imports(self) -> tuple[str, ...]:
        return (*self.base.imports, *IMPORTS)

    def slope_dim(self, dim: int) -> int:
        return self.size

    def preamble(self, style: str, flat: bool, dim: int, n_params: int, bits: int, width: int, wrap: str) -> str:
        """``advance``, a step of the method."""
        return _compiled({"advance": _advance(self.base, self.size, flat)}, wrap)

    def buffers(self) -> tuple[str, ...]:
        return self.base.buffers()

    def flat_step(self, dim: int) -> str:
        return _function(
            "step(t, u, p, h)",
            *_clock(self.size, self.size),
            f"y = {_tuple(f'u[{i}]' for i in range(self.size))}",
            "for k in range(count):",
            "    y = advance(start + (first + k) * dt, y, p, h)",
            f"return y + {_tuple(f'u[{self.size + i}]' for i in range(CLOCK))}",
        )

    def long_step(self, dim: int) -> str:
        names = self.buffers()
        return _function(
            f"step(t, u, p, h, v, {', '.join(names)})",
            *_clock(self.size, self.size),
            f"for i in range({dim}):",
            "    v[i] = u[i]",
            f"y = section(v, 0, {self.size})",
            *(f"{name} = section({name}, 0, {self.size})" for name in names),
            "for k in range(count):",
            f"    advance(start + (first + k) * dt, y, p, h, y, {', '.join(names)})",
        )


# --- a block ---------------------------------------------------------------------------------------------------------


def block_steps(size: int) -> int:
    """Steps of a whole block, of a state of ``size`` components."""
    return max(1, min(LONGEST_BLOCK, BLOCK_NUMBERS // size))


def _clock(size: int, start: int) -> list[str]:
    return [
        f"start, dt = u[{start}], u[{start + 1}]",
        f"first = int(lane(u[{start + 2}], 0)) * {block_steps(size)} + int(lane(u[{start + 3}], 0))",
        f"count = int(lane(u[{start + 4}], 0))",
    ]


def _advance(base: RungeKutta | Iteration, size: int, flat: bool) -> str:
    step = base.flat_step(size) if flat else base.long_step(size)
    return step.replace("def step(", "def advance(", 1)


def _compiled(sources: dict[str, str], wrap: str) -> str:
    return "".join(f"\n\n{source}\n\n{name} = {wrap}({name})\n" for name, source in sources.items())


def _flat_sweep(adjoint: Adjoint, bits: int, width: int) -> str:
    size, end = adjoint.size, 2 * adjoint.size + adjoint.n_params
    kept = _tuple(f"kept[k * {size} + {i}]" for i in range(size))
    return _function(
        "sweep(u, p, h)",
        *_clock(size, adjoint.total - CLOCK),
        f"kept = scratch({bits}, {width}, {size * block_steps(size)})",
        f"y = {_tuple(f'u[{i}]' for i in range(size))}",
        "for k in range(count):",
        *(f"    kept[k * {size} + {i}] = y[{i}]" for i in range(size)),
        "    y = advance(start + (first + k) * dt, y, p, h)",
        f"w = {_tuple(f'u[{i}]' for i in range(size, 2 * size))}",
        f"g = {_tuple(f'u[{i}]' for i in range(2 * size, end))}",
        "for back in range(count):",
        "    k = count - 1 - back",
        f"    w, g = retreat(start + (first + k) * dt, {kept}, p, h, w, g)",
        f"return y + w + g + {_tuple(f'u[{end + i}]' for i in range(CLOCK))}",
    )


def _long_sweep(adjoint: Adjoint, bits: int, width: int) -> str:
    """The user's functions see as many numbers as they have components: sections of the longer buffers."""
    size, names = adjoint.size, adjoint.buffers()
    return _function(
        f"sweep(u, p, h, v, {', '.join(names)})",
        *_clock(size, adjoint.total - CLOCK),
        f"kept = scratch({bits}, {width}, {size * block_steps(size)})",
        f"for i in range({adjoint.total}):",
        "    v[i] = u[i]",
        f"y, w = section(v, 0, {size}), section(v, {size}, {size})",
        f"g = section(v, {2 * size}, {adjoint.n_params})",
        *(f"{name} = section({name}, 0, {size})" for name in names),
        "for k in range(count):",
        f"    for i in range({size}):",
        f"        kept[k * {size} + i] = y[i]",
        f"    advance(start + (first + k) * dt, y, p, h, y, {', '.join(adjoint.base.buffers())})",
        "for back in range(count):",
        "    k = count - 1 - back",
        f"    for i in range({size}):",
        f"        here[i] = kept[k * {size} + i]",
        f"    retreat(start + (first + k) * dt, here, p, h, w, g, {', '.join(names[1:])})",
    )


def _tuple(parts) -> str:
    return "(" + "".join(f"{part}, " for part in parts) + ")"


def _function(head: str, *lines: str) -> str:
    return f"def {head}:\n" + "".join(f"    {line}\n" for line in lines)
