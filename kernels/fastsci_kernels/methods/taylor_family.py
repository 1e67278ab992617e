"""The Taylor series method by its name, before a system and a tolerance give it its order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TaylorFamily:
    """What listings say of the method; `taylor.Taylor.of` makes one for a system."""

    name: str = "Taylor"
    aliases: tuple[str, ...] = ()
    order: str = "by rtol"
    stages: int = 1
    source: str = (
        "Jorba and Zou, A software package for the numerical integration of ODEs by means of high-order Taylor"
        " methods, Experimental Mathematics 14 (2005) 99"
    )


TAYLOR = TaylorFamily()
