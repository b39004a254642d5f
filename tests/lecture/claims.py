"""The table of this lecture: one claim per formula, in the order of its slides, as printed in the transcription at hand.

Slides are numbered as the lecture itself refers to them (its quizzes name 12 and 24), the title page being the first.
"""

from __future__ import annotations

import json
from functools import reduce
from math import pi
from pathlib import Path

try:
    import mpmath
except ImportError:
    raise ImportError("checking a lecture needs mpmath: pip install mpmath") from None
import numpy as np

import nn
from autograd import (
    array,
    constant,
    cos,
    dot,
    exp,
    leaky_relu,
    log,
    log_softmax,
    logsumexp,
    relu,
    sigmoid,
    sin,
    softmax,
    sqrt,
    tanh,
    values,
)
from tests.lecture import Claim, derivative, draws, each

# --- slides -----------------------------------------------------------------------------------------------------------

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
MLP = "Slide 18: Training of multi-layer neural networks"
TWO_LAYERS = "Slide 20: The derivatives of the error function (two-layers)"
EBP = "Slide 21: Error back propagation"
PRACTICAL = "Slide 22: Practical representations - computation graph"
GRAPH = "Slide 23: Computation graph"
GRAPH_2 = "Slide 24: Computation graph (cont.)"
LAYER = "Slide 25: Computation graph – cross entropy layer"
QUIZZES = "Slide 26: Quizzes"
LIMITS = "Slide 27: Appendix – derivatives"
RULES = "Slide 28: Derivative rules"
VECTORS = "Slide 29: Vectors of derivatives"

# --- points -----------------------------------------------------------------------------------------------------------

