"""Recorded networks equal the eager ones: every activation, loss and architecture."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import nn
from autograd import Value, array, constant, grad, record, relu, sin, softmax, sum as total, tanh, values
from tests.row_by_row import assert_near, assert_recorded_is_eager, loss_and_gradient, outputs, stay_recorded
from tests.test_recorded_graphs import X3

ACTIVATIONS = ["identity", "sigmoid", "tanh", "relu", "leaky_relu", "step", sin, lambda a: a * a / (1 + abs(a))]


RNG = np.random.default_rng(3)


X = RNG.normal(size=(9, 4))


CLASSES = RNG.integers(0, 3, size=9)


SHARES = RNG.random(size=(9, 3))


LOSSES = {
    "mse": (nn.mse, RNG.normal(size=(9, 3))),
    "hinge": (nn.hinge, RNG.choice([-1.0, 1.0], size=(9, 3))),
    "cross_entropy of one-hot targets": (nn.cross_entropy, nn.one_hot(CLASSES, 3)),
    "cross_entropy of spread targets": (nn.cross_entropy, SHARES / SHARES.sum(axis=1, keepdims=True)),
}


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: a if isinstance(a, str) else "own")
@pytest.mark.parametrize("loss", LOSSES)
def test_every_activation_trains_with_every_loss_as_it_does_eagerly(activation, loss, monkeypatch):
    criterion, Y = LOSSES[loss]
    for sizes in ([3], [5, 3], [4, 1, 6, 3]):
        model = nn.MLP(4, sizes, activation, rng=1)
        program = assert_recorded_is_eager(lambda x, y, model=model: criterion(model(x), y), X, Y)
        assert set(program.parameters) <= set(model.parameters())
        stay_recorded(program, monkeypatch).backward(X, Y)


@pytest.mark.parametrize("output", ["sigmoid", "tanh", "softmax", "relu", "leaky_relu", "step"])
def test_every_output_activation_is_recorded(output):
    model = nn.MLP(4, [5, 3], output=output, rng=2)
    assert_recorded_is_eager(lambda x, y: nn.mse(model(x), y), X, LOSSES["mse"][1])
    assert_near(record(model, X[0])(X), [values(model(x)) for x in X])


@pytest.mark.parametrize("criterion", [nn.mse, nn.hinge])
def test_a_model_of_one_output_and_a_target_per_row_are_recorded(criterion):
    model, y = nn.MLP(4, [3, 1], "tanh", rng=4), np.where(CLASSES > 0, 1.0, -1.0)
    assert_recorded_is_eager(lambda x, y: criterion(model(x), y), X, y)


@pytest.mark.parametrize("scale", [1.0, 40.0, 1000.0])
def test_cross_entropy_is_the_eager_one_at_logits_of_a_thousand(scale):
    offsets = array(np.zeros(3), "b")
    logits = scale * np.array(
        [[1.0, -1.0, 0.0], [-1.0, 1.0, 1.0], [0.5, 0.5, 0.5], [-1.0, -1.0, 1.0], [1.0, 0.999, -1.0]]
    )
    for target in np.eye(3):
        Y = np.tile(target, (len(logits), 1))
        program = assert_recorded_is_eager(lambda a, y: nn.cross_entropy(offsets + a, y), logits, Y)
        for a, y in zip(logits, Y, strict=True):  # in a tail every row keeps its digits
            _, gradient = loss_and_gradient(lambda a, y: nn.cross_entropy(offsets + a, y), offsets, a[None], y[None])
            got = dict(
                zip(program.parameters, program.value_and_grad(program.theta(), a[None], y[None])[1], strict=True)
            )
            np.testing.assert_allclose([got[p] for p in offsets], gradient, rtol=1e-12)


def test_a_whole_data_set_as_one_graph_is_the_program_over_its_rows():
    model, Y = nn.MLP(4, [5, 3], rng=1), nn.one_hot(CLASSES, 3)
    over_rows = record(lambda x, y: nn.cross_entropy(model(x), y), X[0], Y[0])
    at_once = record(
        lambda: total([nn.cross_entropy(model(constant(x)), int(c)) for x, c in zip(X, CLASSES, strict=True)]) / 9
    )
    loss = over_rows.backward(X, Y)
    expected = [p.grad for p in model.parameters()]
    model.zero_grad()
    assert at_once.backward() == pytest.approx(loss, rel=1e-12)
    assert_near([p.grad for p in model.parameters()], expected)


def test_a_data_set_as_one_graph_with_inputs_is_the_eager_graph():
    model, inputs = nn.MLP(4, [5, 3], "relu", rng=1), array(X, "x", "input")
    f = lambda: total([nn.mse(model(x), y) for x, y in zip(inputs, LOSSES["mse"][1], strict=True)])  # noqa: E731
    program = assert_recorded_is_eager(f)
    assert len(program.parameters) == len(model.parameters()) + X.size


def test_an_autoencoder_with_tied_weights_is_recorded():
    W = array(RNG.normal(size=(2, 4)), "W")
    assert_recorded_is_eager(lambda x: nn.mse(W.T @ tanh(W @ x), x), X)


def test_a_recurrent_network_with_shared_weights_is_recorded():
    W, U, h0 = array(RNG.normal(size=(3, 3)), "W"), array(RNG.normal(size=(3, 2)), "U"), array(np.zeros(3), "h")

    def f(x):
        h = h0
        for k in range(5):
            h = tanh(W @ h + U @ x[k])
        return total(h * h)

    assert_recorded_is_eager(f, RNG.normal(size=(7, 5, 2)))


PARTS = {
    "every second": [[0, 2, 4]],
    "from behind": [[5, 3, 1], [4, 2, 0]],
    "the rest": [[1, 2], [5]],
    "one twice": [[1, 1, 4]],
    "two that overlap": [[0, 1, 2], [2, 3, 4]],
    "many that overlap": [[k, k + 1] for k in range(5)] * 2 + [[0, 1, 2, 3, 4, 5], [3, 3]],
    "all in another order": [[4, 0, 5, 1, 3, 2]],
    "all": [[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]],
}


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("of", ["parameters", "what is computed", "what is computed without data"])
def test_parts_of_an_array_that_are_read_step_by_step_get_their_adjoints(parts, of):
    w = array(RNG.normal(size=6), "w")

    def f(x):
        h = w if of == "parameters" else sin(w * x) if of == "what is computed" else sin(w * w)
        y = x[0]
        for at in parts:  # each depends on the one before: none of them are one array
            y = total(tanh(h[at] * y))
        return y

    assert_recorded_is_eager(f, RNG.normal(size=(7, 6)))


def test_attention_is_recorded():
    Wq, Wk, Wv = (array(RNG.normal(size=(2, 3)), name) for name in ("Wq", "Wk", "Wv"))

    def f(x):
        q, k, v = x @ Wq.T, x @ Wk.T, x @ Wv.T
        rows = [softmax(row) @ v for row in q @ k.T]
        return total([total(list(r * r)) for r in rows])

    assert_recorded_is_eager(f, RNG.normal(size=(5, 4, 3)))


def test_a_convolution_is_recorded():
    kernel, bias = array(RNG.normal(size=(2, 2)), "kernel"), Value(0.1, "bias")

    def f(image):
        places = product(range(image.shape[0] - 1), range(image.shape[1] - 1))
        return total([relu(total(list((kernel * image[r : r + 2, c : c + 2]).ravel())) + bias) for r, c in places])

    assert_recorded_is_eager(f, RNG.normal(size=(4, 3, 4)))


def test_a_siamese_network_meets_both_of_its_inputs_with_the_same_weights():
    model = nn.MLP(4, [3, 2], "tanh", rng=0)
    program = assert_recorded_is_eager(lambda a, b: total((model(a) - model(b)) ** 2), X, X[::-1])
    forward = program.source.partition("def sum_and_grad")[0]
    assert forward.count("@") == 2


# --- stages, softmax and slopes ---------------------------------------------------------------------------------------


def test_two_inputs_through_the_same_weights_lie_side_by_side():
    w, shift = array([[0.5, -1.0, 2.0], [1.0, 0.1, 0.3]], "w"), array([[0.1, 0.2], [-0.3, 0.4]], "shift")

    def f(x, z):
        return total(list(tanh(w @ np.stack([x, z], axis=1) + shift).ravel()))

    assert_recorded_is_eager(f, X3, X3[::-1])


@pytest.mark.parametrize("classes", [2, 32, 33, 40])
def test_softmax_over_few_and_many_classes_keeps_its_digits(classes):
    w = array(np.linspace(-1.0, 1.0, classes), "w")
    f = lambda x, y: nn.cross_entropy(w * x, y)  # noqa: E731
    x, y = np.array([1.0, -3.0, 40.0, 700.0]), np.eye(classes)[[0, classes - 1, 1, classes - 1]]
    program = record(f, x[0], y[0])
    assert ("others(" in program.source) == (classes > 32)
    np.testing.assert_allclose(program(x, y), outputs(f, x, y), rtol=1e-12, atol=0)
    for k in range(4):
        loss, gradient = loss_and_gradient(f, program.parameters, x[k : k + 1], y[k : k + 1])
        got = program.value_and_grad(program.theta(), x[k : k + 1], y[k : k + 1])
        np.testing.assert_allclose(got[0], loss, rtol=1e-12, atol=0)
        np.testing.assert_allclose(got[1], gradient, rtol=1e-11, atol=1e-300)


def test_a_network_that_learns_its_own_slope_is_recorded():
    model = nn.MLP(1, [4, 1], "tanh", rng=0)
    residual = lambda x: (grad(lambda z: model([z]))(x) - model([x])) ** 2  # noqa: E731  # y′ = y
    assert_recorded_is_eager(residual, np.linspace(0.0, 1.0, 5), rel=1e-11)


def test_a_bias_that_every_unit_takes_gets_the_sum_of_their_slopes():
    w, b = array([1.0, 2.0, 3.0], "w"), Value(0.5, "b")
    program = record(lambda: total([v - b for v in w]))
    _, slope = program.value_and_grad(program.theta())
    assert slope[[v is b for v in program.parameters]].tolist() == [-3.0]
