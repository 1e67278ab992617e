"""Functions of one's own as terms of a library, checked before they are compiled."""

from __future__ import annotations

import inspect
from typing import Any

PLAIN_ARGUMENTS = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD


def count_of_inputs(function: Any, name: str) -> int:
    """How many inputs a plain function takes."""
    if getattr(function, "__code__", None) is None:
        raise TypeError(f"{name}: is {function!r}, expected a plain Python function of numbers")
    inputs = inspect.signature(function, follow_wrapped=False).parameters.values()
    odd = next((one for one in inputs if one.default is not one.empty or one.kind not in PLAIN_ARGUMENTS), None)
    if odd is not None or not inputs:
        given = "no argument" if odd is None else f"the argument {odd}"
        raise ValueError(
            f"{name}: has {given}, expected one plain argument for each input; a constant is taken from where the"
            " function is defined"
        )
    return len(inputs)


def check_name(name: str, count: int, label: str) -> None:
    """Refuse the name of a term whose braces are not those of its inputs."""
    try:
        name.format(*(["x"] * count))
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError(
            f"{label}: is {name!r}, expected {{0}} to {{{count - 1}}} where names of inputs go; write {{{{ for a brace"
        ) from error
