"""``fastsci discover``: the equations behind the series of a file."""

from __future__ import annotations

import argparse
import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..sparse.differentiation import from_name
from ..sparse.ensembling import EnsembleSINDy
from ..sparse.equations import FLOW, MAP, equation_texts, latex
from ..sparse.libraries import FourierLibrary, IdentityLibrary, Library, PolynomialLibrary
from ..sparse.sindy import SINDy
from ..sparse.standard_errors import standard_errors
from ..sparse.threshold_path import ThresholdPath
from ..sparse.thresholding import STLSQ
from ..sparse.weak import WeakForm
from ..system import Kind
from .errors import RunError, UsageError
from .targets import check_picture
from .text_table import in_columns
from .trajectories import Columns, Measured, read_trajectories

DEFAULT_DEGREE = 2
SLOW, SMALL = 0.3, 2e8  # seconds of a fit, and multiply-adds of one that should not take them
RARE = 0.02  # of an ensemble's models: terms of fewer are not listed
LISTED = 12  # terms of an ensemble beside those of the equations


@dataclass(frozen=True)
class Discovered:
    """A model, and what is known of it.

    Attributes
    ----------
    model : SINDy
    errors : (d, p) array
        Standard errors of the coefficients.
    inclusion : (d, p) array or None
        Shares of an ensemble's models that hold each term.
    r2 : float
    seconds, compiling : float
        That the fit took, and what its kernels took to be ready.
    warned : sequence of str
    """

    model: Any
    errors: np.ndarray
    inclusion: np.ndarray | None
    r2: float
    seconds: float
    compiling: float
    warned: Sequence[str]

    @property
    def names(self) -> list[str]:
        """Of the states."""
        return self.model.input_names_[: self.model.n_features_in_]

    @property
    def kind(self) -> Kind:
        """Whether the equations give the next state."""
        return "map" if self.model.discrete_time else "flow"

    def equations(self) -> list[str]:
        """With the standard errors."""
        model = self.model
        left = MAP if model.discrete_time else FLOW
        return equation_texts(model.coef_, model.terms_, model.input_names_, uncertainties=self.errors, left=left)


def discover(parsed: argparse.Namespace) -> int:
    """The command: 0, or `RunError` where no equation has a term."""
    if parsed.plot:
        check_picture(Path(parsed.plot))
    if parsed.json:
        _check_json(Path(parsed.json), overwrite=parsed.overwrite)
    model = build(parsed)
    columns = Columns(parsed.time, parsed.states, parsed.controls, parsed.trajectory)
    data = read_trajectories(Path(parsed.data), columns, is_map=parsed.map, drop_nan=parsed.drop_nan)
    found = fit(model, data)
    said = report(parsed, data, found)
    if parsed.json:
        from .model_files import write_json

        write_json(Path(parsed.json), parsed, data, found)
        said.append(f"kept in    {parsed.json}")
    if parsed.plot:
        from .model_files import draw_model

        draw_model(Path(parsed.plot), parsed, data, found)
        said.append(f"picture    {parsed.plot}")
    if not parsed.quiet:
        print("\n".join(said))
    return 0


def _check_json(path: Path, *, overwrite: bool) -> None:
    if not path.parent.is_dir():
        raise UsageError(f"--json: no folder {path.parent} to write {path.name} into; create it first")
    if path.exists() and not overwrite:
        raise UsageError(f"--json: {path} exists already; choose another name, or replace it with --overwrite")


# --- what is asked for ---


def build(parsed: argparse.Namespace) -> SINDy:
    """The estimator that the options describe."""
    if parsed.weak and parsed.map:
        raise UsageError("--weak: integrates over time, and a map has none; leave out --weak or --map")
    if parsed.weak and parsed.differentiation:
        raise UsageError("--differentiation: the weak form differentiates nothing; leave out one of the two")
    if parsed.ensemble is not None and parsed.ensemble < 2:
        raise UsageError(f"--ensemble: is {parsed.ensemble}, expected at least 2 models")
    options: dict[str, Any] = {
        "library": parse_library(parsed.library, parsed.degree),
        "optimizer": _optimizer(parsed),
        "differentiation": _differentiation(parsed),
        "weak": WeakForm() if parsed.weak else None,
        "discrete_time": parsed.map,
    }
    if parsed.ensemble is None:
        return SINDy(**options)
    return EnsembleSINDy(parsed.ensemble, rng=parsed.seed, **options)


