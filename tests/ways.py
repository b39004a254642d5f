"""Every way that a number leaves the library, and functions at random with special points to go there."""

from __future__ import annotations

import copy
import math
import pickle
import random
import re

import numpy as np

import viz
from autograd import (
    Value,
    absolute,
    arctan,
    array,
    exp,
    expm1,
    grad,
    gradients,
    jacobian,
    jvp,
    leaky_relu,
    log1p,
    log_softmax,
    logsumexp,
    maximum,
    minimum,
    record,
    relu,
    replay,
    scope,
    sigmoid,
    sin,
    softplus,
    sqrt,
    step,
    sum as total,
    tanh,
    value_and_grad,
    vjp,
    wengert_list,
    where,
)
from viz.names import names
from viz.numbers import exact

SPECIAL = [0.0, -0.0, 1.0, 1.0, -1.0, 0.5, 2.0, -3.0, 5e-324, 1e-300, 1e200, 40.0, -40.0]
UNARY = [
    tanh,
    sigmoid,
    relu,
    absolute,
    sqrt,
    sin,
    exp,
    expm1,
    log1p,
    softplus,
    arctan,
    lambda x: x**2,
    lambda x: x**3,
    step,
]
UNARY += [leaky_relu, lambda x: -x, lambda x: 2.0**x]
BINARY = [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / b, maximum, minimum]
MANY = [lambda *x: total(x), lambda *x: logsumexp(x), lambda *x: log_softmax(x)[0]]
MANY += [lambda a, b, *_: where(step(a), b, a), lambda a, b, c: where(a, b, c)]
REFUSED = (ValueError, ZeroDivisionError, OverflowError)


def formula(seed):
    """A function of three numbers, made of a few operations, and a point at which some of it is special."""
    draw = random.Random(seed)
    steps = [
        (draw.choice(kind), [draw.randrange(100) for _ in range(3)])
        for kind in draw.choices([UNARY, BINARY, MANY], [5, 5, 2], k=5)
    ]

    def f(a, b, c):
        values = [a, b, c]
        for k, (op, places) in enumerate(steps):
            with scope(f"s{k}"):
                operands = [values[-1], *(values[p % len(values)] for p in places[1:])]
                count = 1 if op in UNARY else 2 if op in BINARY else 3
                values.append(op(*operands[:count]))
        return values[-1] + 0.0 * (a + b + c)  # each of the three is in the graph

    return f, [draw.choice(SPECIAL) if draw.random() < 0.7 else draw.uniform(-2, 2) for _ in range(3)]


def outcome(way):
    """The numbers that a way gives, or that it refuses."""
    try:
        with np.errstate(all="ignore"):
            return [float(x) for x in way()]
    except REFUSED:
        return "refused"


def graph(f, point):
    leaves = [Value(x, name) for x, name in zip(point, "abc", strict=True)]
    return f(*leaves), leaves


def backward(f, point):
    y, leaves = graph(f, point)
    y.backward()
    return [v.grad for v in leaves]


# --- the table of ways ------------------------------------------------------------------------------------------------


def slopes_of(pair):
    return [g.data for g in gradients(*pair)]


def replayed(f, point):
    y, leaves = graph(f, point)
    return [replay(y, dict(zip(leaves, point, strict=True)))]


def of_vector(f):
    return lambda x: f(x[0], x[1], x[2])


def recorded_slopes(f, point):
    w = array(point, "w")
    program = record(lambda: f(*w))
    slopes = dict(zip(program.parameters, program.value_and_grad(program.theta())[1].tolist(), strict=True))
    return [slopes[v] for v in w]


def recorded_rows(f, point):
    w = array(point, "w")
    program = record(lambda x: f(*w) * x, 1.0)
    _, slopes = program.value_and_grad(program.theta(), [1.0, 1.0])
    found = dict(zip(program.parameters, slopes.tolist(), strict=True))
    return [found[v] for v in w]


def table_column(f, point):
    y, leaves = graph(f, point)
    y.backward()
    rows = {row.node: row for row in viz.table(y).rows}
    return [rows[v.name].adjoint for v in leaves]


