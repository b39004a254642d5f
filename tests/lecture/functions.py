"""Points and functions that formulas of several parts of the lecture share."""

from __future__ import annotations

from functools import reduce

import numpy as np

import nn
from autograd import array, exp, log, sigmoid, tanh, values
from tests.lecture import draws, each

X = each(x=[0.7, 2.0])
LABELS = [1.0, 0.0, 0.0, 1.0]
ROWS = [p | {"y": LABELS} for p in draws(2, w=3, X=(4, 3))]  # four examples of one unit
CLASSES = [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
LAYERS = [p | {"Y": CLASSES} for p in draws(2, W=(2, 3), X=(4, 3))]  # four examples of two units
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


def normal(x, mean, spread):
    return exp(-((x - mean) ** 2) / (2 * spread**2)) / spread  # √(2π) cancels


def E_h_printed(w, X, y):
    y_hat = g(X @ w)
    return -sum(y * log(y_hat) + (1 - y) * log(1 - y_hat)) / len(X)


def contracted(*jacobians):
    """The product of Jacobians, over the axes where they meet."""
    return reduce(lambda a, b: np.tensordot(a, b, 1), jacobians)
