"""Recorded equals eager for every row of the table, and for rows of users."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from autograd import (
    Op,
    Value,
    array,
    dot,
    exp,
    ops,
    record,
    refusals,
    sqrt,
    sum as total,
    where,
)
from tests.row_by_row import assert_near, assert_recorded_is_eager, graphs, loss_and_gradient, stay_recorded
from tests.rows import EVERY_ROW, call, drawn, points

EPS = np.finfo(float).eps


# --- the rows of the table --------------------------------------------------------------------------------------------


def patterns(op, n):
    """What the operands are, a letter each: p a parameter, i an input, c a plain number."""
    if n <= 3:
        return ["".join(letters) for letters in product("pic", repeat=n) if set(letters) != {"c"}]
    half = n // 2
    mixed = ["p" * half + "i" * half, "i" * half + "p" * half, "pi" * half, "ip" * half, "pc" * half, "ci" * half]
    return ["p" * n, "i" * n, *mixed, "c" * half + "p" * half, "i" * half + "c" * half, "p" + "i" * (n - 1)]


def of_pattern(op, letters, numbers):
    """The function of the inputs that applies the row to operands as the letters say."""
    known = [Value(x, f"p{k}") if a == "p" else x for k, (a, x) in enumerate(zip(letters, numbers, strict=True))]

    def f(*inputs):
        rest = iter(inputs)
        return call(op, *(next(rest) if a == "i" else x for a, x in zip(letters, known, strict=True)))

    return f


def inputs_of(letters, rows):
    return [np.array([row[k] for row in rows]) for k, a in enumerate(letters) if a == "i"]


@EVERY_ROW
def test_a_recorded_row_is_the_eager_one_whatever_its_operands_are(op, n, monkeypatch):
    base, *rows = drawn(op, n, 5)
    for letters in patterns(op, n):
        f, data = of_pattern(op, letters, base), inputs_of(letters, rows)
        program = stay_recorded(record(f, *(x[0] for x in data)), monkeypatch)
        eager = [v.data for v in graphs(f, *data)]
        np.testing.assert_allclose(program(*data), eager if data else eager[0], rtol=1e-12, err_msg=letters)
        for k in range(len(rows) if data else 1):  # row by row nothing cancels
            row = [x[k : k + 1] for x in data]
            _, gradient = loss_and_gradient(f, program.parameters, *row)
            got = program.value_and_grad(program.theta(), *row)[1]
            np.testing.assert_allclose(got, gradient, rtol=1e-12, err_msg=letters)
        assert_near(
            program.value_and_grad(program.theta(), *data)[1], loss_and_gradient(f, program.parameters, *data)[1]
        )


@EVERY_ROW
def test_a_recorded_row_on_many_parameters_without_rows_is_the_eager_one(op, n, monkeypatch):
    xs = drawn(op, n)
    parameters = [array(column, f"p{k}") for k, column in enumerate(np.array(xs).T)]
    nodes = lambda: [call(op, *operands) for operands in zip(*parameters, strict=True)]  # noqa: E731
    together = stay_recorded(record(nodes), monkeypatch)
    np.testing.assert_allclose(together(), [v.data for v in nodes()], rtol=1e-12)
    weighted = lambda: dot([0.5 + k for k in range(len(xs))], nodes())  # noqa: E731
    stay_recorded(assert_recorded_is_eager(weighted), monkeypatch).backward()


def nudged(op, n):
    """The row on n inputs, each with a parameter of 0 added, whose gradients are then the row's partials."""
    nudges = [Value(0.0, f"p{k}") for k in range(n)]
    return lambda *x: call(op, *(a + p for a, p in zip(x, nudges, strict=True)))


def eager_outcome(f, parameters, row):
    try:
        return loss_and_gradient(f, parameters, *row)
    except refusals.ERRORS as error:
        return type(error)


def recorded_outcome(program, row):
    try:
        return program.value_and_grad(program.theta(), *row)
    except refusals.ERRORS as error:
        return type(error)


@EVERY_ROW
def test_at_kinks_ties_tails_and_edges_a_recorded_row_gives_what_the_eager_one_gives_or_refuses_as_it_does(op, n):
    f = nudged(op, n)
    program = record(f, *drawn(op, n, 1)[0])
    for xs in points(op, n):
        row = [np.array([x]) for x in xs]
        eager, recorded = eager_outcome(f, program.parameters, row), recorded_outcome(program, row)
        if isinstance(eager, type):
            assert recorded is eager, xs
            continue
        assert not isinstance(recorded, type), xs
        # m + ln Σ e^(a − m) may cross 0: then the last place of m is all there is.
        rounding = 4 * EPS * max(map(abs, xs)) if op.vectors else 1e-320
        np.testing.assert_allclose(recorded[0], eager[0], rtol=1e-12, atol=rounding, err_msg=str(xs))
        np.testing.assert_allclose(recorded[1], eager[1], rtol=1e-12, atol=1e-320, err_msg=str(xs))


@EVERY_ROW
def test_of_many_rows_the_first_that_the_row_refuses_is_named_and_without_those_all_are_as_eager(op, n):
    f = nudged(op, n)
    good, bad = [], []
    for xs in points(op, n):
        try:
            (good if math.isfinite(f(*xs).data) else []).append(xs)
        except refusals.ERRORS:
            bad.append(xs)
    program = record(f, *good[0])
    eager = [f(*xs).data for xs in good]
    rounding = 4 * EPS * max(abs(x) for xs in good for x in xs) if op.vectors else 1e-320
    np.testing.assert_allclose(program(*np.array(good).T), eager, rtol=1e-12, atol=rounding)
    for xs in bad[:3]:
        rows = np.array([*good[:17], xs, *good[17:]])
        with pytest.raises(refusals.ERRORS, match=f"row 17: {op.name}"):
            program(*rows.T)


