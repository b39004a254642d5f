"""Programs: what `record` refuses, what they notice, how they read, and that they run where this library is not."""

from __future__ import annotations

import ast
import hashlib
import inspect
import io
import math
import os
import pickle
import re
import subprocess
import sys
import threading
import tokenize
import tracemalloc
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import (
    Program,
    Value,
    array,
    assign,
    constant,
    dot,
    exp,
    expm1,
    grads,
    log,
    log1p,
    log_softmax,
    maximum,
    minimum,
    named,
    ops,
    record,
    relu,
    runs,
    scope,
    sigmoid,
    sin,
    softmax,
    sqrt,
    step,
    sum as total,
    tan,
    tanh,
    values,
    where,
)
from tests.row_by_row import assert_near, assert_recorded_is_eager, outputs, stay_recorded

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


def run(code, *arguments, cwd=ROOT, seconds=120, **environment):
    """Run a text in a Python of its own; what it prints."""
    done = subprocess.run(
        [sys.executable, *arguments, "-c", code],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- no number is read while a graph is recorded ----------------------------------------------------------------------

ASKING = [
    lambda x: x * 2 if x > 0 else x,
    lambda x: x * 2 if x >= 0.5 else x,
    lambda x: x * 2 if x < x * 2 else x,
    lambda x: x * 2 if x <= 1 else x,
    lambda x: x * 2 if 1 < x else x,  # noqa: SIM300  # the reflected comparison
    lambda x: x * 2 if x == 1 else x,
    lambda x: x * 2 if x != 1 else x,
    lambda x: x * 2 if x else x,
    lambda x: x * 2 if not x else x,  # noqa: SIM212
    lambda x: x and x * 2,
    lambda x: x * 2 if x in [1.0, 2.0] else x,
    lambda x: [x, x * 2][int(x)],
    lambda x: x * float(x),
    lambda x: x * round(x),
    lambda x: x * round(x, 1),
    lambda x: x * math.floor(x),
    lambda x: x * math.trunc(x),
    lambda x: x * math.sin(x),
    lambda x: x * np.asarray(x, dtype=float),
    lambda x: max(x, 0.0),
    lambda x: min(x * 2, x),
    lambda x: sorted([x, x * 2])[0],
    lambda x: next(v for v in (x, x * 2) if v > 0),
    lambda x: WEIGHT * 2 if WEIGHT > 0 else x,
    lambda x: x * 2 if tanh(WEIGHT) + constant(1.0) > 0 else x,
    lambda x: x * bool(x),
    lambda x: relu(x) if any([x]) else x,
    lambda x: np.max(np.array([x, x * 2], dtype=object)),
]
WEIGHT = Value(0.5, "weight")


@pytest.mark.parametrize("f", ASKING)
def test_who_asks_for_a_number_while_recording_is_told_the_line_and_what_to_write(f):
    number = f.__code__.co_firstlineno
    with pytest.raises(TypeError, match=rf"test_program\.py, line {number}\b") as info:
        record(f, 1.0)
    text = str(info.value)
    assert "where(" in text
    assert "maximum" in text
    assert "x" in text or "weight" in text
    assert f(Value(1.0)) is not None, "eagerly it is allowed"


def test_the_line_named_is_that_of_the_branch_not_of_its_caller():
    def branch(x):
        y = x * 2
        if y > 1:  # this line
            y = x
        return y

    number = inspect.getsourcelines(branch)[1] + 2
    with pytest.raises(TypeError, match=rf"line {number} \(if y > 1:  # this line\)"):
        record(lambda x: branch(x) + 1.0, 1.0)


def test_a_branch_in_an_activation_of_ones_own_is_refused_by_its_line():
    model = nn.MLP(1, [2, 1], activation=lambda a: a if a > 0 else 0.1 * a, rng=0)
    with pytest.raises(TypeError, match=r"test_program\.py, line \d+ .*lambda a: a if a > 0"):
        record(lambda x: model([x]), 1.0)


def test_constants_may_be_compared_while_recording():
    def f(x):
        c = constant(2.0) * 3.0 + 1.0
        assert c > 0
        assert bool(c)
        assert float(c) == c == 7.0
        assert int(c) == round(c) == max(c, constant(1.0))
        return x * c if c in [7.0] else x

    np.testing.assert_array_equal(record(f, 1.0)([1.0, 2.0]), [7.0, 14.0])


def test_after_recording_numbers_are_read_as_ever():
    x = Value(1.0)
    record(lambda z: z * x, 1.0)
    assert x > 0
    for f in (lambda z: z if z > 0 else x, lambda z: None, lambda z: log(z - 1.0), lambda z: 1 / 0):
        with pytest.raises((TypeError, ValueError, ZeroDivisionError)):
            record(f, 1.0)
        assert x > 0
        assert float(x * 2) == 2.0


def test_a_recording_inside_a_recording_leaves_the_outer_one_on():
    def f(x):
        inner = record(lambda z: z * 2.0, 1.0)
        assert inner([3.0]).tolist() == [6.0]
        return x if x > 0 else -x

    with pytest.raises(TypeError, match="asks for the number"):
        record(f, 1.0)


def test_another_thread_may_compare_while_one_records():
    recording, compared, found = threading.Event(), threading.Event(), []

    def slowly(x):
        recording.set()
        assert compared.wait(10)
        return x * 2.0

    def compare():
        assert recording.wait(10)
        found.append(Value(1.0) > 0)
        compared.set()

    other = threading.Thread(target=compare)
    other.start()
    program = record(slowly, 1.0)
    other.join()
    assert found == [True]
    assert program([3.0]).tolist() == [6.0]


def test_several_threads_may_run_a_program_that_none_has_run_before():
    for _ in range(5):
        _, program = classifier()
        expected = classifier()[1].value_and_grad(program.theta(), X, Y)[1]
        together, found = threading.Barrier(4), []

        def work(program=program, together=together, found=found):
            together.wait()
            found.append(program.value_and_grad(program.theta(), X, Y)[1])

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 4
        assert all((gradient == expected).all() for gradient in found)


# --- what is no program -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: record(Value(1.0) * 2), TypeError, r"takes a function; got Value.*lambda: L"),
        (lambda: record(array([1.0])), TypeError, "takes a function"),
        (lambda: record(3.0), TypeError, "takes a function; got float"),
        (lambda: record(lambda x: None, 1.0), TypeError, "returned .*None"),
        (lambda: record(lambda x: 2.0, 1.0), TypeError, r"float.*constant\(c\)"),
        (lambda: record(lambda x: x.data, 1.0), TypeError, "float"),
        (lambda: record(lambda x: [x, 2.0], 1.0), TypeError, "float"),
        (lambda: record(lambda x: np.ones(3), 1.0), TypeError, "float"),
        (lambda: record(lambda x: [], 1.0), TypeError, "list|nothing|empty"),
        (lambda: record(lambda x: "L", 1.0), TypeError, "str"),
        (lambda: record(lambda x: {"loss": x}, 1.0), TypeError, "dict"),
        (lambda: record(lambda x: [x[0], [x[1], x[0]]], [1.0, 2.0]), ValueError, "length"),
        (lambda: record(lambda x: x, Value(1.0)), TypeError, "got Value: record makes Values of it itself"),
        (lambda: record(lambda x: x, array([1.0, 2.0])), TypeError, "got Value"),
        (lambda: record(lambda x: x, [Value(1.0)]), TypeError, "got Value"),
        (lambda: record(lambda x: x, "1.0"), TypeError, "a row of numbers"),
        (lambda: record(lambda x: x, None), TypeError, "a row of numbers.*NoneType"),
        (lambda: record(lambda x: x, 1j), TypeError, "a row of numbers.*complex"),
        (lambda: record(lambda x: x, []), ValueError, "empty"),
        (lambda: record(lambda x: x, [[1.0, 2.0], [3.0]]), ValueError, "a row of numbers|one length"),
        (lambda: record(lambda x, y: x, 1.0), TypeError, "y"),
        (lambda: record(lambda x: log(x), -1.0), ValueError, "log is defined for x > 0; got -1.0 from x"),
    ],
)
def test_what_cannot_be_recorded_says_what_to_record_instead(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_class_index_in_place_of_a_one_hot_vector_points_to_one_hot():
    model = nn.MLP(4, [5, 3], rng=1)
    with pytest.raises(TypeError, match=r"nn\.one_hot\(Y, K\)"):
        record(lambda x, y: nn.cross_entropy(model(x), y), X[0], CLASSES[0])


def test_a_model_a_method_and_a_row_are_functions_to_record():
    model = nn.MLP(4, [3, 2], rng=0)
    assert_near(record(model, X[0])(X), [values(model(x)) for x in X])
    assert_near(record(model.layers[0], X[0])(X), [values(model.layers[0](x)) for x in X])
    np.testing.assert_allclose(record(tanh, 1.0)(X[:, 0]), np.tanh(X[:, 0]), rtol=1e-14)
    assert "by_name" not in record(tanh, 1.0).source
    np.testing.assert_allclose(record(np.sin, 1.0)(X[:, 0]), np.sin(X[:, 0]), rtol=1e-14)  # it has no signature


def test_a_program_is_not_pickled_and_says_what_to_do():
    for copy in (pickle.dumps, deepcopy):
        with pytest.raises(TypeError, match="save_source"):
            copy(classifier()[1])


def test_one_hot_rows_may_be_whole_numbers_or_truth_values():
    _, program = classifier()
    expected = program.value_and_grad(program.theta(), X, Y)
    for kind in (int, np.uint8, bool):
        loss, gradient = program.value_and_grad(program.theta(), X, Y.astype(kind))
        assert loss == expected[0]
        np.testing.assert_array_equal(gradient, expected[1])


def test_class_indices_in_place_of_rows_point_to_one_hot():
    with pytest.raises(ValueError, match=r"nn\.one_hot\(y, 3\)"):
        classifier()[1](X, CLASSES)


def test_a_program_within_a_recorded_function_says_to_call_the_function():
    program = record(tanh, 1.0)
    with pytest.raises(TypeError, match="call the recorded function itself"):
        record(lambda x: program([x]), 1.0)


def test_a_function_without_a_signature_is_recorded():
    class Nameless:
        __signature__ = "none that Python knows"

        def __call__(self, a):
            return tanh(a)

    program = record(Nameless(), 1.0)
    np.testing.assert_allclose(program([0.5, 2.0]), np.tanh([0.5, 2.0]), rtol=1e-15)
    assert "def forward(theta, x0):" in program.source


def test_targets_that_are_computed_from_the_data_are_not_checked_beforehand():
    model = nn.MLP(4, [3], rng=0)
    program = record(lambda x: nn.cross_entropy(model(x), softmax(2.0 * x[:3])), X[0])
    assert_near(program(X), [nn.cross_entropy(model(x), values(softmax(2.0 * array(x[:3])))).data for x in X])


def test_arguments_with_defaults_and_keywords_need_no_example():
    def f(x, scale=3.0, *, shift=1.0, **rest):
        return x * scale + shift

    assert record(f, 1.0)([2.0]).tolist() == [7.0]
    assert record(lambda *xs: xs[0] * xs[1], 1.0, 2.0)([2.0], [5.0]).tolist() == [10.0]


def test_a_program_says_what_it_takes_and_gives():
    _, program = classifier()
    assert isinstance(program, Program)
    assert repr(program) == "Program(x (4,), y (3,) → one output, 43 parameters)"
    assert repr(record(lambda: Value(1.0) * 2)) == "Program(one output, 1 parameters)"


# --- what is no data --------------------------------------------------------------------------------------------------

ONE = [1.0] * 4


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ((), TypeError, "takes x, y; got 0 arrays"),
        ((X,), TypeError, "takes x, y; got 1 array"),
        ((X, Y, Y), TypeError, "takes x, y; got 3 arrays"),
        ((X[0], Y[0]), ValueError, r"x has shape \(N, 4\), a row per example; got \(4,\).*x\[None\]"),
        ((X[:, :3], Y), ValueError, r"x has shape \(N, 4\).*got \(100, 3\)"),
        ((X[None], Y), ValueError, r"x has shape \(N, 4\).*got \(1, 100, 4\)"),
        ((X, CLASSES), ValueError, r"y has shape \(N, 3\).*got \(100,\)"),
        ((X.T, Y), ValueError, r"x has shape \(N, 4\)"),
        ((X, Y[:99]), ValueError, "100 of x and 99 of y"),
        ((X[:0], Y[:0]), ValueError, "no rows"),
        ((X.astype(np.float16), Y), TypeError, "x .*float16"),
        ((X.astype(complex), Y), TypeError, "x .*complex"),
        ((X.astype(str), Y), TypeError, "x "),
        ((X.astype(object), Y), TypeError, "x .*object"),
        ((array(X), Y), TypeError, "x .*object"),
        ((X.astype(np.float32), Y), TypeError, "x is float32, y is float64.*one precision.*astype"),
        ((X, Y.astype(np.float32)), TypeError, "x is float64, y is float32.*one precision"),
        ((None, Y), TypeError, "x "),
        (([["a"] * 4], [[1, 0, 0]]), TypeError, "x "),
        (([ONE, [1.0]], Y[:2]), ValueError, "x "),
        ((1.0, 2.0), ValueError, "x has shape"),
        (("abc", Y), TypeError, "x "),
        (([Value(1.0)] * 4, Y), TypeError, "x .*object"),
    ],
)
def test_data_that_do_not_fit_are_refused_with_the_argument_and_nothing_changed(data, error, words):
    model, program = classifier()
    model.parameters()[0].grad = 5.0
    theta = program.theta()
    for call in (program, program.backward, lambda *data: program.value_and_grad(theta, *data)):
        with pytest.raises(error, match=words):
            call(*data)
    assert [p.grad for p in model.parameters()] == [5.0] + [None] * 42


