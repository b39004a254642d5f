"""Figures of matplotlib: what they draw is what was given."""

import numpy as np
import pytest

import nn
import viz
from autograd import Value, array, softmax
from tests.processes import child
from viz.plots import COLOURS

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

to_hex = pytest.importorskip("matplotlib.colors").to_hex

X, Y = nn.datasets.two_moons(60)


def trained():
    model = nn.MLP(2, [6, 1], "tanh", rng=0)
    history = nn.fit(
        model,
        X,
        Y,
        nn.binary_cross_entropy_with_logits,
        nn.Adam(model.parameters(), 0.05),
        60,
        progress=False,
        validation=(X[:20], Y[:20]),
    )
    return model, history


def paths(collection):
    return [p.vertices for p in collection.get_paths() if len(p.vertices)]


def test_the_boundary_of_one_output_is_where_it_is_0():
    model, _ = trained()
    (axes,) = viz.boundary(model, X, Y).axes
    (line,) = [c for c in axes.collections if len(getattr(c, "levels", ())) == 1]
    points = np.concatenate(paths(line))
    assert len(points) > 50
    assert abs(nn.predict(model, points)).max() < 0.1
    shown = [c.get_offsets() for c in axes.collections if len(c.get_offsets()) > 1]
    assert sorted(map(len, shown)) == [30, 30]
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["0", "1"]


def test_the_boundary_of_a_probability_is_where_it_is_a_half():
    unit = nn.Neuron(2, "sigmoid", rng=0)
    unit.w[0].data, unit.w[1].data, unit.b.data = 1.0, 0.0, -0.5
    (axes,) = viz.boundary(unit, X, Y).axes
    (line,) = [c for c in axes.collections if len(getattr(c, "levels", ())) == 1]
    np.testing.assert_allclose(np.concatenate(paths(line))[:, 0], 0.5, atol=1e-6)


@pytest.mark.parametrize("ending", [lambda a: a, softmax])
def test_the_regions_of_many_outputs_are_their_largest(ending):
    layer = nn.Layer(2, 3, "identity", rng=0)
    (axes,) = viz.boundary(lambda x: ending(layer(x)), X, Y, names=("width", "height")).axes
    regions = axes.collections[0]
    np.testing.assert_array_equal(regions.levels, [-0.5, 0.5, 1.5, 2.5])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("width", "height")


def colours(axes):
    """The colour of each class in the legend, and that of its points."""
    handles, labels = axes.get_legend_handles_labels()
    return {label: to_hex(handle.get_facecolor()[0]).upper() for handle, label in zip(handles, labels, strict=True)}


@pytest.mark.parametrize("classes", [(0, 1), (1, 2), (0, 2), (2,), (1.0, 2.0)])
def test_points_have_the_colour_of_the_region_of_their_class(classes):
    centres = np.array([[0.0, 4.0], [4.0, 0.0], [-4.0, -4.0]])
    y = np.array([classes[k % len(classes)] for k in range(30)])
    points = centres[y.astype(int)] + np.random.default_rng(0).normal(size=(30, 2)) * 0.3
    (axes,) = viz.boundary(lambda x: array([x[1], x[0], -x[0] - x[1]]), points, y).axes
    regions = [to_hex(c[:3]).upper() for c in axes.collections[0].get_facecolor()]
    for c, colour in colours(axes).items():
        assert colour == COLOURS[int(float(c))] == regions[int(float(c))]


@pytest.mark.parametrize(
    ("classes", "expected"),
    [((0, 1), (0, 1)), ((-1, 1), (0, 1)), ((1,), (1,)), ((0,), (0,)), ((-1,), (0,)), ((False, True), (0, 1))],
)
def test_points_of_one_output_have_the_colour_of_the_side_of_their_class(classes, expected):
    y = np.array([classes[k % len(classes)] for k in range(60)])
    (axes,) = viz.boundary(lambda x: x[0], X, y).axes
    assert list(colours(axes).values()) == [COLOURS[k] for k in expected]


def test_a_vector_of_one_output_and_rows_with_a_class_of_their_own_are_drawn():
    w = array([[1.0, -1.0]], "w")
    (axes,) = viz.boundary(lambda x: w @ x, X, np.where(Y, 1, -1)).axes
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["-1", "1"]


def test_learning_curves_are_those_of_the_histories():
    _, history = trained()
    (axes,) = viz.history(history).axes
    assert [line.get_ydata().tolist() for line in axes.lines] == [history.loss, history.validation]
    assert axes.get_yscale() == "linear"
    (axes,) = viz.history(nn.History([2.0, 0.1])).axes
    assert axes.get_yscale() == "log"  # on less than a decade a logarithmic axis has no numbers
    (axes,) = viz.history({"one": history, "none": nn.History([0.5, 0.0])}).axes
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["one", "one, validation", "none"]
    assert axes.get_yscale() == "linear"


def test_an_activation_stands_beside_its_derivative():
    figure = viz.activations(["sigmoid", "relu", lambda x: x * x])
    for axes, f, slope in zip(
        figure.axes,
        (lambda x: 1 / (1 + np.exp(-x)), lambda x: np.maximum(x, 0), lambda x: x * x),
        (lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2, lambda x: x > 0, lambda x: 2 * x),
        strict=True,
    ):
        value, derivative = axes.lines[:2]
        np.testing.assert_allclose(value.get_ydata(), f(value.get_xdata()), atol=1e-12)
        x, y = derivative.get_data()
        np.testing.assert_allclose(y[~np.isnan(y)], slope(x[~np.isnan(y)]), atol=1e-12)


