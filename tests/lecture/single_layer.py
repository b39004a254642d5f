"""Slides 6 to 17: one unit, and a single layer of several."""

from __future__ import annotations

import numpy as np

import nn
from autograd import dot, exp, leaky_relu, log, relu, sigmoid, softmax, sqrt, tanh
from tests.lecture import Claim, derivative, draws, each
from tests.lecture.functions import LAYERS, ROWS, E_h_printed, descended, dg, dtanh, g, normal

OUTPUT = "Slide 6: Output of logistic sigmoid activation function"
POSTERIOR = "Slide 7: Approximation of posterior probabilities"
MSE = "Slide 8: Training single layer neural network with MSE"
MSE_2 = "Slide 9: Training single layer neural network with MSE (cont.)"
DESCENT = "Slide 10: Gradient descent"
MSE_3 = "Slide 11: Training single layer neural network with MSE (cont.)"
ENTROPY = "Slide 12: Another training criterion – cross-entropy error"
ACTIVATIONS = "Slide 13: Other activation functions"
OUTPUTS = "Slide 14: Single-layer network with multiple output nodes"
TRAINING = "Slide 15: Training of single-layer network with multiple output nodes"
SINGLE = "Slide 16: The derivatives of the error function (single-layer)"
SOFTMAX = "Slide 17: Normalisation of output nodes - softmax"
SATURATED = [p | {"w": p["w"] * size} for p in ROWS for size in (1, 100)]
STEPS = [p | {"eta": 0.5} for p in ROWS]
ROW = [p | {"y": 1.0} for p in draws(2, w=3, x=3)]  # one example
UNITS = [p | {"y": [0.0, 1.0]} for p in draws(2, W=(2, 3), x=3)]  # one example


def posterior(p1, p2, P1):
    return p1 * P1 / (p1 * P1 + p2 * (1 - P1))


def joint_1(x):
    """p(x|C₁) P(C₁), a Gaussian of mean 1.0 and spread 0.8, and P(C₁) = 0.3."""
    return normal(x, 1.0, 0.8) * 0.3


def joint_2(x, s):
    return normal(x, -0.5, s) * 0.7


def curve(w):
    return w**4 - 3 * w**2 + w


# Errors of the library, which the printed ones are held against.


def E_mse(w, X, y):
    return sum(nn.mse(g(w @ x), t) for x, t in zip(X, y, strict=True))


def E_h(w, X, y):
    return sum(nn.binary_cross_entropy_with_logits(w @ x, t) for x, t in zip(X, y, strict=True)) / len(X)


def E_h_classes(W, X, Y):
    return sum(nn.cross_entropy(W @ x, t) for x, t in zip(X, Y, strict=True)) / len(X)


def E_outputs(W, X, Y):
    return sum(nn.mse(g(W @ x), t) for x, t in zip(X, Y, strict=True))