@pytest.mark.parametrize(
    ("theta", "error", "words"),
    [
        (np.zeros(42), ValueError, r"theta .*\(43,\).*\(42,\)"),
        (np.zeros((43, 1)), ValueError, r"theta .*\(43,\).*\(43, 1\)"),
        (np.float64(0.0), ValueError, r"theta .*\(43,\)"),
        ([0.0] * 43, (TypeError, ValueError), "array"),
        (np.zeros(43, np.float32), TypeError, "theta is .*float32"),
        (np.zeros(43, int), TypeError, "theta is .*int64"),
        (np.zeros(43, complex), TypeError, "theta is .*complex128"),
        (np.zeros(43, np.float16), TypeError, "theta is .*float16"),
    ],
)
def test_a_theta_that_does_not_fit_is_refused(theta, error, words):
    _, program = classifier()
    with pytest.raises(error, match=words):
        program.value_and_grad(theta, X, Y)


@pytest.mark.parametrize("dtype", [int, complex, np.float16, bool, object])
def test_a_theta_that_is_no_float_is_refused_without_rows_and_beside_whole_numbers_too(dtype):
    w = array([3.0, 4.0], "w")
    theta = np.array([3, 4]).astype(dtype)
    with pytest.raises(TypeError, match="theta"):
        record(lambda: dot(w, [0.5, 0.25])).value_and_grad(theta)
    with pytest.raises(TypeError, match="theta"):
        record(lambda x: dot(w * x, [0.5, 0.25]), [1, 2]).value_and_grad(theta, np.array([[1, 2]]))