def tangents_of_the_table(f, point):
    y, leaves = graph(f, point)
    name = names(wengert_list([y]))[y]
    return [row.tangent for v in leaves for row in viz.table(y, tangents=v).rows if row.node == name]


def explained(f, point):
    y, leaves = graph(f, point)
    found = [viz.explain(y, v) for v in leaves]
    if any(math.isnan(e.total) and e.cautions for e in found):
        raise ValueError(found[0].cautions)
    return [e.total for e in found]


def last_lines(f, point):
    y, leaves = graph(f, point)
    written = [str(viz.latex(y, wrt=v, digits=17)).splitlines() for v in leaves]
    texts = [next(line for line in reversed(lines) if "= " in line) for lines in written]
    return [float(re.split(r"= ", text)[-1].replace("−", "-").replace("∞", "inf")) for text in texts]


def drawn(f, point):
    y, leaves = graph(f, point)
    y.backward()
    scene = viz.draw(y, detail="values").scene
    cards = {card.node: card for card in scene.cards}
    return [float(re.search(r"gradient (\S+)$", cards[v].title)[1]) for v in leaves]


def animated(f, point):
    """The gradients of the leaves in the finished animation, where their values stand too."""
    svg = viz.steps(graph(f, point)[0]).svg
    told = [
        re.search(rf"<title>{name}, parameter: value (\S+), gradient (\S+)</title>", svg).groups() for name in "abc"
    ]
    assert [float(value) for value, _ in told] == list(point)
    return [slope for _, slope in told]


def result_told(f, point):
    """The result in a picture."""
    y, _ = graph(f, point)
    (title,) = [card.title for card in viz.draw(y, detail="values").scene.cards if card.node is y]
    return [float(re.search(r"value (\S+?),? ", title + " ")[1])]


SLOPES = {
    "gradients": lambda f, p: slopes_of(graph(f, p)),
    "grad": lambda f, p: grad(f, (0, 1, 2))(*p),
    "value_and_grad": lambda f, p: value_and_grad(of_vector(f))(p)[1],
    "jacobian": lambda f, p: jacobian(of_vector(f))(np.array(p)),
    "jacobian of two": lambda f, p: jacobian(lambda x: [f(x[0], x[1], x[2]), x[0]])(np.array(p))[0],
    "jvp": lambda f, p: [jvp(f, p, [float(j == k) for j in range(3)])[1] for k in range(3)],
    "vjp": lambda f, p: vjp(f, *p)[1](1.0),
    "recorded": recorded_slopes,
    "recorded on rows": recorded_rows,
    "table": table_column,
    "tangents in a table": tangents_of_the_table,
    "explain": explained,
    "latex": last_lines,
    "draw": drawn,
    "animation": animated,
    "pickled": lambda f, p: slopes_of(pickle.loads(pickle.dumps(graph(f, p)))),
    "copied": lambda f, p: slopes_of(copy.deepcopy(graph(f, p))),
}

VALUES = {
    "floats": lambda f, p: [f(*p)],
    "recorded": lambda f, p: [record(lambda a, b, c: f(a, b, c) + Value(0.0, "zero"), *p)(*([x] for x in p))[0]],
    "replay": replayed,
    "draw": result_told,
    "text of a table": lambda f, p: [float(exact(graph(f, p)[0].data).replace("−", "-").replace("∞", "inf"))],
}


def sizes(f, point):
    """For each leaf the sum of all paths' |products|: what rounding is measured by."""
    y, leaves = graph(f, point)
    size = {y: 1.0}
    for v in reversed(wengert_list([y])):
        for p, d in zip(v.parents, v.partials, strict=True):
            size[p] = size.get(p, 0.0) + (abs(d) * size[v] if size.get(v) and d else 0.0)
    return np.array([size[v] for v in leaves])


def near(got, expected, size=0.0):
    """Equal but for rounding; where the numbers leave the range of floats, as far as ∞ and nan."""
    with np.errstate(all="ignore"):
        got, expected = np.asarray(got), np.asarray(expected)
        close = np.abs(got - expected) <= 1e-9 * (np.abs(expected) + size) + 1e-300
        beyond = ~np.isfinite(size) | ~(np.isfinite(got) | np.isfinite(expected))
        return bool(np.all(close | (got == expected) | beyond))
