"""Rows whose rules are Python's own, number by number: what works with them, and what is refused by name."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograd import Value, check_grad, exp, grad, gradients, record, sqrt, sum

TABLE_OF_NUMBERS = [0.5, 1.5, 4.0]
PYTHON_RULES = {
    "a function of math": (lambda x: math.erf(x), (lambda y, x: 2 / sqrt(math.pi) * exp(-x * x),)),
    "a table": (lambda x: TABLE_OF_NUMBERS[int(x + 1)], (lambda y, x: 0.0,)),
    "a branch": (lambda x: x * x if x > 0 else 0.0, (lambda y, x: 2.0 * x if x > 0 else 0.0,)),
    "a sum of truths as NumPy has it": (lambda x: x + np.add(x > -2, x > -3), (lambda y, x: 1.0,)),
    "partials in Python": (lambda x: exp(x), (lambda y, x: math.exp(x),)),
}


@pytest.mark.parametrize("rules", PYTHON_RULES.values(), ids=PYTHON_RULES)
def test_a_row_of_python_works_on_values_and_arrays_and_number_by_number_in_numpy(row, rules):
    op = row("test_python", *rules)
    w, xs = Value(0.5, "w"), [0.25, -0.75, 1.5]
    for made in (op, lambda v: v.test_python(), np.frompyfunc(op, 1, 1)):
        assert made(Value(0.25)).data == rules[0](0.25)
    assert op(np.array(xs)).tolist() == op(xs) == [rules[0](x) for x in xs]
    assert check_grad(op, 0.25) < 1e-6
    program = record(lambda x: op(w * x), 0.5)
    assert repr(program) == "Program(x → one output, 1 parameters, test_python number by number)"
    np.testing.assert_allclose(program(xs), [op(0.5 * x) for x in xs], rtol=1e-15)
    slope = sum(x * float(rules[1][0](op(0.5 * x), 0.5 * x)) for x in xs)
    assert program.backward(xs, reduction="sum") == pytest.approx(sum(op(0.5 * x) for x in xs), rel=1e-15)
    assert w.grad == pytest.approx(slope, rel=1e-15)


def test_other_languages_and_files_refuse_a_row_of_python_by_name(row, tmp_path):
    op = row("test_python", *PYTHON_RULES["a function of math"])
    program = record(lambda x: op(x), 1.0)
    for write in (
        lambda: record(lambda x: op(x), 1.0, language="c"),
        lambda: program.javascript,
        lambda: program.save_source(tmp_path / "network.py"),
    ):
        with pytest.raises(TypeError, match=r"rules of test_python.*Python.*: write them in arithmetic"):
            write()


def test_a_number_that_a_row_of_python_does_not_take_is_named_with_its_row_of_data(row):
    table, root = row("test_python", *PYTHON_RULES["a table"]), row("test_root", math.sqrt, (lambda y, x: 0.5 / y,))
    with pytest.raises(IndexError, match=r"row 1: list index out of range"):
        record(lambda x: table(x), 1.0)([0.5, 7.0])
    with pytest.raises(ValueError, match=r"row 2: test_root is defined for other operands; got -1.0 from x"):
        record(lambda x: root(x), 1.0)([0.5, 7.0, -1.0])


def test_a_second_derivative_through_a_partial_in_python_is_refused(row):
    op = row("test_python", *PYTHON_RULES["partials in Python"])
    x = Value(0.5)
    with pytest.raises(TypeError, match=r"takes the number of .* out of the graph"):
        gradients(op(x), [x])
    with pytest.raises(TypeError, match=r"takes the number of .* out of the graph"):
        grad(grad(op))(0.5)