def test_a_program_of_several_outputs_has_no_gradient():
    program = record(lambda x: x * 2.0, ONE)
    for call in (program.backward, lambda data: program.value_and_grad(program.theta(), data)):
        with pytest.raises(ValueError, match=r"a gradient is of one output; this program gives \(4,\)"):
            call(X)
    with pytest.raises(ValueError, match=r"this program gives \(1,\)"):
        record(lambda x: [x], 1.0).backward([1.0])


@pytest.mark.parametrize("reduction", ["none", "Mean", None, 1])
def test_an_unknown_reduction_is_refused(reduction):
    w, program = line()
    with pytest.raises(ValueError, match="'mean' or 'sum'"):
        program.backward([1.0], [2.0], reduction=reduction)
    assert w.grad is None


def test_a_program_without_rows_takes_no_data():
    program = record(lambda: WEIGHT * 2.0)
    for call in (program, program.backward):
        with pytest.raises(TypeError, match="has no rows and takes no data; got 1 array"):
            call([1.0])


@pytest.mark.parametrize(
    "bad",
    [
        lambda X, Y: (X, np.where(np.arange(100)[:, None] == 17, [0.5, 0.5, 0.5], Y)),
        lambda X, Y: (X, np.where(np.arange(100)[:, None] == 17, [2.0, -1.0, 0.0], Y)),
        lambda X, Y: (X, np.where(np.arange(100)[:, None] == 17, np.nan, Y)),
        lambda X, Y: (X, np.where(np.arange(100)[:, None] >= 17, 0.0, Y)),
        lambda X, Y: (X.astype(np.float32), np.where(np.arange(100)[:, None] == 17, 0.4, Y).astype(np.float32)),
    ],
)
def test_targets_that_are_no_distribution_are_refused_by_row_before_anything_runs(bad, monkeypatch):
    model, program = classifier()
    monkeypatch.setattr(runs.Run, "__call__", lambda *_: pytest.fail("something ran"))
    for call in (program, program.backward):
        with pytest.raises(ValueError, match="row 17: cross_entropy takes a one-hot y"):
            call(*bad(X, Y))
    assert all(p.grad is None for p in model.parameters())


def test_targets_of_0_and_1_are_refused_by_hinge_with_their_row():
    for outputs_, y in ((1, np.ones(30)), (3, np.ones((30, 3)))):
        model = nn.MLP(4, [outputs_], rng=0)
        program = record(lambda x, y, model=model: nn.hinge(model(x), y), X[0], y[0])
        y.reshape(30, -1)[17:, -1] = 0.0
        with pytest.raises(ValueError, match=r"row 17: hinge takes targets of −1 and 1 .*2·y − 1"):
            program.backward(X[:30], y)
    with pytest.raises(ValueError, match="hinge takes targets of −1 and 1"):
        record(lambda x, y: nn.hinge(model(x), y), X[0], np.zeros(3))


