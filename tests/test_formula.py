"""Formulas say what the graph computes, with no bracket too many, and are read back as what they say."""

import math
import random
import re
from types import SimpleNamespace

import numpy as np
import pytest
import sympy
from hypothesis import given, settings, strategies as st

import autograd as ag
from autograd import Value, array, named, ops
from tests.reading import Tokens
from tests.rows import EVERY_ROW, drawn, made
from tests.test_viz import PAYLOADS
from viz import Formula, latex
from viz.text.terms import symbols

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


# --- a reader of the LaTeX that is written: it knows precedence and nothing of the library ------------------------------

TOKEN = re.compile(
    r"\s*(\\left\||\\right\||\\left[(\[]|\\right[)\]]|\\operatorname\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\\log_\{\d+\}|\\[A-Za-z]+|\d+(?:\.\d+)?"
    r"|[A-Za-z](?:_\{[\d,]+\})?(?:\[[\d,]+\])?|[-+^{},])"
)
FUNCTIONS = {
    r"\exp": math.exp, r"\ln": math.log, r"\sin": math.sin, r"\cos": math.cos, r"\tan": math.tan, r"\arctan": math.atan,
    r"\tanh": math.tanh, r"\sigma": lambda x: 1 / (1 + math.exp(-x)), r"\max": max, r"\min": min,
    r"\sinh": math.sinh, r"\cosh": math.cosh, r"\arcsin": math.asin, r"\arccos": math.acos, r"\log_{2}": math.log2,
    r"\log_{10}": math.log10, r"\Phi": lambda x: math.erfc(-x / 2**0.5) / 2, r"\operatorname{erf}": math.erf,
    r"\operatorname{erfc}": math.erfc, r"\operatorname{sign}": lambda x: math.copysign(1.0, x) if x else 0.0,
    r"\operatorname{relu}": lambda x: max(x, 0.0), r"\operatorname{step}": lambda x: float(x > 0),
    r"\operatorname{take}": lambda xs, index: xs[int(index)],
    r"\operatorname{leaky{\_}relu}": lambda x, slope: x if x > 0 else slope * x,
}  # fmt: skip


class Reader(Tokens):
    def __init__(self, text, names):
        super().__init__(TOKEN, text)
        self.names = names

    def sum(self):
        value = -self.product() if self.peek() == "-" and self.take() else self.product()
        while self.peek() in ("+", "-"):
            sign = self.take()
            assert self.peek() not in ("+", "-"), "two signs in a row"
            term = self.product()
            value = value + term if sign == "+" else value - term
        return value

    def product(self):
        value = self.raised()
        while self.peek() == r"\cdot":
            self.take()
            value = value * self.raised()
        return value

    def raised(self):
        base = self.atom()
        if self.peek() == "^":
            self.take()
            base = base ** self.group()
            assert self.peek() != "^", "two exponents"
        return base

    def group(self):
        self.take("{")
        value = self.sum()
        self.take("}")
        return value

    def atom(self):
        token = self.take()
        if token == r"\left(":
            value = self.sum()
            self.take(r"\right)")
            return value
        if token == r"\left[":
            values = [self.sum()]
            while self.peek() == ",":
                self.take()
                values.append(self.sum())
            self.take(r"\right]")
            return values
        if token == r"\left|":
            value = abs(self.sum())
            self.take(r"\right|")
            return value
        if token == r"\frac":
            return self.group() / self.group()
        if token == r"\sqrt":
            return self.group() ** 0.5
        if token in FUNCTIONS:
            self.take(r"\left(")
            arguments = [self.sum()]
            while self.peek() == ",":
                self.take()
                arguments.append(self.sum())
            self.take(r"\right)")
            return FUNCTIONS[token](*arguments)
        return self.names[token] if token in self.names else math.pi if token == r"\pi" else float(token)


def read(formula, names):
    """The value of the last equation of a formula, its equations computed one after the other."""
    scope, value = dict(names), None
    for left, right in formula.lines:
        value = Reader(right, scope).whole()
        scope[left] = value
    return value


