"""Discovered equations as text, as LaTeX and as SymPy's expressions."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.regress.plan import Generator, Term

from .libraries import term_name

FLOW, MAP = "{}' =", "{}[k+1] ="
ROUNDING = 1e-10  # an error that is smaller than this part of its value is that of rounding
SMALL, LARGE = 0.1, 1e5  # between these a number is shown with fixed places
LEAST_POWER, MOST_POWER = -3, 6  # and so is one with an error between these powers of ten
GREEK = re.compile(
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|phi|chi|psi|omega"
)
PRIVATE_USE = 0xE000  # characters that no text has
LATEX_FUNCTIONS = ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log")


def equation_texts(
    coef: ArrayLike,
    terms: Sequence[Term],
    input_names: Sequence[str],
    *,
    precision: int = 3,
    uncertainties: ArrayLike | None = None,
    left: str = FLOW,
) -> list[str]:
    """An equation for every state, with the terms whose coefficients are not zero.

    Parameters
    ----------
    coef : array_like, shape (n_states, n_terms)
    terms : sequence of Term
        Of the library.
    input_names : sequence of str
        States, then controls.
    precision : int, default 3
        Places of a coefficient; digits of one below 0.1 or from 100,000 on.
    uncertainties : array_like, shape (n_states, n_terms), optional
        Standard errors: a coefficient is shown as ``(10.02 ± 0.03)``, with the places that its error allows.
    left : str, default "{}' ="
        What stands before the sum, with the state's name for ``{}``; of a map ``"{}[k+1] ="``.

    Raises
    ------
    ValueError
        Where the shapes do not fit.

    Examples
    --------
    >>> from fastsci.sparse.libraries import PolynomialLibrary
    >>> equation_texts([[0, 0, 1], [1, -2.5, 0]], PolynomialLibrary(degree=1).terms(2), ["x", "v"])
    ["x' = 1.000 v", "v' = 1.000 - 2.500 x"]
    >>> equation_texts([[0, 0.3]], PolynomialLibrary(degree=1).terms(1), ["x"], uncertainties=[[0, 0.012]])
    ["x' = (0.300 ± 0.012) x"]
    """
    table, errors = _checked(coef, terms, input_names, uncertainties)
    _check_places(precision)
    names = [term_name(term, input_names) for term in terms]
    shown: list[str] = []
    for state, row, error in zip(input_names, table, errors, strict=False):
        parts: list[tuple[bool, str]] = []
        for k in np.flatnonzero(row):
            number = coefficient_text(abs(float(row[k])), precision, float(error[k]))
            parts.append((bool(row[k] < 0), number if names[k] == "1" else f"{number} {names[k]}"))
        shown.append(f"{left.format(state)} {_sum(parts)}")
    return shown


def latex(
    coef: ArrayLike,
    terms: Sequence[Term],
    input_names: Sequence[str],
    *,
    precision: int = 3,
    uncertainties: ArrayLike | None = None,
    kind: str = "flow",
) -> str:
    r"""The equations as an ``aligned`` block of LaTeX.

    Parameters
    ----------
    coef, terms, input_names, precision, uncertainties
        As for `equation_texts`.
    kind : {"flow", "map"}
        Whether the equations give derivatives or the next state.

    Examples
    --------
    >>> from fastsci.sparse.libraries import PolynomialLibrary
    >>> print(latex([[0, 0, 1], [0, -2.5, 0]], PolynomialLibrary(degree=1).terms(2), ["theta", "v0"]))
    \begin{aligned}
    \dot{\theta} &= 1.000\,v_{0} \\
    \dot{v_{0}} &= -2.500\,\theta
    \end{aligned}
    """
    table, errors = _checked(coef, terms, input_names, uncertainties)
    _check_places(precision)
    symbols = [_symbol(name) for name in input_names]
    names = [r"\,".join(_factor(generator, power, symbols) for generator, power in term) for term in terms]
    lines: list[str] = []
    for state, row, error in zip(symbols, table, errors, strict=False):
        parts: list[tuple[bool, str]] = []
        for k in np.flatnonzero(row):
            number = _number(coefficient_text(abs(float(row[k])), precision, float(error[k])))
            parts.append((bool(row[k] < 0), rf"{number}\,{names[k]}" if names[k] else number))
        left = rf"\dot{{{state}}}" if kind == "flow" else rf"{state}\left[k+1\right]"
        lines.append(f"{left} &= {_sum(parts)}")
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def sympy_equations(
    coef: ArrayLike, terms: Sequence[Term], input_names: Sequence[str], *, kind: str = "flow"
) -> list[Any]:
    """The equations for SymPy: states and controls are functions of ``t``, those of a map of the integer ``k``.

    A function of the caller's own is tried on SymPy's expressions, with those of `math` and NumPy replaced; one that
    does not take them stays a function of its name.

    Parameters
    ----------
    coef, terms, input_names
        As for `equation_texts`.
    kind : {"flow", "map"}

    Returns
    -------
    list of sympy.Eq

    Raises
    ------
    ImportError
        Where SymPy is not installed.

    Examples
    --------
    >>> from fastsci.sparse.libraries import PolynomialLibrary
    >>> sympy_equations([[0, 0, 0, -0.5]], PolynomialLibrary(degree=3).terms(1), ["x"])
    [Eq(Derivative(x(t), t), -0.5*x(t)**3)]
    """
    from .symbolic import factor_expression, load_sympy

    library = load_sympy()
    table, _ = _checked(coef, terms, input_names, None)
    time = library.Symbol("t") if kind == "flow" else library.Symbol("k", integer=True)
    functions = [library.Function(name) for name in input_names]
    inputs = [function(time) for function in functions]
    columns = [
        library.prod(factor_expression(library, generator, inputs) ** power for generator, power in term)
        for term in terms
    ]
    found: list[Any] = []
    for place, row in enumerate(table):
        right = library.Add(*(library.Float(float(row[k])) * columns[k] for k in np.flatnonzero(row)))
        left = inputs[place].diff(time) if kind == "flow" else functions[place](time + 1)
        found.append(library.Eq(left, right, evaluate=False))
    return found


def coefficient_text(value: float, precision: int, error: float = math.nan) -> str:
    """A positive number with so many places, or as its standard error allows, which is then shown too.

    An error is shown with one digit, or with two where it begins with 1.

    Examples
    --------
    >>> coefficient_text(10.0, 3), coefficient_text(0.0123456, 3), coefficient_text(2.5e6, 3)
    ('10.000', '0.0123', '2.5e+06')
    >>> coefficient_text(10.0184, 3, 0.0312), coefficient_text(1234.0, 3, 150.0)
    ('(10.02 ± 0.03)', '(1230 ± 150)')
    """
    if not (math.isfinite(error) and math.isfinite(value) and error > ROUNDING * value):
        return f"{value:.{precision}f}" if SMALL <= value < LARGE else f"{value:.{precision}g}"
    largest = math.floor(math.log10(max(value, error)))
    power = largest if not LEAST_POWER <= largest < MOST_POWER else 0
    leading = math.floor(math.log10(error))
    places = -leading + (error < 2 * 10.0**leading)
    shown = [f"{round(number, places) * 10.0**-power:.{max(places + power, 0)}f}" for number in (value, error)]
    return f"({' ± '.join(shown)}){f'e{power:+03d}' if power else ''}"


def _checked(
    coef: ArrayLike, terms: Sequence[Term], input_names: Sequence[str], uncertainties: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and their errors, NaN where there are none."""
    table = np.asarray(coef, np.float64)
    if table.ndim != 2 or table.shape[1] != len(terms) or len(table) > len(input_names):
        raise ValueError(
            f"coef: has shape {table.shape}, expected (n_states, {len(terms)}) with at most {len(input_names)} states,"
            " a column for each term"
        )
    if uncertainties is None:
        return table, np.full_like(table, np.nan)
    errors = np.asarray(uncertainties, np.float64)
    if errors.shape != table.shape:
        raise ValueError(f"uncertainties: has shape {errors.shape}, expected that of coef, {table.shape}")
    return table, errors


