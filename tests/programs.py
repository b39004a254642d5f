"""Programs and data that several files of tests use."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import nn
from autograd import (
    Value,
    array,
    constant,
    exp,
    log_softmax,
    logsumexp,
    maximum,
    named,
    nesting,
    record,
    scope,
    sin,
    softmax,
    sum as total,
    tanh,
)

ROOT = Path(__file__).parents[1]


RNG = np.random.default_rng(11)


X = RNG.normal(size=(100, 4))


CLASSES = RNG.integers(0, 3, size=100)


Y = nn.one_hot(CLASSES, 3)


def classifier():
    """A model, and its program of features and one-hot classes."""
    model = nn.MLP(4, [5, 3], rng=1)
    return model, record(lambda x, y: nn.cross_entropy(model(x), y), X[0], Y[0])


def line():
    """A model of one weight, and its program of one input and one target."""
    w = Value(2.0, "w")
    return w, record(lambda x, y: (w * x - y) ** 2, 1.0, 3.0)


WEIGHT = Value(0.5, "weight")


ONE = [1.0] * 4


A = Value(1.0, "a")


def names(x):
    """The names of Values, in an order of their nesting."""
    return [v.name for v in nesting.flat(x)]


def rows(x):
    """The names of their operations."""
    return [v.op.name for v in nesting.flat(x)]


def form(x):
    """x₀² x₁, a function of a vector, with gradient [2 x₀ x₁, x₀²]."""
    return x[0] ** 2 * x[1]


def cube(x):
    """x³."""
    return x**3


def executed(program, tmp_path):
    """The functions of `program.source`, run by hand with the constants that `save_source` keeps."""
    saved = np.load(program.save_source(tmp_path / "saved.py").with_suffix(".npz"))
    scene = {"constants": {name: saved[name] for name in saved if name != "theta"}}
    exec(compile(program.source, "by hand", "exec"), scene)
    return scene


def lecture():
    """The lecture's network on one example, recorded."""
    numbers = np.random.default_rng(0)
    shapes = {"W1": (4, 3), "w10": (4,), "W2": (2, 4), "w20": (2,)}
    weights = [array(numbers.normal(size=shape), name) for name, shape in shapes.items()]
    chain = nn.lecture.lecture_chain(*weights, 1)
    return record(lambda x: chain(x), numbers.normal(size=3))


def whole_data_set():
    model = nn.MLP(4, [5, 3], rng=1)
    return record(
        lambda: total([nn.cross_entropy(model(constant(x)), int(c)) for x, c in zip(X, CLASSES, strict=True)])
    )


def gathering():
    """One that takes entries of an array more than once, and leaves others out."""
    w, chosen = array(np.linspace(-1, 1, 6), "w"), [4, 1, 1, 5, 0, 4, 4, 2]
    return record(lambda x: total([tanh(sin(w * x)[k]) * (1.0 + j) for j, k in enumerate(chosen)]), np.ones(6))


def mlp(loss=nn.mse, sizes=(16, 16, 1), activation="relu"):
    model = nn.MLP(2, list(sizes), activation, rng=0)
    y = 1.0 if sizes[-1] == 1 else np.eye(sizes[-1])[0]
    return record(lambda x, y: loss(model(x), y), [0.5, 1.0], y)


def hostile(payload):
    """A program of three numbers whose every name and scope is this text."""
    w, inner = array([0.5, -0.25, 1.0], payload), named(payload, constant([1.0, 2.0, 3.0]))

    def f(x):
        with scope(payload if payload.strip("/") else "s", payload):
            h = named(payload, tanh(w * x + inner))
        return named(payload, total(softmax(h)) + log_softmax(h)[0])

    return record(f, [0.5, 1.0, 2.0])


# What the code in C and in JavaScript calls things of its own, and what it calls.
OWN_NAMES = [
    "s0",
    "s1",
    "s2",
    "x_rows",
    "U_sums",
    "b_sums",
    "total_sums",
    "exp",
    "exp_each",
    "log_each",
    "absolute_each",
    "ones",
    "fabs",
    "pow",
    "power_each",
    "unsound",
    "larger",
    "NAN",
    "INFINITY",
    "SINGLE",
    "whole",
]


def with_names_of_the_code():
    """A program of x and x_rows whose arrays have all these names."""
    U, b = array(RNG.normal(size=(3, 3)) / 2, "U"), array([0.1, 0.2, 0.3], "b")

    def f(x, x_rows):
        h = tanh(U @ x + b)
        for name in OWN_NAMES:
            h = named(name, tanh(U @ h) + exp(-abs(h)) * maximum(h, b) + abs(b) ** 2.5 * x_rows + softmax(h))
        return total(h) + logsumexp(h) + (total(h) - 1) ** 2

    return record(f, np.ones(3), 0.5)


def twin_biases(count):
    """A program with so many biases at one place, whose gradients are the same."""
    w, *biases = (array(RNG.normal(size=3), name) for name in ["w", *("b" * (k + 1) for k in range(count))])
    return record(lambda x: total(tanh(sum(biases, w * x))), np.ones(3))