def letters(leaves):
    return {re.sub(r"^([a-z])(\d+)$", r"\1_{\2}", v.name): v.data for v in leaves}


# --- compiled ------------------------------------------------------------------------------------------------------------


def compiled(formula):
    """The whole formula as MathML, by a compiler of LaTeX that takes nothing which is not in it; the site has it too."""
    pytest.importorskip("math_core").LatexToMathML().convert_with_local_state(formula.latex, displaystyle=True)


@pytest.mark.parametrize("wrong", [r"\nonsense", "x^2^3", r"\left(x", "x_{1", "a & b", r"\begin{aligned} x"])
def test_what_is_no_latex_does_not_compile(wrong):
    with pytest.raises(Exception, match="Error"):
        compiled(SimpleNamespace(latex=wrong))


@EVERY_ROW
def test_every_row_is_written_compiles_and_means_what_it_computes(op, n):
    leaves, y = made(op, drawn(op, n, 1)[0])
    formula = latex(y)
    compiled(formula)
    for v in leaves:
        assert v.name in str(formula) or op.name == "where"
    if op.name == "where" or op.name not in ops.BUILT_IN:
        return
    assert read(formula, letters(leaves)) == pytest.approx(y.data, rel=1e-12, abs=1e-14)


@EVERY_ROW
def test_the_derivation_of_every_row_compiles_and_ends_in_its_partials(op, n):
    leaves, y = made(op, drawn(op, n, 1)[0])
    for v, d in zip(leaves, y.partials, strict=True):
        derivation = latex(y, wrt=v, digits=17)
        compiled(derivation)
        assert result(derivation) == pytest.approx(d, rel=1e-15, abs=1e-300)


def result(derivation):
    *_, last = (line for line in derivation.equations if line.sign == "=")
    return float(str(last.right).rpartition("= ")[2].replace("−", "-"))


# --- brackets ------------------------------------------------------------------------------------------------------------

x1, x2, x3 = (Value(v, f"x{k}") for k, v in enumerate((0.7, 1.3, 0.4), 1))


@pytest.mark.parametrize(
    ("v", "text"),
    [
        (x1 + (x2 + x3), "x1 + x2 + x3"),
        (x1 + (x2 - x3), "x1 + x2 − x3"),
        (x1 - (x2 + x3), "x1 − (x2 + x3)"),
        (x1 - (x2 - x3), "x1 − (x2 − x3)"),
        (x1 - x2 - x3, "x1 − x2 − x3"),
        (x1 * (x2 * x3), "x1·x2·x3"),
        (x1 * (x2 / x3), "x1·x2/x3"),
        (x1 / (x2 * x3), "x1/(x2·x3)"),
        (x1 / x2 / x3, "x1/x2/x3"),
        ((x1 + x2) * x3, "(x1 + x2)·x3"),
        (x1 + x2 * x3, "x1 + x2·x3"),
        (-x1 + x2, "−x1 + x2"),
        (x1 + -x2, "x1 + (−x2)"),
        (ops.negative.apply(-x1), "−(−x1)"),
        (-(x1 * x2), "−x1·x2"),
        (-x1 * x2, "−x1·x2"),
        (x1 * -x2, "x1·(−x2)"),
        (x1 + -x2 * x3, "x1 + (−x2·x3)"),
        ((-x1) ** 2, "(−x1)²"),
        (-(x1**2), "−x1²"),
        ((x1**2) ** 3, "(x1²)³"),
        (x1 ** (x2**x3), "x1^(x2^x3)"),
        (x1**-1, "x1⁻¹"),
        (2**x1, "2^x1"),
        (abs(x1 - x2) * x3, "|x1 − x2|·x3"),
        (x1.sqrt() ** 2, "(√x1)²"),
        ((x1 + x2).sqrt(), "√(x1 + x2)"),
        ((x1 * x2 + x3).tanh(), "tanh(x1·x2 + x3)"),
        (x1 + -2, "x1 + (−2)"),
        (+x1 * x2, "x1·x2"),
        (x1 * 1e-7, "x1·1e−7"),
        ((x1 * x1).sigmoid(), "σ(x1·x1)"),
        (ag.where(x1 > 0, x1, x2), "where(1, x1, x2)"),
        (ag.logsumexp([x1, x2]), "ln(exp(x1) + exp(x2))"),
        (ag.softplus(x1), "ln(1 + exp(x1))"),
        (ag.dot([x1, x2], [x3, 2.0]), "x1·x3 + x2·2"),
    ],
)
def test_no_bracket_is_written_that_is_not_needed(v, text):
    assert str(latex(v)) == text


