"""fastsci: compiled kernels for scientific machine learning on dynamical systems."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from . import systems as systems
from ._version import __version__ as __version__
from .ensemble import methods as methods
from .ensemble import solve_ensemble as solve_ensemble
from .result import EnsembleResult as EnsembleResult
from .system import System as System
from .system import system as system

if TYPE_CHECKING:
    from fastsci_kernels.numbers.arithmetic import where as where

# What costs an import of numba or of a library of its own is fetched at its first use.
_LATER = {"where": "fastsci_kernels.numbers.arithmetic"}

__all__ = ["EnsembleResult", "System", "methods", "solve_ensemble", "system", "systems", "where"]


def _refuse_mixed_versions() -> None:
    if find_spec("fastsci_kernels") is None:
        raise ImportError("fastsci needs its other half, fastsci_kernels; install the fastsci wheel anew")
    from fastsci_kernels import __version__ as kernels

    if kernels != __version__:
        raise ImportError(f"fastsci {__version__} beside fastsci_kernels {kernels}; install one fastsci wheel anew")


_refuse_mixed_versions()


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
