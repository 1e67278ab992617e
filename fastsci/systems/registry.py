"""The registry that the catalogue fills: one entry per system."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar, Unpack

from fastsci.system import Description, Kind, System, system


@dataclasses.dataclass(frozen=True)
class Entry:
    """A name of the catalogue: its kind, how its system is built, and the sizes that it takes."""

    kind: Kind
    build: Callable[..., System]
    smallest: dict[str, int]


Plain = TypeVar("Plain", bound=Callable[..., Any])
ENTRIES: dict[str, Entry] = {}


def entry(**description: Unpack[Description]) -> Callable[[Plain], Plain]:
    """Register a function as a system of fixed size, made when it is asked for; the keywords are `fastsci.system`'s."""

    def register(fun: Plain) -> Plain:
        def build() -> System:
            return system(fun, **description)

        ENTRIES[description.get("name") or fun.__name__] = Entry(description.get("kind", "flow"), build, {})
        return fun

    return register


def sized(kind: Kind = "flow", **smallest: int) -> Callable[[Callable[..., System]], Callable[..., System]]:
    """Register a builder under its own name; the keywords are its sizes, each with its smallest value."""

    def register(build: Callable[..., System]) -> Callable[..., System]:
        ENTRIES[build.__name__] = Entry(kind, build, smallest)
        return build

    return register
