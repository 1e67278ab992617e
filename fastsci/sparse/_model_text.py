"""The text of a discovered model as a plain function, and what it calls."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.regress.plan import Term, table

from .. import _function
from ._problem import Array

LONGEST_TUPLE = 16  # states beyond which the function writes in place
OWN_NAMES = frozenset(
    ("t", "state", "params", "rates", "math", "control", "between", "control_times", "control_values", "place", "part")
)
NUMBERED = re.compile(r"(g|q|call_)\d+")

Control = Callable[[float], Any] | tuple[ArrayLike, ArrayLike] | ArrayLike | None
Drive = Literal["none", "function", "samples", "constants"]


def drive_of(control: Any, n_controls: int) -> Drive:
    """What drives the controls."""
    if not n_controls:
        return "none"
    if callable(control):
        return "function"
    samples = isinstance(control, tuple) and len(control) == 2 and np.ndim(control[0]) == 1
    return "samples" if samples else "constants"


class ModelText:
    """The text of a model, and the functions that it calls as ``functions``."""

    def __init__(
        self, support: np.ndarray, terms: Sequence[Term], input_names: Sequence[str], n_states: int, control: Control
    ) -> None:
        self.support, self.n_states = support, n_states
        self.drive = drive_of(control, len(input_names) - n_states)
        used = np.flatnonzero(support.any(axis=0))
        self.generators, self.parents, self.factors, columns = table(
            [terms[k] for k in used.tolist()], len(input_names)
        )
        self.column = dict(zip(used.tolist(), columns.tolist(), strict=True))
        self.inputs = _identifiers(input_names)
        self.names = self._names()
        self.functions: dict[str, Any] = {"math": math}
        if self.drive == "function":
            self.functions["control"] = _function.plain_function(control)
        if self.drive == "samples":
            self.functions["between"] = between

    def function(self, name: str, coef: np.ndarray, parameters: bool) -> str:
        """``def name``: it returns a tuple, or writes a long state in place; coefficients are numbers or parameters."""
        sums = self._sums(coef, parameters)
        long = self.n_states > LONGEST_TUPLE
        lines = [f"def {name}(t, state, params{', rates' if long else ''}):", *self._unpacked(parameters)]
        lines += self._assignments()
        if long:
            lines += [f"    rates[{place}] = {text}" for place, text in enumerate(sums)]
        else:
            lines += ["    return (", *(f"        {text}," for text in sums), "    )"]
        return "\n".join(lines) + "\n"

    def _unpacked(self, parameters: bool) -> list[str]:
        states, controls = self.inputs[: self.n_states], self.inputs[self.n_states :]
        if self.n_states > LONGEST_TUPLE:
            lines = [f"    {name} = state[{place}]" for place, name in enumerate(states) if self._uses()[1 + place]]
        else:
            lines = [f"    {', '.join(states)}{',' * (len(states) == 1)} = state"]
        if self.drive == "constants":
            first = int(self.support.sum()) if parameters else 0
            lines += [f"    {control} = params[{first + place}]" for place, control in enumerate(controls)]
        if self.drive == "function":
            lines += [f"    {', '.join(controls)} = control(t)"]
        if self.drive == "samples":
            lines += ["    place, part = between(t, control_times)"]
            for column, control in enumerate(controls):
                before, after = f"control_values[place, {column}]", f"control_values[place + 1, {column}]"
                lines += [f"    {control} = {before} + part * ({after} - {before})"]
        return lines

    def _uses(self) -> np.ndarray:
        """How often each row of the table is used by others, by functions and in equations."""
        first_product = 1 + len(self.inputs) + len(self.generators)
        counts = np.zeros(first_product + len(self.parents), int)
        for generator in self.generators:
            np.add.at(counts, [1 + place for place in generator.inputs], 1)
        np.add.at(counts, np.concatenate((self.parents, self.factors)), 1)
        for k, row in self.column.items():
            counts[row] += self.support[:, k].sum()
        return counts

    def _names(self) -> list[str]:
        """What each row of the table is called: products that are used once have no name of their own."""
        uses = self._uses()
        names = ["1.0", *self.inputs, *(f"g{place}" for place in range(len(self.generators)))]
        for parent, factor in zip(self.parents.tolist(), self.factors.tolist(), strict=True):
            row = len(names)
            product = f"({names[parent].strip('()')} * {names[factor]})"
            names.append(product if uses[row] == 1 else f"q{row - 1 - len(self.inputs) - len(self.generators)}")
        return names

    def _assignments(self) -> list[str]:
        """Functions of inputs, then products that are used more than once."""
        lines: list[str] = []
        for place, generator in enumerate(self.generators):
            inputs = {f"a{place}": self.inputs[source] for place, source in enumerate(generator.inputs)}
            code = re.sub(r"\ba\d+\b", partial(_looked_up, inputs), generator.code)
            if generator.function is not None:
                self.functions[f"call_{place}"] = generator.function
            lines.append(f"    g{place} = {code.replace('call(', f'call_{place}(')}")
        products = self.names[len(self.names) - len(self.parents) :]
        for name, parent, factor in zip(products, self.parents.tolist(), self.factors.tolist(), strict=True):
            if not name.startswith("("):
                lines.append(f"    {name} = {self.names[parent].strip('()')} * {self.names[factor]}")
        return lines

    def _sums(self, coef: np.ndarray, parameters: bool) -> list[str]:
        """The right-hand side of each state."""
        places = np.cumsum(self.support).reshape(self.support.shape) - 1
        found: list[str] = []
        for row, values in enumerate(coef):
            text = ""
            for k in np.flatnonzero(self.support[row]).tolist():
                number = f"params[{places[row, k]}]" if parameters else repr(abs(float(values[k])))
                negative = bool(not parameters and values[k] < 0)
                sign = (" - " if negative else " + ") if text else ("-" if negative else "")
                column = self.column[k]
                text += sign + (number if column == 0 else f"{number} * {self.names[column]}")
            found.append(text or "0.0")
        return found


def _identifiers(names: Sequence[str]) -> list[str]:
    """The names themselves where all can be names of variables, else numbered ones."""
    own = len(set(names)) == len(names) and all(
        name.isidentifier()
        and name.isascii()
        and not keyword.iskeyword(name)
        and name not in OWN_NAMES
        and not NUMBERED.fullmatch(name)
        for name in names
    )
    return list(names) if own else [f"x{place}" for place in range(len(names))]


def between(t: float, times: Array) -> tuple[int, float]:
    """Which sample a time comes after, and how far it is to the next: 0 and 1 before the first and after the last."""
    first, last = 0, len(times) - 1
    while last - first > 1:
        middle = (first + last) // 2
        if times[middle] <= t:
            first = middle
        else:
            last = middle
    return first, min(max((t - times[first]) / (times[last] - times[first]), 0.0), 1.0)


def _looked_up(names: dict[str, str], found: re.Match[str]) -> str:
    return names[found[0]]
