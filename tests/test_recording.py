"""What `record` refuses: numbers read while a graph is recorded, and what is no graph."""

from __future__ import annotations

import inspect
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import numpy as np
import pytest

import nn
from autograd import Program, Value, array, constant, grad, log, record, relu, softmax, tanh, values
from tests.programs import CLASSES, WEIGHT, X, Y, classifier
from tests.row_by_row import assert_near

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


@pytest.mark.parametrize("f", ASKING)
def test_who_asks_for_a_number_while_recording_is_told_the_line_and_what_to_write(f):
    number = f.__code__.co_firstlineno
    with pytest.raises(TypeError, match=rf"test_recording\.py, line {number}\b") as info:
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
    with pytest.raises(TypeError, match=r"test_recording\.py, line \d+ .*lambda a: a if a > 0"):
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


@pytest.mark.parametrize("run", [lambda f: record(f, 3.0), lambda f: grad(f)(3.0)], ids=["record", "grad"])
def test_work_handed_on_to_a_thread_in_its_context_may_read_no_number(run):
    def f(x):
        with ThreadPoolExecutor(1) as pool:
            return x * pool.submit(copy_context().run, lambda: float(x)).result()

    with pytest.raises(TypeError, match=r"asks for the number|out of the graph"):
        run(f)


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


@pytest.mark.parametrize("language", ["numpy", "c"])
def test_class_indices_are_data_and_give_what_one_hot_rows_give(language):
    model = nn.MLP(4, [5, 3], rng=1)
    loss = lambda x, y: nn.cross_entropy(model(x), y)  # noqa: E731
    indices, rows = record(loss, X[0], CLASSES[0], language=language), record(loss, X[0], Y[0])
    assert_near(indices(X, CLASSES), rows(X, Y))
    theta = dict(zip(rows.parameters, rows.theta(), strict=True))
    theta = np.array([theta[v] for v in indices.parameters])
    got = dict(zip(indices.parameters, indices.value_and_grad(theta, X, CLASSES)[1], strict=True))
    assert_near([got[v] for v in rows.parameters], rows.value_and_grad(rows.theta(), X, Y)[1])


def test_each_class_index_of_the_data_is_checked_before_the_first_row_runs():
    model, bad = nn.MLP(4, [5, 3], rng=1), CLASSES.copy()
    program = record(lambda x, y: nn.cross_entropy(model(x), y), X[0], CLASSES[0])
    for wrong in (3, -1):
        bad[7] = wrong
        with pytest.raises(
            ValueError, match=rf"row 7: the index of cross_entropy of 3 classes is .*from 0 to 2; got {wrong}"
        ):
            program.backward(X, bad)
    with pytest.raises(ValueError, match=r"row 0: .* got \d\.5"):
        program(X, CLASSES + 0.5)
    assert all(p.grad is None for p in program.parameters)


def test_a_model_a_method_and_a_row_are_functions_to_record():
    model = nn.MLP(4, [3, 2], rng=0)
    assert_near(record(model, X[0])(X), [values(model(x)) for x in X])
    assert_near(record(model.layers[0], X[0])(X), [values(model.layers[0](x)) for x in X])
    np.testing.assert_allclose(record(tanh, 1.0)(X[:, 0]), np.tanh(X[:, 0]), rtol=1e-14)
    assert "by_name" not in record(tanh, 1.0).source
    np.testing.assert_allclose(record(np.sin, 1.0)(X[:, 0]), np.sin(X[:, 0]), rtol=1e-14)  # it has no signature


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


OF_THE_GRAPH = {
    "a program": lambda x: x * record(lambda: x * x)(),
    "its backward": lambda x: x * record(lambda: x * x).backward(),
    "theta": lambda x: x * record(lambda: x * x).theta()[0],
    "predict": lambda x: x * nn.predict(lambda z: x * z[0], [[1.0]])[0],
    "predict without a program": lambda x: x * nn.predict(lambda z: x * z[0], [[1.0]], engine="eager")[0],
}


@pytest.mark.parametrize("name", OF_THE_GRAPH)
@pytest.mark.parametrize(
    "run",
    [lambda f: grad(f)(3.0), lambda f: grad(f)(Value(3.0)), lambda f: record(f, 3.0)],
    ids=["at 3", "at x", "record"],
)
def test_a_program_of_values_of_the_running_graph_says_to_call_the_function(run, name):
    with pytest.raises(TypeError, match=r"call the function itself|asks for the number"):
        run(OF_THE_GRAPH[name])


def test_a_program_reads_no_parameter_while_a_graph_is_recorded_and_any_while_one_is_differentiated():
    w = Value(2.0, "w")
    program = record(lambda z: z * w, 1.0)
    assert grad(lambda x: x * program([5.0])[0])(3.0) == 10.0
    with pytest.raises(
        TypeError, match=r"2\.0 from w would keep its number of now in the graph .* call the function itself"
    ):
        record(lambda x: x * program([5.0])[0], 3.0)


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


@pytest.mark.parametrize("kind", [complex, "U1", np.float16, np.longdouble])
def test_rows_of_another_kind_of_number_are_refused_by_name(kind):
    program = record(lambda x: x * 2, 1.0)
    with pytest.raises(TypeError, match="x is rows of numbers, whole or of 32 or 64 bits; got an array of"):
        program(np.array([1], kind))
