"""Graphs with scopes, and readers of their pictures stage by stage."""

import numpy as np

import nn
from autograd import Value, array, constant, dot, named, scope, sum as total, tanh


def mlp(sizes=(3, 2), activation="tanh", backward=True):
    model = nn.MLP(2, sizes, activation, rng=0)
    out = nn.cross_entropy(model([0.5, -1.0]), 1)
    if backward:
        out.backward()
    return out


def recurrent():
    """A cell that is entered again and again, with other scopes between."""
    w, u, v = Value(0.5, "w"), Value(-0.3, "u"), Value(1.2, "v")
    h, outs = Value(0.0, "h0", "input"), []
    for k in range(3):
        x = Value(0.1 * k + 0.2, f"x[{k}]", "input")
        with scope("cell", "h = tanh(w·x + u·h)"):
            h = (w * x + u * h).tanh()
        with scope("out"):
            outs.append((v * h).sigmoid())
        with scope("mix"):
            h = h + 0.1 * outs[-1]
    out = total(outs)
    out.backward()
    return out


def residual():
    W = array(np.arange(9.0).reshape(3, 3) / 10, "W")
    x = array([1.0, 2.0, 3.0], "x", "input")
    with scope("a"):
        a = named("a", W @ x)
    with scope("b"):
        b = named("b", tanh(a))
    with scope("c", "c = x + b"):
        c = named("c", x + b)
    with scope("split"):
        return [named("p", total(c)), named("q", dot(c, c))]


def panels(diagram):
    return {card.name: card for card in diagram.scene.cards}


def labels(diagram):
    return dict(wire.lines[:2] for wire in diagram.scene.wires if wire.quotient)


def torn():
    """A recurrence whose first cell takes only the first row of each matrix, and the first element of the bias."""
    U, W, b = array([[0.0, 0.2], [0.4, 0.6]], "U"), array([[0.1, 0.2], [0.3, -0.1]], "W"), array([0.0, 0.1], "b")
    x, h = array([[0.1, 0.3], [0.2, 0.5], [0.7, 0.9]], "x", "input"), array([0.1, 0.2], "h0", "input")
    with scope("cell0"):
        h = [tanh(W[0] @ x[0] + U[0] @ h + b[0]), constant(0.5)]
    for k in (1, 2):
        with scope(f"cell{k}"):
            h = named(f"h{k}", tanh(W @ x[k] + U @ h + b))
    with scope("loss"):
        out = named("L", dot(h, h))
    out.backward()
    return out