@EVERY_ROW
def test_a_row_in_32_bits_stays_in_32_bits_and_near_the_64(op, n, monkeypatch):
    f = nudged(op, n)
    xs = np.array(drawn(op, n)).T
    program = stay_recorded(record(f, *xs[:, 0]), monkeypatch)
    got = program(*xs.astype(np.float32))
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, program(*xs), rtol=2e-5, atol=2e-5)
    loss, gradient = program.value_and_grad(program.theta().astype(np.float32), *xs.astype(np.float32))
    assert (loss.dtype, gradient.dtype) == (np.float32, np.float32)
    expected = program.value_and_grad(program.theta(), *xs)
    np.testing.assert_allclose(loss, expected[0], rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(gradient, expected[1], rtol=2e-4, atol=2e-4 * np.abs(expected[1]).max())


@pytest.mark.parametrize("op", [ops.maximum, ops.minimum], ids=["maximum", "minimum"])
def test_ties_share_alike_in_rows_and_among_parameters(op):
    p, q = array([1.0, 2.0, 3.0], "p"), array([1.0, 3.0, 2.0], "q")
    program = assert_recorded_is_eager(lambda: total([op(a, b) for a, b in zip(p, q, strict=True)]))
    program.backward()
    assert (p[0].grad, q[0].grad) == (0.5, 0.5)
    w = Value(1.0, "w")
    assert_recorded_is_eager(lambda x: op(w * x, x), np.array([1.0, -2.0, 0.0]))
    assert_recorded_is_eager(lambda x: op(w, x), np.array([1.0, 0.5, 2.0]))
    assert_recorded_is_eager(lambda x: op(w * x, 1.0), np.array([1.0, 0.5, 2.0]))


X3 = np.random.default_rng(7).normal(size=(6, 3))


# --- rows of users ----------------------------------------------------------------------------------------------------


def test_a_smooth_row_of_a_user_is_recorded(row):
    cosh = row("test_cosh", lambda x: (exp(x) + exp(-x)) / 2, (lambda y, x: (exp(x) - exp(-x)) / 2,))
    w = array([0.5, -1.0, 2.0], "w")
    assert_recorded_is_eager(lambda x: total([cosh(a * b) for a, b in zip(w, x, strict=True)]), X3)
    assert_recorded_is_eager(lambda: total(list(cosh(w))))


def test_a_row_of_a_user_with_two_operands_is_recorded(row):
    hypot = row(
        "test_hypot",
        lambda a, b: sqrt(a * a + b * b),
        (lambda y, a, b: where(y, a / where(y, y, 1.0), 0.0), lambda y, a, b: where(y, b / where(y, y, 1.0), 0.0)),
    )
    w = Value(0.5, "w")
    assert_recorded_is_eager(lambda x: hypot(w * x, x), np.array([1.0, -2.0, 0.25, 0.0]))
    assert_recorded_is_eager(lambda x: hypot(x, w), np.array([1.0, -2.0, 0.25]))
    assert_recorded_is_eager(lambda x: hypot(2.0, w * x), np.array([1.0, -2.0, 0.0]))


def test_an_n_ary_row_of_a_user_that_adds_by_a_loop_is_recorded(row):
    norm = row(
        "test_norm",
        lambda *a: sqrt(total.apply(*(x * x for x in a))),
        lambda y, *a: [x / y for x in a],
        vectors=1,
    )
    w = array([[0.5, -1.0, 2.0], [1.0, 0.1, 0.3]], "w")
    assert_recorded_is_eager(lambda x: norm(w @ x), X3)
    assert_recorded_is_eager(lambda x: norm([w[0, 0], x[1], 2.0, x[1]]), X3)
    assert_recorded_is_eager(lambda: norm(w[0]) + norm(w[1]))


@pytest.mark.parametrize("stacked", [False, True])
def test_an_indexed_row_of_a_user_is_recorded(row, stacked):

    share = row(
        "test_share",
        lambda c, *a: a[c] / total.apply(*a),
        lambda c, y, *a: [(float(j == c) - y) / total.apply(*a) for j in range(len(a))],
        vectors=1,
        indexed=True,
        stacked=stacked,
    )
    w = array([0.5, 1.0, 2.0], "w")
    positive = np.exp(X3)
    assert_recorded_is_eager(lambda x: dot(share(w * x), [1.0, -2.0, 0.5]), positive)
    assert_recorded_is_eager(lambda x: share(w * x)[1], positive)
    assert_recorded_is_eager(lambda: share(w)[2] * share(w)[0])


def test_a_rule_that_gives_a_plain_number_is_recorded(row):
    seven = row("test_seven", lambda x: 7.0, (lambda y, x: 0.0,))
    w = Value(2.0, "w")
    assert_recorded_is_eager(lambda x: seven(w * x) * w, np.array([1.0, 2.0]))
    assert_recorded_is_eager(lambda x: w * seven(x), np.array([1.0, 2.0]))


def test_two_rows_that_had_one_name_after_another_stay_apart():
    x = Value(1.5, "x")
    try:
        double = Op("test_twice", lambda x: 2 * x, (lambda y, x: 2.0,))(x)
        triple = Op("test_twice", lambda x: 3 * x, (lambda y, x: 3.0,))(x)
        assert_recorded_is_eager(lambda: double + triple)
    finally:
        del ops.TABLE["test_twice"]
