"""What is known of an equation's coefficients before its samples: values, likely values, and terms that are absent."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._estimator import Estimator
from ._problem import Array, Mask


@dataclass
class Knowledge:
    """What priors say of each coefficient of m targets and p terms.

    Attributes
    ----------
    targets, terms : sequence of str
        Names.
    mean, std : ndarray, shape (m, p)
        Of the Gaussian priors; an infinite ``std`` says nothing.
    noise : ndarray, shape (m,)
        Standard deviation of the targets about the model, NaN where the samples have to tell.
    known : ndarray, shape (m, p)
        Values of coefficients, NaN where they are not known.
    allowed : ndarray of bool, shape (m, p)
    """

    targets: Sequence[str]
    terms: Sequence[str]
    mean: Array
    std: Array
    noise: Array
    known: Array
    allowed: Mask

    @classmethod
    def nothing(cls, targets: Sequence[str], terms: Sequence[str]) -> Knowledge:
        """Before any prior has spoken."""
        shape = len(targets), len(terms)
        return cls(
            targets, terms, np.zeros(shape), np.full(shape, np.inf), np.full(shape[0], np.nan),
            np.full(shape, np.nan), np.ones(shape, bool),
        )  # fmt: skip

    def target(self, name: str, argument: str) -> int:
        """The row of a state that is named ``x`` or ``x'``."""
        return _place(name.removesuffix("'"), self.targets, f"{argument}: names the target")

    def term(self, name: str, argument: str) -> int:
        """The column of a term."""
        return _place(" ".join(name.split()), self.terms, f"{argument}: names the term")

    def table(self, value: Any, argument: str) -> Array:
        """A number for each coefficient (m, p) from an array that broadcasts to it."""
        shape = len(self.targets), len(self.terms)
        try:
            return np.array(np.broadcast_to(np.asarray(value, np.float64), shape))
        except ValueError:
            raise ValueError(
                f"{argument}: has shape {np.shape(value)}, expected {shape}, a number for each of {shape[1]} terms of"
                f" {shape[0]} targets, or a mapping of names"
            ) from None


class Prior(Estimator, ABC):
    """Knowledge of coefficients, for ``SINDy(prior=...)``; several are given as a list."""

    @abstractmethod
    def inform(self, knowledge: Knowledge) -> None:
        """Write into ``knowledge`` what this prior says."""


class GaussianPrior(Prior):
    """Coefficients that are normally distributed about a guess.

    Of least squares with noise of standard deviation s the most probable coefficients minimise
    ``|y - theta c|^2 + s^2 sum((c - mean)^2 / std^2)``: the prior adds precision to the normal equations, as many
    samples as it is worth.

    Parameters
    ----------
    mean : mapping or array_like, shape (m, p)
        ``{"x'": {"x": (-10.0, 1.0)}}`` gives mean and standard deviation for the term x in the equation of x; or an
        array, or a number for all.
    std : array_like, shape (m, p), optional
        With an array as ``mean``: standard deviations, infinite where nothing is known.
    noise : float or array_like, shape (m,), optional
        Standard deviation of the targets about the model.  Unless given it is estimated from the least-squares fit of
        all terms.

    Examples
    --------
    Two samples of ``y = 3 x + noise`` and a prior that is worth two more:

    >>> import numpy as np
    >>> from fastsci.sparse._problem import NormalEquations
    >>> problem = NormalEquations.of(np.ones((2, 1)), np.array([[2.9], [3.1]]))
    >>> prior = GaussianPrior({"y": {"1": (4.0, 0.1 / np.sqrt(2))}}, noise=0.1)
    >>> from fastsci.sparse.constrained import ConstrainedSTLSQ
    >>> from fastsci.sparse.informed import solve_informed
    >>> solve_informed(ConstrainedSTLSQ(), problem, prior, ["y"], ["1"])
    array([[3.5]])
    """

    def __init__(self, mean: Any, std: Any = None, *, noise: Any = None) -> None:
        self.mean = mean
        self.std = std
        self.noise = noise

    def inform(self, knowledge: Knowledge) -> None:
        """Set means, standard deviations and the noise."""
        if isinstance(self.mean, Mapping):
            if self.std is not None:
                raise ValueError("std: was given beside a mapping, expected None; give {target: {term: (mean, std)}}")
            for place, pair in _entries(self.mean, knowledge, "mean"):
                if np.shape(pair) != (2,):
                    raise ValueError(f"mean: holds {pair!r}, expected a pair (mean, std) for each term")
                knowledge.mean[place], knowledge.std[place] = pair
        else:
            if self.std is None:
                raise ValueError("std: is missing, expected standard deviations beside an array of means")
            knowledge.mean[:], knowledge.std[:] = knowledge.table(self.mean, "mean"), knowledge.table(self.std, "std")
        if not np.isfinite(knowledge.mean).all():
            raise ValueError("mean: holds numbers that are not finite; give an infinite std where nothing is known")
        if not (knowledge.std > 0).all():
            raise ValueError("std: holds numbers that are not positive; KnownTerms gives coefficients exactly")
        if self.noise is not None:
            noise = np.asarray(self.noise, np.float64)
            if noise.shape not in ((), knowledge.noise.shape) or not (np.isfinite(noise) & (noise > 0)).all():
                raise ValueError(
                    f"noise: is {self.noise!r}, expected a positive number, or one for each of"
                    f" {len(knowledge.noise)} targets"
                )
            knowledge.noise[:] = noise


