"""Libraries: the terms among which an equation is sought, as products of inputs and of functions of inputs."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Self

import numpy as np

from fastsci_kernels.regress.plan import Generator, Plan, Term, multiplied, plan

from .._estimator import Estimator
from .._samples import samples
from ._custom import check_name, count_of_inputs
from ._problem import Array

CONSTANT: Term = ()
MOST_PLANS = 64


def term_name(term: Term, names: Sequence[str]) -> str:
    """How a term is shown: "1", "x0^2", "x0 x1", "sin(2 x0)"."""
    shown: list[str] = []
    for generator, power in term:
        text = generator.name.format(*(names[place] for place in generator.inputs))
        shown.append(text if power == 1 else f"{text}^{power}")
    return " ".join(shown) or "1"


class Library(Estimator, ABC):
    """Terms of any number of inputs; ``a + b`` has the terms of both, ``a * b`` all their products."""

    @abstractmethod
    def terms(self, n_inputs: int) -> tuple[Term, ...]:
        """The terms of so many inputs, in the order of the columns; arguments are checked here."""

    def __add__(self, other: object) -> Library:
        if not isinstance(other, Library):
            return NotImplemented
        return ConcatenatedLibrary((*_parts(self, ConcatenatedLibrary), *_parts(other, ConcatenatedLibrary)))

    def __mul__(self, other: object) -> Library:
        if not isinstance(other, Library):
            return NotImplemented
        return ProductLibrary((*_parts(self, ProductLibrary), *_parts(other, ProductLibrary)))

    def plan(self, n_inputs: int, n_targets: int = 0, *, moments: bool = True) -> Plan:
        """What a kernel needs to make and sum the columns."""
        return plan_of(self.terms(n_inputs), n_inputs, n_targets, moments=moments)

    def feature_names(self, names: Sequence[str]) -> list[str]:
        """Names of the terms, of inputs with these names."""
        terms = self.terms(len(names))
        return list(_remembered(terms, tuple(names), lambda: [term_name(term, names) for term in terms]))

    # --- a transformer, as scikit-learn has them ---

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the number of inputs of ``X`` (n_samples, n_inputs)."""
        self.n_features_in_ = samples(X, "X").shape[1]
        self.n_output_features_ = len(self.terms(self.n_features_in_))
        return self

    def transform(self, X: Any) -> Array:
        """Columns of the library at samples ``X`` (n_samples, n_inputs), (n_samples, n_terms)."""
        from fastsci_kernels.regress import features

        checked = samples(X, "X")
        return features.values(self.plan(checked.shape[1]), checked)

    def fit_transform(self, X: Any, y: Any = None) -> Array:
        """``fit`` and ``transform`` of the same samples."""
        return self.fit(X).transform(X)

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> np.ndarray:
        """Names of the columns, of inputs that are named x0, x1, ... unless given."""
        self._require_fitted()
        names = [f"x{i}" for i in range(self.n_features_in_)] if input_features is None else list(input_features)
        if len(names) != self.n_features_in_:
            raise ValueError(f"input_features: has {len(names)} entries, expected {self.n_features_in_}, one an input")
        return np.array(self.feature_names(names), object)


@lru_cache(maxsize=64)
def _plan(terms: tuple[Term, ...], n_inputs: int, n_targets: int, moments: bool) -> Plan:
    return plan(terms, n_inputs, n_targets, moments=moments)


def plan_of(terms: tuple[Term, ...], n_inputs: int, n_targets: int, *, moments: bool = True) -> Plan:
    """The plan of terms, from memory where it was made before."""
    return _remembered(terms, (n_inputs, n_targets, moments), lambda: _plan(terms, n_inputs, n_targets, moments))


_known: OrderedDict[tuple[Any, ...], tuple[tuple[Term, ...], Any]] = OrderedDict()


