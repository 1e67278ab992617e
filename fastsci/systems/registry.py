"""The registry that the catalogue fills: one entry per system."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Unpack

from fastsci.system import Description, Kind, System, system


@dataclasses.dataclass(frozen=True)
class Entry:
    """A name of the catalogue: its kind, how its system is built, and the sizes that it takes."""

    kind: Kind
    build: Callable[..., System]
    smallest: dict[str, int]


ENTRIES: dict[str, Entry] = {}


def entry(**description: Unpack[Description]) -> Callable[[Callable[..., Any]], System]:
    """Register a function as a system of fixed size; the keywords are those of `fastsci.system`."""

    def register(fun: Callable[..., Any]) -> System:
        made = system(fun, **description)
        ENTRIES[made.name] = Entry(made.kind, lambda: made, {})
        return made

    return register


def sized(kind: Kind = "flow", **smallest: int) -> Callable[[Callable[..., System]], Callable[..., System]]:
    """Register a builder under its own name; the keywords are its sizes, each with its smallest value."""

    def register(build: Callable[..., System]) -> Callable[..., System]:
        ENTRIES[build.__name__] = Entry(kind, build, smallest)
        return build

    return register
