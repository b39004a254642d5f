"""Recorded equals eager: networks, outputs of every shape, derivatives taken inside, infinite numbers."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

import nn
from autograd import (
    Chain,
    Value,
    array,
    constant,
    dot,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    log_softmax,
    logsumexp,
    maximum,
    minimum,
    record,
    refusals,
    relu,
    sigmoid,
    sin,
    softmax,
    sqrt,
    step,
    sum as total,
    tanh,
    value_and_grad,
    values,
    where,
    zero_grad,
)
from tests.row_by_row import assert_near, assert_recorded_is_eager, graphs, loss_and_gradient, outputs, stay_recorded

X3 = np.random.default_rng(7).normal(size=(6, 3))


# --- networks ---------------------------------------------------------------------------------------------------------

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


# --- outputs ----------------------------------------------------------------------------------------------------------

W23 = array([[0.5, -1.0, 2.0], [1.0, 0.25, -0.75]], "W")


@pytest.mark.parametrize(
    ("f", "shape"),
    [
        (lambda x: W23 @ x, (2,)),
        (lambda x: list(W23 @ x), (2,)),
        (lambda x: tuple(W23 @ x), (2,)),
        (lambda x: [(W23 @ x)[0]], (1,)),
        (lambda x: W23 * x, (2, 3)),
        (lambda x: [list(W23[0] * x), list(W23[1])], (2, 3)),
        (lambda x: (W23 * x)[None], (1, 2, 3)),
        (lambda x: softmax(W23 @ x), (2,)),
        (lambda x: [x[1], x[1], x[0]], (3,)),
        (lambda x: x, (3,)),
        (lambda x: W23[0], (3,)),
        (lambda x: W23, (2, 3)),
        (lambda x: [constant(2.0), constant(2.0)], (2,)),
        (lambda x: [x[2], W23[1, 1], constant(7.0), x[2] * W23[1, 1], x[2]], (5,)),
        (lambda x: [-x[0], x[0] * 2.0, tanh(x[0] * 2.0), x[0]], (4,)),
    ],
)  # fmt: skip
def test_outputs_of_every_shape_come_back_in_it(f, shape):
    program = record(f, X3[0])
    got = program(X3)
    assert got.shape == (len(X3), *shape)
    assert got.dtype == float
    assert_near(got, [values(f(array(x, role="input"))) for x in X3])
    without = record(lambda: f(constant(X3[0])))
    assert without().shape == shape
    assert_near(without(), values(f(constant(X3[0]))))


PAIR = Value(2.0, "p"), Value(3.0, "q")


@pytest.mark.parametrize(
    "f",
    [
        lambda x: PAIR[0],
        lambda x: PAIR[0] * PAIR[1],
        lambda x: PAIR[0] * 2.0,
        lambda x: 1.0 * PAIR[0] + 0.0,
        lambda x: -PAIR[0],
        lambda x: x,
        lambda x: x * x,
        lambda x: -x,
        lambda x: constant(4.0),
        lambda x: constant(4.0) * 2.0,
        lambda x: 0.0 * PAIR[0],
        lambda x: step(PAIR[0]) * 2.0,
        lambda x: x + PAIR[0],
        lambda x: x + PAIR[0] + PAIR[0],
        lambda x: PAIR[0] * PAIR[0],
        lambda x: total([PAIR[0], PAIR[0], x, x]),
        lambda x: dot([PAIR[0], x], [x, PAIR[0]]),
        lambda x: dot([PAIR[0], x], [PAIR[0], x]),
        lambda x: PAIR[0] - PAIR[0],
        lambda x: x / x * PAIR[0],
        lambda x: where(step(x), PAIR[0], PAIR[1]),
        lambda x: where(True, PAIR[0], x),
        lambda x: where(PAIR[0], x, PAIR[1]),
        lambda x: maximum(x, x) * PAIR[0],
        lambda x: logsumexp([PAIR[0]]),
        lambda x: log_softmax([PAIR[0], PAIR[0]])[0] * x,
        lambda x: log_softmax([x])[0] + PAIR[0],
    ],
)
def test_what_depends_on_the_data_or_the_parameters_or_on_neither_is_recorded(f):
    assert_recorded_is_eager(f, np.array([1.0, -2.0, 0.5]))
    for x in (constant(1.5), Value(1.5, "x")):
        assert_recorded_is_eager(lambda x=x: f(x))


def test_an_output_that_stands_twice_is_computed_once():
    w = Value(2.0, "w")
    program = record(lambda x: [tanh(w * x)] * 3, 1.0)
    assert program.source.count("tanh(") == 1 + program.source.count("= tanh(")
    np.testing.assert_array_equal(program([0.5]), [[np.tanh(1.0)] * 3])


def test_backward_adds_to_grad_as_that_of_a_value_does():
    w, unused = Value(2.0, "w"), Value(1.0)
    w.grad = 100.0
    program = record(lambda x: w * x, 1.0)
    assert program.backward([1.0, 3.0]) == 4.0
    assert w.grad == 102.0
    program.backward([1.0, 3.0], reduction="sum")
    assert w.grad == 106.0
    assert unused.grad is None


def test_a_parameter_that_the_output_does_not_depend_on_smoothly_gets_a_gradient_of_0():
    w = Value(2.0, "w")
    record(lambda x: step(w * x), 1.0).backward([1.0])
    assert w.grad == 0.0


W = Value(0.75, "w")


# --- derivatives inside -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: grad(lambda z: sigmoid(W * z))(x),
        lambda x: grad(lambda z: sigmoid(W * z))(x) ** 2 + tanh(W * x),
        lambda x: grad(grad(lambda z: tanh(W * z)))(x),
        lambda x: grad(lambda z: relu(W * z) * z)(x),
        lambda x: grad(lambda z: z**3 * W)(x),
        lambda x: grad(lambda z: z**W)(exp(x)),
        lambda x: grad(lambda z: maximum(z, W) * minimum(z, W))(x),
        lambda x: grad(lambda z: where(step(z), z * z, W * z))(x),
        lambda x: grad(lambda z: log_softmax([z, W, 1.0])[0])(x),
        lambda x: grad(lambda z: logsumexp([z, W, z * z]))(x),
        lambda x: hessian(lambda z: tanh(z[0] * z[1]) * W)([x, W])[0][1],
        lambda x: jvp(lambda z: sin(W * z), (x,), (W,))[1],
        lambda x: hvp(lambda z: z[0] ** 3 * z[1], [x, W], [1.0, x])[0],
        lambda x: value_and_grad(lambda z: sigmoid(W * z))(x)[0] * value_and_grad(lambda z: sin(W * z))(x)[1],
        lambda x: grad(lambda u: grad(lambda z: u * z * z)(x) * u)(W),
    ],
)  # fmt: skip
def test_a_derivative_taken_inside_is_recorded(f):
    assert_recorded_is_eager(f, np.array([0.5, -1.25, 2.0, 0.1]), rel=1e-11)


@pytest.mark.parametrize(
    "f",
    [
        lambda z: where(step(z), sqrt(maximum(z, 0.0)), W * z),
        lambda z: where(step(z), maximum(z, 0.0) ** 0.5, W * z),
        lambda z: sqrt(abs(z) * relu(z)) * step(z),
    ],
)
@pytest.mark.parametrize("derivative", [grad, lambda f: lambda x: jvp(f, (x,), (1.0,))[1]], ids=["grad", "jvp"])
def test_an_example_in_a_dead_branch_does_not_cut_the_derivative_of_other_rows_off(f, derivative):
    x = np.array([-1.0, 4.0, 2.0])
    eager = [float(derivative(f)(number)) for number in x]
    try:
        program = record(lambda x: derivative(f)(x), x[0])
    except refusals.ERRORS:
        return  # an example at which the derivative is missing may be refused
    assert_near(program(x), eager)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: jacobian(tanh(W * x * x), [x])[0] * x,
        lambda x: hessian(tanh(W * x * x), [x])[0, 0] * x,
        lambda x: stages_of(Chain(lambda z: tanh(W * z * z)), x) * x,
        lambda x: jacobian(lambda z: tanh(W * z * z))(x) * x,
    ],
    ids=["jacobian of a graph", "hessian of a graph", "jacobians of a chain", "jacobian of a function"],
)
def test_a_derivative_that_comes_as_plain_numbers_is_refused_while_recording_or_right(f):
    x = np.array([0.5, -1.25, 2.0])
    try:
        program = record(f, x[0])
    except TypeError:
        return
    assert_near(program(x), [v.data for v in graphs(f, x)])


def stages_of(chain, x):
    chain(x)
    return np.ravel(chain.jacobians()[0])[0]


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


# --- where eager is content -------------------------------------------------------------------------------------------

ROOT = Value(1.0, "a")


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: where(step(x), sqrt(maximum(x * ROOT, 0.0)), 0.0), [4.0, -1.0, 2.0, 0.0]),
        (lambda x: where(step(x), sqrt(maximum(x * ROOT, 0.0)), ROOT * x), [4.0, -1.0, 2.0, 0.0]),
        (lambda x: where(step(x), log(maximum(x * ROOT, 1e-300)), ROOT * x), [4.0, -1.0, 2.0, 0.0]),
        (lambda x: where(step(x), ROOT * x * 1e300, ROOT), [1.0, -1e10, 0.5]),
        (lambda x: minimum(ROOT * x * 1e300, 1.0), [1.0, 1e10, -0.5]),
        (lambda x: tanh(ROOT * x * 1e300 + x * 1e300), [1.0, 1e10, -1e10]),
        (lambda x: ROOT * x * 1e300, [1.0, 1e10, 0.5]),
        (lambda x: ROOT + x + 1e308, [1e308, 1.0]),
        (lambda x: relu(x * ROOT) ** 0.5 * step(x), [4.0, -1.0]),
        (lambda x: sqrt(x * x) * 0.0 + ROOT, [0.0, 1.0]),
        (lambda x: 1.0 / (1.0 + ROOT * x * 1e308 * 10.0), [1.0, 2.0]),
        (lambda x: logsumexp([ROOT * x, -math.inf]), [1.0, 2.0]),
        (lambda x: maximum(ROOT * x, -math.inf), [1.0, 2.0]),
        (lambda x: minimum(ROOT * x, math.inf), [1.0, 2.0]),
        (lambda x: ROOT * math.inf, [1.0, 2.0]),
        (lambda x: ROOT * x * math.inf, [1.0, -2.0]),
        (lambda x: where(step(x), ROOT * math.inf, ROOT * x), [-1.0, -2.0]),
        (lambda x: ROOT * math.nan, [1.0, 2.0]),
        (lambda x: where(step(x), ROOT * math.nan, ROOT * x), [-1.0, -2.0]),
        (lambda x: total([ROOT * math.inf, x]), [-1.0, -2.0]),
        (lambda x: dot([ROOT, x], [math.inf, x]), [-1.0, -2.0]),
    ],
)  # fmt: skip
def test_where_the_eager_graph_is_content_with_inf_or_nan_the_recorded_one_is_too(f, x):
    for rows in (x, [x[-1]], x * 50):
        rows = np.array(rows)
        program = record(f, x[0])
        zero_grad(program.parameters)
        assert_near(program(rows), [v.data for v in graphs(f, rows)])
        loss, gradient = loss_and_gradient(f, program.parameters, rows)
        got = program.value_and_grad(program.theta(), rows)
        assert_near(got[0], loss)
        assert_near(got[1], gradient)


def test_rows_of_plus_and_minus_infinity_add_up_to_nan_without_a_warning():
    w = Value(1.0, "w")
    program = record(lambda x: w * x * 1e308, 1.0)
    assert math.isnan(program.backward([10.0, -10.0]))
    assert math.isnan(w.grad)


def test_an_adjoint_that_is_infinite_without_rows_is_recorded():
    a, b = Value(1.0, "a"), Value(2.0, "b")
    assert record(lambda: a * math.inf + b).backward() == math.inf
    assert (a.grad, b.grad) == (math.inf, 1.0)


def test_a_bias_that_every_unit_takes_gets_the_sum_of_their_slopes():
    w, b = array([1.0, 2.0, 3.0], "w"), Value(0.5, "b")
    program = record(lambda: total([v - b for v in w]))
    _, slope = program.value_and_grad(program.theta())
    assert slope[[v is b for v in program.parameters]].tolist() == [-3.0]
