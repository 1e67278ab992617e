"""Libraries name their terms and their columns are what the names say."""

import math

import numpy as np
import pytest

from fastsci.sparse.libraries import (
    CustomLibrary,
    FourierLibrary,
    IdentityLibrary,
    PolynomialLibrary,
    RadialBasisLibrary,
)

X = np.random.default_rng(0).uniform(-1.5, 1.5, (257, 3))
x, y, z = X.T


def columns(library):
    return dict(zip(library.feature_names(["x", "y", "z"]), library.fit_transform(X).T, strict=True))


def test_polynomials_are_those_of_scikit_learn():
    from sklearn.preprocessing import PolynomialFeatures

    for degree in (0, 1, 2, 4):
        for only in (False, True):
            library = PolynomialLibrary(degree=degree, interaction_only=only)
            theirs = PolynomialFeatures(degree, interaction_only=only)
            np.testing.assert_allclose(library.fit_transform(X), theirs.fit_transform(X), rtol=1e-14)
            assert list(library.get_feature_names_out()) == list(theirs.get_feature_names_out())


def test_polynomials_without_interactions_or_constant():
    library = PolynomialLibrary(degree=3, include_interaction=False, include_bias=False)
    assert library.feature_names(["x", "y"]) == ["x", "y", "x^2", "y^2", "x^3", "y^3"]


def test_fourier_columns():
    found = columns(FourierLibrary(n_frequencies=2, frequency=0.5))
    np.testing.assert_allclose(found["sin(0.5 y)"], np.sin(0.5 * y), atol=1e-15)
    np.testing.assert_allclose(found["cos(1 z)"], np.cos(z), atol=1e-15)
    assert len(found) == 12


def test_radial_columns():
    found = columns(RadialBasisLibrary([[0.0, 0.5, -0.5], [1.0, 1.0, 1.0]], width=0.7))
    distance = (x - 1.0) ** 2 + (y - 1.0) ** 2 + (z - 1.0) ** 2
    np.testing.assert_allclose(found["rbf1(x, y, z)"], np.exp(-distance / (2 * 0.7**2)), rtol=1e-13)


def test_custom_functions_of_all_combinations():
    def ratio(a, b):
        return a / (2.0 + b * b)

    library = CustomLibrary([ratio, lambda a: math.exp(-a)], [lambda a, b: f"{a}/(2+{b}^2)", "exp(-{0})"])
    found = columns(library)
    assert list(found) == ["x/(2+y^2)", "x/(2+z^2)", "y/(2+z^2)", "exp(-x)", "exp(-y)", "exp(-z)"]
    np.testing.assert_allclose(found["x/(2+z^2)"], x / (2 + z * z), rtol=1e-15)
    np.testing.assert_allclose(found["exp(-y)"], np.exp(-y), rtol=1e-15)


def test_a_custom_constant_is_a_column():
    np.testing.assert_array_equal(columns(CustomLibrary([lambda a: 3.0]))["f0(x)"], np.full(257, 3.0))


def test_sums_and_products_of_libraries():
    found = columns(PolynomialLibrary(degree=1) * (IdentityLibrary() + FourierLibrary(include_cos=False)))
    np.testing.assert_allclose(found["x z"], x * z, rtol=1e-15)
    np.testing.assert_allclose(found["y sin(1 x)"], y * np.sin(x), rtol=1e-14)
    assert sum(name == "x y" for name in found) == 1
    assert list(found)[:3] == ["x", "y", "z"]


def test_a_product_of_polynomials_is_a_polynomial_library():
    product = PolynomialLibrary(degree=1) * PolynomialLibrary(degree=1)
    assert set(product.terms(3)) == set(PolynomialLibrary(degree=2).terms(3))


def test_as_a_transformer_in_a_pipeline():
    from sklearn.base import clone
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline

    target = 2.0 * x * y - z
    model = make_pipeline(clone(PolynomialLibrary(degree=2)), LinearRegression()).fit(X, target)
    assert model.score(X, target) > 1.0 - 1e-12


@pytest.mark.parametrize(
    ("library", "message"),
    [
        (PolynomialLibrary(degree=-1), "degree: is -1"),
        (PolynomialLibrary(degree=1.5), "degree: is 1.5"),
        (PolynomialLibrary(include_interaction=False, interaction_only=True), "include_interaction: is False"),
        (FourierLibrary(n_frequencies=0), "n_frequencies: is 0"),
        (FourierLibrary(include_sin=False, include_cos=False), "include_sin: is False"),
        (RadialBasisLibrary([[0.0]], 1.0), r"centres: has shape \(1, 1\)"),
        (RadialBasisLibrary([[0.0] * 3], 0.0), "width: is 0.0"),
        (CustomLibrary([math.sin], ["a", "b"]), "names: has 2 entries"),
        (PolynomialLibrary(degree=True), "degree: is True"),
        (FourierLibrary(frequency=0.0), "frequency: is 0.0"),
        (FourierLibrary(frequency=math.nan), "frequency: is nan"),
        (FourierLibrary(frequency="1"), "frequency: is '1'"),
        (RadialBasisLibrary([[0.0] * 3], "1"), "width: is '1'"),
        (RadialBasisLibrary([[0.0, math.nan, 0.0]], 1.0), "centres: holds nan"),
        (CustomLibrary([lambda x, k=2.0: k * x]), r"functions\[0\]: has the argument k=2.0"),
        (CustomLibrary([lambda *x: x[0]]), r"functions\[0\]: has the argument \*x"),
        (CustomLibrary([lambda: 1.0]), r"functions\[0\]: has no argument"),
        (CustomLibrary([lambda x: x], ["f({x})"]), r"names\[0\]: is 'f\(\{x\}\)'"),
        (CustomLibrary([lambda x: x], ["f({1})"]), r"names\[0\]: is 'f\(\{1\}\)'"),
    ],
)
def test_bad_arguments_are_named(library, message):
    with pytest.raises(ValueError, match=message):
        library.terms(3)


def test_a_function_that_is_not_plain_python_is_refused():
    with pytest.raises(TypeError, match=r"functions\[0\]: is <built-in function sin>"):
        CustomLibrary([math.sin]).terms(1)


def test_functions_are_given_in_a_sequence():
    with pytest.raises(TypeError, match=r"functions: is <built-in function sin>.*put it in a list"):
        CustomLibrary(math.sin).terms(1)


def test_only_libraries_make_sums_and_products():
    with pytest.raises(TypeError, match="unsupported operand"):
        PolynomialLibrary() + "fourier"
    with pytest.raises(TypeError, match="unsupported operand"):
        PolynomialLibrary() * 2


def test_names_of_inputs_are_as_many_as_inputs():
    library = PolynomialLibrary(degree=1).fit([[1.0, 2.0]])
    with pytest.raises(ValueError, match="input_features: has 1 entries, expected 2"):
        library.get_feature_names_out(["a"])
