"""The exercises of notebook 3, One unit: their answers and hints. Try them first."""

import math

import nn
from autograd import array, grad, gradients, sigmoid, value_and_grad, values
from exercises import exercise, fact, near

CORNERS = [(0, 0), (0, 1), (1, 0), (1, 1)]


@exercise("3.1")
def _(w0, w1, w2):
    for p, q in CORNERS:
        if (w0 + w1 * p + w2 * q > 0) != bool(p or q):
            return f"With x1 = {p} and x2 = {q} this unit gives {int(w0 + w1 * p + w2 * q > 0)}."


@exercise("3.2")
def _(v0, v1, v2, v3):
    for h1, h2, h3 in ((1, 1, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1)):
        a = v0 + v1 * h1 + v2 * h2 + v3 * h3
        if (a > 0) == (h1 + h2 + h3 == 3):
            return f"With h = ({h1}, {h2}, {h3}) the output is {int(a > 0)}. The inside has h = (1, 1, 1)."


@exercise("3.3")
def _(a, mirrored):
    if not near(sigmoid(float(a)), 0.9):
        return f"At this a the unit gives {sigmoid(float(a)):.4f}."
    if not all(near(mirrored(sigmoid(z)), sigmoid(-z)) for z in (-3.0, 0.0, 0.5, 4.0)):
        return "Compare g(2) with g(−2). What is their sum?"


@exercise("3.4")
def _(w, w0):
    def density(x, mean):
        return math.exp(-((x - mean) ** 2) / 2)

    for x in (-3.0, 0.0, 1.0, 4.0):
        p1, p2 = 0.8 * density(x, 2.0), 0.2 * density(x, 0.0)
        if not near(sigmoid(w * x + w0), p1 / (p1 + p2)):
            return f"At x = {x:g} the posterior is {p1 / (p1 + p2):.4f} and your unit gives {sigmoid(w * x + w0):.4f}."


@exercise("3.5")
def _(dE_dw0, dE_dw1):
    u = array([0.0, 1.0], "u")
    truth = values(gradients(nn.mse(sigmoid(u @ [1.0, 0.0]), 1.0), u))
    if not near([dE_dw0, dE_dw1], truth):
        return "a = 0, so ŷ = ½ and g′(a) = ¼. Multiply the three factors; the last one is 1 for w0 and x1 for w1."


@exercise("3.6")
def _(dE_dyhat, dyhat_da, da_dwi, product):
    for p, y, x in ((p, y, x) for p in (0.1, 0.5, 0.9) for y in (0.0, 1.0) for x in (-2.0, 0.5)):
        slope = value_and_grad(lambda q, y=y: nn.binary_cross_entropy(q, y))(p)[1]
        if not near(dE_dyhat(p, y), slope):
            return "Differentiate −y log ŷ − (1 − y) log(1 − ŷ) with respect to ŷ, one term after the other."
        if not near(dyhat_da(p), p * (1 - p)):
            return "ŷ is g(a): write g′(a) as a function of ŷ."
        if not near(da_dwi(x), x):
            return "a is Σ w_i x_i."
        if not near(product(p, y, x), slope * p * (1 - p) * x):
            return "Multiply your three factors, and cancel ŷ(1 − ŷ)."


@exercise("3.7")
def _(new, best):
    slope = grad(lambda w: 0.5 * (3 * w - 6) ** 2)
    if not near(new, -0.1 * slope(0.0)):
        return "The new weight is 0 − η E′(0)."
    if not near(slope(-best * slope(0.0)), 0):
        return "The minimum is where 3w = 6. Which η leads from 0 to there?"


fact("3.8", "Take 32 examples at a time, until none is left.", steps=5, last=22)


@exercise("3.9")
def _(crossing):
    if not all(near(w[0] + w[2] * crossing(*w), 0) for w in ((1.0, 2.0, 4.0), (-3.0, 1.0, 0.5))):
        return "On the boundary a = w0 + w1·x1 + w2·x2 is 0, and here x1 is 0."


@exercise("3.10")
def _(steps, entry):
    if steps != 1:
        return "E is a quadratic function. What does Newton's method do on a quadratic function?"
    if not near(entry, 6.25):
        return "Differentiate twice with respect to w1: what remains is a sum over the five x."
