"""Recorded equals eager for random graphs, and for deep ones."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

import autograd
import nn
from autograd import (
    Value,
    array,
    constant,
    dot,
    ops,
    record,
    refusals,
    replay,
    sum as total,
    tanh,
    values,
    wengert_list,
    zero_grad,
)
from tests.row_by_row import assert_near, assert_recorded_is_eager, graphs
from tests.test_graphs import NUMBERS, SAME, STEPS

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

W = Value(0.75, "w")


# --- random graphs ----------------------------------------------------------------------------------------------------

SOME = settings(SAME, max_examples=120)


# What is exact on the numbers the strategy draws most, so that ties of these are ties for NumPy too.
EXACT = {
    "add",
    "subtract",
    "negative",
    "positive",
    "absolute",
    "relu",
    "maximum",
    "minimum",
    "where",
    "step",
    "multiply",
}


@st.composite
def programs(draw):
    """(numbers of the parameters, of one row's inputs, seeds of the other rows, steps, what is given back)."""
    parameters = draw(st.lists(NUMBERS, min_size=1, max_size=4))
    inputs = draw(st.lists(NUMBERS, min_size=0, max_size=4))
    count, steps = len(parameters) + len(inputs), []
    for _ in range(draw(st.integers(1, 14))):
        places = st.integers(max(0, count - 6), count - 1) | st.integers(0, count - 1)
        kind = draw(st.sampled_from([*STEPS, "constant", "constant", *["layer", "products", "components"] * 3]))
        if kind == "constant":
            steps.append((kind, draw(NUMBERS)))
            count += 1
        elif kind == "layer":
            m, n = draw(st.integers(1, 3)), draw(st.integers(1, 3))
            steps.append((kind, m, [draw(places) for _ in range(m * n)], [draw(places) for _ in range(n)]))
            count += m
        elif kind == "products":  # of some pairs of a few vectors, seldom of all
            n = draw(st.integers(1, 3))
            vectors = draw(st.lists(st.lists(places, min_size=n, max_size=n), min_size=1, max_size=3))
            pairs = draw(st.lists(st.tuples(*[st.integers(0, len(vectors) - 1)] * 2), min_size=1, max_size=5))
            steps.append((kind, vectors, pairs))
            count += len(pairs)
        elif kind == "components":
            vector = [draw(places) for _ in range(draw(st.integers(1, 4)))]
            name = draw(st.sampled_from(["softmax", "log_softmax", "neg_log_softmax"]))
            chosen = draw(st.lists(st.integers(0, len(vector) - 1), min_size=1, max_size=4))
            steps.append((kind, name, vector, chosen))
            count += len(chosen)
        else:
            steps.append((kind, tuple(draw(places) for _ in range(STEPS[kind][0]))))
            count += 1
    given_back = draw(
        st.lists(st.integers(0, count - 1) | st.integers(max(0, count - 4), count - 1), min_size=1, max_size=5)
    )
    return parameters, inputs, draw(st.lists(st.lists(NUMBERS, min_size=4, max_size=4), max_size=4)), steps, given_back


def nodes_of(steps, leaves):
    nodes = list(leaves)
    for kind, *rest in steps:
        if kind == "constant":
            nodes.append(constant(rest[0]))
        elif kind == "layer":
            m, weights, vector = rest
            W = array([nodes[k] for k in weights]).reshape(m, -1)
            nodes += list(W @ array([nodes[k] for k in vector]) * (1 / (3 * len(vector))))
        elif kind == "products":
            vectors, pairs = rest
            nodes += [
                dot([nodes[k] for k in vectors[i]], [nodes[k] for k in vectors[j]]) / (3 * len(vectors[i]))
                for i, j in pairs
            ]
        elif kind == "components":
            name, vector, chosen = rest
            of_all = getattr(autograd, name)([nodes[k] for k in vector])
            nodes += [tanh(of_all[c]) for c in chosen]
        else:
            nodes.append(STEPS[kind][1](autograd, *(nodes[k] for k in rest[0])))
    return nodes


def as_function(example):
    """The parameters, the function of a row's inputs that gives a list of Values, and rows of data."""
    numbers, inputs, seeds, steps, given_back = example
    parameters = [Value(x, f"p{k}") for k, x in enumerate(numbers)]

    def f(*x):
        nodes = nodes_of(steps, [*parameters, *(x[0] if x else [])])
        return [nodes[k] for k in given_back]

    data = [np.array([inputs, *(row[: len(inputs)] for row in seeds)])] if inputs else []
    return f, data


def near_a_kink(outputs):
    """Whether rounding may decide on which side of a kink some node lies."""
    for v in wengert_list(outputs):
        if v.op is not None and v.op.kink and v.op.name != "where":
            numbers = [p.data for p in v.parents]
            off = numbers[0] - numbers[1] if v.op.name in ("maximum", "minimum") else numbers[0]
            if abs(off) < 1e-9 and not {u.op.name for u in wengert_list(v.parents) if u.op is not None} <= EXACT:
                return True
    return False


@SOME
@given(programs())
def test_random_graphs_give_their_outputs_and_gradients(example):
    f, data = as_function(example)
    rows = graphs(f, *data)
    assume(not any(near_a_kink(outputs) for outputs in rows))
    program = record(f, *(x[0] for x in data))
    got = program(*data)
    assert got.shape == (len(rows), len(rows[0])) if data else (len(rows[0]),)
    assert_near(got, values(rows) if data else values(rows[0]), 1e-11)
    weights = [1.0, -0.5, 2.0, 0.25, 1.5][: len(rows[0])]
    assert_recorded_is_eager(lambda *x: dot(weights, f(*x)), *data, rel=1e-11)


@pytest.mark.slow
@SOME
@given(programs())
def test_random_data_sets_built_as_one_graph_give_the_same(example):
    f, data = as_function(example)
    assume(data)
    rows = graphs(f, *data)
    assume(not any(near_a_kink(outputs) for outputs in rows))
    whole = lambda: total([total(f(constant(x))) for x in data[0]])  # noqa: E731
    program = assert_recorded_is_eager(whole, rel=1e-11)
    assert_near(program(), np.sum(values(rows)), 1e-11)


# Numbers at which something overflows, underflows, ties, leaves a domain or has no derivative.
WILD = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 1e-300, -1e-300, 710.0, -745.0, 40.0, -40.0, 1e-8, 3.0]