# fmt: off
ONE_UNIT = [
    Claim(OUTPUT, "y = g(a) = 1 / (1 + exp(−a))",
          of=lambda a: sigmoid(a), printed=lambda a: 1 / (1 + exp(-a)), at=each(a=[-800.0, -2.0, 0.7, 40.0])),
    Claim(OUTPUT, "y = 1 / (1 + exp(−Σᵢ₌₀ wᵢ xᵢ)), where w₀ on x₀ = 1 is the bias",
          of=lambda w, x: sigmoid(w[1:] @ x[1:] + w[0]),
          printed=lambda w, x: 1 / (1 + exp(-sum(w[i] * [1, *x[1:]][i] for i in range(3)))), at=ROW),
    Claim(OUTPUT, "P(C₁|x) = 1 / (1 + p(x|C₂)P(C₂) / p(x|C₁)P(C₁))",
          of=posterior, printed=lambda p1, p2, P1: 1 / (1 + p2 * (1 - P1) / (p1 * P1)),
          at=each(p1=[0.3, 2.0], p2=[0.7], P1=[0.2, 0.5])),
    Claim(OUTPUT, "P(C₁|x) = 1 / (1 + exp(−log(p(x|C₁)P(C₁) / p(x|C₂)P(C₂)))), a sigmoid of the log odds",
          of=posterior, printed=lambda p1, p2, P1: 1 / (1 + exp(-log(p1 * P1 / (p2 * (1 - P1))))),
          at=each(p1=[0.3, 2.0], p2=[0.7], P1=[0.2, 0.5])),
    Claim(POSTERIOR, "g(a) = 1 / (1 + exp(−a)), at the log odds a of two Gaussian classes",
          of=lambda x, s: joint_1(x) / (joint_1(x) + joint_2(x, s)),
          printed=lambda x, s: 1 / (1 + exp(-log(joint_1(x) / joint_2(x, s)))), at=each(x=[-1.0, 0.4], s=[0.8, 1.5])),
    Claim(POSTERIOR, "and along x their slopes agree: ∂P(C₁|x)/∂x = g′(a) ∂a/∂x",
          of=lambda x, s: joint_1(x) / (joint_1(x) + joint_2(x, s)), wrt="x",
          printed=lambda x, s: dg(log(joint_1(x) / joint_2(x, s))) * derivative(lambda x: log(joint_1(x) / joint_2(x, s)), x),
          at=each(x=[-1.0, 0.4], s=[0.8, 1.5])),
    Claim(POSTERIOR, "with one variance s², a = w x + w₀: w = (m₁ − m₂)/s², w₀ = (m₂² − m₁²)/2s² + log P(C₁)/P(C₂)",
          of=lambda x: joint_1(x) / (joint_1(x) + joint_2(x, 0.8)),
          printed=lambda x: g((1.0 + 0.5) / 0.8**2 * x + (0.5**2 - 1.0**2) / (2 * 0.8**2) + log(0.3 / 0.7)),
          at=each(x=[-1.0, 0.4])),
    Claim(MSE, "E_MSE(w) = ½ Σₙ (ŷₙ − yₙ)²", of=E_mse, printed=lambda w, X, y: sum((g(X @ w) - y) ** 2) / 2, at=ROWS),
    Claim(MSE, "E_MSE(w) = ½ Σₙ (g(wᵀxₙ) − yₙ)²",
          of=E_mse, printed=lambda w, X, y: sum((g(w.T @ X[n]) - y[n]) ** 2 for n in range(4)) / 2, at=ROWS),
    Claim(MSE, "E_MSE(w) = ½ Σₙ (g(Σᵢ wᵢ xₙᵢ) − yₙ)²",
          of=E_mse, printed=lambda w, X, y: sum((g(sum(w[i] * X[n, i] for i in range(3))) - y[n]) ** 2 for n in range(4)) / 2,
          at=ROWS),
    Claim(MSE_2, "wᵢ ← wᵢ − η ∂E(w)/∂wᵢ",
          of=lambda w, X, y, eta: descended(lambda w: E_mse(w, X, y), w, eta),
          printed=lambda w, X, y, eta: [w[i] - eta * derivative(lambda v: E_mse(v, X, y), w)[i] for i in range(3)], at=STEPS),
    Claim(MSE_2, "w ← w − η ∇E(w)",
          of=lambda w, X, y, eta: descended(lambda w: E_mse(w, X, y), w, eta),
          printed=lambda w, X, y, eta: w - eta * derivative(lambda v: E_mse(v, X, y), w), at=STEPS),
    Claim(DESCENT, "wᵢ ← wᵢ − η ∂E(w)/∂wᵢ, on the curve E = w⁴ − 3w² + w",
          of=lambda w, eta: descended(curve, w, eta), printed=lambda w, eta: w - eta * (4 * w**3 - 6 * w + 1),
          at=each(w=[-0.5, 1.9], eta=[0.01, 0.1])),
    Claim(MSE_3, "E_MSE(w) = Σₙ Eₙ, Eₙ = ½ (ŷₙ − yₙ)² = ½ (g(Σᵢ wᵢ xₙᵢ) − yₙ)²",
          of=E_mse, printed=lambda w, X, y: sum((g(w @ x) - t) ** 2 / 2 for x, t in zip(X, y, strict=True)), at=ROWS),
    Claim(MSE_3, "∂aₙ/∂wᵢ = xₙᵢ", of=lambda w, x: w @ x, wrt="w", printed=lambda x: x, at=ROW),
    Claim(MSE_3, "∂Eₙ/∂wᵢ = ∂Eₙ/∂ŷₙ · ∂ŷₙ/∂aₙ · ∂aₙ/∂wᵢ (here for g = tanh)",
          of=lambda w, x, y: nn.mse(tanh(w @ x), y), wrt="w",
          printed=lambda w, x, y: (derivative(lambda y_hat: nn.mse(y_hat, y), tanh(w @ x))
                                   * derivative(tanh, w @ x) * derivative(lambda w: w @ x, w)), at=ROW),
    Claim(MSE_3, "∂Eₙ/∂wᵢ = (ŷₙ − yₙ) ∂g(aₙ)/∂aₙ · ∂aₙ/∂wᵢ (g = tanh)",
          of=lambda w, x, y: nn.mse(tanh(w @ x), y), wrt="w",
          printed=lambda w, x, y: (tanh(w @ x) - y) * derivative(tanh, w @ x) * derivative(lambda w: w @ x, w), at=ROW),
    Claim(MSE_3, "∂Eₙ/∂wᵢ = (ŷₙ − yₙ) g′(aₙ) xₙᵢ (g = tanh)",
          of=lambda w, x, y: nn.mse(tanh(w @ x), y), wrt="w", printed=lambda w, x, y: (tanh(w @ x) - y) * dtanh(w @ x) * x,
          at=ROW),
    Claim(MSE_3, "∂Eₙ/∂wᵢ = (ŷₙ − yₙ) g(aₙ)(1 − g(aₙ)) xₙᵢ for a sigmoid g",
          of=lambda w, x, y: nn.mse(g(w @ x), y), wrt="w",
          printed=lambda w, x, y: (g(w @ x) - y) * g(w @ x) * (1 - g(w @ x)) * x, at=ROW),
    Claim(ENTROPY, "∂E_MSE/∂wᵢ = Σₙ (ŷₙ − yₙ) g′(aₙ) xₙᵢ",
          of=E_mse, wrt="w", printed=lambda w, X, y: sum((g(w @ x) - t) * dg(w @ x) * x for x, t in zip(X, y, strict=True)),
          at=ROWS),
    Claim(ENTROPY, "g′(a) = g(a)(1 − g(a))",
          of=lambda a: sigmoid(a), wrt="a", printed=lambda a: g(a) * (1 - g(a)), at=each(a=[-30.0, -2.0, 0.7])),
    Claim(ENTROPY, "g′(a) ≈ 0 where g(a) ≈ 0 or 1 (here to 10⁻⁴ at a = ±10)",
          of=lambda a: sigmoid(a), wrt="a", printed=lambda: 0.0, within=1e-4, at=each(a=[-10.0, 10.0])),
    Claim(ENTROPY, "E_H(w) = −1/N Σₙ {yₙ log ŷₙ + (1 − yₙ) log(1 − ŷₙ)}",
          of=E_h, printed=E_h_printed, at=SATURATED,
          note="E_H is a mean over the examples and E_MSE a sum: their gradients, and η, are not on one scale"),
    Claim(ENTROPY, "E_H(w) = −1/N Σₙ Σᵢ yₙᵢ log ŷᵢ for several classes",
          of=E_h_classes,
          printed=lambda W, X, Y: -sum(Y[n, i] * log(softmax(W @ X[n])[i]) for n in range(4) for i in range(2)) / 4,
          at=LAYERS, note="ŷᵢ stands for ŷₙᵢ: as printed the output has lost its example n"),
    Claim(ENTROPY, "∂E_H/∂wᵢ = 1/N Σₙ (ŷₙ − yₙ) xₙᵢ, at saturated outputs too",
          of=E_h, wrt="w", printed=lambda w, X, y: sum((g(w @ x) - t) * x for x, t in zip(X, y, strict=True)) / len(X),
          at=SATURATED),
    Claim(ACTIVATIONS, "tanh(a) = (1 − e⁻²ᵃ) / (1 + e⁻²ᵃ)",
          of=lambda a: tanh(a), printed=lambda a: (1 - exp(-2 * a)) / (1 + exp(-2 * a)), at=each(a=[-400.0, -1.0, 0.5, 20.0])),
    Claim(ACTIVATIONS, "tanh: (−∞, +∞) → (−1, 1)",
          of=lambda a: -1 < tanh(a) < 1, printed=lambda: True, at=each(a=[-15.0, 0.0, 3.0])),
    Claim(ACTIVATIONS, "0 (zero) centred: tanh(−a) = −tanh(a)",
          of=lambda a: tanh(-a), printed=lambda a: -tanh(a), at=each(a=[0.0, 3.0])),
    Claim(ACTIVATIONS, "ReLU: g(a) = max(0, a)",
          of=lambda a: relu(a), printed=lambda a: max(0, a), at=each(a=[-2.0, 0.0, 3.0])),
    Claim(ACTIVATIONS, "a dying ReLU: where a < 0 the output is 0, and so is ∂g/∂wᵢ",
          of=lambda w, x: relu(dot(w, x)), wrt="w", printed=lambda w, x: 0 * x, at=[{"w": [1.0, -2.0], "x": [0.5, 1.5]}]),
    Claim(ACTIVATIONS, "Leaky ReLU (slope 0.01): there ∂g/∂wᵢ = 0.01 xᵢ",
          of=lambda w, x: leaky_relu(dot(w, x)), wrt="w", printed=lambda w, x: 0.01 * x,
          at=[{"w": [1.0, -2.0], "x": [0.5, 1.5]}]),
]