def test_in_latex_bars_and_exponents_bracket_by_themselves():
    assert latex((x1 + x2) / (x1 - x3)).latex == r"\frac{x_{1} + x_{2}}{x_{1} - x_{3}}"
    assert latex(x1 ** (x2 + x3)).latex == r"x_{1}^{x_{2} + x_{3}}"
    assert latex((x1 / x2) ** 2).latex == r"\left(\frac{x_{1}}{x_{2}}\right)^{2}"
    assert latex((x1 + x2).sqrt()).latex == r"\sqrt{x_{1} + x_{2}}"
    assert latex(abs(x1 + x2)).latex == r"\left|x_{1} + x_{2}\right|"


TREES = st.recursive(
    st.sampled_from([x1, x2, x3]) | st.floats(-3, 3).map(lambda x: round(x, 2)),
    lambda inner: st.tuples(st.sampled_from("+-*/^ntea"), inner, inner),
    max_leaves=12,
)


def built(tree):
    if not isinstance(tree, tuple):
        return tree
    kind, a, b = tree[0], built(tree[1]), built(tree[2])
    if kind == "+":
        return a + b
    if kind == "-":
        return a - b
    if kind == "*":
        return a * b
    if kind == "/":
        return a / (abs(b) + 1.0)
    if kind == "^":
        try:
            return (abs(a) + 0.5) ** (b if isinstance(b, float) else 2)
        except OverflowError:  # a tower of powers
            return a
    return -a if kind == "n" else abs(a) if kind == "a" else ag.tanh(a) if kind == "t" else ag.exp(-abs(a))


@settings(max_examples=200, deadline=None)
@given(TREES)
def test_a_random_formula_read_back_is_the_function(tree):
    y = built(tree)
    if isinstance(y, Value):
        formula = latex(y)
        assert read(formula, letters([x1, x2, x3])) == pytest.approx(y.data, rel=1e-9, abs=1e-12)


LEAVES = st.recursive(st.just(None), lambda inner: st.tuples(st.sampled_from("+-*/^nta"), inner, inner), max_leaves=9)


def planted(tree, leaves):
    """The tree with a value of its own in every leaf."""
    if tree is None:
        leaves.append(Value(1.1 + 0.1 * len(leaves), f"x{len(leaves)}"))
        return leaves[-1]
    return tree[0], planted(tree[1], leaves), planted(tree[2], leaves)


@settings(max_examples=150, deadline=None)
@given(LEAVES)
def test_taking_any_bracket_out_of_a_formula_changes_what_it_says(shape):
    leaves = []
    source = latex(built(planted(shape, leaves))).latex
    if source.startswith(r"\begin"):
        return
    opened = []
    for match in re.finditer(r"\\left\(|\\right\)", source):
        if match[0] == r"\left(":
            opened.append(match)
            continue
        left = opened.pop()
        if re.search(r"\\[a-z]+$", source[: left.start()]):
            continue  # a function's own
        bare = source[: left.start()] + " " + source[left.end() : match.start()] + " " + source[match.end() :]
        assert not says_the_same(len(leaves), source, bare), bare


def says_the_same(count, *sources):
    """Whether two formulas agree on several numbers."""
    rng = random.Random(7)
    for _ in range(4):
        numbers = {rf"x_{{{k}}}": rng.uniform(0.3, 2.7) for k in range(count)}
        try:
            a, b = (Reader(source, numbers).whole() for source in sources)
            if a != pytest.approx(b, rel=1e-9, abs=1e-9):
                return False
        except (AssertionError, ValueError, TypeError, ZeroDivisionError, OverflowError):
            return False
    return True