def parse_library(text: str | None, degree: int | None) -> Library:
    """A library of a text: sums of products of poly:DEGREE, fourier:FREQUENCIES and identity.

    Examples
    --------
    >>> parse_library("poly:1+fourier:1", None).feature_names(["x"])
    ['1', 'x', 'sin(1 x)', 'cos(1 x)']
    """
    if text is None:
        return PolynomialLibrary(degree=DEFAULT_DEGREE if degree is None else _count("--degree", degree, 0))
    if degree is not None:
        raise UsageError("--degree: is that of the polynomials alone; write --library poly:3+fourier:2, say")
    terms: Library | None = None
    for summand in text.split("+"):
        product: Library | None = None
        for factor in summand.split("*"):
            one = _part(factor.strip(), text)
            product = one if product is None else product * one
        assert product is not None
        terms = product if terms is None else terms + product
    assert terms is not None
    return terms


def _part(text: str, whole: str) -> Library:
    name, _, number = text.partition(":")
    if name == "identity" and not number:
        return IdentityLibrary()
    if name == "poly" and number.isdecimal():
        return PolynomialLibrary(degree=int(number))
    if name == "fourier" and number.isdecimal() and int(number) > 0:
        return FourierLibrary(n_frequencies=int(number))
    raise UsageError(
        f"--library: {text!r} of {whole!r} is none of poly:DEGREE, fourier:FREQUENCIES and identity; join them by + and"
        " *, as in poly:3+fourier:2"
    )


def _count(option: str, value: int, least: int) -> int:
    if value < least:
        raise UsageError(f"{option}: is {value}, expected at least {least}")
    return value


def _optimizer(parsed: argparse.Namespace) -> Any:
    if not (math.isfinite(parsed.alpha) and parsed.alpha >= 0.0):
        raise UsageError(f"--alpha: is {parsed.alpha:g}, expected a ridge penalty of at least 0")
    if parsed.threshold == "path":
        return ThresholdPath(STLSQ(alpha=parsed.alpha))
    try:
        threshold = float(parsed.threshold)
    except ValueError:
        threshold = math.nan
    if not (math.isfinite(threshold) and threshold >= 0.0):
        raise UsageError(f"--threshold: is {parsed.threshold}, expected a number of at least 0, or path")
    return STLSQ(threshold=threshold, alpha=parsed.alpha)


def _differentiation(parsed: argparse.Namespace) -> Any:
    """A method of differentiation by its name and parameters, as in savitzky_golay:window_length=21."""
    if parsed.differentiation is None or parsed.map:
        return None
    name, _, rest = parsed.differentiation.partition(":")
    parameters: dict[str, float | int] = {}
    for part in [part for part in rest.split(",") if part]:
        key, _, value = part.partition("=")
        try:
            parameters[key.strip()] = int(value) if value.strip().lstrip("-").isdecimal() else float(value)
        except ValueError as error:
            example = "savitzky_golay:window_length=21"
            raise UsageError(f"--differentiation: {part!r} is no NAME=NUMBER, as in {example}") from error
    try:
        return from_name(name.strip(), **parameters)
    except ValueError as error:
        raise UsageError(f"--differentiation: {str(error).removeprefix('differentiation: ')}") from error


# --- what is found ---


def fit(model: SINDy, data: Measured) -> Discovered:
    """Fit the model to the trajectories of a file; `RunError` where no equation has a term."""
    given: dict[str, Any] = {"t": data.times or None, "u": data.controls or None}
    clock = [time.perf_counter()]
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        model.fit(data.states, **given, feature_names=data.names)
        clock.append(time.perf_counter())
        if clock[1] - clock[0] > SLOW and sum(len(one) for one in data.states) * len(model.terms_) ** 2 < SMALL:
            # A small problem that took long waited for its kernels to be compiled.
            model.fit(data.states, **given, feature_names=data.names)
            clock.append(time.perf_counter())
    if not np.any(model.coef_):
        raise RunError(f"no term is left in any equation; try {_remedy(model)}")
    seconds = clock[-1] - clock[-2]
    ensemble = isinstance(model, EnsembleSINDy)
    errors = model.coef_std_ if ensemble else standard_errors(model.problem_, model.coef_)
    return Discovered(
        model,
        errors,
        model.inclusion_probability_ if ensemble else None,
        _explained(model) if model.weak is not None else model.score(data.states, **given),
        seconds,
        clock[1] - clock[0] - seconds,
        list(dict.fromkeys(str(warning.message) for warning in warned)),
    )


def _remedy(model: SINDy) -> str:
    if isinstance(model.optimizer, ThresholdPath):
        return "samples at shorter times, another --library, or a --threshold of your own"
    return "a lower --threshold, or --threshold path"


def _explained(model: Any) -> float:
    """Share of the squares of weak equations that the model explains: their left sides need no mean to be taken off."""
    problem = model.problem_
    return float(np.mean(1.0 - problem.residual_squares(model.coef_) / problem.squares))


