"""Modules: shapes, names, initial values, and what is called."""

import pickle

import numpy as np
import pytest

import nn
import viz
from autograd import Chain, Value, array, assign, constant, grads, values
from tests.test_saved_models import Odd


def test_parameters_are_named_by_their_way_from_the_model():
    model = nn.MLP(2, [3, 1], rng=0)
    names = [name for name, _ in model.named_parameters()]
    assert names[:3] == ["layers.0.w[0,0]", "layers.0.w[0,1]", "layers.0.w[1,0]"]
    assert names[-1] == "layers.1.b[0]"
    assert len(names) == len(model.parameters()) == 2 * 3 + 3 + 3 + 1


def test_a_shared_parameter_is_listed_once():
    class Tied(nn.Module):
        def __init__(self):
            self.a = self.b = Value(1.0)
            self.fixed = constant(2.0)
            self.parts = {"layer": nn.Neuron(1, bias=False, rng=0)}

    assert [name for name, _ in Tied().named_parameters()] == ["a", "parts.layer.w[0]"]


def test_zero_grad_forgets_every_gradient():
    model = nn.MLP(2, [2, 1], rng=0)
    model([1.0, 2.0]).backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_a_layer_is_the_matrix_product_and_equals_its_neurons():
    layer = nn.Layer(3, 2, "tanh", rng=1)
    x = np.array([0.5, -1.0, 2.0])
    expected = np.tanh(values(layer.w) @ x + values(layer.b))
    np.testing.assert_allclose(values(layer(x)), expected, rtol=1e-14)
    for k in range(2):
        neuron = nn.Neuron(3, "tanh", rng=0)
        neuron.w, neuron.b = layer.w[k], layer.b[k]
        assert neuron(x).data == layer(x)[k].data


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("identity", lambda a: a),
        ("sigmoid", lambda a: 1 / (1 + np.exp(-a))),
        ("tanh", np.tanh),
        ("relu", lambda a: np.maximum(a, 0)),
        ("leaky_relu", lambda a: np.where(a > 0, a, 0.01 * a)),
        ("step", lambda a: (a > 0) * 1.0),
        ("softmax", lambda a: np.exp(a) / np.exp(a).sum()),
    ],
)
def test_every_activation_is_its_formula(name, expected):
    layer = nn.Layer(4, 3, name, rng=2)
    x = np.array([1.0, -0.5, 0.25, 2.0])
    np.testing.assert_allclose(values(layer(x)), expected(values(layer.w) @ x), rtol=1e-14)


def test_an_activation_may_be_a_function():
    layer = nn.Layer(1, 1, lambda a: a * a, bias=False, rng=0)
    assert layer([2.0]).data == pytest.approx((2 * values(layer.w)[0, 0]) ** 2)


def test_a_model_with_one_output_returns_a_value():
    assert isinstance(nn.MLP(2, [3, 1], rng=0)([1.0, 2.0]), Value)
    assert nn.MLP(2, [1, 2], rng=0)([1.0, 2.0]).shape == (2,)


def test_a_layer_follows_one_of_a_single_unit():
    first, second = nn.Layer(3, 1, rng=0), nn.Layer(1, 2, rng=1)
    y = Chain(first, second)([1.0, -2.0, 0.5])
    assert values(y).tolist() == values(second([first([1.0, -2.0, 0.5])])).tolist()
    assert nn.MLP(1, [2, 1], rng=0)(0.5).data == nn.MLP(1, [2, 1], rng=0)([0.5]).data
    assert nn.Neuron(1, rng=0)(Value(0.5)).data == nn.Neuron(1, rng=0)([0.5]).data


def test_the_layers_of_a_chain_are_parts_of_its_module():
    class Model(nn.Module):
        def __init__(self):
            self.chain = Chain(hidden=nn.Layer(2, 3, rng=0), out=nn.Layer(3, 1, rng=1))

    assert list(Model().state()) == ["chain.hidden.w", "chain.hidden.b", "chain.out.w", "chain.out.b"]


def test_calling_a_model_opens_a_scope_a_layer_and_a_neuron():
    y = nn.MLP(2, [3, 2], rng=0)([1.0, 2.0])
    assert y[1].scope == "layer2/neuron2"
    hidden = y[0].parents[0].parents[3]  # of a sum's dot product: three weights, then three units
    assert hidden.scope == "layer1/neuron1"
    assert nn.Neuron(1, rng=0)([1.0]).scope == "neuron"