def test_targets_are_checked_when_some_of_them_are_plain_numbers():
    a = array([1.0, 2.0], "a")
    program = record(lambda y: nn.hinge(a, [y, 1.0]), 1.0)
    assert program([1.0, -1.0]).shape == (2,)
    with pytest.raises(ValueError, match="row 1: hinge takes targets"):
        program([1.0, 0.0])


# --- rows that leave a domain -----------------------------------------------------------------------------------------

A = Value(1.0, "a")
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
        monkeypatch.setattr(program, "_rows", rows)
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
    monkeypatch.setattr(program, "_rows", block)
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


def test_targets_may_be_checked_before_anything_runs():
    model, program = classifier()
    program.check(X, Y)
    program.check(X.tolist(), Y.tolist())
    with pytest.raises(ValueError, match="row 2: cross_entropy takes a one-hot y"):
        program.check(X, np.where(np.arange(100)[:, None] == 2, 0.5, Y))
    with pytest.raises(ValueError, match="100 of x and 99 of y"):
        program.check(X, Y[:99])
    assert all(p.grad is None for p in model.parameters())


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


# --- what it notices, and what it does not ----------------------------------------------------------------------------


def test_new_data_in_a_parameter_are_seen_by_the_next_call():
    w, program = line()
    assert program([1.0], [0.0]).tolist() == [4.0]
    w.data = 3.0
    assert program([1.0], [0.0]).tolist() == [9.0]
    assert program.theta().tolist() == [3.0]
    assert program.backward([1.0], [0.0]) == 9.0
    assert w.grad == 6.0
    assert program.value_and_grad(np.array([5.0]), [1.0], [0.0]) == (25.0, [10.0])
    assert (w.data, w.grad) == (3.0, 6.0)


def test_value_and_grad_leaves_theta_and_data_as_they_are():
    _, program = classifier()
    theta, x, y = program.theta(), X.copy(), Y.copy()
    for a in (theta, x, y):
        a.flags.writeable = False
    _, gradient = program.value_and_grad(theta, x, y)
    gradient += 1.0
    np.testing.assert_array_equal(program(x, y), program(X, Y))
    np.testing.assert_array_equal(x, X)


@pytest.mark.parametrize("engine", ["sgd", "momentum"])
def test_training_recorded_is_training_eagerly(engine):
    options = {"momentum": 0.9, "weight_decay": 0.01} if engine == "momentum" else {}
    models = nn.MLP(4, [5, 3], rng=1), nn.MLP(4, [5, 3], rng=1)
    sgd = [nn.SGD(model.parameters(), 0.5, **options) for model in models]
    program = record(lambda x, y: nn.cross_entropy(models[0](x), y), X[0], Y[0])
    losses = []
    for _ in range(5):
        sgd[0].zero_grad()
        losses.append(program.backward(X, Y))
        sgd[0].step()
        sgd[1].zero_grad()
        eager = total([nn.cross_entropy(models[1](x), y) for x, y in zip(X, Y, strict=True)]) / len(X)
        eager.backward()
        assert losses[-1] == pytest.approx(eager.data, rel=1e-12)
        sgd[1].step()
    assert losses[-1] < losses[0]
    assert_near(values(models[0].parameters()), values(models[1].parameters()))


def test_what_is_added_to_the_graph_afterwards_is_not_seen():
    w = array([2.0, 3.0], "w")
    kept = []

    def f(x):
        kept.append(w * x)
        return total(kept[0])

    program = record(f, [1.0, 1.0])
    kept[0][0] = Value(50.0)
    _ = [total(w) * 7 for _ in range(3)]
    assert program([[1.0, 1.0]]).tolist() == [5.0]
    program.backward([[1.0, 1.0]])
    assert grads(w).tolist() == [1.0, 1.0]


def test_new_data_in_a_constant_are_not_seen_by_loss_or_gradient():
    w, c = array([3.0, 4.0], "w"), constant([2.0, 5.0], "c")
    square = record(lambda: dot(w * c, w))
    scalar = constant(2.0, "s")
    product = record(lambda x: WEIGHT * scalar * x * scalar, 1.0)
    assign(c, [7.0, 8.0])
    scalar.data = 100.0
    assert square() == square.backward() == 3.0 * 2.0 * 3.0 + 4.0 * 5.0 * 4.0
    assert grads(w).tolist() == [12.0, 40.0]
    assert product([1.0]).tolist() == [2.0]
    assert product.value_and_grad(product.theta(), [1.0]) == (2.0, [4.0])


def test_new_data_in_a_constant_are_not_seen_on_the_eager_way_around_an_alarm_either():
    w, c = Value(1.0, "w"), constant(2.0, "c")
    program = record(lambda x: minimum(w * x * 1e308, 1.0) + w * (c * 3.0), 1.0)
    before = program([1.0, 10.0]).tolist(), program.value_and_grad(program.theta(), [1.0, 10.0])
    c.data = 100.0
    assert program([1.0, 10.0]).tolist() == before[0] == [7.0, 7.0]
    assert program.value_and_grad(program.theta(), [1.0, 10.0]) == before[1]


# --- kinds of data ----------------------------------------------------------------------------------------------------


