"""Every method by name, for the front door, the command line, the documentation and the tests."""

from __future__ import annotations

from .adaptive import AdaptiveMethod
from .adaptive_explicit import EmbeddedRungeKutta
from .catalogue import TABLEAUS
from .explicit import RungeKutta
from .method import Method

FIXED: dict[str, Method] = {name: RungeKutta(tableau) for name, tableau in TABLEAUS.items()}
ADAPTIVE: dict[str, AdaptiveMethod] = {
    name: EmbeddedRungeKutta(tableau) for name, tableau in TABLEAUS.items() if tableau.pair is not None
}
# With fixed steps, but with events and dense output.
STEPPED: dict[str, AdaptiveMethod] = {name: EmbeddedRungeKutta(tableau) for name, tableau in TABLEAUS.items()}
METHODS: dict[str, Method | AdaptiveMethod] = {**FIXED, **ADAPTIVE}
NAMES: dict[str, str] = {
    spelling.lower(): method.name for method in METHODS.values() for spelling in (method.name, *method.aliases)
}
