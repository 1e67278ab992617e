"""Files of a discovered model: JSON, and a picture of its fit."""

from __future__ import annotations

import argparse
import json
import logging
import shlex
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._version import __version__
from ..sparse.differentiation import FiniteDifference
from ..sparse.equations import latex
from ..sparse.model_plot import Coefficients, ErrorCurve, Fit, Picture, Simulation, draw
from ..sparse.model_system import simulate, to_system
from ..sparse.threshold_path import ThresholdPath
from ..sparse.thresholding import STLSQ
from .targets import replacing
from .trajectories import Measured

if TYPE_CHECKING:
    from .discover import Discovered

SHARED = 200  # up to so many coefficients are all made parameters, so that models of a library share compiled code
SIMULATED = 4000  # samples at most that a model is followed over
MOST_STEPS = 100_000  # on that way


def write_json(path: Path, parsed: argparse.Namespace, data: Measured, found: Discovered) -> None:
    """The model with all that is needed to write its equations down elsewhere."""
    model = found.model
    content = {
        "equations": found.equations(),
        "latex": latex(model.coef_, model.terms_, model.input_names_, uncertainties=found.errors, kind=found.kind),
        "kind": found.kind,
        "states": found.names,
        "controls": data.names[data.n_states :],
        "terms": list(model.feature_names_),
        "coef": model.coef_.tolist(),
        "standard_errors": [[None if np.isnan(error) else error for error in row] for row in found.errors.tolist()],
        "inclusion_probability": None if found.inclusion is None else found.inclusion.tolist(),
        "r2": found.r2,
        "condition": model.condition_ if np.isfinite(model.condition_) else None,
        "route": model.route_,
        "n_samples": sum(len(one) for one in data.states),
        "seconds": found.seconds,
        "notes": [*data.notes, *found.warned],
        "command": shlex.join(["fastsci", *parsed.words]),
        "fastsci_version": __version__,
    }
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def draw_model(path: Path, parsed: argparse.Namespace, data: Measured, found: Discovered) -> None:
    """The fit to the longest trajectory, the model followed from its start, and what sparsity costs."""
    longest = int(np.argmax([len(one) for one in data.states]))
    pictures: list[Picture] = []
    if not parsed.weak:
        pictures.append(_fit(data, found, longest))
    pictures += [_simulation(data, found, longest), _error_curve(parsed, found)]
    if found.inclusion is not None:
        model = found.model
        pictures.append(Coefficients(found.names, model.feature_names_, model.coef_, found.errors, found.inclusion))
    several = f", trajectory {longest + 1} of {len(data.states)}" if len(data.states) > 1 else ""
    draw(pictures, f"{Path(parsed.data).name}{several}", path)


def _times(data: Measured, which: int) -> np.ndarray:
    count = len(data.states[which])
    if not data.times:
        return np.arange(count)
    clock = data.times[which]
    return clock if isinstance(clock, np.ndarray) else clock * np.arange(count)


def _fit(data: Measured, found: Discovered, which: int) -> Fit:
    model, states = found.model, data.states[which]
    controls = data.controls[which] if data.controls else None
    times = _times(data, which)
    if model.discrete_time:
        before = None if controls is None else controls[:-1]
        return Fit(found.names, times[1:], states[1:], model.predict(states[:-1], before), "next {}", "k", joined=False)
    method = model.differentiation or FiniteDifference(order=2)
    clock = data.times[which]
    measured, smooth = method.differentiate(states, clock), method.smooth(states, clock)
    return Fit(found.names, times, measured, model.predict(smooth, controls))


def _simulation(data: Measured, found: Discovered, which: int) -> Simulation:
    """The model followed from the first sample: states that go to infinity are drawn as far as they are finite."""
    model = found.model
    states, times = data.states[which][:SIMULATED], _times(data, which)[:SIMULATED]
    control = (times.astype(np.float64), data.controls[which][:SIMULATED]) if data.controls else None
    every = np.ones_like(model.coef_, bool) if model.coef_.size <= SHARED else None
    system = to_system(
        model.coef_, model.terms_, model.input_names_, model.n_features_in_, kind=found.kind,
        parameters=every is not None, support=every, control=control,
    )  # fmt: skip
    more: dict[str, Any] = {} if model.discrete_time else {"max_steps": MOST_STEPS}
    with _without_warnings():
        simulated = simulate(system, states[0], times, **more)
    return Simulation(
        found.names, times, states, simulated, "k" if model.discrete_time else "t", joined=not model.discrete_time
    )


@contextmanager
def _without_warnings() -> Generator[None]:
    """What the library logs of a function that nobody wrote is of no use to who reads the picture."""
    log = logging.getLogger("fastsci")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _error_curve(parsed: argparse.Namespace, found: Discovered) -> ErrorCurve:
    """Models of the same sums at all thresholds."""
    model = found.model
    path: Any = model.optimizer
    if not (parsed.threshold == "path" and parsed.ensemble is None):
        path = ThresholdPath(STLSQ(alpha=parsed.alpha))
        with warnings.catch_warnings():
            # What the curve's own models lose is to be seen in the curve.
            warnings.simplefilter("ignore")
            path._solve(model.problem_)
    thresholds = path.threshold_ if parsed.threshold == "path" else np.full(len(found.names), float(parsed.threshold))
    squares = model.problem_.squares
    taken = np.sqrt(model.problem_.residual_squares(model.coef_) / squares)
    return ErrorCurve(
        found.names, path.thresholds_, np.count_nonzero(path.path_, axis=2), np.sqrt(path.residual_squares_ / squares),
        np.stack((thresholds, np.count_nonzero(model.coef_, axis=1), taken)), path.criterion_, path.criterion.upper(),
    )  # fmt: skip
