"""Equations read back as what was fitted: by eye, by LaTeX's words, and by SymPy's numbers."""

import builtins
import math
import re

import numpy as np
import pytest
import sympy
from matplotlib.mathtext import MathTextParser

from fastsci.sparse.equations import MAP, coefficient_text, equation_texts, latex, sympy_equations
from fastsci.sparse.libraries import CustomLibrary, FourierLibrary, PolynomialLibrary, RadialBasisLibrary
from fastsci_kernels.regress import features

QUADRATIC = PolynomialLibrary(degree=2).terms(3)
LORENZ = np.zeros((3, 10))
LORENZ[0, [1, 2]] = -10.0, 10.0
LORENZ[1, [1, 2, 6]] = 28.0, -1.0, -1.0
LORENZ[2, [3, 5]] = -8 / 3, 1.0


def test_lorenz_reads_as_lorenz():
    assert equation_texts(LORENZ, QUADRATIC, ["x", "y", "z"]) == [
        "x' = -10.000 x + 10.000 y",
        "y' = 28.000 x - 1.000 y - 1.000 x z",
        "z' = -2.667 z + 1.000 x y",
    ]


def test_a_map_gives_the_next_state_and_an_empty_equation_is_zero():
    terms = PolynomialLibrary(degree=2).terms(1)
    assert equation_texts([[0.0, 3.9, -3.9]], terms, ["n"], left=MAP) == ["n[k+1] = 3.900 n - 3.900 n^2"]
    assert equation_texts([[0.0, 0.0, 0.0]], terms, ["n"]) == ["n' = 0"]
    assert equation_texts([[-2.0, 0.0, 0.0]], terms, ["n"], precision=1) == ["n' = -2.0"]


def test_controls_are_inputs_without_an_equation():
    terms = PolynomialLibrary(degree=1).terms(2)
    assert equation_texts([[0.0, -1.0, 0.5]], terms, ["x", "force"]) == ["x' = -1.000 x + 0.500 force"]


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (10.0184, 0.0312, "(10.02 ± 0.03)"),
        (10.0184, 0.0152, "(10.018 ± 0.015)"),
        (0.0123456, 0.00031, "(0.0123 ± 0.0003)"),
        (1234.0, 150.0, "(1230 ± 150)"),
        (1.25e-6, 2e-8, "(1.25 ± 0.02)e-06"),
        (4.2e8, 3e6, "(4.20 ± 0.03)e+08"),
        (1.0, 40.0, "(0 ± 40)"),
        (10.0, 0.0, "10.000"),
        (10.0, math.nan, "10.000"),
        (10.0, 1e-14, "10.000"),
    ],
)
def test_a_number_has_the_places_that_its_error_allows(value, error, shown):
    assert coefficient_text(value, 3, error) == shown


@pytest.mark.parametrize(("value", "shown"), [(0.05, "0.05"), (1e-7, "1e-07"), (99999.0, "99999.000"), (3e7, "3e+07")])
def test_no_coefficient_is_shown_as_zero(value, shown):
    assert coefficient_text(value, 3) == shown


def test_what_is_shown_is_within_its_error_of_the_value():
    rng = np.random.default_rng(0)
    for value, error in 10.0 ** rng.uniform(-9, 9, (300, 2)):
        text = coefficient_text(value, 3, error)
        if "±" not in text:
            continue
        number, spread, power = re.fullmatch(r"\((\S+) ± (\S+)\)(?:e(.*))?", text).groups()
        scale = 10.0 ** int(power or 0)
        assert abs(float(number) * scale - value) <= 0.51 * error
        assert float(spread) * scale == pytest.approx(error, rel=0.35)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"coef: has shape \(3, 9\), expected \(n_states, 10\)"):
        equation_texts(LORENZ[:, :9], QUADRATIC, ["x", "y", "z"])
    with pytest.raises(ValueError, match=r"with at most 2 states"):
        equation_texts(LORENZ, QUADRATIC, ["x", "y"])
    with pytest.raises(ValueError, match=r"uncertainties: has shape \(3,\), expected that of coef, \(3, 10\)"):
        equation_texts(LORENZ, QUADRATIC, ["x", "y", "z"], uncertainties=[1, 2, 3])


