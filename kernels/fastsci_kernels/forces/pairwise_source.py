"""The text of the all-pairs kernel: bodies side by side in lanes, the bodies that act on them one after another.

Every body's sum runs over all others in their order, whatever the lanes, the blocks and the threads, so that its bits
depend on nothing but the input.  A pair at distance zero, a body with itself above all, adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

HEADER = """\
from fastsci_kernels.compile import jit
from fastsci_kernels.numbers import functions
from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.numbers.memory import load, number, store

"""


@dataclass(frozen=True)
class PairShape:
    """What a kernel is specialised on; ``directed`` sums vectors along the displacements, else plain numbers."""

    space: int
    n_params: int
    directed: bool
    bits: int
    width: int
    groups: int

    @property
    def block(self) -> int:
        """Bodies whose sums one pass over all bodies makes."""
        return self.width * self.groups


def pairwise_source(shape: PairShape) -> str:
    """The module text; it expects ``law``, the compiled user's function, among its globals."""
    axes, groups = range(shape.space), range(shape.groups)
    sums = axes if shape.directed else range(1)
    bits, width = shape.bits, shape.width

    def plain(value: str) -> str:
        return f"number({value}, {bits}, {width})"

    values = [plain(f"params[{i}]") for i in range(shape.n_params)]
    before = [f"p = ({''.join(f'{value}, ' for value in values)})"]
    before += [f"eps2 = {plain('softening * softening')}"]
    begin, pair, end = [f"o = block * {shape.block}"], [f"weight = {plain('weights[j]')}"], []
    pair += ["y{} = {}".format(axis, plain(f"positions[{axis}, j]")) for axis in axes]
    for group in groups:
        column = f"o + {group * width}"
        begin += [f"x{axis}_{group} = load(positions, {axis}, {column}, {width})" for axis in axes]
        begin += [f"sum{axis}_{group} = {plain('0.0')}" for axis in sums]
        pair += [f"d{axis} = y{axis} - x{axis}_{group}" for axis in axes]
        pair += [
            "r2 = " + " + ".join(f"d{axis} * d{axis}" for axis in axes),
            "share = where(r2 == 0.0, 0.0, law(r2 + eps2, p)) * weight",
        ]
        pair += [f"sum{axis}_{group} = sum{axis}_{group} + share" + f" * d{axis}" * shape.directed for axis in sums]
        end += [f"store(out, {axis}, {column}, sum{axis}_{group})" for axis in sums]
    return (
        f"{HEADER}\ndef drive(positions, weights, params, softening, out, first, last):\n"
        + _indent(before, 1)
        + "    for block in range(first, last):\n"
        + _indent(begin, 2)
        + "        for j in range(weights.shape[0]):\n"
        + _indent(pair, 3)
        + _indent(end, 2)
        + "\n\ndrive = jit(drive, cache=CACHE)\n"
    )


def _indent(lines: list[str], levels: int) -> str:
    return "".join(f"{'    ' * levels}{line}\n" for line in lines)