@pytest.mark.parametrize(("backend", "needs"), [("lark", "lark"), ("antlr", "antlr4")])
def test_sympys_own_parser_reads_it_back_where_it_is_installed(backend, needs):
    pytest.importorskip(needs)
    from sympy.parsing.latex import parse_latex

    x, y, z = (Value(v, name) for v, name in ((0.7, "x"), (1.3, "y"), (0.4, "z")))
    formulas = [
        x * (y + z) / (x - y),
        (x + y) ** 2 - z**3,
        -x + y * -z,
        (x / y) ** 2 / (z + 1),
        2 * x**y + (x + z).sqrt(),
    ]
    if backend == "antlr":  # lark's grammar gives sin(x) · y a second meaning
        formulas += [x.exp() * y.log(), x.tanh() * y.sin() ** 2 + z, ag.softplus(x * y) / z]
    for v in formulas:
        found = parse_latex(latex(v).latex, backend=backend)
        numbers = {sympy.Symbol(u.name): u.data for u in (x, y, z)}
        assert float(found.subs(numbers)) == pytest.approx(v.data, rel=1e-12)


# --- equations -----------------------------------------------------------------------------------------------------------


def test_a_shared_value_and_a_named_one_have_equations_of_their_own():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    v = w * x
    h = named("h", v + v.tanh())
    L = named("L", (h - 1) ** 2)
    assert str(latex(L)).splitlines() == ["v1 = w·x", " h = v1 + tanh(v1)", " L = (h − 1)²"]
    assert latex(L).lines[-1] == ("L", r"\left(h - 1\right)^{2}")
    assert latex(L).latex.startswith("\\begin{aligned}\nv_{1} &= w \\cdot x \\\\\n")
    assert latex(L)._repr_latex_() == f"$$\n{latex(L).latex}\n$$"


@pytest.mark.parametrize(("characters", "equations"), [(90, 1), (91, 2)])
def test_a_part_of_a_formula_has_an_equation_of_its_own_if_it_is_longer_than_ninety_characters(characters, equations):
    a, b, c, d = (Value(1.0, letter * n) for letter, n in zip("abcd", (20, 20, 20, characters - 69), strict=True))
    assert len(str(latex(ag.sum([a, b, c, d])))) == characters
    assert len(latex(ag.sum([a, b, c, d]).exp()).lines) == equations


def test_several_outputs_are_several_equations():
    y = named("y", array([1.0, 2.0], "x") * 2)
    assert latex(y).lines == (("y_{0}", r"x_{0} \cdot 2"), ("y_{1}", r"x_{1} \cdot 2"))


def test_a_leaf_is_its_name_and_a_constant_its_number():
    assert str(latex(Value(2.0, "x"))) == "x"
    assert str(latex(ag.constant(2.5))) == "2.5"


def test_constants_stand_with_all_their_digits_in_a_formula():
    assert str(latex(Value(1.0, "x") * (1 / 3))) == "x·0.3333333333333333"


def test_long_vectors_are_written_with_their_first_and_last():
    w, x = array(np.ones(9), "w"), array(np.ones(9), "x", "input")
    assert str(latex(w @ x)) == "w[0]·x[0] + w[1]·x[1] + w[2]·x[2] + … + w[8]·x[8]"