def test_data_of_32_bits_give_results_of_32_bits_near_those_of_64():
    _, program = classifier()
    x, y = X.astype(np.float32), Y.astype(np.float32)
    got = program(x, y)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, program(X, Y), rtol=1e-5)
    loss, gradient = program.value_and_grad(program.theta().astype(np.float32), x, y)
    assert (loss.dtype, gradient.dtype) == (np.float32, np.float32)
    expected = program.value_and_grad(program.theta(), X, Y)
    np.testing.assert_allclose(gradient, expected[1], atol=1e-6)
    assert program.backward(x, y) == pytest.approx(expected[0], rel=1e-5)
    assert program.parameters[0].grad == pytest.approx(expected[1][0], abs=1e-6)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: 2.5 * x + WEIGHT,
        lambda x: x**2 + 0.1 * WEIGHT**0.5,
        lambda x: where(step(x), WEIGHT, 0.5),
        lambda x: maximum(x, 0.0) * WEIGHT + relu(x),
        lambda x: dot([x, WEIGHT], [0.3, 0.7]),
        lambda x: log_softmax([x, WEIGHT, 0.25])[1],
        lambda x: minimum(x, math.inf) * WEIGHT,
        lambda x: abs(x) * step(WEIGHT),
        lambda x: constant(0.1),
        lambda x: WEIGHT,
        lambda x: x,
    ],
)
def test_literals_and_constants_do_not_promote_32_bits(f):
    program = record(f, 1.0)
    x = np.array([1.0, -2.0, 0.5], np.float32)
    assert program(x).dtype == np.float32
    loss, gradient = program.value_and_grad(program.theta().astype(np.float32), x)
    assert (loss.dtype, gradient.dtype) == (np.float32, np.float32)


def test_32_bits_stay_32_bits_where_a_row_goes_the_eager_way():
    w = Value(1.0, "w")
    program = record(lambda x: minimum(w * x * x, 1.0), 1.0)
    x = np.array([0.5, 1e30], np.float32)  # whose square no 32 bits hold
    assert program(x).dtype == np.float32
    assert program(x).tolist() == [0.25, 1.0]
    loss, gradient = program.value_and_grad(np.ones(1, np.float32), x)
    assert (loss.dtype, gradient.dtype) == (np.float32, np.float32)


def test_a_parameter_too_large_for_32_bits_makes_no_stray_warning():
    w = Value(1e39, "w")
    program = record(lambda x: minimum(w * x, 1.0), 1.0)
    assert program(np.ones(2, np.float32)).tolist() == [1.0, 1.0]
    assert program.backward(np.ones(2, np.float32)) == 1.0


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x.tolist(),
        lambda x: tuple(map(tuple, x.tolist())),
        lambda x: list(x),
        lambda x: x.astype(int),
        lambda x: x.astype(np.int8),
        lambda x: x.astype(np.uint8),
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=0)[::2],
        lambda x: x[::-1][::-1],
        lambda x: np.broadcast_to(x, x.shape),
        lambda x: x.astype(">f8"),
        lambda x: x.astype(np.float32).astype(">f4").astype(np.float64),
    ],
)
def test_lists_whole_numbers_and_views_are_data(convert):
    w = array([0.5, -1.0, 2.0], "w")
    program = record(lambda x, y: (dot(w, x * x) - y) ** 2, [1.0, 2.0, 3.0], 1.0)
    x, y = np.arange(12.0).reshape(4, 3), np.ones(4)
    expected = program.value_and_grad(program.theta(), x, y)
    got = program.value_and_grad(program.theta(), convert(x), y)
    assert got[0] == pytest.approx(expected[0], rel=1e-14)
    np.testing.assert_allclose(got[1], expected[1], rtol=1e-14)
    np.testing.assert_allclose(program(convert(x), y), program(x, y), rtol=1e-14)


def test_truth_values_are_data():
    w = Value(2.0, "w")
    assert record(lambda x: w * x, True)(np.array([True, False])).tolist() == [2.0, 0.0]


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_a_matrix_class_whose_product_is_another_gives_the_same_numbers_or_is_refused():
    w = array([3.0, 4.0], "w")
    program = record(lambda x: total(w * x * x), [1.0, 2.0])
    x = np.arange(4.0).reshape(2, 2) + 1
    try:
        got = program(x.view(np.matrix))
    except TypeError:
        return
    np.testing.assert_array_equal(np.asarray(got).ravel(), program(x))


def test_masked_data_are_refused_or_taken_as_they_stand():
    program = record(lambda x: A * x, 1.0)
    masked = np.ma.array([1.0, 2.0, -1.0], mask=[False, False, True])
    try:
        got = program(masked)
    except (TypeError, ValueError):
        return
    assert np.asarray(got).tolist() == [1.0, 2.0, -1.0]


def test_images_are_rows_of_any_shape():
    w = array(RNG.normal(size=(2, 3)), "w")
    images = RNG.normal(size=(7, 2, 3))
    program = assert_recorded_is_eager(lambda x: total(list((w * x).ravel())) ** 2, images)
    with pytest.raises(ValueError, match=r"x has shape \(N, 2, 3\)"):
        program(images.reshape(7, 6))


def test_an_argument_that_is_not_used_still_has_rows():
    program = record(lambda x, unused: A * x, 1.0, [1.0, 2.0])
    assert program([1.0, 2.0], np.zeros((2, 2))).tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="2 of x and 3 of unused"):
        program([1.0, 2.0], np.zeros((3, 2)))


# --- arrays of other libraries ----------------------------------------------------------------------------------------


