"""Measures of chaos, of series, of attractors and of forecasts; many series at once, compiled.

A series is ``(n_times,)`` or, for many, ``(n_series, n_times)``; a trajectory of several components is
``(n_times, dim)``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .correlation import correlation_dimension as correlation_dimension
    from .correlation import correlation_sum as correlation_sum
    from .discrepancy import maximum_mean_discrepancy as maximum_mean_discrepancy
    from .divergence import divergence_curve as divergence_curve
    from .divergence import largest_exponent as largest_exponent
    from .embedding import FalseNeighbours as FalseNeighbours
    from .embedding import delay_embedding as delay_embedding
    from .embedding import false_nearest_neighbours as false_nearest_neighbours
    from .embedding import first_minimum as first_minimum
    from .embedding import mutual_information as mutual_information
    from .entropy import approximate_entropy as approximate_entropy
    from .entropy import sample_entropy as sample_entropy
    from .forecast import Forecast as Forecast
    from .forecast import simplex_forecast as simplex_forecast
    from .forecast import smap_forecast as smap_forecast
    from .invariants import InvariantDrift as InvariantDrift
    from .invariants import invariant_drift as invariant_drift
    from .invariants import project_to_invariant as project_to_invariant
    from .lyapunov_dimension import kaplan_yorke as kaplan_yorke
    from .neighbours import Neighbours as Neighbours
    from .neighbours import nearest_neighbours as nearest_neighbours
    from .ordinal import ordinal_distribution as ordinal_distribution
    from .ordinal import ordinal_patterns as ordinal_patterns
    from .ordinal import permutation_entropy as permutation_entropy
    from .ordinal import statistical_complexity as statistical_complexity
    from .power_spectrum import power_spectrum_distance as power_spectrum_distance
    from .prediction_time import ValidPredictionTime as ValidPredictionTime
    from .prediction_time import agreement_time as agreement_time
    from .prediction_time import valid_prediction_time as valid_prediction_time
    from .projected_run import ProjectedRun as ProjectedRun
    from .projected_run import solve_projected as solve_projected
    from .recurrence import RecurrenceQuantification as RecurrenceQuantification
    from .recurrence import determinism as determinism
    from .recurrence import recurrence_quantification as recurrence_quantification
    from .recurrence import recurrence_rate as recurrence_rate
    from .scores import SpreadSkill as SpreadSkill
    from .scores import crps as crps
    from .scores import crps_gaussian as crps_gaussian
    from .scores import mase as mase
    from .scores import rank_histogram as rank_histogram
    from .scores import smape as smape
    from .scores import spread_skill as spread_skill
    from .state_space import state_space_divergence as state_space_divergence
    from .synchrony import cross_correlation_synchrony as cross_correlation_synchrony
    from .synchrony import kuramoto_order as kuramoto_order
    from .synchrony import kuramoto_phase as kuramoto_phase
    from .synchrony import synchronization_error as synchronization_error
    from .zero_one import zero_one_test as zero_one_test

# Modules by what they offer: each is imported at the first use of one of its names.
_MODULES = {
    "correlation": ("correlation_dimension", "correlation_sum"),
    "discrepancy": ("maximum_mean_discrepancy",),
    "divergence": ("divergence_curve", "largest_exponent"),
    "embedding": (
        "FalseNeighbours",
        "delay_embedding",
        "false_nearest_neighbours",
        "first_minimum",
        "mutual_information",
    ),
    "entropy": ("approximate_entropy", "sample_entropy"),
    "forecast": ("Forecast", "simplex_forecast", "smap_forecast"),
    "invariants": ("InvariantDrift", "invariant_drift", "project_to_invariant"),
    "lyapunov_dimension": ("kaplan_yorke",),
    "neighbours": ("Neighbours", "nearest_neighbours"),
    "ordinal": ("ordinal_distribution", "ordinal_patterns", "permutation_entropy", "statistical_complexity"),
    "power_spectrum": ("power_spectrum_distance",),
    "prediction_time": ("ValidPredictionTime", "agreement_time", "valid_prediction_time"),
    "projected_run": ("ProjectedRun", "solve_projected"),
    "recurrence": ("RecurrenceQuantification", "determinism", "recurrence_quantification", "recurrence_rate"),
    "scores": ("SpreadSkill", "crps", "crps_gaussian", "mase", "rank_histogram", "smape", "spread_skill"),
    "state_space": ("state_space_divergence",),
    "synchrony": ("cross_correlation_synchrony", "kuramoto_order", "kuramoto_phase", "synchronization_error"),
    "zero_one": ("zero_one_test",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "FalseNeighbours",
    "Forecast",
    "InvariantDrift",
    "Neighbours",
    "ProjectedRun",
    "RecurrenceQuantification",
    "SpreadSkill",
    "ValidPredictionTime",
    "agreement_time",
    "approximate_entropy",
    "correlation_dimension",
    "correlation_sum",
    "cross_correlation_synchrony",
    "crps",
    "crps_gaussian",
    "delay_embedding",
    "determinism",
    "divergence_curve",
    "false_nearest_neighbours",
    "first_minimum",
    "invariant_drift",
    "kaplan_yorke",
    "kuramoto_order",
    "kuramoto_phase",
    "largest_exponent",
    "mase",
    "maximum_mean_discrepancy",
    "mutual_information",
    "nearest_neighbours",
    "ordinal_distribution",
    "ordinal_patterns",
    "permutation_entropy",
    "power_spectrum_distance",
    "project_to_invariant",
    "rank_histogram",
    "recurrence_quantification",
    "recurrence_rate",
    "sample_entropy",
    "simplex_forecast",
    "smap_forecast",
    "smape",
    "solve_projected",
    "spread_skill",
    "state_space_divergence",
    "statistical_complexity",
    "synchronization_error",
    "valid_prediction_time",
    "zero_one_test",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value  # a module of this name has put itself there
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
