"""Low-rank structure of large arrays: singular values and vectors, dynamic modes, Koopman spectra."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._kernel_krylov import ConvergenceWarning as ConvergenceWarning
    from ._koopman import IllConditionedDictionaryWarning as IllConditionedDictionaryWarning
    from .bagging_dmd import BaggedOptDMD as BaggedOptDMD
    from .control_dmd import DMDc as DMDc
    from .dictionary_koopman import EDMD as EDMD
    from .dmd import DMD as DMD
    from .economy import economy_svd as economy_svd
    from .forced_delay import HAVOK as HAVOK
    from .generator_koopman import GeneratorEDMD as GeneratorEDMD
    from .hankel_dmd import HankelDMD as HankelDMD
    from .kernel_koopman import KernelKoopman as KernelKoopman
    from .nystroem_koopman import NystroemKoopman as NystroemKoopman
    from .optimised_dmd import OptDMD as OptDMD
    from .orthogonal_modes import POD as POD
    from .out_of_core import svd_out_of_core as svd_out_of_core
    from .piecewise_dmd import PiecewiseDMD as PiecewiseDMD
    from .randomized import TruncatedSVD as TruncatedSVD
    from .randomized import randomized_svd as randomized_svd
    from .randomized_dmd import RandomizedDMD as RandomizedDMD
    from .residual_koopman import ResDMD as ResDMD
    from .residual_koopman import pseudospectrum as pseudospectrum
    from .selection import SparsePath as SparsePath
    from .selection import select_modes as select_modes
    from .selection import sparse_amplitudes as sparse_amplitudes
    from .streaming import StreamingSVD as StreamingSVD
    from .streaming_dmd import StreamingDMD as StreamingDMD
    from .truncation import median_of_noise as median_of_noise
    from .truncation import noise_threshold as noise_threshold
    from .truncation import svd_rank_for as svd_rank_for
    from .truncation import truncation_error as truncation_error

# Modules by what they offer: each is imported at the first use of one of its names.
_MODULES = {
    "_kernel_krylov": ("ConvergenceWarning",),
    "_koopman": ("IllConditionedDictionaryWarning",),
    "bagging_dmd": ("BaggedOptDMD",),
    "control_dmd": ("DMDc",),
    "dictionary_koopman": ("EDMD",),
    "dmd": ("DMD",),
    "economy": ("economy_svd",),
    "forced_delay": ("HAVOK",),
    "generator_koopman": ("GeneratorEDMD",),
    "hankel_dmd": ("HankelDMD",),
    "kernel_koopman": ("KernelKoopman",),
    "nystroem_koopman": ("NystroemKoopman",),
    "optimised_dmd": ("OptDMD",),
    "orthogonal_modes": ("POD",),
    "out_of_core": ("svd_out_of_core",),
    "piecewise_dmd": ("PiecewiseDMD",),
    "randomized": (
        "TruncatedSVD",
        "randomized_svd",
    ),
    "randomized_dmd": ("RandomizedDMD",),
    "residual_koopman": (
        "ResDMD",
        "pseudospectrum",
    ),
    "selection": (
        "SparsePath",
        "select_modes",
        "sparse_amplitudes",
    ),
    "streaming": ("StreamingSVD",),
    "streaming_dmd": ("StreamingDMD",),
    "truncation": (
        "median_of_noise",
        "noise_threshold",
        "svd_rank_for",
        "truncation_error",
    ),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "DMD",
    "EDMD",
    "HAVOK",
    "POD",
    "BaggedOptDMD",
    "ConvergenceWarning",
    "DMDc",
    "GeneratorEDMD",
    "HankelDMD",
    "IllConditionedDictionaryWarning",
    "KernelKoopman",
    "NystroemKoopman",
    "OptDMD",
    "PiecewiseDMD",
    "RandomizedDMD",
    "ResDMD",
    "SparsePath",
    "StreamingDMD",
    "StreamingSVD",
    "TruncatedSVD",
    "economy_svd",
    "median_of_noise",
    "noise_threshold",
    "pseudospectrum",
    "randomized_svd",
    "select_modes",
    "sparse_amplitudes",
    "svd_out_of_core",
    "svd_rank_for",
    "truncation_error",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"fastsci.lowrank.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
