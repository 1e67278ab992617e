"""The catalogue: systems of the literature, ready to run, with what is known about them.

>>> import fastsci
>>> fastsci.systems.lorenz63.facts["exponents"]
(0.9056, 0.0, -14.5723)
>>> fastsci.systems.get("lorenz96", n=100).dim
100
"""

from __future__ import annotations

import difflib
import functools
import operator
from typing import Any

from fastsci.system import System
from fastsci.systems import circuits, excitable, flows, gravity, map_networks, maps, mechanical, networks, reactions
from fastsci.systems.registry import ENTRIES

__all__ = [
    "circuits",
    "excitable",
    "flows",
    "get",
    "gravity",
    "map_networks",
    "maps",
    "mechanical",
    "names",
    "networks",
    "reactions",
]


def names(kind: str | None = None) -> list[str]:
    """Names of the catalogue, in alphabetical order.

    Parameters
    ----------
    kind : {"flow", "map"}, optional
        Flows or maps alone.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        For another kind.

    Examples
    --------
    >>> import fastsci
    >>> fastsci.systems.names("map")
    ['chialvo', 'chialvo_chain', 'chialvo_flux', 'chialvo_ring_star', 'henon', 'ikeda', 'logistic', 'rulkov',
     'rulkov_chain', 'rulkov_ring_star', 'standard', 'tent']
    """
    if kind not in (None, "flow", "map"):
        raise ValueError(f"kind: is {kind!r}, expected 'flow', 'map' or None for both")
    return sorted(name for name, entry in ENTRIES.items() if kind in (None, entry.kind))


def get(name: str, **size: int) -> System:
    """One system of the catalogue; the same name and size give the same object.

    Parameters
    ----------
    name : str
        One of `names()`.
    **size : int
        For the systems of any size, such as ``n=40`` for ``lorenz96``; each has a default.

    Returns
    -------
    System

    Raises
    ------
    ValueError
        For an unknown name, or a size that is too small.
    TypeError
        For a size that the system does not take, or that is no integer.

    Examples
    --------
    >>> import fastsci
    >>> fastsci.systems.get("rossler").params["c"]
    5.7
    """
    if name not in names():
        matches = difflib.get_close_matches(str(name), ENTRIES, n=3)
        hint = f"did you mean {' or '.join(map(repr, matches))}?" if matches else "see fastsci.systems.names()"
        raise ValueError(f"name: no system {name!r} in the catalogue; {hint}")
    smallest = ENTRIES[name].smallest
    for size_name, value in size.items():
        if size_name not in smallest:
            takes = ", ".join(smallest) or "no size"
            raise TypeError(f"{size_name}: {name} takes {takes}, but {size_name}={value!r} was given")
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise TypeError(f"{size_name}: is {value!r}, expected an integer of at least {smallest[size_name]}")
        if value < smallest[size_name]:
            raise ValueError(f"{size_name}: is {value}, but {name} needs at least {smallest[size_name]}")
    return _build(name, tuple(sorted((size_name, operator.index(value)) for size_name, value in size.items())))


@functools.lru_cache(maxsize=256)
def _build(name: str, size: tuple[tuple[str, int], ...]) -> System:
    return ENTRIES[name].build(**dict(size))


def __getattr__(name: str) -> Any:
    if name in ENTRIES:
        return get(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *ENTRIES})
