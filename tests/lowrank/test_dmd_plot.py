"""Pictures of modal models hold what they were given."""

from itertools import pairwise

import matplotlib.image
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from fastsci.lowrank.dmd import DMD
from fastsci.lowrank.modes_plot import Dynamics, Eigenvalues, Modes, SingularValues, compose, draw, pictures_of
from fastsci.plot import STYLE

EIGS = np.array([0.5, 0.9j, -0.9j, 1.2])


def axes_of(*shown):
    return compose(list(shown), "title").get_axes()


def waves(n_space=60):
    x, t = np.linspace(0, 1, n_space)[:, None], 0.1 * np.arange(50)
    return np.sin(2 * np.pi * (2 * x - 0.5 * t)) + 2 * np.exp(-0.2 * t) * np.cos(5 * x)


def test_eigenvalues_lie_about_the_unit_circle():
    plane, rates = axes_of(Eigenvalues(EIGS, 0.5, np.array([1.0, 2.0, 2.0, 0.0])))
    circle = plane.lines[0]
    np.testing.assert_allclose(np.hypot(circle.get_xdata(), circle.get_ydata()), 1.0)
    steady, growing = (np.asarray(part.get_offsets()) for part in plane.collections)
    np.testing.assert_allclose(steady, [[0.5, 0], [0, 0.9], [0, -0.9]])
    np.testing.assert_allclose(growing, [[1.2, 0]])
    np.testing.assert_allclose(np.asarray(rates.collections[1].get_offsets()), [[0, np.log(1.2) / 0.5]])
    np.testing.assert_allclose(np.asarray(rates.collections[0].get_offsets())[1], [0.5, np.log(0.9) / 0.5])
    areas = plane.collections[0].get_sizes()
    assert areas[1] == areas[2] > areas[0] > plane.collections[1].get_sizes()[0]


def test_an_eigenvalue_of_zero_has_no_rate():
    plane, rates = axes_of(Eigenvalues(np.array([0.0, 0.5])))
    assert len(plane.collections[0].get_offsets()) == 2
    assert len(rates.collections[0].get_offsets()) == 1


def test_singular_values_and_what_a_rank_leaves_out():
    left, right = axes_of(SingularValues(np.array([4.0, 3.0, 0.0]), 1))
    np.testing.assert_array_equal(left.lines[0].get_ydata(), [4.0])
    np.testing.assert_array_equal(left.lines[1].get_ydata(), [3.0])
    np.testing.assert_allclose(right.lines[0].get_ydata(), [100 * 9 / 25])
    assert left.get_yscale() == right.get_yscale() == "log"


def test_modes_on_a_line_and_on_a_grid():
    mode = np.arange(6.0) + 1j
    (line,) = axes_of(Modes(mode[:, None], ["a"], x=np.array([5, 4, 3, 2, 1, 0])))
    np.testing.assert_array_equal(line.lines[0].get_xdata(), np.arange(6))
    np.testing.assert_array_equal(line.lines[0].get_ydata(), mode.real[::-1])
    np.testing.assert_array_equal(line.lines[1].get_ydata(), np.ones(6))
    real, imaginary = axes_of(Modes(mode[:, None], ["a"], (2, 3)))
    np.testing.assert_array_equal(real.images[0].get_array(), mode.real.reshape(2, 3))
    np.testing.assert_array_equal(imaginary.images[0].get_array(), np.ones((2, 3)))
    assert real.images[0].get_clim() == (-np.abs(mode).max(), np.abs(mode).max())


def test_dynamics_in_time():
    t = np.linspace(0, 3, 50)
    (axis,) = axes_of(Dynamics(t, np.exp((1j - 0.1) * t)[None], ["a"]))
    np.testing.assert_allclose(axis.lines[0].get_ydata(), np.exp(-0.1 * t) * np.cos(t))


def test_pictures_of_a_model():
    X = waves()
    model = DMD(3).fit(X, dt=0.1)
    eigenvalues, singular, modes, dynamics = pictures_of(model, most=2)
    assert eigenvalues.dt == 0.1
    assert singular.rank == 3
    assert modes.modes.shape == (60, 2)
    assert modes.names == dynamics.names == ["mode 0: growth \u22120.2", "mode 1: growth 0, 0.5 turns"]
    np.testing.assert_allclose(dynamics.t[[0, -1]], [0.0, 4.9])
    np.testing.assert_allclose(dynamics.values[:, 0], model.amplitudes[:2], rtol=1e-12)
    both = pictures_of(DMD(3).fit(X * np.exp(0.3j * np.arange(50)), dt=0.1))
    assert both[2].modes.shape == (60, 3)


def test_pictures_that_do_not_fit():
    model = DMD(3).fit(waves())
    with pytest.raises(ValueError, match=r"shape: is \(7, 9\), expected \(rows, columns\) with 60 points"):
        pictures_of(model, shape=(7, 9))
    with pytest.raises(ValueError, match=r"x: has shape \(3,\), expected \(60,\)"):
        pictures_of(model, x=[1, 2, 3])
    for wrong in (7, (60,), (-6, -10), (7.5, 8)):
        with pytest.raises(ValueError, match="shape: is"):
            pictures_of(model, shape=wrong)
    for wrong in (["a"] * 60, [np.nan] * 60):
        with pytest.raises(ValueError, match="x: h"):
            pictures_of(model, x=wrong)
    for wrong in (-1, "two", True):
        with pytest.raises(ValueError, match="most: is"):
            pictures_of(model, most=wrong)
    with pytest.raises(ValueError, match="not fitted yet"):
        pictures_of(DMD())
    with pytest.raises(TypeError, match="model: is of type int"):
        pictures_of(3)


@pytest.mark.parametrize(
    ("X", "options"),
    [
        (waves(), {"shape": (6, 10)}),
        (waves() * 1j, {"x": np.linspace(0, 1, 60)}),
        (np.zeros((60, 5)), {}),
        (np.eye(60)[:, :9], {}),
    ],
)
def test_files_are_written(X, options, tmp_path):
    path = tmp_path / "model.png"
    draw(pictures_of(DMD(3).fit(X), **options), "a model", path)
    image = matplotlib.image.imread(path)
    assert image.shape[1] == 1650
    assert image[..., :3].std() > 0.02


@pytest.mark.parametrize("count", [1, 2, 4, 6])
def test_the_legend_of_the_modes_stands_beside_them(count):
    modes = np.exp(1j * np.linspace(0, 20, 200))[:, None] * np.ones(count)
    with matplotlib.rc_context(STYLE):
        figure = compose(Modes(modes, [f"mode {place}: growth 0.00193, 0.00884 turns" for place in range(count)]), "")
        FigureCanvasAgg(figure).draw()
    legend = figure.get_axes()[-1].get_legend().get_window_extent()
    assert not any(legend.overlaps(axis.get_window_extent()) for axis in figure.get_axes())
    assert legend.x1 <= figure.bbox.x1
    titles = [axis._left_title.get_window_extent() for axis in figure.get_axes()]
    assert not any(left.overlaps(right) for left, right in pairwise(titles))


def test_growth_of_rounding_is_drawn_as_none():
    _, rates = axes_of(Eigenvalues(np.exp(np.array([0.3j, -0.3j, 0.0])) * (1.0 + 1e-13)))
    np.testing.assert_array_equal(np.asarray(rates.collections[0].get_offsets())[:, 1], 0.0)
