"""Every method by name, for the front door, the command line, the documentation and the tests."""

from __future__ import annotations

from .catalogue import TABLEAUS
from .explicit import RungeKutta
from .method import Method

METHODS: dict[str, Method] = {name: RungeKutta(tableau) for name, tableau in TABLEAUS.items()}
NAMES: dict[str, str] = {
    spelling.lower(): method.name for method in METHODS.values() for spelling in (method.name, *method.aliases)
}
