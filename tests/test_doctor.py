"""diagnose: every complaint is found where it was made, named with its remedy, and nowhere else."""

import re

import numpy as np
import pytest

import nn
from autograd import Value, array, assign, log_softmax, refusals, values

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


# --- numbers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "depth", "scale", "kind"),
    [
        ("relu", 1, 1.0, "dead"),
        ("sigmoid", 1, 300.0, "saturated"),
        ("tanh", 2, 200.0, "saturated"),
        ("sigmoid", 9, 1.0, "vanishing"),
        ("tanh", 12, 0.2, "vanishing"),
        ("leaky_relu", 5, 40.0, "exploding"),
    ],
)
def test_the_numbers_of_a_diagnosis_are_those_of_backward_row_by_row(activation, depth, scale, kind):
    X, Y = nn.datasets.two_moons(100)
    model, loss = nn.MLP(2, [4] * depth + [1], activation, rng=0), nn.binary_cross_entropy_with_logits
    for layer in model.layers:
        assign(layer.w, scale * values(layer.w))
    if kind == "dead":  # on in one row of a hundred
        assign(model.layers[0].b, -np.sort(X @ values(model.layers[0].w).T, axis=0)[-2] - 1e-9)
    flat, adjoints = [], []  # by row, layer and unit: whether nearly no gradient passes, and what arrives
    for x, y in zip(X, Y, strict=True):
        stages = [x := np.atleast_1d(layer(x)) for layer in model.layers]
        loss(stages[-1][0], y).backward()
        steepest = {"relu": 1.0, "sigmoid": 0.25, "tanh": 1.0, "leaky_relu": 1.0}[activation]
        flat.append([[abs(v.partials[0]) < 0.01 * steepest for v in stage] for stage in stages[:-1]])
        adjoints.append([np.mean([abs(adjoint(v)) for v in stage]) for stage in stages])
    found = [finding for finding in nn.diagnose(model, X, Y, loss) if finding.kind == kind]
    assert found
    for finding in found:
        if kind in ("dead", "saturated"):
            layer, unit = re.fullmatch(r"layer(\d+)/neuron(\d+)", *finding.where).groups()
            assert f"on {np.mean(flat, axis=0)[int(layer) - 1][int(unit) - 1]:.0%} of the rows" in finding
        else:
            first, *_, last = np.mean(adjoints, axis=0)
            assert f"{last:.2g} in layer{depth + 1}, {first:.2g} in layer1" in finding


def adjoint(v):
    """∂loss/∂v, or that of its operand where an activation may be off."""
    return v.parents[0].grad if v.op.name in nn.doctor.OFF else v.grad
