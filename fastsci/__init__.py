"""fastsci: compiled kernels for scientific machine learning on dynamical systems."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from . import systems as systems
from ._version import __version__ as __version__
from .ensemble import methods as methods
from .ensemble import solve_ensemble as solve_ensemble
from .events import Event as Event
from .events import event as event
from .iterate import iterate_map as iterate_map
from .result import EnsembleResult as EnsembleResult
from .statistics import Histogram as Histogram
from .statistics import LastCrossing as LastCrossing
from .system import System as System
from .system import system as system

if TYPE_CHECKING:
    from fastsci_kernels.numbers.arithmetic import where as where

    from . import chaos as chaos
    from . import linear as linear
    from . import lowrank as lowrank
    from . import sparse as sparse
    from ._hamiltonian import Hamiltonian as Hamiltonian
    from ._hamiltonian import hamiltonian as hamiltonian
    from .adjoint import flow_vjp as flow_vjp
    from .alignment import AlignmentIndices as AlignmentIndices
    from .alignment import gali as gali
    from .covariant import CovariantVectors as CovariantVectors
    from .covariant import covariant_vectors as covariant_vectors
    from .equilibria import FixedPoints as FixedPoints
    from .equilibria import fixed_points as fixed_points
    from .flow import flow_jvp as flow_jvp
    from .growth import ErrorGrowth as ErrorGrowth
    from .growth import error_growth as error_growth
    from .growth import ftle as ftle
    from .lowrank import DMD as DMD
    from .lowrank import EDMD as EDMD
    from .lowrank import HAVOK as HAVOK
    from .lowrank import POD as POD
    from .lowrank import BaggedOptDMD as BaggedOptDMD
    from .lowrank import DMDc as DMDc
    from .lowrank import GeneratorEDMD as GeneratorEDMD
    from .lowrank import HankelDMD as HankelDMD
    from .lowrank import KernelKoopman as KernelKoopman
    from .lowrank import NystroemKoopman as NystroemKoopman
    from .lowrank import OptDMD as OptDMD
    from .lowrank import PiecewiseDMD as PiecewiseDMD
    from .lowrank import RandomizedDMD as RandomizedDMD
    from .lowrank import ResDMD as ResDMD
    from .lowrank import StreamingDMD as StreamingDMD
    from .lowrank import StreamingSVD as StreamingSVD
    from .lowrank import randomized_svd as randomized_svd
    from .lowrank import svd_rank_for as svd_rank_for
    from .lyapunov import LyapunovResult as LyapunovResult
    from .lyapunov import lyapunov_spectrum as lyapunov_spectrum
    from .lyapunov import mean_divergence as mean_divergence
    from .orbits import PeriodicOrbits as PeriodicOrbits
    from .orbits import periodic_orbits as periodic_orbits
    from .particles import pairwise_energy as pairwise_energy
    from .particles import pairwise_force as pairwise_force
    from .particles import simulate_particles as simulate_particles
    from .sparse import FROLS as FROLS
    from .sparse import MSTLS as MSTLS
    from .sparse import RVM as RVM
    from .sparse import SR3 as SR3
    from .sparse import SSR as SSR
    from .sparse import STLSQ as STLSQ
    from .sparse import AllowedTerms as AllowedTerms
    from .sparse import BestSubset as BestSubset
    from .sparse import ConstrainedSTLSQ as ConstrainedSTLSQ
    from .sparse import CustomLibrary as CustomLibrary
    from .sparse import ElasticNet as ElasticNet
    from .sparse import EnsembleSINDy as EnsembleSINDy
    from .sparse import FourierLibrary as FourierLibrary
    from .sparse import GaussianPrior as GaussianPrior
    from .sparse import IdentityLibrary as IdentityLibrary
    from .sparse import ImplicitSINDy as ImplicitSINDy
    from .sparse import KnownTerms as KnownTerms
    from .sparse import Lasso as Lasso
    from .sparse import LassoCV as LassoCV
    from .sparse import Moments as Moments
    from .sparse import MultiTaskLasso as MultiTaskLasso
    from .sparse import PDELibrary as PDELibrary
    from .sparse import PDESINDy as PDESINDy
    from .sparse import PolynomialLibrary as PolynomialLibrary
    from .sparse import RadialBasisLibrary as RadialBasisLibrary
    from .sparse import SINDy as SINDy
    from .sparse import ThresholdPath as ThresholdPath
    from .sparse import WeakForm as WeakForm
    from .sparse import best_subset as best_subset
    from .sparse import lasso as lasso
    from .sparse import lasso_path as lasso_path
    from .sparse import rvm as rvm
    from .sparse import stlsq as stlsq
    from .tangent import hvp as hvp
    from .tangent import jacobian as jacobian
    from .tangent import jvp as jvp
    from .tangent import vjp as vjp

# What costs an import that many never need is fetched at its first use.
_LATER = {
    "AlignmentIndices": "fastsci.alignment",
    "AllowedTerms": "fastsci.sparse",
    "BaggedOptDMD": "fastsci.lowrank",
    "BestSubset": "fastsci.sparse",
    "ConstrainedSTLSQ": "fastsci.sparse",
    "CovariantVectors": "fastsci.covariant",
    "CustomLibrary": "fastsci.sparse",
    "DMD": "fastsci.lowrank",
    "DMDc": "fastsci.lowrank",
    "EDMD": "fastsci.lowrank",
    "ElasticNet": "fastsci.sparse",
    "EnsembleSINDy": "fastsci.sparse",
    "ErrorGrowth": "fastsci.growth",
    "FROLS": "fastsci.sparse",
    "FixedPoints": "fastsci.equilibria",
    "FourierLibrary": "fastsci.sparse",
    "GaussianPrior": "fastsci.sparse",
    "GeneratorEDMD": "fastsci.lowrank",
    "HAVOK": "fastsci.lowrank",
    "Hamiltonian": "fastsci._hamiltonian",
    "HankelDMD": "fastsci.lowrank",
    "IdentityLibrary": "fastsci.sparse",
    "ImplicitSINDy": "fastsci.sparse",
    "KernelKoopman": "fastsci.lowrank",
    "KnownTerms": "fastsci.sparse",
    "Lasso": "fastsci.sparse",
    "LassoCV": "fastsci.sparse",
    "LyapunovResult": "fastsci.lyapunov",
    "MSTLS": "fastsci.sparse",
    "Moments": "fastsci.sparse",
    "MultiTaskLasso": "fastsci.sparse",
    "NystroemKoopman": "fastsci.lowrank",
    "OptDMD": "fastsci.lowrank",
    "PDELibrary": "fastsci.sparse",
    "PDESINDy": "fastsci.sparse",
    "POD": "fastsci.lowrank",
    "PeriodicOrbits": "fastsci.orbits",
    "PiecewiseDMD": "fastsci.lowrank",
    "PolynomialLibrary": "fastsci.sparse",
    "RVM": "fastsci.sparse",
    "RadialBasisLibrary": "fastsci.sparse",
    "RandomizedDMD": "fastsci.lowrank",
    "ResDMD": "fastsci.lowrank",
    "SINDy": "fastsci.sparse",
    "SR3": "fastsci.sparse",
    "SSR": "fastsci.sparse",
    "STLSQ": "fastsci.sparse",
    "StreamingDMD": "fastsci.lowrank",
    "StreamingSVD": "fastsci.lowrank",
    "ThresholdPath": "fastsci.sparse",
    "WeakForm": "fastsci.sparse",
    "best_subset": "fastsci.sparse",
    "covariant_vectors": "fastsci.covariant",
    "error_growth": "fastsci.growth",
    "fixed_points": "fastsci.equilibria",
    "flow_jvp": "fastsci.flow",
    "flow_vjp": "fastsci.adjoint",
    "ftle": "fastsci.growth",
    "gali": "fastsci.alignment",
    "hamiltonian": "fastsci._hamiltonian",
    "hvp": "fastsci.tangent",
    "jacobian": "fastsci.tangent",
    "jvp": "fastsci.tangent",
    "lasso": "fastsci.sparse",
    "lasso_path": "fastsci.sparse",
    "lyapunov_spectrum": "fastsci.lyapunov",
    "mean_divergence": "fastsci.lyapunov",
    "pairwise_energy": "fastsci.particles",
    "pairwise_force": "fastsci.particles",
    "periodic_orbits": "fastsci.orbits",
    "randomized_svd": "fastsci.lowrank",
    "rvm": "fastsci.sparse",
    "simulate_particles": "fastsci.particles",
    "stlsq": "fastsci.sparse",
    "svd_rank_for": "fastsci.lowrank",
    "vjp": "fastsci.tangent",
    "where": "fastsci_kernels.numbers.arithmetic",
}

__all__ = [
    "DMD",
    "EDMD",
    "FROLS",
    "HAVOK",
    "MSTLS",
    "POD",
    "RVM",
    "SR3",
    "SSR",
    "STLSQ",
    "AlignmentIndices",
    "AllowedTerms",
    "BaggedOptDMD",
    "BestSubset",
    "ConstrainedSTLSQ",
    "CovariantVectors",
    "CustomLibrary",
    "DMDc",
    "ElasticNet",
    "EnsembleResult",
    "EnsembleSINDy",
    "ErrorGrowth",
    "Event",
    "FixedPoints",
    "FourierLibrary",
    "GaussianPrior",
    "GeneratorEDMD",
    "Hamiltonian",
    "HankelDMD",
    "Histogram",
    "IdentityLibrary",
    "ImplicitSINDy",
    "KernelKoopman",
    "KnownTerms",
    "Lasso",
    "LassoCV",
    "LastCrossing",
    "LyapunovResult",
    "Moments",
    "MultiTaskLasso",
    "NystroemKoopman",
    "OptDMD",
    "PDELibrary",
    "PDESINDy",
    "PeriodicOrbits",
    "PiecewiseDMD",
    "PolynomialLibrary",
    "RadialBasisLibrary",
    "RandomizedDMD",
    "ResDMD",
    "SINDy",
    "StreamingDMD",
    "StreamingSVD",
    "System",
    "ThresholdPath",
    "WeakForm",
    "best_subset",
    "chaos",
    "covariant_vectors",
    "error_growth",
    "event",
    "fixed_points",
    "flow_jvp",
    "flow_vjp",
    "ftle",
    "gali",
    "hamiltonian",
    "hvp",
    "iterate_map",
    "jacobian",
    "jvp",
    "lasso",
    "lasso_path",
    "linear",
    "lowrank",
    "lyapunov_spectrum",
    "mean_divergence",
    "methods",
    "pairwise_energy",
    "pairwise_force",
    "periodic_orbits",
    "randomized_svd",
    "rvm",
    "simulate_particles",
    "solve_ensemble",
    "sparse",
    "stlsq",
    "svd_rank_for",
    "system",
    "systems",
    "vjp",
    "where",
]


def _refuse_mixed_versions() -> None:
    if find_spec("fastsci_kernels") is None:
        raise ImportError("fastsci needs its other half, fastsci_kernels; install the fastsci wheel anew")
    from fastsci_kernels import __version__ as kernels

    if kernels != __version__:
        raise ImportError(f"fastsci {__version__} beside fastsci_kernels {kernels}; install one fastsci wheel anew")


_refuse_mixed_versions()


def __getattr__(name: str) -> Any:
    if name in ("chaos", "linear", "lowrank", "sparse"):
        return importlib.import_module(f"fastsci.{name}")
    if name in _LATER:
        value = getattr(importlib.import_module(_LATER[name]), name)
        globals()[name] = value  # the import of a submodule of this name has put the module there
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
