"""Sparse regression and the discovery of equations, from sums of products in the place of stored libraries."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import differentiation as differentiation
    from .constrained import ConstrainedSTLSQ as ConstrainedSTLSQ
    from .constraints import energy_preserving_constraints as energy_preserving_constraints
    from .constraints import symmetry_constraints as symmetry_constraints
    from .coordinate import LassoConvergenceWarning as LassoConvergenceWarning
    from .coordinate import lasso as lasso
    from .coordinate import lasso_path as lasso_path
    from .criteria import information_criterion as information_criterion
    from .ensembling import EnsembleSINDy as EnsembleSINDy
    from .greedy import FROLS as FROLS
    from .greedy import SSR as SSR
    from .implicit import ImplicitSINDy as ImplicitSINDy
    from .lasso_estimators import ElasticNet as ElasticNet
    from .lasso_estimators import Lasso as Lasso
    from .lasso_estimators import MultiTaskLasso as MultiTaskLasso
    from .lasso_selection import LassoCV as LassoCV
    from .libraries import ConcatenatedLibrary as ConcatenatedLibrary
    from .libraries import CustomLibrary as CustomLibrary
    from .libraries import FourierLibrary as FourierLibrary
    from .libraries import IdentityLibrary as IdentityLibrary
    from .libraries import Library as Library
    from .libraries import PolynomialLibrary as PolynomialLibrary
    from .libraries import ProductLibrary as ProductLibrary
    from .libraries import RadialBasisLibrary as RadialBasisLibrary
    from .model_system import model_parameters as model_parameters
    from .model_system import simulate as simulate
    from .model_system import to_system as to_system
    from .moments import Moments as Moments
    from .mstls import MSTLS as MSTLS
    from .pde import PDESINDy as PDESINDy
    from .pde_library import PDELibrary as PDELibrary
    from .prior import AllowedTerms as AllowedTerms
    from .prior import GaussianPrior as GaussianPrior
    from .prior import KnownTerms as KnownTerms
    from .relaxed import SR3 as SR3
    from .relevance import RVM as RVM
    from .relevance import rvm as rvm
    from .sindy import IllConditionedWarning as IllConditionedWarning
    from .sindy import SINDy as SINDy
    from .subset import BestSubset as BestSubset
    from .subset import best_subset as best_subset
    from .threshold_path import ThresholdPath as ThresholdPath
    from .thresholding import STLSQ as STLSQ
    from .thresholding import EliminationWarning as EliminationWarning
    from .thresholding import IterationWarning as IterationWarning
    from .thresholding import stlsq as stlsq
    from .weak import WeakForm as WeakForm

# Modules by what they offer: each is imported at the first use of one of its names.
_MODULES = {
    "constrained": ("ConstrainedSTLSQ",),
    "constraints": (
        "energy_preserving_constraints",
        "symmetry_constraints",
    ),
    "coordinate": (
        "LassoConvergenceWarning",
        "lasso",
        "lasso_path",
    ),
    "criteria": ("information_criterion",),
    "ensembling": ("EnsembleSINDy",),
    "greedy": (
        "FROLS",
        "SSR",
    ),
    "implicit": ("ImplicitSINDy",),
    "lasso_estimators": (
        "ElasticNet",
        "Lasso",
        "MultiTaskLasso",
    ),
    "lasso_selection": ("LassoCV",),
    "libraries": (
        "ConcatenatedLibrary",
        "CustomLibrary",
        "FourierLibrary",
        "IdentityLibrary",
        "Library",
        "PolynomialLibrary",
        "ProductLibrary",
        "RadialBasisLibrary",
    ),
    "model_system": (
        "model_parameters",
        "simulate",
        "to_system",
    ),
    "moments": ("Moments",),
    "mstls": ("MSTLS",),
    "pde": ("PDESINDy",),
    "pde_library": ("PDELibrary",),
    "prior": (
        "AllowedTerms",
        "GaussianPrior",
        "KnownTerms",
    ),
    "relaxed": ("SR3",),
    "relevance": (
        "RVM",
        "rvm",
    ),
    "sindy": (
        "IllConditionedWarning",
        "SINDy",
    ),
    "subset": (
        "BestSubset",
        "best_subset",
    ),
    "threshold_path": ("ThresholdPath",),
    "thresholding": (
        "EliminationWarning",
        "IterationWarning",
        "STLSQ",
        "stlsq",
    ),
    "weak": ("WeakForm",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "FROLS",
    "MSTLS",
    "RVM",
    "SR3",
    "SSR",
    "STLSQ",
    "AllowedTerms",
    "BestSubset",
    "ConcatenatedLibrary",
    "ConstrainedSTLSQ",
    "CustomLibrary",
    "ElasticNet",
    "EliminationWarning",
    "EnsembleSINDy",
    "FourierLibrary",
    "GaussianPrior",
    "IdentityLibrary",
    "IllConditionedWarning",
    "ImplicitSINDy",
    "IterationWarning",
    "KnownTerms",
    "Lasso",
    "LassoCV",
    "LassoConvergenceWarning",
    "Library",
    "Moments",
    "MultiTaskLasso",
    "PDELibrary",
    "PDESINDy",
    "PolynomialLibrary",
    "ProductLibrary",
    "RadialBasisLibrary",
    "SINDy",
    "ThresholdPath",
    "WeakForm",
    "best_subset",
    "differentiation",
    "energy_preserving_constraints",
    "information_criterion",
    "lasso",
    "lasso_path",
    "model_parameters",
    "rvm",
    "simulate",
    "stlsq",
    "symmetry_constraints",
    "to_system",
]


def __getattr__(name: str) -> Any:
    if name == "differentiation":
        return importlib.import_module("fastsci.sparse.differentiation")
    if name in _HOME:
        value = getattr(importlib.import_module(f"fastsci.sparse.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