def _check_places(precision: Any) -> None:
    if isinstance(precision, bool) or not isinstance(precision, int | np.integer) or precision < 0:
        raise ValueError(f"precision: is {precision!r}, expected a number of places of at least 0; 3 is the default")


def _sum(parts: Sequence[tuple[bool, str]]) -> str:
    """Terms with signs between them; (whether it is negative, text) each."""
    if not parts:
        return "0"
    negative, first = parts[0]
    rest = "".join(f" {'-' if sign else '+'} {text}" for sign, text in parts[1:])
    return f"{'-' if negative else ''}{first}{rest}"


def _symbol(name: str) -> str:
    """A name as LaTeX sets it: Greek letters, indices, words upright."""
    base = name.rstrip("0123456789") or name
    index = name[len(base) :]
    base = base.removesuffix("_") if index else base
    if GREEK.fullmatch(base):
        base = f"\\{base}"
    elif len(base) != 1:
        escaped = base.replace("_", r"\_")
        base = rf"\mathrm{{{escaped}}}"
    return f"{base}_{{{index}}}" if index else base


def _factor(generator: Generator, power: int, symbols: Sequence[str]) -> str:
    inputs = [symbols[place] for place in generator.inputs]
    if not generator.code:
        return inputs[0] if power == 1 else f"{inputs[0]}^{{{power}}}"
    # Marks stand for the inputs until the words around them are set.
    marks = [chr(PRIVATE_USE + place) for place in range(len(inputs))]
    text = re.sub(r"([A-Za-z]\w*)(?=\()", _function_name, generator.name.format(*marks))
    text = re.sub(f"(?<![\\w.])1 (?=[{marks[0]}-{marks[-1]}])", "", text.replace("**", "^").replace("*", r"\,"))
    for mark, name in zip(marks, inputs, strict=True):
        text = text.replace(mark, name)
    return text if power == 1 else rf"\left({text}\right)^{{{power}}}"


def _function_name(match: re.Match[str]) -> str:
    name = match[1]
    return f"\\{name}" if name in LATEX_FUNCTIONS else rf"\operatorname{{{name}}}"


def _number(text: str) -> str:
    """A number of `coefficient_text` for LaTeX."""
    powers = re.sub(r"e([+-])0*(\d+)", lambda e: rf" \cdot 10^{{{'-' if e[1] == '-' else ''}{e[2]}}}", text)
    return powers.replace("(", r"\left(").replace(")", r"\right)").replace("±", r"\pm")
