"""Pictures of models hold what they were given."""

import matplotlib.image
import numpy as np
import pytest

from fastsci.sparse.model_plot import Coefficients, ErrorCurve, Fit, Simulation, compose, draw

TIMES = np.linspace(0.0, 6.0, 120)
STATES = np.stack([np.sin(TIMES), np.cos(TIMES), TIMES], axis=1)
NAMES = ["x", "v", "s"]


def axes_of(*pictures):
    return compose(list(pictures), "title").get_axes()


def curve(n_states):
    thresholds = np.repeat(np.geomspace(0.01, 1.0, 7)[:, np.newaxis], n_states, axis=1)
    n_terms = np.repeat(np.arange(7, 0, -1)[:, np.newaxis], n_states, axis=1)
    taken = np.stack([thresholds[3], n_terms[3], 0.1 / n_terms[3]])
    return ErrorCurve([f"x{i}" for i in range(n_states)], thresholds, n_terms, 0.1 / n_terms, taken, -1.0 * n_terms)


def test_a_fit_shows_data_model_and_residuals():
    axes = axes_of(Fit(NAMES, TIMES, STATES, 0.9 * STATES))
    assert len(axes) == 6
    for place, name in enumerate(NAMES):
        left, right = axes[2 * place : 2 * place + 2]
        assert left.get_ylabel() == f"d{name}/dt"
        np.testing.assert_array_equal(left.lines[0].get_ydata(), STATES[:, place])
        np.testing.assert_array_equal(left.lines[1].get_ydata(), 0.9 * STATES[:, place])
        np.testing.assert_allclose(right.lines[0].get_ydata(), 0.1 * STATES[:, place], atol=1e-15)
        rms = np.sqrt(np.mean((0.1 * STATES[:, place]) ** 2))
        assert right.get_title(loc="right") == f"rms {rms:.3g}"


def test_long_series_are_thinned_to_what_can_be_seen():
    t = np.linspace(0.0, 1.0, 50_001)
    axes = axes_of(Fit(["x"], t, t[:, np.newaxis], t[:, np.newaxis]))
    assert [len(axis.lines[0].get_xdata()) for axis in axes] == [2000, 1924]
    assert axes[0].get_title(loc="left") == "derivatives, the first 2,000 samples"


def test_iterations_of_a_map_are_dots():
    k = np.arange(500)
    states = np.stack([np.sin(k), np.cos(k)], axis=1)
    left = axes_of(Fit(["x", "y"], k, states, states, "next {}", "k", joined=False))[0]
    assert (len(left.lines[0].get_xdata()), left.lines[0].get_marker()) == (150, ".")
    *_, portrait = axes_of(Simulation(["x", "y"], k, states, states, "k", joined=False))
    assert [line.get_linestyle() for line in portrait.lines] == ["None", "None"]
    assert len(portrait.lines[1].get_xdata()) == 500


def test_a_curve_marks_the_model_that_was_taken():
    error, terms, criterion = axes_of(curve(2))
    assert error.get_yscale() == "log"
    assert [line.get_xdata().tolist() for line in error.lines if line.get_marker() == "o"] == [[4], [4]]
    assert [line.get_ydata().tolist() for line in error.lines if line.get_marker() == "o"] == [[0.025], [0.025]]
    assert terms.get_xscale() == "log"
    assert min(line.get_ydata().min() for line in criterion.lines) == 0.0


def test_a_matrix_shows_values_with_their_errors_and_shares():
    coef = np.array([[0.0, -2.5, 4e-4], [1.0, 0.0, 0.0]])
    stderr = np.array([[0.0, 0.03, 3e-4], [2.0, 0.0, 0.0]])
    inclusion = np.array([[0.0, 1.0, 0.25], [0.6, 0.0, 0.0]])
    axes = axes_of(Coefficients(["x", "v"], ["1", "x", "x v"], coef, stderr, inclusion))
    shown = {text.get_text() for axis in axes for text in axis.texts}
    assert shown == {"\u22122.50\n± 0.03", "4e-04\n± 3e-04", "1\n± 2", "1", ".25", ".60"}
    bars = next(axis for axis in axes if axis.get_ylabel() == "standard error (%)")
    assert [label.get_text() for label in bars.get_xticklabels()] == ["x: x", "x: x v", "v: 1"]


def test_a_simulation_that_explodes_keeps_the_limits_of_the_data():
    wild = STATES.copy()
    wild[40:] = 1e9
    wild[60:] = np.nan
    *rows, portrait = axes_of(Simulation(NAMES, TIMES, STATES, wild))
    assert len(rows) == 3
    for place, axis in enumerate(rows):
        low, high = axis.get_ylim()
        assert low < STATES[:, place].min() < STATES[:, place].max() < high < 10
    assert portrait.get_xlim()[1] < 10


@pytest.mark.parametrize("n_states", [1, 9])
def test_any_number_of_states_is_drawn(tmp_path, n_states):
    names = [f"x{i}" for i in range(n_states)]
    states = np.sin(TIMES[:, np.newaxis] + np.arange(n_states))
    many = Coefficients(names, [f"term {k}" for k in range(70)], np.ones((n_states, 70)))
    pictures = [Fit(names, TIMES, states, states), Simulation(names, TIMES, states, states), curve(n_states), many]
    for place, picture in enumerate(pictures):
        path = tmp_path / f"{place}.png"
        draw(picture, "any", path)
        image = matplotlib.image.imread(path)
        assert image.shape[1] == 1650
        assert image[..., :3].std() > 0.01