def test_plain_input_becomes_inputs_and_values_stay_themselves():
    model = nn.MLP(2, [1], rng=0)
    x = array([1.0, 2.0], "features", "input")
    model(x).backward()
    np.testing.assert_allclose(grads(x), values(model.layers[0].w)[0])
    leaves = model([1.0, 2.0]).parents[0].parents
    assert [v.name for v in leaves if v.role == "input"] == ["x[0]", "x[1]"]


def test_glorot_keeps_to_its_limit_and_he_to_its_variance():
    tanh = values(nn.Layer(50, 30, "tanh", rng=0).w)
    assert np.abs(tanh).max() <= np.sqrt(6 / 80)
    assert tanh.std() == pytest.approx(np.sqrt(2 / 80), rel=0.05)
    assert values(nn.Layer(50, 30, "relu", rng=0).w).std() == pytest.approx(np.sqrt(2 / 50), rel=0.05)


def test_the_same_seed_gives_the_same_network():
    one, two = (values(nn.MLP(3, [4, 2], rng=5).parameters()) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert (one != values(nn.MLP(3, [4, 2], rng=6).parameters())).any()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.MLP(2, [2], rng=0)([1.0]), ValueError, "takes 2 inputs; got 1"),
        (lambda: nn.MLP(2, [2], rng=0)(np.ones((5, 2))), ValueError, "nn.predict"),
        (lambda: nn.Neuron(2, rng=0)(1.0), ValueError, "a single number"),
        (lambda: nn.MLP(2, 3), ValueError, r"such as \[5, 3\]"),
        (lambda: nn.MLP(2, [3, 2], activation="softmax"), ValueError, "output='softmax'"),
        (lambda: nn.Neuron(2, "softmax"), ValueError, "several outputs"),
        (lambda: nn.Layer(0, 2), ValueError, "at least 1"),
        (lambda: nn.Layer(2, 2, "sigmiod"), ValueError, "identity, sigmoid"),
        (lambda: nn.Layer(2, 2, rng="0"), TypeError, "Generator or a seed"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_an_activation_that_loses_the_graph_is_refused():
    with pytest.raises(TypeError, match="returned a plain number"):
        nn.MLP(2, [3, 1], activation=np.float64, rng=0)([1.0, 2.0])


def test_a_model_survives_pickling():
    model = nn.MLP(2, [3, 1], rng=0)
    again = pickle.loads(pickle.dumps(model))
    assert again([1.0, 2.0]).data == model([1.0, 2.0]).data


def test_a_bias_as_a_weight_w_0_on_x_0_equals_a_bias_of_its_own():
    """The lecture writes both: the sum from i = 0 with x_0 = 1, and w·x + b."""
    apart, within = nn.MLP(2, [3, 2], rng=0), nn.MLP(3, [3, 2], bias=False, rng=0)
    for layer, b in zip(apart.layers, ([0.5, -1.0, 2.0], [0.1, -0.3]), strict=True):
        assign(layer.b, b)
    first, second = within.layers[0], nn.Layer(4, 2, "identity", bias=False)
    for layer, other in zip((first, second), apart.layers, strict=True):
        assign(layer.w, np.column_stack([values(other.b), values(other.w)]))
    x = [0.7, -1.3]
    z = first([1.0, *x])
    y = second([1.0, *z])
    np.testing.assert_allclose(values(y), values(apart(x)), rtol=1e-15)
    nn.cross_entropy(y, 1).backward()
    nn.cross_entropy(apart(x), 1).backward()
    for layer, other in zip((first, second), apart.layers, strict=True):
        np.testing.assert_allclose(grads(layer.w[:, 0]), grads(other.b), rtol=1e-14)
        np.testing.assert_allclose(grads(layer.w[:, 1:]), grads(other.w), rtol=1e-14)


def test_a_threshold_network_can_be_evaluated_and_drawn():
    line = nn.Neuron(2, "step", rng=0)
    assign(line.w, [1.0, 1.0])
    line.b.data = -1.5
    np.testing.assert_array_equal(nn.predict(line, nn.datasets.xor()[0]), [0, 0, 0, 1])  # and
    y = line([1.0, 1.0])
    assert "step" in viz.draw(y).svg
    y.backward()
    np.testing.assert_array_equal(grads(line.w), [0.0, 0.0])


def test_every_module_says_how_many_parameters_it_has():
    assert repr(nn.MLP(2, [3, 1], rng=0)) == "MLP(2 → 3 sigmoid → 1 identity, 13 parameters)"
    assert repr(nn.Neuron(1, bias=False, rng=0)) == "Neuron(1 → 1 sigmoid, 1 parameter)"
    assert repr(Odd()).splitlines()[:3] == ["Odd(18 parameters)", "  alone", "  file (2, 3)"]
