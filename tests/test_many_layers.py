"""What the notebooks on many layers and on higher orders say, beyond the one assert of each idea that stands there."""

import math
from itertools import pairwise

import numpy as np
import pytest

import nn
from autograd import array, assign, constant, exp, grad, grads, hessian, sigmoid

CORNERS, XOR = nn.datasets.xor()


def test_the_error_of_one_unit_on_exclusive_or_is_least_where_it_answers_a_half():
    rows = np.column_stack([np.ones(4), CORNERS])

    def error(w):
        return nn.binary_cross_entropy_with_logits(rows @ w, XOR) / 4

    np.testing.assert_allclose(grad(error)(np.zeros(3)), 0.0, atol=1e-16)
    assert (np.linalg.eigvalsh(hessian(error)(np.zeros(3))) > 0).all()


def test_a_bias_has_one_gradient_however_it_is_written():
    rng = np.random.default_rng(4)
    w1, b1, w2, x = rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=(2, 3)), [0.5, -1.0]
    column1, column2 = np.column_stack([b1, w1]), np.column_stack([np.zeros(2), w2])
    A1, A2 = array(column1), array(w2)  # x0 = 1, and no second bias
    B1, w10, B2, w20 = array(w1), array(b1), array(w2), array(np.zeros(2))  # vectors
    C1, C2 = array(column1), array(column2)  # x0 = 1 and z0 = 1
    layer1, layer2 = nn.Layer(2, 3, "sigmoid", rng=0), nn.Layer(3, 2, "sigmoid", bias=False, rng=0)
    assign([layer1.w, layer1.b, layer2.w], [w1, b1, w2])
    outputs = [
        sigmoid(A2 @ sigmoid(A1 @ [1.0, *x])),
        sigmoid(B2 @ sigmoid(B1 @ x + w10) + w20),
        sigmoid(C2 @ np.concatenate([[constant(1.0, "z0")], sigmoid(C1 @ [1.0, *x])])),
        layer2(layer1(x)),
    ]
    losses = [nn.mse(y_hat, [0.0, 1.0]) for y_hat in outputs]
    for loss in losses:
        loss.backward()
    np.testing.assert_allclose([loss.data for loss in losses], losses[0].data, rtol=1e-14)
    for found in (
        grads(C1),
        np.column_stack([grads(w10), grads(B1)]),
        np.column_stack([grads(layer1.b), grads(layer1.w)]),
    ):
        np.testing.assert_allclose(found, grads(A1), rtol=1e-13)
    for found in (grads(B2), grads(layer2.w), grads(C2)[:, 1:]):
        np.testing.assert_allclose(found, grads(A2), rtol=1e-13)
    np.testing.assert_allclose(grads(C2)[:, 0], grads(w20), rtol=1e-13)


@pytest.mark.parametrize("M", [1, 2, 7, 31, 314])
def test_a_staircase_of_threshold_units_is_as_close_to_the_sine_as_its_bound(M):
    edges = np.linspace(-1, 1, M + 2)
    heights = np.sin(np.pi * (edges[:-1] + edges[1:]) / 2)
    model = nn.MLP(1, [M, 1], activation="step", rng=0)
    assign([model.layers[0].w, model.layers[0].b], [np.ones((M, 1)), -edges[1:-1]])
    assign([model.layers[1].w, model.layers[1].b], [[np.diff(heights)], [heights[0]]])
    x = np.linspace(-1, 1, 2001)[:, None]
    assert abs(nn.predict(model, x) - np.sin(np.pi * x[:, 0])).max() <= math.pi / (M + 1)


def test_near_the_minimum_the_error_of_a_newton_step_is_the_square_of_the_one_before():
    def f(u):
        x, y = u
        return exp(x + 3 * y) + exp(x - 3 * y) + exp(-x)

    best, u = np.array([-math.log(2) / 2, 0.0]), np.array([-1.0, 0.5])
    np.testing.assert_allclose(np.linalg.eigvalsh(hessian(f)(best)), [2 * math.sqrt(2), 9 * math.sqrt(2)], rtol=1e-14)
    errors = []
    for _ in range(5):
        u = u - np.linalg.solve(hessian(f)(u), grad(f)(u))
        errors.append(np.linalg.norm(u - best))
    assert all(new < 2 * old**2 for old, new in pairwise(errors[:4]))
    assert errors[-1] < 1e-15
