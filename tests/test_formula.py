"""Formulas say what the graph computes, with no bracket too many, and are read back as what they say."""

import random
import re
from types import SimpleNamespace

import pytest
import sympy
from hypothesis import given, settings, strategies as st

import autograd as ag
from autograd import Value, ops
from tests.formulas import TREES, Reader, built, compiled, letters, read, result, x1, x2, x3
from tests.rows import EVERY_ROW, drawn, made
from viz import latex

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


# --- compiled ------------------------------------------------------------------------------------------------------------


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


# --- brackets ------------------------------------------------------------------------------------------------------------


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
