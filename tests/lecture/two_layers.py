"""Slides 18 to 21: two layers, and error back propagation."""

from __future__ import annotations

import numpy as np

import nn
from autograd import tanh
from tests.lecture import Claim, derivative, draws
from tests.lecture.functions import contracted, descended, dg, dtanh, g

MLP = "Slide 18: Training of multi-layer neural networks"
TWO_LAYERS = "Slide 20: The derivatives of the error function (two-layers)"
EBP = "Slide 21: Error back propagation"
HIDDEN = [p | {"y": [0.0, 1.0], "eta": 0.5} for p in draws(2, W1=(3, 2), W2=(2, 3), x=2)]


def E_hidden(W1, W2, x, y):
    """Eₙ of the slides on two layers, with h = tanh and g = σ."""
    return nn.mse(g(W2 @ tanh(W1 @ x)), y)


def delta_2(W1, W2, x, y):
    a = W2 @ tanh(W1 @ x)
    return (g(a) - y) * dg(a)


TWO = [
    Claim(
        MLP,
        "hidden to output: w⁽²⁾_kj ← w⁽²⁾_kj − η ∂E/∂w⁽²⁾_kj",
        of=lambda W1, W2, x, y, eta: descended(lambda W: E_hidden(W1, W, x, y), W2, eta),
        printed=lambda W1, W2, x, y, eta: W2 - eta * np.outer(delta_2(W1, W2, x, y), tanh(W1 @ x)),
        at=HIDDEN,
    ),
    Claim(
        MLP,
        "input to hidden: w⁽¹⁾_ji ← w⁽¹⁾_ji − η ∂E/∂w⁽¹⁾_ji",
        of=lambda W1, W2, x, y, eta: descended(lambda W: E_hidden(W, W2, x, y), W1, eta),
        printed=lambda W1, W2, x, y, eta: W1 - eta * derivative(lambda W: E_hidden(W, W2, x, y), W1),
        at=HIDDEN,
    ),
    Claim(
        TWO_LAYERS,
        "ŷ_nk = g(a_nk), a_nk = Σⱼ₌₁ w⁽²⁾_kj z_nj, z_nj = h(b_nj), b_nj = Σᵢ₌₀ w⁽¹⁾_ji x_ni",
        of=lambda W1, W2, x: g(W2 @ tanh(W1 @ x)),
        printed=lambda W1, W2, x: [
            g(sum(W2[k, j] * tanh(sum(W1[j, i] * x[i] for i in range(2))) for j in range(3))) for k in range(2)
        ],
        at=HIDDEN,
        note="the sum over i begins at 0, with a bias, the sum over j at 1, without one; slide 22 has w₁₀ and w₂₀",
    ),
    Claim(
        TWO_LAYERS,
        "∂Eₙ/∂w⁽²⁾_kj = (ŷ_nk − y_nk) g′(a_nk) z_nj",
        of=E_hidden,
        wrt="W2",
        printed=lambda W1, W2, x, y: np.outer((g(W2 @ tanh(W1 @ x)) - y) * dg(W2 @ tanh(W1 @ x)), tanh(W1 @ x)),
        at=HIDDEN,
    ),
    Claim(
        TWO_LAYERS,
        "∂Eₙ/∂w⁽¹⁾_ji = ∂Eₙ/∂z_nj · ∂z_nj/∂b_nj · ∂b_nj/∂w⁽¹⁾_ji",
        of=E_hidden,
        wrt="W1",
        printed=lambda W1, W2, x, y: np.outer(
            derivative(lambda z: nn.mse(g(W2 @ z), y), tanh(W1 @ x)) * [derivative(tanh, b) for b in W1 @ x],
            derivative(lambda w: w @ x, W1[0]),
        ),
        at=HIDDEN,
    ),
    Claim(
        TWO_LAYERS,
        "∂Eₙ/∂z_nj = Σ_k ∂Eₙ/∂ŷ_nk · ∂ŷ_nk/∂z_nj",
        of=lambda z, W2, y: nn.mse(g(W2 @ z), y),
        wrt="z",
        printed=lambda z, W2, y: contracted(
            derivative(lambda y_hat: nn.mse(y_hat, y), g(W2 @ z)), derivative(lambda z: g(W2 @ z), z)
        ),
        at=[p | {"z": [0.3, -0.6, 0.9]} for p in HIDDEN],
    ),
    Claim(
        TWO_LAYERS,
        "∂Eₙ/∂w⁽¹⁾_ji = (Σ_k (ŷ_nk − y_nk) g′(a_nk) w⁽²⁾_kj) h′(b_nj) x_ni",
        of=E_hidden,
        wrt="W1",
        printed=lambda W1, W2, x, y: [
            [sum(delta_2(W1, W2, x, y)[k] * W2[k, j] for k in range(2)) * dtanh(W1[j] @ x) * x[i] for i in range(2)]
            for j in range(3)
        ],
        at=HIDDEN,
    ),
    Claim(
        EBP,
        "δ⁽²⁾_nk = ∂Eₙ/∂a_nk = (ŷ_nk − y_nk) g′(a_nk)",
        of=lambda a, y: nn.mse(g(a), y),
        wrt="a",
        printed=lambda a, y: (g(a) - y) * dg(a),
        at=[{"a": [0.4, -1.1], "y": [0.0, 1.0]}],
    ),
    Claim(
        EBP,
        "∂Eₙ/∂w⁽²⁾_kj = δ⁽²⁾_nk z_nj",
        of=E_hidden,
        wrt="W2",
        printed=lambda W1, W2, x, y: np.outer(derivative(lambda a: nn.mse(g(a), y), W2 @ tanh(W1 @ x)), tanh(W1 @ x)),
        at=HIDDEN,
    ),
    Claim(
        EBP,
        "∂Eₙ/∂w⁽¹⁾_ji = (Σ_k δ⁽²⁾_nk w⁽²⁾_kj) h′(b_nj) x_ni",
        of=E_hidden,
        wrt="W1",
        printed=lambda W1, W2, x, y: np.outer(delta_2(W1, W2, x, y) @ W2 * dtanh(W1 @ x), x),
        at=HIDDEN,
    ),
]