def test_a_derivative_that_jumps_is_drawn_as_a_jump_and_all_activations_on_one_scale():
    figure = viz.activations(["sigmoid", "tanh", "relu", "step"])
    gaps = [int(np.isnan(axes.lines[1].get_ydata()).sum()) for axes in figure.axes]
    assert gaps == [0, 0, 1, 0]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


def test_a_descent_on_contours_takes_the_lectures_steps_and_says_which_rate_diverges():
    figure = viz.descent(lambda x: x[0] ** 2 + 5 * x[1] ** 2, [2.0, 1.0], rates=(0.05, 0.25), steps=12)
    for axes, eta in zip(figure.axes, (0.05, 0.25), strict=True):
        path = axes.lines[0].get_xydata()
        x = np.array([2.0, 1.0])
        for point in path:
            np.testing.assert_allclose(point, x, rtol=1e-12)
            x = x - eta * np.array([2.0, 10.0]) * x
    assert [axes.get_title() for axes in figure.axes] == ["η = 0.05", "η = 0.25, diverges"]


def test_a_descent_on_a_curve_stands_on_the_curve():
    figure = viz.descent(lambda x: x**4 - 3 * x**2 + x, -2.2, rates=(0.01, 0.4), steps=20)
    curve, path = figure.axes[0].lines[:2]
    x, y = path.get_xydata().T
    np.testing.assert_allclose(y, x**4 - 3 * x**2 + x, rtol=1e-12)
    np.testing.assert_allclose(curve.get_ydata(), np.polyval([1, 0, -3, 1, 0], curve.get_xdata()), rtol=1e-9, atol=1e-9)
    assert figure.axes[1].get_title() == "η = 0.4, diverges"


def test_a_descent_out_of_a_domain_is_said_to_diverge():
    figure = viz.descent(lambda x: -(x.log()), 1.0, rates=(0.1,), steps=5)
    assert len(figure.axes[0].lines[1].get_xdata()) == 6
    figure = viz.descent(lambda x: x.log() + 0.01 * x, 0.5, rates=(2.0,), steps=5)
    assert figure.axes[0].get_title() == "η = 2, diverges"


def test_a_figure_shows_itself_in_jupyter_and_is_no_open_figure():
    from matplotlib import pyplot

    figure = viz.activations(["tanh"])
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: viz.boundary(lambda x: x[0], X[:, :1], Y), ValueError, "rows of two numbers"),
        (lambda: viz.boundary(lambda x: x[0], X, Y[1:]), ValueError, "rows of two numbers"),
        (
            lambda: viz.boundary(lambda x: x, X, Y + 1),
            ValueError,
            r"the classes of 2 outputs are 0 to 1; got 2: number them so",
        ),
        (
            lambda: viz.boundary(lambda x: x[0], X, Y + 1),
            ValueError,
            "the classes of one output are 0 and 1, or −1 and 1; got 2",
        ),
        (lambda: viz.boundary(lambda x: x, X, Y / 2), ValueError, r"0 to 1; got 0\.5"),
        (lambda: viz.boundary(lambda x: x, X, np.where(Y, "a", "b")), ValueError, "0 to 1; got 'a'"),
        (lambda: viz.activations(["sigmiod"]), ValueError, "names such as 'tanh'"),
        (lambda: viz.activations([]), ValueError, "names such as 'tanh'"),
        (lambda: viz.descent(lambda x: x, [1.0, 2.0, 3.0]), ValueError, "one number or of two"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_without_matplotlib_a_figure_says_what_to_install():
    code = "import sys; sys.modules['matplotlib'] = None; sys.modules['matplotlib.figure'] = None\nimport viz\nviz.activations()"
    assert "ImportError: figures need matplotlib: pip install" in child(code).stderr


def test_a_graph_has_no_part_in_a_figure():
    w = Value(1.0, "w")
    viz.boundary(lambda x: w * x[0], X, Y)
    assert w.grad is None


def test_a_network_is_drawn_with_a_circle_for_each_unit_and_a_line_for_each_weight():
    model = nn.MLP(3, [4, 2], rng=0)
    (axes,) = viz.network(model).axes
    (circles,) = axes.collections
    weights = [v.data for layer in model.layers for v in layer.w.ravel()]
    assert len(circles.get_offsets()) == 3 + 4 + 2
    widths = [line.get_linewidth() for line in axes.lines]
    assert np.argsort(widths).tolist() == np.argsort(np.abs(weights)).tolist()
    assert [line.get_color() == "#D6604D" for line in axes.lines] == [w > 0 for w in weights]
    assert [text.get_text() for text in axes.texts] == ["x[0]", "x[1]", "x[2]"]


def test_a_function_of_parameters_is_drawn_with_an_example():
    w = array([[1.0, -2.0]], "w")
    (axes,) = viz.network(lambda x: w @ x, [0.5, 1.0]).axes
    assert len(axes.lines) == 2
    with pytest.raises(ValueError, match=r"network\(model, X\[0\]\)"):
        viz.network(lambda x: w @ x)
    with pytest.raises(TypeError, match=r"model is a Module, .*; got the class MLP"):
        viz.network(nn.MLP)
    with pytest.raises(ValueError, match=r"viz\.draw"):
        viz.network(lambda x: w[0, 0] * x[0], [0.5, 1.0])
