"""Every row says about itself, as a function and as a method, what the table knows of it."""

import doctest
import inspect
import pydoc
import re
from dataclasses import fields

import pytest

import autograd
from autograd import Op, Value, VectorOp, grad, ops
from tests.processes import run

ROWS = [ops.TABLE[name] for name in sorted(ops.BUILT_IN)]
rows = pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)

FORMULAS = {
    "tanh": "y = tanh(x)",
    "sigmoid": "y = sigmoid(x) = 1/(1 + exp(−x))",
    "divide": "y = divide(a, b) = a/b",
    "where": "y = where(c, a, b)",
    "leaky_relu": "y = leaky_relu(x, slope=0.01) = where(x > 0, x, slope·x)",
    "dot": "y = dot([a0, a1], [b0, b1]) = a0·b0 + a1·b1",
    "logsumexp": "y = logsumexp([a0, a1]) = log(sum([exp(a0), exp(a1)]))",
    "log_softmax": "y = log_softmax([a0, a1])[0] = a0 − logsumexp([a0, a1])",
}
DERIVATIVES = {
    "log": ["∂y/∂x = 1/x"],
    "sigmoid": ["∂y/∂x = y·(1 − y)"],
    "divide": ["∂y/∂a = 1/b", "∂y/∂b = −y/b"],
    "leaky_relu": ["∂y/∂x = where(step(x), 1, slope)", "∂y/∂slope = where(step(x), 0, x)"],
    "dot": ["∂y/∂a0 = b0", "∂y/∂a1 = b1", "∂y/∂b0 = a0", "∂y/∂b1 = a1"],
    "logsumexp": [f"∂y/∂a{k} = exp(a{k})/sum([exp(a0), exp(a1)])" for k in (0, 1)],
    "neg_log_softmax": [f"∂y/∂a{k} = {sign}exp(a1)/sum([exp(a0), exp(a1)])" for k, sign in ((0, "−"), (1, ""))],
}


@rows
def test_a_row_tells_its_formula_its_derivatives_its_domain_and_its_convention(op):
    text = op.__doc__
    assert text.startswith(FORMULAS.get(op.name, f"y = {op.name}("))
    slopes = re.findall(r"^∂y/∂\w+ = .+$", text, re.M)
    assert len(slopes) == (op.leading + 2 * op.vectors or op.arity)
    assert slopes == DERIVATIVES.get(op.name, slopes)
    assert f"Defined for {op.domain}; other numbers are refused. {op.instead}" in text or not op.domain
    assert f"no derivative: {op.kink}." in text or not op.kink
    assert (op.domain == "") == ("Defined for" not in text)
    assert (op.kink == "") == ("By convention" not in text)


def test_a_docstring_that_is_made_within_a_recording_is_that_of_any_other_place():
    script = "from autograd import *; w = Value(1.0); record(lambda x: w.exp() * x, 1.0); print(exp.__doc__)"
    told = run(script)
    assert ">>> grad(exp)" in told
    assert "Value(" not in told


@rows
def test_the_example_of_a_row_is_true(op):
    names = vars(autograd) | ops.TABLE
    example = doctest.DocTestParser().get_doctest(op.__doc__, names, op.name, None, 0)
    assert len(example.examples) == 2 + (not op.infix)
    assert doctest.DocTestRunner().run(example).failed == 0


@rows
def test_every_line_of_a_derivative_is_true(op):
    """Python's own arithmetic on what is written gives what the row's rules give."""
    names = re.findall(r"^∂y/∂(\w+) =", op.__doc__, re.M)
    numbers = [1.0] * op.leading + [0.6, 0.35, 0.8, 0.2][: len(names) - op.leading]
    row = op.at(0) if op.indexed else op
    y = row.apply(*numbers)
    known = {**dict(zip(names, numbers, strict=True)), "y": y, **ops.TABLE}
    for text, d in zip(re.findall(r"^∂y/∂\w+ = (.+)$", op.__doc__, re.M), row.local(y, *numbers), strict=True):
        assert eval(
            text.replace("·", "*").replace("−", "-").replace("^", "**").replace("√", "sqrt"), known
        ) == pytest.approx(d)


@pytest.mark.parametrize("op", [op for op in ROWS if op.is_method and not op.infix], ids=lambda op: op.name)
def test_a_method_of_a_value_says_what_the_function_says(op):
    assert getattr(Value, op.name).__doc__ == op.__doc__
    assert inspect.isfunction(getattr(Value, op.name))
    assert getattr(Value(0.5), op.name).__name__ == op.name


def test_help_shows_the_docstrings():
    for thing in (autograd.tanh, Value.tanh, autograd.where, Value.leaky_relu, autograd.log_softmax, autograd.softmax):
        assert inspect.getdoc(thing) in re.sub(r"^    ", "", pydoc.plain(pydoc.render_doc(thing)), flags=re.M)


@pytest.mark.parametrize("kind", [Op, VectorOp])
def test_every_field_of_a_row_is_documented_in_a_line_of_the_class(kind):
    wanted = {f.name for f in fields(kind) if f.init}
    wanted -= {f.name for f in fields(Op)} if kind is VectorOp else set()
    described = re.findall(r"^    (\w+): \S", inspect.cleandoc(kind.__doc__), re.M)
    assert sorted(described) == sorted(wanted)
    assert kind.__doc__ in pydoc.getdoc(kind) or inspect.getdoc(kind) == inspect.cleandoc(kind.__doc__)


@pytest.fixture
def mine():
    known = set(ops.TABLE)
    yield
    for name in set(ops.TABLE) - known:
        del ops.TABLE[name]


def test_a_row_of_ones_own_has_a_docstring_too(mine):
    cube = Op("cube", lambda u: u * u * u, (lambda y, u: 3 * u * u,), domain="every u", instead="Hm.")
    assert cube.__doc__.splitlines() == [
        "y = cube(u) = u·u·u",
        "",
        "∂y/∂u = 3·u·u",
        "",
        "Takes floats, Values, arrays and nestings of these, and returns the like.",
        "Defined for every u; other numbers are refused. Hm.",
        "",
        ">>> cube(-2.0)",
        "-8.0",
        ">>> grad(cube)(-2.0)",
        "12.0",
    ]


def test_of_a_rule_that_cannot_be_written_or_has_no_value_the_docstring_tells_the_rest(mine):
    def looked_up(x):
        raise LookupError(x)

    opaque = Op("opaque", looked_up, (lambda y, x: looked_up(x),))
    assert opaque.__doc__ == (
        "y = opaque(x)\n\nTakes floats, Values, arrays and nestings of these, and returns the like."
    )
    squares = VectorOp("squares", lambda *a: sum(x * x for x in a), lambda y, *a: [2 * x for x in a], vectors=1)
    assert squares.__doc__.startswith("y = squares([a0, a1]) = 0 + a0·a0 + a1·a1\n\n∂y/∂a0 = 2·a0\n∂y/∂a1 = 2·a1")


def test_a_component_of_an_indexed_row_is_called_by_its_index():
    assert autograd.log_softmax.at(2).__doc__.startswith(
        "y = log_softmax([a0, a1, a2])[2] = a2 − logsumexp([a0, a1, a2])"
    )


def test_a_function_made_of_a_row_keeps_its_docstring():
    assert grad(autograd.tanh).__doc__ == autograd.tanh.__doc__
