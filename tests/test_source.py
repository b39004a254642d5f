"""The code of a program: how it reads, that it is what runs, and that no name puts anything into it."""

from __future__ import annotations

import ast
import hashlib
import io
import math
import re
import tokenize

import numpy as np
import pytest

import nn
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
    softmax,
    sum as total,
    tanh,
    values,
)
from tests.processes import run
from tests.programs import ONE, A, X, Y, classifier, executed, gathering, lecture, mlp, whole_data_set
from tests.row_by_row import assert_near, assert_recorded_is_eager

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

# --- the source -------------------------------------------------------------------------------------------------------


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
from tests import programs as t
programs = [t.lecture(), t.classifier()[1], t.whole_data_set(), t.gathering(), t.mlp()]
print(hashlib.sha256("".join(p.source for p in programs).encode()).hexdigest())
"""


def test_the_source_is_the_same_text_in_every_run():
    here = "".join(p.source for p in (lecture(), classifier()[1], whole_data_set(), gathering(), mlp()))
    expected = hashlib.sha256(here.encode()).hexdigest()
    for seed in ("0", "1", "4242"):
        assert run(PRINTS_SOURCES, PYTHONHASHSEED=seed).split() == [expected]


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


def test_a_recurrence_takes_as_many_lines_for_every_step_and_adds_up_what_returns_once():
    def source(steps):
        w, u, b = array([0.5, -0.5], "w"), array([[0.1, 0.2], [0.3, 0.4]], "u"), array([0.0, 0.5], "b")

        def f(x):
            h = constant([0.0, 0.0])
            for k in range(steps):
                h = tanh(w * x[k] + u @ h + b)
            return total(h)

        text = record(f, np.zeros(steps)).source
        assert text.count("xp.concat(") == 2, "the adjoints of all steps, and the gradient"
        assert text.count(" = scatter(") <= 1, "a weight that meets every step"
        return text.count("\n")

    lines = [source(steps) for steps in (10, 20, 30)]
    assert lines[2] - lines[1] == pytest.approx(lines[1] - lines[0], abs=4), "a long sum is written in several lines"


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
