"""Slides 22 to 26: the network as a computation graph of six functions, with every number of its passes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import nn
from autograd import array, exp, log, log_softmax, logsumexp, sigmoid, softmax, values
from tests.lecture import Claim, derivative
from tests.lecture.functions import ROWS, E_h_printed, contracted, dg, g

PRACTICAL = "Slide 22: Practical representations - computation graph"
GRAPH = "Slide 23: Computation graph"
GRAPH_2 = "Slide 24: Computation graph (cont.)"
LAYER = "Slide 25: Computation graph – cross entropy layer"
QUIZZES = "Slide 26: Quizzes"


# The network of f1…f6, with every number of its forward and backward pass to 20 digits.
REFERENCE = json.loads((Path(__file__).parents[1] / "data" / "f1_to_f6.json").read_text(encoding="utf-8"))
FORWARD, BACKWARD = REFERENCE["forward"], REFERENCE["grad_of_L"]
NETWORK = {name: x for name, x in REFERENCE["inputs"].items() if name != "true_class"}
NETWORK |= {"c": REFERENCE["inputs"]["true_class"]} | {f"x{k}": FORWARD[f"x{k}"] for k in range(2, 7)}
NET = [NETWORK]


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


def block(x, K):
    """∂(W x)/∂W, of shape K × (K × M): x in row k of the k-th matrix."""
    return [[[(k == row) * entry for entry in x] for row in range(K)] for k in range(K)]


SIX = [
    Claim(
        PRACTICAL,
        "z = g(x) = σ(W₁x + w₁₀)",
        of=network("x4"),
        printed=lambda x, W1, w10: sigmoid(W1 @ x + w10),
        at=NET,
        note="g is a whole layer here; before, it was the activation function",
    ),
    Claim(
        PRACTICAL,
        "ŷ = softmax(W₂z + w₂₀)",
        of=lambda: FORWARD["y_hat"],
        printed=lambda x4, W2, w20: softmax(W2 @ x4 + w20),
        at=NET,
    ),
    Claim(
        PRACTICAL,
        "L = −Σ yᵢ log ŷᵢ",
        of=network("L"),
        printed=lambda x6, c: -sum(one_hot(c) * log(softmax(x6))),
        at=NET,
    ),
    Claim(PRACTICAL, "L = −log ŷ_c", of=network("L"), printed=lambda x6, c: -log(softmax(x6)[c]), at=NET),
    Claim(
        PRACTICAL,
        "L = −log softmax(W₂z + w₂₀)_c",
        of=network("L"),
        printed=lambda x4, W2, w20, c: -log_softmax(W2 @ x4 + w20)[c],
        at=NET,
    ),
    Claim(
        GRAPH,
        "L = f(x) = f₆(f₅(f₄(f₃(f₂(f₁(x)))))), f = f₆ ∘ f₅ ∘ f₄ ∘ f₃ ∘ f₂ ∘ f₁, with f₆ as corrected below",
        of=network("L"),
        printed=loss,
        at=NET,
    ),
    Claim(GRAPH, "f₁: x₂ = W₁x", of=network("x2"), printed=lambda x, W1: W1 @ x, at=NET),
    Claim(GRAPH, "f₂: x₃ = x₂ + w₁₀", of=network("x3"), printed=lambda x2, w10: x2 + w10, at=NET),
    Claim(GRAPH, "f₃: x₄ = σ(x₃)", of=network("x4"), printed=lambda x3: 1 / (1 + exp(-x3)), at=NET),
    Claim(GRAPH, "f₄: x₅ = W₂x₄", of=network("x5"), printed=lambda x4, W2: W2 @ x4, at=NET),
    Claim(GRAPH, "f₅: x₆ = x₅ + w₂₀", of=network("x6"), printed=lambda x5, w20: x5 + w20, at=NET),
    Claim(
        GRAPH,
        "f₆: L = log softmax(x₆)_y",
        of=network("L"),
        printed=lambda x6, c: log(softmax(x6)[c]),
        corrected=lambda x6, c: -log(softmax(x6)[c]),
        right="−log softmax(x₆)_y, as on slide 22",
        at=NET,
    ),
    Claim(GRAPH_2, "∂x₂/∂x = W₁", of=lambda x, W1: W1 @ x, wrt="x", printed=lambda W1: W1, at=NET),
    Claim(GRAPH_2, "∂x₃/∂x₂ = I", of=lambda x2, w10: x2 + w10, wrt="x2", printed=lambda: np.eye(3), at=NET),
    Claim(
        GRAPH_2,
        "∂x₃/∂W₁: x in row j of the j-th matrix",
        of=lambda x, W1, w10: W1 @ x + w10,
        wrt="W1",
        printed=lambda x: block(x, 3),
        at=NET,
    ),
    Claim(GRAPH_2, "∂x₅/∂x₄ = W₂", of=lambda x4, W2: W2 @ x4, wrt="x4", printed=lambda W2: W2, at=NET),
    Claim(GRAPH_2, "∂x₆/∂x₅ = I", of=lambda x5, w20: x5 + w20, wrt="x5", printed=lambda: np.eye(3), at=NET),
    Claim(
        GRAPH_2,
        "∂L/∂W₂ = ∂L/∂x₆ · ∂x₆/∂x₅ · ∂x₅/∂W₂, a product of Jacobians",
        of=loss,
        wrt="W2",
        printed=lambda x4, x5, x6, W2, w20, c: contracted(
            derivative(lambda x6: nn.cross_entropy(x6, c), x6),
            derivative(lambda x5: x5 + w20, x5),
            derivative(lambda W2: W2 @ x4, W2),
        ),
        at=NET,
        note="“matrix transpose is omitted”: the two lines “with its transpose” below have it in place",
    ),
    Claim(
        GRAPH_2,
        "∂L/∂W₁ = ∂L/∂x₆ · ∂x₆/∂x₅ · ∂x₅/∂x₄ · ∂x₄/∂x₃ · ∂x₃/∂W₁",
        of=loss,
        wrt="W1",
        printed=lambda x, x3, x4, x5, x6, W1, w10, W2, w20, c: contracted(
            derivative(lambda x6: nn.cross_entropy(x6, c), x6),
            derivative(lambda x5: x5 + w20, x5),
            derivative(lambda x4: W2 @ x4, x4),
            derivative(sigmoid, x3),
            derivative(lambda W1: W1 @ x + w10, W1),
        ),
        at=NET,
    ),
    Claim(
        GRAPH_2,
        "with its transpose, ∂L/∂W₂ = (ŷ − y) x₄ᵀ",
        of=loss,
        wrt="W2",
        printed=lambda x4, x6, c: (softmax(x6) - one_hot(c))[:, None] @ x4[None, :],
        at=NET,
    ),
    Claim(
        GRAPH_2,
        "with its transposes, ∂L/∂W₁ = diag(σ′(x₃)) W₂ᵀ (ŷ − y) xᵀ",
        of=loss,
        wrt="W1",
        printed=lambda x, x3, x6, W2, c: np.diag(dg(x3)) @ W2.T @ (softmax(x6) - one_hot(c))[:, None] @ x[None, :],
        at=NET,
    ),
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
        Claim(
            GRAPH_2, f"backward pass: {name}, to 12 digits of the reference", of=loss, wrt=wrt, printed=printed, at=NET
        )
        for name, wrt, printed in [
            ("∂L/∂w₂₀", "w20", lambda: BACKWARD["w20"]),
            ("∂L/∂W₂", "W2", lambda: BACKWARD["W2"]),
            ("∂L/∂w₁₀", "w10", lambda: BACKWARD["w10"]),
            ("∂L/∂W₁", "W1", lambda: BACKWARD["W1"]),
        ]
    ),
    Claim(
        LAYER,
        "L = −log ŷ_c = −log(e^a_c / Σⱼ e^aⱼ), a = x₄",
        of=network("L"),
        printed=lambda x4, c: -log(exp(x4)[c] / sum(exp(x4))),
        corrected=lambda x6, c: -log(exp(x6)[c] / sum(exp(x6))),
        right="a = x₆, the input of the softmax",
        at=NET,
    ),
    Claim(
        LAYER,
        "∂L/∂aᵢ = ∂(log(Σⱼ e^aⱼ) − a_c)/∂aᵢ",
        of=lambda x6, c: nn.cross_entropy(x6, c),
        wrt="x6",
        printed=lambda x6, c: derivative(lambda a: logsumexp(a) - a[c], x6),
        at=NET,
    ),
    Claim(
        LAYER,
        "∂L/∂aᵢ = e^aᵢ / Σⱼ e^aⱼ − 1[i = c]",
        of=lambda x6, c: -log(softmax(x6)[c]),
        wrt="x6",
        printed=lambda x6, c: [exp(x6)[i] / sum(exp(x6)) - (i == c) for i in range(3)],
        at=NET,
    ),
    Claim(
        LAYER,
        "∂L/∂aᵢ = ŷᵢ − 1[i = c]",
        of=lambda x6, c: logsumexp(x6) - x6[c],
        wrt="x6",
        printed=lambda x6, c: [softmax(x6)[i] - (i == c) for i in range(3)],
        at=NET,
    ),
    Claim(
        LAYER,
        "∂L/∂x₆ = ŷ − y",
        of=lambda x6, c: nn.cross_entropy(x6, c),
        wrt="x6",
        printed=lambda x6, c: softmax(x6) - one_hot(c),
        at=[NETWORK | {"c": c} for c in range(3)],
    ),
    Claim(
        QUIZZES,
        "∂E_H/∂wᵢ = 1/N Σₙ (ŷₙ − yₙ) xₙᵢ, from E_H as printed",
        of=E_h_printed,
        wrt="w",
        printed=lambda w, X, y: X.T @ (g(X @ w) - y) / len(X),
        at=ROWS,
    ),
    Claim(QUIZZES, "∂x₆/∂w₂₀ (answer: I)", of=lambda x5, w20: x5 + w20, wrt="w20", printed=lambda: np.eye(3), at=NET),
    Claim(
        QUIZZES,
        "∂x₅/∂W₂ (answer: K × (K × M), x₄ in row k of the k-th matrix)",
        of=lambda x4, W2: W2 @ x4,
        wrt="W2",
        printed=lambda x4: block(x4, 3),
        at=NET,
    ),
    Claim(
        QUIZZES,
        "∂x₄/∂x₃ (answer: diag(σ(x₃)(1 − σ(x₃))))",
        of=lambda x3: sigmoid(x3),
        wrt="x3",
        printed=lambda x3: np.diag(sigmoid(x3) * (1 - sigmoid(x3))),
        at=NET,
    ),
]