class Foreign(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that only its own namespace computes with: NumPy's functions and conversions refuse it."""

    def __init__(self, data):
        self.data = np.asarray(data)

    shape = property(lambda self: self.data.shape)
    dtype = property(lambda self: self.data.dtype)
    T = property(lambda self: Foreign(self.data.T))

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        return Foreign(self.data[within(index)])

    def __array__(self, *_, **__):
        raise TypeError("a conversion to NumPy")

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        out = getattr(ufunc, method)(*map(within, inputs), **options)
        return None if out is None else Foreign(out)

    def __array_namespace__(self):
        return Namespace()

    def __getattr__(self, name):
        method = getattr(self.data, name)
        return lambda *args, **options: Foreign(method(*map(within, args), **options))


class Namespace:
    """The array API's functions over Foreign arrays."""

    def __getattr__(self, name):
        f = getattr(np, name)
        return lambda *args, **options: Foreign(f(*map(within, args), **options))


def within(x):
    return list(map(within, x)) if isinstance(x, list) else x.data if isinstance(x, Foreign) else x


def test_value_and_grad_computes_in_the_namespace_of_its_arrays():
    for make, data in (
        (lecture, (X[:, :3],)),
        (lambda: classifier()[1], (X, Y)),
        (whole_data_set, ()),
        (gathering, (np.c_[X, X[:, :2]],)),
        (mlp, (X[:, :2], X[:, 3])),
    ):
        program = make()
        expected = program.value_and_grad(program.theta(), *data)
        loss, gradient = program.value_and_grad(Foreign(program.theta()), *map(Foreign, data))
        assert (type(loss), type(gradient)) == (Foreign, Foreign)
        np.testing.assert_allclose(loss.data, expected[0], rtol=1e-14)
        np.testing.assert_allclose(gradient.data, expected[1], rtol=1e-12, atol=1e-15)


def test_shapes_of_arrays_of_another_library_are_checked_too():
    _, program = classifier()
    theta = Foreign(program.theta())
    with pytest.raises(ValueError, match=r"theta .*\(43,\)"):
        program.value_and_grad(Foreign(np.zeros(42)), Foreign(X), Foreign(Y))
    with pytest.raises(ValueError, match="100 of x and 99 of y"):
        program.value_and_grad(theta, Foreign(X), Foreign(Y[:99]))
    with pytest.raises(TypeError, match="takes x, y; got 1 array"):
        program.value_and_grad(theta, Foreign(X))


def test_an_array_without_a_namespace_is_refused_by_name():
    class Tensor:
        shape = (43,)

    _, program = classifier()
    with pytest.raises(TypeError, match="Tensor"):
        program.value_and_grad(Tensor(), X, Y)


# --- the source -------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("make", "data"),
    [
        (lecture, (X[:, :3],)),
        (lambda: classifier()[1], (X, Y)),
        (whole_data_set, ()),
        (gathering, (np.c_[X, X[:, :2]],)),
        (mlp, (X[:, :2], X[:, 3])),
        (lambda: record(lambda x: [softmax(x), x], ONE), (X,)),
    ],
    ids=["lecture", "classifier", "data set", "gathering", "mlp", "vector"],
)
def test_the_source_is_what_runs(make, data, tmp_path):
    program = make()
    scene, theta = executed(program, tmp_path), program.theta()
    np.testing.assert_array_equal(scene["forward"](theta, *data), program(*data))
    if "sum_and_grad" in scene:
        loss, gradient = scene["sum_and_grad"](theta, *data)
        expected = program.value_and_grad(theta, *data, reduction="sum")
        assert loss == expected[0]
        np.testing.assert_array_equal(gradient, expected[1])


def test_the_source_is_the_same_whatever_was_called_before():
    for make, data in ((lecture, (X[:, :3],)), (gathering, (np.c_[X, X[:, :2]],)), (lambda: classifier()[1], (X, Y))):
        text = make().source
        one, two = make(), make()
        one.backward(*data)
        two(*data)
        two.backward(*data)
        assert one.source == two.source == text


PRINTS_SOURCES = """
import hashlib
from tests import test_program as t
programs = [t.lecture(), t.classifier()[1], t.whole_data_set(), t.gathering(), t.mlp()]
print(hashlib.sha256("".join(p.source for p in programs).encode()).hexdigest())
"""


def test_the_source_is_the_same_text_in_every_run():
    here = "".join(p.source for p in (lecture(), classifier()[1], whole_data_set(), gathering(), mlp()))
    expected = hashlib.sha256(here.encode()).hexdigest()
    for seed in ("0", "1", "4242"):
        assert run(PRINTS_SOURCES, PYTHONHASHSEED=seed, PYTHONPATH=str(ROOT)).split() == [expected]


def test_the_lectures_network_reads_as_the_lecture_writes_it():
    source = lecture().source
    for text in (
        "x2 = W1 @ x",
        "x3 = x2 + w10",
        "x5 = W2 @ x4",
        "x6 = x5 + w20",
        "dL_dW2 = dL_dx6 @ x4.T",
        "dL_dW1 = dL_dx3 @ x.T",
    ):
        assert re.search(rf"^    {re.escape(text)}$", source, re.MULTILINE), text
    for function in source.split("def ")[1:]:
        comments = [line for line in function.splitlines() if line.strip().startswith("#")]
        for k in range(1, 7):
            assert any(re.match(rf"\s*# f{k}\b", c) for c in comments), k
    order = [source.index(f"# f{k}") for k in range(1, 7)]
    assert order == sorted(order)


@pytest.mark.parametrize("sizes", [(1,), (16, 16, 1), (5, 3), (3, 3, 3, 3, 3)], ids=str)
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh", "identity"])
def test_a_network_has_one_named_array_and_one_matrix_product_a_layer(sizes, activation):
    forward = mlp(sizes=sizes, activation=activation).source.partition("def sum_and_grad")[0]
    for k in range(1, len(sizes) + 1):
        assert len(re.findall(rf"^    layer{k} = ", forward, re.MULTILINE)) == 1
        assert len(re.findall(rf"^    w{k} = ", forward, re.MULTILINE)) == 1
    assert forward.count("@") + len(re.findall(r"w\d \* ", forward)) == len(sizes)


@pytest.mark.parametrize(
    "loss", [nn.mse, nn.cross_entropy, lambda a, y: nn.hinge(a, 2 * y - 1)], ids=["mse", "cross_entropy", "hinge"]
)
def test_a_data_set_as_one_graph_has_one_matrix_product_a_layer_and_no_line_a_row(loss):
    model = nn.MLP(4, [5, 3], "tanh", rng=1)
    program = record(lambda: total([loss(model(constant(x)), y) for x, y in zip(X, Y, strict=True)]))
    forward, _, backward = program.source.partition("def forward")[2].partition("def sum_and_grad")
    assert len(re.findall(r"w\d @", forward)) == 2
    assert len(forward.splitlines()) < 40
    assert len(backward.splitlines()) < 60
    assert_near(program(), values(total([loss(model(constant(x)), y) for x, y in zip(X, Y, strict=True)])))


def test_no_line_of_the_source_is_out_of_measure():
    for program in (lecture(), classifier()[1], whole_data_set(), gathering(), mlp()):
        lines = program.source.splitlines()
        assert max(map(len, lines)) <= 140
        assert not any(line != line.rstrip() for line in lines)


