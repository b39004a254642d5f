"""The units and stages of a model, found in its graph for the live page."""

import pytest

import nn
from autograd import Value, array, relu, tanh
from viz.page.units import stages, units

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


def test_the_units_of_a_network_are_found_in_its_graph():
    model = nn.MLP(2, [3, 2], "tanh", rng=0)
    x = array([1.0, 2.0], "x", "input")
    found = units(x.tolist(), model(x).tolist())
    assert [(u.layer, u.activation, len(u.weights)) for u in found] == [
        (0, "input", 0), (0, "input", 0), *[(1, "tanh", 2)] * 3, *[(2, "add", 3)] * 2
    ]  # fmt: skip
    assert found[3].weights[1] == (found[1], model.layers[0].w[1, 1])
    assert found[3].bias is model.layers[0].b[1]


def test_a_softmax_after_the_last_layer_leaves_its_units():
    model = nn.MLP(2, [3, 2], output="softmax", rng=0)
    x = array([1.0, 2.0], "x", "input")
    assert [u.layer for u in units(x.tolist(), model(x).tolist())] == [0, 0, 1, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("after", "plain", "bias"),
    [
        (lambda a, b: a, True, False), (lambda a, b: a + b, True, True), (lambda a, b: b + a, True, True),
        (lambda a, b: tanh(a + b), True, True), (lambda a, b: tanh(a), True, False), (lambda a, b: a - b, False, False),
        (lambda a, b: a * b, False, False), (lambda a, b: 2 * tanh(a + b), False, True), (lambda a, b: tanh(tanh(a)), False, False),
        (lambda a, b: tanh(a) + b, False, False), (lambda a, b: a + 1.0, False, False),
    ],
)  # fmt: skip
def test_a_unit_is_plain_where_it_is_an_activation_of_a_sum_and_a_bias(after, plain, bias):
    x, w, b = array([1.0, 2.0], "x", "input"), array([0.5, 0.1], "w"), Value(0.0, "b")
    *_, unit = units(x.tolist(), [after(w @ x, b)])
    assert (unit.plain, unit.bias is b) == (plain, bias)


def test_a_unit_that_takes_a_sum_before_its_activation_is_not_plain():
    x, w, v = array([1.0, 2.0], "x", "input"), array([[0.5, 0.1]], "w"), array([2.0], "v")
    before = w @ x
    *_, second = units(x.tolist(), [v @ before + 0 * tanh(before[0])])
    assert not second.plain


def test_what_has_no_layers_has_no_units():
    x, w = array([1.0, 2.0], "x", "input"), Value(2.0, "w")
    assert units(x.tolist(), [tanh(w * x[0]) + relu(x[1])]) == []


def test_without_scopes_the_stages_are_the_operations():
    x, w = array([1.0, 2.0], "x", "input"), Value(2.0, "w")
    found = stages(x.tolist(), [tanh(w * x[0]) + relu(x[1])])
    assert [(s.name, s.layer, [t.name for t in s.sources]) for s in found] == [
        ("x", 0, []), ("×", 1, ["x"]), ("tanh", 2, ["×"]), ("relu", 1, ["x"]), ("+", 3, ["tanh", "relu"])
    ]  # fmt: skip
    assert [s.own for s in found] == [[], [w], [], [], []]
