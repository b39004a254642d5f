"""nn: shapes, names, initial values, losses in the lecture's normalisation, gradient descent."""

import pickle

import numpy as np
import pytest

import nn
from autograd import Value, array, constant, grads, softmax, sum as total, values


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


def test_mse_is_half_the_squared_distance_and_its_gradient_the_error():
    y_hat = array([1.0, -2.0, 0.5])
    loss = nn.mse(y_hat, [0.0, 1.0, 0.5])
    assert loss.data == 0.5 * (1 + 9)
    loss.backward()
    np.testing.assert_array_equal(grads(y_hat), [1.0, -3.0, 0.0])
    one = Value(3.0)
    nn.mse(one, 1.0).backward()
    assert one.grad == 2.0


def test_hinge_is_the_margin_and_is_flat_beyond_it():
    score = array([0.25, 2.0])
    loss = nn.hinge(score, [1, 1])
    assert loss.data == 0.75
    loss.backward()
    np.testing.assert_array_equal(grads(score), [-1.0, 0.0])
    assert nn.hinge(Value(0.25), -1).data == 1.25


@pytest.mark.parametrize("y", [2, np.int64(2), [0, 0, 1], np.array([0.0, 0.0, 1.0])])
def test_cross_entropy_of_a_class_is_one_node_whose_edges_read_y_hat_minus_y(y):
    a = array([0.1, 0.4, -0.3])
    loss = nn.cross_entropy(a, y)
    shares = np.exp(values(a)) / np.exp(values(a)).sum()
    assert loss.data == pytest.approx(-np.log(shares[2]), rel=1e-14)
    assert loss.parents == tuple(a)
    np.testing.assert_allclose(loss.partials, shares - [0, 0, 1], rtol=1e-14)


def test_cross_entropy_of_a_spread_target_is_its_mean_over_classes():
    a = array([0.1, 0.4, -0.3])
    spread = nn.cross_entropy(a, [0.25, 0.75, 0.0])
    assert spread.data == pytest.approx(0.25 * nn.cross_entropy(a, 0).data + 0.75 * nn.cross_entropy(a, 1).data)
    targets = array([0.0, 1.0, 0.0], role="input")
    assert nn.cross_entropy(a, targets).data == pytest.approx(nn.cross_entropy(a, 1).data)