X = each(x=[0.7, 2.0])
ANY_SIGN = each(x=[-1.5, 0.7, 2.0])
LABELS = [1.0, 0.0, 0.0, 1.0]
ROWS = [p | {"y": LABELS} for p in draws(2, w=3, X=(4, 3))]  # four examples of one unit
SATURATED = [p | {"w": p["w"] * size} for p in ROWS for size in (1, 100)]
STEPS = [p | {"eta": 0.5} for p in ROWS]
ROW = [p | {"y": 1.0} for p in draws(2, w=3, x=3)]  # one example
CLASSES = [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
LAYERS = [p | {"Y": CLASSES} for p in draws(2, W=(2, 3), X=(4, 3))]  # four examples of two units
UNITS = [p | {"y": [0.0, 1.0]} for p in draws(2, W=(2, 3), x=3)]  # one example
HIDDEN = [p | {"y": [0.0, 1.0], "eta": 0.5} for p in draws(2, W1=(3, 2), W2=(2, 3), x=2)]

# The network of f1…f6, with every number of its forward and backward pass to 20 digits.
REFERENCE = json.loads((Path(__file__).parents[1] / "data" / "f1_to_f6.json").read_text(encoding="utf-8"))
FORWARD, BACKWARD = REFERENCE["forward"], REFERENCE["grad_of_L"]
NETWORK = {name: x for name, x in REFERENCE["inputs"].items() if name != "true_class"}
NETWORK |= {"c": REFERENCE["inputs"]["true_class"]} | {f"x{k}": FORWARD[f"x{k}"] for k in range(2, 7)}
NET = [NETWORK]

# --- functions of the slides ------------------------------------------------------------------------------------------

g = sigmoid


def dg(a):
    return g(a) * (1 - g(a))


def dtanh(a):
    return 1 - tanh(a) ** 2


def descended(E, w, eta):
    """The parameters after one step of nn.SGD down E, in floats whatever it is given."""
    w = array(values(w))
    E(w).backward()
    nn.SGD([w], lr=float(eta)).step()
    return w


def posterior(p1, p2, P1):
    return p1 * P1 / (p1 * P1 + p2 * (1 - P1))


def normal(x, mean, spread):
    return exp(-((x - mean) ** 2) / (2 * spread**2)) / spread  # √(2π) cancels


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


def E_h_printed(w, X, y):
    y_hat = g(X @ w)
    return -sum(y * log(y_hat) + (1 - y) * log(1 - y_hat)) / len(X)


def E_h_classes(W, X, Y):
    return sum(nn.cross_entropy(W @ x, t) for x, t in zip(X, Y, strict=True)) / len(X)


def E_outputs(W, X, Y):
    return sum(nn.mse(g(W @ x), t) for x, t in zip(X, Y, strict=True))


def E_hidden(W1, W2, x, y):
    """Eₙ of the slides on two layers, with h = tanh and g = σ."""
    return nn.mse(g(W2 @ tanh(W1 @ x)), y)


def delta_2(W1, W2, x, y):
    a = W2 @ tanh(W1 @ x)
    return (g(a) - y) * dg(a)


def network(stage):
    """What `nn.lecture_chain` computes at that stage, x2, …, x6 or L, in floats whatever it is given."""

    def of(x, W1, w10, W2, w20, c):
        chain = nn.lecture_chain(*(array(values(p)) for p in (W1, w10, W2, w20)), c)
        chain(values(x))
        return dict(zip(("x2", "x3", "x4", "x5", "x6", "L"), (s.output for s in chain.stages), strict=True))[stage]

    return of


def loss(x, W1, w10, W2, w20, c):
    return nn.cross_entropy(W2 @ g(W1 @ x + w10) + w20, c)


def one_hot(c):
    return np.eye(3)[c]


def contracted(*jacobians):
    """The product of Jacobians, over the axes where they meet."""
    return reduce(lambda a, b: np.tensordot(a, b, 1), jacobians)


def block(x, K):
    """∂(W x)/∂W, of shape K × (K × M): x in row k of the k-th matrix."""
    return [[[(k == row) * entry for entry in x] for row in range(K)] for k in range(K)]


def of_two(rule):
    """The rule for two functions as a function of x: f = x² + 1 and g = sin x + 2, with f′ and g′."""
    return lambda x: rule(f=x**2 + 1, g=sin(x) + 2, df=2 * x, dg=cos(x))


def cube_square(x):
    return x[0] ** 3 * x[1] ** 2


def gradient(x):
    return np.array([3 * x[0] ** 2 * x[1] ** 2, 2 * x[0] ** 3 * x[1]])


ANGLES = [0.0, pi / 6, pi / 2, 0.9 * pi, pi, 1.5 * pi]


def towards(t, x, angle):
    """f at distance t from x, in the direction at that angle from ∇f."""
    up = gradient(x)
    left = np.array([-up[1], up[0]])
    return cube_square(x + t * (up * cos(angle) + left * sin(angle)) / sqrt(up @ up))


# fmt: off
# --- single layer -----------------------------------------------------------------------------------------------------

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

# --- two layers -------------------------------------------------------------------------------------------------------

TWO = [
    Claim(MLP, "hidden to output: w⁽²⁾_kj ← w⁽²⁾_kj − η ∂E/∂w⁽²⁾_kj",
          of=lambda W1, W2, x, y, eta: descended(lambda W: E_hidden(W1, W, x, y), W2, eta),
          printed=lambda W1, W2, x, y, eta: W2 - eta * np.outer(delta_2(W1, W2, x, y), tanh(W1 @ x)), at=HIDDEN),
    Claim(MLP, "input to hidden: w⁽¹⁾_ji ← w⁽¹⁾_ji − η ∂E/∂w⁽¹⁾_ji",
          of=lambda W1, W2, x, y, eta: descended(lambda W: E_hidden(W, W2, x, y), W1, eta),
          printed=lambda W1, W2, x, y, eta: W1 - eta * derivative(lambda W: E_hidden(W, W2, x, y), W1), at=HIDDEN),
    Claim(TWO_LAYERS, "ŷ_nk = g(a_nk), a_nk = Σⱼ₌₁ w⁽²⁾_kj z_nj, z_nj = h(b_nj), b_nj = Σᵢ₌₀ w⁽¹⁾_ji x_ni",
          of=lambda W1, W2, x: g(W2 @ tanh(W1 @ x)),
          printed=lambda W1, W2, x: [g(sum(W2[k, j] * tanh(sum(W1[j, i] * x[i] for i in range(2))) for j in range(3)))
                                     for k in range(2)], at=HIDDEN,
          note="the sum over i begins at 0, with a bias, the sum over j at 1, without one; slide 22 has w₁₀ and w₂₀"),
    Claim(TWO_LAYERS, "∂Eₙ/∂w⁽²⁾_kj = (ŷ_nk − y_nk) g′(a_nk) z_nj",
          of=E_hidden, wrt="W2",
          printed=lambda W1, W2, x, y: np.outer((g(W2 @ tanh(W1 @ x)) - y) * dg(W2 @ tanh(W1 @ x)), tanh(W1 @ x)), at=HIDDEN),
    Claim(TWO_LAYERS, "∂Eₙ/∂w⁽¹⁾_ji = ∂Eₙ/∂z_nj · ∂z_nj/∂b_nj · ∂b_nj/∂w⁽¹⁾_ji",
          of=E_hidden, wrt="W1",
          printed=lambda W1, W2, x, y: np.outer(
              derivative(lambda z: nn.mse(g(W2 @ z), y), tanh(W1 @ x)) * [derivative(tanh, b) for b in W1 @ x],
              derivative(lambda w: w @ x, W1[0])), at=HIDDEN),
    Claim(TWO_LAYERS, "∂Eₙ/∂z_nj = Σ_k ∂Eₙ/∂ŷ_nk · ∂ŷ_nk/∂z_nj",
          of=lambda z, W2, y: nn.mse(g(W2 @ z), y), wrt="z",
          printed=lambda z, W2, y: contracted(
              derivative(lambda y_hat: nn.mse(y_hat, y), g(W2 @ z)), derivative(lambda z: g(W2 @ z), z)),
          at=[p | {"z": [0.3, -0.6, 0.9]} for p in HIDDEN]),
    Claim(TWO_LAYERS, "∂Eₙ/∂w⁽¹⁾_ji = (Σ_k (ŷ_nk − y_nk) g′(a_nk) w⁽²⁾_kj) h′(b_nj) x_ni",
          of=E_hidden, wrt="W1",
          printed=lambda W1, W2, x, y: [[sum(delta_2(W1, W2, x, y)[k] * W2[k, j] for k in range(2)) * dtanh(W1[j] @ x) * x[i]
                                         for i in range(2)] for j in range(3)], at=HIDDEN),
    Claim(EBP, "δ⁽²⁾_nk = ∂Eₙ/∂a_nk = (ŷ_nk − y_nk) g′(a_nk)",
          of=lambda a, y: nn.mse(g(a), y), wrt="a", printed=lambda a, y: (g(a) - y) * dg(a),
          at=[{"a": [0.4, -1.1], "y": [0.0, 1.0]}]),
    Claim(EBP, "∂Eₙ/∂w⁽²⁾_kj = δ⁽²⁾_nk z_nj",
          of=E_hidden, wrt="W2",
          printed=lambda W1, W2, x, y: np.outer(derivative(lambda a: nn.mse(g(a), y), W2 @ tanh(W1 @ x)), tanh(W1 @ x)),
          at=HIDDEN),
    Claim(EBP, "∂Eₙ/∂w⁽¹⁾_ji = (Σ_k δ⁽²⁾_nk w⁽²⁾_kj) h′(b_nj) x_ni",
          of=E_hidden, wrt="W1", printed=lambda W1, W2, x, y: np.outer(delta_2(W1, W2, x, y) @ W2 * dtanh(W1 @ x), x),
          at=HIDDEN),
]

# --- the computation graph --------------------------------------------------------------------------------------------

SIX = [
    Claim(PRACTICAL, "z = g(x) = σ(W₁x + w₁₀)",
          of=network("x4"), printed=lambda x, W1, w10: sigmoid(W1 @ x + w10), at=NET,
          note="g is a whole layer here; before, it was the activation function"),
    Claim(PRACTICAL, "ŷ = softmax(W₂z + w₂₀)",
          of=lambda: FORWARD["y_hat"], printed=lambda x4, W2, w20: softmax(W2 @ x4 + w20), at=NET),
    Claim(PRACTICAL, "L = −Σ yᵢ log ŷᵢ",
          of=network("L"), printed=lambda x6, c: -sum(one_hot(c) * log(softmax(x6))), at=NET),
    Claim(PRACTICAL, "L = −log ŷ_c", of=network("L"), printed=lambda x6, c: -log(softmax(x6)[c]), at=NET),
    Claim(PRACTICAL, "L = −log softmax(W₂z + w₂₀)_c",
          of=network("L"), printed=lambda x4, W2, w20, c: -log_softmax(W2 @ x4 + w20)[c], at=NET),
    Claim(GRAPH, "L = f(x) = f₆(f₅(f₄(f₃(f₂(f₁(x)))))), f = f₆ ∘ f₅ ∘ f₄ ∘ f₃ ∘ f₂ ∘ f₁, with f₆ as corrected below",
          of=network("L"), printed=loss, at=NET),
    Claim(GRAPH, "f₁: x₂ = W₁x", of=network("x2"), printed=lambda x, W1: W1 @ x, at=NET),
    Claim(GRAPH, "f₂: x₃ = x₂ + w₁₀", of=network("x3"), printed=lambda x2, w10: x2 + w10, at=NET),
    Claim(GRAPH, "f₃: x₄ = σ(x₃)", of=network("x4"), printed=lambda x3: 1 / (1 + exp(-x3)), at=NET),
    Claim(GRAPH, "f₄: x₅ = W₂x₄", of=network("x5"), printed=lambda x4, W2: W2 @ x4, at=NET),
    Claim(GRAPH, "f₅: x₆ = x₅ + w₂₀", of=network("x6"), printed=lambda x5, w20: x5 + w20, at=NET),
    Claim(GRAPH, "f₆: L = log softmax(x₆)_y",
          of=network("L"), printed=lambda x6, c: log(softmax(x6)[c]), corrected=lambda x6, c: -log(softmax(x6)[c]),
          right="−log softmax(x₆)_y, as on slide 22", at=NET),
    Claim(GRAPH_2, "∂x₂/∂x = W₁", of=lambda x, W1: W1 @ x, wrt="x", printed=lambda W1: W1, at=NET),
    Claim(GRAPH_2, "∂x₃/∂x₂ = I", of=lambda x2, w10: x2 + w10, wrt="x2", printed=lambda: np.eye(3), at=NET),
    Claim(GRAPH_2, "∂x₃/∂W₁: x in row j of the j-th matrix",
          of=lambda x, W1, w10: W1 @ x + w10, wrt="W1", printed=lambda x: block(x, 3), at=NET),
    Claim(GRAPH_2, "∂x₅/∂x₄ = W₂", of=lambda x4, W2: W2 @ x4, wrt="x4", printed=lambda W2: W2, at=NET),
    Claim(GRAPH_2, "∂x₆/∂x₅ = I", of=lambda x5, w20: x5 + w20, wrt="x5", printed=lambda: np.eye(3), at=NET),
    Claim(GRAPH_2, "∂L/∂W₂ = ∂L/∂x₆ · ∂x₆/∂x₅ · ∂x₅/∂W₂, a product of Jacobians",
          of=loss, wrt="W2",
          printed=lambda x4, x5, x6, W2, w20, c: contracted(
              derivative(lambda x6: nn.cross_entropy(x6, c), x6),
              derivative(lambda x5: x5 + w20, x5),
              derivative(lambda W2: W2 @ x4, W2)),
          at=NET, note="“matrix transpose is omitted”: the two lines “with its transpose” below have it in place"),
    Claim(GRAPH_2, "∂L/∂W₁ = ∂L/∂x₆ · ∂x₆/∂x₅ · ∂x₅/∂x₄ · ∂x₄/∂x₃ · ∂x₃/∂W₁",
          of=loss, wrt="W1",
          printed=lambda x, x3, x4, x5, x6, W1, w10, W2, w20, c: contracted(
              derivative(lambda x6: nn.cross_entropy(x6, c), x6),
              derivative(lambda x5: x5 + w20, x5),
              derivative(lambda x4: W2 @ x4, x4),
              derivative(sigmoid, x3),
              derivative(lambda W1: W1 @ x + w10, W1)), at=NET),
    Claim(GRAPH_2, "with its transpose, ∂L/∂W₂ = (ŷ − y) x₄ᵀ",
          of=loss, wrt="W2", printed=lambda x4, x6, c: (softmax(x6) - one_hot(c))[:, None] @ x4[None, :], at=NET),
    Claim(GRAPH_2, "with its transposes, ∂L/∂W₁ = diag(σ′(x₃)) W₂ᵀ (ŷ − y) xᵀ",
          of=loss, wrt="W1",
          printed=lambda x, x3, x6, W2, c: np.diag(dg(x3)) @ W2.T @ (softmax(x6) - one_hot(c))[:, None] @ x[None, :], at=NET),
    *(
        Claim(GRAPH_2, f"forward pass: {name}, to 12 digits of the reference", of=of, printed=printed, at=NET)
        for name, of, printed in [
            ("x₂", network("x2"), lambda: FORWARD["x2"]),
            ("x₃", network("x3"), lambda: FORWARD["x3"]),
            ("x₄", network("x4"), lambda: FORWARD["x4"]),
            ("x₅", network("x5"), lambda: FORWARD["x5"]),
            ("x₆", network("x6"), lambda: FORWARD["x6"]),
            ("ŷ", lambda x6: softmax(x6), lambda: FORWARD["y_hat"]),
            ("L", network("L"), lambda: FORWARD["L"]),
        ]
    ),
    *(
        Claim(GRAPH_2, f"backward pass: {name}, to 12 digits of the reference",
              of=loss, wrt=wrt, printed=printed, at=NET)
        for name, wrt, printed in [
            ("∂L/∂w₂₀", "w20", lambda: BACKWARD["w20"]),
            ("∂L/∂W₂", "W2", lambda: BACKWARD["W2"]),
            ("∂L/∂w₁₀", "w10", lambda: BACKWARD["w10"]),
            ("∂L/∂W₁", "W1", lambda: BACKWARD["W1"]),
        ]
    ),
    Claim(LAYER, "L = −log ŷ_c = −log(e^a_c / Σⱼ e^aⱼ), a = x₄",
          of=network("L"), printed=lambda x4, c: -log(exp(x4)[c] / sum(exp(x4))),
          corrected=lambda x6, c: -log(exp(x6)[c] / sum(exp(x6))), right="a = x₆, the input of the softmax", at=NET),
    Claim(LAYER, "∂L/∂aᵢ = ∂(log(Σⱼ e^aⱼ) − a_c)/∂aᵢ",
          of=lambda x6, c: nn.cross_entropy(x6, c), wrt="x6",
          printed=lambda x6, c: derivative(lambda a: logsumexp(a) - a[c], x6), at=NET),
    Claim(LAYER, "∂L/∂aᵢ = e^aᵢ / Σⱼ e^aⱼ − 1[i = c]",
          of=lambda x6, c: -log(softmax(x6)[c]), wrt="x6",
          printed=lambda x6, c: [exp(x6)[i] / sum(exp(x6)) - (i == c) for i in range(3)], at=NET),
    Claim(LAYER, "∂L/∂aᵢ = ŷᵢ − 1[i = c]",
          of=lambda x6, c: logsumexp(x6) - x6[c], wrt="x6",
          printed=lambda x6, c: [softmax(x6)[i] - (i == c) for i in range(3)], at=NET),
    Claim(LAYER, "∂L/∂x₆ = ŷ − y",
          of=lambda x6, c: nn.cross_entropy(x6, c), wrt="x6", printed=lambda x6, c: softmax(x6) - one_hot(c),
          at=[NETWORK | {"c": c} for c in range(3)]),
    Claim(QUIZZES, "∂E_H/∂wᵢ = 1/N Σₙ (ŷₙ − yₙ) xₙᵢ, from E_H as printed",
          of=E_h_printed, wrt="w", printed=lambda w, X, y: X.T @ (g(X @ w) - y) / len(X), at=ROWS),
    Claim(QUIZZES, "∂x₆/∂w₂₀ (answer: I)", of=lambda x5, w20: x5 + w20, wrt="w20", printed=lambda: np.eye(3), at=NET),
    Claim(QUIZZES, "∂x₅/∂W₂ (answer: K × (K × M), x₄ in row k of the k-th matrix)",
          of=lambda x4, W2: W2 @ x4, wrt="W2", printed=lambda x4: block(x4, 3), at=NET),
    Claim(QUIZZES, "∂x₄/∂x₃ (answer: diag(σ(x₃)(1 − σ(x₃))))",
          of=lambda x3: sigmoid(x3), wrt="x3", printed=lambda x3: np.diag(sigmoid(x3) * (1 - sigmoid(x3))), at=NET),
]

# --- the appendix -----------------------------------------------------------------------------------------------------

EPSILON = mpmath.mpf(10) ** -30

APPENDIX = [
    Claim(LIMITS, "f′(x) = lim (f(x + ε) − f(x)) / ε (here ε = 10⁻³⁰, f = 4x³)",
          of=lambda x: 4 * x**3, wrt="x", printed=lambda x: (4 * (x + EPSILON) ** 3 - 4 * x**3) / EPSILON, at=ANY_SIGN),
    Claim(LIMITS, "f = 4x³: f′(x) = 12x²", of=lambda x: 4 * x**3, wrt="x", printed=lambda x: 12 * x**2, at=ANY_SIGN),
    Claim(LIMITS, "∂f/∂x = lim (f(x + ε, y) − f(x, y)) / ε (f = y³x²)",
          of=lambda x, y: y**3 * x**2, wrt="x", printed=lambda x, y: (y**3 * (x + EPSILON) ** 2 - y**3 * x**2) / EPSILON,
          at=each(x=[-1.5, 0.7], y=[0.5])),
    Claim(LIMITS, "f = y³x²: ∂f/∂x = 2y³x",
          of=lambda x, y: y**3 * x**2, wrt="x", printed=lambda x, y: 2 * y**3 * x, at=each(x=[-1.5, 0.7], y=[0.5])),
    Claim(RULES, "c → 0", of=lambda x: constant(5.0), wrt="x", printed=lambda: 0.0, at=X),
    Claim(RULES, "x → 1", of=lambda x: x, wrt="x", printed=lambda: 1.0, at=ANY_SIGN),
    Claim(RULES, "xⁿ → n xⁿ⁻¹",
          of=lambda x, n: x**n, wrt="x", printed=lambda x, n: n * x ** (n - 1), at=each(x=[-1.5, 0.7], n=[1, 2, 3, 5, -2])),
    Claim(RULES, "1/x → −1/x²", of=lambda x: 1 / x, wrt="x", printed=lambda x: -1 / x**2, at=ANY_SIGN),
    Claim(RULES, "√x → ½ x^(−½)",
          of=lambda x: sqrt(x), wrt="x", printed=lambda x: x**-0.5 / 2, at=each(x=[1e-6, 0.7, 100.0])),
    Claim(RULES, "eˣ → eˣ", of=lambda x: exp(x), wrt="x", printed=lambda x: exp(x), at=ANY_SIGN),
    Claim(RULES, "ln x → 1/x", of=lambda x: log(x), wrt="x", printed=lambda x: 1 / x, at=each(x=[1e-6, 0.7, 100.0])),
    Claim(RULES, "f + g → f′ + g′ (f = x² + 1, g = sin x + 2, here and below)",
          of=of_two(lambda f, g, df, dg: f + g), wrt="x", printed=of_two(lambda f, g, df, dg: df + dg), at=X),
    Claim(RULES, "f g → f′g + f g′",
          of=of_two(lambda f, g, df, dg: f * g), wrt="x", printed=of_two(lambda f, g, df, dg: df * g + f * dg), at=X),
    Claim(RULES, "1/f → −f′/f²",
          of=of_two(lambda f, g, df, dg: 1 / f), wrt="x", printed=of_two(lambda f, g, df, dg: -df / f**2), at=X),
    Claim(RULES, "f/g → −(f′g − f g′)/g²",
          of=of_two(lambda f, g, df, dg: f / g), wrt="x", printed=of_two(lambda f, g, df, dg: -(df * g - f * dg) / g**2),
          corrected=of_two(lambda f, g, df, dg: (df * g - f * dg) / g**2),
          right="(f′g − f g′)/g², without the minus in front", at=X),
    Claim(RULES, "f(g(x)) → f′(g(x)) g′(x)",
          of=lambda x: (sin(x) + 2) ** 2 + 1, wrt="x", printed=lambda x: 2 * (sin(x) + 2) * cos(x), at=X),
    Claim(RULES, "z = f(y), y = g(x): dz/dx = dz/dy · dy/dx",
          of=lambda x: (sin(x) + 2) ** 2 + 1, wrt="x",
          printed=lambda x: derivative(lambda y: y**2 + 1, sin(x) + 2) * derivative(sin, x), at=X),
    Claim(VECTORS, "∇f = (∂f/∂x₁, ∂f/∂x₂)ᵀ, one partial derivative each",
          of=cube_square, wrt="x",
          printed=lambda x: [derivative(lambda v: cube_square([v, x[1]]), x[0]),
                             derivative(lambda v: cube_square([x[0], v]), x[1])], at=[{"x": [1.5, -0.5]}]),
    Claim(VECTORS, "f = x₁³x₂²: ∇f = (3x₁²x₂², 2x₁³x₂)ᵀ",
          of=cube_square, wrt="x", printed=lambda x: [3 * x[0] ** 2 * x[1] ** 2, 2 * x[0] ** 3 * x[1]],
          at=[{"x": [1.5, -0.5]}, {"x": [-0.7, 2.0]}]),
    Claim(VECTORS, "f changes most quickly in direction ∇f: its slope at an angle φ to ∇f is ‖∇f‖ cos φ",
          of=lambda t, x: [towards(t, x, angle) for angle in ANGLES], wrt="t",
          printed=lambda x: [sqrt(gradient(x) @ gradient(x)) * cos(angle) for angle in ANGLES],
          at=[{"t": 0.0, "x": [1.5, -0.5]}]),
]

# fmt: on
LECTURE = [*ONE_UNIT, *SEVERAL_UNITS, *TWO, *SIX, *APPENDIX]
