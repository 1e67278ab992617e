"""Linear models with as many features as samples: paths, random features, double descent, spectra, learning curves."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .deep_curves import learning_curve as learning_curve
    from .deep_curves import learning_time as learning_time
    from .deep_training import DeepLinearTraining as DeepLinearTraining
    from .deep_training import train_deep_linear as train_deep_linear
    from .descent import DoubleDescent as DoubleDescent
    from .descent import double_descent as double_descent
    from .feature_path import RandomFeaturePath as RandomFeaturePath
    from .feature_path import random_feature_path as random_feature_path
    from .fourier import RandomFourierFeatures as RandomFourierFeatures
    from .least_norm import MinNormPath as MinNormPath
    from .least_norm import min_norm_path as min_norm_path
    from .marchenko_pastur import MarchenkoPastur as MarchenkoPastur
    from .ridge import RidgePath as RidgePath
    from .ridge import ridge_path as ridge_path
    from .risk import asymptotic_risk as asymptotic_risk
    from .risk import finite_risk as finite_risk
    from .self_prediction import SelfPrediction as SelfPrediction
    from .self_prediction import self_predictive_flow as self_predictive_flow
    from .spectrum import covariance_spectrum as covariance_spectrum
    from .spectrum import gaussian_spectrum as gaussian_spectrum

# Modules by what they offer: each is imported at the first use of one of its names.
_MODULES = {
    "deep_curves": ("learning_curve", "learning_time"),
    "deep_training": ("DeepLinearTraining", "train_deep_linear"),
    "descent": ("DoubleDescent", "double_descent"),
    "feature_path": ("RandomFeaturePath", "random_feature_path"),
    "fourier": ("RandomFourierFeatures",),
    "least_norm": ("MinNormPath", "min_norm_path"),
    "marchenko_pastur": ("MarchenkoPastur",),
    "ridge": ("RidgePath", "ridge_path"),
    "risk": ("asymptotic_risk", "finite_risk"),
    "self_prediction": ("SelfPrediction", "self_predictive_flow"),
    "spectrum": ("covariance_spectrum", "gaussian_spectrum"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "DeepLinearTraining",
    "DoubleDescent",
    "MarchenkoPastur",
    "MinNormPath",
    "RandomFeaturePath",
    "RandomFourierFeatures",
    "RidgePath",
    "SelfPrediction",
    "asymptotic_risk",
    "covariance_spectrum",
    "double_descent",
    "finite_risk",
    "gaussian_spectrum",
    "learning_curve",
    "learning_time",
    "min_norm_path",
    "random_feature_path",
    "ridge_path",
    "self_predictive_flow",
    "train_deep_linear",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"fastsci.linear.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
