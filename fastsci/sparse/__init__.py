"""Sparse regression and the discovery of equations, from sums of products in the place of stored libraries."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .constrained import ConstrainedSTLSQ as ConstrainedSTLSQ
    from .coordinate import ElasticNet as ElasticNet
    from .coordinate import Lasso as Lasso
    from .coordinate import LassoCV as LassoCV
    from .coordinate import MultiTaskLasso as MultiTaskLasso
    from .coordinate import lasso as lasso
    from .coordinate import lasso_path as lasso_path
    from .ensembling import EnsembleSINDy as EnsembleSINDy
    from .greedy import FROLS as FROLS
    from .greedy import SSR as SSR
    from .implicit import ImplicitSINDy as ImplicitSINDy
    from .library import CustomLibrary as CustomLibrary
    from .library import FourierLibrary as FourierLibrary
    from .library import IdentityLibrary as IdentityLibrary
    from .library import PolynomialLibrary as PolynomialLibrary
    from .library import RadialBasisLibrary as RadialBasisLibrary
    from .moments import Moments as Moments
    from .mstls import MSTLS as MSTLS
    from .pde import PDESINDy as PDESINDy
    from .prior import GaussianPrior as GaussianPrior
    from .relaxed import SR3 as SR3
    from .relevance import RVM as RVM
    from .relevance import rvm as rvm
    from .sindy import SINDy as SINDy
    from .subset import BestSubset as BestSubset
    from .subset import best_subset as best_subset
    from .threshold_path import ThresholdPath as ThresholdPath
    from .thresholding import STLSQ as STLSQ
    from .thresholding import stlsq as stlsq
    from .weak import WeakForm as WeakForm

_WHERE = {
    "BestSubset": "subset",
    "ConstrainedSTLSQ": "constrained",
    "CustomLibrary": "library",
    "ElasticNet": "coordinate",
    "EnsembleSINDy": "ensembling",
    "FROLS": "greedy",
    "FourierLibrary": "library",
    "GaussianPrior": "prior",
    "IdentityLibrary": "library",
    "ImplicitSINDy": "implicit",
    "Lasso": "coordinate",
    "LassoCV": "coordinate",
    "MSTLS": "mstls",
    "Moments": "moments",
    "MultiTaskLasso": "coordinate",
    "PDESINDy": "pde",
    "PolynomialLibrary": "library",
    "RVM": "relevance",
    "RadialBasisLibrary": "library",
    "SINDy": "sindy",
    "SR3": "relaxed",
    "SSR": "greedy",
    "STLSQ": "thresholding",
    "ThresholdPath": "threshold_path",
    "WeakForm": "weak",
    "best_subset": "subset",
    "lasso": "coordinate",
    "lasso_path": "coordinate",
    "rvm": "relevance",
    "stlsq": "thresholding",
}

__all__ = [*_WHERE, "differentiation"]


def __getattr__(name: str) -> Any:
    if name == "differentiation":
        return importlib.import_module("fastsci.sparse.differentiation")
    if name in _WHERE:
        value = getattr(importlib.import_module(f"fastsci.sparse.{_WHERE[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
