"""Names, titles and formulas in the code of a program: none of them puts anything into it."""

from __future__ import annotations

import ast
import io
import math
import re
import tokenize

import numpy as np
import pytest

from autograd import (
    Value,
    array,
    constant,
    dot,
    log_softmax,
    minimum,
    named,
    ops,
    record,
    scope,
    sigmoid,
    sum as total,
    tanh,
)
from tests.programs import A, X, executed
from tests.row_by_row import assert_recorded_is_eager

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

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


FEW = [pytest.param(text, marks=[pytest.mark.slow] * (k % 4 != 0)) for k, text in enumerate(PAYLOADS)]


@pytest.mark.parametrize("payload", FEW, ids=lambda text: ascii(text)[:24])
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


CALLED = [pytest.param(names, marks=[pytest.mark.slow] * (k % 3 != 0)) for k, names in enumerate(ARGUMENTS)]


@pytest.mark.parametrize("names", CALLED, ids=lambda names: "-".join(names)[:40])
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


@pytest.mark.parametrize("name", ["t0", "t12", "lambda", "2x", "n", "xp"])
def test_a_name_that_the_code_has_itself_is_written_as_another_one(name):
    w = array([2.0, 3.0], name)
    program = record(lambda x: total(w * x * np.exp(w * x)), [0.5, 0.25])
    ast.parse(program.source)
    wx = np.array([1.0, 0.75])
    assert program([[0.5, 0.25]])[0] == pytest.approx((wx * np.exp(wx)).sum(), rel=1e-15)
    _, gradient = program.value_and_grad(program.theta(), np.array([[0.5, 0.25]]))
    np.testing.assert_allclose(gradient, np.array([0.5, 0.25]) * np.exp(wx) * (1 + wx), rtol=1e-14)
    assert re.search(rf"\bv_{name} = theta|\b{name}_2 = theta", program.source)