class KnownTerms(Prior):
    """Coefficients that are known exactly: their terms are moved to the side of the targets.

    Parameters
    ----------
    values : mapping or array_like, shape (m, p)
        ``{"x'": {"x": -10.0, "y": 10.0}}``, or an array with NaN where a coefficient is not known.

    Examples
    --------
    >>> KnownTerms({"x'": {"x": -10.0}})
    KnownTerms(values={"x'": {'x': -10.0}})
    """

    def __init__(self, values: Any) -> None:
        self.values = values

    def inform(self, knowledge: Knowledge) -> None:
        """Set the known coefficients."""
        if isinstance(self.values, Mapping):
            for place, value in _entries(self.values, knowledge, "values"):
                knowledge.known[place] = float(value)
        else:
            table = knowledge.table(self.values, "values")
            knowledge.known[~np.isnan(table)] = table[~np.isnan(table)]
        if np.isinf(knowledge.known).any():
            raise ValueError("values: hold an infinite coefficient, expected finite ones, and NaN for one not known")


class AllowedTerms(Prior):
    """The terms that an equation may have; a sparsity pattern, a symmetry.

    Parameters
    ----------
    mask : mapping or array_like of bool, shape (m, p)
        ``{"x'": ["x", "y"]}`` allows these terms in the equation of x and leaves the other equations free; or an array.

    Examples
    --------
    >>> AllowedTerms({"x'": ["x", "y"]})
    AllowedTerms(mask={"x'": ['x', 'y']})
    """

    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def inform(self, knowledge: Knowledge) -> None:
        """Forbid the other terms."""
        if not isinstance(self.mask, Mapping):
            knowledge.allowed &= knowledge.table(self.mask, "mask") != 0
            return
        for name, terms in self.mask.items():
            row = knowledge.target(name, "mask")
            allowed = np.zeros(len(knowledge.terms), bool)
            for term in _names(terms, "mask"):
                allowed[knowledge.term(term, "mask")] = True
            knowledge.allowed[row] &= allowed


def _entries(table: Mapping[str, Any], knowledge: Knowledge, argument: str) -> Iterable[tuple[tuple[int, int], Any]]:
    for name, row in table.items():
        target = knowledge.target(name, argument)
        if not isinstance(row, Mapping):
            raise TypeError(f"{argument}[{name!r}]: is {row!r}, expected a mapping from names of terms")
        for term, value in row.items():
            yield (target, knowledge.term(term, argument)), value


def _names(value: Any, argument: str) -> list[str]:
    if isinstance(value, str):
        raise TypeError(f"{argument}: holds {value!r}, expected a list of names of terms")
    return list(value)


def _place(name: str, known: Sequence[str], what: str) -> int:
    if name in known:
        return list(known).index(name)
    close = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"{what} {name!r}, expected one of {', '.join(map(repr, known))}{hint}")
