"""diagnose: every complaint is found where it was made, named with its remedy, and nowhere else."""

from contextlib import nullcontext

import numpy as np
import pytest

import nn
from autograd import (
    Chain,
    Value,
    array,
    assign,
    log_softmax,
    maximum,
    refusals,
    relu,
    scope,
    sigmoid,
    sum as total,
    values,
)

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

X, Y = nn.datasets.two_moons(100)
LOGITS = nn.binary_cross_entropy_with_logits


def kinds_of(found):
    return [finding.kind for finding in found]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "leaky_relu", "identity"])
@pytest.mark.parametrize("sizes", [[8], [8, 8, 8]])
@pytest.mark.parametrize("trained", [False, True])
def test_a_healthy_network_has_no_complaint(activation, sizes, trained):
    model = nn.MLP(2, [*sizes, 1], activation, rng=0)
    if trained:
        nn.fit(model, X, Y, LOGITS, nn.Adam(model.parameters(), 0.02), 200, progress=False)
    assert nn.diagnose(model, X, Y, LOGITS) == []


def test_a_unit_alone_and_a_softmax_layer_are_healthy():
    assert nn.diagnose(nn.Neuron(2, "identity", rng=0), X, Y, LOGITS) == []
    assert nn.diagnose(nn.Layer(2, 2, "identity", rng=0), X, Y, nn.cross_entropy) == []
    assert nn.diagnose(nn.Layer(2, 2, "softmax", rng=0), X, Y, nn.binary_cross_entropy) == []


def test_a_dead_relu_is_named_with_its_share_of_rows():
    model = nn.MLP(2, [3, 1], "relu", rng=0)
    assign(model.layers[0].b, [0.0, -50.0, 0.0])
    (found,) = nn.diagnose(model, X, Y, LOGITS)
    assert (found.kind, found.where) == ("dead", ("layer1/neuron2",))
    assert found.startswith("layer1/neuron2 is off on 100% of the rows")
    assert "leaky_relu" in found
    model.layers[0].b[1].data = -values(model.layers[0].w[1]) @ X[np.argmax(X @ values(model.layers[0].w[1]))] + 1e-9
    (found,) = nn.diagnose(model, X, Y, LOGITS)
    assert "off on 99% of the rows" in found


@pytest.mark.parametrize(("activation", "scale"), [("sigmoid", 400.0), ("tanh", 200.0)])
def test_saturated_units_are_named(activation, scale):
    model = nn.MLP(2, [3, 1], activation, rng=0)
    assign(model.layers[0].w, values(model.layers[0].w) * scale)
    found = nn.diagnose(model, X, Y, LOGITS)
    a = X @ values(model.layers[0].w).T
    with np.errstate(over="ignore"):
        slope = 1 / np.cosh(a / (2 if activation == "sigmoid" else 1)) ** 2  # as a share of the largest
    expected = [f"layer1/neuron{k + 1}" for k in range(3) if (slope[:, k] < 0.01).mean() >= 0.9]
    assert expected
    assert [f.where[0] for f in found if f.kind == "saturated"] == expected
    assert all("smaller weights" in f for f in found if f.kind == "saturated")


def test_an_output_that_saturates_is_named_too():
    unit = nn.Neuron(2, "sigmoid", rng=0)
    unit.b.data = 30.0
    (found,) = nn.diagnose(unit, X, Y, nn.mse)
    assert (found.kind, found.where) == ("saturated", ("neuron",))


class Loose(nn.Module):
    def __init__(self):
        self.used, self.unused = nn.Neuron(2, "identity", rng=0), nn.Neuron(2, "identity", rng=0)

    def __call__(self, x):
        return self.used(x)


def test_parameters_without_a_part_are_named():
    (found,) = nn.diagnose(Loose(), X, Y, LOGITS)
    assert isinstance(found, str)
    assert (found.kind, found.where) == ("absent", ("unused.w[0]", "unused.w[1]", "unused.b"))
    assert "unused.w[0], unused.w[1] and 1 more" in found


def test_parameters_behind_a_threshold_are_named():
    model = nn.MLP(2, [2, 1], "step", rng=0)
    (found,) = nn.diagnose(model, X, Y, LOGITS)
    assert found.kind == "unmoved"
    assert found.where == tuple(name for name, _ in model.named_parameters() if name.startswith("layers.0"))
    assert "step, whose gradient is 0 everywhere" in found


