"""Expressions from the command line: what Python would make of them, and nothing but arithmetic."""

import ast
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings, strategies as st

import autograd as ag
import viz
from autograd import Value, ops
from autograd.tape import wengert_list
from tests.test_main import run
from viz import __main__ as job, expression, parsed

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

# --- what it computes -------------------------------------------------------------------------------------------------

NAMES = {"x": 0.7, "y": -1.3, "z": 2.5}
LEAVES = st.sampled_from([*NAMES, "2", "0.5", "1e-3", "pi", "e", "3"])
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, inner).map(lambda t: f"{t[0]}/(2 + abs({t[1]}))"),
        st.tuples(st.sampled_from(["-", "+", "sin", "tanh", "sigmoid", "relu", "arctan", "abs"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
        inner.map(lambda a: f"sin({a})**2"),
        st.tuples(st.sampled_from(["max", "minimum"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"logsumexp([{', '.join(parts)}])"),
    ),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None)
@given(TREES)
def test_an_expression_has_the_value_and_the_gradient_that_python_gives_it(text):
    used = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)} & set(NAMES)
    if not used:
        return
    got = parsed(text, {name: NAMES[name] for name in used})
    leaves = {name: Value(NAMES[name], name) for name in NAMES}
    functions = {name: getattr(ag, name) for name in ops.TABLE if hasattr(ag, name)}
    scope = functions | leaves | {"pi": math.pi, "e": math.e, "abs": abs, "max": ag.maximum, "__builtins__": {}}
    expected = eval(text, scope)
    assert got.data == expected.data
    got.backward()
    expected.backward()
    for v in wengert_list([got]):
        if v.name in leaves:
            assert v.grad == pytest.approx(leaves[v.name].grad, rel=1e-12, abs=1e-12)


def test_a_name_is_one_parameter_wherever_it_stands_and_a_number_a_constant():
    y = parsed("x*x + 2*x", {"x": 3})
    (x,) = [v for v in wengert_list([y]) if v.name]
    assert (x.name, x.role, x.data) == ("x", "parameter", 3.0)
    assert {v.role for v in wengert_list([y]) if v.op is None} == {"parameter", "constant"}
    assert wengert_list([parsed("x**-2", {"x": -1.5})])[-1].parents[1].role == "constant"


def test_vectors_stand_in_the_functions_that_take_them():
    assert parsed("sum([x, 2, x]) + dot([x, 1], [2, x])", {"x": 3.0}).data == 8 + 9
    assert parsed("logsumexp([x, 1000])", {"x": 1000.0}).data == pytest.approx(1000 + math.log(2))


def test_ln_is_the_logarithm_as_tables_write_it():
    assert parsed("ln(x)", {"x": 2.0}).op is parsed("log(x)", {"x": 2.0}).op


@pytest.mark.parametrize(("written", "text"), [("2·x^2 − σ(x)", "2*x**2 - sigmoid(x)"), ("2×x^−x^2", "2*x**-x**2")])
def test_signs_are_read_as_formulas_have_them(written, text):
    assert parsed(written, {"x": 1.5}).data == parsed(text, {"x": 1.5}).data


def test_max_and_min_take_as_many_numbers_as_in_python():
    assert parsed("max(x, 5, 2) - min(1, x, 4, 0.5)", {"x": 3}).data == 4.5


def test_pi_and_e_are_constants_unless_they_are_given():
    assert parsed("pi*x + e", {"x": 2}).data == 2 * math.pi + math.e
    assert parsed("pi*e", {"e": 2}).data == 2 * math.pi


def test_a_row_of_the_readers_own_is_a_function(row):
    row("cube", lambda x: x * x * x, (lambda y, x: 3 * x * x,))
    assert parsed("cube(x)", {"x": 2}).data == 8


def test_a_name_of_another_script_is_the_same_however_it_is_written():
    assert parsed("𝒙 + ŷ", {"x": 1, "y\u0302": 2}).data == 3


def test_long_sums_and_lines_are_no_trouble():
    assert parsed("x" + " + x" * 800, {"x": 1}).data == 801
    assert parsed("  x\n + 1 ", {"x": 1}).data == 2


# --- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "piece", "column"),
    [
        ("1 + x.real", "x.real", 5), ("x + y[0]", "y[0]", 5), ("2*(lambda: x)", "lambda: x", 4), ("ŷ*(x < 2)", "x < 2", 4),
        ("x + 'a'", "'a'", 5), ("x + True", "True", 5), ("x*2j", "2j", 3), ("x + None", "None", 5), ("x if x else y", "x if x else y", 1),
        ("x and y", "x and y", 1), ("not x", "not x", 1), ("~x", "~x", 1), ("x // 2", "x // 2", 1), ("x % 2", "x % 2", 1),
        ("x @ y", "x @ y", 1), ("x << 2", "x << 2", 1), ("(x := 2)", "x := 2", 2), ("[x]", "[x]", 1), ("x + [y]", "[y]", 5),
        ("sin([x])", "[x]", 5), ("(x, y)", "(x, y)", 1), ("{x}", "{x}", 1), ("{x: y}", "{x: y}", 1), ("[x for x in y]", "[x for x in y]", 1),
        ("sum(x for x in y)", "(x for x in y)", 4), ("sum(*x)", "*x", 5), ("leaky_relu(x, slope=1)", "leaky_relu(x, slope=1)", 1),
        ("x(2)", "x(2)", 1), ("sin(cos)(x)", "sin(cos)(x)", 1), ("eval(x)", "eval(x)", 1), ("softmax([x])", "softmax([x])", 1),
        ("__import__('os').system('x')", "__import__('os').system('x')", 1), ("f'{x}'", "f'{x}'", 1), ("x + ...", "...", 5),
        ("1 + sin(x, y)", "sin(x, y)", 5), ("x + sin()", "sin()", 5), ("x + max()", "max()", 5), ("max(x)", "max(x)", 1),
        ("1e999*x", "1e999", 1), ("x + " + "9" * 30 + "0" * 300, "9" * 30, 5), ("sum([[x]])", "[x]", 6), ("await x", "await x", 1),
        ("where(x > 0, x, y)", "x > 0", 7),
    ],
)  # fmt: skip
def test_what_is_no_arithmetic_is_refused_with_its_place(text, piece, column):
    with pytest.raises(ValueError, match=re.escape(f" at column {column}: ")) as stop:
        parsed(text, {name: 1 for name in ("x", "y", "ŷ") if re.search(rf"\b{name}\b", text)})
    assert piece in str(stop.value).replace("\\'", "'")
    assert "\n" not in str(stop.value)