# Nodes of ten times the depth that recursion reaches, and of as many as are promised.
@pytest.mark.parametrize("depth", [5_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_deep_graph_is_split_into_equations_and_those_in_the_middle_are_counted(depth):
    x = Value(1.0, "x")
    y = x
    for _ in range(depth):
        y = y * 1.0 + 1e-9
    formula = latex(y)
    assert len(formula.lines) == 41
    assert "equations left out" in str(formula)
    assert max(map(len, str(formula).splitlines())) < 120
    derivation = latex(y, wrt=x)
    assert len(derivation.lines) < 150
    assert result(derivation) == 1.0


def test_names_that_would_look_alike_are_told_apart():
    a, b, c = Value(1.0, "x1"), Value(2.0, "x[1]"), Value(3.0, "x1")
    source = latex(a * b * c).latex
    assert (
        len(set(re.findall(r"\\mathrm\{(?:[^{}]|\{[^{}]*\})*\}", source))) == 3
        or len(set(source.split(r" \cdot "))) == 3
    )


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("x", "x"), ("x1", "x_{1}"), ("x_1", "x_{1}"), ("w₁", "w_{1}"), ("wₙ₊₁", "w_{n+1}"), ("xᵢⱼ", "x_{ij}"), ("x_i", "x_{i}"),
        ("W[0,1]", "W_{0,1}"), ("W1[0,0]", "W_{1}[0,0]"), ("w₁[2]", "w_{1}[2]"), ("h_pre[0]", r"h_{\mathrm{pre},0}"),
        ("x²", "x^{2}"), ("x¹⁰", "x^{10}"), ("x²[1]", "x_{1}^{2}"), ("δ⁽²⁾", r"\delta^{(2)}"), ("δ⁽²⁾₁", r"\delta_{1}^{(2)}"), ("W⁽¹⁾[0,1]", "W_{0,1}^{(1)}"),
        ("xᵀ", "x^{T}"), ("ŷ", r"\hat{y}"), ("ŷ₁", r"\hat{y}_{1}"), ("ŷ[2]", r"\hat{y}_{2}"), ("θ_new", r"\theta_{\mathrm{new}}"),
        ("x_alpha", r"x_{\alpha}"), ("aᵦ", r"a_{\beta}"), ("Δw", r"\mathrm{{\Delta}w}"), ("∂L/∂w", r"\mathrm{{\partial}L/{\partial}w}"),
        ("x²y", r"\mathrm{x{}^{2}y}"), ("Α", r"\mathrm{Α}"), ("日本", r"\mathrm{日本}"),
    ],
)  # fmt: skip
def test_scripts_indices_and_greek_letters_of_a_name_are_latexs_own(name, source):
    assert latex(Value(1.0, name)).latex == source


@given(st.lists(st.text("xyW1₁²σςα_[]{}\\^,02 ", min_size=1, max_size=5), unique=True))
def test_no_two_names_are_alike_in_latex(names):
    assert len(set(symbols(names).values())) == len(names)


def test_a_name_that_ends_in_a_small_letter_stands_in_brackets_under_a_power():
    v = Value(3.0, "x²")
    assert (latex(v**2).latex, str(latex(v**2))) == (r"\left(x^{2}\right)^{2}", "(x²)²")
    assert str(latex(v * 2 + v)) == "x²·2 + x²"
    assert str(latex(Value(3.0, "ŷ") ** 2)) == "ŷ²"


@pytest.mark.parametrize(
    ("name", "mark", "source", "text"),
    [
        ("test_bell", "Φ", r"\Phi", "Φ"), ("test_bell", "φ₂", r"\phi_{2}", "φ₂"), ("test_bell", "", r"\operatorname{test{\_}bell}", "test_bell"),
        ("test_bell", "swish", r"\operatorname{swish}", "swish"), ("test_bell", "⊙", r"\operatorname{⊙}", "⊙"),
    ],
)  # fmt: skip
def test_the_symbol_of_a_row_of_ones_own_stands_in_latex_too(row, name, mark, source, text):
    bell = row(name, lambda x: ag.exp(-x * x), (lambda y, x: -2 * x * y,), symbol=mark)
    assert latex(bell(x1)).latex == rf"{source}\left(x_{{1}}\right)"
    assert str(latex(bell(x1))) == f"{text}(x1)"


# --- payloads ------------------------------------------------------------------------------------------------------------

MARKUP = [
    "a%b",
    "a$b$$c",
    "#1&2",
    "x_y^z_",
    "\\frac{",
    "}{",
    "\\input{file}",
    '"quoted" `ticks`',
    "~tilde~",
    "$$\\evil$$",
]


