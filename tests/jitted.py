"""Programs whose numbers are compared under jax.jit, the same in every process."""

from __future__ import annotations

import numpy as np

import nn
from autograd import (
    Value,
    array,
    constant,
    dot,
    exp,
    leaky_relu,
    maximum,
    minimum,
    record,
    sin,
    step,
    sum as total,
    tanh,
    where,
)
from tests.rows import CASES, call, drawn

ROWS = 64


def classifier():
    x, y = np.random.default_rng(0).normal(size=(ROWS, 4)), nn.one_hot(np.arange(ROWS) % 3, 3)
    model = nn.MLP(4, [8, 5, 3], "tanh", rng=0)
    return record(lambda x, y: nn.cross_entropy(model(x), y), x[0], y[0]), (x, y)


def margin():
    x, y = np.random.default_rng(1).normal(size=(ROWS, 2)), np.where(np.arange(ROWS) % 2, 1.0, -1.0)
    model = nn.MLP(2, [16, 16, 1], "relu", rng=0)
    return record(lambda x, y: nn.hinge(model(x), y), x[0], y[0]), (x, y)


def lecture():
    numbers = np.random.default_rng(2)
    shapes = {"W1": (4, 3), "w10": (4,), "W2": (2, 4), "w20": (2,)}
    chain = nn.lecture.lecture_chain(*(array(numbers.normal(size=shape), name) for name, shape in shapes.items()), 1)
    x = numbers.normal(size=(ROWS, 3))
    return record(lambda x: chain(x), x[0]), (x,)


def gathering():
    """Entries of an array taken more than once: their adjoints are scattered back and add up."""
    w, chosen = array(np.linspace(-1, 1, 6), "w"), [4, 1, 1, 5, 0, 4, 4, 2]
    f = lambda x: total([tanh(sin(w * x)[k]) * (1.0 + j) for j, k in enumerate(chosen)])  # noqa: E731
    return record(f, np.ones(6)), (np.random.default_rng(3).normal(size=(ROWS, 6)),)


def gathering_of_parameters():
    w = array(np.linspace(-1, 1, 5), "w")
    return record(lambda: total([exp(w[a] * w[b]) for a, b in [(0, 3), (3, 1), (1, 3), (4, 4), (3, 0)]])), ()


def images():
    kernel = array(np.random.default_rng(4).normal(size=(2, 2)), "kernel")
    places = [(r, c) for r in range(2) for c in range(3)]
    f = lambda x: total([tanh(total(list((kernel * x[r : r + 2, c : c + 2]).ravel()))) for r, c in places])  # noqa: E731
    x = np.random.default_rng(5).normal(size=(ROWS, 3, 4))
    return record(f, x[0]), (x,)


def data_set():
    x = np.random.default_rng(6).normal(size=(20, 4))
    model = nn.MLP(4, [5, 3], rng=1)
    return record(lambda: total([nn.cross_entropy(model(constant(row)), k % 3) for k, row in enumerate(x)])), ()


def apart_from_the_data():
    w = array([2.0, 3.0], "w")
    return record(lambda x: dot(w, w) + 0.0 * x, 1.0), (np.ones(ROWS),)


def parameters_alone():
    w = array([2.0, 3.0], "w")
    return record(lambda x: dot(w, w), 1.0), (np.ones(ROWS),)


def kinks():
    a, b = Value(0.7, "a"), Value(-0.4, "b")
    f = lambda x: maximum(a * x, b) * minimum(x, a) + where(step(x), leaky_relu(b * x), abs(a * x)) ** 2  # noqa: E731
    return record(f, 1.0), (np.random.default_rng(7).normal(size=ROWS),)


def of_row(op, n):
    def make():
        nudges = array(np.zeros(n), "p")
        xs = np.array(drawn(op, n, ROWS)).T
        return record(lambda *x: call(op, *(a + p for a, p in zip(x, nudges, strict=True))), *xs[:, 0]), tuple(xs)

    return make


NETWORKS = {
    make.__name__: make
    for make in (
        classifier, margin, lecture, gathering, gathering_of_parameters, images, data_set, apart_from_the_data,
        parameters_alone, kinks,
    )
}  # fmt: skip
# Of an n-ary row the longest vectors, of an indexed one the last component.
ROWS_OF_THE_TABLE = {op.name: of_row(op, n) for op, n in CASES}
PROGRAMS = NETWORKS | ROWS_OF_THE_TABLE


def numbers_of_numpy(name, dtype=float, reduction="mean"):
    program, data = PROGRAMS[name]()
    return program.value_and_grad(program.theta().astype(dtype), *(x.astype(dtype) for x in data), reduction=reduction)