def test_what_a_threshold_holds_is_named_without_a_module_too():
    w, spare = array([1.0, -1.0], "w"), Value(0.5)
    (found,) = nn.diagnose(lambda x: (w @ x + spare).step() * Value(2.0, "u"), X, Y, nn.mse)
    assert (found.kind, found.where) == ("unmoved", ("w[0]", "w[1]", refusals.described(spare)))


@pytest.mark.parametrize("weight", [0.5, 0.0])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "identity"])
def test_units_that_start_alike_are_named(activation, weight):
    model = nn.MLP(2, [3, 1], activation, rng=0)
    for layer in model.layers:
        assign(layer.w, np.full(layer.w.shape, weight))
    found = [f for f in nn.diagnose(model, X, Y, LOGITS) if f.kind == "identical"]
    assert [f.where for f in found] == [("layer1/neuron1", "layer1/neuron2", "layer1/neuron3")]
    assert "random weights" in found[0]
    nn.fit(model, X, Y, LOGITS, nn.SGD(model.parameters(), 0.1), 50, progress=False)
    np.testing.assert_allclose(values(model.layers[0].w[0]), values(model.layers[0].w[1]), rtol=1e-12)


def test_units_that_differ_in_the_sign_of_a_zero_alone_are_alike():
    model = nn.MLP(1, [2, 1], "tanh", bias=False, rng=0)
    assign(model.layers[0].w, [[1.0], [-1.0]])
    assign(model.layers[1].w, [[0.5, 0.5]])
    (found,) = nn.diagnose(model, [[0.0], [0.0]], [1, 0], nn.binary_cross_entropy_with_logits)
    assert (found.kind, found.where) == ("identical", ("layer1/neuron1", "layer1/neuron2"))


def test_one_infinite_unit_makes_no_others_alike():
    model = nn.MLP(1, [3, 1], "identity", bias=False, rng=0)
    assign(model.layers[0].w, [[1e308], [1.0], [2.0]])
    assign(model.layers[1].w, [[1e-308, 1.0, 1.0]])
    for others in (1.0, 1e-60):
        assign(model.layers[0].w[1:], [[others], [2 * others]])
        found = nn.diagnose(model, [[10.0], [20.0]], [0.0, 1.0], lambda y, t: y * 1e-300)
        assert "identical" not in kinds_of(found)


def test_outputs_of_equal_weights_are_not_alike_for_they_have_targets_of_their_own():
    layer = nn.Layer(2, 2, "identity", rng=0)
    assign(layer.w, np.zeros((2, 2)))
    assert nn.diagnose(layer, X, Y, nn.cross_entropy) == []


def test_softmax_twice_is_one_complaint_by_the_loss_and_by_the_graph():
    model = nn.MLP(2, [3, 2], output="softmax", rng=0)
    (found,) = nn.diagnose(model, X, Y, nn.cross_entropy)
    assert found.kind == "softmax twice"
    assert "output='identity'" in found

    def own_loss(p, y):
        return -(log_softmax(p) @ y)

    assert kinds_of(nn.diagnose(model, X, nn.one_hot(Y, 2), own_loss)) == ["softmax twice"]
    assert nn.diagnose(nn.MLP(2, [3, 2], rng=0), X, nn.one_hot(Y, 2), own_loss) == []


def test_a_gradient_that_vanishes_on_its_way_back_is_named():
    model = nn.MLP(2, [8] * 8 + [1], "sigmoid", rng=0)
    (found,) = nn.diagnose(model, X, Y, LOGITS)
    assert (found.kind, found.where) == ("vanishing", ("layer1",))
    assert "tanh or relu" in found


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


def test_a_parameter_without_a_part_does_not_hide_that_the_gradient_vanishes():
    class Deep(nn.Module):
        def __init__(self):
            self.body, self.unused = nn.MLP(2, [4] * 10 + [1], "sigmoid", rng=0), Value(1.0, "unused")

        def __call__(self, x):
            return self.body(x)

    X, Y = nn.datasets.two_moons(40)
    kinds = [found.kind for found in nn.diagnose(Deep(), X, Y, nn.binary_cross_entropy_with_logits)]
    assert kinds == ["absent", "vanishing"]


