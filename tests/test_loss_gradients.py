"""The gradients of the losses: the lecture's closed forms, and central differences."""

import numpy as np
import pytest

import nn
from autograd import Value, check_grad, grads, sigmoid, softmax, values

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

X = np.random.default_rng(1).normal(size=(20, 3))
Y = np.random.default_rng(2).integers(0, 2, 20)


@pytest.mark.parametrize(
    ("activation", "slope"),
    [
        ("identity", np.ones_like),
        ("sigmoid", lambda a: probabilities(a) * (1 - probabilities(a))),
        ("tanh", lambda a: 1 - np.tanh(a) ** 2),
        ("relu", lambda a: (a > 0) * 1.0),
    ],
)
def test_the_gradient_of_mse_for_one_unit_is_error_times_slope_times_input(activation, slope):
    neuron = nn.Neuron(3, activation, rng=0)
    for x, y in zip(X, Y, strict=True):
        neuron.zero_grad()
        y_hat = neuron(x)
        nn.mse(y_hat, float(y)).backward()
        a = values(neuron.w) @ x + neuron.b.data
        np.testing.assert_allclose(grads(neuron.w), (y_hat.data - y) * slope(a) * x, rtol=1e-12, atol=1e-15)


def probabilities(a):
    return 1 / (1 + np.exp(-a))


def test_the_gradient_of_the_cross_entropy_is_the_mean_of_error_times_input():
    neuron = nn.Neuron(3, "identity", rng=0)
    losses = [nn.binary_cross_entropy_with_logits(neuron(x), int(y)) for x, y in zip(X, Y, strict=True)]
    for loss in losses:
        loss.backward(1 / len(losses))
    y_hat = probabilities(X @ values(neuron.w) + neuron.b.data)
    np.testing.assert_allclose(grads(neuron.w), (y_hat - Y) @ X / len(X), rtol=1e-12)
    assert neuron.b.grad == pytest.approx((y_hat - Y).mean(), rel=1e-12)


@pytest.mark.parametrize("hidden", ["sigmoid", "tanh"])
def test_the_deltas_of_two_layers_are_those_of_error_back_propagation(hidden):
    model = nn.MLP(3, [4, 2], hidden, output="sigmoid", rng=0)
    first, second = model.layers
    x, y = X[0], np.array([1.0, 0.0])
    nn.mse(model(x), y).backward()
    W1, b1, W2, b2 = (values(p) for p in (first.w, first.b, second.w, second.b))
    g = {"sigmoid": (probabilities, lambda z: z * (1 - z)), "tanh": (np.tanh, lambda z: 1 - z**2)}[hidden]
    b = W1 @ x + b1  # the lecture's b_j: what the hidden units take
    z = g[0](b)
    y_hat = probabilities(W2 @ z + b2)
    delta2 = (y_hat - y) * y_hat * (1 - y_hat)
    np.testing.assert_allclose(grads(second.w), np.outer(delta2, z), rtol=1e-12)  # δ_k z_j
    np.testing.assert_allclose(grads(second.b), delta2, rtol=1e-12)
    delta1 = g[1](z) * (W2.T @ delta2)  # h′(b_j) Σ_k δ_k w_kj: one term for every output
    np.testing.assert_allclose(grads(first.w), np.outer(delta1, x), rtol=1e-12)
    np.testing.assert_allclose(grads(first.b), delta1, rtol=1e-12)


def test_the_delta_of_softmax_and_cross_entropy_is_y_hat_minus_y():
    layer = nn.Layer(3, 4, "identity", rng=0)
    a = layer(X[0])
    nn.cross_entropy(a, 2).backward()
    error = values(softmax(a)) - nn.one_hot(2, 4)
    np.testing.assert_allclose(grads(a), error, rtol=1e-14)
    np.testing.assert_allclose(grads(layer.w), np.outer(error, X[0]), rtol=1e-13)


def test_mses_gradient_vanishes_in_saturation_where_cross_entropys_does_not():
    for a, y in ((10.0, 0.0), (-10.0, 1.0)):  # as wrong as can be
        by_mse, by_entropy = Value(a), Value(a)
        nn.mse(sigmoid(by_mse), y).backward()
        nn.binary_cross_entropy_with_logits(by_entropy, y).backward()
        assert abs(by_mse.grad) < 1e-4
        assert abs(by_entropy.grad) > 0.9999


LOSSES = {
    "mse": (lambda a: nn.mse(a, [0.2, -1.0, 0.5])),
    "hinge": (lambda a: nn.hinge(a, [1, -1, 1])),
    "binary_cross_entropy": (lambda a: nn.binary_cross_entropy(sigmoid(a), [1, 0, 0.5])),
    "binary_cross_entropy_with_logits": (lambda a: nn.binary_cross_entropy_with_logits(a, [1, 0, 0.5])),
    "cross_entropy": (lambda a: nn.cross_entropy(a, 1)),
}


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_the_gradient_of_central_differences(name):
    assert check_grad(LOSSES[name], np.array([0.3, -0.4, 1.3])) < 1e-6