def test_latex_sets_names_powers_and_functions():
    library = PolynomialLibrary(degree=2) + FourierLibrary(n_frequencies=2, include_cos=False)
    terms = library.terms(2)
    coef = np.ones((1, len(terms)))
    assert latex(coef, terms, ["theta_1", "speed"]) == (
        "\\begin{aligned}\n"
        r"\dot{\theta_{1}} &= 1.000 + 1.000\,\theta_{1} + 1.000\,\mathrm{speed} + 1.000\,\theta_{1}^{2}"
        r" + 1.000\,\theta_{1}\,\mathrm{speed} + 1.000\,\mathrm{speed}^{2} + 1.000\,\sin(\theta_{1})"
        r" + 1.000\,\sin(\mathrm{speed}) + 1.000\,\sin(2 \theta_{1}) + 1.000\,\sin(2 \mathrm{speed})"
        "\n\\end{aligned}"
    )
    small = latex([[0.0, 1e-7]], PolynomialLibrary(degree=1).terms(1), ["x"], uncertainties=[[0, 2e-9]], kind="map")
    assert r"x\left[k+1\right] &= \left(1.00 \pm 0.02\right) \cdot 10^{-7}\,x" in small


def test_latex_is_drawn_by_matplotlib():
    parse = MathTextParser("path").parse
    body = latex(LORENZ, QUADRATIC, ["x0", "alpha", "long_name"], uncertainties=0.01 * abs(LORENZ)).splitlines()[1:-1]
    for line in body:
        _, width, *_ = parse("$" + line.removesuffix(r" \\").replace("&", "") + "$")[:3]
        assert width > 0


def mixed(x, y):
    return damped(x) * np.tanh(y) + abs(x) * math.sqrt(1.0 + y * y)


def damped(x):
    return math.exp(-0.5 * x) / (1 + x * x)


def test_sympy_evaluates_to_what_the_kernels_do():
    library = (
        PolynomialLibrary(degree=2) * FourierLibrary(n_frequencies=2)
        + RadialBasisLibrary([[0.0, 1.0], [0.5, -0.25]], width=0.8)
        + CustomLibrary([mixed, lambda x: math.atan(x) ** 2], names=["mixed({0}, {1})", None])
    )
    terms = library.terms(2)
    rng = np.random.default_rng(0)
    coef = rng.normal(size=(2, len(terms)))
    points = rng.normal(size=(20, 2))
    found = sympy_equations(coef, terms, ["x", "y"])
    t = sympy.Symbol("t")
    inputs = [sympy.Function("x")(t), sympy.Function("y")(t)]
    assert [equation.lhs for equation in found] == [one.diff(t) for one in inputs]
    wanted = features.combined(library.plan(2), points, coef)
    for equation, column in zip(found, wanted.T, strict=True):
        assert equation.atoms(sympy.core.function.AppliedUndef) == set(inputs)
        values = sympy.lambdify(inputs, equation.rhs)(*points.T)
        np.testing.assert_allclose(values, column, rtol=1e-12, atol=1e-12)


def test_a_function_that_branches_stays_a_function_of_its_name():

    def ramp(x):
        return x if x > 0 else 0.0

    (equation,) = sympy_equations([[2.0]], CustomLibrary([ramp]).terms(1), ["x"], kind="map")
    k = sympy.Symbol("k", integer=True)
    x = sympy.Function("x")
    assert equation == sympy.Eq(x(k + 1), sympy.Float(2.0) * sympy.Function("ramp")(x(k)))


def test_without_sympy_the_error_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **keywords):
        if name.partition(".")[0] == "sympy":
            raise ImportError(name)
        return real(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"sympy: is not installed.*pip install 'fastsci\[symbolic\]'"):
        sympy_equations(LORENZ, QUADRATIC, ["x", "y", "z"])


@pytest.mark.parametrize("precision", [-1, 2.0, "3", True, None])
def test_places_are_a_number(precision):
    terms = PolynomialLibrary(degree=1).terms(1)
    for write in (equation_texts, latex):
        with pytest.raises(ValueError, match="precision: is"):
            write([[0.0, 1.0]], terms, ["x"], precision=precision)


def test_latex_of_a_name_that_is_a_number():
    terms = PolynomialLibrary(degree=1).terms(1)
    assert latex([[0.0, 1.0]], terms, ["1"]).splitlines()[1] == r"\dot{1} &= 1.000\,1"