PAYLOADS = [
    "x\nimport os",
    "x\r__import__('os').system('true')",
    "x\u2028import os",
    "\x0cimport os\x0c",
    '"""',
    "'''\nimport os\n'''",
    '"); __import__("os").system("true"); ("',
    "__import__('os').system('true')",
    "a # comment",
    "a\\",
    "{0}",
    "{x.__class__}",
    "%s",
    "lambda",
    "None",
    "True",
    "class",
    "match",
    "_",
    "__",
    "",
    " ",
    "/",
    "a/b/../c",
    "1",
    "1e5",
    "9lives",
    "x" * 5000,
    "x[" + "0," * 500 + "0]",
    "ｔｈｅｔａ",
    "theta",
    "xp",
    "np",
    "n",
    "constants",
    "scatter",
    "forward",
    "sum_and_grad",
    "gradient",
    "predict",
    "Path",
    "dict",
    "L",
    "dL_dw",
    "t0",
    "t1",
    "t٣",
    "index",
    "one_hot",
    "seed",
    "c",
    "p",
    "x",
    "others_3",
    "abs",
    "float",
    "file",
    "allow_pickle",
    "ŷ",
    "∂L/∂W",
    "σ(x)",
    "½",
    "②",
    "𝒙",
    "ﬁ",
    "x̂",
    "é",
    "변수",
    "\u202etxet",
    "\ud800",
    "\x00",
]
ALLOWED_CALLS = {"abs", "float", "scatter", "hasattr"}
TEXTS = {
    "The output of every row of data.",
    "The sum of the output over the rows of data, and its gradient.",
    "The rows added up at their places in an array of `size` rows.",
    *("inf", "-inf", "nan"),
}
ALLOWED_METHODS = {"reshape", "sum", "max", "astype", "add", "__array_namespace__"}


def assert_harmless(source):
    """Nothing but the arithmetic of arrays, whatever names went in."""
    tree = ast.parse(source)
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert functions <= {"forward", "sum_and_grad", "scatter", "others"}
    for node in tree.body:
        assert isinstance(node, ast.FunctionDef) or ast.unparse(node) == "import numpy as np"
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Import | ast.ImportFrom) or node in tree.body
        assert not isinstance(node, ast.Global | ast.Nonlocal | ast.Lambda | ast.Delete | ast.With | ast.Raise)
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            fine = called in ALLOWED_CALLS or re.fullmatch(r"xp\.\w+|np\.add\.at", called)
            assert fine or getattr(node.func, "attr", None) in ALLOWED_METHODS, called
        if isinstance(node, ast.Name):
            assert len(node.id) < 60
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert node.value in TEXTS or node.value.isidentifier(), node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            assert re.fullmatch(r"# [\w ():=·.,+−/*|…\-]*", token.string), token.string
    stored = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    assert not {"theta", "np", "constants", "abs", "float"} & set(stored)


def hostile(payload):
    """A graph in which everything that can have a name has this one."""
    w = array([0.5, -0.25, 1.0], payload)
    inner = named(payload, constant([1.0, 2.0, 3.0]))
    title = payload if payload.strip("/") else "s"

    def f(x):
        with scope(title, payload):
            h = named(payload, tanh(w * x))
            with scope(title, payload):
                g = named(payload, sigmoid(h * inner) + abs(h))
        with scope("other", payload):
            k = named(payload, minimum(log_softmax(g), math.inf))
        return named(payload, total(k) + g[0] * g[2] + h[1] + dot(k, constant([0.5, 0.25, 1.0], payload)))

    return f


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda text: ascii(text)[:24])
def test_no_name_no_title_and_no_formula_puts_code_into_the_source(payload, tmp_path):
    f, rows = hostile(payload), X[:5, :3]
    program = assert_recorded_is_eager(f, rows)
    assert_harmless(program.source)
    scene = executed(program, tmp_path)
    np.testing.assert_array_equal(scene["forward"](program.theta(), rows), program(rows))
    leaves = array(rows[0], payload)
    assert_harmless(assert_recorded_is_eager(lambda: f(leaves)).source)


ARGUMENTS = [
    ("theta",),
    ("theta", "theta_"),
    ("theta_", "theta", "_theta"),
    ("x", "x_", "_x"),
    ("_", "__", "___"),
    ("t0", "t1", "t2"),
    ("t0", "v_t0"),
    ("xp", "n"),
    ("np", "constants"),
    ("L", "x", "w"),
    ("gradient", "forward"),
    ("sum_and_grad", "scatter"),
    ("predict", "Path"),
    ("abs", "float"),
    ("dict", "hasattr"),
    ("index", "c"),
    ("ŷ", "σ", "ｔheta"),
    ("a" * 60, "a" * 60 + "b", "a" * 60 + "c"),
    ("__import__", "os"),
    ("match", "case", "type"),
    ("dL_dw", "w_2"),
]


@pytest.mark.parametrize("names", ARGUMENTS, ids=lambda names: "-".join(names)[:40])
def test_arguments_may_be_called_as_the_code_calls_its_own(names, tmp_path):
    w = Value(0.5, "w")
    scene = {"w": w, "tanh": tanh, "absolute": ops.absolute, "minimum": minimum, "sigmoid": sigmoid, "inf": math.inf}
    weighted = " + ".join(f"sigmoid({name} * {k}.0 + absolute({name}) * w)" for k, name in enumerate(names, 1))
    exec(f"def f({', '.join(names)}):\n    return minimum(tanh(w * {names[0]}) + {weighted}, inf)", scene)
    rows = [X[:, k] + k for k in range(len(names))]
    program = assert_recorded_is_eager(scene["f"], *rows)
    assert_harmless(program.source)
    np.testing.assert_array_equal(executed(program, tmp_path)["forward"](program.theta(), *rows), program(*rows))


