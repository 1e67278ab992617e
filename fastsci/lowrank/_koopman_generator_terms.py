"""The generator of a diffusion applied to a dictionary's terms, as terms of the state, its drift and its noise.

Of a product of functions g_k the generator L takes each by the chain rule of Ito:

    L F(g) = sum_k dF/dg_k L g_k + 1/2 sum_kl d2F/dg_k dg_l sum_m (grad g_k . s_m) (grad g_l . s_m),

so that L and the derivatives along the columns s_m of the noise are needed of the functions alone: they are computed on
numbers that carry their derivatives.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsci_kernels.regress.plan import Generator, Term, multiplied

from ._koopman_products import Array


@dataclass(frozen=True)
class Noise:
    """Where noise is among the inputs, after the state and the drift.

    ``columns`` independent ones multiply each component: 0 for none, and with ``diagonal`` one of its own for each.
    """

    columns: int
    diagonal: bool

    def place(self, component: int, column: int, width: int) -> int | None:
        """The input that multiplies this column's noise in a component, or None where it is zero."""
        if self.diagonal:
            return 2 * width + component if component == column else None
        return 2 * width + component * self.columns + column


@dataclass(frozen=True, eq=False)
class GeneratorTerms:
    """Terms whose sums, ``factors`` times each from one of ``starts`` to the next, are the dictionary's images."""

    terms: tuple[Term, ...]
    factors: Array
    starts: NDArray[np.intp]


@lru_cache(maxsize=32)
def generator_terms(terms: tuple[Term, ...], width: int, noise: Noise) -> GeneratorTerms:
    """The images of terms of ``width`` inputs."""
    found: list[Term] = []
    factors: list[float] = []
    starts: list[int] = []
    for term in terms:
        starts.append(len(found))
        for image, factor in _images(term, width, noise) or [((), 0.0)]:
            found.append(image)
            factors.append(factor)
    return GeneratorTerms(tuple(found), np.array(factors), np.array(starts, np.intp))


def _images(term: Term, width: int, noise: Noise) -> list[tuple[Term, float]]:
    """Terms and factors whose sum is the generator's image of a term."""
    found: list[tuple[Term, float]] = []
    for place, (one, power) in enumerate(term):
        rest = _without(term, place)
        found.append((multiplied(rest, ((_drift(one, width, noise), 1),)), float(power)))
        for column in range(noise.columns):
            along = _along(one, column, width, noise)
            if along is None:
                continue
            if power > 1:
                twice = multiplied(_without(rest, place), ((along, 2),))
                found.append((twice, 0.5 * power * (power - 1)))
            for later in range(place + 1, len(term)):
                other, other_power = term[later]
                beside = _along(other, column, width, noise)
                if beside is not None:
                    both = multiplied(_without(term, place, later), multiplied(((along, 1),), ((beside, 1),)))
                    found.append((both, float(power * other_power)))
    return found


def _without(term: Term, *places: int) -> Term:
    """The term over one power of the functions at some of its places; zeroth powers stay, that places do."""
    return tuple((one, power - (place in places)) for place, (one, power) in enumerate(term))


def _drift(one: Generator, width: int, noise: Noise) -> Generator:
    """The generator's image of a function."""
    if not one.code:
        return Generator((one.inputs[0] + width,))
    columns: list[tuple[int | None, ...]] = []
    for column in range(noise.columns):
        along = tuple(noise.place(place, column, width) for place in one.inputs)
        if any(place is not None for place in along):
            columns.append(along)
    drifts = tuple(place + width for place in one.inputs)
    return _derived(one, drifts, tuple(columns))


def _along(one: Generator, column: int, width: int, noise: Noise) -> Generator | None:
    """The derivative of a function along a column of the noise, or None where it has none."""
    along = tuple(noise.place(place, column, width) for place in one.inputs)
    if all(place is None for place in along):
        return None
    if not one.code:
        return Generator((along[0],)) if along[0] is not None else None
    return _derived(one, along, ())


@lru_cache(maxsize=4096)
def _derived(one: Generator, first: tuple[int | None, ...], second: tuple[tuple[int | None, ...], ...]) -> Generator:
    """The derivative of a function along inputs, plus half its second derivatives along others."""
    from fastsci_kernels.numbers.dual import dual, primal, tangents

    count = len(one.inputs)
    inputs = list(one.inputs)
    names: dict[int, str] = {}

    def component(place: int | None) -> str:
        if place is None:
            return "0.0"
        if place not in names:
            names[place] = f"b{len(names)}"
            inputs.append(place)
        return names[place]

    values = [f"a{i}" for i in range(count)]
    lines = [f"x{i} = dual({values[i]}, ({component(first[i])},))" for i in range(count)]
    arguments = ", ".join(f"x{i}" for i in range(count))
    lines += [f"total = tangents(own({arguments}), x0)[0]"]
    for along in second:
        for i, place in enumerate(along):
            speed = component(place)
            lines.append(f"y{i} = dual(dual(a{i}, ({speed},)), (dual({speed} + 0.0 * a{i}, (0.0,)),))")
        lines.append(f"g = own({', '.join(f'y{i}' for i in range(count))})")
        lines.append("total = total + 0.5 * tangents(tangents(g, y0)[0], primal(y0, y0))[0]")
    head = f"def derived({', '.join([*values, *names.values()])}):\n"
    source = head + "".join(f"    {line}\n" for line in [*lines, "return total"])
    own = _made(f"def own({', '.join(values)}):\n    return {one.code}\n", "own", call=one.function, math=math)
    function = _made(source, "derived", own=own, dual=dual, primal=primal, tangents=tangents)
    called = ", ".join(f"a{i}" for i in range(len(inputs)))
    slots = ", ".join(f"{{{i}}}" for i in range(len(inputs)))
    return Generator(tuple(inputs), f"call({called})", f"generator of {one.name}, ({slots})", function)


def _made(source: str, name: str, **names: Any) -> Callable[..., Any]:
    """The function of this name in a text."""
    space: dict[str, Any] = {**names, "__name__": __name__}
    exec(compile(source, f"<{name}>", "exec"), space)
    return space[name]