def _remembered(terms: tuple[Term, ...], what: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """What was made of the very same tuple of terms before: hundreds of them are not even looked into."""
    key = id(terms), *what
    found = _known.get(key)
    if found is None:
        found = _known[key] = terms, make()
        while len(_known) > MOST_PLANS:
            _known.popitem(last=False)
    return found[1]


def _parts(library: Library, kind: type[ConcatenatedLibrary | ProductLibrary]) -> tuple[Library, ...]:
    return library.libraries if isinstance(library, kind) else (library,)


def _count(value: Any, name: str, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name}: is {value!r}, expected an integer of at least {least}")
    return int(value)


def _positive(value: Any, name: str) -> float:
    if not (isinstance(value, int | float | np.number) and 0 < value < np.inf):
        raise ValueError(f"{name}: is {value!r}, expected a positive finite number")
    return float(value)


class PolynomialLibrary(Library):
    """Monomials of the inputs up to a degree, in graded lexicographic order.

    Parameters
    ----------
    degree : int, default 2
    include_interaction : bool, default True
        Whether monomials of several inputs belong to it.
    interaction_only : bool, default False
        Whether no input has a power above 1.
    include_bias : bool, default True
        Whether the constant belongs to it.

    Examples
    --------
    >>> PolynomialLibrary(degree=2).feature_names(["x", "y"])
    ['1', 'x', 'y', 'x^2', 'x y', 'y^2']
    """

    def __init__(
        self,
        degree: int = 2,
        *,
        include_interaction: bool = True,
        interaction_only: bool = False,
        include_bias: bool = True,
    ) -> None:
        self.degree = degree
        self.include_interaction = include_interaction
        self.interaction_only = interaction_only
        self.include_bias = include_bias

    def terms(self, n_inputs: int) -> tuple[Term, ...]:
        """Monomials of so many inputs."""
        if self.interaction_only and not self.include_interaction:
            raise ValueError(
                "include_interaction: is False where interaction_only is True, which leaves no term; set one of them"
            )
        return _monomials(
            n_inputs,
            _count(self.degree, "degree", 0),
            self.include_interaction,
            self.interaction_only,
            self.include_bias,
        )


@lru_cache(maxsize=64)
def _monomials(n_inputs: int, degree: int, interaction: bool, only: bool, bias: bool) -> tuple[Term, ...]:
    inputs = [Generator((i,)) for i in range(n_inputs)]
    found: list[Term] = [CONSTANT] if bias else []
    choose = itertools.combinations if only else itertools.combinations_with_replacement
    for power in range(1, degree + 1):
        for chosen in choose(range(n_inputs), power):
            counts = {i: chosen.count(i) for i in dict.fromkeys(chosen)}
            if interaction or len(counts) == 1:
                found.append(tuple((inputs[i], count) for i, count in counts.items()))
    return tuple(found)


class IdentityLibrary(Library):
    """The inputs themselves.

    Examples
    --------
    >>> IdentityLibrary().feature_names(["x", "y"])
    ['x', 'y']
    """

    def __init__(self) -> None:
        pass

    def terms(self, n_inputs: int) -> tuple[Term, ...]:
        """The inputs."""
        return tuple(((Generator((i,)), 1),) for i in range(n_inputs))


class FourierLibrary(Library):
    """Sines and cosines of multiples of each input.

    Parameters
    ----------
    n_frequencies : int, default 1
        Multiples 1, 2, ..., ``n_frequencies`` of ``frequency``.
    include_sin, include_cos : bool, default True
    frequency : float, default 1.0
        Radians a unit of the input.

    Examples
    --------
    >>> FourierLibrary(n_frequencies=2).feature_names(["x"])
    ['sin(1 x)', 'cos(1 x)', 'sin(2 x)', 'cos(2 x)']
    """

    def __init__(
        self,
        n_frequencies: int = 1,
        *,
        include_sin: bool = True,
        include_cos: bool = True,
        frequency: float = 1.0,
    ) -> None:
        self.n_frequencies = n_frequencies
        self.include_sin = include_sin
        self.include_cos = include_cos
        self.frequency = frequency

    def terms(self, n_inputs: int) -> tuple[Term, ...]:
        """For each multiple and input its sine and its cosine."""
        count = _count(self.n_frequencies, "n_frequencies", 1)
        if not (self.include_sin or self.include_cos):
            raise ValueError("include_sin: is False and so is include_cos, which leaves no term; set one of them")
        kinds = [kind for kind, chosen in (("sin", self.include_sin), ("cos", self.include_cos)) if chosen]
        found: list[Term] = []
        frequency = _positive(self.frequency, "frequency")
        for multiple in range(1, count + 1):
            rate = multiple * frequency
            for i in range(n_inputs):
                for kind in kinds:
                    code = f"math.{kind}({rate!r} * a0)"
                    found.append(((Generator((i,), code, f"{kind}({rate:.17g} {{0}})"), 1),))
        return tuple(found)


class RadialBasisLibrary(Library):
    """Gaussian bumps ``exp(-|x - centre|^2 / (2 width^2))`` of all inputs together.

    Parameters
    ----------
    centres : array_like, shape (n_centres, n_inputs)
    width : float

    Examples
    --------
    >>> RadialBasisLibrary([[0.0, 0.0], [1.0, 0.0]], width=0.5).feature_names(["x", "y"])
    ['rbf0(x, y)', 'rbf1(x, y)']
    """

    def __init__(self, centres: Any, width: float) -> None:
        self.centres = centres
        self.width = width

    def terms(self, n_inputs: int) -> tuple[Term, ...]:
        """A bump for each centre."""
        centres = np.asarray(self.centres, np.float64)
        if centres.ndim != 2 or centres.shape[1] != n_inputs:
            raise ValueError(f"centres: has shape {centres.shape}, expected (n_centres, {n_inputs}); reshape it")
        if not np.isfinite(centres).all():
            raise ValueError("centres: holds nan or inf, expected finite places")
        rate = -0.5 / _positive(self.width, "width") ** 2
        arguments = ", ".join(f"{{{i}}}" for i in range(n_inputs))
        found: list[Term] = []
        for index, centre in enumerate(centres.tolist()):
            distance = " + ".join(f"(a{i} - {place!r}) * (a{i} - {place!r})" for i, place in enumerate(centre))
            code = f"math.exp({rate!r} * ({distance}))"
            found.append(((Generator(tuple(range(n_inputs)), code, f"rbf{index}({arguments})"), 1),))
        return tuple(found)


class CustomLibrary(Library):
    """Functions of one or several inputs, each of all combinations of as many inputs as it takes.

    Parameters
    ----------
    functions : sequence of callable
        Plain functions of numbers, such as ``lambda x: math.exp(-x)`` or ``lambda x, y: x / (1 + y * y)``; compiled
        like a right-hand side.
    names : sequence of str or callable, optional
        For each function a name, ``"exp(-{0})"`` with the names of its inputs in braces, or a function of these that
        returns the name; by default its own name or ``f0``, ``f1``, ...
    include_bias : bool, default False
        Whether the constant belongs to it.

    Examples
    --------
    >>> CustomLibrary([lambda x: x / (1 + x * x)], names=["{0}/(1 + {0}^2)"]).feature_names(["u", "v"])
    ['u/(1 + u^2)', 'v/(1 + v^2)']
    """

    def __init__(
        self,
        functions: Sequence[Callable[..., Any]],
        names: Sequence[str | Callable[..., str]] | None = None,
        *,
        include_bias: bool = False,
    ) -> None:
        self.functions = functions
        self.names = names
        self.include_bias = include_bias

    def terms(self, n_inputs: int) -> tuple[Term, ...]:
        """Every function of every combination of inputs."""
        names = self.names
        if callable(self.functions):
            raise TypeError(f"functions: is {self.functions!r}, expected a sequence of functions; put it in a list")
        if names is not None and len(names) != len(self.functions):
            raise ValueError(
                f"names: has {len(names)} entries, expected one for each of {len(self.functions)} functions"
            )
        found: list[Term] = [CONSTANT] if self.include_bias else []
        for index, function in enumerate(self.functions):
            count = count_of_inputs(function, f"functions[{index}]")
            arguments = ", ".join(f"a{i}" for i in range(count))
            slots = [f"{{{i}}}" for i in range(count)]
            chosen = names[index] if names is not None else None
            if chosen is None:
                own = function.__name__ if function.__name__.isidentifier() else f"f{index}"
                name = f"{own}({', '.join(slots)})"
            else:
                name = chosen(*slots) if callable(chosen) else chosen
                check_name(name, count, f"names[{index}]")
            for inputs in itertools.combinations(range(n_inputs), count):
                found.append(((Generator(inputs, f"call({arguments})", name, function), 1),))
        return tuple(found)


class ConcatenatedLibrary(Library):
    """The terms of several libraries, each once; ``a + b`` makes one.

    Examples
    --------
    >>> (PolynomialLibrary(degree=1) + FourierLibrary()).feature_names(["x"])
    ['1', 'x', 'sin(1 x)', 'cos(1 x)']
    """

    def __init__(self, libraries: tuple[Library, ...]) -> None:
        self.libraries = libraries

    def terms(self, n_inputs: int) -> tuple[Term, ...]:
        """Terms of all, in their order."""
        return tuple(dict.fromkeys(term for library in self.libraries for term in library.terms(n_inputs)))


class ProductLibrary(Library):
    """Products of a term of each of several libraries, each once; ``a * b`` makes one.

    Examples
    --------
    >>> (PolynomialLibrary(degree=1) * FourierLibrary(include_cos=False)).feature_names(["x"])
    ['sin(1 x)', 'x sin(1 x)']
    """

    def __init__(self, libraries: tuple[Library, ...]) -> None:
        self.libraries = libraries

    def terms(self, n_inputs: int) -> tuple[Term, ...]:
        """All products."""
        found: tuple[Term, ...] = (CONSTANT,)
        for library in self.libraries:
            found = tuple(dict.fromkeys(multiplied(a, b) for a in found for b in library.terms(n_inputs)))
        return found
