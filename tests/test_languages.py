"""Every operation, and every word for arrays, in every language: spelt, and equal to the number that Values give."""

from __future__ import annotations

import math
import shutil
import subprocess

import numpy as np
import pytest

from autograd import Value, dispatch, ops
from autograd.languages.assignments import Script
from autograd.languages.code import Code, Context
from autograd.languages.javascript import value_and_partials
from autograd.languages.numpy import NUMPY
from autograd.languages.python import PYTHON
from autograd.makers import maker
from autograd.recorded import words
from autograd.recorded.writing import backward, forward
from autograd.value import applied
from tests import golden, perl

ROWS = [ops.TABLE[name] for name in sorted(ops.BUILT_IN)]
CASES = [(op.at(1), 3) if op.indexed else (op, op.arity or op.leading + 2 * op.vectors) for op in ROWS]
EVERY_ROW = pytest.mark.parametrize(("op", "n"), CASES, ids=[op.label for op, _ in CASES])

SPECIAL = [0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 1e-300, -745.0, 710.0, math.inf, -math.inf, math.nan]


def inside(op, n):
    """Numbers of the operation's domain, some for each operand."""
    draw = np.random.default_rng(len(op.name))
    intervals = (op.samples or ((-3.0, 3.0),) * n)[:n]
    intervals = (*intervals, *[intervals[-1]] * (n - len(intervals)))
    rows = [[float(draw.uniform(*interval)) for interval in intervals] for _ in range(8)]
    return [[*[float(k % 2)] * op.leading, *row[op.leading :]] for k, row in enumerate(rows)]


def outcome(make, op, operands):
    """All that can be known of a node, to the bit; or the error's type and words."""
    try:
        v = make(op, operands)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        return type(error), str(error)
    return v.op, [float.hex(x) for x in (v.data, *v.partials)], v.parents, v.role, v.scope


# --- makers and their definition --------------------------------------------------------------------------------------


@EVERY_ROW
def test_the_compiled_maker_is_the_definition_to_the_bit_at_special_points_too(op, n):
    draw = np.random.default_rng(0)
    rows = [*inside(op, n), *draw.choice(SPECIAL, (60, n)).tolist()]
    for k, numbers in enumerate(rows):
        roles = ["parameter", "constant"] if k % 2 else ["parameter"]
        operands = [Value(x, role=roles[j % len(roles)]) for j, x in enumerate(numbers)]
        compiled = outcome(lambda op, xs: maker(op)(*xs), op, operands)
        assert compiled == outcome(applied, op, operands)


def test_what_is_no_number_is_left_to_the_other_operand():
    assert applied(ops.add, (Value(1.0), object())) is NotImplemented


def test_two_numbers_are_compared_in_every_way_that_a_rule_may_ask_for():
    x = Context(NUMPY).variable("x")
    tests = [x < 1.0, x <= 1.0, x > 1.0, x >= 1.0, x == 1.0, x != 1.0]
    assert [str(Script([test]).lines("y", test)[-1]).partition("= ")[2] for test in tests] == [
        f"x {sign} 1.0" for sign in ("<", "<=", ">", ">=", "==", "!=")
    ]


# --- rows × languages -------------------------------------------------------------------------------------------------


def spelt(language, op, n):
    """The row's value and partials in a language, as one assignment each."""
    context = Context(language)
    operands, y = [context.variable(f"x{k}") for k in range(n)], context.variable("y")
    found = (op.apply(*operands), *op.local(y, *operands, rules=op.slopes))
    targets = [x if isinstance(x, Code) else context.number(x) for x in found]
    script = Script(targets)
    return [line for k, x in enumerate(targets) for line in script.lines("y" if not k else f"d{k - 1}", x)]


@EVERY_ROW
def test_python_writes_every_row(op, n):
    scene = vars(dispatch.FLOATS) | {"pow": lambda a, b: a**b}
    for numbers in inside(op, n):
        names = {f"x{k}": x for k, x in enumerate(numbers)}
        exec("\n".join(spelt(PYTHON, op, n)), scene, names)
        v = op.apply(*map(Value, numbers))
        assert [names["y"], *(names[f"d{k}"] for k in range(n))] == [v.data, *v.partials]


@EVERY_ROW
def test_numpy_writes_every_row(op, n):
    for numbers in inside(op, n):
        names = {f"x{k}": np.float64(x) for k, x in enumerate(numbers)}
        exec("\n".join(spelt(NUMPY, op, n)), {"xp": np, "theta": np.zeros(1)}, names)
        v = op.apply(*map(Value, numbers))
        got = [names["y"], *(names[f"d{k}"] for k in range(n))]
        np.testing.assert_allclose(got, [v.data, *v.partials], rtol=1e-12)