SEVERAL_UNITS = [
    Claim(OUTPUTS, "y_k(x) = g(w_kᵀx + w_k0), k = 1 … K",
          of=lambda W, x: g(W[:, 1:] @ x[1:] + W[:, 0]),
          printed=lambda W, x: [g(sum(W[k, i] * x[i] for i in (1, 2)) + W[k, 0]) for k in range(2)], at=UNITS),
    Claim(OUTPUTS, "y = g(Wx), with a column w_k0 in W and x₀ = 1",
          of=lambda W, x: g(W[:, 1:] @ x[1:] + W[:, 0]), printed=lambda W, x: g(W @ np.array([1, *x[1:]])), at=UNITS),
    Claim(OUTPUTS, "ŷ_nk = g(a_nk), a_nk = Σ_d w_kd x_nd, from d = 0 to d",
          of=lambda W, X: [g(W @ x) for x in X],
          printed=lambda W, X: [[g(sum(W[k, d] * X[n, d] for d in range(3))) for k in range(2)] for n in range(4)], at=LAYERS,
          note="d is both the running index and its upper bound; the bound is D"),
    Claim(TRAINING, "E_MSE(w) = ½ Σₙ ‖ŷₙ − yₙ‖²",
          of=E_outputs, printed=lambda W, X, Y: sum(sqrt(sum((g(W @ X[n]) - Y[n]) ** 2)) ** 2 for n in range(4)) / 2,
          at=LAYERS),
    Claim(TRAINING, "E_MSE(w) = Σₙ Eₙ, Eₙ = ½ Σ_k (ŷ_nk − y_nk)²",
          of=E_outputs, printed=lambda W, X, Y: sum((g(W[k] @ X[n]) - Y[n, k]) ** 2 / 2 for n in range(4) for k in range(2)),
          at=LAYERS),
    Claim(TRAINING, "w_ki ← w_ki − η ∂E/∂w_ki",
          of=lambda W, X, Y: descended(lambda W: E_outputs(W, X, Y), W, 0.5),
          printed=lambda W, X, Y: W - 0.5 * derivative(lambda W: E_outputs(W, X, Y), W), at=LAYERS),
    Claim(SINGLE, "Eₙ = ½ Σ_k (ŷ_nk − y_nk)², ŷ_nk = g(a_nk), a_nk = Σᵢ w_ki x_ni",
          of=lambda W, x, y: nn.mse(g(W @ x), y),
          printed=lambda W, x, y: sum((g(sum(W[k, i] * x[i] for i in range(3))) - y[k]) ** 2 for k in range(2)) / 2, at=UNITS),
    Claim(SINGLE, "∂Eₙ/∂w_ki = ∂Eₙ/∂ŷ_nk · ∂ŷ_nk/∂a_nk · ∂a_nk/∂w_ki",
          of=lambda W, x, y: nn.mse(g(W @ x), y), wrt="W",
          printed=lambda W, x, y: np.outer(
              derivative(lambda y_hat: nn.mse(y_hat, y), g(W @ x)) * [derivative(g, a) for a in W @ x],
              derivative(lambda w: w @ x, W[0])), at=UNITS),
    Claim(SINGLE, "∂Eₙ/∂w_ki = (ŷ_nk − y_nk) g′(a_nk) x_ni",
          of=lambda W, x, y: nn.mse(g(W @ x), y), wrt="W",
          printed=lambda W, x, y: [[(g(W @ x) - y)[k] * dg(W @ x)[k] * x[i] for i in range(3)] for k in range(2)], at=UNITS),
    Claim(SOFTMAX, "Outputs with sigmoid activation function: Σ_k y_k ≠ 1",
          of=lambda W, x: bool(sum(g(W @ x)) != 1), printed=lambda: True, at=UNITS),
    Claim(SOFTMAX, "y_k = exp(a_k) / Σ_ℓ exp(a_ℓ)",
          of=lambda a: softmax(a), printed=lambda a: exp(a) / sum(exp(a)),
          at=[{"a": [0.3, -1.2, 2.0]}, {"a": [1000.0, 1001.0, 999.0]}]),
    Claim(SOFTMAX, "(i) 0 ≤ y_k ≤ 1",
          of=lambda a: all(0 <= y <= 1 for y in softmax(a)), printed=lambda: True,
          at=[{"a": [0.3, -1.2, 2.0]}, {"a": [1000.0, 0.0, -1000.0]}]),
    Claim(SOFTMAX, "(ii) Σ_k y_k = 1",
          of=lambda a: sum(softmax(a)), printed=lambda: 1.0, at=[{"a": [0.3, -1.2, 2.0]}, {"a": [1000.0, 0.0, -1000.0]}]),
    Claim(SOFTMAX, "(iii) differentiable: ∂y/∂a = diag(y) − y yᵀ",
          of=lambda a: softmax(a), wrt="a", printed=lambda a: np.diag(softmax(a)) - np.outer(softmax(a), softmax(a)),
          at=[{"a": [0.3, -1.2, 2.0]}]),
    Claim(SOFTMAX, "(iv) y_k ≈ P(C_k|x) = p(x|C_k)P(C_k) / Σ_ℓ p(x|C_ℓ)P(C_ℓ), exactly where a_k = log p(x|C_k)P(C_k)",
          of=lambda x, m, P: softmax(log(normal(x, m, 0.8) * P)),
          printed=lambda x, m, P: normal(x, m, 0.8) * P / sum(normal(x, m, 0.8) * P),
          at=[{"x": x, "m": [1.0, -0.5, 2.0], "P": [0.2, 0.5, 0.3]} for x in (-1.0, 0.4)]),
]