# Not at numbers they only amplify the rounding of; and behind step, whose slope is 0, eager still asks for a slope.
TAME = [
    op for name in sorted(ops.BUILT_IN) if (op := ops.TABLE[name]).name not in ("sin", "cos", "tan", "step", "take")
]


def wild(seed):
    """A graph of parameters and inputs that is defined where it is made, its list, and the inputs."""
    draw = random.Random(seed)
    parameters = [Value(draw.choice([0.25, 0.5, 1.0, 2.0]), f"p{k}") for k in range(draw.randint(1, 3))]
    inputs = array([draw.choice([0.25, 0.5, 1.0, 2.0]) for _ in range(draw.randint(1, 3))], "x", "input")
    nodes = [*parameters, *inputs]
    for _ in range(draw.randint(1, 6)):
        op, n = draw.choice(TAME), draw.randint(1, 3)
        operands = [draw.choice(nodes) for _ in range(n * op.vectors or op.arity)]
        if not op.vectors and op.arity > 1 and draw.random() < 0.3:
            operands[-1] = constant(draw.choice(WILD))
        try:
            nodes.append((op.at(draw.randrange(n)) if op.indexed else op).apply(*operands))
        except refusals.ERRORS:
            continue
    return draw, parameters, inputs, nodes[-1]


def outcome(f):
    try:
        return f()
    except refusals.ERRORS as error:
        return type(error)


@pytest.mark.parametrize("block", range(6))
def test_wild_numbers_go_through_a_recorded_graph_as_through_the_eager_one_or_are_refused_alike(block):
    compared = 0
    for seed in range(block * 100, block * 100 + 100):
        draw, parameters, inputs, y = wild(seed)
        program = record(lambda x, y=y, inputs=inputs: replay(y, known(y, inputs, x)), values(inputs))
        for p in parameters:
            p.data = draw.choice([p.data, draw.choice(WILD)])
        for _ in range(4):
            row = np.array([draw.choice(WILD) for _ in inputs])

            def eager(y=y, inputs=inputs, row=row, program=program):
                zero_grad(program.parameters)
                out = replay(y, known(y, inputs, constant(row)))
                out.backward()
                return np.array([out.data, *(p.grad or 0.0 for p in program.parameters)])

            def recorded(row=row, program=program):
                loss, gradient = program.value_and_grad(program.theta(), row[None])
                return np.array([loss, *gradient])

            expected, got = outcome(eager), outcome(recorded)
            assert isinstance(expected, type) == isinstance(got, type), (seed, row, expected, got)
            if isinstance(expected, type):
                assert got is expected, (seed, row)
            else:
                np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-300, err_msg=str((seed, row)))
                compared += 1
    assert compared > 200


def known(y, inputs, x):
    """What replay is given: every leaf as itself, and for the inputs what stands for them."""
    leaves = {v: v for v in wengert_list([y]) if v.op is None}
    return leaves | {v: new for v, new in zip(inputs, x, strict=True) if v in leaves}


# --- depth ------------------------------------------------------------------------------------------------------------


# Ten times what recursion reaches, and the depth that is promised.
@pytest.mark.parametrize("depth", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_graph_as_deep_as_you_like_is_recorded_without_recursion(depth):
    x = Value(1.0, "x")

    def f():
        y = x
        for _ in range(depth // 2):
            y = -y * 0.9999
        return y

    program = record(f)
    loss, slope = program.backward(), x.grad
    assert loss == slope == pytest.approx(0.9999 ** (depth // 2))
    assert program() == loss


@pytest.mark.parametrize("depth", [500, pytest.param(2_000, marks=pytest.mark.slow)])
def test_a_deep_program_over_rows_is_recorded_without_recursion(depth):
    w = Value(0.5, "w")

    def f(x):
        y = x
        for _ in range(depth):  # three nodes each
            y = tanh(w * y + x)
        return y

    assert_recorded_is_eager(f, np.array([0.5, -1.0]))


def test_a_graph_of_ten_thousand_nodes_is_recorded_within_seconds():
    before = time.perf_counter()
    model = nn.MLP(4, [8, 8, 3], rng=0)
    rows = np.random.default_rng(0).normal(size=(200, 4))
    whole = lambda: total([nn.cross_entropy(model(constant(x)), k % 3) for k, x in enumerate(rows)])  # noqa: E731
    assert len(wengert_list([whole()])) > 8_000
    record(whole).backward()
    assert time.perf_counter() - before < 10.0
