"""Partial differential equations as text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ._problem import Array
from .equations import coefficient_text
from .pde_library import Term


def equation(left: str, coef: Array, names: Sequence[str], precision: int) -> str:
    """``u_t = -0.500 (u^2)_x + 0.100 u_xx``."""
    shown = ""
    for place in np.flatnonzero(coef).tolist():
        rounded = float(f"{abs(coef[place]):.{precision + 2}g}")  # 0.0999999 is shown like 0.1
        number = coefficient_text(rounded, precision)
        sign = "-" if coef[place] < 0 else "+"
        shown += f" {sign} {number}" + ("" if names[place] == "1" else f" {names[place]}")
    if not shown:
        return f"{left} = 0"
    return f"{left} = {'-' if shown[1] == '-' else ''}{shown[3:]}"


def expanded(
    coef: Array, names: Sequence[str], terms: Sequence[Term], fields: Sequence[str]
) -> tuple[Array, list[str]]:
    """First derivatives of powers by the chain rule: ``0.5 (u^2)_x`` as ``1.0 u u_x``."""
    coef, names = coef.copy(), list(names)
    for place, term in enumerate(terms):
        base, _, power = names[place].partition("^")
        field = base.removeprefix("(")
        digits, _, subscript = power.partition(")_")
        if sum(term.derivative) == 1 and field in fields and digits.isdigit():
            rest = field if digits == "2" else f"{field}^{int(digits) - 1}"
            coef[place] *= int(digits)
            names[place] = f"{rest} {field}_{subscript}"
    return coef, names
