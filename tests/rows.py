"""Rows of the table as cases of tests, and points to try them at: samples, zeros, ties, tails and edges."""

from __future__ import annotations

import math
import random
import sys
from itertools import pairwise, product

import pytest

from autograd import Value, gradients, refusals
from autograd.ops import BUILT_IN, TABLE

ROWS = [op for name, op in TABLE.items() if name in BUILT_IN]  # none that a test has made
EPS = sys.float_info.epsilon


def cases():
    """(row, number of operands): n-ary rows at vectors of 2 and of 3, indexed rows at every component."""
    for op in ROWS:
        if op.arity is not None:
            yield op, op.arity
            continue
        for n in (2, 3):
            yield from ((op.at(c), n) for c in range(n)) if op.indexed else [(op, op.leading + n * op.vectors)]


CASES = list(cases())
EVERY_ROW = pytest.mark.parametrize(("op", "n"), CASES, ids=[f"{op.label}-{n}" for op, n in CASES])
EXPONENTIAL = ("logsumexp", "log_softmax", "neg_log_softmax")


def call(op, *operands):
    """The row on single operands, of a vector row too."""
    return op.apply(*operands)


def made(op, xs):
    leaves = [Value(x, f"x{k}") for k, x in enumerate(xs)]
    return leaves, call(op, *leaves)


def drawn(op, n, count=20):
    """Points of the row's own samples, the same ones in every run."""
    rng = random.Random(f"{op.label}-{n}")  # a text seeds by its bytes, not by its hash
    intervals = op.samples or ((-3.0, 3.0),) * n
    indices = [float(rng.randrange(n - 1)) for _ in range(op.leading)]
    return [(*indices, *(rng.uniform(*interval) for interval in intervals[op.leading :])) for _ in range(count)]


SIGNED = (0.0, 1e-300, 1e-8, 1.0, 20.0, 40.0, 700.0, 745.0, 1000.0)
SPECIAL = (*SIGNED, *(-x for x in SIGNED))
# The last floats before an edge of some domain: of log, log1p, exp, tan, and of the floats themselves.
EDGES = (5e-324, 2.3e-308, math.nextafter(-1, 0), math.nextafter(1, 0), 709.782712893384, math.pi / 2, 1e308, -1e308)
SPREADS = (
    (0.0, 0.0, 0.0), (1000.0, 1000.0, 1000.0), (1.0, 1.0, -1.0), (40.0, 0.0, 0.0), (0.0, 40.0, 0.1), (0.0, -40.0, 40.0),
    (1000.0, 0.0, -1000.0), (-1000.0, 0.3, 1000.0), (0.1, 1000.2, 0.3), (1000.1, 1000.0, -1000.0), (1e-300, -1e-300, 0.0),
    (1e-8, -1e-8, 0.0), (-1000.0, -1000.5, -1001.0), (20.0, -20.0, 0.7), (700.3, 745.1, -745.0), (1e8, 1e8 + 1, 1e8 - 30),
    (math.nextafter(1, 2), 1.0, 1.0), (-37.0, 0.0, -38.5), (-1e5, 2.5, 0.25), (-math.log(2), -math.log(2), -1e3),
)  # fmt: skip


def points(op, n):
    """Draws, zeros, ties, tails and edges."""
    if op.leading:
        indices = [*range(n - 1), -0.0, -1.0, 0.5, n - 1.0, 1e300]
        return drawn(op, n) + [(float(i), *a[: n - 1]) for i, a in product(indices, SPREADS)]
    if op.vectors == 2:
        return drawn(op, n) + [a[: n // 2] + b[: n // 2] for a, b in pairwise(SPREADS)]
    if op.vectors:
        return drawn(op, n) + [a[:n] for a in SPREADS] + [a[::-1][:n] for a in SPREADS]
    if n == 1:
        return drawn(op, n) + [(x,) for x in (*SPECIAL, *EDGES)]
    if n == 2:
        return drawn(op, n) + list(product(SPECIAL, repeat=2))
    return drawn(op, n) + list(product((0.0, 1.0, -1e-300), SIGNED, (0.0, -20.0, 745.0)))


def inside(op, n):
    """The points where a node of the row is made and its value is finite."""
    for xs in points(op, n):
        try:
            y = made(op, xs)[1].data
        except refusals.ERRORS:
            continue
        if math.isfinite(y):
            yield xs, y


def derivatives(y, xs, highest, index=()):
    """(index, ∂^|index| y/∂x_index) for every ordered index, as graphs of graphs."""
    g = gradients(y, xs)
    for k in range(index[-1] if index else 0, len(xs)):
        yield (*index, k), g[k].data
        if len(index) + 1 < highest:
            yield from derivatives(g[k], xs, highest, (*index, k))