@pytest.mark.parametrize(
    "text",
    ["", "x +", "x = 2", "x; y", "import os", "1 1", "x\x00", "'", "(" * 300 + "x" + ")" * 300, "٣x", "2x", "x y"],
)
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(ValueError, match="is no expression: "):
        parsed(text, {"x": 1})


reads_sums = pytest.mark.skipif(sys.version_info >= (3, 13), reason="Python 3.13 parses a sum of any length")


@pytest.mark.parametrize(
    "text", ["-" * 9_000 + "x", pytest.param("x" + "+x" * 4_900, marks=reads_sums), "x" + "**x" * 3_000]
)
def test_what_is_nested_too_deep_is_refused(text):
    with pytest.raises(ValueError, match="is nested too deep") as stop:
        parsed(text, {"x": 1})
    assert len(str(stop.value)) < 100


@pytest.mark.parametrize(
    "text", ["(" * 10**6, "x" + "+x" * 500_000, "sum([" + "x," * 480_000 + "x])", "x" * 10**6, "-" * 10**6 + "x", "9" * 10**6 + "*x"]
)  # fmt: skip
def test_a_million_characters_are_refused_at_once_by_their_number(text):
    start = time.perf_counter()
    with pytest.raises(
        ValueError, match=r"characters; an expression has at most 10,000: build the graph in Python"
    ) as stop:
        parsed(text, {"x": 1})
    assert time.perf_counter() - start < 1
    assert len(str(stop.value)) < 150


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lambda*x", "lambda is a word of Python and cannot be a name: write lambda_"), ("x + class", "write class_"),
        ("1e400*x", "'1e400' at column 1: the number is beyond the largest float"), ("x + 1" + "0" * 400, "the number is beyond the largest float"),
        ("1" + "0" * 5_000 + "*x", "a number in it is beyond the largest float"), ("softmax([x, y])", "softmax gives a vector, and an expression is one number: write one component"),
        ("(x*y + x).tanh()", "at column 1: write tanh(x*y + x)"), ("1 + np.tanh(x)", "at column 5: write tanh(x)"), ("x.maximum(y)", "write maximum(x, y)"),
        ("x^2 + y.sin()", "'y.sin()' at column 7: write sin(y)"), ("x^2 + )", "at column 7"), ("np.sum([x, y])", "write sum([x, y])"),
        ("1 + 2x", "'1 + 2x' is no expression: a product is written with *, as in 2*x"), ("(x + 1)y", "a product is written with *, as"),
        ("2(x + y)", "a product is written with *"), ("(x + 1)(x − y)", "a product is written with *"),
        ("2*log_softmax([x, y])", "'log_softmax([x, y])' at column 3: log_softmax gives a vector"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_to_write_instead(text, message):
    with pytest.raises(ValueError, match=re.escape(message)) as stop:
        parsed(text, {"x": 1, "y": 2})
    assert "\n" not in str(stop.value)


def test_powers_that_would_take_forever_in_whole_numbers_overflow_at_once():
    with pytest.raises(OverflowError, match="beyond the largest float"):
        parsed("x + 9**9**9**9", {"x": 1})


@pytest.mark.parametrize(
    ("text", "numbers", "message"),
    [
        ("x + 1", {}, "give x a number: x=…"), ("w*x", {}, "give w and x a number: w=… x=…"), ("x", {"x": 1, "y": 2}, "there is no y in the"),
        ("sin + x", {"x": 1}, "sin is a function: write sin(…)"), ("2 + pi", {}, "no names, so there is nothing to differentiate"),
    ],
)  # fmt: skip
def test_names_and_numbers_go_together(text, numbers, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        parsed(text, numbers)


@pytest.mark.parametrize(
    ("text", "error"),
    [("log(x)", ValueError), ("1/(x + 1)", ZeroDivisionError), ("exp(1000*-x)", OverflowError), ("x**0.5", ValueError)],
)
def test_a_domain_that_is_left_is_refused_as_everywhere(text, error):
    with pytest.raises(error, match="got"):
        parsed(text, {"x": -1})


# --- in a terminal ----------------------------------------------------------------------------------------------------


def test_an_expression_is_printed_as_a_table_with_its_gradients(tmp_path):
    done = run("tanh(w*x + b)", "w=0.5", "x=2", "b=-0.75", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines()[2:]}
    slope = 1 - math.tanh(0.25) ** 2
    for name, value, gradient in (("w", 0.5, 2 * slope), ("x", 2, slope / 2), ("b", -0.75, slope)):
        assert rows[name][2] == viz.numbers.number(value, 6)
        assert rows[name][-1] == viz.numbers.number(gradient, 6)
    assert list(tmp_path.iterdir()) == []


def test_an_expression_is_drawn_into_a_file(tmp_path):
    done = run("-o", "neuron.svg", "tanh(w*x + b)", "w=0.5", "--theme", "dark", "x=2", "b=-1", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "wrote neuron.svg\n", "")
    root = ElementTree.parse(tmp_path / "neuron.svg").getroot()
    assert {"w", "x", "b"} <= set("".join(root.itertext()).split()) | set(root.itertext())
    assert "#0D1117" in (tmp_path / "neuron.svg").read_text()


def test_a_domain_error_in_a_terminal_is_one_line_and_exit_code_2(tmp_path):
    done = run("log(x)", "x=-1", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("python -m viz: log is defined for x > 0; got -1.0 from x.")
    assert len(done.stderr.splitlines()) == 1


def test_a_terminal_that_knows_only_ascii_gets_the_table_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = run("x*x", "x=3", cwd=tmp_path)
    assert done.returncode == 0
    assert "x ? x" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe there breaks otherwise")
@pytest.mark.parametrize("words", [["x*x", "x=1", "--table"], ["x*x", "x=1", "--latex"]])
def test_a_pipe_that_is_closed_ends_the_program_without_a_word(words):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "viz", *words], stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


def test_an_infinite_number_is_one_where_it_is_asked_for(capsys):
    assert "∞" in shown("x*2", "x=-inf", capsys=capsys)


def shown(*words, capsys):
    assert job.main(list(words)) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("suffix", [".png", ".html", ".dot", ".SVG"])
def test_the_suffix_says_what_kind_of_picture(suffix, tmp_path, capsys):
    path = tmp_path / f"p{suffix}"
    assert shown("x*y", "x=2", "y=3", "-o", str(path), capsys=capsys) == f"wrote {path}\n"
    assert path.stat().st_size > 100


@pytest.mark.parametrize(
    ("suffix", "start"),
    [(".md", "| node |"), (".html", "<!doctype html>"), (".tex", r"\begin{tabular}"), (".txt", "node  ")],
)
def test_a_table_is_written_in_the_language_of_the_suffix(suffix, start, tmp_path, capsys):
    path = tmp_path / f"t{suffix}"
    shown("x*y", "x=2", "y=3", "--table", "-o", str(path), capsys=capsys)
    assert path.read_text(encoding="utf-8").startswith(start)


def test_an_expression_may_begin_with_a_minus_and_stand_anywhere(capsys):
    for words in (
        ["-log(p)", "p=0.25"],
        ["p=0.25", "-log(p)"],
        ["--table", "p=0.25", "--", "-log(p)"],
        ["-2*p/p", "p=1"],
    ):
        assert "parameter" in shown(*words, capsys=capsys)


def test_a_formula_and_a_lesson_are_made_by_viz(tmp_path, capsys, monkeypatch):
    def lesson(output, **options):
        return SimpleNamespace(save=lambda path: path.write_text(f"{output.data} {options}") and path)

    monkeypatch.setitem(vars(viz), "steps", lesson)
    assert shown("x*y", "x=2", "y=3", "--latex", capsys=capsys) == "x \\cdot y\n"
    shown("x*y", "x=2", "y=3", "--latex", "-o", str(tmp_path / "f.tex"), capsys=capsys)
    assert (tmp_path / "f.tex").read_text() == "$$\nx \\cdot y\n$$\n"
    shown("x*y", "x=2", "y=3", "--steps", "--theme", "light", "-o", str(tmp_path / "l.html"), capsys=capsys)
    assert (tmp_path / "l.html").read_text() == "6.0 {'theme': 'light'}"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lambda*x", "x=1"], "lambda is a word of Python"), (["1e400*x", "x=1"], "beyond the largest float"), (["softmax([x,y])", "x=1", "y=2"], "softmax gives a vector"),
        (["x*x", "x=1e400"], "'1e400' in 'x=1e400' is beyond the largest float"), (["9**9**9*x", "x=1"], "beyond the largest float"),
        (["x*x"], "give x a number: x=…"), (["x*x", "x=two"], "'two' in 'x=two' is not a number"), (["x*x", "x="], "is not a number"),
        (["x*x", "x=1", "x=2"], "x is given twice"), (["x*x", "x=1", "2=3"], "'2' in '2=3' is no name"), (["x", "y", "x=1"], "one expression is needed, in quotes and without an equals sign; got 'x' 'y'"),
        (["x=1"], "equals sign; got none"), (["-o", "x.svg"], "equals sign; got none"), (["--table"], "equals sign; got none"),
        (["x*x", "x=1", "-o", "x.jpg"], "a picture is saved as .svg"), (["x*x", "x=1", "--table", "-o", "x.svg"], "a table is saved as .txt, .md, .tex, .html"),
        (["x*x", "x=1", "-o", "nowhere/x.svg"], "cannot be written"), (["x*x", "x=1", "--table", "-o", "nowhere/x.md"], "No such file"),
        (["x*x", "x=1", "--steps"], "--steps makes a page: add -o lesson.html"), (["x*x", "x=1", "--theme", "dark"], "--theme is for pictures"),
        (["x*x", "x=1", "--theme", "pink"], "invalid choice: 'pink'"), (["x*x", "x=1", "--table", "--latex"], "not allowed with"),
        (["x*x", "x=1", "--seed", "3"], "are for the main job"), (["sqrt(x)", "x=0"], "sqrt has no derivative here"), (["x.y", "x=1"], "'x.y' at column 1"),
        (["x*x", "x=1", "--colour", "red"], "unrecognized arguments"),
    ],
)  # fmt: skip
def test_a_wrong_command_is_one_line_and_exit_code_2(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        job.main(words)
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert list(tmp_path.iterdir()) == []


def test_help_explains_both_uses(capsys):
    with pytest.raises(SystemExit) as stop:
        job.main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for words in (
        "--flower",
        "--seed",
        "--out",
        "-o FILE",
        "--table",
        "--latex",
        "--steps",
        "--theme",
        "EXPR name=value",
        "Iris",
    ):
        assert words in text


def test_nothing_that_runs_text_is_in_the_module():
    tree = ast.parse(Path(expression.__file__).read_text(encoding="utf-8"))
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    assert not names & {"eval", "exec", "compile", "__import__"}