def test_cross_entropy_is_exact_at_a_thousand():
    loss = nn.cross_entropy([Value(1000.0), Value(-1000.0)], 0)
    assert (loss.data, loss.partials) == (0.0, (0.0, 0.0))
    assert nn.cross_entropy([Value(1000.0), Value(-1000.0)], 1).data == 2000.0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.cross_entropy(softmax(array([1.0, 2.0])), 0), ValueError, "come from softmax"),
        (lambda: nn.cross_entropy(array([1.0, 2.0]), 2), ValueError, "class 2 of 2"),
        (lambda: nn.cross_entropy(array([1.0, 2.0]), -1), ValueError, "class -1 of 2"),
        (lambda: nn.cross_entropy(array([1.0, 2.0]), 1.0), TypeError, "whole number"),
        (lambda: nn.cross_entropy(array([1.0, 2.0]), [1.0, 1.0]), ValueError, "sum 1"),
        (lambda: nn.cross_entropy(array([1.0, 2.0]), [2.0, -1.0]), ValueError, "one-hot"),
        (lambda: nn.cross_entropy(array([1.0, 2.0]), [1.0, 0.0, 0.0]), ValueError, "2 logits and 3 targets"),
        (lambda: nn.cross_entropy(Value(1.0), 0), ValueError, "at least two logits"),
        (lambda: nn.mse(array([1.0, 2.0]), [1.0]), ValueError, r"\(2,\).*\(1,\)"),
        (lambda: nn.mse(array([1.0]), [np.nan]), ValueError, "numbers as targets"),
        (lambda: nn.mse([], []), ValueError, "empty"),
        (lambda: nn.hinge(Value(1.0), 0), ValueError, "−1 and 1"),
        (lambda: nn.one_hot([0.0], 2), TypeError, "whole-number"),
        (lambda: nn.one_hot([2], 2), ValueError, "from 0 to 1"),
        (lambda: nn.MLP(2, [2], rng=0)([1.0]), ValueError, "takes 2 inputs; got 1"),
        (lambda: nn.MLP(2, [2], rng=0)(np.ones((5, 2))), ValueError, "nn.predict"),
        (lambda: nn.Neuron(2, rng=0)(1.0), ValueError, "a single number"),
        (lambda: nn.MLP(2, 3), ValueError, r"such as \[5, 3\]"),
        (lambda: nn.MLP(2, [3, 2], activation="softmax"), ValueError, "output='softmax'"),
        (lambda: nn.Neuron(2, "softmax"), ValueError, "several outputs"),
        (lambda: nn.Layer(0, 2), ValueError, "at least 1"),
        (lambda: nn.Layer(2, 2, "sigmiod"), ValueError, "identity, sigmoid"),
        (lambda: nn.Layer(2, 2, rng="0"), TypeError, "Generator or a seed"),
        (lambda: nn.SGD([], 0.1), TypeError, "leaves"),
        (lambda: nn.SGD([Value(1.0) * 2], 0.1), TypeError, "leaves"),
        (lambda: nn.SGD([Value(1.0)], 0.0), ValueError, "lr > 0"),
        (lambda: nn.SGD([Value(1.0)], 0.1).step(), ValueError, "backward"),
        (lambda: nn.predict(nn.Neuron(2, rng=0), [1.0, 2.0]), ValueError, "rows of data"),
        (lambda: nn.accuracy(nn.Neuron(1, rng=0), [[1.0]], [1, 0]), ValueError, "1 rows"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_sgd_is_the_lectures_update():
    w, unused = Value(1.0), Value(7.0)
    (3 * w).backward()
    nn.SGD([w, unused], lr=0.1).step()
    assert (w.data, unused.data) == (1.0 - 0.1 * 3.0, 7.0)


def test_sgd_with_momentum_and_weight_decay_is_pytorchs():
    torch = pytest.importorskip("torch")
    w = array([1.0, -2.0])
    theirs = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    ours = nn.SGD([w], lr=0.1, momentum=0.9, weight_decay=0.01)
    reference = torch.optim.SGD([theirs], lr=0.1, momentum=0.9, weight_decay=0.01)
    for k in range(50):
        if k == 25:
            ours.lr = reference.param_groups[0]["lr"] = 0.05
        ours.zero_grad()
        total(w**2).backward()
        ours.step()
        reference.zero_grad()
        (theirs**2).sum().backward()
        reference.step()
    np.testing.assert_allclose(values(w), theirs.detach().numpy(), rtol=1e-12)


def test_iris_is_fishers_data_as_scikit_learn_has_it():
    reference = pytest.importorskip("sklearn.datasets").load_iris()
    X, Y = nn.datasets.iris()
    np.testing.assert_array_equal(X, reference.data)
    np.testing.assert_array_equal(Y, reference.target)


def test_a_model_equals_pytorchs_with_the_same_weights():
    torch = pytest.importorskip("torch")
    model = nn.MLP(3, [4, 2], "tanh", rng=0)
    x = np.array([0.3, -1.2, 0.7])
    nn.cross_entropy(model(x), 1).backward()
    parts = [torch.tensor(values(p), requires_grad=True) for layer in model.layers for p in (layer.w, layer.b)]
    W1, b1, W2, b2 = parts
    logits = W2 @ torch.tanh(W1 @ torch.tensor(x) + b1) + b2
    torch.nn.functional.cross_entropy(logits[None], torch.tensor([1])).backward()
    ours = [grads(p) for layer in model.layers for p in (layer.w, layer.b)]
    for mine, theirs in zip(ours, parts, strict=True):
        np.testing.assert_allclose(mine, theirs.grad.numpy(), rtol=1e-12, atol=1e-15)


def test_accuracy_of_one_output_takes_the_sign():
    model = nn.Neuron(1, "identity", bias=False, rng=0)
    model.w[0].data = 1.0
    assert nn.accuracy(model, [[1.0], [-1.0], [2.0]], [1, 0, 0]) == pytest.approx(2 / 3)


def test_accuracy_of_a_sigmoid_output_takes_a_half():
    model = nn.Neuron(1, "sigmoid", bias=False, rng=0)
    model.w[0].data = 1.0
    assert nn.accuracy(model, [[-1.0], [1.0]], [0, 1]) == 1.0


@pytest.mark.parametrize("parameters", [nn.Neuron(1, rng=0), nn.Neuron(1, rng=0).parameters])
def test_sgd_of_a_model_points_to_its_parameters(parameters):
    with pytest.raises(TypeError, match=r"model\.parameters\(\)"):
        nn.SGD(parameters, 0.1)


def test_an_activation_that_loses_the_graph_is_refused():
    with pytest.raises(TypeError, match="returned a plain number"):
        nn.MLP(2, [3, 1], activation=np.float64, rng=0)([1.0, 2.0])


def test_a_model_survives_pickling():
    model = nn.MLP(2, [3, 1], rng=0)
    again = pickle.loads(pickle.dumps(model))
    assert again([1.0, 2.0]).data == model([1.0, 2.0]).data


def test_a_parameter_given_twice_steps_once():
    w = Value(1.0)
    w.backward()
    nn.SGD([w, w], 0.1).step()
    assert w.data == 0.9


def test_a_class_that_is_ruled_out_costs_nothing_in_a_spread_target():
    loss = nn.cross_entropy([Value(-np.inf), Value(2.0), Value(2.0)], [0.0, 0.5, 0.5])
    assert loss.data == pytest.approx(np.log(2.0))


def test_accuracy_of_nan_is_refused():
    model = nn.Neuron(1, "identity", rng=0)
    model.b.data = np.nan
    with pytest.raises(ValueError, match="outputs are nan"):
        nn.accuracy(model, [[1.0]], [0])
