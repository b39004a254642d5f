"""What diagnose takes for a unit and for a layer, and what it calls them: scopes, arrays, chains and activations."""

from contextlib import nullcontext

import numpy as np
import pytest

import nn
from autograd import Chain, Value, array, assign, maximum, relu, scope, sigmoid, sum as total, values
from tests.test_doctor import LOGITS, X, Y, kinds_of

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


def test_layers_are_in_the_order_of_the_graph_not_in_that_of_their_names():
    model = nn.MLP(2, [8] * 11 + [1], "sigmoid", rng=0)
    (found,) = nn.diagnose(model, X, Y, LOGITS)
    assert found.where == ("layer1",)
    assert " in layer12, " in found


def test_a_layer_without_a_scope_is_named_by_its_first_unit():
    weights = [array(np.eye(2), f"w{k}") for k in range(12)]

    def deep(x):
        for w in weights:
            x = sigmoid(w @ x)
        return x[0] + x[1]

    (found,) = nn.diagnose(deep, X, Y, LOGITS)
    assert (found.kind, found.where) == ("vanishing", ("sigmoid of w0[0,0]",))


class Three(nn.Module):
    """Layers that share the scope's name."""

    def __init__(self, activation="relu"):
        self.one, self.two = nn.Layer(2, 3, activation, rng=0), nn.Layer(3, 3, activation, rng=1)
        self.out = nn.Layer(3, 1, "identity", rng=2)

    def __call__(self, x):
        return self.out(self.two(self.one(x)))


def test_dead_units_of_layers_of_one_name_are_all_named_and_told_apart():
    model = Three()
    model.one.b[0].data = model.two.b[2].data = -50.0
    found = nn.diagnose(model, X, Y, LOGITS)
    assert [f.where for f in found] == [("layer/neuron1 of one.w[0,0]",), ("layer/neuron3 of two.w[2,0]",)]


def test_alike_units_of_layers_of_one_name_are_found_in_the_first():
    model = Three("tanh")
    assign(model.one.w, np.full((3, 2), 0.5))
    assign(model.two.w, np.full((3, 3), 0.5))
    (found,) = nn.diagnose(model, X, Y, LOGITS)
    assert found.kind == "identical"
    assert found.where[0] == "layer/neuron1 of one.w[0,0]"


def test_a_stack_of_layers_of_one_name_loses_its_gradient_too():
    layers = [nn.Layer(2 if k == 0 else 8, 8, "sigmoid", rng=k) for k in range(8)]
    out = nn.Neuron(8, "identity", rng=9)

    def stack(x):
        for layer in layers:
            x = layer(x)
        return out(x)

    assert kinds_of(nn.diagnose(stack, X, Y, LOGITS)) == ["vanishing"]


@pytest.mark.parametrize("inside", [True, False])
def test_units_of_a_vector_are_looked_at_one_by_one(inside):
    W, b = array([[1.0, -1.0], [0.5, 1.0], [1.0, 1.0]], "W"), array([-50.0, -60.0, 0.0], "b")

    def model(x):
        with scope("hidden") if inside else nullcontext():
            return total(relu(W @ x + b))

    found = nn.diagnose(model, X, Y, LOGITS)
    name = "hidden" if inside else "relu"
    assert [f.where for f in found] == [(f"{name} of W[0,0]",), (f"{name} of W[1,0]",)]


def test_a_chain_is_looked_at_by_its_functions():
    rng = np.random.default_rng(0)
    W1, w10 = array(rng.normal(size=(4, 2)), "W1"), array([500.0, 0.0, 700.0, 0.0], "w10")
    W2 = array(rng.normal(size=(2, 4)), "W2")
    chain = Chain(f1=lambda x: W1 @ x, f2=lambda x2: x2 + w10, f3=sigmoid, f4=lambda x4: W2 @ x4)
    found = nn.diagnose(chain, X, Y, nn.cross_entropy)
    assert [(f.kind, f.where) for f in found] == [("saturated", ("f3[0]",)), ("saturated", ("f3[2]",))]


def test_a_unit_that_is_called_twice_is_dead_only_if_it_is_off_in_both_calls():
    layer = nn.Layer(2, 2, "relu", rng=0)
    assign(layer.w, np.abs(values(layer.w)))
    positive = np.abs(X) + 0.1

    def siamese(x):
        return (layer(x) - layer(-x)).sum()

    assert nn.diagnose(siamese, positive, Y, nn.mse) == []
    assign(layer.b, [-50.0, 0.0])
    (found,) = nn.diagnose(siamese, positive, Y, nn.mse)
    assert found.kind == "dead"


def test_a_model_without_units_is_healthy_or_says_what_it_does_not_use():
    class Line(nn.Module):
        def __init__(self):
            self.slope, self.height, self.spare = Value(1.0), Value(0.5), Value(0.0)

        def __call__(self, x):
            return self.slope * x[0] + self.height

    (found,) = nn.diagnose(Line(), X, Y, nn.mse)
    assert (found.kind, found.where) == ("absent", ("spare",))


def test_models_without_scopes_are_looked_at_by_their_activations():
    w = array([[1.0, -1.0], [0.5, 1.0]], "w")
    b = array([-50.0, 0.0], "b")
    found = nn.diagnose(lambda x: (w @ x + b).sum().relu() + (w[1] @ x).tanh(), X, Y, LOGITS)
    assert kinds_of(found) == ["dead"]


def test_a_relu_of_the_loss_is_no_unit():
    model = nn.Neuron(2, "identity", rng=0)
    assign(model.w, [0.0, 0.0])
    model.b.data = 2.0
    assert nn.diagnose(model, X, np.ones(100), nn.hinge) == []  # its relu is off on every row: all is learnt


def test_a_scope_of_ones_own_is_a_unit():
    model = nn.MLP(2, [2, 1], "tanh", rng=0)

    def clipped(x):
        with scope("clip"):
            return maximum(model(x), 0.0)

    assert nn.diagnose(clipped, X, Y, nn.mse) == []
