"""Every method by name, for the front door, the command line, the documentation and the tests."""

from __future__ import annotations

from .adaptive import AdaptiveMethod
from .adaptive_explicit import EmbeddedRungeKutta
from .catalogue import TABLEAUS
from .explicit import RungeKutta
from .method import Method
from .midpoint import MIDPOINT
from .rosenbrock_catalogue import ROSENBROCK_METHODS
from .stochastic import STOCHASTIC
from .symplectic import SYMPLECTIC
from .taylor_family import TAYLOR, TaylorFamily

_OTHERS: tuple[Method, ...] = (*SYMPLECTIC, MIDPOINT, *STOCHASTIC)
FIXED: dict[str, Method] = {
    **{name: RungeKutta(tableau) for name, tableau in TABLEAUS.items()},
    **{method.name: method for method in _OTHERS},
}
ADAPTIVE: dict[str, AdaptiveMethod] = {
    **{name: EmbeddedRungeKutta(tableau) for name, tableau in TABLEAUS.items() if tableau.pair is not None},
    **ROSENBROCK_METHODS,
}
# With fixed steps, but with events and dense output.
STEPPED: dict[str, AdaptiveMethod] = {name: EmbeddedRungeKutta(tableau) for name, tableau in TABLEAUS.items()}
METHODS: dict[str, Method | AdaptiveMethod | TaylorFamily] = {**FIXED, **ADAPTIVE, TAYLOR.name: TAYLOR}
NAMES: dict[str, str] = {
    spelling.lower(): method.name for method in METHODS.values() for spelling in (method.name, *method.aliases)
}