def report(parsed: argparse.Namespace, data: Measured, found: Discovered) -> list[str]:
    """Lines that say what was found."""
    model = found.model
    several = f"{len(data.states):,} trajectories" if len(data.states) > 1 else "1 trajectory"
    used = sum(len(one) for one in data.states)
    counts = np.count_nonzero(model.coef_, axis=1)
    each = "" if len(counts) == 1 else f" ({' + '.join(map(str, counts))})" if len(counts) <= 8 else ""
    controls = f"; driven by {', '.join(data.names[data.n_states :])}" if data.controls else ""
    ready = f"; {found.compiling:.3g} s to make the kernels ready" if found.compiling else ""
    lines = [
        f"data       {parsed.data}, {used:,} samples of {', '.join(data.names[: data.n_states])}{controls};"
        f" {several}, {data.step}",
        f"model      {len(model.terms_)} terms a state, {_method(parsed, model)}",
        f"support    {counts.sum()} terms of {model.coef_.size}{each}",
        f"fit        R2 = {_r2(found.r2)}; condition {model.condition_:.2g}, by {_route(model)}",
        f"time       {found.seconds:.3g} s{ready}",
        *(f"note       {note}" for note in [*data.notes, *_derivatives(model), *_below(parsed, model), *found.warned]),
        "",
        *found.equations(),
    ]
    if found.inclusion is not None:
        lines += ["", *_inclusions(found, parsed.ensemble)]
    if parsed.latex:
        lines += ["", latex(model.coef_, model.terms_, model.input_names_, uncertainties=found.errors, kind=found.kind)]
    return lines


def _method(parsed: argparse.Namespace, model: Any) -> str:
    threshold = f"threshold {parsed.threshold}"
    if parsed.threshold == "path":
        chosen = "" if parsed.ensemble else f" {_number(model.optimizer.threshold_)}"
        threshold = f"threshold{chosen} of the path"
    derivatives = parsed.differentiation or "central differences"
    if parsed.weak or parsed.map:
        derivatives = "weak form" if parsed.weak else "a map"
    ensemble = f", {parsed.ensemble} bootstraps" if parsed.ensemble else ""
    return f"{threshold}, alpha {parsed.alpha:g}; {derivatives}{ensemble}"


def _derivatives(model: Any) -> list[str]:
    """What the derivatives are known to err by, where the path of thresholds allows for it."""
    problem = model.problem_
    if problem.errors is None:
        return []
    shares = np.sqrt(problem.errors / np.where(problem.squares > 0, problem.squares, 1.0))
    return [f"derivatives err by up to {100.0 * shares.max():.2g} %, for which no term is sought"]


def _below(parsed: argparse.Namespace, model: Any) -> list[str]:
    """Of terms that the ridge kept above the threshold and plain least squares have put below."""
    if parsed.ensemble or parsed.threshold == "path" or not parsed.alpha > 0:
        return []
    count = int(np.count_nonzero((model.coef_ != 0) & (np.abs(model.coef_) < float(parsed.threshold))))
    terms = f"{count} term{'s' if count > 1 else ''}"
    return [f"{terms} below the threshold, bent by the ridge; --alpha 1e-6 or --threshold path"] if count else []


def _number(value: Any) -> str:
    numbers = np.unique(np.asarray(value, np.float64))
    return " to ".join(f"{number:.3g}" for number in dict.fromkeys((numbers[0], numbers[-1])))


def _r2(value: float) -> str:
    """With as many nines as it has, and two digits more."""
    if not 0.9 < value < 1.0:
        return f"{value:.4f}"
    return f"{value:.{min(15, 2 - math.floor(math.log10(1.0 - value)))}f}"


def _route(model: Any) -> str:
    said = {"moments": "sums alone", "refined": "sums, refined by the residuals", "qr": "factorisation"}
    return said.get(model.route_, str(model.route_))


def _inclusions(found: Discovered, n_models: int) -> list[str]:
    """How often each term is found: those of the equations, and the most frequent of the others."""
    assert found.inclusion is not None
    shares, coef = found.inclusion, found.model.coef_
    others = np.argwhere((coef == 0) & (shares > RARE))
    others = sorted(others.tolist(), key=lambda place: -shares[tuple(place)])[:LISTED]
    rows: list[tuple[str, ...]] = [(f"in {n_models} models", "term", "share")]
    for row, k in [*np.argwhere(coef != 0).tolist(), *others]:
        kept = "" if coef[row, k] else "left out"
        rows.append((f"{found.names[row]}'", found.model.feature_names_[k], f"{shares[row, k]:.2f}", kept))
    rows[0] = (*rows[0], "")
    return in_columns(rows)