@pytest.mark.skipif(not shutil.which("node"), reason="no Node.js")
def test_javascript_writes_every_row():
    script, expected = [], []
    for op, n in CASES:
        value, partials = value_and_partials(op, n)
        for numbers in inside(op, n):
            v = op.apply(*map(Value, numbers))
            xs = ", ".join(map(repr, numbers))
            script.append(f"console.log([({value})({xs}), ...({partials})({v.data!r}, {xs})].join(' '))")
            expected.append([v.data, *v.partials])
    done = subprocess.run(["node", "-"], input="\n".join(script), capture_output=True, text=True, check=True)
    for line, numbers in zip(done.stdout.splitlines(), expected, strict=True):
        np.testing.assert_allclose([float(x) for x in line.split()], numbers, rtol=1e-12)


def test_a_row_that_no_language_can_write_is_called_in_numpy_and_refused_by_name_elsewhere(row):
    op = row("test_erf", lambda x: math.erf(x), (lambda y, x: 1.0,))
    for language in (PYTHON, perl.PERL):
        with pytest.raises(TypeError, match="the rules of test_erf are Python"):
            spelt(language, op, 1)
    assert spelt(NUMPY, op, 1)[0] == 'y = each(rows["test_erf"].value, x0)'


# --- a language is one file -------------------------------------------------------------------------------------------

PERL = pytest.mark.skipif(not shutil.which("perl"), reason="no Perl")


@PERL
def test_a_language_of_one_file_writes_every_row():
    text, expected = [perl.HELPERS], []
    for op, n in CASES:
        for numbers in inside(op, n):
            assigned = " ".join(f"my $x{k} = {perl.literal(x)};" for k, x in enumerate(numbers))
            names = ", ".join(["$y", *(f"$d{k}" for k in range(n))])
            text.append(
                f'{{ {assigned} {" ".join(spelt(perl.PERL, op, n))} print join(" ", map {{ sprintf("%.17g", $_) }} {names}), "\\n"; }}'
            )
            v = op.apply(*map(Value, numbers))
            expected.append([v.data, *v.partials])
    for got, numbers in zip(perl.run("\n".join(text)), expected, strict=True):
        np.testing.assert_allclose(got, numbers, rtol=1e-12)


DATA = np.random.default_rng(5).normal(size=(7, 40))


@PERL
@pytest.mark.parametrize("name", [name for name in golden.PROGRAMS if name != "own_rows"])
def test_a_language_of_one_file_runs_every_golden_program(name):
    program = golden.PROGRAMS[name]()
    data = golden.data(name, program, 7)
    plan, arguments, theta = program._plan, program._data.arguments, program.theta()
    (outputs,) = perl.run(perl.function(forward(plan, arguments, perl.PERL), theta, data))
    expected = np.asarray(program(*data))
    np.testing.assert_allclose(
        np.reshape(outputs, (-1, len(data[0]) if data else 1)).T.ravel(), expected.ravel(), rtol=1e-11, atol=1e-13
    )
    if not plan.shape and len(theta):
        losses, gradient = perl.run(perl.function(backward(plan, arguments, perl.PERL), theta, data))
        loss, slopes = program.value_and_grad(theta, *data, reduction="sum")
        np.testing.assert_allclose(np.sum(losses), loss, rtol=1e-11)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-10, atol=1e-12)


def words_of(program):
    """Every word that is written for a program."""
    found = set()
    for f in [forward, *[backward] * (not program._plan.shape)]:
        context = f(program._plan, program._data.arguments, NUMPY).context
        found |= {content[0] for content in context.numbers if isinstance(content, tuple)}
    return found


def test_every_word_for_arrays_has_a_form_in_every_array_language_and_is_met_by_a_golden_program():
    met = set().union(*(words_of(make()) for make in golden.PROGRAMS.values()))
    assert set(words.WORDS) <= met
    for language in (NUMPY, perl.PERL):
        assert set(words.WORDS) <= language.forms.keys()


def test_a_word_that_a_language_lacks_is_spelt_by_the_rows_own_rule():
    assert "sigmoid" not in PYTHON.forms
    assert spelt(PYTHON, ops.sigmoid, 1)[0] == "t0 = exp(-abs(x0))"
    own = PYTHON.forms | {"sigmoid": PYTHON.forms["exp"]._replace(template="sigmoid({})")}
    assert spelt(type(PYTHON)(own, PYTHON.literal), ops.sigmoid, 1)[0] == "y = sigmoid(x0)"
