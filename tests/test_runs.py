"""Rows that leave a domain, derivatives that are missing, blocks, and memory."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest

import nn
from autograd import (
    Value,
    array,
    dot,
    exp,
    expm1,
    log,
    log1p,
    maximum,
    minimum,
    named,
    record,
    relu,
    scope,
    sigmoid,
    sin,
    sqrt,
    step,
    tan,
    where,
)
from autograd.recorded import execution
from tests.programs import (
    ONE,
    RNG,
    A,
    X,
    Y,
    classifier,
    lecture,
    mlp,
)
from tests.row_by_row import assert_near, outputs, stay_recorded

# --- rows that leave a domain -----------------------------------------------------------------------------------------

LEAVING = {
    "log of a negative": (lambda x: log(x * A), -1.0, ValueError, "log is defined for x > 0; got -1.0 from"),
    "log of 0": (lambda x: log(x * A), 0.0, ValueError, "log is defined for x > 0; got 0.0 from"),
    "log1p": (lambda x: log1p(x * A), -1.5, ValueError, "log1p is defined for x > −1"),
    "sqrt": (lambda x: sqrt(x * A), -4.0, ValueError, "sqrt is defined for x ≥ 0; got -4.0 from"),
    "division by 0": (lambda x: A / x, 0.0, ZeroDivisionError, "divide is defined for a divisor other than 0"),
    "0 by 0": (lambda x: x / (x * A), 0.0, ZeroDivisionError, "divide is defined for"),
    "exp": (lambda x: exp(x * A), 1000.0, OverflowError, "exp is beyond the largest float"),
    "expm1": (lambda x: expm1(x * A), 1000.0, OverflowError, "expm1 is beyond the largest float"),
    "power of a negative": (lambda x: (x * A) ** 0.5, -1.0, ValueError, "power is defined for a positive base"),
    "power of 0": (lambda x: (x * A) ** -1.0, 0.0, ZeroDivisionError, "power is defined for"),
    "power too large": (lambda x: (x * A) ** 200.0, 1e3, OverflowError, "power is beyond the largest float"),
    "sin of infinity": (lambda x: sin(x * A), math.inf, ValueError, "sin is defined for finite x"),
    "tan of infinity": (lambda x: tan(x * A), -math.inf, ValueError, "tan is defined for finite x"),
    "a branch not taken": (lambda x: where(True, x * A, log(x)), -1.0, ValueError, "log is defined for x > 0; got -1.0 from x"),
    "hidden by a constant 0": (lambda x: 0.0 * exp(x * A), 1000.0, OverflowError, "exp is beyond"),
    "hidden by a minimum": (lambda x: minimum(exp(x * A), 1.0), 1000.0, OverflowError, "exp is beyond"),
    "hidden by a division": (lambda x: 1.0 / (1.0 + exp(x * A)), 1000.0, OverflowError, "exp is beyond"),
}  # fmt: skip


@pytest.mark.parametrize("case", LEAVING)
def test_a_row_outside_a_domain_is_the_eager_error_with_its_row_and_no_gradient_changes(case, monkeypatch):
    f, bad, error, words = LEAVING[case]
    other = Value(1.0, "other")
    program = record(lambda x: f(x) + other * x, 2.0)
    for rows in (1000, 8):  # in the only block, and in a later one than the first
        monkeypatch.setattr(program._run, "most", rows)
        x = np.linspace(0.5, 2.0, 100)
        x[17] = bad
        A.grad, other.grad = None, 3.0
        with pytest.raises(error, match=f"row 17: {words}") as eager:
            program.backward(x)
        with pytest.raises(error, match=f"row 17: {words}"):
            program(x)
        with pytest.raises(error, match=f"row 17: {words}"):
            program.value_and_grad(program.theta(), x)
        assert (A.grad, other.grad) == (None, 3.0)
        with pytest.raises(error) as alone:
            f(Value(bad, "x", "input"))
        assert type(eager.value) is type(alone.value)
        x[60] = bad
        with pytest.raises(error, match="row 17:"):
            program(x)


def test_the_error_of_a_row_names_the_node_its_scope_and_what_to_use_instead():
    w = array([1.0, 1.0, 1.0], "w")

    def f(x):
        with scope("f5"):
            shares = named("ŷ", x * w)
        with scope("f6"):
            return -log(shares[2])

    program = record(f, np.ones(3))
    rows = np.ones((10, 3))
    rows[3, 2] = 0.0
    with pytest.raises(ValueError, match="row 3") as info:
        program.backward(rows)
    assert str(info.value) == (
        "row 3: log is defined for x > 0; got 0.0 from ŷ[2] in f6. For cross-entropy use log_softmax, which never leaves its domain."
    )


def test_a_parameter_outside_a_domain_is_an_error_without_a_row_where_there_are_none():
    w = Value(1.0, "w")
    program = record(lambda: log(w))
    w.data = -1.0
    for call in (program, program.backward, lambda: program.value_and_grad(program.theta())):
        with pytest.raises(ValueError, match=r"^log is defined for x > 0; got -1\.0 from w"):
            call()
    assert w.grad is None


def test_a_derivative_that_does_not_exist_is_refused_with_its_row():
    w = Value(0.0, "w")
    program = record(lambda x: sqrt(x + w), 1.0)
    assert program([1.0, 0.0]).tolist() == [1.0, 0.0]
    with pytest.raises(ZeroDivisionError, match=r"row 1: sqrt has no derivative here: its operand is 0\.0"):
        program.backward([1.0, 0.0])
    assert w.grad is None


@pytest.mark.parametrize("place", [0, 17, 99])
@pytest.mark.parametrize("block", [256, 10])
def test_nan_in_the_data_is_refused_with_row_and_argument(place, block, monkeypatch):
    model, program = classifier()
    monkeypatch.setattr(program._run, "most", block)
    rows = X.copy()
    rows[place, 2] = math.nan
    for call in (program, program.backward):
        with pytest.raises(ValueError, match=f"row {place} of x holds nan"):
            call(rows, Y)
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize(
    "f",
    [
        lambda x: where(x, A, 2.0 * A),
        lambda x: where(step(x), A, 2.0 * A),
        lambda x: where(step(x), A, x * A),
        lambda x: A * relu(x),
        lambda x: A * maximum(x, 0.0),
        lambda x: A * step(x),
        lambda x: A + 0.0 * x,
    ],
)
def test_nan_in_the_data_is_refused_where_it_only_chooses(f):
    program = record(f, 1.0)
    for call in (program, program.backward):
        with pytest.raises(ValueError, match="row 1 of x holds nan"):
            call([1.0, math.nan, 2.0])


def test_nan_in_a_parameter_comes_out_as_it_does_eagerly():
    w = Value(1.0, "w")
    program = record(lambda x: w * x, 1.0)
    w.data = math.nan
    assert np.isnan(program([1.0, 2.0])).all()
    assert math.isnan(program.backward([1.0, 2.0]))
    assert w.grad == 1.5


@pytest.mark.parametrize("state", [{"all": "raise"}, {"all": "ignore"}, {"under": "raise"}, {"all": "warn"}])
def test_how_numpy_treats_floating_point_errors_elsewhere_does_not_matter(state, monkeypatch):
    w = Value(1.0, "w")
    program = stay_recorded(record(lambda x: sigmoid(w * x) + exp(w * x), 1.0), monkeypatch)
    x = np.array([-800.0, -1.0, 2.0])
    expected = program.value_and_grad(program.theta(), x)
    with np.errstate(**state):
        got = program.value_and_grad(program.theta(), x)
        np.testing.assert_array_equal(program(x), outputs(lambda x: sigmoid(w * x) + exp(w * x), x))
        monkeypatch.undo()
        with pytest.raises(ValueError, match="row 0: log"):
            record(lambda x: log(w * x), 1.0)(x)
    assert got[0] == expected[0]
    np.testing.assert_array_equal(got[1], expected[1])


def test_a_dead_branch_in_most_rows_sends_no_row_the_eager_way(monkeypatch):
    program = stay_recorded(record(lambda x: where(step(x), sqrt(maximum(A * x, 0.0)), 0.0), 1.0), monkeypatch)
    x = RNG.normal(size=4000)
    loss, gradient = program.value_and_grad(program.theta(), x)
    roots = np.sqrt(np.maximum(x, 0.0))
    assert loss == pytest.approx(roots.mean(), rel=1e-12)
    assert gradient == pytest.approx(0.5 * roots.mean(), rel=1e-12)


def test_of_many_infinite_rows_of_a_sum_no_more_than_64_are_looked_at_one_by_one(monkeypatch):
    looked_at, again = [], execution.again
    monkeypatch.setattr(execution, "again", lambda *args: looked_at.append(args) or again(*args))
    program = record(lambda x: A * x * 1e308, 1.0)
    loss, _ = program.value_and_grad(program.theta(), np.full(500, 10.0), reduction="sum")
    assert (loss, len(looked_at)) == (math.inf, execution.MAX_EAGER)


@pytest.mark.parametrize(("x", "dtype"), [(1e200, float), (1e20, np.float32), (1e308, float), (1e38, np.float32)])
def test_large_data_and_large_gradients_are_no_alarm(x, dtype, monkeypatch):
    w = Value(0.5, "w")
    program = stay_recorded(record(lambda x: w * x, 1.0), monkeypatch)
    rows = np.array([x, 1.0, -x], dtype)
    assert program(rows).tolist() == (rows / 2).tolist()
    _, gradient = program.value_and_grad(program.theta().astype(dtype), rows[:2], reduction="sum")
    np.testing.assert_allclose(gradient, [x], rtol=1e-6)


def test_a_derivative_by_the_data_is_not_asked_for_on_the_eager_way_around_an_alarm():
    w = Value(1.0, "w")
    program = record(lambda x: w * sqrt(x[0]) + minimum(w * x[1] * 1e300, 1.0), [1.0, 1.0])
    calm, alarmed = [0.0, 1.0], [0.0, 1e10]  # the square root of a datum that is 0 has no derivative by it
    assert program.value_and_grad(program.theta(), [calm]) == (1.0, [0.0])
    assert program.value_and_grad(program.theta(), [alarmed]) == (1.0, [0.0])


# --- blocks and memory ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 7, 99, 100, 101, 10**9])
def test_the_size_of_a_block_changes_rounding_only(rows, monkeypatch):
    for program, data in (
        (classifier()[1], (X, Y)),
        (lecture(), (X[:, :3],)),
        (record(lambda x: [x[0], A], ONE), (X,)),
    ):
        expected = program(*data)
        whole = program.value_and_grad(program.theta(), *data) if expected.ndim == 1 else None
        monkeypatch.setattr(program._run, "most", rows)
        np.testing.assert_allclose(program(*data), expected, rtol=1e-13)
        if whole:
            got = program.value_and_grad(program.theta(), *data)
            assert got[0] == pytest.approx(whole[0], rel=1e-13)
            np.testing.assert_allclose(got[1], whole[1], rtol=1e-11, atol=1e-15)


def test_what_does_not_depend_on_the_data_counts_once_a_row_in_every_block(monkeypatch):
    program = record(lambda x: A * 2.0, 1.0)
    monkeypatch.setattr(program._run, "most", 3)
    assert program(np.zeros(10)).tolist() == [2.0] * 10
    assert program.value_and_grad(program.theta(), np.zeros(10)) == (2.0, [2.0])
    assert program.value_and_grad(program.theta(), np.zeros(10), reduction="sum") == (20.0, [20.0])


def test_many_rows_take_no_more_memory_than_a_block_of_them():
    program = mlp(nn.hinge)
    n = 300_000
    x, y = np.random.default_rng(0).normal(size=(n, 2)), np.ones(n)
    tracemalloc.start()
    program.value_and_grad(program.theta(), x, y)
    backward = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    program(x, y)
    forward = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    all_rows = 8 * n * (16 + 16 + 1)  # the layers of all rows at once
    assert backward < all_rows / 4
    assert forward < all_rows / 4 + 3 * 8 * n  # the outputs, and once more where they are joined


def test_gradients_of_many_blocks_are_added_up_as_they_come(monkeypatch):
    w = array(np.linspace(0.0, 1.0, 2_000), "w")
    program = record(lambda x: x * dot(w, w), 1.0)
    monkeypatch.setattr(program._run, "most", 10)
    theta, x = program.theta(), np.ones(10_000)
    program.value_and_grad(theta, x[:20])
    tracemalloc.start()
    program.value_and_grad(theta, x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 * theta.nbytes, "a thousand blocks, each with a gradient"


def test_whole_numbers_become_floats_block_by_block(monkeypatch):
    w = array(np.linspace(0.0, 1.0, 16), "w")
    program = record(lambda x: dot(w, x) ** 2, np.ones(16))
    monkeypatch.setattr(program._run, "most", 1000)
    x = np.ones((200_000, 16), np.uint8)
    program.backward(x[:10])
    tracemalloc.start()
    program.backward(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * x.nbytes


def test_products_of_small_whole_numbers_do_not_wrap_around():
    program = record(lambda x: x * x * A, 1.0)
    assert program(np.array([200, 100], np.uint8)).tolist() == [40_000.0 * A.data, 10_000.0 * A.data]


def test_the_gradient_of_many_rows_is_that_of_their_sum():
    program = mlp(nn.hinge)
    x, y = np.random.default_rng(0).normal(size=(50_000, 2)), np.where(np.arange(50_000) % 3, 1.0, -1.0)
    theta = program.theta()
    loss, gradient = program.value_and_grad(theta, x, y)
    halves = [program.value_and_grad(theta, x[k::2], y[k::2]) for k in range(2)]
    assert loss == pytest.approx((halves[0][0] + halves[1][0]) / 2, rel=1e-12)
    assert_near(gradient, (halves[0][1] + halves[1][1]) / 2)


def test_a_step_gives_the_same_bits_every_time():
    _, program = classifier()
    first = program.value_and_grad(program.theta(), X, Y)
    for _ in range(3):
        again = program.value_and_grad(program.theta(), X, Y)
        assert again[0] == first[0]
        np.testing.assert_array_equal(again[1], first[1])


@pytest.mark.parametrize("f", [exp, expm1, lambda x: x**20.5], ids=["exp", "expm1", "power"])
def test_an_operation_that_refuses_to_overflow_refuses_in_32_bits_too(f):
    program = record(lambda x: f(x) * A, 1.0)
    assert np.isfinite(program(np.array([100.0]))).all()
    with pytest.raises(OverflowError, match=r"row 1: .* is beyond the largest float here; got 100\.0 from x"):
        program(np.array([1.0, 100.0], np.float32))
    with pytest.raises(OverflowError, match="row 1"):
        program.value_and_grad(program.theta().astype(np.float32), np.array([1.0, 100.0], np.float32))


def test_arithmetic_overflows_in_32_bits_as_floats_do():
    program = record(lambda x: x * x * A, 1.0)
    assert program(np.array([1.0, 1e30], np.float32)).tolist() == [1.0, math.inf]