def test_how_a_row_of_a_user_is_written_puts_no_code_into_the_source(row):
    text = "{}\nimport os"
    op = row("test_written", lambda x: x * 2, (lambda y, x: 2.0,), symbol=text, written=text, domain=text, instead=text)
    with scope("s", text):
        program = record(lambda x: named("y", op(A * x)), 1.0)
    assert_harmless(program.source)
    assert program([2.0]).tolist() == [4.0]


def test_names_that_are_alike_stay_apart():
    a, b = Value(2.0, "w[0]"), Value(3.0, "w(0)")
    p, q = named("h", constant([1.0, 2.0])), named("h", constant([3.0, 4.0]))
    assert_recorded_is_eager(lambda x: a * x + b * x + dot(p, [a, b]) * dot(q, [b, a]), np.array([1.0, 2.0]))


# --- saved ------------------------------------------------------------------------------------------------------------

BLOCKED = """
import sys
for name in ("autograd", "nn", "viz", "jax", "torch"):
    sys.modules[name] = None
sys.path.insert(0, {folder!r})
import numpy as np
import network
data = list(np.load("data.npz").values())
np.savez("answer.npz", outputs=network.predict(*data), theta=network.theta, same=network.forward(network.theta, *data))
if hasattr(network, "sum_and_grad"):
    loss, gradient = network.sum_and_grad(network.theta, *data)
    np.savez("gradient.npz", loss=loss, gradient=gradient)
"""


def test_a_saved_network_refuses_rows_of_another_shape(tmp_path):
    _, program = classifier()
    program.save_source(tmp_path / "network.py")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import numpy as np, network\n"
        "for x, y in ((np.ones((5, 4)), np.ones(5)), (np.ones(4), np.ones(3)), (1.0, np.ones((5, 3)))):\n"
        "    try: network.predict(x, y)\n"
        "    except ValueError as error: print(error)\n"
    )
    said = run(code)
    assert said.count("is rows of shape") == 3
    assert "y is rows of shape (3,); got an array of shape (5,)" in said


@pytest.mark.parametrize("name", ["classifier", "vector", "gathering", "no rows"])
def test_a_saved_program_runs_where_only_numpy_is(name, tmp_path):
    program, data = {
        "classifier": lambda: (classifier()[1], (X, Y)),
        "vector": lambda: (record(nn.MLP(4, [5, 3], output="softmax", rng=0), X[0]), (X,)),
        "gathering": lambda: (gathering(), (np.c_[X, X[:, :2]],)),
        "no rows": lambda: (whole_data_set(), ()),
    }[name]()
    assert program.save_source(tmp_path / "network.py") == tmp_path / "network.py"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["network.npz", "network.py"]
    np.savez(tmp_path / "data.npz", *data)
    run(BLOCKED.format(folder=str(tmp_path)), "-I", cwd=tmp_path)
    answer = np.load(tmp_path / "answer.npz")
    np.testing.assert_array_equal(answer["outputs"], program(*data))
    np.testing.assert_array_equal(answer["same"], program(*data))
    np.testing.assert_array_equal(answer["theta"], program.theta())
    if name != "vector":
        got, expected = (
            np.load(tmp_path / "gradient.npz"),
            program.value_and_grad(program.theta(), *data, reduction="sum"),
        )
        assert got["loss"] == pytest.approx(expected[0], rel=1e-14)
        np.testing.assert_allclose(got["gradient"], expected[1], rtol=1e-12)


@pytest.mark.parametrize("name", ["file", "allow_pickle", "args", "kwds", "arr_0", "theta", "a/b", "../c"])
def test_a_constant_of_any_name_is_saved(name, tmp_path):
    w, c = array([3.0, 4.0, 5.0], "w"), constant([1.0, 2.0, 3.0], name)
    program = record(lambda x: dot(w * x, c), [1.0, 1.0, 1.0])
    np.testing.assert_array_equal(executed(program, tmp_path)["forward"](program.theta(), X[:, :3]), program(X[:, :3]))


def test_a_saved_program_keeps_the_parameters_of_its_hour(tmp_path):
    w, program = line()
    program.save_source(tmp_path / "network.py")
    w.data = 7.0
    assert np.load(tmp_path / "network.npz")["theta"].tolist() == [2.0]
    program.save_source(str(tmp_path / "network.py"))
    assert np.load(tmp_path / "network.npz")["theta"].tolist() == [7.0]


@pytest.mark.parametrize("name", ["network", "network.txt", "network.npz", "my network.py", "9.py", "class.py", ".py"])
def test_a_file_that_cannot_be_imported_is_refused_and_not_written(name, tmp_path):
    with pytest.raises(ValueError, match=r"network\.py"):
        line()[1].save_source(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("module", "function"), [(np, "savez"), (os, "replace")], ids=["writing", "renaming"])
def test_an_interrupted_write_leaves_the_old_files_and_no_others(module, function, tmp_path, monkeypatch):
    w, program = line()
    program.save_source(tmp_path / "network.py")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    w.data = 7.0

    def fail(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(module, function, fail)
    with pytest.raises(OSError, match="no space left"):
        program.save_source(tmp_path / "network.py")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_saved_files_are_as_readable_as_any_other_new_file(tmp_path):
    line()[1].save_source(tmp_path / "network.py")
    (tmp_path / "other.py").write_text("")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert len(set(modes.values())) == 1, modes


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
        monkeypatch.setattr(program, "_rows", rows)
        np.testing.assert_allclose(program(*data), expected, rtol=1e-13)
        if whole:
            got = program.value_and_grad(program.theta(), *data)
            assert got[0] == pytest.approx(whole[0], rel=1e-13)
            np.testing.assert_allclose(got[1], whole[1], rtol=1e-11, atol=1e-15)


def test_what_does_not_depend_on_the_data_counts_once_a_row_in_every_block(monkeypatch):
    program = record(lambda x: A * 2.0, 1.0)
    monkeypatch.setattr(program, "_rows", 3)
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
    monkeypatch.setattr(program, "_rows", 10)
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
    monkeypatch.setattr(program, "_rows", 1000)
    x = np.ones((200_000, 16), np.uint8)
    program.backward(x[:10])
    tracemalloc.start()
    program.backward(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * x.nbytes


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