@pytest.mark.parametrize("payload", [*PAYLOADS, *MARKUP])
@pytest.mark.parametrize("wrt", [False, True])
def test_a_name_that_looks_like_markup_is_only_text(payload, wrt):
    a = Value(0.5, payload)
    out = named(payload, named("h", a.exp()) * a)
    formula = latex(out, wrt=a if wrt else None)
    compiled(formula)
    source = formula._repr_latex_()
    inner = source[2:-2]
    assert not re.search(r"(?<!\\)[$%#]", inner)
    assert not re.search(r"<[a-zA-Z/!]|&[a-z#]", inner)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", inner + str(formula))
    bare = re.sub(r"\\[{}]", "", inner)
    assert bare.count("{") == bare.count("}")
    commands = set(re.findall(r"\\([a-zA-Z]+)", inner))
    known = "mathrm exp cdot frac partial left right begin end backslash lbrace rbrace wedge sim lq quad text h"
    assert commands <= set(known.split())


# --- refusals --------------------------------------------------------------------------------------------------------------


def test_what_is_no_value_of_the_graph_is_refused():
    x, other = Value(2.0, "x"), Value(1.0, "elsewhere")
    c = ag.constant(3.0, "c")
    y = x * c
    with pytest.raises(TypeError, match="pass the result of a computation"):
        latex(3.0)
    with pytest.raises(TypeError, match="wrt is a Value of the graph"):
        latex(y, wrt="x")
    with pytest.raises(ValueError, match="elsewhere is not in the graph"):
        latex(y, wrt=other)
    with pytest.raises(ValueError, match="c is a constant"):
        latex(y, wrt=c)
    with pytest.raises(ValueError, match="one output"):
        latex([y, x], wrt=x)
    with pytest.raises(ValueError, match="detail is one of"):
        latex(y, detail="all")
    with pytest.raises(ValueError, match="goes with wrt"):
        latex(y, detail="stages")
    with pytest.raises(ValueError, match="no vector between two stages holds inner: take detail='values'"):
        latex((inner := named("inner", x.exp())).log(), wrt=inner, detail="stages")


def test_a_derivative_that_does_not_exist_raises_as_backward_does():
    x = Value(0.0, "x")
    with pytest.raises(ZeroDivisionError):
        latex(x.sqrt() * 2, wrt=x)


def test_leaves_changed_since_are_named():
    w = Value(0.5, "w_$x")
    L = w.tanh()
    w.data = 1.0
    formula = latex(L)
    assert "w_$x changed after" in str(formula)
    compiled(formula)
    with pytest.raises(ValueError, match=r"^w_\$x changed after this graph was computed"):
        latex(L, wrt=w)  # the formulas hold for the new number, the derivative for the old one


def test_a_users_row_with_words_of_its_own_is_written_in_them_in_text(row):
    double = row("formula_double", lambda x: x * 2, (lambda y, x: 2.0,), written="twice {}")
    x = Value(1.0, "x")
    assert str(latex(double(x) + x)) == "(twice x) + x"


def test_a_users_row_is_written_by_its_name_and_derived_by_its_rule(row):
    swish = row("formula_swish", lambda x: x * ops.sigmoid(x), (lambda y, x: ops.sigmoid(x) + y * ops.sigmoid(-x),))
    x = Value(0.3, "x")
    y = named("y", swish(x))
    assert str(latex(y)) == "y = formula_swish(x)"
    assert latex(y).latex == r"y = \operatorname{formula{\_}swish}\left(x\right)"
    assert "= σ(x) + y·σ(−x)" in str(latex(y, wrt=x))
    compiled(latex(y))


def test_it_shows_itself():
    formula = latex(x1 + x2)
    assert isinstance(formula, Formula)
    assert repr(formula) == str(formula) == "x1 + x2"
    assert formula.latex == "x_{1} + x_{2}"


def test_a_component_of_a_users_vector_row_has_its_index():
    rules = lambda c, *a: a[c] * a[c], lambda c, y, *a: [2 * x if k == c else 0.0 for k, x in enumerate(a)]
    try:
        squared = ops.VectorOp("test_squared", *rules, vectors=1, indexed=True, symbol="sq")
        formula = latex(squared.at(1).apply(Value(2.0, "a"), Value(3.0, "b")))
    finally:
        ops.TABLE.pop("test_squared")
    assert (str(formula), formula.latex) == ("sq(a, b)[1]", r"\operatorname{sq}\left(a, b\right)_{1}")
