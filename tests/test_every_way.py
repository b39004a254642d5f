"""Every way a number leaves the library gives the same number, or refuses: on random graphs with special points in them.

The ways are the rows of WAYS and of SLOPES below. A way that gives another number than backward() does, or a number
where backward() refuses, fails; so does a refusal where backward() has an answer.
"""

from __future__ import annotations

import copy
import math
import pickle
import random
import re

import mpmath
import numpy as np
import pytest

import nn
import viz
from autograd import (
    Value,
    absolute,
    arctan,
    array,
    assign,
    exp,
    expm1,
    grad,
    gradients,
    hessian,
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
    values,
    vjp,
    wengert_list,
    where,
)
from viz.names import names
from viz.numbers import exact

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

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


SEEDS = [*range(30), *(pytest.param(k, marks=pytest.mark.slow) for k in range(30, 700))]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_way_to_a_derivative_gives_that_of_backward_or_refuses_with_it(seed):
    f, point = formula(seed)
    expected = outcome(lambda: backward(f, point))
    for name, way in SLOPES.items():
        got = outcome(lambda way=way: way(f, point))
        refused = "refused" in (got, expected)
        assert got == expected if refused else near(got, expected, sizes(f, point)), (name, point, got, expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_way_to_a_value_gives_that_of_values_or_refuses_with_it(seed):
    f, point = formula(seed)
    expected = outcome(lambda: [graph(f, point)[0].data])
    for name, way in VALUES.items():
        got = outcome(lambda way=way: way(f, point))
        wanted = expected * (len(got) if got != "refused" and expected != "refused" else 1)
        assert near(got, wanted) if "refused" not in (got, expected) else got == expected, (name, point, got, expected)


@pytest.mark.parametrize("engine", ["recorded", "eager"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_history_tells_the_loss_of_values_or_fit_refuses_what_has_no_finite_step(seed, engine):
    f, point = formula(seed)
    expected = outcome(lambda: [graph(f, point)[0].data, *backward(f, point)])
    w = array(point, "w")
    descent = nn.SGD(list(w), 1e-308)  # a step of any gradient is as good as none
    rows = [[1.0]] * 2, [0.0] * 2
    fitted = lambda: nn.fit(lambda _: f(*w), *rows, lambda y, _: y, descent, 1, progress=False, engine=engine)  # noqa: E731
    got = outcome(lambda: fitted().loss)
    if expected == "refused" or not np.isfinite(expected).all():
        assert got == "refused", (point, got, expected)
    else:
        assert got != "refused", point
        assert near(got, expected[:1]), (point, got, expected)


@pytest.mark.parametrize(
    ("activation", "depth", "scale", "kind"),
    [
        ("relu", 1, 1.0, "dead"),
        ("sigmoid", 1, 300.0, "saturated"),
        ("tanh", 2, 200.0, "saturated"),
        ("sigmoid", 9, 1.0, "vanishing"),
        ("tanh", 12, 0.2, "vanishing"),
        ("leaky_relu", 5, 40.0, "exploding"),
    ],
)
def test_the_numbers_of_a_diagnosis_are_those_of_backward_row_by_row(activation, depth, scale, kind):
    X, Y = nn.datasets.two_moons(100)
    model, loss = nn.MLP(2, [4] * depth + [1], activation, rng=0), nn.binary_cross_entropy_with_logits
    for layer in model.layers:
        assign(layer.w, scale * values(layer.w))
    if kind == "dead":  # on in one row of a hundred
        assign(model.layers[0].b, -np.sort(X @ values(model.layers[0].w).T, axis=0)[-2] - 1e-9)
    flat, adjoints = [], []  # by row, layer and unit: whether nearly no gradient passes, and what arrives
    for x, y in zip(X, Y, strict=True):
        stages = [x := np.atleast_1d(layer(x)) for layer in model.layers]
        loss(stages[-1][0], y).backward()
        steepest = {"relu": 1.0, "sigmoid": 0.25, "tanh": 1.0, "leaky_relu": 1.0}[activation]
        flat.append([[abs(v.partials[0]) < 0.01 * steepest for v in stage] for stage in stages[:-1]])
        adjoints.append([np.mean([abs(adjoint(v)) for v in stage]) for stage in stages])
    found = [finding for finding in nn.diagnose(model, X, Y, loss) if finding.kind == kind]
    assert found
    for finding in found:
        if kind in ("dead", "saturated"):
            layer, unit = re.fullmatch(r"layer(\d+)/neuron(\d+)", *finding.where).groups()
            assert f"on {np.mean(flat, axis=0)[int(layer) - 1][int(unit) - 1]:.0%} of the rows" in finding
        else:
            first, *_, last = np.mean(adjoints, axis=0)
            assert f"{last:.2g} in layer{depth + 1}, {first:.2g} in layer1" in finding


def adjoint(v):
    """∂loss/∂v, or that of its operand where an activation may be off."""
    return v.parents[0].grad if v.op.name in nn.doctor.OFF else v.grad


@pytest.mark.parametrize("seed", SEEDS)
def test_a_hessian_is_that_of_forward_over_reverse_and_symmetric_or_both_refuse(seed):
    f, point = formula(seed)
    f, point = of_vector(f), np.array(point)
    reverse = outcome(lambda: np.ravel(hessian(f)(point)))
    forward = outcome(lambda: np.transpose([jvp(grad(f), (point,), (e,))[1] for e in np.eye(3)]).ravel())
    if "refused" in (reverse, forward):
        other = forward if reverse == "refused" else reverse
        assert other == "refused" or not np.isfinite(other).all()  # beyond the largest float, which the one refuses
        return
    H = np.reshape(reverse, (3, 3))
    if not np.isfinite([reverse, forward]).all():
        return  # beyond the largest float; what is ∞ − ∞ depends on the order
    for other in (np.reshape(forward, (3, 3)), H.T):
        np.testing.assert_allclose(H, other, rtol=1e-9, atol=1e-9 * max(1.0, np.abs(H).max()), err_msg=str(point))


def at_a_kink(y):
    """Whether an operation of the graph is at a point where its derivative is a convention."""
    return any(
        v.op and v.op.kink and (0.5 in v.partials or 0.0 in [p.data for p in v.parents]) for v in wengert_list([y])
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_where_the_function_is_smooth_the_derivative_is_that_of_700_digits(seed):
    f, point = formula(seed)
    expected = outcome(lambda: backward(f, point))
    if expected == "refused" or not np.isfinite(expected).all() or at_a_kink(graph(f, point)[0]):
        return
    numbers = [abs(x) for v in wengert_list([graph(f, point)[0]]) for x in (v.data, *v.partials)]
    if any(x and not 1e-100 < x < 1e6 for x in numbers):
        return  # rounding alone may lose a term, or turn a sine around the circle
    y, leaves = graph(f, point)
    with mpmath.workdps(700):
        for leaf, slope, size in zip(leaves, expected, sizes(f, point), strict=True):
            h = mpmath.mpf(10) ** -340
            try:
                exact_point = {v: mpmath.mpf(v.data) for v in leaves}
                low, here, high = (replay(y, exact_point | {leaf: leaf.data + s * h}) for s in (-1, 0, 1))
                left, right = (here - low) / h, (high - here) / h
            except (*REFUSED, TypeError):
                continue
            if (
                all(isinstance(x, mpmath.mpf) and mpmath.isfinite(x) for x in (left, right))
                and abs(left - right) < 1e-9
            ):
                assert abs(slope - float(left)) <= 1e-9 * (abs(slope) + size) + 1e-300, (point, leaf, slope, left)