@pytest.mark.parametrize("activation", ["relu", "tanh", "leaky_relu"])
def test_units_whose_weights_are_all_0_are_alike_and_neither_dead_nor_too_deep(activation):
    X, Y = nn.datasets.two_moons(40)
    model = nn.MLP(2, [4, 1], activation, rng=0)
    assign(model.parameters(), 0.0)
    assert {found.kind for found in nn.diagnose(model, X, Y, nn.binary_cross_entropy_with_logits)} == {"identical"}


@pytest.mark.parametrize(("depth", "scale"), [(10, 50), (15, 20)])
def test_an_explosion_beyond_what_a_softmax_of_differences_bears_is_named(depth, scale):
    X, Y = nn.datasets.iris()
    model = nn.MLP(4, [8] * depth + [3], "relu", rng=0)
    for layer in model.layers:
        assign(layer.w, values(layer.w) * scale)
    found = nn.diagnose(model, (X - X.mean(axis=0)) / X.std(axis=0), Y, nn.cross_entropy)
    assert found[-1].kind == "exploding"


def test_a_gradient_that_explodes_on_its_way_back_is_named():
    model = nn.MLP(2, [8] * 4 + [1], "identity", rng=0)
    for layer in model.layers:
        assign(layer.w, values(layer.w) * 20)
    found = nn.diagnose(model, X, Y, LOGITS)
    assert [(f.kind, f.where) for f in found] == [("exploding", ("layer1",))]


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


def test_an_output_may_saturate_where_it_is_right():
    model = nn.MLP(2, [8, 1], "tanh", output="sigmoid", rng=0)
    nn.fit(model, X, Y, nn.binary_cross_entropy, nn.Adam(model.parameters(), 0.03), 1000, progress=False)
    assert nn.accuracy(model, X, Y) == 1.0
    assert nn.diagnose(model, X, Y, nn.binary_cross_entropy) == []


@pytest.mark.parametrize(
    ("target", "kinds"), [((1.0, 0.0), []), ((0.0, 1.0), ["saturated"]), ((0.5, 1.0), ["saturated"])]
)
def test_an_output_is_right_if_it_is_nearer_than_a_half_to_its_own_target(target, kinds):
    layer = nn.Layer(2, 2, "sigmoid", rng=0)
    assign(layer.b, [50.0, 0.0])  # the first output is 1
    assert kinds_of(nn.diagnose(layer, X, np.tile(target, (100, 1)), nn.mse)) == kinds


def test_a_gradient_that_underflows_has_vanished_and_tiny_weights_are_not_alike():
    deep = nn.MLP(2, [4] * 300 + [1], "sigmoid", rng=0)
    assert kinds_of(nn.diagnose(deep, X, Y, LOGITS)) == ["vanishing"]
    tiny = nn.MLP(2, [8] * 4 + [1], "identity", rng=0)
    for layer in tiny.layers:
        assign(layer.w, values(layer.w) * 1e-70)
    assert kinds_of(nn.diagnose(tiny, X, Y, LOGITS)) == ["vanishing"]


def test_an_explosion_beyond_the_floats_is_a_finding_and_no_warning():
    model = nn.MLP(2, [8] * 4 + [1], "identity", rng=0)
    for layer in model.layers:
        assign(layer.w, values(layer.w) * 1e20)
    assert "exploding" in kinds_of(nn.diagnose(model, X, Y, LOGITS))


def test_sigmoid_twice_is_said_too():
    found = nn.diagnose(nn.MLP(2, [3, 1], output="sigmoid", rng=0), X, Y, LOGITS)
    assert kinds_of(found) == ["sigmoid twice"]


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


def test_diagnose_changes_nothing():
    model = nn.MLP(2, [3, 1], "relu", rng=0)
    before = values(model.parameters())
    nn.diagnose(model, X, Y, LOGITS)
    np.testing.assert_array_equal(values(model.parameters()), before)
    assert all(v.grad is None for v in model.parameters())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"X": X[:, :1]}, "takes 2 inputs; got 1"),
        ({"Y": Y[1:]}, "100 rows of X and 99 of Y"),
        ({"Y": np.full(100, np.nan)}, "Y holds nan"),
        ({"loss": nn.hinge}, "−1 and 1"),
    ],
)
def test_data_that_do_not_fit_are_refused(change, words):
    arguments = {"model": nn.MLP(2, [3, 1], rng=0), "X": X, "Y": Y, "loss": LOGITS, **change}
    with pytest.raises(ValueError, match=words):
        nn.diagnose(**arguments)
